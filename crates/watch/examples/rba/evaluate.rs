//! Attackers against histories of 12 sign-ins, and the owners' own next sign-ins.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::Instant;

use env::Timestamp;
use watch::model::score;
use watch::{Attempt, Device, Feature, Kind, Levels, Place, features};

use crate::chance::Chance;
use crate::counts::{Counts, counted};
use crate::csv::Row;
use crate::plain;

/// Sign-ins of history at which attackers come.
const HISTORY: u64 = 12;

/// Attackers of each sort for each account.
const ATTACKS: usize = 3;

/// Share of attackers that must be found.
const FOUND: f64 = 0.98;

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Who {
    Owner,
    /// From anywhere, with anything.
    Naive,
    /// Knows the country and what is usual there.
    Targeted,
    /// Knows also the victim's own program and its version.
    Informed,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Method {
    Plain,
    Ours,
    OursWithDevice,
}

const METHODS: [(Method, &str); 3] = [
    (Method::Plain, "plain algorithm"),
    (Method::Ours, "ours, the 16 columns"),
    (Method::OursWithDevice, "ours, with the device"),
];

#[derive(Default)]
struct Scores(HashMap<(Method, Who), Vec<f64>>);

/// Pools that attackers draw from.
struct Pools<'r> {
    attacks: Vec<&'r Row>,
    by_country: HashMap<&'r str, Vec<&'r Row>>,
}

struct State<'r> {
    own: HashMap<i64, Counts>,
    all: Counts,
    own_plain: HashMap<i64, plain::History>,
    all_plain: plain::History,
    pools: Pools<'r>,
    chance: Chance,
    scores: Scores,
    /// Scores of sign-ins from devices that the account had shown before.
    from_known_devices: Vec<f64>,
    spent: (u32, f64),
}

pub(crate) fn evaluate(rows: &[Row], seed: u64) -> String {
    let accepted = || rows.iter().filter(|row| row.successful && !row.is_attack && !row.is_takeover);
    let mut by_country: HashMap<&str, Vec<&Row>> = HashMap::new();
    accepted().for_each(|row| by_country.entry(&row.country).or_default().push(row));
    let attacks = rows.iter().filter(|row| row.is_attack).collect();
    let mut state = State {
        own: HashMap::new(),
        all: Counts::default(),
        own_plain: HashMap::new(),
        all_plain: plain::History::default(),
        pools: Pools { attacks, by_country },
        chance: Chance::new(seed.wrapping_add(1_000)),
        scores: Scores::default(),
        from_known_devices: Vec::new(),
        spent: (0, 0.0),
    };
    for row in accepted() {
        state.meet(row);
    }
    report(rows, &state)
}

impl State<'_> {
    fn meet(&mut self, row: &Row) {
        let n = self.own.entry(row.user).or_default().sign_ins;
        if n == HISTORY {
            self.score(row, Who::Owner);
            for _ in 0..ATTACKS {
                for who in [Who::Naive, Who::Targeted, Who::Informed] {
                    if let Some(attack) = self.attack(row, who) {
                        self.score(&attack, who);
                    }
                }
            }
        }
        if n >= HISTORY && row.device.is_some() {
            self.score_known_device(row);
        }
        let features = features_of(row, true);
        self.own.entry(row.user).or_default().add(&features);
        self.all.add(&features);
        self.own_plain.entry(row.user).or_default().add(row);
        self.all_plain.add(row);
    }

    fn attack(&mut self, victim: &Row, who: Who) -> Option<Row> {
        let (from, with) = match who {
            Who::Owner => return None,
            Who::Naive => {
                let attacks = &self.pools.attacks;
                if attacks.is_empty() {
                    return None;
                }
                (*self.chance.pick(attacks), *self.chance.pick(attacks))
            }
            Who::Targeted | Who::Informed => {
                let there = self.pools.by_country.get(victim.country.as_str())?;
                let own = &self.own[&victim.user];
                let chance = &mut self.chance;
                // Another's address, but not one of the victim's own networks: whoever sits in the same office is no stranger far away.
                let from = (0..20).map(|_| *chance.pick(there)).find(|row| own.get(&network_of(row)).seen == 0)?;
                (from, *chance.pick(there))
            }
        };
        let with = if who == Who::Informed { victim } else { with };
        let day = victim.at.millis().div_euclid(86_400_000);
        Some(Row {
            at: Timestamp::from_millis(day * 86_400_000 + from.at.millis().rem_euclid(86_400_000)),
            user: victim.user,
            agent: with.agent.clone(),
            browser: with.browser.clone(),
            system: with.system.clone(),
            device_type: with.device_type.clone(),
            device: None,
            ..from.clone()
        })
    }

    fn score(&mut self, row: &Row, who: Who) {
        let plain = plain::score(row, &self.own_plain[&row.user], &self.all_plain, self.own.len());
        let ours = self.ours(row, false);
        let started = Instant::now();
        let with_device = self.ours(row, true);
        self.spent = (self.spent.0 + 1, self.spent.1 + started.elapsed().as_secs_f64());
        for (method, score) in [(Method::Plain, plain), (Method::Ours, ours), (Method::OursWithDevice, with_device)] {
            self.scores.0.entry((method, who)).or_default().push(score);
        }
    }

    fn ours(&self, row: &Row, with_device: bool) -> f64 {
        let own = &self.own[&row.user];
        score(&counted(&features_of(row, with_device), own, &self.all), own.bare()).total
    }

    fn score_known_device(&mut self, row: &Row) {
        let features = features_of(row, true);
        let own = &self.own[&row.user];
        if features.last().is_some_and(|device| own.get(device).seen > 0) {
            self.from_known_devices.push(self.ours(row, true));
        }
    }
}

