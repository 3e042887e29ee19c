use store::{Tx, account::next_modseq, params};

use super::{create_superiors, find, insert, list, name_context, name_key};
use crate::changes::notify;
use crate::copying::transfer;
use crate::{MailboxError, Name, UidRange};

/// Gives a mailbox, and all below it, another name. INBOX stays: its messages move to a new mailbox of that name
/// (RFC 9051 section 6.3.6).
///
/// # Errors
/// [`MailboxError::NoSuchMailbox`], [`MailboxError::AlreadyExists`], [`MailboxError::InvalidName`] if the new name lies below
/// the old one or a name below would become too long.
pub fn rename(tx: &mut Tx<'_>, account: i64, from: &Name, to: &Name) -> Result<(), MailboxError> {
    let modseq = next_modseq(tx, account)?;
    let source = find(tx, account, from)?.ok_or(MailboxError::NoSuchMailbox)?;
    if find(tx, account, to)?.is_some() {
        return Err(MailboxError::AlreadyExists);
    }
    if from.is_inbox() {
        create_superiors(tx, account, to, modseq)?;
        let target = insert(tx, account, to, None, modseq)?;
        transfer(tx, account, source.id, &[UidRange::ALL], target, modseq)?;
    } else {
        if to.is_below(from) {
            return Err(MailboxError::InvalidName { why: "it lies below the old name" });
        }
        create_superiors(tx, account, to, modseq)?;
        for mailbox in list(tx, account)? {
            if let Some(name) = mailbox.name.rebased(from, to) {
                set_name(tx, account, mailbox.id, &Name::parse(name.as_str())?, modseq)?;
            }
        }
    }
    notify(tx, account);
    Ok(())
}

fn set_name(tx: &mut Tx<'_>, account: i64, mailbox: i64, name: &Name, modseq: i64) -> Result<(), MailboxError> {
    let key = tx.context().keys.account(tx, account)?;
    let sealed = key.sealing().seal(tx.context().entropy.as_ref(), &name_context(mailbox), name.as_str().as_bytes());
    tx.execute(
        "UPDATE mailbox SET name = $3, name_key = $4, changed_modseq = $5 WHERE account = $1 AND id = $2",
        params![account, mailbox, &sealed, &name_key(&key, name), modseq],
    )?;
    Ok(())
}
