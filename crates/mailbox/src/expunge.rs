//! Removal of messages.

use std::collections::HashSet;

use store::{Tx, account::next_modseq, params};

use crate::changes::notify;
use crate::entry::{for_each_in, uidnext};
use crate::{Entry, Flags, MailboxError, UidRange, removed};

/// Ranges of messages removed with statements of their own.
const STATEMENTS_MAX: usize = 32;

/// Which messages of a range are removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    Any,
    Deleted,
}

impl Which {
    /// System flags that a message must have.
    fn mask(self) -> u8 {
        match self {
            Self::Any => 0,
            Self::Deleted => Flags::DELETED,
        }
    }
}

/// What an expunge did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expunged {
    /// The modseq of the removal.
    pub modseq: i64,
    /// The UIDs that are gone, rising.
    pub uids: Vec<u32>,
}

/// Removes the messages that are flagged as deleted, all or those in `uids`.
///
/// # Errors
/// [`MailboxError::NoSuchMailbox`], or if the store fails.
pub fn expunge(
    tx: &mut Tx<'_>,
    account: i64,
    mailbox: i64,
    uids: Option<&[UidRange]>,
) -> Result<Expunged, MailboxError> {
    expunge_which(tx, account, mailbox, uids.unwrap_or(&[UidRange::ALL]), Which::Deleted)
}

/// Removes the messages in `uids` from the mailbox, whatever their flags are.
///
/// # Errors
/// [`MailboxError::NoSuchMailbox`], or if the store fails.
pub fn discard(tx: &mut Tx<'_>, account: i64, mailbox: i64, uids: &[UidRange]) -> Result<Expunged, MailboxError> {
    expunge_which(tx, account, mailbox, uids, Which::Any)
}

fn expunge_which(
    tx: &mut Tx<'_>,
    account: i64,
    mailbox: i64,
    uids: &[UidRange],
    which: Which,
) -> Result<Expunged, MailboxError> {
    let modseq = next_modseq(tx, account)?;
    let uids = remove(tx, account, mailbox, uids, which, modseq)?;
    if !uids.is_empty() {
        notify(tx, account);
    }
    Ok(Expunged { modseq, uids })
}

/// Removes messages from a mailbox under `modseq`, and for good those that are in no other.
pub(crate) fn remove(
    tx: &mut Tx<'_>,
    account: i64,
    mailbox: i64,
    uids: &[UidRange],
    which: Which,
    modseq: i64,
) -> Result<Vec<u32>, MailboxError> {
    let ranges = UidRange::normalised(uids, uidnext(tx, account, mailbox)?.saturating_sub(1));
    let mut gone: Vec<Entry> = Vec::new();
    for_each_in(tx, account, mailbox, &ranges, which.mask(), |entry| gone.push(*entry))?;
    if gone.is_empty() {
        return Ok(Vec::new());
    }
    let gone_ranges = UidRange::collect(gone.iter().map(|entry| entry.uid));
    // Many small ranges are better taken as few wide ones with the flag as a condition.
    let spans = if gone_ranges.len() > ranges.len().max(STATEMENTS_MAX) { &ranges } else { &gone_ranges };
    let mut touched = HashSet::new();
    for range in spans {
        release(tx, account, mailbox, *range, which, modseq)?;
        touch_others(tx, account, mailbox, *range, which, modseq, &mut touched)?;
        delete_rows(tx, account, mailbox, *range, which)?;
    }
    remember(tx, account, mailbox, &gone_ranges, modseq)?;
    discount(tx, account, mailbox, &gone, modseq)?;
    bury(tx, account, mailbox, modseq)?;
    for other in touched {
        tx.execute(
            "UPDATE mailbox SET highestmodseq = $3 WHERE account = $1 AND id = $2",
            params![account, other, modseq],
        )?;
    }
    Ok(gone.iter().map(|entry| entry.uid).collect())
}

