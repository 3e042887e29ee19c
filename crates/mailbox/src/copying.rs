//! Copying and moving between mailboxes.

use store::{Tx, account::next_modseq, params};

use crate::changes::notify;
use crate::entry::{for_each_in, uidnext};
use crate::expunge::{Counts, Which, delete_rows, discount, remember};
use crate::{Entry, MailboxError, UidRange};

/// A message that was copied or moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copied {
    /// Its UID where it came from.
    pub from: u32,
    /// Its UID where it went to.
    pub to: u32,
}

/// What copying or moving did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CopyOutcome {
    /// The UIDVALIDITY of the mailbox that the messages went to.
    pub uidvalidity: u32,
    /// The modseq of the change.
    pub modseq: i64,
    /// The messages by rising UID, in both mailboxes.
    pub copied: Vec<Copied>,
}

/// Copies the messages in `uids` from one mailbox to another, or the same. Flags go with them; the content is shared.
///
/// # Errors
/// [`MailboxError::NoSuchMailbox`] for either, [`MailboxError::UidsExhausted`], or if the store fails.
pub fn copy(tx: &mut Tx<'_>, account: i64, from: i64, uids: &[UidRange], to: i64) -> Result<CopyOutcome, MailboxError> {
    let modseq = next_modseq(tx, account)?;
    let ranges = UidRange::normalised(uids, uidnext(tx, account, from)?.saturating_sub(1));
    let mut entries = Vec::new();
    for_each_in(tx, account, from, &ranges, 0, |entry| entries.push(*entry))?;
    let outcome = place(tx, account, from, &entries, to, modseq)?;
    for range in scopes(&ranges, &entries) {
        // The copies have UIDs beyond these ranges, should they be in the same mailbox.
        tx.execute(
            "UPDATE message SET copies = copies + more.n FROM (
                 SELECT account, message AS id, COUNT(*) AS n FROM mailbox_message
                 WHERE account = $1 AND mailbox = $2 AND uid BETWEEN $3 AND $4 GROUP BY account, message
             ) AS more WHERE message.account = more.account AND message.id = more.id",
            params![account, from, range.first, range.last],
        )?;
    }
    if !entries.is_empty() {
        notify(tx, account);
    }
    Ok(outcome)
}

/// Moves the messages in `uids` from one mailbox to another, or to new UIDs in the same (RFC 6851 section 3.3).
///
/// # Errors
/// As [`copy`].
pub fn move_messages(
    tx: &mut Tx<'_>,
    account: i64,
    from: i64,
    uids: &[UidRange],
    to: i64,
) -> Result<CopyOutcome, MailboxError> {
    let modseq = next_modseq(tx, account)?;
    let outcome = transfer(tx, account, from, uids, to, modseq)?;
    if !outcome.copied.is_empty() {
        notify(tx, account);
    }
    Ok(outcome)
}

/// Moves messages under `modseq`.
pub(crate) fn transfer(
    tx: &mut Tx<'_>,
    account: i64,
    from: i64,
    uids: &[UidRange],
    to: i64,
    modseq: i64,
) -> Result<CopyOutcome, MailboxError> {
    let ranges = UidRange::normalised(uids, uidnext(tx, account, from)?.saturating_sub(1));
    let mut entries = Vec::new();
    for_each_in(tx, account, from, &ranges, 0, |entry| entries.push(*entry))?;
    let outcome = place(tx, account, from, &entries, to, modseq)?;
    if entries.is_empty() {
        return Ok(outcome);
    }
    for range in scopes(&ranges, &entries) {
        delete_rows(tx, account, from, range, Which::Any)?;
    }
    let gone = UidRange::collect(entries.iter().map(|entry| entry.uid));
    remember(tx, account, from, &gone, modseq)?;
    discount(tx, account, from, &entries, modseq)?;
    Ok(outcome)
}

/// The fewest ranges that name exactly `entries`: those asked for, or those without gaps.
fn scopes(asked: &[UidRange], entries: &[Entry]) -> Vec<UidRange> {
    let exact = UidRange::collect(entries.iter().map(|entry| entry.uid));
    if asked.len() < exact.len() { asked.to_vec() } else { exact }
}

/// Puts `entries` of the mailbox `from` into the mailbox `to` as well.
fn place(
    tx: &mut Tx<'_>,
    account: i64,
    from: i64,
    entries: &[Entry],
    to: i64,
    modseq: i64,
) -> Result<CopyOutcome, MailboxError> {
    let target = tx.row(
        "SELECT uidvalidity, uidnext FROM mailbox WHERE account = $1 AND id = $2",
        params![account, to],
        |row| Ok((row.uint32(0)?, row.uint32(1)?)),
    )?;
    let (uidvalidity, first) = target.ok_or(MailboxError::NoSuchMailbox)?;
    let mut outcome = CopyOutcome { uidvalidity, modseq, copied: Vec::with_capacity(entries.len()) };
    if entries.is_empty() {
        return Ok(outcome);
    }
    let next = u32::try_from(entries.len()).ok().and_then(|count| first.checked_add(count));
    let next = next.ok_or(MailboxError::UidsExhausted)?;
    outcome.copied.extend(entries.iter().zip(first..next).map(|(entry, to)| Copied { from: entry.uid, to }));
    let now = tx.now().millis();
    let mut uid = i64::from(first);
    for range in UidRange::collect(entries.iter().map(|entry| entry.uid)) {
        let inserted = tx.execute(
            "INSERT INTO mailbox_message
                 (account, mailbox, uid, message, flags, keywords, modseq, size, received, saved)
             SELECT account, CAST($5 AS BIGINT), CAST($6 AS BIGINT) + ROW_NUMBER() OVER (ORDER BY uid), message, flags,
                 keywords, CAST($7 AS BIGINT), size, received, CAST($8 AS BIGINT) FROM mailbox_message
             WHERE account = $1 AND mailbox = $2 AND uid BETWEEN $3 AND $4",
            params![account, from, range.first, range.last, to, uid - 1, modseq, now],
        )?;
        uid = uid.saturating_add_unsigned(inserted);
    }
    let counts = Counts::of(entries);
    tx.execute(
        "UPDATE mailbox SET uidnext = $3, highestmodseq = $4, total = total + $5, unseen = unseen + $6,
         deleted = deleted + $7, bytes = bytes + $8 WHERE account = $1 AND id = $2",
        params![account, to, next, modseq, counts.total, counts.unseen, counts.deleted, counts.bytes],
    )?;
    Ok(outcome)
}
