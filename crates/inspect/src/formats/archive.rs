//! ZIP: its entries, opened with words of the message where they are locked.

use std::io::Cursor;

use zip::ZipArchive;
use zip::result::ZipError;

use super::office;
use crate::look::{At, Looker};
use crate::report::{Kind, Reason, Trait};

/// Entries that are opened; the names of more are still read.
const ENTRIES_MAX: usize = 1000;

type Archive<'a> = ZipArchive<Cursor<&'a [u8]>>;

/// One entry, as the directory of the archive has it.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) index: usize,
    pub(super) name: String,
    pub(super) size: u64,
    pub(super) packed: u64,
    pub(super) is_locked: bool,
}

/// Reads a ZIP file, and tells if it is an Office file, a program or an archive.
pub(super) fn read_zip(octets: &[u8], at: At, looker: &mut Looker<'_>) -> Result<(), Reason> {
    let mut archive = ZipArchive::new(Cursor::new(octets)).map_err(|_| Reason::Damaged)?;
    let entries = entries(&mut archive);
    let has = |name: &str| entries.iter().any(|entry| entry.name.eq_ignore_ascii_case(name));
    if has("META-INF/MANIFEST.MF") && !has("mimetype") || has("AndroidManifest.xml") {
        looker.is_rather(at, Kind::Program);
        return Ok(());
    }
    if has("[Content_Types].xml") || has("content.xml") && has("mimetype") {
        looker.is_rather(at, Kind::Office);
        return office::read(&mut archive, &entries, at, looker);
    }
    for entry in &entries {
        if looker.is_over() {
            return Err(Reason::TimedOut);
        }
        look_at_entry(&mut archive, entry, at, looker);
    }
    if archive.len() > ENTRIES_MAX { Err(Reason::TooMany) } else { Ok(()) }
}

fn entries(archive: &mut Archive<'_>) -> Vec<Entry> {
    let count = archive.len().min(ENTRIES_MAX);
    let read = |index| {
        let file = archive.by_index_raw(index).ok()?;
        (!file.is_dir()).then(|| Entry {
            index,
            name: file.name().to_owned(),
            size: file.size(),
            packed: file.compressed_size(),
            is_locked: file.encrypted(),
        })
    };
    (0..count).filter_map(read).collect()
}

fn look_at_entry(archive: &mut Archive<'_>, entry: &Entry, at: At, looker: &mut Looker<'_>) {
    match unpack(archive, entry, at, looker) {
        Ok(octets) => looker.look_inside(at, &entry.name, "", &octets),
        Err(why) => {
            looker.name_inside(at, &entry.name, entry.size, why);
            if why == Reason::Locked {
                looker.lock(at);
            }
        }
    }
}

/// The octets of an entry.
pub(super) fn unpack(
    archive: &mut Archive<'_>,
    entry: &Entry,
    at: At,
    looker: &mut Looker<'_>,
) -> Result<Vec<u8>, Reason> {
    if entry.is_locked {
        return unlock(archive, entry, at, looker);
    }
    let mut file = archive.by_index(entry.index).map_err(|error| reason(&error))?;
    looker.unpack(&mut file, entry.packed)
}

/// Tries the words of the message, and what senders of such archives take most.
fn unlock(archive: &mut Archive<'_>, entry: &Entry, at: At, looker: &mut Looker<'_>) -> Result<Vec<u8>, Reason> {
    for word in looker.words() {
        let Ok(mut file) = archive.by_index_decrypt(entry.index, word.as_bytes()) else { continue };
        // The old cipher takes one word of 256 for the right one; only what unpacks whole, with its checksum, is.
        match looker.unpack(&mut file, entry.packed) {
            Ok(octets) if octets.len() as u64 == entry.size && entry.size > 0 => {
                looker.sign(at, Trait::NamedPassword, word);
                return Ok(octets);
            }
            Err(Reason::TimedOut) => return Err(Reason::TimedOut),
            _ => {}
        }
    }
    Err(Reason::Locked)
}

const fn reason(error: &ZipError) -> Reason {
    match error {
        ZipError::UnsupportedArchive(_) | ZipError::CompressionMethodNotSupported(_) => Reason::Unsupported,
        ZipError::InvalidPassword => Reason::Locked,
        _ => Reason::Damaged,
    }
}

#[cfg(test)]
mod tests;
