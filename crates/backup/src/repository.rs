//! A repository, as far as the rest of the crate wants to know it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use env::{Secret, Timestamp};
use rustic_core::repofile::{MasterKey, SnapshotFile};
use rustic_core::{
    BackupOptions, CheckOptions, ConfigOptions, Credentials, FileType, Id, KeyOptions, OpenStatus, ParentOptions,
    ReadSubsetOption, RepairIndexOptions, Repository, RepositoryBackends, RepositoryOptions, RusticResult,
    SnapshotOptions, jiff,
};
use serde::Serialize;

use crate::BackupError;
use crate::account_keys::StoredKeys;
use crate::place::Access;
use crate::source::Source;

/// Marks the snapshots that are ours, in a repository that may hold others.
pub(crate) const TAG: &str = "tradewind";

/// Under which path everything in a snapshot is.
pub(crate) const ROOT: &str = "/tradewind";

/// A repository and what opens it.
#[derive(Debug, Clone)]
pub struct Target {
    /// Where it is: a directory, or a place as [`crate::Kind`] tells them.
    pub location: String,
    /// What opens the way to it.
    pub access: Access,
    /// Its password.
    pub password: Secret<String>,
    /// What the password has opened before.
    pub opened: Opened,
}

/// Keys of repositories that a password has opened. Making a key from a password takes half a second of a processor and 128 MiB on purpose, which is
/// the password's protection and not that of a server which has both; with a step every minute it would be its most expensive work.
#[derive(Debug, Clone, Default)]
pub struct Opened(Arc<Mutex<BTreeMap<String, Kept>>>);

/// A key in its form as JSON, and the password that led to it.
#[derive(Debug)]
struct Kept {
    password: Secret<String>,
    key: Secret<String>,
}

impl Opened {
    fn key(&self, target: &Target) -> Option<MasterKey> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = all.get(&target.location).filter(|kept| kept.password.expose() == target.password.expose())?;
        serde_json::from_str(kept.key.expose()).ok()
    }

    fn keep(&self, target: &Target, key: &MasterKey) {
        let Ok(key) = serde_json::to_string(key) else { return };
        let kept = Kept { password: target.password.clone(), key: Secret::new(key) };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(target.location.clone(), kept);
    }
}

/// A backup in a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Backup {
    /// Its number, of which a part that no other begins with will do.
    pub id: String,
    /// Host name of the server that made it.
    pub host: String,
    /// The moment that it shows.
    pub taken: String,
    /// The same, in milliseconds since 1970.
    pub taken_millis: i64,
    /// Bytes that a restore brings back.
    pub bytes: u64,
    /// Bytes that it has added to the repository.
    pub added_bytes: u64,
}

impl Backup {
    pub(crate) fn of(snapshot: &SnapshotFile) -> Self {
        let taken = millis(snapshot);
        let (bytes, added_bytes) = snapshot
            .summary
            .as_ref()
            .map_or((0, 0), |summary| (summary.total_bytes_processed, summary.data_added_packed));
        Self {
            id: snapshot.id.to_hex().to_string(),
            host: snapshot.hostname.clone(),
            taken: Timestamp::from_millis(taken).to_string(),
            taken_millis: taken,
            bytes,
            added_bytes,
        }
    }
}

pub(crate) fn millis(snapshot: &SnapshotFile) -> i64 {
    snapshot.time.timestamp().as_millisecond()
}

impl Target {
    /// The region that its copies are in, as its credentials say.
    #[must_use]
    pub fn home(&self) -> Option<String> {
        let Access { home, region, .. } = &self.access;
        [home, region].into_iter().find(|named| !named.is_empty()).cloned()
    }

    /// The same repository, whose objects are locked for `days` if the level says for how long.
    #[must_use]
    pub fn locked_by_level(mut self, days: u32) -> Self {
        let lock = |access: &mut Access| access.lock_days = if access.lock.is_some() { days } else { access.lock_days };
        lock(&mut self.access);
        if let Some(prune) = &mut self.access.prune {
            // What is written anew as others are deleted is as safe.
            prune.lock = prune.lock.or(self.access.lock);
            prune.lock_days = prune.lock_days.max(self.access.lock_days);
            lock(prune);
        }
        self
    }

    /// The same repository by way of what may delete there.
    #[must_use]
    pub(crate) fn for_pruning(&self) -> Self {
        let access = self.access.prune.as_deref().unwrap_or(&self.access).clone();
        Self { access, ..self.clone() }
    }

    fn closed(&self) -> Result<Repository<()>, BackupError> {
        self.told(self.backends().and_then(|backends| {
            // What is read of it lies beside us, or is read once a run: a cache would be one more copy.
            Repository::new(&RepositoryOptions::default().no_cache(true), &backends)
        }))
    }

    /// What reads and writes its files.
    fn backends(&self) -> RusticResult<RepositoryBackends> {
        crate::place::backends(&self.location, &self.access)
    }

    fn credentials(&self) -> Credentials {
        Credentials::password(self.password.expose())
    }

