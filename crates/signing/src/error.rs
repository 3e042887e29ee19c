use env::Outlook;
use mailauth::SignError;
use store::StoreError;

/// What keys refuse: each names the input and what to do.
#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It cannot be recorded that a key is used.
    #[error(transparent)]
    Record(#[from] identity::IdentityError),
    /// A key cannot be used.
    #[error(transparent)]
    Key(#[from] SignError),
    /// No key could be made.
    #[error("cannot make a DKIM key")]
    Make,
    /// The domain is not hosted here.
    #[error("domain {0} is not hosted here; add it first: tradewind domain add {0}")]
    NoDomain(String),
    /// The domain has keys.
    #[error("domain {0} has keys already; for new ones run: tradewind dkim rotate {0}")]
    HasKeys(String),
    /// The domain has no keys.
    #[error("domain {0} has no keys; make some: tradewind dkim add {0}")]
    NoKeys(String),
    /// New keys wait already.
    #[error("keys of {domain} wait for their record in DNS already: {name}; publish it, or retire them first")]
    Waiting {
        /// The domain.
        domain: String,
        /// Name of a record that is waited for.
        name: String,
    },
    /// There is no such key.
    #[error("domain {domain} has no key {selector} that could be retired; see tradewind dkim list")]
    NoSuchKey {
        /// The domain.
        domain: String,
        /// The selector.
        selector: String,
    },
    /// A column holds an unknown word.
    #[error("the store names an unknown kind or state of a DKIM key: {0}")]
    Word(String),
    /// A key file cannot be used.
    #[error("cannot use the DKIM key file {file}: {cause}")]
    File {
        /// The file.
        file: String,
        /// What is wrong.
        cause: String,
    },
}

impl SigningError {
    /// Whether the same request can succeed later.
    #[must_use]
    pub fn outlook(&self) -> Outlook {
        match self {
            Self::Store(error) => error.outlook(),
            Self::Record(error) => error.outlook(),
            _ => Outlook::Permanent,
        }
    }
}

impl From<crypto::seal::SealError> for SigningError {
    fn from(error: crypto::seal::SealError) -> Self {
        Self::Store(error.into())
    }
}
