//! What can go wrong.

use env::Outlook;
use identity::IdentityError;
use smime::Fault;
use store::StoreError;

/// Why something was not done with a key, a certificate or a message.
#[derive(Debug, thiserror::Error)]
pub enum CertbookError {
    /// The store fails.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// So does the directory.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// Something is wrong with it.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// A certificate cannot be issued.
    #[error(transparent)]
    Certs(#[from] certs::CertsError),
    /// The account has no such key, or the organisation no such certificate.
    #[error("there is no {0}; list them: tradewind smime list")]
    Unknown(String),
    /// There are too many.
    #[error("there are {0} already; remove one first: tradewind smime remove")]
    TooMany(usize),
    /// What an administrator has set cannot be used.
    #[error("{0}")]
    Settings(String),
    /// The certificate is not for the address.
    #[error("the certificate is for {}, not for {address}", given.join(", "))]
    OtherAddress {
        /// Addresses of the certificate.
        given: Vec<String>,
        /// The wanted one.
        address: String,
    },
}

impl CertbookError {
    /// Whether trying again can help.
    #[must_use]
    pub fn outlook(&self) -> Outlook {
        match self {
            Self::Store(error) => error.outlook(),
            Self::Identity(error) => error.outlook(),
            Self::Fault(fault) => fault.outlook(),
            Self::Certs(error) => error.outlook(),
            _ => Outlook::Permanent,
        }
    }
}
