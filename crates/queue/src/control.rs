//! What people do to messages in the queue. Each function refuses a message that is not there.

use store::{Notice, Tx, params};
use trace::{Change, Outcome, Step, Traced, What};

use crate::QueueError;
use crate::entry::open_envelope;
use crate::settle::{remove, take_message};

/// Keeps the message from being tried until it is released. An attempt that is under way may still deliver it.
///
/// # Errors
/// [`QueueError::NoSuchMessage`], or the store's.
pub fn hold(tx: &mut Tx<'_>, message: i64) -> Result<(), QueueError> {
    take(tx, message)?;
    tell(tx, message, "held", Change::to(Outcome::Held))?;
    tx.execute("UPDATE queue_message SET held = 1 WHERE id = $1", params![message])?;
    tx.execute("UPDATE queue_recipient SET state = 'held' WHERE message = $1 AND state = 'due'", params![message])?;
    Ok(())
}

/// Ends the hold; recipients are due when they were.
///
/// # Errors
/// As [`hold`].
pub fn release(tx: &mut Tx<'_>, message: i64) -> Result<(), QueueError> {
    take(tx, message)?;
    tell(tx, message, "released", Change::to(Outcome::Waiting))?;
    free(tx, message)
}

fn free(tx: &mut Tx<'_>, message: i64) -> Result<(), QueueError> {
    tx.execute("UPDATE queue_message SET held = 0 WHERE id = $1", params![message])?;
    tx.execute("UPDATE queue_recipient SET state = 'due' WHERE message = $1 AND state = 'held'", params![message])?;
    tx.notify(Notice::Queue);
    Ok(())
}

/// Makes every recipient that waits due now. Held ones stay held and leased ones are being tried already.
///
/// # Errors
/// As [`hold`].
pub fn retry_now(tx: &mut Tx<'_>, message: i64) -> Result<(), QueueError> {
    take(tx, message)?;
    tell(tx, message, "retried", Change::NONE)?;
    hurry(tx, message)
}

fn hurry(tx: &mut Tx<'_>, message: i64) -> Result<(), QueueError> {
    let now = tx.now().millis();
    // The sign keeps SQLite from going through all that is due.
    tx.execute(
        "UPDATE queue_recipient SET due = $1 WHERE message = $2 AND state = 'due' AND lease_until <= $1 AND +due > $1",
        params![now, message],
    )?;
    tx.notify(Notice::Queue);
    Ok(())
}

/// Gives the message up: its expiry is now, a hold ends, and whoever leases it next tries once more and then tells the sender.
///
/// # Errors
/// As [`hold`].
pub fn expire_now(tx: &mut Tx<'_>, message: i64) -> Result<(), QueueError> {
    let now = tx.now().millis();
    take(tx, message)?;
    tell(tx, message, "expired", Change::to(Outcome::Waiting))?;
    free(tx, message)?;
    tx.execute("UPDATE queue_message SET expires = $1 WHERE id = $2 AND expires > $1", params![now, message])?;
    hurry(tx, message)
}

/// Takes the message out of the queue without telling its sender. An attempt that is under way may still deliver it.
///
/// # Errors
/// As [`hold`].
pub fn cancel(tx: &mut Tx<'_>, message: i64) -> Result<(), QueueError> {
    let blob = take(tx, message)?;
    let open = tx.row(
        "SELECT COUNT(*) FROM queue_recipient WHERE message = $1 AND state IN ('due', 'held')",
        params![message],
        |row| row.int(0),
    )?;
    let closed = open.unwrap_or(0).unsigned_abs();
    tell(tx, message, "cancelled", Change { closed, outcome: Some(Outcome::Removed), ..Change::NONE })?;
    remove(tx, message, blob)
}

/// Takes the message's row; gives its blob.
fn take(tx: &mut Tx<'_>, message: i64) -> Result<i64, QueueError> {
    take_message(tx, message)?.map(|(_, blob)| blob).ok_or(QueueError::NoSuchMessage { message })
}

/// The traces of a message in the queue.
///
/// # Errors
/// [`QueueError`] if the store fails; a message that cannot be read has none.
fn traces_of(tx: &mut Tx<'_>, message: i64) -> Result<Vec<Traced>, QueueError> {
    let row = tx.row("SELECT organisation, envelope FROM queue_message WHERE id = $1", params![message], |row| {
        Ok((row.int(0)?, row.bytes(1)?.to_vec()))
    })?;
    let Some((organisation, sealed)) = row else { return Ok(Vec::new()) };
    let key = tx.context().keys.organisation(tx, organisation)?;
    // A damaged message can still be held and taken out.
    Ok(open_envelope(&key, message, &sealed).map(|envelope| envelope.traced).unwrap_or_default())
}

/// Writes into the trace that somebody did something to the message.
fn tell(tx: &mut Tx<'_>, message: i64, how: &str, change: Change) -> Result<(), QueueError> {
    for traced in traces_of(tx, message)?.into_iter().take(1) {
        let handled = What::Handled { how: how.to_owned(), number: message };
        trace::note(tx, traced, &[Step::at(tx.now(), handled)], change)?;
    }
    Ok(())
}
