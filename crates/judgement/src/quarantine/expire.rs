//! What nobody released.

use store::{Tx, params};
use trace::{Change, Outcome, What};

use super::remove;
use crate::JudgementError;
use crate::traced::traced;

/// Entries deleted in one transaction.
const EXPIRED_MAX: i64 = 200;

/// Deletes what has waited for its time, and what is nobody's any more; gives how many. Call again while it gives some.
///
/// # Errors
/// [`JudgementError`] if the store fails.
pub fn expire(tx: &mut Tx<'_>) -> Result<usize, JudgementError> {
    let over = tx.rows(
        "SELECT id, blob, organisation, EXISTS
            (SELECT 1 FROM quarantine_recipient h WHERE h.quarantine = q.id AND h.state = 'held') FROM quarantine q WHERE (expires <= $1 OR NOT EXISTS
            (SELECT 1 FROM quarantine_recipient r WHERE r.quarantine = q.id AND r.state = 'held')) AND NOT EXISTS
            (SELECT 1 FROM quarantine_recipient r JOIN account a ON a.id = r.account JOIN hold h
                ON h.organisation = a.organisation AND h.ended = 0 AND (h.everyone = 1 OR EXISTS
                    (SELECT 1 FROM hold_account c WHERE c.account = a.id AND c.hold = h.id))
             WHERE r.quarantine = q.id AND r.state <> 'released') LIMIT $2",
        params![tx.now().millis(), EXPIRED_MAX],
        |row| Ok((row.int(0)?, row.int(1)?, row.int(2)?, row.flag(3)?)),
    )?;
    for (id, blob, organisation, waits) in &over {
        if *waits {
            traced(tx, *organisation, *id, What::Expired, Change::to(Outcome::Removed))?;
        }
        remove(tx, *id, *blob)?;
    }
    Ok(over.len())
}
