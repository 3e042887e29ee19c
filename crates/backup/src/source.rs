//! What goes into a backup, shown to the library as a tree of files that exist nowhere.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustic_core::jiff::Timestamp;
use rustic_core::repofile::{Metadata, Node, NodeType};
use rustic_core::{ReadSource, ReadSourceEntry, ReadSourceOpen, RusticResult};
use store::copy::{Bundle, Part, PartReader, Parts, Table};

use crate::BackupError;
use crate::repository::ROOT;

/// Files beside the store that are kept at most.
const FILES_MAX: usize = 20_000;

/// Folders below one another that are gone into.
const DEPTH_MAX: usize = 16;

/// A file beside the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileItem {
    /// Where it stands in the backup and, once restored, in the new directory.
    pub place: PathBuf,
    /// Its bytes.
    pub from: FileBytes,
}

/// Where the bytes of a file come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileBytes {
    /// A file of the machine.
    Path(PathBuf),
    /// These.
    Here(Vec<u8>),
}

/// The files in `directory` and below it, to stand below `place`, without those in `left_out`. Links are not followed. A directory that is not
/// there has none.
///
/// # Errors
/// [`BackupError::Io`] if a directory cannot be read, or holds too many files to be the one that is meant.
pub fn files_below(directory: &Path, place: &Path, left_out: &[PathBuf]) -> Result<Vec<FileItem>, BackupError> {
    let mut files = Vec::new();
    gather(directory, place, left_out, DEPTH_MAX, &mut files)?;
    Ok(files)
}

fn gather(
    directory: &Path,
    place: &Path,
    left_out: &[PathBuf],
    depth: usize,
    files: &mut Vec<FileItem>,
) -> Result<(), BackupError> {
    let failed = |cause| BackupError::io(directory, cause);
    let entries = match std::fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(failed)?,
    };
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let (path, place) = (entry.path(), place.join(entry.file_name()));
        if left_out.contains(&path) {
            continue;
        }
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_file() {
            files.push(FileItem { place, from: FileBytes::Path(path) });
        } else if kind.is_dir() && depth > 0 {
            gather(&path, &place, left_out, depth - 1, files)?;
        }
        if files.len() > FILES_MAX {
            let cause = io::Error::other(format!("more than {FILES_MAX} files; keep the server's apart from others"));
            return Err(BackupError::io(directory, cause));
        }
    }
    Ok(())
}

/// Everything, by path, as the format wants it ordered.
pub(crate) struct Source {
    entries: BTreeMap<PathBuf, (Node, Content)>,
    bytes: u64,
    failure: Failure,
    progress: Arc<Progress>,
}

#[derive(Clone)]
enum Content {
    Part(Part, Parts),
    File(FileBytes),
}

/// The first thing that could not be read. The library would leave it out and call the rest a backup.
#[derive(Clone, Default)]
pub(crate) struct Failure(Arc<Mutex<Option<(String, String)>>>);

impl Failure {
    fn note(&self, part: &str, cause: &io::Error) {
        let mut first = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert_with(|| (part.to_owned(), cause.to_string()));
    }

    pub(crate) fn take(&self) -> Option<BackupError> {
        let first = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        first.map(|(part, cause)| BackupError::Unread { part, cause })
    }
}

/// How far a backup is.
#[derive(Debug, Default)]
pub struct Progress {
    total: AtomicU64,
    read: AtomicU64,
}

impl Progress {
    /// Bytes that there are, and bytes that were read of them. What is in the repository already is not read, so the end may come sooner.
    #[must_use]
    pub fn bytes(&self) -> (u64, u64) {
        (self.total.load(Ordering::Relaxed), self.read.load(Ordering::Relaxed))
    }
}

impl Source {
    pub(crate) fn new(failure: Failure, progress: Arc<Progress>) -> Self {
        Self { entries: BTreeMap::new(), bytes: 0, failure, progress }
    }

    /// The tables of a store, which are read anew each time.
    pub(crate) fn add_table(&mut self, parts: &Parts, table: &Table, now: i64) {
        let meta = meta_of(table.bytes, Timestamp::from_millisecond(now).ok());
        self.add(table_path(table), meta, Content::Part(Part::Table(table.clone()), parts.clone()));
    }

    /// The keys of rows that are gone from a table.
    pub(crate) fn add_gone(&mut self, parts: &Parts, table: &Table, now: i64) {
        let meta = meta_of(table.bytes, Timestamp::from_millisecond(now).ok());
        self.add(gone_path(table), meta, Content::Part(Part::Gone(table.clone()), parts.clone()));
    }

    /// A bundle of blobs. One of the same name and size is the same.
    pub(crate) fn add_bundle(&mut self, parts: &Parts, bundle: &Bundle) {
        let meta = meta_of(bundle.bytes, None);
        self.add(bundle_path(bundle), meta, Content::Part(Part::Bundle(bundle.clone()), parts.clone()));
    }

