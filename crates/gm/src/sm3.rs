//! SM3 (GB/T 32905-2016, ISO/IEC 10118-3): the hash, HMAC (RFC 2104) and HKDF (RFC 5869) over it.

use ::sm3::{Digest, Sm3};
use hmac::{Hmac, KeyInit, Mac};
use zeroize::Zeroizing;

/// Bytes of a hash.
pub const BYTES: usize = 32;

/// Most bytes that HKDF gives from one key (RFC 5869 section 2.3).
const HKDF_BYTES_MAX: usize = 255 * BYTES;

/// A hash that is fed bit by bit.
#[derive(Clone, Default)]
pub struct Hasher(Sm3);

impl Hasher {
    /// Takes more of the message in.
    pub fn update(&mut self, part: &[u8]) {
        self.0.update(part);
    }

    /// The hash of all that was taken in.
    #[must_use]
    pub fn finish(self) -> [u8; BYTES] {
        self.0.finalize().into()
    }
}

/// The hash of `message`.
#[must_use]
pub fn digest(message: &[u8]) -> [u8; BYTES] {
    Sm3::digest(message).into()
}

/// HMAC under `key` of the parts of a message, one after another.
#[must_use]
pub fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; BYTES] {
    let mut mac = keyed(key);
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// A key for HMAC that is ready to be used many times.
#[derive(Clone)]
pub struct HmacKey(Hmac<Sm3>);

impl HmacKey {
    /// The key of these bytes, of any length.
    #[must_use]
    pub fn new(key: &[u8]) -> Self {
        Self(keyed(key))
    }

    /// HMAC of the parts of a message, one after another.
    #[must_use]
    pub fn sign<'a>(&self, parts: impl IntoIterator<Item = &'a [u8]>) -> [u8; BYTES] {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

fn keyed(key: &[u8]) -> Hmac<Sm3> {
    // RFC 2104 section 2: longer keys are hashed, shorter ones filled up with zeros.
    let mut block = Zeroizing::new([0; 64]);
    if key.len() > block.len() {
        block[..BYTES].copy_from_slice(&digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    Hmac::new((&*block).into())
}

/// `HKDF-Extract(salt, secret)` (RFC 5869 section 2.2).
#[must_use]
pub fn hkdf_extract(salt: &[u8], secret: &[u8]) -> Zeroizing<[u8; BYTES]> {
    Zeroizing::new(hmac(salt, &[secret]))
}

/// `HKDF-Expand(key, info, into.len())` (RFC 5869 section 2.3). Gives `false` and leaves `into` as it is if it is longer than
/// 255 hashes.
#[must_use]
pub fn hkdf_expand(key: &[u8], info: &[u8], into: &mut [u8]) -> bool {
    if into.len() > HKDF_BYTES_MAX {
        return false;
    }
    let key = HmacKey::new(key);
    let mut term = Zeroizing::new([0; BYTES]);
    for (number, chunk) in (1..=u8::MAX).zip(into.chunks_mut(BYTES)) {
        let before: &[u8] = if number == 1 { &[] } else { &*term };
        let next = key.sign([before, info, &[number]]);
        *term = next;
        chunk.copy_from_slice(&term[..chunk.len()]);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::hex;

    /// GB/T 32905-2016 appendix A.
    #[test]
    fn examples_of_the_standard() {
        assert_eq!(digest(b"abc")[..], hex("66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"));
        let long = b"abcd".repeat(16);
        let wanted = hex("debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732");
        assert_eq!(digest(&long)[..], wanted);
        let mut pieces = Hasher::default();
        long.chunks(7).for_each(|piece| pieces.update(piece));
        assert_eq!(pieces.finish()[..], wanted);
    }

    /// RFC 2104 written out by hand with the bare hash, for a short, a full and a long key.
    #[test]
    fn hmac_is_two_hashes() {
        for length in [0, 3, 32, 63, 64, 65, 200] {
            let key = vec![0x42; length];
            let mut block = [0; 64];
            if length > 64 {
                block[..32].copy_from_slice(&digest(&key))
            } else {
                block[..length].copy_from_slice(&key)
            }
            let pad = |with: u8| block.iter().map(|octet| octet ^ with).collect::<Vec<_>>();
            let inner = digest(&[&pad(0x36)[..], b"the ", b"message"].concat());
            let outer = digest(&[&pad(0x5c)[..], &inner].concat());
            assert_eq!(hmac(&key, &[b"the ", b"message"]), outer, "{length}");
        }
    }

    #[test]
    fn hkdf_is_a_chain_of_hmacs() {
        let key = hkdf_extract(b"salt", b"secret");
        assert_eq!(*key, hmac(b"salt", &[b"secret"]));
        let mut out = [0; 80];
        assert!(hkdf_expand(&*key, b"info", &mut out));
        let first = hmac(&*key, &[b"info", &[1]]);
        let second = hmac(&*key, &[&first, b"info", &[2]]);
        let third = hmac(&*key, &[&second, b"info", &[3]]);
        assert_eq!(out[..], [first, second, third].concat()[..80]);
        assert!(!hkdf_expand(&*key, b"", &mut vec![0; HKDF_BYTES_MAX + 1]));
    }
}
