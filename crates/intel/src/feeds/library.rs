//! Feeds on disk: those kept by hand, and the last good version of each that is fetched.

use std::fs::{self, File};
use std::io::{BufReader, Cursor, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use env::{Clock, Timestamp};
use serde::{Deserialize, Serialize};

use super::fetch::is_signed;
use super::{Feed, Fetch, Fetched};
use crate::formats::{self, Counts, Format, FormatError};
use crate::set::EntrySet;
use crate::{FeedSource, Never, ThreatSettings};

/// Feeds that are read.
const FEEDS_MAX: usize = 64;

/// Entries below which a feed may grow and shrink as it likes.
const STEADY_ENTRIES_MIN: u64 = 100;

/// Octets of a file of state.
const STATE_OCTETS_MAX: u64 = 64 * 1024;

/// Where feeds are.
#[derive(Debug, Clone)]
pub struct Library {
    hand: PathBuf,
    kept: PathBuf,
    sources: Vec<FeedSource>,
    entries_max: usize,
    never: Arc<Never>,
    seed: u64,
}

/// What is known of a feed that is fetched.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FeedState {
    /// What names the version that was fetched last.
    pub etag: String,
    /// When it was asked for last, in seconds since 1970; 0 for never.
    pub checked: i64,
    /// When a version was taken last.
    pub taken: i64,
    /// What was read of the version in force.
    pub counts: Counts,
    /// Entries of a version that waits for an administrator, as it is so much larger or smaller.
    pub waiting: Option<u64>,
    /// Why the last fetch failed; the version before stays in force.
    pub fault: Option<String>,
}

/// A feed that was read.
#[derive(Debug)]
pub struct Loaded {
    /// What it is called.
    pub name: String,
    /// What is in it.
    pub outcome: Result<(EntrySet, Counts), FormatError>,
}

/// What became of a fetch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Refreshed {
    /// Nothing has changed.
    Same,
    /// A new version is in force.
    Taken {
        /// Its entries.
        entries: u64,
    },
    /// A new version waits for an administrator.
    Waits {
        /// Entries of the version in force.
        before: u64,
        /// Its entries.
        entries: u64,
    },
    /// There is none; the version before stays in force.
    Failed {
        /// Why.
        why: String,
    },
}

impl Library {
    /// The library of the settings. Fetched feeds are kept in `kept`; `never` is what none may list; `seed` is secret and the same as long as
    /// the process lives.
    #[must_use]
    pub fn new(settings: &ThreatSettings, kept: PathBuf, never: Arc<Never>, seed: u64) -> Self {
        let ThreatSettings { feeds_directory, feed, entries_max, .. } = settings;
        Self { hand: feeds_directory.clone(), kept, sources: feed.clone(), entries_max: *entries_max, never, seed }
    }

    /// The feeds that are fetched.
    #[must_use]
    pub fn sources(&self) -> &[FeedSource] {
        &self.sources
    }

    /// The same with other names that none may list.
    #[must_use]
    pub fn with_never(mut self, never: Arc<Never>) -> Self {
        self.never = never;
        self
    }

    /// Names, sizes and times of all files: another value tells that feeds have changed.
    #[must_use]
    pub fn version(&self) -> Vec<(PathBuf, u64, u128)> {
        let mut files: Vec<_> = [&self.hand, &self.kept]
            .into_iter()
            .filter_map(|directory| fs::read_dir(directory).ok())
            .flatten()
            .filter_map(|entry| {
                let entry = entry.ok().filter(|entry| entry.path().extension().is_none_or(|end| end != "state"))?;
                let metadata = entry.metadata().ok()?;
                let changed = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
                Some((entry.path(), metadata.len(), changed.as_nanos()))
            })
            .collect();
        files.sort();
        files
    }

