//! Restoring.

use std::io::{BufReader, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};

use rustic_core::repofile::SnapshotFile;
use rustic_core::{IndexedFullStatus, LsOptions, Repository};
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::copy::{BundleReader, Carrier, Filler, Inventory, Picker, TableReader, skip_numbers, without_key};
use store::journal::{Followed, note_followed, set_generation};
use store::{Store, StoreError, Tx};
use tokio::runtime::Handle;

use crate::BackupError;
use crate::account_keys::StoredKeys;
use crate::manifest::Manifest;
use crate::moment::moment_text;
use crate::points::{Base, Points, Step, TAG, Way, leading_on};
use crate::repository::{Backup, Target, millis, snapshots, tagged};
use crate::source::{bundle_path, files_path, gone_path, manifest_path, older_path, table_path};
use crate::step::generation;

/// Longest list of what is in a backup that is read, in bytes.
const MANIFEST_BYTES_MAX: u64 = 256 << 20;

/// What was put back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Restored {
    /// The backup.
    #[serde(flatten)]
    pub backup: Backup,
    /// The moment that was reached with it.
    pub moment: String,
    /// The same, in milliseconds since 1970.
    pub moment_millis: i64,
    /// Steps that were carried out after it.
    pub steps: u64,
    /// Accounts.
    pub accounts: u64,
    /// Messages.
    pub messages: u64,
    /// Blobs of the backup.
    pub blobs: u64,
    /// Rows of all tables of the backup.
    pub rows: u64,
    /// Accounts, among those, that were erased since: nothing of them opens.
    pub erased: u64,
}

/// A backup that is open.
pub struct Chosen {
    target: Target,
    repository: Repository<IndexedFullStatus>,
    snapshot: SnapshotFile,
    manifest: Manifest,
    /// What is carried out after it, in order.
    steps: Vec<Step>,
    followed: Followed,
}

impl Chosen {
    /// Opens the backup whose number begins with `id`, or the newest one that was taken at `until` (milliseconds since 1970) or before, or the
    /// newest of all. Blocks.
    ///
    /// # Errors
    /// [`BackupError`] if there is none such, or it cannot be read.
    pub fn open(target: &Target, id: Option<&str>, until: Option<i64>) -> Result<Self, BackupError> {
        let repository = target.open()?;
        let is_meant = |snapshot: &SnapshotFile| {
            id.is_none_or(|id| !id.is_empty() && snapshot.id.to_hex().to_string().starts_with(id))
                && until.is_none_or(|until| millis(snapshot) <= until)
        };
        let mut meant: Vec<SnapshotFile> = snapshots(target, &repository)?.into_iter().filter(is_meant).collect();
        let is_ambiguous = id.is_some() && meant.len() > 1;
        let snapshot = meant.pop().filter(|_| !is_ambiguous).ok_or_else(|| BackupError::NoBackup {
            location: target.location.clone(),
            which: id.map_or_else(|| "as old as that".to_owned(), str::to_owned),
        })?;
        let base = Base::of(snapshot);
        Self::with(target, Way { base, steps: Vec::new() })
    }

    /// Opens what leads to the moment `to` (milliseconds since 1970): the newest backup before it, and the steps from there to the last point
    /// before it. Blocks.
    ///
    /// # Errors
    /// [`BackupError::NoBackup`] if no backup is as old, [`BackupError::Gap`] if steps to there are missing.
    pub fn open_at(target: &Target, to: i64) -> Result<Self, BackupError> {
        Self::with(target, Points::read(target)?.way(target, to)?)
    }

    /// Opens the backup with the number `id` and all steps that lead on from it. Blocks.
    ///
    /// # Errors
    /// [`BackupError`] if there is none, or it cannot be read.
    pub fn open_on(target: &Target, id: &str) -> Result<Self, BackupError> {
        let Points { bases, steps } = Points::read(target)?;
        let base = bases.into_iter().find(|base| base.snapshot.id.to_hex().to_string() == id);
        let base =
            base.ok_or_else(|| BackupError::NoBackup { location: target.location.clone(), which: id.to_owned() })?;
        let steps = base.leading_on(&steps).into_iter().cloned().collect();
        Self::with(target, Way { base, steps })
    }

