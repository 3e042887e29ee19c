//! Signatures over short texts: ECDSA on P-256 with SHA-256, as JOSE writes it (RFC 7518 section 3.4).

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};

/// A key that cannot be made, read or used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the key cannot be made, read or used")]
pub struct SignatureError;

/// A private key for ES256.
pub struct Es256Key(EcdsaKeyPair);

impl Es256Key {
    /// A fresh key, and its PKCS#8 form for safe keeping.
    ///
    /// # Errors
    /// [`SignatureError`] if the library fails.
    pub fn generate() -> Result<(Self, Vec<u8>), SignatureError> {
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
            .map_err(|_| SignatureError)?;
        let pkcs8 = document.as_ref().to_vec();
        Ok((Self::from_pkcs8(&pkcs8)?, pkcs8))
    }

    /// The key of this PKCS#8 form.
    ///
    /// # Errors
    /// [`SignatureError`] if it is none.
    pub fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, SignatureError> {
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).map(Self).map_err(|_| SignatureError)
    }

    /// The public point, uncompressed: 0x04, x, y.
    #[must_use]
    pub fn public(&self) -> &[u8] {
        self.0.public_key().as_ref()
    }

    /// The signature as r and s, 32 octets each.
    ///
    /// # Errors
    /// [`SignatureError`] if the library fails.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignatureError> {
        let signature = self.0.sign(&SystemRandom::new(), message).map_err(|_| SignatureError)?;
        Ok(signature.as_ref().to_vec())
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

    use super::*;

    #[test]
    fn a_key_that_was_kept_signs_for_the_same_public_key() {
        let (key, pkcs8) = Es256Key::generate().unwrap();
        let again = Es256Key::from_pkcs8(&pkcs8).unwrap();
        assert_eq!(key.public(), again.public());
        assert_eq!(key.public().len(), 65);
        let signature = again.sign(b"text").unwrap();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.public()).verify(b"text", &signature).unwrap();
        assert!(Es256Key::from_pkcs8(b"nonsense").is_err());
    }
}
