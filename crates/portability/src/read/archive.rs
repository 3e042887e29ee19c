//! Archives (ZIP) of single messages: ours, with their list, and others', whose directories are folders.
//!
//! Nothing is unpacked to a file, so no name in an archive leads anywhere. What an archive unpacks to is bounded, each message and all.

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use env::{Civil, Timestamp};
use mail::message::charset;
use mailbox::SpecialUse;
use zip::ZipArchive;
use zip::result::ZipError;

use super::Source;
use crate::item::{check_message, hex, with_crlf};
use crate::write::{LIST, Noted};
use crate::{Folder, Item, MESSAGE_BYTES_MAX, Marks, Unreadable};

/// Entries of an archive.
const ENTRIES_MAX: usize = 2_000_000;

/// Octets of its list, for each entry and at the least.
const LIST_BYTES_EACH_MAX: u64 = 4_000;
const LIST_BYTES_MIN: u64 = 64 << 10;

/// Mail packs to a tenth at the best; a bomb to a thousandth.
const SWELL_RATIO_MAX: u64 = 200;

/// Octets that any archive may unpack to.
const SWELL_BYTES_FREE: u64 = 256 << 20;

/// Messages of an archive.
pub struct Archive {
    path: PathBuf,
    zip: ZipArchive<BufReader<File>>,
    folders: Vec<Folder>,
    /// Entries that are still to be read, and what the list says of them.
    entries: VecDeque<(usize, Noted)>,
    /// What the list names and the archive has not.
    missing: Vec<String>,
    has_list: bool,
    left_bytes: u64,
}

impl Archive {
    /// Opens the archive at `path`.
    ///
    /// # Errors
    /// [`Unreadable`] if it is no archive, or has no messages.
    pub fn open(path: &Path) -> Result<Self, Unreadable> {
        Self::open_bounded(path, SWELL_BYTES_FREE)
    }

    /// As [`Self::open`], unpacking no more than `free_bytes` or what mail packs to.
    pub(crate) fn open_bounded(path: &Path, free_bytes: u64) -> Result<Self, Unreadable> {
        let no_archive = |why: String| Unreadable::NotOfForm { path: path.to_owned(), form: "archive of mail", why };
        let file = File::open(path).map_err(|cause| Unreadable::io(path, cause))?;
        let bytes = file.metadata().map_err(|cause| Unreadable::io(path, cause))?.len();
        let zip = ZipArchive::new(BufReader::new(file)).map_err(|error| no_archive(error.to_string()))?;
        if zip.len() > ENTRIES_MAX {
            return Err(no_archive(format!("it has more than {ENTRIES_MAX} entries; split it")));
        }
        let left_bytes = bytes.saturating_mul(SWELL_RATIO_MAX).max(free_bytes);
        let (folders, entries, missing) = Default::default();
        let mut archive = Self { path: path.to_owned(), zip, folders, entries, missing, has_list: false, left_bytes };
        match archive.list().map_err(no_archive)? {
            Some(list) => archive.by_list(list),
            None => archive.by_directories(),
        }
        if archive.entries.is_empty() && archive.folders.is_empty() {
            return Err(no_archive("no file in it is called `.eml`".to_owned()));
        }
        Ok(archive)
    }

    fn list(&mut self) -> Result<Option<Vec<Noted>>, String> {
        let bound = self.zip.len() as u64 * LIST_BYTES_EACH_MAX + LIST_BYTES_MIN;
        let mut list = match self.zip.by_name(LIST) {
            Ok(entry) => entry.take(bound),
            Err(ZipError::FileNotFound) => return Ok(None),
            Err(error) => return Err(error.to_string()),
        };
        let read = serde_json::from_reader(BufReader::new(&mut list));
        read.map(Some).map_err(|error| format!("its {LIST} is not ours: {error}"))
    }

