//! Taking a backup.

use std::sync::Arc;

use env::Timestamp;
use serde::Serialize;
use store::Store;
use store::copy::{self, Frozen, Pace, Point};
use store::journal;
use tokio::runtime::Handle;

use crate::BackupError;
use crate::account_keys::StoredKeys;
use crate::aside::aside;
use crate::manifest::{Manifest, SealedKey};
use crate::points::label_of_backup;
use crate::repository::{Archived, Backup, TAG, Target};
use crate::source::{Failure, FileItem, Progress, Source, manifest_path};

/// What a backup is to hold, beside the store.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Host name of the server.
    pub host: String,
    /// Files beside the store.
    pub files: Vec<FileItem>,
    /// How much of the machine may be taken.
    pub pace: Pace,
    /// Where it is told how far the backup is.
    pub progress: Arc<Progress>,
}

/// A backup that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Taken {
    /// The backup.
    #[serde(flatten)]
    pub backup: Backup,
    /// Where it is.
    pub location: String,
    /// Accounts in it.
    pub accounts: u64,
    /// Messages in it.
    pub messages: u64,
    /// Where it stands in the journal, from which steps lead on.
    #[serde(skip)]
    pub point: Option<Point>,
}

/// Takes a backup of `store` and of the files wanted, into `target`. The store goes on serving. The keys of its accounts are replaced beside the
/// backups of `target`, so that those of erased ones are gone from there; if not `replaces`, older ones stay until somebody else deletes them.
///
/// # Errors
/// [`BackupError`] if anything could not be read or written; then there is no new backup.
pub async fn take(store: &Store, target: &Target, wanted: Wanted, replaces: bool) -> Result<Taken, BackupError> {
    let sealed = SealedKey::read(store).await?;
    let now = store.context().clock.now();
    let target = target.clone();
    let pace = wanted.pace;
    let (reading, runtime) = (store.clone(), Handle::current());
    let generation = store.read(journal::state).await?.generation;
    copy::freeze(store, pace, move |frozen| {
        let until = frozen.seen();
        // Read after the moment was fixed: every account of it is there, unless it was erased since.
        runtime.block_on(StoredKeys::read(&reading))?.write(&target, now.millis(), replaces, generation)?;
        let write = || write(&frozen, &target, &wanted, sealed, (now, until));
        if pace.gives_way { aside(write) } else { write() }
    })
    .await?
}

fn write(
    frozen: &Frozen,
    target: &Target,
    wanted: &Wanted,
    sealed: Option<SealedKey>,
    (now, until): (Timestamp, Timestamp),
) -> Result<Taken, BackupError> {
    let repository = target.told(target.open_or_make()?.to_indexed_ids())?;
    let inventory = frozen.inventory();
    let failure = Failure::default();
    let mut source = Source::new(failure.clone(), Arc::clone(&wanted.progress));
    let parts = frozen.parts();
    for table in &inventory.tables {
        source.add_table(&parts, table, now.millis());
    }
    for bundle in &inventory.bundles {
        source.add_bundle(&parts, bundle);
    }
    drop(parts);
    for file in &wanted.files {
        source.add_file(file)?;
    }
    let manifest = Manifest {
        program: env!("CARGO_PKG_VERSION").to_owned(),
        host: wanted.host.clone(),
        taken: now.millis(),
        store: inventory.as_ref().clone(),
        sealed,
    };
    let manifest = serde_json::to_vec(&manifest).map_err(|error| BackupError::Unread {
        part: "the list of what is in it".to_owned(),
        cause: error.to_string(),
    })?;
    source.add_own(manifest_path(), manifest, now.millis());

    let label = label_of_backup(inventory.point, until.millis());
    let named = Archived { host: &wanted.host, now: now.millis(), tag: TAG, label, has_parent: true };
    let snapshot = target.archive(&repository, &source, &named)?;
    drop(source);
    if let Some(failure) = failure.take() {
        // What lacks something is no backup.
        target.told(repository.delete_snapshots(&[snapshot.id]))?;
        return Err(failure);
    }
    Ok(Taken {
        backup: Backup::of(&snapshot),
        location: target.location.clone(),
        accounts: inventory.accounts,
        messages: inventory.messages,
        point: inventory.point,
    })
}
