//! Encoded words in header values (RFC 2047).

use std::borrow::Cow;

use super::{charset, encoding};

/// Octets of one encoded word that are looked at. RFC 2047 section 2 allows 75; many senders write longer ones.
const WORD_OCTETS_MAX: usize = 4096;

/// Text of an unfolded header value with its encoded words decoded. White space between two encoded words goes
/// (RFC 2047 section 6.2); what looks like an encoded word and is none stays.
#[must_use]
pub fn decode(value: &str) -> Cow<'_, str> {
    if !value.contains("=?") {
        return Cow::Borrowed(value);
    }
    let mut out = String::with_capacity(value.len());
    let mut pending = Pending::default();
    let mut rest = value;
    while let Some(at) = rest.find("=?") {
        let (before, from) = rest.split_at(at);
        match split_word(from) {
            Some((word, after)) => {
                if !(pending.is_started() && before.chars().all(char::is_whitespace)) {
                    pending.flush(&mut out);
                    out.push_str(before);
                }
                pending.push(&word, &mut out);
                rest = after;
            }
            None => {
                pending.flush(&mut out);
                out.push_str(before);
                out.push_str("=?");
                rest = from.get(2..).unwrap_or_default();
            }
        }
    }
    pending.flush(&mut out);
    out.push_str(rest);
    Cow::Owned(out)
}

/// Octets of text in one encoded word that is written: with a field name before it the line stays under 76 octets, as
/// RFC 2047 section 2 wants.
const ENCODED_OCTETS: usize = 39;

/// Writes text as the value of an unstructured field: as it is if it is printable ASCII, else in encoded words of UTF-8,
/// folded between them.
#[must_use]
pub fn encode(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) && !text.contains("=?") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() * 2);
    let mut rest = text;
    while !rest.is_empty() {
        let mut end = ENCODED_OCTETS.min(rest.len());
        // A character is never cut in two (RFC 2047 section 5).
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        let (chunk, after) = rest.split_at(end);
        let encoded = mail_builder::encoders::base64::base64_encode(chunk.as_bytes()).unwrap_or_default();
        if !out.is_empty() {
            out.push_str("\r\n\t");
        }
        out.push_str("=?utf-8?B?");
        out.push_str(&String::from_utf8_lossy(&encoded));
        out.push_str("?=");
        rest = after;
    }
    Cow::Owned(out)
}

struct Word<'a> {
    charset: &'a str,
    octets: Vec<u8>,
}

/// Octets of neighbouring words in one character set: senders cut characters in two, against RFC 2047 section 5.
#[derive(Default)]
struct Pending<'a> {
    charset: Option<&'a str>,
    octets: Vec<u8>,
}

impl<'a> Pending<'a> {
    const fn is_started(&self) -> bool {
        self.charset.is_some()
    }

    fn push(&mut self, word: &Word<'a>, out: &mut String) {
        // ISO-2022 sets begin each word in ASCII: joined octets would still be right.
        if self.charset.is_some_and(|charset| !charset.eq_ignore_ascii_case(word.charset)) {
            self.flush(out);
        }
        self.charset = Some(word.charset);
        self.octets.extend_from_slice(&word.octets);
    }

    fn flush(&mut self, out: &mut String) {
        if let Some(charset) = self.charset.take() {
            let text = charset::decode(&self.octets, Some(charset));
            // Line breaks hidden in a word must not become header lines.
            out.extend(text.chars().map(|c| if matches!(c, '\r' | '\n' | '\0') { ' ' } else { c }));
            self.octets.clear();
        }
    }
}

/// Splits `=?charset[*language]?B|Q?text?=` from the front of `text`.
fn split_word(text: &str) -> Option<(Word<'_>, &str)> {
    let inner = text.strip_prefix("=?")?;
    let (charset, inner) = inner.split_once('?')?;
    let (method, inner) = inner.split_once('?')?;
    let end = memchr::memmem::find(inner.as_bytes().get(..WORD_OCTETS_MAX).unwrap_or(inner.as_bytes()), b"?=")?;
    if charset.is_empty() || charset.len() > 64 || charset.contains(char::is_whitespace) {
        return None;
    }
    let (encoded, after) = (inner.get(..end)?, inner.get(end + 2..)?);
    let octets = match method {
        "B" | "b" => encoding::decode_base64(encoded.as_bytes()),
        "Q" | "q" => encoding::decode_q(encoded.as_bytes()),
        _ => return None,
    };
    // The language of RFC 2231 section 5.
    let charset = charset.split_once('*').map_or(charset, |(charset, _)| charset);
    Some((Word { charset, octets }, after))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn decodes_words() {
        for (value, wanted) in [
            ("plain", "plain"),
            ("=?utf-8?q?caf=C3=A9_au_lait?=", "café au lait"),
            ("a =?UTF-8?B?5Lit5Zu9?= b", "a 中国 b"),
            ("=?gb2312?B?1tA=?= =?gb2312?B?ufo=?=", "中国"),
            ("=?utf-8?B?5Lg=?=\t=?utf-8?B?rQ==?=", "中"),
            ("=?utf-8*en?q?x?= =?iso-8859-1?q?=E9?=", "xé"),
            ("=?utf-8?q?x?= y =?utf-8?q?z?=", "x y z"),
            ("=?broken =?utf-8?q?x?=", "=?broken x"),
            ("=?utf-8?z?x?=", "=?utf-8?z?x?="),
            ("=?utf-8?q?a=0D=0Ab?=", "a  b"),
        ] {
            assert_eq!(decode(value), wanted, "{value}");
        }
    }

    #[test]
    fn encodes_words() {
        assert_eq!(encode("order 17"), "order 17");
        assert_eq!(encode("=?x"), "=?utf-8?B?PT94?=");
        let long = "邮件未能送达 / not delivered / 邮件延迟送达";
        let encoded = encode(long);
        assert!(encoded.lines().all(|line| line.len() <= 66));
        assert_eq!(decode(&encoded.replace("\r\n", "")), long);
    }

    proptest! {
        #[test]
        fn round_trip(text in "\\PC{0,80}") {
            let unfolded = encode(&text).replace("\r\n", "");
            prop_assert_eq!(decode(&unfolded), text);
        }

        #[test]
        fn any_text(value in "(=\\?|\\?=|\\?|[bq]|utf-8|.){0,30}") {
            let _ = decode(&value);
        }
    }
}
