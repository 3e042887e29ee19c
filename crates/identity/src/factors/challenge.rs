//! Enrolments and answers that are under way.

use std::time::Duration;

use env::Timestamp;
use store::{Tx, params};

use super::sealed::{open, seal};
use crate::IdentityError;

/// How long a person may take. The same for all kinds; a code by SMS is good for as long.
pub(super) const LASTS: Duration = Duration::from_secs(300);

/// Wrong answers to one challenge.
const TRIES: i64 = 5;

/// Challenges of an account that are under way at once; older ones go.
const UNDER_WAY_MAX: i64 = 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Enrol,
    Answer,
}

impl Purpose {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Enrol => "enrol",
            Self::Answer => "answer",
        }
    }
}

/// Keeps what the second half is judged by; gives its number.
pub(super) fn keep(
    tx: &mut Tx<'_>,
    account: i64,
    purpose: Purpose,
    kind: &str,
    detail: &[u8],
) -> Result<i64, IdentityError> {
    let id = tx.next_id();
    let sealed = seal(tx, account, "factor_challenge.detail", id, detail)?;
    tx.execute(
        "INSERT INTO factor_challenge (account, id, purpose, kind, detail, tries, expires) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        params![account, id, purpose.as_str(), kind, &sealed, TRIES, tx.now().plus(LASTS).millis()],
    )?;
    let oldest = tx.row(
        "SELECT id FROM factor_challenge WHERE account = $1 ORDER BY id DESC LIMIT 1 OFFSET $2",
        params![account, UNDER_WAY_MAX],
        |row| row.int(0),
    )?;
    if let Some(oldest) = oldest {
        tx.execute("DELETE FROM factor_challenge WHERE account = $1 AND id <= $2", params![account, oldest])?;
    }
    Ok(id)
}

/// What was kept, and takes one try from it; `None` if there is no such challenge any more. Kinds must be the same.
pub(super) fn take_try(
    tx: &mut Tx<'_>,
    account: i64,
    purpose: Purpose,
    kind: &str,
    id: i64,
) -> Result<Option<Vec<u8>>, IdentityError> {
    let row = tx.row(
        "SELECT detail, tries, expires FROM factor_challenge WHERE account = $1 AND id = $2 AND purpose = $3 AND kind = $4",
        params![account, id, purpose.as_str(), kind],
        |row| Ok((row.bytes(0)?.to_vec(), row.int(1)?, row.int(2)?)),
    )?;
    let Some((sealed, tries, expires)) = row else { return Ok(None) };
    if tries <= 1 || Timestamp::from_millis(expires) <= tx.now() {
        end(tx, account, id)?;
    } else {
        tx.execute(
            "UPDATE factor_challenge SET tries = tries - 1 WHERE account = $1 AND id = $2",
            params![account, id],
        )?;
    }
    if Timestamp::from_millis(expires) <= tx.now() {
        return Ok(None);
    }
    Ok(Some(open(tx, account, "factor_challenge.detail", id, &sealed)?))
}

/// Nothing answers this challenge any more.
pub(super) fn end(tx: &mut Tx<'_>, account: i64, id: i64) -> Result<(), IdentityError> {
    tx.execute("DELETE FROM factor_challenge WHERE account = $1 AND id = $2", params![account, id])?;
    Ok(())
}
