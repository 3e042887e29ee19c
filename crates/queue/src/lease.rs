//! Who works on what: leases on recipients of one message and one destination.
//!
//! A leased recipient is due again when its lease ends, so one index over due times finds both what waits and what was
//! abandoned, and `UPDATE .. WHERE due <= now .. RETURNING` lets only one process have it on either engine.

use std::collections::HashSet;
use std::time::Duration;

use crypto::keys::MessageKey;
use env::{Outlook, Timestamp};
use store::{Tx, params};

use crate::control::hold;
use crate::entry::{canonical_domain, domain_of, open_envelope, open_progress, open_recipient};
use crate::{Attempt, Envelope, Notify, QueueError};

/// Due recipients that are looked at before destinations are visited one by one.
const SAMPLE_ROWS_MAX: usize = 512;

/// Destinations that one call visits when it goes through them one by one.
const DESTINATIONS_VISITED_MAX: i64 = 4_096;

/// Recipients of one destination that are looked at to find messages.
const ROWS_PER_DESTINATION_MAX: usize = 1_024;

/// What a delivery process asks for.
#[derive(Debug, Clone)]
pub struct LeaseRequest {
    /// How long the lease holds unless it is renewed.
    pub lease_for: Duration,
    /// Leases wanted.
    pub leases_max: usize,
    /// Leases wanted on one destination.
    pub per_destination_max: usize,
    /// Destinations ([`Lease::destination`]) that take no more at present: busy, or unreachable.
    pub excluded: HashSet<i64>,
}

/// The right to deliver a message to some of its recipients, until it runs out.
pub struct Lease {
    /// The message in the queue.
    pub message: i64,
    /// Shows that the lease is still the valid one.
    pub fence: i64,
    /// When the lease ends.
    pub until: Timestamp,
    /// Whose mail it is.
    pub organisation: i64,
    /// Keyed hash of the domain.
    pub destination: i64,
    /// Domain of all the recipients in canonical form: lowercase A-labels, or an address literal.
    pub domain: String,
    /// The blob with the message.
    pub blob: i64,
    /// Key of the blob.
    pub key: MessageKey,
    /// Sender, wishes and trace fields.
    pub envelope: Envelope,
    /// Octets of the message with its trace fields.
    pub size: u64,
    /// When it came in.
    pub created: Timestamp,
    /// When delivery is given up: what cannot be delivered at or after it is settled as expired.
    pub expires: Timestamp,
    /// Whom it goes to; at least one.
    pub recipients: Vec<LeasedRecipient>,
}

/// A recipient under a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeasedRecipient {
    /// Its number in the message.
    pub number: u32,
    /// Forward path.
    pub address: String,
    /// When the sender wants to hear of it.
    pub notify: Notify,
    /// The address that the sender first used, with its type.
    pub orcpt: Option<String>,
    /// Attempts including this one.
    pub attempts: u32,
    /// The sender has been told that it takes long.
    pub delay_notified: bool,
    /// The attempt before this one.
    pub last: Option<Attempt>,
}

/// Takes leases on what is due, fairly among destinations: each that has something due gets its turn before any gets a second
/// share, and where there are more destinations than leases, chance picks where the round begins.
///
/// # Errors
/// [`QueueError`] if the store fails or a sealed column does not open.
pub fn lease(tx: &mut Tx<'_>, request: &LeaseRequest) -> Result<Vec<Lease>, QueueError> {
    let now = tx.now();
    let destinations = due_destinations(tx, now, request)?;
    if destinations.is_empty() {
        return Ok(Vec::new());
    }
    let share = (request.leases_max / destinations.len()).clamp(1, request.per_destination_max.max(1));
    let mut wanted = Vec::new();
    for destination in destinations {
        wanted.extend(due_messages(tx, destination, now, share)?.into_iter().map(|message| (message, destination)));
        if wanted.len() >= request.leases_max {
            break;
        }
    }
    // In one order everywhere, so that two processes do not wait for each other.
    wanted.sort_unstable();
    let until = now.plus(request.lease_for);
    let mut leases = Vec::with_capacity(wanted.len());
    for (message, destination) in wanted {
        leases.extend(take(tx, message, destination, now, until)?);
    }
    Ok(leases)
}

