//! How far repositories have the journal, and how far a standby has carried it out.

use super::Mark;
use crate::{Row, StoreError, Tx, params};

/// Octets of a failure that are kept.
const FAILURE_BYTES_MAX: usize = 2_000;

/// How far a repository has the journal. Moments are milliseconds since 1970, 0 for none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// Where it is.
    pub location: String,
    /// The chain of its steps.
    pub chain: i64,
    /// The last step; 0 if there is none yet.
    pub number: i64,
    /// Up to where it goes.
    pub mark: Mark,
    /// The moment that it shows.
    pub taken: i64,
    /// When it was last known that the repository lacked nothing.
    pub clean: i64,
    /// The moment of the first backup of this chain there.
    pub based: i64,
    /// Since when steps fail.
    pub failing_since: i64,
    /// Why the last one failed.
    pub failure: String,
    /// What those who look after the machine were told last.
    pub told: String,
}

/// How far each repository has the journal.
///
/// # Errors
/// [`StoreError`] if the store cannot be read.
pub fn reached(tx: &mut Tx<'_>) -> Result<Vec<Reached>, StoreError> {
    let read = |row: &Row<'_>| {
        Ok(Reached {
            location: row.text(0)?.to_owned(),
            chain: row.int(1)?,
            number: row.int(2)?,
            mark: Mark(row.text(3)?.to_owned()),
            taken: row.int(4)?,
            clean: row.int(5)?,
            based: row.int(6)?,
            failing_since: row.int(7)?,
            failure: row.text(8)?.to_owned(),
            told: row.text(9)?.to_owned(),
        })
    };
    tx.rows(
        "SELECT location, chain, number, mark, taken, clean, based, failing_since, failure, told FROM journal_reached
         ORDER BY location",
        &[],
        read,
    )
}

/// Lets a repository begin with `chain` at the place where the journal is now.
///
/// # Errors
/// [`StoreError`] if the store cannot be written.
pub fn begin_reached(tx: &mut Tx<'_>, is_embedded: bool, location: &str, chain: i64) -> Result<(), StoreError> {
    let (mark, now) = (super::mark(tx, is_embedded)?, tx.now().millis());
    tx.execute(
        "INSERT INTO journal_reached (location, chain, number, mark, taken, clean, based, failing_since, failure, told)
         VALUES ($1, $2, 0, $3, $4, $4, 0, 0, '', '')
         ON CONFLICT (location) DO UPDATE SET chain = $2, number = 0, mark = $3, taken = $4, clean = $4, based = 0",
        params![location, chain, &mark.0, now],
    )?;
    Ok(())
}

/// Forgets a repository that is set up no more.
///
/// # Errors
/// [`StoreError`] if the store cannot be written.
pub fn forget_reached(tx: &mut Tx<'_>, location: &str) -> Result<(), StoreError> {
    tx.execute("DELETE FROM journal_reached WHERE location = $1", params![location])?;
    Ok(())
}

/// Notes that the step `number`, which shows the moment `taken` and goes up to `mark`, is in the repository.
///
/// # Errors
/// [`StoreError`] if the store cannot be written.
pub fn note_step(tx: &mut Tx<'_>, location: &str, number: i64, mark: &Mark, taken: i64) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE journal_reached SET number = $2, mark = $3, taken = $4, clean = $4, failing_since = 0, failure = ''
         WHERE location = $1",
        params![location, number, &mark.0, taken],
    )?;
    Ok(())
}

/// Notes that at the moment `clean` the repository lacked nothing.
///
/// # Errors
/// [`StoreError`] if the store cannot be written.
pub fn note_clean(tx: &mut Tx<'_>, location: &str, clean: i64) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE journal_reached SET clean = $2, failing_since = 0, failure = '' WHERE location = $1",
        params![location, clean],
    )?;
    Ok(())
}

/// Notes that a backup of `chain`, which shows the moment `taken`, is in the repository.
///
/// # Errors
/// [`StoreError`] if the store cannot be written.
pub fn note_based(tx: &mut Tx<'_>, location: &str, chain: i64, taken: i64) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE journal_reached SET based = $3 WHERE location = $1 AND chain = $2 AND based = 0",
        params![location, chain, taken],
    )?;
    Ok(())
}

/// Notes that a step did not get into the repository.
///
/// # Errors
/// [`StoreError`] if the store cannot be written.
pub fn note_failed(tx: &mut Tx<'_>, location: &str, why: &str) -> Result<(), StoreError> {
    let why = why.get(..why.floor_char_boundary(FAILURE_BYTES_MAX)).unwrap_or_default();
    let now = tx.now().millis();
    tx.execute(
        "UPDATE journal_reached SET failure = $2, failing_since = CASE WHEN failing_since = 0 THEN $3 ELSE failing_since END
         WHERE location = $1",
        params![location, why, now],
    )?;
    Ok(())
}

/// Notes that `what` is told of a repository; says whether that was still to be done.
///
/// # Errors
/// [`StoreError`] if the store cannot be written.
pub fn mark_told(tx: &mut Tx<'_>, location: &str, what: &str) -> Result<bool, StoreError> {
    let changed =
        tx.execute("UPDATE journal_reached SET told = $2 WHERE location = $1 AND told <> $2", params![location, what])?;
    Ok(changed == 1)
}

/// The last step that a standby carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Followed {
    /// Its chain; 0 for the backup of a store without a journal.
    pub chain: i64,
    /// Its number; 0 for the backup itself.
    pub number: i64,
    /// Up to where it goes.
    pub mark: (i64, i64),
    /// The moment that it shows, in milliseconds since 1970.
    pub taken: i64,
}

/// The last step that was carried out, where this is a standby.
///
/// # Errors
/// [`StoreError`] if the store cannot be read.
pub fn followed(tx: &mut Tx<'_>) -> Result<Option<Followed>, StoreError> {
    tx.row("SELECT chain, number, mark_first, mark_second, taken FROM journal_followed WHERE id = 1", &[], |row| {
        Ok(Followed { chain: row.int(0)?, number: row.int(1)?, mark: (row.int(2)?, row.int(3)?), taken: row.int(4)? })
    })
}

/// Notes what was carried out last; nothing once this is a standby no more.
///
/// # Errors
/// [`StoreError`] if the store cannot be written.
pub fn note_followed(tx: &mut Tx<'_>, followed: Option<&Followed>) -> Result<(), StoreError> {
    tx.execute("DELETE FROM journal_followed", &[])?;
    if let Some(Followed { chain, number, mark, taken }) = followed {
        tx.execute(
            "INSERT INTO journal_followed (id, chain, number, mark_first, mark_second, taken) VALUES (1, $1, $2, $3, $4, $5)",
            params![*chain, *number, mark.0, mark.1, *taken],
        )?;
    }
    Ok(())
}
