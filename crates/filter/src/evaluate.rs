//! Measuring: how well a model with all rules tells bad from honest, with thresholds from mail that is not measured.

mod figures;
mod report;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::corpus::{Label, Sample};
use crate::model::Model;
use crate::train::{Options, sigmoid, train};
use crate::verdict::Thresholds;

pub use figures::{Figures, Interval, Shares};
pub use report::text;

use figures::{Measured, measure};

/// Parts of a cluster split.
const FOLDS: u64 = 3;

/// Honest messages that a source must have to be measured against its own.
const OWN_HAM_MIN: usize = 200;

/// Bad messages that a source must have to be left out in turn.
const SOURCE_MIN: usize = 50;

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Spam among honest mail.
    Spam,
    /// Phish among honest mail.
    Phish,
}

impl Task {
    const ALL: [Self; 2] = [Self::Spam, Self::Phish];

    const fn label(self) -> Label {
        match self {
            Self::Spam => Label::Spam,
            Self::Phish => Label::Phish,
        }
    }
}

/// A sample with its log odds of being unwanted, and of being phish.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scored<'a> {
    pub(crate) sample: &'a Sample,
    pub(crate) score: f32,
    pub(crate) phishing: f32,
}

/// Figures of one experiment.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// Which experiment.
    pub experiment: String,
    /// What was looked for.
    pub task: Task,
    /// The figures.
    #[serde(flatten)]
    pub figures: Figures,
}

/// Honest mail of a language, and what of it would have come into Junk.
#[derive(Debug, Clone, Serialize)]
pub struct Honest {
    /// Messages.
    pub count: usize,
    /// Above the threshold of Junk.
    pub junk: usize,
    /// Above the thresholds of one false positive in a hundred.
    pub at_one_percent: usize,
}

/// Everything that was measured.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The experiments.
    pub outcomes: Vec<Outcome>,
    /// Honest mail by language.
    pub honest: BTreeMap<String, Honest>,
    /// What of the manifest the verdict would do: label, then action, then how many.
    pub above_junk: BTreeMap<String, [usize; 2]>,
}

/// How to measure.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Begins the row of random numbers.
    pub seed: u64,
    /// Also train anew on parts of the samples: (a) split by clusters, (b) with each source left out in turn.
    pub retrain: bool,
    /// Training of those.
    pub options: Options,
    /// Leave the rules out.
    pub model_alone: bool,
}

/// Measures `model` on `samples`, and the honest `texts` beside them. `made` is learned from where the plan says to train.
#[must_use]
pub fn evaluate(model: &Model, samples: &[Sample], texts: &[Sample], made: &[Sample], plan: &Plan) -> Report {
    let scored = score(model, samples.iter(), plan);
    let mut outcomes = experiments("as it is", &scored, plan);
    if plan.retrain {
        outcomes.extend(split_by_clusters(samples, made, plan));
        outcomes.extend(without_each_source(samples, made, plan));
    }
    let honest = honest_by_language(model, &scored, texts, plan);
    let junk = Thresholds::default().junk;
    let mut above_junk: BTreeMap<String, [usize; 2]> = BTreeMap::new();
    for one in &scored {
        let counts = above_junk.entry(one.sample.label.word().to_owned()).or_default();
        counts[0] += 1;
        counts[1] += usize::from(sigmoid(one.score) >= junk);
    }
    Report { outcomes, honest, above_junk }
}

fn score<'a>(model: &Model, samples: impl Iterator<Item = &'a Sample>, plan: &Plan) -> Vec<Scored<'a>> {
    samples
        .map(|sample| {
            let mut scores = model.scores(sample);
            if plan.model_alone {
                scores.spam -= sample.rules.spam;
                scores.phish -= sample.rules.phish;
            }
            Scored { sample, score: model.unwanted(scores), phishing: model.phishing(scores) }
        })
        .collect()
}

