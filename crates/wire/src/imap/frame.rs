//! Cuts the input into commands, within bounds, before anything is parsed.
//!
//! A command is one line, or several joined by literals. The framer asks for a synchronising literal only after it
//! has checked its size, and reads an announced literal progressively: memory follows the bytes that came, never the
//! size that was promised.

use super::limits::{LITERAL_MINUS_BYTES_MAX, Limits, NonSyncLiterals, TAG_BYTES_MAX};

/// What a first allocation for a literal may be, in bytes.
const LITERAL_RESERVE_BYTES: usize = 16 * 1024;
/// A literal of which so many bytes have come is a long one.
const LITERAL_LONG_BYTES: usize = 4 * 1024 * 1024;
/// An empty input buffer larger than this is given back, in bytes.
const INPUT_KEEP_BYTES: usize = 16 * 1024;

/// One command as received: its text, and its literals in order.
///
/// The text keeps each `{n}` CRLF mark where its literal stood, without the final CRLF.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The text.
    pub text: Vec<u8>,
    /// The literals' bytes.
    pub literals: Vec<Vec<u8>>,
}

/// Why a command was refused before it was parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The text passed its bound; where the command ends is unknown.
    #[error("command line too long")]
    LineTooLong,
    /// A line ended in LF alone, or held a CR of its own (RFC 9051 section 2.2).
    #[error("lines end in CR LF")]
    BareLineEnd,
    /// A literal larger than any allowed at this place.
    #[error("literal too large")]
    LiteralTooLarge,
    /// A message larger than `APPENDLIMIT` (RFC 7889 section 4).
    #[error("message exceeds the size limit")]
    MessageTooLarge,
    /// A non-synchronising literal above what `LITERAL-` allows (RFC 7888 section 5).
    #[error("non-synchronizing literal exceeds 4096 bytes")]
    NonSyncTooLarge,
    /// A refused non-synchronising literal that is too large to read past.
    #[error("literal too large to skip")]
    DiscardTooLarge,
}

/// What the framer found.
#[derive(Debug, PartialEq, Eq)]
pub enum Framed {
    /// Nothing more without further input.
    NeedInput,
    /// The client waits for `+` before it sends its literal.
    Continue,
    /// A whole command.
    Command(Frame),
    /// A command that is refused; `fatal` says that the input cannot be followed any more.
    Refused {
        /// The tag, where one could be read.
        tag: Option<String>,
        /// Why.
        error: FrameError,
        /// The connection must end.
        fatal: bool,
    },
}

/// What a single line gave (SASL answers, DONE).
#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    /// Nothing more without further input.
    NeedInput,
    /// A line without its CRLF.
    Whole(Vec<u8>),
    /// Too long or badly ended.
    Refused(FrameError),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    Text,
    Literal { left: u64 },
    Discard { left: u64 },
}

/// The framer of one connection.
#[derive(Debug)]
pub struct Framer {
    input: Vec<u8>,
    start: usize,
    scanned: usize,
    frame: Frame,
    literal_bytes: u64,
    discarded_bytes: u64,
    refusal: Option<FrameError>,
    reading: Reading,
}

impl Default for Framer {
    fn default() -> Self {
        Self {
            input: Vec::new(),
            start: 0,
            scanned: 0,
            frame: Frame::default(),
            literal_bytes: 0,
            discarded_bytes: 0,
            refusal: None,
            reading: Reading::Text,
        }
    }
}

impl Framer {
    /// Takes bytes from the client. A literal under way gets them directly.
    pub fn feed(&mut self, mut bytes: &[u8]) {
        if self.pending().is_empty() {
            match &mut self.reading {
                Reading::Literal { left } => {
                    let taken = take_count(*left, bytes.len());
                    if let Some(literal) = self.frame.literals.last_mut() {
                        append(literal, &bytes[..taken], *left);
                    }
                    *left -= taken as u64;
                    bytes = &bytes[taken..];
                }
                Reading::Discard { left } => {
                    let taken = take_count(*left, bytes.len());
                    *left -= taken as u64;
                    bytes = &bytes[taken..];
                }
                Reading::Text => {}
            }
        }
        if !bytes.is_empty() {
            self.compact();
            self.input.extend_from_slice(bytes);
        }
    }

    /// Whether bytes wait that no command has taken.
    pub fn has_input(&self) -> bool {
        !self.pending().is_empty()
    }

    /// Whether a command has been begun and not ended.
    pub fn is_inside_command(&self) -> bool {
        self.has_input() || !self.frame.text.is_empty()
    }

    /// Forgets all input, for a connection that ends.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// The next thing in the input. `signed_in` chooses between the bounds of strangers and of users.
    pub fn next(&mut self, limits: &Limits, signed_in: bool) -> Framed {
        loop {
            match self.reading {
                Reading::Literal { .. } | Reading::Discard { .. } => {
                    if !self.drain_literal() {
                        return Framed::NeedInput;
                    }
                    self.reading = Reading::Text;
                }
                Reading::Text => match self.read_text(limits, signed_in) {
                    Some(found) => return found,
                    None => continue,
                },
            }
        }
    }

