//! Header fields of ours in which an arriving message's signatures and encryption are told: values that strangers chose stand in them so that they
//! cannot be taken for anything else.

use std::fmt::Write;

/// Characters of a value that are told.
const CHARS_MAX: usize = 200;

/// A value as it stands between quotation marks: what is not a plain character is `%` and the hexadecimal digits of its octets in UTF-8.
#[must_use]
pub fn quoted(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 2);
    out.push('"');
    for letter in value.chars().take(CHARS_MAX) {
        if letter.is_ascii_alphanumeric() || " .,-_=@'+/:()".contains(letter) {
            out.push(letter);
        } else {
            let mut octets = [0; 4];
            for octet in letter.encode_utf8(&mut octets).bytes() {
                let _ = write!(out, "%{octet:02X}");
            }
        }
    }
    out.push('"');
    out
}

/// What [`quoted`] was given.
#[must_use]
pub fn unquoted(text: &str) -> String {
    let inner = text.trim().trim_matches('"').as_bytes();
    let mut octets = Vec::with_capacity(inner.len());
    let mut at = 0;
    while let Some(&octet) = inner.get(at) {
        let pair = inner.get(at + 1..at + 3).and_then(|pair| std::str::from_utf8(pair).ok());
        match pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()).filter(|_| octet == b'%') {
            Some(read) => {
                octets.push(read);
                at += 3;
            }
            None => {
                octets.push(octet);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&octets).into_owned()
}

/// The parts of a field's value: what stands between semicolons, each a word, or a name and a value.
pub fn parts(value: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    value.split(';').map(str::trim).filter(|part| !part.is_empty()).map(|part| match part.split_once('=') {
        Some((name, value)) => (name.trim(), Some(value.trim())),
        None => (part, None),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_strangers_stay_values() {
        for value in ["CN=Li Wei, O=Acme", "李伟", "a\"; result=pass\r\nX: y", "100%25"] {
            let shown = quoted(value);
            assert!(shown.bytes().all(|it| (0x20..0x7f).contains(&it)) && !shown.contains(';'), "{shown}");
            assert_eq!(unquoted(&shown), value);
        }
        assert!(quoted(&"x".repeat(500)).len() <= 202);
        let read: Vec<_> = parts("signed; by=\"a%3B b\"; issuer=\"c\"").collect();
        assert_eq!(read, [("signed", None), ("by", Some("\"a%3B b\"")), ("issuer", Some("\"c\""))]);
    }
}
