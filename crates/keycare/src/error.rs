use certbook::CertbookError;
use env::{Outlook, UnknownWord};
use identity::IdentityError;
use keybook::KeybookError;
use letters::LetterError;
use openpgp::PgpError;
use queue::QueueError;
use smime::Fault;
use store::StoreError;

/// Why something was not done with a person's key.
#[derive(Debug, thiserror::Error)]
pub enum KeycareError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The directory failed.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The book of OpenPGP keys failed, or the key in it cannot be used.
    #[error(transparent)]
    Keybook(#[from] KeybookError),
    /// The book of certificates failed.
    #[error(transparent)]
    Certbook(#[from] CertbookError),
    /// The key cannot be used.
    #[error(transparent)]
    Key(#[from] PgpError),
    /// The certificate cannot be used.
    #[error(transparent)]
    Certificate(#[from] Fault),
    /// A letter cannot be written.
    #[error(transparent)]
    Letter(#[from] LetterError),
    /// A letter cannot be sent.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// A column holds an unknown word.
    #[error(transparent)]
    Word(#[from] UnknownWord),
    /// This server has the private key.
    #[error(
        "the private part of {fingerprint} is kept by this server, which could open the mail all the same; bring the public part of a key that you keep yourself"
    )]
    KeptHere {
        /// The key.
        fingerprint: String,
    },
    /// The key opens old mail alone.
    #[error("{fingerprint} is retired; choose a key in use")]
    Retired {
        /// The key.
        fingerprint: String,
    },
    /// The certificate is for somebody else.
    #[error("the certificate is for {}, not for {address}", given.join(", "))]
    OtherAddress {
        /// Addresses of the certificate.
        given: Vec<String>,
        /// An address of the account.
        address: String,
    },
    /// The certificate does not encrypt.
    #[error("the certificate of {0} is not for encrypting mail; choose one that is")]
    NotToEncrypt(String),
}

impl KeycareError {
    /// Whether trying again can help.
    #[must_use]
    pub fn outlook(&self) -> Outlook {
        match self {
            Self::Store(error) => error.outlook(),
            Self::Identity(error) => error.outlook(),
            Self::Keybook(error) => error.outlook(),
            Self::Certbook(error) => error.outlook(),
            Self::Letter(error) => error.outlook(),
            _ => Outlook::Permanent,
        }
    }
}
