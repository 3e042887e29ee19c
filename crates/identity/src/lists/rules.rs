//! What lists mean for a message.
//!
//! Two questions are asked apart: where a message comes from (networks), and whose it is (addresses, domains, keys). In each the most
//! precise entry decides, and a deny entry where two are equally precise. A deny in either refuses.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use env::Timestamp;
use mail::Address;
use net::Network;

use super::{Entry, KEY_LABEL};
use crate::{Effect, EntryKind};

/// What lists say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listing {
    /// Nothing.
    Unlisted,
    /// This entry spares mail what only suspicion asks for.
    Allowed(Arc<Entry>),
    /// This entry refuses mail.
    Denied(Arc<Entry>),
}

/// Whose a message is.
#[derive(Debug, Clone, Copy)]
pub struct Sender<'a> {
    /// Address in MAIL FROM.
    pub envelope: Option<&'a Address>,
    /// Addresses in the From field.
    pub authors: &'a [Address],
    /// The domain that the message is authenticated for as its author's (DMARC).
    pub authenticated: Option<&'a str>,
    /// Signing domain and selector of each signature that passed.
    pub signers: &'a [(String, String)],
}

/// How exactly an entry fits: what it names, then how many labels or bits.
type Precision = (u8, usize);

/// An allow entry and a deny entry for the same value.
#[derive(Debug, Default)]
struct Pair {
    allow: Option<Arc<Entry>>,
    deny: Option<Arc<Entry>>,
}

/// The lists of an organisation, ready to be asked.
#[derive(Debug, Default)]
pub struct Rules {
    /// By address or domain; only addresses have an `@`.
    people: HashMap<String, Pair>,
    keys: HashMap<String, Pair>,
    networks: HashMap<Network, Pair>,
    /// Lengths of prefixes that `networks` has, for IPv4 and IPv6 alike.
    prefix_bits: BTreeSet<u8>,
}

impl Rules {
    /// Rules of these entries.
    #[must_use]
    pub fn new(entries: Vec<Entry>) -> Self {
        let mut rules = Self::default();
        for entry in entries {
            let value = entry.what.value.clone();
            let pair = match entry.what.kind {
                EntryKind::Address | EntryKind::Domain => rules.people.entry(value).or_default(),
                EntryKind::Key => rules.keys.entry(value).or_default(),
                EntryKind::Network => {
                    let Ok(network) = value.parse::<Network>() else { continue };
                    rules.prefix_bits.insert(network.prefix_bits());
                    rules.networks.entry(network.normalised()).or_default()
                }
            };
            match entry.what.effect {
                Effect::Allow => pair.allow = Some(Arc::new(entry)),
                Effect::Deny => pair.deny = Some(Arc::new(entry)),
            }
        }
        rules
    }

    /// Whether there is no entry at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.people.is_empty() && self.keys.is_empty() && self.networks.is_empty()
    }

    /// Where mail comes from.
    #[must_use]
    pub fn client(&self, client: IpAddr, now: Timestamp) -> Listing {
        let width = if client.to_canonical().is_ipv4() { 32 } else { 128 };
        for bits in self.prefix_bits.iter().rev().filter(|bits| **bits <= width) {
            let Some(pair) = self.networks.get(&Network::around(client, *bits)) else { continue };
            if let Some(entry) = current(&pair.deny, now) {
                return Listing::Denied(entry);
            }
            if let Some(entry) = current(&pair.allow, now) {
                return Listing::Allowed(entry);
            }
        }
        Listing::Unlisted
    }

    /// Whose mail is announced, before there is a message: denied only if no message of that sender could be allowed. Allowed if
    /// `is_authenticated` (SPF passed for the address's domain) or the entry does not ask for that.
    #[must_use]
    pub fn announced(&self, envelope: &Address, is_authenticated: bool, now: Timestamp) -> Listing {
        let mut best = None;
        for (precision, pair) in self.of_address(envelope) {
            if let Some(entry) = current(&pair.allow, now) {
                best = best.max(Some(Claim { precision, is_deny: false, entry }));
            }
            if let Some(entry) = current(&pair.deny, now) {
                best = best.max(Some(Claim { precision, is_deny: true, entry }));
            }
        }
        match best {
            Some(Claim { is_deny: true, entry, .. }) => Listing::Denied(entry),
            Some(Claim { entry, .. }) if is_authenticated || entry.what.unauthenticated => Listing::Allowed(entry),
            // The message may yet show that it is the allowed sender's.
            _ => Listing::Unlisted,
        }
    }

    /// Whose a message is.
    #[must_use]
    pub fn message(&self, sender: Sender<'_>, now: Timestamp) -> Listing {
        let mut claims = Vec::new();
        // With several authors nobody can say whose it is.
        let sole_author = if let [author] = sender.authors { Some(author) } else { None };
        for address in sender.authors.iter().chain(sender.envelope) {
            let is_author = sole_author.is_some_and(|author| std::ptr::eq(author, address));
            let is_authenticated =
                is_author && sender.authenticated.is_some_and(|domain| domain == address.domain_ascii());
            for (precision, pair) in self.of_address(address) {
                if let Some(entry) = current(&pair.deny, now) {
                    claims.push(Claim { precision, is_deny: true, entry });
                }
                if let Some(entry) = current(&pair.allow, now)
                    && (is_authenticated || entry.what.unauthenticated)
                {
                    claims.push(Claim { precision, is_deny: false, entry });
                }
            }
        }
        for (domain, selector) in sender.signers {
            let named = [(2, format!("{selector}{KEY_LABEL}{domain}").to_lowercase()), (1, domain.to_lowercase())];
            for (class, name) in named {
                let Some(pair) = self.keys.get(&name) else { continue };
                for (is_deny, entry) in [(true, &pair.deny), (false, &pair.allow)] {
                    if let Some(entry) = current(entry, now) {
                        claims.push(Claim { precision: (class, 0), is_deny, entry });
                    }
                }
            }
        }
        match claims.into_iter().max() {
            None => Listing::Unlisted,
            Some(Claim { is_deny: true, entry, .. }) => Listing::Denied(entry),
            Some(Claim { entry, .. }) => Listing::Allowed(entry),
        }
    }

    /// What is listed of an address: itself, its domain, and each domain above.
    fn of_address(&self, address: &Address) -> Vec<(Precision, &Pair)> {
        if self.people.is_empty() {
            return Vec::new();
        }
        let domain = address.domain_ascii();
        let above = domain.match_indices('.').filter_map(|(dot, _)| domain.get(dot + 1..));
        let labels = |name: &str| name.split('.').count();
        let domains = std::iter::once(domain.as_str()).chain(above);
        let domains = domains.filter_map(|name| Some(((0, labels(name)), self.people.get(name)?)));
        self.people.get(&address.canonical()).map(|pair| ((3, 0), pair)).into_iter().chain(domains).collect()
    }
}

/// An entry that fits. The greatest decides.
#[derive(PartialEq, Eq)]
struct Claim {
    precision: Precision,
    is_deny: bool,
    entry: Arc<Entry>,
}

impl Claim {
    fn rank(&self) -> (Precision, bool, i64) {
        (self.precision, self.is_deny, self.entry.id)
    }
}

impl Ord for Claim {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl PartialOrd for Claim {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// The entry, unless it has expired.
fn current(entry: &Option<Arc<Entry>>, now: Timestamp) -> Option<Arc<Entry>> {
    entry.as_ref().filter(|entry| entry.what.expires.is_none_or(|expires| expires > now)).cloned()
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
