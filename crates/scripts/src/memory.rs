//! What was done lately: so that it is done once.

use std::collections::HashSet;
use std::time::Duration;

use store::{Tx, params};

use crate::ScriptsError;

/// Messages that are remembered for `duplicate` and looked through; older ones count as new.
const SEEN_MAX: i64 = 20_000;

/// Automatic replies of one account in a day: beyond it something goes round.
const REPLIES_PER_DAY_MAX: i64 = 1_000;

/// What is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Memory {
    /// A message that `duplicate` asked for (RFC 7352).
    Seen,
    /// Somebody was replied to (RFC 5230).
    Replied,
    /// The owner was told of trouble.
    Told,
}

impl Memory {
    const fn word(self) -> &'static str {
        match self {
            Self::Seen => "seen",
            Self::Replied => "replied",
            Self::Told => "told",
        }
    }
}

/// Whether `name` was not remembered; from now on it is, for `span`. At most [`REPLIES_PER_DAY_MAX`] replies are claimed in a day.
///
/// # Errors
/// [`ScriptsError::Store`] if the store fails.
pub fn claim(tx: &mut Tx<'_>, account: i64, memory: Memory, name: &str, span: Duration) -> Result<bool, ScriptsError> {
    let (now, key) = (tx.now(), tx.context().keys.account(tx, account)?);
    if memory == Memory::Replied {
        let made = tx.row(
            "SELECT COUNT(*) FROM script_memory WHERE account = $1 AND kind = $2 AND made > $3",
            params![account, memory.word(), now.millis() - 86_400_000],
            |row| row.int(0),
        )?;
        if made.unwrap_or(0) >= REPLIES_PER_DAY_MAX {
            return Ok(false);
        }
    }
    let claimed = tx.execute(
        "INSERT INTO script_memory (account, kind, name, made, expires) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (account, kind, name) DO UPDATE SET made = $4, expires = $5 WHERE script_memory.expires <= $4",
        params![account, memory.word(), &hash(&key, name), now.millis(), now.plus(span).millis()],
    )?;
    Ok(claimed == 1)
}

/// Whether `name` is remembered: then [`claim`] would not give it.
///
/// # Errors
/// [`ScriptsError::Store`] if the store fails.
pub fn is_claimed(tx: &mut Tx<'_>, account: i64, memory: Memory, name: &str) -> Result<bool, ScriptsError> {
    let (now, key) = (tx.now(), tx.context().keys.account(tx, account)?);
    let found = tx.row(
        "SELECT made FROM script_memory WHERE account = $1 AND kind = $2 AND name = $3 AND expires > $4",
        params![account, memory.word(), &hash(&key, name), now.millis()],
        |_| Ok(()),
    )?;
    Ok(found.is_some())
}

/// Remembers a message for `span` from now on, whether it was remembered or not.
pub(crate) fn remember(tx: &mut Tx<'_>, account: i64, name: &str, span: Duration) -> Result<(), ScriptsError> {
    let (now, key) = (tx.now(), tx.context().keys.account(tx, account)?);
    tx.execute(
        "INSERT INTO script_memory (account, kind, name, made, expires) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (account, kind, name) DO UPDATE SET made = $4, expires = $5",
        params![account, Memory::Seen.word(), &hash(&key, name), now.millis(), now.plus(span).millis()],
    )?;
    Ok(())
}

/// Messages that are remembered.
pub(crate) fn seen(tx: &mut Tx<'_>, account: i64) -> Result<HashSet<Vec<u8>>, ScriptsError> {
    let rows = tx.rows(
        "SELECT name FROM script_memory WHERE account = $1 AND kind = $2 AND expires > $3 ORDER BY made DESC LIMIT $4",
        params![account, Memory::Seen.word(), tx.now().millis(), SEEN_MAX],
        |row| Ok(row.bytes(0)?.to_vec()),
    )?;
    Ok(rows.into_iter().collect())
}

/// What stands for a name in the table.
pub(crate) fn hash(key: &crypto::keys::Key<crypto::keys::Account>, name: &str) -> [u8; 32] {
    key.hashing().hash(format!("script memory {name}").as_bytes())
}

/// Forgets what need not be remembered any more, at most `limit`; gives how many.
///
/// # Errors
/// [`ScriptsError::Store`] if the store fails.
pub fn forget_expired(tx: &mut Tx<'_>, limit: u32) -> Result<u64, ScriptsError> {
    let now = tx.now().millis();
    let expired = tx.rows(
        "SELECT account, kind, name FROM script_memory WHERE expires <= $1 ORDER BY expires LIMIT $2",
        params![now, limit],
        |row| Ok((row.int(0)?, row.text(1)?.to_owned(), row.bytes(2)?.to_vec())),
    )?;
    let mut forgotten = 0;
    for (account, kind, name) in expired {
        forgotten += tx.execute(
            "DELETE FROM script_memory WHERE account = $1 AND kind = $2 AND name = $3 AND expires <= $4",
            params![account, kind.as_str(), &name, now],
        )?;
    }
    Ok(forgotten)
}
