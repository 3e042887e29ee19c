//! Slows down who has the password and tries codes.
//!
//! Wrong answers of a known client are counted for it alone, those of all others together: a thief of the password elsewhere cannot make the
//! owner wait at the usual desk.

use std::time::Duration;

use env::Timestamp;
use store::{Tx, params};

use crate::IdentityError;

/// Wrong answers that cost nothing.
const FREE: u32 = 5;

/// Wait after the first answer that is not free; doubles with each.
const WAIT_FIRST: Duration = Duration::from_secs(60);

/// Longest wait: with six digits and three codes that count, a thief needs some twenty years for an even chance.
const WAIT_MAX: Duration = Duration::from_secs(3_600);

/// After this time without an answer, wrong ones are forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(86_400);

/// How long `account` must wait before an answer is looked at; zero if it is looked at now, and then counted as wrong until
/// [`forgive`] says otherwise.
pub(super) fn admit(tx: &mut Tx<'_>, account: i64, mark: &[u8]) -> Result<Duration, IdentityError> {
    let row = tx.row(
        "SELECT failures, last FROM factor_failure WHERE account = $1 AND mark = $2",
        params![account, mark],
        |row| Ok((row.uint32(0)?, Timestamp::from_millis(row.int(1)?))),
    )?;
    let now = tx.now();
    let failures = match row {
        Some((failures, last)) if now.since(last) < FORGOTTEN_AFTER => {
            let left = wait_after(failures).saturating_sub(now.since(last));
            if !left.is_zero() {
                return Ok(left);
            }
            failures
        }
        _ => 0,
    };
    tx.execute(
        "INSERT INTO factor_failure (account, mark, failures, last) VALUES ($1, $2, $3, $4)
         ON CONFLICT (account, mark) DO UPDATE SET failures = excluded.failures, last = excluded.last",
        params![account, mark, i64::from(failures.saturating_add(1)), now.millis()],
    )?;
    Ok(Duration::ZERO)
}

/// The answer was right.
pub(super) fn forgive(tx: &mut Tx<'_>, account: i64, mark: &[u8]) -> Result<(), IdentityError> {
    tx.execute("DELETE FROM factor_failure WHERE account = $1 AND mark = $2", params![account, mark])?;
    Ok(())
}

fn wait_after(failures: u32) -> Duration {
    let Some(beyond) = failures.checked_sub(FREE) else { return Duration::ZERO };
    WAIT_FIRST.saturating_mul(1 << beyond.min(16)).min(WAIT_MAX)
}
