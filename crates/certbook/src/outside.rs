//! Asks servers that certificates of strangers name, within limits, and no host of a network of one's own.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use crypto::tls::ClientTls;
use env::dns::Resolver;
use net::{Https, HttpsAnswer, PlainHttp, TrustedNetworks, is_public};
use tokio::sync::Semaphore;
use url::{Host, Url};

/// Servers that are asked at the same time.
const ASKED_AT_ONCE: usize = 16;

/// Addresses of one host that are tried.
const ADDRESSES_MAX: usize = 4;

/// The way out.
pub(crate) struct Outside {
    dns: Arc<dyn Resolver>,
    networks: TrustedNetworks,
    places: Semaphore,
}

/// What is asked.
#[derive(Clone)]
pub(crate) struct Request<'a> {
    /// An address of HTTP.
    pub(crate) url: &'a str,
    /// What is handed over, with its type; nothing to be given something.
    pub(crate) body: Option<(&'static str, Vec<u8>)>,
    /// Longest answer.
    pub(crate) octets_max: usize,
    /// Longest time for each server.
    pub(crate) wait: Duration,
}

impl Outside {
    pub(crate) fn new(dns: Arc<dyn Resolver>, networks: TrustedNetworks) -> Self {
        Self { dns, networks, places: Semaphore::new(ASKED_AT_ONCE) }
    }

    /// The answer with status 200. Redirections are not followed.
    ///
    /// # Errors
    /// The cause, for people.
    pub(crate) async fn ask(&self, tls: &ClientTls, request: Request<'_>) -> Result<HttpsAnswer, String> {
        let given = request.url;
        let url = Url::parse(given).map_err(|error| format!("{given} is no address: {error}"))?;
        let is_plain = match url.scheme() {
            "http" => true,
            "https" => false,
            _ => return Err(format!("{given} is no address of HTTP, and nothing else is asked")),
        };
        let (host, port) =
            url.host().zip(url.port_or_known_default()).ok_or_else(|| format!("{given} names no host"))?;
        let name = url.host_str().unwrap_or_default();
        let authority = url.port().map_or_else(|| name.to_owned(), |port| format!("{name}:{port}"));
        let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        let _place = self.places.acquire().await.map_err(|error| error.to_string())?;
        let mut cause = format!("{name} has no address that may be asked");
        for address in self.addresses(&host).await.into_iter().take(ADDRESSES_MAX) {
            let address = SocketAddr::new(address, port);
            let answer = if is_plain {
                let server = PlainHttp {
                    authority: &authority,
                    address,
                    wait: request.wait,
                    body_bytes_max: request.octets_max,
                };
                match &request.body {
                    Some((kind, body)) => server.post(&path, kind, body.clone().into()).await,
                    None => server.get_with(&path, &[]).await,
                }
            } else {
                let server = Https { host: name, address, tls, wait: request.wait, body_bytes_max: request.octets_max };
                match &request.body {
                    Some((kind, body)) => server.post(&path, kind, body.clone().into()).await,
                    None => server.get(&path).await,
                }
            };
            match answer {
                Ok(answer) if answer.status == 200 => return Ok(answer),
                Ok(answer) => return Err(format!("{name} answers with status {}", answer.status)),
                Err(error) => cause = format!("{name}: {error}"),
            }
        }
        Err(cause)
    }

    /// Addresses of a host that may be asked.
    async fn addresses(&self, host: &Host<&str>) -> Vec<IpAddr> {
        let all = match host {
            Host::Ipv4(address) => vec![IpAddr::V4(*address)],
            Host::Ipv6(address) => vec![IpAddr::V6(*address)],
            Host::Domain(name) => {
                let (four, six) = (self.dns.ipv4(name).await, self.dns.ipv6(name).await);
                let four = four.unwrap_or_default().into_iter().map(IpAddr::V4);
                four.chain(six.unwrap_or_default().into_iter().map(IpAddr::V6)).collect()
            }
        };
        all.into_iter().filter(|ip| is_public(*ip) || self.networks.contains(*ip)).collect()
    }
}
