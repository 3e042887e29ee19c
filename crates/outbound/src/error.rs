use env::Outlook;
use guard::GuardError;
use identity::IdentityError;
use letters::LetterError;
use mailbox::MailboxError;
use queue::QueueError;
use store::StoreError;

use crate::{MARKS_MAX, RULES_MAX};

/// Why something about outbound control could not be done.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The directory failed, or something cannot be recorded.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The queue refused.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// A mailbox cannot be read.
    #[error(transparent)]
    Mailbox(#[from] MailboxError),
    /// A letter could not be made ready.
    #[error(transparent)]
    Letter(#[from] LetterError),
    /// What is known of partners cannot be read.
    #[error(transparent)]
    Guard(#[from] GuardError),
    /// The text of a rule does not read.
    #[error("{field}: {cause}")]
    Unreadable {
        /// Where in the rule.
        field: String,
        /// What is wrong, and what is allowed.
        cause: String,
    },
    /// A rule cannot be.
    #[error("{field} of the rule {cause}")]
    Impossible {
        /// Which part.
        field: String,
        /// What is wrong, and what to do about it.
        cause: String,
    },
    /// There are as many as there may be.
    #[error("the organisation has {RULES_MAX} rules, which is as many as it may; remove one")]
    TooManyRules,
    /// There are as many as there may be.
    #[error("the organisation has {MARKS_MAX} marked documents, which is as many as it may; remove one")]
    TooManyMarks,
    /// There is no such rule.
    #[error("there is no outbound rule {0:?}; see tradewind outbound rule list")]
    NoRule(String),
    /// There is no such marked document.
    #[error("there is no marked document {0:?}; see tradewind outbound mark list")]
    NoMark(String),
    /// A document cannot be marked.
    #[error("{name:?} cannot be marked: {cause}")]
    Unmarkable {
        /// Its name.
        name: String,
        /// Why.
        cause: String,
    },
    /// There is no message that waits for approval by that number.
    #[error("no message {0:?} waits for approval; see tradewind outbound waiting")]
    NotWaiting(String),
    /// Who asks may not allow it.
    #[error("{0}")]
    NotYours(&'static str),
    /// A message waits for approval and does not go otherwise.
    #[error(
        "the message waits for approval {0:x}; those whom the rule names decide in the webmail under Approvals; see tradewind outbound waiting"
    )]
    WaitsForApproval(i64),
}

impl OutboundError {
    /// Whether the same can succeed later.
    #[must_use]
    pub fn outlook(&self) -> Outlook {
        match self {
            Self::Store(error) => error.outlook(),
            Self::Identity(error) => error.outlook(),
            Self::Queue(error) => error.outlook(),
            Self::Letter(error) => error.outlook(),
            Self::Guard(error) => error.outlook(),
            Self::Mailbox(error) => error.outlook(),
            _ => Outlook::Permanent,
        }
    }
}
