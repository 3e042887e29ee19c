//! Erased accounts, and from where their keys are gone since.
//!
//! An account's key goes with the account, in the transaction that erases it. Copies of the key may be left: in the embedded engine's log of
//! changes, and in what was kept of it with backups. Each such *place* is cleaned by whoever knows it, who notes that it was reached.

use crate::{Store, StoreError, Tx, params};

/// The place that the store is itself.
pub const STORE: &str = "store";

/// Erasures that are listed, the newest first.
pub const LISTED_MAX: i64 = 10_000;

/// An erased account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// Its number.
    pub account: i64,
    /// The organisation's number.
    pub organisation: i64,
    /// When it was erased, milliseconds since 1970.
    pub erased: i64,
    /// Places from which its key is gone, and since when.
    pub reached: Vec<(String, i64)>,
}

/// Erases the key of an account, whose row is about to go, and notes it.
///
/// # Errors
/// [`StoreError`] if there is no such account.
pub fn erase_key(tx: &mut Tx<'_>, account: i64) -> Result<(), StoreError> {
    let row =
        tx.row("SELECT organisation, LENGTH(key_wrapped) FROM account WHERE id = $1", params![account], |row| {
            Ok((row.int(0)?, row.int(1)?))
        })?;
    let (organisation, length) = row.ok_or(StoreError::Missing { what: "account" })?;
    // Of the same length, so that the embedded engine writes it over the key: a deleted row may stay in its page.
    let nothing = vec![0; usize::try_from(length).unwrap_or_default()];
    tx.execute("UPDATE account SET key_wrapped = $2 WHERE id = $1", params![account, &nothing])?;
    let now = tx.now().millis();
    tx.execute(
        "INSERT INTO erasure (account, organisation, erased) VALUES ($1, $2, $3) ON CONFLICT (account) DO NOTHING",
        params![account, organisation, now],
    )?;
    Ok(())
}

/// Accounts whose erasure has not reached `place` yet.
///
/// # Errors
/// [`StoreError`] if the store cannot be read.
pub fn pending(tx: &mut Tx<'_>, place: &str) -> Result<Vec<i64>, StoreError> {
    tx.rows(
        "SELECT account FROM erasure e WHERE NOT EXISTS
             (SELECT 1 FROM erasure_reached r WHERE r.account = e.account AND r.place = $1) ORDER BY account",
        params![place],
        |row| row.int(0),
    )
}

/// How many erasures there were, and when the last one was: as long as this is the same there was none.
///
/// # Errors
/// [`StoreError`] if the store cannot be read.
pub fn extent(tx: &mut Tx<'_>) -> Result<(i64, i64), StoreError> {
    let found =
        tx.row("SELECT COUNT(*), COALESCE(MAX(erased), 0) FROM erasure", &[], |row| Ok((row.int(0)?, row.int(1)?)))?;
    Ok(found.unwrap_or_default())
}

/// Notes that the keys of `accounts` are gone from `place`.
///
/// # Errors
/// [`StoreError`] if the store cannot be written.
pub fn note_reached(tx: &mut Tx<'_>, place: &str, accounts: &[i64]) -> Result<(), StoreError> {
    let now = tx.now().millis();
    for account in accounts {
        tx.execute(
            "INSERT INTO erasure_reached (account, place, reached) VALUES ($1, $2, $3) ON CONFLICT (account, place) DO NOTHING",
            params![*account, place, now],
        )?;
    }
    Ok(())
}

/// The erasures that there were, the newest first.
///
/// # Errors
/// [`StoreError`] if the store cannot be read.
pub fn list(tx: &mut Tx<'_>) -> Result<Vec<Erasure>, StoreError> {
    let mut erasures = tx.rows(
        "SELECT account, organisation, erased FROM erasure ORDER BY erased DESC, account LIMIT $1",
        params![LISTED_MAX],
        |row| Ok(Erasure { account: row.int(0)?, organisation: row.int(1)?, erased: row.int(2)?, reached: Vec::new() }),
    )?;
    for erasure in &mut erasures {
        erasure.reached = tx.rows(
            "SELECT place, reached FROM erasure_reached WHERE account = $1 ORDER BY place",
            params![erasure.account],
            |row| Ok((row.text(0)?.to_owned(), row.int(1)?)),
        )?;
    }
    Ok(erasures)
}

/// Wipes what erased keys left behind in the store, and notes it. The embedded engine's write-ahead log is emptied, which waits for readers;
/// a database server has a log of its own, which is its administrator's.
///
/// # Errors
/// [`StoreError`] if it cannot be done now.
pub async fn reach_store(store: &Store) -> Result<usize, StoreError> {
    let accounts = store.read(|tx| pending(tx, STORE)).await?;
    if !accounts.is_empty() {
        store.empty_log().await?;
        let noted = accounts.clone();
        store.write(move |tx| note_reached(tx, STORE, &noted)).await?;
    }
    Ok(accounts.len())
}
