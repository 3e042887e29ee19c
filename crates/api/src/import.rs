//! Reading mail from other systems' files, one message at a time.

pub(crate) mod maildir;
pub(crate) mod mbox;

use std::io;
use std::path::PathBuf;

use env::Timestamp;

/// Longest message that is imported, in bytes. Longer ones are named and left out.
pub(crate) const MESSAGE_BYTES_MAX: usize = 150 << 20;

/// A message as another system kept it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Imported {
    /// The message with CRLF line endings.
    pub(crate) raw: Vec<u8>,
    /// When it arrived, if the other system knew.
    pub(crate) received: Option<Timestamp>,
    pub(crate) flags: ImportedFlags,
    /// Folder below the one imported into, levels divided by '/'; empty for that one itself.
    pub(crate) folder: String,
}

/// Flags that both forms know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct ImportedFlags {
    pub(crate) seen: bool,
    pub(crate) answered: bool,
    pub(crate) flagged: bool,
    pub(crate) deleted: bool,
    pub(crate) draft: bool,
}

/// What cannot be imported.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImportError {
    /// A file cannot be read.
    #[error("{}: {cause}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The file is not of the form that was named.
    #[error("{} is no {form}: {why}", path.display())]
    NotOfForm {
        /// The file.
        path: PathBuf,
        /// The form that it should have.
        form: &'static str,
        /// What was found.
        why: String,
    },
    /// A message is too long.
    #[error("{}: a message of more than {MESSAGE_BYTES_MAX} bytes was left out", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
    },
}

/// `raw` with every line ending made CRLF, as messages are kept (RFC 5322 section 2.3).
pub(crate) fn with_crlf(raw: &[u8]) -> Vec<u8> {
    let mut message = Vec::with_capacity(raw.len() + raw.len() / 32);
    let mut last = 0;
    for byte in raw {
        if *byte == b'\n' && last != b'\r' {
            message.push(b'\r');
        }
        message.push(*byte);
        last = *byte;
    }
    message
}
