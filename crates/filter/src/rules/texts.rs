//! What the text wants of its reader. Words come from the lexicon, so a rule holds in all its languages.

use super::{Rule, Seen};
use crate::findings::Signal::Text;
use crate::lexicon::Concept::{
    self, Account, Adult, Advance, Billing, Boss, Brand, Casino, Click, Credential, Crypto, Diploma, Document,
    Extortion, Invest, Invoice, Medicine, Parcel, Prize, Quota, Refund, Security, Shop, Stock, Stranger, Support,
    Threat, Urgent, Verify,
};

/// The words found for `wanted`, if the text speaks of each.
fn all(seen: &Seen<'_>, wanted: &[Concept]) -> Option<String> {
    let words: Vec<&str> = wanted
        .iter()
        .map(|concept| seen.spoken.has(*concept).then(|| seen.spoken.word(*concept)))
        .collect::<Option<_>>()?;
    Some(words.join(", "))
}

/// As [`all`], and at least one of `others`.
fn all_and_one(seen: &Seen<'_>, wanted: &[Concept], others: &[Concept]) -> Option<String> {
    let other = others.iter().find(|concept| seen.spoken.has(**concept))?;
    let words = all(seen, wanted)?;
    let other = seen.spoken.word(*other);
    Some(if words.is_empty() { other.to_owned() } else { format!("{words}, {other}") })
}

/// The word found, if there are at least `count` different ones.
fn many(seen: &Seen<'_>, concept: Concept, count: u8) -> Option<String> {
    (seen.spoken.count(concept) >= count).then(|| seen.spoken.word(concept).to_owned())
}