    /// Reads all feeds. Blocks.
    #[must_use]
    pub fn load(&self, now: Timestamp) -> Vec<Loaded> {
        let mut loaded =
            read_directory(&self.hand, &self.never, (self.seed, self.entries_max), now).unwrap_or_default();
        for source in &self.sources {
            let path = self.path(&source.name, "feed");
            if path.exists() {
                let outcome = read_as(&path, source.format, &self.never, (self.seed, self.entries_max), now);
                loaded.push(Loaded { name: source.name.clone(), outcome });
            }
        }
        loaded
    }

    /// What is known of a feed that is fetched; nothing is known of one that never was.
    #[must_use]
    pub fn state(&self, name: &str) -> FeedState {
        let path = self.path(name, "state");
        let is_small = fs::metadata(&path).is_ok_and(|metadata| metadata.len() <= STATE_OCTETS_MAX);
        let text = if is_small { fs::read(&path).unwrap_or_default() } else { Vec::new() };
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// Whether it is time to fetch a feed.
    #[must_use]
    pub fn is_due(&self, source: &FeedSource, now: Timestamp) -> bool {
        let minutes = i64::try_from(source.refresh_minutes.max(1)).unwrap_or(i64::MAX);
        now.seconds().saturating_sub(self.state(&source.name).checked) >= minutes.saturating_mul(60)
    }

    /// Fetches a feed. Whatever fails leaves the version before in force.
    pub async fn refresh(&self, source: &FeedSource, fetch: &dyn Fetch, clock: &dyn Clock) -> Refreshed {
        let state = self.state(&source.name);
        let fetched = signed(source, fetch, &state.etag).await;
        let (library, source, now) = (self.clone(), source.clone(), clock.now());
        let settle = move || library.settle(&source, state, fetched, now);
        let settled = tokio::task::spawn_blocking(settle).await;
        settled.unwrap_or_else(|_| Refreshed::Failed { why: "reading it panicked".to_owned() })
    }

    /// Puts the version that waits into force.
    ///
    /// # Errors
    /// If none waits, or the file cannot be moved.
    pub fn accept(&self, name: &str) -> Result<u64, String> {
        let mut state = self.state(name);
        let Some(entries) = state.waiting else { return Err(format!("no version of the feed {name} waits")) };
        fs::rename(self.path(name, "waiting"), self.path(name, "feed")).map_err(|error| error.to_string())?;
        state.counts = Counts { entries, ..Counts::default() };
        (state.waiting, state.taken) = (None, state.checked);
        self.write_state(name, &state)?;
        Ok(entries)
    }

    /// Decides on what was fetched, and keeps it.
    fn settle(
        &self,
        source: &FeedSource,
        mut state: FeedState,
        fetched: Result<Fetched, String>,
        now: Timestamp,
    ) -> Refreshed {
        state.checked = now.seconds();
        let settled = match fetched {
            Ok(Fetched::Same) => Ok(Refreshed::Same),
            Ok(Fetched::New { body, etag }) => self.take(source, &mut state, &body, now).inspect(|_| state.etag = etag),
            Err(why) => Err(why),
        };
        let settled = settled.unwrap_or_else(|why| Refreshed::Failed { why });
        state.fault = match &settled {
            Refreshed::Failed { why } => Some(why.clone()),
            _ => None,
        };
        match self.write_state(&source.name, &state) {
            Ok(()) => settled,
            Err(why) => Refreshed::Failed { why },
        }
    }

    fn take(
        &self,
        source: &FeedSource,
        state: &mut FeedState,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Refreshed, String> {
        let limits = (self.seed, self.entries_max);
        let read = formats::read(&mut Cursor::new(body), source.format, &self.never, limits, &written(now));
        let (_, counts) = read.map_err(|error| error.to_string())?;
        let (before, entries) = (state.counts.entries, counts.entries);
        if !self.path(&source.name, "feed").exists() || is_steady(before, entries, source.factor_max) {
            self.write(&source.name, "feed", body)?;
            let _ = fs::remove_file(self.path(&source.name, "waiting"));
            (state.counts, state.waiting, state.taken) = (counts, None, now.seconds());
            return Ok(Refreshed::Taken { entries });
        }
        self.write(&source.name, "waiting", body)?;
        state.waiting = Some(entries);
        Ok(Refreshed::Waits { before, entries })
    }

    fn path(&self, name: &str, kind: &str) -> PathBuf {
        self.kept.join(format!("{name}.{kind}"))
    }

    fn write_state(&self, name: &str, state: &FeedState) -> Result<(), String> {
        let text = serde_json::to_vec(state).map_err(|error| error.to_string())?;
        self.write(name, "state", &text)
    }

    /// Writes a file whole or not at all.
    fn write(&self, name: &str, kind: &str, octets: &[u8]) -> Result<(), String> {
        let (path, fresh) = (self.path(name, kind), self.path(name, "fresh"));
        let write = || {
            fs::create_dir_all(&self.kept)?;
            let mut file = File::create(&fresh)?;
            file.write_all(octets)?;
            file.sync_all()?;
            fs::rename(&fresh, &path)
        };
        write().map_err(|error| format!("cannot write {}: {error}", path.display()))
    }
}

/// Fetches a feed and, where a key is set, its signature.
async fn signed(source: &FeedSource, fetch: &dyn Fetch, etag: &str) -> Result<Fetched, String> {
    let fetched = fetch.get(source, &source.address, etag).await?;
    if let (Some(key), Fetched::New { body, .. }) = (&source.key, &fetched) {
        let address = format!("{}.sig", source.address);
        let Fetched::New { body: signature, .. } = fetch.get(source, &address, "").await? else {
            return Err(format!("{address} is not served"));
        };
        if !is_signed(body, &signature, key) {
            return Err(format!("its signature at {address} is not that of the key that is set"));
        }
    }
    Ok(fetched)
}

/// Whether a new version is about as large as the one before.
fn is_steady(before: u64, entries: u64, factor: f64) -> bool {
    let (before, entries) = (before.max(STEADY_ENTRIES_MIN) as f64, entries.max(STEADY_ENTRIES_MIN) as f64);
    entries <= before * factor && entries * factor >= before
}

/// Reads the feeds of a directory, each named as its file. One that does not exist is empty. Blocks.
///
/// # Errors
/// If the directory is there and cannot be read.
pub fn read_directory(
    directory: &Path,
    never: &Never,
    limits: (u64, usize),
    now: Timestamp,
) -> Result<Vec<Loaded>, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", directory.display());
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|end| ["txt", "csv", "json"].iter().any(|known| end == *known)) {
            paths.push(path);
        }
    }
    if paths.len() > FEEDS_MAX {
        return Err(format!("{}: has more than {FEEDS_MAX} feeds", directory.display()));
    }
    paths.sort();
    let load = |path: &PathBuf| Loaded {
        name: path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        outcome: read_as(path, Format::of_name(path), never, limits, now),
    };
    Ok(paths.iter().map(load).collect())
}

/// Reads one file as a feed. Blocks.
///
/// # Errors
/// [`FormatError`] if it cannot be read, or is none.
pub fn read_as(
    path: &Path,
    format: Format,
    never: &Never,
    limits: (u64, usize),
    now: Timestamp,
) -> Result<(EntrySet, Counts), FormatError> {
    formats::read(&mut BufReader::new(File::open(path)?), format, never, limits, &written(now))
}

/// A time as RFC 3339 writes it, in UTC.
#[must_use]
pub fn written(now: Timestamp) -> String {
    let at = now.civil();
    format!("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", at.year, at.month, at.day, at.hour, at.minute, at.second)
}

impl Loaded {
    /// The feed, if it could be read; else why not is logged.
    #[must_use]
    pub fn feed(self) -> Option<Feed> {
        match self.outcome {
            Ok((set, _)) => Some(Feed { name: self.name, set }),
            Err(error) => {
                tracing::error!(feed = self.name, %error, "a feed cannot be used");
                None
            }
        }
    }
}
