//! SM4-GCM (RFC 8998 section 2.1.1; the mode is NIST SP 800-38D) with nonces of 96 bits and tags of 128.

use ghash::GHash;
use ghash::universal_hash::UniversalHash;
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use super::{BLOCK_BYTES, KEY_BYTES, Sm4, WIDE_BLOCKS};
use crate::GmError;

/// Bytes of a nonce.
pub const NONCE_BYTES: usize = 12;
/// Bytes of a tag.
pub const TAG_BYTES: usize = 16;

/// Most bytes under one nonce: 2³² - 2 blocks (SP 800-38D section 5.2.1.1).
const TEXT_BYTES_MAX: u64 = ((1 << 32) - 2) * BLOCK_BYTES as u64;

/// A key for SM4-GCM. Overwritten when dropped.
pub struct Sm4Gcm {
    cipher: Sm4,
    hash: GHash,
}

impl Sm4Gcm {
    /// The mode under `key`.
    #[must_use]
    pub fn new(key: &[u8; KEY_BYTES]) -> Self {
        let cipher = Sm4::new(key);
        let mut subkey = [0; BLOCK_BYTES];
        cipher.encrypt_blocks(std::slice::from_mut(&mut subkey));
        let hash = GHash::new(&subkey.into());
        subkey.zeroize();
        Self { cipher, hash }
    }

    /// Encrypts `text` in place and gives the tag over it and `associated`. A nonce must never be used twice under one key.
    ///
    /// # Errors
    /// [`GmError::Encryption`] if the text is longer than the mode allows (64 GB).
    pub fn seal(
        &self,
        nonce: &[u8; NONCE_BYTES],
        associated: &[u8],
        text: &mut [u8],
    ) -> Result<[u8; TAG_BYTES], GmError> {
        if text.len() as u64 > TEXT_BYTES_MAX {
            return Err(GmError::Encryption("it is longer than one nonce allows"));
        }
        let mask = self.apply_stream(nonce, text);
        Ok(self.tag(mask, associated, text))
    }

    /// Decrypts `text` in place if the tag fits; otherwise it stays as it is.
    ///
    /// # Errors
    /// [`GmError::Decryption`] if text, tag, nonce or associated data are not those of a sealing under this key.
    pub fn open(
        &self,
        nonce: &[u8; NONCE_BYTES],
        associated: &[u8],
        text: &mut [u8],
        tag: &[u8],
    ) -> Result<(), GmError> {
        if text.len() as u64 > TEXT_BYTES_MAX {
            return Err(GmError::Decryption);
        }
        let mut mask = counter(nonce, 1);
        self.cipher.encrypt_blocks(std::slice::from_mut(&mut mask));
        let wanted = self.tag(mask, associated, text);
        if !bool::from(wanted[..].ct_eq(tag)) {
            return Err(GmError::Decryption);
        }
        self.apply_stream(nonce, text);
        Ok(())
    }

    /// Adds the key stream to `text`, and gives the block before it, which masks the tag.
    fn apply_stream(&self, nonce: &[u8; NONCE_BYTES], text: &mut [u8]) -> [u8; BLOCK_BYTES] {
        let mut stream = [[0; BLOCK_BYTES]; WIDE_BLOCKS];
        let mut number = 1_u32;
        // The mask is the first block of the stream, so that a short text needs no second batch.
        let first = text.len().min((WIDE_BLOCKS - 1) * BLOCK_BYTES);
        let (first, rest) = text.split_at_mut(first);
        let filled = &mut stream[..1 + first.len().div_ceil(BLOCK_BYTES)];
        number = self.fill_stream(nonce, number, filled);
        let mask = filled[0];
        mix(first, filled[1..].as_flattened());
        for chunk in rest.chunks_mut(WIDE_BLOCKS * BLOCK_BYTES) {
            let filled = &mut stream[..chunk.len().div_ceil(BLOCK_BYTES)];
            number = self.fill_stream(nonce, number, filled);
            mix(chunk, filled.as_flattened());
        }
        stream.zeroize();
        mask
    }

    /// Fills `stream` with the key stream from the counter `number` on, and gives the next one.
    fn fill_stream(&self, nonce: &[u8; NONCE_BYTES], mut number: u32, stream: &mut [[u8; BLOCK_BYTES]]) -> u32 {
        for block in stream.iter_mut() {
            *block = counter(nonce, number);
            number = number.wrapping_add(1);
        }
        self.cipher.encrypt_blocks(stream);
        number
    }

