//! The client's side of RFC 8998.

use std::path::PathBuf;
use std::sync::Arc;

use gm::tls::{EitherServerVerifier, ServerVerifier, beside, provider as gm_provider};
use gm::x509::{Certificate, Roots};
use rustls::ClientConfig;
use rustls::client::danger::ServerCertVerifier;
use rustls::sign::{CertifiedKey, SingleCertAndKey};

use super::client::{ClientTls, DangerousAcceptAny, Judge};
use super::pem::{PemError, load_certificates};
use super::server::TlsSetupError;
use super::{Roots as InternationalRoots, TLS12_AND_LATER, TLS13_ALONE, provider};

/// Authorities of SM2 that are trusted.
#[derive(Debug, Clone, Default)]
pub struct GmRoots(pub(super) Roots);

impl GmRoots {
    /// The authorities in these PEM files.
    ///
    /// # Errors
    /// [`PemError`] if one of the files cannot be used, or holds what is no authority of SM2.
    pub fn only(files: &[PathBuf]) -> Result<Self, PemError> {
        let mut authorities = Vec::new();
        for file in files {
            let foreign =
                |cause: &dyn std::fmt::Display| PemError::Foreign { path: file.clone(), cause: cause.to_string() };
            for der in load_certificates(file)? {
                let certificate = Certificate::parse(&der).map_err(|cause| foreign(&cause))?;
                // One at a time, so that the error names its file.
                Roots::new(vec![certificate.clone()]).map_err(|cause| foreign(&cause))?;
                authorities.push(certificate);
            }
        }
        let roots = Roots::new(authorities);
        roots.map(Self).map_err(|cause| PemError::Foreign { path: PathBuf::new(), cause: cause.to_string() })
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
}

/// How a client speaks to servers of SM2.
#[derive(Debug, Clone)]
pub struct GmClient {
    /// Whom it trusts.
    pub roots: GmRoots,
    /// What it shows of itself where it is asked.
    pub own: Option<Arc<CertifiedKey>>,
}

impl ClientTls {
    /// SM2 and nothing else; refuses every server that no authority of `gm` vouches for.
    ///
    /// # Errors
    /// [`TlsSetupError`] if the library refuses the settings.
    pub fn gm_alone(gm: &GmClient) -> Result<Self, TlsSetupError> {
        let verifier = Arc::new(ServerVerifier(gm.roots.0.clone()));
        let config = ClientConfig::builder_with_provider(gm_provider())
            .with_protocol_versions(TLS13_ALONE)?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        Ok(Self::judged_by_handshake(with_own(config, gm)))
    }

    /// SM2 first, then the international algorithms. A server of SM2 must be one that an authority of `gm` vouches for; one of the others,
    /// with `verified`, one that an authority in `others` vouches for. Without it any is taken, and [`ClientTls::verdict`] tells.
    ///
    /// # Errors
    /// [`TlsSetupError`] if `verified` is wanted and `others` is empty, or if the library refuses the settings.
    pub fn gm_first(gm: &GmClient, others: &InternationalRoots, verified: bool) -> Result<Self, TlsSetupError> {
        let base = if verified { Self::verified(others)? } else { Self::opportunistic(others)? };
        let international: Arc<dyn ServerCertVerifier> = match (&base.judge, verified) {
            (Judge::Authorities(verifier), true) => Arc::clone(verifier) as Arc<dyn ServerCertVerifier>,
            _ => Arc::new(DangerousAcceptAny),
        };
        let either = EitherServerVerifier { gm: ServerVerifier(gm.roots.0.clone()), international };
        let config = ClientConfig::builder_with_provider(Arc::new(beside(&provider())))
            .with_protocol_versions(TLS12_AND_LATER)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(either))
            .with_no_client_auth();
        let judge = Judge::GmOr(Box::new(base.judge));
        Ok(Self { config: Arc::new(with_own(config, gm)), judge })
    }
}

fn with_own(mut config: ClientConfig, gm: &GmClient) -> ClientConfig {
    if let Some(own) = &gm.own {
        config.client_auth_cert_resolver = Arc::new(SingleCertAndKey::from(Arc::clone(own)));
    }
    // The server gives no tickets with SM2, and one of another kind would resume what was made without.
    config.resumption = rustls::client::Resumption::disabled();
    config
}
