//! Which checkpoints went to whom, and what time stamps others gave.

use env::Timestamp;
use store::{StoreError, Tx, params};

/// A time stamp on a checkpoint, and the checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamped {
    /// Records that the checkpoint is over.
    pub size: u64,
    /// When, as the authority says.
    pub at: Timestamp,
    /// The token of RFC 3161, in DER.
    pub token: Vec<u8>,
    /// The checkpoint, whose SHA-256 is stamped.
    pub checkpoint: String,
}

/// The newest checkpoint that `place` has: records that it is over, and when it was handed on.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn handed(tx: &mut Tx<'_>, place: &str) -> Result<Option<(u64, Timestamp)>, StoreError> {
    tx.row("SELECT size, at FROM audit_handed WHERE place = $1", params![place], |row| {
        Ok((u64::try_from(row.int(0)?).unwrap_or(0), Timestamp::from_millis(row.int(1)?)))
    })
}

/// Notes that `place` has the checkpoint over `size` records.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn note_handed(tx: &mut Tx<'_>, place: &str, size: u64) -> Result<(), StoreError> {
    let (size, now) = (i64::try_from(size).unwrap_or(i64::MAX), tx.now().millis());
    tx.execute(
        "INSERT INTO audit_handed (place, size, at) VALUES ($1, $2, $3)
         ON CONFLICT (place) DO UPDATE SET size = $2, at = $3 WHERE audit_handed.size < $2",
        params![place, size, now],
    )?;
    Ok(())
}

/// The newest checkpoint, with how many records it is over; none if there is no log.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn newest(tx: &mut Tx<'_>) -> Result<Option<(u64, String)>, StoreError> {
    tx.row("SELECT size, note FROM audit_checkpoint ORDER BY size DESC LIMIT 1", &[], |row| {
        Ok((u64::try_from(row.int(0)?).unwrap_or(0), row.text(1)?.to_owned()))
    })
}

/// Keeps a time stamp on the checkpoint over `size` records; what is kept already stays.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn keep_stamp(tx: &mut Tx<'_>, size: u64, at: Timestamp, token: &[u8]) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO audit_stamp (size, at, token) VALUES ($1, $2, $3) ON CONFLICT (size) DO NOTHING",
        params![i64::try_from(size).unwrap_or(i64::MAX), at.millis(), token],
    )?;
    Ok(())
}

/// All time stamps, oldest first.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn stamps(tx: &mut Tx<'_>) -> Result<Vec<Stamped>, StoreError> {
    tx.rows(
        "SELECT s.size, s.at, s.token, c.note FROM audit_stamp s JOIN audit_checkpoint c ON c.size = s.size ORDER BY s.size",
        &[],
        |row| {
            Ok(Stamped {
                size: u64::try_from(row.int(0)?).unwrap_or(0),
                at: Timestamp::from_millis(row.int(1)?),
                token: row.bytes(2)?.to_vec(),
                checkpoint: row.text(3)?.to_owned(),
            })
        },
    )
}
