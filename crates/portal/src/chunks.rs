//! Chunks of ciphertext, each a blob of its own, sealed once more under the account's key.

use crypto::keys::MessageKey;
use crypto::record;
use store::blobs::WITH_ROW_BYTES_MAX;
use store::{Blobs, Context, Location, StoreError, Tx, params};

use crate::delivery::is_draft;
use crate::{PortalError, PortalSettings, replies};

/// Longest chunk of ciphertext: 1 MiB and the tag of AES-GCM.
pub const CHUNK_BYTES_MAX: usize = (1 << 20) + 16;

/// Chunks of one part.
const CHUNKS_MAX: u32 = 65_536;

/// Where a chunk belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Account of the sender.
    pub account: i64,
    /// The delivery.
    pub delivery: i64,
    /// The reply to it; 0 for the delivery itself.
    pub reply: i64,
    /// 0 for the message, from 1 on for its files.
    pub part: u32,
    /// Which of the part's chunks, from 0 on.
    pub number: u32,
}

/// A chunk that is sealed and ready to be stored.
pub struct PreparedChunk {
    key: MessageKey,
    size: u64,
    record: record::Record,
}

impl PreparedChunk {
    /// Seals the ciphertext of a chunk.
    ///
    /// # Errors
    /// [`PortalError::Invalid`] if it is longer than a chunk, or too short for the tag that every chunk has.
    pub fn new(octets: Vec<u8>, context: &Context) -> Result<Self, PortalError> {
        if !(16..=CHUNK_BYTES_MAX).contains(&octets.len()) {
            return Err(PortalError::Invalid { name: "chunk", why: format!("must be 16 to {CHUNK_BYTES_MAX} octets") });
        }
        let (key, size) = (MessageKey::generate(&*context.entropy), octets.len() as u64);
        Ok(Self { record: record::seal_consuming(&key, context.keys.suite(), octets), key, size })
    }

    /// The sealed bytes for [`store::Store::stage`]; they can be taken once.
    #[must_use]
    pub fn take_record(&mut self) -> record::Record {
        std::mem::take(&mut self.record)
    }
}

/// Keeps a chunk whose blob has been attached with one reference. One that is there stays as it is, and the same place cannot be filled twice.
///
/// # Errors
/// [`PortalError`] if delivery or account have no more room.
pub fn keep(
    tx: &mut Tx<'_>,
    place: Place,
    chunk: &PreparedChunk,
    blob: i64,
    settings: &PortalSettings,
) -> Result<(), PortalError> {
    let Place { account, delivery, reply, part, number } = place;
    if part > 100 || number >= CHUNKS_MAX {
        return Err(PortalError::Invalid { name: "part", why: "may be at most 100, with 65,536 chunks".to_owned() });
    }
    let is_draft = match reply {
        0 => is_draft(tx, account, delivery)?,
        _ => replies::is_draft(tx, account, delivery, reply)?,
    };
    if !is_draft {
        return Err(PortalError::State);
    }
    let context = tx.context();
    let key = context.keys.account(tx, account)?;
    let wrapped = key.wrap_message(context.entropy.as_ref(), &chunk.key, blob);
    let size = i64::try_from(chunk.size).unwrap_or(i64::MAX);
    let kept = tx.row(
        "SELECT CAST(COALESCE(SUM(bytes), 0) AS BIGINT),
            CAST(COALESCE(SUM(CASE WHEN id = $2 THEN bytes ELSE 0 END), 0) AS BIGINT)
         FROM portal_delivery WHERE account = $1",
        params![account, delivery],
        |row| Ok((row.int(0)?.unsigned_abs(), row.int(1)?.unsigned_abs())),
    )?;
    let (of_account, of_delivery) = kept.unwrap_or_default();
    // A delivery and the replies to it may each have the same.
    let most = settings.delivery_bytes_max.saturating_mul(if reply == 0 { 1 } else { 2 });
    if of_delivery.saturating_add(chunk.size) > most {
        return Err(PortalError::TooMuch(format!(
            "a delivery may have at most {} MiB",
            settings.delivery_bytes_max >> 20
        )));
    }
    if of_account.saturating_add(chunk.size) > settings.account_bytes_max {
        return Err(PortalError::TooMuch(
            "the sender has no more room in the portal; revoke old deliveries".to_owned(),
        ));
    }
    let kept = tx.execute(
        "INSERT INTO portal_chunk (account, delivery, reply, part, number, blob, key_wrapped, size)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (account, delivery, reply, part, number) DO NOTHING",
        params![account, delivery, reply, part, number, blob, &wrapped, size],
    )?;
    if kept == 0 {
        return Err(PortalError::Invalid { name: "chunk", why: "was sent before".to_owned() });
    }
    tx.execute(
        "UPDATE portal_delivery SET bytes = bytes + $3 WHERE account = $1 AND id = $2",
        params![account, delivery, size],
    )?;
    Ok(())
}

/// A chunk that is there.
pub struct Kept {
    location: Location,
    key: MessageKey,
}

impl Kept {
    /// Reads the ciphertext. Blocks while the disk is read.
    ///
    /// # Errors
    /// If it is missing or does not open.
    pub fn read(&self, blobs: &Blobs) -> Result<Vec<u8>, StoreError> {
        let mut sealed = blobs.read(&self.location)?;
        Ok(record::open(&self.key, &mut sealed)?)
    }
}

/// The chunk at that place.
///
/// # Errors
/// [`PortalError::NoDelivery`] if there is none.
pub fn find(tx: &mut Tx<'_>, place: Place) -> Result<Kept, PortalError> {
    let Place { account, delivery, reply, part, number } = place;
    let key = tx.context().keys.account(tx, account)?;
    let kept = tx.row(
        "SELECT c.key_wrapped, b.id, b.segment, b.position, b.length, CASE WHEN b.length <= $6 THEN b.data END
         FROM portal_chunk c JOIN blob b ON b.id = c.blob
         WHERE c.account = $1 AND c.delivery = $2 AND c.reply = $3 AND c.part = $4 AND c.number = $5",
        params![account, delivery, reply, part, number, WITH_ROW_BYTES_MAX],
        |row| {
            let key = key.unwrap_message(row.bytes(0)?, row.int(1)?)?;
            Ok(Kept { location: Location::from_columns(row, 1)?, key })
        },
    )?;
    kept.ok_or(PortalError::NoDelivery)
}
