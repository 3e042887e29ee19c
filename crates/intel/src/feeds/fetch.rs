//! Fetching a feed over HTTPS.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crypto::tls::{ClientTls, Roots};
use env::dns::Resolver;
use net::Https;
use url::Url;

use crate::FeedSource;

/// Longest time for one answer.
const WAIT: Duration = Duration::from_secs(60);

/// What a feed's server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// Nothing has changed since the version that was named.
    Same,
    /// A version.
    New {
        /// The feed.
        body: Vec<u8>,
        /// What names this version; empty if nothing does.
        etag: String,
    },
}

/// Fetches feeds.
#[async_trait]
pub trait Fetch: Send + Sync {
    /// What stands at an address of a feed, unless it is the version `etag`.
    ///
    /// # Errors
    /// Why there is none, for the administrator.
    async fn get(&self, source: &FeedSource, address: &str, etag: &str) -> Result<Fetched, String>;
}

/// Fetches over HTTPS, hosts looked up by our own resolver.
pub struct HttpsFetch {
    dns: Arc<dyn Resolver>,
}

impl HttpsFetch {
    /// One that looks hosts up with `dns`.
    #[must_use]
    pub fn new(dns: Arc<dyn Resolver>) -> Self {
        Self { dns }
    }
}

/// Where a host listens: its first address, that of IPv4 before.
///
/// # Errors
/// Why it has none, for the administrator.
pub async fn address_of(dns: &dyn Resolver, host: &str, port: u16) -> Result<SocketAddr, String> {
    if let Ok(address) = host.parse() {
        return Ok(SocketAddr::new(address, port));
    }
    if let Some(address) = dns.ipv4(host).await.ok().and_then(|all| all.first().copied()) {
        return Ok(SocketAddr::from((address, port)));
    }
    let all = dns.ipv6(host).await.map_err(|error| format!("its host cannot be looked up: {error}"))?;
    all.first().map(|address| SocketAddr::from((*address, port))).ok_or_else(|| "its host has no address".to_owned())
}

#[async_trait]
impl Fetch for HttpsFetch {
    async fn get(&self, source: &FeedSource, address: &str, etag: &str) -> Result<Fetched, String> {
        let (host, port, path) = split(address).ok_or_else(|| format!("{address} is no https address"))?;
        let place = address_of(&*self.dns, &host, port).await?;
        let roots = match &source.ca {
            Some(file) => Roots::only(std::slice::from_ref(file)),
            None => Roots::system(&[]),
        };
        let tls = roots.map_err(|error| error.to_string())?;
        let tls = ClientTls::verified(&tls).map_err(|error| error.to_string())?;
        let https = Https { host: &host, address: place, tls: &tls, wait: WAIT, body_bytes_max: source.octets_max };
        let known = [("if-none-match", etag)];
        let fields = if etag.is_empty() { &known[1..] } else { &known[..] };
        let answer = https.get_with(&path, fields).await.map_err(|error| error.to_string())?;
        match answer.status {
            200 => Ok(Fetched::New { body: Vec::from(answer.body), etag: answer.etag }),
            304 if !etag.is_empty() => Ok(Fetched::Same),
            300..=399 => {
                Err(format!("{address} leads elsewhere (status {}); name the address where it is", answer.status))
            }
            status => Err(format!("{address} answers with status {status}")),
        }
    }
}

/// Host, port and path of an https address.
pub(crate) fn split(address: &str) -> Option<(String, u16, String)> {
    let url = Url::parse(address).ok().filter(|url| url.scheme() == "https" && url.username().is_empty())?;
    let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    Some((url.host_str()?.to_owned(), url.port().unwrap_or(443), path))
}

/// The public key of a setting.
pub(crate) fn key_of(text: &str) -> Option<[u8; 32]> {
    STANDARD.decode(text.trim()).ok()?.try_into().ok()
}

/// Whether a signature, raw or in base64, is that of a feed (RFC 8032).
pub(super) fn is_signed(body: &[u8], signature: &[u8], key: &str) -> bool {
    let Some(key) = key_of(key) else { return false };
    let written = std::str::from_utf8(signature).ok().and_then(|text| STANDARD.decode(text.trim()).ok());
    let signature = written.as_deref().filter(|_| signature.len() != 64).unwrap_or(signature);
    UnparsedPublicKey::new(&ED25519, key).verify(body, signature).is_ok()
}
