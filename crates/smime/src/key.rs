//! Private keys, and certificates with theirs.

use aws_lc_rs::agreement::{self, PrivateKey as AgreementKey};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OAEP_SHA384_MGF1SHA384, OAEP_SHA512_MGF1SHA512,
    OaepPrivateDecryptingKey, Pkcs1PrivateDecryptingKey, PrivateDecryptingKey,
};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
    RSA_PKCS1_SHA256, RsaKeyPair,
};
use env::Entropy;
use zeroize::Zeroizing;

use crate::algorithm::{Digest, Padding};
use crate::asn1::{self, Reader};
use crate::certificate::{Certificate, KeyKind, pem_block, pem_blocks};
use crate::content::Dialect;
use crate::{Fault, oid};

/// A private key.
pub(crate) enum PrivateKey {
    Rsa { sign: Box<RsaKeyPair>, decrypt: Box<PrivateDecryptingKey> },
    Ec { kind: KeyKind, sign: Box<EcdsaKeyPair>, agree: Box<AgreementKey> },
    Ed25519(Box<Ed25519KeyPair>),
    Sm2(Box<gm::sm2::PrivateKey>),
}

/// A signature with what names its algorithms.
pub(crate) struct Made {
    pub(crate) digest: Digest,
    pub(crate) algorithm: Vec<u8>,
    pub(crate) signature: Vec<u8>,
}

impl PrivateKey {
    /// Reads PKCS#8 (RFC 5958).
    pub(crate) fn from_pkcs8(der: &[u8]) -> Result<Self, Fault> {
        const WHAT: &str = "a private key";
        let malformed = Fault::Malformed(WHAT);
        let mut inside = Reader(der).sequence(WHAT)?;
        inside.number(WHAT)?;
        let mut algorithm = inside.sequence(WHAT)?;
        match algorithm.oid(WHAT)? {
            oid::RSA => Ok(Self::Rsa {
                sign: Box::new(RsaKeyPair::from_pkcs8(der).map_err(|_| malformed.clone())?),
                decrypt: Box::new(PrivateDecryptingKey::from_pkcs8(der).map_err(|_| malformed)?),
            }),
            oid::EC => {
                let kind = crate::certificate::curve(algorithm.oid(WHAT)?)?;
                if kind == KeyKind::Sm2 {
                    return Ok(Self::Sm2(Box::new(gm::sm2::PrivateKey::from_der(der).map_err(|_| malformed)?)));
                }
                let (signing, agreeing) = match kind {
                    KeyKind::P256 => (&ECDSA_P256_SHA256_ASN1_SIGNING, &agreement::ECDH_P256),
                    KeyKind::P384 => (&ECDSA_P384_SHA384_ASN1_SIGNING, &agreement::ECDH_P384),
                    other => return Err(Fault::Unsupported(format!("a private key over {other}"))),
                };
                let sign = EcdsaKeyPair::from_private_key_der(signing, der).map_err(|_| malformed.clone())?;
                let agree = AgreementKey::from_private_key_der(agreeing, der).map_err(|_| malformed)?;
                Ok(Self::Ec { kind, sign: Box::new(sign), agree: Box::new(agree) })
            }
            oid::ED25519 => {
                let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map_err(|_| malformed)?;
                Ok(Self::Ed25519(Box::new(pair)))
            }
            other => Err(Fault::Unsupported(format!("a private key of the kind {other}"))),
        }
    }

    /// Whether it is the private part of the certificate's key.
    fn belongs_to(&self, certificate: &Certificate) -> bool {
        let public = match self {
            Self::Rsa { sign, .. } => sign.public_key().as_ref().to_vec(),
            Self::Ec { sign, .. } => sign.public_key().as_ref().to_vec(),
            Self::Ed25519(pair) => pair.public_key().as_ref().to_vec(),
            Self::Sm2(key) => key.public().to_sec1().to_vec(),
        };
        public == certificate.key
    }

    /// The digest that fits its strength.
    pub(crate) const fn digest(&self) -> Digest {
        match self {
            Self::Rsa { .. } | Self::Ec { kind: KeyKind::P256, .. } => Digest::Sha256,
            Self::Ec { .. } => Digest::Sha384,
            // RFC 8419 section 3.
            Self::Ed25519(_) => Digest::Sha512,
            Self::Sm2(_) => Digest::Sm3,
        }
    }

