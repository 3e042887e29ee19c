//! The hosts that take a domain's mail, in the order in which they are tried (RFC 5321 section 5.1).

use std::net::{IpAddr, SocketAddr};

use env::Entropy;
use env::dns::{DnsError, Mx, Resolver};

use super::route::Way;

/// Exchangers of one domain that are tried; a domain that lists more is not owed the rest.
const EXCHANGERS_MAX: usize = 10;

/// Addresses of one exchanger that are tried.
const ADDRESSES_MAX: usize = 4;

/// A host to deliver to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Exchanger {
    /// Name, for TLS and for people.
    pub(crate) host: String,
    /// Where it listens, best first.
    pub(crate) addresses: Vec<SocketAddr>,
}

/// Why a domain has nobody to deliver to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoExchanger {
    /// It says that it takes no mail (RFC 7505).
    #[error("the domain {domain} accepts no mail")]
    NullMx { domain: String },
    /// There is no such domain, or it has neither exchangers nor an address.
    #[error("the domain {domain} does not exist or has no mail server")]
    NotFound { domain: String },
    /// We are the best exchanger, but do not take mail for the domain (RFC 5321 section 5.1).
    #[error("the domain {domain} names this server as its mail server, which does not know it")]
    Ourselves { domain: String },
    /// DNS gave no answer.
    #[error("{0}")]
    Dns(DnsError),
}

/// Finds exchangers.
pub(crate) struct Finder<'a> {
    pub(crate) dns: &'a dyn Resolver,
    pub(crate) entropy: &'a dyn Entropy,
    /// Our own host name.
    pub(crate) hostname: &'a str,
    /// Port of exchangers.
    pub(crate) port: u16,
}

impl Finder<'_> {
    /// The hosts that take mail for `domain` (A-labels or address literal), or the relay that `way` names.
    pub(crate) async fn find(&self, domain: &str, way: &Way) -> Result<Vec<Exchanger>, NoExchanger> {
        if let Some(relay) = &way.relay {
            return self.hosts(domain, vec![relay.host.clone()], relay.port).await;
        }
        if let Some(address) = literal(domain) {
            return Ok(vec![Exchanger {
                host: domain.to_owned(),
                addresses: vec![SocketAddr::new(address, self.port)],
            }]);
        }
        let hosts = match self.dns.mx(domain).await {
            Ok(records) => self.order(domain, records)?,
            // RFC 5321 section 5.1: without MX records the domain's own address is an implicit one.
            Err(DnsError::NotFound { .. }) => vec![domain.to_owned()],
            Err(error) => return Err(NoExchanger::Dns(error)),
        };
        self.hosts(domain, hosts, self.port).await
    }

    /// Names by preference, equals in random order, none that is no better than ourselves.
    fn order(&self, domain: &str, records: Vec<Mx>) -> Result<Vec<String>, NoExchanger> {
        let domain = || domain.to_owned();
        if matches!(records.as_slice(), [only] if only.exchange.is_empty() || only.exchange == ".") {
            return Err(NoExchanger::NullMx { domain: domain() });
        }
        let ours =
            records.iter().filter(|mx| mx.exchange.eq_ignore_ascii_case(self.hostname)).map(|mx| mx.preference).min();
        let mut better: Vec<(u16, u64, String)> = records
            .into_iter()
            .filter(|mx| ours.is_none_or(|ours| mx.preference < ours))
            .map(|mx| (mx.preference, self.entropy.next_u64(), mx.exchange))
            .collect();
        better.sort_unstable();
        better.truncate(EXCHANGERS_MAX);
        if better.is_empty() {
            return Err(if ours.is_some() {
                NoExchanger::Ourselves { domain: domain() }
            } else {
                NoExchanger::NotFound { domain: domain() }
            });
        }
        Ok(better.into_iter().map(|(_, _, host)| host).collect())
    }

    /// Each of `hosts` that has an address. A temporary failure counts only if no host has one.
    async fn hosts(&self, domain: &str, hosts: Vec<String>, port: u16) -> Result<Vec<Exchanger>, NoExchanger> {
        let mut found = Vec::new();
        let mut failure = None;
        for host in hosts {
            match self.addresses(&host, port).await {
                Ok(addresses) if addresses.is_empty() => {}
                Ok(addresses) => found.push(Exchanger { host, addresses }),
                Err(error) => failure = Some(error),
            }
        }
        match failure {
            _ if !found.is_empty() => Ok(found),
            Some(error) => Err(NoExchanger::Dns(error)),
            None => Err(NoExchanger::NotFound { domain: domain.to_owned() }),
        }
    }

    /// IPv6 and IPv4 addresses in turn, so that one family that does not work costs one attempt.
    async fn addresses(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, DnsError> {
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        let (six, four) = (self.dns.ipv6(host).await, self.dns.ipv4(host).await);
        let (six, four) = match (six, four) {
            (Err(error @ DnsError::Temporary { .. }), Err(_)) | (Err(_), Err(error @ DnsError::Temporary { .. })) => {
                return Err(error);
            }
            (six, four) => (six.unwrap_or_default(), four.unwrap_or_default()),
        };
        let mut addresses = Vec::new();
        let (mut six, mut four) = (six.into_iter(), four.into_iter());
        loop {
            let pair = [six.next().map(IpAddr::V6), four.next().map(IpAddr::V4)];
            if pair == [None, None] || addresses.len() >= ADDRESSES_MAX {
                return Ok(addresses);
            }
            addresses.extend(pair.into_iter().flatten().map(|address| SocketAddr::new(address, port)));
        }
    }
}

/// The address in a domain literal such as `[192.0.2.1]` or `[IPv6:2001:db8::1]` (RFC 5321 section 4.1.3).
fn literal(domain: &str) -> Option<IpAddr> {
    let inner = domain.strip_prefix('[')?.strip_suffix(']')?;
    match inner.get(..5).filter(|tag| tag.eq_ignore_ascii_case("ipv6:")) {
        Some(tag) => inner.get(tag.len()..)?.parse().ok().map(IpAddr::V6),
        None => inner.parse().ok().map(IpAddr::V4),
    }
}

#[cfg(test)]
#[path = "exchangers_tests.rs"]
mod tests;
