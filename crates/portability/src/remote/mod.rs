//! Mail taken over from other servers by IMAP: as often as wanted until the day of the change, each time what has changed.
//!
//! ```text
//! open ─► folders ─► of each: look at the numbers and flags ─► follow changed flags, bring what is new
//!   ▲                                                            │
//!   └──────── wait, if the server wants that or is gone ◄────────┘
//! ```
//!
//! What was brought is noted together with the message ([`state`]), so that a run may end at any moment.

mod bringing;
mod connection;
mod error;
mod folder;
mod gmail;
mod listing;
mod run;
pub mod state;

pub use connection::{Patience, Remote};
pub use error::RemoteError;
pub use run::{FolderReport, Orders, Report, take_over};

pub(crate) use crate::MESSAGE_BYTES_MAX;
