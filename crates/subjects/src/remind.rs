//! Deadlines that come near, and requests whose time in the register is over.

use env::Timestamp;
use store::{StoreError, Tx, params};

use crate::words::Kind;
use crate::{SubjectError, SubjectSettings};

const DAY_MILLIS: i64 = 86_400_000;

/// Requests of one round.
const ROUND: i64 = 100;

/// A request of whose deadline somebody is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reminder {
    /// Whose.
    pub organisation: i64,
    /// The request.
    pub id: i64,
    /// What it asks for.
    pub kind: Kind,
    /// Its deadline.
    pub due: Timestamp,
    /// 1: it comes near; 2: it ends within a day; 3: it is over.
    pub level: i64,
}

/// Requests that wait for an answer and of whose deadline nobody was told yet as it stands now. A clock that was set back tells nothing twice.
///
/// # Errors
/// [`SubjectError`] if the store fails.
pub fn due_for_reminder(tx: &mut Tx<'_>, settings: &SubjectSettings) -> Result<Vec<Reminder>, SubjectError> {
    let now = tx.now().millis();
    let until = now.saturating_add(i64::from(settings.remind_days).saturating_mul(DAY_MILLIS));
    let rows = tx.rows(
        "SELECT organisation, id, due, told, kind FROM subject_request
         WHERE state = 'open' AND due <= $1 AND told < CASE WHEN due < $2 THEN 3 WHEN due < $3 THEN 2 ELSE 1 END
         ORDER BY due LIMIT $4",
        params![until, now, now.saturating_add(DAY_MILLIS), ROUND],
        |row| Ok(([row.int(0)?, row.int(1)?, row.int(2)?], row.text(4)?.to_owned())),
    )?;
    let read = |([organisation, id, due], kind): ([i64; 3], String)| {
        let level = match due {
            due if due < now => 3,
            due if due < now.saturating_add(DAY_MILLIS) => 2,
            _ => 1,
        };
        let kind = kind.parse().map_err(|_| StoreError::Corrupt { what: format!("subject request {id}") })?;
        Ok(Reminder { organisation, id, kind, due: Timestamp::from_millis(due), level })
    };
    rows.into_iter().map(read).collect()
}

/// Takes it upon oneself to tell, in the transaction that posts the letters; false if somebody has.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn claim(tx: &mut Tx<'_>, reminder: &Reminder) -> Result<bool, StoreError> {
    let taken = tx.execute(
        "UPDATE subject_request SET told = $3 WHERE organisation = $1 AND id = $2 AND told < $3 AND state = 'open'",
        params![reminder.organisation, reminder.id, reminder.level],
    )?;
    Ok(taken == 1)
}

/// Forgets requests that were closed longer ago than the settings say, with their steps and letters, but for those by which somebody's data is still
/// restricted; gives how many. Call again while it gives some.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn forget(tx: &mut Tx<'_>, settings: &SubjectSettings) -> Result<u64, StoreError> {
    let before = tx.now().millis().saturating_sub(i64::from(settings.keep_days).saturating_mul(DAY_MILLIS));
    let over = tx.rows(
        "SELECT organisation, id FROM subject_request s WHERE closed <> 0 AND closed < $1
         AND NOT EXISTS (SELECT 1 FROM restriction r WHERE r.request = s.id) ORDER BY closed LIMIT $2",
        params![before, ROUND],
        |row| Ok((row.int(0)?, row.int(1)?)),
    )?;
    for (organisation, id) in &over {
        tx.execute("DELETE FROM subject_step WHERE organisation = $1 AND request = $2", params![*organisation, *id])?;
        tx.execute("DELETE FROM subject_letter WHERE organisation = $1 AND request = $2", params![*organisation, *id])?;
        tx.execute("DELETE FROM subject_mail WHERE request = $1", params![*id])?;
        tx.execute("DELETE FROM subject_request WHERE organisation = $1 AND id = $2", params![*organisation, *id])?;
    }
    Ok(over.len() as u64 + crate::unproved::forget(tx)?)
}