/// Takes the copies in `range` off their messages; those without any left are noted as destroyed.
fn release(
    tx: &mut Tx<'_>,
    account: i64,
    mailbox: i64,
    range: UidRange,
    which: Which,
    modseq: i64,
) -> Result<(), MailboxError> {
    let mask = i64::from(which.mask());
    tx.execute(
        "UPDATE message SET copies = copies - gone.n FROM (
             SELECT account, message AS id, COUNT(*) AS n FROM mailbox_message
             WHERE account = $1 AND mailbox = $2 AND uid BETWEEN $3 AND $4 AND (flags & $5) = $5 GROUP BY account, message
         ) AS gone WHERE message.account = gone.account AND message.id = gone.id",
        params![account, mailbox, range.first, range.last, mask],
    )?;
    tx.execute(
        "INSERT INTO destroyed (account, modseq, kind, id, thread)
         SELECT DISTINCT m.account, CAST($6 AS BIGINT), 'message', m.id, m.thread FROM mailbox_message c
         JOIN message m ON m.account = c.account AND m.id = c.message
         WHERE c.account = $1 AND c.mailbox = $2 AND c.uid BETWEEN $3 AND $4 AND (c.flags & $5) = $5 AND m.copies = 0",
        params![account, mailbox, range.first, range.last, mask, modseq],
    )?;
    Ok(())
}

/// Deletes the rows of a mailbox in `range`.
pub(crate) fn delete_rows(
    tx: &mut Tx<'_>,
    account: i64,
    mailbox: i64,
    range: UidRange,
    which: Which,
) -> Result<(), MailboxError> {
    tx.execute(
        "DELETE FROM mailbox_message
         WHERE account = $1 AND mailbox = $2 AND uid BETWEEN $3 AND $4 AND (flags & $5) = $5",
        params![account, mailbox, range.first, range.last, i64::from(which.mask())],
    )?;
    Ok(())
}

/// Notes which UIDs are gone.
pub(crate) fn remember(
    tx: &mut Tx<'_>,
    account: i64,
    mailbox: i64,
    gone: &[UidRange],
    modseq: i64,
) -> Result<(), MailboxError> {
    for range in gone {
        tx.execute(
            "INSERT INTO expunged (account, mailbox, modseq, uid_first, uid_last) VALUES ($1, $2, $3, $4, $5)",
            params![account, mailbox, modseq, range.first, range.last],
        )?;
    }
    Ok(())
}

/// Takes messages off the mailbox's counters.
pub(crate) fn discount(
    tx: &mut Tx<'_>,
    account: i64,
    mailbox: i64,
    gone: &[Entry],
    modseq: i64,
) -> Result<(), MailboxError> {
    let counts = Counts::of(gone);
    tx.execute(
        "UPDATE mailbox SET highestmodseq = $3, total = total - $4, unseen = unseen - $5, deleted = deleted - $6,
         bytes = bytes - $7 WHERE account = $1 AND id = $2",
        params![account, mailbox, modseq, counts.total, counts.unseen, counts.deleted, counts.bytes],
    )?;
    Ok(())
}

/// What messages add to the counters of a mailbox.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) total: i64,
    pub(crate) unseen: i64,
    pub(crate) deleted: i64,
    pub(crate) bytes: i64,
}

impl Counts {
    pub(crate) fn of(entries: &[Entry]) -> Self {
        let mut counts = Self::default();
        for entry in entries {
            counts.total += 1;
            counts.unseen += i64::from(!entry.flags().has(Flags::SEEN));
            counts.deleted += i64::from(entry.flags().has(Flags::DELETED));
            counts.bytes += i64::from(entry.size);
        }
        counts
    }
}

