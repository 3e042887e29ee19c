//! Names of domains that somebody takes for others: how a domain is like a known one, and the index that finds the known ones.
//!
//! Short names are near to one another by chance, so the fewer letters a name has, the less it may differ; below five letters only what
//! looks the same counts.

mod distance;
mod index;
mod shape;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub use index::DomainIndex;

use filter::facts::registered_domain;

/// By what a domain is like another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trick {
    /// Letters that look the same (Unicode Technical Standard 39, and `rn` for `m`, `0` for `o`).
    LooksSame,
    /// Letters swapped, doubled, dropped or put in, or the neighbour on the keyboard.
    Misspelt,
    /// The same but for hyphens.
    Hyphen,
    /// The same name under another suffix.
    Suffix,
    /// A word added or left out: `-group`, `-trade`, `intl`.
    Word,
    /// The known domain stands before another one's.
    Below,
}

impl Trick {
    /// The trick as a word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::LooksSame => "looks-same",
            Self::Misspelt => "misspelt",
            Self::Hyphen => "hyphen",
            Self::Suffix => "suffix",
            Self::Word => "word",
            Self::Below => "below",
        }
    }
}

/// How a domain is like a known one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Likeness {
    /// By what.
    pub trick: Trick,
    /// From 0 to 1: how unlikely it is that two companies are called so by chance.
    pub closeness: f32,
}

/// Words that companies, and those who pose as them, add to a name.
const WORDS: &[&str] = &[
    "account",
    "accounting",
    "accounts",
    "admin",
    "africa",
    "agency",
    "asia",
    "bank",
    "billing",
    "biz",
    "br",
    "brasil",
    "bv",
    "ca",
    "careers",
    "center",
    "china",
    "cn",
    "co",
    "com",
    "company",
    "consulting",
    "contact",
    "corp",
    "corporation",
    "customs",
    "de",
    "delivery",
    "desk",
    "dept",
    "docs",
    "doc",
    "documents",
    "email",
    "es",
    "eu",
    "europe",
    "exp",
    "expo",
    "export",
    "exports",
    "factory",
    "finance",
    "fr",
    "germany",
    "global",
    "gmbh",
    "group",
    "grp",
    "help",
    "hk",
    "holding",
    "holdings",
    "hq",
    "import",
    "in",
    "inc",
    "india",
    "industrial",
    "industries",
    "industry",
    "info",
    "int",
    "international",
    "intl",
    "invoice",
    "invoices",
    "it",
    "jp",
    "kr",
    "limited",
    "llc",
    "log",
    "logistics",
    "ltd",
    "ltda",
    "mail",
    "mails",
    "manufacturing",
    "mexico",
    "mfg",
    "mx",
    "net",
    "office",
    "official",
    "online",
    "orders",
    "order",
    "org",
    "overseas",
    "pay",
    "payment",
    "payments",
    "portal",
    "purchase",
    "purchasing",
    "remit",
    "ru",
    "sa",
    "sales",
    "sarl",
    "secure",
    "service",
    "services",
    "shanghai",
    "shenzhen",
    "shipping",
    "shop",
    "solutions",
    "srl",
    "store",
    "supply",
    "support",
    "team",
    "tech",
    "technology",
    "tr",
    "trade",
    "trading",
    "treasury",
    "turkey",
    "uk",
    "us",
    "usa",
    "vn",
    "web",
    "world",
    "worldwide",
];

/// Letters that a name must have, so that a word that is written on to it without a hyphen is seen as added.
const JOINED_MIN: usize = 5;

/// Letters of a name before which any other word counts as added.
const ANY_WORD_MIN: usize = 8;

/// Letters of the name of a mailbox that are looked at.
const MAILBOX_LETTERS_MAX: usize = 40;

/// A domain taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parts {
    /// First label of the registered domain, in Unicode.
    pub(crate) label: String,
    /// What is behind it.
    pub(crate) suffix: String,
    /// Labels before it, joined by dots; empty if there are none.
    pub(crate) below: String,
}

