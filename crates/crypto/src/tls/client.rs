//! The client's side: for verified peers, and for opportunistic TLS between mail servers.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use env::Timestamp;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{verify_tls12_signature, verify_tls13_signature};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use super::pem::{PemError, load_certificates};
use super::server::TlsSetupError;
use super::{TLS12_AND_LATER, provider};

/// Authorities that a client trusts.
#[derive(Debug, Clone)]
pub struct Roots(Arc<RootCertStore>);

impl Roots {
    /// The authorities of the operating system, or Mozilla's built-in list if it has none, and those in the
    /// `extra` PEM files.
    ///
    /// # Errors
    /// [`PemError`] if one of the `extra` files cannot be used.
    pub fn system(extra: &[PathBuf]) -> Result<Self, PemError> {
        let mut store = RootCertStore::empty();
        let native = rustls_native_certs::load_native_certs();
        for problem in &native.errors {
            tracing::warn!(cause = %problem, "some of the system's certificate authorities cannot be read");
        }
        store.add_parsable_certificates(native.certs);
        if store.is_empty() {
            tracing::info!("the system has no certificate authorities; using the built-in list");
            store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        add_files(&mut store, extra)?;
        Ok(Self(Arc::new(store)))
    }

    /// Only the authorities in these PEM files.
    ///
    /// # Errors
    /// [`PemError`] if one of the files cannot be used.
    pub fn only(files: &[PathBuf]) -> Result<Self, PemError> {
        let mut store = RootCertStore::empty();
        add_files(&mut store, files)?;
        Ok(Self(Arc::new(store)))
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

fn add_files(store: &mut RootCertStore, files: &[PathBuf]) -> Result<(), PemError> {
    for file in files {
        for certificate in load_certificates(file)? {
            store
                .add(certificate)
                .map_err(|cause| PemError::Malformed { path: file.clone(), cause: cause.to_string() })?;
        }
    }
    Ok(())
}

/// Whether a peer's certificate verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeerVerdict {
    /// A trusted authority vouches for this name, now.
    Verified,
    /// Encrypted, but to whom is unknown.
    Unverified {
        /// Why, in a few words.
        cause: String,
        /// What kind of fault it is.
        fault: CertificateFault,
    },
}

/// Kinds of faults of a peer's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateFault {
    /// It is out of date, or not valid yet.
    OutOfDate,
    /// It is another host's.
    OtherName,
    /// Nobody who is trusted vouches for it.
    NotTrusted,
    /// Something else.
    Other,
}

impl CertificateFault {
    /// The fault that a handshake failed for; `None` if it was not for a certificate.
    #[must_use]
    pub fn of_handshake(cause: &std::io::Error) -> Option<Self> {
        Self::of(cause.get_ref()?.downcast_ref::<rustls::Error>()?)
    }

    fn of(error: &rustls::Error) -> Option<Self> {
        let rustls::Error::InvalidCertificate(error) = error else { return None };
        Some(match error {
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => Self::OutOfDate,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Self::OtherName,
            CertificateError::UnknownIssuer => Self::NotTrusted,
            _ => Self::Other,
        })
    }
}

impl PeerVerdict {
    /// Whether the peer is known to be the one named.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        *self == Self::Verified
    }
}

/// Client settings, for one way of trusting.
#[derive(Debug, Clone)]
pub struct ClientTls {
    pub(super) config: Arc<ClientConfig>,
    pub(super) judge: Judge,
}

/// Who says whether a peer is the one named.
#[derive(Debug, Clone)]
pub(super) enum Judge {
    /// Authorities.
    Authorities(Arc<WebPkiServerVerifier>),
    /// The handshake for certificates of SM2; somebody else for all others.
    GmOr(Box<Self>),
    /// The handshake, which fails otherwise.
    Handshake,
    /// Nobody.
    Nobody,
}

impl ClientTls {
    /// Refuses every peer that an authority in `roots` does not vouch for.
    ///
    /// # Errors
    /// [`TlsSetupError`] if `roots` is empty.
    pub fn verified(roots: &Roots) -> Result<Self, TlsSetupError> {
        let verifier = verifier(roots)?;
        let config = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(TLS12_AND_LATER)?
            .with_webpki_verifier(Arc::clone(&verifier))
            .with_no_client_auth();
        Ok(Self { config: Arc::new(config), judge: Judge::Authorities(verifier) })
    }

    /// Opportunistic TLS between mail servers (RFC 7435): takes any certificate, as the alternative is none at all.
    /// Ask [`ClientTls::verdict`] afterwards whether it would have verified under `roots`.
    ///
    /// # Errors
    /// [`TlsSetupError`] if the library refuses the settings.
    pub fn opportunistic(roots: &Roots) -> Result<Self, TlsSetupError> {
        let judge = if roots.is_empty() { Judge::Nobody } else { Judge::Authorities(verifier(roots)?) };
        let config = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(TLS12_AND_LATER)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(DangerousAcceptAny))
            .with_no_client_auth();
        Ok(Self { config: Arc::new(config), judge })
    }

    /// A peer with which the handshake of `config` succeeds is the right one.
    pub(super) fn judged_by_handshake(config: ClientConfig) -> Self {
        Self { config: Arc::new(config), judge: Judge::Handshake }
    }

    /// The settings for a handshake.
    #[must_use]
    pub fn config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.config)
    }

    /// Whether the chain that a peer showed in the handshake verifies for `name` at the moment `now`.
    #[must_use]
    pub fn verdict(&self, chain: &[CertificateDer<'_>], name: &ServerName<'_>, now: Timestamp) -> PeerVerdict {
        let Some((own, intermediates)) = chain.split_first() else {
            return unverified("the peer showed no certificate", CertificateFault::Other);
        };
        let judge = match &self.judge {
            Judge::GmOr(_) if gm::x509::Certificate::parse(own).is_ok() => &Judge::Handshake,
            Judge::GmOr(others) => others,
            judge => judge,
        };
        let verifier = match judge {
            Judge::Authorities(verifier) => verifier,
            Judge::GmOr(_) => return unverified("nobody judges", CertificateFault::Other),
            Judge::Handshake => return PeerVerdict::Verified,
            Judge::Nobody => return unverified("no authority is trusted", CertificateFault::NotTrusted),
        };
        let seconds = u64::try_from(now.seconds()).unwrap_or(0);
        let moment = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        match verifier.verify_server_cert(own, intermediates, name, &[], moment) {
            Ok(_) => PeerVerdict::Verified,
            Err(cause) => {
                unverified(&cause.to_string(), CertificateFault::of(&cause).unwrap_or(CertificateFault::Other))
            }
        }
    }
}

fn unverified(cause: &str, fault: CertificateFault) -> PeerVerdict {
    PeerVerdict::Unverified { cause: cause.to_owned(), fault }
}

fn verifier(roots: &Roots) -> Result<Arc<WebPkiServerVerifier>, TlsSetupError> {
    WebPkiServerVerifier::builder_with_provider(Arc::clone(&roots.0), provider())
        .build()
        .map_err(|cause| TlsSetupError::Library(rustls::Error::General(cause.to_string())))
}

/// Takes every certificate. The peer still proves that it has the key of the certificate it shows.
#[derive(Debug)]
pub(super) struct DangerousAcceptAny;

impl ServerCertVerifier for DangerousAcceptAny {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &provider().signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &provider().signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}
