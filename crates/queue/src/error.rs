use env::Outlook;
use store::StoreError;

use crate::RECIPIENTS_MAX;

/// What the queue refuses.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The message is not in the queue, or no longer.
    #[error("message {message} is not in the queue; it may have been delivered or cancelled: see tradewind queue list")]
    NoSuchMessage {
        /// The message asked for.
        message: i64,
    },
    /// Somebody else holds the recipients now, or has settled them; nothing was changed.
    #[error(
        "the lease on message {message} is no longer valid: it ran out and its recipients were taken over or settled"
    )]
    StaleLease {
        /// The message of the lease.
        message: i64,
    },
    /// A message without recipients.
    #[error("a message needs at least one recipient")]
    NoRecipients,
    /// More recipients than a message may have.
    #[error("{count} recipients are too many for one message; at most {RECIPIENTS_MAX} are taken")]
    TooManyRecipients {
        /// How many there were.
        count: usize,
    },
    /// A recipient whose address names no domain.
    #[error("recipient address {address:?} has no usable domain; write it as name@domain")]
    BadAddress {
        /// The address.
        address: String,
    },
    /// A rule for a partner that cannot be.
    #[error("{given:?} is no domain and no address of a partner; write it as example.com or name@example.com")]
    BadPartner {
        /// What was given.
        given: String,
    },
    /// There is no rule for the partner.
    #[error("there is no rule for {given}; see tradewind protection list")]
    NoRule {
        /// What was given.
        given: String,
    },
    /// There are too many rules.
    #[error("an organisation has at most {max} rules for partners; remove one that is no longer needed")]
    TooManyRules {
        /// The limit.
        max: i64,
    },
    /// A sealed column that does not hold what it should.
    #[error("the queue's {what} of message {message} cannot be read; run: tradewind store check")]
    Unreadable {
        /// Which part.
        what: &'static str,
        /// Of which message.
        message: i64,
    },
}

impl QueueError {
    /// Whether the same request can succeed later.
    #[must_use]
    pub fn outlook(&self) -> Outlook {
        match self {
            Self::Store(error) => error.outlook(),
            _ => Outlook::Permanent,
        }
    }
}

impl From<crypto::seal::SealError> for QueueError {
    fn from(error: crypto::seal::SealError) -> Self {
        Self::Store(error.into())
    }
}
