//! Private keys that sign handshakes.

use std::sync::Arc;

use env::Entropy;
use rustls::crypto::KeyProvider;
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::{Error, SignatureAlgorithm, SignatureScheme};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, SubjectPublicKeyInfoDer};

use super::{HANDSHAKE_ID, SCHEME, Source};
use crate::sm2::PrivateKey;

/// A key that signs `CertificateVerify` messages (RFC 8998 section 3.2.1).
pub struct Sm2SigningKey {
    key: PrivateKey,
    entropy: &'static dyn Entropy,
}

impl KeyProvider for Source {
    fn load_private_key(&self, key: PrivateKeyDer<'static>) -> Result<Arc<dyn SigningKey>, Error> {
        let key = PrivateKey::from_der(key.secret_der()).map_err(|cause| Error::General(cause.to_string()))?;
        Ok(Arc::new(Sm2SigningKey { key, entropy: self.0 }))
    }
}

/// A chain with its key, for a server or a client. That the key is the one of the first certificate is checked.
///
/// # Errors
/// [`Error`] if the key is none of SM2, or the two do not belong together.
pub fn certified_key(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<CertifiedKey, Error> {
    CertifiedKey::from_der(chain, key, &super::provider())
}

impl SigningKey for Sm2SigningKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        offered
            .contains(&SCHEME)
            .then(|| Box::new(HandshakeSigner { key: self.key.clone(), entropy: self.entropy }) as Box<dyn Signer>)
    }

    fn public_key(&self) -> Option<SubjectPublicKeyInfoDer<'_>> {
        self.key.public().to_spki().ok().map(SubjectPublicKeyInfoDer::from)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        // The last byte of the scheme, by which TLS 1.2 told kinds of keys apart; TLS 1.3 does not look at it.
        SignatureAlgorithm::Unknown(0x08)
    }
}

impl std::fmt::Debug for Sm2SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Sm2SigningKey").field(&self.key).finish()
    }
}

struct HandshakeSigner {
    key: PrivateKey,
    entropy: &'static dyn Entropy,
}

impl Signer for HandshakeSigner {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        self.key.sign(HANDSHAKE_ID, message, self.entropy).map_err(|cause| Error::General(cause.to_string()))
    }

    fn scheme(&self) -> SignatureScheme {
        SCHEME
    }
}

impl std::fmt::Debug for HandshakeSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("HandshakeSigner").field(&self.key).finish()
    }
}
