//! What rules say of a message.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use mail::protection::{Demand, Means};
use serde::{Deserialize, Serialize};

use crate::consent::folded_label;
use crate::content::{Content, File, Place, Recipient};
use crate::detect::{self, Found};
use crate::keywords::{Spoken, Vocabulary};
use crate::rule::{Action, Approve, Attachment, Condition, Detector, Direction, Domains, Mode, Rule};
use crate::shingles::{Copied, Marks};

/// Findings of one rule that are told.
const HITS_MAX: usize = 20;

const PERSONAL: &str = include_str!("../data/personal-mail.txt");

/// Domains where private people have their mailboxes.
static PERSONAL_DOMAINS: LazyLock<BTreeSet<&'static str>> =
    LazyLock::new(|| PERSONAL.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect());

/// One condition that held, and what it held by; nothing sensitive is repeated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    /// The condition, such as `detect iban`.
    pub what: String,
    /// Where it was found first; none for what concerns the message as a whole.
    #[serde(default)]
    pub place: Option<Place>,
    /// How many there are.
    pub count: u32,
    /// The first of them masked, or what was found where that is not sensitive.
    #[serde(default)]
    pub shown: String,
}

/// A rule that holds for a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matched {
    /// Its name.
    pub rule: String,
    /// Whether it does anything.
    pub mode: Mode,
    /// What it does.
    pub actions: Vec<Action>,
    /// By what it holds.
    pub hits: Vec<Hit>,
}

impl Matched {
    fn asks_for(&self, word: &str) -> bool {
        self.mode == Mode::Enforce && self.actions.iter().any(|action| action.word() == word)
    }
}

/// What all rules together say of a message.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The rules that hold, in their order.
    pub matched: Vec<Matched>,
}

/// The most that rules ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// It goes.
    Go,
    /// Its sender must confirm it.
    Warn,
    /// Its sender must give a reason.
    Justify,
    /// It does not go.
    Block,
}

impl Decision {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Go => "go",
            Self::Warn => "warn",
            Self::Justify => "justify",
            Self::Block => "block",
        }
    }
}

impl Outcome {
    /// What its sender is asked for first; approval is asked for beside that.
    #[must_use]
    pub fn decision(&self) -> Decision {
        let asks = |word: &str| self.matched.iter().any(|it| it.asks_for(word));
        match () {
            () if asks("block") => Decision::Block,
            () if asks("justify") => Decision::Justify,
            () if asks("warn") => Decision::Warn,
            () => Decision::Go,
        }
    }

    /// Who must allow it, each by the rule that asks for it.
    #[must_use]
    pub fn approvals(&self) -> Vec<(String, Approve)> {
        let of = |it: &Matched| {
            it.actions.iter().find_map(|action| match action {
                Action::Approve(approve) if it.mode == Mode::Enforce => Some((it.rule.clone(), approve.clone())),
                _ => None,
            })
        };
        self.matched.iter().filter_map(of).collect()
    }

    /// What must protect it on its way.
    #[must_use]
    pub fn demands(&self) -> Vec<Demand> {
        let encrypted = [Means::EndToEnd, Means::Smime, Means::OpenPgp, Means::Portal];
        let mut demands = Vec::new();
        for (word, means) in [("encrypt", &encrypted[..]), ("portal", &[Means::Portal])] {
            if self.matched.iter().any(|it| it.asks_for(word)) {
                demands.extend(Demand::new(means).ok());
            }
        }
        demands
    }

    /// The rules that ask for `word`, by name.
    #[must_use]
    pub fn rules_that_ask(&self, word: &str) -> Vec<&str> {
        self.matched.iter().filter(|it| it.asks_for(word)).map(|it| it.rule.as_str()).collect()
    }
}

/// What must be known of the people for rules to be asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wants {
    /// Countries.
    pub countries: bool,
    /// Whether they look like others.
    pub likeness: bool,
    /// Who sends it.
    pub people: bool,
}

