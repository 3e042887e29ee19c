//! A look at the packets of a sequence without opening them: which and how many, before a library reads them.

use crate::PgpError;

/// Signature.
pub(crate) const SIGNATURE: u8 = 2;
/// Encrypted session key by a public key.
pub(crate) const PUBLIC_KEY_SESSION_KEY: u8 = 1;
/// What announces a signature behind the content.
pub(crate) const ONE_PASS_SIGNATURE: u8 = 4;
/// Encrypted session key by a password.
pub(crate) const PASSWORD_SESSION_KEY: u8 = 3;
/// A private key.
pub(crate) const SECRET_KEY: u8 = 5;
/// A public key.
pub(crate) const PUBLIC_KEY: u8 = 6;
/// Encrypted data without integrity.
pub(crate) const ENCRYPTED_UNPROTECTED: u8 = 9;
/// Encrypted data with integrity.
pub(crate) const ENCRYPTED: u8 = 18;
/// The same in the form of `GnuPG`.
pub(crate) const ENCRYPTED_GNUPG: u8 = 20;

/// Packets after which no more are looked at.
const PACKETS_MAX: usize = 2000;

/// The tags of the packets of `octets` in order (RFC 9580 section 4.2).
///
/// # Errors
/// If it is no sequence of packets, or has too many.
pub(crate) fn tags(octets: &[u8], what: &'static str) -> Result<Vec<u8>, PgpError> {
    let mut tags = Vec::new();
    let mut rest = octets;
    while !rest.is_empty() {
        if tags.len() == PACKETS_MAX {
            return Err(PgpError::TooLarge { what, limit: PACKETS_MAX, unit: "packets" });
        }
        let (tag, behind) =
            skip(rest).ok_or_else(|| PgpError::malformed(what, &"it is cut off or no sequence of packets"))?;
        tags.push(tag);
        rest = behind;
    }
    Ok(tags)
}

/// Tag of the first packet, and what is behind it.
fn skip(octets: &[u8]) -> Option<(u8, &[u8])> {
    let (&first, mut rest) = octets.split_first()?;
    if first & 0x80 == 0 {
        return None;
    }
    if first & 0x40 == 0 {
        let (length, body) = old_length(first & 3, rest)?;
        return Some(((first >> 2) & 0x0f, body.get(length..)?));
    }
    loop {
        let (length, is_partial, body) = new_length(rest)?;
        rest = body.get(length..)?;
        if !is_partial {
            return Some((first & 0x3f, rest));
        }
    }
}

/// Length, whether more of the same packet follows, body.
fn new_length(rest: &[u8]) -> Option<(usize, bool, &[u8])> {
    match *rest {
        [length @ 0..192, ref body @ ..] => Some((usize::from(length), false, body)),
        [high @ 192..224, low, ref body @ ..] => {
            Some(((usize::from(high) - 192) * 256 + usize::from(low) + 192, false, body))
        }
        [power @ 224..=254, ref body @ ..] => Some((1 << (power & 0x1f), true, body)),
        [255, a, b, c, d, ref body @ ..] => {
            Some((usize::try_from(u32::from_be_bytes([a, b, c, d])).ok()?, false, body))
        }
        _ => None,
    }
}

/// Length and body in the form of old.
fn old_length(kind: u8, rest: &[u8]) -> Option<(usize, &[u8])> {
    match (kind, rest) {
        (0, &[length, ref body @ ..]) => Some((usize::from(length), body)),
        (1, &[a, b, ref body @ ..]) => Some((usize::from(u16::from_be_bytes([a, b])), body)),
        (2, &[a, b, c, d, ref body @ ..]) => Some((usize::try_from(u32::from_be_bytes([a, b, c, d])).ok()?, body)),
        // To the end of the sequence.
        (3, body) => Some((body.len(), body)),
        _ => None,
    }
}

/// The packets of what is armored (RFC 9580 section 6.2), or what is given if it is none.
///
/// # Errors
/// If the armor is broken or what is in it larger than `limit` octets.
pub(crate) fn dearmor(given: &[u8], what: &'static str, limit: usize) -> Result<Vec<u8>, PgpError> {
    use std::io::Read;
    if given.len() > limit.saturating_mul(3) / 2 {
        return Err(PgpError::TooLarge { what, limit, unit: "octets" });
    }
    let text = given.trim_ascii_start();
    if text.first().is_none_or(|first| first & 0x80 != 0) {
        return Ok(given.to_vec());
    }
    let mut packets = Vec::new();
    let mut armor = pgp::armor::Dearmor::new(text);
    armor.read_header().map_err(|error| PgpError::malformed(what, &error))?;
    armor.take(limit as u64 + 1).read_to_end(&mut packets).map_err(|error| PgpError::malformed(what, &error))?;
    if packets.len() > limit {
        return Err(PgpError::TooLarge { what, limit, unit: "octets" });
    }
    Ok(packets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_the_packets() {
        // A signature of the old form, a literal of the new one in two pieces, a marker.
        let octets = [0x88, 2, 1, 1, 0xcb, 0xe1, 7, 7, 1, 7, 0xca, 0xff, 0, 0, 0, 3, b'P', b'G', b'P'];
        assert_eq!(tags(&octets, "message").unwrap(), [2, 11, 10]);
        for cut in 1..octets.len() {
            let _ = tags(&octets[..cut], "message");
        }
        assert!(tags(b"Hello", "message").is_err());
    }
}
