//! What a report of the overview says: the protection by requirement, what went by in the period, what waits now, and the machine.

use std::collections::BTreeMap;

use ::evidence::{
    Area, Check, EvidenceError, Known, State, Surroundings, Within, area_name, numbers, sentences, stand, state_name,
};
use ::letters::Texts;
use ::reports::overview::{Period, Plan, Rhythm, Subscription};
use env::Timestamp;
use identity::{IdentityError, Language};
use review::{Chart, Report, Table};
use serde_json::Value;
use store::Tx;

use super::super::pages::moment;

const HOUR_MILLIS: i64 = 3_600_000;

/// Figures of mail that came in and out.
const FLOW: [&str; 2] = ["received", "sent"];

/// Figures of what was stopped, or marked.
const STOPPED: [&str; 5] = ["warned", "junked", "quarantined", "refused", "held"];

/// Figures of sign-ins.
const SIGN_INS: [&str; 3] = ["sign-ins", "sign-ins-refused", "sign-ins-odd"];

/// States of cases, as the trade guard has them.
const CASES: [&str; 4] = ["open", "proposed", "honest", "fraud"];

/// What is known when a report is written.
struct Facts<'a> {
    texts: Texts,
    language: Language,
    plan: &'a Plan,
    period: &'a Period,
    stand: Vec<(Check, Known)>,
    /// The overview's own numbers, by name.
    shown: BTreeMap<String, Value>,
    /// What went by in each part of the period.
    parts: BTreeMap<String, Vec<u64>>,
    labels: Vec<String>,
}

/// The report of `period`.
pub(super) fn make(
    tx: &mut Tx<'_>,
    around: &Surroundings,
    of: &Subscription,
    (period, language): (&Period, Language),
) -> Result<Report, EvidenceError> {
    let within = Within { organisation: Some(of.organisation) };
    let stand = stand(tx, around, within, false)?;
    let (bounds, labels) = divided(&of.plan, period);
    let parts = numbers::spans(tx, within, &bounds)?;
    let rows = numbers::shown(tx, around, within, language)?;
    let shown = rows.into_iter().filter_map(|row| Some((row["number"].as_str()?.to_owned(), row))).collect();
    let facts = Facts { texts: Texts::of(language), language, plan: &of.plan, period, stand, shown, parts, labels };
    let cases = numbers::cases(tx, of.organisation, (period.begin(), period.end()))?;
    let mut standings = Vec::new();
    for location in &around.backups.repositories {
        standings.push(backup::standing(tx, location)?);
    }
    let organisation = name_of(tx, of.organisation)?;
    let made = of.plan.local(tx.now());
    Ok(Report {
        language: language.as_str(),
        title: facts.texts.say("overview-report-title", &[("organisation", &organisation), ("period", &period.name())]),
        paragraphs: facts.paragraphs(&made),
        charts: facts.charts(),
        tables: vec![
            facts.protection(),
            facts.went_by(),
            facts.cases(&cases),
            facts.waiting(),
            facts.backups(&standings, around),
            facts.certificates(around),
            facts.storage(around),
        ],
    })
}

fn name_of(tx: &mut Tx<'_>, organisation: i64) -> Result<String, EvidenceError> {
    let all = identity::list_organisations(tx)?;
    let found = all.into_iter().find(|one| one.id == organisation);
    Ok(found.ok_or(IdentityError::NoOrganisation(organisation))?.name)
}

/// The parts of the period that charts have bars for: hours of a day, days of what is longer.
fn divided(plan: &Plan, period: &Period) -> (Vec<Timestamp>, Vec<String>) {
    if plan.rhythm() != Rhythm::Daily {
        // The year is known from the title.
        let labels = period.days.iter().map(|day| day.get(5..).unwrap_or(day).to_owned()).collect();
        return (period.bounds.clone(), labels);
    }
    let (begin, end) = (period.begin().millis(), period.end().millis());
    let hours = || (0..).map(|hour| begin + hour * HOUR_MILLIS).take_while(|at| *at < end);
    let bounds = hours().chain([end]).map(Timestamp::from_millis).collect();
    let clock = |at: i64| plan.local(Timestamp::from_millis(at)).split_off(11);
    (bounds, hours().map(clock).collect())
}

