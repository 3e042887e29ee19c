//! Area under the curve and recall, with intervals by resampling clusters.

use std::collections::BTreeMap;

use serde::Serialize;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::corpus::{Label, Sample};
use crate::train::Random;

/// Resamplings for an interval.
const RESAMPLINGS: usize = 200;

/// Rates of false positives at which recall is told.
const RATES: [f64; 2] = [0.001, 0.01];

/// A figure and the interval in which it lies in 95 of 100 resamplings of clusters.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// The figure.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Messages of a kind, and how many of them lie above each threshold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Shares {
    /// Messages.
    pub count: usize,
    /// Share above the threshold of one false positive in a thousand.
    pub at_tenth_percent: f64,
    /// Share above the threshold of one false positive in a hundred.
    pub at_one_percent: f64,
}

/// The figures of one task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// Bad messages measured.
    pub bad: usize,
    /// Honest messages measured.
    pub honest: usize,
    /// Area under the receiver's curve.
    pub auc: Interval,
    /// Recall at one false positive in a thousand.
    pub recall_at_tenth_percent: Interval,
    /// Recall at one false positive in a hundred.
    pub recall_at_one_percent: Interval,
    /// False positives that the thresholds gave on the half that they were not taken from.
    pub false_positives: Shares,
    /// Recall by language.
    pub by_language: BTreeMap<String, Shares>,
    /// Recall by source.
    pub by_source: BTreeMap<String, Shares>,
    /// False positives by source.
    pub false_positives_by_source: BTreeMap<String, Shares>,
}

/// A sample with the score of one task.
pub(super) struct Measured<'a> {
    pub(super) sample: &'a Sample,
    pub(super) score: f32,
}

/// A point of the curve: which cluster and half it belongs to.
struct Point {
    is_bad: bool,
    cluster: usize,
    half: usize,
}

