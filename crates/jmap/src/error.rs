//! Why a call failed, as we know it; the client is told less.

use identity::IdentityError;
use mail::message::DecodeError;
use mailbox::MailboxError;
use store::StoreError;
use wire::jmap::{MethodError, MethodErrorKind};

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The client is told this.
    #[error("{}: {}", .0.kind.as_str(), .0.description)]
    Method(MethodError),
    /// What is kept in memory is newer than the transaction's snapshot: run it again.
    #[error("the snapshot is older than what is kept in memory")]
    Behind,
    #[error(transparent)]
    Mailbox(#[from] MailboxError),
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

impl From<MethodError> for Failure {
    fn from(error: MethodError) -> Self {
        Self::Method(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Mailbox(error.into())
    }
}

impl From<DecodeError> for Failure {
    fn from(error: DecodeError) -> Self {
        Self::from(StoreError::Corrupt { what: error.to_string() })
    }
}

impl Failure {
    /// A failure of this kind, said to the client.
    pub(crate) fn say(kind: MethodErrorKind, description: impl Into<String>) -> Self {
        Self::Method(MethodError::new(kind, description))
    }

    /// An argument is wrong.
    pub(crate) fn invalid(description: impl Into<String>) -> Self {
        Self::Method(MethodError::invalid(description))
    }

    /// What the client is told; the log has the rest.
    pub(crate) fn into_method(self) -> MethodError {
        match self {
            Self::Method(error) => error,
            Self::Mailbox(MailboxError::CannotCalculate) => MethodError::new(
                MethodErrorKind::CannotCalculateChanges,
                "the changes since that state are not known any more; read everything anew",
            ),
            Self::Mailbox(MailboxError::Interrupted) => {
                MethodError::new(MethodErrorKind::ServerUnavailable, "the search took too long; narrow it")
            }
            Self::Mailbox(MailboxError::QueryTooDeep) => {
                MethodError::new(MethodErrorKind::UnsupportedFilter, "the filter is nested too deep")
            }
            Self::Behind => MethodError::new(MethodErrorKind::ServerUnavailable, "much changes now; try again"),
            other => {
                tracing::error!(cause = %other, "a JMAP call failed");
                MethodError::new(
                    MethodErrorKind::ServerFail,
                    "the call failed for a reason of the server; try again later",
                )
            }
        }
    }
}
