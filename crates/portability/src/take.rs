//! An account's mail, or one folder of it, taken out.

use std::io;
use std::path::{Path, PathBuf};

use mailbox::{MailboxError, Name, keywords, mailboxes};
use store::{Store, Tx};
use tokio::runtime::Handle;

use crate::progress::Progress;
use crate::read::Form;
use crate::write::{self, Outgoing};

/// Why mail cannot be taken out. Nothing is left of what was written.
#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    /// The account's mail cannot be read.
    #[error(transparent)]
    Mailbox(#[from] MailboxError),
    /// The store fails.
    #[error(transparent)]
    Store(#[from] store::StoreError),
    /// There is no such folder.
    #[error("the account has no folder {0}")]
    NoFolder(Name),
    /// It cannot be written.
    #[error(
        "{}: {cause}{}{}",
        path.display(),
        if *messages > 0 { format!("; {messages} messages had been written, nothing is left of them") } else { String::new() },
        if *is_full { "; make room there, or name another place" } else { "" }
    )]
    Write {
        /// Where to.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
        /// How far it had come.
        messages: u64,
        /// Whether there was no room.
        is_full: bool,
    },
}

/// What is taken out.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Whose mail.
    pub account: i64,
    /// One folder alone; all if none is named.
    pub folder: Option<Name>,
    /// As what.
    pub form: Form,
    /// Where to; nothing may be there.
    pub path: PathBuf,
}

/// What was taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Taken {
    /// Folders.
    pub folders: u64,
    /// Messages, one in several folders as many times.
    pub messages: u64,
    /// Their octets.
    pub bytes: u64,
    /// Keywords that the form has no room for.
    pub keywords_lost: u64,
}

/// Takes mail out. Blocks, so that it must be called on a thread that may; `runtime` runs what reads.
///
/// # Errors
/// [`TakeError`], and then there is nothing at the place.
pub fn take_out(store: &Store, runtime: &Handle, wanted: &Wanted, progress: &Progress) -> Result<Taken, TakeError> {
    let account = wanted.account;
    let list =
        move |tx: &mut Tx<'_>| Ok::<_, MailboxError>((mailboxes::list(tx, account)?, keywords::list(tx, account)?));
    let (mut folders, known) = runtime.block_on(store.read(list))?;
    if let Some(name) = &wanted.folder {
        folders.retain(|folder| folder.name == *name);
        if folders.is_empty() {
            return Err(TakeError::NoFolder(name.clone()));
        }
    }
    let mut taken = Taken::default();
    let failed = |messages, cause| write_error(&wanted.path, messages, cause);
    let mut writer =
        write::create(wanted.form, &wanted.path, wanted.folder.is_some()).map_err(|cause| failed(0, cause))?;
    for folder in folders {
        let (id, name) = (folder.id, folder.name.as_str());
        progress.at(name);
        writer.folder(name, folder.special_use).map_err(|cause| failed(taken.messages, cause))?;
        taken.folders += 1;
        let entries = runtime.block_on(store.read(move |tx| mailbox::snapshot(tx, account, id)))?;
        for entry in entries {
            let Some(raw) = read(store, runtime, account, entry.message)? else { continue };
            let flags = keywords::names(entry.flags(), &known);
            let message =
                Outgoing { folder: name, uid: entry.uid, raw: &raw, received: entry.received(), flags: &flags };
            writer.message(&message).map_err(|cause| failed(taken.messages, cause))?;
            taken.messages += 1;
            taken.bytes += raw.len() as u64;
            progress.count_done(1);
        }
    }
    taken.keywords_lost = writer.keywords_lost();
    writer.finish().map_err(|cause| failed(taken.messages, cause))?;
    Ok(taken)
}

/// The content; none if it was removed meanwhile.
fn read(store: &Store, runtime: &Handle, account: i64, message: i64) -> Result<Option<Vec<u8>>, MailboxError> {
    let handle = store.clone();
    runtime.block_on(store.read(move |tx| {
        let found = mailbox::source(tx, account, message);
        match found.and_then(|source| source.reader(handle.blobs()).read_all()) {
            Ok(octets) => Ok(Some(octets)),
            Err(MailboxError::NoSuchMessage) => Ok(None),
            Err(error) => Err(error),
        }
    }))
}

fn write_error(path: &Path, messages: u64, cause: io::Error) -> TakeError {
    let is_full = matches!(cause.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
    TakeError::Write { path: path.to_owned(), cause, messages, is_full }
}
