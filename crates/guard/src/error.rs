use env::Outlook;
use store::StoreError;

/// Why something of the guard could not be done.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Somebody else changed the same rows meanwhile.
    #[error("what is known of a partner was changed by another at the same time; try again")]
    Conflict,
    /// Our own row does not read.
    #[error("{what} {id:x} of the trade guard cannot be read; run: tradewind store check")]
    Unreadable {
        /// Which.
        what: &'static str,
        /// Its number.
        id: i64,
    },
    /// There is no such case.
    #[error("there is no case {0}; list them: tradewind guard cases")]
    NoCase(String),
    /// The case is closed.
    #[error("case {0:x} is closed; nothing of it changes any more")]
    Closed(i64),
    /// The second person is the first.
    #[error("case {0:x} was proposed for release by yourself; another person must agree")]
    SamePerson(i64),
    /// The message was released before anybody of finance had looked.
    #[error("message {0:x} waits for finance: close its case with tradewind guard close")]
    Held(i64),
    /// There is no such partner.
    #[error("no partner {0:?} is known; list them: tradewind guard partners")]
    NoPartner(String),
    /// There are no such payment details at the partner.
    #[error("{partner:?} has no payment details {value:?} on file; list them: tradewind guard ledger")]
    NoDetail {
        /// The partner.
        partner: String,
        /// The account or the like.
        value: String,
    },
    /// Two partners that are one already, or would be each other's.
    #[error("{0:?} and {1:?} are one partner already")]
    Loop(String, String),
    /// What is no word for it.
    #[error("{given:?} is no {what}; it is one of: {known}")]
    Word {
        /// What was given.
        given: String,
        /// What it was to be.
        what: &'static str,
        /// What there is.
        known: &'static str,
    },
    /// A telephone number that is not on file.
    #[error("{0:?} is not the number on file; call one that was known before this message, as a thief gives his own")]
    Phone(String),
}

impl GuardError {
    /// Whether the same can succeed later.
    #[must_use]
    pub fn outlook(&self) -> Outlook {
        match self {
            Self::Store(error) => error.outlook(),
            Self::Conflict => Outlook::Temporary,
            _ => Outlook::Permanent,
        }
    }
}
