//! `xtext` (RFC 3461 section 4) and `utf-8-addr-xtext` (RFC 6533 section 3): any text as printable ASCII.

use std::fmt::Write;

/// Decodes `xtext`; none if it is malformed or does not decode to UTF-8.
pub(crate) fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match first {
            b'+' => {
                let (digits, after) = after.split_at_checked(2)?;
                bytes.push(digits.iter().try_fold(0, |value, digit| Some(value * 16 + upper_hex(*digit)?))?);
                rest = after;
            }
            b'=' => return None,
            b'!'..=b'~' => bytes.push(*first),
            _ => return None,
        }
    }
    String::from_utf8(bytes).ok()
}

/// Encodes as `xtext`.
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'+' | b'=' => push_hex(&mut encoded, byte),
            b'!'..=b'~' => encoded.push(char::from(byte)),
            _ => push_hex(&mut encoded, byte),
        }
    }
    encoded
}

/// Decodes `utf-8-addr-xtext` or `utf-8-addr-unitext`: text as is, but for `\x{HEX}`.
pub(crate) fn decode_utf8_address(text: &str) -> Option<String> {
    let mut address = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, escaped) = rest.split_at(at);
        address.push_str(before);
        let (digits, after) = escaped.strip_prefix("\\x{")?.split_once('}')?;
        let fine = (2..=6).contains(&digits.len()) && digits.bytes().all(|digit| upper_hex(digit).is_some());
        let code = fine.then(|| u32::from_str_radix(digits, 16).ok()).flatten()?;
        address.push(char::from_u32(code)?);
        rest = after;
    }
    address.push_str(rest);
    let printable = |c: char| c > ' ' && c != '\u{7f}' && !c.is_control();
    address.chars().all(printable).then_some(address)
}

/// Encodes as `utf-8-addr-xtext`, which every server understands that knows DSN.
pub(crate) fn encode_utf8_address(address: &str) -> String {
    let mut encoded = String::with_capacity(address.len());
    for c in address.chars() {
        match c {
            '+' | '=' | '\\' => escape(&mut encoded, c),
            '!'..='~' => encoded.push(c),
            _ => escape(&mut encoded, c),
        }
    }
    encoded
}

fn escape(encoded: &mut String, c: char) {
    let _ = write!(encoded, "\\x{{{:02X}}}", c as u32);
}

fn push_hex(encoded: &mut String, byte: u8) {
    let _ = write!(encoded, "+{byte:02X}");
}

/// RFC 3461 section 4: upper case only.
const fn upper_hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_texts() {
        assert_eq!(decode("Dana+2Bx+3Dy").as_deref(), Some("Dana+x=y"));
        assert_eq!(encode("Dana+x=y z"), "Dana+2Bx+3Dy+20z");
        for bad in ["a=b", "a+2", "a+2b", "a b", "a+FF", "+"] {
            assert_eq!(decode(bad), None, "{bad}");
        }
        assert_eq!(decode_utf8_address("\\x{7528}@b").as_deref(), Some("\u{7528}@b"));
        assert_eq!(encode_utf8_address("\u{7528}@b"), "\\x{7528}@b");
        for bad in ["\\x{}", "\\x{D800}", "\\y", "\\x{00}", "a b"] {
            assert_eq!(decode_utf8_address(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn round_trip(text in "\\PC{0,40}") {
            prop_assert_eq!(decode(&encode(&text)), Some(text));
        }

        #[test]
        fn address_round_trip(text in "[!-~\u{a1}-\u{2000}]{0,40}") {
            prop_assert_eq!(decode_utf8_address(&encode_utf8_address(&text)), Some(text));
        }
    }
}
