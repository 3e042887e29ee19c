use env::Outlook;
use identity::IdentityError;
use mailbox::MailboxError;
use store::StoreError;

use crate::file::CUSTODIANS_MAX;
use crate::look::SEARCHES_MAX;

/// Why something of an investigation cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum InvestigationError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The mail of an account cannot be read.
    #[error(transparent)]
    Mailbox(#[from] MailboxError),
    /// People cannot be found.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// There is no such investigation in the organisation.
    #[error("there is no investigation {0}; investigation-list lists those of the organisation")]
    NoInvestigation(i64),
    /// It is closed.
    #[error("investigation {0} is closed; open a new one to look into more mail")]
    Closed(i64),
    /// Somebody is of another organisation.
    #[error("{0} is an account of another organisation")]
    Elsewhere(String),
    /// An account is not looked into.
    #[error("{0} is no custodian of the investigation; add the account with investigation-custodians first")]
    NoCustodian(String),
    /// A message was not found by any search of the investigation, so it is not looked at under it.
    #[error("no search of the investigation has found message {0}")]
    NotFound(i64),
    /// A part of what was given cannot be.
    #[error("{part} {cause}")]
    Part {
        /// Which one.
        part: &'static str,
        /// What is wrong with it.
        cause: &'static str,
    },
    /// Nobody is named.
    #[error("an investigation needs the addresses of those whose mail is looked into, from 1 to {CUSTODIANS_MAX}")]
    Custodians,
    /// A search without a condition would find all mail.
    #[error(
        "the search has no condition, so it would find all mail; name words, a correspondent, an attachment or a time"
    )]
    NoCondition,
    /// There are as many searches as there may be.
    #[error("the investigation has {SEARCHES_MAX} searches, which is as many as it may; open another")]
    TooMany,
}

impl InvestigationError {
    /// Whether the same request can succeed later.
    #[must_use]
    pub fn outlook(&self) -> Outlook {
        match self {
            Self::Store(error) => error.outlook(),
            Self::Mailbox(error) => error.outlook(),
            Self::Identity(error) => error.outlook(),
            _ => Outlook::Permanent,
        }
    }
}
