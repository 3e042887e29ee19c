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
    /// Kept back until finance has looked: a case is opened.
    Hold,
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
            Self::Hold => "hold",
            Self::Refuse => "refuse",
        }
    }

    /// The action that a word names.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Deliver, Self::Warn, Self::Junk, Self::Quarantine, Self::Hold, Self::Refuse]
            .into_iter()
            .find(|it| it.word() == word)
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
    /// Probability of fraud in trade from which there is a warning.
    #[serde(default = "beyond")]
    pub fraud_warn: f32,
    /// Probability of fraud in trade from which a message waits for finance.
    #[serde(default = "beyond")]
    pub fraud_hold: f32,
}

/// A probability that is never reached.
const fn beyond() -> f32 {
    1.1
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { warn: 0.6, junk: 0.85, quarantine: 0.97, refuse: 1.1, fraud_warn: 0.5, fraud_hold: 0.85 }
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
    /// How likely somebody wants to be paid in another's place, 0 to 1; findings of [`Signal::Trade`] alone.
    #[serde(default)]
    pub probability_fraud: f32,
    /// What was found, heaviest first.
    pub findings: Vec<Finding>,
}

/// Weight from which a finding stands as a sign of its own.
const SIGN_WEIGHT: f32 = 0.5;

/// Weight from which a finding on a file needs no second sign: the file itself is known as malware.
const CERTAIN_WEIGHT: f32 = 9.0;

/// Sum of the weights of [`Signal::Trade`] at which fraud is as likely as not. A warning stands from this sum on, a hold from about
/// 1.7 more, with the thresholds of [`Thresholds::default`].
pub const FRAUD_EVEN: f32 = 3.0;

/// How likely findings make it that somebody wants to be paid in another's place.
fn fraud(findings: &[Finding]) -> f32 {
    let of_trade = findings.iter().filter(|finding| finding.signal == Signal::Trade);
    let (mut sum, mut any) = (0.0, false);
    for finding in of_trade {
        sum += finding.phish;
        any = true;
    }
    if any { crate::train::sigmoid(sum - FRAUD_EVEN) } else { 0.0 }
}

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
    let fraud = fraud(&findings);
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
    let of_fraud = if fraud >= thresholds.fraud_hold {
        Action::Hold
    } else if fraud >= thresholds.fraud_warn {
        Action::Warn
    } else {
        Action::Deliver
    };
    Verdict {
        action: action.max(of_fraud),
        probability_fraud: fraud,
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
    fn fraud_in_trade_is_weighed_apart() {
        let odds = Probabilities { spam: 0.1, phish: 0.1, unwanted: 0.1 };
        let of = |weights: &[f32]| {
            let trade = |phish: &f32| Finding { phish: *phish, ..finding(Signal::Trade) };
            decide(odds, weights.iter().map(trade).collect(), Thresholds::default()).action
        };
        assert_eq!(of(&[]), Action::Deliver);
        assert_eq!([of(&[1.0, 1.0]), of(&[2.0, 1.1]), of(&[3.0, 2.0])], [Action::Deliver, Action::Warn, Action::Hold]);
        assert_eq!(of(&[5.0, -3.0]), Action::Deliver);
    }

    #[test]
    fn each_threshold_has_its_action() {
        let at = |unwanted| {
            decide(Probabilities { spam: 0.0, phish: 0.0, unwanted }, Vec::new(), Thresholds::default()).action
        };
        assert_eq!([at(0.1), at(0.6), at(0.85), at(0.99)], [Action::Deliver, Action::Warn, Action::Junk, Action::Junk]);
    }
}