    pub(crate) fn add_file(&mut self, file: &FileItem) -> Result<(), BackupError> {
        let meta = match &file.from {
            FileBytes::Here(bytes) => meta_of(bytes.len() as u64, None),
            FileBytes::Path(path) => match std::fs::metadata(path) {
                // It went away since it was listed.
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
                Err(cause) => return Err(BackupError::io(path, cause)),
                Ok(found) => {
                    let changed = found.modified().ok().and_then(|time| Timestamp::try_from(time).ok());
                    meta_of(found.len(), changed)
                }
            },
        };
        self.add(file_path(&file.place), meta, Content::File(file.from.clone()));
        Ok(())
    }

    /// A file in our own name, always read.
    pub(crate) fn add_own(&mut self, path: PathBuf, bytes: Vec<u8>, now: i64) {
        let meta = meta_of(bytes.len() as u64, Timestamp::from_millisecond(now).ok());
        self.add(path, meta, Content::File(FileBytes::Here(bytes)));
    }

    fn add(&mut self, path: PathBuf, meta: Metadata, content: Content) {
        self.bytes += meta.size;
        self.progress.total.store(self.bytes, Ordering::Relaxed);
        let node = Node::new_node(path.file_name().unwrap_or(OsStr::new("")), NodeType::File, meta);
        self.entries.insert(path, (node, content));
    }
}

fn meta_of(size: u64, changed: Option<Timestamp>) -> Metadata {
    Metadata { mode: Some(0o600), mtime: changed, size, links: 1, ..Metadata::default() }
}

pub(crate) fn manifest_path() -> PathBuf {
    Path::new(ROOT).join("manifest.json")
}

pub(crate) fn account_keys_path() -> PathBuf {
    Path::new(ROOT).join("account-keys.json")
}

pub(crate) fn files_path() -> PathBuf {
    Path::new(ROOT).join("files")
}

fn file_path(place: &Path) -> PathBuf {
    files_path().join(place)
}

/// Before [`bundle_path`] in the order of the format: whatever is read of a store's snapshot comes before what outlasts that.
pub(crate) fn table_path(table: &Table) -> PathBuf {
    Path::new(ROOT).join("all-tables").join(&table.name)
}

/// Where older backups have what is at `path` now.
pub(crate) fn older_path(path: &Path) -> Option<PathBuf> {
    let table = path.strip_prefix(Path::new(ROOT).join("all-tables")).ok()?;
    Some(Path::new(ROOT).join("tables").join(table))
}

pub(crate) fn gone_path(table: &Table) -> PathBuf {
    Path::new(ROOT).join("gone").join(&table.name)
}

pub(crate) fn bundle_path(bundle: &Bundle) -> PathBuf {
    Path::new(ROOT).join("blobs").join(format!("{:016x}-{:016x}", bundle.first, bundle.mark))
}

/// Something to be opened when its turn has come.
pub(crate) struct Opening {
    path: String,
    content: Content,
    failure: Failure,
    progress: Arc<Progress>,
}

/// Its bytes.
pub(crate) struct Reading {
    path: String,
    from: Bytes,
    failure: Failure,
    progress: Arc<Progress>,
}

enum Bytes {
    Part(PartReader),
    File(File),
    Here(Cursor<Vec<u8>>),
    /// It could not be opened, which is told when it is read.
    Broken(io::ErrorKind),
}

impl ReadSourceOpen for Opening {
    type Reader = Reading;

    fn open(self) -> RusticResult<Reading> {
        let from = match self.content {
            Content::Part(part, parts) => Bytes::Part(parts.open(part)),
            Content::File(FileBytes::Here(bytes)) => Bytes::Here(Cursor::new(bytes)),
            Content::File(FileBytes::Path(path)) => match File::open(path) {
                Ok(file) => Bytes::File(file),
                Err(error) => Bytes::Broken(error.kind()),
            },
        };
        Ok(Reading { path: self.path, from, failure: self.failure, progress: self.progress })
    }
}

impl Read for Reading {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let outcome = match &mut self.from {
            Bytes::Part(part) => part.read(out),
            Bytes::File(file) => file.read(out),
            Bytes::Here(bytes) => bytes.read(out),
            Bytes::Broken(kind) => Err((*kind).into()),
        };
        if let Ok(read) = outcome {
            self.progress.read.fetch_add(read as u64, Ordering::Relaxed);
        }
        outcome.inspect_err(|error| {
            if error.kind() != io::ErrorKind::Interrupted {
                self.failure.note(&self.path, error);
            }
        })
    }
}

impl ReadSource for Source {
    type Open = Opening;
    type Iter = std::vec::IntoIter<RusticResult<ReadSourceEntry<Opening>>>;

    fn size(&self) -> RusticResult<Option<u64>> {
        Ok(Some(self.bytes))
    }

    fn entries(&self) -> Self::Iter {
        let entry = |(path, (node, content)): (&PathBuf, &(Node, Content))| {
            let opening = Opening {
                path: path.display().to_string(),
                content: content.clone(),
                failure: self.failure.clone(),
                progress: Arc::clone(&self.progress),
            };
            Ok(ReadSourceEntry { path: path.clone(), node: node.clone(), open: Some(opening) })
        };
        self.entries.iter().map(entry).collect::<Vec<_>>().into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_of_older_backups_are_found() {
        let now = Path::new(ROOT).join("all-tables/message");
        assert_eq!(older_path(&now), Some(Path::new(ROOT).join("tables/message")));
        assert_eq!(older_path(&files_path()), None);
    }
}
