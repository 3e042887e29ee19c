//! The octets of a message as they come in: `DATA` with its dots, `BDAT` with its counts.
//!
//! Lines end with CRLF and nothing else (RFC 5321 section 2.3.8). Only CRLF, dot, CRLF ends `DATA`; a lone CR or LF is part of
//! the message and makes it refused, once its end has come. So no message can be read in two ways by us and by the
//! server that passed it on, which is what "SMTP smuggling" lives on. NUL is refused as well.

use memchr::{memchr, memchr_iter};

use super::Limits;

/// A message that has grown to so many octets is a long one.
const LONG_BYTES: usize = 4 << 20;

/// Room that a long message gets at once, in octets; less where the limit is lower.
const LEAP_BYTES: usize = 64 << 20;

/// What may be added at the end of a message, in octets.
const LINE_END_BYTES: usize = 2;

/// What is wrong with a message; known for sure at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    TooBig,
    BareLineEnd,
    Nul,
    LongLine,
}

/// Collects a message and looks for faults. Once there is one, nothing is kept.
#[derive(Debug)]
pub(super) struct Collector {
    body: Vec<u8>,
    size_bytes_max: u64,
    line_bytes_max: usize,
    /// Octets of the message so far, kept or not.
    size_bytes: u64,
    /// Octets of the present line so far.
    line_bytes: usize,
    carriage_returns: u64,
    line_ends: u64,
    last: u8,
    bare_line_feed: bool,
    nul: bool,
    long_line: bool,
}

impl Collector {
    /// Makes room for `expected_bytes`, within reason.
    pub(super) fn new(limits: &Limits, size_bytes_max: u64, expected_bytes: u64) -> Self {
        /// Octets reserved at most on a client's word.
        const RESERVE_BYTES_MAX: u64 = 256 * 1024;
        let reserve = expected_bytes.min(size_bytes_max).min(RESERVE_BYTES_MAX);
        Self {
            body: Vec::with_capacity(usize::try_from(reserve).unwrap_or(0)),
            size_bytes_max,
            line_bytes_max: limits.text_line_bytes_max,
            size_bytes: 0,
            line_bytes: 0,
            carriage_returns: 0,
            line_ends: 0,
            last: 0,
            bare_line_feed: false,
            nul: false,
            long_line: false,
        }
    }

    pub(super) const fn bytes_held(&self) -> usize {
        self.body.len()
    }

    pub(super) const fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Takes a run of the message, which may begin and end anywhere.
    fn take(&mut self, run: &[u8]) {
        let Some(last) = run.last() else { return };
        let mut start = 0;
        for at in memchr_iter(b'\n', run) {
            let before = if at == 0 { self.last } else { run.get(at - 1).copied().unwrap_or_default() };
            if before == b'\r' {
                self.line_ends += 1;
                self.end_line(at + 1 - start);
                start = at + 1;
            } else {
                self.bare_line_feed = true;
            }
        }
        self.line_bytes = self.line_bytes.saturating_add(run.len() - start);
        self.carriage_returns += memchr_iter(b'\r', run).count() as u64;
        self.nul |= memchr(0, run).is_some();
        self.last = *last;
        self.size_bytes = self.size_bytes.saturating_add(run.len() as u64);
        if self.size_bytes > self.size_bytes_max || self.bare_line_feed || self.nul || self.long_line {
            self.body = Vec::new();
        } else {
            self.make_room(run.len());
            self.body.extend_from_slice(run);
        }
    }

    /// Grows by doubling, as vectors do, but in one step from [`LONG_BYTES`] to [`LEAP_BYTES`]: room that is not used yet takes no memory, and a
    /// block of that size is one that the system can take back and move without copying, where each step between leaves a hole.
    fn make_room(&mut self, more: usize) {
        let wanted = self.body.len().saturating_add(more);
        if wanted > LONG_BYTES && wanted > self.body.capacity() && wanted < LEAP_BYTES {
            let most = usize::try_from(self.size_bytes_max).unwrap_or(usize::MAX).saturating_add(LINE_END_BYTES);
            self.body.reserve_exact(most.min(LEAP_BYTES).saturating_sub(self.body.len()).max(more));
        }
    }

    fn end_line(&mut self, bytes: usize) {
        self.long_line |= self.line_bytes.saturating_add(bytes) > self.line_bytes_max;
        self.line_bytes = 0;
    }