/// Rules of an organisation with its marked documents, ready to be asked.
#[derive(Debug, Default)]
pub struct Policy {
    rules: Vec<Rule>,
    vocabulary: Vocabulary,
    marks: Marks,
    detectors: BTreeSet<Detector>,
}

impl Policy {
    /// That of `rules`, with the hashes of marked documents by their names.
    #[must_use]
    pub fn new(mut rules: Vec<Rule>, marks: &[(String, Vec<u64>)]) -> Self {
        rules.retain(|rule| rule.mode != Mode::Off);
        rules.sort_by(|one, other| (one.priority, &one.name).cmp(&(other.priority, &other.name)));
        let mut detectors = BTreeSet::new();
        for rule in &rules {
            wanted(&rule.when, &mut detectors);
            rule.unless.iter().for_each(|it| wanted(it, &mut detectors));
        }
        let mut known = Marks::default();
        marks.iter().for_each(|(name, hashes)| known.add(name, hashes));
        Self { vocabulary: Vocabulary::of(&rules), marks: known, detectors, rules }
    }

    /// Whether there is nothing to ask.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// What must be known of the people.
    #[must_use]
    pub fn wants(&self) -> Wants {
        let asks = |word| {
            let in_rule =
                |rule: &Rule| names(&rule.when, word) || rule.unless.as_ref().is_some_and(|it| names(it, word));
            self.rules.iter().any(in_rule)
        };
        let people = asks("sender") || self.rules.iter().any(|rule| !rule.scope.is_nobody());
        Wants { countries: asks("recipient-country"), likeness: asks("lookalike-recipient"), people }
    }

    /// Whether a rule is asked about what goes on by itself: nobody mistook an address then.
    #[must_use]
    pub fn asks_onward(&self) -> bool {
        self.rules.iter().any(|rule| rule.when != Condition::LookalikeRecipient(true))
    }

    /// Whether a rule holds by what stands in messages, so that they must be read.
    #[must_use]
    pub fn reads(&self) -> bool {
        self.rules.iter().any(|rule| rule.when.reads() || rule.unless.as_ref().is_some_and(Condition::reads))
    }

    /// What they say of a message.
    #[must_use]
    pub fn evaluate(&self, content: &Content) -> Outcome {
        self.evaluate_for(&content.recipients, &Searched::of(content))
    }

    /// What they say of a message to each of these lists of recipients alone; its own count for nothing.
    #[must_use]
    pub fn evaluate_each(&self, content: &Content, lists: &[Vec<Recipient>]) -> Vec<Outcome> {
        let searched = Searched::of(content);
        lists.iter().map(|recipients| self.evaluate_for(recipients, &searched)).collect()
    }

    fn evaluate_for(&self, recipients: &[Recipient], searched: &Searched<'_>) -> Outcome {
        let asked = Asked { policy: self, content: searched.content, recipients, searched };
        let mut outcome = Outcome::default();
        for rule in &self.rules {
            let mut hits = Vec::new();
            if asked.concerns(rule) && asked.holds(&rule.when, &mut hits) && !asked.excepts(rule) {
                hits.truncate(HITS_MAX);
                let (mode, actions) = (rule.mode, rule.actions.clone());
                outcome.matched.push(Matched { rule: rule.name.clone(), mode, actions, hits });
                // What only watches changes nothing of the others.
                if rule.stop && rule.mode == Mode::Enforce {
                    break;
                }
            }
        }
        outcome
    }
}

fn names(condition: &Condition, word: &str) -> bool {
    match condition {
        Condition::All(list) | Condition::Any(list) => list.iter().any(|it| names(it, word)),
        Condition::Not(inner) => names(inner, word),
        other => other.word() == word,
    }
}

fn wanted(condition: &Condition, detectors: &mut BTreeSet<Detector>) {
    match condition {
        Condition::All(list) | Condition::Any(list) => list.iter().for_each(|it| wanted(it, detectors)),
        Condition::Not(inner) => wanted(inner, detectors),
        Condition::Detect(detect) => drop(detectors.insert(detect.what)),
        _ => {}
    }
}