/// Both tasks on the same samples.
fn experiments(name: &str, scored: &[Scored<'_>], plan: &Plan) -> Vec<Outcome> {
    Task::ALL.into_iter().filter_map(|task| experiment(name, task, scored, plan)).collect()
}

fn experiment(name: &str, task: Task, scored: &[Scored<'_>], plan: &Plan) -> Option<Outcome> {
    let measured = |one: &&Scored<'_>| one.sample.label == Label::Ham || one.sample.label == task.label();
    // Each task has its own order: how likely a message is unwanted, and how likely it is phish.
    let ranked = |one: &Scored<'_>| if task == Task::Phish { one.phishing } else { one.score };
    let all: Vec<Measured<'_>> =
        scored.iter().filter(measured).map(|one| Measured { sample: one.sample, score: ranked(one) }).collect();
    let figures = measure(&all, plan.seed)?;
    Some(Outcome { experiment: name.to_owned(), task, figures })
}

/// The part of a cluster split that a sample lies in.
fn fold(sample: &Sample, seed: u64) -> u64 {
    xxh3_64_with_seed(sample.cluster.as_bytes(), seed) % FOLDS
}

/// (a) Trains on all parts but one, measures that one, for each.
fn split_by_clusters(samples: &[Sample], made: &[Sample], plan: &Plan) -> Vec<Outcome> {
    let mut scored = Vec::new();
    for held in 0..FOLDS {
        let learned: Vec<&Sample> =
            samples.iter().filter(|sample| fold(sample, plan.seed) != held).chain(made).collect();
        let model = train(&learned, &plan.options);
        scored.extend(score(&model, samples.iter().filter(|sample| fold(sample, plan.seed) == held), plan));
    }
    experiments("(a) split by clusters", &scored, plan)
}

/// (b) Leaves each source with enough bad mail out in turn, its honest mail too.
fn without_each_source(samples: &[Sample], made: &[Sample], plan: &Plan) -> Vec<Outcome> {
    let families: BTreeSet<&str> = samples.iter().map(|sample| sample.family.as_str()).collect();
    let mut outcomes = Vec::new();
    for family in families {
        let of_family = |sample: &&Sample| sample.family == family;
        let own_ham = samples.iter().filter(of_family).filter(|sample| sample.label == Label::Ham).count();
        let has_own = own_ham >= OWN_HAM_MIN;
        // Against honest mail of others where it has none of its own: of the part that was not learned from.
        let is_measured = |sample: &&Sample| {
            of_family(sample) || !has_own && sample.label == Label::Ham && fold(sample, plan.seed) == 0
        };
        let bad = |task: Task| samples.iter().filter(of_family).filter(|sample| sample.label == task.label()).count();
        let tasks: Vec<Task> = Task::ALL.into_iter().filter(|task| bad(*task) >= SOURCE_MIN).collect();
        // A source of honest mail alone: phish of others against it.
        let ham_alone = tasks.is_empty() && has_own;
        if tasks.is_empty() && !ham_alone {
            continue;
        }
        let is_measured = |sample: &&Sample| {
            is_measured(sample) || ham_alone && sample.label != Label::Ham && fold(sample, plan.seed) == 0
        };
        let learned: Vec<&Sample> = samples.iter().filter(|sample| !is_measured(sample)).chain(made).collect();
        let model = train(&learned, &plan.options);
        let scored = score(&model, samples.iter().filter(is_measured), plan);
        let name = format!("(b) without {family}");
        let tasks = if ham_alone { vec![Task::Phish] } else { tasks };
        outcomes.extend(tasks.into_iter().filter_map(|task| experiment(&name, task, &scored, plan)));
    }
    outcomes
}

/// (c) Honest texts by language, against the threshold of Junk and those of one in a hundred of the manifest's honest mail.
fn honest_by_language(model: &Model, scored: &[Scored<'_>], texts: &[Sample], plan: &Plan) -> BTreeMap<String, Honest> {
    let mut scores: Vec<f32> =
        scored.iter().filter(|one| one.sample.label == Label::Ham).map(|one| one.score).collect();
    scores.sort_by(f32::total_cmp);
    let limit = scores.get(scores.len().saturating_sub(1 + scores.len() / 100)).copied().unwrap_or(f32::INFINITY);
    let junk = Thresholds::default().junk;
    let mut found: BTreeMap<String, Honest> = BTreeMap::new();
    for one in score(model, texts.iter(), plan) {
        let entry =
            found.entry(one.sample.shown_language.clone()).or_insert(Honest { count: 0, junk: 0, at_one_percent: 0 });
        entry.count += 1;
        entry.junk += usize::from(sigmoid(one.score) >= junk);
        entry.at_one_percent += usize::from(one.score > limit);
    }
    found
}

/// How likely a sample is unwanted, 0 to 1, model and rules together.
#[must_use]
pub fn probability(model: &Model, sample: &Sample) -> f32 {
    let scored = score(model, std::iter::once(sample), &Plan::default());
    scored.first().map_or(0.0, |one| sigmoid(one.score))
}
