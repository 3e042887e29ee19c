//! Just enough of DER (X.690) to write certificates and to read signatures and ciphertexts strictly.

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const NULL: u8 = 0x05;
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(crate) const UTF8_STRING: u8 = 0x0c;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// Tag of a constructed element that the context explains.
pub(crate) const fn context(number: u8) -> u8 {
    0xa0 | number
}

/// Object identifiers, without tag and length.
pub(crate) mod oid {
    /// 1.2.156.10197.1.301, the curve.
    pub(crate) const SM2_CURVE: &[u8] = &[0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x82, 0x2d];
    /// 1.2.156.10197.1.501, SM2 signatures over SM3.
    pub(crate) const SM2_WITH_SM3: &[u8] = &[0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x83, 0x75];
    /// 2.5.4.3.
    pub(crate) const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
    /// 2.5.29.14.
    pub(crate) const SUBJECT_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1d, 0x0e];
    /// 2.5.29.15.
    pub(crate) const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
    /// 2.5.29.17.
    pub(crate) const SUBJECT_ALTERNATIVE_NAME: &[u8] = &[0x55, 0x1d, 0x11];
    /// 2.5.29.19.
    pub(crate) const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
    /// 2.5.29.35.
    pub(crate) const AUTHORITY_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1d, 0x23];
    /// 2.5.29.37.
    pub(crate) const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
    /// 1.3.6.1.5.5.7.3, the beginning of purposes.
    pub(crate) const PURPOSE: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03];
}

/// An element of `parts`, one after another.
pub(crate) fn write(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut out = Vec::with_capacity(length + 6);
    out.push(tag);
    if length < 0x80 {
        out.push(length as u8);
    } else {
        let octets = length.to_be_bytes();
        let used = &octets[octets.iter().take_while(|octet| **octet == 0).count()..];
        out.push(0x80 | used.len() as u8);
        out.extend_from_slice(used);
    }
    parts.iter().for_each(|part| out.extend_from_slice(part));
    out
}

/// A number that is not negative, most significant byte first, as INTEGER.
pub(crate) fn unsigned(number: &[u8]) -> Vec<u8> {
    let zeros = number.iter().take_while(|octet| **octet == 0).count();
    let rest = &number[zeros..];
    let sign: &[u8] = if rest.first().is_none_or(|octet| octet & 0x80 != 0) { &[0] } else { &[] };
    write(INTEGER, &[sign, rest])
}

/// Reads elements one after another; lengths must be as short as can be.
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What the next element holds, if it has this tag.
    pub(crate) fn expect(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (&[found, first], rest) = self.0.split_first_chunk::<2>()?;
        if found != tag {
            return None;
        }
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81..=0x83 => {
                let (octets, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                let length = octets.iter().fold(0, |sum, octet| sum << 8 | usize::from(*octet));
                let needed = octets.first() != Some(&0) && length >= 0x80;
                needed.then_some((length, rest))?
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(content)
    }

    /// An INTEGER from 0 to 2²⁵⁶ - 1, filled up with zeros in front.
    pub(crate) fn unsigned_32(&mut self) -> Option<[u8; 32]> {
        let content = self.expect(INTEGER)?;
        let digits = match content {
            [0, rest @ ..] if rest.first().is_some_and(|octet| octet & 0x80 != 0) => rest,
            [0] => &[],
            [first, ..] if *first != 0 && first & 0x80 == 0 => content,
            _ => return None,
        };
        let mut number = [0; 32];
        let start = number.len().checked_sub(digits.len())?;
        number[start..].copy_from_slice(digits);
        Some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_as_short_as_can_be() {
        for length in [0, 1, 127, 128, 255, 256, 70_000] {
            let written = write(OCTET_STRING, &[&vec![7; length]]);
            let mut reader = Reader::new(&written);
            assert_eq!(reader.expect(OCTET_STRING).unwrap().len(), length);
            assert!(reader.is_empty());
        }
        for bad in [&[4, 0x80][..], &[4, 0x81, 1, 7], &[4, 0x82, 0, 200], &[4, 2, 1], &[4], &[4, 0x84, 0, 0, 0, 1, 1]] {
            assert_eq!(Reader::new(bad).expect(OCTET_STRING), None, "{bad:?}");
        }
    }

    #[test]
    fn numbers_have_one_form() {
        let read = |bytes: &[u8]| Reader::new(bytes).unsigned_32();
        for number in [vec![0; 32], vec![0xff; 32], vec![0, 0x80], vec![1], vec![0, 0, 0x7f, 1]] {
            let got = read(&unsigned(&number)).unwrap();
            let mut wanted = [0; 32];
            wanted[32 - number.len()..].copy_from_slice(&number);
            assert_eq!(got, wanted);
        }
        for bad in [&[2, 0][..], &[2, 1, 0x80], &[2, 2, 0, 1], &[2, 34, 0], &[3, 1, 1]] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
        assert_eq!(read(&write(INTEGER, &[&[1; 33]])), None);
    }
}
