//! Mail in and out of an account: read from and written as Maildir, mbox and archives of single messages, and taken over from other servers
//! by IMAP.
//!
//! ```text
//! Maildir, mbox, archive ─► read ─► Item ─┐
//!                                         ├─► Importer ─► mailbox
//! another server ─► remote ──────► Item ──┘
//! mailbox ─► take_out ─► write ─► Maildir, mbox, archive
//! ```
//!
//! All of it is one message at a time, whatever is brought. What is there already is not brought twice; what cannot be brought is named with
//! the remedy, and the rest goes on. Knows nothing of who asks, and no server's side of a protocol.

mod folders;
mod item;
mod present;
mod progress;
mod put;
pub mod read;
pub mod remote;
mod take;
pub mod write;

#[cfg(test)]
mod tests;

pub use folders::{Destination, Folder, Role, assign, fitting};
pub use item::{Item, MESSAGE_BYTES_MAX, Marks, Unreadable};
pub use progress::{Progress, Running, Since, Turn};
pub use put::{Importer, Into, Origin, PutError, Tally};
pub use take::{TakeError, Taken, Wanted, take_out};
