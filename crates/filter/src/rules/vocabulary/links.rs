//! What can be asked of a link: `link(numeric)`, `link(path ~ /login/ and not of-sender)`, `links(host ~ /x/) >= 3`.
//!
//! Pictures that a message loads are links too; `link(...)` looks at them only where the condition speaks of `place`.

use super::{Vocabulary, count};
use crate::facts::{Link, Place};
use crate::normal::normal;
use crate::rules::claimed_brand;
use crate::rules::hosts::{is_cheap_suffix, is_free_host, is_shortener, looks_random};

pub(in crate::rules) static LINK: Vocabulary<Link> = Vocabulary {
    of: "a link",
    flags: &[
        ("numeric", |link, _| link.is_numeric_host),
        ("user", |link, _| link.has_user),
        ("port", |link, _| link.has_port),
        ("redirected", |link, _| link.redirected),
        ("shortened", |link, _| is_shortener(&link.domain)),
        ("free-host", |link, _| is_free_host(&link.host)),
        ("cheap", |link, _| is_cheap_suffix(&link.host)),
        ("random", |link, _| looks_random(&link.host)),
        ("international", |link, _| link.host.contains("xn--")),
        ("look-alike", |link, _| looks_alike(link)),
        ("borrows-brand", |link, _| borrows_brand(link)),
        ("shows-other", |link, _| shows_other(link)),
        ("of-sender", |link, seen| seen.facts.from.as_ref().is_some_and(|from| from.domain == link.domain)),
        ("encoded-host", |link, _| authority(&link.url).contains('%')),
        ("names-recipient", |link, _| names_a_mailbox(&link.url)),
    ],
    texts: &[
        ("url", |link, _| link.url.as_str().into()),
        ("scheme", |link, _| link.scheme.as_str().into()),
        ("host", |link, _| link.host.as_str().into()),
        ("domain", |link, _| link.domain.as_str().into()),
        ("suffix", |link, _| link.host.rsplit('.').next().unwrap_or_default().into()),
        ("path", |link, _| link.path.as_str().into()),
        ("label", |link, _| link.label.as_deref().unwrap_or_default().into()),
        ("shown", |link, _| link.shown_domain.as_deref().unwrap_or_default().into()),
        ("authority", |link, _| authority(&link.url).into()),
        ("place", |link, _| place(link.place).into()),
    ],
    numbers: &[
        ("labels", |link, _| count(link.host.split('.').count())),
        ("hyphens", |link, _| count(link.host.matches('-').count())),
        ("host-length", |link, _| count(link.host.len())),
        ("path-length", |link, _| count(link.path.len())),
        ("url-length", |link, _| count(link.url.len())),
        ("escapes", |link, _| count(link.url.matches('%').count())),
    ],
};

/// What a link is called in evidence.
pub(in crate::rules) fn shown(link: &Link) -> String {
    if link.host.is_empty() { link.url.clone() } else { link.host.clone() }
}

const fn place(place: Place) -> &'static str {
    match place {
        Place::Text => "text",
        Place::Anchor => "anchor",
        Place::Form => "form",
        Place::Picture => "picture",
        Place::Refresh => "refresh",
        Place::File => "file",
        Place::Code => "code",
    }
}

/// What stands for the host as it was written.
fn authority(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

fn looks_alike(link: &Link) -> bool {
    link.host.contains("xn--") && normal(&mail::domain::unicode(&link.host)).disguises.mixed_script_words > 0
}

fn borrows_brand(link: &Link) -> bool {
    claimed_brand(&link.host.replace(['.', '-'], " ")).is_some_and(|brand| !brand.owns(&link.domain))
}

/// The text of the link is one address, the link leads to another.
pub(in crate::rules) fn shows_other(link: &Link) -> bool {
    let differs = |shown: &String| *shown != link.domain && !link.host.contains(shown.as_str());
    link.place == Place::Anchor && !link.redirected && link.shown_domain.as_ref().is_some_and(differs)
}

/// Somebody's address stands behind the host, so that the page greets him by it.
fn names_a_mailbox(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let behind = rest.find(['/', '?', '#']).and_then(|at| rest.get(at..)).unwrap_or_default();
    let at = behind.find('@').or_else(|| behind.find("%40"));
    at.is_some_and(|at| at > 1 && behind.get(at..).is_some_and(|host| host.contains('.')))
}