    /// Signs `message`, which is hashed on the way. Keys of SM2 take `entropy`, the others the library's.
    pub(crate) fn sign(&self, message: &[u8], dialect: Dialect, entropy: &dyn Entropy) -> Result<Made, Fault> {
        const FAILED: Fault = Fault::Malformed("a private key");
        let random = SystemRandom::new();
        let null = asn1::element(asn1::NULL, &[]);
        let (algorithm, signature) = match self {
            Self::Rsa { sign, .. } => {
                let mut signature = vec![0; sign.public_modulus_len()];
                sign.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).map_err(|_| FAILED)?;
                (asn1::algorithm(oid::RSA, &null), signature)
            }
            Self::Ec { kind, sign, .. } => {
                let signature = sign.sign(&random, message).map_err(|_| FAILED)?.as_ref().to_vec();
                let with = if *kind == KeyKind::P256 { oid::SHA256_ECDSA } else { oid::SHA384_ECDSA };
                (asn1::algorithm(with, &[]), signature)
            }
            Self::Ed25519(pair) => (asn1::algorithm(oid::ED25519, &[]), pair.sign(message).as_ref().to_vec()),
            Self::Sm2(key) => {
                let signature = key.sign(gm::sm2::DEFAULT_ID, message, entropy).map_err(|_| FAILED)?;
                let with = if dialect == Dialect::Gm { oid::SM2_SIGN } else { oid::SM2_WITH_SM3 };
                (asn1::algorithm(with, &[]), signature)
            }
        };
        Ok(Made { digest: self.digest(), algorithm, signature })
    }

    /// Decrypts a key for the content. `None` says nothing of why.
    pub(crate) fn decrypt(&self, padding: Padding, encrypted: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        if let (Self::Sm2(key), Padding::Sm2) = (self, padding) {
            // Some programs write the plain form of GB/T 32918.4 where the sequence is meant.
            let opened = key.decrypt_der(encrypted).or_else(|_| key.decrypt(encrypted));
            return opened.ok().map(Zeroizing::new);
        }
        let Self::Rsa { decrypt, .. } = self else { return None };
        let decrypt = decrypt.as_ref().clone();
        let mut room = Zeroizing::new(vec![0; decrypt.key_size_bytes()]);
        let length = match padding {
            Padding::Sm2 => return None,
            Padding::Pkcs1 => Pkcs1PrivateDecryptingKey::new(decrypt).ok()?.decrypt(encrypted, &mut room).ok()?.len(),
            Padding::Oaep(digest) => {
                let with = match digest {
                    Digest::Sha1ForPadding => &OAEP_SHA1_MGF1SHA1,
                    Digest::Sha256 => &OAEP_SHA256_MGF1SHA256,
                    Digest::Sha384 => &OAEP_SHA384_MGF1SHA384,
                    Digest::Sha512 => &OAEP_SHA512_MGF1SHA512,
                    Digest::Sm3 => return None,
                };
                OaepPrivateDecryptingKey::new(decrypt).ok()?.decrypt(with, encrypted, &mut room, None).ok()?.len()
            }
        };
        room.truncate(length);
        Some(room)
    }
}

/// A certificate with its private key: what signs, and what mail is encrypted to.
pub struct Identity {
    /// The certificate.
    pub certificate: Certificate,
    /// Certificates of the authorities between it and the root, sent along with signatures.
    pub chain: Vec<Certificate>,
    pub(crate) key: PrivateKey,
    pkcs8: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Identity({:?})", self.certificate)
    }
}

impl Identity {
    /// A certificate with its key in PKCS#8 (DER).
    ///
    /// # Errors
    /// [`Fault`] if the key cannot be read or is another's.
    pub fn new(certificate: Certificate, chain: Vec<Certificate>, pkcs8: &[u8]) -> Result<Self, Fault> {
        certificate.check_strength()?;
        let key = PrivateKey::from_pkcs8(pkcs8)?;
        if !key.belongs_to(&certificate) {
            return Err(Fault::KeyMismatch);
        }
        Ok(Self { certificate, chain, key, pkcs8: Zeroizing::new(pkcs8.to_vec()) })
    }

    /// Reads a PEM file with a key (`PRIVATE KEY`), its certificate and further ones in any order.
    ///
    /// # Errors
    /// [`Fault`] if something is missing or cannot be read.
    pub fn from_pem(file: &[u8]) -> Result<Self, Fault> {
        let key = pem_blocks(file, "PRIVATE KEY").into_iter().next();
        let key = key.ok_or(Fault::Malformed("a block PRIVATE KEY of the PEM file"))?;
        Self::choose(Certificate::read_file(file)?, &key)
    }

    /// Key, certificate and chain as PEM, as [`Identity::from_pem`] reads them.
    #[must_use]
    pub fn to_pem(&self) -> Zeroizing<String> {
        let mut pem = Zeroizing::new(pem_block("PRIVATE KEY", &self.pkcs8));
        for certificate in std::iter::once(&self.certificate).chain(&self.chain) {
            pem.push_str(&certificate.to_pem());
        }
        pem
    }

    /// The identity of `key` with that one of the certificates that is its own.
    pub(crate) fn choose(mut certificates: Vec<Certificate>, pkcs8: &[u8]) -> Result<Self, Fault> {
        let key = PrivateKey::from_pkcs8(pkcs8)?;
        let own = certificates.iter().position(|it| key.belongs_to(it)).ok_or(Fault::KeyMismatch)?;
        let certificate = certificates.swap_remove(own);
        certificates.retain(|it| it.is_authority);
        Self::new(certificate, certificates, pkcs8)
    }
}
