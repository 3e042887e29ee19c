//! The server's side: certificates chosen by name, exchanged while connections go on.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ClientHello, NoClientAuth, ProducesTickets, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, SupportedProtocolVersion};
use rustls_pki_types::CertificateDer;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::client_auth::DangerousAnyClient;
use super::gm_server::{GmChoice, GmServer, Offer};
use super::{TLS12_AND_LATER, TLS13_ALONE, provider};

/// Application protocol of ACME's TLS-ALPN-01 challenge (RFC 8737 section 6.2). A server closes a connection that
/// agreed on it right after the handshake.
pub const ACME_TLS_ALPN: &[u8] = b"acme-tls/1";

/// Application protocol of the HTTP listener (RFC 7301 section 6).
pub const HTTP_ALPN: &[u8] = b"http/1.1";

/// TLS 1.3 session tickets sent after a handshake. Mail clients open few connections at once.
const TICKETS_SENT: usize = 1;

/// Lowest version of TLS that a server takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MinimumVersion {
    /// TLS 1.2 with ECDHE and AEAD, and 1.3.
    #[default]
    Tls12,
    /// TLS 1.3 alone.
    Tls13,
}

/// How a server speaks TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TlsSettings {
    /// Lowest version taken.
    pub minimum_version: MinimumVersion,
    /// Whether clients may resume sessions by ticket (keys change every six hours and never rest on disk).
    pub tickets: bool,
    /// Whether clients are asked for a certificate of theirs. None need show one, and any is taken: the handshake proves that the client has its
    /// key, and whom it belongs to is decided afterwards.
    pub client_certificates: bool,
}

impl Default for TlsSettings {
    fn default() -> Self {
        Self { minimum_version: MinimumVersion::default(), tickets: true, client_certificates: false }
    }
}

/// What a listener speaks inside TLS; decides which application protocols it offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// SMTP, IMAP: no application protocol, any offer of the client is ignored.
    Mail,
    /// HTTP/1.1, and ACME's challenge.
    Http,
}

/// Settings that cannot work.
#[derive(Debug, thiserror::Error)]
pub enum TlsSetupError {
    /// A certificate's names cannot be read.
    #[error("cannot read the names in a certificate: {0}")]
    Names(String),
    /// The library refused.
    #[error("cannot set up tls: {0}")]
    Library(#[from] rustls::Error),
}

/// Certificate chains with their keys, found by the names in them.
pub struct CertifiedChains {
    default: Arc<CertifiedKey>,
    /// By DNS name in lower case; wildcards as `*.rest`. Several chains of one name differ in the kind of key.
    by_name: HashMap<String, Vec<Arc<CertifiedKey>>>,
    gm: Option<GmServer>,
}

impl CertifiedChains {
    /// Chains to choose from; `default` serves clients that name no server or one that no chain holds.
    ///
    /// # Errors
    /// [`TlsSetupError::Names`] if a certificate cannot be parsed.
    pub fn new(default: Arc<CertifiedKey>, others: Vec<Arc<CertifiedKey>>) -> Result<Self, TlsSetupError> {
        let mut by_name: HashMap<String, Vec<Arc<CertifiedKey>>> = HashMap::new();
        for chain in std::iter::once(&default).chain(&others) {
            for name in dns_names(chain.end_entity_cert()?)? {
                by_name.entry(name).or_default().push(Arc::clone(chain));
            }
        }
        Ok(Self { default, by_name, gm: None })
    }

    /// The same, with a chain of SM2 for clients that want it (RFC 8998).
    #[must_use]
    pub fn with_gm(self, gm: GmServer) -> Self {
        Self { gm: Some(gm), ..self }
    }

    fn find(&self, server_name: &str, usable: impl Fn(&CertifiedKey) -> bool) -> Option<Arc<CertifiedKey>> {
        let name = server_name.trim_end_matches('.').to_ascii_lowercase();
        // A wildcard stands for exactly one label (RFC 9525 section 6.3).
        let wildcard = name.split_once('.').map(|(_, rest)| format!("*.{rest}"));
        [Some(name), wildcard]
            .into_iter()
            .flatten()
            .filter_map(|key| self.by_name.get(&key))
            .flatten()
            .find(|chain| usable(chain))
            .cloned()
    }
}

impl fmt::Debug for CertifiedChains {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CertifiedChains").field("names", &self.by_name.keys()).finish_non_exhaustive()
    }
}

/// The source of server settings: asked at each handshake, so that certificates and settings change without a
/// restart. Cheap to clone; clones share all state.
#[derive(Clone)]
pub struct ServerTls(Arc<Shared>);

struct Shared {
    certificates: Arc<CertificateChoice>,
    configs: ArcSwap<Configs>,
    tickets: Arc<dyn ProducesTickets>,
}

struct Configs {
    mail: ServerChoice,
    http: ServerChoice,
}

impl ServerTls {
    /// Settings and certificates to begin with.
    ///
    /// # Errors
    /// [`TlsSetupError::Library`] if no random bytes can be had for ticket keys.
    pub fn new(settings: TlsSettings, chains: CertifiedChains) -> Result<Self, TlsSetupError> {
        let certificates = Arc::new(CertificateChoice {
            chains: ArcSwap::from_pointee(chains),
            challenges: ArcSwap::from_pointee(HashMap::new()),
        });
        let tickets = rustls::crypto::aws_lc_rs::Ticketer::new()?;
        let gm = certificates.chains.load().gm.clone();
        let configs = ArcSwap::from_pointee(configs(settings, gm.as_ref(), &certificates, &tickets)?);
        Ok(Self(Arc::new(Shared { certificates, configs, tickets })))
    }

