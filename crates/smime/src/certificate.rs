//! Certificates of people (RFC 5280, RFC 8550) and what they say.

use aws_lc_rs::digest;
use der::oid::ObjectIdentifier;
use env::Timestamp;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::FromDer;
use x509_parser::x509::X509Name;
use zeroize::Zeroizing;

use crate::asn1::{Element, Reader};
use crate::{Fault, oid};

/// Octets of a certificate that is read.
const BYTES_MAX: usize = 1 << 20;

/// Addresses of a certificate that are looked at.
const EMAILS_MAX: usize = 64;

/// Bits that an RSA key must have (RFC 8551 section 4.4).
pub(crate) const RSA_BITS_MIN: usize = 2048;

/// Bits that an RSA key may have: longer ones cost whoever reads the message more than they protect.
pub(crate) const RSA_BITS_MAX: usize = 8192;

/// What kind of key it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// RSA with so many bits.
    Rsa(usize),
    /// ECDSA and ECDH over P-256.
    P256,
    /// Over P-384.
    P384,
    /// Over P-521: verified and encrypted to, not signed with.
    P521,
    /// Ed25519 (RFC 8032): signs only.
    Ed25519,
    /// SM2 (GB/T 32918), with SM3 and SM4.
    Sm2,
}

impl std::fmt::Display for KeyKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rsa(bits) => write!(f, "RSA-{bits}"),
            Self::P256 => f.write_str("P-256"),
            Self::P384 => f.write_str("P-384"),
            Self::P521 => f.write_str("P-521"),
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::Sm2 => f.write_str("SM2"),
        }
    }
}

/// A certificate that was read; whether anybody vouches for it is another matter ([`crate::Trust`]).
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    pub(crate) der: Vec<u8>,
    /// The issuer's name as DER.
    pub(crate) issuer: Vec<u8>,
    /// The serial number as content of its INTEGER.
    pub(crate) serial: Vec<u8>,
    pub(crate) key_id: Option<Vec<u8>>,
    /// The content of the key's bit string: a point, or modulus and exponent as DER.
    pub(crate) key: Vec<u8>,
    pub(crate) key_kind: KeyKind,
    /// Signed by its authority with a digest that is broken.
    pub(crate) is_weakly_signed: bool,
    usage: Option<u16>,
    /// Name of whom it is for.
    pub subject: String,
    /// Name of who issued it.
    pub issuer_name: String,
    /// Mail addresses, in lowercase where that does not matter.
    pub emails: Vec<String>,
    /// When it begins.
    pub not_before: Timestamp,
    /// When it ends.
    pub not_after: Timestamp,
    /// Whether it is an authority's.
    pub is_authority: bool,
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Certificate({}, {})", self.subject, self.key_kind)
    }
}

const DIGITAL_SIGNATURE: u16 = 1;
const NON_REPUDIATION: u16 = 1 << 1;
const KEY_ENCIPHERMENT: u16 = 1 << 2;
const DATA_ENCIPHERMENT: u16 = 1 << 3;
const KEY_AGREEMENT: u16 = 1 << 4;

impl Certificate {
    /// Reads DER.
    ///
    /// # Errors
    /// [`Fault`] if it is none, or its key is of no kind that can be used.
    pub fn from_der(der: &[u8]) -> Result<Self, Fault> {
        const WHAT: Fault = Fault::Malformed("a certificate");
        if der.len() > BYTES_MAX {
            return Err(Fault::TooMuch { what: "octets in a certificate", max: BYTES_MAX });
        }
        let (rest, parsed) = X509Certificate::from_der(der).map_err(|_| WHAT)?;
        if !rest.is_empty() {
            return Err(WHAT);
        }
        let (key_kind, key) = read_key(parsed.public_key().raw)?;
        let signed_with = parsed.signature_algorithm.algorithm.as_bytes();
        let weak = [oid::MD5_RSA, oid::SHA1_RSA, oid::SHA1_ECDSA];
        let validity = parsed.validity();
        Ok(Self {
            der: der.to_vec(),
            issuer: parsed.issuer().as_raw().to_vec(),
            serial: parsed.raw_serial().to_vec(),
            key_id: key_id(&parsed),
            key,
            key_kind,
            is_weakly_signed: weak.iter().any(|it| it.as_bytes() == signed_with),
            usage: parsed.key_usage().ok().flatten().map(|usage| usage.value.flags),
            subject: name_of(parsed.subject()),
            issuer_name: name_of(parsed.issuer()),
            emails: emails_of(&parsed),
            not_before: Timestamp::from_seconds(validity.not_before.timestamp()),
            not_after: Timestamp::from_seconds(validity.not_after.timestamp()),
            is_authority: parsed.is_ca(),
        })
    }

