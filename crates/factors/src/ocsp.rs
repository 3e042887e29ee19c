//! Whether a client certificate is revoked, as the responder of its authority says (RFC 6960, in the profile of RFC 5019).
//!
//! Who asks carries the request to the responder over HTTP and brings its answer back. An answer counts if the issuer of the certificate
//! has signed it, or a responder that this issuer has certified for it; if it is about this certificate; and if it is current.

mod message;

use std::time::Duration;

use aws_lc_rs::digest;
use der::asn1::{Any, ObjectIdentifier, OctetString};
use der::{Class, Decode, Encode, Tag};
use env::Timestamp;
use rustls_pki_types::{CertificateDer, UnixTime};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension};

use crate::ukey::{UkeyError, algorithms, parse};
use message::{Algorithm, Basic, CertId, Data, Extension, NONCE, Single, malformed, read_response, write_request};

/// Longest answer that is read.
pub const ANSWER_BYTES_MAX: usize = 64 << 10;

/// Media type of a request (RFC 6960 appendix A.1).
pub const REQUEST_TYPE: &str = "application/ocsp-request";

/// Media type of an answer (RFC 6960 appendix A.2).
pub const ANSWER_TYPE: &str = "application/ocsp-response";

/// Bytes of a nonce.
pub const NONCE_BYTES: usize = 32;

/// How far the responder's clock may be off.
const SKEW: Duration = Duration::from_mins(5);

/// Certificates in an answer that are looked at.
const CERTIFICATES_MAX: usize = 4;

/// Answers about single certificates that are looked at.
const RESPONSES_MAX: usize = 64;

/// Responders of a certificate that are looked at.
const RESPONDERS_MAX: usize = 2;

const SHA1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
/// GM/T 0006-2012.
const SM3: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.401");

/// id-kp-OCSPSigning, 1.3.6.1.5.5.7.3.9.
const OCSP_SIGNING: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x09];

/// id-ad-ocsp (RFC 5280 section 4.2.2.1).
const ACCESS_OCSP: &str = "1.3.6.1.5.5.7.48.1";

/// When the responder of an authority is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, env::settings::serde::Deserialize, env::settings::serde::Serialize)]
#[serde(crate = "env::settings::serde", rename_all = "snake_case")]
pub enum OcspMode {
    /// Never.
    Off,
    /// When the certificate names one; a current revocation list stands in for an answer that does not come.
    IfNamed,
    /// Always; a certificate that names none is refused, and nothing stands in.
    Required,
}

/// Why there is no answer to go by; for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OcspError {
    /// It cannot be read.
    #[error("the answer cannot be read: {0}")]
    Malformed(String),
    /// The responder gives no answer.
    #[error("the responder gives no answer: {0}")]
    NoAnswer(&'static str),
    /// Neither the issuer nor a responder of its own has signed it.
    #[error("neither the issuer nor a responder that it has certified for OCSP has signed the answer")]
    Signature,
    /// It answers another request.
    #[error("the answer is to another request (nonce)")]
    Nonce,
    /// It is about other certificates.
    #[error("the answer is about other certificates")]
    OtherCertificate,
    /// It is not of now.
    #[error("the answer holds from {from} to {to}; is the clock of this server right?", to = until.map_or_else(|| "the same moment".to_owned(), |at| at.to_string()))]
    NotCurrent {
        /// From when.
        from: Timestamp,
        /// Until when, if it says so.
        until: Option<Timestamp>,
    },
    /// The responder does not know the certificate.
    #[error("the responder does not know the certificate")]
    Unknown,
    /// A certificate cannot be asked about.
    #[error(transparent)]
    Certificate(#[from] UkeyError),
}

/// What an answer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Not revoked.
    Good,
    /// Revoked.
    Revoked,
}

/// An answer that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// What it says.
    pub status: Status,
    /// Until when it may be gone by; none if only now.
    pub until: Option<Timestamp>,
}

/// Where a responder listens, for plain HTTP: the answer is signed, and certificates name no other (RFC 5019 section 5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Responder {
    /// Host, as a name or an address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Path with query.
    pub path: String,
}

impl Responder {
    /// Reads an address that a certificate names; none if it is not one of plain HTTP.
    #[must_use]
    pub fn parse(address: &str) -> Option<Self> {
        let url = url::Url::parse(address).ok().filter(|url| url.scheme() == "http" && url.username().is_empty())?;
        let host = url.host_str()?.trim_matches(['[', ']']).to_owned();
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        Some(Self { host, port: url.port_or_known_default()?, path: format!("{}{query}", url.path()) })
    }
}

/// A question about one certificate.
#[derive(Debug, Clone)]
pub struct Question {
    responders: Vec<String>,
    /// Its name by each hash that a responder may use, the one to ask with first.
    ids: Vec<CertId>,
    issuer: CertificateDer<'static>,
}

