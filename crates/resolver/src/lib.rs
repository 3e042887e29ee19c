//! DNS over hickory: caching, with time limits, validating DNSSEC where asked.

pub mod fixed;
mod health;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use env::dns::{DnsError, Mx, RecordKind, Resolver, Tlsa};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError as AnswerError, NetError, NoRecords};
use hickory_resolver::proto::dnssec::TrustAnchors;
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};

use health::Health;

/// Times that a question is asked before it counts as unanswered.
const ATTEMPTS: usize = 2;

/// Aliases that lead from a name to its canonical one.
const ALIASES_MAX: usize = 8;

/// How names are looked up.
#[derive(Debug, Clone)]
pub struct ResolverSettings {
    /// Name servers; when empty, those of the system, and its file of hosts.
    pub servers: Vec<SocketAddr>,
    /// Check DNSSEC signatures ourselves. An answer whose signatures are wrong counts as no answer.
    pub validate: bool,
    /// Root keys to begin from (DNSKEY records, one a line); when none, those of the internet.
    pub trust_anchor: Option<PathBuf>,
    /// Longest wait for one answer.
    pub timeout: Duration,
    /// Answers kept.
    pub cache_entries: u64,
}

/// A resolver that cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum ResolverError {
    /// The system's own settings cannot be read.
    #[error("cannot set up DNS: {0}; name servers can be given as dns.servers = [\"192.0.2.53:53\"]")]
    System(String),
    /// The file of root keys cannot be used.
    #[error("cannot read root keys from {file}: {cause}; dns.trust_anchor wants DNSKEY records, one a line", file = file.display())]
    TrustAnchor {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
}

/// The resolver of a running server.
pub struct HickoryResolver {
    inner: TokioResolver,
    validate: bool,
    health: Health,
}

impl HickoryResolver {
    /// A resolver with these settings.
    ///
    /// # Errors
    /// [`ResolverError`] if the system's own settings or the root keys cannot be read.
    pub fn new(settings: &ResolverSettings) -> Result<Self, ResolverError> {
        let failed = |error: NetError| ResolverError::System(error.to_string());
        let mut builder = if settings.servers.is_empty() {
            TokioResolver::builder_tokio().map_err(failed)?
        } else {
            let servers = settings.servers.iter().map(|server| name_server(*server)).collect();
            let config = ResolverConfig::from_name_servers(servers);
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        };
        set_options(builder.options_mut(), settings);
        if let Some(file) = &settings.trust_anchor {
            let anchors = TrustAnchors::from_file(file)
                .map_err(|error| ResolverError::TrustAnchor { file: file.clone(), cause: error.to_string() })?;
            builder = builder.with_trust_anchor(Arc::new(anchors));
        }
        Ok(Self { inner: builder.build().map_err(failed)?, validate: settings.validate, health: Health::default() })
    }

    /// Whether the name servers give answers that carry DNSSEC signatures down from the root: asks for the root's own keys.
    ///
    /// # Errors
    /// [`DnsError`] if there is no answer.
    pub async fn dnssec_works(&self) -> Result<bool, DnsError> {
        let lookup = self.ask(".", RecordType::DNSKEY).await?;
        Ok(self.validate && lookup.answers().iter().any(|record| record.proof.is_secure()))
    }

    async fn ask(&self, name: &str, kind: RecordType) -> Result<Lookup, DnsError> {
        let answer = self.query(name, kind).await?;
        answer.map_err(|_| DnsError::NotFound { name: name.to_owned() })
    }

    /// Whether the name's records of a kind, or that there are none, are signed down from the root.
    async fn proves(&self, name: &str, kind: RecordType) -> Result<bool, DnsError> {
        let are_secure = |records: &[Record]| !records.is_empty() && records.iter().all(|it| it.proof.is_secure());
        Ok(match self.query(name, kind).await? {
            Ok(lookup) => are_secure(lookup.answers()),
            Err(none) => are_secure(none.authorities.as_deref().unwrap_or_default()),
        })
    }