    /// Opens the newest backup and all steps that lead on from it. Blocks.
    ///
    /// # Errors
    /// [`BackupError`] if there is none, or it cannot be read.
    pub fn open_latest(target: &Target) -> Result<Self, BackupError> {
        let way = Points::read(target)?
            .newest()
            .ok_or_else(|| BackupError::NoBackup { location: target.location.clone(), which: "at all".to_owned() })?;
        Self::with(target, way)
    }

    fn with(target: &Target, way: Way) -> Result<Self, BackupError> {
        let repository = target.told(target.open()?.to_indexed())?;
        let Way { base, steps } = way;
        let followed = base.followed();
        let snapshot = base.snapshot;
        let manifest = read_manifest(target, &repository, &snapshot)?;
        Ok(Self { target: target.clone(), repository, snapshot, manifest, steps, followed })
    }

    /// The moment that it leads to, in milliseconds since 1970.
    #[must_use]
    pub fn moment(&self) -> i64 {
        self.steps.last().map_or(self.followed.taken, |last| last.taken)
    }

    /// What the backup says of itself.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The keys of accounts that are kept beside it. Blocks.
    ///
    /// # Errors
    /// [`BackupError`] if they cannot be read.
    pub fn account_keys(&self) -> Result<StoredKeys, BackupError> {
        StoredKeys::open(&self.target)
    }

    /// Writes the files beside the store into `directory`, readable by their owner alone; none that is there is touched. Blocks.
    ///
    /// # Errors
    /// [`BackupError`] if one cannot be read or written.
    pub fn write_files(&self, directory: &Path) -> Result<u64, BackupError> {
        let Ok(node) = self.repository.node_from_path(self.snapshot.tree, &files_path()) else { return Ok(0) };
        let mut written = 0;
        for entry in self.target.told(self.repository.ls(&node, &LsOptions::default()))? {
            let (place, node) = self.target.told(entry)?;
            if node.is_dir() {
                continue;
            }
            if !place.components().all(|part| matches!(part, Component::Normal(_))) {
                return Err(self.damaged(format!("{} leads out of its directory", place.display())));
            }
            let path = directory.join(place);
            let failed = |cause| BackupError::io(&path, cause);
            if let Some(parent) = path.parent() {
                std::fs::DirBuilder::new().recursive(true).mode(0o700).create(parent).map_err(failed)?;
            }
            let mut file =
                std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(failed)?;
            self.target.told(self.repository.dump(&node, &mut file))?;
            file.sync_all().map_err(failed)?;
            written += 1;
        }
        Ok(written)
    }

    /// Fills `store`, which must be empty, and makes it ready to serve. Accounts get their `keys`; the row of one that was erased since has none,
    /// and [`store::copy::without_key`] finds it. Blocks.
    ///
    /// # Errors
    /// [`BackupError`] if the backup is damaged or the store fails; the store is then of no use.
    pub fn fill(&self, store: &Store, keys: StoredKeys, runtime: &Handle) -> Result<Restored, BackupError> {
        let restored = self.fill_to_follow(store, keys, runtime)?;
        let generation = generation(&self.target)?;
        runtime.block_on(ready(store, generation.unwrap_or(1)))?;
        Ok(restored)
    }

    /// Fills `store`, which must be empty, so that further steps can be carried out on it. Blocks.
    ///
    /// # Errors
    /// As [`Self::fill`].
    pub fn fill_to_follow(&self, store: &Store, keys: StoredKeys, runtime: &Handle) -> Result<Restored, BackupError> {
        let inventory = &self.manifest.store;
        let filler = runtime.block_on(Filler::new(store, inventory, keys.clone().into_keys()))?;
        let (mut blobs, mut rows) = (0, 0);
        for bundle in &inventory.bundles {
            let found = self.read(&bundle_path(bundle), |bytes| {
                Ok::<_, BackupError>(runtime.block_on(filler.bundle(BundleReader::new(BufReader::new(bytes))))?)
            })?;
            self.compare("blobs of a bundle", found, bundle.blobs)?;
            blobs += found;
        }
        for table in &inventory.tables {
            let found = self.read(&table_path(table), |bytes| {
                let reader = TableReader::new(BufReader::new(bytes), table.columns.len());
                Ok::<_, BackupError>(runtime.block_on(filler.table(table, reader))?)
            })?;
            self.compare(&format!("rows of {}", table.name), found, table.rows)?;
            rows += found;
        }
        let followed = self.followed;
        runtime.block_on(store.write(move |tx| note_followed(tx, Some(&followed))))?;
        let (mut accounts, mut messages) = (inventory.accounts, inventory.messages);
        if !self.steps.is_empty() {
            let steps = Steps::open(&self.target)?;
            for step in &self.steps {
                steps.carry_out(step, store, keys.clone(), runtime)?;
            }
            (accounts, messages) = runtime.block_on(store.read(count))?;
        }
        Ok(Restored {
            backup: Backup::of(&self.snapshot),
            moment: moment_text(self.moment()),
            moment_millis: self.moment(),
            steps: self.steps.len() as u64,
            accounts,
            messages,
            blobs,
            rows,
            erased: runtime.block_on(store.read(without_key))?.len() as u64,
        })
    }

