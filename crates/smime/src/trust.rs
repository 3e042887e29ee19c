//! Whether anybody vouches for a certificate: chains to roots, dates, revocation, use (RFC 5280 section 6, RFC 8550).

use std::time::Duration;

use env::Timestamp;
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use webpki::{
    ALL_VERIFICATION_ALGS, CertRevocationList, EndEntityCert, Error, ExpirationPolicy, KeyUsage,
    OwnedCertRevocationList, RevocationCheckDepth, RevocationOptionsBuilder, UnknownStatusPolicy, VerifiedPath,
    anchor_from_trusted_cert,
};

use crate::{Certificate, Fault, KeyKind, Link};

/// Signatures on certificates and lists of SM2.
pub(crate) const GM_ALGORITHMS: &[&dyn SignatureVerificationAlgorithm] = &[gm::tls::SM2_SM3, gm::tls::SM2_SM3_NULL];

/// `id-kp-emailProtection` (RFC 5280 section 4.2.1.12).
const EMAIL_PROTECTION: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x04];

/// `id-kp-timeStamping` (RFC 3161 section 2.3).
const TIME_STAMPING: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x08];

/// Certificates that may lie between one and its root.
const BETWEEN_MAX: usize = 32;

/// Who is believed.
#[derive(Default)]
pub struct Trust {
    roots: Vec<CertificateDer<'static>>,
    lists: Vec<CertRevocationList<'static>>,
    gm_roots: Vec<gm::x509::Certificate>,
    /// SHA-256 of certificates that are believed whoever issued them, as somebody has compared them.
    pinned: Vec<[u8; 32]>,
    /// Whether an authority without a current list vouches for nobody.
    needs_list: bool,
    /// Whether it is asked about authorities of time stamps, not about people.
    stamps: bool,
}

impl std::fmt::Debug for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Trust({} roots, {} lists, {} pinned)", self.roots.len(), self.lists.len(), self.pinned.len())
    }
}

impl Trust {
    /// Believes these authorities.
    ///
    /// # Errors
    /// [`Fault`] if one is none.
    pub fn new(roots: &[Certificate]) -> Result<Self, Fault> {
        let mut trust = Self::default();
        for root in roots {
            if root.key_kind() == KeyKind::Sm2 {
                let root = gm::x509::Certificate::parse(root.der());
                trust.gm_roots.push(root.map_err(|_| Fault::Malformed("the certificate of an authority"))?);
            }
            let der = CertificateDer::from(root.der().to_vec());
            anchor_from_trusted_cert(&der).map_err(|_| Fault::Malformed("the certificate of an authority"))?;
            trust.roots.push(der);
        }
        Ok(trust)
    }

    /// Adds a list of revoked certificates (DER, RFC 5280 section 5).
    ///
    /// # Errors
    /// [`Fault`] if it is none.
    pub fn with_list(mut self, list: &[u8]) -> Result<Self, Fault> {
        let list = OwnedCertRevocationList::from_der(list).map_err(|_| Fault::Malformed("the list of an authority"))?;
        self.lists.push(list.into());
        Ok(self)
    }

    /// Believes a certificate whoever issued it, as long as its dates hold.
    #[must_use]
    pub fn with_pinned(mut self, fingerprint: [u8; 32]) -> Self {
        self.pinned.push(fingerprint);
        self
    }

    /// Refuses certificates of which no current list tells.
    #[must_use]
    pub const fn needing_lists(mut self) -> Self {
        self.needs_list = true;
        self
    }

    /// Is asked about authorities of time stamps (RFC 3161), whose certificates must be for that and nothing else.
    #[must_use]
    pub const fn of_time_stamps(mut self) -> Self {
        self.stamps = true;
        self
    }

    /// Whether an authority vouches for `certificate` now, with the help of `others` between.
    ///
    /// # Errors
    /// [`Fault`] with the reason.
    pub fn check(&self, certificate: &Certificate, others: &[Certificate], now: Timestamp) -> Result<(), Fault> {
        certificate.check_strength()?;
        certificate.check_dates(now)?;
        if self.pinned.contains(&certificate.fingerprint()) {
            return Ok(());
        }
        if certificate.is_weakly_signed {
            let subject = &certificate.subject;
            return Err(Fault::Weak(format!("a certificate signed with SHA-1 or MD5 ({subject})")));
        }
        if certificate.key_kind() == KeyKind::Sm2 {
            self.check_gm(certificate, others, now)?;
            if self.lists.is_empty() && !self.needs_list {
                return Ok(());
            }
        }
        let policy = if self.needs_list { UnknownStatusPolicy::Deny } else { UnknownStatusPolicy::Allow };
        self.climb((certificate, others), now, Some(policy), |_| ())
    }

    /// Whether the certificate is pinned: somebody has compared it.
    #[must_use]
    pub fn is_pinned(&self, certificate: &Certificate) -> bool {
        self.pinned.contains(&certificate.fingerprint())
    }

    /// Whether current lists that were added tell of each certificate up to the root that it was not revoked.
    #[must_use]
    pub fn is_listed(&self, certificate: &Certificate, others: &[Certificate], now: Timestamp) -> bool {
        !self.lists.is_empty()
            && self.climb((certificate, others), now, Some(UnknownStatusPolicy::Deny), |_| ()).is_ok()
    }

