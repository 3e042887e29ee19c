//! Certificates on SM2 signed with SM2 over SM3 (GM/T 0015-2012, a profile of RFC 5280): read, judged and issued.

mod chain;
mod issue;
mod names;

pub use chain::{ChainError, Roots};
pub use issue::{Authority, Template};

use env::Timestamp;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::FromDer;
use x509_parser::x509::{AlgorithmIdentifier, X509Version};

use crate::der::{self, Reader, oid};
use crate::sm2::PublicKey;
pub use names::SubjectName;

/// Most bytes that a certificate may have.
const CERTIFICATE_BYTES_MAX: usize = 64 * 1024;

/// Most alternative names that are read of a certificate.
const NAMES_MAX: usize = 1000;

/// What the holder of a certificate may be, by its extended key usage (RFC 5280 section 4.2.1.12).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A TLS server.
    Server,
    /// A TLS client.
    Client,
    /// A sender or reader of protected mail.
    Email,
}

/// A certificate that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// It is no X.509 certificate, or damaged.
    #[error("this is no certificate: {0}")]
    Malformed(String),
    /// Its key is not on the curve SM2, or it is not signed with SM2 over SM3.
    #[error("the certificate is not one of SM2: {0}")]
    Algorithm(&'static str),
    /// It makes a condition that is not known here, so it must not be used (RFC 5280 section 4.2).
    #[error("the certificate has a critical extension that is not known: {0}")]
    Critical(String),
}

/// A certificate whose key is one of SM2, signed with SM2 over SM3. Whether anybody trusted vouches for it is asked of [`Roots`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    signed: Vec<u8>,
    signature: Vec<u8>,
    serial: Vec<u8>,
    issuer: Vec<u8>,
    subject: Vec<u8>,
    subject_text: String,
    key: PublicKey,
    not_before: Timestamp,
    not_after: Timestamp,
    names: Vec<SubjectName>,
    subject_key_id: Option<Vec<u8>>,
    limits: Limits,
}

/// What a certificate may be used for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Limits {
    /// Whether it is an authority's.
    authority: bool,
    /// Most authorities between this one and a holder.
    path_length: Option<u32>,
    /// Key usage; none if it says nothing of it.
    usage: Option<Usage>,
    /// Purposes; none if it says nothing of them.
    purposes: Option<Vec<Purpose>>,
    /// Limits on names, which are not judged here, so that nothing under such an authority is trusted.
    name_constraints: bool,
}

/// Key usage (RFC 5280 section 4.2.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Usage {
    sign: bool,
    encipher: bool,
    certify: bool,
}

impl Certificate {
    /// Reads a certificate in DER.
    ///
    /// # Errors
    /// [`CertificateError`] if it is none, is not one of SM2, or has a critical extension that is not known.
    pub fn parse(der: &[u8]) -> Result<Self, CertificateError> {
        let malformed = |what: &str| CertificateError::Malformed(what.to_owned());
        if der.len() > CERTIFICATE_BYTES_MAX {
            return Err(malformed("it is too large"));
        }
        let (rest, parsed) =
            X509Certificate::from_der(der).map_err(|cause| CertificateError::Malformed(cause.to_string()))?;
        if !rest.is_empty() {
            return Err(malformed("something follows it"));
        }
        // RFC 5280 section 4.1.1.2: both fields name the same algorithm.
        if !is_sm2_with_sm3(&parsed.signature) || outer_algorithm(der).is_none_or(|read| read != oid::SM2_WITH_SM3) {
            return Err(CertificateError::Algorithm("it is not signed with SM2 over SM3"));
        }
        if parsed.signature_value.unused_bits != 0 {
            return Err(malformed("its signature is no whole number of bytes"));
        }
        let key = PublicKey::from_spki(parsed.public_key().raw)
            .map_err(|_| CertificateError::Algorithm("its key is not on the curve SM2"))?;
        let mut certificate = Self {
            der: der.to_vec(),
            signed: parsed.tbs_certificate.as_ref().to_vec(),
            signature: parsed.signature_value.data.to_vec(),
            serial: parsed.raw_serial().to_vec(),
            issuer: parsed.issuer().as_raw().to_vec(),
            subject: parsed.subject().as_raw().to_vec(),
            subject_text: parsed.subject().to_string(),
            key,
            not_before: Timestamp::from_seconds(parsed.validity().not_before.timestamp()),
            not_after: Timestamp::from_seconds(parsed.validity().not_after.timestamp()),
            names: Vec::new(),
            subject_key_id: None,
            limits: Limits::default(),
        };
        if parsed.version() != X509Version::V3 && !parsed.extensions().is_empty() {
            return Err(malformed("it has extensions that its version does not know"));
        }
        certificate.read_extensions(&parsed)?;
        Ok(certificate)
    }

