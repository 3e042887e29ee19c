//! Content-Transfer-Encoding (RFC 2045 section 6) undone.

use std::borrow::Cow;

use super::Part;

/// A transfer encoding that nobody has defined; the octets must be passed on as they are.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("content-transfer-encoding `{0}` is unknown")]
pub struct UnknownEncoding(pub String);

impl UnknownEncoding {
    /// The message will not change.
    #[must_use]
    pub const fn outlook(&self) -> env::Outlook {
        env::Outlook::Permanent
    }
}

/// The content of a leaf part, transfer encoding undone; borrowed where there is none.
///
/// # Errors
/// When the encoding is not one of RFC 2045 (RFC 3516 section 4.3 wants this told as `UNKNOWN-CTE`).
pub fn decode_part<'a>(raw: &'a [u8], part: &Part) -> Result<Cow<'a, [u8]>, UnknownEncoding> {
    let body = raw.get(part.body_range()).unwrap_or_default();
    decode(body, part.encoding.as_deref())
}

/// Undoes the encoding named `encoding`, compared without case; none is the same as `7bit`.
///
/// # Errors
/// When the encoding is unknown.
pub fn decode<'a>(body: &'a [u8], encoding: Option<&str>) -> Result<Cow<'a, [u8]>, UnknownEncoding> {
    let Some(encoding) = encoding else { return Ok(Cow::Borrowed(body)) };
    let is = |name: &str| encoding.eq_ignore_ascii_case(name);
    if is("7bit") || is("8bit") || is("binary") || encoding.is_empty() {
        Ok(Cow::Borrowed(body))
    } else if is("base64") {
        Ok(Cow::Owned(decode_base64(body)))
    } else if is("quoted-printable") {
        Ok(Cow::Owned(decode_quoted_printable(body)))
    } else {
        Err(UnknownEncoding(encoding.to_owned()))
    }
}

const SKIPPED: u8 = 0xff;
const PADDING: u8 = 0xfe;

const BASE64: [u8; 256] = {
    let mut table = [SKIPPED; 256];
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut value = 0;
    while value < 64 {
        table[alphabet[value] as usize] = value as u8;
        value += 1;
    }
    table[b'=' as usize] = PADDING;
    table
};

/// Base64 with everything outside the alphabet passed over (RFC 2045 section 6.8). Padding ends a quantum, so that texts
/// encoded apart and joined are read to the end.
#[must_use]
pub fn decode_base64(encoded: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(encoded.len() / 4 * 3 + 3);
    let (mut quantum, mut held) = (0_u32, 0_u32);
    for byte in encoded {
        let value = BASE64[usize::from(*byte)];
        if value < 64 {
            quantum = quantum << 6 | u32::from(value);
            held += 1;
            if held == 4 {
                let [_, a, b, c] = quantum.to_be_bytes();
                out.extend_from_slice(&[a, b, c]);
                (quantum, held) = (0, 0);
            }
        } else if value == PADDING {
            push_rest(&mut out, quantum, held);
            (quantum, held) = (0, 0);
        }
    }
    push_rest(&mut out, quantum, held);
    out
}

fn push_rest(out: &mut Vec<u8>, quantum: u32, held: u32) {
    match held {
        2 => out.push((quantum >> 4) as u8),
        3 => out.extend_from_slice(&[(quantum >> 10) as u8, (quantum >> 2) as u8]),
        _ => {}
    }
}

/// Quoted-printable (RFC 2045 section 6.7). What is wrongly encoded stands as it is; white space at the end of a line goes.
#[must_use]
pub fn decode_quoted_printable(encoded: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(encoded.len());
    for line in encoded.split_inclusive(|byte| *byte == b'\n') {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let ending = line.get(text.len()..).unwrap_or_default();
        // A line without an ending may be the beginning of one; its white space stays.
        let text = if ending.is_empty() { text } else { text.trim_ascii_end() };
        match text.strip_suffix(b"=") {
            Some(text) => push_unquoted(&mut out, text, b'='),
            None => {
                push_unquoted(&mut out, text, b'=');
                out.extend_from_slice(ending);
            }
        }
    }
    out
}

fn push_unquoted(out: &mut Vec<u8>, text: &[u8], escape: u8) {
    let mut rest = text;
    while let Some(at) = memchr::memchr(escape, rest) {
        out.extend_from_slice(rest.get(..at).unwrap_or_default());
        let digits = rest.get(at + 1..at + 3).and_then(|digits| match digits {
            [high, low] => Some(hex_digit(*high)? << 4 | hex_digit(*low)?),
            _ => None,
        });
        let taken = match digits {
            Some(octet) => {
                out.push(octet);
                3
            }
            None => {
                out.push(escape);
                1
            }
        };
        rest = rest.get(at + taken..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
}

/// The Q encoding of encoded words (RFC 2047 section 4.2).
#[must_use]
pub fn decode_q(encoded: &[u8]) -> Vec<u8> {
    let spaced: Vec<u8> = encoded.iter().map(|byte| if *byte == b'_' { b' ' } else { *byte }).collect();
    let mut out = Vec::with_capacity(spaced.len());
    push_unquoted(&mut out, &spaced, b'=');
    out
}

/// Percent-encoding of parameter values (RFC 2231 section 4).
#[must_use]
pub fn decode_percent(encoded: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(encoded.len());
    push_unquoted(&mut out, encoded, b'%');
    out
}

fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64() {
        for (encoded, wanted) in [
            ("", ""),
            ("YQ==", "a"),
            ("YWI=", "ab"),
            ("YWJj", "abc"),
            ("YW\r\nJj\r\n", "abc"),
            ("YQ==YWI=", "aab"),
            ("YWI", "ab"),
            ("Y", ""),
            ("Y*W*J*j", "abc"),
        ] {
            assert_eq!(decode_base64(encoded.as_bytes()), wanted.as_bytes(), "{encoded}");
        }
    }

    #[test]
    fn quoted_printable() {
        for (encoded, wanted) in [
            ("a=\r\nb", "ab"),
            ("a=3D=3db", "a==b"),
            ("a  \r\nb \t\n", "a\r\nb\n"),
            ("a=  \r\nb", "ab"),
            ("50=% =ZZ =", "50=% =ZZ "),
            ("=E4=B8=AD", "中"),
        ] {
            assert_eq!(String::from_utf8(decode_quoted_printable(encoded.as_bytes())).unwrap(), wanted, "{encoded}");
        }
    }

    #[test]
    fn unknown_encodings_are_told() {
        assert_eq!(decode(b"x", Some("x-uue")), Err(UnknownEncoding("x-uue".to_owned())));
        assert_eq!(decode(b"x", Some("8BIT")).unwrap().as_ref(), b"x");
    }
}
