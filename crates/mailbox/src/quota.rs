use store::{Tx, params};

use crate::{Flags, MailboxError};

/// What an account holds. A message counts once, however many mailboxes it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Octets of its messages.
    pub bytes: u64,
    /// Number of its messages.
    pub messages: u64,
    /// Octets that it may hold; 0 is no limit.
    pub quota_bytes: u64,
}

/// What the account holds and may hold.
///
/// # Errors
/// If there is no such account or the store fails.
pub fn usage(tx: &mut Tx<'_>, account: i64) -> Result<Usage, MailboxError> {
    let usage = tx.row("SELECT bytes, messages, quota_bytes FROM account WHERE id = $1", params![account], |row| {
        Ok(Usage {
            bytes: row.int(0)?.unsigned_abs(),
            messages: row.int(1)?.unsigned_abs(),
            quota_bytes: row.int(2)?.unsigned_abs(),
        })
    })?;
    usage.ok_or(MailboxError::Store(store::StoreError::Missing { what: "account" }))
}

/// Octets of the messages of a mailbox that are flagged as deleted. Asked too rarely to be kept as a counter: it looks at each message.
///
/// # Errors
/// If the store fails.
pub fn deleted_bytes(tx: &mut Tx<'_>, account: i64, mailbox: i64) -> Result<u64, MailboxError> {
    let bytes = tx.row(
        "SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM mailbox_message
         WHERE account = $1 AND mailbox = $2 AND (flags & $3) = $3",
        params![account, mailbox, i64::from(Flags::DELETED)],
        |row| row.int(0),
    )?;
    Ok(bytes.unwrap_or_default().unsigned_abs())
}