    fn tag(&self, mask: [u8; BLOCK_BYTES], associated: &[u8], text: &[u8]) -> [u8; TAG_BYTES] {
        let mut hash = self.hash.clone();
        hash.update_padded(associated);
        hash.update_padded(text);
        let mut lengths = [0; BLOCK_BYTES];
        lengths[..8].copy_from_slice(&(associated.len() as u64 * 8).to_be_bytes());
        lengths[8..].copy_from_slice(&(text.len() as u64 * 8).to_be_bytes());
        hash.update(&[lengths.into()]);
        let mut tag: [u8; TAG_BYTES] = hash.finalize().into();
        mix(&mut tag, &mask);
        tag
    }
}

fn counter(nonce: &[u8; NONCE_BYTES], number: u32) -> [u8; BLOCK_BYTES] {
    let mut block = [0; BLOCK_BYTES];
    block[..NONCE_BYTES].copy_from_slice(nonce);
    block[NONCE_BYTES..].copy_from_slice(&number.to_be_bytes());
    block
}

fn mix(text: &mut [u8], stream: &[u8]) {
    text.iter_mut().zip(stream).for_each(|(octet, key)| *octet ^= key);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::hex;

    const KEY: &str = "0123456789abcdeffedcba9876543210";
    const NONCE: &str = "00001234567800000000abcd";
    const ASSOCIATED: &str = "feedfacedeadbeeffeedfacedeadbeefabaddad2";

    fn key() -> Sm4Gcm {
        Sm4Gcm::new(&hex(KEY).try_into().unwrap())
    }

    fn nonce() -> [u8; 12] {
        hex(NONCE).try_into().unwrap()
    }

    /// RFC 8998 appendix A.1.
    #[test]
    fn example_of_the_rfc() {
        let plain = hex("aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd\
             eeeeeeeeeeeeeeeeffffffffffffffffeeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa");
        let mut text = plain.clone();
        let tag = key().seal(&nonce(), &hex(ASSOCIATED), &mut text).unwrap();
        let wanted = hex("17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735\
             d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d");
        assert_eq!(text, wanted);
        assert_eq!(tag[..], hex("83de3541e4c2b58177e065a9bf7b62ec"));
        key().open(&nonce(), &hex(ASSOCIATED), &mut text, &tag).unwrap();
        assert_eq!(text, plain);
    }

    #[test]
    fn every_length_round_trips_and_no_alteration_passes() {
        let key = key();
        for length in [0, 1, 15, 16, 17, 255, 256, 1007, 1008, 1009, 1024, 2031, 2032, 2033, 16_401] {
            let plain: Vec<u8> = (0..length).map(|at: usize| (at * 7) as u8).collect();
            let mut text = plain.clone();
            let tag = key.seal(&nonce(), b"associated", &mut text).unwrap();
            let sealed = text.clone();
            assert!(key.open(&nonce(), b"other", &mut text, &tag).is_err());
            assert!(key.open(&[9; 12], b"associated", &mut text, &tag).is_err());
            assert!(key.open(&nonce(), b"associated", &mut text, &tag[..15]).is_err());
            let mut wrong = tag;
            wrong[3] ^= 0x10;
            assert!(key.open(&nonce(), b"associated", &mut text, &wrong).is_err());
            assert_eq!(text, sealed, "a refused text stays as it is");
            if let Some(last) = text.last_mut() {
                *last ^= 1;
                assert!(key.open(&nonce(), b"associated", &mut text, &tag).is_err());
                text.clone_from(&sealed);
            }
            key.open(&nonce(), b"associated", &mut text, &tag).unwrap();
            assert_eq!(text, plain, "{length}");
        }
    }

    /// The stream written out block by block.
    #[test]
    fn long_texts_count_on() {
        let key = key();
        let mut text = vec![0; 5000];
        key.seal(&nonce(), b"", &mut text).unwrap();
        for (number, block) in (2..).zip(text.chunks(16)) {
            let mut wanted = counter(&nonce(), number);
            key.cipher.encrypt_blocks(std::slice::from_mut(&mut wanted));
            assert_eq!(block, &wanted[..block.len()], "block {number}");
        }
    }
}
