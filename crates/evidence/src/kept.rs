//! How checks came out before: the last look of each, since when it has been so, and every change.

use std::time::Duration;

use env::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{StoreError, Tx, params};

use crate::check::{Check, Cost};
use crate::look::{Within, look_at};
use crate::outcome::{Outcome, Reading, State, Why};
use crate::{EvidenceError, Surroundings};

/// How long changes are kept: an audit looks back over a year.
pub const HISTORY_KEPT: Duration = Duration::from_secs(400 * 86_400);

/// Changes that one list gives.
const CHANGES_MAX: u32 = 200;

/// A look at all accounts that is older is made anew by whoever asks.
const WALK_MILLIS_MAX: i64 = 3_600_000;

/// An outcome, and from when it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// How it came out.
    pub outcome: Outcome,
    /// From when on it has come out with this state.
    pub since: Timestamp,
    /// When it was looked.
    pub at: Timestamp,
}

/// How a check came out from a moment on.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The moment.
    pub at: Timestamp,
    /// How it came out.
    pub outcome: Outcome,
}

#[derive(Serialize, Deserialize)]
struct Detail {
    readings: Vec<KeptReading>,
    why: Vec<Why>,
}

#[derive(Serialize, Deserialize)]
struct KeptReading {
    figure: String,
    value: Value,
    source: String,
}

fn write(outcome: &Outcome) -> String {
    let readings = outcome.readings().iter().map(|reading| KeptReading {
        figure: reading.figure().to_owned(),
        value: reading.value().clone(),
        source: reading.source().to_owned(),
    });
    let detail = Detail { readings: readings.collect(), why: outcome.why().to_vec() };
    serde_json::to_string(&detail).unwrap_or_default()
}

/// The outcome that was kept. What was kept as passed without a reading has not passed.
fn read(state: &str, detail: &str) -> Result<Outcome, StoreError> {
    let corrupt = || StoreError::Corrupt { what: "outcome of a check".to_owned() };
    let Detail { readings, why } = serde_json::from_str(detail).map_err(|_| corrupt())?;
    let readings: Vec<Reading> =
        readings.into_iter().map(|one| Reading::new(&one.figure, one.value, &one.source)).collect();
    Ok(match state.parse::<State>().map_err(|_| corrupt())? {
        State::Passed => Outcome::of(readings, Vec::new(), Vec::new()),
        State::Failed => Outcome::of(readings, why, Vec::new()),
        State::NeedsPerson => Outcome::of(readings, Vec::new(), why),
    })
}

/// Keeps how `check` came out now, under the number `key` of [`Within::key`]; says whether its state is another than before.
///
/// # Errors
/// [`EvidenceError`] if the store fails.
pub fn keep(tx: &mut Tx<'_>, key: i64, check: Check, outcome: &Outcome) -> Result<bool, EvidenceError> {
    let (now, state, detail) = (tx.now().millis(), outcome.state().as_str(), write(outcome));
    let before = tx.row(
        "SELECT state FROM evidence_outcome WHERE organisation = $1 AND name = $2",
        params![key, check.as_str()],
        |row| Ok(row.text(0)?.to_owned()),
    )?;
    let is_other = before.is_none_or(|before| before != state);
    tx.execute(
        "INSERT INTO evidence_outcome (organisation, name, state, since, at, detail) VALUES ($1, $2, $3, $4, $4, $5)
         ON CONFLICT (organisation, name) DO UPDATE SET at = $4, detail = $5, state = $3,
             since = CASE WHEN evidence_outcome.state = $3 THEN evidence_outcome.since ELSE $4 END",
        params![key, check.as_str(), state, now, &detail],
    )?;
    if is_other {
        tx.execute(
            "INSERT INTO evidence_change (organisation, name, at, state, detail) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (organisation, name, at) DO UPDATE SET state = $4, detail = $5",
            params![key, check.as_str(), now, state, &detail],
        )?;
    }
    Ok(is_other)
}

/// How `check` came out last.
///
/// # Errors
/// [`EvidenceError`] if the store fails.
pub fn load(tx: &mut Tx<'_>, key: i64, check: Check) -> Result<Option<Known>, EvidenceError> {
    let row = tx.row(
        "SELECT state, since, at, detail FROM evidence_outcome WHERE organisation = $1 AND name = $2",
        params![key, check.as_str()],
        |row| {
            let known = Known {
                outcome: read(row.text(0)?, row.text(3)?)?,
                since: Timestamp::from_millis(row.int(1)?),
                at: Timestamp::from_millis(row.int(2)?),
            };
            Ok(known)
        },
    )?;
    Ok(row)
}

/// How `check` came out before, the latest change first.
///
/// # Errors
/// [`EvidenceError`] if the store fails.
pub fn changes(tx: &mut Tx<'_>, key: i64, check: Check) -> Result<Vec<Change>, EvidenceError> {
    let rows = tx.rows(
        "SELECT at, state, detail FROM evidence_change WHERE organisation = $1 AND name = $2 ORDER BY at DESC LIMIT $3",
        params![key, check.as_str(), CHANGES_MAX],
        |row| Ok(Change { at: Timestamp::from_millis(row.int(0)?), outcome: read(row.text(1)?, row.text(2)?)? }),
    )?;
    Ok(rows)
}

/// Forgets changes of long ago, and figures of single hours.
///
/// # Errors
/// [`EvidenceError`] if the store fails.
pub fn forget(tx: &mut Tx<'_>) -> Result<u64, EvidenceError> {
    let kept = i64::try_from(HISTORY_KEPT.as_millis()).unwrap_or(i64::MAX);
    let before = tx.now().millis().saturating_sub(kept);
    let changes = tx.execute("DELETE FROM evidence_change WHERE at < $1", params![before])?;
    Ok(changes + crate::numbers::forget(tx)?)
}

/// How all checks stand. With `anew` each is looked at; else those that walk through all accounts are as they came out within the last hour.
///
/// # Errors
/// [`EvidenceError`] if the store fails.
pub fn stand(
    tx: &mut Tx<'_>,
    around: &Surroundings,
    within: Within,
    anew: bool,
) -> Result<Vec<(Check, Known)>, EvidenceError> {
    let now = tx.now();
    let mut all = Vec::with_capacity(Check::ALL.len());
    for &check in Check::ALL {
        let before = load(tx, within.key(check), check)?;
        let is_fresh = |known: &Known| (0..WALK_MILLIS_MAX).contains(&(now.millis() - known.at.millis()));
        if !anew
            && check.cost() == Cost::Walk
            && let Some(known) = before.clone().filter(is_fresh)
        {
            all.push((check, known));
            continue;
        }
        let outcome = look_at(tx, around, within, check)?;
        let same = before.filter(|before| before.outcome.state() == outcome.state());
        all.push((check, Known { since: same.map_or(now, |before| before.since), at: now, outcome }));
    }
    Ok(all)
}
