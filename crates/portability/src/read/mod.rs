//! Mail of other systems as files, one message at a time.

mod archive;
mod gmail;
mod maildir;
mod mbox;

use std::path::Path;

use crate::{Folder, Item, Unreadable};

pub use archive::Archive;
pub use maildir::Maildir;
pub use mbox::Mbox;

env::words! {
    /// Forms in which mail lies in files.
    Form "form of mail" allowed "mbox, maildir, zip" {
        /// A file of messages behind `From ` lines, or a directory of such files.
        Mbox = "mbox",
        /// A directory with a file a message.
        Maildir = "maildir",
        /// An archive with a file a message, and a list of them.
        Zip = "zip",
    }
}

/// Letters of flags in file names of a Maildir.
pub(crate) const fn maildir_letters() -> &'static [(char, u8)] {
    &maildir::LETTERS
}

/// Messages of another system. An error is told of the one message; the rest goes on.
pub trait Source: Iterator<Item = Result<Item, Unreadable>> + Send {
    /// Folders that are known before anything is read; those of messages that are not among them come as they are met.
    fn folders(&self) -> &[Folder];
}

/// Opens what lies at `path`.
///
/// # Errors
/// [`Unreadable`] if it cannot be read or is not of that form.
pub fn open(form: Form, path: &Path) -> Result<Box<dyn Source>, Unreadable> {
    Ok(match form {
        Form::Mbox => Box::new(Mbox::open(path)?),
        Form::Maildir => Box::new(Maildir::open(path)?),
        Form::Zip => Box::new(Archive::open(path)?),
    })
}
