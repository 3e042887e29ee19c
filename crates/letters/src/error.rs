use env::Outlook;
use identity::IdentityError;
use store::StoreError;

/// A letter that could not be made ready.
#[derive(Debug, thiserror::Error)]
pub enum LetterError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no such person, or the directory failed.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The person has no address that a letter could go to.
    #[error("account {0} has no usable address; give it one: tradewind user alias-add")]
    NoAddress(i64),
}

impl LetterError {
    /// Whether the same can succeed later.
    #[must_use]
    pub fn outlook(&self) -> Outlook {
        match self {
            Self::Store(error) => error.outlook(),
            Self::Identity(error) => error.outlook(),
            Self::NoAddress(_) => Outlook::Permanent,
        }
    }
}
