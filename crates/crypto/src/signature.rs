//! Signatures over short texts, as JOSE writes them: ECDSA on P-256 with SHA-256 (RFC 7518 section 3.4), and RSASSA-PKCS1-v1_5 with
//! SHA-256 (section 3.3) for those who know nothing newer.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};

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

/// A private key for RS256: 2048 bits, public exponent 65537.
pub struct Rs256Key(RsaKeyPair);

impl Rs256Key {
    /// A fresh key, and its PKCS#8 form for safe keeping. Takes up to some hundreds of milliseconds of a processor: not for threads that
    /// serve others.
    ///
    /// # Errors
    /// [`SignatureError`] if the library fails.
    pub fn generate() -> Result<(Self, Vec<u8>), SignatureError> {
        let key = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| SignatureError)?;
        let der: Pkcs8V1Der<'_> = key.as_der().map_err(|_| SignatureError)?;
        let pkcs8 = der.as_ref().to_vec();
        Ok((Self(key), pkcs8))
    }

    /// The key of this PKCS#8 form.
    ///
    /// # Errors
    /// [`SignatureError`] if it is none.
    pub fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, SignatureError> {
        RsaKeyPair::from_pkcs8(pkcs8).map(Self).map_err(|_| SignatureError)
    }

    /// The modulus, the most significant octet first, without a leading zero.
    #[must_use]
    pub fn modulus(&self) -> Vec<u8> {
        self.0.public_key().modulus().big_endian_without_leading_zero().to_vec()
    }

    /// The signature.
    ///
    /// # Errors
    /// [`SignatureError`] if the library fails.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignatureError> {
        let mut signature = vec![0; self.0.public_modulus_len()];
        let random = SystemRandom::new();
        self.0.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).map_err(|_| SignatureError)?;
        Ok(signature)
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
    };

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

    #[test]
    fn an_rsa_key_that_was_kept_signs_for_the_same_modulus() {
        let (key, pkcs8) = Rs256Key::generate().unwrap();
        let again = Rs256Key::from_pkcs8(&pkcs8).unwrap();
        assert_eq!((key.modulus(), key.modulus().len()), (again.modulus(), 256));
        let signature = again.sign(b"text").unwrap();
        let public = RsaPublicKeyComponents { n: key.modulus(), e: vec![1, 0, 1] };
        public.verify(&RSA_PKCS1_2048_8192_SHA256, b"text", &signature).unwrap();
        assert!(public.verify(&RSA_PKCS1_2048_8192_SHA256, b"other", &signature).is_err());
        assert!(Rs256Key::from_pkcs8(b"nonsense").is_err());
    }
}
