//! Rules that came into force in an account and hide mail from its reader: sent on, filed away, thrown away. One who has taken over an
//! account makes such rules first, so that nobody sees what partners answer. Kept for those who join it with what else happened.

use env::Timestamp;
use serde::{Deserialize, Serialize};
use store::{Tx, params};

use crate::IdentityError;
use crate::sealed::{open, seal};

/// Days for which events are kept.
const KEPT_DAYS: i64 = 90;

/// Events that are kept of one account.
const KEPT_MAX: i64 = 500;

/// Words and addresses that are kept of one event.
const WANTED_MAX: usize = 64;

/// Octets of one that are kept.
const WANTED_BYTES_MAX: usize = 200;

const COLUMN: &str = "rule_event.detail";

/// What a rule does with mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hiding {
    /// It is sent on to an address.
    SendsOn {
        /// The address.
        to: String,
    },
    /// It is put elsewhere than into INBOX.
    Files {
        /// The mailbox.
        into: String,
    },
    /// It is thrown away or refused.
    Drops,
}

/// A rule that came into force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleEvent {
    /// When.
    pub at: Timestamp,
    /// What it does.
    pub hiding: Hiding,
    /// Words and addresses that mail is looked through for; none: it is for all mail.
    pub wanted: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct Detail {
    hiding: Hiding,
    wanted: Vec<String>,
}

/// Notes that a rule came into force.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn note(tx: &mut Tx<'_>, account: i64, hiding: Hiding, mut wanted: Vec<String>) -> Result<(), IdentityError> {
    wanted.truncate(WANTED_MAX);
    wanted.iter_mut().for_each(|word| word.truncate(word.floor_char_boundary(WANTED_BYTES_MAX)));
    let (id, now) = (tx.next_id(), tx.now().millis());
    let sealed = seal(tx, account, COLUMN, id, &Detail { hiding, wanted })?;
    tx.execute(
        "INSERT INTO rule_event (account, id, at, detail) VALUES ($1, $2, $3, $4)",
        params![account, id, now, &sealed],
    )?;
    tx.execute(
        "DELETE FROM rule_event WHERE account = $1 AND (at < $2 OR id NOT IN (
            SELECT id FROM rule_event WHERE account = $1 ORDER BY id DESC LIMIT $3))",
        params![account, now - KEPT_DAYS * 86_400_000, KEPT_MAX],
    )?;
    Ok(())
}

/// Rules that came into force in the account since then, oldest first.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn list(tx: &mut Tx<'_>, account: i64, since: Timestamp) -> Result<Vec<RuleEvent>, IdentityError> {
    let rows = tx.rows(
        "SELECT id, at, detail FROM rule_event WHERE account = $1 AND at >= $2 ORDER BY id",
        params![account, since.millis()],
        |row| Ok((row.int(0)?, row.int(1)?, row.bytes(2)?.to_vec())),
    )?;
    rows.into_iter()
        .map(|(id, at, sealed)| {
            let Detail { hiding, wanted } = open(tx, account, COLUMN, id, &sealed)?;
            Ok(RuleEvent { at: Timestamp::from_millis(at), hiding, wanted })
        })
        .collect()
}