    fn read_extensions(&mut self, parsed: &X509Certificate<'_>) -> Result<(), CertificateError> {
        let extensions = parsed.extensions_map().map_err(|cause| CertificateError::Malformed(cause.to_string()))?;
        for extension in extensions.values() {
            match extension.parsed_extension() {
                ParsedExtension::BasicConstraints(constraints) => {
                    self.limits.authority = constraints.ca;
                    self.limits.path_length = constraints.path_len_constraint;
                }
                ParsedExtension::KeyUsage(usage) => {
                    self.limits.usage = Some(Usage {
                        sign: usage.digital_signature() || usage.non_repudiation(),
                        encipher: usage.key_encipherment() || usage.data_encipherment() || usage.key_agreement(),
                        certify: usage.key_cert_sign(),
                    });
                }
                ParsedExtension::ExtendedKeyUsage(usage) if !usage.any => {
                    let named = [
                        (usage.server_auth, Purpose::Server),
                        (usage.client_auth, Purpose::Client),
                        (usage.email_protection, Purpose::Email),
                    ];
                    self.limits.purposes =
                        Some(named.into_iter().filter_map(|(set, purpose)| set.then_some(purpose)).collect());
                }
                ParsedExtension::ExtendedKeyUsage(_) | ParsedExtension::AuthorityKeyIdentifier(_) => {}
                ParsedExtension::SubjectAlternativeName(alternatives) => {
                    let names = alternatives.general_names.iter().take(NAMES_MAX);
                    self.names = names.filter_map(SubjectName::read).collect();
                }
                ParsedExtension::SubjectKeyIdentifier(id) => self.subject_key_id = Some(id.0.to_vec()),
                ParsedExtension::NameConstraints(_) => self.limits.name_constraints = true,
                ParsedExtension::ParseError { error } => return Err(CertificateError::Malformed(error.to_string())),
                _ if extension.critical => return Err(CertificateError::Critical(extension.oid.to_id_string())),
                _ => {}
            }
        }
        Ok(())
    }

    /// The whole certificate in DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Its public key.
    #[must_use]
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// Serial number as it stands in the certificate, most significant byte first.
    #[must_use]
    pub fn serial(&self) -> &[u8] {
        &self.serial
    }

    /// Name of the issuer in DER.
    #[must_use]
    pub fn issuer(&self) -> &[u8] {
        &self.issuer
    }

    /// Name of the holder in DER.
    #[must_use]
    pub fn subject(&self) -> &[u8] {
        &self.subject
    }

    /// Name of the holder for people, such as `CN=mail.example.cn`.
    #[must_use]
    pub fn subject_text(&self) -> &str {
        &self.subject_text
    }

    /// Subject key identifier, if it has one.
    #[must_use]
    pub fn subject_key_id(&self) -> Option<&[u8]> {
        self.subject_key_id.as_deref()
    }

    /// Alternative names of the holder that are of a known kind.
    #[must_use]
    pub fn names(&self) -> &[SubjectName] {
        &self.names
    }

    /// When it begins to be good.
    #[must_use]
    pub fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// Last moment at which it is good.
    #[must_use]
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// Whether it is an authority's.
    #[must_use]
    pub fn is_authority(&self) -> bool {
        self.limits.authority
    }

    /// Whether the holder may sign with its key. In China a holder often has one certificate to sign and another to be encrypted to.
    #[must_use]
    pub fn may_sign(&self) -> bool {
        self.limits.usage.is_none_or(|usage| usage.sign)
    }

    /// Whether keys may be encrypted to its key.
    #[must_use]
    pub fn may_encipher(&self) -> bool {
        self.limits.usage.is_none_or(|usage| usage.encipher)
    }

    /// Whether it serves this purpose.
    #[must_use]
    pub fn is_for_purpose(&self, purpose: Purpose) -> bool {
        self.limits.purposes.as_ref().is_none_or(|purposes| purposes.contains(&purpose))
    }
}

/// SM2 over SM3 without parameters, or with NULL as some write it.
fn is_sm2_with_sm3(algorithm: &AlgorithmIdentifier<'_>) -> bool {
    algorithm.algorithm.as_bytes() == oid::SM2_WITH_SM3
        && algorithm.parameters.as_ref().is_none_or(|parameters| parameters.data.is_empty())
}

/// The algorithm that is named outside of what is signed, read to the letter, as no signature covers it.
fn outer_algorithm(certificate: &[u8]) -> Option<&[u8]> {
    let mut parts = Reader::new(Reader::new(certificate).expect(der::SEQUENCE)?);
    parts.expect(der::SEQUENCE)?;
    let mut algorithm = Reader::new(parts.expect(der::SEQUENCE)?);
    let id = algorithm.expect(der::OBJECT_IDENTIFIER)?;
    (algorithm.is_empty() || algorithm.expect(der::NULL) == Some(&[]) && algorithm.is_empty()).then_some(id)
}

#[cfg(test)]
mod tests;
