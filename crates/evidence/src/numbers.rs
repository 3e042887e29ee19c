//! Live numbers: what went by in a day and a week, and what waits now.
//!
//! What went by is summed up by the hour from its rows, once, in small steps, so that a week costs some hundred rows to tell however much mail there is. What
//! waits now is counted up to a bound.

use std::collections::BTreeMap;

use env::Timestamp;
use identity::Language;
use serde_json::{Value, json};
use store::{Store, StoreError, Tx, params};

use crate::checks::{DAY, HOUR};
use crate::look::Within;
use crate::say::say;
use crate::{EvidenceError, Surroundings};

/// Rows younger than this may still be on their way into the store; they are counted where they are.
const LAG_MILLIS: i64 = 120_000;

/// As much is summed up in one step at most, in milliseconds.
const STEP_MILLIS: i64 = 600_000;

/// How far back it begins.
const BACK_MILLIS: i64 = 7 * DAY;

/// How long hours are kept: a report of a month may be made up a month later.
const KEPT_MILLIS: i64 = 70 * DAY;

/// How far back rows are counted where they are, if nobody has summed up.
const LOOSE_MILLIS: i64 = 2 * HOUR;

/// Things that wait are counted up to so many.
const COUNTED_MAX: i64 = 10_000;

/// What went by: figure, and the list that has the rows.
const WENT_BY: &[(&str, &str)] = &[
    ("received", "judged-list"),
    ("sent", "judged-list"),
    ("warned", "judged-list"),
    ("junked", "judged-list"),
    ("quarantined", "quarantine-list"),
    ("refused", "judged-list"),
    ("held", "judged-list"),
    ("sign-ins", "sign-in-list"),
    ("sign-ins-refused", "sign-in-list"),
    ("sign-ins-odd", "sign-in-list"),
];

type Counted = BTreeMap<(i64, &'static str), i64>;

/// Counts what lies in `from` to `to`, by organisation.
fn count(tx: &mut Tx<'_>, (from, to): (i64, i64), organisations: &[i64]) -> Result<Counted, StoreError> {
    let mut counted = Counted::new();
    let mut add = |organisation: i64, figure: &'static str, more: i64| {
        *counted.entry((organisation, figure)).or_insert(0) += more;
    };
    tx.for_each(
        "SELECT organisation, direction, action, COUNT(*) FROM judged WHERE at >= $1 AND at < $2
         GROUP BY organisation, direction, action",
        params![from, to],
        |row| {
            let (organisation, more) = (row.int(0)?, row.int(3)?);
            let is_in = row.text(1)? == "in";
            add(organisation, if is_in { "received" } else { "sent" }, more);
            match (is_in, row.text(2)?) {
                (true, "warn") => add(organisation, "warned", more),
                (true, "junk") => add(organisation, "junked", more),
                (true, "quarantine") => add(organisation, "quarantined", more),
                (true, "refuse") => add(organisation, "refused", more),
                (_, "hold") | (false, "quarantine" | "junk" | "refuse") => add(organisation, "held", more),
                _ => {}
            }
            Ok(())
        },
    )?;
    for organisation in organisations {
        tx.for_each(
            "SELECT outcome, answer, COUNT(*) FROM sign_in_event WHERE organisation = $1 AND at >= $2 AND at < $3
             GROUP BY outcome, answer",
            params![*organisation, from, to],
            |row| {
                let more = row.int(2)?;
                add(*organisation, "sign-ins", more);
                if row.text(0)? != "accepted" {
                    add(*organisation, "sign-ins-refused", more);
                }
                if !matches!(row.text(1)?, "" | "pass") {
                    add(*organisation, "sign-ins-odd", more);
                }
                Ok(())
            },
        )?;
    }
    Ok(counted)
}

/// All organisations, and what is nobody's.
fn everybody(tx: &mut Tx<'_>) -> Result<Vec<i64>, EvidenceError> {
    let all = identity::list_organisations(tx)?;
    Ok(all.into_iter().map(|one| one.id).chain([0]).collect())
}

/// Up to when it is summed up; none if that was never done.
fn summed(tx: &mut Tx<'_>) -> Result<Option<i64>, StoreError> {
    tx.row("SELECT until FROM evidence_summed WHERE id = 1", &[], |row| row.int(0))
}