fn within(seen: &Seen<'_>, condition: bool, words: Option<String>) -> Option<String> {
    words.filter(|_| condition && seen.facts.normal_text.len() < 8000)
}

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "account-threat",
        signal: Text,
        spam: 0.5,
        phish: 1.6,
        holds: |seen| within(seen, seen.has_way, all_and_one(seen, &[Account, Threat], &[Verify, Click, Credential])),
    },
    Rule {
        id: "credential-request",
        signal: Text,
        spam: 0.2,
        phish: 1.2,
        holds: |seen| {
            within(
                seen,
                seen.has_way && seen.is_short,
                all_and_one(seen, &[Credential, Verify], &[Threat, Urgent, Security, Quota]),
            )
        },
    },
    Rule {
        id: "urgent-account",
        signal: Text,
        spam: 0.2,
        phish: 0.8,
        holds: |seen| {
            within(
                seen,
                seen.has_way && seen.is_short,
                all_and_one(seen, &[Urgent, Click], &[Account, Billing, Security]),
            )
        },
    },
    Rule {
        id: "mailbox-full",
        signal: Text,
        spam: 0.3,
        phish: 1.2,
        holds: |seen| {
            within(seen, seen.has_way && seen.is_short, all_and_one(seen, &[Quota], &[Verify, Click, Threat]))
        },
    },
    Rule {
        id: "security-alarm",
        signal: Text,
        spam: 0.2,
        phish: 1.0,
        holds: |seen| {
            within(seen, seen.has_way && seen.is_short, all_and_one(seen, &[Security, Account], &[Click, Verify]))
        },
    },
    Rule {
        id: "billing-problem",
        signal: Text,
        spam: 0.3,
        phish: 0.9,
        holds: |seen| {
            within(
                seen,
                seen.has_way && seen.is_short,
                all_and_one(seen, &[Billing], &[Threat, Urgent]).and_then(|_| all(seen, &[Click])),
            )
        },
    },
    Rule {
        id: "parcel-fee",
        signal: Text,
        spam: 0.4,
        phish: 1.0,
        holds: |seen| {
            within(
                seen,
                seen.has_way && seen.is_short,
                many(seen, Parcel, 2).and_then(|_| all_and_one(seen, &[Parcel], &[Click, Verify])),
            )
        },
    },
    Rule {
        id: "prize",
        signal: Text,
        spam: 1.0,
        phish: 1.0,
        holds: |seen| {
            within(
                seen,
                seen.has_way && seen.is_short,
                many(seen, Prize, 2).and_then(|_| all_and_one(seen, &[Prize], &[Click, Urgent, Verify])),
            )
        },
    },
    Rule { id: "advance-fee", signal: Text, spam: 1.8, phish: 1.2, holds: |seen| many(seen, Advance, 4) },
    Rule {
        id: "extortion",
        signal: Text,
        spam: 2.0,
        phish: 2.5,
        holds: |seen| many(seen, Extortion, 2).and_then(|_| all_and_one(seen, &[Extortion], &[Crypto])),
    },
    Rule {
        id: "wallet-lure",
        signal: Text,
        spam: 0.8,
        phish: 1.4,
        holds: |seen| {
            within(
                seen,
                seen.has_way,
                many(seen, Crypto, 2).and_then(|_| all_and_one(seen, &[Crypto], &[Verify, Click, Threat, Prize])),
            )
        },
    },
    Rule {
        id: "boss-asks",
        signal: Text,
        spam: 0.2,
        phish: 1.0,
        holds: |seen| {
            within(
                seen,
                seen.is_short && !seen.has_way && !seen.facts.is_answer,
                all_and_one(seen, &[Boss], &[Urgent, Invoice, Prize]),
            )
        },
    },
    Rule {
        id: "refund",
        signal: Text,
        spam: 0.2,
        phish: 1.0,
        holds: |seen| {
            within(
                seen,
                seen.has_way && seen.is_short,
                all_and_one(seen, &[Refund, Click], &[Account, Verify, Billing, Invoice]),
            )
        },
    },
    Rule {
        id: "document-lure",
        signal: Text,
        spam: 0.2,
        phish: 0.8,
        holds: |seen| {
            within(
                seen,
                seen.has_way && seen.is_short,
                many(seen, Document, 2).and_then(|_| all_and_one(seen, &[Document], &[Click, Urgent, Credential])),
            )
        },
    },
    Rule {
        id: "call-back",
        signal: Text,
        spam: 0.4,
        phish: 1.6,
        holds: |seen| {
            within(seen, seen.is_short, many(seen, Billing, 2).and_then(|_| all(seen, &[Billing, Support, Brand])))
        },
    },
    Rule {
        id: "stranger-greeting",
        signal: Text,
        spam: 0.4,
        phish: 0.6,
        holds: |seen| within(seen, seen.is_short, all_and_one(seen, &[Stranger], &[Account, Advance, Prize, Invest])),
    },
    Rule { id: "medicine", signal: Text, spam: 1.4, phish: 0.0, holds: |seen| many(seen, Medicine, 3) },
    Rule { id: "adult", signal: Text, spam: 1.2, phish: 0.2, holds: |seen| many(seen, Adult, 3) },
    Rule {
        id: "bargain",
        signal: Text,
        spam: 0.8,
        phish: 0.0,
        holds: |seen| within(seen, seen.is_short, many(seen, Shop, 3)),
    },
    Rule {
        id: "stock-tip",
        signal: Text,
        spam: 1.4,
        phish: 0.0,
        holds: |seen| within(seen, seen.is_short, many(seen, Stock, 3)),
    },
    Rule { id: "casino", signal: Text, spam: 1.4, phish: 0.0, holds: |seen| many(seen, Casino, 2) },
    Rule {
        id: "diploma",
        signal: Text,
        spam: 1.2,
        phish: 0.0,
        holds: |seen| within(seen, seen.is_short, many(seen, Diploma, 3)),
    },
    Rule {
        id: "easy-money",
        signal: Text,
        spam: 0.8,
        phish: 0.3,
        holds: |seen| within(seen, seen.is_short, many(seen, Invest, 3)),
    },
    Rule {
        id: "disguised-words",
        signal: Text,
        spam: 1.0,
        phish: 1.0,
        holds: |seen| {
            let found = seen.facts.disguises;
            let count = found.invisible + 2 * found.mixed_script_words + found.spaced_words + found.substituted_words;
            (count >= 3).then(|| count.to_string())
        },
    },
];
