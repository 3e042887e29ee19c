//! A client certificate, as on a USB key, checked against the organisation's own authority.
//!
//! The TLS handshake has proved that the client holds the certificate's key. What is left is whether the organisation's authority vouches
//! for the certificate now, for this use, and has not revoked it (RFC 5280 section 6).

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest;
use env::Timestamp;
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm, UnixTime};
use webpki::{
    ALL_VERIFICATION_ALGS, CertRevocationList, EndEntityCert, Error, ExpirationPolicy, KeyUsage,
    OwnedCertRevocationList, RevocationCheckDepth, RevocationOptionsBuilder, UnknownStatusPolicy,
    anchor_from_trusted_cert,
};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::CertificateRevocationList;

/// Bytes of a certificate or revocation list that are looked at.
pub const DER_BYTES_MAX: usize = 4 << 20;

/// Addresses of a certificate that are looked at.
const EMAILS_MAX: usize = 16;

/// Why a certificate counts for nothing; for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UkeyError {
    /// The client showed none.
    #[error("the client showed no certificate")]
    Missing,
    /// It cannot be read.
    #[error("the certificate cannot be read: {0}")]
    Malformed(String),
    /// The organisation has no authority.
    #[error("the organisation has no authority for client certificates; add it: tradewind organisation authority add")]
    NoAuthority,
    /// Not one of the organisation's authority.
    #[error("the certificate is not one of the organisation's authority: {0}")]
    Untrusted(String),
    /// Too old.
    #[error("the certificate of {subject} expired at {at}")]
    Expired {
        /// Whose.
        subject: String,
        /// When.
        at: Timestamp,
    },
    /// Too new, or a clock is wrong.
    #[error("the certificate of {subject} is valid only from {from}; is the clock of this server right?")]
    NotYetValid {
        /// Whose.
        subject: String,
        /// When it begins.
        from: Timestamp,
    },
    /// On a revocation list.
    #[error("the certificate of {subject}, serial number {serial}, is revoked")]
    Revoked {
        /// Whose.
        subject: String,
        /// Its serial number.
        serial: String,
    },
    /// There is no current revocation list, so nobody knows.
    #[error(
        "whether the certificate of {subject} is revoked is unknown: {cause}; give a current list: tradewind organisation authority crl"
    )]
    RevocationUnknown {
        /// Whose.
        subject: String,
        /// What is missing.
        cause: &'static str,
    },
    /// The authority's responder does not vouch for it, and no current list stands in.
    #[error("whether the certificate of {subject} is revoked is not known from OCSP: {cause}")]
    NoStatus {
        /// Whose.
        subject: String,
        /// What is missing.
        cause: String,
    },
    /// Not for signing in.
    #[error("the certificate of {subject} is not for client authentication (extended key usage)")]
    WrongUse {
        /// Whose.
        subject: String,
    },
}

/// A certificate that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// SHA-256 of the certificate.
    pub fingerprint: [u8; 32],
    /// Whose it is, as it says.
    pub subject: String,
    /// Mail addresses in its alternative names (RFC 5280 section 4.2.1.6, rfc822Name).
    pub emails: Vec<String>,
    /// When it ends.
    pub not_after: Timestamp,
}

/// A certificate that holds, with what there is to find out whether it was revoked lately.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vouched {
    /// The certificate.
    pub shown: Shown,
    /// The certificate of who issued it: the authority, or one that it has certified.
    pub issuer: CertificateDer<'static>,
    /// Whether a current revocation list of the authority covers it.
    pub is_listed: bool,
}

/// An authority with its revocation list.
#[derive(Debug, Clone)]
pub struct Authority {
    certificate: CertificateDer<'static>,
    crl: Option<Arc<Crl>>,
}

#[derive(Debug)]
struct Crl {
    list: CertRevocationList<'static>,
    next_update: Option<Timestamp>,
}

/// What there is to say about an authority's certificate or list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// Name of the authority.
    pub subject: String,
    /// When the certificate ends, or the list is to be replaced.
    pub until: Option<Timestamp>,
}

impl Authority {
    /// The authority with this certificate and revocation list (DER).
    ///
    /// # Errors
    /// [`UkeyError::Malformed`] if one cannot be read.
    pub fn new(certificate: &[u8], crl: Option<&[u8]>) -> Result<Self, UkeyError> {
        describe_authority(certificate)?;
        let crl = crl.map(read_crl).transpose()?.map(Arc::new);
        Ok(Self { certificate: CertificateDer::from(certificate.to_vec()), crl })
    }
}

