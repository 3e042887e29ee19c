//! By what messages are found that are alike: keyed hashes of sender and links.

use std::collections::BTreeSet;

use crypto::keys::{Key, Organisation};
use filter::Facts;

/// Octets of one mark.
pub(crate) const MARK_OCTETS: usize = 8;

/// Links of one message that are marked.
const LINKS_MAX: usize = 6;

/// What a mark is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum MarkKind {
    /// The author's address.
    Sender,
    /// The registered domain of a link.
    Link,
}

/// Something that messages have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mark {
    pub(crate) kind: MarkKind,
    /// The address or domain itself.
    pub(crate) value: String,
}

impl MarkKind {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Sender => "sender",
            Self::Link => "link",
        }
    }
}

impl Mark {
    /// Its hash under the organisation's key.
    pub(crate) fn hash(&self, key: &Key<Organisation>) -> [u8; MARK_OCTETS] {
        let place = format!("mail mark {} {}", self.kind.as_str(), self.value);
        key.hashing().hash_i64(place.as_bytes()).to_le_bytes()
    }
}

/// The marks of a message, each once.
pub(crate) fn of(facts: &Facts) -> Vec<Mark> {
    let sender = facts.from.as_ref().filter(|from| !from.address.is_empty());
    let own = sender.map(|from| from.domain.as_str()).unwrap_or_default();
    let links: BTreeSet<&str> = facts.links.iter().map(|link| link.domain.as_str()).collect();
    let links = links.into_iter().filter(|domain| !domain.is_empty() && *domain != own).take(LINKS_MAX);
    sender
        .map(|from| Mark { kind: MarkKind::Sender, value: from.address.clone() })
        .into_iter()
        .chain(links.map(|domain| Mark { kind: MarkKind::Link, value: domain.to_owned() }))
        .collect()
}

/// Their hashes one after the other.
pub(crate) fn packed(marks: &[Mark], key: &Key<Organisation>) -> Vec<u8> {
    marks.iter().flat_map(|mark| mark.hash(key)).collect()
}
