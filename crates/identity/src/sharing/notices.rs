//! What accounts are told of rights that others have given them or taken back. Kept for a time and up to a number.

use std::time::Duration;

use env::Timestamp;
use store::{Notice, Row, StoreError, Tx, account::next_modseq, params};

use super::Share;
use crate::IdentityError;

/// Notices of one account that are kept; an older one goes for a new one.
pub const NOTICES_MAX: i64 = 200;

/// How long one is kept.
const KEPT_FOR: Duration = Duration::from_secs(90 * 86_400);

/// Rows of one account, with marks of notices that are gone.
const ROWS_MAX: i64 = 1_000;

/// A notice that rights changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareNotice {
    /// Its identifier.
    pub id: i64,
    /// When it was.
    pub created: Timestamp,
    /// Whose mailbox.
    pub owner: i64,
    /// Which one; of what is given of a whole account, INBOX.
    pub mailbox: i64,
    /// What its name rested as then, under the owner's key.
    pub sealed_name: Vec<u8>,
    /// Who did it; none: somebody at the machine itself.
    pub changed_by: Option<i64>,
    /// What might be done before.
    pub old: Share,
    /// What may be done since.
    pub new: Share,
}

/// A notice that came or went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangedNotice {
    /// Which one.
    pub id: i64,
    /// When it was made.
    pub created: i64,
    /// Its last change.
    pub changed: i64,
    /// Whether it is gone.
    pub is_gone: bool,
}

/// What a notice is made from.
pub(super) struct New {
    pub(super) owner: i64,
    pub(super) mailbox: i64,
    pub(super) changed_by: Option<i64>,
    pub(super) old: Share,
    pub(super) new: Share,
}

/// INBOX of an account: its first mailbox, which is made with it and never deleted.
pub(super) fn inbox(tx: &mut Tx<'_>, account: i64) -> Result<Option<i64>, IdentityError> {
    let sql = "SELECT id FROM mailbox WHERE account = $1 ORDER BY id LIMIT 1";
    Ok(tx.row(sql, params![account], |row| row.int(0))?)
}

/// Tells `account` that its rights changed.
pub(super) fn add(tx: &mut Tx<'_>, account: i64, new: &New) -> Result<(), IdentityError> {
    let name = "SELECT name FROM mailbox WHERE account = $1 AND id = $2";
    let name = tx.row(name, params![new.owner, new.mailbox], |row| Ok(row.bytes(0)?.to_vec()))?;
    // A mailbox that is gone already is nobody's concern.
    let Some(name) = name else { return Ok(()) };
    let (id, now, modseq) = (tx.next_id(), tx.now(), next_modseq(tx, account)?);
    tx.execute(
        "INSERT INTO share_notice (account, id, owner, mailbox, name, changed_by, rights_before, rights_after, created,
             created_modseq, changed_modseq) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)",
        params![
            account,
            id,
            new.owner,
            new.mailbox,
            &name,
            new.changed_by.unwrap_or(0),
            &new.old.letters(),
            &new.new.letters(),
            now.millis(),
            modseq
        ],
    )?;
    let oldest = "SELECT id FROM share_notice WHERE account = $1 AND is_gone = 0 ORDER BY id DESC LIMIT 1 OFFSET $2";
    if let Some(oldest) = tx.row(oldest, params![account, NOTICES_MAX], |row| row.int(0))? {
        tx.execute(
            "UPDATE share_notice SET is_gone = 1, name = '', changed_modseq = $3
             WHERE account = $1 AND is_gone = 0 AND id <= $2",
            params![account, oldest, modseq],
        )?;
    }
    let cut =
        "SELECT changed_modseq FROM share_notice WHERE account = $1 ORDER BY changed_modseq DESC LIMIT 1 OFFSET $2";
    if let Some(cut) = tx.row(cut, params![account, ROWS_MAX - 1], |row| row.int(0))? {
        let forget = "DELETE FROM share_notice WHERE account = $1 AND is_gone = 1 AND changed_modseq < $2";
        tx.execute(forget, params![account, cut])?;
    }
    tx.notify(Notice::Account(account));
    Ok(())
}

