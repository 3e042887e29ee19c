//! Whether authorities have revoked a certificate: where it says to ask, and lists of revoked certificates read (RFC 5280 section 5), those
//! signed with SM2 among them.

use std::time::Duration;

use env::Timestamp;
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{DistributionPointName, GeneralName, IssuingDistributionPoint, ParsedExtension};
use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::CertificateRevocationList;

use crate::Fault;
use crate::asn1::{self, Reader};
use crate::trust::GM_ALGORITHMS;

/// Addresses of lists that are looked at.
const LISTS_MAX: usize = 4;

/// How far the authority's clock may be off.
const SKEW: Duration = Duration::from_mins(5);

/// id-ad-ocsp (RFC 5280 section 4.2.2.1).
const ACCESS_OCSP: &str = "1.3.6.1.5.5.7.48.1";

/// A certificate, and the one that issued it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    certificate: Vec<u8>,
    issuer: Vec<u8>,
    serial: Vec<u8>,
    is_authority: bool,
    lists: Vec<String>,
    names_responder: bool,
    /// Whose certificate it is.
    pub subject: String,
}

/// What a list says of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed {
    /// Whether it was revoked, or is on hold.
    pub is_revoked: bool,
    /// When the authority publishes the next one, at the latest.
    pub until: Timestamp,
}

/// Why a list says nothing of a certificate; for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnusableList {
    /// It cannot be read.
    #[error("the list of revoked certificates cannot be read")]
    Malformed,
    /// Another's.
    #[error("the list of revoked certificates is of another authority")]
    OtherAuthority,
    /// The issuer has not signed it, or must not sign lists.
    #[error("the list of revoked certificates is not signed by the authority")]
    Signature,
    /// It is not of now.
    #[error("the list of revoked certificates holds from {from} to {to}; is the clock of this server right?", to = until.map_or_else(|| "a time that it does not say".to_owned(), |at| at.to_string()))]
    NotCurrent {
        /// From when.
        from: Timestamp,
        /// Until when, if it says so.
        until: Option<Timestamp>,
    },
    /// It tells of others, or of a part.
    #[error("the list of revoked certificates does not cover this one: {0}")]
    OtherScope(&'static str),
}

impl Link {
    /// `certificate` and the one that issued it (DER).
    pub(crate) fn new(certificate: &[u8], issuer: &[u8]) -> Result<Self, Fault> {
        let (_, parsed) = X509Certificate::from_der(certificate).map_err(|_| Fault::Malformed("a certificate"))?;
        let mut link = Self {
            certificate: certificate.to_vec(),
            issuer: issuer.to_vec(),
            serial: parsed.raw_serial().to_vec(),
            is_authority: parsed.is_ca(),
            lists: Vec::new(),
            names_responder: false,
            subject: crate::certificate::name_of(parsed.subject()),
        };
        for extension in parsed.iter_extensions() {
            match extension.parsed_extension() {
                ParsedExtension::CRLDistributionPoints(points) => {
                    // Points for some reasons, or by others than the issuer, are parts of the truth.
                    let whole = points.iter().filter(|it| it.reasons.is_none() && it.crl_issuer.is_none());
                    let names = whole.filter_map(|point| point.distribution_point.as_ref());
                    link.lists.extend(names.flat_map(addresses).take(LISTS_MAX));
                }
                ParsedExtension::AuthorityInfoAccess(access) => {
                    let mut methods = access.accessdescs.iter().map(|entry| entry.access_method.to_id_string());
                    link.names_responder = methods.any(|method| method == ACCESS_OCSP);
                }
                _ => {}
            }
        }
        Ok(link)
    }

    /// The certificate (DER).
    #[must_use]
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// The certificate of its issuer (DER).
    #[must_use]
    pub fn issuer(&self) -> &[u8] {
        &self.issuer
    }

    /// Addresses of lists that the certificate names (RFC 5280 section 4.2.1.13).
    #[must_use]
    pub fn lists(&self) -> &[String] {
        &self.lists
    }

    /// Whether the certificate names a responder (OCSP).
    #[must_use]
    pub const fn names_responder(&self) -> bool {
        self.names_responder
    }

