//! Replies: code, enhanced status code, words. Written by the server, read by the client (see `client/reader.rs`).

use std::borrow::Cow;
use std::fmt;

use env::Outlook;

/// Octets of a reply line, code and CRLF included (RFC 5321 section 4.5.3.1.5).
pub const REPLY_LINE_BYTES_MAX: usize = 512;

/// Octets of words that we put on one reply line; leaves room for codes within [`REPLY_LINE_BYTES_MAX`].
const TEXT_BYTES_MAX: usize = 480;

/// An enhanced status code, `class.subject.detail` (RFC 3463 section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Enhanced {
    /// 2 success, 4 persistent transient failure, 5 permanent failure.
    pub class: u8,
    /// What it is about, 0 to 999.
    pub subject: u16,
    /// What exactly, 0 to 999.
    pub detail: u16,
}

impl Enhanced {
    /// `class.subject.detail`.
    #[must_use]
    pub const fn new(class: u8, subject: u16, detail: u16) -> Self {
        Self { class, subject, detail }
    }

    /// Reads `class.subject.detail` as RFC 3463 section 2 has it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let class = parts.next().filter(|class| matches!(*class, "2" | "4" | "5"))?.parse().ok()?;
        let (subject, detail) = (number(parts.next()?)?, number(parts.next()?)?);
        parts.next().is_none().then_some(Self { class, subject, detail })
    }
}

fn number(digits: &str) -> Option<u16> {
    let fine = (1..=3).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    fine.then(|| digits.parse().ok()).flatten()
}

impl fmt::Display for Enhanced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

/// One reply, of one or several lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Three digits, 200 to 599.
    pub code: u16,
    /// Enhanced status code (RFC 2034), where there is one.
    pub enhanced: Option<Enhanced>,
    /// The words; `\n` begins a new line.
    pub text: Cow<'static, str>,
}

impl Reply {
    /// A reply with an enhanced status code `(class, subject, detail)`.
    #[must_use]
    pub fn new(code: u16, enhanced: (u8, u16, u16), text: impl Into<Cow<'static, str>>) -> Self {
        let (class, subject, detail) = enhanced;
        Self { code, enhanced: Some(Enhanced { class, subject, detail }), text: text.into() }
    }

    /// A reply without an enhanced status code.
    #[must_use]
    pub fn plain(code: u16, text: impl Into<Cow<'static, str>>) -> Self {
        Self { code, enhanced: None, text: text.into() }
    }

    /// Whether the code begins with 2.
    #[must_use]
    pub const fn is_positive(&self) -> bool {
        self.code / 100 == 2
    }

    /// What a refusal means to the sender; of no meaning for positive replies.
    #[must_use]
    pub const fn outlook(&self) -> Outlook {
        if self.code / 100 == 5 { Outlook::Permanent } else { Outlook::Temporary }
    }

    /// This reply if it is a refusal; else a 451 in its place, for verdicts that must be refusals.
    #[must_use]
    pub(crate) fn refusal(self) -> Self {
        match self.code {
            400..=599 => self,
            _ => Self::unavailable(),
        }
    }

    /// The reply when an answer inside the server is missing.
    #[must_use]
    pub fn unavailable() -> Self {
        Self::new(451, (4, 3, 0), "Local error, try again later")
    }

    /// Appends the reply as it goes on the wire.
    pub(crate) fn write(&self, output: &mut Vec<u8>) {
        write_reply(output, self.code, self.enhanced, &self.text);
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if let Some(enhanced) = self.enhanced {
            write!(f, " {enhanced}")?;
        }
        if self.text.is_empty() { Ok(()) } else { write!(f, " {}", self.text.replace('\n', " ")) }
    }
}

/// Appends a reply. Control characters and what is not ASCII become `?`, so that no word of a client or of a rule can
/// begin a line of its own (RFC 5321 section 4.2); long lines are folded into several.
pub(crate) fn write_reply(output: &mut Vec<u8>, code: u16, enhanced: Option<Enhanced>, text: &str) {
    let mut lines = text.split('\n').flat_map(folded).peekable();
    while let Some(line) = lines.next() {
        let separator = if lines.peek().is_some() { '-' } else { ' ' };
        push_number(output, code);
        output.push(separator as u8);
        if let Some(enhanced) = enhanced {
            push_number(output, u16::from(enhanced.class));
            output.push(b'.');
            push_number(output, enhanced.subject);
            output.push(b'.');
            push_number(output, enhanced.detail);
            output.push(b' ');
        }
        output.extend(line.iter().map(|byte| if matches!(byte, b' '..=b'~') { *byte } else { b'?' }));
        output.extend_from_slice(b"\r\n");
    }
}

fn folded(line: &str) -> impl Iterator<Item = &[u8]> {
    let whole = if line.is_empty() { Some(&b""[..]) } else { None };
    whole.into_iter().chain(line.as_bytes().chunks(TEXT_BYTES_MAX))
}

fn push_number(output: &mut Vec<u8>, number: u16) {
    let digits = [number / 100 % 10, number / 10 % 10, number % 10];
    let skip = if number >= 100 {
        0
    } else if number >= 10 {
        1
    } else {
        2
    };
    output.extend(digits.iter().skip(skip).map(|digit| b'0' + (*digit as u8)));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(reply: &Reply) -> String {
        let mut output = Vec::new();
        reply.write(&mut output);
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn replies_on_the_wire() {
        assert_eq!(written(&Reply::new(250, (2, 1, 5), "OK")), "250 2.1.5 OK\r\n");
        assert_eq!(written(&Reply::new(550, (5, 7, 1), "one\ntwo")), "550-5.7.1 one\r\n550 5.7.1 two\r\n");
        assert_eq!(written(&Reply::plain(220, "")), "220 \r\n");
        assert_eq!(written(&Reply::new(550, (5, 7, 130), "a\r\0b\u{fc}")), "550 5.7.130 a??b??\r\n");
    }

    #[test]
    fn long_words_are_folded() {
        let text = written(&Reply::new(550, (5, 7, 1), "x".repeat(1000)));
        assert!(text.lines().all(|line| line.len() + 2 <= REPLY_LINE_BYTES_MAX));
        assert_eq!(text.lines().count(), 3);
    }

    #[test]
    fn enhanced_codes() {
        assert_eq!(Enhanced::parse("5.7.1"), Some(Enhanced::new(5, 7, 1)));
        for bad in ["3.1.1", "5.1", "5.1.1.1", "5..1", "5.1000.1", "5.+1.1", ""] {
            assert_eq!(Enhanced::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn only_refusals_refuse() {
        assert_eq!(Reply::plain(250, "fine").refusal().code, 451);
        assert_eq!(Reply::plain(550, "no").refusal().code, 550);
    }
}
