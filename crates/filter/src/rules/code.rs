//! Tests that the language cannot say: they compare parts of a message with one another.

use super::claimed_brand;
mod lists;
mod recipients;

use super::condition::Hit;
use super::seen::Seen;
use super::vocabulary::shows_other;
use crate::facts::{Link, Place};

/// A test in code.
pub(super) type Code = for<'a> fn(&'a Seen<'_>) -> Hit<'a>;

const CODES: &[(&str, Code)] = &[
    ("shown-link-differs", shown_link_differs),
    ("one-way", one_way),
    ("brand-in-subject", brand_in_subject),
    ("brand-leads-elsewhere", brand_leads_elsewhere),
    ("no-link-to-sender", no_link_to_sender),
    ("thrown-labels", thrown_labels),
    ("recipients-in-a-row", recipients::in_a_row),
    ("disguised", disguised),
    ("sender", sender),
    ("list-foot", lists::foot),
    ("to-a-list", lists::to_a_list),
    ("sent-to-itself", recipients::sent_to_itself),
    ("name-of-recipient-house", recipients::name_of_recipient_house),
    ("subject-names-recipient", recipients::subject_names_recipient),
    ("link-borrows-recipient", recipients::link_borrows_recipient),
    ("sender-resembles-recipient", recipients::sender_resembles_recipient),
    ("reply-resembles-sender", recipients::reply_resembles_sender),
];

/// The test of a name.
pub(super) fn find(name: &str) -> Option<Code> {
    CODES.iter().find(|(known, _)| *known == name).map(|(_, code)| *code)
}

/// All names.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    CODES.iter().map(|(name, _)| *name)
}

/// The text of a link is one address, the link leads to another; shows both.
fn shown_link_differs<'a>(seen: &'a Seen<'_>) -> Hit<'a> {
    let link = seen.facts.links.iter().find(|link| shows_other(link))?;
    Some(format!("{} → {}", link.shown_domain.as_deref().unwrap_or_default(), link.host).into())
}

/// All links and forms lead to one registered domain.
fn one_way<'a>(seen: &'a Seen<'_>) -> Hit<'a> {
    let places = |link: &&Link| matches!(link.place, Place::Anchor | Place::Form);
    let mut domains = seen.facts.links.iter().filter(places).map(|link| link.domain.as_str());
    let only = domains.next()?;
    domains.all(|domain| domain == only).then_some(only.into())
}

/// The subject speaks of a well-known name, and the sender's domain is not its owner's.
fn brand_in_subject<'a>(seen: &'a Seen<'_>) -> Hit<'a> {
    let from = seen.facts.from.as_ref()?;
    let brand = claimed_brand(&seen.facts.normal_subject)?;
    (!brand.owns(&from.domain)).then(|| format!("{}: {}", brand.name, from.address).into())
}

/// The subject speaks of a well-known name, and no link leads to its owner.
fn brand_leads_elsewhere<'a>(seen: &'a Seen<'_>) -> Hit<'a> {
    let brand = claimed_brand(&seen.facts.normal_subject)?;
    let first = seen.followed().next()?;
    let elsewhere = seen.followed().all(|link| !brand.owns(&link.domain));
    elsewhere.then(|| format!("{} → {}", brand.name, first.host).into())
}

/// There are links with a host, and none leads to the domain of the sender.
fn no_link_to_sender<'a>(seen: &'a Seen<'_>) -> Hit<'a> {
    let from = seen.facts.from.as_ref().filter(|from| !from.domain.is_empty())?;
    let mut links = seen.followed().filter(|link| !link.host.is_empty()).peekable();
    links.peek()?;
    links.all(|link| link.domain != from.domain).then_some(from.domain.as_str().into())
}

/// Links lead to several names below one domain, each made by a machine; shows two of them.
fn thrown_labels<'a>(seen: &'a Seen<'_>) -> Hit<'a> {
    let anchors = seen.facts.links.iter().filter(|link| link.place == Place::Anchor && !link.is_numeric_host);
    let thrown: Vec<&Link> = anchors.filter(|link| is_thrown(own_label(link))).collect();
    thrown.iter().find_map(|one| {
        let other = thrown.iter().find(|other| other.domain == one.domain && other.host != one.host)?;
        Some(format!("{}, {}", one.host, other.host).into())
    })
}

/// The first label of a link's host, if it stands below the domain that somebody registered.
fn own_label(link: &Link) -> &str {
    let below = link.host.strip_suffix(link.domain.as_str()).unwrap_or_default();
    below.split('.').next().unwrap_or_default()
}

/// Whether digits stand among the letters of a label otherwise than as the number of a machine.
fn is_thrown(label: &str) -> bool {
    let word = label.trim_end_matches(|c: char| c.is_ascii_digit());
    let is_numbered =
        word.len() >= 2 && label.len() - word.len() <= 3 && word.bytes().all(|octet| octet.is_ascii_alphabetic());
    label.len() >= 3 && label.bytes().any(|octet| octet.is_ascii_digit()) && !is_numbered && !label.contains('-')
}

/// Words are written so that filters do not know them; shows at how many places.
fn disguised<'a>(seen: &'a Seen<'_>) -> Hit<'a> {
    let found = seen.facts.disguises;
    let count = found.invisible + 2 * found.mixed_script_words + found.spaced_words + found.substituted_words;
    (count >= 3).then(|| count.to_string().into())
}

/// Always holds where there is one author; shows name and address.
fn sender<'a>(seen: &'a Seen<'_>) -> Hit<'a> {
    let from = seen.facts.from.as_ref()?;
    Some(if from.name.is_empty() {
        from.address.as_str().into()
    } else {
        format!("{} <{}>", from.name, from.address).into()
    })
}
