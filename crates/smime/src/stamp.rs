//! Time stamps by others (RFC 3161): asked for, and verified.

use der::oid::ObjectIdentifier;
use env::Timestamp;

use crate::algorithm::{Digest, read_algorithm};
use crate::asn1::{self, Reader};
use crate::signed::Signed;
use crate::{Fault, Trust, content, oid};

/// `id-ct-TSTInfo` (RFC 3161 section 2.4.2).
const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");

/// Last status with which a token comes: granted, or granted with changes (RFC 3161 section 2.4.2).
const GRANTED_MAX: u32 = 1;

const WHAT: &str = "the time stamp";

/// A time stamp whose signature holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// The time that its authority gives.
    pub at: Timestamp,
    /// Subject of the authority's certificate.
    pub by: String,
    /// The token, as others verify it.
    pub token: Vec<u8>,
}

/// A request for a stamp on what hashes to `hash` (SHA-256), with the authority's certificate (RFC 3161 section 2.4.1).
#[must_use]
pub fn request(hash: &[u8; 32], nonce: u64) -> Vec<u8> {
    let algorithm = asn1::algorithm(oid::SHA256, &asn1::element(asn1::NULL, &[]));
    let imprint = asn1::sequence(&[&algorithm, &asn1::octets(hash)]);
    let certificate_wanted = asn1::element(0x01, &[&[0xff]]);
    asn1::sequence(&[&asn1::number(1), &imprint, &integer(nonce), &certificate_wanted])
}

/// Verifies the answer to a request: it is for `hash` and `nonce`, and an authority that is believed has signed it.
///
/// # Errors
/// [`Fault`] with the reason.
pub fn read_answer(answer: &[u8], hash: &[u8; 32], nonce: u64, trust: &Trust, now: Timestamp) -> Result<Stamp, Fault> {
    let mut inside = Reader(answer).sequence(WHAT)?;
    let status = inside.sequence(WHAT)?.number(WHAT)?;
    if status > GRANTED_MAX {
        return Err(Fault::Unsupported(format!("time stamp: the authority refuses with status {status}")));
    }
    let token = inside.take(asn1::SEQUENCE, WHAT)?.raw;
    verify(token, hash, Some(nonce), trust, now)
}

/// Verifies a token that was kept: it is for `hash`, and an authority that is believed has signed it.
///
/// # Errors
/// [`Fault`] with the reason.
pub fn verify(
    token: &[u8],
    hash: &[u8; 32],
    nonce: Option<u64>,
    trust: &Trust,
    now: Timestamp,
) -> Result<Stamp, Fault> {
    let (content::Kind::Signed, structure) = content::read(token)? else { return Err(Fault::Malformed(WHAT)) };
    let signed = Signed::read(&structure)?;
    let info = signed.content.filter(|_| signed.content_type() == TST_INFO).ok_or(Fault::Malformed(WHAT))?;
    let said = Said::read(info)?;
    if said.hash != hash || nonce.is_some_and(|nonce| said.nonce != Some(integer(nonce).as_slice())) {
        return Err(Fault::Altered);
    }
    let mut signatures = signed.verify(info, trust, now);
    // RFC 3161 section 2.4.2: the authority alone signs.
    let Some(signature) = signatures.pop().filter(|_| signatures.is_empty()) else { return Err(Fault::NoSignature) };
    match (signature.fault, signature.certificate) {
        (None, Some(by)) => Ok(Stamp { at: said.at, by: by.subject, token: token.to_vec() }),
        (fault, _) => Err(fault.unwrap_or(Fault::NoCertificate)),
    }
}

/// `TSTInfo`, as far as it is looked at.
struct Said<'a> {
    hash: &'a [u8],
    at: Timestamp,
    /// With tag and length.
    nonce: Option<&'a [u8]>,
}

impl<'a> Said<'a> {
    fn read(info: &'a [u8]) -> Result<Self, Fault> {
        let mut inside = Reader(info).sequence(WHAT)?;
        inside.number(WHAT)?;
        inside.oid(WHAT)?;
        let mut imprint = inside.sequence(WHAT)?;
        if Digest::of(read_algorithm(&imprint.take(asn1::SEQUENCE, WHAT)?)?.0)? != Digest::Sha256 {
            return Err(Fault::Altered);
        }
        let hash = imprint.take(asn1::OCTETS, WHAT)?.content;
        inside.take(asn1::INTEGER, WHAT)?;
        let at = moment(&inside.take(asn1::TIME, WHAT)?).ok_or(Fault::Malformed(WHAT))?;
        inside.optional(asn1::SEQUENCE, WHAT)?;
        inside.optional(0x01, WHAT)?;
        let nonce = inside.optional(asn1::INTEGER, WHAT)?.map(|nonce| nonce.raw);
        Ok(Self { hash, at, nonce })
    }
}

/// A moment whose seconds may have a fraction, which is left off.
fn moment(element: &asn1::Element<'_>) -> Option<Timestamp> {
    let text = std::str::from_utf8(element.content).ok()?.strip_suffix('Z')?;
    let whole = format!("{}Z", text.split_once('.').map_or(text, |(whole, _)| whole));
    asn1::read_time(&asn1::Element { tag: element.tag, content: whole.as_bytes(), raw: &[] })
}

/// A number that is not negative, in the fewest octets.
fn integer(number: u64) -> Vec<u8> {
    let octets = number.to_be_bytes();
    let skipped = octets.iter().take(7).take_while(|octet| **octet == 0).count();
    let octets = octets.get(skipped..).unwrap_or_default();
    let zero: &[u8] = if octets.first().is_some_and(|octet| octet & 0x80 != 0) { &[0] } else { &[] };
    asn1::element(asn1::INTEGER, &[zero, octets])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_that_of_the_standard() {
        let asked = request(&[0xaa; 32], 0x80);
        let head = [
            0x30, 0x3d, 0x02, 1, 1, 0x30, 0x31, 0x30, 0x0d, 0x06, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 32,
        ];
        assert_eq!(asked.get(..head.len()), Some(&head[..]));
        assert_eq!(asked.get(head.len() + 32..), Some(&[0x02, 2, 0, 0x80, 0x01, 1, 0xff][..]));
        assert_eq!(integer(0), [0x02, 1, 0]);
    }

    #[test]
    fn refusals_and_noise_are_told() {
        let trust = Trust::default();
        let refused = asn1::sequence(&[&asn1::sequence(&[&asn1::number(2)])]);
        let now = Timestamp::from_seconds(1_800_000_000);
        let fault = read_answer(&refused, &[0; 32], 1, &trust, now);
        assert!(matches!(fault, Err(Fault::Unsupported(text)) if text.contains("status 2")));
        assert_eq!(read_answer(b"<html>", &[0; 32], 1, &trust, now), Err(Fault::Malformed(WHAT)));
    }
}