    /// Reads the certificates of a file: PEM with any number of them, or DER.
    ///
    /// # Errors
    /// [`Fault`] if there is none, or one cannot be read.
    pub fn read_file(file: &[u8]) -> Result<Vec<Self>, Fault> {
        let blocks = pem_blocks(file, "CERTIFICATE");
        if blocks.is_empty() {
            return Ok(vec![Self::from_der(file)?]);
        }
        blocks.iter().map(|der| Self::from_der(der)).collect()
    }

    /// Reads the certificates of a structure that carries nothing else, or whose content does not matter (RFC 8551 section 3.8, RFC 2798
    /// section 2.8).
    ///
    /// # Errors
    /// [`Fault`] if it is none.
    pub fn read_bag(structure: &[u8]) -> Result<Vec<Self>, Fault> {
        let (kind, der) = crate::content::read(structure)?;
        if kind != crate::content::Kind::Signed {
            return Err(Fault::Malformed("the structure of certificates"));
        }
        Ok(crate::signed::Signed::read(&der)?.into_certificates())
    }

    /// The certificate as DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The certificate as PEM (RFC 7468).
    #[must_use]
    pub fn to_pem(&self) -> String {
        pem_block("CERTIFICATE", &self.der)
    }

    /// SHA-256 of the certificate.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 32] {
        fingerprint(&self.der)
    }

    /// What kind of key it certifies.
    #[must_use]
    pub const fn key_kind(&self) -> KeyKind {
        self.key_kind
    }

    /// The serial number in hexadecimal digits.
    #[must_use]
    pub fn serial_number(&self) -> String {
        self.serial.iter().map(|octet| format!("{octet:02x}")).collect()
    }

    /// Whether one of its addresses is `address` (RFC 8550 section 3: without regard to case).
    #[must_use]
    pub fn is_for(&self, address: &str) -> bool {
        self.emails.iter().any(|it| it.eq_ignore_ascii_case(address))
    }

    /// Whether it may sign mail, as far as key usage says (RFC 8550 section 4.4.2).
    #[must_use]
    pub fn may_sign(&self) -> bool {
        self.usage.is_none_or(|usage| usage & (DIGITAL_SIGNATURE | NON_REPUDIATION) != 0)
    }

    /// Whether mail may be encrypted to it.
    #[must_use]
    pub fn may_encrypt(&self) -> bool {
        match self.key_kind {
            KeyKind::Rsa(_) => self.usage.is_none_or(|usage| usage & KEY_ENCIPHERMENT != 0),
            KeyKind::P256 | KeyKind::P384 | KeyKind::P521 => self.usage.is_none_or(|usage| usage & KEY_AGREEMENT != 0),
            // One of the two certificates of a person says so (GM/T 0015).
            KeyKind::Sm2 => {
                self.usage.is_none_or(|usage| usage & (KEY_ENCIPHERMENT | DATA_ENCIPHERMENT | KEY_AGREEMENT) != 0)
            }
            KeyKind::Ed25519 => false,
        }
    }

    /// Whether its dates admit `now`.
    ///
    /// # Errors
    /// [`Fault::Expired`] or [`Fault::NotYetValid`].
    pub fn check_dates(&self, now: Timestamp) -> Result<(), Fault> {
        let subject = self.subject.clone();
        if now > self.not_after {
            return Err(Fault::Expired { subject, at: self.not_after });
        }
        if now < self.not_before {
            return Err(Fault::NotYetValid { subject, from: self.not_before });
        }
        Ok(())
    }

    /// Refuses keys that are too short to protect.
    pub(crate) fn check_strength(&self) -> Result<(), Fault> {
        match self.key_kind {
            KeyKind::Rsa(bits) if bits < RSA_BITS_MIN => Err(Fault::Weak(format!("an RSA key of {bits} bits"))),
            KeyKind::Rsa(bits) if bits > RSA_BITS_MAX => {
                Err(Fault::Unsupported(format!("an RSA key of {bits} bits (at most {RSA_BITS_MAX})")))
            }
            _ => Ok(()),
        }
    }
}

/// SHA-256 of a certificate (DER).
#[must_use]
pub fn fingerprint(der: &[u8]) -> [u8; 32] {
    digest::digest(&digest::SHA256, der).as_ref().try_into().unwrap_or([0; 32])
}

/// Kind and bits of a SubjectPublicKeyInfo.
fn read_key(info: &[u8]) -> Result<(KeyKind, Vec<u8>), Fault> {
    const WHAT: &str = "the key of a certificate";
    let mut info = Reader(info).sequence(WHAT)?;
    let mut algorithm = info.sequence(WHAT)?;
    let kind = algorithm.oid(WHAT)?;
    let bits = info.take(crate::asn1::BIT_STRING, WHAT)?.content;
    let key = bits.strip_prefix(&[0]).ok_or(Fault::Malformed(WHAT))?.to_vec();
    let kind = match kind {
        oid::RSA => KeyKind::Rsa(rsa_bits(&key)?),
        oid::EC => curve(algorithm.oid(WHAT)?)?,
        oid::ED25519 => KeyKind::Ed25519,
        other => return Err(Fault::Unsupported(format!("a key of the kind {other}"))),
    };
    Ok((kind, key))
}

