//! How much each signal weighs, by who wrote.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

const SOURCE: &str = include_str!("../../data/signals.toml");

/// Who wrote, as far as history knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    /// Seems to be somebody else.
    Posing,
    /// Never in touch.
    Stranger,
    /// A new address of a known company, or few letters one way.
    Slight,
    /// Letters went both ways for some time.
    Known,
    /// One of us.
    Own,
}

/// The weights of one signal.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Weights {
    posing: f32,
    stranger: f32,
    slight: f32,
    known: f32,
    own: f32,
}

/// Empty if the table that is built in cannot be read; a test sees to it that it can.
static TABLE: LazyLock<HashMap<String, Weights>> = LazyLock::new(|| toml::from_str(SOURCE).unwrap_or_default());

/// What the signal `id` weighs, 0 if the table does not name it.
pub(super) fn weight(id: &str, relation: Relation) -> f32 {
    let weights = TABLE.get(id).copied().unwrap_or_default();
    match relation {
        Relation::Posing => weights.posing,
        Relation::Stranger => weights.stranger,
        Relation::Slight => weights.slight,
        Relation::Known => weights.known,
        Relation::Own => weights.own,
    }
}

/// Names of all signals.
#[cfg(test)]
pub(super) fn names() -> Vec<String> {
    let table: HashMap<String, Weights> = toml::from_str(SOURCE).unwrap();
    let mut names: Vec<String> = table.into_keys().collect();
    names.sort();
    names
}
