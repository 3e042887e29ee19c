//! What a mailbox has, so that nothing is brought there twice.

use std::collections::{HashMap, HashSet};

use mail::message::Summary;
use mailbox::MailboxError;
use mailbox::earlier::{likeness, list};
use store::{Blobs, Tx};

/// What two messages that may be the same have in common: length, and Message-ID or what else the header says.
#[must_use]
pub(crate) fn key_of(size: u64, summary: &Summary) -> u64 {
    size.rotate_left(32) ^ likeness(summary)
}

/// Messages of a mailbox as they were when something was first brought there. Whatever is taken for the same as one of them uses it up, so
/// that what the other side has twice is here twice.
#[derive(Debug, Default)]
pub(crate) struct Present(HashMap<u64, Vec<i64>>);

impl Present {
    /// Reads it, without the messages of `except`.
    pub(crate) fn read(
        tx: &mut Tx<'_>,
        account: i64,
        mailbox: i64,
        except: &HashSet<i64>,
    ) -> Result<Self, MailboxError> {
        let mut present: HashMap<u64, Vec<i64>> = HashMap::new();
        list(tx, account, mailbox, |listed, summary| {
            if !except.contains(&listed.message) {
                present.entry(key_of(listed.size, summary)).or_default().push(listed.message);
            }
        })?;
        Ok(Self(present))
    }

    /// Messages that may be the same.
    pub(crate) fn alike(&self, key: u64) -> &[i64] {
        self.0.get(&key).map_or(&[], Vec::as_slice)
    }

    /// Uses one up.
    pub(crate) fn use_up(&mut self, key: u64, message: i64) {
        if let Some(alike) = self.0.get_mut(&key) {
            alike.retain(|one| *one != message);
        }
    }
}

/// The one of `alike` whose content has this hash. Reads them; blocks while it does.
pub(crate) fn same(
    tx: &mut Tx<'_>,
    blobs: &Blobs,
    account: i64,
    alike: &[i64],
    sha256: &[u8; 32],
) -> Result<Option<i64>, MailboxError> {
    for message in alike {
        let content = match mailbox::source(tx, account, *message) {
            Ok(source) => source.reader(blobs).read_all()?,
            // It was removed meanwhile.
            Err(MailboxError::NoSuchMessage) => continue,
            Err(error) => return Err(error),
        };
        if crypto::hash::sha256(&content) == *sha256 {
            return Ok(Some(*message));
        }
    }
    Ok(None)
}
