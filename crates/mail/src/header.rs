//! Header fields found by scanning the raw bytes, without a parse; and what a submission server completes.

use std::borrow::Cow;
use std::ops::Range;

use env::Timestamp;
use memchr::memchr;

use crate::date;

/// One header field (RFC 5322 section 2.2) where it stands in the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    /// The name as written, without the white space that may stand before the colon.
    pub name: &'a [u8],
    /// Everything after the colon, still folded, without the final line break.
    pub raw_value: &'a [u8],
    /// Offset of the field's first octet.
    pub start: usize,
    /// Offset behind the field's last line break.
    pub end: usize,
}

impl<'a> Field<'a> {
    /// Whether the field has this name, whatever the case.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }

    /// The value unfolded (RFC 5322 section 2.2.3) and trimmed.
    #[must_use]
    pub fn value(&self) -> Cow<'a, [u8]> {
        unfold(self.raw_value)
    }
}

/// Iterates over the header fields at the beginning of a message or body part, up to the empty line.
///
/// Lines that are no field (no colon, or an mbox `From ` line) are passed over, as every mail reader does.
#[derive(Debug, Clone)]
pub struct Fields<'a> {
    raw: &'a [u8],
    at: usize,
    done: bool,
}

impl<'a> Fields<'a> {
    /// The fields of `raw`, a message, body part or header alone.
    #[must_use]
    pub const fn new(raw: &'a [u8]) -> Self {
        Self { raw, at: 0, done: false }
    }

    /// Once the iterator has ended: where the body begins, behind the empty line.
    #[must_use]
    pub const fn body_start(&self) -> usize {
        self.at
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        while !self.done {
            let start = self.at;
            let rest = self.raw.get(start..).unwrap_or_default();
            match rest {
                [] => self.done = true,
                [b'\n', ..] => (self.at, self.done) = (start + 1, true),
                [b'\r', b'\n', ..] => (self.at, self.done) = (start + 2, true),
                _ => {
                    let length = field_length(rest);
                    self.at = start + length;
                    let line = rest.get(..length).unwrap_or_default();
                    if let Some(field) = split_field(line, start) {
                        return Some(field);
                    }
                }
            }
        }
        None
    }
}

/// Octets of the first field with its continuation lines and final line break.
fn field_length(rest: &[u8]) -> usize {
    let mut length = 0;
    while let Some(line) = memchr(b'\n', rest.get(length..).unwrap_or_default()) {
        length += line + 1;
        if !matches!(rest.get(length), Some(b' ' | b'\t')) {
            return length;
        }
    }
    rest.len()
}

fn split_field(field: &[u8], start: usize) -> Option<Field<'_>> {
    let colon = memchr(b':', field)?;
    let name = field.get(..colon)?.trim_ascii_end();
    if name.is_empty() || name.iter().any(|byte| !matches!(byte, b'!'..=b'~')) {
        return None;
    }
    let raw_value = field.get(colon + 1..)?;
    let raw_value = raw_value.strip_suffix(b"\n").unwrap_or(raw_value);
    let raw_value = raw_value.strip_suffix(b"\r").unwrap_or(raw_value);
    Some(Field { name, raw_value, start, end: start + field.len() })
}

/// Splits a message behind the empty line: header with that line, body.
#[must_use]
pub fn split_header_body(raw: &[u8]) -> (&[u8], &[u8]) {
    let mut at = 0;
    loop {
        match raw.get(at..) {
            Some([b'\n', ..]) => return raw.split_at(at + 1),
            Some([b'\r', b'\n', ..]) => return raw.split_at(at + 2),
            Some(rest) => match memchr(b'\n', rest) {
                Some(line) => at += line + 1,
                None => return (raw, &[]),
            },
            None => return (raw, &[]),
        }
    }
}

/// The fields of a message's header.
#[must_use]
pub const fn fields(raw: &[u8]) -> Fields<'_> {
    Fields::new(raw)
}

/// The first field named `name`.
#[must_use]
pub fn find<'a>(raw: &'a [u8], name: &str) -> Option<Field<'a>> {
    fields(raw).find(|field| field.is(name))
}

/// The message's own identifier without angle brackets (RFC 5322 section 3.6.4).
#[must_use]
pub fn message_id(raw: &[u8]) -> Option<String> {
    let field = find(raw, "Message-ID")?;
    message_ids(&field.value()).next()
}

/// The identifiers in a value of Message-ID, In-Reply-To or References, without angle brackets and white space.
pub fn message_ids(value: &[u8]) -> impl Iterator<Item = String> + '_ {
    let mut rest = value;
    std::iter::from_fn(move || {
        loop {
            let open = memchr(b'<', rest)?;
            let inner = rest.get(open + 1..)?;
            let close = memchr(b'>', inner)?;
            rest = inner.get(close + 1..)?;
            // A second `<` before the `>` means that the first one was never closed.
            let id = inner.get(..close)?;
            let id = id.rsplit(|byte| *byte == b'<').next().unwrap_or(id);
            if id.iter().any(|byte| !byte.is_ascii_whitespace()) {
                let id: Vec<u8> = id.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
                return Some(String::from_utf8_lossy(&id).into_owned());
            }
        }
    })
}

