//! Rules: what holds in every language and for every source, because it is how the thing is done.
//!
//! They stand in files (docs/rules.md), those that are shipped in `crates/filter/rules`. A file brings lists of words and rules; each
//! rule has a condition, weights, a text in English and Chinese, and examples that it must find and must not find.

mod book;
mod brands;
mod code;
mod condition;
mod example;
mod follow;
pub(crate) mod hosts;
pub(crate) mod inside;
mod making;
mod seen;
mod shipped;
mod syntax;
mod test;
mod vocabulary;
mod words;

use std::sync::{Arc, LazyLock};

pub use book::{RuleError, Source};
pub(crate) use brands::claimed as claimed_brand;
pub use follow::RulesFollower;
pub use hosts::is_free_mail;

use crate::facts::Facts;
use crate::findings::{Finding, Signal};
use condition::Condition;
use seen::Seen;
use test::Check;
use words::Words;

/// Characters of evidence that are kept.
const EVIDENCE_CHARS_MAX: usize = 120;

/// A rule made ready.
#[derive(Debug)]
pub struct Rule {
    /// Its name.
    pub id: String,
    /// File that brought it.
    pub file: String,
    /// What kind of thing it is about.
    pub signal: Signal,
    /// What it adds to the log odds of spam.
    pub spam: f32,
    /// What it adds to the log odds of phish.
    pub phish: f32,
    /// Was switched off by another file.
    pub is_off: bool,
    /// Its condition as written.
    pub when: String,
    english: String,
    chinese: String,
    hits: Vec<String>,
    misses: Vec<String>,
    condition: Condition<Check>,
}

/// All rules of some files.
#[derive(Default)]
pub struct Rules {
    rules: Vec<Rule>,
    /// Numbers of rules, each behind those that it asks about.
    order: Vec<usize>,
    words: Words,
    /// Of all that decides, worked out once: it is asked for each message.
    fingerprint: u64,
}

/// An example that a rule does not keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The rule.
    pub id: String,
    /// Its file.
    pub file: String,
    /// It had to be found; else it had not to.
    pub is_hit: bool,
    /// The example as written; empty if the rule has none of its kind.
    pub example: String,
}

/// What all rules together add.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Sums {
    pub(crate) spam: f32,
    pub(crate) phish: f32,
}

/// Sum from which more rules count less: those that hold of one message often tell the same thing in other words.
const SUM_WHOLE_MAX: f32 = 3.0;

/// What they count there.
const SHARE_BEYOND: f32 = 0.3;

impl Sums {
    /// The sums as they enter the score.
    pub(crate) fn bounded(self) -> Self {
        let bound =
            |sum: f32| if sum > SUM_WHOLE_MAX { SUM_WHOLE_MAX + SHARE_BEYOND * (sum - SUM_WHOLE_MAX) } else { sum };
        Self { spam: bound(self.spam), phish: bound(self.phish) }
    }
}

/// No rules at all if the files that are built in cannot be read; a test sees to it that they can.
static SHIPPED: LazyLock<Arc<Rules>> = LazyLock::new(|| Arc::new(Rules::read(&shipped::sources()).unwrap_or_default()));

impl Rules {
    /// The rules that are shipped.
    #[must_use]
    pub fn shipped() -> Arc<Self> {
        Arc::clone(&SHIPPED)
    }

    /// The rules that are shipped, completed and changed by files of an operator.
    ///
    /// # Errors
    /// When a file cannot be read, names something that there is not, or brings a rule that is already there.
    pub fn with(own: &[Source]) -> Result<Self, RuleError> {
        let mut sources = shipped::sources();
        sources.extend_from_slice(own);
        Self::read(&sources)
    }

    /// Reads files; nothing but them.
    ///
    /// # Errors
    /// As for [`Self::with`].
    pub fn read(sources: &[Source]) -> Result<Self, RuleError> {
        making::rules(sources)
    }

    /// All rules, in the order of their files.
    pub fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter()
    }

    /// A number that other rules do not have.
    #[must_use]
    pub(crate) const fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// What a rule says to people, in Chinese or else in English; `{evidence}` stands for its evidence.
    #[must_use]
    pub fn text(&self, id: &str, language: &str) -> Option<&str> {
        let rule = self.rules.iter().find(|rule| rule.id == id)?;
        Some(if language.starts_with("zh") { &rule.chinese } else { &rule.english })
    }

    /// What is found in a message.
    #[must_use]
    pub fn findings(&self, facts: &Facts) -> Vec<Finding> {
        let seen = Seen::new(facts, &self.words);
        let hits = self.hits(&seen);
        self.rules.iter().zip(hits).filter_map(|(rule, hit)| Some(rule.finding(hit?))).collect()
    }

    /// What is found adds to the scores.
    pub(crate) fn sums(&self, facts: &Facts) -> Sums {
        let seen = Seen::new(facts, &self.words);
        let mut sums = Sums::default();
        for (rule, _) in self.rules.iter().zip(self.hits(&seen)).filter(|(_, hit)| hit.is_some()) {
            sums.spam += rule.spam;
            sums.phish += rule.phish;
        }
        sums.bounded()
    }

    /// The evidence of each rule that holds.
    fn hits(&self, seen: &Seen<'_>) -> Vec<Option<String>> {
        let mut hits: Vec<Option<String>> = vec![None; self.rules.len()];
        for number in &self.order {
            let Some(rule) = self.rules.get(*number).filter(|rule| !rule.is_off) else { continue };
            let found = |other: usize| hits.get(other).and_then(|hit| hit.as_deref());
            let hit = rule.condition.holds(&mut |check| check.look(seen, &found).map(|hit| hit.into_owned().into()));
            if let (Some(hit), Some(slot)) = (hit.map(std::borrow::Cow::into_owned), hits.get_mut(*number)) {
                *slot = Some(if hit.is_empty() { fallback(seen) } else { hit });
            }
        }
        hits
    }

    /// Tries all examples: which rules do not find what they must, find what they must not, or have no examples.
    #[must_use]
    pub fn broken(&self) -> Vec<Broken> {
        let mut broken = Vec::new();
        for (number, rule) in self.rules.iter().enumerate().filter(|(_, rule)| !rule.is_off) {
            for (examples, is_hit) in [(&rule.hits, true), (&rule.misses, false)] {
                let one = |example: &str| Broken {
                    id: rule.id.clone(),
                    file: rule.file.clone(),
                    is_hit,
                    example: example.to_owned(),
                };
                if examples.is_empty() {
                    broken.push(one(""));
                }
                let found = |example: &&String| {
                    let facts = example::facts(example);
                    self.hits(&Seen::new(&facts, &self.words)).get(number).is_some_and(Option::is_some)
                };
                broken.extend(examples.iter().filter(|example| found(example) != is_hit).map(|example| one(example)));
            }
        }
        broken
    }

    /// How many examples there are.
    #[must_use]
    pub fn examples(&self) -> usize {
        self.rules.iter().map(|rule| rule.hits.len() + rule.misses.len()).sum()
    }
}

impl Rule {
    fn finding(&self, evidence: String) -> Finding {
        Finding {
            id: self.id.clone(),
            signal: self.signal,
            spam: self.spam,
            phish: self.phish,
            evidence: evidence.chars().take(EVIDENCE_CHARS_MAX).collect(),
            key: format!("finding-{}", self.id),
        }
    }
}

/// What is shown where a rule has nothing of its own to show: the subject, else the beginning of the text.
fn fallback(seen: &Seen<'_>) -> String {
    let subject = seen.facts.subject.trim();
    let text = if subject.is_empty() { seen.facts.text.trim() } else { subject };
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests;
