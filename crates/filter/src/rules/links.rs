//! Where links lead, and what is behind them.

use super::hosts::{is_cheap_suffix, is_free_host, is_shortener, looks_random};
use super::{Rule, Seen, claimed_brand};
use crate::facts::{Link, Place};
use crate::findings::Signal::Link as OfLink;
use crate::lexicon::Concept::{
    Account, Billing, Credential, Crypto, Document, Parcel, Prize, Quota, Refund, Security, Threat, Urgent, Verify,
};
use crate::normal::normal;

/// Whether the text wants something that thieves want.
fn is_wanting(seen: &Seen<'_>) -> bool {
    let wishes = [
        Credential, Verify, Threat, Urgent, Security, Quota, Crypto, Prize, Parcel, Refund, Billing, Document, Account,
    ];
    wishes.into_iter().filter(|wish| seen.spoken.has(*wish)).count() >= 3
}

fn first(seen: &Seen<'_>, is: impl Fn(&Link) -> bool) -> Option<String> {
    let links = seen.facts.links.iter().filter(|link| link.place != Place::Picture);
    links
        .into_iter()
        .find(|link| is(link))
        .map(|link| if link.host.is_empty() { link.url.clone() } else { link.host.clone() })
}

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "link-shows-other",
        signal: OfLink,
        spam: 0.6,
        phish: 1.6,
        holds: |seen| {
            let links = seen.facts.links.iter().filter(|link| link.place == Place::Anchor && !link.redirected);
            let differs = |link: &&Link| {
                link.shown_domain
                    .as_ref()
                    .is_some_and(|shown| *shown != link.domain && !link.host.contains(shown.as_str()))
            };
            links
                .into_iter()
                .find(differs)
                .map(|link| format!("{} → {}", link.shown_domain.as_deref().unwrap_or_default(), link.host))
        },
    },
    Rule {
        id: "link-to-number",
        signal: OfLink,
        spam: 1.0,
        phish: 1.2,
        holds: |seen| first(seen, |link| link.is_numeric_host),
    },
    Rule {
        id: "link-with-user",
        signal: OfLink,
        spam: 0.8,
        phish: 1.2,
        holds: |seen| first(seen, |link| link.has_user && link.place != Place::Text),
    },
    Rule {
        id: "link-shortened",
        signal: OfLink,
        spam: 0.4,
        phish: 0.9,
        holds: |seen| first(seen, |link| is_shortener(&link.domain)),
    },
    Rule {
        id: "link-to-free-host",
        signal: OfLink,
        spam: 0.3,
        phish: 1.0,
        holds: |seen| first(seen, |link| is_free_host(&link.host)).filter(|_| is_wanting(seen)),
    },
    Rule {
        id: "link-to-cheap-suffix",
        signal: OfLink,
        spam: 0.6,
        phish: 0.8,
        holds: |seen| first(seen, |link| is_cheap_suffix(&link.host)),
    },
    Rule {
        id: "link-to-random-host",
        signal: OfLink,
        spam: 0.5,
        phish: 0.4,
        holds: |seen| first(seen, |link| looks_random(&link.host)),
    },
    Rule {
        id: "link-look-alike",
        signal: OfLink,
        spam: 0.8,
        phish: 2.0,
        holds: |seen| {
            first(seen, |link| {
                link.host.contains("xn--")
                    && normal(&mail::domain::unicode(&link.host)).disguises.mixed_script_words > 0
            })
        },
    },
    Rule {
        id: "link-claims-brand",
        signal: OfLink,
        spam: 0.5,
        phish: 1.6,
        holds: |seen| {
            first(seen, |link| {
                let words = link.host.replace(['.', '-'], " ");
                claimed_brand(&words).is_some_and(|brand| !brand.owns(&link.domain))
            })
        },
    },
    Rule {
        id: "link-runs-script",
        signal: OfLink,
        spam: 0.8,
        phish: 1.4,
        holds: |seen| first(seen, |link| matches!(link.scheme.as_str(), "data" | "javascript")),
    },
    Rule {
        id: "brand-leads-elsewhere",
        signal: OfLink,
        spam: 0.2,
        phish: 1.2,
        holds: |seen| {
            let brand = claimed_brand(&seen.facts.normal_subject)?;
            let followed: Vec<&Link> = seen.facts.links.iter().filter(|link| link.place != Place::Picture).collect();
            let elsewhere = !followed.is_empty() && followed.iter().all(|link| !brand.owns(&link.domain));
            (elsewhere && is_wanting(seen))
                .then(|| format!("{} → {}", brand.name, followed.first().map_or("", |link| link.host.as_str())))
        },
    },
    Rule {
        id: "wish-over-plain-link",
        signal: OfLink,
        spam: 0.3,
        phish: 0.5,
        holds: |seen| {
            first(seen, |link| link.scheme == "http" && link.place != Place::Text).filter(|_| is_wanting(seen))
        },
    },
    Rule {
        id: "one-way-out",
        signal: OfLink,
        spam: 0.3,
        phish: 0.8,
        holds: |seen| {
            let mut domains: Vec<&str> = seen
                .facts
                .links
                .iter()
                .filter(|link| matches!(link.place, Place::Anchor | Place::Form))
                .map(|link| link.domain.as_str())
                .collect();
            domains.sort_unstable();
            domains.dedup();
            let [only] = domains.as_slice() else { return None };
            (seen.is_short && is_wanting(seen)).then(|| (*only).to_owned())
        },
    },
];
