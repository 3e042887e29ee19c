use env::Outlook;
use store::StoreError;

/// Why something could not be done to an account's mail.
#[derive(Debug, thiserror::Error)]
pub enum MailboxError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The account would hold more than it may.
    #[error("the account holds {used} of {limit} octets, the message does not fit")]
    OverQuota {
        /// Octets that the account holds.
        used: u64,
        /// Octets that it may hold.
        limit: u64,
    },
    /// The account uses as many different keywords as a message can carry.
    #[error("the account already uses {} keywords", crate::keywords::KEYWORDS_MAX)]
    KeywordsExhausted,
    /// A keyword that is empty, too long, or holds characters that no keyword may have.
    #[error("not a keyword: {name:?}")]
    InvalidKeyword {
        /// What was asked for.
        name: String,
    },
    /// There is no such mailbox.
    #[error("no such mailbox")]
    NoSuchMailbox,
    /// There is no such message.
    #[error("no such message")]
    NoSuchMessage,
    /// A mailbox of that name, or with that special use, exists.
    #[error("the mailbox exists already")]
    AlreadyExists,
    /// A mailbox with others below it cannot be deleted.
    #[error("the mailbox has others below it")]
    HasChildren,
    /// INBOX cannot be deleted.
    #[error("INBOX cannot be deleted")]
    InboxStays,
    /// The name cannot be that of a mailbox.
    #[error("not a mailbox name: {why}")]
    InvalidName {
        /// Which rule it breaks.
        why: &'static str,
    },
    /// The account has as many mailboxes as it may have.
    #[error("the account has {} mailboxes, no more are possible", crate::mailboxes::MAILBOXES_MAX)]
    TooManyMailboxes,
    /// The mailbox has given out every UID.
    #[error("the mailbox has no UIDs left")]
    UidsExhausted,
    /// The part is encoded in a way that nobody here knows.
    #[error("the part's transfer encoding is unknown")]
    UnknownEncoding,
    /// What happened since then has been forgotten, or is more than the caller wants at once.
    #[error("the changes since then cannot be told")]
    CannotCalculate,
    /// The query is nested too deep.
    #[error("the query is nested deeper than {} levels", crate::search::QUERY_DEPTH_MAX)]
    QueryTooDeep,
    /// The search was given up because its time was over or nobody waits for it.
    #[error("the search was given up")]
    Interrupted,
}

impl MailboxError {
    /// Whether the same request can succeed later.
    #[must_use]
    pub fn outlook(&self) -> Outlook {
        match self {
            Self::Store(error) => error.outlook(),
            Self::OverQuota { .. } | Self::Interrupted => Outlook::Temporary,
            _ => Outlook::Permanent,
        }
    }

    /// Whether the store has run out of space.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_full())
    }
}

impl From<crypto::seal::SealError> for MailboxError {
    fn from(error: crypto::seal::SealError) -> Self {
        Self::Store(error.into())
    }
}
