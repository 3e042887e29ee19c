use env::Outlook;
use identity::IdentityError;
use letters::LetterError;
use queue::QueueError;
use store::StoreError;
use watch::WatchError;

/// Why something could not be told.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The watch failed, or the person has spoken already.
    #[error(transparent)]
    Watch(#[from] WatchError),
    /// The directory failed.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// A letter could not be made.
    #[error(transparent)]
    Letter(#[from] LetterError),
    /// A letter could not be posted.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The link was not made here, or was changed.
    #[error("the link is not one of ours")]
    Forged,
    /// The link is too old.
    #[error("the link is too old; say it to your security officer instead")]
    Late,
    /// The text names no month or quarter.
    #[error("{0:?} is no month such as 2026-11 and no quarter such as 2026-Q4")]
    Period(String),
}

impl ReviewError {
    /// Whether the same can succeed later.
    #[must_use]
    pub fn outlook(&self) -> Outlook {
        match self {
            Self::Store(error) => error.outlook(),
            Self::Watch(error) => error.outlook(),
            Self::Identity(error) => error.outlook(),
            Self::Letter(error) => error.outlook(),
            Self::Queue(_) | Self::Forged | Self::Late | Self::Period(_) => Outlook::Permanent,
        }
    }
}
