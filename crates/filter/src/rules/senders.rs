//! Who says to have sent it.

use super::hosts::{is_cheap_suffix, is_free_mail, is_jumble, looks_random};
use super::{Rule, Seen, claimed_brand};
use crate::facts::{Authenticated, Link, Place};
use crate::findings::Signal::Sender;
use crate::lexicon::Concept::{
    Account, Billing, Boss, Credential, Crypto, Prize, Quota, Refund, Security, Threat, Urgent, Verify,
};
use crate::normal::normal;

fn wishes(seen: &Seen<'_>) -> usize {
    let all = [Account, Credential, Verify, Threat, Urgent, Security, Quota, Crypto, Prize, Refund, Billing, Boss];
    all.into_iter().filter(|wish| seen.spoken.has(*wish)).count()
}

fn followed<'a>(seen: &'a Seen<'_>) -> impl Iterator<Item = &'a Link> {
    seen.facts.links.iter().filter(|link| link.place != Place::Picture && !link.host.is_empty())
}

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "name-claims-brand",
        signal: Sender,
        spam: 0.5,
        phish: 2.0,
        holds: |seen| {
            let from = seen.facts.from.as_ref()?;
            let brand = claimed_brand(&normal(&from.name).text)?;
            (!brand.owns(&from.domain)).then(|| format!("{} <{}>", from.name, from.address))
        },
    },
    Rule {
        id: "subject-claims-brand",
        signal: Sender,
        spam: 0.2,
        phish: 1.0,
        holds: |seen| {
            let from = seen.facts.from.as_ref()?;
            let brand = claimed_brand(&seen.facts.normal_subject)?;
            (!brand.owns(&from.domain) && !seen.facts.is_answer && wishes(seen) >= 2)
                .then(|| format!("{}: {}", brand.name, from.address))
        },
    },
    Rule {
        id: "name-is-other-address",
        signal: Sender,
        spam: 0.3,
        phish: 1.0,
        holds: |seen| {
            let from = seen.facts.from.as_ref()?;
            let (_, host) = from.name.trim().rsplit_once('@')?;
            let host = host.trim_end_matches(['>', ')', '"', '\'']).to_lowercase();
            (host.contains('.') && !host.contains(' ') && host != from.host)
                .then(|| format!("{} <{}>", from.name, from.address))
        },
    },
    Rule {
        id: "links-not-of-sender",
        signal: Sender,
        spam: 0.2,
        phish: 0.6,
        holds: |seen| {
            let from = seen.facts.from.as_ref().filter(|from| !from.domain.is_empty())?;
            let elsewhere = followed(seen).next().is_some() && followed(seen).all(|link| link.domain != from.domain);
            (elsewhere && wishes(seen) >= 3 && !seen.facts.is_answer).then(|| from.domain.clone())
        },
    },
    Rule {
        id: "official-from-free-mail",
        signal: Sender,
        spam: 0.3,
        phish: 0.8,
        holds: |seen| {
            let from = seen.facts.from.as_ref().filter(|from| is_free_mail(&from.domain))?;
            (wishes(seen) >= 3 && seen.has_way && !seen.facts.is_answer).then(|| from.address.clone())
        },
    },
    Rule {
        id: "answers-to-free-mail",
        signal: Sender,
        spam: 0.8,
        phish: 0.8,
        holds: |seen| {
            let reply = seen.facts.reply_to.as_ref().filter(|reply| is_free_mail(&reply.domain))?;
            let from = seen.facts.from.as_ref()?;
            (from.domain != reply.domain).then(|| reply.address.clone())
        },
    },
    Rule {
        id: "sender-at-cheap-suffix",
        signal: Sender,
        spam: 0.5,
        phish: 0.7,
        holds: |seen| seen.facts.from.as_ref().filter(|from| is_cheap_suffix(&from.host)).map(|from| from.host.clone()),
    },
    Rule {
        id: "sender-is-jumble",
        signal: Sender,
        spam: 0.5,
        phish: 0.5,
        holds: |seen| {
            let from = seen.facts.from.as_ref()?;
            let local = from.address.split('@').next().unwrap_or_default();
            (is_jumble(local) || looks_random(&from.host)).then(|| from.address.clone())
        },
    },
    Rule {
        id: "says-to-answer",
        signal: Sender,
        spam: 0.3,
        phish: 0.2,
        holds: |seen| {
            let marked = seen.facts.subject.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("re:"));
            (marked && seen.facts.has_header && !seen.facts.is_answer && wishes(seen) >= 3)
                .then(|| seen.facts.subject.clone())
        },
    },
    Rule {
        id: "not-authenticated",
        signal: Sender,
        spam: 0.8,
        phish: 1.2,
        holds: |seen| {
            let from = seen.facts.from.as_ref()?;
            (seen.facts.authenticated == Some(Authenticated::Failed)).then(|| from.domain.clone())
        },
    },
];