    /// The next line by itself, of at most `bytes_max` bytes.
    pub fn next_line(&mut self, bytes_max: usize) -> Line {
        match self.find_line(bytes_max) {
            Err(error) => Line::Refused(error),
            Ok(None) => Line::NeedInput,
            Ok(Some(end)) => {
                let line = self.pending()[..end].to_vec();
                self.consume(end);
                match text_of(&line) {
                    Ok(text) => Line::Whole(text.to_vec()),
                    Err(error) => Line::Refused(error),
                }
            }
        }
    }

    fn pending(&self) -> &[u8] {
        &self.input[self.start..]
    }

    fn consume(&mut self, count: usize) {
        self.start += count;
        self.scanned = 0;
        if self.start == self.input.len() {
            self.start = 0;
            if self.input.capacity() > INPUT_KEEP_BYTES {
                self.input = Vec::new();
            } else {
                self.input.clear();
            }
        }
    }

    fn compact(&mut self) {
        if self.start > 0 {
            self.input.drain(..self.start);
            self.start = 0;
        }
    }

    /// Moves pending bytes into the literal; true when it is whole.
    fn drain_literal(&mut self) -> bool {
        let pending = &self.input[self.start..];
        let (taken, left) = match &mut self.reading {
            Reading::Literal { left } => {
                let taken = take_count(*left, pending.len());
                if let Some(literal) = self.frame.literals.last_mut() {
                    append(literal, &pending[..taken], *left);
                }
                *left -= taken as u64;
                (taken, *left)
            }
            Reading::Discard { left } => {
                let taken = take_count(*left, pending.len());
                *left -= taken as u64;
                (taken, *left)
            }
            Reading::Text => return true,
        };
        self.consume(taken);
        left == 0
    }

    /// Where the next line ends, or that it never may.
    fn find_line(&mut self, allowed: usize) -> Result<Option<usize>, FrameError> {
        let window = &self.input[self.start..];
        let visible = window.len().min(allowed);
        let from = self.scanned.min(visible);
        match memchr::memchr(b'\n', &window[from..visible]) {
            Some(at) => Ok(Some(from + at + 1)),
            None if window.len() >= allowed => Err(FrameError::LineTooLong),
            None => {
                self.scanned = visible;
                Ok(None)
            }
        }
    }

    /// Reads one line of text; `None` when reading goes on in a literal.
    fn read_text(&mut self, limits: &Limits, signed_in: bool) -> Option<Framed> {
        let allowed = limits.command_bytes_max.saturating_sub(self.frame.text.len());
        let end = match self.find_line(allowed) {
            Err(error) => {
                self.frame.text.extend_from_slice(&self.input[self.start..][..allowed.min(TAG_BYTES_MAX)]);
                return Some(self.refuse(error, true));
            }
            Ok(None) => return Some(Framed::NeedInput),
            Ok(Some(end)) => end,
        };
        let pending = &self.input[self.start..];
        let line = &pending[..end];
        let ending = text_of(line).map(<[u8]>::len);
        self.frame.text.extend_from_slice(line);
        self.consume(end);
        let text_len = match ending {
            Ok(len) => len,
            Err(error) => return Some(self.refuse(error, false)),
        };
        let line_start = self.frame.text.len() - end;
        let Some(mark) = literal_mark(&self.frame.text[line_start..line_start + text_len]) else {
            return Some(self.finish(line_start + text_len));
        };
        self.begin_literal(mark, limits, signed_in)
    }

    fn finish(&mut self, text_len: usize) -> Framed {
        if let Some(error) = self.refusal {
            return self.refuse(error, false);
        }
        let mut frame = std::mem::take(&mut self.frame);
        frame.text.truncate(text_len);
        self.reset();
        Framed::Command(frame)
    }

    fn begin_literal(&mut self, mark: Mark, limits: &Limits, signed_in: bool) -> Option<Framed> {
        let place = Place::of(&self.frame.text, signed_in);
        let error = self.refusal.or_else(|| self.check_literal(mark, place, limits));
        let Some(error) = error else {
            self.literal_bytes += mark.bytes;
            self.frame.literals.push(Vec::new());
            self.reading = Reading::Literal { left: mark.bytes };
            return mark.sync.then_some(Framed::Continue);
        };
        if mark.sync {
            // The client waits and has sent nothing: the command ends here (RFC 9051 section 4.3).
            return Some(self.refuse(error, false));
        }
        // The bytes are on their way: read past them if that is affordable, so that the tag gets its answer.
        self.discarded_bytes = self.discarded_bytes.saturating_add(mark.bytes);
        if self.discarded_bytes > place.discard_bytes_max(limits) {
            return Some(self.refuse(FrameError::DiscardTooLarge, true));
        }
        self.refusal = Some(error);
        self.frame.literals.clear();
        self.reading = Reading::Discard { left: mark.bytes };
        None
    }