/// Name and end of an authority's certificate; refuses what is no authority's.
///
/// # Errors
/// [`UkeyError::Malformed`] if it cannot be an authority's.
pub fn describe_authority(certificate: &[u8]) -> Result<Described, UkeyError> {
    let parsed = parse(certificate)?;
    if !parsed.is_ca() {
        return Err(UkeyError::Malformed("it is not an authority's: basicConstraints does not say CA".to_owned()));
    }
    let der = CertificateDer::from(certificate);
    anchor_from_trusted_cert(&der).map_err(malformed)?;
    let until = Some(Timestamp::from_seconds(parsed.validity().not_after.timestamp()));
    Ok(Described { subject: parsed.subject().to_string(), until })
}

/// Issuer and next update of a revocation list.
///
/// # Errors
/// [`UkeyError::Malformed`] if it cannot be read.
pub fn describe_crl(crl: &[u8]) -> Result<Described, UkeyError> {
    let (_, parsed) = CertificateRevocationList::from_der(crl).map_err(malformed)?;
    let until = parsed.next_update().map(|at| Timestamp::from_seconds(at.timestamp()));
    Ok(Described { subject: parsed.issuer().to_string(), until })
}

fn read_crl(crl: &[u8]) -> Result<Crl, UkeyError> {
    let next_update = describe_crl(crl)?.until;
    let list = OwnedCertRevocationList::from_der(crl).map_err(malformed)?;
    Ok(Crl { list: CertRevocationList::Owned(list), next_update })
}

