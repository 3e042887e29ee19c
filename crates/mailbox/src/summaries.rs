//! Reading what is known of messages without their content.

mod opened;

use env::Timestamp;
use store::{StoreError, Tx, params};

use crate::entry::{reaches, spans};
use crate::{Entry, MailboxError, UidRange};

pub use opened::OpenedSummaries;

/// What the summary of a message is sealed for.
pub(crate) fn summary_context(message: i64) -> [u8; 20] {
    crate::sealed_context(b"message.summ", message)
}

/// Calls `visit` with each message of a mailbox in `ranges` and its encoded [`mail::message::Summary`], in the order of their
/// UIDs. Offsets in the summary count from the beginning of the message as received; see [`crate::Source::trace_bytes`].
///
/// # Errors
/// What `visit` gives, which ends the reading; if the store fails or a summary does not open.
pub fn summaries(
    tx: &mut Tx<'_>,
    account: i64,
    mailbox: i64,
    ranges: &[UidRange],
    mut visit: impl FnMut(&Entry, &[u8]) -> Result<(), StoreError>,
) -> Result<(), MailboxError> {
    let key = tx.context().keys.account(tx, account)?;
    let ranges = UidRange::normalised(ranges, u32::MAX);
    let mut wanted = ranges.iter().copied().peekable();
    let mut plain = Vec::new();
    for range in spans(&ranges) {
        tx.for_each(
            "SELECT c.uid, c.message, c.flags, c.keywords, c.modseq, c.size, c.received, m.summary FROM mailbox_message c
             JOIN message m ON m.account = c.account AND m.id = c.message
             WHERE c.account = $1 AND c.mailbox = $2 AND c.uid BETWEEN $3 AND $4 ORDER BY c.uid",
            params![account, mailbox, range.first, range.last],
            |row| {
                let entry = Entry::from_row(row)?;
                if !reaches(&mut wanted, entry.uid) {
                    return Ok(());
                }
                let context = summary_context(entry.message);
                let summary = key.sealing().open_into("summary", &context, row.bytes(7)?, &mut plain)?;
                visit(&entry, summary)
            },
        )?;
    }
    Ok(())
}

/// What a message is besides its [`Entry`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Object {
    /// Its UID.
    pub uid: u32,
    /// The message.
    pub message: i64,
    /// Its thread.
    pub thread: i64,
    /// When it came into this mailbox (RFC 8514).
    pub saved: Timestamp,
}

/// Threads of the messages of a mailbox in `ranges` and when they came into it, in the order of their UIDs.
///
/// # Errors
/// What `visit` gives, which ends the reading, or if the store fails.
pub fn objects(
    tx: &mut Tx<'_>,
    account: i64,
    mailbox: i64,
    ranges: &[UidRange],
    mut visit: impl FnMut(&Object) -> Result<(), StoreError>,
) -> Result<(), MailboxError> {
    let ranges = UidRange::normalised(ranges, u32::MAX);
    let mut wanted = ranges.iter().copied().peekable();
    for range in spans(&ranges) {
        tx.for_each(
            "SELECT c.uid, c.message, m.thread, c.saved FROM mailbox_message c
             JOIN message m ON m.account = c.account AND m.id = c.message
             WHERE c.account = $1 AND c.mailbox = $2 AND c.uid BETWEEN $3 AND $4 ORDER BY c.uid",
            params![account, mailbox, range.first, range.last],
            |row| {
                let object = Object {
                    uid: row.uint32(0)?,
                    message: row.int(1)?,
                    thread: row.int(2)?,
                    saved: Timestamp::from_millis(row.int(3)?),
                };
                if reaches(&mut wanted, object.uid) { visit(&object) } else { Ok(()) }
            },
        )?;
    }
    Ok(())
}