fn features_of(row: &Row, with_device: bool) -> Vec<Feature> {
    let attempt = Attempt {
        at: row.at,
        address: row.address.parse().unwrap_or(std::net::IpAddr::from([0, 0, 0, 0])),
        protocol: "web".to_owned(),
        method: "password".to_owned(),
        agent: Some(row.agent.clone()),
        tls: None,
        device: row.device.clone().filter(|_| with_device).map_or(Device::Unknown, Device::Token),
        strong: false,
    };
    let place = Place { country: Some(row.country.clone()), operator: Some(row.asn), ..Place::default() };
    features(&attempt, &place)
}

fn network_of(row: &Row) -> Feature {
    let address = row.address.parse().unwrap_or(std::net::IpAddr::from([0, 0, 0, 0]));
    Feature { kind: Kind::Network, value: watch::network(address) }
}

/// The score at or above which `share` of `scores` lie.
fn threshold(scores: &[f64], share: f64) -> f64 {
    let mut sorted = scores.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = ((1.0 - share) * sorted.len() as f64) as usize;
    sorted.get(place).copied().unwrap_or(f64::INFINITY)
}

fn share_from(scores: &[f64], least: f64) -> f64 {
    scores.iter().filter(|score| **score >= least).count() as f64 / scores.len().max(1) as f64
}

fn report(rows: &[Row], state: &State<'_>) -> String {
    let mut out = String::new();
    let empty = Vec::new();
    let scores = |method, who| state.scores.0.get(&(method, who)).unwrap_or(&empty);
    let owners = scores(Method::Plain, Who::Owner).len();
    let _ = writeln!(
        out,
        "{} rows; {owners} accounts with {HISTORY} sign-ins, {ATTACKS} attackers of each sort on each",
        rows.len()
    );
    let _ = writeln!(out, "\nowners asked again where 98 % of the attackers are found:\n");
    let _ = writeln!(out, "| | naive | targeted | informed |\n|---|---:|---:|---:|");
    for (method, name) in METHODS {
        let asked = [Who::Naive, Who::Targeted, Who::Informed]
            .map(|who| share_from(scores(method, Who::Owner), threshold(scores(method, who), FOUND)));
        let _ = writeln!(out, "| {name} | {:.3} | {:.3} | {:.3} |", asked[0], asked[1], asked[2]);
    }
    let levels = Levels::shipped().unwrap();
    let _ =
        writeln!(out, "\nby the score alone a second factor is demanded, at the shipped levels, with the device:\n");
    let _ = writeln!(
        out,
        "| level | owner, known device ({}) | owner, any | naive found | targeted found | informed found |",
        state.from_known_devices.len()
    );
    let _ = writeln!(out, "|---|---:|---:|---:|---:|---:|");
    for level in ["basic", "enhanced", "trade"] {
        let demand = levels.policy(level).demand;
        let found = |who| share_from(scores(Method::OursWithDevice, who), demand);
        let _ = writeln!(
            out,
            "| {level} | {:.4} | {:.3} | {:.3} | {:.3} | {:.3} |",
            share_from(&state.from_known_devices, demand),
            found(Who::Owner),
            found(Who::Naive),
            found(Who::Targeted),
            found(Who::Informed)
        );
    }
    let _ = writeln!(out, "\nscoring one attempt: {:.1} µs", state.spent.1 / f64::from(state.spent.0.max(1)) * 1e6);
    out
}
