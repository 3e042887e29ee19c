//! Reading the content of messages.

use std::ops::Range;

use crypto::keys::{Account, Key, MessageKey};
use crypto::record::{CHUNK_BYTES, Directory, Opener};
use crypto::seal::{SealError, SealingKey};
use store::blobs::WITH_ROW_BYTES_MAX;
use store::{Blobs, Location, Row, StoreError, Tx, params};

use crate::entry::{reaches, spans};
use crate::{MailboxError, UidRange};

/// Sealed messages up to this length are read in one piece.
const ONE_READ_BYTES: u64 = CHUNK_BYTES as u64 + 1024;

/// Where the queries here have the blob's columns, the first of which is its identifier.
const BLOB_COLUMN: usize = 4;

/// What the trace fields of a message are sealed for.
pub(crate) fn trace_context(message: i64) -> [u8; 20] {
    crate::sealed_context(b"messagetrace", message)
}

/// Where the content of a message is and what opens it. A message as a client sees it is its trace, which we put before it,
/// and the message as it was received.
pub struct Source {
    location: Location,
    blob: i64,
    key: MessageKey,
    trace: Vec<u8>,
    size: u64,
}

impl Source {
    /// The blob that holds the message as it was received, for whoever keeps a reference to it.
    #[must_use]
    pub const fn blob(&self) -> i64 {
        self.blob
    }

    /// What opens the blob.
    #[must_use]
    pub const fn key(&self) -> &MessageKey {
        &self.key
    }

    /// Length of the message as a client sees it.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The header fields that we put before the message.
    #[must_use]
    pub fn trace(&self) -> &[u8] {
        &self.trace
    }

    /// Length of the trace: what to add to an offset of the message as received.
    #[must_use]
    pub fn trace_bytes(&self) -> u64 {
        self.trace.len() as u64
    }

    /// Reads the message. Keeps one chunk in memory, so that reading forwards opens each chunk once.
    #[must_use]
    pub fn reader<'s>(&'s self, blobs: &'s Blobs) -> Reader<'s> {
        Reader { source: self, blobs, record: None, chunk: None, plain: Vec::new(), sealed: Vec::new() }
    }
}

/// The content of one message by its own identifier: as search reads it, and whoever names messages without a mailbox and a UID.
///
/// # Errors
/// [`MailboxError::NoSuchMessage`], or if the store fails or something does not open.
pub fn source(tx: &mut Tx<'_>, account: i64, message: i64) -> Result<Source, MailboxError> {
    let key = tx.context().keys.account(tx, account)?;
    let found = tx.row(
        "SELECT m.id, m.key_wrapped, m.trace, m.size,
             b.id, b.segment, b.position, b.length, CASE WHEN b.length <= $3 THEN b.data END
         FROM message m JOIN blob b ON b.id = m.blob WHERE m.account = $1 AND m.id = $2",
        params![account, message, WITH_ROW_BYTES_MAX],
        |row| from_row(&key, row),
    )?;
    found.ok_or(MailboxError::NoSuchMessage)
}

/// Calls `visit` with the UID and the content of each message of a mailbox in `ranges`, in the order of their UIDs.
///
/// # Errors
/// What `visit` gives, which ends the reading, or if the store fails or something does not open.
pub fn sources(
    tx: &mut Tx<'_>,
    account: i64,
    mailbox: i64,
    ranges: &[UidRange],
    mut visit: impl FnMut(u32, Source) -> Result<(), StoreError>,
) -> Result<(), MailboxError> {
    let key = tx.context().keys.account(tx, account)?;
    let ranges = UidRange::normalised(ranges, u32::MAX);
    let mut wanted = ranges.iter().copied().peekable();
    for range in spans(&ranges) {
        tx.for_each(
            "SELECT m.id, m.key_wrapped, m.trace, m.size,
                 b.id, b.segment, b.position, b.length, CASE WHEN b.length <= $5 THEN b.data END, c.uid
             FROM mailbox_message c JOIN message m ON m.account = c.account AND m.id = c.message JOIN blob b ON b.id = m.blob
             WHERE c.account = $1 AND c.mailbox = $2 AND c.uid BETWEEN $3 AND $4 ORDER BY c.uid",
            params![account, mailbox, range.first, range.last, WITH_ROW_BYTES_MAX],
            |row| {
                let uid = row.uint32(9)?;
                if reaches(&mut wanted, uid) { visit(uid, from_row(&key, row)?) } else { Ok(()) }
            },
        )?;
    }
    Ok(())
}

pub(crate) fn from_row(key: &Key<Account>, row: &Row<'_>) -> Result<Source, StoreError> {
    from_row_under(key.sealing(), |wrapped, blob| key.unwrap_message(wrapped, blob), row)
}

