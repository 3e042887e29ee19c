//! Summaries that were opened not long ago.
//!
//! A client that shows a large mailbox asks for the same summaries again and again, and reading and opening them is most of the
//! work of the answer. A summary never changes and a UID is never given twice, so that what is kept here is never wrong; it is
//! bounded, and forgotten when it is not used.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use env::Timestamp;
use parking_lot::Mutex;
use store::{StoreError, Tx};

use super::summaries;
use crate::{MailboxError, UidRange};

/// UIDs of one block: what is read together, kept together and forgotten together.
const BLOCK_UIDS: u32 = 512;

/// Fewer messages of a block than this are read by themselves, not the whole block.
const BLOCK_WANTED_MIN: usize = 32;

/// How long a block is kept that nobody asks for.
const KEPT: Duration = Duration::from_secs(900);

/// Keeps opened summaries of many mailboxes within a number of bytes.
pub struct OpenedSummaries {
    bytes_max: usize,
    kept: Mutex<HashMap<Place, Kept>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Place {
    account: i64,
    mailbox: i64,
    /// UIDs from this number times [`BLOCK_UIDS`] on.
    number: u32,
}

struct Kept {
    slot: Arc<Slot>,
    used: Timestamp,
    bytes: usize,
}

/// Locked while the block is read, so that two who want it read it once.
type Slot = Mutex<Option<Arc<Block>>>;

/// The summaries of the messages of a block.
#[derive(Default)]
struct Block {
    uids: Vec<u32>,
    /// Where the summary of each ends in `bytes`.
    ends: Vec<usize>,
    bytes: Vec<u8>,
}

impl Block {
    fn read(tx: &mut Tx<'_>, place: Place) -> Result<Self, MailboxError> {
        let first = place.number * BLOCK_UIDS;
        let range = UidRange { first, last: first.saturating_add(BLOCK_UIDS - 1) };
        let mut block = Self::default();
        summaries(tx, place.account, place.mailbox, &[range], |entry, summary| {
            block.uids.push(entry.uid);
            block.bytes.extend_from_slice(summary);
            block.ends.push(block.bytes.len());
            Ok(())
        })?;
        block.bytes.shrink_to_fit();
        Ok(block)
    }

    /// Whether it was read when the message was there or had been. A newer message may have come into the block since.
    fn covers(&self, uid: u32) -> bool {
        self.uids.last().is_some_and(|last| uid <= *last)
    }

    fn memory(&self) -> usize {
        size_of::<Self>() + self.bytes.capacity() + self.uids.capacity() * 4 + self.ends.capacity() * size_of::<usize>()
    }

    fn visit(
        &self,
        wanted: &[u32],
        mut visit: impl FnMut(u32, &[u8]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut wanted = wanted.iter().copied().peekable();
        let mut start = 0;
        for (uid, end) in self.uids.iter().zip(&self.ends) {
            while wanted.next_if(|it| it < uid).is_some() {}
            if wanted.next_if_eq(uid).is_some() {
                visit(*uid, self.bytes.get(start..*end).unwrap_or_default())?;
            }
            start = *end;
        }
        Ok(())
    }
}

impl OpenedSummaries {
    /// Keeps up to `bytes_max` bytes.
    #[must_use]
    pub fn new(bytes_max: usize) -> Self {
        Self { bytes_max, kept: Mutex::default() }
    }

    /// Calls `visit` with each UID of `wanted`, which ascend, and the encoded [`mail::message::Summary`] of its message. UIDs whose
    /// message is gone are left out, or still told if it went not long ago.
    ///
    /// # Errors
    /// As [`summaries`].
    pub fn visit(
        &self,
        tx: &mut Tx<'_>,
        account: i64,
        mailbox: i64,
        wanted: &[u32],
        mut visit: impl FnMut(u32, &[u8]) -> Result<(), StoreError>,
    ) -> Result<(), MailboxError> {
        for part in wanted.chunk_by(|a, b| a / BLOCK_UIDS == b / BLOCK_UIDS) {
            let (Some(first), Some(last)) = (part.first(), part.last()) else { continue };
            let place = Place { account, mailbox, number: first / BLOCK_UIDS };
            match self.block(tx, place, *last, part.len() >= BLOCK_WANTED_MIN)? {
                Some(block) => block.visit(part, &mut visit)?,
                None => {
                    let ranges = UidRange::collect(part.iter().copied());
                    summaries(tx, account, mailbox, &ranges, |entry, summary| visit(entry.uid, summary))?;
                }
            }
        }
        Ok(())
    }

    /// Forgets what nobody has asked for lately.
    pub fn forget_unused(&self, now: Timestamp) {
        self.kept.lock().retain(|_, kept| now.since(kept.used) < KEPT);
    }

    /// Bytes that are kept.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.kept.lock().values().map(|kept| kept.bytes).sum()
    }

    /// The block with `uid`; reads it if it is not kept and `fill` allows.
    fn block(&self, tx: &mut Tx<'_>, place: Place, uid: u32, fill: bool) -> Result<Option<Arc<Block>>, MailboxError> {
        let Some(slot) = self.slot(place, tx.now(), fill) else { return Ok(None) };
        let mut content = slot.lock();
        if let Some(block) = content.as_ref().filter(|block| block.covers(uid)) {
            return Ok(Some(Arc::clone(block)));
        }
        if !fill {
            return Ok(None);
        }
        let block = Arc::new(Block::read(tx, place)?);
        *content = Some(Arc::clone(&block));
        drop(content);
        self.weigh(place, block.memory());
        Ok(Some(block))
    }

    fn slot(&self, place: Place, now: Timestamp, make: bool) -> Option<Arc<Slot>> {
        let mut all = self.kept.lock();
        if make {
            all.entry(place).or_insert_with(|| Kept { slot: Arc::default(), used: now, bytes: 0 });
        }
        let kept = all.get_mut(&place)?;
        kept.used = now;
        Some(Arc::clone(&kept.slot))
    }

    /// Notes what a block takes and makes room for it.
    fn weigh(&self, place: Place, bytes: usize) {
        let mut all = self.kept.lock();
        if let Some(kept) = all.get_mut(&place) {
            kept.bytes = bytes;
        }
        let mut total: usize = all.values().map(|kept| kept.bytes).sum();
        while total > self.bytes_max {
            let Some((oldest, bytes)) =
                all.iter().min_by_key(|(_, kept)| kept.used).map(|(place, kept)| (*place, kept.bytes))
            else {
                return;
            };
            all.remove(&oldest);
            total -= bytes;
        }
    }
}
