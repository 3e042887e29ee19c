//! Training of the model: logistic regression that is kept from learning the source, the language and the year.
//!
//! - Words and letters that only one source (or one kind of made text) uses get no weight.
//! - Each source counts by the root of its size, honest and bad mail count the same in every language.
//! - In each pass a part of the features is left out, at times a whole group, so that none is needed alone.
//! - At the end honest text of every language is brought to the same middle.

use std::collections::BTreeMap;

use crate::corpus::{Label, Sample};
use crate::features::{Features, GROUPS, Group, HASHED_SLOTS, SLOTS};
use crate::model::{Calibration, Card, FEATURES_VERSION, Head, HeadCard, Model};

/// How to train.
#[derive(Debug, Clone)]
pub struct Options {
    /// Begins the row of random numbers; the same seed and samples give the same model.
    pub seed: u64,
    /// Passes over the samples.
    pub passes: u32,
    /// Times that it is learned from the beginning, in other orders and with other parts left out; the weights are the mean of all.
    pub runs: u32,
    /// Sources that must use a word.
    pub sources_min: u32,
    /// Samples that must have a word.
    pub samples_min: u32,
    /// Share of words and letters that is left out in each pass, of 256.
    pub dropped: u32,
    /// Pull of weights towards zero.
    pub decay: f32,
}

impl Default for Options {
    fn default() -> Self {
        Self { seed: 1, passes: 6, runs: 4, sources_min: 2, samples_min: 3, dropped: 110, decay: 2e-5 }
    }
}

/// Trains on `samples`.
#[must_use]
pub fn train(samples: &[&Sample], options: &Options) -> Model {
    let support = supported(samples, options);
    let head = |is_phish: bool, name: &str| Task { samples, is_phish, options, support: &support }.head(name);
    // Neither head knows of the other, so both are learned at once.
    let (spam, phish) = std::thread::scope(|scope| {
        let spam = scope.spawn(|| head(false, "spam"));
        let phish = head(true, "phish");
        (spam.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), phish)
    });
    let mut sources: BTreeMap<String, BTreeMap<String, u32>> = BTreeMap::new();
    for sample in samples {
        *sources.entry(sample.source.clone()).or_default().entry(sample.label.word().to_owned()).or_default() += 1;
    }
    let limits = LIMITS.map(str::to_owned).to_vec();
    let card = Card { features: FEATURES_VERSION, seed: options.seed, sources, limits, ..Card::default() };
    let mut model = Model { card, spam, phish };
    calibrate_whole(&mut model, samples);
    model
}

/// Slots that enough samples of enough sources have.
fn supported(samples: &[&Sample], options: &Options) -> Vec<bool> {
    let mut groups: BTreeMap<&str, u64> = BTreeMap::new();
    for sample in samples {
        let next = 1_u64 << (groups.len() % 64);
        groups.entry(sample.family.as_str()).or_insert(next);
    }
    let mut masks = vec![0_u64; SLOTS];
    let mut counts = vec![0_u32; SLOTS];
    for sample in samples {
        let bit = groups.get(sample.family.as_str()).copied().unwrap_or(1);
        for slot in sample.features.slots.iter().flatten() {
            if let (Some(mask), Some(count)) = (masks.get_mut(*slot as usize), counts.get_mut(*slot as usize)) {
                *mask |= bit;
                *count += 1;
            }
        }
    }
    let enough = |slot: usize| {
        let (mask, count) = (masks.get(slot).copied().unwrap_or(0), counts.get(slot).copied().unwrap_or(0));
        slot >= HASHED_SLOTS || (mask.count_ones() >= options.sources_min && count >= options.samples_min)
    };
    (0..SLOTS).map(enough).collect()
}

struct Task<'a> {
    samples: &'a [&'a Sample],
    is_phish: bool,
    options: &'a Options,
    support: &'a [bool],
}

/// A sample as one head sees it.
struct Case<'a> {
    features: &'a Features,
    is_bad: bool,
    weight: f32,
    language: Option<&'a str>,
    is_made: bool,
}

impl<'a> Task<'a> {
    fn head(&self, name: &str) -> Head {
        let cases = self.cases();
        let learner = self.learned(&cases);
        let (weights, steps) = learner.quantised();
        let card = HeadCard {
            name: name.to_owned(),
            bias: learner.bias,
            steps,
            slope: 1.0,
            offset: 0.0,
            languages: BTreeMap::new(),
        };
        let mut head = Head { card, weights };
        head.card.languages = centres(&head, &cases);
        calibrate(&mut head, &cases);
        head
    }

