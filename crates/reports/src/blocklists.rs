//! Our own addresses and domains on blocklists in DNS (RFC 5782): asked about from time to time, kept since when they stand there, and told.
//!
//! Other servers ask such lists about us; whoever stands on one has mail refused that is none of its recipients' doing.

mod ask;
mod kept;
mod lists;

pub use ask::{Answered, Seen, ask};
pub use kept::{LastLook, Listing, begin, end, last_look, list, settle, untold};
pub use lists::{Blocklist, BlocklistSettings, ListError, ListKind};