impl Question {
    /// The question whether `issuer` has revoked `certificate` (both DER), which it has issued.
    ///
    /// # Errors
    /// [`OcspError`] if one cannot be read.
    pub fn new(certificate: &[u8], issuer: &[u8]) -> Result<Self, OcspError> {
        let (own, above) = (parse(certificate)?, parse(issuer)?);
        // RFC 5019 section 2.1.1: every responder knows SHA-1, which does no more here than name the issuer.
        let ids = [SHA1, SHA256, SM3].into_iter().map(|hash| cert_id(&own, &above, hash)).collect::<Result<_, _>>()?;
        Ok(Self { responders: responders_of(&own), ids, issuer: CertificateDer::from(issuer.to_vec()) })
    }

    /// Addresses of responders that the certificate names, as it names them (authorityInfoAccess, RFC 5280 section 4.2.2.1).
    #[must_use]
    pub fn responders(&self) -> &[String] {
        &self.responders
    }

    /// The request, with a nonce of [`NONCE_BYTES`] (RFC 9654 section 2.1).
    ///
    /// # Errors
    /// [`OcspError::Malformed`] if the nonce has no bytes that can be written.
    pub fn request(&self, nonce: &[u8]) -> Result<Vec<u8>, OcspError> {
        let id = self.ids.first().ok_or(OcspError::OtherCertificate)?;
        write_request(id.clone(), nonce)
    }

    /// Judges an answer to the request with this nonce. A responder may answer without one, from answers made ahead (RFC 5019 section 4).
    ///
    /// # Errors
    /// [`OcspError`] if it does not count.
    pub fn read(&self, answer: &[u8], nonce: &[u8], now: Timestamp) -> Result<Answer, OcspError> {
        if answer.len() > ANSWER_BYTES_MAX {
            return Err(malformed(format!("it has more than {ANSWER_BYTES_MAX} bytes")));
        }
        let basic = read_response(answer)?;
        let tbs = basic.tbs.to_der().map_err(malformed)?;
        let data = Data::from_der(&tbs).map_err(malformed)?;
        self.check_signature(&basic, &tbs, &data.responder, now)?;
        if data.version.is_some_and(|version| version != 0) {
            return Err(malformed("its version is not known"));
        }
        check_extensions(data.extensions.as_deref(), nonce)?;
        self.judge(&data.responses, now)
    }

    /// RFC 6960 section 3.2: the answer about this certificate, if it is current.
    fn judge(&self, responses: &[Single], now: Timestamp) -> Result<Answer, OcspError> {
        let mut found = None;
        for single in responses.iter().take(RESPONSES_MAX).filter(|single| self.is_asked(&single.id)) {
            if single.extensions.iter().flatten().any(|extension| extension.critical) {
                return Err(malformed("a critical extension in it is not known"));
            }
            let from = moment(single.this_update);
            let until = single.next_update.map(moment);
            let is_current = from <= now.plus(SKEW) && until.unwrap_or(from).plus(SKEW) >= now;
            if !is_current {
                return Err(OcspError::NotCurrent { from, until });
            }
            // Of several the worst holds.
            match (status_of(&single.status)?, found) {
                (Status::Revoked, _) => return Ok(Answer { status: Status::Revoked, until }),
                (status, None) => found = Some(Answer { status, until }),
                _ => {}
            }
        }
        found.ok_or(OcspError::OtherCertificate)
    }

    fn is_asked(&self, id: &CertId) -> bool {
        // Parameters of a hash are absent or NULL, which means the same.
        self.ids.iter().any(|own| {
            own.hash.oid == id.hash.oid
                && own.issuer_name == id.issuer_name
                && own.issuer_key == id.issuer_key
                && own.serial == id.serial
        })
    }

    /// RFC 6960 section 4.2.2.2: the issuer itself has signed, or one that it has certified for this.
    fn check_signature(&self, basic: &Basic, tbs: &[u8], responder: &Any, now: Timestamp) -> Result<(), OcspError> {
        if is_responder(&self.issuer, responder)? && has_signed(&self.issuer, basic, tbs) {
            return Ok(());
        }
        for certificate in basic.certificates.iter().flatten().take(CERTIFICATES_MAX) {
            let certificate = CertificateDer::from(certificate.to_der().map_err(malformed)?);
            if is_responder(&certificate, responder)?
                && self.has_certified(&certificate, now)
                && has_signed(&certificate, basic, tbs)
            {
                return Ok(());
            }
        }
        Err(OcspError::Signature)
    }

