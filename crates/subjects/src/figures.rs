//! How the register stands, in numbers.

use store::{StoreError, Tx, params};

/// Requests that were answered within so long are counted.
const ANSWERED_MILLIS: i64 = 365 * 86_400_000;

/// How the register of an organisation stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// Requests that wait for an answer.
    pub open: u64,
    /// Of them, those whose deadline is over.
    pub overdue: u64,
    /// Requests that were carried out or refused within a year.
    pub answered: u64,
}

/// How the register of an organisation stands now.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn figures(tx: &mut Tx<'_>, organisation: i64) -> Result<Figures, StoreError> {
    let now = tx.now().millis();
    let found = tx.row(
        "SELECT COUNT(CASE WHEN state = 'open' THEN 1 END), COUNT(CASE WHEN state = 'open' AND due < $2 THEN 1 END),
             COUNT(CASE WHEN state IN ('done', 'refused') AND closed > $3 THEN 1 END)
         FROM subject_request WHERE organisation = $1",
        params![organisation, now, now.saturating_sub(ANSWERED_MILLIS)],
        |row| {
            let number = |column| row.int(column).map(i64::unsigned_abs);
            Ok(Figures { open: number(0)?, overdue: number(1)?, answered: number(2)? })
        },
    )?;
    Ok(found.unwrap_or_default())
}
