//! The portal for partners without keys. A message is encrypted in the sender's browser; here rests what it made of it, until a partner who
//! has the password or the link fetches it and opens it in his own browser. He can answer the same way.
//!
//! Plain functions over a [`store::Tx`]. The format is described in `docs/portal.md`. No key to any content ever comes here: what shows that
//! somebody has the password or the link is a proof derived beside the key, of which a hash is kept.
//!
//! Knows nothing of HTTP, letters and SMS.

mod chunks;
mod code;
mod delivery;
mod error;
mod forget;
mod lock;
mod opening;
mod replies;
mod sealed;
mod settings;
#[cfg(test)]
mod tests;
mod visit;

pub use chunks::{CHUNK_BYTES_MAX, Kept, Place, PreparedChunk, find as find_chunk, keep as keep_chunk};
pub use code::{Code, begin as begin_code};
pub use delivery::{Change, Delivery, Listed, New, Part, State, change, create, list, load, send, to_partner};
pub use error::PortalError;
pub use forget::{forget_expired, forget_partner};
pub use lock::{Lock, LockKind};
pub use opening::{Opened, Seen, look, open};
pub use replies::{Answer, Reply, begin as begin_reply, list as list_replies, send as send_reply};
pub use settings::PortalSettings;
pub use visit::Visit;
