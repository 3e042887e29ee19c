//! By what messages are found that are alike: keyed hashes of sender, links and template.

use std::collections::BTreeSet;

use crypto::keys::{Key, Organisation};
use filter::Facts;
use store::{StoreError, Tx};

use crate::pictures;

/// Octets of one mark in a packed row.
const MARK_OCTETS: usize = 8;

/// Links of one message that are marked.
const LINKS_MAX: usize = 6;

/// Characters of a subject that stand for a template.
const EVIDENCE_CHARS_MAX: usize = 80;

/// What a mark is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum MarkKind {
    /// The author's address.
    Sender,
    /// The registered domain of a link.
    Link,
    /// The template that it is made from.
    Look,
    /// A picture in it, or one that looks like it.
    Picture,
}

/// Something that messages have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Mark {
    kind: MarkKind,
    /// The address, the domain, or a hash that alike texts share.
    value: String,
    /// What people read, where it is not the value.
    shown: Option<String>,
}

impl Mark {
    /// Its hash under the organisation's key, as the database has it.
    fn number(&self, key: &Key<Organisation>) -> i64 {
        let kind = match self.kind {
            MarkKind::Sender => "sender",
            MarkKind::Link => "link",
            MarkKind::Look => "look",
            MarkKind::Picture => "picture",
        };
        key.hashing().hash_i64(format!("mail mark {kind} {}", self.value).as_bytes())
    }

    /// What people read of it.
    fn evidence(&self) -> &str {
        self.shown.as_deref().unwrap_or(&self.value)
    }
}

/// The marks of a message, each once.
fn of(facts: &Facts) -> Vec<Mark> {
    let sender = facts.from.as_ref().filter(|from| !from.address.is_empty());
    let own = sender.map(|from| from.domain.as_str()).unwrap_or_default();
    let links: BTreeSet<&str> = facts.links.iter().map(|link| link.domain.as_str()).collect();
    let links = links.into_iter().filter(|domain| !domain.is_empty() && *domain != own).take(LINKS_MAX);
    let mark = |kind, value: &str| Mark { kind, value: value.to_owned(), shown: None };
    let mut marks: Vec<Mark> = sender.map(|from| mark(MarkKind::Sender, &from.address)).into_iter().collect();
    marks.extend(links.map(|domain| mark(MarkKind::Link, domain)));
    let shown = shown(facts);
    marks.extend(facts.likeness().into_iter().map(|hash| Mark {
        kind: MarkKind::Look,
        value: format!("{hash:016x}"),
        shown: Some(shown.clone()),
    }));
    marks
}

/// The hash of a thing under the organisation's key, as that of a message's own.
pub(crate) fn number_of(kind: MarkKind, value: &str, key: &Key<Organisation>) -> i64 {
    Mark { kind, value: value.to_owned(), shown: None }.number(key)
}

/// What people read of a mark that has no words of its own: the subject, cut.
pub(crate) fn shown(facts: &Facts) -> String {
    facts.subject.chars().take(EVIDENCE_CHARS_MAX).collect()
}

/// A mark as the database has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Numbered {
    pub(crate) kind: MarkKind,
    /// Hash under the organisation's key.
    pub(crate) number: i64,
    /// What people read of it.
    pub(crate) evidence: String,
}

/// The marks of a message under the organisation's key.
pub(crate) fn numbered(facts: &Facts, key: &Key<Organisation>) -> Vec<Numbered> {
    let number =
        |mark: Mark| Numbered { kind: mark.kind, number: mark.number(key), evidence: mark.evidence().to_owned() };
    of(facts).into_iter().map(number).collect()
}

/// The marks of a message, those of its pictures among them.
pub(crate) fn all(
    tx: &mut Tx<'_>,
    organisation: i64,
    facts: &Facts,
    key: &Key<Organisation>,
) -> Result<Vec<Numbered>, StoreError> {
    let mut all = numbered(facts, key);
    all.extend(pictures::marks(&pictures::of(tx, organisation, facts, key)?));
    Ok(all)
}

/// Their hashes one after the other.
pub(crate) fn packed(marks: &[Numbered]) -> Vec<u8> {
    marks.iter().flat_map(|mark| mark.number.to_le_bytes()).collect()
}

/// Whether a packed row has one of `wanted`.
pub(crate) fn has_any(packed: &[u8], wanted: &BTreeSet<i64>) -> bool {
    packed
        .chunks_exact(MARK_OCTETS)
        .any(|octets| octets.try_into().is_ok_and(|octets| wanted.contains(&i64::from_le_bytes(octets))))
}

/// The hashes of a packed row.
pub(crate) fn unpacked(packed: &[u8]) -> BTreeSet<i64> {
    packed.chunks_exact(MARK_OCTETS).filter_map(|octets| Some(i64::from_le_bytes(octets.try_into().ok()?))).collect()
}
