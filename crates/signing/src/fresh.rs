//! New keys.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mailauth::KeyKind;
use zeroize::Zeroizing;

use crate::SigningError;

/// A key that is not in the store yet. Its private part is wiped when dropped.
#[derive(Clone)]
pub struct FreshKey {
    pub(crate) kind: KeyKind,
    /// PKCS #8.
    pub(crate) private: Zeroizing<Vec<u8>>,
    /// Value of the TXT record.
    pub(crate) record: String,
}

impl FreshKey {
    /// Makes one key of each kind: RSA of 2,048 bits for everybody (RFC 8301 section 3.2), Ed25519 beside it (RFC 8463). Takes a moment of
    /// the processor: not for a thread that must not wait.
    ///
    /// # Errors
    /// [`SigningError::Make`] if the machine has no randomness.
    pub fn pair() -> Result<Vec<Self>, SigningError> {
        Ok(vec![Self::rsa()?, Self::ed25519()?])
    }

    fn rsa() -> Result<Self, SigningError> {
        let key = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| SigningError::Make)?;
        let private: Pkcs8V1Der<'_> = key.as_der().map_err(|_| SigningError::Make)?;
        let public: PublicKeyX509Der<'_> = key.public_key().as_der().map_err(|_| SigningError::Make)?;
        Ok(Self::of(KeyKind::Rsa, private.as_ref(), public.as_ref()))
    }

    fn ed25519() -> Result<Self, SigningError> {
        let key = Ed25519KeyPair::generate().map_err(|_| SigningError::Make)?;
        let private = key.to_pkcs8v1().map_err(|_| SigningError::Make)?;
        Ok(Self::of(KeyKind::Ed25519, private.as_ref(), key.public_key().as_ref()))
    }

    fn of(kind: KeyKind, private: &[u8], public: &[u8]) -> Self {
        let record = format!("v=DKIM1; k={}; p={}", kind.word(), STANDARD.encode(public));
        Self { kind, private: Zeroizing::new(private.to_vec()), record }
    }
}
