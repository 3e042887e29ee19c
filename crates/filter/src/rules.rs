//! Rules: what holds in every language and for every source, because it is how the thing is done.

mod brands;
mod files;
pub(crate) mod hosts;
mod inside;
mod links;
mod senders;
mod texts;

use crate::facts::Facts;
use crate::findings::{Finding, Signal};
use crate::lexicon::{Concepts, concepts};

pub(crate) use brands::claimed as claimed_brand;

/// Characters of evidence that are kept.
const EVIDENCE_CHARS_MAX: usize = 120;

/// What a rule looks at.
pub(crate) struct Seen<'a> {
    pub(crate) facts: &'a Facts,
    pub(crate) spoken: Concepts,
    /// Text of the message is short enough to be one thought.
    pub(crate) is_short: bool,
    /// There is something to follow: a link, a form, or a file that opens a page.
    pub(crate) has_way: bool,
}

/// A rule: gives its evidence where it holds.
pub(crate) struct Rule {
    pub(crate) id: &'static str,
    pub(crate) signal: Signal,
    /// Weights for spam and for phish, in log odds.
    pub(crate) spam: f32,
    pub(crate) phish: f32,
    pub(crate) holds: fn(&Seen<'_>) -> Option<String>,
}

/// What all rules together add.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Sums {
    pub(crate) spam: f32,
    pub(crate) phish: f32,
}

impl<'a> Seen<'a> {
    fn new(facts: &'a Facts) -> Self {
        Self {
            spoken: concepts([&facts.normal_subject, &facts.normal_text]),
            is_short: facts.normal_text.len() < 1500,
            has_way: facts.links.iter().any(|link| link.place != crate::facts::Place::Picture)
                || facts.attachments.iter().any(|file| file.kind == crate::facts::FileKind::Html),
            facts,
        }
    }
}

fn all() -> impl Iterator<Item = &'static Rule> {
    texts::RULES
        .iter()
        .chain(links::RULES)
        .chain(senders::RULES)
        .chain(files::RULES)
        .chain(inside::SIGNS)
        .chain(inside::RULES)
}

/// What findings are called: those of all rules and of the learned model.
pub fn ids() -> impl Iterator<Item = &'static str> {
    all().map(|rule| rule.id).chain(["model-spam", "model-phish"])
}

/// The findings of all rules.
pub(crate) fn findings(facts: &Facts) -> Vec<Finding> {
    let seen = Seen::new(facts);
    let found = |rule: &Rule| {
        let evidence = (rule.holds)(&seen)?;
        Some(Finding {
            id: rule.id.to_owned(),
            signal: rule.signal,
            spam: rule.spam,
            phish: rule.phish,
            evidence: evidence.chars().take(EVIDENCE_CHARS_MAX).collect(),
            key: format!("finding-{}", rule.id),
        })
    };
    all().filter_map(found).collect()
}

/// What the rules add, without their evidence.
pub(crate) fn sums(facts: &Facts) -> Sums {
    findings(facts).iter().fold(Sums::default(), |sums, finding| Sums {
        spam: sums.spam + finding.spam,
        phish: sums.phish + finding.phish,
    })
}

#[cfg(test)]
mod tests;
