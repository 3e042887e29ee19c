use env::{Outlook, UnknownWord};
use identity::IdentityError;
use net::HttpsError;
use openpgp::PgpError;
use store::StoreError;

/// What keys refuse: each names the input and what to do.
#[derive(Debug, thiserror::Error)]
pub enum KeybookError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The directory failed.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The audit log failed.
    #[error(transparent)]
    Audit(#[from] audit::AuditError),
    /// The key cannot be used.
    #[error(transparent)]
    Key(#[from] PgpError),
    /// A column holds an unknown word.
    #[error(transparent)]
    Word(#[from] UnknownWord),
    /// There is no such key.
    #[error("there is no key {given}; see tradewind openpgp list")]
    NoSuchKey {
        /// What was named.
        given: String,
    },
    /// Several begin so.
    #[error("several keys begin with {given}; name more of the fingerprint")]
    Ambiguous {
        /// What was named.
        given: String,
    },
    /// The account has the key.
    #[error("the account has the key {fingerprint} already")]
    Known {
        /// The key.
        fingerprint: String,
    },
    /// There are too many.
    #[error("an account has at most {max} keys; remove one that is no longer needed")]
    TooMany {
        /// The limit.
        max: usize,
    },
    /// The private key is not here.
    #[error("the private key of {fingerprint} is kept by its owner and not readable here")]
    NotHere {
        /// The key.
        fingerprint: String,
    },
    /// Nothing can be encrypted to the account.
    #[error("the account has no key that mail can be encrypted to; make one: tradewind openpgp make ADDRESS")]
    NoKey,
    /// The directory of the address cannot be asked.
    #[error("{host} cannot be asked for the key of {address}: {cause}")]
    Lookup {
        /// Whose key.
        address: String,
        /// Who was asked.
        host: String,
        /// Why it failed.
        cause: String,
        /// Whether asking again can help.
        outlook: Outlook,
    },
    /// What is sealed is not what was to be replaced.
    #[error("what is kept of the private key was changed meanwhile, as by another browser; read it again")]
    ChangedMeanwhile,
    /// What an owner says of keys is too large.
    #[error("what is kept of what an owner has said of keys has at most {max} octets")]
    TooMuchSaid {
        /// The limit.
        max: usize,
    },
    /// What is sealed is too large.
    #[error("what is kept of a private key has at most {max} octets")]
    TooLarge {
        /// The limit.
        max: usize,
    },
}

impl KeybookError {
    /// Whether the same request can succeed later.
    #[must_use]
    pub fn outlook(&self) -> Outlook {
        match self {
            Self::Store(error) => error.outlook(),
            Self::Identity(error) => error.outlook(),
            Self::Audit(error) => error.outlook(),
            Self::Lookup { outlook, .. } => *outlook,
            _ => Outlook::Permanent,
        }
    }

    pub(crate) fn lookup(address: &str, host: &str, error: &HttpsError) -> Self {
        Self::Lookup {
            address: address.to_owned(),
            host: host.to_owned(),
            cause: error.to_string(),
            outlook: error.outlook(),
        }
    }
}
