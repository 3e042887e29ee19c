//! The one thing of a client's first message that the library does not show: which signatures it can check on certificates.

use rustls::SignatureScheme;

/// Type of the extension `signature_algorithms_cert` (RFC 8446 section 4.2.3).
const SIGNATURE_ALGORITHMS_CERT: u16 = 50;

/// Content type of handshake records and type of the message (RFC 8446 sections 5.1 and 4).
const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;

/// The schemes that the client takes on certificates, from the records that carry its hello; `None` if it says nothing of them apart.
pub(super) fn certificate_schemes(records: &[u8]) -> Option<Vec<SignatureScheme>> {
    let message = message(records);
    let mut rest = &message[..];
    let kind = take(&mut rest, 1)?;
    let mut hello = vector(&mut rest, 3)?;
    if kind != [CLIENT_HELLO] {
        return None;
    }
    // Version and random, session, suites, compression.
    take(&mut hello, 2 + 32)?;
    for length_octets in [1, 2, 1] {
        vector(&mut hello, length_octets)?;
    }
    let mut extensions = vector(&mut hello, 2)?;
    loop {
        let kind = number(take(&mut extensions, 2)?);
        let mut body = vector(&mut extensions, 2)?;
        if kind == usize::from(SIGNATURE_ALGORITHMS_CERT) {
            let list = vector(&mut body, 2)?;
            let schemes = list.as_chunks::<2>().0.iter().map(|pair| SignatureScheme::from(u16::from_be_bytes(*pair)));
            return Some(schemes.collect());
        }
    }
}

/// What the handshake records hold, joined.
fn message(records: &[u8]) -> Vec<u8> {
    let mut joined = Vec::with_capacity(records.len());
    let mut rest = records;
    while let Some([HANDSHAKE, _, _]) = take(&mut rest, 3) {
        let Some(fragment) = vector(&mut rest, 2) else { break };
        joined.extend_from_slice(fragment);
    }
    joined
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(count)?;
    *rest = left;
    Some(taken)
}

/// What follows a length of so many octets.
fn vector<'a>(rest: &mut &'a [u8], length_octets: usize) -> Option<&'a [u8]> {
    let length = number(take(rest, length_octets)?);
    take(rest, length)
}

fn number(octets: &[u8]) -> usize {
    octets.iter().fold(0, |sum, octet| sum << 8 | usize::from(*octet))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello(extensions: &[u8]) -> Vec<u8> {
        let mut body = vec![3, 3];
        body.extend([7; 32]);
        body.extend([0, 0, 2, 0x13, 1, 1, 0]);
        body.extend((extensions.len() as u16).to_be_bytes());
        body.extend(extensions);
        let mut message = vec![1, 0];
        message.extend((body.len() as u16).to_be_bytes());
        message.extend(body);
        message
    }

    fn records(message: &[u8], size: usize) -> Vec<u8> {
        let record = |part: &[u8]| [&[22, 3, 1][..], &(part.len() as u16).to_be_bytes(), part].concat();
        message.chunks(size).flat_map(record).collect()
    }

    #[test]
    fn schemes_are_found_in_any_fragments() {
        let message = hello(&[0, 43, 0, 3, 2, 3, 4, 0, 50, 0, 6, 0, 4, 8, 4, 7, 8]);
        let wanted = vec![SignatureScheme::RSA_PSS_SHA256, SignatureScheme::Unknown(0x0708)];
        for size in [1, 5, 30, 1000] {
            assert_eq!(certificate_schemes(&records(&message, size)), Some(wanted.clone()), "{size}");
        }
        assert_eq!(certificate_schemes(&records(&hello(&[0, 43, 0, 3, 2, 3, 4]), 1000)), None);
        let whole = records(&message, 1000);
        for length in 0..whole.len() {
            certificate_schemes(&whole[..length]);
        }
    }
}
