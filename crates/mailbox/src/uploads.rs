//! Files that a client has sent to use them in messages: kept for a while, sealed like messages.

use crypto::keys::MessageKey;
use crypto::record;
use env::Timestamp;
use store::blobs::WITH_ROW_BYTES_MAX;
use store::{Blobs, Context, Location, Tx, params};

use crate::MailboxError;

/// A file that is sealed and ready to be stored, all that takes time being done.
pub struct PreparedUpload {
    key: MessageKey,
    size: u64,
    record: record::Record,
}

impl PreparedUpload {
    /// Seals `octets`.
    #[must_use]
    pub fn new(octets: Vec<u8>, context: &Context) -> Self {
        let key = MessageKey::generate(&*context.entropy);
        let size = octets.len() as u64;
        Self { record: record::seal_consuming(&key, context.keys.suite(), octets), key, size }
    }

    /// The sealed bytes for [`store::Store::stage`]; they can be taken once.
    #[must_use]
    pub fn take_record(&mut self) -> record::Record {
        std::mem::take(&mut self.record)
    }

    /// Length of the file, in octets.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }
}

/// A file of an account.
pub struct Upload {
    location: Location,
    key: MessageKey,
    size: u64,
}

impl Upload {
    /// Length of the file, in octets.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Reads the file. Blocks while the disk is read.
    ///
    /// # Errors
    /// If the content is missing or does not open.
    pub fn read(&self, blobs: &Blobs) -> Result<Vec<u8>, MailboxError> {
        let mut sealed = blobs.read(&self.location)?;
        Ok(record::open(&self.key, &mut sealed)?)
    }
}

/// Keeps a file until `expires`; its blob has been attached with one reference. Gives its identifier.
///
/// # Errors
/// If the store fails.
pub fn keep(
    tx: &mut Tx<'_>,
    account: i64,
    upload: &PreparedUpload,
    blob: i64,
    expires: Timestamp,
) -> Result<i64, MailboxError> {
    let context = tx.context();
    let key = context.keys.account(tx, account)?;
    let (id, wrapped) = (tx.next_id(), key.wrap_message(context.entropy.as_ref(), &upload.key, blob));
    let size = i64::try_from(upload.size).unwrap_or(i64::MAX);
    tx.execute(
        "INSERT INTO jmap_upload (account, id, blob, key_wrapped, size, expires) VALUES ($1, $2, $3, $4, $5, $6)",
        params![account, id, blob, &wrapped, size, expires.millis()],
    )?;
    Ok(id)
}

/// The file of that identifier, unless it is forgotten.
///
/// # Errors
/// If the store fails.
pub fn find(tx: &mut Tx<'_>, account: i64, id: i64) -> Result<Option<Upload>, MailboxError> {
    let key = tx.context().keys.account(tx, account)?;
    let now = tx.now().millis();
    Ok(tx.row(
        "SELECT u.key_wrapped, u.size, b.id, b.segment, b.position, b.length, CASE WHEN b.length <= $3 THEN b.data END
         FROM jmap_upload u JOIN blob b ON b.id = u.blob WHERE u.account = $1 AND u.id = $2 AND u.expires > $4",
        params![account, id, WITH_ROW_BYTES_MAX, now],
        |row| {
            let key = key.unwrap_message(row.bytes(0)?, row.int(2)?)?;
            Ok(Upload { location: Location::from_columns(row, 2)?, key, size: row.int(1)?.unsigned_abs() })
        },
    )?)
}

/// Octets of the account's files that are kept.
///
/// # Errors
/// If the store fails.
pub fn kept_bytes(tx: &mut Tx<'_>, account: i64) -> Result<u64, MailboxError> {
    let now = tx.now().millis();
    let bytes = tx.row(
        "SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM jmap_upload WHERE account = $1 AND expires > $2",
        params![account, now],
        |row| row.int(0),
    )?;
    Ok(bytes.unwrap_or(0).unsigned_abs())
}

/// Forgets files whose time is over, at most `limit`; gives how many.
///
/// # Errors
/// If the store fails.
pub fn forget_expired(tx: &mut Tx<'_>, limit: u32) -> Result<u64, MailboxError> {
    let now = tx.now().millis();
    let expired = tx.rows(
        "SELECT account, id, blob FROM jmap_upload WHERE expires <= $1 ORDER BY expires LIMIT $2",
        params![now, limit],
        |row| Ok((row.int(0)?, row.int(1)?, row.int(2)?)),
    )?;
    let mut forgotten = 0;
    for (account, id, blob) in expired {
        let gone = tx.execute("DELETE FROM jmap_upload WHERE account = $1 AND id = $2", params![account, id])?;
        if gone == 1 {
            store::blobs::add_refs(tx, blob, -1)?;
            forgotten += 1;
        }
    }
    Ok(forgotten)
}
