//! What became of leased recipients.

use crypto::keys::{Key, Organisation};
use env::Timestamp;
use store::{Notice, Tx, blobs, params};

use crate::entry::{ATTEMPT_TEXT_BYTES_MAX, Progress, open_progress, seal_progress};
use crate::{Attempt, QueueError};

/// What became of a recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The next server, or a mailbox here, has it.
    Delivered,
    /// It was refused for good.
    Failed,
    /// It could not be delivered before the message expired.
    Expired,
    /// It is to be tried again.
    Deferred {
        /// When.
        until: Timestamp,
    },
    /// It was not tried; the attempt does not count.
    Returned {
        /// When it is due.
        until: Timestamp,
    },
}

impl Outcome {
    /// Whether nothing more is to be done for the recipient.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Delivered | Self::Failed | Self::Expired)
    }
}

/// The outcome of one recipient under a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// The recipient's number in the message.
    pub number: u32,
    /// What became of it.
    pub outcome: Outcome,
    /// The attempt, for those who look at the queue; none keeps the one before.
    pub attempt: Option<Attempt>,
    /// The sender has been told that it takes long, now or before.
    pub delay_notified: bool,
}

/// What a settlement leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settled {
    /// Nothing is left to do for the message and it has left the queue.
    pub finished: bool,
}

/// Records what became of recipients under the lease with this `fence`. Recipients of the lease that are not named stay leased.
/// When the last recipient of a message is final, the message leaves the queue and its blob is released. Notifications to the
/// sender belong into the same transaction.
///
/// # Errors
/// [`QueueError::StaleLease`], with nothing changed once the transaction is undone, if any of the recipients is no longer
/// under this lease.
pub fn settle(tx: &mut Tx<'_>, message: i64, fence: i64, settlements: &[Settlement]) -> Result<Settled, QueueError> {
    // The message's row first: two processes that settle its last recipients must see each other.
    let Some((organisation, blob)) = take_message(tx, message)? else {
        return Err(QueueError::StaleLease { message });
    };
    let all_final = settlements.iter().all(|it| it.outcome.is_final());
    if all_final && nothing_else_open(tx, message, fence, settlements)? {
        remove(tx, message, blob)?;
        return Ok(Settled { finished: true });
    }
    let key = tx.context().keys.organisation(tx, organisation)?;
    for settlement in settlements {
        let number = i64::from(settlement.number);
        let last = match &settlement.attempt {
            Some(attempt) => Some(shortened(attempt.clone())),
            None => last_attempt(tx, &key, message, number)?,
        };
        let progress = Progress { last, delay_notified: settlement.delay_notified };
        let sealed = seal_progress(tx, &key, message, number, &progress)?;
        settle_recipient(tx, message, fence, number, settlement.outcome, &sealed)?;
    }
    if settlements.iter().any(|it| !it.outcome.is_final()) {
        tx.notify(Notice::Queue);
    } else if !is_open(tx, message)? {
        remove(tx, message, blob)?;
        return Ok(Settled { finished: true });
    }
    Ok(Settled { finished: false })
}

/// Takes the message's row, which serialises whoever changes the message; gives its organisation and blob.
pub(crate) fn take_message(tx: &mut Tx<'_>, message: i64) -> Result<Option<(i64, i64)>, QueueError> {
    Ok(tx.row(
        "UPDATE queue_message SET held = held WHERE id = $1 RETURNING organisation, blob",
        params![message],
        |row| Ok((row.int(0)?, row.int(1)?)),
    )?)
}

/// Takes the message out of the queue and releases its blob.
pub(crate) fn remove(tx: &mut Tx<'_>, message: i64, blob: i64) -> Result<(), QueueError> {
    tx.execute("DELETE FROM queue_recipient WHERE message = $1", params![message])?;
    tx.execute("DELETE FROM queue_message WHERE id = $1", params![message])?;
    blobs::add_refs(tx, blob, -1)?;
    Ok(())
}

/// Whether the settled recipients are all under the lease and all that is open of the message: the usual case, in which no row
/// needs to be updated before it is deleted.
fn nothing_else_open(
    tx: &mut Tx<'_>,
    message: i64,
    fence: i64,
    settlements: &[Settlement],
) -> Result<bool, QueueError> {
    let mut open = 0;
    let mut settled = 0;
    tx.for_each(
        "SELECT number, lease_fence, lease_until FROM queue_recipient WHERE message = $1 AND state IN ('due', 'held')",
        params![message],
        |row| {
            let (number, leased) = (row.int(0)?, row.int(1)? == fence && row.int(2)? > 0);
            open += 1;
            if leased && settlements.iter().any(|it| i64::from(it.number) == number) {
                settled += 1;
            }
            Ok(())
        },
    )?;
    if settled < settlements.len() {
        return Err(QueueError::StaleLease { message });
    }
    Ok(open == settled)
}

/// The attempt that was reported before.
fn last_attempt(
    tx: &mut Tx<'_>,
    key: &Key<Organisation>,
    message: i64,
    number: i64,
) -> Result<Option<Attempt>, QueueError> {
    let sealed = tx.row(
        "SELECT outcome FROM queue_recipient WHERE message = $1 AND number = $2",
        params![message, number],
        |row| Ok(row.bytes_opt(0)?.map(<[u8]>::to_vec)),
    )?;
    Ok(open_progress(key, message, number, sealed.flatten().as_deref())?.last)
}

fn is_open(tx: &mut Tx<'_>, message: i64) -> Result<bool, QueueError> {
    let open = tx.row(
        "SELECT number FROM queue_recipient WHERE message = $1 AND state IN ('due', 'held') LIMIT 1",
        params![message],
        |row| row.int(0),
    )?;
    Ok(open.is_some())
}

fn settle_recipient(
    tx: &mut Tx<'_>,
    message: i64,
    fence: i64,
    number: i64,
    outcome: Outcome,
    progress: &[u8],
) -> Result<(), QueueError> {
    let changed = match outcome {
        Outcome::Deferred { until } => tx.execute(
            "UPDATE queue_recipient SET due = $1, lease_until = 0, outcome = $2
             WHERE message = $3 AND number = $4 AND lease_fence = $5 AND lease_until > 0 AND state IN ('due', 'held')",
            params![until.millis(), progress, message, number, fence],
        )?,
        Outcome::Returned { until } => tx.execute(
            "UPDATE queue_recipient SET due = $1, lease_until = 0, attempts = attempts - 1, outcome = $2
             WHERE message = $3 AND number = $4 AND lease_fence = $5 AND lease_until > 0 AND state IN ('due', 'held')",
            params![until.millis(), progress, message, number, fence],
        )?,
        Outcome::Delivered | Outcome::Failed | Outcome::Expired => tx.execute(
            "UPDATE queue_recipient SET state = $1, lease_until = 0, outcome = $2
             WHERE message = $3 AND number = $4 AND lease_fence = $5 AND lease_until > 0 AND state IN ('due', 'held')",
            params![final_state(outcome), progress, message, number, fence],
        )?,
    };
    if changed == 1 { Ok(()) } else { Err(QueueError::StaleLease { message }) }
}

fn final_state(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Delivered => "delivered",
        Outcome::Expired => "expired",
        _ => "failed",
    }
}

fn shortened(mut attempt: Attempt) -> Attempt {
    for text in [&mut attempt.text, &mut attempt.host, &mut attempt.status] {
        let mut end = text.len().min(ATTEMPT_TEXT_BYTES_MAX);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
    }
    attempt
}