/// Takes the line breaks of folding out (RFC 5322 section 2.2.3), white space stays; trims both ends.
#[must_use]
pub fn unfold(value: &[u8]) -> Cow<'_, [u8]> {
    let value = value.trim_ascii();
    if memchr::memchr2(b'\r', b'\n', value).is_none() {
        return Cow::Borrowed(value);
    }
    Cow::Owned(value.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect())
}

/// The fields that a submission server adds in front (RFC 6409 sections 8.2 and 8.3): Date and Message-ID where they lack.
/// `message_id` comes without angle brackets. Empty when nothing lacks.
#[must_use]
pub fn complete_submission(raw: &[u8], now: Timestamp, message_id: &str) -> Vec<u8> {
    let (mut has_date, mut has_id) = (false, false);
    for field in fields(raw) {
        has_date |= field.is("Date");
        has_id |= field.is("Message-ID");
    }
    let mut prefix = Vec::new();
    if !has_date {
        prefix.extend_from_slice(format!("Date: {}\r\n", date::format_rfc5322(now)).as_bytes());
    }
    if !has_id {
        prefix.extend_from_slice(format!("Message-ID: <{message_id}>\r\n").as_bytes());
    }
    prefix
}

/// Where the fields stand that must not leave a submission server: Bcc (RFC 5322 section 3.6.3) and Resent-Bcc,
/// in order, never overlapping.
#[must_use]
pub fn hidden_recipients(raw: &[u8]) -> Vec<Range<usize>> {
    fields(raw).filter(|field| field.is("Bcc") || field.is("Resent-Bcc")).map(|field| field.start..field.end).collect()
}

/// Copies `raw` behind `prefix`, leaving out `removed`, ranges in order that do not overlap.
#[must_use]
pub fn rewrite(prefix: &[u8], raw: &[u8], removed: &[Range<usize>]) -> Vec<u8> {
    let mut out = Vec::with_capacity(prefix.len() + raw.len());
    out.extend_from_slice(prefix);
    let mut from = 0;
    for range in removed {
        out.extend_from_slice(raw.get(from..range.start).unwrap_or_default());
        from = range.end;
    }
    out.extend_from_slice(raw.get(from..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MESSAGE: &[u8] = b"From x@y Mon\r\nSubject : hello\r\n there\r\nno colon here\r\nBCC: a@b,\r\n\tc@d\r\n\
        Message-ID: < a.b@c >\r\nX-Empty:\r\n\r\nbody: not a field\r\n";

    #[test]
    fn finds_fields() {
        let names: Vec<_> = fields(MESSAGE).map(|field| String::from_utf8_lossy(field.name).into_owned()).collect();
        assert_eq!(names, ["Subject", "BCC", "Message-ID", "X-Empty"]);
        assert_eq!(find(MESSAGE, "subject").unwrap().value().as_ref(), b"hello there");
        assert_eq!(message_id(MESSAGE).as_deref(), Some("a.b@c"));
        let mut all = fields(MESSAGE);
        all.by_ref().for_each(drop);
        assert_eq!(&MESSAGE[all.body_start()..], b"body: not a field\r\n");
        assert_eq!(split_header_body(MESSAGE).1, b"body: not a field\r\n");
    }

    #[test]
    fn completes_a_submission() {
        let prefix = complete_submission(MESSAGE, Timestamp::from_seconds(0), "1@x.example");
        assert_eq!(prefix, b"Date: Thu, 1 Jan 1970 00:00:00 +0000\r\n");
        let prefix = complete_submission(b"Date: x\r\n\r\n", Timestamp::from_seconds(0), "1@x.example");
        assert_eq!(prefix, b"Message-ID: <1@x.example>\r\n");
        let sent = rewrite(b"A: b\r\n", MESSAGE, &hidden_recipients(MESSAGE));
        assert!(sent.starts_with(b"A: b\r\nFrom x@y"));
        assert!(find(&sent, "bcc").is_none());
        assert_eq!(sent.len(), MESSAGE.len() + 6 - 17);
    }

    #[test]
    fn reads_lists_of_identifiers() {
        let ids: Vec<_> = message_ids(b"<a@b> junk <c@\r\n d> <open <e@f> <> <g").collect();
        assert_eq!(ids, ["a@b", "c@d", "e@f"]);
    }

    proptest! {
        #[test]
        fn any_bytes(raw in proptest::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b':'), Just(b' '), any::<u8>()], 0..200)) {
            let mut last = 0;
            let mut all = fields(&raw);
            for field in all.by_ref() {
                prop_assert!(field.start >= last && field.end > field.start && field.end <= raw.len());
                last = field.end;
            }
            prop_assert_eq!(split_header_body(&raw).0.len(), all.body_start());
            let _ = message_id(&raw);
            prop_assert!(fields(&rewrite(b"", &raw, &hidden_recipients(&raw))).all(|field| !field.is("bcc")));
        }
    }
}