    /// The message; what `BDAT` left without a line end gets one.
    ///
    /// # Errors
    /// The gravest fault.
    pub(super) fn finish(mut self) -> Result<Vec<u8>, Fault> {
        if self.size_bytes > self.size_bytes_max {
            return Err(Fault::TooBig);
        }
        if self.bare_line_feed || self.carriage_returns != self.line_ends {
            return Err(Fault::BareLineEnd);
        }
        if self.nul {
            return Err(Fault::Nul);
        }
        if self.line_bytes > 0 {
            self.take(b"\r\n");
        }
        if self.long_line { Err(Fault::LongLine) } else { Ok(self.body) }
    }
}

/// Reads `DATA`: takes dots off, finds the end.
#[derive(Debug)]
pub(super) struct DataReader {
    collector: Collector,
    place: Place,
    /// Octets read, dots included.
    read_bytes: u64,
    read_bytes_max: u64,
}

/// Where in a line the reader stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    LineStart,
    /// After the dot that began a line.
    Dot,
    /// After that dot and CR.
    DotReturn,
    Text,
    End,
}

/// How far reading came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// The end has not come.
    More,
    /// The end has come.
    Done,
    /// Far more than the limit has come and no end: hang up.
    Flood,
}

impl DataReader {
    pub(super) fn new(collector: Collector, limits: &Limits) -> Self {
        let read_bytes_max = collector.size_bytes_max.saturating_add(limits.oversize_bytes_max);
        Self { collector, place: Place::LineStart, read_bytes: 0, read_bytes_max }
    }

    pub(super) const fn bytes_held(&self) -> usize {
        self.collector.bytes_held()
    }

    pub(super) const fn progress(&self) -> Progress {
        match self.place {
            _ if self.read_bytes > self.read_bytes_max => Progress::Flood,
            Place::End => Progress::Done,
            _ => Progress::More,
        }
    }

    pub(super) fn finish(self) -> Result<Vec<u8>, Fault> {
        self.collector.finish()
    }

    /// Reads on to the end of the message or of `input`; returns how many octets it took. What no dot interrupts is
    /// handed on as one run.
    pub(super) fn push(&mut self, input: &[u8]) -> usize {
        let mut run_start = 0;
        let mut at = 0;
        while self.place != Place::End {
            let Some(rest) = input.get(at..).filter(|rest| !rest.is_empty()) else { break };
            match self.place {
                Place::LineStart if rest.first() == Some(&b'.') => {
                    // RFC 5321 section 4.5.2: the dot that begins a line is taken off.
                    self.collector.take(input.get(run_start..at).unwrap_or_default());
                    at += 1;
                    run_start = at;
                    self.place = Place::Dot;
                }
                Place::LineStart => self.place = Place::Text,
                Place::Dot if rest.first() == Some(&b'\r') => {
                    at += 1;
                    self.place = Place::DotReturn;
                }
                Place::Dot => self.place = Place::Text,
                Place::DotReturn if rest.first() == Some(&b'\n') => {
                    at += 1;
                    run_start = at;
                    self.place = Place::End;
                }
                Place::DotReturn => {
                    // No end after all: the CR counts as text, and where it came in an earlier piece it is not in this run.
                    if run_start == at {
                        self.collector.take(b"\r");
                    }
                    self.place = Place::Text;
                }
                Place::Text => at += self.text(rest, at, run_start, input),
                Place::End => break,
            }
        }
        // A CR after a dot is held back: it may belong to the end.
        let run_end = if self.place == Place::DotReturn { at.saturating_sub(1).max(run_start) } else { at };
        self.collector.take(input.get(run_start..run_end).unwrap_or_default());
        self.read_bytes = self.read_bytes.saturating_add(at as u64);
        at
    }

    /// Moves over text up to and including the next LF; only after CRLF does a new line begin.
    fn text(&mut self, rest: &[u8], at: usize, run_start: usize, input: &[u8]) -> usize {
        let Some(feed) = memchr(b'\n', rest) else { return rest.len() };
        let before = (at + feed).checked_sub(1).filter(|before| *before >= run_start);
        let before = before.and_then(|before| input.get(before).copied()).unwrap_or(self.collector.last);
        if before == b'\r' {
            self.place = Place::LineStart;
        }
        feed + 1
    }
}

/// Reads one `BDAT` chunk.
#[derive(Debug)]
pub(super) struct ChunkReader {
    /// None where the chunk is thrown away.
    pub(super) collector: Option<Collector>,
    /// Octets to come.
    pub(super) left_bytes: u64,
    pub(super) size_bytes: u64,
    pub(super) last: bool,
}

impl ChunkReader {
    pub(super) fn push(&mut self, input: &[u8]) -> usize {
        let taken = input.len().min(usize::try_from(self.left_bytes).unwrap_or(usize::MAX));
        if let Some(collector) = &mut self.collector {
            collector.take(input.get(..taken).unwrap_or_default());
        }
        self.left_bytes -= taken as u64;
        taken
    }
}