/// A message with what takes work: it is found when the first rule wants it, once for whomever it goes to.
struct Searched<'a> {
    content: &'a Content,
    numbers: OnceCell<BTreeMap<Detector, Vec<Found>>>,
    spoken: OnceCell<Spoken>,
    copied: OnceCell<Vec<Copied>>,
}

impl<'a> Searched<'a> {
    const fn of(content: &'a Content) -> Self {
        Self { content, numbers: OnceCell::new(), spoken: OnceCell::new(), copied: OnceCell::new() }
    }
}

/// A message to some recipients while rules are asked.
struct Asked<'a> {
    policy: &'a Policy,
    content: &'a Content,
    recipients: &'a [Recipient],
    searched: &'a Searched<'a>,
}

impl Asked<'_> {
    /// Whether the message is one that the rule is about at all.
    fn concerns(&self, rule: &Rule) -> bool {
        let goes_outside = self.recipients.iter().any(|it| it.is_outside);
        let is_direction = match rule.direction {
            Direction::Any => true,
            Direction::Outside => goes_outside,
            Direction::Inside => !goes_outside,
        };
        is_direction && (rule.scope.is_nobody() || rule.scope.has(&self.content.sender))
    }

    fn excepts(&self, rule: &Rule) -> bool {
        rule.unless.as_ref().is_some_and(|unless| self.holds(unless, &mut Vec::new()))
    }

    fn holds(&self, condition: &Condition, hits: &mut Vec<Hit>) -> bool {
        match condition {
            Condition::All(list) => {
                let known = hits.len();
                let holds = list.iter().all(|it| self.holds(it, hits));
                if !holds {
                    hits.truncate(known);
                }
                holds
            }
            // Each that holds is told.
            Condition::Any(list) => list.iter().filter(|it| self.holds(it, hits)).count() > 0,
            Condition::Not(inner) => !self.holds(inner, &mut Vec::new()),
            leaf => match self.hit(leaf) {
                Some(hit) => {
                    hits.push(hit);
                    true
                }
                None => false,
            },
        }
    }

    fn hit(&self, condition: &Condition) -> Option<Hit> {
        let content = self.content;
        let whole = |count: usize, shown: String| {
            let count = u32::try_from(count).unwrap_or(u32::MAX);
            Some(Hit { what: condition.word().to_owned(), place: None, count, shown })
        };
        match condition {
            Condition::Detect(detect) => {
                let found = self.numbers().get(&detect.what)?;
                let first = found.first().filter(|_| found.len() >= detect.min as usize)?;
                let what = format!("detect {}", detect.what.word());
                let count = u32::try_from(found.len()).unwrap_or(u32::MAX);
                Some(Hit { what, place: Some(first.place), count, shown: first.shown.clone() })
            }
            Condition::Keywords(keywords) => {
                let spoken = self.searched.spoken.get_or_init(|| self.policy.vocabulary.spoken(&content.pieces));
                let (count, place) = self.policy.vocabulary.count(keywords, spoken);
                (count >= keywords.min).then(|| Hit {
                    what: condition.word().to_owned(),
                    place,
                    count,
                    shown: String::new(),
                })
            }
            Condition::Fingerprint(fingerprint) => {
                let copied = self.searched.copied.get_or_init(|| self.policy.marks.find(&content.pieces));
                let is_meant = |it: &&Copied| fingerprint.marks.is_empty() || fingerprint.marks.contains(&it.name);
                let most = copied.iter().filter(is_meant).find(|it| it.share >= fingerprint.share)?;
                let shown = format!("{}, {} %", most.name, most.share);
                Some(Hit { what: condition.word().to_owned(), place: Some(most.place), count: 1, shown })
            }
            Condition::Label(labels) => {
                let has = |it: &&String| content.labels.contains(&folded_label(it));
                labels.iter().find(has).and_then(|label| whole(1, label.clone()))
            }
            Condition::Sender(people) => people.has(&content.sender).then(|| whole(1, String::new())).flatten(),
            Condition::RecipientDomain(domains) => {
                let found: BTreeSet<&str> = self.outside().filter(|it| is_of(domains, it)).collect();
                found.first().and_then(|first| whole(found.len(), (*first).to_owned()))
            }
            Condition::RecipientCountry(countries) => {
                let all = self.recipients.iter().filter(|it| it.is_outside).flat_map(|it| &it.countries);
                let found: BTreeSet<&String> =
                    all.filter(|it| countries.iter().any(|c| c.eq_ignore_ascii_case(it))).collect();
                found.first().and_then(|first| whole(found.len(), (*first).clone()))
            }
            Condition::Outside(is) => {
                let count = self.outside().count();
                ((count > 0) == *is).then(|| whole(count, String::new())).flatten()
            }
            Condition::RecipientsAbove(max) => {
                let count = self.recipients.len();
                (count > *max as usize).then(|| whole(count, String::new())).flatten()
            }
            Condition::Attachment(attachment) => {
                let found: Vec<usize> = (0..)
                    .zip(&content.files)
                    .filter(|(_, file)| is_meant(attachment, file))
                    .map(|(at, _)| at)
                    .collect();
                let place = found.first().and_then(|at| u32::try_from(at + 1).ok()).map(Place::File)?;
                whole(found.len(), String::new()).map(|hit| Hit { place: Some(place), ..hit })
            }
            Condition::Unreadable(is) => (content.is_unreadable == *is).then(|| whole(1, String::new())).flatten(),
            Condition::LookalikeRecipient(is) => {
                let mut found = self.recipients.iter().filter_map(|it| it.mistaken.as_ref());
                let count = found.clone().count();
                let shown = found.next().map(|it| format!("{} ≠ {}", it.address, it.known)).unwrap_or_default();
                ((count > 0) == *is).then(|| whole(count, shown)).flatten()
            }
            Condition::All(_) | Condition::Any(_) | Condition::Not(_) => None,
        }
    }

    /// Domains outside the organisation that it goes to.
    fn outside(&self) -> impl Iterator<Item = &str> {
        self.recipients.iter().filter(|it| it.is_outside).map(|it| it.domain.as_str())
    }

    fn numbers(&self) -> &BTreeMap<Detector, Vec<Found>> {
        self.searched.numbers.get_or_init(|| {
            let mut by_kind: BTreeMap<Detector, Vec<Found>> = BTreeMap::new();
            for found in detect::find(&self.content.pieces, &self.policy.detectors) {
                by_kind.entry(found.what).or_default().push(found);
            }
            by_kind
        })
    }
}

