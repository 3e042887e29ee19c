//! Public-key encryption (GB/T 32918.4): for keys and other short secrets.

use ::sm2::pke::{DecryptingKey, EncryptingKey, Mode};
use env::Entropy;

use super::random::EntropyRng;
use super::{POINT_BYTES, PrivateKey, PublicKey};
use crate::GmError;
use crate::der::{self, Reader};
use crate::sm3;

/// Most bytes that are encrypted in one piece: this is for keys, not for letters.
const PLAIN_BYTES_MAX: usize = 64 * 1024;

/// Bytes before the text in the plain form: point and hash.
const HEAD_BYTES: usize = POINT_BYTES + sm3::BYTES;

impl PublicKey {
    /// Encrypts as C1 ‖ C3 ‖ C2: point (uncompressed), hash, text (GB/T 32918.4 section 6.1).
    ///
    /// # Errors
    /// [`GmError::Encryption`] if `plain` is empty, for which the standard has no form, or longer than 64 KiB.
    pub fn encrypt(&self, plain: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>, GmError> {
        if plain.is_empty() {
            return Err(GmError::Encryption("it is empty"));
        }
        if plain.len() > PLAIN_BYTES_MAX {
            return Err(GmError::Encryption("it is longer than 64 KiB; encrypt it with SM4 and its key with SM2"));
        }
        EncryptingKey::new_with_mode(self.0, Mode::C1C3C2)
            .encrypt(&mut EntropyRng(entropy), plain)
            .map_err(|_| GmError::Encryption("the public key has no use"))
    }

    /// Encrypts as the DER sequence `SM2Cipher` of x, y, hash and text (GM/T 0009 section 7.2), as CMS wants it.
    ///
    /// # Errors
    /// As [`Self::encrypt`].
    pub fn encrypt_der(&self, plain: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>, GmError> {
        let raw = self.encrypt(plain, entropy)?;
        let (point, rest) = raw.split_at_checked(POINT_BYTES).ok_or(GmError::Encryption("the form is unknown"))?;
        let (hash, text) = rest.split_at_checked(sm3::BYTES).ok_or(GmError::Encryption("the form is unknown"))?;
        Ok(der::write(
            der::SEQUENCE,
            &[
                &der::unsigned(&point[1..33]),
                &der::unsigned(&point[33..]),
                &der::write(der::OCTET_STRING, &[hash]),
                &der::write(der::OCTET_STRING, &[text]),
            ],
        ))
    }
}

impl PrivateKey {
    /// Decrypts C1 ‖ C3 ‖ C2 (GB/T 32918.4 section 7.1); the point may be compressed.
    ///
    /// # Errors
    /// [`GmError::Decryption`] if it was altered or is for another key.
    pub fn decrypt(&self, cipher: &[u8]) -> Result<Vec<u8>, GmError> {
        if cipher.len() > HEAD_BYTES + PLAIN_BYTES_MAX {
            return Err(GmError::Decryption);
        }
        DecryptingKey::new_with_mode(self.0.to_nonzero_scalar(), Mode::C1C3C2)
            .decrypt(cipher)
            .map_err(|_| GmError::Decryption)
    }

    /// Decrypts the DER sequence `SM2Cipher`.
    ///
    /// # Errors
    /// [`GmError::Decryption`] if it is none, was altered or is for another key.
    pub fn decrypt_der(&self, cipher: &[u8]) -> Result<Vec<u8>, GmError> {
        self.decrypt(&plain_form(cipher).ok_or(GmError::Decryption)?)
    }
}

/// `SM2Cipher` as C1 ‖ C3 ‖ C2.
fn plain_form(cipher: &[u8]) -> Option<Vec<u8>> {
    let mut outer = Reader::new(cipher);
    let mut parts = Reader::new(outer.expect(der::SEQUENCE)?);
    let (x, y) = (parts.unsigned_32()?, parts.unsigned_32()?);
    let (hash, text) = (parts.expect(der::OCTET_STRING)?, parts.expect(der::OCTET_STRING)?);
    let whole = outer.is_empty() && parts.is_empty() && hash.len() == sm3::BYTES;
    whole.then(|| [&[4], &x[..], &y, hash, text].concat())
}
