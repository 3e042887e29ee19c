//! What was gathered of a domain on a day, in the store until it is reported. Nodes write into the same row, and one of them reports.

use std::time::Duration;

use crypto::seal::SealError;
use env::Timestamp;
use mailauth::tls_rpt::PolicyResult;
use serde::{Deserialize, Serialize};
use store::{Context, StoreError, Tx, params};

use super::results::{DAY_SECONDS, Day, merge};

/// Least time after the end of a day before it is reported, so that every node has written down its part.
const REPORT_AFTER: Duration = Duration::from_secs(15 * 60);

/// Time over which the reports of a day are spread (RFC 8460 section 4.1 asks not to send all of them at midnight).
const SPREAD_SECONDS: u64 = 4 * 3600;

/// Days after which what could not be reported is dropped (RFC 8460 section 5.5: a sender tries for a day).
const KEPT_DAYS: i64 = 2;

/// Reports taken at once.
const TAKEN_MAX: i64 = 20;

/// How long a report that was taken is left alone by others.
const LEASE: Duration = Duration::from_secs(600);

/// What is sealed, and where.
const COLUMN: &str = "tls_result.results";

/// What was gathered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Gathered {
    /// The domain.
    pub(super) domain: String,
    /// Name of the report.
    pub(super) report_id: String,
    /// How connections fared.
    pub(super) policies: Vec<PolicyResult>,
    /// Places that have had the report.
    #[serde(default)]
    pub(super) served: Vec<String>,
}

/// A report that is this process's to send until the lease ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) day: Day,
    pub(super) name: [u8; 32],
    /// End of the lease, by which it is known again.
    pub(super) until: Timestamp,
    pub(super) gathered: Gathered,
}

/// Adds `policies` to what is known of `domain` on `day`.
pub(super) fn add(tx: &mut Tx<'_>, day: Day, domain: &str, policies: &[PolicyResult]) -> Result<(), StoreError> {
    let context = tx.context();
    let name = hashed(context, domain);
    let report_id = format!("{day}.{:x}", tx.next_id());
    let fresh = Gathered { domain: domain.to_owned(), report_id, policies: policies.to_vec(), served: Vec::new() };
    let sealed = seal(context, day, &name, &fresh)?;
    let due = due(day, &name).millis();
    let resting = tx.row(
        "INSERT INTO tls_result (day, domain, due, results) VALUES ($1, $2, $3, $4)
         ON CONFLICT (day, domain) DO UPDATE SET day = excluded.day RETURNING results",
        params![day, &name[..], due, &sealed],
        |row| Ok(row.bytes(0)?.to_vec()),
    )?;
    match resting {
        Some(resting) if resting != sealed => {
            let mut known = open(context, day, &name, &resting)?;
            policies.iter().for_each(|policy| merge(&mut known.policies, policy.clone()));
            let sealed = seal(context, day, &name, &known)?;
            tx.execute(
                "UPDATE tls_result SET results = $1 WHERE day = $2 AND domain = $3",
                params![&sealed, day, &name[..]],
            )?;
        }
        _ => {}
    }
    Ok(())
}

/// Takes reports that are due, and drops those that are too old.
pub(super) fn take(tx: &mut Tx<'_>) -> Result<Vec<Taken>, StoreError> {
    let now = tx.now();
    let today = now.seconds().div_euclid(DAY_SECONDS);
    tx.execute("DELETE FROM tls_result WHERE day < $1", params![today - KEPT_DAYS])?;
    let due = tx.rows(
        "SELECT day, domain, due FROM tls_result WHERE due <= $1 ORDER BY due, day, domain LIMIT $2",
        params![now.millis(), TAKEN_MAX],
        |row| Ok((row.int(0)?, row.bytes(1)?.to_vec(), row.int(2)?)),
    )?;
    let until = now.plus(LEASE);
    let mut taken = Vec::new();
    for (day, name, due) in due {
        // Another node that was quicker has changed `due`.
        let resting = tx.row(
            "UPDATE tls_result SET due = $1 WHERE day = $2 AND domain = $3 AND due = $4 RETURNING results",
            params![until.millis(), day, &name, due],
            |row| Ok(row.bytes(0)?.to_vec()),
        )?;
        let Some(resting) = resting else { continue };
        let name = <[u8; 32]>::try_from(name.as_slice()).map_err(|_| unreadable())?;
        let gathered = open(tx.context(), day, &name, &resting)?;
        taken.push(Taken { day, name, until, gathered });
    }
    Ok(taken)
}

/// Forgets a report that is sent, or that nobody wants. An error if the lease has ended.
pub(super) fn forget(tx: &mut Tx<'_>, taken: &Taken) -> Result<(), StoreError> {
    let gone = tx.execute(
        "DELETE FROM tls_result WHERE day = $1 AND domain = $2 AND due = $3",
        params![taken.day, &taken.name[..], taken.until.millis()],
    )?;
    if gone == 1 { Ok(()) } else { Err(lost()) }
}

/// Keeps the lease on a report and writes down who has had it. An error, with nothing changed once the transaction is undone, if
/// the lease has ended.
pub(super) fn keep(tx: &mut Tx<'_>, taken: &Taken, due: Timestamp) -> Result<(), StoreError> {
    let sealed = seal(tx.context(), taken.day, &taken.name, &taken.gathered)?;
    let changed = tx.execute(
        "UPDATE tls_result SET results = $1, due = $2 WHERE day = $3 AND domain = $4 AND due = $5",
        params![&sealed, due.millis(), taken.day, &taken.name[..], taken.until.millis()],
    )?;
    if changed == 1 { Ok(()) } else { Err(lost()) }
}

/// Has all reports sent at once, that of the present day as far as it goes included; gives their number.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn send_soon(tx: &mut Tx<'_>) -> Result<u64, StoreError> {
    let now = tx.now().millis();
    tx.execute("UPDATE tls_result SET due = $1 WHERE due > $1", params![now])
}

/// When the report of a day is sent: each domain at another time, and at the same every day.
fn due(day: Day, name: &[u8; 32]) -> Timestamp {
    let [first, second, third, ..] = *name;
    let spread = (u64::from(first) << 16 | u64::from(second) << 8 | u64::from(third)) % SPREAD_SECONDS;
    Timestamp::from_seconds((day + 1) * DAY_SECONDS).plus(REPORT_AFTER).plus(Duration::from_secs(spread))
}

fn hashed(context: &Context, domain: &str) -> [u8; 32] {
    context.keys.region().hashing().hash(&[b"tls_result ", domain.as_bytes()].concat())
}

fn place(day: Day, name: &[u8; 32]) -> Vec<u8> {
    [COLUMN.as_bytes(), &day.to_le_bytes(), &name[..]].concat()
}

fn seal(context: &Context, day: Day, name: &[u8; 32], gathered: &Gathered) -> Result<Vec<u8>, StoreError> {
    let plain = serde_json::to_vec(gathered).map_err(|_| unreadable())?;
    Ok(context.keys.region().sealing().seal(&*context.entropy, &place(day, name), &plain))
}

fn open(context: &Context, day: Day, name: &[u8; 32], sealed: &[u8]) -> Result<Gathered, StoreError> {
    let opened: Result<_, SealError> = context.keys.region().sealing().open(COLUMN, &place(day, name), sealed);
    serde_json::from_slice(&opened?).map_err(|_| unreadable())
}

fn unreadable() -> StoreError {
    StoreError::Corrupt { what: "results of connections cannot be read".to_owned() }
}

fn lost() -> StoreError {
    StoreError::Missing { what: "report that was taken: another process has it" }
}

#[cfg(test)]
mod tests;
