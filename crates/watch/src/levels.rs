//! What each protection level makes of scores and findings: data, not code.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::assess::Answer;
use crate::rules::Rule;

const SHIPPED: &str = include_str!("../data/levels.toml");

/// The policies of all levels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Levels {
    basic: Policy,
    enhanced: Policy,
    trade: Policy,
}

/// The policy of one level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Score from which the person is told.
    pub tell: f64,
    /// Score from which a second factor is demanded.
    pub demand: f64,
    /// Score from which the sign-in is refused.
    pub refuse: f64,
    /// Whether accounts are frozen.
    pub freeze: bool,
    /// Numbers from which surroundings are odd.
    pub limits: Limits,
    /// What is done at least on a finding.
    pub findings: BTreeMap<String, Answer>,
}

/// Numbers from which surroundings are odd.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Accounts whose sign-in failed from one network within an hour.
    pub sprayed_accounts: u64,
    /// Accounts that signed in from one network for the first time within a day.
    pub new_accounts: u64,
    /// Failed attempts on one account within an hour.
    pub failed_tries: u64,
}

/// Levels that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LevelsError {
    /// The file cannot be read.
    #[error("cannot read {}: {cause}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// The file is not as it must be.
    #[error("{place}: {cause}")]
    Malformed {
        /// The file, or that it is the shipped one.
        place: String,
        /// What is wrong, with the line.
        cause: String,
    },
}

impl Levels {
    /// The levels as shipped.
    ///
    /// # Errors
    /// [`LevelsError`] never for a program that was tested.
    pub fn shipped() -> Result<Self, LevelsError> {
        Self::parse("the shipped levels", SHIPPED)
    }

    /// Levels of the administrator's own.
    ///
    /// # Errors
    /// [`LevelsError`] that names the file, the line and what to do.
    pub fn read(path: &Path) -> Result<Self, LevelsError> {
        let text =
            std::fs::read_to_string(path).map_err(|cause| LevelsError::Unreadable { path: path.to_owned(), cause })?;
        Self::parse(&path.display().to_string(), &text)
    }

    fn parse(place: &str, text: &str) -> Result<Self, LevelsError> {
        let malformed = |cause: String| LevelsError::Malformed { place: place.to_owned(), cause };
        let levels: Self = toml::from_str(text).map_err(|error| malformed(error.to_string()))?;
        for policy in [&levels.basic, &levels.enhanced, &levels.trade] {
            policy.check().map_err(malformed)?;
        }
        Ok(levels)
    }

    /// The policy of the level called `basic`, `enhanced` or `trade`; of any other name, that of the strictest.
    #[must_use]
    pub fn policy(&self, level: &str) -> &Policy {
        match level {
            "basic" => &self.basic,
            "enhanced" => &self.enhanced,
            _ => &self.trade,
        }
    }
}

impl Policy {
    fn check(&self) -> Result<(), String> {
        if let Some(unknown) = self.findings.keys().find(|name| Rule::read(name).is_none()) {
            let known = Rule::ALL.map(Rule::as_str).join(", ");
            return Err(format!("{unknown:?} is no finding; use some of: {known}"));
        }
        if self.findings.values().any(|answer| *answer == Answer::Freeze) {
            return Err("a single finding does not freeze; use at most \"refuse\"".to_owned());
        }
        let in_order = self.tell <= self.demand && self.demand <= self.refuse;
        in_order.then_some(()).ok_or_else(|| "scores must rise: tell, demand, refuse".to_owned())
    }

    /// What is done at least on a finding.
    pub(crate) fn on(&self, rule: Rule) -> Answer {
        self.findings.get(rule.as_str()).copied().unwrap_or(Answer::Tell)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_levels_name_every_finding_and_grow_stricter() {
        let levels = Levels::shipped().unwrap();
        for rule in Rule::ALL {
            let answers = ["basic", "enhanced", "trade"].map(|level| levels.policy(level).on(rule));
            assert!(levels.policy("basic").findings.contains_key(rule.as_str()), "{rule:?}");
            assert!(answers.is_sorted(), "{rule:?} {answers:?}");
        }
        assert!(levels.policy("trade").demand < levels.policy("basic").demand);
    }

    #[test]
    fn a_wrong_file_says_what_is_wrong() {
        let refused =
            |from: &str, to: &str| Levels::parse("x.toml", &SHIPPED.replace(from, to)).unwrap_err().to_string();
        assert!(refused("new-device = \"tell\"", "new-devices = \"tell\"").contains("new-devices"));
        assert!(refused("new-country = \"demand\"", "new-country = \"freeze\"").contains("does not freeze"));
        assert!(refused("tell = 0.3", "tell = 7.0").contains("must rise"));
        assert!(refused("freeze = true", "frieze = true").contains("frieze"));
    }
}
