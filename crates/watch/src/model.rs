//! The risk score.
//!
//! As in Freeman et al., "Who Are You? A Statistical Approach to Measuring User Authenticity" (NDSS 2016), each feature gives a
//! likelihood ratio: how usual its value is among all sign-ins, over how usual it is for this account. Two things differ from the plain
//! algorithm, which `examples/rba` measures beside it. The plain one mixes levels (address, operator, country) with fixed weights; here
//! a value is judged within that of the next wider level, and how much a new one says depends on the account itself (Witten and
//! Bell 1991: whoever has shown d values in n sign-ins shows a new one with probability d / (n + d)). So a traveller's new address says
//! little, and a new address of somebody who never moves says much. And a device that we know from before weighs by how regularly this
//! account shows one.

use crate::features::{Dimension, Feature, Kind, NO_DEVICE};

/// How often a thief of the password also shows a device that the account knows.
const STOLEN_DEVICE: f64 = 0.001;

/// Bound of what one dimension adds or takes away, as a power of ten: no single likeness or difference decides alone.
const PART_MAX: f64 = 4.0;

/// How often a value was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    /// Sign-ins with this value.
    pub seen: u64,
    /// Sign-ins with any value of its kind.
    pub total: u64,
    /// Different values of its kind.
    pub distinct: u64,
}

/// A feature with its counts for the account and for everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// The feature.
    pub feature: Feature,
    /// In the account's history.
    pub own: Count,
    /// In everybody's.
    pub all: Count,
}

/// What one dimension contributes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    /// The dimension.
    pub dimension: Dimension,
    /// Logarithm to base 10 of its likelihood ratio: above zero speaks for a stranger, below for the owner.
    pub weight: f64,
    /// The narrowest level at which the account has shown this value before; none if all is new.
    pub known: Option<Kind>,
}

/// The score of an attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// Logarithm to base 10 of how many times more an attempt like this one is to be expected of a stranger than of the owner,
    /// compared with an account without history, which scores zero.
    pub total: f64,
    /// What it is made of.
    pub parts: Vec<Part>,
}

/// Scores an attempt. `counted` holds its features, levels of a dimension together, narrow ones first; `bare` is the
/// account's count of sign-ins without a device.
#[must_use]
pub fn score(counted: &[Counted], bare: Count) -> Score {
    let parts: Vec<Part> = counted
        .chunk_by(|a, b| a.feature.kind.dimension() == b.feature.kind.dimension())
        .filter_map(|levels| part(levels, bare))
        .collect();
    Score { total: parts.iter().map(|part| part.weight).sum(), parts }
}

fn part(levels: &[Counted], bare: Count) -> Option<Part> {
    let dimension = levels.first()?.feature.kind.dimension();
    let ratio = match dimension {
        Dimension::Device => device_ratio(levels.first()?, bare),
        _ => ratio(levels),
    };
    let known = levels.iter().find(|level| level.own.seen > 0).map(|level| level.feature.kind);
    let is_absent = levels.first().is_some_and(|level| level.feature.value == NO_DEVICE);
    let known = if dimension == Dimension::Device && is_absent { None } else { known };
    Some(Part { dimension, weight: (-ratio.log10()).clamp(-PART_MAX, PART_MAX), known })
}

/// How much more usual the value is for the account than for everybody. From the widest level to the narrowest: within the value of the
/// level above, what the account has shown itself, mixed with what is usual there for everybody. A value within one that the
/// account has never shown is new of necessity and adds nothing.
fn ratio(levels: &[Counted]) -> f64 {
    let mut ratio = 1.0;
    let mut wider: Option<&Counted> = None;
    for level in levels.iter().rev() {
        let (own_within, all_within) =
            wider.map_or((level.own.total, level.all.total), |it| (it.own.seen, it.all.seen));
        let distinct_within = level.own.distinct as f64 / wider.map_or(1, |it| it.own.distinct.max(1)) as f64;
        let usual = (level.all.seen + 1) as f64 / (all_within + level.all.distinct + 1) as f64;
        let new = distinct_within.max(1.0);
        ratio *= (level.own.seen as f64 / usual.min(1.0) + new) / (own_within as f64 + new);
        wider = Some(level);
    }
    ratio
}

