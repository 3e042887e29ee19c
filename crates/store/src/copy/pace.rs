//! How fast a copy is read, and what it leaves to others.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::Store;

/// How much of the machine a copy may take.
#[derive(Debug, Clone, Copy, Default)]
pub struct Pace {
    /// Bytes read from the store in a second at most; 0 for as many as there are.
    pub bytes_per_second: u64,
    /// Whether the threads that read and write it give way to all others of the machine.
    pub gives_way: bool,
}

/// How low the priority of what gives way is (setpriority(2), from 0 to 19): beside a busy thread of the server it gets about one part in seventy
/// of a processor, and all of it where nobody else wants it.
pub const NICE: i32 = 19;

/// Lowers the priority of this thread for good. Where that is not allowed it works as any other.
pub fn give_way() {
    if let Err(error) = rustix::process::setpriority_process(None, NICE) {
        tracing::debug!(%error, "the priority of a thread cannot be lowered");
    }
}

/// Transactions in a second from which on the store counts as busy: some hundred deliveries, a mailbox that is moved.
const BUSY_WRITES_PER_SECOND: u128 = 100;

/// How often a copy looks whether it is.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// How fast a copy of everything that gives way is read while the store is busy. A low priority alone is not enough: what its threads have the
/// kernel and the disk do comes out of the same two hands.
const AMID_WRITES_BYTES_PER_SECOND: u64 = 16 << 20;

/// Keeps a copy from being read faster than it may.
pub(super) struct Pacer<'s> {
    store: &'s Store,
    pace: Pace,
    /// Whether it slows down while others write.
    minds_writes: bool,
    looked: Instant,
    writes: u64,
    is_amid_writes: bool,
}

impl<'s> Pacer<'s> {
    /// A step between two backups has to keep up with what is written; all there is can wait.
    pub(super) fn new(store: &'s Store, pace: Pace, is_of_all: bool) -> Self {
        let writes = store.0.writes.load(Ordering::Relaxed);
        let minds_writes = pace.gives_way && is_of_all;
        Self { store, pace, minds_writes, looked: Instant::now(), writes, is_amid_writes: false }
    }

    pub(super) fn wait(&mut self, bytes: usize) {
        if let Some(micros) = (bytes as u64).saturating_mul(1_000_000).checked_div(self.limit()) {
            std::thread::sleep(Duration::from_micros(micros));
        }
    }

    /// Bytes in a second; 0 for as many as there are.
    fn limit(&mut self) -> u64 {
        let passed = self.looked.elapsed();
        if self.minds_writes && passed >= LOOK_EVERY {
            let writes = self.store.0.writes.load(Ordering::Relaxed);
            let since = u128::from(writes.saturating_sub(self.writes));
            self.is_amid_writes = since * 1_000 >= BUSY_WRITES_PER_SECOND * passed.as_millis();
            (self.looked, self.writes) = (Instant::now(), writes);
        }
        match self.pace.bytes_per_second {
            0 if self.is_amid_writes => AMID_WRITES_BYTES_PER_SECOND,
            limit if self.is_amid_writes => limit.min(AMID_WRITES_BYTES_PER_SECOND),
            limit => limit,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StoreError;
    use crate::testing::{Engine, run};

    #[test]
    fn a_copy_of_all_is_slow_while_others_write_and_a_step_is_not() {
        run(Engine::Sqlite, |store| async move {
            let pace = |gives_way| Pace { bytes_per_second: 0, gives_way };
            let (mut all, mut step) = (Pacer::new(&store, pace(true), true), Pacer::new(&store, pace(true), false));
            let mut hasty = Pacer::new(&store, pace(false), true);
            assert_eq!(all.limit(), 0);
            let before = store.0.writes.load(Ordering::Relaxed);
            store.write(|_| Ok::<_, StoreError>(())).await.unwrap();
            assert_eq!(store.0.writes.fetch_add(500, Ordering::Relaxed), before + 1);
            std::thread::sleep(LOOK_EVERY);
            assert_eq!((all.limit(), step.limit(), hasty.limit()), (AMID_WRITES_BYTES_PER_SECOND, 0, 0));
            all.pace.bytes_per_second = 1;
            assert_eq!(all.limit(), 1, "what the settings ask for is less");
            all.pace.bytes_per_second = 0;
            std::thread::sleep(LOOK_EVERY);
            assert_eq!(all.limit(), 0, "nobody writes any more");
        });
    }
}