    fn by_list(&mut self, list: Vec<Noted>) {
        self.has_list = true;
        let mut folders: BTreeMap<String, Option<SpecialUse>> = BTreeMap::new();
        for noted in list {
            let Some(folder) = noted.folder.clone() else { continue };
            let role = noted.special_use.as_deref().and_then(SpecialUse::parse);
            let known = folders.entry(folder).or_default();
            *known = known.or(role);
            if noted.path.ends_with('/') {
                continue;
            }
            match self.zip.index_for_name(&noted.path) {
                Some(place) => self.entries.push_back((place, noted)),
                None => self.missing.push(noted.path),
            }
        }
        // Lists of before say of no folder what it is for.
        let is_told = folders.values().any(Option::is_some);
        self.folders = folders.into_iter().map(|(path, role)| Folder { path, role, is_told }).collect();
    }

    fn by_directories(&mut self) {
        let mut folders = BTreeMap::new();
        for place in 0..self.zip.len() {
            let Ok(entry) = self.zip.by_index_raw(place) else { continue };
            let path = charset::guess(entry.name_raw()).replace('\\', "/");
            if !entry.is_file() || !path.to_ascii_lowercase().ends_with(".eml") {
                continue;
            }
            let levels = path.split('/').filter(|level| !matches!(*level, "" | "." | ".."));
            let mut levels: Vec<&str> = levels.collect();
            levels.pop();
            let folder = levels.join("/");
            folders.insert(folder.clone(), ());
            let noted = Noted { path: path.clone(), folder: Some(folder), ..Noted::default() };
            self.entries.push_back((place, noted));
        }
        self.folders = folders.into_keys().map(|path| Folder { path, ..Folder::default() }).collect();
    }

    fn read(&mut self, place: usize, noted: Noted) -> Result<Item, Unreadable> {
        let name = format!("{}: {}", self.path.display(), noted.path);
        let damaged = |why| Unreadable::Damaged { name: name.clone(), why };
        let Ok(entry) = self.zip.by_index(place) else { return Err(damaged("it does not open")) };
        let bound = MESSAGE_BYTES_MAX.min(self.left_bytes);
        let mut raw = Vec::new();
        let read = entry.take(bound + 1).read_to_end(&mut raw);
        let bytes = raw.len() as u64;
        if bytes > self.left_bytes {
            self.entries.clear();
            return Err(Unreadable::Swells { path: self.path.clone(), ratio: SWELL_RATIO_MAX });
        }
        self.left_bytes -= bytes;
        if bytes > MESSAGE_BYTES_MAX {
            return Err(Unreadable::TooLong { name });
        }
        if read.is_err() {
            return Err(damaged("it does not unpack"));
        }
        if self.has_list && hex(&crypto::hash::sha256(&raw)) != noted.sha256 {
            return Err(damaged("its hash differs"));
        }
        // What was written by us comes back as it was, whatever it is.
        if !self.has_list {
            check_message(&name, &raw)?;
            raw = with_crlf(raw);
        }
        let mut marks = Marks::default();
        noted.flags.iter().for_each(|flag| marks.add_noted(flag));
        let received = noted.received.as_deref().and_then(read_moment);
        Ok(Item { name, raw, received, marks, folder: noted.folder.unwrap_or_default(), also: Vec::new() })
    }
}

impl Iterator for Archive {
    type Item = Result<Item, Unreadable>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(path) = self.missing.pop() {
            let name = format!("{}: {path}", self.path.display());
            return Some(Err(Unreadable::Damaged { name, why: "it is missing" }));
        }
        let (place, noted) = self.entries.pop_front()?;
        Some(self.read(place, noted))
    }
}

impl Source for Archive {
    fn folders(&self) -> &[Folder] {
        &self.folders
    }
}

/// `2026-01-02T03:04:05Z`, with milliseconds or without.
fn read_moment(text: &str) -> Option<Timestamp> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let mut date = date.split('-');
    let (year, month, day) = (date.next()?.parse().ok()?, date.next()?.parse().ok()?, date.next()?.parse().ok()?);
    let (time, millis) = time.split_once('.').unwrap_or((time, "0"));
    let mut time = time.split(':');
    let (hour, minute, second) = (time.next()?.parse().ok()?, time.next()?.parse().ok()?, time.next()?.parse().ok()?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || !(1970..=9999).contains(&year) {
        return None;
    }
    let whole = Timestamp::from_civil(Civil { year, month, day, hour, minute, second, weekday: 0 });
    Some(Timestamp::from_millis(whole.millis() + millis.parse::<i64>().ok().filter(|it| *it < 1000)?))
}
