use std::time::{Duration, Instant};

use crate::space::BLOB_RESERVE_BYTES;
use crate::{Store, StoreError};

/// How long a probe waits for its commit.
const ANSWER_WAIT: Duration = Duration::from_secs(5);

/// How long a good answer is given again, so that frequent questions cost no syncs.
const KEPT: Duration = Duration::from_secs(1);

/// That the store works, and how much room it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probe {
    /// How long a small durable commit took, its wait for others included.
    pub commit: Duration,
    /// Bytes free where an embedded store lives.
    pub free_bytes: Option<u64>,
    /// Whether new messages are taken; not when the disk is nearly full.
    pub takes_mail: bool,
}

/// The last good answer.
pub(crate) type Kept = parking_lot::Mutex<Option<(Instant, Probe)>>;

pub(crate) async fn run(store: &Store, kept: &Kept) -> Result<Probe, StoreError> {
    let begun = Instant::now();
    let last = *kept.lock();
    if let Some((moment, probe)) = last
        && begun.duration_since(moment) < KEPT
    {
        return Ok(probe);
    }
    // A real change: only a commit that reaches the disk shows that commits reach the disk.
    let writing =
        store.write_freeing(|tx| tx.execute("UPDATE schema_version SET applied = applied WHERE version = 1", &[]));
    match tokio::time::timeout(ANSWER_WAIT, writing).await {
        Ok(outcome) => drop(outcome?),
        Err(_) => return Err(StoreError::Abandoned("it has not committed for 5 s")),
    }
    let free_bytes = store.free_bytes()?;
    let probe = Probe {
        commit: begun.elapsed(),
        free_bytes,
        takes_mail: free_bytes.is_none_or(|free| free >= BLOB_RESERVE_BYTES),
    };
    *kept.lock() = Some((Instant::now(), probe));
    Ok(probe)
}
