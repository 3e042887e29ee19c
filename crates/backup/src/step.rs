//! Taking a step.

use std::sync::Arc;

use env::Timestamp;
use rustic_core::repofile::SnapshotFile;
use rustic_core::{IndexedIdsStatus, OpenStatus, Repository};
use store::Store;
use store::copy::{Frozen, Pace, freeze_changes};
use store::journal::{Mark, Reached, note_clean, note_step};
use tokio::runtime::Handle;

use crate::BackupError;
use crate::account_keys::{StoredKeys, generation_in};
use crate::points::{Step, TAG};
use crate::repository::{Archived, Target};
use crate::source::{Failure, Source, manifest_path};

/// How long what a repository has is believed to be as it was: others may delete what is too old there.
const KEPT_OPEN_MILLIS: i64 = 1_800_000;

/// The ways into a repository that are kept open from step to step. They must be given up when something is deleted there.
#[derive(Default)]
pub struct Doors {
    opened: i64,
    steps: Option<Repository<IndexedIdsStatus>>,
    keys: Option<Repository<OpenStatus>>,
}

/// What became of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stepped {
    /// Nothing had changed.
    Nothing,
    /// It is in the repository.
    Taken(Box<Step>),
    /// Another machine has taken this server's place, in that generation.
    Replaced(i64),
}

/// What a step needs to know beside the store.
#[derive(Debug, Clone)]
pub struct StepWanted {
    /// Host name of the server.
    pub host: String,
    /// How much of the machine may be taken.
    pub pace: Pace,
    /// Whether older keys of accounts are deleted as they are replaced.
    pub replaces: bool,
    /// The generation of this store.
    pub generation: i64,
}

/// Puts what changed since `reached` into `target`, and notes it. `doors` are kept for the next call.
///
/// # Errors
/// [`BackupError::NoRepository`] where there is no backup from which a step could lead on. [`BackupError`] if anything could not be read or written; then it is as if nothing had been done.
pub async fn step(
    store: &Store,
    target: &Target,
    wanted: &StepWanted,
    reached: &Reached,
    doors: &mut Doors,
) -> Result<Stepped, BackupError> {
    let opened = store.context().clock.now().millis();
    let mut held = std::mem::take(doors);
    if !(0..KEPT_OPEN_MILLIS).contains(&(opened - held.opened)) {
        held = Doors { opened, ..Doors::default() };
    }
    let keeper = target.clone();
    let looking = tokio::task::spawn_blocking(move || {
        let generation = held.generation(&keeper)?;
        Ok::<_, BackupError>((held, generation))
    });
    let (held, generation) = looking.await.map_err(|_| BackupError::Panicked)??;
    if let Some(generation) = generation.filter(|generation| *generation > wanted.generation) {
        return Ok(Stepped::Replaced(generation));
    }
    let now = store.context().clock.now();
    let (location, since) = (target.location.clone(), reached.mark.clone());
    let pace = wanted.pace;
    let (target, wanted, reached) = (target.clone(), wanted.clone(), reached.clone());
    let (reading, runtime) = (store.clone(), Handle::current());
    let work = move |frozen: Frozen| {
        let mut held = held;
        if frozen.inventory().is_empty() {
            return Ok((held, None));
        }
        if frozen.keys_changed() {
            // Read after the moment was fixed, as with a backup.
            runtime.block_on(StoredKeys::read(&reading))?.write(
                &target,
                now.millis(),
                wanted.replaces,
                wanted.generation,
            )?;
        }
        let step = described(&frozen, &reached, now);
        let mark = frozen.mark().clone();
        write(&frozen, &target, &wanted.host, &step, &mut held)?;
        Ok::<_, BackupError>((held, Some((step, mark))))
    };
    let (held, taken) = freeze_changes(store, pace, since, work).await??;
    *doors = held;
    note(store, location, now, taken).await
}

async fn note(
    store: &Store,
    location: String,
    now: Timestamp,
    taken: Option<(Step, Mark)>,
) -> Result<Stepped, BackupError> {
    let Some((step, mark)) = taken else {
        store.write_freeing(move |tx| note_clean(tx, &location, now.millis())).await?;
        return Ok(Stepped::Nothing);
    };
    let (number, taken) = (step.number, step.taken);
    store.write_freeing(move |tx| note_step(tx, &location, number, &mark, taken)).await?;
    Ok(Stepped::Taken(Box::new(step)))
}

fn described(frozen: &Frozen, reached: &Reached, now: Timestamp) -> Step {
    Step {
        chain: reached.chain,
        number: reached.number + 1,
        from: reached.mark.order(),
        to: frozen.mark().order(),
        since: reached.clean,
        // Moments of a chain rise, whatever becomes of the clock.
        taken: now.millis().max(reached.taken + 1),
        until: frozen.seen().millis().max(reached.taken + 1),
    }
}

fn write(
    frozen: &Frozen,
    target: &Target,
    host: &str,
    step: &Step,
    doors: &mut Doors,
) -> Result<SnapshotFile, BackupError> {
    let target = target.of_steps();
    let repository = match doors.steps.take() {
        Some(repository) => repository,
        None => target.told(target.open_or_make()?.to_indexed_ids())?,
    };
    let inventory = frozen.inventory();
    let failure = Failure::default();
    let mut source = Source::new(failure.clone(), Arc::default());
    let parts = frozen.parts();
    for table in &inventory.tables {
        source.add_table(&parts, table, step.taken);
    }
    for table in &inventory.gone {
        source.add_gone(&parts, table, step.taken);
    }
    for bundle in &inventory.bundles {
        source.add_bundle(&parts, bundle);
    }
    drop(parts);
    let manifest = serde_json::to_vec(inventory.as_ref()).map_err(|error| BackupError::Unread {
        part: "the list of what is in a step".to_owned(),
        cause: error.to_string(),
    })?;
    source.add_own(manifest_path(), manifest, step.taken);
    let named = Archived { host, now: step.taken, tag: TAG, label: Some(step.label()), has_parent: false };
    let snapshot = target.archive(&repository, &source, &named)?;
    drop(source);
    if let Some(failure) = failure.take() {
        target.told(repository.delete_snapshots(&[snapshot.id]))?;
        return Err(failure);
    }
    doors.steps = Some(repository);
    Ok(snapshot)
}

impl Doors {
    /// The generation of whoever the repository belongs to, if it has been told.
    fn generation(&mut self, target: &Target) -> Result<Option<i64>, BackupError> {
        let keys = target.of_account_keys();
        let repository = match self.keys.take() {
            Some(repository) => repository,
            None => keys.open()?,
        };
        let generation = generation_in(&keys, &repository)?;
        self.keys = Some(repository);
        Ok(generation)
    }
}

/// The generation of whoever the backups of `target` belong to, if it has been told. Blocks.
///
/// # Errors
/// [`BackupError`] if the repository cannot be read.
pub fn generation(target: &Target) -> Result<Option<i64>, BackupError> {
    match Doors::default().generation(target) {
        Err(BackupError::NoRepository { .. }) => Ok(None),
        outcome => outcome,
    }
}
