//! The keys of accounts, beside the backups and replaced with each.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustic_core::repofile::SnapshotFile;
use rustic_core::{LimitOption, Open, PruneOptions, Repository};
use serde::{Deserialize, Serialize};
use store::copy::AccountKeys;
use store::{Store, StoreError};

use crate::BackupError;
use crate::repository::{Archived, TAG, Target, millis, snapshots};
use crate::source::{Failure, Source, account_keys_path};

/// Longest list of keys that is read, in bytes.
const KEYS_BYTES_MAX: u64 = 1 << 30;

/// How often the writing is tried, where somebody else deletes what is just being written.
const TRIES: usize = 3;

/// The name under which they are kept.
const HOST: &str = "account-keys";

/// What the label of the newest begins with: the generation of the server that wrote it follows.
const GENERATION: &str = "generation:";

/// The wrapped keys of all accounts at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredKeys {
    keys: AccountKeys,
}

#[derive(Serialize, Deserialize)]
struct Written {
    /// By account, in Base64.
    keys: BTreeMap<i64, String>,
}

impl StoredKeys {
    /// Those of the accounts that `store` has now.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub async fn read(store: &Store) -> Result<Self, StoreError> {
        Ok(Self { keys: store.read(AccountKeys::read).await? })
    }

    /// Keeps them beside the backups of `target`, as of `now` (milliseconds since 1970), and deletes all that was kept there before, if
    /// `replaces`. Says whether nothing older is left there. With them it is told of which `generation` the server is that the backups belong
    /// to. Blocks.
    ///
    /// # Errors
    /// [`BackupError`] if they cannot be written and read back.
    pub fn write(&self, target: &Target, now: i64, replaces: bool, generation: i64) -> Result<bool, BackupError> {
        let target = target.of_account_keys();
        for _ in 1..TRIES {
            // Another node may be at it, too, and take what is not listed yet for rubbish.
            if let Ok(is_alone) = self.try_write(&target, now, replaces, generation) {
                return Ok(is_alone);
            }
        }
        self.try_write(&target, now, replaces, generation)
    }

    fn try_write(&self, target: &Target, now: i64, replaces: bool, generation: i64) -> Result<bool, BackupError> {
        let keys = self.keys.0.iter().map(|(account, key)| (*account, STANDARD.encode(key))).collect();
        let text = serde_json::to_vec(&Written { keys }).map_err(|error| BackupError::Unread {
            part: "the keys of accounts".to_owned(),
            cause: error.to_string(),
        })?;
        let repository = target.told(target.open_or_make()?.to_indexed_ids())?;
        let mut source = Source::new(Failure::default(), Arc::default());
        let older = snapshots(target, &repository)?;
        if let Some(theirs) = older.last().and_then(generation_of).filter(|theirs| *theirs > generation) {
            return Err(BackupError::Replaced { location: target.location.clone(), theirs, ours: generation });
        }
        // The newest counts, whatever became of the clock.
        let now = older.last().map_or(now, |last| now.max(millis(last) + 1));
        source.add_own(account_keys_path(), text, now);
        let label = Some(format!("{GENERATION}{generation}"));
        let named = Archived { host: HOST, now, tag: TAG, label, has_parent: true };
        let newest = target.archive(&repository, &source, &named)?;
        let is_alone = older.is_empty() || (replaces && delete_older(target, &older));
        if Self::read_newest(target)? != *self {
            return Err(BackupError::Damaged {
                backup: newest.id.to_hex().to_string(),
                what: "the keys of accounts are not what was written".to_owned(),
            });
        }
        Ok(is_alone)
    }

    /// The keys that are kept beside the backups of `target`. Blocks.
    ///
    /// # Errors
    /// [`BackupError`] if there are none, or they cannot be read.
    pub fn open(target: &Target) -> Result<Self, BackupError> {
        Self::read_newest(&target.of_account_keys())
    }

    fn read_newest(target: &Target) -> Result<Self, BackupError> {
        let repository = target.open()?;
        let newest = snapshots(target, &repository)?.pop().ok_or_else(|| BackupError::NoBackup {
            location: target.location.clone(),
            which: "of the keys of accounts".to_owned(),
        })?;
        let damaged = |what: String| BackupError::Damaged { backup: newest.id.to_hex().to_string(), what };
        let repository = target.told(repository.to_indexed())?;
        let node = target.told(repository.node_from_path(newest.tree, &account_keys_path()))?;
        let mut text = Vec::new();
        if node.meta.size <= KEYS_BYTES_MAX {
            target.told(repository.dump(&node, &mut text))?;
        }
        let unread = |cause: &dyn std::fmt::Display| damaged(format!("the keys of accounts cannot be read: {cause}"));
        let written: Written = serde_json::from_slice(&text).map_err(|error| unread(&error))?;
        let decoded = written.keys.into_iter().map(|(account, key)| Ok((account, STANDARD.decode(key)?)));
        let keys = decoded.collect::<Result<_, base64::DecodeError>>().map_err(|error| unread(&error))?;
        Ok(Self { keys: AccountKeys(keys) })
    }

    pub(crate) fn into_keys(self) -> AccountKeys {
        self.keys
    }
}

fn generation_of(snapshot: &SnapshotFile) -> Option<i64> {
    snapshot.label.strip_prefix(GENERATION)?.parse().ok()
}

/// The generation that the newest keys in `repository` tell of.
pub(crate) fn generation_in<S: Open>(target: &Target, repository: &Repository<S>) -> Result<Option<i64>, BackupError> {
    Ok(snapshots(target, repository)?.last().and_then(generation_of))
}

/// Deletes earlier states and all that only they have; says whether that went well. Where it does not, what was just written stands all the same.
fn delete_older(target: &Target, older: &[SnapshotFile]) -> bool {
    let target = &target.for_pruning();
    let work = || {
        let ids: Vec<_> = older.iter().map(|one| one.id).collect();
        // Opened anew, so that it knows what was just written.
        let repository = target.open()?;
        target.told(repository.delete_snapshots(&ids))?;
        let options = PruneOptions::default()
            .max_repack(LimitOption::Unlimited)
            .max_unused(LimitOption::Percentage(0))
            .instant_delete(true);
        let plan = target.told(repository.prune_plan(&options))?;
        target.told(repository.prune(&options, plan))
    };
    let outcome: Result<(), BackupError> = work();
    if let Err(error) = &outcome {
        tracing::warn!(%error, "earlier keys of accounts could not be deleted");
    }
    outcome.is_ok()
}
