//! The queue as people look at it.

use env::{Outlook, Timestamp};
use store::{Row, StoreError, Tx, params};

use crate::entry::{open_envelope, open_progress, open_recipient};
use crate::{Attempt, Envelope, NewRecipient, QueueError};

/// Messages on one page.
pub const PAGE_MAX: usize = 1_000;

/// Which messages to list. Pages go from old to new.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this organisation alone.
    pub organisation: Option<i64>,
    /// With a recipient at this domain.
    pub domain: Option<String>,
    /// That are held (`true`) or not (`false`).
    pub held: Option<bool>,
    /// After this message: the last one of the page before; 0 to begin.
    pub after: i64,
    /// Messages wanted, at most [`PAGE_MAX`].
    pub limit: usize,
}

/// A message in the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedMessage {
    /// Its identifier.
    pub id: i64,
    /// Whose mail it is.
    pub organisation: i64,
    /// The blob with the message.
    pub blob: i64,
    /// Sender, wishes and trace fields.
    pub envelope: Envelope,
    /// Octets of the message with its trace fields.
    pub size: u64,
    /// When it came in.
    pub created: Timestamp,
    /// When delivery is given up.
    pub expires: Timestamp,
    /// Whether it waits until it is released.
    pub held: bool,
    /// All its recipients, in the order of the envelope.
    pub recipients: Vec<QueuedRecipient>,
}

/// A recipient of a message in the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedRecipient {
    /// Its number in the message.
    pub number: u32,
    /// Address and wishes.
    pub recipient: NewRecipient,
    /// Where it stands.
    pub state: RecipientState,
    /// When it is due; for one that is being tried, when its lease ends.
    pub due: Timestamp,
    /// Attempts made.
    pub attempts: u32,
    /// The last attempt that was reported.
    pub last: Option<Attempt>,
    /// The sender has been told that it takes long.
    pub delay_notified: bool,
}

/// Where a recipient stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecipientState {
    /// Waits for its time.
    Waiting,
    /// Is being tried.
    Trying,
    /// Waits for a release.
    Held,
    /// Delivered.
    Delivered,
    /// Refused for good.
    Failed,
    /// Not delivered in time.
    Expired,
}

/// How full the queue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Messages.
    pub messages: u64,
    /// Recipients that are due now or are being tried.
    pub active: u64,
    /// Recipients that wait for a later time.
    pub deferred: u64,
    /// Recipients that wait for a release.
    pub held: u64,
}

/// A page of the queue. A message that cannot be read is left out and logged; [`show`] says what is wrong with it.
///
/// # Errors
/// [`QueueError`] if the store fails or a sealed column does not open.
pub fn list(tx: &mut Tx<'_>, filter: &Filter) -> Result<Vec<QueuedMessage>, QueueError> {
    let limit = filter.limit.min(PAGE_MAX);
    let mut page = Vec::new();
    let mut after = filter.after;
    while page.len() < limit {
        let rows = tx.rows(
            "SELECT id, organisation, blob, envelope, size, created, expires, held FROM queue_message
             WHERE id > $1 ORDER BY id LIMIT $2",
            params![after, i64::try_from(limit).unwrap_or(i64::MAX)],
            MessageRow::read,
        )?;
        let Some(last) = rows.last() else { break };
        after = last.id;
        for row in rows {
            let wanted = filter.organisation.is_none_or(|organisation| organisation == row.organisation)
                && filter.held.is_none_or(|held| held == row.held);
            if wanted && page.len() < limit {
                let id = row.id;
                let message = match row.open(tx) {
                    Err(error) if error.outlook() == Outlook::Permanent => {
                        tracing::error!(message = id, %error, "a queued message cannot be read");
                        continue;
                    }
                    opened => opened?,
                };
                if filter.domain.as_deref().is_none_or(|domain| message.goes_to(domain)) {
                    page.push(message);
                }
            }
        }
    }
    Ok(page)
}

/// One message of the queue.
///
/// # Errors
/// [`QueueError::NoSuchMessage`], or as [`list`].
pub fn show(tx: &mut Tx<'_>, message: i64) -> Result<QueuedMessage, QueueError> {
    let found = tx.row(
        "SELECT id, organisation, blob, envelope, size, created, expires, held FROM queue_message WHERE id = $1",
        params![message],
        MessageRow::read,
    )?;
    found.ok_or(QueueError::NoSuchMessage { message })?.open(tx)
}

