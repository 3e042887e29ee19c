//! All layers that need nobody outside, one after the other.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::facts::Facts;
use crate::findings::{self, Finding, Signal};
use crate::model::{Model, ModelError};
use crate::rules::{Rules, Sums, inside};
use crate::templates::Library;
use crate::train::sigmoid;
use crate::verdict::{Probabilities, Thresholds, Verdict, decide};

/// Log odds of spam and of phish, model and rules together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scores {
    /// Log odds of spam.
    pub spam: f32,
    /// Log odds of phish.
    pub phish: f32,
}

impl Scores {
    /// Both in one, as what is honest is neither; bounded, so that mail that is nothing like phish can still be found as spam.
    pub(crate) fn both(self) -> f32 {
        self.spam.max(self.phish) + 0.5 * self.spam.min(self.phish).max(-8.0)
    }

    /// How much speaks for phish: what is unwanted at all is nearer to it, by half, as what merely sells is not phish.
    pub(crate) fn phishing(self) -> f32 {
        0.5 * self.spam + self.phish
    }
}

/// Sum of the model from which it is a finding.
const MODEL_FINDING_MIN: f32 = 0.0;

/// Judges messages. Keeps nothing of them.
pub struct Judge {
    model: Model,
    /// Names the model; it takes a while to work out.
    model_fingerprint: u64,
    rules: ArcSwap<Rules>,
    templates: ArcSwap<Library>,
    thresholds: Thresholds,
}

impl Judge {
    /// Judges with a model, the rules and templates that are shipped, and thresholds.
    #[must_use]
    pub fn new(model: Model, thresholds: Thresholds) -> Self {
        let (rules, templates) = (ArcSwap::new(Rules::shipped()), ArcSwap::new(Library::shipped()));
        Self { model_fingerprint: model.fingerprint(), model, rules, templates, thresholds }
    }

    /// From now on judges with these rules; what is being judged is judged to its end with those before.
    pub fn set_rules(&self, rules: Arc<Rules>) {
        self.rules.store(rules);
    }

    /// From now on knows these templates.
    pub fn set_templates(&self, templates: Arc<Library>) {
        self.templates.store(templates);
    }

    /// What a finding says to people, in Chinese or else in English, its evidence put in; none if it comes from outside.
    #[must_use]
    pub fn text(&self, finding: &Finding, language: &str) -> Option<String> {
        let rules = self.rules.load();
        let text = rules
            .text(&finding.id, language)
            .map(str::to_owned)
            .or_else(|| findings::text(&finding.key, language))
            .or_else(|| inside::text(&finding.key, language).map(str::to_owned))?;
        Some(text.replace("{evidence}", &finding.evidence))
    }

    /// Judges with what is shipped.
    ///
    /// # Errors
    /// When the model that is built in is damaged.
    pub fn shipped() -> Result<Self, ModelError> {
        Ok(Self::new(Model::shipped()?, Thresholds::default()))
    }

    /// Names what it judges by: the same facts under the same version have the same verdict.
    #[must_use]
    pub fn version(&self) -> String {
        let (rules, templates) = (self.rules.load().fingerprint(), self.templates.load().fingerprint());
        format!("{:016x}-{rules:016x}-{templates:016x}", self.model_fingerprint)
    }

    /// The verdict on a message; `outside` are findings of layers that ask others than the message.
    #[must_use]
    pub fn judge(&self, facts: &Facts, outside: Vec<Finding>) -> Verdict {
        self.judge_by(facts, outside, self.thresholds)
    }

    /// The verdict by other thresholds than one's own.
    #[must_use]
    pub fn judge_by(&self, facts: &Facts, outside: Vec<Finding>, thresholds: Thresholds) -> Verdict {
        let mut findings = self.rules.load().findings(facts);
        let ruled = sums(&findings).bounded();
        let mut others = self.templates.load().findings(facts);
        others.extend(inside::findings(facts));
        others.extend(outside);
        let (spam, phish) = self.model.sums_of(facts);
        let other = sums(&others);
        let scores = Scores { spam: spam + ruled.spam + other.spam, phish: phish + ruled.phish + other.phish };
        findings.extend(others);
        if spam.max(phish) > MODEL_FINDING_MIN {
            findings.push(self.model_finding(facts, spam, phish));
        }
        let odds = Probabilities {
            spam: sigmoid(scores.spam),
            phish: sigmoid(self.model.phishing(scores)),
            unwanted: sigmoid(self.model.unwanted(scores)),
        };
        decide(odds, findings, thresholds)
    }

    fn model_finding(&self, facts: &Facts, spam: f32, phish: f32) -> Finding {
        let (of_spam, of_phish) = self.model.explain(facts);
        let (id, terms) = if phish > spam { ("model-phish", of_phish) } else { ("model-spam", of_spam) };
        let names: Vec<String> = terms.into_iter().take(5).map(|term| term.name.trim().to_owned()).collect();
        Finding {
            id: id.to_owned(),
            signal: Signal::Text,
            spam,
            phish,
            evidence: names.join(", "),
            key: format!("finding-{id}"),
        }
    }
}

/// What findings add up to; those of trade speak of payments alone and enter no odds.
fn sums(findings: &[Finding]) -> Sums {
    let mut sums = Sums::default();
    for finding in findings.iter().filter(|finding| finding.signal != Signal::Trade) {
        sums.spam += finding.spam;
        sums.phish += finding.phish;
    }
    sums
}

#[cfg(test)]
mod evasions;
#[cfg(test)]
mod tests;
