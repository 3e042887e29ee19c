//! The server's side of RFC 8998: which clients get the certificate of SM2.

use std::sync::Arc;

use gm::tls::{AnyClient, ClientVerifier, GROUP, SCHEME, SUITE};
use gm::x509::{Certificate, SubjectName};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ClientHello, NoClientAuth};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{CipherSuite, NamedGroup, ServerConfig, SignatureScheme};

use super::gm_client::GmRoots;
use super::server::{TlsSettings, TlsSetupError};
use super::{ACME_TLS_ALPN, TLS13_ALONE, hello, provider};

/// When a client that speaks both kinds gets that of SM2. Who speaks one of them alone gets that one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GmPreference {
    /// When it names the suite of SM4 before all others.
    #[default]
    Client,
    /// Whenever it can.
    Always,
    /// For the hosts of [`GmServer::names`] alone.
    Never,
}

/// What a server has of SM2.
#[derive(Debug, Clone)]
pub struct GmServer {
    /// Its chain with its key.
    pub chain: Arc<CertifiedKey>,
    /// When it is shown to clients that could have the other.
    pub preference: GmPreference,
    /// Hosts, in lower case, that are always served with SM2 where the client can.
    pub names: Vec<String>,
    /// Authorities of clients: if given, nobody gets in with SM2 who shows no certificate of one of them.
    pub clients: Option<GmRoots>,
}

/// What a client offers, as far as the choice depends on it.
#[derive(Debug)]
pub(super) struct Offer<'a> {
    pub(super) server_name: Option<&'a str>,
    pub(super) suites: &'a [CipherSuite],
    pub(super) groups: &'a [NamedGroup],
    pub(super) schemes: &'a [SignatureScheme],
    /// Signatures that it takes on certificates, where it says so apart.
    pub(super) on_certificates: Option<Vec<SignatureScheme>>,
    /// Names in DER of the authorities that it trusts, where it says so.
    pub(super) authorities: Option<Vec<&'a [u8]>>,
}

impl<'a> Offer<'a> {
    /// What `hello` offers; `records` are the octets that carried it. None for ACME's validators, who want one certificate alone.
    pub(super) fn of(hello: &'a ClientHello<'_>, records: &[u8]) -> Option<Self> {
        if hello.alpn().is_some_and(|mut offers| offers.any(|offer| offer == ACME_TLS_ALPN)) {
            return None;
        }
        Some(Self {
            server_name: hello.server_name(),
            suites: hello.cipher_suites(),
            groups: hello.named_groups().unwrap_or_default(),
            schemes: hello.signature_schemes(),
            on_certificates: hello::certificate_schemes(records),
            authorities: hello.certificate_authorities().map(|names| names.iter().map(AsRef::as_ref).collect()),
        })
    }

    /// Whether a handshake of RFC 8998 can succeed: suite, group and signature, on certificates too.
    fn speaks_gm(&self) -> bool {
        self.suites.contains(&SUITE)
            && self.groups.contains(&GROUP)
            && self.schemes.contains(&SCHEME)
            && self.on_certificates.as_ref().is_none_or(|schemes| schemes.contains(&SCHEME))
    }

    /// The first suite that both sides have, of either kind.
    fn first_suite(&self) -> Option<CipherSuite> {
        let ours = provider();
        let known =
            |suite: &&CipherSuite| **suite == SUITE || ours.cipher_suites.iter().any(|one| one.suite() == **suite);
        self.suites.iter().find(known).copied()
    }

    fn speaks_others(&self) -> bool {
        provider().cipher_suites.iter().any(|one| self.suites.contains(&one.suite()))
    }
}

/// A server's certificate of SM2, and the settings that show it.
pub(super) struct GmChoice {
    config: Arc<ServerConfig>,
    certificate: Certificate,
    issuers: Vec<Vec<u8>>,
    preference: GmPreference,
    names: Vec<String>,
}

impl GmChoice {
    pub(super) fn new(gm: &GmServer, settings: TlsSettings, alpn: &[&[u8]]) -> Result<Self, TlsSetupError> {
        let unreadable = |cause: &dyn std::fmt::Display| TlsSetupError::Names(cause.to_string());
        let chain = gm.chain.cert.iter().map(|der| Certificate::parse(der)).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(|cause| unreadable(&cause))?;
        let issuers = chain.iter().map(|certificate| certificate.issuer().to_vec()).collect();
        let certificate = chain.into_iter().next().ok_or_else(|| unreadable(&"the chain is empty"))?;
        let clients: Arc<dyn ClientCertVerifier> = match (&gm.clients, settings.client_certificates) {
            (Some(roots), _) => Arc::new(ClientVerifier::new(roots.0.clone())),
            (None, true) => Arc::new(AnyClient),
            (None, false) => Arc::new(NoClientAuth),
        };
        let mut config = ServerConfig::builder_with_provider(gm::tls::provider())
            .with_protocol_versions(TLS13_ALONE)?
            .with_client_cert_verifier(clients)
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(Arc::clone(&gm.chain))));
        // Tickets are sealed with AES, which has no place here; each connection makes a whole handshake.
        config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        config.alpn_protocols = alpn.iter().filter(|name| **name != ACME_TLS_ALPN).map(|name| name.to_vec()).collect();
        let names = gm.names.iter().map(|name| name.to_ascii_lowercase()).collect();
        Ok(Self { config: Arc::new(config), certificate, issuers, preference: gm.preference, names })
    }

    pub(super) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }

    /// Whether this client is served with SM2.
    pub(super) fn is_for(&self, offer: &Offer<'_>) -> bool {
        if !offer.speaks_gm() {
            return false;
        }
        if !offer.speaks_others() {
            return true;
        }
        // A client that names whom it trusts must get a chain that one of these begins.
        let trusted = offer
            .authorities
            .as_ref()
            .is_none_or(|names| names.iter().any(|name| self.issuers.iter().any(|issuer| issuer == name)));
        let covered = offer.server_name.is_none_or(|name| self.certificate.is_for_host(&SubjectName::host(name)));
        if !trusted || !covered {
            return false;
        }
        let is_named = offer.server_name.is_some_and(|name| self.names.contains(&name.to_ascii_lowercase()));
        is_named
            || match self.preference {
                GmPreference::Client => offer.first_suite() == Some(SUITE),
                GmPreference::Always => true,
                GmPreference::Never => false,
            }
    }
}