impl Parts {
    pub(crate) fn of(host: &str) -> Self {
        let host = host.trim_matches('.').to_lowercase();
        let (host, _) = idna::domain_to_unicode(&host);
        let registered = registered_domain(&host);
        let (label, suffix) = registered.split_once('.').unwrap_or((&registered, ""));
        let below = host.strip_suffix(&registered).unwrap_or_default().trim_end_matches('.');
        Self { label: label.to_owned(), suffix: suffix.to_owned(), below: below.to_owned() }
    }

    /// The label without hyphens.
    fn joined(&self) -> String {
        self.label.replace('-', "")
    }
}

/// How `host` is like `known`, a registered domain; none if it is that domain, or not like it.
#[must_use]
pub fn likeness(host: &str, known: &str) -> Option<Likeness> {
    let (host_parts, known_parts) = (Parts::of(host), Parts::of(known));
    if host_parts.label == known_parts.label && host_parts.suffix == known_parts.suffix {
        return None;
    }
    let found = by_label(&host_parts, &known_parts);
    let below = by_labels_before(&host_parts, &known_parts);
    match (found, below) {
        (Some(one), Some(other)) if other.closeness > one.closeness => Some(other),
        (None, other) => other,
        (found, _) => found,
    }
}

/// How the name of a mailbox is like that of another at the same domain; none if it is that name, or not like it. Numbers tell mailboxes apart on purpose.
#[must_use]
pub(crate) fn mailbox_likeness(seen: &str, known: &str) -> Option<Likeness> {
    let joined = |name: &str| name.to_lowercase().replace(['.', '-', '_'], "");
    let (seen, known) = (joined(seen), joined(known));
    let letters = seen.chars().count().min(known.chars().count());
    if seen == known || letters < JOINED_MIN {
        return None;
    }
    if shape::of(&seen) == shape::of(&known) {
        return Some(Likeness { trick: Trick::LooksSame, closeness: 1.0 });
    }
    let digits = |name: &str| name.chars().filter(char::is_ascii_digit).collect::<String>();
    if digits(&seen) != digits(&known) {
        return None;
    }
    let allowed = distance::allowed(letters);
    let apart = distance::between(&seen, &known, allowed)?;
    Some(Likeness { trick: Trick::Misspelt, closeness: 1.0 - 0.5 * apart / allowed.max(1.0) })
}

/// Names that somebody may have meant who wrote `name`: two letters in the other order, one more or less, one that looks like it.
pub(crate) fn misspelt_mailboxes(name: &str) -> BTreeSet<String> {
    let letters: Vec<char> = name.chars().take(MAILBOX_LETTERS_MAX).collect();
    let mut found = BTreeSet::new();
    for at in 0..letters.len() {
        let with = |change: &dyn Fn(&mut Vec<char>)| {
            let mut other = letters.clone();
            change(&mut other);
            other.into_iter().collect::<String>()
        };
        if at + 1 < letters.len() {
            found.insert(with(&|other| other.swap(at, at + 1)));
        }
        found.insert(with(&|other| {
            other.remove(at);
        }));
        let Some(letter) = letters.get(at).copied() else { continue };
        found.insert(with(&|other| other.insert(at, letter)));
        for alike in distance::alike(letter) {
            found.insert(with(&|other| other.iter_mut().skip(at).take(1).for_each(|it| *it = alike)));
        }
    }
    found.remove(name);
    found
}

fn by_label(host: &Parts, known: &Parts) -> Option<Likeness> {
    let like = |trick, closeness| Some(Likeness { trick, closeness });
    let (seen, whole) = (host.joined(), known.joined());
    let letters = whole.chars().count().min(seen.chars().count());
    if host.label == known.label {
        return like(Trick::Suffix, suffix_closeness(letters, &host.suffix, &known.suffix));
    }
    if letters < 3 {
        return None;
    }
    if seen == whole {
        return like(Trick::Hyphen, if letters < JOINED_MIN { 0.6 } else { 0.9 });
    }
    if shape::of(&seen) == shape::of(&whole) {
        return like(Trick::LooksSame, if letters < JOINED_MIN { 0.8 } else { 1.0 });
    }
    if let Some(closeness) = by_words(host, known) {
        return like(Trick::Word, closeness);
    }
    let allowed = distance::allowed(letters);
    let apart = distance::between(&seen, &whole, allowed)?;
    // A name of another meaning differs by more than a slip of the finger, however long it is.
    like(Trick::Misspelt, (1.0 - 0.5 * apart / allowed.max(1.0)) * if letters < 7 { 0.8 } else { 1.0 })
}