/// How full the queue is.
///
/// # Errors
/// [`QueueError`] if the store fails.
pub fn counts(tx: &mut Tx<'_>) -> Result<Counts, QueueError> {
    let now = tx.now().millis();
    let mut counts = Counts::default();
    tx.for_each("SELECT COUNT(*) FROM queue_message", params![], |row| {
        counts.messages = row.int(0)?.unsigned_abs();
        Ok(())
    })?;
    tx.for_each(
        "SELECT state, CASE WHEN due <= $1 OR lease_until > $1 THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END AS active,
                COUNT(*)
         FROM queue_recipient WHERE state IN ('due', 'held') GROUP BY 1, 2",
        params![now],
        |row| {
            let count = row.int(2)?.unsigned_abs();
            match (row.text(0)?, row.flag(1)?) {
                ("held", _) => counts.held += count,
                (_, true) => counts.active += count,
                (_, false) => counts.deferred += count,
            }
            Ok(())
        },
    )?;
    Ok(counts)
}

impl QueuedMessage {
    pub(crate) fn goes_to(&self, domain: &str) -> bool {
        let at_domain = |address: &str| {
            address.rsplit_once('@').is_some_and(|(_, of_address)| of_address.eq_ignore_ascii_case(domain))
        };
        self.recipients.iter().any(|it| at_domain(&it.recipient.address))
    }
}

pub(crate) struct MessageRow {
    pub(crate) id: i64,
    organisation: i64,
    blob: i64,
    envelope: Vec<u8>,
    size: i64,
    pub(crate) created: i64,
    expires: i64,
    pub(crate) held: bool,
}

impl MessageRow {
    pub(crate) fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.int(0)?,
            organisation: row.int(1)?,
            blob: row.int(2)?,
            envelope: row.bytes(3)?.to_vec(),
            size: row.int(4)?,
            created: row.int(5)?,
            expires: row.int(6)?,
            held: row.flag(7)?,
        })
    }

    pub(crate) fn open(self, tx: &mut Tx<'_>) -> Result<QueuedMessage, QueueError> {
        let key = tx.context().keys.organisation(tx, self.organisation)?;
        let rows = tx.rows(
            "SELECT number, state, due, attempts, lease_until, recipient, outcome FROM queue_recipient
             WHERE message = $1 ORDER BY number",
            params![self.id],
            RecipientRow::read,
        )?;
        let now = tx.now().millis();
        let mut recipients = Vec::with_capacity(rows.len());
        for row in rows {
            let progress = open_progress(&key, self.id, row.number, row.outcome.as_deref())?;
            recipients.push(QueuedRecipient {
                number: u32::try_from(row.number).unwrap_or(u32::MAX),
                recipient: open_recipient(&key, self.id, row.number, &row.recipient)?,
                state: row.state(now),
                due: Timestamp::from_millis(row.due),
                attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
                last: progress.last,
                delay_notified: progress.delay_notified,
            });
        }
        Ok(QueuedMessage {
            id: self.id,
            organisation: self.organisation,
            blob: self.blob,
            envelope: open_envelope(&key, self.id, &self.envelope)?,
            size: self.size.unsigned_abs(),
            created: Timestamp::from_millis(self.created),
            expires: Timestamp::from_millis(self.expires),
            held: self.held,
            recipients,
        })
    }
}

struct RecipientRow {
    number: i64,
    state: String,
    due: i64,
    attempts: i64,
    lease_until: i64,
    recipient: Vec<u8>,
    outcome: Option<Vec<u8>>,
}

impl RecipientRow {
    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            number: row.int(0)?,
            state: row.text(1)?.to_owned(),
            due: row.int(2)?,
            attempts: row.int(3)?,
            lease_until: row.int(4)?,
            recipient: row.bytes(5)?.to_vec(),
            outcome: row.bytes_opt(6)?.map(<[u8]>::to_vec),
        })
    }

    fn state(&self, now: i64) -> RecipientState {
        match self.state.as_str() {
            "delivered" => RecipientState::Delivered,
            "failed" => RecipientState::Failed,
            "expired" => RecipientState::Expired,
            "held" => RecipientState::Held,
            _ if self.lease_until > now => RecipientState::Trying,
            _ => RecipientState::Waiting,
        }
    }
}