/// The same for the device: how regularly does the account show one that it has shown before?
fn device_ratio(device: &Counted, bare: Count) -> f64 {
    let total = device.own.total;
    let known_before = total.saturating_sub(bare.seen);
    // An account without history is expected to show none.
    let regular = known_before as f64 / (total + 1) as f64;
    let is_known = device.feature.value != NO_DEVICE && device.own.seen > 0;
    if is_known { regular / STOLEN_DEVICE } else { (1.0 - regular) / (1.0 - STOLEN_DEVICE) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(kind: Kind, own: (u64, u64, u64), all: (u64, u64, u64)) -> Counted {
        let count = |(seen, total, distinct)| Count { seen, total, distinct };
        Counted { feature: Feature { kind, value: "x".to_owned() }, own: count(own), all: count(all) }
    }

    #[test]
    fn without_history_nothing_is_odd() {
        let counted =
            [level(Kind::Address, (0, 0, 0), (5, 1_000, 100)), level(Kind::Country, (0, 0, 0), (5, 1_000, 20))];
        let score = score(&counted, Count::default());
        assert!(score.total.abs() < 1e-9, "{score:?}");
        let mut device = level(Kind::Device, (0, 0, 0), (500, 1_000, 100));
        device.feature.value = NO_DEVICE.to_owned();
        let score = super::score(&[device], Count::default());
        assert!(score.total.abs() < 0.01, "{score:?}");
    }

    #[test]
    fn a_new_country_weighs_more_the_longer_the_history() {
        let weight = |n| {
            let counted = [
                level(Kind::Address, (0, n, 1), (0, 10_000, 5_000)),
                level(Kind::Country, (0, n, 1), (50, 10_000, 100)),
            ];
            score(&counted, Count::default()).total
        };
        assert!(weight(3) > 0.3 && weight(12) > weight(3) && weight(100) > weight(12));
    }

    #[test]
    fn a_new_address_says_less_of_somebody_who_moves() {
        let weight = |distinct| {
            let counted = [
                level(Kind::Address, (0, 40, distinct), (0, 10_000, 5_000)),
                level(Kind::Country, (40, 40, 1), (5_000, 10_000, 100)),
            ];
            score(&counted, Count::default()).total
        };
        assert!(weight(40) < 0.5, "{}", weight(40));
        assert!(weight(1) > 1.0, "{}", weight(1));
    }

    #[test]
    fn a_rare_value_of_the_owner_speaks_for_the_owner() {
        let rare = [level(Kind::Country, (12, 12, 1), (15, 10_000, 100))];
        let common = [level(Kind::Country, (12, 12, 1), (9_000, 10_000, 100))];
        assert!(score(&rare, Count::default()).total < -2.0);
        assert!(score(&common, Count::default()).total > -0.5);
    }

    #[test]
    fn a_known_device_counts_for_those_who_always_show_one() {
        let mut device = level(Kind::Device, (12, 12, 1), (0, 0, 0));
        let shown = score(std::slice::from_ref(&device), Count::default());
        assert!(shown.total < -2.5, "{shown:?}");
        device.own.seen = 0;
        let new = score(std::slice::from_ref(&device), Count::default());
        assert!(new.total > 1.0, "{new:?}");
        device.feature.value = NO_DEVICE.to_owned();
        device.own.seen = 12;
        let never = score(&[device], Count { seen: 12, total: 12, distinct: 1 });
        assert!(never.total.abs() < 0.1, "{never:?}");
        assert_eq!(never.parts[0].known, None);
    }
}