    /// Puts the mail of `accounts` of `live` into `scratch`, an embedded store that has just been made, all but its content, as it was at the
    /// moment that this leads to; gives how many rows were read. Blocks.
    ///
    /// # Errors
    /// [`BackupError`] if the backup is damaged, or was made by a newer program, or a store fails.
    pub fn pick(&self, scratch: &Store, live: &Store, accounts: &[i64], runtime: &Handle) -> Result<u64, BackupError> {
        let inventory = &self.manifest.store;
        let picker = runtime.block_on(Picker::new(scratch, live, inventory, accounts))?;
        let mut rows = 0;
        for table in inventory.tables.iter().filter(|table| picker.wants(table)) {
            rows += self.read(&table_path(table), |bytes| {
                let reader = TableReader::new(BufReader::new(bytes), table.columns.len());
                Ok::<_, BackupError>(runtime.block_on(picker.table(table, reader))?)
            })?;
        }
        if !self.steps.is_empty() {
            let steps = Steps::open(&self.target)?;
            for step in &self.steps {
                rows += steps.pick(step, &picker, runtime)?;
            }
        }
        Ok(rows)
    }

    /// Calls `visit` with each of the blobs `wanted`, which are in rising order, each once: those of steps first. Of what lies between them in the
    /// repository little is read. Blocks.
    ///
    /// # Errors
    /// What `visit` gives, which ends the reading, or [`BackupError`] if a blob cannot be read or is not there.
    pub fn blobs<E: From<BackupError>>(
        &self,
        wanted: &[i64],
        mut visit: impl FnMut(i64, Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut left = wanted.to_vec();
        if !self.steps.is_empty() && !left.is_empty() {
            Steps::open(&self.target)?.blobs(&self.steps, &mut left, &mut visit)?;
        }
        let mut rest = left.as_slice();
        for bundle in &self.manifest.store.bundles {
            let count = rest.partition_point(|id| *id <= bundle.last);
            let (mut here, later) = rest.split_at(count);
            rest = later;
            if here.is_empty() {
                continue;
            }
            self.read::<_, E>(&bundle_path(bundle), |bytes| {
                let mut reader = BundleReader::new(BufReader::new(bytes));
                while let Some((next, after)) = here.split_first() {
                    let blob = reader.blob().map_err(|error| self.damaged(format!("a bundle of blobs: {error}")))?;
                    let Some((id, bytes)) = blob else { break };
                    if id == *next {
                        here = after;
                        visit(id, bytes)?;
                    }
                }
                here.first().map_or(Ok(()), |id| Err(self.damaged(format!("it lacks blob {id}")).into()))
            })?;
        }
        rest.first().map_or(Ok(()), |id| Err(self.damaged(format!("it lacks blob {id}")).into()))
    }

    /// The backup that it is.
    #[must_use]
    pub fn backup(&self) -> Backup {
        Backup::of(&self.snapshot)
    }

    fn compare(&self, what: &str, found: u64, wanted: u64) -> Result<(), BackupError> {
        if found == wanted { Ok(()) } else { Err(self.damaged(format!("{found} {what}, where {wanted} should be"))) }
    }

    fn damaged(&self, what: String) -> BackupError {
        BackupError::Damaged { backup: self.snapshot.id.to_hex().to_string(), what }
    }

    /// Lets `work` read the file at `path` while it comes out of the repository.
    fn read<T, E: From<BackupError>>(
        &self,
        path: &PathBuf,
        work: impl FnOnce(&mut dyn Read) -> Result<T, E>,
    ) -> Result<T, E> {
        read_file(&self.target, &self.repository, &self.snapshot, path, work)
    }
}

/// Makes a store ready to serve in which a backup and steps were carried out, as of `generation`.
///
/// # Errors
/// [`StoreError`] if it fails.
pub async fn ready(store: &Store, generation: i64) -> Result<(), StoreError> {
    skip_numbers(store).await?;
    store
        .write(move |tx| {
            note_followed(tx, None)?;
            set_generation(tx, generation)
        })
        .await
}

fn count(tx: &mut Tx<'_>) -> Result<(u64, u64), StoreError> {
    let mut one = |sql| Ok::<_, StoreError>(tx.row(sql, &[], |row| row.int(0))?.unwrap_or(0).unsigned_abs());
    Ok((one("SELECT COUNT(*) FROM account")?, one("SELECT COUNT(*) FROM message")?))
}

/// The steps of a repository, open for reading.
pub struct Steps {
    target: Target,
    repository: Repository<IndexedFullStatus>,
    snapshots: Vec<SnapshotFile>,
}

impl Steps {
    /// Opens the steps beside the backups of `target`. Blocks.
    ///
    /// # Errors
    /// [`BackupError`] if they cannot be read.
    pub fn open(target: &Target) -> Result<Self, BackupError> {
        let target = target.of_steps();
        let repository = target.told(target.open()?.to_indexed())?;
        let snapshots = tagged(&target, &repository, TAG)?;
        Ok(Self { target, repository, snapshots })
    }

