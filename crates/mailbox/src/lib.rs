//! Mailboxes and messages of an account: append, flags, copies, threads, quota, changes, search.
//!
//! Plain functions over a [`store::Tx`]: `store.write(|tx| mailbox::append(tx, ..)).await` and
//! `store.read(|tx| mailbox::snapshot(tx, ..)).await`. Whatever changes an account takes its row first, gets one modseq and
//! stamps everything that it touches with it; counters are kept as rows change, never counted.
//!
//! A message is examined once, off the transaction, by [`Prepared::new`]. Knows nothing of protocols.

mod append;
mod changes;
mod copying;
pub mod earlier;
mod entry;
mod error;
mod expunge;
mod flags;
pub mod journaled;
pub mod keywords;
pub mod labels;
pub mod mailboxes;
mod name;
pub mod object_id;
pub mod order;
pub mod overview;
mod prepared;
mod quota;
pub mod removed;
pub mod search;
mod source;
mod summaries;
mod threads;
pub mod uploads;

pub use append::{Appended, Dedupe, Delivered, Delivery, Target, append, claim_delivery, deliver};
pub use changes::{AccountChanges, Changes, account_changes_since, changes_since, expunged_since, trim_tombstones};
pub use copying::{Copied, CopyOutcome, copy, move_messages};
pub use entry::{Entry, UidRange, claim_recent, snapshot};
pub use error::MailboxError;
pub use expunge::{Expunged, discard, expunge};
pub use flags::{Changed, FlagChange, Flags, StoreOutcome, store_flags};
pub use mailboxes::{Mailbox, SpecialUse};
pub use name::{LEVELS_MAX, NAME_BYTES_MAX, Name, SEPARATOR};
pub use prepared::Prepared;
pub use quota::{Usage, deleted_bytes, usage};
pub use source::{Reader, Source, source, sources};
pub use summaries::{Object, OpenedSummaries, objects, summaries};

/// What a sealed column is bound to: its name and the row's identifier.
pub(crate) fn sealed_context(column: &[u8; 12], id: i64) -> [u8; 20] {
    let mut context = [0; 20];
    let bytes = column.iter().copied().chain(id.to_le_bytes());
    for (to, from) in context.iter_mut().zip(bytes) {
        *to = from;
    }
    context
}