/// Prolongs a lease to `lease_for` from now.
///
/// # Errors
/// [`QueueError::StaleLease`] if it is no longer valid.
pub fn renew(tx: &mut Tx<'_>, message: i64, fence: i64, lease_for: Duration) -> Result<Timestamp, QueueError> {
    let until = tx.now().plus(lease_for);
    let renewed = tx.execute(
        "UPDATE queue_recipient SET lease_until = $1, due = $1
         WHERE message = $2 AND lease_fence = $3 AND lease_until > 0",
        params![until.millis(), message, fence],
    )?;
    if renewed == 0 { Err(QueueError::StaleLease { message }) } else { Ok(until) }
}

/// When something is due next: the moment a delivery process sleeps until. In the past if something is due now, which may be at
/// excluded destinations only. A lease that is not settled counts with its end.
///
/// # Errors
/// [`QueueError`] if the store fails.
pub fn next_due(tx: &mut Tx<'_>) -> Result<Option<Timestamp>, QueueError> {
    let due =
        tx.row("SELECT MIN(due) FROM queue_recipient WHERE state = 'due'", params![], |row| row.int_opt(0))?.flatten();
    Ok(due.map(Timestamp::from_millis))
}

/// Destinations with something due, none of them excluded, at most as many as leases are wanted.
fn due_destinations(tx: &mut Tx<'_>, now: Timestamp, request: &LeaseRequest) -> Result<Vec<i64>, QueueError> {
    let sample = tx.rows(
        "SELECT destination FROM queue_recipient WHERE state = 'due' AND due <= $1 ORDER BY due LIMIT $2",
        params![now.millis(), bound(SAMPLE_ROWS_MAX)],
        |row| row.int(0),
    )?;
    let complete = sample.len() < SAMPLE_ROWS_MAX;
    let mut found: Vec<i64> = sample.into_iter().filter(|it| !request.excluded.contains(it)).collect();
    found.sort_unstable();
    found.dedup();
    let start = i64::from_le_bytes(tx.context().entropy.next_u64().to_le_bytes());
    if !complete && found.len() < request.leases_max {
        // A long backlog hides the others: go from destination to destination.
        let wanted = request.leases_max + request.excluded.len();
        found = visit_destinations(tx, start, now, wanted)?;
        if found.len() < wanted {
            found.extend(visit_destinations(tx, i64::MIN, now, wanted)?);
        }
        found.retain(|it| !request.excluded.contains(it));
        found.sort_unstable();
        found.dedup();
    }
    if found.len() > request.leases_max {
        let first = found.partition_point(|destination| *destination < start);
        found.rotate_left(first);
        found.truncate(request.leases_max);
    }
    Ok(found)
}

/// Destinations beyond `after` with something due. Each costs two look-ups in an index, however long its backlog is.
fn visit_destinations(tx: &mut Tx<'_>, after: i64, now: Timestamp, wanted: usize) -> Result<Vec<i64>, QueueError> {
    Ok(tx.rows(
        "WITH RECURSIVE hop (destination, visited) AS (
             SELECT MIN(destination), CAST(1 AS BIGINT) FROM queue_recipient WHERE destination > $1
             UNION ALL
             SELECT (SELECT MIN(q.destination) FROM queue_recipient q WHERE q.destination > hop.destination),
                    hop.visited + 1
             FROM hop WHERE hop.destination IS NOT NULL AND hop.visited < $2
         )
         SELECT hop.destination FROM hop
         WHERE hop.destination IS NOT NULL AND EXISTS (
             SELECT 1 FROM queue_recipient r
             WHERE r.destination = hop.destination AND r.state = 'due' AND r.due <= $3)
         LIMIT $4",
        params![after, DESTINATIONS_VISITED_MAX, now.millis(), bound(wanted)],
        |row| row.int(0),
    )?)
}

