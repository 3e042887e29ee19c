//! Who vouches for a certificate (RFC 5280 section 6, without policies and name constraints).

use env::{Outlook, Timestamp};

use super::{Certificate, CertificateError, Purpose, SubjectName};
use crate::sm2::DEFAULT_ID;

/// Most authorities between a root and a holder.
const INTERMEDIATES_MAX: usize = 6;

/// Most signatures that are checked for one chain, whatever a peer sends.
const SIGNATURES_MAX: usize = 32;

/// Why nobody trusted vouches for a certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// A certificate cannot be used at all.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// A certificate's time has not come.
    #[error("the certificate of {0} is not valid yet")]
    NotValidYet(String),
    /// A certificate's time is over.
    #[error("the certificate of {0} has expired")]
    Expired(String),
    /// The certificate does not name the host.
    #[error("the certificate is not for this host")]
    OtherName,
    /// No chain of signatures leads to a trusted authority.
    #[error("no trusted authority vouches for the certificate")]
    UnknownIssuer,
    /// A signature in the only chain does not verify.
    #[error("the certificate of {0} was not signed by its issuer")]
    Signature(String),
    /// An issuer may not issue, or not this deep.
    #[error("{0} may not issue this certificate")]
    NotAnAuthority(String),
    /// The certificate is not for what it is used for.
    #[error("the certificate is for other purposes")]
    Purpose,
}

impl ChainError {
    /// Another certificate must be shown.
    #[must_use]
    pub fn outlook(&self) -> Outlook {
        Outlook::Permanent
    }

    /// Of two reasons, the one that says more.
    fn or(self, other: Self) -> Self {
        if self == Self::UnknownIssuer { other } else { self }
    }
}

/// Authorities that are trusted.
#[derive(Debug, Clone, Default)]
pub struct Roots(Vec<Certificate>);

impl Roots {
    /// These authorities.
    ///
    /// # Errors
    /// [`ChainError`] if one of them is no authority's certificate.
    pub fn new(certificates: Vec<Certificate>) -> Result<Self, ChainError> {
        for certificate in &certificates {
            if !may_issue(certificate, 0) {
                return Err(ChainError::NotAnAuthority(certificate.subject_text.clone()));
            }
        }
        Ok(Self(certificates))
    }

    /// These authorities.
    pub fn iter(&self) -> impl Iterator<Item = &Certificate> {
        self.0.iter()
    }

    /// How many authorities these are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none, so that nothing verifies.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of these vouches at `now` for `own` and this `purpose`, by way of `intermediates` in any order.
    ///
    /// # Errors
    /// [`ChainError`] if not.
    pub fn verify(
        &self,
        own: &Certificate,
        intermediates: &[Certificate],
        purpose: Purpose,
        now: Timestamp,
    ) -> Result<(), ChainError> {
        if !own.is_for_purpose(purpose) {
            return Err(ChainError::Purpose);
        }
        // Signing in TLS and signing mail need the same right; who only gets encrypted mail is no subject of this function.
        if !own.may_sign() && purpose != Purpose::Email {
            return Err(ChainError::Purpose);
        }
        let mut search = Search { roots: &self.0, intermediates, purpose, now, signatures: 0 };
        search.climb(own, &mut Vec::new())
    }

    /// As [`Self::verify`] for a server called `name`.
    ///
    /// # Errors
    /// [`ChainError`] if nobody vouches, or if it is for another host.
    pub fn verify_server(
        &self,
        own: &Certificate,
        intermediates: &[Certificate],
        name: &SubjectName,
        now: Timestamp,
    ) -> Result<(), ChainError> {
        self.verify(own, intermediates, Purpose::Server, now)?;
        if own.is_for_host(name) { Ok(()) } else { Err(ChainError::OtherName) }
    }
}

struct Search<'a> {
    roots: &'a [Certificate],
    intermediates: &'a [Certificate],
    purpose: Purpose,
    now: Timestamp,
    signatures: usize,
}

impl<'a> Search<'a> {
    /// Looks for a way from `certificate` up to a root; `below` are the authorities that were climbed to get here.
    fn climb(&mut self, certificate: &'a Certificate, below: &mut Vec<&'a Certificate>) -> Result<(), ChainError> {
        in_time(certificate, self.now)?;
        let mut reason = ChainError::UnknownIssuer;
        for root in self.roots.iter().filter(|root| root.subject == certificate.issuer) {
            match self.vouches(root, certificate, below) {
                Ok(()) => return Ok(()),
                Err(cause) => reason = reason.or(cause),
            }
        }
        if below.len() == INTERMEDIATES_MAX {
            return Err(reason);
        }
        for issuer in self.intermediates.iter().filter(|issuer| issuer.subject == certificate.issuer) {
            if issuer == certificate || below.contains(&issuer) {
                continue;
            }
            let vouched = self.vouches(issuer, certificate, below).and_then(|()| {
                below.push(issuer);
                let climbed = self.climb(issuer, below);
                below.pop();
                climbed
            });
            match vouched {
                Ok(()) => return Ok(()),
                Err(cause) => reason = reason.or(cause),
            }
        }
        Err(reason)
    }

    /// Whether `issuer` may issue `certificate`, and did.
    fn vouches(
        &mut self,
        issuer: &Certificate,
        certificate: &Certificate,
        below: &[&Certificate],
    ) -> Result<(), ChainError> {
        in_time(issuer, self.now)?;
        // RFC 5280 section 4.2.1.9: certificates that an authority issued to itself do not count.
        let between = below.iter().filter(|authority| authority.subject != authority.issuer).count();
        if !may_issue(issuer, between) || !issuer.is_for_purpose(self.purpose) {
            return Err(ChainError::NotAnAuthority(issuer.subject_text.clone()));
        }
        self.signatures += 1;
        if self.signatures > SIGNATURES_MAX {
            return Err(ChainError::UnknownIssuer);
        }
        issuer
            .key
            .verify(DEFAULT_ID, &certificate.signed, &certificate.signature)
            .map_err(|_| ChainError::Signature(certificate.subject_text.clone()))
    }
}

fn may_issue(authority: &Certificate, between: usize) -> bool {
    let limits = &authority.limits;
    let deep_enough = limits.path_length.is_none_or(|most| between <= most as usize);
    limits.authority && deep_enough && !limits.name_constraints && limits.usage.is_none_or(|usage| usage.certify)
}

fn in_time(certificate: &Certificate, now: Timestamp) -> Result<(), ChainError> {
    if now < certificate.not_before {
        Err(ChainError::NotValidYet(certificate.subject_text.clone()))
    } else if now > certificate.not_after {
        Err(ChainError::Expired(certificate.subject_text.clone()))
    } else {
        Ok(())
    }
}
