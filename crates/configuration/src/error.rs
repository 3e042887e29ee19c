use env::{Outlook, Timestamp};
use identity::IdentityError;
use store::StoreError;

/// Why a setting is not changed.
#[derive(Debug, thiserror::Error)]
pub enum ConfigurationError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The change cannot be recorded, so it is not made.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// There is no such setting.
    #[error("there is no setting {name}{hint}; see them all with: tradewind config get")]
    NoSetting {
        /// What was given.
        name: String,
        /// Others that may be meant.
        hint: String,
    },
    /// It cannot be changed while the server runs.
    #[error(
        "{0} is set in the file alone, as it is needed before anything else, or names files, programs or keys; change it there and start the server anew"
    )]
    FileAlone(String),
    /// The file sets it, and the file wins.
    #[error(
        "{file} line {line} sets {name} = {value}, and the file wins; take that line out, start the server anew, and change it here"
    )]
    InFile {
        /// The setting.
        name: String,
        /// The file.
        file: String,
        /// Where it stands.
        line: usize,
        /// What stands there.
        value: String,
    },
    /// The value cannot be.
    #[error("{0}")]
    Value(String),
    /// Somebody else has changed it meanwhile.
    #[error(
        "{name} was changed meanwhile: version {found} of {at} by {by} is {theirs}; yours, made from version {based_on}, is {yours}; look at both, and set it again with --based-on {found}"
    )]
    Conflict {
        /// The setting.
        name: String,
        /// The version that is there.
        found: i64,
        /// When it was made.
        at: Timestamp,
        /// By whom.
        by: String,
        /// Its value.
        theirs: String,
        /// The version that the change was made from.
        based_on: i64,
        /// The value that was to be set.
        yours: String,
    },
    /// It protects less.
    #[error("{name} = {new} protects less than {old}; say that this is meant, and why: --protect-less --reason")]
    Weaker {
        /// The setting.
        name: String,
        /// The value that is there.
        old: String,
        /// The value that was to be set.
        new: String,
    },
    /// There is nothing to undo.
    #[error("{0} was never changed here; there is nothing to undo")]
    Unchanged(String),
}

impl ConfigurationError {
    /// Whether the same request can succeed later.
    #[must_use]
    pub fn outlook(&self) -> Outlook {
        match self {
            Self::Store(error) => error.outlook(),
            Self::Identity(error) => error.outlook(),
            _ => Outlook::Permanent,
        }
    }
}
