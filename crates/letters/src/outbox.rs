//! Mail that people here send by a protocol that does not deliver itself: what it asks of the one that does.

use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use env::Timestamp;
use identity::Principal;
use store::{StoreError, Tx};

/// A message that somebody sends.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Who sends it.
    pub principal: Principal,
    /// Where the client connects from.
    pub peer: IpAddr,
    /// Reverse path.
    pub from: String,
    /// Forward paths.
    pub recipients: Vec<String>,
    /// When it is to go, if later than now.
    pub hold_until: Option<Timestamp>,
    /// The message, lines ending in CRLF.
    pub body: Vec<u8>,
}

/// Writes something down in the transaction that takes a message, which the store may run again: both stand, or neither. It is told
/// what of the message waits in the queue.
pub type Noting = Arc<dyn Fn(&mut Tx<'_>, &[i64]) -> Result<(), StoreError> + Send + Sync>;

/// Why a message is not sent. The texts are for the one who sends it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotSent {
    /// The reverse path may not be used.
    #[error("{0}")]
    From(String),
    /// Recipients are refused, each with the reason.
    #[error("{} recipients are refused", .0.len())]
    Recipients(Vec<(String, String)>),
    /// There are more than one message may have, which is this many.
    #[error("a message may have at most {0} recipients")]
    TooManyRecipients(usize),
    /// The message is longer than this many octets.
    #[error("a message may have at most {0} octets")]
    TooLarge(u64),
    /// The message is refused.
    #[error("{0}")]
    Message(String),
    /// It may go later.
    #[error("{0}")]
    Temporary(String),
}

/// Sends mail under the rules for submission.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Takes a message for delivery; gives what of it waits in the queue. When this returns, it is on disk, and what `noting` writes too,
    /// in the same transaction.
    ///
    /// # Errors
    /// [`NotSent`] with the reason; then nobody gets anything.
    async fn send(&self, outgoing: Outgoing, noting: Noting) -> Result<Vec<i64>, NotSent>;
}