/// Measures, if there are bad and honest messages.
pub(super) fn measure(all: &[Measured<'_>], seed: u64) -> Option<Figures> {
    let mut sorted: Vec<&Measured<'_>> = all.iter().collect();
    sorted.sort_by(|one, two| two.score.total_cmp(&one.score).then_with(|| one.sample.path.cmp(&two.sample.path)));
    let mut clusters: BTreeMap<&str, usize> = BTreeMap::new();
    let points: Vec<Point> = sorted
        .iter()
        .map(|one| {
            let next = clusters.len();
            let half = (xxh3_64_with_seed(one.sample.cluster.as_bytes(), seed ^ 0x5eed) % 2) as usize;
            Point {
                is_bad: one.sample.label != Label::Ham,
                cluster: *clusters.entry(&one.sample.cluster).or_insert(next),
                half,
            }
        })
        .collect();
    let bad = points.iter().filter(|point| point.is_bad).count();
    let honest = points.len() - bad;
    if bad == 0 || honest == 0 {
        return None;
    }
    let ones = vec![1.0; clusters.len()];
    let [auc, tenth, one] = intervals(&points, &ones, seed);
    let limits = [0, 1].map(|rate| limits(&points, &ones, RATES.get(rate).copied().unwrap_or(0.01)));
    let share =
        |wanted: &dyn Fn(&Sample) -> Option<String>, is_bad: bool| shares(&sorted, &points, limits, is_bad, wanted);
    Some(Figures {
        bad,
        honest,
        auc,
        recall_at_tenth_percent: tenth,
        recall_at_one_percent: one,
        false_positives: share(&|_| Some(String::new()), false).remove("").unwrap_or_default(),
        by_language: share(&|sample| Some(sample.shown_language.clone()), true),
        by_source: share(&|sample| Some(sample.source.clone()), true),
        false_positives_by_source: share(&|sample| Some(sample.source.clone()), false),
    })
}

fn intervals(points: &[Point], ones: &[f64], seed: u64) -> [Interval; 3] {
    let values =
        |weights: &[f64]| [auc(points, weights), recall(points, weights, RATES[0]), recall(points, weights, RATES[1])];
    let mut random = Random(seed ^ 0xb007);
    let mut drawn: Vec<[f64; 3]> = Vec::with_capacity(RESAMPLINGS);
    for _ in 0..RESAMPLINGS {
        let mut weights = vec![0.0; ones.len()];
        for _ in 0..ones.len() {
            if let Some(weight) = weights.get_mut((random.next() % ones.len().max(1) as u64) as usize) {
                *weight += 1.0;
            }
        }
        drawn.push(values(&weights));
    }
    let value = values(ones);
    [0, 1, 2].map(|which| {
        let mut row: Vec<f64> =
            drawn.iter().filter_map(|one| one.get(which).copied()).filter(|value| value.is_finite()).collect();
        row.sort_by(f64::total_cmp);
        let at = |share: usize| row.get(row.len() * share / 1000).copied().unwrap_or(f64::NAN);
        Interval { value: value.get(which).copied().unwrap_or(f64::NAN), low: at(25), high: at(975) }
    })
}

fn weight(point: &Point, weights: &[f64]) -> f64 {
    weights.get(point.cluster).copied().unwrap_or(0.0)
}

/// The chance that a bad message stands before an honest one. Points stand in falling order of their scores.
fn auc(points: &[Point], weights: &[f64]) -> f64 {
    let (mut bad, mut honest, mut pairs) = (0.0, 0.0, 0.0);
    for point in points {
        if point.is_bad {
            bad += weight(point, weights);
        } else {
            honest += weight(point, weights);
            pairs += bad * weight(point, weights);
        }
    }
    pairs / (bad * honest)
}

/// How many points of the row stand above the threshold that each half of the honest mail gives.
fn limits(points: &[Point], weights: &[f64], rate: f64) -> [usize; 2] {
    [0, 1].map(|half| {
        let of_half = |point: &&Point| !point.is_bad && point.half == half;
        let total: f64 = points.iter().filter(of_half).map(|point| weight(point, weights)).sum();
        let mut above = 0.0;
        for (at, point) in points.iter().enumerate() {
            if of_half(&point) {
                above += weight(point, weights);
                if above > total * rate {
                    return at;
                }
            }
        }
        points.len()
    })
}

/// Recall of each half at the threshold of the other.
fn recall(points: &[Point], weights: &[f64], rate: f64) -> f64 {
    let limits = limits(points, weights, rate);
    let (mut found, mut total) = (0.0, 0.0);
    for (at, point) in points.iter().enumerate().filter(|(_, point)| point.is_bad) {
        total += weight(point, weights);
        if limits.get(1 - point.half).is_some_and(|limit| at < *limit) {
            found += weight(point, weights);
        }
    }
    found / total
}

fn shares(
    sorted: &[&Measured<'_>],
    points: &[Point],
    limits: [[usize; 2]; 2],
    is_bad: bool,
    name: &dyn Fn(&Sample) -> Option<String>,
) -> BTreeMap<String, Shares> {
    let mut found: BTreeMap<String, Shares> = BTreeMap::new();
    for (at, (one, point)) in sorted.iter().zip(points).enumerate().filter(|(_, (_, point))| point.is_bad == is_bad) {
        let Some(name) = name(one.sample) else { continue };
        let entry = found.entry(name).or_default();
        entry.count += 1;
        let above =
            |limits: [usize; 2]| f64::from(u8::from(limits.get(1 - point.half).is_some_and(|limit| at < *limit)));
        entry.at_tenth_percent += above(limits[0]);
        entry.at_one_percent += above(limits[1]);
    }
    for shares in found.values_mut() {
        shares.at_tenth_percent /= shares.count as f64;
        shares.at_one_percent /= shares.count as f64;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(row: &[(bool, usize)]) -> Vec<Point> {
        row.iter()
            .enumerate()
            .map(|(cluster, (is_bad, half))| Point { is_bad: *is_bad, cluster, half: *half })
            .collect()
    }

    #[test]
    fn a_perfect_order_and_a_mixed_one() {
        let perfect = points(&[(true, 0), (true, 1), (false, 0), (false, 1)]);
        let ones = [1.0; 4];
        assert!((auc(&perfect, &ones) - 1.0).abs() < 1e-9 && (recall(&perfect, &ones, 0.01) - 1.0).abs() < 1e-9);
        let mixed = points(&[(true, 0), (false, 1), (true, 1), (false, 0)]);
        assert!((auc(&mixed, &ones) - 0.75).abs() < 1e-9);
        // The one of half 0 stands behind the honest one of half 1, whose threshold it has to pass; so half is found.
        assert!((recall(&mixed, &ones, 0.01) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn thresholds_come_from_the_other_half() {
        // Half 0's honest mail stands high, so nothing of half 1 is found; half 0 itself is measured by half 1's.
        let row = points(&[(false, 0), (true, 0), (true, 1), (false, 1)]);
        assert!((recall(&row, &[1.0; 4], 0.001) - 0.5).abs() < 1e-9);
    }
}
