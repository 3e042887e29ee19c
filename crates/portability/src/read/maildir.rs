//! Maildir: a file a message under `cur` and `new`, flags in the file's name, subfolders as `.Name.Sub` (Maildir++) or as directories.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use env::Timestamp;
use mailbox::Flags;
use rustix::fs::OFlags;
use wire::imap::decode_utf7;

use super::Source;
use crate::item::{check_message, with_crlf};
use crate::{Folder, Item, MESSAGE_BYTES_MAX, Marks, Unreadable};

/// Levels of plain subdirectories that are searched for Maildirs.
const DEPTH_MAX: usize = 16;

/// Folders of a Maildir.
const FOLDERS_MAX: usize = 10_000;

/// Octets of the file in which Dovecot names its keywords.
const KEYWORDS_BYTES_MAX: u64 = 64 << 10;

/// Letters of flags (<https://cr.yp.to/proto/maildir.html>).
pub(super) const LETTERS: [(char, u8); 5] =
    [('D', Flags::DRAFT), ('F', Flags::FLAGGED), ('R', Flags::ANSWERED), ('S', Flags::SEEN), ('T', Flags::DELETED)];

/// Messages of a Maildir and its subfolders.
pub struct Maildir {
    folders: Vec<Folder>,
    /// Directories of the folders that are still to be read.
    places: VecDeque<(PathBuf, String)>,
    /// Files of the folder that is being read, the next one last, what its letters stand for, and its name.
    files: Vec<PathBuf>,
    keywords: Vec<String>,
    folder: String,
    /// What is to be told before anything else.
    refused: Vec<Unreadable>,
}

impl Maildir {
    /// Finds the folders below `path`.
    ///
    /// # Errors
    /// [`Unreadable`] if there is no Maildir or it cannot be read.
    pub fn open(path: &Path) -> Result<Self, Unreadable> {
        let mut found = Found { places: Vec::new(), refused: Vec::new() };
        found.collect(path, "", 0)?;
        if found.places.is_empty() {
            let why = "it has no directories `cur` and `new`".to_owned();
            return Err(Unreadable::NotOfForm { path: path.to_owned(), form: "Maildir", why });
        }
        found.places.sort();
        let folder = |(_, path): &(PathBuf, String)| Folder { path: path.clone(), ..Folder::default() };
        let folders = found.places.iter().map(folder).collect();
        let (files, keywords, name) = Default::default();
        let places = found.places.into();
        Ok(Self { folders, places, files, keywords, folder: name, refused: found.refused })
    }

    fn enter(&mut self, place: &Path, folder: String) -> Result<(), Unreadable> {
        self.keywords = keywords(&place.join("dovecot-keywords"));
        self.folder = folder;
        for part in ["cur", "new"] {
            let directory = place.join(part);
            if !directory.is_dir() {
                continue;
            }
            for entry in fs::read_dir(&directory).map_err(|cause| Unreadable::io(&directory, cause))? {
                let entry = entry.map_err(|cause| Unreadable::io(&directory, cause))?;
                let kind = entry.file_type().map_err(|cause| Unreadable::io(&entry.path(), cause))?;
                if kind.is_file() {
                    self.files.push(entry.path());
                } else if !kind.is_dir() {
                    self.refused.push(Unreadable::NotPlain { path: entry.path() });
                }
            }
        }
        self.files.sort_by(|one, other| other.file_name().cmp(&one.file_name()));
        Ok(())
    }

    fn read(&self, path: &Path) -> Result<Item, Unreadable> {
        let (mut file, facts) = open_plain(path)?;
        let name = path.display().to_string();
        if facts.len() > MESSAGE_BYTES_MAX {
            return Err(Unreadable::TooLong { name });
        }
        let mut raw = Vec::with_capacity(usize::try_from(facts.len()).unwrap_or(0));
        let reading = Read::by_ref(&mut file).take(MESSAGE_BYTES_MAX + 1).read_to_end(&mut raw);
        reading.map_err(|cause| Unreadable::io(path, cause))?;
        if raw.len() as u64 > MESSAGE_BYTES_MAX {
            return Err(Unreadable::TooLong { name });
        }
        check_message(&name, &raw)?;
        let modified = facts.modified().ok().and_then(|moment| moment.duration_since(UNIX_EPOCH).ok());
        let received = modified.map(|since| Timestamp::default().plus(since));
        let marks = self.marks(path.file_name().and_then(|name| name.to_str()).unwrap_or_default());
        Ok(Item { name, raw: with_crlf(raw), received, marks, folder: self.folder.clone(), also: Vec::new() })
    }