    /// Those that follow what a standby has carried out, in order; none if the first of them is not there.
    #[must_use]
    pub fn following(&self, followed: &Followed) -> Vec<Step> {
        let all: Vec<Step> = self.snapshots.iter().filter_map(Step::of).collect();
        leading_on(followed.chain, followed.mark, &all).into_iter().cloned().collect()
    }

    /// Carries `step` out on `store`, giving accounts their `keys`. Blocks.
    ///
    /// # Errors
    /// [`BackupError`] if the step is damaged or does not fit the store; nothing of it is kept then but blobs that nobody names.
    pub fn carry_out(&self, step: &Step, store: &Store, keys: StoredKeys, runtime: &Handle) -> Result<(), BackupError> {
        let (snapshot, inventory) = self.opened(step)?;
        let mut carrier = runtime.block_on(Carrier::new(store, &inventory, keys.into_keys()))?;
        let damaged = |found: u64, what: &str, wanted: u64| BackupError::Damaged {
            backup: snapshot.id.to_hex().to_string(),
            what: format!("{found} {what}, where {wanted} should be"),
        };
        for bundle in &inventory.bundles {
            let found = self.read(snapshot, &bundle_path(bundle), |bytes| {
                Ok::<_, BackupError>(runtime.block_on(carrier.bundle(BundleReader::new(BufReader::new(bytes))))?)
            })?;
            if found != bundle.blobs {
                return Err(damaged(found, "blobs of a bundle", bundle.blobs));
            }
        }
        for (tables, is_gone) in [(&inventory.gone, true), (&inventory.tables, false)] {
            for table in tables {
                let path = if is_gone { gone_path(table) } else { table_path(table) };
                let found = self.read::<_, BackupError>(snapshot, &path, |bytes| {
                    let rows = TableReader::new(BufReader::new(bytes), table.columns.len());
                    Ok(if is_gone { carrier.gone(table, rows)? } else { carrier.table(table, rows)? })
                })?;
                if found != table.rows {
                    return Err(damaged(found, &format!("rows of {}", table.name), table.rows));
                }
            }
        }
        Ok(runtime.block_on(carrier.finish(Some(step.followed())))?)
    }

    /// The snapshot of `step`, with the list of what is in it.
    fn opened(&self, step: &Step) -> Result<(&SnapshotFile, Inventory), BackupError> {
        let found = self.snapshots.iter().find(|snapshot| Step::of(snapshot).as_ref() == Some(step));
        let snapshot = found.ok_or_else(|| BackupError::NoBackup {
            location: self.target.location.clone(),
            which: format!("that is step {}", step.number),
        })?;
        Ok((snapshot, read_listed(&self.target, &self.repository, snapshot)?))
    }

    /// Changes what `picker` has put into its store as `step` says; gives how many rows were read. Blocks.
    fn pick(&self, step: &Step, picker: &Picker, runtime: &Handle) -> Result<u64, BackupError> {
        let (snapshot, inventory) = self.opened(step)?;
        let mut rows = 0;
        for (tables, is_gone) in [(&inventory.gone, true), (&inventory.tables, false)] {
            for table in tables.iter().filter(|table| picker.wants(table)) {
                let path = if is_gone { gone_path(table) } else { table_path(table) };
                rows += self.read::<_, BackupError>(snapshot, &path, |bytes| {
                    let reader = TableReader::new(BufReader::new(bytes), table.columns.len());
                    let work = async {
                        if is_gone { picker.gone(table, reader).await } else { picker.changed(table, reader).await }
                    };
                    Ok(runtime.block_on(work)?)
                })?;
            }
        }
        Ok(rows)
    }

