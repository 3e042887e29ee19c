//! What is learned where the mail is read: few weights on top of those of the shipped model, from what people report.
//!
//! The sum of these weights is bounded, so that they turn a verdict only where the shipped model is in doubt, and each step is small, so that
//! one report changes little.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::facts::Facts;
use crate::features::{Features, features};
use crate::model::FEATURES_VERSION;
use crate::train::sigmoid;

/// The largest sum either way, in log odds.
pub const SUM_MAX: f32 = 3.0;

/// How much one report moves a sum, about.
const RATE: f32 = 0.5;

/// Weights that are kept; the smallest go first.
const WEIGHTS_MAX: usize = 40_000;

/// What was learned.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Learned {
    /// Version of the features that the weights are of.
    features: u32,
    /// Reports that it was learned from.
    reports: u64,
    weights: BTreeMap<u32, f32>,
}

impl Learned {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self { features: FEATURES_VERSION, ..Self::default() }
    }

    /// Whether it was learned with the features of this program; else it is of no use any more.
    #[must_use]
    pub const fn is_usable(&self) -> bool {
        self.features == FEATURES_VERSION
    }

    /// Reports that it was learned from.
    #[must_use]
    pub const fn reports(&self) -> u64 {
        self.reports
    }

    /// What it adds to the log odds of being unwanted, at most [`SUM_MAX`] either way.
    #[must_use]
    pub fn sum(&self, facts: &Facts) -> f32 {
        if self.weights.is_empty() { 0.0 } else { self.sum_of(&features(facts)).clamp(-SUM_MAX, SUM_MAX) }
    }

    fn sum_of(&self, features: &Features) -> f32 {
        let mut sum = 0.0;
        for (group, slots) in features.slots.iter().enumerate() {
            let of_group: f32 = slots.iter().filter_map(|slot| self.weights.get(slot)).sum();
            sum += of_group * features.scale(group);
        }
        sum
    }

    /// Learns that a message is junk, or that it is honest.
    pub fn learn(&mut self, facts: &Facts, is_junk: bool) {
        let features = features(facts);
        let wanted = if is_junk { 1.0 } else { 0.0 };
        // Twice as steep, so that a few reports are enough for what they are about.
        let error = wanted - sigmoid(2.0 * self.sum_of(&features));
        let norm: f32 = features
            .slots
            .iter()
            .enumerate()
            .map(|(group, slots)| slots.len() as f32 * features.scale(group).powi(2))
            .sum::<f32>()
            .max(1.0);
        for (group, slots) in features.slots.iter().enumerate() {
            let step = 2.0 * RATE * error * features.scale(group) / norm;
            for slot in slots {
                *self.weights.entry(*slot).or_insert(0.0) += step;
            }
        }
        self.reports += 1;
        self.prune();
    }

    fn prune(&mut self) {
        if self.weights.len() <= WEIGHTS_MAX {
            return;
        }
        let mut sizes: Vec<f32> = self.weights.values().map(|weight| weight.abs()).collect();
        sizes.sort_unstable_by(f32::total_cmp);
        let least = sizes.get(sizes.len() - WEIGHTS_MAX * 3 / 4).copied().unwrap_or(0.0);
        self.weights.retain(|_, weight| weight.abs() >= least);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(name: &str, thing: &str) -> Facts {
        Facts::of_text(
            &format!("Offer for {name}"),
            &format!(
                "Dear {name}, we are the leading maker of {thing} and offer you our newest catalogue with prices for this season. Answer soon."
            ),
        )
    }

    #[test]
    fn alike_messages_follow_and_others_do_not() {
        let mut learned = Learned::new();
        let honest = Facts::of_text(
            "Order 17",
            "Dear Anna, the vessel leaves Ningbo on Friday, the bill of lading follows by courier. Best regards, Li Wei",
        );
        for name in ["Anna", "Bert", "Chen", "Dora"] {
            learned.learn(&letter(name, "promotional umbrellas"), true);
            learned.learn(&honest, false);
        }
        assert!(learned.sum(&letter("Emil", "promotional umbrellas")) > 0.7);
        assert!(learned.sum(&honest) < -0.2);
        let other = Facts::of_text(
            "Sample",
            "Dear Mr Smith, please find the inspection report of the third lot attached and confirm the balance payment.",
        );
        assert!(learned.sum(&other).abs() < 0.4, "{}", learned.sum(&other));
    }

    #[test]
    fn no_number_of_reports_goes_beyond_the_bound() {
        let mut learned = Learned::new();
        for _ in 0..500 {
            learned.learn(&letter("Anna", "umbrellas"), true);
        }
        assert!(learned.sum(&letter("Anna", "umbrellas")) <= SUM_MAX);
        assert!(learned.weights.len() <= WEIGHTS_MAX);
    }

    #[test]
    fn what_is_kept_reads_back() {
        let mut learned = Learned::new();
        learned.learn(&letter("Anna", "umbrellas"), true);
        let again: Learned = serde_json::from_str(&serde_json::to_string(&learned).unwrap()).unwrap();
        assert_eq!(again, learned);
        assert!(again.is_usable() && !Learned::default().is_usable());
    }
}