/// The notices of an account, the oldest first.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn list(tx: &mut Tx<'_>, account: i64) -> Result<Vec<ShareNotice>, IdentityError> {
    Ok(tx.rows(
        "SELECT id, created, owner, mailbox, name, changed_by, rights_before, rights_after FROM share_notice
         WHERE account = $1 AND is_gone = 0 ORDER BY created, id LIMIT $2",
        params![account, ROWS_MAX],
        read,
    )?)
}

fn read(row: &Row<'_>) -> Result<ShareNotice, StoreError> {
    Ok(ShareNotice {
        id: row.int(0)?,
        created: Timestamp::from_millis(row.int(1)?),
        owner: row.int(2)?,
        mailbox: row.int(3)?,
        sealed_name: row.bytes(4)?.to_vec(),
        changed_by: Some(row.int(5)?).filter(|account| *account != 0),
        old: Share::from_letters(row.text(6)?),
        new: Share::from_letters(row.text(7)?),
    })
}

/// A number that grows with every change of an account's notices.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn state(tx: &mut Tx<'_>, account: i64) -> Result<i64, IdentityError> {
    let sql = "SELECT COALESCE(MAX(changed_modseq), 0) FROM share_notice WHERE account = $1";
    Ok(tx.row(sql, params![account], |row| row.int(0))?.unwrap_or(0))
}

/// The state from which on every change is known: an account with many rows has lost marks of what went before.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn low_state(tx: &mut Tx<'_>, account: i64) -> Result<i64, IdentityError> {
    let sql = "SELECT COUNT(*), COALESCE(MIN(CASE WHEN is_gone = 1 THEN changed_modseq END), 0) FROM share_notice
               WHERE account = $1";
    let (count, least) = tx.row(sql, params![account], |row| Ok((row.int(0)?, row.int(1)?)))?.unwrap_or((0, 0));
    Ok(if count < ROWS_MAX { 0 } else { least })
}

/// What came or went after `since`, the oldest change first.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn changed_since(tx: &mut Tx<'_>, account: i64, since: i64) -> Result<Vec<ChangedNotice>, IdentityError> {
    Ok(tx.rows(
        "SELECT id, created_modseq, changed_modseq, is_gone FROM share_notice
         WHERE account = $1 AND changed_modseq > $2 ORDER BY changed_modseq, id",
        params![account, since],
        |row| Ok(ChangedNotice { id: row.int(0)?, created: row.int(1)?, changed: row.int(2)?, is_gone: row.flag(3)? }),
    )?)
}

/// Takes a notice away; gives whether there was one.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn dismiss(tx: &mut Tx<'_>, account: i64, id: i64) -> Result<bool, IdentityError> {
    let modseq = next_modseq(tx, account)?;
    let gone = tx.execute(
        "UPDATE share_notice SET is_gone = 1, name = '', changed_modseq = $3
         WHERE account = $1 AND id = $2 AND is_gone = 0",
        params![account, id, modseq],
    )?;
    tx.notify(Notice::Account(account));
    Ok(gone > 0)
}

/// Takes notices away that are older than they are kept, of at most `limit` accounts; gives of how many.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn expire(tx: &mut Tx<'_>, limit: u32) -> Result<usize, IdentityError> {
    let kept = i64::try_from(KEPT_FOR.as_millis()).unwrap_or(i64::MAX);
    let before = tx.now().millis().saturating_sub(kept);
    let accounts = tx.rows(
        "SELECT DISTINCT account FROM share_notice WHERE is_gone = 0 AND created < $1 ORDER BY account LIMIT $2",
        params![before, i64::from(limit)],
        |row| row.int(0),
    )?;
    for account in &accounts {
        let modseq = next_modseq(tx, *account)?;
        tx.execute(
            "UPDATE share_notice SET is_gone = 1, name = '', changed_modseq = $3
             WHERE account = $1 AND is_gone = 0 AND created < $2",
            params![*account, before, modseq],
        )?;
        tx.notify(Notice::Account(*account));
    }
    Ok(accounts.len())
}
