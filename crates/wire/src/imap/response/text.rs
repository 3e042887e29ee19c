//! The smallest pieces of a response: numbers, strings, sets.

use std::ops::RangeInclusive;

use crate::imap::mailbox_name::encode_utf7;
use crate::imap::parse::is_atom_char;
use crate::imap::sequence::NumberSet;

/// A longer string goes as literal, in bytes.
const QUOTED_BYTES_MAX: usize = 1000;

const PLAIN: u8 = 0;
const ESCAPED: u8 = 1;
const EIGHT_BIT: u8 = 2;
const UNQUOTABLE: u8 = 4;

/// What each byte means for the form of a string.
const CLASSES: [u8; 256] = {
    let mut classes = [PLAIN; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            b'"' | b'\\' => ESCAPED,
            b'\t' | b' '..=b'~' => PLAIN,
            0x80.. => EIGHT_BIT,
            _ => UNQUOTABLE,
        };
        byte += 1;
    }
    classes
};

/// Writes a number in decimal.
pub fn write_number(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Writes a string: quoted where that can hold it, else as literal. `utf8` allows UTF-8 in quotes.
pub fn write_string(out: &mut Vec<u8>, text: &str, utf8: bool) {
    let bytes = text.as_bytes();
    let classes = bytes.iter().fold(0, |classes, byte| classes | CLASSES[usize::from(*byte)]);
    let is_literal = classes & UNQUOTABLE != 0 || classes & EIGHT_BIT != 0 && !utf8;
    if is_literal || bytes.len() > QUOTED_BYTES_MAX {
        write_literal(out, bytes);
        return;
    }
    out.push(b'"');
    if classes & ESCAPED == 0 {
        out.extend_from_slice(bytes);
    } else {
        for byte in bytes {
            if matches!(byte, b'"' | b'\\') {
                out.push(b'\\');
            }
            out.push(*byte);
        }
    }
    out.push(b'"');
}

/// A literal. A NUL, which no literal may hold (RFC 9051 section 4.3), becomes a question mark.
fn write_literal(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'{');
    write_number(out, bytes.len() as u64);
    out.extend_from_slice(b"}\r\n");
    let start = out.len();
    out.extend_from_slice(bytes);
    if memchr::memchr(0, bytes).is_some() {
        out[start..].iter_mut().filter(|byte| **byte == 0).for_each(|byte| *byte = b'?');
    }
}

/// Writes a string or NIL.
pub fn write_nstring(out: &mut Vec<u8>, text: Option<&str>, utf8: bool) {
    match text {
        Some(text) => write_string(out, text, utf8),
        None => out.extend_from_slice(b"NIL"),
    }
}

/// Writes an atom where the text is one, else a string.
pub(super) fn write_astring(out: &mut Vec<u8>, text: &str, utf8: bool) {
    if !text.is_empty() && text.bytes().all(is_atom_char) {
        out.extend_from_slice(text.as_bytes());
    } else {
        write_string(out, text, utf8);
    }
}

/// Writes a mailbox name: UTF-8 once the client has enabled it, modified UTF-7 before.
pub fn write_mailbox(out: &mut Vec<u8>, name: &str, utf8: bool) {
    if utf8 || name.bytes().all(|byte| (b' '..=b'~').contains(&byte) && byte != b'&') {
        write_string(out, name, utf8);
        return;
    }
    out.push(b'"');
    let start = out.len();
    encode_utf7(name, out);
    // What UTF-7 leaves as it is may still need a backslash.
    if out[start..].iter().any(|byte| matches!(byte, b'"' | b'\\')) {
        let encoded = out.split_off(start);
        for byte in encoded {
            if matches!(byte, b'"' | b'\\') {
                out.push(b'\\');
            }
            out.push(byte);
        }
    }
    out.push(b'"');
}

/// Writes ranges as a sequence set: `1:3,7`. Writes nothing for none.
pub fn write_ranges(out: &mut Vec<u8>, ranges: impl IntoIterator<Item = RangeInclusive<u32>>) {
    for (at, range) in ranges.into_iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write_number(out, u64::from(*range.start()));
        if range.start() != range.end() {
            out.push(b':');
            write_number(out, u64::from(*range.end()));
        }
    }
}

/// Writes a set.
pub fn write_set(out: &mut Vec<u8>, set: &NumberSet) {
    write_ranges(out, set.ranges());
}

/// Writes UIDs in their order, runs of neighbours as ranges. Writes nothing for none.
pub fn write_uid_set(out: &mut Vec<u8>, uids: &[u32]) {
    write_ranges(
        out,
        uids.chunk_by(|one, next| one.checked_add(1) == Some(*next))
            .filter_map(|run| Some(*run.first()?..=*run.last()?)),
    );
}
