//! The things of a message that have a reputation, by their keyed hashes.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crypto::keys::{Key, Region};
use filter::Facts;
use filter::facts::registered_domain;
use intel::Never;
use net::Network;

use crate::votes;

/// Links of one message that are looked up.
const LINKS_MAX: usize = 6;

/// Leading bits of an address that are its network: a provider gives its customers no less.
const IPV4_BITS: u8 = 24;
const IPV6_BITS: u8 = 48;

/// What a reputation is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// The address of an author who is proven to be who he says.
    Sender,
    /// The address that somebody gives who is not.
    Claimed,
    /// The domain that vouches for a message.
    Domain,
    /// The network of the client.
    Network,
    /// The registered domain of a link.
    Link,
}

impl Kind {
    /// Whether mail that nothing was wrong with is counted: of what many share, it says how much there is.
    pub(super) const fn counts_seen(self) -> bool {
        matches!(self, Self::Network | Self::Link)
    }

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Sender => "sender",
            Self::Claimed => "claimed",
            Self::Domain => "domain",
            Self::Network => "network",
            Self::Link => "link",
        }
    }
}

/// A thing that has a reputation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) kind: Kind,
    /// Hash under the region key, the same in each organisation.
    pub(super) number: i64,
    /// What people read of it.
    pub(super) shown: String,
}

impl Mark {
    pub(super) fn new(kind: Kind, value: &str, region: &Key<Region>) -> Self {
        let number = region.hashing().hash_i64(format!("reputation {} {value}", kind.word()).as_bytes());
        Self { kind, number, shown: value.to_owned() }
    }
}

/// Those of a message.
pub(super) fn of(facts: &Facts, client: Option<IpAddr>, never: &Never, region: &Key<Region>) -> Vec<Mark> {
    let is_proven = votes::is_proven(facts);
    let author = facts.from.as_ref().filter(|from| !from.address.is_empty());
    let mut marks = Vec::new();
    if let Some(from) = author {
        let kind = if is_proven { Kind::Sender } else { Kind::Claimed };
        marks.push(Mark::new(kind, &from.address, region));
        // A house where anybody gets a mailbox vouches for its mailboxes, not for its people.
        if is_proven && !from.domain.is_empty() && !never.protects(&from.domain) {
            marks.push(Mark::new(Kind::Domain, &from.domain, region));
        }
    }
    marks.extend(client.and_then(network).map(|network| Mark::new(Kind::Network, &network.to_string(), region)));
    let own = author.map(|from| from.domain.as_str()).unwrap_or_default();
    let links: BTreeSet<&str> = facts.links.iter().map(|link| link.domain.as_str()).collect();
    let links = links.into_iter().filter(|domain| !domain.is_empty() && *domain != own && !never.protects(domain));
    marks.extend(links.take(LINKS_MAX).map(|domain| Mark::new(Kind::Link, domain, region)));
    marks
}

/// Those of somebody who is written to.
pub(super) fn of_correspondent(address: &str, never: &Never, region: &Key<Region>) -> Vec<Mark> {
    let address = address.to_lowercase();
    let domain = address.rsplit_once('@').map(|(_, host)| registered_domain(host)).unwrap_or_default();
    let mut marks = vec![Mark::new(Kind::Sender, &address, region)];
    if !domain.is_empty() && !never.protects(&domain) {
        marks.push(Mark::new(Kind::Domain, &domain, region));
    }
    marks
}

/// Those that a word can name: an address, a network, or a domain.
pub(super) fn named(what: &str, region: &Key<Region>) -> Vec<Mark> {
    let what = what.trim().to_lowercase();
    if let Ok(address) = what.parse::<IpAddr>() {
        return network(address)
            .map(|network| Mark::new(Kind::Network, &network.to_string(), region))
            .into_iter()
            .collect();
    }
    if let Ok(network) = what.parse::<Network>() {
        return vec![Mark::new(Kind::Network, &network.normalised().to_string(), region)];
    }
    if what.contains('@') {
        return [Kind::Sender, Kind::Claimed].map(|kind| Mark::new(kind, &what, region)).into();
    }
    match mail::domain::canonical(&what) {
        Ok(host) if host.contains('.') => {
            let domain = registered_domain(&host);
            [Kind::Domain, Kind::Link].map(|kind| Mark::new(kind, &domain, region)).into()
        }
        _ => Vec::new(),
    }
}

/// The network of a host on the internet.
fn network(address: IpAddr) -> Option<Network> {
    let address = address.to_canonical();
    let is_inside = match address {
        IpAddr::V4(address) => address.is_private() || address.is_loopback() || address.is_link_local(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local(),
    };
    let bits = if address.is_ipv4() { IPV4_BITS } else { IPV6_BITS };
    (!is_inside && !address.is_unspecified()).then(|| Network::around(address, bits))
}
