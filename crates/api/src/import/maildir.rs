//! Maildir: a file a message under `cur` and `new`, flags in the file's name, subfolders as `.Name.Sub` (Maildir++) or as directories.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use env::Timestamp;

use super::{ImportError, Imported, ImportedFlags, MESSAGE_BYTES_MAX, with_crlf};

/// Levels of plain subdirectories that are searched for Maildirs.
const DEPTH_MAX: usize = 16;

/// Messages of a Maildir and its subfolders.
pub(crate) struct Maildir {
    /// Files still to be read with their folder, the next one last.
    files: Vec<(PathBuf, String)>,
}

impl Maildir {
    /// Finds the messages below `path`.
    ///
    /// # Errors
    /// [`ImportError`] if there is no Maildir or it cannot be read.
    pub(crate) fn open(path: &Path) -> Result<Self, ImportError> {
        let mut files = Vec::new();
        let found = collect(path, "", 0, &mut files)?;
        if !found {
            let why = "it has no directories `cur` and `new`".to_owned();
            return Err(ImportError::NotOfForm { path: path.to_owned(), form: "Maildir", why });
        }
        files.sort_by(|one, two| two.cmp(one));
        Ok(Self { files })
    }
}

impl Iterator for Maildir {
    type Item = Result<Imported, ImportError>;

    fn next(&mut self) -> Option<Self::Item> {
        let (path, folder) = self.files.pop()?;
        Some(read(&path, folder))
    }
}

/// Adds the files of the Maildir at `path` and of its subfolders; says whether there was any.
fn collect(path: &Path, folder: &str, depth: usize, files: &mut Vec<(PathBuf, String)>) -> Result<bool, ImportError> {
    let mut found = false;
    for entry in list(path)? {
        let name = entry.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if !entry.is_dir() || name == "tmp" {
            continue;
        }
        if name == "cur" || name == "new" {
            found = true;
            files.extend(list(&entry)?.into_iter().filter(|file| file.is_file()).map(|file| (file, folder.to_owned())));
        } else if depth < DEPTH_MAX {
            let inner = name.trim_start_matches('.').replace('.', "/");
            let inner = if folder.is_empty() { inner } else { format!("{folder}/{inner}") };
            found |= collect(&entry, &inner, depth + 1, files)?;
        }
    }
    Ok(found)
}

fn list(path: &Path) -> Result<Vec<PathBuf>, ImportError> {
    let failed = |cause: io::Error| ImportError::Io { path: path.to_owned(), cause };
    fs::read_dir(path).map_err(failed)?.map(|entry| Ok(entry.map_err(failed)?.path())).collect()
}

fn read(path: &Path, folder: String) -> Result<Imported, ImportError> {
    let failed = |cause| ImportError::Io { path: path.to_owned(), cause };
    let facts = fs::metadata(path).map_err(failed)?;
    if facts.len() > MESSAGE_BYTES_MAX as u64 {
        return Err(ImportError::TooLong { path: path.to_owned() });
    }
    let raw = with_crlf(&fs::read(path).map_err(failed)?);
    let modified = facts.modified().ok().and_then(|moment| moment.duration_since(UNIX_EPOCH).ok());
    let received = modified.map(|since| Timestamp::default().plus(since));
    let flags = flags(path.file_name().and_then(|name| name.to_str()).unwrap_or_default());
    Ok(Imported { raw, received, flags, folder })
}

/// Flags from the end of a file name such as `...:2,FRS`.
fn flags(name: &str) -> ImportedFlags {
    let letters = name.rsplit_once(":2,").or_else(|| name.rsplit_once("!2,")).map_or("", |(_, letters)| letters);
    ImportedFlags {
        seen: letters.contains('S'),
        answered: letters.contains('R'),
        flagged: letters.contains('F'),
        deleted: letters.contains('T'),
        draft: letters.contains('D'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_flags() {
        let directory = tempfile::tempdir().unwrap();
        for (folder, name) in
            [("new", "1.a"), ("cur", "2.b:2,FS"), (".Sent/cur", "3.c:2,S"), (".Sent.Old/cur", "4.d:2,RT")]
        {
            let at = directory.path().join(folder);
            fs::create_dir_all(&at).unwrap();
            fs::write(at.join(name), format!("Subject: {name}\n\nx\n")).unwrap();
        }
        let mut messages: Vec<Imported> = Maildir::open(directory.path()).unwrap().map(Result::unwrap).collect();
        messages.sort_by(|one, two| one.raw.cmp(&two.raw));
        let folders: Vec<&str> = messages.iter().map(|message| message.folder.as_str()).collect();
        assert_eq!(folders, ["", "", "Sent", "Sent/Old"]);
        assert_eq!(messages[0].flags, ImportedFlags::default());
        assert!(messages[1].flags.flagged && messages[1].flags.seen);
        assert!(messages[3].flags.answered && messages[3].flags.deleted);
        assert_eq!(messages[1].raw, b"Subject: 2.b:2,FS\r\n\r\nx\r\n");
    }

    #[test]
    fn another_directory_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        assert!(Maildir::open(directory.path()).err().unwrap().to_string().contains("is no Maildir"));
    }
}
