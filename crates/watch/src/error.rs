use crypto::seal::SealError;
use env::Outlook;
use store::StoreError;

/// Why the watch could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The audit log does not take the record.
    #[error(transparent)]
    Audit(#[from] audit::AuditError),
    /// What is stored cannot be read.
    #[error("what the sign-in watch keeps of account {account} cannot be read: {cause}")]
    Unreadable {
        /// Whose it is; 0 for everybody's.
        account: i64,
        /// What is wrong.
        cause: String,
    },
    /// There is no such event.
    #[error("there is no sign-in {0}; list them: tradewind sign-ins list")]
    NoEvent(i64),
    /// The person has spoken already.
    #[error("sign-in {0} has been answered already")]
    Answered(i64),
}

impl WatchError {
    /// Whether the same can succeed later.
    #[must_use]
    pub fn outlook(&self) -> Outlook {
        match self {
            Self::Store(error) => error.outlook(),
            Self::Audit(error) => error.outlook(),
            Self::Unreadable { .. } | Self::NoEvent(_) | Self::Answered(_) => Outlook::Permanent,
        }
    }
}

impl From<SealError> for WatchError {
    fn from(error: SealError) -> Self {
        Self::Store(error.into())
    }
}