    /// What the list (DER) that was fetched from `address` says of the certificate (RFC 5280 section 6.3).
    ///
    /// # Errors
    /// [`UnusableList`] if it says nothing.
    pub fn read_list(&self, list: &[u8], address: &str, now: Timestamp) -> Result<Listed, UnusableList> {
        let (rest, parsed) = CertificateRevocationList::from_der(list).map_err(|_| UnusableList::Malformed)?;
        let (_, issuer) = X509Certificate::from_der(&self.issuer).map_err(|_| UnusableList::Malformed)?;
        if !rest.is_empty() {
            return Err(UnusableList::Malformed);
        }
        if parsed.issuer().as_raw() != issuer.subject().as_raw() {
            return Err(UnusableList::OtherAuthority);
        }
        let may_sign = issuer.key_usage().ok().flatten().is_none_or(|usage| usage.value.crl_sign());
        if !may_sign || !has_signed(&self.issuer, list).unwrap_or(false) {
            return Err(UnusableList::Signature);
        }
        let until = self.check_scope(&parsed, address, now)?;
        let is_revoked = parsed.iter_revoked_certificates().any(|entry| entry.raw_serial() == self.serial);
        Ok(Listed { is_revoked, until })
    }

    /// RFC 5280 sections 5.2.4 and 5.2.5: whether it tells all of certificates as this one. Gives its end.
    fn check_scope(
        &self,
        list: &CertificateRevocationList<'_>,
        address: &str,
        now: Timestamp,
    ) -> Result<Timestamp, UnusableList> {
        let from = Timestamp::from_seconds(list.last_update().timestamp());
        let until = list.next_update().map(|at| Timestamp::from_seconds(at.timestamp()));
        let Some(end) = until.filter(|until| from <= now.plus(SKEW) && *until > now) else {
            return Err(UnusableList::NotCurrent { from, until });
        };
        for extension in list.extensions() {
            match extension.parsed_extension() {
                ParsedExtension::IssuingDistributionPoint(scope) => self.check_point(scope, address)?,
                ParsedExtension::AuthorityKeyIdentifier(_) | ParsedExtension::CRLNumber(_) => {}
                _ if extension.critical => {
                    return Err(UnusableList::OtherScope("it has an extension that is not known"));
                }
                _ => {}
            }
        }
        Ok(end)
    }

    fn check_point(&self, scope: &IssuingDistributionPoint<'_>, address: &str) -> Result<(), UnusableList> {
        let other = |why| Err(UnusableList::OtherScope(why));
        if scope.indirect_crl || scope.only_some_reasons.is_some() || scope.only_contains_attribute_certs {
            return other("it is of others, of some reasons, or of attributes");
        }
        if scope.only_contains_user_certs && self.is_authority || scope.only_contains_ca_certs && !self.is_authority {
            return other("it is of the other kind");
        }
        match &scope.distribution_point {
            Some(point) if !addresses(point).any(|it| it == address || self.lists.contains(&it)) => {
                other("it is of another place")
            }
            _ => Ok(()),
        }
    }
}

/// Addresses of a point.
fn addresses<'a>(point: &'a DistributionPointName<'a>) -> impl Iterator<Item = String> + 'a {
    let names = match point {
        DistributionPointName::FullName(names) => names.as_slice(),
        DistributionPointName::NameRelativeToCRLIssuer(_) => &[],
    };
    names.iter().filter_map(|name| match name {
        GeneralName::URI(address) => Some((*address).to_owned()),
        _ => None,
    })
}

/// Whether the holder of `certificate` has signed the structure of what is signed, algorithm and signature.
fn has_signed(certificate: &[u8], signed: &[u8]) -> Result<bool, Fault> {
    const WHAT: &str = "a list of revoked certificates";
    let mut parts = Reader(signed).sequence(WHAT)?;
    let (content, algorithm) = (parts.take(asn1::SEQUENCE, WHAT)?, parts.take(asn1::SEQUENCE, WHAT)?);
    let signature = parts.take(asn1::BIT_STRING, WHAT)?.content;
    let signature = signature.strip_prefix(&[0]).ok_or(Fault::Malformed(WHAT))?;
    let certificate = CertificateDer::from(certificate);
    let signer = EndEntityCert::try_from(&certificate).map_err(|_| Fault::Malformed(WHAT))?;
    // One name may stand for several, which differ by the key.
    let is_named = |it: &&&dyn SignatureVerificationAlgorithm| it.signature_alg_id().as_ref() == algorithm.content;
    let mut fitting = ALL_VERIFICATION_ALGS.iter().chain(GM_ALGORITHMS).filter(is_named);
    Ok(fitting.any(|it| signer.verify_signature(*it, content.raw, signature).is_ok()))
}
