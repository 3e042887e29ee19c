//! What is being brought or taken out, so that it can be looked at, and so that one account has one at a time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use env::Timestamp;
use parking_lot::Mutex;

/// How far something has come.
#[derive(Debug, Default)]
pub struct Progress {
    /// Folder that is worked on.
    folder: Mutex<String>,
    /// What it waits for; empty if it goes on.
    waits: Mutex<String>,
    done: AtomicU64,
    known: AtomicU64,
    left_out: AtomicU64,
}

impl Progress {
    /// Which folder it is at.
    pub fn at(&self, folder: &str) {
        folder.clone_into(&mut self.folder.lock());
    }

    /// What it waits for; nothing if `why` is empty.
    pub fn waits(&self, why: &str) {
        why.clone_into(&mut self.waits.lock());
    }

    pub(crate) fn count_done(&self, more: u64) {
        self.done.fetch_add(more, Ordering::Relaxed);
    }

    pub(crate) fn count_known(&self, more: u64) {
        self.known.fetch_add(more, Ordering::Relaxed);
    }

    pub(crate) fn count_left_out(&self) {
        self.left_out.fetch_add(1, Ordering::Relaxed);
    }

    /// Folder, what it waits for, and the numbers of messages done, known before, left out.
    #[must_use]
    pub fn show(&self) -> (String, String, [u64; 3]) {
        let numbers = [&self.done, &self.known, &self.left_out].map(|number| number.load(Ordering::Relaxed));
        (self.folder.lock().clone(), self.waits.lock().clone(), numbers)
    }
}

/// Accounts that are being worked on.
#[derive(Debug, Clone, Default)]
pub struct Running(Arc<Mutex<BTreeMap<i64, Since>>>);

/// What runs, and since when.
pub type Since = (Timestamp, Arc<Progress>);

impl Running {
    /// The account's turn; `None` if it is being worked on.
    #[must_use]
    pub fn enter(&self, account: i64, now: Timestamp) -> Option<Turn> {
        let mut all = self.0.lock();
        if all.contains_key(&account) {
            return None;
        }
        let progress = Arc::new(Progress::default());
        all.insert(account, (now, Arc::clone(&progress)));
        Some(Turn { all: self.clone(), account, progress })
    }

    /// What runs for the account, and since when.
    #[must_use]
    pub fn of(&self, account: i64) -> Option<Since> {
        self.0.lock().get(&account).cloned()
    }
}

/// The turn of an account; over when it is dropped.
#[derive(Debug)]
pub struct Turn {
    all: Running,
    account: i64,
    /// How far it has come.
    pub progress: Arc<Progress>,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.all.0.lock().remove(&self.account);
    }
}