pub(crate) fn curve(curve: ObjectIdentifier) -> Result<KeyKind, Fault> {
    match curve {
        oid::P256 => Ok(KeyKind::P256),
        oid::P384 => Ok(KeyKind::P384),
        oid::P521 => Ok(KeyKind::P521),
        oid::SM2 => Ok(KeyKind::Sm2),
        other => Err(Fault::Unsupported(format!("the curve {other}"))),
    }
}

/// Bits of the modulus of an RSAPublicKey (RFC 8017 appendix A.1.1).
fn rsa_bits(key: &[u8]) -> Result<usize, Fault> {
    const WHAT: &str = "an RSA key";
    let modulus = Reader(key).sequence(WHAT)?.take(crate::asn1::INTEGER, WHAT)?.content;
    let modulus = modulus.strip_prefix(&[0]).unwrap_or(modulus);
    let first = modulus.first().ok_or(Fault::Malformed(WHAT))?;
    Ok(modulus.len() * 8 - first.leading_zeros() as usize)
}

fn key_id(parsed: &X509Certificate<'_>) -> Option<Vec<u8>> {
    parsed.iter_extensions().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0.to_vec()),
        _ => None,
    })
}

pub(crate) fn name_of(name: &X509Name<'_>) -> String {
    let common = name.iter_common_name().find_map(|name| name.as_str().ok());
    common.map_or_else(|| name.to_string(), str::to_owned).chars().filter(|c| !c.is_control()).take(200).collect()
}

/// Alternative names, and the name of old (RFC 8550 section 3).
fn emails_of(parsed: &X509Certificate<'_>) -> Vec<String> {
    let names = parsed.subject_alternative_name().ok().flatten();
    let alternative = names.iter().flat_map(|names| &names.value.general_names).filter_map(|name| match name {
        GeneralName::RFC822Name(email) => Some((*email).to_owned()),
        _ => None,
    });
    let old = parsed.subject().iter_email().filter_map(|email| email.as_str().ok()).map(str::to_owned);
    let mut emails: Vec<String> = Vec::new();
    for email in alternative.chain(old).filter(|email| email.len() <= 320).take(EMAILS_MAX) {
        if !emails.iter().any(|known| known.eq_ignore_ascii_case(&email)) {
            emails.push(email);
        }
    }
    emails
}

/// How an issuer and a serial number, or a key's identifier, name a certificate (RFC 5652 sections 5.3 and 6.2.1).
#[derive(Debug, Clone, Copy)]
pub(crate) enum Named<'a> {
    Issuer { issuer: &'a [u8], serial: &'a [u8] },
    KeyId(&'a [u8]),
}

impl<'a> Named<'a> {
    /// An issuer with its serial number.
    pub(crate) fn read_issuer(element: &Element<'a>) -> Result<Self, Fault> {
        const WHAT: &str = "the name of a certificate";
        let mut inside = element.inside();
        let issuer = inside.take(crate::asn1::SEQUENCE, WHAT)?.raw;
        let serial = inside.take(crate::asn1::INTEGER, WHAT)?.content;
        Ok(Self::Issuer { issuer, serial })
    }

    pub(crate) fn is(&self, certificate: &Certificate) -> bool {
        match *self {
            Self::Issuer { issuer, serial } => certificate.issuer == issuer && certificate.serial == serial,
            Self::KeyId(id) => certificate.key_id.as_deref() == Some(id),
        }
    }
}

impl Certificate {
    /// IssuerAndSerialNumber.
    pub(crate) fn named(&self) -> Vec<u8> {
        crate::asn1::sequence(&[&self.issuer, &crate::asn1::element(crate::asn1::INTEGER, &[&self.serial])])
    }
}

/// A block of PEM (RFC 7468).
pub(crate) fn pem_block(label: &str, der: &[u8]) -> String {
    use base64::Engine;
    let encoded = Zeroizing::new(base64::engine::general_purpose::STANDARD.encode(der));
    let mut pem = String::with_capacity(encoded.len() + encoded.len() / 60 + 80);
    pem.push_str(&format!("-----BEGIN {label}-----\n"));
    for line in encoded.as_bytes().chunks(64) {
        pem.push_str(std::str::from_utf8(line).unwrap_or_default());
        pem.push('\n');
    }
    pem.push_str(&format!("-----END {label}-----\n"));
    pem
}

/// The contents of the blocks of PEM with `label` (RFC 7468).
pub(crate) fn pem_blocks(file: &[u8], label: &str) -> Vec<Zeroizing<Vec<u8>>> {
    let (begin, end) = (format!("-----BEGIN {label}-----"), format!("-----END {label}-----"));
    let text = String::from_utf8_lossy(file);
    let blocks = text.split(&begin).skip(1).filter_map(|rest| Some(rest.split_once(&end)?.0));
    blocks.map(|block| Zeroizing::new(mail::message::encoding::decode_base64(block.as_bytes()))).collect()
}
