//! The learned model: a weight for each slot, two sums, two probabilities.
//!
//! A file of it is `TWMODEL1`, the length of the card (four octets, the lowest first), the card in JSON, then for each head the
//! weights of all slots, an octet each, and last eight octets of XXH3 over everything before.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::corpus::Sample;
use crate::facts::Facts;
use crate::features::{Features, Group, Recorder, SLOTS, features, record};
use crate::judge::Scores;

const MAGIC: &[u8; 8] = b"TWMODEL1";

/// Octets of a model file, at most.
pub(crate) const FILE_OCTETS_MAX: usize = 8 * 1024 * 1024;

/// Terms of an explanation.
pub(crate) const TERMS_MAX: usize = 8;

/// The model that is shipped.
static SHIPPED: &[u8] = include_bytes!("../data/model.bin");

/// What a model says of itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// Version of the features; a model of another one is not read.
    pub features: u32,
    /// Seed of the training.
    pub seed: u64,
    /// Examples by source and label.
    pub sources: BTreeMap<String, BTreeMap<String, u32>>,
    /// What it is bad at.
    pub limits: Vec<String>,
    /// Heads in the order of their weights.
    pub heads: Vec<HeadCard>,
    /// How both scores together become log odds of being unwanted.
    pub whole: Calibration,
    /// How they become log odds of phish.
    pub phishing: Calibration,
}

/// A line that makes log odds of a score.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Slope of the line.
    pub slope: f32,
    /// Its height at zero.
    pub offset: f32,
}

/// What belongs to one sum.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct HeadCard {
    /// `spam` or `phish`.
    pub name: String,
    /// The sum of a message without any feature.
    pub bias: f32,
    /// Worth of one step of a weight, by group.
    pub steps: Vec<f32>,
    /// Slope of the calibration.
    pub slope: f32,
    /// Offset of the calibration.
    pub offset: f32,
    /// Taken off the sum of texts in a language, so that honest text of every language comes to the same.
    pub languages: BTreeMap<String, f32>,
}

/// Version of the features that this program makes.
pub(crate) const FEATURES_VERSION: u32 = 3;

/// Why octets are no model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// Not a model file, or cut off.
    #[error("is no model file, or is cut off: make it with `tradewind model train`")]
    Damaged,
    /// Made for other features.
    #[error("is a model for features of version {0}, this program makes version {FEATURES_VERSION}: train it anew")]
    Version(u32),
}

impl ModelError {
    /// The same octets will never be read.
    #[must_use]
    pub const fn outlook(&self) -> env::Outlook {
        env::Outlook::Permanent
    }
}

/// A sum of weights and how it becomes a probability.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    pub(crate) card: HeadCard,
    pub(crate) weights: Vec<i8>,
}

/// The learned model.
#[derive(Debug, Clone)]
pub struct Model {
    pub(crate) card: Card,
    pub(crate) spam: Head,
    pub(crate) phish: Head,
}

/// One term of a sum.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Term {
    /// The word, run of letters, intent or trait.
    pub name: String,
    /// What it adds to the sum.
    pub weight: f32,
}

impl Model {
    /// The model that is shipped.
    ///
    /// # Errors
    /// When the file that is built in is damaged; a test sees to it that it is not.
    pub fn shipped() -> Result<Self, ModelError> {
        Self::decode(SHIPPED)
    }

    /// Reads a model file.
    ///
    /// # Errors
    /// When it is damaged or made for other features.
    pub fn decode(octets: &[u8]) -> Result<Self, ModelError> {
        let rest = octets.strip_prefix(MAGIC).filter(|_| octets.len() <= FILE_OCTETS_MAX).ok_or(ModelError::Damaged)?;
        let (body, sum) = rest.split_last_chunk::<8>().ok_or(ModelError::Damaged)?;
        let checked = octets.get(..octets.len() - 8).ok_or(ModelError::Damaged)?;
        if xxh3_64(checked) != u64::from_le_bytes(*sum) {
            return Err(ModelError::Damaged);
        }
        let (length, rest) = body.split_first_chunk::<4>().ok_or(ModelError::Damaged)?;
        let length = u32::from_le_bytes(*length) as usize;
        let (card, weights) = rest.split_at_checked(length).ok_or(ModelError::Damaged)?;
        let card: Card = serde_json::from_slice(card).map_err(|_| ModelError::Damaged)?;
        if card.features != FEATURES_VERSION {
            return Err(ModelError::Version(card.features));
        }
        let (spam, phish) =
            weights.split_at_checked(SLOTS).filter(|(_, rest)| rest.len() == SLOTS).ok_or(ModelError::Damaged)?;
        let [of_spam, of_phish] = card.heads.as_slice() else { return Err(ModelError::Damaged) };
        let head = |card: &HeadCard, octets: &[u8]| Head {
            card: card.clone(),
            weights: octets.iter().map(|octet| octet.cast_signed()).collect(),
        };
        Ok(Self { spam: head(of_spam, spam), phish: head(of_phish, phish), card })
    }

