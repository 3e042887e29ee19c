//! What has changed since a modseq.

use std::collections::HashMap;

use store::{Notice, StoreError, Tx, params};

use crate::{Entry, MailboxError, UidRange};

/// Changed objects of an account that are looked at to answer one question; a client that is further behind reads all anew.
const CHANGES_MAX: u32 = 100_000;

/// Changes of one mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// Messages that are new or whose flags changed, by rising UID.
    pub changed: Vec<Entry>,
    /// UIDs that are gone, rising. May name some that were gone before.
    pub expunged: Vec<UidRange>,
    /// The mailbox's modseq now.
    pub highestmodseq: i64,
    /// The UID that the next message will get.
    pub uidnext: u32,
}

/// What changed in a mailbox after `modseq`.
///
/// # Errors
/// [`MailboxError::NoSuchMailbox`], or if the store fails.
pub fn changes_since(tx: &mut Tx<'_>, account: i64, mailbox: i64, modseq: i64) -> Result<Changes, MailboxError> {
    let state = tx.row(
        "SELECT highestmodseq, uidnext FROM mailbox WHERE account = $1 AND id = $2",
        params![account, mailbox],
        |row| Ok((row.int(0)?, row.uint32(1)?)),
    )?;
    let (highestmodseq, uidnext) = state.ok_or(MailboxError::NoSuchMailbox)?;
    let mut changes = Changes { highestmodseq, uidnext, ..Changes::default() };
    if highestmodseq <= modseq {
        return Ok(changes);
    }
    changes.changed = tx.rows(
        "SELECT uid, message, flags, keywords, modseq, size, received FROM mailbox_message
         WHERE account = $1 AND mailbox = $2 AND modseq > $3",
        params![account, mailbox, modseq],
        Entry::from_row,
    )?;
    changes.changed.sort_unstable_by_key(|entry| entry.uid);
    changes.expunged = expunged_since(tx, account, mailbox, modseq)?;
    Ok(changes)
}

/// The UIDs expunged from a mailbox after `modseq`, rising. When that is longer ago than is remembered, every UID that has
/// been given out and is not there (RFC 7162 section 3.2.5.1 allows to name too many).
///
/// # Errors
/// [`MailboxError::NoSuchMailbox`], or if the store fails.
pub fn expunged_since(tx: &mut Tx<'_>, account: i64, mailbox: i64, modseq: i64) -> Result<Vec<UidRange>, MailboxError> {
    if modseq < low_modseq(tx, account)? {
        return missing_uids(tx, account, mailbox);
    }
    let ranges = tx.rows(
        "SELECT uid_first, uid_last FROM expunged WHERE account = $1 AND mailbox = $2 AND modseq > $3",
        params![account, mailbox, modseq],
        |row| Ok(UidRange { first: row.uint32(0)?, last: row.uint32(1)? }),
    )?;
    Ok(UidRange::normalised(&ranges, u32::MAX))
}

fn missing_uids(tx: &mut Tx<'_>, account: i64, mailbox: i64) -> Result<Vec<UidRange>, MailboxError> {
    let end = crate::entry::uidnext(tx, account, mailbox)?;
    let mut next = 1;
    let mut missing = Vec::new();
    tx.for_each(
        "SELECT uid FROM mailbox_message WHERE account = $1 AND mailbox = $2 ORDER BY uid",
        params![account, mailbox],
        |row| {
            let uid = row.uint32(0)?;
            if uid > next {
                missing.push(UidRange { first: next, last: uid - 1 });
            }
            next = uid.saturating_add(1);
            Ok(())
        },
    )?;
    if next < end {
        missing.push(UidRange { first: next, last: end - 1 });
    }
    Ok(missing)
}

fn low_modseq(tx: &mut Tx<'_>, account: i64) -> Result<i64, MailboxError> {
    let low = tx.row("SELECT low_modseq FROM account WHERE id = $1", params![account], |row| row.int(0))?;
    low.ok_or(MailboxError::Store(StoreError::Missing { what: "account" }))
}