    /// Whether all that is known of a host's addresses is signed: one family that is not makes the host insecure (RFC 7672 section
    /// 2.2.2). The second family is asked for at the name behind the alias, if it is one: of an alias that leads to nothing of the kind
    /// the library takes the proof for wrong.
    async fn proves_addresses(&self, name: &str) -> Result<bool, DnsError> {
        let (first, second) = match self.proves(name, RecordType::A).await {
            Ok(proven) => (proven, RecordType::AAAA),
            Err(error) if self.ask(name, RecordType::AAAA).await.is_err() => return Err(error),
            Err(_) => (self.proves(name, RecordType::AAAA).await?, RecordType::A),
        };
        if !first {
            return Ok(false);
        }
        let canonical = match self.canonical_name(name).await {
            Err(DnsError::NotFound { .. }) => name.to_owned(),
            found => found?,
        };
        self.proves(&canonical, second).await
    }

    /// Whether the name is surely an alias, wherever that leads.
    async fn proves_alias(&self, name: &str) -> Result<bool, DnsError> {
        let is_proven = |record: &Record| matches!(record.data, RData::CNAME(_)) && record.proof.is_secure();
        Ok(self.query(name, RecordType::CNAME).await?.is_ok_and(|lookup| lookup.answers().iter().any(is_proven)))
    }

    /// Records, or a server's word that there are none. While nothing can be looked up at all, nobody waits for it.
    async fn query(&self, name: &str, kind: RecordType) -> Result<Result<Lookup, NoRecords>, DnsError> {
        let temporary = |cause: String| DnsError::Temporary { name: name.to_owned(), cause };
        let mut queried = Name::from_utf8(name).map_err(|_| DnsError::NotFound { name: name.to_owned() })?;
        // A name from mail is a whole name: search lists of the system must not complete it.
        queried.set_fqdn(true);
        if !self.health.admits(|| self.works()).await {
            return Err(temporary("DNS does not work at present".to_owned()));
        }
        match self.inner.lookup(queried, kind).await {
            Ok(lookup) if self.validate && lookup.answers().iter().any(|record| record.proof.is_bogus()) => {
                Err(temporary("DNSSEC signatures are wrong".to_owned()))
            }
            Ok(lookup) => Ok(Ok(lookup)),
            // Only a server's own word that there is nothing is "not found"; all else may be different in a minute.
            Err(NetError::Dns(AnswerError::NoRecordsFound(none))) if is_denial(none.response_code) => Ok(Err(none)),
            Err(error) => {
                self.health.doubt(|| self.works()).await;
                Err(temporary(error.to_string()))
            }
        }
    }

    /// Whether anything can be looked up: the root's keys where signatures are checked, else any answer about the root.
    async fn works(&self) -> bool {
        let kind = if self.validate { RecordType::DNSKEY } else { RecordType::NS };
        match self.inner.lookup(Name::root(), kind).await {
            Ok(lookup) if self.validate => lookup.answers().iter().any(|record| record.proof.is_secure()),
            Ok(_) => true,
            Err(NetError::Dns(_)) => !self.validate,
            Err(_) => false,
        }
    }

    async fn collect<T>(
        &self,
        name: &str,
        kind: RecordType,
        pick: impl Fn(&RData) -> Option<T>,
    ) -> Result<Vec<T>, DnsError> {
        let lookup = self.ask(name, kind).await?;
        let found: Vec<T> = lookup.answers().iter().filter_map(|record| pick(&record.data)).collect();
        if found.is_empty() { Err(DnsError::NotFound { name: name.to_owned() }) } else { Ok(found) }
    }
}

#[async_trait]
impl Resolver for HickoryResolver {
    async fn mx(&self, name: &str) -> Result<Vec<Mx>, DnsError> {
        let mut records = self
            .collect(name, RecordType::MX, |data| match data {
                RData::MX(mx) => Some(Mx { preference: mx.preference, exchange: without_dot(&mx.exchange) }),
                _ => None,
            })
            .await?;
        records.sort();
        Ok(records)
    }

    async fn ipv4(&self, name: &str) -> Result<Vec<Ipv4Addr>, DnsError> {
        self.collect(name, RecordType::A, |data| if let RData::A(address) = data { Some(address.0) } else { None })
            .await
    }