/// Removes what belongs to the messages noted as destroyed under `modseq`: search signatures, threads that are empty now, and their rows.
/// Every way in which somebody removes mail leads here, so here it is kept for the organisation's window and for legal holds; see
/// [`crate::removed`]. Where neither keeps it, the references to its blobs go as well.
fn bury(tx: &mut Tx<'_>, account: i64, mailbox: i64, modseq: i64) -> Result<(), MailboxError> {
    let totals = tx.row(
        "SELECT COUNT(*), CAST(COALESCE(SUM(m.size), 0) AS BIGINT) FROM destroyed d
         JOIN message m ON m.account = d.account AND m.id = d.id
         WHERE d.account = $1 AND d.modseq = $2 AND d.kind = 'message'",
        params![account, modseq],
        |row| Ok((row.int(0)?, row.int(1)?)),
    )?;
    let (messages, bytes) = totals.unwrap_or_default();
    if messages == 0 {
        return Ok(());
    }
    tx.execute(
        "UPDATE account SET messages = messages - $2, bytes = bytes - $3 WHERE id = $1",
        params![account, messages, bytes],
    )?;
    let keeping = store::holds::keeping(tx, account)?;
    if keeping.keeps() {
        removed::keep(tx, account, mailbox, modseq, keeping.organisation)?;
    } else {
        release_blobs(tx, account, modseq)?;
    }
    tx.execute(
        "INSERT INTO destroyed (account, modseq, kind, id)
         SELECT DISTINCT d.account, d.modseq, 'thread', m.thread FROM destroyed d
         JOIN message m ON m.account = d.account AND m.id = d.id
         WHERE d.account = $1 AND d.modseq = $2 AND d.kind = 'message' AND NOT EXISTS (
             SELECT 1 FROM message o WHERE o.account = $1 AND o.thread = m.thread AND o.copies > 0)",
        params![account, modseq],
    )?;
    for statement in [
        "DELETE FROM thread_ref WHERE account = $1 AND thread IN
         (SELECT id FROM destroyed WHERE account = $1 AND modseq = $2 AND kind = 'thread')",
        // Pairs lead both engines to the primary key; with a condition on the account alone SQLite scans all of it.
        "DELETE FROM search_signature WHERE (account, message) IN
         (SELECT account, id FROM destroyed WHERE account = $1 AND modseq = $2 AND kind = 'message')",
        "DELETE FROM message WHERE (account, id) IN
         (SELECT account, id FROM destroyed WHERE account = $1 AND modseq = $2 AND kind = 'message')",
    ] {
        tx.execute(statement, params![account, modseq])?;
    }
    Ok(())
}

/// Takes the references of the messages noted as destroyed under `modseq` from their blobs.
fn release_blobs(tx: &mut Tx<'_>, account: i64, modseq: i64) -> Result<(), MailboxError> {
    let now = tx.now().millis();
    tx.execute(
        "UPDATE blob SET refs = refs - gone.n, released = CASE WHEN refs = gone.n THEN $3 ELSE 0 END FROM (
             SELECT m.blob AS id, COUNT(*) AS n FROM destroyed d JOIN message m ON m.account = d.account AND m.id = d.id
             WHERE d.account = $1 AND d.modseq = $2 AND d.kind = 'message' GROUP BY m.blob
         ) AS gone WHERE blob.id = gone.id",
        params![account, modseq, now],
    )?;
    Ok(())
}

/// A message that remains in other mailboxes has changed for those who watch the account, so its rows there say so; adds
/// those mailboxes to `touched`.
fn touch_others(
    tx: &mut Tx<'_>,
    account: i64,
    mailbox: i64,
    range: UidRange,
    which: Which,
    modseq: i64,
    touched: &mut HashSet<i64>,
) -> Result<(), MailboxError> {
    tx.for_each(
        "UPDATE mailbox_message SET modseq = $6 WHERE (account, mailbox, uid) IN (
             SELECT o.account, o.mailbox, o.uid FROM mailbox_message c
             JOIN mailbox_message o ON o.account = c.account AND o.message = c.message
             WHERE c.account = $1 AND c.mailbox = $2 AND c.uid BETWEEN $3 AND $4 AND (c.flags & $5) = $5
             AND o.mailbox <> c.mailbox
         ) RETURNING mailbox",
        params![account, mailbox, range.first, range.last, i64::from(which.mask()), modseq],
        |row| {
            touched.insert(row.int(0)?);
            Ok(())
        },
    )?;
    Ok(())
}