    /// Calls `visit` with those of the blobs `wanted` that are in `steps`, and takes them out of `wanted`, which is in rising order. Blocks.
    fn blobs<E: From<BackupError>>(
        &self,
        steps: &[Step],
        wanted: &mut Vec<i64>,
        visit: &mut impl FnMut(i64, Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        for step in steps {
            let (snapshot, inventory) = self.opened(step)?;
            for bundle in &inventory.bundles {
                if wanted.first().is_none_or(|first| *first > bundle.last) {
                    continue;
                }
                self.read::<_, E>(snapshot, &bundle_path(bundle), |bytes| {
                    let mut reader = BundleReader::new(BufReader::new(bytes));
                    let damaged = |error| BackupError::Damaged {
                        backup: snapshot.id.to_hex().to_string(),
                        what: format!("a bundle of blobs: {error}"),
                    };
                    while let Some((id, bytes)) = reader.blob().map_err(damaged)? {
                        if let Ok(at) = wanted.binary_search(&id) {
                            wanted.remove(at);
                            visit(id, bytes)?;
                        }
                    }
                    Ok(())
                })?;
            }
        }
        Ok(())
    }

    fn read<T, E: From<BackupError>>(
        &self,
        snapshot: &SnapshotFile,
        path: &PathBuf,
        work: impl FnOnce(&mut dyn Read) -> Result<T, E>,
    ) -> Result<T, E> {
        read_file(&self.target, &self.repository, snapshot, path, work)
    }
}

pub(crate) fn read_manifest(
    target: &Target,
    repository: &Repository<IndexedFullStatus>,
    snapshot: &SnapshotFile,
) -> Result<Manifest, BackupError> {
    read_listed(target, repository, snapshot)
}

fn read_listed<T: DeserializeOwned>(
    target: &Target,
    repository: &Repository<IndexedFullStatus>,
    snapshot: &SnapshotFile,
) -> Result<T, BackupError> {
    let mut bytes = Vec::new();
    let node = target.told(repository.node_from_path(snapshot.tree, &manifest_path()))?;
    if node.meta.size <= MANIFEST_BYTES_MAX {
        target.told(repository.dump(&node, &mut bytes))?;
    }
    serde_json::from_slice(&bytes).map_err(|error| BackupError::Damaged {
        backup: snapshot.id.to_hex().to_string(),
        what: format!("its list of what is in it cannot be read: {error}"),
    })
}

/// Lets `work` read the file at `path` of a backup while it comes out of the repository.
pub(crate) fn read_file<T, E: From<BackupError>>(
    target: &Target,
    repository: &Repository<IndexedFullStatus>,
    snapshot: &SnapshotFile,
    path: &PathBuf,
    work: impl FnOnce(&mut dyn Read) -> Result<T, E>,
) -> Result<T, E> {
    let found = repository.node_from_path(snapshot.tree, path).or_else(|error| {
        let older = older_path(path).ok_or(error)?;
        repository.node_from_path(snapshot.tree, &older)
    });
    let node = target.told(found)?;
    let (mut reader, writer) = std::io::pipe().map_err(|cause| BackupError::io(path, cause))?;
    std::thread::scope(|scope| {
        let dumping = scope.spawn(|| {
            let mut writer = writer;
            let outcome = repository.dump(&node, &mut writer);
            drop(writer.flush());
            outcome
        });
        let outcome = work(&mut reader);
        // Else the other side would wait for room for ever.
        drop(reader);
        let dumped = dumping.join().map_err(|_| BackupError::Panicked)?;
        // What is told of the repository says more than that its bytes ended early. Who has all that he wanted may end sooner.
        match dumped {
            Err(cause) if !is_of_pipe(&cause) => Ok(target.told(Err(cause))?),
            _ => outcome,
        }
    })
}

/// Whether the library only noticed that nobody reads any more.
fn is_of_pipe(error: &rustic_core::RusticError) -> bool {
    error.display_log().contains("Broken pipe")
}
