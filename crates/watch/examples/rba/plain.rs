//! The plain published algorithm: Freeman et al. 2016, equation 7 without attack data, with the weights and smoothing that Wiefling et
//! al. 2022 publish. Written from the description, to compare with.

use std::collections::HashMap;

use crate::csv::Row;

/// Columns of a feature with their weights, the widest last.
type Weights<'w> = [(usize, f64); 4];
const NETWORK: [(usize, f64); 3] = [(0, 0.6), (1, 0.3), (2, 0.1)];
const AGENT: Weights<'static> = [(3, 0.538_665), (4, 0.268_045), (5, 0.188_183), (6, 0.005_107)];

fn values(row: &Row) -> [String; 7] {
    [
        row.address.clone(),
        row.asn.to_string(),
        row.country.clone(),
        row.agent.clone(),
        row.browser.clone(),
        row.system.clone(),
        row.device_type.clone(),
    ]
}

#[derive(Default)]
pub(crate) struct History {
    seen: HashMap<(usize, String), u64>,
    distinct: [u64; 7],
    pub(crate) sign_ins: u64,
}

impl History {
    pub(crate) fn add(&mut self, row: &Row) {
        self.sign_ins += 1;
        for (column, value) in values(row).into_iter().enumerate() {
            let seen = self.seen.entry((column, value)).or_default();
            *seen += 1;
            self.distinct[column] += u64::from(*seen == 1);
        }
    }

    /// Weighted likelihood of the feature's levels; smoothed, the narrowest level keeps some for values that were never seen.
    fn likelihood(&self, values: &[String; 7], levels: &[(usize, f64)], smooth: bool) -> f64 {
        let total = self.sign_ins as f64;
        let likelihood = |place: usize, column: usize| {
            let seen = self.seen.get(&(column, values[column].clone())).copied().unwrap_or(0) as f64;
            let unseen: u64 = 1 + levels.iter().skip(place + 1).map(|(wider, _)| self.distinct[*wider]).sum::<u64>();
            let unseen = unseen as f64;
            match (smooth && place == 0, seen > 0.0) {
                (true, true) => seen / total * (1.0 - unseen / (total + unseen)),
                (true, false) => 1.0 / (total + unseen),
                (false, _) => seen / total,
            }
        };
        levels.iter().enumerate().map(|(place, (column, weight))| weight * likelihood(place, *column)).sum()
    }
}

/// The risk score; the higher, the more likely a stranger.
pub(crate) fn score(row: &Row, own: &History, all: &History, users: usize) -> f64 {
    let values = values(row);
    let mut risk = 1.0;
    for levels in [&NETWORK[..], &AGENT[..]] {
        let global = all.likelihood(&values, levels, true);
        let local = own.likelihood(&values, levels, false);
        // Never seen at any level: as published, four times as suspicious as usual.
        risk *= if local > 0.0 { global / local } else { 4.0 };
    }
    risk * (1.0 / users as f64) / (own.sign_ins as f64 / all.sign_ins as f64)
}