impl Facts<'_> {
    fn say(&self, key: &str, values: &[(&str, &str)]) -> String {
        self.texts.say(&format!("overview-report-{key}"), values)
    }

    fn heads(&self, keys: &[&str]) -> Vec<String> {
        keys.iter().map(|key| self.say(&format!("head-{key}"), &[])).collect()
    }

    /// What the overview calls a number.
    fn name(&self, number: &str) -> String {
        let title = self.shown.get(number).and_then(|row| row["title"].as_str());
        title.unwrap_or(number).to_owned()
    }

    fn total(&self, figure: &str) -> u64 {
        self.parts.get(figure).map_or(0, |parts| parts.iter().sum())
    }

    fn moment(&self, at: Option<Timestamp>) -> String {
        at.map_or_else(|| self.say("never", &[]), |at| self.plan.local(at))
    }

    fn paragraphs(&self, made: &str) -> Vec<String> {
        let count =
            |wanted: State| self.stand.iter().filter(|(_, known)| known.outcome.state() == wanted).count().to_string();
        let (failed, person, passed) = (count(State::Failed), count(State::NeedsPerson), count(State::Passed));
        let verdict = if failed == "0" { "verdict-good" } else { "verdict-act" };
        vec![
            self.say("made", &[("time", made), ("zone", self.plan.zone()), ("period", &self.period.name())]),
            self.say(verdict, &[("failed", &failed), ("person", &person), ("passed", &passed)]),
            self.say(
                "sum",
                &[
                    ("received", &self.total("received").to_string()),
                    ("sent", &self.total("sent").to_string()),
                    ("stopped", &STOPPED.iter().map(|figure| self.total(figure)).sum::<u64>().to_string()),
                    ("odd", &self.total("sign-ins-odd").to_string()),
                ],
            ),
        ]
    }

    fn charts(&self) -> Vec<Chart> {
        let over_time = |title: &str, figures: &[&str]| Chart {
            title: self.say(title, &[]),
            series: figures.iter().map(|figure| self.name(figure)).collect(),
            groups: (self.labels.iter().enumerate())
                .map(|(at, label)| {
                    let of = |figure: &&str| self.parts.get(*figure).and_then(|parts| parts.get(at)).copied();
                    (label.clone(), figures.iter().map(|figure| of(figure).unwrap_or(0)).collect())
                })
                .collect(),
        };
        let by_kind = Chart {
            title: self.say("chart-stopped", &[]),
            series: vec![self.say("head-count", &[])],
            groups: STOPPED.iter().map(|figure| (self.name(figure), vec![self.total(figure)])).collect(),
        };
        vec![over_time("chart-flow", &FLOW), by_kind, over_time("chart-sign-ins", &SIGN_INS)]
    }

    /// Each area once if all is well in it, else each check in it that is not, with what is missing.
    fn protection(&self) -> Table {
        let mut rows = Vec::new();
        let mut row = |area: Area, state: State, why: String, since: String| {
            rows.push(vec![area_name(area, self.language), state_name(state, self.language), why, since]);
        };
        for wanted in [State::Failed, State::NeedsPerson] {
            for (check, known) in self.stand.iter().filter(|(_, known)| known.outcome.state() == wanted) {
                let why = sentences(*check, &known.outcome, self.language).join(" ");
                row(check.area(), wanted, why, self.plan.local(known.since));
            }
        }
        for &area in Area::ALL {
            let mut of_area = self.stand.iter().filter(|(check, _)| check.area() == area).peekable();
            if of_area.peek().is_some() && of_area.all(|(_, known)| known.outcome.state() == State::Passed) {
                row(area, State::Passed, String::new(), String::new());
            }
        }
        Table { title: self.say("protection", &[]), head: self.heads(&["area", "state", "missing", "since"]), rows }
    }

    fn went_by(&self) -> Table {
        let figures = FLOW.iter().chain(&STOPPED).chain(&SIGN_INS);
        Table {
            title: self.say("went-by", &[]),
            head: self.heads(&["what", "count"]),
            rows: figures.map(|figure| vec![self.name(figure), self.total(figure).to_string()]).collect(),
        }
    }

    fn cases(&self, found: &BTreeMap<String, u64>) -> Table {
        let row = |state: &&str| {
            vec![self.say(&format!("case-{state}"), &[]), found.get(*state).copied().unwrap_or(0).to_string()]
        };
        Table {
            title: self.say("cases", &[]),
            head: self.heads(&["state", "count"]),
            rows: CASES.iter().map(row).collect(),
        }
    }

    fn waiting(&self) -> Table {
        let row = |number: &&str| {
            let found = self.shown.get(*number)?;
            let oldest = moment(found["oldest"].as_str()).ok().flatten();
            let oldest = oldest.map_or_else(String::new, |at| self.plan.local(at));
            Some(vec![self.name(number), found["now"].to_string(), oldest])
        };
        Table {
            title: self.say("waiting", &[]),
            head: self.heads(&["what", "count", "oldest"]),
            rows: ["queue", "quarantine", "cases", "approvals", "outbound"].iter().filter_map(row).collect(),
        }
    }

    /// Repositories by their numbers: where they are is not for everybody who gets this.
    fn backups(&self, standings: &[Option<backup::Standing>], around: &Surroundings) -> Table {
        let of = |(at, standing): (usize, &Option<backup::Standing>)| {
            let failing = standing.as_ref().and_then(|one| one.failing_since);
            let state = match failing {
                Some(since) => self.say("backup-failing", &[("since", &self.plan.local(since))]),
                None => String::new(),
            };
            let number = (at + 1).to_string();
            let good = standing.as_ref().and_then(|one| one.good);
            vec![self.say("repository", &[("number", &number)]), self.moment(good), state]
        };
        let mut rows: Vec<Vec<String>> = standings.iter().enumerate().map(of).collect();
        if rows.is_empty() {
            rows.push(vec![self.say("no-backup", &[]), String::new(), String::new()]);
        }
        let state = match around.rehearsal.last {
            Some((_, true)) => self.texts.say("rehearsal-sound", &[]),
            Some((_, false)) => self.texts.say("rehearsal-unsound", &[]),
            None => String::new(),
        };
        let at = around.rehearsal.last.map(|(at, _)| at);
        rows.push(vec![self.say("rehearsal", &[]), self.moment(at), state]);
        Table { title: self.say("backups", &[]), head: self.heads(&["what", "last", "state"]), rows }
    }

    fn certificates(&self, around: &Surroundings) -> Table {
        let row = |found: &::evidence::CertificateFound| {
            let until = found.until.map_or_else(|| self.say("unknown", &[]), |until| self.plan.local(until));
            vec![found.setting.to_owned(), until, found.fault.clone()]
        };
        Table {
            title: self.say("certificates", &[]),
            head: self.heads(&["what", "until", "state"]),
            rows: around.certificates.iter().map(row).collect(),
        }
    }

    fn storage(&self, around: &Surroundings) -> Table {
        let gib = |bytes: u64| format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30));
        let rows = around.disk.iter().flat_map(|disk| {
            [
                vec![self.say("used", &[]), gib(disk.total_bytes.saturating_sub(disk.free_bytes))],
                vec![self.say("free", &[]), gib(disk.free_bytes)],
            ]
        });
        Table { title: self.name("storage"), head: self.heads(&["what", "size"]), rows: rows.collect() }
    }
}