    /// The mean of all runs: what one of them learned by chance, the others have not.
    fn learned(&self, cases: &[Case<'a>]) -> Learner<'_> {
        let runs = self.options.runs.max(1);
        let mut mean = Learner::new(self.options, self.support, 0);
        mean.bias = 0.0;
        let share = 1.0 / runs as f32;
        for run in 0..runs {
            let mut learner = Learner::new(self.options, self.support, run);
            for pass in 0..self.options.passes {
                learner.pass(cases, pass);
            }
            mean.bias += learner.bias * share;
            for (sum, weight) in mean.weights.iter_mut().zip(&learner.weights) {
                *sum += weight * share;
            }
        }
        mean
    }

    /// Samples with their weights: half of the weight on each side, there by the root of the sizes of sources.
    fn cases(&self) -> Vec<Case<'a>> {
        let role = |sample: &Sample| match (sample.label, self.is_phish) {
            (Label::Ham, _) => Some(false),
            (Label::Phish, true) | (Label::Spam, false) => Some(true),
            // Made samples are bad for both heads; real spam is no phish, but it is not the opposite either.
            (Label::Phish, false) | (Label::Spam, true) if sample.is_made => Some(true),
            _ => None,
        };
        let case = |(sample, is_bad, weight): (&'a Sample, bool, f32)| Case {
            features: &sample.features,
            is_bad,
            weight,
            language: sample.language.as_deref(),
            is_made: sample.is_made,
        };
        weighted(self.samples, role).into_iter().map(case).collect()
    }
}

/// The samples that `role` gives a side, with their weights: half of the weight on each side, there by the root of the sizes of
/// sources.
fn weighted<'a>(samples: &[&'a Sample], role: impl Fn(&Sample) -> Option<bool>) -> Vec<(&'a Sample, bool, f32)> {
    let mut sizes: BTreeMap<(bool, String), f32> = BTreeMap::new();
    for sample in samples {
        if let Some(is_bad) = role(sample) {
            *sizes.entry((is_bad, sample.stratum())).or_default() += 1.0;
        }
    }
    let total = |is_bad: bool| -> f32 {
        sizes.iter().filter(|((side, _), _)| *side == is_bad).map(|(_, size)| size.sqrt()).sum()
    };
    let totals = [total(false).max(1.0), total(true).max(1.0)];
    let mut found = Vec::new();
    for sample in samples {
        let Some(is_bad) = role(sample) else { continue };
        let size = sizes.get(&(is_bad, sample.stratum())).copied().unwrap_or(1.0);
        let whole = totals.get(usize::from(is_bad)).copied().unwrap_or(1.0);
        let share = if sample.is_made { MADE_WEIGHT } else { 1.0 };
        found.push((*sample, is_bad, share / size.sqrt() / whole));
    }
    let mean: f32 = found.iter().map(|(.., weight)| weight).sum::<f32>() / found.len().max(1) as f32;
    found.iter_mut().for_each(|(.., weight)| *weight = (*weight / mean).min(8.0));
    found
}

/// Weights while they are learned (AdaGrad).
struct Learner<'a> {
    options: &'a Options,
    support: &'a [bool],
    weights: Vec<f32>,
    squares: Vec<f32>,
    bias: f32,
    random: Random,
}

/// What every model trained so is bad at.
const LIMITS: [&str; 4] = [
    "sees text, links and build only: a page behind a link, a text in a picture, a document's content are not known to it",
    "a language for which there is made text alone is known by its words of intent, little by its ordinary words",
    "probabilities are calibrated on as much bad mail as honest mail, each source counted by the root of its size",
    "honest short notices about passwords and accounts come closest to phish",
];

/// Step of learning at the first pass.
const RATE: f32 = 0.18;

/// Weight of a made sample beside that of a real one.
const MADE_WEIGHT: f32 = 0.5;

impl<'a> Learner<'a> {
    fn new(options: &'a Options, support: &'a [bool], run: u32) -> Self {
        Self {
            options,
            support,
            weights: vec![0.0; SLOTS],
            squares: vec![1e-3; SLOTS],
            bias: -1.0,
            random: Random(options.seed.wrapping_add(u64::from(run))),
        }
    }

