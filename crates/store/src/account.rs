//! The account row that serialises an account's changes.

use crate::{StoreError, Tx, params};

/// Takes the account's row and gives the next modseq. Whoever changes anything of an account does this first: on both
/// engines the row keeps two changes of one account from running at once. Whoever changes several takes their rows in
/// ascending order of identifier: on PostgreSQL any other order may end in a deadlock, which costs a second and a retry.
///
/// # Errors
/// [`StoreError::Missing`] if there is no such account.
pub fn next_modseq(tx: &mut Tx<'_>, account: i64) -> Result<i64, StoreError> {
    let modseq =
        tx.row("UPDATE account SET modseq = modseq + 1 WHERE id = $1 RETURNING modseq", params![account], |row| {
            row.int(0)
        })?;
    modseq.ok_or(StoreError::Missing { what: "account" })
}
