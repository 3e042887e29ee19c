//! Digests, and signatures verified: what is strong enough, and by what name it goes.

use aws_lc_rs::digest;
use aws_lc_rs::signature::{self as sig, UnparsedPublicKey, VerificationAlgorithm};
use der::oid::ObjectIdentifier;
use rsa::pkcs1::DecodeRsaPublicKey;

use crate::asn1::{self, Element, Reader};
use crate::certificate::{Certificate, KeyKind};
use crate::{Fault, oid};

/// A digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Digest {
    /// Within OAEP alone, where its weakness does not matter; never for signatures.
    Sha1ForPadding,
    Sha256,
    Sha384,
    Sha512,
    Sm3,
}

impl Digest {
    pub(crate) fn of(algorithm: ObjectIdentifier) -> Result<Self, Fault> {
        match algorithm {
            oid::SHA256 => Ok(Self::Sha256),
            oid::SHA384 => Ok(Self::Sha384),
            oid::SHA512 => Ok(Self::Sha512),
            oid::SHA1 => Err(Fault::Weak("SHA-1".to_owned())),
            oid::MD5 => Err(Fault::Weak("MD5".to_owned())),
            oid::SM3 => Ok(Self::Sm3),
            other => Err(Fault::Unsupported(format!("the digest {other}"))),
        }
    }

    pub(crate) const fn oid(self) -> ObjectIdentifier {
        match self {
            Self::Sha1ForPadding => oid::SHA1,
            Self::Sha256 => oid::SHA256,
            Self::Sha384 => oid::SHA384,
            Self::Sha512 => oid::SHA512,
            Self::Sm3 => oid::SM3,
        }
    }

    /// Its name in `micalg` (RFC 8551 section 3.5.3.2) and for people.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sha1ForPadding => "sha-1",
            Self::Sha256 => "sha-256",
            Self::Sha384 => "sha-384",
            Self::Sha512 => "sha-512",
            Self::Sm3 => "sm3",
        }
    }

    /// Octets of the digest, and of a block of what it hashes.
    pub(crate) const fn sizes(self) -> (usize, usize) {
        match self {
            Self::Sha1ForPadding => (20, 64),
            Self::Sha256 | Self::Sm3 => (32, 64),
            Self::Sha384 => (48, 128),
            Self::Sha512 => (64, 128),
        }
    }

    pub(crate) fn hash(self, parts: &[&[u8]]) -> Vec<u8> {
        let algorithm = match self {
            Self::Sha1ForPadding => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
            Self::Sm3 => {
                let mut hasher = gm::sm3::Hasher::default();
                parts.iter().for_each(|part| hasher.update(part));
                return hasher.finish().to_vec();
            }
        };
        let mut context = digest::Context::new(algorithm);
        parts.iter().for_each(|part| context.update(part));
        context.finish().as_ref().to_vec()
    }
}

/// How a key is padded for RSA.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Padding {
    /// RSAES-PKCS1-v1_5 (RFC 8017 section 7.2).
    Pkcs1,
    /// RSAES-OAEP with this digest for both its uses (section 7.1).
    Oaep(Digest),
    /// None: SM2 encrypts keys itself (GB/T 32918.4).
    Sm2,
}

/// An AlgorithmIdentifier: its name and its parameters.
pub(crate) fn read_algorithm<'a>(element: &Element<'a>) -> Result<(ObjectIdentifier, Option<Element<'a>>), Fault> {
    const WHAT: &str = "the name of an algorithm";
    let mut inside = element.inside();
    let algorithm = inside.oid(WHAT)?;
    let parameters = if inside.is_empty() { None } else { Some(inside.any(WHAT)?) };
    Ok((algorithm, parameters))
}

