//! Reputations as they rest in the store.

use std::collections::BTreeMap;

use env::Timestamp;
use store::{Row, StoreError, Tx, params};

use super::counts::Counts;
use super::marks::{self, Mark};
use super::{not_a_thing, weights};
use crate::JudgementError;

/// Things of one message that are looked up.
pub(super) const MARKS_MAX: usize = 10;

/// Rows of other organisations that one look takes in.
const OTHERS_MAX: i64 = 200;

/// Things of one organisation that are remembered.
const REMEMBERED_MAX: i64 = 200_000;

/// Of what is too many, rows forgotten at a time.
const FORGOTTEN_MAX: i64 = 5_000;

/// Days after which a thing that nothing was heard of is forgotten.
const FORGOTTEN_DAYS: i64 = 180;

const DAY_MILLIS: i64 = 86_400_000;

/// What is known of the things of one message.
#[derive(Debug, Clone, Default)]
pub(super) struct Rows {
    /// Here.
    pub(super) own: BTreeMap<i64, Counts>,
    /// In each other organisation.
    pub(super) others: BTreeMap<i64, Vec<Counts>>,
}

/// The hashes of some things, as the statement wants them.
pub(super) fn numbers(marks: &[Mark]) -> [i64; MARKS_MAX] {
    let first = marks.first().map_or(0, |mark| mark.number);
    let mut numbers = [first; MARKS_MAX];
    for (slot, mark) in numbers.iter_mut().zip(marks) {
        *slot = mark.number;
    }
    numbers
}

fn counts(row: &Row<'_>, from: usize) -> Result<Counts, StoreError> {
    Ok(Counts {
        good: row.int(from)?,
        bad: row.int(from + 1)?,
        told: row.int(from + 2)?,
        seen: row.int(from + 3)?,
        at: Timestamp::from_millis(row.int(from + 4)?),
    })
}

pub(super) fn read(tx: &mut Tx<'_>, organisation: i64, numbers: &[i64; MARKS_MAX]) -> Result<Rows, StoreError> {
    let mut rows = Rows::default();
    let [n0, n1, n2, n3, n4, n5, n6, n7, n8, n9] = *numbers;
    tx.for_each(
        "SELECT mark, good, bad, told, seen, at FROM reputation
         WHERE organisation = $1 AND mark IN ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        params![organisation, n0, n1, n2, n3, n4, n5, n6, n7, n8, n9],
        |row| {
            rows.own.insert(row.int(0)?, counts(row, 1)?);
            Ok(())
        },
    )?;
    tx.for_each(
        "SELECT mark, good, bad, told, seen, at FROM reputation
         WHERE mark IN ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11) AND organisation <> $1 LIMIT $12",
        params![organisation, n0, n1, n2, n3, n4, n5, n6, n7, n8, n9, OTHERS_MAX],
        |row| {
            rows.others.entry(row.int(0)?).or_default().push(counts(row, 1)?);
            Ok(())
        },
    )?;
    Ok(rows)
}

/// Adds to what is known. The row is taken first, so that two nodes do not overwrite one another.
pub(super) fn add(tx: &mut Tx<'_>, organisation: i64, mark: i64, more: &Counts) -> Result<(), StoreError> {
    let known = tx.row(
        "UPDATE reputation SET at = at WHERE mark = $1 AND organisation = $2 RETURNING good, bad, told, seen, at",
        params![mark, organisation],
        |row| counts(row, 0),
    )?;
    let mut sum = known.unwrap_or_else(|| Counts::none(more.at));
    sum.add(more);
    tx.execute(
        "INSERT INTO reputation (mark, organisation, good, bad, told, seen, at) VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (mark, organisation) DO UPDATE SET good = $3, bad = $4, told = $5, seen = $6, at = $7",
        params![mark, organisation, sum.good, sum.bad, sum.told, sum.seen, sum.at.millis()],
    )?;
    Ok(())
}

/// Forgets everything that is known in an organisation; gives how many things.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn forget(tx: &mut Tx<'_>, organisation: i64) -> Result<u64, StoreError> {
    tx.execute("DELETE FROM reputation WHERE organisation = $1", params![organisation])
}

/// Forgets what is known of one address, domain or network in an organisation; gives how many things that were.
///
/// # Errors
/// [`JudgementError::Thing`] for anything else, or the store fails.
pub fn forget_thing(tx: &mut Tx<'_>, organisation: i64, what: &str) -> Result<u64, JudgementError> {
    let marks = marks::named(what, &tx.context().keys.region());
    if marks.is_empty() {
        return Err(not_a_thing(what));
    }
    let mut gone = 0;
    for mark in marks {
        gone += tx.execute(
            "DELETE FROM reputation WHERE mark = $1 AND organisation = $2",
            params![mark.number, organisation],
        )?;
    }
    Ok(gone)
}

/// Forgets what nothing was heard of, and of what is too many that which says least.
pub(crate) fn tidy(tx: &mut Tx<'_>) -> Result<u64, StoreError> {
    let before = tx.now().millis().saturating_sub(FORGOTTEN_DAYS * DAY_MILLIS);
    let mut gone = tx.execute("DELETE FROM reputation WHERE at < $1", params![before])?;
    let sizes = tx.rows("SELECT organisation, COUNT(*) FROM reputation GROUP BY organisation", params![], |row| {
        Ok((row.int(0)?, row.int(1)?))
    })?;
    for (organisation, size) in sizes {
        let excess = size.saturating_sub(REMEMBERED_MAX).min(FORGOTTEN_MAX);
        if excess > 0 {
            gone += tx.execute(
                "DELETE FROM reputation WHERE organisation = $1 AND mark IN
                    (SELECT mark FROM reputation WHERE organisation = $1 ORDER BY good + bad, at LIMIT $2)",
                params![organisation, excess],
            )?;
        }
    }
    Ok(gone)
}

/// What is known of a thing in an organisation, and what it is worth.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// What it is: sender, claimed (a sender who was not proven), domain, network or link.
    pub kind: &'static str,
    /// The thing.
    pub what: String,
    /// What is counted, faded up to now.
    pub counts: Counts,
    /// What it adds to the log odds of a message.
    pub weight: f32,
}

/// Looks up what is known of an address, a domain, or a network; nothing of what is new.
///
/// # Errors
/// [`JudgementError::Thing`] for anything else, or the store fails.
pub fn look_up(tx: &mut Tx<'_>, organisation: i64, what: &str) -> Result<Vec<Known>, JudgementError> {
    let marks = marks::named(what, &tx.context().keys.region());
    if marks.is_empty() {
        return Err(not_a_thing(what));
    }
    let rows = read(tx, organisation, &numbers(&marks))?;
    let now = tx.now();
    let known = |mark: &Mark| {
        let counts = rows.own.get(&mark.number)?.faded(now);
        let weight = weights::weight(mark, &rows, now);
        Some(Known { kind: mark.kind.word(), what: mark.shown.clone(), counts, weight })
    };
    Ok(marks.iter().filter_map(known).collect())
}