/// Sums up the next step; says whether there was one. Of several nodes one does each.
///
/// # Errors
/// [`EvidenceError`] if the store fails.
pub async fn sum_up(store: &Store) -> Result<bool, EvidenceError> {
    let work = |tx: &mut Tx<'_>| {
        let (now, before) = (tx.now().millis(), summed(tx)?);
        let from = before.unwrap_or(now - BACK_MILLIS).max(now - BACK_MILLIS);
        // Not beyond the hour, which is what it is kept by.
        let to = (from + STEP_MILLIS).min((from / HOUR + 1) * HOUR).min(now - LAG_MILLIS);
        if to <= from {
            return Ok(None);
        }
        let organisations = everybody(tx)?;
        Ok::<_, EvidenceError>(Some((before, from, to, count(tx, (from, to), &organisations)?)))
    };
    let Some((before, from, to, counted)) = store.read(work).await? else { return Ok(false) };
    let add = move |tx: &mut Tx<'_>| {
        let claimed = match before {
            Some(before) => {
                tx.execute("UPDATE evidence_summed SET until = $2 WHERE id = 1 AND until = $1", params![before, to])?
            }
            None => tx.execute(
                "INSERT INTO evidence_summed (id, until) VALUES (1, $1) ON CONFLICT (id) DO NOTHING",
                params![to],
            )?,
        };
        if claimed == 0 {
            return Ok(());
        }
        for ((organisation, figure), more) in &counted {
            tx.execute(
                "INSERT INTO evidence_hour (organisation, hour, figure, count) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (organisation, hour, figure) DO UPDATE SET count = evidence_hour.count + $4",
                params![*organisation, from / HOUR, *figure, *more],
            )?;
        }
        Ok::<_, StoreError>(())
    };
    store.write(add).await?;
    Ok(true)
}

/// Forgets hours that no window and no report reaches.
pub(crate) fn forget(tx: &mut Tx<'_>) -> Result<u64, StoreError> {
    let before = (tx.now().millis() - KEPT_MILLIS) / HOUR;
    tx.execute("DELETE FROM evidence_hour WHERE hour < $1", params![before])
}

/// What went by since the moment `since`, in milliseconds, by figure.
fn went_by(tx: &mut Tx<'_>, within: Within, since: i64, loose: &Counted) -> Result<BTreeMap<String, i64>, StoreError> {
    let mut all: BTreeMap<String, i64> = BTreeMap::new();
    let mut add = |figure: &str, more: i64| *all.entry(figure.to_owned()).or_insert(0) += more;
    let hour = since / HOUR + 1;
    let sums = match within.organisation {
        Some(organisation) => tx.rows(
            "SELECT figure, CAST(SUM(count) AS BIGINT) FROM evidence_hour WHERE organisation = $1 AND hour >= $2 GROUP BY figure",
            params![organisation, hour],
            |row| Ok((row.text(0)?.to_owned(), row.int(1)?)),
        )?,
        None => tx.rows(
            "SELECT figure, CAST(SUM(count) AS BIGINT) FROM evidence_hour WHERE hour >= $1 GROUP BY figure",
            params![hour],
            |row| Ok((row.text(0)?.to_owned(), row.int(1)?)),
        )?,
    };
    sums.iter().for_each(|(figure, sum)| add(figure, *sum));
    let ours = loose.iter().filter(|((organisation, _), _)| within.organisation.is_none_or(|own| own == *organisation));
    ours.for_each(|((_, figure), more)| add(figure, *more));
    Ok(all)
}