/// Changes of a whole account, each object once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccountChanges {
    /// The state that these changes lead to.
    pub modseq: i64,
    /// Whether there are more after that.
    pub more: bool,
    /// New messages.
    pub messages_created: Vec<i64>,
    /// Messages with other flags, or in other mailboxes.
    pub messages_updated: Vec<i64>,
    /// Messages that are gone.
    pub messages_destroyed: Vec<i64>,
    /// New mailboxes.
    pub mailboxes_created: Vec<i64>,
    /// Mailboxes with another name, use or subscription.
    pub mailboxes_updated: Vec<i64>,
    /// Mailboxes of which only the counters are others.
    pub mailboxes_counted: Vec<i64>,
    /// Mailboxes that are gone.
    pub mailboxes_destroyed: Vec<i64>,
    /// Threads that are gone.
    pub threads_destroyed: Vec<i64>,
}

/// What an object has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    MessageCreated,
    MessageUpdated,
    MessageDestroyed,
    MailboxCreated,
    MailboxUpdated,
    MailboxCounted,
    MailboxDestroyed,
    ThreadDestroyed,
}

/// What changed in an account after `modseq`, oldest first, up to about `limit` objects: always whole transactions, so that
/// the state that they lead to is one that was.
///
/// # Errors
/// [`MailboxError::CannotCalculate`] if that is longer ago than is remembered, if one transaction changed more than `limit`
/// objects, or if there are very many.
pub fn account_changes_since(
    tx: &mut Tx<'_>,
    account: i64,
    modseq: i64,
    limit: usize,
) -> Result<AccountChanges, MailboxError> {
    if modseq < low_modseq(tx, account)? {
        return Err(MailboxError::CannotCalculate);
    }
    let now = tx.row("SELECT modseq FROM account WHERE id = $1", params![account], |row| row.int(0))?.unwrap_or(modseq);
    let mut fates = Vec::new();
    mailbox_fates(tx, account, modseq, &mut fates)?;
    message_fates(tx, account, modseq, &mut fates)?;
    destroyed_fates(tx, account, modseq, &mut fates)?;
    if fates.len() as u64 >= u64::from(CHANGES_MAX) {
        return Err(MailboxError::CannotCalculate);
    }
    fates.sort_unstable_by_key(|&(at, _, id)| (at, id));
    let mut changes = AccountChanges { modseq: now, ..AccountChanges::default() };
    if let Some(&(cut, ..)) = fates.get(limit) {
        fates.retain(|&(at, ..)| at < cut);
        changes.more = true;
        changes.modseq = fates.last().ok_or(MailboxError::CannotCalculate)?.0;
    }
    for (_, fate, id) in fates {
        let list = match fate {
            Fate::MessageCreated => &mut changes.messages_created,
            Fate::MessageUpdated => &mut changes.messages_updated,
            Fate::MessageDestroyed => &mut changes.messages_destroyed,
            Fate::MailboxCreated => &mut changes.mailboxes_created,
            Fate::MailboxUpdated => &mut changes.mailboxes_updated,
            Fate::MailboxCounted => &mut changes.mailboxes_counted,
            Fate::MailboxDestroyed => &mut changes.mailboxes_destroyed,
            Fate::ThreadDestroyed => &mut changes.threads_destroyed,
        };
        list.push(id);
    }
    Ok(changes)
}

type Fates = Vec<(i64, Fate, i64)>;

fn mailbox_fates(tx: &mut Tx<'_>, account: i64, since: i64, fates: &mut Fates) -> Result<(), MailboxError> {
    // An account has few mailboxes, so these need no limit of their own.
    tx.for_each(
        "SELECT id, created_modseq, changed_modseq, highestmodseq FROM mailbox WHERE account = $1",
        params![account],
        |row| {
            let (id, created, changed, counted) = (row.int(0)?, row.int(1)?, row.int(2)?, row.int(3)?);
            if created > since {
                fates.push((created, Fate::MailboxCreated, id));
            } else if changed > since {
                fates.push((changed, Fate::MailboxUpdated, id));
            } else if counted > since {
                fates.push((counted, Fate::MailboxCounted, id));
            }
            Ok(())
        },
    )?;
    Ok(())
}

