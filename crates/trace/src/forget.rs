//! Traces whose time is over go.

use env::{Timestamp, least_at};
use store::{StoreError, Tx, params};

use crate::marks::day_of;

/// Traces that go in one transaction, so that others wait only briefly.
const FORGOTTEN_MAX: i64 = 500;

/// Rows of the index that go in one transaction.
const MARKS_FORGOTTEN_MAX: i64 = 5_000;

/// Forgets traces that are older than `keep_days`; gives how many rows went. Call again while it gives some.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn forget(tx: &mut Tx<'_>, keep_days: u32) -> Result<u64, StoreError> {
    let time = i64::from(keep_days).saturating_mul(86_400_000);
    let before = least_at(Timestamp::from_millis(tx.now().millis().saturating_sub(time)));
    let old =
        tx.rows("SELECT id FROM trace WHERE id < $1 ORDER BY id LIMIT $2", params![before, FORGOTTEN_MAX], |row| {
            row.int(0)
        })?;
    let mut gone = old.len() as u64;
    for id in old {
        remove(tx, id)?;
    }
    // What is under the day of the first that stays waits for the next day.
    let day = day_of(before);
    let marks = tx.rows(
        "SELECT day, mark, id FROM trace_mark WHERE day < $1 ORDER BY day, mark, id LIMIT $2",
        params![day, MARKS_FORGOTTEN_MAX],
        |row| Ok((row.int(0)?, row.int(1)?, row.int(2)?)),
    )?;
    if let Some((last_day, last_mark, last_id)) = marks.last().copied() {
        gone += tx.execute(
            "DELETE FROM trace_mark WHERE (day, mark, id) <= ($1, $2, $3)",
            params![last_day, last_mark, last_id],
        )?;
    }
    gone += tx.execute("DELETE FROM trace_day WHERE day < $1", params![day])?;
    Ok(gone)
}

/// Removes a trace, but for its marks in the index, which lead nowhere then.
pub(crate) fn remove(tx: &mut Tx<'_>, id: i64) -> Result<(), StoreError> {
    for sql in [
        "DELETE FROM trace_step WHERE trace = $1",
        "DELETE FROM trace_fresh WHERE id = $1",
        "DELETE FROM trace WHERE id = $1",
    ] {
        tx.execute(sql, params![id])?;
    }
    Ok(())
}
