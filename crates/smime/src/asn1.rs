//! DER read as slices and written as bytes (X.690): as much of it as CMS needs.

use der::oid::ObjectIdentifier;
use env::Timestamp;

use crate::Fault;

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTETS: u8 = 0x04;
pub(crate) const NULL: u8 = 0x05;
pub(crate) const OID: u8 = 0x06;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const TIME: u8 = 0x18;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// Tag of a constructed field of a structure, `[number]`.
pub(crate) const fn field(number: u8) -> u8 {
    0xa0 | number
}

/// Tag of a primitive field of a structure, `[number] IMPLICIT`.
pub(crate) const fn plain_field(number: u8) -> u8 {
    0x80 | number
}

/// One element where it stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    /// With tag and length.
    pub(crate) raw: &'a [u8],
}

impl<'a> Element<'a> {
    pub(crate) const fn inside(&self) -> Reader<'a> {
        Reader(self.content)
    }
}

/// Reads elements one after the other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    pub(crate) fn any(&mut self, what: &'static str) -> Result<Element<'a>, Fault> {
        let malformed = Fault::Malformed(what);
        let (tag, length, head) = header(self.0).ok_or_else(|| malformed.clone())?;
        let end = head.checked_add(length.ok_or_else(|| malformed.clone())?).ok_or_else(|| malformed.clone())?;
        let raw = self.0.get(..end).ok_or(malformed)?;
        self.0 = self.0.get(end..).unwrap_or_default();
        Ok(Element { tag, content: raw.get(head..).unwrap_or_default(), raw })
    }

    /// The next element, which must bear `tag`.
    pub(crate) fn take(&mut self, tag: u8, what: &'static str) -> Result<Element<'a>, Fault> {
        let element = self.any(what)?;
        if element.tag == tag { Ok(element) } else { Err(Fault::Malformed(what)) }
    }

    /// The next element if it bears `tag`.
    pub(crate) fn optional(&mut self, tag: u8, what: &'static str) -> Result<Option<Element<'a>>, Fault> {
        if self.peek() == Some(tag) { self.any(what).map(Some) } else { Ok(None) }
    }

    pub(crate) fn sequence(&mut self, what: &'static str) -> Result<Reader<'a>, Fault> {
        Ok(self.take(SEQUENCE, what)?.inside())
    }

    pub(crate) fn oid(&mut self, what: &'static str) -> Result<ObjectIdentifier, Fault> {
        let element = self.take(OID, what)?;
        ObjectIdentifier::from_bytes(element.content).map_err(|_| Fault::Malformed(what))
    }

    /// A small number that is not negative.
    pub(crate) fn number(&mut self, what: &'static str) -> Result<u32, Fault> {
        let content = self.take(INTEGER, what)?.content;
        if content.is_empty() || content.len() > 4 || content.first().is_some_and(|octet| octet & 0x80 != 0) {
            return Err(Fault::Malformed(what));
        }
        Ok(content.iter().fold(0, |sum, octet| sum << 8 | u32::from(*octet)))
    }

    /// The elements that are left, at most `max`.
    pub(crate) fn all(mut self, max: usize, what: &'static str) -> Result<Vec<Element<'a>>, Fault> {
        let mut found = Vec::new();
        while !self.is_empty() {
            if found.len() == max {
                return Err(Fault::TooMuch { what, max });
            }
            found.push(self.any(what)?);
        }
        Ok(found)
    }
}

/// Tag, length (`None` if it is indefinite) and octets of both.
pub(crate) fn header(octets: &[u8]) -> Option<(u8, Option<usize>, usize)> {
    let (&tag, rest) = octets.split_first()?;
    let (&first, rest) = rest.split_first()?;
    // Tags above 30 do not occur.
    if tag & 0x1f == 0x1f {
        return None;
    }
    match first {
        0x80 => Some((tag, None, 2)),
        0..0x80 => Some((tag, Some(usize::from(first)), 2)),
        _ => {
            let count = usize::from(first & 0x7f);
            if count > 5 {
                return None;
            }
            let length = rest.get(..count)?.iter().fold(0_u64, |sum, octet| sum << 8 | u64::from(*octet));
            Some((tag, Some(usize::try_from(length).ok()?), 2 + count))
        }
    }
}

/// Tag and length in front of `length` octets of content.
pub(crate) fn push_header(tag: u8, length: usize, out: &mut Vec<u8>) {
    out.push(tag);
    if length < 0x80 {
        out.push(u8::try_from(length).unwrap_or(0));
        return;
    }
    let octets = length.to_be_bytes();
    let skipped = octets.iter().take_while(|octet| **octet == 0).count();
    let octets = octets.get(skipped..).unwrap_or_default();
    out.push(0x80 | u8::try_from(octets.len()).unwrap_or(0));
    out.extend_from_slice(octets);
}

/// An element with `parts` one after the other as its content.
pub(crate) fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length = parts.iter().map(|part| part.len()).sum();
    let mut out = Vec::with_capacity(length + 6);
    push_header(tag, length, &mut out);
    parts.iter().for_each(|part| out.extend_from_slice(part));
    out
}

pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    element(SEQUENCE, parts)
}

/// A set in the order of DER (X.690 section 11.6).
pub(crate) fn set_of(mut members: Vec<Vec<u8>>, tag: u8) -> Vec<u8> {
    members.sort();
    let members: Vec<&[u8]> = members.iter().map(Vec::as_slice).collect();
    element(tag, &members)
}

pub(crate) fn oid(oid: ObjectIdentifier) -> Vec<u8> {
    element(OID, &[oid.as_bytes()])
}

pub(crate) fn octets(content: &[u8]) -> Vec<u8> {
    element(OCTETS, &[content])
}

pub(crate) fn number(number: u8) -> Vec<u8> {
    element(INTEGER, &[&[number]])
}

/// A bit string of whole octets.
pub(crate) fn bits(content: &[u8]) -> Vec<u8> {
    element(BIT_STRING, &[&[0], content])
}

/// An algorithm with its parameters, given as DER (RFC 5280 section 4.1.1.2).
pub(crate) fn algorithm(algorithm: ObjectIdentifier, parameters: &[u8]) -> Vec<u8> {
    sequence(&[&oid(algorithm), parameters])
}

/// A moment: UTCTime until 2049, GeneralizedTime afterwards (RFC 5652 section 11.3).
pub(crate) fn time(moment: Timestamp) -> Vec<u8> {
    let civil = moment.civil();
    let rest = format!("{:02}{:02}{:02}{:02}{:02}Z", civil.month, civil.day, civil.hour, civil.minute, civil.second);
    if (1950..2050).contains(&civil.year) {
        element(UTC_TIME, &[format!("{:02}{rest}", civil.year % 100).as_bytes()])
    } else {
        element(TIME, &[format!("{:04}{rest}", civil.year).as_bytes()])
    }
}

/// Reads what [`time`] writes.
pub(crate) fn read_time(element: &Element<'_>) -> Option<Timestamp> {
    let digits = std::str::from_utf8(element.content).ok()?.strip_suffix('Z')?;
    if !digits.bytes().all(|octet| octet.is_ascii_digit()) {
        return None;
    }
    let two = |at: usize| digits.get(at..at + 2)?.parse::<u32>().ok();
    let (year, at) = match (element.tag, digits.len()) {
        (UTC_TIME, 12) => (two(0).map(|year| if year < 50 { 2000 + year } else { 1900 + year })?, 2),
        (TIME, 14) => (digits.get(..4)?.parse().ok()?, 4),
        _ => return None,
    };
    let civil = env::Civil {
        year: year.into(),
        month: u8::try_from(two(at)?).ok()?,
        day: u8::try_from(two(at + 2)?).ok()?,
        hour: u8::try_from(two(at + 4)?).ok()?,
        minute: u8::try_from(two(at + 6)?).ok()?,
        second: u8::try_from(two(at + 8)?).ok()?,
        ..Timestamp::from_seconds(0).civil()
    };
    let is_day = (1..=12).contains(&civil.month) && (1..=31).contains(&civil.day);
    (is_day && civil.hour < 24 && civil.minute < 60).then(|| Timestamp::from_civil(civil))
}
