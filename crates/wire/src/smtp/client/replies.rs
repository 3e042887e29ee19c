//! Replies of a server (RFC 5321 section 4.2), bounded.

use std::collections::VecDeque;
use std::fmt;

use env::Outlook;
use memchr::memchr;

use crate::smtp::Enhanced;

/// Octets of one reply line; RFC 5321 section 4.5.3.1.5 names 512, some servers write far more. To give one up for it after
/// the message has been sent would mean to send the message again.
const LINE_BYTES_MAX: usize = 64 << 10;

/// Lines of one reply.
const LINES_MAX: usize = 200;

/// Octets of a reply's words that are kept.
const TEXT_BYTES_MAX: usize = 2048;

/// Something that is no reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ReplyError(pub &'static str);

/// A server's reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Three digits.
    pub code: u16,
    /// Enhanced status code (RFC 2034), where there is one.
    pub enhanced: Option<Enhanced>,
    /// The words of all lines, divided by line feeds, without codes.
    pub text: String,
}

impl Answer {
    /// An answer of our own, where the server was not asked.
    #[must_use]
    pub fn ours(code: u16, (class, subject, detail): (u8, u16, u16), text: impl Into<String>) -> Self {
        Self { code, enhanced: Some(Enhanced::new(class, subject, detail)), text: text.into() }
    }

    /// The same answer with an enhanced code of the class that the code has, as RFC 2034 section 4 asks of servers: what is
    /// tried again must not be told as final, nor the other way about.
    #[must_use]
    pub fn consistent(mut self) -> Self {
        let class = match self.code / 100 {
            2 => 2,
            5 => 5,
            _ => 4,
        };
        self.enhanced = self.enhanced.map(|enhanced| Enhanced { class, ..enhanced });
        self
    }

    /// 2xx.
    #[must_use]
    pub const fn is_positive(&self) -> bool {
        self.code / 100 == 2
    }

    /// 5xx is for good; all else may be different later.
    #[must_use]
    pub const fn outlook(&self) -> Outlook {
        if self.code / 100 == 5 { Outlook::Permanent } else { Outlook::Temporary }
    }
}

impl fmt::Display for Answer {
    /// In one line, as the server said it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if let Some(enhanced) = &self.enhanced {
            write!(f, " {enhanced}")?;
        }
        write!(f, " {}", self.text.replace('\n', " "))
    }
}

/// Cuts the input into replies, as it comes.
#[derive(Debug, Default)]
pub(super) struct Replies {
    input: Vec<u8>,
    lines: usize,
    partial: Option<Answer>,
    whole: VecDeque<Answer>,
    broken: Option<ReplyError>,
}

impl Replies {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.input.extend_from_slice(bytes);
        if self.broken.is_none()
            && let Err(error) = self.cut()
        {
            self.broken = Some(error);
        }
    }

    /// Whether nothing waits that has not been used.
    pub(super) fn is_empty(&self) -> bool {
        self.input.is_empty() && self.partial.is_none() && !self.is_ready()
    }

    /// Whether there is a whole reply, or what is none and never will be.
    pub(super) fn is_ready(&self) -> bool {
        !self.whole.is_empty() || self.broken.is_some()
    }

    /// The next whole reply.
    pub(super) fn next(&mut self) -> Result<Option<Answer>, ReplyError> {
        match (self.whole.pop_front(), self.broken) {
            (Some(answer), _) => Ok(Some(answer)),
            (None, Some(error)) => Err(error),
            (None, None) => Ok(None),
        }
    }

    fn cut(&mut self) -> Result<(), ReplyError> {
        loop {
            let end = memchr(b'\n', &self.input);
            if end.unwrap_or(self.input.len()) > LINE_BYTES_MAX {
                return Err(ReplyError("reply line too long"));
            }
            let Some(end) = end else { return Ok(()) };
            let line: Vec<u8> = self.input.drain(..=end).collect();
            if let Some(answer) = self.line(line.trim_ascii_end())? {
                self.lines = 0;
                self.whole.push_back(answer);
                continue;
            }
            self.lines += 1;
            if self.lines > LINES_MAX {
                return Err(ReplyError("reply of too many lines"));
            }
        }
    }

    fn line(&mut self, line: &[u8]) -> Result<Option<Answer>, ReplyError> {
        // Words go into logs and reports, where a control character could begin a line of its own.
        let text: String =
            String::from_utf8_lossy(line).chars().map(|c| if c.is_control() { '?' } else { c }).collect();
        let digits = text.get(..3).filter(|code| code.bytes().all(|byte| byte.is_ascii_digit()));
        let code: u16 = digits.and_then(|code| code.parse().ok()).ok_or(ReplyError("reply without a code"))?;
        let is_last = match text.as_bytes().get(3) {
            None | Some(b' ') => true,
            Some(b'-') => false,
            Some(_) => return Err(ReplyError("reply without a code")),
        };
        if !(200..600).contains(&code) || self.partial.as_ref().is_some_and(|partial| partial.code != code) {
            return Err(ReplyError("reply whose lines have different codes"));
        }
        let words = text.get(4..).unwrap_or_default();
        let (enhanced, words) = split_enhanced(words);
        let partial = self.partial.get_or_insert_with(|| Answer { code, enhanced, text: String::new() });
        if partial.text.len() < TEXT_BYTES_MAX {
            if !partial.text.is_empty() {
                partial.text.push('\n');
            }
            partial.text.push_str(words.get(..words.floor_char_boundary(TEXT_BYTES_MAX)).unwrap_or(words));
        }
        Ok(if is_last { self.partial.take() } else { None })
    }
}

fn split_enhanced(words: &str) -> (Option<Enhanced>, &str) {
    let (first, rest) = words.split_once(' ').unwrap_or((words, ""));
    match Enhanced::parse(first) {
        Some(enhanced) => (Some(enhanced), rest),
        None => (None, words),
    }
}
