use env::Outlook;
use identity::IdentityError;
use queue::QueueError;
use store::StoreError;

/// A report that could not be made, sent or kept.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The queue refused it.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The directory failed.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// It could not be made ready.
    #[error(transparent)]
    Letter(#[from] letters::LetterError),
    /// Our own row does not read.
    #[error("a row of the reports cannot be read; run: tradewind store check")]
    Unreadable,
}

impl ReportError {
    /// Whether the same can succeed later.
    #[must_use]
    pub fn outlook(&self) -> Outlook {
        match self {
            Self::Store(error) => error.outlook(),
            Self::Queue(error) => error.outlook(),
            Self::Identity(IdentityError::Store(error)) => error.outlook(),
            Self::Letter(error) => error.outlook(),
            Self::Identity(_) | Self::Unreadable => Outlook::Permanent,
        }
    }
}
