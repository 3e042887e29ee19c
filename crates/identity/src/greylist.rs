//! Which suspicious clients have come back, as honest servers do (RFC 6647).

use std::time::Duration;

use net::Network;
use store::{Tx, params};

use crate::IdentityError;

/// How long a client has for its second attempt; servers try again for days.
const RETURN_WITHIN: Duration = Duration::from_secs(2 * 86_400);

/// How long one that came back need not wait again, from its last message.
const KNOWN_FOR: Duration = Duration::from_secs(35 * 86_400);

/// Attempts that are kept of one organisation. While there are more, none waits.
const KEPT_MAX: i64 = 100_000;

/// One client's wish to send from one address to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Whose the recipient is.
    pub organisation: i64,
    /// Network of the client.
    pub network: Network,
    /// Canonical address in MAIL FROM; empty for the null sender.
    pub sender: String,
    /// Canonical address of the recipient.
    pub recipient: String,
}

/// Notes the attempt; whether it may pass, as the first one was at least `wait` ago.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn note_attempt(tx: &mut Tx<'_>, attempt: &Attempt, wait: Duration) -> Result<bool, IdentityError> {
    let Attempt { organisation, network, sender, recipient } = attempt;
    let key = tx.context().keys.organisation(tx, *organisation)?;
    let hash = key.hashing().hash(format!("greylist {network} {sender} {recipient}").as_bytes());
    let now = tx.now();
    let first = tx.row(
        "SELECT first FROM greylist WHERE organisation = $1 AND attempt = $2 AND expires > $3",
        params![*organisation, &hash, now.millis()],
        |row| row.int(0),
    )?;
    if let Some(first) = first {
        if now.millis().saturating_sub(first) < i64::try_from(wait.as_millis()).unwrap_or(i64::MAX) {
            return Ok(false);
        }
        tx.execute(
            "UPDATE greylist SET expires = $3 WHERE organisation = $1 AND attempt = $2",
            params![*organisation, &hash, now.plus(KNOWN_FOR).millis()],
        )?;
        return Ok(true);
    }
    let full = tx.row(
        "SELECT first FROM greylist WHERE organisation = $1 LIMIT 1 OFFSET $2",
        params![*organisation, KEPT_MAX - 1],
        |_| Ok(()),
    )?;
    if full.is_some() {
        return Ok(true);
    }
    tx.execute(
        "INSERT INTO greylist (organisation, attempt, first, expires) VALUES ($1, $2, $3, $4)
         ON CONFLICT (organisation, attempt) DO UPDATE SET first = $3, expires = $4",
        params![*organisation, &hash, now.millis(), now.plus(RETURN_WITHIN).millis()],
    )?;
    Ok(false)
}

/// Forgets attempts that are too old; gives how many.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn forget_attempts(tx: &mut Tx<'_>) -> Result<u64, IdentityError> {
    Ok(tx.execute("DELETE FROM greylist WHERE expires <= $1", params![tx.now().millis()])?)
}