    /// The certificates from this one up to its root, each with the one above that issued it.
    ///
    /// # Errors
    /// [`Fault`] if no way leads to a root.
    pub fn links(&self, certificate: &Certificate, others: &[Certificate], now: Timestamp) -> Result<Vec<Link>, Fault> {
        let chain = self.climb((certificate, others), now, None, |path| {
            let between = path.intermediate_certificates().map(|it| it.der().into_owned());
            let own = CertificateDer::from(certificate.der().to_vec());
            std::iter::once(own).chain(between).chain(self.root_of(path.anchor())).collect::<Vec<_>>()
        })?;
        chain.iter().zip(chain.iter().skip(1)).map(|(own, issuer)| Link::new(own, issuer)).collect()
    }

    fn root_of(&self, anchor: &TrustAnchor<'_>) -> Option<CertificateDer<'static>> {
        let is_it = |root: &&CertificateDer<'static>| {
            anchor_from_trusted_cert(root).is_ok_and(|it| {
                it.subject == anchor.subject && it.subject_public_key_info == anchor.subject_public_key_info
            })
        };
        self.roots.iter().find(is_it).cloned()
    }

    /// Goes up to a root; without a policy the lists do not matter. Gives what `found` makes of the way.
    fn climb<T>(
        &self,
        (certificate, others): (&Certificate, &[Certificate]),
        now: Timestamp,
        policy: Option<UnknownStatusPolicy>,
        found: impl FnOnce(&VerifiedPath<'_>) -> T,
    ) -> Result<T, Fault> {
        let der = CertificateDer::from(certificate.der());
        let end = EndEntityCert::try_from(&der).map_err(|error| self.untrusted(certificate, &error))?;
        let between: Vec<CertificateDer<'_>> =
            others.iter().take(BETWEEN_MAX).map(|it| CertificateDer::from(it.der())).collect();
        let anchors: Vec<_> = self.roots.iter().filter_map(|root| anchor_from_trusted_cert(root).ok()).collect();
        let moment = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(now.seconds()).unwrap_or(0)));
        let lists: Vec<&CertRevocationList<'_>> = self.lists.iter().collect();
        let revocation = policy.and_then(|policy| {
            let options = RevocationOptionsBuilder::new(&lists).ok()?;
            let options = options.with_depth(RevocationCheckDepth::Chain).with_status_policy(policy);
            Some(options.with_expiration_policy(ExpirationPolicy::Enforce).build())
        });
        if revocation.is_none() && policy == Some(UnknownStatusPolicy::Deny) {
            return Err(Fault::RevocationUnknown { subject: certificate.subject.clone() });
        }
        let usage = if self.stamps {
            KeyUsage::required(TIME_STAMPING)
        } else {
            KeyUsage::required_if_present(EMAIL_PROTECTION)
        };
        let algorithms: &[_] =
            if certificate.key_kind() == KeyKind::Sm2 { GM_ALGORITHMS } else { ALL_VERIFICATION_ALGS };
        end.verify_for_usage(algorithms, &anchors, &between, moment, usage, revocation, None)
            .map(|path| found(&path))
            .map_err(|error| self.untrusted(certificate, &error))
    }

    /// Of a certificate of SM2, more strictly than the library does: the usage of authorities counts, and none of them may be of another kind.
    fn check_gm(&self, certificate: &Certificate, others: &[Certificate], now: Timestamp) -> Result<(), Fault> {
        let subject = certificate.subject.clone();
        let untrusted = |cause: String| Fault::Untrusted { subject: subject.clone(), cause };
        let own = gm::x509::Certificate::parse(certificate.der()).map_err(|error| untrusted(error.to_string()))?;
        let between: Vec<_> =
            others.iter().take(BETWEEN_MAX).filter_map(|it| gm::x509::Certificate::parse(it.der()).ok()).collect();
        let roots = gm::x509::Roots::new(self.gm_roots.clone()).map_err(|error| untrusted(error.to_string()))?;
        roots.verify(&own, &between, gm::x509::Purpose::Email, now).map_err(|error| match error {
            gm::x509::ChainError::Purpose => Fault::WrongUse { subject: subject.clone(), needed: "e-mail protection" },
            other => untrusted(other.to_string()),
        })
    }

    fn untrusted(&self, certificate: &Certificate, error: &Error) -> Fault {
        let subject = certificate.subject.clone();
        match error {
            // The end of one between: the certificate's own dates were looked at before.
            Error::CertExpired { .. } => Fault::Untrusted { subject, cause: "its authority has expired".to_owned() },
            Error::CertRevoked => Fault::Revoked { subject },
            Error::UnknownRevocationStatus | Error::CrlExpired { .. } => Fault::RevocationUnknown { subject },
            Error::RequiredEkuNotFoundContext(_) => {
                Fault::WrongUse { subject, needed: if self.stamps { "time stamps" } else { "e-mail protection" } }
            }
            other => Fault::Untrusted { subject, cause: other.to_string() },
        }
    }
}
