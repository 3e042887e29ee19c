//! Mail of ours as files that other systems read.
//!
//! What is written has another name until it is whole: a file or directory that has the name asked for was written to its end.

mod archive;
mod maildir;
mod mbox;

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use env::Timestamp;
use mailbox::SpecialUse;

use crate::read::Form;

pub(crate) use archive::LIST;
pub use archive::{EmlArchive, Noted};

/// A message on its way out.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'a> {
    /// Name of its folder.
    pub folder: &'a str,
    /// Its UID there.
    pub uid: u32,
    /// The message, with CRLF line endings.
    pub raw: &'a [u8],
    /// When it was received.
    pub received: Timestamp,
    /// Its flags by name, system flags as JMAP names them.
    pub flags: &'a [String],
}

/// Takes folders and messages.
pub trait Writer: Send {
    /// A folder of that name follows.
    ///
    /// # Errors
    /// If it cannot be written.
    fn folder(&mut self, name: &str, role: Option<SpecialUse>) -> io::Result<()>;

    /// A message of the folder that was named last.
    ///
    /// # Errors
    /// If it cannot be written.
    fn message(&mut self, message: &Outgoing<'_>) -> io::Result<()>;

    /// That was all: it gets its name.
    ///
    /// # Errors
    /// If it cannot be written.
    fn finish(self: Box<Self>) -> io::Result<()>;

    /// Keywords that the form has no room for, as many as messages have them.
    fn keywords_lost(&self) -> u64 {
        0
    }
}

/// Begins to write at `path`, where nothing may be. `single` has one folder alone, which is then what `path` is.
///
/// # Errors
/// If something is there, or it cannot be begun.
pub fn create(form: Form, path: &Path, single: bool) -> io::Result<Box<dyn Writer>> {
    if path.symlink_metadata().is_ok() {
        let why = "something is there already; name a place where nothing is";
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, why));
    }
    Ok(match form {
        Form::Zip => Box::new(archive::FileArchive::create(path)?),
        Form::Maildir => Box::new(maildir::MaildirWriter::create(path, single)?),
        Form::Mbox if single => Box::new(mbox::MboxWriter::file(path)?),
        Form::Mbox => Box::new(mbox::MboxWriter::directory(path)?),
    })
}

/// The place that is written to until it is whole. What is not goes away with it.
struct Draft {
    path: PathBuf,
    target: PathBuf,
    is_directory: bool,
    is_whole: bool,
}

impl Draft {
    fn new(target: &Path, is_directory: bool) -> io::Result<Self> {
        let name = target.file_name().ok_or_else(|| io::Error::other("it has no name"))?;
        let path = target.with_file_name(format!(".{}.tradewind-part", name.to_string_lossy()));
        let draft = Self { path, target: target.to_owned(), is_directory, is_whole: false };
        // What a run that was killed has left.
        draft.clear();
        if is_directory {
            make_directory(&draft.path)?;
        }
        Ok(draft)
    }

    fn clear(&self) {
        let cleared = if self.is_directory { fs::remove_dir_all(&self.path) } else { fs::remove_file(&self.path) };
        if let Err(error) = cleared
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, path = %self.path.display(), "what was not written whole cannot be removed");
        }
    }

    /// Gives it its name.
    fn finish(mut self) -> io::Result<()> {
        rustix::fs::renameat_with(
            rustix::fs::CWD,
            &self.path,
            rustix::fs::CWD,
            &self.target,
            rustix::fs::RenameFlags::NOREPLACE,
        )?;
        self.is_whole = true;
        let parent = self.target.parent().filter(|parent| !parent.as_os_str().is_empty());
        File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.is_whole {
            self.clear();
        }
    }
}

fn make_directory(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// A new file that nobody else reads.
fn make_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).read(true).create_new(true).mode(0o600).open(path)
}
