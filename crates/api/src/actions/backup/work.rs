//! What is under way with backups in this process.

use std::collections::HashMap;
use std::sync::Arc;

use ::backup::{Doors, Progress};
use env::Timestamp;
use parking_lot::Mutex;

/// What is under way with backups, for all who have the same controls.
#[derive(Default)]
pub struct BackupWork {
    /// One backup at a time.
    pub(super) taking: tokio::sync::Mutex<()>,
    /// One look through a backup at a time: each has the scratch store to itself.
    pub(super) looking: tokio::sync::Mutex<()>,
    under_way: Mutex<Option<UnderWay>>,
    /// The erasures that have reached every place.
    carried: Mutex<Option<(i64, i64)>>,
    /// The way to the steps of each repository. Held while one is taken.
    doors: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Doors>>>>,
}

/// The backup that is being taken.
#[derive(Clone)]
pub(super) struct UnderWay {
    pub(super) location: String,
    pub(super) since: Timestamp,
    pub(super) progress: Arc<Progress>,
}

/// Says, when dropped, that the backup has ended.
pub(super) struct Ending<'w>(&'w BackupWork);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        *self.0.under_way.lock() = None;
    }
}

impl BackupWork {
    /// Notes that a backup into `location` begins.
    pub(super) fn begin(&self, location: &str, progress: &Arc<Progress>, since: Timestamp) -> Ending<'_> {
        *self.under_way.lock() =
            Some(UnderWay { location: location.to_owned(), since, progress: Arc::clone(progress) });
        Ending(self)
    }

    /// The backup that is being taken.
    pub(super) fn under_way(&self) -> Option<UnderWay> {
        self.under_way.lock().clone()
    }

    /// Whether `erased` is known to have reached every place.
    pub(super) fn has_carried(&self, erased: (i64, i64)) -> bool {
        *self.carried.lock() == Some(erased)
    }

    /// Notes that `erased` has reached every place.
    pub(super) fn note_carried(&self, erased: (i64, i64)) {
        *self.carried.lock() = Some(erased);
    }

    /// The way to the steps of the repository at `location`.
    pub(super) fn doors(&self, location: &str) -> Arc<tokio::sync::Mutex<Doors>> {
        Arc::clone(self.doors.lock().entry(location.to_owned()).or_default())
    }
}