    async fn ipv6(&self, name: &str) -> Result<Vec<Ipv6Addr>, DnsError> {
        self.collect(
            name,
            RecordType::AAAA,
            |data| if let RData::AAAA(address) = data { Some(address.0) } else { None },
        )
        .await
    }

    async fn txt(&self, name: &str) -> Result<Vec<String>, DnsError> {
        self.collect(name, RecordType::TXT, |data| match data {
            RData::TXT(txt) => Some(txt.txt_data.iter().map(|part| String::from_utf8_lossy(part)).collect::<String>()),
            _ => None,
        })
        .await
    }

    async fn ptr(&self, address: IpAddr) -> Result<Vec<String>, DnsError> {
        let name = Name::from(address).to_ascii();
        self.collect(&name, RecordType::PTR, |data| {
            if let RData::PTR(host) = data { Some(without_dot(&host.0)) } else { None }
        })
        .await
    }

    async fn tlsa(&self, name: &str) -> Result<Vec<Tlsa>, DnsError> {
        let lookup = self.ask(name, RecordType::TLSA).await?;
        let pick = |record: &Record| match &record.data {
            RData::TLSA(it) if record.proof.is_secure() => Some(Tlsa {
                usage: it.cert_usage.into(),
                selector: it.selector.into(),
                matching: it.matching.into(),
                data: it.cert_data.clone(),
            }),
            _ => None,
        };
        // Through an alias that is not signed, a signed record proves nothing (RFC 7672 section 2.1.3).
        let found: Vec<Tlsa> = match lookup.answers().iter().all(|record| record.proof.is_secure()) {
            true => lookup.answers().iter().filter_map(pick).collect(),
            false => Vec::new(),
        };
        if found.is_empty() { Err(DnsError::NotFound { name: name.to_owned() }) } else { Ok(found) }
    }

    async fn is_proven(&self, name: &str, kind: RecordKind) -> Result<bool, DnsError> {
        match kind {
            _ if !self.validate => Ok(false),
            RecordKind::Mx => self.proves(name, RecordType::MX).await,
            RecordKind::Address => self.proves_addresses(name).await,
            RecordKind::Alias => self.proves_alias(name).await,
        }
    }

    async fn is_usable(&self) -> bool {
        self.health.admits(|| self.works()).await
    }

    async fn canonical_name(&self, name: &str) -> Result<String, DnsError> {
        let lookup = match self.ask(name, RecordType::A).await {
            Ok(found) => found,
            Err(error) => match self.ask(name, RecordType::AAAA).await {
                Err(DnsError::NotFound { .. }) => return Err(error),
                found => found?,
            },
        };
        let mut canonical = name.trim_end_matches('.').to_ascii_lowercase();
        for _ in 0..ALIASES_MAX {
            let next = lookup.answers().iter().find_map(|record| match &record.data {
                RData::CNAME(target) if without_dot(&record.name) == canonical => Some(without_dot(&target.0)),
                _ => None,
            });
            match next {
                Some(next) => canonical = next,
                None => return Ok(canonical),
            }
        }
        Err(DnsError::Temporary { name: name.to_owned(), cause: "its aliases never end".to_owned() })
    }
}

fn name_server(address: SocketAddr) -> NameServerConfig {
    let (mut udp, mut tcp) = (ConnectionConfig::udp(), ConnectionConfig::tcp());
    udp.port = address.port();
    tcp.port = address.port();
    NameServerConfig::new(address.ip(), true, vec![udp, tcp])
}

fn set_options(options: &mut ResolverOpts, settings: &ResolverSettings) {
    options.timeout = settings.timeout;
    options.attempts = ATTEMPTS;
    options.cache_size = settings.cache_entries;
    options.validate = settings.validate;
    options.edns0 = true;
    options.try_tcp_on_error = true;
    // Names of this machine's file say nothing of others' zones, and differ from run to run where an address has several.
    if !settings.servers.is_empty() {
        options.use_hosts_file = ResolveHosts::Never;
    }
}

fn without_dot(name: &Name) -> String {
    name.to_ascii().trim_end_matches('.').to_ascii_lowercase()
}

fn is_denial(code: ResponseCode) -> bool {
    matches!(code, ResponseCode::NXDomain | ResponseCode::NoError)
}
