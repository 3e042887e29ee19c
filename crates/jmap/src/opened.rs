//! Summaries and headers of messages that were opened not long ago. Neither ever changes.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, OnceLock};

use mail::message::SummaryRef;
use parking_lot::Mutex;
use store::{Blobs, Tx};

use crate::error::Failure;

/// What is known of a message beside where it lies.
#[derive(Debug)]
pub(crate) struct Known {
    /// The encoded [`mail::message::Summary`].
    pub(crate) summary: Vec<u8>,
    head: OnceLock<Vec<u8>>,
    sizes: OnceLock<Vec<u32>>,
}

impl Known {
    pub(crate) const fn new(summary: Vec<u8>) -> Self {
        Self { summary, head: OnceLock::new(), sizes: OnceLock::new() }
    }

    /// One of a message that lies here whole.
    pub(crate) fn whole(summary: Vec<u8>, head: Vec<u8>) -> Self {
        let known = Self::new(summary);
        drop(known.head.set(head));
        known
    }

    /// The header with our trace fields before it, if it has been read.
    pub(crate) fn head(&self) -> Option<&[u8]> {
        self.head.get().map(Vec::as_slice)
    }

    /// Octets of the decoded content of each part, if they have been measured.
    pub(crate) fn sizes(&self) -> Option<&[u32]> {
        self.sizes.get().map(Vec::as_slice)
    }

    /// Keeps the sizes of the parts.
    pub(crate) fn keep_sizes(&self, sizes: Vec<u32>) {
        drop(self.sizes.set(sizes));
    }
}

/// Keeps what is known of messages within a number of bytes, the first read forgotten first.
pub(crate) struct Opened {
    bytes_max: usize,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    known: HashMap<(i64, i64), Arc<Known>>,
    order: VecDeque<((i64, i64), usize)>,
    bytes: usize,
}

impl Opened {
    /// Keeps up to `bytes_max` bytes.
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { bytes_max, kept: Mutex::default() }
    }

    /// What is known of each of `messages` that is there, in their order.
    ///
    /// # Errors
    /// If the store fails.
    pub(crate) fn read(
        &self,
        tx: &mut Tx<'_>,
        account: i64,
        messages: &[i64],
    ) -> Result<Vec<(i64, Arc<Known>)>, Failure> {
        let mut found: HashMap<i64, Arc<Known>> = HashMap::with_capacity(messages.len());
        {
            let kept = self.kept.lock();
            let known = messages.iter().filter_map(|id| Some((*id, Arc::clone(kept.known.get(&(account, *id))?))));
            found.extend(known);
        }
        let missing: Vec<i64> = messages.iter().copied().filter(|id| !found.contains_key(id)).collect();
        if !missing.is_empty() {
            mailbox::overview::summaries_of(tx, account, &missing, |id, summary| {
                found.insert(id, Arc::new(Known::new(summary.to_vec())));
                Ok(())
            })?;
            let mut kept = self.kept.lock();
            for id in &missing {
                if let Some(known) = found.get(id) {
                    kept.known.insert((account, *id), Arc::clone(known));
                    kept.add((account, *id), known.summary.len() + size_of::<Known>());
                }
            }
            kept.shrink(self.bytes_max);
        }
        Ok(messages.iter().filter_map(|id| Some((*id, Arc::clone(found.get(id)?)))).collect())
    }

    /// Sees to it that the header of the message has been read.
    ///
    /// # Errors
    /// If the store fails.
    pub(crate) fn read_head(
        &self,
        tx: &mut Tx<'_>,
        blobs: &Blobs,
        account: i64,
        message: i64,
        known: &Known,
    ) -> Result<(), Failure> {
        if known.head().is_some() {
            return Ok(());
        }
        let body_start =
            SummaryRef::parse(&known.summary)?.structure()?.parts().next().map_or(0, |part| part.body_start);
        let source = mailbox::source(tx, account, message)?;
        let end = source.trace_bytes() + u64::from(body_start);
        let mut head = Vec::with_capacity(usize::try_from(end).unwrap_or(0));
        source.reader(blobs).read_range(0..end, &mut head)?;
        let bytes = head.len();
        if known.head.set(head).is_ok() {
            let mut kept = self.kept.lock();
            kept.add((account, message), bytes);
            kept.shrink(self.bytes_max);
        }
        Ok(())
    }
}

impl Kept {
    fn add(&mut self, key: (i64, i64), bytes: usize) {
        self.order.push_back((key, bytes));
        self.bytes += bytes;
    }

    fn shrink(&mut self, bytes_max: usize) {
        while self.bytes > bytes_max {
            let Some((key, bytes)) = self.order.pop_front() else { return };
            self.known.remove(&key);
            self.bytes = self.bytes.saturating_sub(bytes);
        }
    }
}