    /// The model as a file.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut card = self.card.clone();
        card.features = FEATURES_VERSION;
        card.heads = vec![self.spam.card.clone(), self.phish.card.clone()];
        let text = serde_json::to_vec(&card).unwrap_or_default();
        let mut octets = MAGIC.to_vec();
        octets.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
        octets.extend_from_slice(&text);
        for head in [&self.spam, &self.phish] {
            octets.extend(head.weights.iter().map(|weight| weight.cast_unsigned()));
        }
        let sum = xxh3_64(&octets);
        octets.extend_from_slice(&sum.to_le_bytes());
        octets
    }

    /// A number that another model does not have.
    #[must_use]
    pub(crate) fn fingerprint(&self) -> u64 {
        let octets = self.encode();
        xxh3_64(&octets)
    }

    /// What the model says of itself.
    #[must_use]
    pub const fn card(&self) -> &Card {
        &self.card
    }

    /// Sums for spam and phish.
    pub(crate) fn sums(&self, features: &Features, language: Option<&str>) -> (f32, f32) {
        (self.spam.sum(features, language), self.phish.sum(features, language))
    }

    /// Sums for spam and phish of a message.
    pub(crate) fn sums_of(&self, facts: &Facts) -> (f32, f32) {
        self.sums(&features(facts), facts.language.as_deref())
    }

    /// Scores of a sample, model and rules together.
    pub(crate) fn scores(&self, sample: &Sample) -> Scores {
        let (spam, phish) = self.sums(&sample.features, sample.language.as_deref());
        Scores { spam: spam + sample.rules.spam, phish: phish + sample.rules.phish }
    }

    /// Log odds that a message with these scores is unwanted: one of them says so, and the other does not say the opposite.
    pub(crate) fn unwanted(&self, scores: Scores) -> f32 {
        let both = self.card.whole.slope * scores.both() + self.card.whole.offset;
        both.min(scores.spam.max(scores.phish))
    }

    /// Log odds that a message with these scores is phish.
    pub(crate) fn phishing(&self, scores: Scores) -> f32 {
        self.card.phishing.slope * scores.phishing() + self.card.phishing.offset
    }

    /// The largest terms for spam and for phish, those that speak for it.
    #[must_use]
    pub fn explain(&self, facts: &Facts) -> (Vec<Term>, Vec<Term>) {
        let features = features(facts);
        let terms = |head: &Head| {
            let mut terms = Terms { head, features: &features, found: Vec::new() };
            record(facts, &mut terms);
            terms.largest()
        };
        (terms(&self.spam), terms(&self.phish))
    }
}

impl Head {
    pub(crate) fn sum(&self, features: &Features, language: Option<&str>) -> f32 {
        let mut sum = self.card.bias;
        for (group, slots) in features.slots.iter().enumerate() {
            let step = self.card.steps.get(group).copied().unwrap_or(0.0);
            let total: i32 =
                slots.iter().map(|slot| i32::from(self.weights.get(*slot as usize).copied().unwrap_or(0))).sum();
            sum += total as f32 * step * features.scale(group);
        }
        let offset = language.and_then(|language| self.card.languages.get(language)).copied().unwrap_or(0.0);
        self.card.slope * (sum - offset) + self.card.offset
    }
}

struct Terms<'a> {
    head: &'a Head,
    features: &'a Features,
    found: Vec<(u32, Term)>,
}

impl Recorder for Terms<'_> {
    fn note(&mut self, group: Group, slot: u32, name: &dyn Fn() -> String) {
        let group = group as usize;
        let weight = self.head.weights.get(slot as usize).copied().unwrap_or(0);
        let step = self.head.card.steps.get(group).copied().unwrap_or(0.0);
        let weight = f32::from(weight) * step * self.features.scale(group) * self.head.card.slope;
        if weight > 0.02 && !self.found.iter().any(|(other, _)| *other == slot) {
            self.found.push((slot, Term { name: name(), weight }));
        }
    }
}

impl Terms<'_> {
    fn largest(mut self) -> Vec<Term> {
        self.found.sort_by(|(_, one), (_, two)| two.weight.total_cmp(&one.weight));
        self.found.into_iter().take(TERMS_MAX).map(|(_, term)| term).collect()
    }
}
