use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::StoreError;

/// Free bytes below which no new blob is taken, so that what is already there can still be changed and deleted.
pub(crate) const BLOB_RESERVE_BYTES: u64 = 64 << 20;

/// Free bytes below which only work that frees space is taken.
pub(crate) const WRITE_RESERVE_BYTES: u64 = 32 << 20;

/// How long a look at the file system is believed.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Watches the free space where an embedded store lives.
pub(crate) struct Space {
    directory: PathBuf,
    opened: Instant,
    /// Milliseconds after `opened` at which to look again.
    next_look: AtomicU64,
    free: AtomicU64,
}

impl Space {
    pub(crate) fn new(directory: PathBuf) -> Self {
        Self { directory, opened: Instant::now(), next_look: AtomicU64::new(0), free: AtomicU64::new(u64::MAX) }
    }

    /// Refuses if fewer than `reserve` bytes are free.
    pub(crate) fn demand(&self, reserve: u64) -> Result<(), StoreError> {
        if self.free_bytes()? < reserve { Err(StoreError::Full { path: self.directory.clone() }) } else { Ok(()) }
    }

    /// Bytes that are free, as of at most a second ago.
    pub(crate) fn free_bytes(&self) -> Result<u64, StoreError> {
        let now = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        if now < self.next_look.load(Ordering::Relaxed) {
            return Ok(self.free.load(Ordering::Relaxed));
        }
        let found =
            rustix::fs::statvfs(&self.directory).map_err(|cause| StoreError::io(&self.directory, cause.into()))?;
        let free = found.f_bavail.saturating_mul(found.f_frsize);
        self.free.store(free, Ordering::Relaxed);
        let next = now.saturating_add(u64::try_from(LOOK_EVERY.as_millis()).unwrap_or(u64::MAX));
        self.next_look.store(next, Ordering::Relaxed);
        Ok(free)
    }
}
