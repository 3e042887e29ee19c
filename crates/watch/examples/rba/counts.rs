//! Histories in memory, as the store keeps them.

use std::collections::HashMap;

use watch::model::{Count, Counted};
use watch::{Feature, Kind, NO_DEVICE};

/// How often each value was seen by somebody.
#[derive(Default)]
pub(crate) struct Counts {
    seen: HashMap<Feature, u64>,
    totals: HashMap<Kind, (u64, u64)>,
    pub(crate) sign_ins: u64,
}

impl Counts {
    pub(crate) fn add(&mut self, features: &[Feature]) {
        self.sign_ins += 1;
        for feature in features {
            let seen = self.seen.entry(feature.clone()).or_default();
            *seen += 1;
            let (total, distinct) = self.totals.entry(feature.kind).or_default();
            *total += 1;
            *distinct += u64::from(*seen == 1);
        }
    }

    pub(crate) fn get(&self, feature: &Feature) -> Count {
        let (total, distinct) = self.totals.get(&feature.kind).copied().unwrap_or_default();
        Count { seen: self.seen.get(feature).copied().unwrap_or(0), total, distinct }
    }

    pub(crate) fn bare(&self) -> Count {
        self.get(&Feature { kind: Kind::Device, value: NO_DEVICE.to_owned() })
    }
}

pub(crate) fn counted(features: &[Feature], own: &Counts, all: &Counts) -> Vec<Counted> {
    features
        .iter()
        .map(|feature| Counted { feature: feature.clone(), own: own.get(feature), all: all.get(feature) })
        .collect()
}
