//! What whoever keeps an account's messages in memory reads: everything at first, later only what changed.

use env::Timestamp;
use store::{StoreError, Tx, params};

use crate::summaries::summary_context;
use crate::{Flags, MailboxError};

/// How far an account's changes have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountState {
    /// The last modseq given out.
    pub modseq: i64,
    /// What happened at or before it is partly forgotten.
    pub low_modseq: i64,
}

/// A message as it lies in one mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageCopy {
    /// The message.
    pub message: i64,
    /// Its thread.
    pub thread: i64,
    /// Its UID in the mailbox.
    pub uid: u32,
    /// Octets as a client sees them.
    pub size: u32,
    /// Its flags there.
    pub flags: Flags,
    /// Its last change there.
    pub modseq: i64,
    /// When the message came into the account.
    pub created_modseq: i64,
    /// When it was received.
    pub received: Timestamp,
}

/// An object that is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Destroyed {
    /// What it was.
    pub kind: DestroyedKind,
    /// Its identifier.
    pub id: i64,
    /// When it went.
    pub modseq: i64,
}

/// What an object was that is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DestroyedKind {
    /// A message, of this thread; none if that was not written down.
    Message(Option<i64>),
    /// A mailbox.
    Mailbox,
    /// A thread.
    Thread,
}

/// How far the account's changes have come.
///
/// # Errors
/// If there is no such account or the store fails.
pub fn account_state(tx: &mut Tx<'_>, account: i64) -> Result<AccountState, MailboxError> {
    let found = tx.row("SELECT modseq, low_modseq FROM account WHERE id = $1", params![account], |row| {
        Ok(AccountState { modseq: row.int(0)?, low_modseq: row.int(1)? })
    })?;
    found.ok_or(MailboxError::Store(StoreError::Missing { what: "account" }))
}

/// The state of the account's messages: their last change, or what is forgotten.
///
/// # Errors
/// If there is no such account or the store fails.
pub fn message_state(tx: &mut Tx<'_>, account: i64) -> Result<i64, MailboxError> {
    let low = account_state(tx, account)?.low_modseq;
    let changed =
        tx.row("SELECT COALESCE(MAX(highestmodseq), 0) FROM mailbox WHERE account = $1", params![account], |row| {
            row.int(0)
        })?;
    let destroyed = last_destroyed(tx, account, "message")?;
    Ok(low.max(changed.unwrap_or(0)).max(destroyed))
}

/// The state of the account's mailboxes, their counters included.
///
/// # Errors
/// If there is no such account or the store fails.
pub fn mailbox_state(tx: &mut Tx<'_>, account: i64) -> Result<i64, MailboxError> {
    let changed =
        tx.row("SELECT COALESCE(MAX(changed_modseq), 0) FROM mailbox WHERE account = $1", params![account], |row| {
            row.int(0)
        })?;
    let destroyed = last_destroyed(tx, account, "mailbox")?;
    Ok(message_state(tx, account)?.max(changed.unwrap_or(0)).max(destroyed))
}

fn last_destroyed(tx: &mut Tx<'_>, account: i64, kind: &str) -> Result<i64, MailboxError> {
    let last = tx.row(
        "SELECT modseq FROM destroyed WHERE account = $1 AND kind = $2 ORDER BY modseq DESC LIMIT 1",
        params![account, kind],
        |row| row.int(0),
    )?;
    Ok(last.unwrap_or(0))
}

/// Calls `visit` with each message of the mailbox that changed there after `modseq`.
///
/// # Errors
/// If the store fails.
pub fn copies_since(
    tx: &mut Tx<'_>,
    account: i64,
    mailbox: i64,
    modseq: i64,
    mut visit: impl FnMut(&MessageCopy),
) -> Result<(), MailboxError> {
    tx.for_each(
        "SELECT c.uid, c.message, m.thread, c.flags, c.keywords, c.modseq, c.size, c.received, m.created_modseq
         FROM mailbox_message c JOIN message m ON m.account = c.account AND m.id = c.message
         WHERE c.account = $1 AND c.mailbox = $2 AND c.modseq > $3",
        params![account, mailbox, modseq],
        |row| {
            let flags = Flags { system: (row.int(3)? & 0xff) as u8, keywords: row.int(4)?.cast_unsigned() };
            visit(&MessageCopy {
                uid: row.uint32(0)?,
                message: row.int(1)?,
                thread: row.int(2)?,
                flags,
                modseq: row.int(5)?,
                size: row.uint32(6)?,
                received: Timestamp::from_millis(row.int(7)?),
                created_modseq: row.int(8)?,
            });
            Ok(())
        },
    )?;
    Ok(())
}

/// Where a message lies: mailbox, UID, flags.
///
/// # Errors
/// If the store fails.
pub fn places_of(tx: &mut Tx<'_>, account: i64, message: i64) -> Result<Vec<(i64, u32, Flags)>, MailboxError> {
    Ok(tx.rows(
        "SELECT mailbox, uid, flags, keywords FROM mailbox_message WHERE account = $1 AND message = $2
         ORDER BY mailbox, uid",
        params![account, message],
        |row| {
            let flags = Flags { system: (row.int(2)? & 0xff) as u8, keywords: row.int(3)?.cast_unsigned() };
            Ok((row.int(0)?, row.uint32(1)?, flags))
        },
    )?)
}

/// What was destroyed after `modseq`, oldest first.
///
/// # Errors
/// If the store fails.
pub fn destroyed_since(tx: &mut Tx<'_>, account: i64, modseq: i64) -> Result<Vec<Destroyed>, MailboxError> {
    Ok(tx.rows(
        "SELECT modseq, kind, id, thread FROM destroyed WHERE account = $1 AND modseq > $2 ORDER BY modseq",
        params![account, modseq],
        |row| {
            let kind = match row.text(1)? {
                "message" => DestroyedKind::Message(Some(row.int(3)?).filter(|thread| *thread != 0)),
                "mailbox" => DestroyedKind::Mailbox,
                _ => DestroyedKind::Thread,
            };
            Ok(Destroyed { kind, id: row.int(2)?, modseq: row.int(0)? })
        },
    )?)
}

/// Calls `visit` with each of `messages` that is there and its encoded [`mail::message::Summary`].
///
/// # Errors
/// What `visit` gives, which ends the reading; if the store fails or a summary does not open.
pub fn summaries_of(
    tx: &mut Tx<'_>,
    account: i64,
    messages: &[i64],
    mut visit: impl FnMut(i64, &[u8]) -> Result<(), StoreError>,
) -> Result<(), MailboxError> {
    let key = tx.context().keys.account(tx, account)?;
    let mut plain = Vec::new();
    for message in messages {
        tx.for_each("SELECT summary FROM message WHERE account = $1 AND id = $2", params![account, *message], |row| {
            let summary = key.sealing().open_into("summary", &summary_context(*message), row.bytes(0)?, &mut plain)?;
            visit(*message, summary)
        })?;
    }
    Ok(())
}