/// What went by between each two neighbours of `bounds`, by figure: of days, mostly. A figure of which there was nothing is left out. Hours count for where
/// they begin, and what is older than is kept was forgotten.
///
/// # Errors
/// [`EvidenceError`] if the store fails.
pub fn spans(
    tx: &mut Tx<'_>,
    within: Within,
    bounds: &[Timestamp],
) -> Result<BTreeMap<String, Vec<u64>>, EvidenceError> {
    let (Some(first), Some(last)) = (bounds.first(), bounds.last()) else { return Ok(BTreeMap::new()) };
    let (from, to, count_of) = (first.millis(), last.millis(), bounds.len() - 1);
    let mut all: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    let mut add = |figure: &str, at: i64, more: i64| {
        let span = bounds.iter().rposition(|bound| bound.millis() <= at).unwrap_or(0);
        let counts = all.entry(figure.to_owned()).or_insert_with(|| vec![0; count_of]);
        if let Some(count) = counts.get_mut(span) {
            *count += more.unsigned_abs();
        }
    };
    let hours = (from.div_euclid(HOUR) + i64::from(from.rem_euclid(HOUR) != 0), to);
    tx.for_each(
        "SELECT organisation, hour, figure, count FROM evidence_hour WHERE hour >= $1 AND hour * 3600000 < $2",
        params![hours.0, hours.1],
        |row| {
            if within.organisation.is_none_or(|own| row.int(0).is_ok_and(|of| of == own)) {
                add(row.text(2)?, row.int(1)? * HOUR, row.int(3)?);
            }
            Ok(())
        },
    )?;
    // What is not summed up yet, as `shown` counts it.
    let summed = summed(tx)?.unwrap_or(0).max(tx.now().millis() - LOOSE_MILLIS);
    let whose = match within.organisation {
        Some(organisation) => vec![organisation],
        None => everybody(tx)?,
    };
    let mut loose = Vec::new();
    for span in bounds.windows(2) {
        if let [begin, end] = span
            && summed < end.millis()
        {
            let begin = begin.millis().max(summed);
            loose.push((begin, count(tx, (begin, end.millis()), &whose)?));
        }
    }
    for (begin, counted) in &loose {
        let ours = counted.iter().filter(|((of, _), _)| within.organisation.is_none_or(|own| own == *of));
        ours.for_each(|((_, figure), more)| add(figure, *begin, *more));
    }
    Ok(all)
}

/// Cases of the trade guard that came up from `from` to `to`, by what has become of them: open, proposed, honest, fraud.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn cases(
    tx: &mut Tx<'_>,
    organisation: i64,
    (from, to): (Timestamp, Timestamp),
) -> Result<BTreeMap<String, u64>, StoreError> {
    let rows = tx.rows(
        "SELECT state, COUNT(*) FROM guard_case WHERE organisation = $1 AND at >= $2 AND at < $3 GROUP BY state",
        params![organisation, from.millis(), to.millis()],
        |row| Ok((row.text(0)?.to_owned(), row.int(1)?.unsigned_abs())),
    )?;
    Ok(rows.into_iter().collect())
}

/// All numbers, each with the action that lists what it counts.
///
/// # Errors
/// [`EvidenceError`] if the store fails.
pub fn shown(
    tx: &mut Tx<'_>,
    around: &Surroundings,
    within: Within,
    language: Language,
) -> Result<Vec<Value>, EvidenceError> {
    let now = tx.now().millis();
    let from = summed(tx)?.unwrap_or(0).max(now - LOOSE_MILLIS);
    let whose = match within.organisation {
        Some(organisation) => vec![organisation],
        None => everybody(tx)?,
    };
    let loose = count(tx, (from, now + 1), &whose)?;
    let (day, week) = (went_by(tx, within, now - DAY, &loose)?, went_by(tx, within, now - BACK_MILLIS, &loose)?);
    let mut all: Vec<Value> = WENT_BY
        .iter()
        .map(|(figure, list)| {
            let of = |sums: &BTreeMap<String, i64>| sums.get(*figure).copied().unwrap_or(0);
            row(figure, language, list, json!({ "day": of(&day), "week": of(&week) }))
        })
        .collect();
    all.extend(waiting(tx, within, language)?);
    all.extend(known(tx, around, language)?);
    Ok(all)
}

fn row(figure: &str, language: Language, list: &str, values: Value) -> Value {
    let mut row = json!({ "number": figure, "title": say(language, &format!("number-{figure}"), &[]) });
    if let (Value::Object(row), Value::Object(values)) = (&mut row, values) {
        row.extend(values);
        row.insert("list".to_owned(), json!(list));
    }
    row
}

