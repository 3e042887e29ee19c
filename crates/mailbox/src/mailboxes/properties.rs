use store::{Tx, account::next_modseq, params};

use super::{SpecialUse, with_use};
use crate::MailboxError;
use crate::changes::notify;

/// Sets what a mailbox is for, or that it is for nothing in particular.
///
/// # Errors
/// [`MailboxError::AlreadyExists`] if another mailbox has that use, [`MailboxError::NoSuchMailbox`], or if the store fails.
pub fn set_use(
    tx: &mut Tx<'_>,
    account: i64,
    mailbox: i64,
    special_use: Option<SpecialUse>,
) -> Result<(), MailboxError> {
    let modseq = next_modseq(tx, account)?;
    if let Some(special_use) = special_use
        && with_use(tx, account, special_use)?.is_some_and(|other| other != mailbox)
    {
        return Err(MailboxError::AlreadyExists);
    }
    let changed = tx.execute(
        "UPDATE mailbox SET special_use = $3, changed_modseq = $4 WHERE account = $1 AND id = $2",
        params![account, mailbox, special_use.map_or("", SpecialUse::as_str), modseq],
    )?;
    finish(tx, account, changed)
}

/// Sets where clients show a mailbox among others.
///
/// # Errors
/// [`MailboxError::NoSuchMailbox`], or if the store fails.
pub fn set_sort_order(tx: &mut Tx<'_>, account: i64, mailbox: i64, order: u32) -> Result<(), MailboxError> {
    let modseq = next_modseq(tx, account)?;
    let changed = tx.execute(
        "UPDATE mailbox SET sort_order = $3, changed_modseq = $4 WHERE account = $1 AND id = $2",
        params![account, mailbox, order, modseq],
    )?;
    finish(tx, account, changed)
}

fn finish(tx: &mut Tx<'_>, account: i64, changed: u64) -> Result<(), MailboxError> {
    if changed == 0 {
        return Err(MailboxError::NoSuchMailbox);
    }
    notify(tx, account);
    Ok(())
}