    /// Exchanges settings and certificates for connections to come; open ones go on as they are.
    ///
    /// # Errors
    /// [`TlsSetupError`] if the new ones cannot work; the old ones then stay.
    pub fn reload(&self, settings: TlsSettings, chains: CertifiedChains) -> Result<(), TlsSetupError> {
        let configs = configs(settings, chains.gm.as_ref(), &self.0.certificates, &self.0.tickets)?;
        self.0.certificates.chains.store(Arc::new(chains));
        self.0.configs.store(Arc::new(configs));
        Ok(())
    }

    /// The settings for a handshake that begins now.
    #[must_use]
    pub fn config(&self, service: Service) -> ServerChoice {
        let configs = self.0.configs.load();
        match service {
            Service::Mail => configs.mail.clone(),
            Service::Http => configs.http.clone(),
        }
    }

    /// Shows `certificate` to whoever asks for `domain` with ACME's challenge protocol (RFC 8737 section 3).
    pub fn set_alpn_challenge(&self, domain: &str, certificate: Arc<CertifiedKey>) {
        self.0.certificates.challenges.rcu(|challenges| {
            let mut changed = (**challenges).clone();
            changed.insert(domain.to_ascii_lowercase(), Arc::clone(&certificate));
            changed
        });
    }

    /// Ends the challenge of `domain`.
    pub fn clear_alpn_challenge(&self, domain: &str) {
        self.0.certificates.challenges.rcu(|challenges| {
            let mut changed = (**challenges).clone();
            changed.remove(&domain.to_ascii_lowercase());
            changed
        });
    }
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ServerTls").field(&*self.0.certificates.chains.load()).finish()
    }
}

/// Settings for a handshake whose kind the client's first message decides.
#[derive(Clone)]
pub struct ServerChoice {
    international: Arc<ServerConfig>,
    gm: Option<Arc<GmChoice>>,
}

impl ServerChoice {
    /// The settings for clients of the international algorithms.
    #[must_use]
    pub fn international(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.international)
    }

    /// Whether there is anything to decide: if not, [`Self::international`] serves everybody.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.gm.is_some()
    }

    /// The settings for the client that said `hello`; `records` are the octets that it came in, from the first one on.
    #[must_use]
    pub fn decide(&self, hello: &ClientHello<'_>, records: &[u8]) -> Arc<ServerConfig> {
        let wanted = self.gm.as_ref().filter(|gm| Offer::of(hello, records).is_some_and(|offer| gm.is_for(&offer)));
        wanted.map_or_else(|| self.international(), |gm| gm.config())
    }
}

impl fmt::Debug for ServerChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerChoice").field("gm", &self.is_open()).finish_non_exhaustive()
    }
}

fn configs(
    settings: TlsSettings,
    gm: Option<&GmServer>,
    certificates: &Arc<CertificateChoice>,
    tickets: &Arc<dyn ProducesTickets>,
) -> Result<Configs, TlsSetupError> {
    let versions: &[&SupportedProtocolVersion] = match settings.minimum_version {
        MinimumVersion::Tls12 => TLS12_AND_LATER,
        MinimumVersion::Tls13 => TLS13_ALONE,
    };
    let build = |alpn: &[&[u8]]| -> Result<ServerChoice, TlsSetupError> {
        let asked: Arc<dyn ClientCertVerifier> =
            if settings.client_certificates { Arc::new(DangerousAnyClient) } else { Arc::new(NoClientAuth) };
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(versions)?
            .with_client_cert_verifier(asked)
            .with_cert_resolver(Arc::clone(certificates) as Arc<dyn ResolvesServerCert>);
        // Sessions live in tickets alone: ten thousand idle connections should not fill a cache as well.
        config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
        if settings.tickets {
            config.ticketer = Arc::clone(tickets);
            config.send_tls13_tickets = TICKETS_SENT;
        } else {
            config.send_tls13_tickets = 0;
        }
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        let gm = gm.map(|gm| GmChoice::new(gm, settings, alpn).map(Arc::new)).transpose()?;
        Ok(ServerChoice { international: Arc::new(config), gm })
    };
    Ok(Configs { mail: build(&[])?, http: build(&[HTTP_ALPN, ACME_TLS_ALPN])? })
}

struct CertificateChoice {
    chains: ArcSwap<CertifiedChains>,
    challenges: ArcSwap<HashMap<String, Arc<CertifiedKey>>>,
}

impl ResolvesServerCert for CertificateChoice {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        // RFC 8737 section 3: the validator offers this protocol alone and gets the challenge or nothing.
        let mut offers = hello.alpn().into_iter().flatten();
        if offers.next() == Some(ACME_TLS_ALPN) && offers.next().is_none() {
            return self.challenges.load().get(&hello.server_name()?.to_ascii_lowercase()).cloned();
        }
        let schemes = hello.signature_schemes();
        let chains = self.chains.load();
        hello
            .server_name()
            .and_then(|name| chains.find(name, |chain| chain.key.choose_scheme(schemes).is_some()))
            .or_else(|| Some(Arc::clone(&chains.default)))
    }
}

impl fmt::Debug for CertificateChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CertificateChoice").field(&*self.chains.load()).finish()
    }
}

/// DNS names in the subject alternative names of a certificate, in lower case.
fn dns_names(certificate: &CertificateDer<'_>) -> Result<Vec<String>, TlsSetupError> {
    let unreadable = |cause: &dyn fmt::Display| TlsSetupError::Names(cause.to_string());
    let (_, parsed) = X509Certificate::from_der(certificate).map_err(|cause| unreadable(&cause))?;
    let Some(names) = parsed.subject_alternative_name().map_err(|cause| unreadable(&cause))? else {
        return Ok(Vec::new());
    };
    let dns = names.value.general_names.iter().filter_map(|name| match name {
        GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
        _ => None,
    });
    Ok(dns.collect())
}
