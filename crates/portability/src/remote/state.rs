//! What is known of other servers' folders, in the store.

use std::collections::HashMap;

use mailbox::{Flags, MailboxError};
use serde::{Deserialize, Serialize};
use store::owned::{Owner, open, seal};
use store::{Tx, params};

use crate::Origin;

const PLACE: &str = "move source";

/// Where mail comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceName {
    /// The host.
    pub host: String,
    /// Whose mailbox there.
    pub user: String,
}

/// How a source stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceStanding {
    /// Where mail comes from.
    pub name: SourceName,
    /// The first run, in milliseconds since 1970.
    pub begun: i64,
    /// The last run that came to its end; 0 for none.
    pub ended: i64,
    /// Folders that were looked at.
    pub folders: u64,
    /// Messages that they had then.
    pub messages: u64,
    /// Messages of them that are here, or were.
    pub here: u64,
}

/// A folder of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FolderState {
    pub(crate) id: i64,
    pub(crate) uidvalidity: u32,
}

/// A message that was brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Brought {
    pub(crate) message: i64,
    /// Its flags there at the last look.
    pub(crate) flags: Flags,
}

fn hashed(tx: &mut Tx<'_>, account: i64, parts: &[&[u8]]) -> Result<Vec<u8>, MailboxError> {
    let key = tx.context().keys.account(tx, account)?;
    Ok(key.hashing().hash(&crypto::hash::digest(parts)).to_vec())
}

fn source_hash(tx: &mut Tx<'_>, account: i64, name: &SourceName) -> Result<Vec<u8>, MailboxError> {
    hashed(tx, account, &[b"move source", name.host.as_bytes(), name.user.as_bytes()])
}

/// The source of that name, if anything was brought from it.
pub(crate) fn find_source(tx: &mut Tx<'_>, account: i64, name: &SourceName) -> Result<Option<i64>, MailboxError> {
    let hash = source_hash(tx, account, name)?;
    let sql = "SELECT id FROM move_source WHERE account = $1 AND name = $2";
    Ok(tx.row(sql, params![account, &hash], |row| row.int(0))?)
}

/// The source of that name; a new one if there is none.
pub(crate) fn source(tx: &mut Tx<'_>, account: i64, name: &SourceName) -> Result<i64, MailboxError> {
    store::account::next_modseq(tx, account)?;
    if let Some(known) = find_source(tx, account, name)? {
        return Ok(known);
    }
    let hash = source_hash(tx, account, name)?;
    let (id, now) = (tx.next_id(), tx.now().millis());
    let sealed = seal(tx, Owner::Account(account), PLACE, id, name)?;
    tx.execute(
        "INSERT INTO move_source (account, id, name, begun, ended, detail) VALUES ($1, $2, $3, $4, 0, $5)",
        params![account, id, &hash, now, &sealed],
    )?;
    Ok(id)
}

/// A run came to its end.
pub(crate) fn note_end(tx: &mut Tx<'_>, account: i64, source: i64) -> Result<(), MailboxError> {
    let now = tx.now().millis();
    tx.execute("UPDATE move_source SET ended = $3 WHERE account = $1 AND id = $2", params![account, source, now])?;
    Ok(())
}

/// How all sources of an account stand.
///
/// # Errors
/// If the store fails.
pub fn standing(tx: &mut Tx<'_>, account: i64) -> Result<Vec<SourceStanding>, MailboxError> {
    let rows = tx.rows(
        "SELECT s.id, s.begun, s.ended, s.detail,
             (SELECT COUNT(*) FROM move_folder f WHERE f.account = s.account AND f.source = s.id),
             (SELECT CAST(COALESCE(SUM(f.messages), 0) AS BIGINT) FROM move_folder f WHERE f.account = s.account AND f.source = s.id),
             (SELECT COUNT(*) FROM move_message m JOIN move_folder f ON f.account = m.account AND f.id = m.folder
              WHERE m.account = s.account AND f.source = s.id)
         FROM move_source s WHERE s.account = $1 ORDER BY s.id",
        params![account],
        |row| {
            let numbers = [row.int(4)?, row.int(5)?, row.int(6)?].map(i64::unsigned_abs);
            Ok((row.int(0)?, row.int(1)?, row.int(2)?, row.bytes(3)?.to_vec(), numbers))
        },
    )?;
    let mut all = Vec::with_capacity(rows.len());
    for (id, begun, ended, sealed, [folders, messages, here]) in rows {
        let name = open(tx, Owner::Account(account), PLACE, id, &sealed)?;
        all.push(SourceStanding { name, begun, ended, folders, messages, here });
    }
    Ok(all)
}