    /// Opens the repository.
    pub(crate) fn open(&self) -> Result<Repository<OpenStatus>, BackupError> {
        let closed = self.closed()?;
        if self.told(closed.config_id())?.is_none() {
            return Err(BackupError::NoRepository { location: self.location.clone() });
        }
        if let Some(key) = self.opened.key(self)
            && let Ok(open) = closed.open(&Credentials::Masterkey(key))
        {
            return Ok(open);
        }
        // The first time, and where another repository has taken the place of the one that was known.
        let open = self.told(self.closed()?.open(&self.credentials()))?;
        self.opened.keep(self, &open.key());
        Ok(open)
    }

    /// Opens the repository, or makes it where there is none.
    pub(crate) fn open_or_make(&self) -> Result<Repository<OpenStatus>, BackupError> {
        match self.open() {
            Err(BackupError::NoRepository { .. }) => {
                let closed = self.closed()?;
                let made = closed.init(&self.credentials(), &KeyOptions::default(), &ConfigOptions::default());
                let made = self.told(made)?;
                self.opened.keep(self, &made.key());
                Ok(made)
            }
            outcome => outcome,
        }
    }

    /// Where the keys of accounts are kept beside the backups. Nothing there is locked: what was erased must be able to go.
    pub(crate) fn of_account_keys(&self) -> Self {
        let mut access = self.access.unlocked();
        access.prune = access.prune.map(|prune| {
            let has_versions = prune.has_versions || access.has_versions;
            Box::new(Access { has_versions, ..prune.unlocked() })
        });
        Self { location: format!("{}/account-keys", self.location.trim_end_matches('/')), access, ..self.clone() }
    }

    /// Where the steps between backups are kept.
    pub(crate) fn of_steps(&self) -> Self {
        Self { location: format!("{}/steps", self.location.trim_end_matches('/')), ..self.clone() }
    }

    /// Writes what `source` has as a new snapshot.
    pub(crate) fn archive<S: rustic_core::IndexedIds>(
        &self,
        repository: &Repository<S>,
        source: &Source,
        named: &Archived<'_>,
    ) -> Result<SnapshotFile, BackupError> {
        let time = jiff::Timestamp::from_millisecond(named.now).unwrap_or_default();
        let options = SnapshotOptions::default()
            .host(Some(named.host.to_owned()))
            .label(named.label.clone())
            .time(Some(time.to_zoned(jiff::tz::TimeZone::UTC)))
            .command(Some("tradewind backup".to_owned()));
        let snapshot = self.told(options.add_tags(named.tag).and_then(|options| options.to_snapshot()))?;
        let options = BackupOptions::default().parent_opts(ParentOptions::default().force(!named.has_parent));
        self.told(repository.archive(&options, source, snapshot, &[PathBuf::from(ROOT)]))
    }

    /// An answer of the library as one of ours.
    pub(crate) fn told<T>(&self, answer: RusticResult<T>) -> Result<T, BackupError> {
        answer.map_err(|error| BackupError::repository(&self.location, &error))
    }
}

/// How a snapshot is named.
pub(crate) struct Archived<'a> {
    /// The server that makes it.
    pub(crate) host: &'a str,
    /// The moment that it shows, in milliseconds since 1970.
    pub(crate) now: i64,
    pub(crate) tag: &'static str,
    pub(crate) label: Option<String>,
    /// Whether what the one before has is not read again.
    pub(crate) has_parent: bool,
}

/// Our backups, the oldest first.
pub(crate) fn snapshots<S: rustic_core::Open>(
    target: &Target,
    repository: &Repository<S>,
) -> Result<Vec<SnapshotFile>, BackupError> {
    tagged(target, repository, TAG)
}

/// The snapshots with `tag`, the oldest first.
pub(crate) fn tagged<S: rustic_core::Open>(
    target: &Target,
    repository: &Repository<S>,
    tag: &str,
) -> Result<Vec<SnapshotFile>, BackupError> {
    let mut ours: BTreeMap<_, SnapshotFile> = BTreeMap::new();
    for snapshot in target.told(repository.get_all_snapshots())? {
        if snapshot.tags.contains(tag) {
            ours.insert((millis(&snapshot), snapshot.id.to_hex().to_string()), snapshot);
        }
    }
    Ok(ours.into_values().collect())
}

/// The backups in a repository, the oldest first. Blocks.
///
/// # Errors
/// [`BackupError`] if the repository cannot be read.
pub fn list(target: &Target) -> Result<Vec<Backup>, BackupError> {
    let repository = target.open()?;
    Ok(snapshots(target, &repository)?.iter().map(Backup::of).collect())
}

/// Bytes that a repository takes. Blocks.
///
/// # Errors
/// [`BackupError`] if the repository cannot be read.
pub fn size(target: &Target) -> Result<u64, BackupError> {
    let files = target.told(target.open()?.infos_files())?;
    Ok(files.repo.iter().map(|kind| kind.size).sum())
}