    /// Flags from the end of a file name such as `...:2,FRS`; small letters are keywords.
    fn marks(&self, name: &str) -> Marks {
        let letters = [":2,", "!2,", ";2,"].iter().find_map(|mark| name.rsplit_once(mark)).map_or("", |(_, it)| it);
        let mut marks = Marks::default();
        for letter in letters.chars() {
            if let Some((_, bit)) = LETTERS.iter().find(|(known, _)| *known == letter) {
                marks.set(*bit);
            } else if letter == 'P' {
                marks.add("$Forwarded");
            } else if letter.is_ascii_lowercase()
                && let Some(keyword) = self.keywords.get(usize::from(letter as u8 - b'a'))
            {
                marks.add(keyword);
            }
        }
        marks
    }
}

impl Iterator for Maildir {
    type Item = Result<Item, Unreadable>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(refused) = self.refused.pop() {
                return Some(Err(refused));
            }
            if let Some(file) = self.files.pop() {
                return Some(self.read(&file));
            }
            let (place, folder) = self.places.pop_front()?;
            if let Err(error) = self.enter(&place, folder) {
                return Some(Err(error));
            }
        }
    }
}

impl Source for Maildir {
    fn folders(&self) -> &[Folder] {
        &self.folders
    }
}

/// Opens a file without following a link to another or waiting for a device.
fn open_plain(path: &Path) -> Result<(File, fs::Metadata), Unreadable> {
    let failed = |cause| Unreadable::io(path, cause);
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(failed)?;
    let facts = file.metadata().map_err(failed)?;
    if facts.is_file() { Ok((file, facts)) } else { Err(Unreadable::NotPlain { path: path.to_owned() }) }
}

/// What Dovecot calls the keywords of a folder: lines of a number and a name.
fn keywords(path: &Path) -> Vec<String> {
    let mut text = String::new();
    let Ok((file, _)) = open_plain(path) else { return Vec::new() };
    if file.take(KEYWORDS_BYTES_MAX).read_to_string(&mut text).is_err() {
        return Vec::new();
    }
    let mut keywords = vec![String::new(); 26];
    for line in text.lines() {
        if let Some((number, name)) = line.split_once(' ')
            && let Some(place) = number.parse::<usize>().ok().and_then(|number| keywords.get_mut(number))
        {
            name.clone_into(place);
        }
    }
    keywords
}

struct Found {
    places: Vec<(PathBuf, String)>,
    refused: Vec<Unreadable>,
}

impl Found {
    fn collect(&mut self, path: &Path, folder: &str, depth: usize) -> Result<(), Unreadable> {
        let mut is_maildir = false;
        for entry in fs::read_dir(path).map_err(|cause| Unreadable::io(path, cause))? {
            let entry = entry.map_err(|cause| Unreadable::io(path, cause))?;
            let kind = entry.file_type().map_err(|cause| Unreadable::io(&entry.path(), cause))?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if kind.is_symlink() && entry.path().is_dir() {
                self.refused.push(Unreadable::NotPlain { path: entry.path() });
            } else if kind.is_dir() && (name == "cur" || name == "new") {
                is_maildir = true;
            } else if kind.is_dir() && name != "tmp" && depth < DEPTH_MAX {
                let inner = if folder.is_empty() { level(&name) } else { format!("{folder}/{}", level(&name)) };
                self.collect(&entry.path(), &inner, depth + 1)?;
            }
        }
        if is_maildir && self.places.len() >= FOLDERS_MAX {
            let why = format!("it has more than {FOLDERS_MAX} folders; bring them in parts");
            return Err(Unreadable::NotOfForm { path: path.to_owned(), form: "Maildir", why });
        }
        if is_maildir {
            self.places.push((path.to_owned(), folder.to_owned()));
        }
        Ok(())
    }
}

/// The folder that a directory's name stands for. One that begins with a dot has levels divided by dots; what is escaped as Dovecot does it
/// (`\2e`) has none in truth.
fn level(directory: &str) -> String {
    let Some(levels) = directory.strip_prefix('.') else { return decoded(directory) };
    levels.split('.').map(decoded).collect::<Vec<_>>().join("/")
}

fn decoded(level: &str) -> String {
    let text = decode_utf7(level.as_bytes()).unwrap_or_else(|| level.to_owned());
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        match after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(code) if code.is_ascii() => {
                // A divider within a level cannot be one here.
                out.push(if code == b'/' { '_' } else { char::from(code) });
                rest = &after[2..];
            }
            _ => {
                out.push('\\');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}
