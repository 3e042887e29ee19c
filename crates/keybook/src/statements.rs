//! What an account's owner has said of keys: which are verified, which are the owner's own. It is signed and encrypted in the owner's browser,
//! which believes nothing else; here it is text without meaning.

use store::owned::{self, Owner};
use store::{Tx, params};

use crate::KeybookError;

/// Octets of all that an owner says of keys.
const SAID_OCTETS_MAX: usize = 512 << 10;

const PLACE: &str = "key_statement.detail";

/// What the owner has said, as the browser gave it; none if nothing was said.
///
/// # Errors
/// [`KeybookError`] if the store fails.
pub fn statements(tx: &mut Tx<'_>, account: i64) -> Result<Option<String>, KeybookError> {
    let select = "SELECT detail FROM key_statement WHERE account = $1";
    let Some(sealed) = tx.row(select, params![account], |row| Ok(row.bytes(0)?.to_vec()))? else { return Ok(None) };
    Ok(Some(owned::open(tx, Owner::Account(account), PLACE, 0, &sealed)?))
}

/// Keeps what the owner says instead of what was there.
///
/// # Errors
/// If it is too large.
pub fn keep_statements(tx: &mut Tx<'_>, account: i64, said: &str) -> Result<(), KeybookError> {
    if said.len() > SAID_OCTETS_MAX {
        return Err(KeybookError::TooMuchSaid { max: SAID_OCTETS_MAX });
    }
    let detail = owned::seal(tx, Owner::Account(account), PLACE, 0, &said)?;
    tx.execute("DELETE FROM key_statement WHERE account = $1", params![account])?;
    tx.execute("INSERT INTO key_statement (account, detail) VALUES ($1, $2)", params![account, &detail])?;
    Ok(())
}