/// The same of a row that rests under the key of somebody else.
pub(crate) fn from_row_under(
    sealing: &SealingKey,
    unwrap: impl FnOnce(&[u8], i64) -> Result<MessageKey, SealError>,
    row: &Row<'_>,
) -> Result<Source, StoreError> {
    let trace = open_trace(sealing, row.int(0)?, row.bytes(2)?)?;
    let location = Location::from_columns(row, BLOB_COLUMN)?;
    let blob = row.int(BLOB_COLUMN)?;
    let message_key = unwrap(row.bytes(1)?, blob)?;
    Ok(Source { location, blob, key: message_key, trace, size: row.int(3)?.unsigned_abs() })
}

/// Opens the trace fields of a message.
pub(crate) fn open_trace(sealing: &SealingKey, message: i64, sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
    if sealed.is_empty() {
        return Ok(Vec::new());
    }
    Ok(sealing.open("trace", &trace_context(message), sealed)?)
}

/// Reads parts of a message.
pub struct Reader<'s> {
    source: &'s Source,
    blobs: &'s Blobs,
    record: Option<(Directory, Opener)>,
    /// Number of the chunk in `plain`.
    chunk: Option<usize>,
    plain: Vec<u8>,
    sealed: Vec<u8>,
}

impl Reader<'_> {
    /// Appends the bytes `range` of the message as a client sees it to `out`; what lies beyond its end is left out. Blocks while
    /// the disk is read.
    ///
    /// # Errors
    /// If the content is missing, was changed, or does not open.
    pub fn read_range(&mut self, range: Range<u64>, out: &mut Vec<u8>) -> Result<(), MailboxError> {
        let trace = &self.source.trace;
        let trace_bytes = trace.len() as u64;
        let end = range.end.min(self.source.size);
        if range.start < end.min(trace_bytes) {
            let part = bounds(range.start..end.min(trace_bytes));
            out.extend_from_slice(trace.get(part).unwrap_or_default());
        }
        let mut at = range.start.max(trace_bytes).saturating_sub(trace_bytes);
        let end = end.saturating_sub(trace_bytes);
        while at < end {
            let number = usize::try_from(at / CHUNK_BYTES as u64).unwrap_or(usize::MAX);
            let start = number as u64 * CHUNK_BYTES as u64;
            self.open_chunk(number)?;
            let part = self.plain.get(bounds(at - start..(end - start).min(self.plain.len() as u64)));
            let part =
                part.filter(|part| !part.is_empty()).ok_or_else(|| damaged("it is shorter than it should be"))?;
            out.extend_from_slice(part);
            at += part.len() as u64;
        }
        Ok(())
    }

    /// The whole message as a client sees it.
    ///
    /// # Errors
    /// As [`Self::read_range`].
    pub fn read_all(&mut self) -> Result<Vec<u8>, MailboxError> {
        let mut out = Vec::with_capacity(usize::try_from(self.source.size).unwrap_or(0));
        self.read_range(0..self.source.size, &mut out)?;
        Ok(out)
    }

    fn open_chunk(&mut self, number: usize) -> Result<(), MailboxError> {
        if self.chunk == Some(number) {
            return Ok(());
        }
        self.chunk = None;
        let location = &self.source.location;
        let whole = location.length() <= ONE_READ_BYTES;
        let plain_bytes = self.source.size.saturating_sub(self.source.trace_bytes());
        if self.record.is_none() || whole {
            self.sealed.clear();
            let first = if whole { location.length() } else { Directory::length(plain_bytes) as u64 };
            self.blobs.read_onto(location, 0..first, &mut self.sealed)?;
            let directory = Directory::read(&self.sealed)?;
            let opener = Opener::new(&self.source.key, &directory);
            self.record = Some((directory, opener));
        }
        let Some((directory, opener)) = &self.record else { return Err(damaged("it has no directory")) };
        let range = directory.chunk(number).ok_or_else(|| damaged("it has too few chunks"))?;
        self.plain.clear();
        if whole {
            let sealed = self.sealed.get_mut(bounds(range)).ok_or_else(|| damaged("it is cut off"))?;
            opener.open_onto(number, sealed, &mut self.plain)?;
        } else {
            self.sealed.clear();
            self.blobs.read_onto(location, range, &mut self.sealed)?;
            opener.open_onto(number, &mut self.sealed, &mut self.plain)?;
        }
        self.chunk = Some(number);
        Ok(())
    }
}

fn bounds(range: Range<u64>) -> Range<usize> {
    usize::try_from(range.start).unwrap_or(usize::MAX)..usize::try_from(range.end).unwrap_or(usize::MAX)
}

fn damaged(what: &str) -> MailboxError {
    MailboxError::Store(StoreError::Corrupt { what: format!("content of a message: {what}") })
}