fn suffix_closeness(letters: usize, seen: &str, known: &str) -> f32 {
    let looks_alike = distance::between(seen, known, 1.0).is_some();
    match (letters, looks_alike) {
        (..=3, _) => 0.2,
        (4..=5, false) => 0.5,
        (_, false) => 0.7,
        (..=5, true) => 0.7,
        (_, true) => 0.85,
    }
}

/// Words added to the known name, left out of it, or put in another's place.
fn by_words(host: &Parts, known: &Parts) -> Option<f32> {
    let (seen_core, known_core) = (core(&host.label), core(&known.label));
    let known_joined = known.joined();
    let letters = seen_core.chars().count().min(known_core.chars().count());
    if seen_core == known_core && letters >= 4 {
        let only_added = known_core == known_joined;
        return Some(match (only_added, letters) {
            (true, 8..) => 0.85,
            (true, 6..) => 0.75,
            (true, _) => 0.6,
            (false, 6..) => 0.65,
            (false, _) => 0.45,
        });
    }
    let letters = known_joined.chars().count();
    let seen = host.joined();
    let has_all = seen.starts_with(&known_joined) || seen.ends_with(&known_joined);
    let parted = host.label.split('-').any(|word| word == known.label)
        || host.label.starts_with(&format!("{}-", known.label))
        || host.label.ends_with(&format!("-{}", known.label));
    match (has_all, parted, letters) {
        (true, true, ANY_WORD_MIN..) => Some(0.6),
        (true, false, 10..) => Some(0.5),
        _ => None,
    }
}

/// A label without hyphens and without the words that are added to names.
pub(crate) fn core(label: &str) -> String {
    let words: Vec<&str> = label.split('-').filter(|word| !word.is_empty()).collect();
    let telling: Vec<&str> = words.iter().copied().filter(|word| !WORDS.contains(word)).collect();
    // A name may be made of such words alone.
    let mut rest = if telling.is_empty() { words.concat() } else { telling.concat() };
    for _ in 0..2 {
        let cut = WORDS
            .iter()
            .filter(|word| word.len() >= 3)
            .filter_map(|word| rest.strip_suffix(word).or_else(|| rest.strip_prefix(word)))
            .filter(|cut| cut.chars().count() >= JOINED_MIN)
            .min_by_key(|cut| cut.len())
            .map(str::to_owned);
        match cut {
            Some(cut) => rest = cut,
            None => break,
        }
    }
    rest
}

/// The known domain among the labels before another one's, or written into its label.
fn by_labels_before(host: &Parts, known: &Parts) -> Option<Likeness> {
    let whole = format!("{}.{}", known.label, known.suffix);
    let with_hyphens = whole.replace('.', "-");
    let letters = known.label.chars().count();
    let all_labels = if host.below.is_empty() { host.label.clone() } else { format!("{}.{}", host.below, host.label) };
    let has = |name: &str| all_labels.split(name).count() > 1 && at_border(&all_labels, name);
    let closeness = if letters >= 3 && (has(&whole) || has(&with_hyphens)) {
        0.95
    } else if letters >= 6 && host.below.split('.').any(|label| label == known.label) {
        // A service names its customers so, too.
        0.4
    } else {
        return None;
    };
    Some(Likeness { trick: Trick::Below, closeness })
}

/// Whether `name` stands in `text` as words of their own.
fn at_border(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, found)| {
        let ends = |c: Option<char>| !c.is_some_and(char::is_alphanumeric);
        ends(text.get(..at).and_then(|before| before.chars().next_back()))
            && ends(text.get(at + found.len()..).and_then(|behind| behind.chars().next()))
    })
}

#[cfg(test)]
mod tests;
