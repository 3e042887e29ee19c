//! The content of a message in the queue, for whoever must read it before it goes.

use crypto::keys::MessageKey;
use crypto::record;
use store::blobs::{self, Blobs};
use store::{Location, StoreError, Tx, params};

use crate::entry::open_envelope;
use crate::{Envelope, QueueError};

/// The content of a queued message.
pub struct Content {
    location: Location,
    key: MessageKey,
    /// Sender, wishes and trace fields.
    pub envelope: Envelope,
    /// Octets of the message with its trace fields.
    pub size: u64,
}

impl Content {
    /// The message as it was handed in, without trace fields. Blocks while the disk is read.
    ///
    /// # Errors
    /// [`QueueError`] if it is missing or does not open.
    pub fn read(&self, blobs: &Blobs) -> Result<Vec<u8>, QueueError> {
        let mut sealed = blobs.read(&self.location)?;
        Ok(record::open(&self.key, &mut sealed).map_err(StoreError::from)?)
    }
}

/// The content of a message of the queue; none if it is not there any more.
///
/// # Errors
/// [`QueueError`] if the store fails, or its key does not open.
pub fn content(tx: &mut Tx<'_>, message: i64) -> Result<Option<Content>, QueueError> {
    let found = tx.row(
        "SELECT organisation, blob, key_wrapped, envelope, size FROM queue_message WHERE id = $1",
        params![message],
        |row| Ok((row.int(0)?, row.int(1)?, row.bytes(2)?.to_vec(), row.bytes(3)?.to_vec(), row.int(4)?)),
    )?;
    let Some((organisation, blob, wrapped, envelope, size)) = found else { return Ok(None) };
    let key = tx.context().keys.organisation(tx, organisation)?;
    Ok(Some(Content {
        location: blobs::locate(tx, blob)?,
        key: key.unwrap_message(&wrapped, blob)?,
        envelope: open_envelope(&key, message, &envelope)?,
        size: size.unsigned_abs(),
    }))
}