/// Up to `share` messages with recipients due at `destination`, those that wait longest first.
fn due_messages(tx: &mut Tx<'_>, destination: i64, now: Timestamp, share: usize) -> Result<Vec<i64>, QueueError> {
    let mut messages = Vec::with_capacity(share.min(ROWS_PER_DESTINATION_MAX));
    tx.for_each(
        "SELECT message FROM queue_recipient WHERE destination = $1 AND state = 'due' AND due <= $2
         ORDER BY due LIMIT $3",
        params![destination, now.millis(), bound(ROWS_PER_DESTINATION_MAX)],
        |row| {
            let message = row.int(0)?;
            if messages.len() < share && messages.last() != Some(&message) && !messages.contains(&message) {
                messages.push(message);
            }
            Ok(())
        },
    )?;
    Ok(messages)
}

struct TakenRow {
    number: i64,
    attempts: i64,
    recipient: Vec<u8>,
    outcome: Option<Vec<u8>>,
}

/// Leases the due recipients of `message` at `destination`; none if another process was faster or the message is gone.
fn take(
    tx: &mut Tx<'_>,
    message: i64,
    destination: i64,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<Lease>, QueueError> {
    let fence = tx.next_id();
    // The signs keep SQLite from going through all that is due at the destination: few rows have the message.
    let mut rows = tx.rows(
        "UPDATE queue_recipient SET due = $1, lease_until = $1, lease_fence = $2, attempts = attempts + 1
         WHERE message = $3 AND +destination = $4 AND state = 'due' AND +due <= $5
         RETURNING number, attempts, recipient, outcome",
        params![until.millis(), fence, message, destination, now.millis()],
        |row| {
            Ok(TakenRow {
                number: row.int(0)?,
                attempts: row.int(1)?,
                recipient: row.bytes(2)?.to_vec(),
                outcome: row.bytes_opt(3)?.map(<[u8]>::to_vec),
            })
        },
    )?;
    if rows.is_empty() {
        return Ok(None);
    }
    rows.sort_unstable_by_key(|row| row.number);
    match open_lease(tx, message, destination, fence, until, &rows) {
        Err(error) if error.outlook() == Outlook::Permanent => {
            // One damaged message must not stop the others.
            tracing::error!(message, %error, "a queued message cannot be read; it is held");
            hold(tx, message)?;
            Ok(None)
        }
        outcome => outcome,
    }
}

fn open_lease(
    tx: &mut Tx<'_>,
    message: i64,
    destination: i64,
    fence: i64,
    until: Timestamp,
    rows: &[TakenRow],
) -> Result<Option<Lease>, QueueError> {
    let found = tx.row(
        "SELECT organisation, blob, key_wrapped, envelope, size, created, expires FROM queue_message WHERE id = $1",
        params![message],
        |row| {
            let numbers = (row.int(0)?, row.int(1)?, row.int(4)?, row.int(5)?, row.int(6)?);
            Ok((numbers, row.bytes(2)?.to_vec(), row.bytes(3)?.to_vec()))
        },
    )?;
    let Some(((organisation, blob, size, created, expires), wrapped, envelope)) = found else { return Ok(None) };
    let key = tx.context().keys.organisation(tx, organisation)?;
    let mut recipients = Vec::with_capacity(rows.len());
    for row in rows {
        let recipient = open_recipient(&key, message, row.number, &row.recipient)?;
        let progress = open_progress(&key, message, row.number, row.outcome.as_deref())?;
        recipients.push(LeasedRecipient {
            number: u32::try_from(row.number).unwrap_or(u32::MAX),
            address: recipient.address,
            notify: recipient.notify,
            orcpt: recipient.orcpt,
            attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
            delay_notified: progress.delay_notified,
            last: progress.last,
        });
    }
    let domain = canonical_domain(recipients.first().map_or(Ok(""), |first| domain_of(&first.address))?);
    Ok(Some(Lease {
        message,
        fence,
        until,
        organisation,
        destination,
        domain,
        blob,
        key: key.unwrap_message(&wrapped, blob)?,
        envelope: open_envelope(&key, message, &envelope)?,
        size: size.unsigned_abs(),
        created: Timestamp::from_millis(created),
        expires: Timestamp::from_millis(expires),
        recipients,
    }))
}

/// `count` as a statement takes it.
fn bound(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