/// What a check looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// All backups, but only the lists of what is where.
    Lists,
    /// The newest backup, and of its data one of `of` parts, numbered from 1. Older ones may lack what was once damaged.
    Part {
        /// Which.
        number: u32,
        /// How many there are.
        of: u32,
    },
    /// All backups and every byte.
    All,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Nothing does not fit.
    pub sound: bool,
    /// What does not fit.
    pub findings: Vec<String>,
    /// Files of data that do not fit or are not there, for [`take_out`].
    pub damaged: Vec<String>,
}

/// Findings that are told; more say the same.
const FINDINGS_MAX: usize = 20;

/// Length of the name of a file of data: SHA-256 in hexadecimal.
const PACK_NAME_CHARS: usize = 64;

/// Checks that backups of a repository are whole. Blocks.
///
/// # Errors
/// [`BackupError`] if the repository cannot be opened.
pub fn check(target: &Target, reading: Reading) -> Result<Checked, BackupError> {
    let repository = target.open()?;
    let options = CheckOptions::default();
    let results = target.told(match reading {
        Reading::Lists => repository.check(options),
        Reading::All => repository.check(options.read_data(true)),
        Reading::Part { number, of } => {
            let newest = snapshots(target, &repository)?.pop().map(|newest| newest.tree);
            let options = options.read_data(true).read_data_subset(ReadSubsetOption::IdSubSet((number, of)));
            repository.check_with_trees(options, newest.into_iter().collect())
        }
    })?;
    let mut damaged: Vec<String> =
        results.0.iter().filter_map(|(_, finding)| pack_of(&format!("{finding:?}"))).collect();
    damaged.sort();
    damaged.dedup();
    let mut findings: Vec<String> =
        results.0.iter().map(|(_, finding)| in_short(&finding.to_string())).take(FINDINGS_MAX).collect();
    let mut sound = results.is_ok().is_ok();
    // Without these no backup opens.
    if let Err(error) = StoredKeys::open(target) {
        sound = false;
        findings.push(error.to_string());
    }
    if !matches!(reading, Reading::Part { .. }) {
        sound &= check_steps(target, options_of(reading), &mut findings)?;
    }
    Ok(Checked { sound, findings, damaged })
}

fn options_of(reading: Reading) -> CheckOptions {
    CheckOptions::default().read_data(reading == Reading::All)
}

/// Checks the steps beside the backups; says whether they are sound.
fn check_steps(target: &Target, options: CheckOptions, findings: &mut Vec<String>) -> Result<bool, BackupError> {
    let steps = target.of_steps();
    let repository = match steps.open() {
        Err(BackupError::NoRepository { .. }) => return Ok(true),
        outcome => outcome?,
    };
    let results = steps.told(repository.check(options))?;
    let found = results.0.iter().map(|(_, finding)| format!("steps: {}", in_short(&finding.to_string())));
    findings.extend(found.take(FINDINGS_MAX));
    Ok(results.is_ok().is_ok())
}

/// The file that a finding is about, whose type cannot be named here: `… { id: PackId(…), … }` or `… { id: …, … }`.
fn pack_of(finding: &str) -> Option<String> {
    let (_, after) = finding.split_once("{ id: ")?;
    let name: String = after.trim_start_matches("PackId(").chars().take_while(char::is_ascii_hexdigit).collect();
    (name.len() == PACK_NAME_CHARS).then_some(name)
}

/// A finding on one line, without what the library says of itself.
fn in_short(finding: &str) -> String {
    let text = finding.split("For more information").next().unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Takes files of data out of a repository whose bytes are not what their names say (which is looked at again first: one that only could not
/// be read stays), so that the next backup stores anew what they held. What no later backup has is lost from the older ones. Says how many
/// there were. Blocks.
///
/// # Errors
/// [`BackupError`] if the repository cannot be read or changed.
pub fn take_out(target: &Target, damaged: &[String]) -> Result<usize, BackupError> {
    let target = &target.for_pruning();
    let backend = target.told(target.backends())?.repository();
    let mut taken_out = 0;
    for name in damaged {
        let id: Id = target.told(name.parse())?;
        let Ok(bytes) = backend.read_full(FileType::Pack, &id) else { continue };
        let is_it: String = crypto::hash::sha256(&bytes).iter().map(|octet| format!("{octet:02x}")).collect();
        if is_it != *name {
            target.told(backend.remove(FileType::Pack, &id, false))?;
            taken_out += 1;
        }
    }
    target.told(target.open()?.repair_index(&RepairIndexOptions::default(), false))?;
    Ok(taken_out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_names_its_file() {
        let name = "a1".repeat(32);
        assert_eq!(pack_of(&format!("ErrorCheckingPack {{ id: PackId({name}), source: x }}")), Some(name.clone()));
        assert_eq!(pack_of(&format!("PackSizeMismatchIndex {{ id: {name}, to_delete: false }}")), Some(name));
        assert_eq!(pack_of("FileHasNoContent { file: \"x\" }"), None);
    }
}
