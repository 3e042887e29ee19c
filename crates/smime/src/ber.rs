//! BER made into DER: mail programs write messages while they read them, with lengths that they do not know yet (X.690 section 8.1.3.6).

use crate::Fault;
use crate::asn1::{self, OCTETS};

/// Levels of elements within elements. Honest messages have some twenty.
const DEPTH_MAX: usize = 40;

/// Elements of one structure.
const ELEMENTS_MAX: usize = 2_000_000;

/// An octet string in pieces.
const PIECES: u8 = 0x20 | OCTETS;

/// The same structure with definite lengths and octet strings in one piece. What follows it is left out.
pub(crate) fn to_der(octets: &[u8]) -> Result<Vec<u8>, Fault> {
    let mut out = Vec::with_capacity(octets.len());
    let mut left = ELEMENTS_MAX;
    copy(octets, DEPTH_MAX, &mut left, &mut out)?;
    Ok(out)
}

const BROKEN: Fault = Fault::Malformed("an element of the structure");

/// Copies the first element of `octets`; gives what follows it.
fn copy<'a>(octets: &'a [u8], depth: usize, left: &mut usize, out: &mut Vec<u8>) -> Result<&'a [u8], Fault> {
    *left = left.checked_sub(1).ok_or(Fault::TooMuch { what: "elements", max: ELEMENTS_MAX })?;
    let (tag, length, head) = asn1::header(octets).ok_or(BROKEN)?;
    let rest = octets.get(head..).ok_or(BROKEN)?;
    if tag & 0x20 == 0 {
        let length = length.ok_or(BROKEN)?;
        let content = rest.get(..length).ok_or(BROKEN)?;
        asn1::push_header(tag, length, out);
        out.extend_from_slice(content);
        return Ok(rest.get(length..).unwrap_or_default());
    }
    let depth = depth.checked_sub(1).ok_or(Fault::TooMuch { what: "levels", max: DEPTH_MAX })?;
    let mut inside = Vec::new();
    let after = match length {
        Some(length) => {
            let mut content = rest.get(..length).ok_or(BROKEN)?;
            while !content.is_empty() {
                content = copy(content, depth, left, &mut inside)?;
            }
            rest.get(length..).unwrap_or_default()
        }
        None => {
            let mut content = rest;
            loop {
                if let Some(after) = content.strip_prefix(&[0, 0]) {
                    break after;
                }
                content = copy(content, depth, left, &mut inside)?;
            }
        }
    };
    if tag == PIECES {
        let whole = join(&inside)?;
        asn1::push_header(OCTETS, whole.len(), out);
        out.extend_from_slice(&whole);
    } else {
        asn1::push_header(tag, inside.len(), out);
        out.extend_from_slice(&inside);
    }
    Ok(after)
}

/// The pieces of an octet string, which are octet strings themselves, put together.
pub(crate) fn join(pieces: &[u8]) -> Result<Vec<u8>, Fault> {
    let mut whole = Vec::with_capacity(pieces.len());
    let mut reader = asn1::Reader(pieces);
    while !reader.is_empty() {
        whole.extend_from_slice(reader.take(OCTETS, "a piece of an octet string")?.content);
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lengths_become_definite_and_pieces_one() {
        let ber = [0x30, 0x80, 0x24, 0x80, 4, 1, b'a', 4, 2, b'b', b'c', 0, 0, 2, 1, 5, 0, 0];
        assert_eq!(to_der(&ber).unwrap(), [0x30, 8, 4, 3, b'a', b'b', b'c', 2, 1, 5]);
        // A constructed field keeps its pieces: only its reader knows what it is.
        let field = [0xa0, 0x80, 4, 1, b'a', 4, 1, b'b', 0, 0];
        assert_eq!(to_der(&field).unwrap(), [0xa0, 6, 4, 1, b'a', 4, 1, b'b']);
        assert_eq!(to_der(&[0x30, 0x80, 2, 1, 5]), Err(BROKEN));
        let deep = [[0x30, 0x80].repeat(60), vec![0; 120]].concat();
        assert_eq!(to_der(&deep), Err(Fault::TooMuch { what: "levels", max: DEPTH_MAX }));
        assert!(to_der(&[0x04, 0x85, 0xff, 0xff, 0xff, 0xff, 0xff]).is_err());
    }

    proptest! {
        #[test]
        fn any_octets(octets in proptest::collection::vec(prop_oneof![Just(0x30_u8), Just(0x80), Just(0), Just(0x24), any::<u8>()], 0..200)) {
            if let Ok(der) = to_der(&octets) {
                prop_assert_eq!(to_der(&der).unwrap(), der);
            }
        }
    }
}
