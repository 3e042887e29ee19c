use env::Outlook;
use identity::IdentityError;
use mailbox::MailboxError;
use sieve::ScriptError;
use sieve::form::FormError;
use store::StoreError;

/// Why something about scripts could not be done. The texts are for the account's owner, but for those of the store.
#[derive(Debug, thiserror::Error)]
pub enum ScriptsError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The directory failed.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The account's mailboxes cannot be read.
    #[error(transparent)]
    Mailbox(#[from] MailboxError),
    /// The script does not read.
    #[error(transparent)]
    Script(#[from] ScriptError),
    /// The rules are wrong.
    #[error(transparent)]
    Form(#[from] FormError),
    /// There is no such script.
    #[error("there is no such script")]
    NotFound,
    /// Another script has that name.
    #[error("there is a script {0:?} already; choose another name")]
    NameTaken(String),
    /// The name cannot be one.
    #[error("{0:?} cannot be a script's name; it has 1 to {max} octets and no control characters", max = crate::NAME_BYTES_MAX)]
    Name(String),
    /// There are too many.
    #[error("an account has at most {0} scripts; remove one")]
    TooMany(usize),
    /// An active script stays.
    #[error("the script is active; deactivate it before it is removed")]
    Active,
    /// Mail may not be sent on there.
    #[error("scripts and rules may not send mail on to {0}, which is not here; ask your administrator to forward it")]
    Outside(String),
    /// There is no such mailbox.
    #[error("there is no mailbox {0}; choose another")]
    NoMailbox(String),
    /// A text is too long.
    #[error("{what} has more than {max} octets; shorten it")]
    TooLong {
        /// What it is.
        what: &'static str,
        /// How long it may be.
        max: usize,
    },
}

impl ScriptsError {
    /// Whether the same can succeed later.
    #[must_use]
    pub fn outlook(&self) -> Outlook {
        match self {
            Self::Store(error) => error.outlook(),
            Self::Identity(error) => error.outlook(),
            Self::Mailbox(error) => error.outlook(),
            _ => Outlook::Permanent,
        }
    }
}