/// Whether `signature` over `message` was made with the certificate's key.
pub(crate) fn verify(
    certificate: &Certificate,
    digest: Digest,
    algorithm: &Element<'_>,
    message: &[u8],
    signature: &[u8],
) -> Result<(), Fault> {
    certificate.check_strength()?;
    let (name, parameters) = read_algorithm(algorithm)?;
    let said = match name {
        oid::SHA256_RSA | oid::SHA256_ECDSA => Some(Digest::Sha256),
        oid::SHA384_RSA | oid::SHA384_ECDSA => Some(Digest::Sha384),
        oid::SHA512_RSA | oid::SHA512_ECDSA | oid::ED25519 => Some(Digest::Sha512),
        oid::SM2_WITH_SM3 | oid::SM2_SIGN | oid::SM2 => Some(Digest::Sm3),
        oid::RSA | oid::EC | oid::RSA_PSS => None,
        oid::SHA1_RSA | oid::SHA1_ECDSA => return Err(Fault::Weak("SHA-1".to_owned())),
        oid::MD5_RSA => return Err(Fault::Weak("MD5".to_owned())),
        other => return Err(Fault::Unsupported(format!("the signature {other}"))),
    };
    if said.is_some_and(|said| said != digest) {
        return Err(Fault::Malformed("a signature, which names two digests,"));
    }
    if certificate.key_kind == KeyKind::Sm2 && digest == Digest::Sm3 {
        let key = gm::sm2::PublicKey::from_sec1(&certificate.key).map_err(|_| Fault::Malformed("an SM2 key"))?;
        return key.verify(gm::sm2::DEFAULT_ID, message, signature).map_err(|_| Fault::Altered);
    }
    let primitive: &'static dyn VerificationAlgorithm = match (certificate.key_kind, digest) {
        (KeyKind::Rsa(_), _) if name == oid::RSA_PSS => {
            return verify_pss(certificate, digest, parameters.as_ref(), message, signature);
        }
        (KeyKind::Rsa(_), Digest::Sha256) => &sig::RSA_PKCS1_2048_8192_SHA256,
        (KeyKind::Rsa(_), Digest::Sha384) => &sig::RSA_PKCS1_2048_8192_SHA384,
        (KeyKind::Rsa(_), Digest::Sha512) => &sig::RSA_PKCS1_2048_8192_SHA512,
        (KeyKind::P256, Digest::Sha256) => &sig::ECDSA_P256_SHA256_ASN1,
        (KeyKind::P256, Digest::Sha384) => &sig::ECDSA_P256_SHA384_ASN1,
        (KeyKind::P256, Digest::Sha512) => &sig::ECDSA_P256_SHA512_ASN1,
        (KeyKind::P384, Digest::Sha256) => &sig::ECDSA_P384_SHA256_ASN1,
        (KeyKind::P384, Digest::Sha384) => &sig::ECDSA_P384_SHA384_ASN1,
        (KeyKind::P384, Digest::Sha512) => &sig::ECDSA_P384_SHA512_ASN1,
        (KeyKind::P521, Digest::Sha256) => &sig::ECDSA_P521_SHA256_ASN1,
        (KeyKind::P521, Digest::Sha384) => &sig::ECDSA_P521_SHA384_ASN1,
        (KeyKind::P521, Digest::Sha512) => &sig::ECDSA_P521_SHA512_ASN1,
        (KeyKind::Ed25519, Digest::Sha512) => &sig::ED25519,
        (kind, digest) => return Err(Fault::Unsupported(format!("{kind} with {}", digest.name()))),
    };
    let is_family = match name {
        oid::EC | oid::SHA256_ECDSA | oid::SHA384_ECDSA | oid::SHA512_ECDSA => {
            matches!(certificate.key_kind, KeyKind::P256 | KeyKind::P384 | KeyKind::P521)
        }
        oid::ED25519 => certificate.key_kind == KeyKind::Ed25519,
        _ => matches!(certificate.key_kind, KeyKind::Rsa(_)),
    };
    if !is_family {
        return Err(Fault::Altered);
    }
    UnparsedPublicKey::new(primitive, &certificate.key).verify(message, signature).map_err(|_| Fault::Altered)
}

