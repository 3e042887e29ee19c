//! Keys agreed on over elliptic curves (RFC 5753 section 3.1).

use aws_lc_rs::agreement::{self, Algorithm, PrivateKey, UnparsedPublicKey, agree};
use aws_lc_rs::key_wrap::{AES_128, AES_256, AesKek, KeyWrap};
use der::oid::ObjectIdentifier;
use zeroize::Zeroizing;

use crate::algorithm::Digest;
use crate::asn1::{self, Element};
use crate::certificate::KeyKind;
use crate::{Certificate, Fault, oid};

/// How both sides make the key that wraps the content's key.
pub(super) struct Scheme<'a> {
    pub(super) digest: Digest,
    /// Name of the wrapping as DER, as it stands in the message.
    pub(super) wrapping: &'a [u8],
    /// Octets of the key that wraps.
    pub(super) key_bytes: usize,
    /// Material that the sender adds.
    pub(super) material: Option<&'a [u8]>,
}

pub(super) fn digest_of(scheme: ObjectIdentifier) -> Result<Digest, Fault> {
    match scheme {
        // SHA-1 makes a key here and signs nothing; OpenSSL's default.
        oid::STD_DH_SHA1 => Ok(Digest::Sha1ForPadding),
        oid::STD_DH_SHA256 => Ok(Digest::Sha256),
        oid::STD_DH_SHA384 => Ok(Digest::Sha384),
        oid::STD_DH_SHA512 => Ok(Digest::Sha512),
        other => Err(Fault::Unsupported(format!("the agreement on keys {other}"))),
    }
}

pub(super) fn wrapping_bytes(wrapping: &Element<'_>) -> Result<usize, Fault> {
    match crate::algorithm::read_algorithm(wrapping)?.0 {
        oid::WRAP_AES_128 => Ok(16),
        oid::WRAP_AES_256 => Ok(32),
        other => Err(Fault::Unsupported(format!("the wrapping of keys {other}"))),
    }
}

impl Scheme<'_> {
    /// ECC-CMS-SharedInfo (RFC 5753 section 7.2).
    fn shared_info(&self) -> Vec<u8> {
        let bits = u32::try_from(self.key_bytes * 8).unwrap_or(0).to_be_bytes();
        let material = self.material.map(|it| asn1::element(asn1::field(0), &[&asn1::octets(it)])).unwrap_or_default();
        asn1::sequence(&[self.wrapping, &material, &asn1::element(asn1::field(2), &[&asn1::octets(&bits)])])
    }

    /// The key that wraps, from the shared secret (ANSI X9.63, SEC 1 section 3.6.1).
    fn derive(&self, secret: &[u8]) -> Zeroizing<Vec<u8>> {
        let info = self.shared_info();
        let mut key = Zeroizing::new(Vec::with_capacity(self.key_bytes + 64));
        for counter in 1_u32.. {
            if key.len() >= self.key_bytes {
                break;
            }
            key.extend_from_slice(&self.digest.hash(&[secret, &counter.to_be_bytes(), &info]));
        }
        key.truncate(self.key_bytes);
        key
    }

    fn kek(&self, secret: &[u8]) -> Result<AesKek, ()> {
        let cipher = if self.key_bytes == 16 { &AES_128 } else { &AES_256 };
        AesKek::new(cipher, &self.derive(secret)).map_err(|_| ())
    }

    /// Takes the content's key out of `wrapped`. `None` says nothing of why.
    pub(super) fn unwrap(&self, own: &PrivateKey, theirs: &[u8], wrapped: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        agree(own, UnparsedPublicKey::new(own.algorithm(), theirs), (), |secret| {
            let mut room = Zeroizing::new(vec![0; wrapped.len()]);
            let length = self.kek(secret)?.unwrap(wrapped, &mut room).map_err(|_| ())?.len();
            room.truncate(length);
            Ok(room)
        })
        .ok()
    }

    /// Wraps the content's key for `certificate`; gives the point that its reader needs, too.
    pub(super) fn wrap(&self, certificate: &Certificate, key: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Fault> {
        const FAILED: Fault = Fault::Malformed("the key of a certificate");
        let curve = curve(certificate.key_kind)?;
        let own = PrivateKey::generate(curve).map_err(|_| FAILED)?;
        let point = own.compute_public_key().map_err(|_| FAILED)?.as_ref().to_vec();
        let wrapped = agree(&own, UnparsedPublicKey::new(curve, &certificate.key), FAILED, |secret| {
            let mut room = vec![0; key.len() + 8];
            let length = self.kek(secret).map_err(|()| FAILED)?.wrap(key, &mut room).map_err(|_| FAILED)?.len();
            room.truncate(length);
            Ok(room)
        })?;
        Ok((point, wrapped))
    }
}

fn curve(kind: KeyKind) -> Result<&'static Algorithm, Fault> {
    match kind {
        KeyKind::P256 => Ok(&agreement::ECDH_P256),
        KeyKind::P384 => Ok(&agreement::ECDH_P384),
        KeyKind::P521 => Ok(&agreement::ECDH_P521),
        KeyKind::Rsa(_) | KeyKind::Ed25519 | KeyKind::Sm2 => {
            Err(Fault::Unsupported(format!("encryption to a key of {kind}")))
        }
    }
}