/// Checks the chain that a client showed in the handshake, its own certificate first. An authority without a revocation list vouches for
/// all that it has issued; one with a list that is out of date vouches for none.
///
/// # Errors
/// [`UkeyError`] with the reason for the log.
pub fn verify(chain: &[CertificateDer<'_>], authorities: &[Authority], now: Timestamp) -> Result<Shown, UkeyError> {
    vouch(chain, authorities, now).map(|vouched| vouched.shown)
}

/// As [`verify`], with what OCSP needs to know.
///
/// # Errors
/// [`UkeyError`] with the reason for the log.
pub fn vouch(chain: &[CertificateDer<'_>], authorities: &[Authority], now: Timestamp) -> Result<Vouched, UkeyError> {
    let (own, intermediates) = chain.split_first().ok_or(UkeyError::Missing)?;
    let parsed = parse(own)?;
    let subject = parsed.subject().to_string();
    let end_entity = EndEntityCert::try_from(own).map_err(malformed)?;
    if authorities.is_empty() {
        return Err(UkeyError::NoAuthority);
    }
    let mut refusal = Error::UnknownIssuer;
    for authority in authorities {
        match verify_under(&end_entity, intermediates, authority, now) {
            Ok(issuer) => {
                check_use(&parsed, &subject)?;
                let shown = describe(own, &parsed, subject);
                return Ok(Vouched { shown, issuer, is_listed: authority.crl.is_some() });
            }
            // The refusal of the authority that issued it says more than that of others.
            Err(Error::UnknownIssuer) => {}
            Err(error) => refusal = error,
        }
    }
    Err(refused(refusal, &parsed, subject))
}

/// Signatures on certificates that are known: those of the library, and SM2 over SM3 (GM/T 0015).
pub(crate) fn algorithms() -> Vec<&'static dyn SignatureVerificationAlgorithm> {
    ALL_VERIFICATION_ALGS.iter().copied().chain([gm::tls::SM2_SM3, gm::tls::SM2_SM3_NULL]).collect()
}

/// Gives the certificate of the issuer.
fn verify_under(
    end_entity: &EndEntityCert<'_>,
    intermediates: &[CertificateDer<'_>],
    authority: &Authority,
    now: Timestamp,
) -> Result<CertificateDer<'static>, Error> {
    let anchor = anchor_from_trusted_cert(&authority.certificate)?;
    let seconds = u64::try_from(now.seconds()).unwrap_or(0);
    let moment = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    let crls: Vec<&CertRevocationList<'_>> = authority.crl.iter().map(|crl| &crl.list).collect();
    let revocation = RevocationOptionsBuilder::new(&crls).ok().map(|options| {
        options
            .with_depth(RevocationCheckDepth::EndEntity)
            .with_status_policy(UnknownStatusPolicy::Deny)
            .with_expiration_policy(ExpirationPolicy::Enforce)
            .build()
    });
    if authority.crl.as_ref().is_some_and(|crl| crl.next_update.is_none_or(|at| at <= now)) {
        // Only if the certificate is this authority's at all.
        end_entity.verify_for_usage(
            &algorithms(),
            std::slice::from_ref(&anchor),
            intermediates,
            moment,
            KeyUsage::client_auth(),
            None,
            None,
        )?;
        return Err(Error::UnknownRevocationStatus);
    }
    let algorithms = algorithms();
    let path = end_entity.verify_for_usage(
        &algorithms,
        std::slice::from_ref(&anchor),
        intermediates,
        moment,
        KeyUsage::client_auth(),
        revocation,
        None,
    )?;
    // From the one that issued the client's certificate upward.
    let between = path.intermediate_certificates().next();
    Ok(between.map_or_else(|| authority.certificate.clone(), |issuer| issuer.der().into_owned()))
}

/// The use must be named: a certificate that may be used for anything was not made for signing in (RFC 5280 section 4.2.1.12).
fn check_use(parsed: &X509Certificate<'_>, subject: &str) -> Result<(), UkeyError> {
    let usage = parsed.extended_key_usage().map_err(malformed)?;
    let is_for_clients = usage.is_some_and(|usage| usage.value.client_auth);
    if is_for_clients { Ok(()) } else { Err(UkeyError::WrongUse { subject: subject.to_owned() }) }
}

fn emails_of(parsed: &X509Certificate<'_>) -> Vec<String> {
    let names = parsed.subject_alternative_name().ok().flatten();
    let names = names.iter().flat_map(|names| &names.value.general_names);
    let emails = names.filter_map(|name| match name {
        GeneralName::RFC822Name(email) => Some((*email).to_owned()),
        _ => None,
    });
    emails.take(EMAILS_MAX).collect()
}

/// Addresses that a certificate names, whoever issued it: to find out whose authority is to be asked.
///
/// # Errors
/// [`UkeyError::Malformed`] if it cannot be read.
pub fn claimed_emails(certificate: &[u8]) -> Result<Vec<String>, UkeyError> {
    Ok(emails_of(&parse(certificate)?))
}

/// Serial number of a certificate, as lists of its authority show it.
///
/// # Errors
/// [`UkeyError::Malformed`] if it cannot be read.
pub fn serial_of(certificate: &[u8]) -> Result<String, UkeyError> {
    Ok(parse(certificate)?.raw_serial_as_string())
}

fn describe(own: &CertificateDer<'_>, parsed: &X509Certificate<'_>, subject: String) -> Shown {
    Shown {
        fingerprint: fingerprint(own),
        subject,
        emails: emails_of(parsed),
        not_after: Timestamp::from_seconds(parsed.validity().not_after.timestamp()),
    }
}

/// SHA-256 of a certificate.
#[must_use]
pub fn fingerprint(certificate: &[u8]) -> [u8; 32] {
    let digest = digest::digest(&digest::SHA256, certificate);
    digest.as_ref().try_into().unwrap_or([0; 32])
}

fn refused(error: Error, parsed: &X509Certificate<'_>, subject: String) -> UkeyError {
    match error {
        Error::CertExpired { .. } => {
            UkeyError::Expired { subject, at: Timestamp::from_seconds(parsed.validity().not_after.timestamp()) }
        }
        Error::CertNotValidYet { .. } => {
            UkeyError::NotYetValid { subject, from: Timestamp::from_seconds(parsed.validity().not_before.timestamp()) }
        }
        Error::CertRevoked => UkeyError::Revoked { subject, serial: parsed.raw_serial_as_string() },
        Error::UnknownRevocationStatus => {
            UkeyError::RevocationUnknown { subject, cause: "the revocation list does not cover it or is out of date" }
        }
        Error::CrlExpired { .. } => {
            UkeyError::RevocationUnknown { subject, cause: "the revocation list is out of date" }
        }
        Error::RequiredEkuNotFoundContext(_) => UkeyError::WrongUse { subject },
        other => UkeyError::Untrusted(format!("{subject}: {other}")),
    }
}

pub(crate) fn parse(certificate: &[u8]) -> Result<X509Certificate<'_>, UkeyError> {
    if certificate.len() > DER_BYTES_MAX {
        return Err(UkeyError::Malformed(format!("it has more than {DER_BYTES_MAX} bytes")));
    }
    let (rest, parsed) = X509Certificate::from_der(certificate).map_err(malformed)?;
    if rest.is_empty() { Ok(parsed) } else { Err(malformed("something follows it")) }
}

fn malformed(cause: impl std::fmt::Display) -> UkeyError {
    UkeyError::Malformed(cause.to_string())
}

#[cfg(test)]
mod tests;