/// RSASSA-PSS with the salt that the parameters say (RFC 8017 appendix A.2.3, RFC 4056).
fn verify_pss(
    certificate: &Certificate,
    digest: Digest,
    parameters: Option<&Element<'_>>,
    message: &[u8],
    signature: &[u8],
) -> Result<(), Fault> {
    const WHAT: &str = "the parameters of a signature";
    let mut inside = parameters.ok_or(Fault::Malformed(WHAT))?.inside();
    // The default of digest and mask is SHA-1.
    let sha1 = || Fault::Weak("SHA-1".to_owned());
    let hash = inside.optional(asn1::field(0), WHAT)?.ok_or_else(sha1)?;
    let said = Digest::of(hash.inside().sequence(WHAT)?.oid(WHAT)?)?;
    let mask = inside.optional(asn1::field(1), WHAT)?.ok_or_else(sha1)?;
    let mut mask = mask.inside().sequence(WHAT)?;
    let is_mgf1 = mask.oid(WHAT)? == oid::MGF1;
    let mask_digest = Digest::of(mask.sequence(WHAT)?.oid(WHAT)?)?;
    let salt = match inside.optional(asn1::field(2), WHAT)? {
        Some(salt) => salt.inside().number(WHAT)? as usize,
        None => 20,
    };
    if said != digest || mask_digest != digest || !is_mgf1 {
        return Err(Fault::Unsupported("RSASSA-PSS with different digests".to_owned()));
    }
    if salt > certificate.key.len() {
        return Err(Fault::Malformed(WHAT));
    }
    let key = rsa::RsaPublicKey::from_pkcs1_der(&certificate.key).map_err(|_| Fault::Malformed("an RSA key"))?;
    let hashed = digest.hash(&[message]);
    let verified = match digest {
        Digest::Sha256 => key.verify(rsa::Pss::<sha2::Sha256>::new_with_salt(salt), &hashed, signature),
        Digest::Sha384 => key.verify(rsa::Pss::<sha2::Sha384>::new_with_salt(salt), &hashed, signature),
        Digest::Sha512 => key.verify(rsa::Pss::<sha2::Sha512>::new_with_salt(salt), &hashed, signature),
        Digest::Sha1ForPadding => return Err(sha1()),
        Digest::Sm3 => return Err(Fault::Unsupported("RSASSA-PSS with SM3".to_owned())),
    };
    verified.map_err(|_| Fault::Altered)
}

/// Parameters of RSAES-OAEP (RFC 8017 appendix A.2.1, RFC 4055 section 4.1).
pub(crate) fn read_oaep(parameters: Option<&Element<'_>>) -> Result<Digest, Fault> {
    const WHAT: &str = "the parameters of an encrypted key";
    let read = |reader: &mut Reader<'_>| match reader.oid(WHAT)? {
        oid::SHA1 => Ok(Digest::Sha1ForPadding),
        other => Digest::of(other),
    };
    let Some(parameters) = parameters.filter(|it| it.tag == asn1::SEQUENCE) else {
        return Ok(Digest::Sha1ForPadding);
    };
    let mut inside = parameters.inside();
    let digest = match inside.optional(asn1::field(0), WHAT)? {
        Some(hash) => read(&mut hash.inside().sequence(WHAT)?)?,
        None => Digest::Sha1ForPadding,
    };
    let mask = match inside.optional(asn1::field(1), WHAT)? {
        Some(mask) => {
            let mut mask = mask.inside().sequence(WHAT)?;
            mask.oid(WHAT)?;
            read(&mut mask.sequence(WHAT)?)?
        }
        None => Digest::Sha1ForPadding,
    };
    if mask != digest || !inside.is_empty() {
        return Err(Fault::Unsupported("RSAES-OAEP with different digests or a label".to_owned()));
    }
    Ok(digest)
}

/// RSAES-OAEP with SHA-256 throughout.
pub(crate) fn oaep_sha256() -> Vec<u8> {
    let null = asn1::element(asn1::NULL, &[]);
    let sha256 = asn1::algorithm(oid::SHA256, &null);
    let mask = asn1::algorithm(oid::MGF1, &sha256);
    let parameters =
        asn1::sequence(&[&asn1::element(asn1::field(0), &[&sha256]), &asn1::element(asn1::field(1), &[&mask])]);
    asn1::algorithm(oid::RSA_OAEP, &parameters)
}
