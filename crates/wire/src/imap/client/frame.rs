//! Cuts what the server sends into responses, within bounds.

use super::{ClientError, DISCARD_BYTES_MAX, RESPONSE_BYTES_MAX};

/// What a first allocation for a literal may be, in octets.
const LITERAL_RESERVE_BYTES: u64 = 64 << 10;

/// A literal of a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Literal {
    /// All of it.
    Whole(Vec<u8>),
    /// It has so many octets, which were read past.
    TooLong(u64),
}

/// One response: its text without the last line end, in which each literal has left its mark, and its literals.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) text: Vec<u8>,
    pub(super) literals: Vec<Literal>,
}

#[derive(Debug)]
pub(super) struct Framer {
    input: Vec<u8>,
    start: usize,
    /// Up to here no line end was found.
    scanned: usize,
    answer: Answer,
    /// Octets of the last literal that are still to come.
    left: u64,
    /// Octets that all literals of one response may have.
    literal_bytes_max: u64,
    literal_bytes: u64,
}

impl Framer {
    pub(super) fn new(literal_bytes_max: u64) -> Self {
        Self {
            input: Vec::new(),
            start: 0,
            scanned: 0,
            answer: Answer::default(),
            left: 0,
            literal_bytes_max,
            literal_bytes: 0,
        }
    }

    pub(super) fn feed(&mut self, bytes: &[u8]) {
        let mut bytes = bytes;
        if self.start == self.input.len() {
            self.input.clear();
            (self.start, self.scanned) = (0, 0);
            // What belongs to a literal goes there at once.
            bytes = self.take(bytes);
        } else if self.start > RESPONSE_BYTES_MAX {
            self.input.drain(..self.start);
            self.scanned -= self.start;
            self.start = 0;
        }
        self.input.extend_from_slice(bytes);
    }

    pub(super) fn has_input(&self) -> bool {
        self.start < self.input.len()
    }

    /// Gives the literal that is under way what it lacks of `bytes`; gives what is over.
    fn take<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let taken = usize::try_from(self.left).map_or(bytes.len(), |left| left.min(bytes.len()));
        let (own, rest) = bytes.split_at(taken);
        if let Some(Literal::Whole(literal)) = self.answer.literals.last_mut() {
            literal.extend_from_slice(own);
        }
        self.left -= taken as u64;
        rest
    }

    /// The next response that came whole.
    pub(super) fn next(&mut self) -> Result<Option<Answer>, ClientError> {
        loop {
            if self.left > 0 {
                let input = std::mem::take(&mut self.input);
                let rest = self.take(&input[self.start..]).len();
                self.start = input.len() - rest;
                self.scanned = self.start;
                self.input = input;
                if self.left > 0 {
                    return Ok(None);
                }
            }
            let Some(at) = memchr::memchr(b'\n', &self.input[self.scanned..]) else {
                self.scanned = self.input.len();
                let pending = self.input.len() - self.start + self.answer.text.len();
                return if pending > RESPONSE_BYTES_MAX { Err(ClientError::LineTooLong) } else { Ok(None) };
            };
            let end = self.scanned + at;
            let line = &self.input[self.start..end];
            // Some servers forget the CR.
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let is_status = self.answer.literals.is_empty() && !may_have_literals(line);
            let mark = if is_status { None } else { literal_mark(line) };
            self.answer.text.extend_from_slice(line);
            (self.start, self.scanned) = (end + 1, end + 1);
            if self.answer.text.len() > RESPONSE_BYTES_MAX {
                return Err(ClientError::LineTooLong);
            }
            let Some(bytes) = mark else {
                self.literal_bytes = 0;
                return Ok(Some(std::mem::take(&mut self.answer)));
            };
            self.begin_literal(bytes)?;
        }
    }

    fn begin_literal(&mut self, bytes: u64) -> Result<(), ClientError> {
        self.answer.text.extend_from_slice(b"\r\n");
        self.left = bytes;
        self.literal_bytes = self.literal_bytes.saturating_add(bytes);
        if bytes > DISCARD_BYTES_MAX {
            return Err(ClientError::LiteralTooLong(bytes));
        }
        self.answer.literals.push(if self.literal_bytes > self.literal_bytes_max {
            Literal::TooLong(bytes)
        } else {
            // Room follows what came, not what was promised.
            Literal::Whole(Vec::with_capacity(usize::try_from(bytes.min(LITERAL_RESERVE_BYTES)).unwrap_or(0)))
        });
        Ok(())
    }
}

/// Text for people may end like a literal's mark, and is none.
fn may_have_literals(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"* ") else { return false };
    let word = rest.split(|byte| *byte == b' ').next().unwrap_or_default();
    ![&b"OK"[..], b"NO", b"BAD", b"BYE", b"PREAUTH"].iter().any(|status| word.eq_ignore_ascii_case(status))
}

/// The number of a `{n}` at the end of a line (RFC 9051 section 9, `literal`).
fn literal_mark(line: &[u8]) -> Option<u64> {
    let inner = line.strip_suffix(b"}")?;
    let open = memchr::memrchr(b'{', inner)?;
    let digits = inner[open + 1..].strip_suffix(b"+").unwrap_or(&inner[open + 1..]);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(digits.iter().fold(0_u64, |sum, digit| sum.saturating_mul(10).saturating_add(u64::from(digit - b'0'))))
}
