//! Counts in memory, written in batches: the way of a message never waits for the store.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use store::Store;
use tokio::sync::Notify;

use super::fact::Fact;
use super::rows;
use crate::ReportError;

/// Different facts kept in memory; further ones are counted as lost until the next batch is written.
const FACTS_MAX: usize = 20_000;

/// Different facts at which a batch is written early.
const FACTS_EARLY: usize = 5_000;

/// Longest time that a count waits in memory: what a crash loses.
pub(crate) const WAIT_MAX: Duration = Duration::from_secs(60);

/// Facts written in one transaction, which holds up the store's other writers.
const BATCH: usize = 500;

/// Counts of facts.
#[derive(Default)]
pub struct Tally {
    facts: Mutex<HashMap<Fact, u64>>,
    lost: AtomicU64,
    early: Notify,
}

impl Tally {
    /// Counts one message.
    pub fn note(&self, fact: Fact) {
        let mut facts = self.facts.lock();
        if facts.len() >= FACTS_MAX && !facts.contains_key(&fact) {
            self.lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        *facts.entry(fact).or_insert(0) += 1;
        if facts.len() == FACTS_EARLY {
            self.early.notify_one();
        }
    }

    /// Waits until there is a batch to write.
    pub async fn wait(&self) {
        tokio::select! {
            () = self.early.notified() => {}
            () = tokio::time::sleep(WAIT_MAX) => {}
        }
    }

    /// Writes all counts. What cannot be written is counted as lost.
    ///
    /// # Errors
    /// [`ReportError`] if the store fails.
    pub async fn flush(&self, store: &Store) -> Result<(), ReportError> {
        let lost = self.lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            tracing::warn!(lost, "too many kinds of mail to count for DMARC reports");
        }
        let facts: Vec<(Fact, u64)> = std::mem::take(&mut *self.facts.lock()).into_iter().collect();
        for batch in facts.chunks(BATCH) {
            let batch = batch.to_vec();
            store.write(move |tx| rows::add(tx, &batch)).await?;
        }
        Ok(())
    }
}
