//! The one place where findings become an action.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::findings::{Finding, Signal};

/// What is to happen to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Into the inbox.
    Deliver,
    /// Into the inbox, with a warning above it.
    Warn,
    /// Into the Junk mailbox.
    Junk,
    /// Kept back until somebody looks.
    Quarantine,
    /// Not taken at all: whoever sends it is told.
    Refuse,
}

impl Action {
    /// The action as a word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Deliver => "deliver",
            Self::Warn => "warn",
            Self::Junk => "junk",
            Self::Quarantine => "quarantine",
            Self::Refuse => "refuse",
        }
    }

    /// The action that a word names.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Deliver, Self::Warn, Self::Junk, Self::Quarantine, Self::Refuse].into_iter().find(|it| it.word() == word)
    }
}

/// Probabilities from which each action is taken.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Thresholds {
    /// A warning.
    pub warn: f32,
    /// Junk.
    pub junk: f32,
    /// Quarantine, if what is found is of two kinds and not text alone.
    pub quarantine: f32,
    /// Refusal while the sender still waits, under the same condition; beyond 1 nothing is refused.
    pub refuse: f32,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { warn: 0.6, junk: 0.85, quarantine: 0.97, refuse: 1.1 }
    }
}

/// What was decided on a message, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// What is to happen.
    pub action: Action,
    /// How likely it is spam, 0 to 1.
    pub probability_spam: f32,
    /// How likely it is phish, 0 to 1.
    pub probability_phish: f32,
    /// How likely it is unwanted at all, 0 to 1; the action follows from this.
    pub probability_unwanted: f32,
    /// What was found, heaviest first.
    pub findings: Vec<Finding>,
}

/// Weight from which a finding stands as a sign of its own.
const SIGN_WEIGHT: f32 = 0.5;

/// Weight from which a finding on a file needs no second sign: the file itself is known as malware.
const CERTAIN_WEIGHT: f32 = 9.0;

/// What model and rules together come to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Probabilities {
    pub(crate) spam: f32,
    pub(crate) phish: f32,
    pub(crate) unwanted: f32,
}

/// Decides.
pub(crate) fn decide(odds: Probabilities, mut findings: Vec<Finding>, thresholds: Thresholds) -> Verdict {
    findings.sort_by(|one, two| two.weight().total_cmp(&one.weight()));
    let signs: BTreeSet<Signal> =
        findings.iter().filter(|finding| finding.weight() >= SIGN_WEIGHT).map(|finding| finding.signal).collect();
    // A text can be quoted, translated, or about the very thing; it never keeps a message back alone.
    let is_certain = |finding: &Finding| finding.signal == Signal::File && finding.weight() >= CERTAIN_WEIGHT;
    let may_quarantine = signs.len() >= 2 || findings.iter().any(is_certain);
    let action = if odds.unwanted >= thresholds.refuse && may_quarantine {
        Action::Refuse
    } else if odds.unwanted >= thresholds.quarantine && may_quarantine {
        Action::Quarantine
    } else if odds.unwanted >= thresholds.junk {
        Action::Junk
    } else if odds.unwanted >= thresholds.warn {
        Action::Warn
    } else {
        Action::Deliver
    };
    Verdict {
        action,
        probability_spam: odds.spam,
        probability_phish: odds.phish,
        probability_unwanted: odds.unwanted,
        findings,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(signal: Signal) -> Finding {
        Finding { id: "x".into(), signal, spam: 1.0, phish: 1.0, evidence: String::new(), key: String::new() }
    }

    #[test]
    fn text_alone_never_quarantines() {
        let odds = Probabilities { spam: 0.1, phish: 0.999, unwanted: 0.999 };
        let action = |findings: Vec<Finding>| decide(odds, findings, Thresholds::default()).action;
        assert_eq!(action(vec![finding(Signal::Text), finding(Signal::Text)]), Action::Junk);
        assert_eq!(action(vec![finding(Signal::Text), finding(Signal::Link)]), Action::Quarantine);
        let strict = Thresholds { refuse: 0.99, ..Thresholds::default() };
        let action = |findings: Vec<Finding>| decide(odds, findings, strict).action;
        assert_eq!(action(vec![finding(Signal::Text), finding(Signal::Text)]), Action::Junk);
        assert_eq!(action(vec![finding(Signal::Text), finding(Signal::Link)]), Action::Refuse);
    }

    #[test]
    fn known_malware_needs_no_second_sign() {
        let odds = Probabilities { spam: 0.999, phish: 0.999, unwanted: 0.999 };
        let action = |findings: Vec<Finding>| decide(odds, findings, Thresholds::default()).action;
        assert_eq!(action(vec![finding(Signal::File)]), Action::Junk);
        assert_eq!(action(vec![Finding { spam: 10.0, ..finding(Signal::File) }]), Action::Quarantine);
        assert_eq!(action(vec![Finding { spam: 10.0, ..finding(Signal::Text) }]), Action::Junk);
    }

    #[test]
    fn each_threshold_has_its_action() {
        let at = |unwanted| {
            decide(Probabilities { spam: 0.0, phish: 0.0, unwanted }, Vec::new(), Thresholds::default()).action
        };
        assert_eq!([at(0.1), at(0.6), at(0.85), at(0.99)], [Action::Deliver, Action::Warn, Action::Junk, Action::Junk]);
    }
}
