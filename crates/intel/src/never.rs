//! What no feed can list: our own, our partners', and what everybody uses. A feed that was poisoned, or is only careless, stops no honest mail.

use std::collections::HashSet;

use net::Network;

use crate::entry::Entry;

/// Domains that everybody uses: `domain` with all below it, `=domain` itself, but not what its customers put below it.
const COMMON: &str = include_str!("../data/common.txt");

/// Shortest prefixes that a feed may list; wider networks have too many honest hosts.
const PREFIX_BITS_MIN_IPV4: u8 = 16;
const PREFIX_BITS_MIN_IPV6: u8 = 32;

/// Domains that no feed can list.
#[derive(Debug, Clone)]
pub struct Never {
    /// Ours and our partners', with all below them.
    own: HashSet<String>,
    /// Used by everybody, with all below them.
    common: HashSet<&'static str>,
    /// Used by everybody, and others' below them.
    shared: HashSet<&'static str>,
    /// Names above one of them: a listed one would list it, too.
    above: HashSet<String>,
}

/// What becomes of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ruling {
    /// It counts.
    Takes,
    /// It counts as exactly this page.
    TakesExactly,
    /// It does not count.
    Refuses,
}

impl Never {
    /// Those that everybody uses, and `own`.
    #[must_use]
    pub fn new<S: AsRef<str>>(own: impl IntoIterator<Item = S>) -> Self {
        let own: HashSet<String> =
            own.into_iter().filter_map(|domain| mail::domain::canonical(domain.as_ref()).ok()).collect();
        let lines = || COMMON.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let common: HashSet<&str> = lines().filter(|line| !line.starts_with('=')).collect();
        let shared: HashSet<&str> = lines().filter_map(|line| line.strip_prefix('=')).collect();
        let all = own.iter().map(String::as_str).chain(common.iter().copied()).chain(shared.iter().copied());
        let above = all.flat_map(|name| with_parents(name).skip(1)).map(str::to_owned).collect();
        Self { own, common, shared, above }
    }

    /// Whether everybody uses a host, or it is ours or a partner's.
    #[must_use]
    pub fn protects(&self, host: &str) -> bool {
        self.shared.contains(host)
            || with_parents(host).any(|name| self.common.contains(name) || self.own.contains(name))
    }

    pub(crate) fn rule(&self, entry: &Entry) -> Ruling {
        match entry {
            Entry::Domain(host) if self.covers_honest(host) => Ruling::Refuses,
            Entry::Url { host, .. } if self.is_own(host) => Ruling::Refuses,
            Entry::Url { host, .. } if self.protects(host) => Ruling::TakesExactly,
            Entry::Mailbox(address) if address.rsplit('@').next().is_some_and(|host| self.is_own(host)) => {
                Ruling::Refuses
            }
            Entry::Network(network) if is_too_wide(*network) || !is_public(*network) => Ruling::Refuses,
            _ => Ruling::Takes,
        }
    }

    /// Whether a host is ours or a partner's.
    #[must_use]
    pub fn is_own(&self, host: &str) -> bool {
        with_parents(host).any(|name| self.own.contains(name))
    }

    /// Whether a domain, with all below it, holds what is protected: it is a public suffix, or protected itself, or above something
    /// protected.
    fn covers_honest(&self, host: &str) -> bool {
        let is_suffix = psl::suffix(host.as_bytes()).is_some_and(|suffix| suffix.as_bytes().len() == host.len());
        is_suffix || self.protects(host) || self.above.contains(host)
    }
}

/// A host and all names above it.
fn with_parents(host: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(host), |name| name.split_once('.').map(|(_, above)| above))
}

fn is_too_wide(network: Network) -> bool {
    let min = if network.address().is_ipv4() { PREFIX_BITS_MIN_IPV4 } else { PREFIX_BITS_MIN_IPV6 };
    network.prefix_bits() < min
}

/// Whether hosts of the internet may have these addresses.
fn is_public(network: Network) -> bool {
    match network.address() {
        std::net::IpAddr::V4(address) => {
            !address.is_private() && !address.is_loopback() && !address.is_link_local() && !address.is_unspecified()
        }
        std::net::IpAddr::V6(address) => {
            !address.is_loopback()
                && !address.is_unspecified()
                && !address.is_unique_local()
                && !address.is_unicast_link_local()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::classify;

    #[test]
    fn honest_names_are_never_listed() {
        let never = Never::new(["trade.example", "Partner.example"]);
        for (word, ruling) in [
            ("bad.example", Ruling::Takes),
            ("trade.example", Ruling::Refuses),
            ("mail.trade.example", Ruling::Refuses),
            ("http://partner.example/x", Ruling::Refuses),
            ("boss@trade.example", Ruling::Refuses),
            ("crook@gmail.com", Ruling::Takes),
            ("gmail.com", Ruling::Refuses),
            ("mail.google.com", Ruling::Refuses),
            ("https://docs.google.com/forms/d/1", Ruling::TakesExactly),
            ("https://docs.google.com/", Ruling::Refuses),
            ("co.uk", Ruling::Refuses),
            ("github.io", Ruling::Refuses),
            ("crook.github.io", Ruling::Takes),
            ("weebly.com", Ruling::Refuses),
            ("crook.weebly.com", Ruling::Takes),
            ("10.0.0.0/8", Ruling::Refuses),
            ("192.168.1.1", Ruling::Refuses),
            ("203.0.0.0/8", Ruling::Refuses),
            ("203.0.113.0/24", Ruling::Takes),
            ("2001:db8::/16", Ruling::Refuses),
            ("::1", Ruling::Refuses),
        ] {
            assert_eq!(never.rule(&classify(word).unwrap()), ruling, "{word}");
        }
    }
}
