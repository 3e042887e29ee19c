//! An archive (ZIP) of single messages, with a list of them: `manifest.json` says of each where it lies, its folder, flags, date and hash.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

use env::Timestamp;
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use mailbox::SpecialUse;
use serde::{Deserialize, Serialize};
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipWriter};

use super::{Draft, Outgoing, Writer, make_file};
use crate::item::hex;

/// Name of the list.
pub(crate) const LIST: &str = "manifest.json";

/// What the list says of an entry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noted {
    /// Where it lies in the archive; that of a folder ends with `/`.
    pub path: String,
    /// Its octets.
    #[serde(default)]
    pub size: u64,
    /// Its SHA-256.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sha256: String,
    /// Name of its folder; none for what is no mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// What a folder is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub special_use: Option<String>,
    /// Its UID there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// When it was received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received: Option<String>,
    /// Its flags by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<String>,
}

/// An archive that is written into `W` from its beginning to its end.
pub struct EmlArchive<W: Write> {
    zip: ZipWriter<StreamWriter<W>>,
    /// The list, packed: some 100 octets a message.
    list: DeflateEncoder<Vec<u8>>,
    is_begun: bool,
    /// The list is written.
    is_listed: bool,
    /// Directories by the names of their folders.
    directories: BTreeMap<String, String>,
}

impl<W: Write> EmlArchive<W> {
    /// Begins.
    pub fn new(into: W) -> Self {
        Self {
            zip: ZipWriter::new_stream(into),
            list: DeflateEncoder::new(Vec::new(), Compression::fast()),
            is_begun: false,
            is_listed: false,
            directories: BTreeMap::new(),
        }
    }

    /// Writes a file that is no mail, and notes it.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn put(&mut self, path: &str, content: &[u8]) -> io::Result<()> {
        self.put_noted(content, Noted { path: path.to_owned(), ..Noted::default() })
    }

    /// Notes a folder.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn put_folder(&mut self, name: &str, role: Option<SpecialUse>) -> io::Result<()> {
        let directory = self.directory(name);
        self.zip.add_directory(&directory, options())?;
        self.note(&Noted {
            path: format!("{directory}/"),
            folder: Some(name.to_owned()),
            special_use: role.map(|role| role.as_str().to_owned()),
            ..Noted::default()
        })
    }

    /// Writes a message, and notes it.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn put_message(&mut self, message: &Outgoing<'_>) -> io::Result<()> {
        let path = format!("{}/{:08}.eml", self.directory(message.folder), message.uid);
        let noted = Noted {
            path,
            folder: Some(message.folder.to_owned()),
            uid: Some(message.uid),
            received: Some(moment(message.received)),
            flags: message.flags.to_vec(),
            ..Noted::default()
        };
        self.put_noted(message.raw, noted)
    }

    /// Writes the list, which is whole from then on; gives its SHA-256.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn put_list(&mut self) -> io::Result<String> {
        self.list.write_all(if self.is_begun { b"\n]\n" } else { b"[]\n" })?;
        let list = std::mem::replace(&mut self.list, DeflateEncoder::new(Vec::new(), Compression::fast()));
        let packed = list.finish()?;
        self.is_listed = true;
        self.zip.start_file(LIST, options().large_file(true))?;
        let (mut plain, mut hash) = (DeflateDecoder::new(packed.as_slice()), crypto::hash::Running::new());
        let mut piece = [0; 16 << 10];
        loop {
            let read = plain.read(&mut piece)?;
            let Some(octets) = piece.get(..read).filter(|octets| !octets.is_empty()) else { break };
            hash.update(octets);
            self.zip.write_all(octets)?;
        }
        Ok(hex(&hash.finish()))
    }

    /// Writes a file behind the list, which does not name it.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn put_behind(&mut self, path: &str, content: &[u8]) -> io::Result<()> {
        self.zip.start_file(path, options())?;
        self.zip.write_all(content)
    }

    /// Writes the list, if it is not there yet, and the end.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn finish(mut self) -> io::Result<W> {
        if !self.is_listed {
            self.put_list()?;
        }
        Ok(self.zip.finish()?.into_inner())
    }

    fn put_noted(&mut self, content: &[u8], noted: Noted) -> io::Result<()> {
        self.zip.start_file(&noted.path, options())?;
        self.zip.write_all(content)?;
        let sha256 = hex(&crypto::hash::sha256(content));
        self.note(&Noted { size: content.len() as u64, sha256, ..noted })
    }

    fn note(&mut self, noted: &Noted) -> io::Result<()> {
        self.list.write_all(if self.is_begun { b",\n" } else { b"[\n" })?;
        self.is_begun = true;
        serde_json::to_writer(&mut self.list, noted).map_err(io::Error::from)
    }

    /// A directory that leads nowhere else, another one for each folder.
    fn directory(&mut self, folder: &str) -> String {
        if let Some(known) = self.directories.get(folder) {
            return known.clone();
        }
        let plain = format!("mail/{}", path_of(folder));
        let is_taken = |wanted: &str| self.directories.values().any(|known| known.eq_ignore_ascii_case(wanted));
        let others = (2..).map(|number| format!("{plain}~{number}"));
        let directory = std::iter::once(plain.clone()).chain(others).find(|it| !is_taken(it)).unwrap_or_default();
        self.directories.insert(folder.to_owned(), directory.clone());
        directory
    }
}

fn options() -> SimpleFileOptions {
    SimpleFileOptions::default().compression_method(CompressionMethod::Deflated)
}

/// RFC 3339, with milliseconds where there are any.
fn moment(at: Timestamp) -> String {
    let whole = at.to_string();
    match at.millis().rem_euclid(1000) {
        0 => whole,
        millis => format!("{}.{millis:03}Z", whole.trim_end_matches('Z')),
    }
}

/// A folder's name as a path that leads nowhere else.
fn path_of(name: &str) -> String {
    let part = |part: &str| {
        let plain: String =
            part.chars().map(|c| if c.is_control() || "\\:*?\"<>|".contains(c) { '_' } else { c }).take(100).collect();
        if plain.trim_matches(['.', ' ']).is_empty() { "_".to_owned() } else { plain }
    };
    name.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// An archive in a file.
pub(super) struct FileArchive {
    draft: Draft,
    archive: EmlArchive<BufWriter<File>>,
}

impl FileArchive {
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let draft = Draft::new(path, false)?;
        let file = BufWriter::with_capacity(256 << 10, make_file(&draft.path)?);
        Ok(Self { draft, archive: EmlArchive::new(file) })
    }
}

impl Writer for FileArchive {
    fn folder(&mut self, name: &str, role: Option<SpecialUse>) -> io::Result<()> {
        self.archive.put_folder(name, role)
    }

    fn message(&mut self, message: &Outgoing<'_>) -> io::Result<()> {
        self.archive.put_message(message)
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        let file = self.archive.finish()?;
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        self.draft.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_folders_lead_nowhere_else_and_stay_apart() {
        assert_eq!(path_of("INBOX"), "INBOX");
        assert_eq!(path_of("../a/./b"), "_/a/_/b");
        assert_eq!(path_of("合同/2026: \"x\""), "合同/2026_ _x_");
        assert_eq!(path_of(""), "_");
        let mut archive = EmlArchive::new(Vec::new());
        assert_eq!(
            ["a:b", "a?b", "A_b", "a:b"].map(|it| archive.directory(it)),
            ["mail/a_b", "mail/a_b~2", "mail/A_b~3", "mail/a_b"]
        );
    }
}
