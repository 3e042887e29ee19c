//! What to do about an attempt: score and findings, and the level's policy.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use env::Timestamp;
use serde::{Deserialize, Serialize};

use crate::attempt::{Attempt, Device};
use crate::levels::Policy;
use crate::model::{Count, Counted, Score, score};
use crate::place::Place;
use crate::rules::{Finding, Rule, find};

/// Sign-ins counted before the score alone is a reason: of somebody new everything is new.
const SCORED_FROM: u64 = 5;

/// What is done about an attempt, from mild to severe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// Nothing.
    Pass,
    /// It stands; the person and the security contacts are told.
    Tell,
    /// A second factor must be shown first.
    Demand,
    /// It is refused.
    Refuse,
    /// The account is frozen and all its sessions end.
    Freeze,
}

impl Answer {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Pass, Self::Tell, Self::Demand, Self::Refuse, Self::Freeze];

    /// The word in levels, in the database and in the catalogue.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Tell => "tell",
            Self::Demand => "demand",
            Self::Refuse => "refuse",
            Self::Freeze => "freeze",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn read(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|answer| answer.as_str() == word)
    }
}

/// What is known of an account when an attempt is assessed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct History {
    /// Sign-ins counted.
    pub sign_ins: u64,
    /// Sign-ins by country.
    pub countries: BTreeMap<String, u64>,
    /// The last accepted sign-in.
    pub last: Option<LastSeen>,
    /// The attempt's features with their counts, in the order of [`crate::features()`].
    pub counted: Vec<Counted>,
    /// Sign-ins without a device.
    pub bare: Count,
    /// What else happened.
    pub surroundings: Surroundings,
    /// Whether the person has lately said of such an attempt that it was their own.
    pub is_confirmed: bool,
}

/// Where somebody was last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LastSeen {
    /// When, in milliseconds since 1970.
    #[serde(with = "millis")]
    pub at: Timestamp,
    /// Where.
    pub place: Place,
}

mod millis {
    use env::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(at.millis())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        i64::deserialize(deserializer).map(Timestamp::from_millis)
    }
}

/// What else came from the network of an attempt, or went for its account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Surroundings {
    /// Accounts whose sign-in failed from this network within [`crate::rules::FAILURES_WITHIN`].
    pub failed_accounts: u64,
    /// Accounts known from elsewhere that signed in from this network for the first time within [`crate::rules::NEW_ACCOUNTS_WITHIN`].
    pub new_accounts: u64,
    /// Failed attempts on this account within [`crate::rules::FAILURES_WITHIN`].
    pub failed_tries: u64,
    /// Whether the account has signed in from this network before.
    pub network_is_known: bool,
}

impl History {
    /// The country that most sign-ins came from.
    #[must_use]
    pub fn home(&self) -> Option<&str> {
        self.countries.iter().max_by_key(|(_, seen)| **seen).map(|(code, _)| code.as_str())
    }
}

/// What came of looking at an attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    /// Its score.
    pub score: Score,
    /// What is odd whatever the score.
    pub findings: Vec<Finding>,
    /// What is done.
    pub answer: Answer,
}

/// Assesses an attempt whose credentials were right.
#[must_use]
pub fn assess(attempt: &Attempt, place: &Place, history: &History, policy: &Policy) -> Assessment {
    let score = score(&history.counted, history.bare);
    let findings = find(attempt, place, history, &score, &policy.limits);
    let answer = answer(attempt, history, policy, &score, &findings);
    Assessment { score, findings, answer }
}

fn answer(attempt: &Attempt, history: &History, policy: &Policy, score: &Score, findings: &[Finding]) -> Answer {
    let rules: Vec<Rule> = findings.iter().filter_map(Finding::rule).collect();
    let by_score = match score.total {
        total if total >= policy.refuse => Answer::Refuse,
        total if total >= policy.demand => Answer::Demand,
        total if total >= policy.tell => Answer::Tell,
        _ => Answer::Pass,
    };
    let by_score = if history.sign_ins < SCORED_FROM { Answer::Pass } else { by_score };
    let by_rule = rules.iter().map(|rule| policy.on(*rule)).max().unwrap_or(Answer::Pass);
    let answer = by_score.max(by_rule);
    let answer =
        if policy.freeze && is_two_signals(&rules) && answer >= Answer::Demand { Answer::Freeze } else { answer };
    let is_grave = rules.iter().any(|rule| rule.is_grave());
    let most = if history.is_confirmed && !is_grave { Answer::Tell } else { Answer::Freeze };
    answer.min(most).min(most_for_device(attempt, history))
}

/// Whether at least two independent signals speak against the attempt, one of them grave.
fn is_two_signals(rules: &[Rule]) -> bool {
    let signals: BTreeSet<_> = rules.iter().map(|rule| rule.signal()).collect();
    signals.len() >= 2 && rules.iter().any(|rule| rule.is_grave())
}

/// The most that is done to whoever shows a device that the account knows, or has shown a strong factor in this very
/// sign-in: a guesser elsewhere must not be able to shut the owner out.
fn most_for_device(attempt: &Attempt, history: &History) -> Answer {
    let is_known = history
        .counted
        .iter()
        .any(|counted| counted.feature.kind == crate::features::Kind::Device && counted.own.seen > 0)
        && attempt.device.name().is_some();
    match &attempt.device {
        Device::Credential(_) if is_known => Answer::Tell,
        _ if attempt.strong => Answer::Tell,
        Device::Token(_) if is_known => Answer::Demand,
        _ => Answer::Freeze,
    }
}

#[cfg(test)]
mod tests;
