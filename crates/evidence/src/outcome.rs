//! How a check came out. [`Outcome::Passed`] holds [`Readings`], of which there is at least one and which only a look makes: nothing passes by being
//! said to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

env::words! {
    /// How a check, or an item of a framework, came out.
    State "state of evidence" allowed "passed, failed, needs-a-person" {
        /// What was read is as it must be.
        Passed = "passed",
        /// Something is not as it must be.
        Failed = "failed",
        /// No program can tell.
        NeedsPerson = "needs-a-person",
    }
}

/// A figure, and where it was read.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reading {
    figure: String,
    value: Value,
    source: String,
}

impl Reading {
    /// Only for who has just read it.
    pub(crate) fn new(figure: &str, value: Value, source: &str) -> Self {
        Self { figure: figure.to_owned(), value, source: source.to_owned() }
    }

    /// What it is of: a word of the catalogue.
    #[must_use]
    pub fn figure(&self) -> &str {
        &self.figure
    }

    /// What was read.
    #[must_use]
    pub const fn value(&self) -> &Value {
        &self.value
    }

    /// Where: a table, a setting, a file, a name in DNS.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }
}

/// What was read; at least one thing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Readings(Vec<Reading>);

impl Readings {
    /// None if nothing was read.
    pub(crate) fn of(readings: Vec<Reading>) -> Option<Self> {
        (!readings.is_empty()).then_some(Self(readings))
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[Reading] {
        &self.0
    }
}

/// A reason: a sentence of the catalogue, and what stands in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Why {
    /// Which sentence.
    pub key: String,
    /// Its values by name.
    #[serde(default)]
    pub values: BTreeMap<String, String>,
}

/// How a check came out.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Everything that was read is as it must be.
    Passed(Readings),
    /// Something is not.
    Failed {
        /// What was read.
        readings: Vec<Reading>,
        /// What is wrong; at least one reason.
        why: Vec<Why>,
    },
    /// No program can tell, or none has looked yet.
    NeedsPerson {
        /// What was read.
        readings: Vec<Reading>,
        /// What a person has to look at.
        why: Vec<Why>,
    },
}

impl Outcome {
    /// What follows from what was read: anything wrong fails, anything that a person must see needs one, and only what was read and is neither passes.
    pub(crate) fn of(readings: Vec<Reading>, wrong: Vec<Why>, person: Vec<Why>) -> Self {
        if !wrong.is_empty() {
            return Self::Failed { readings, why: wrong };
        }
        if !person.is_empty() {
            return Self::NeedsPerson { readings, why: person };
        }
        match Readings::of(readings) {
            Some(readings) => Self::Passed(readings),
            None => Self::NeedsPerson {
                readings: Vec::new(),
                why: vec![Why { key: "nothing-read".to_owned(), values: BTreeMap::new() }],
            },
        }
    }

    /// In one word.
    #[must_use]
    pub const fn state(&self) -> State {
        match self {
            Self::Passed(_) => State::Passed,
            Self::Failed { .. } => State::Failed,
            Self::NeedsPerson { .. } => State::NeedsPerson,
        }
    }

    /// What was read.
    #[must_use]
    pub fn readings(&self) -> &[Reading] {
        match self {
            Self::Passed(readings) => readings.all(),
            Self::Failed { readings, .. } | Self::NeedsPerson { readings, .. } => readings,
        }
    }

    /// Why it did not pass; nothing if it did.
    #[must_use]
    pub fn why(&self) -> &[Why] {
        match self {
            Self::Passed(_) => &[],
            Self::Failed { why, .. } | Self::NeedsPerson { why, .. } => why,
        }
    }
}