fn is_of(domains: &Domains, domain: &str) -> bool {
    let is_personal = || {
        let mut above = domain;
        loop {
            if PERSONAL_DOMAINS.contains(above) {
                return true;
            }
            match above.split_once('.') {
                Some((_, rest)) => above = rest,
                None => return false,
            }
        }
    };
    let named = domains.domains.iter().any(|rule| {
        let (base, below) = rule.strip_prefix("*.").map_or((rule.as_str(), false), |base| (base, true));
        let base = mail::domain::canonical(base).unwrap_or_else(|_| base.to_lowercase());
        domain == base || (below && domain.strip_suffix(&base).is_some_and(|rest| rest.ends_with('.')))
    });
    named || (domains.personal && is_personal())
}

fn is_meant(wanted: &Attachment, file: &File) -> bool {
    let Attachment { kinds, names, larger_kib, locked } = wanted;
    (kinds.is_empty() || file.kinds.iter().any(|kind| kinds.contains(kind)))
        && (names.is_empty() || names.iter().any(|form| has_form(&file.name.to_lowercase(), &form.to_lowercase())))
        && larger_kib.is_none_or(|kib| file.size_octets > u64::from(kib) * 1024)
        && locked.is_none_or(|locked| file.is_locked == locked)
}

/// Whether `name` has the form, in which `*` stands for anything.
fn has_form(name: &str, form: &str) -> bool {
    let mut pieces = form.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(last) = pieces.pop() else { return rest.is_empty() };
    for piece in pieces {
        match rest.split_once(piece) {
            Some((_, behind)) => rest = behind,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests;
