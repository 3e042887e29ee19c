//! A repository, as far as the rest of the crate wants to know it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use env::{Secret, Timestamp};
use rustic_backend::BackendOptions;
use rustic_core::repofile::SnapshotFile;
use rustic_core::{
    BackupOptions, CheckOptions, ConfigOptions, Credentials, KeyOptions, OpenStatus, ParentOptions, Repository,
    RepositoryOptions, RusticResult, SnapshotOptions, jiff,
};
use serde::Serialize;

use crate::BackupError;
use crate::account_keys::StoredKeys;
use crate::source::Source;

/// Marks the snapshots that are ours, in a repository that may hold others.
pub(crate) const TAG: &str = "tradewind";

/// Under which path everything in a snapshot is.
pub(crate) const ROOT: &str = "/tradewind";

/// A repository and what opens it.
#[derive(Debug, Clone)]
pub struct Target {
    /// Where it is: a directory.
    pub location: String,
    /// Its password.
    pub password: Secret<String>,
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
    fn closed(&self) -> Result<Repository<()>, BackupError> {
        let options = BackendOptions::default().repository(&self.location);
        self.told(options.to_backends().and_then(|backends| {
            // What is read of it lies beside us, or is read once a run: a cache would be one more copy.
            Repository::new(&RepositoryOptions::default().no_cache(true), &backends)
        }))
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
        self.told(closed.open(&self.credentials()))
    }

    /// Opens the repository, or makes it where there is none.
    pub(crate) fn open_or_make(&self) -> Result<Repository<OpenStatus>, BackupError> {
        match self.open() {
            Err(BackupError::NoRepository { .. }) => {
                let closed = self.closed()?;
                self.told(closed.init(&self.credentials(), &KeyOptions::default(), &ConfigOptions::default()))
            }
            outcome => outcome,
        }
    }

    /// Where the keys of accounts are kept beside the backups.
    pub(crate) fn of_account_keys(&self) -> Self {
        Self { location: format!("{}/account-keys", self.location.trim_end_matches('/')), ..self.clone() }
    }

    /// Writes what `source` has as a new snapshot, made by `host` at `now` (milliseconds since 1970).
    pub(crate) fn archive<S: rustic_core::IndexedIds>(
        &self,
        repository: &Repository<S>,
        source: &Source,
        host: &str,
        now: i64,
    ) -> Result<SnapshotFile, BackupError> {
        let time = jiff::Timestamp::from_millisecond(now).unwrap_or_default();
        let options = SnapshotOptions::default()
            .host(Some(host.to_owned()))
            .time(Some(time.to_zoned(jiff::tz::TimeZone::UTC)))
            .command(Some("tradewind backup".to_owned()));
        let snapshot = self.told(options.add_tags(TAG).and_then(|options| options.to_snapshot()))?;
        let options = BackupOptions::default().parent_opts(ParentOptions::default());
        self.told(repository.archive(&options, source, snapshot, &[PathBuf::from(ROOT)]))
    }

    /// An answer of the library as one of ours.
    pub(crate) fn told<T>(&self, answer: RusticResult<T>) -> Result<T, BackupError> {
        answer.map_err(|error| BackupError::repository(&self.location, &error))
    }
}

/// Our snapshots, the oldest first.
pub(crate) fn snapshots<S: rustic_core::Open>(
    target: &Target,
    repository: &Repository<S>,
) -> Result<Vec<SnapshotFile>, BackupError> {
    let mut ours: BTreeMap<_, SnapshotFile> = BTreeMap::new();
    for snapshot in target.told(repository.get_all_snapshots())? {
        if snapshot.tags.contains(TAG) {
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

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Nothing does not fit.
    pub sound: bool,
    /// What does not fit.
    pub findings: Vec<String>,
}

/// Findings that are told; more say the same.
const FINDINGS_MAX: usize = 20;

/// Checks that all backups of a repository are whole; with `read_data` reads every byte. Blocks.
///
/// # Errors
/// [`BackupError`] if the repository cannot be opened.
pub fn check(target: &Target, read_data: bool) -> Result<Checked, BackupError> {
    let repository = target.open()?;
    let results = target.told(repository.check(CheckOptions::default().read_data(read_data)))?;
    let mut findings: Vec<String> =
        results.0.iter().map(|(_, finding)| finding.to_string()).take(FINDINGS_MAX).collect();
    let mut sound = results.is_ok().is_ok();
    // Without these no backup opens.
    if let Err(error) = StoredKeys::open(target) {
        sound = false;
        findings.push(error.to_string());
    }
    Ok(Checked { sound, findings })
}