/// The folder of that name, as the server writes it; none if it was never looked at.
pub(crate) fn folder(
    tx: &mut Tx<'_>,
    account: i64,
    source: i64,
    name: &[u8],
) -> Result<Option<FolderState>, MailboxError> {
    let hash = hashed(tx, account, &[b"move folder", &source.to_le_bytes(), name])?;
    Ok(tx.row(
        "SELECT id, uidvalidity FROM move_folder WHERE account = $1 AND source = $2 AND name = $3",
        params![account, source, &hash],
        |row| Ok(FolderState { id: row.int(0)?, uidvalidity: row.uint32(1)? }),
    )?)
}

/// Notes that the folder is looked at. What is known of its messages is forgotten if they have been given other numbers.
pub(crate) fn look_at(
    tx: &mut Tx<'_>,
    account: i64,
    source: i64,
    name: &[u8],
    (uidvalidity, messages, mailbox): (u32, u32, i64),
) -> Result<i64, MailboxError> {
    store::account::next_modseq(tx, account)?;
    let known = folder(tx, account, source, name)?;
    let Some(known) = known else {
        let hash = hashed(tx, account, &[b"move folder", &source.to_le_bytes(), name])?;
        let id = tx.next_id();
        tx.execute(
            "INSERT INTO move_folder (account, id, source, name, uidvalidity, mailbox, messages)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            params![account, id, source, &hash, uidvalidity, mailbox, messages],
        )?;
        return Ok(id);
    };
    if known.uidvalidity != uidvalidity {
        let sql = "DELETE FROM move_message WHERE account = $1 AND folder = $2";
        tx.execute(sql, params![account, known.id])?;
    }
    tx.execute(
        "UPDATE move_folder SET uidvalidity = $3, mailbox = $4, messages = $5 WHERE account = $1 AND id = $2",
        params![account, known.id, uidvalidity, mailbox, messages],
    )?;
    Ok(known.id)
}

/// What was brought of a folder, by UID.
pub(crate) fn brought(tx: &mut Tx<'_>, account: i64, folder: i64) -> Result<HashMap<u32, Brought>, MailboxError> {
    let mut all = HashMap::new();
    tx.for_each(
        "SELECT uid, message, flags, keywords FROM move_message WHERE account = $1 AND folder = $2",
        params![account, folder],
        |row| {
            let flags = Flags { system: (row.int(2)? & 0xff) as u8, keywords: row.int(3)?.cast_unsigned() };
            all.insert(row.uint32(0)?, Brought { message: row.int(1)?, flags });
            Ok(())
        },
    )?;
    Ok(all)
}

/// Whether that message was brought.
pub(crate) fn has_message(tx: &mut Tx<'_>, account: i64, origin: &Origin) -> Result<bool, MailboxError> {
    // The account's row keeps two runs from bringing the same.
    store::account::next_modseq(tx, account)?;
    let sql = "SELECT 1 FROM move_message WHERE account = $1 AND folder = $2 AND uid = $3";
    Ok(tx.row(sql, params![account, origin.folder, origin.uid], |row| row.int(0))?.is_some())
}

/// Notes that it was brought.
pub(crate) fn note_message(
    tx: &mut Tx<'_>,
    account: i64,
    origin: &Origin,
    message: i64,
    flags: Flags,
) -> Result<(), MailboxError> {
    tx.execute(
        "INSERT INTO move_message (account, folder, uid, message, flags, keywords, number)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        params![
            account,
            origin.folder,
            origin.uid,
            message,
            i64::from(flags.system),
            flags.keywords.cast_signed(),
            origin.number
        ],
    )?;
    Ok(())
}

/// Notes flags as they are there now.
pub(crate) fn note_flags(
    tx: &mut Tx<'_>,
    account: i64,
    folder: i64,
    uid: u32,
    flags: Flags,
) -> Result<(), MailboxError> {
    tx.execute(
        "UPDATE move_message SET flags = $4, keywords = $5 WHERE account = $1 AND folder = $2 AND uid = $3",
        params![account, folder, uid, i64::from(flags.system), flags.keywords.cast_signed()],
    )?;
    Ok(())
}

/// Forgets a message that is gone there.
pub(crate) fn forget_message(tx: &mut Tx<'_>, account: i64, folder: i64, uid: u32) -> Result<(), MailboxError> {
    let sql = "DELETE FROM move_message WHERE account = $1 AND folder = $2 AND uid = $3";
    tx.execute(sql, params![account, folder, uid])?;
    Ok(())
}

/// The message here that Gmail has under this number, if one was brought from another folder of it and is still here.
pub(crate) fn with_number(tx: &mut Tx<'_>, account: i64, number: i64) -> Result<Option<i64>, MailboxError> {
    Ok(tx.row(
        "SELECT m.message FROM move_message m JOIN message h ON h.account = m.account AND h.id = m.message
         WHERE m.account = $1 AND m.number = $2 LIMIT 1",
        params![account, number],
        |row| row.int(0),
    )?)
}