    /// Whether the issuer has certified this responder, directly and by name of the use.
    fn has_certified(&self, responder: &CertificateDer<'_>, now: Timestamp) -> bool {
        let Ok(anchor) = anchor_from_trusted_cert(&self.issuer) else { return false };
        let Ok(end_entity) = EndEntityCert::try_from(responder) else { return false };
        let seconds = u64::try_from(now.seconds()).unwrap_or(0);
        end_entity
            .verify_for_usage(
                &algorithms(),
                std::slice::from_ref(&anchor),
                &[],
                UnixTime::since_unix_epoch(Duration::from_secs(seconds)),
                KeyUsage::required(OCSP_SIGNING),
                None,
                None,
            )
            .is_ok()
    }
}

fn cert_id(
    own: &X509Certificate<'_>,
    issuer: &X509Certificate<'_>,
    hash: ObjectIdentifier,
) -> Result<CertId, OcspError> {
    let hashed = |bytes: &[u8]| match hash {
        SM3 => OctetString::new(gm::sm3::digest(bytes)),
        SHA256 => OctetString::new(digest::digest(&digest::SHA256, bytes).as_ref()),
        _ => OctetString::new(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref()),
    };
    let hashed = |bytes: &[u8]| hashed(bytes).map_err(malformed);
    Ok(CertId {
        hash: Algorithm { oid: hash, parameters: Some(Any::null()) },
        issuer_name: hashed(own.issuer().as_raw())?,
        issuer_key: hashed(&issuer.public_key().subject_public_key.data)?,
        serial: Any::new(Tag::Integer, own.raw_serial()).map_err(malformed)?,
    })
}

fn responders_of(own: &X509Certificate<'_>) -> Vec<String> {
    let access = own.extensions().iter().filter_map(|extension| match extension.parsed_extension() {
        ParsedExtension::AuthorityInfoAccess(access) => Some(&access.accessdescs),
        _ => None,
    });
    let responders = access.flatten().filter_map(|entry| match &entry.access_location {
        GeneralName::URI(url) if entry.access_method.to_id_string() == ACCESS_OCSP => Some((*url).to_owned()),
        _ => None,
    });
    responders.take(RESPONDERS_MAX).collect()
}

/// Whether `responder` (RFC 6960 section 4.2.1, `ResponderID`) names the certificate: by its name, or by the SHA-1 of its key.
fn is_responder(certificate: &[u8], responder: &Any) -> Result<bool, OcspError> {
    let parsed = parse(certificate)?;
    let tag = responder.header().tag();
    if tag.class() != Class::ContextSpecific {
        return Err(malformed("it names no responder"));
    }
    match tag.number().value() {
        1 => Ok(responder.value() == parsed.subject().as_raw()),
        2 => {
            let key = &parsed.public_key().subject_public_key.data;
            let hash = OctetString::from_der(responder.value()).map_err(malformed)?;
            Ok(hash.as_bytes() == digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, key).as_ref())
        }
        _ => Err(malformed("it names no responder")),
    }
}

fn has_signed(certificate: &CertificateDer<'_>, basic: &Basic, tbs: &[u8]) -> bool {
    let (Ok(signer), Some(signature)) = (EndEntityCert::try_from(certificate), basic.signature.as_bytes()) else {
        return false;
    };
    let named = &basic.algorithm;
    let is_named = |id: &[u8]| named.header().tag() == Tag::Sequence && named.value() == id;
    // One name may stand for several, which differ by the key.
    let mut fitting = algorithms().into_iter().filter(|it| is_named(it.signature_alg_id().as_ref()));
    fitting.any(|algorithm| signer.verify_signature(algorithm, tbs, signature).is_ok())
}

fn check_extensions(extensions: Option<&[Extension]>, nonce: &[u8]) -> Result<(), OcspError> {
    for extension in extensions.unwrap_or_default() {
        if extension.id == NONCE {
            let value = OctetString::from_der(extension.value.as_bytes()).map_err(malformed)?;
            if value.as_bytes() != nonce {
                return Err(OcspError::Nonce);
            }
        } else if extension.critical {
            return Err(malformed(format!("the critical extension {} in it is not known", extension.id)));
        }
    }
    Ok(())
}

/// RFC 6960 section 4.2.1, `CertStatus`.
fn status_of(status: &Any) -> Result<Status, OcspError> {
    let tag = status.header().tag();
    match (tag.class(), tag.number().value()) {
        (Class::ContextSpecific, 0) => Ok(Status::Good),
        (Class::ContextSpecific, 1) => Ok(Status::Revoked),
        (Class::ContextSpecific, 2) => Err(OcspError::Unknown),
        _ => Err(malformed("it has no status")),
    }
}

fn moment(time: der::asn1::GeneralizedTime) -> Timestamp {
    Timestamp::from_seconds(i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests;