    fn pass(&mut self, cases: &[Case<'_>], pass: u32) {
        let mut order: Vec<usize> = (0..cases.len()).collect();
        for at in (1..order.len()).rev() {
            let other = (self.random.next() % (at as u64 + 1)) as usize;
            order.swap(at, other);
        }
        let rate = RATE / (1.0 + pass as f32 * 0.5);
        for at in order {
            if let Some(case) = cases.get(at) {
                self.learn(case, rate);
            }
        }
    }

    fn learn(&mut self, case: &Case<'_>, rate: f32) {
        let chance = self.random.next();
        // At times a group is missing, so that the others learn to stand alone.
        let without = if chance.is_multiple_of(5) { Some((chance >> 8) as usize % 4) } else { None };
        let salt = (chance >> 32) as u32;
        let mut sum = self.bias;
        let mut active: Vec<(u32, f32)> = Vec::new();
        for (group, slots) in case.features.slots.iter().enumerate() {
            if without == Some(group) {
                continue;
            }
            let scale = case.features.scale(group);
            let kept = 256 - if Group::is_hashed(group) { self.options.dropped } else { 20 };
            let scale_up = scale * 256.0 / kept as f32;
            for slot in slots {
                let hash = (slot ^ salt).wrapping_mul(0x9e37_79b1) >> 24;
                if hash >= kept || !self.support.get(*slot as usize).copied().unwrap_or(false) {
                    continue;
                }
                sum += self.weights.get(*slot as usize).copied().unwrap_or(0.0) * scale_up;
                active.push((*slot, scale_up));
            }
        }
        let error = (sigmoid(sum) - f32::from(u8::from(case.is_bad))) * case.weight;
        for (slot, value) in active {
            let slot = slot as usize;
            if let (Some(weight), Some(square)) = (self.weights.get_mut(slot), self.squares.get_mut(slot)) {
                let gradient = error * value + self.options.decay * *weight;
                *square += gradient * gradient;
                *weight -= rate * gradient / square.sqrt();
            }
        }
        self.bias -= 0.01 * rate * error;
    }

    /// Weights in steps of an octet, and the worth of a step in each group: one for words and letters, one for intents and traits.
    fn quantised(&self) -> (Vec<i8>, Vec<f32>) {
        let (hashed, named) = self.weights.split_at(HASHED_SLOTS);
        let (of_hashed, of_named) = (step(hashed, 2000), step(named, 20));
        let in_steps = |weights: &[f32], step: f32| -> Vec<i8> {
            weights.iter().map(|weight| (weight / step).round().clamp(-127.0, 127.0) as i8).collect()
        };
        let mut weights = in_steps(hashed, of_hashed);
        weights.extend(in_steps(named, of_named));
        let steps = (0..GROUPS).map(|group| if Group::is_hashed(group) { of_hashed } else { of_named }).collect();
        (weights, steps)
    }
}

/// Worth of a step with which all weights but one in `cut` can be told.
fn step(weights: &[f32], cut: usize) -> f32 {
    let mut sizes: Vec<f32> = weights.iter().map(|weight| weight.abs()).filter(|size| *size > 0.0).collect();
    sizes.sort_by(f32::total_cmp);
    sizes.get(sizes.len().saturating_sub(1 + sizes.len() / cut)).copied().unwrap_or(1.0).max(1e-6) / 127.0
}

/// How far honest made text of each language lies above that of all.
fn centres(head: &Head, cases: &[Case<'_>]) -> BTreeMap<String, f32> {
    let mut sums: BTreeMap<&str, Vec<f32>> = BTreeMap::new();
    for case in cases.iter().filter(|case| case.is_made && !case.is_bad) {
        if let Some(language) = case.language {
            sums.entry(language).or_default().push(head.sum(case.features, None));
        }
    }
    let upper = |values: &mut Vec<f32>| {
        values.sort_by(f32::total_cmp);
        values.get(values.len() * 3 / 4).copied().unwrap_or(0.0)
    };
    let mut all: Vec<f32> = sums.values().flatten().copied().collect();
    if all.is_empty() {
        return BTreeMap::new();
    }
    let middle = upper(&mut all);
    sums.retain(|_, values| values.len() >= 8);
    sums.iter_mut().map(|(language, values)| ((*language).to_owned(), upper(values) - middle)).collect()
}

fn calibrate(head: &mut Head, cases: &[Case<'_>]) {
    let sums: Vec<(f32, bool, f32)> =
        cases.iter().map(|case| (head.sum(case.features, case.language), case.is_bad, case.weight)).collect();
    let found = platt(&sums);
    head.card.slope = found.slope;
    head.card.offset = found.offset;
}

/// Slope and offset after which the sums are log odds (Platt), on samples as they are weighted.
fn platt(sums: &[(f32, bool, f32)]) -> Calibration {
    let (mut slope, mut offset) = (1.0_f32, 0.0_f32);
    for _ in 0..200 {
        let (mut by_slope, mut by_offset, mut total) = (0.0_f32, 0.0_f32, 1e-6_f32);
        for (sum, is_bad, weight) in sums {
            let error = (sigmoid(slope * sum + offset) - f32::from(u8::from(*is_bad))) * weight;
            by_slope += error * sum;
            by_offset += error;
            total += weight;
        }
        slope -= 0.2 * by_slope / total;
        offset -= 0.5 * by_offset / total;
    }
    // What was trained on lies further apart than what comes; odds are not to be surer than that.
    Calibration { slope: slope.clamp(0.2, 1.0), offset }
}

/// How scores of both heads and the rules become log odds of being unwanted, and of being phish.
fn calibrate_whole(model: &mut Model, samples: &[&Sample]) {
    let sums: Vec<(f32, bool, f32)> = weighted(samples, |sample| Some(sample.label != Label::Ham))
        .into_iter()
        .map(|(sample, is_bad, weight)| (model.scores(sample).both(), is_bad, weight))
        .collect();
    model.card.whole = platt(&sums);
    let sums: Vec<(f32, bool, f32)> = weighted(samples, |sample| Some(sample.label == Label::Phish))
        .into_iter()
        .map(|(sample, is_bad, weight)| (model.scores(sample).phishing(), is_bad, weight))
        .collect();
    model.card.phishing = platt(&sums);
}

pub(crate) fn sigmoid(sum: f32) -> f32 {
    1.0 / (1.0 + (-sum).exp())
}

/// SplitMix64: random enough to shuffle, the same everywhere.
#[derive(Debug, Clone)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