    fn check_literal(&self, mark: Mark, place: Place, limits: &Limits) -> Option<FrameError> {
        let total = self.literal_bytes.saturating_add(mark.bytes);
        match place {
            Place::Message if mark.bytes > limits.message_bytes_max || total > limits.append_bytes_max => {
                return Some(FrameError::MessageTooLarge);
            }
            Place::Argument if total > limits.literal_bytes_max => return Some(FrameError::LiteralTooLarge),
            Place::Stranger if total > limits.literal_unauthenticated_bytes_max => {
                return Some(FrameError::LiteralTooLarge);
            }
            _ => {}
        }
        let small_only = limits.non_sync == NonSyncLiterals::Small;
        (small_only && !mark.sync && mark.bytes > LITERAL_MINUS_BYTES_MAX).then_some(FrameError::NonSyncTooLarge)
    }

    fn refuse(&mut self, error: FrameError, fatal: bool) -> Framed {
        let tag = read_tag(&self.frame.text);
        self.frame = Frame::default();
        self.reset();
        if fatal {
            self.clear();
        }
        Framed::Refused { tag, error, fatal }
    }

    fn reset(&mut self) {
        self.literal_bytes = 0;
        self.discarded_bytes = 0;
        self.refusal = None;
        self.reading = Reading::Text;
    }
}

/// Where a literal stands, which decides how large it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Stranger,
    Argument,
    Message,
}

impl Place {
    fn of(text: &[u8], signed_in: bool) -> Self {
        if !signed_in {
            return Self::Stranger;
        }
        let mut words = text.splitn(3, |byte| *byte == b' ');
        let is_append = words.nth(1).is_some_and(|word| word.eq_ignore_ascii_case(b"APPEND"));
        // `APPEND {5}` has its mailbox name there, not a message.
        let names_mailbox =
            words.next().is_none_or(|rest| rest.starts_with(b"{") && !rest.trim_ascii_end().contains(&b'\n'));
        if is_append && !names_mailbox { Self::Message } else { Self::Argument }
    }

    /// How much of refused literals is read past, in bytes.
    fn discard_bytes_max(self, limits: &Limits) -> u64 {
        match self {
            Self::Stranger => limits.literal_unauthenticated_bytes_max.saturating_mul(8),
            Self::Argument => limits.literal_bytes_max.saturating_mul(16),
            Self::Message => limits.append_bytes_max.saturating_mul(2),
        }
    }
}

/// A `{n}` or `{n+}` at the end of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    bytes: u64,
    sync: bool,
}

fn literal_mark(line: &[u8]) -> Option<Mark> {
    let inner = line.strip_suffix(b"}")?;
    let open = inner.iter().rposition(|byte| *byte == b'{')?;
    let inner = &inner[open + 1..];
    let (digits, sync) = match inner.strip_suffix(b"+") {
        Some(digits) => (digits, false),
        None => (inner, true),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let bytes = digits.iter().fold(0_u64, |sum, digit| sum.saturating_mul(10).saturating_add(u64::from(digit - b'0')));
    Some(Mark { bytes, sync })
}

/// A line without its CRLF. A CR elsewhere is as wrong as a missing one.
fn text_of(line: &[u8]) -> Result<&[u8], FrameError> {
    match line.strip_suffix(b"\r\n") {
        Some(text) if memchr::memchr(b'\r', text).is_none() => Ok(text),
        _ => Err(FrameError::BareLineEnd),
    }
}

/// The tag at the head of a command, if it is one (RFC 9051 section 9, `tag`).
pub(super) fn read_tag(text: &[u8]) -> Option<String> {
    let end = text.iter().position(|byte| !is_tag_char(*byte)).unwrap_or(text.len());
    let is_tag =
        (1..=TAG_BYTES_MAX).contains(&end) && text.get(end).is_none_or(|byte| matches!(byte, b' ' | b'\r' | b'\n'));
    is_tag.then(|| String::from_utf8_lossy(&text[..end]).into_owned())
}

fn is_tag_char(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'(' | b')' | b'{' | b'%' | b'*' | b'"' | b'\\' | b'+')
}

fn take_count(left: u64, available: usize) -> usize {
    usize::try_from(left).map_or(available, |left| left.min(available))
}

/// Adds to a literal that still lacks `left` bytes, growing with what came and never past the literal's size.
fn append(literal: &mut Vec<u8>, bytes: &[u8], left: u64) {
    let spare = literal.capacity() - literal.len();
    if spare < bytes.len() {
        // A long one gets room for all of it: what is not used takes no memory, and one block can be given back whole.
        let double = literal.capacity().max(LITERAL_RESERVE_BYTES).max(bytes.len());
        let wanted = if literal.len() > LITERAL_LONG_BYTES { usize::MAX } else { double };
        let rest = usize::try_from(left).unwrap_or(usize::MAX);
        literal.reserve_exact(wanted.min(rest).max(bytes.len()));
    }
    literal.extend_from_slice(bytes);
}

#[cfg(test)]
#[path = "frame_tests.rs"]
mod tests;