/// One number; 0 if there is none.
fn one(tx: &mut Tx<'_>, sql: &'static str, params: &[store::Value<'_>]) -> Result<i64, StoreError> {
    Ok(tx.row(sql, params, |row| row.int_opt(0))?.flatten().unwrap_or(0))
}

/// What waits now: how much, and since when the oldest does.
fn waiting(tx: &mut Tx<'_>, within: Within, language: Language) -> Result<Vec<Value>, EvidenceError> {
    let now = tx.now().millis();
    let organisations: Vec<i64> = match within.organisation {
        Some(organisation) => vec![organisation],
        None => identity::list_organisations(tx)?.into_iter().map(|one| one.id).collect(),
    };
    let (mut quarantine, mut cases, mut approvals, mut outbound) = (0, 0, 0, 0);
    for organisation in organisations {
        quarantine += one(
            tx,
            "SELECT COUNT(*) FROM (SELECT 1 FROM quarantine WHERE organisation = $1 LIMIT $2) AS q",
            params![organisation, COUNTED_MAX],
        )?;
        cases += one(
            tx,
            "SELECT COUNT(*) FROM (SELECT 1 FROM guard_case WHERE organisation = $1 AND state IN ('open', 'proposed') LIMIT $2) AS c",
            params![organisation, COUNTED_MAX],
        )?;
        approvals += one(
            tx,
            "SELECT COUNT(*) FROM (SELECT 1 FROM approval WHERE expires > $2 AND organisation = $1 AND state = 'waiting' LIMIT $3) AS a",
            params![organisation, now, COUNTED_MAX],
        )?;
        outbound += one(
            tx,
            "SELECT COUNT(*) FROM (SELECT 1 FROM outbound_waiting WHERE organisation = $1 AND state = 'waiting' LIMIT $2) AS w",
            params![organisation, COUNTED_MAX],
        )?;
    }
    let (queued, oldest) = match within.organisation {
        Some(organisation) => (
            one(
                tx,
                "SELECT COUNT(*) FROM (SELECT organisation FROM queue_message ORDER BY id LIMIT $2) AS q WHERE organisation = $1",
                params![organisation, COUNTED_MAX],
            )?,
            one(
                tx,
                "SELECT MIN(created) FROM (SELECT organisation, created FROM queue_message ORDER BY id LIMIT $2) AS q
                 WHERE organisation = $1",
                params![organisation, COUNTED_MAX],
            )?,
        ),
        None => (
            one(tx, "SELECT COUNT(*) FROM (SELECT 1 FROM queue_message LIMIT $1) AS q", params![COUNTED_MAX])?,
            one(tx, "SELECT created FROM queue_message ORDER BY id LIMIT 1", params![])?,
        ),
    };
    let oldest = (oldest != 0).then(|| Timestamp::from_millis(oldest).to_string());
    Ok(vec![
        row("queue", language, "queue-list", json!({ "now": queued, "oldest": oldest })),
        row("quarantine", language, "quarantine-list", json!({ "now": quarantine })),
        row("cases", language, "guard-cases", json!({ "now": cases })),
        row("approvals", language, "approval-list", json!({ "now": approvals })),
        row("outbound", language, "outbound-waiting", json!({ "now": outbound })),
    ])
}

/// What is known of the machine: backups, certificates, room.
fn known(tx: &mut Tx<'_>, around: &Surroundings, language: Language) -> Result<Vec<Value>, EvidenceError> {
    let mut goods = Vec::new();
    for location in &around.backups.repositories {
        goods.push(backup::standing(tx, location)?.and_then(|found| found.good));
    }
    // Of several repositories the one that is furthest behind; one without a good backup is behind all.
    let good = if goods.contains(&None) { None } else { goods.into_iter().flatten().min() };
    let ends = around.certificates.iter().filter_map(|found| found.until).min();
    let disk = around.disk;
    Ok(vec![
        row("backup", language, "backup-status", json!({ "last": good.map(|good| good.to_string()) })),
        row("certificates", language, "evidence-show", json!({ "end": ends.map(|end| end.to_string()) })),
        row(
            "storage",
            language,
            "user-list",
            json!({
                "used_bytes": disk.map(|disk| disk.total_bytes.saturating_sub(disk.free_bytes)),
                "free_bytes": disk.map(|disk| disk.free_bytes),
            }),
        ),
    ])
}