/// A new message counts at its creation, even if its flags changed later: a client that stops in between must hear of it
/// before it hears of its flags.
fn message_fates(tx: &mut Tx<'_>, account: i64, since: i64, fates: &mut Fates) -> Result<(), MailboxError> {
    let mailboxes =
        tx.rows("SELECT id FROM mailbox WHERE account = $1 AND highestmodseq > $2", params![account, since], |row| {
            row.int(0)
        })?;
    let mut messages = HashMap::new();
    for mailbox in mailboxes {
        tx.for_each(
            "SELECT c.message, c.modseq, m.created_modseq FROM mailbox_message c
             JOIN message m ON m.account = c.account AND m.id = c.message
             WHERE c.account = $1 AND c.mailbox = $2 AND c.modseq > $3 LIMIT $4",
            params![account, mailbox, since, CHANGES_MAX],
            |row| {
                let (id, changed, created) = (row.int(0)?, row.int(1)?, row.int(2)?);
                let (fate, at) =
                    if created > since { (Fate::MessageCreated, created) } else { (Fate::MessageUpdated, changed) };
                let (latest, _) = messages.entry(id).or_insert((at, fate));
                *latest = at.max(*latest);
                Ok(())
            },
        )?;
        if messages.len() as u64 >= u64::from(CHANGES_MAX) {
            return Err(MailboxError::CannotCalculate);
        }
    }
    fates.extend(messages.into_iter().map(|(id, (at, fate))| (at, fate, id)));
    Ok(())
}

fn destroyed_fates(tx: &mut Tx<'_>, account: i64, since: i64, fates: &mut Fates) -> Result<(), MailboxError> {
    tx.for_each(
        "SELECT modseq, kind, id FROM destroyed WHERE account = $1 AND modseq > $2 ORDER BY modseq LIMIT $3",
        params![account, since, CHANGES_MAX],
        |row| {
            let fate = match row.text(1)? {
                "message" => Fate::MessageDestroyed,
                "mailbox" => Fate::MailboxDestroyed,
                _ => Fate::ThreadDestroyed,
            };
            fates.push((row.int(0)?, fate, row.int(2)?));
            Ok(())
        },
    )?;
    Ok(())
}

/// Forgets what was expunged or destroyed at or before `modseq`; questions about earlier changes then get the long answer or
/// none.
///
/// # Errors
/// If the store fails.
pub fn trim_tombstones(tx: &mut Tx<'_>, account: i64, modseq: i64) -> Result<(), MailboxError> {
    tx.execute(
        "UPDATE account SET low_modseq = $2 WHERE id = $1 AND low_modseq < $2 AND modseq >= $2",
        params![account, modseq],
    )?;
    let low = low_modseq(tx, account)?;
    tx.execute("DELETE FROM expunged WHERE account = $1 AND modseq <= $2", params![account, low])?;
    tx.execute("DELETE FROM destroyed WHERE account = $1 AND modseq <= $2", params![account, low])?;
    Ok(())
}

/// Takes the account's row without giving out a modseq.
pub(crate) fn lock_account(tx: &mut Tx<'_>, account: i64) -> Result<(), MailboxError> {
    let found = tx.execute("UPDATE account SET modseq = modseq WHERE id = $1", params![account])?;
    if found == 1 { Ok(()) } else { Err(MailboxError::Store(StoreError::Missing { what: "account" })) }
}

/// Tells watchers of the account.
pub(crate) fn notify(tx: &mut Tx<'_>, account: i64) {
    tx.notify(Notice::Account(account));
}
