//! Why somebody may not sign in.

use std::time::Duration;

use env::Outlook;

use crate::IdentityError;
use crate::password::PasswordError;

/// Why somebody may not sign in. What goes to the client is one thing, what is logged another: say no more than
/// "refused" for all but [`Self::Throttled`] and [`Self::Temporary`].
#[derive(Debug, thiserror::Error)]
pub enum AuthFailure {
    /// Unknown user or wrong password.
    #[error("unknown user or wrong password")]
    Refused,
    /// The password is right, but the account is out of use.
    #[error("the account is disabled")]
    Disabled,
    /// The password is right, but it is that of the account, which a second factor guards: it opens no mail protocol.
    #[error(
        "the account password does not open this protocol, as a second factor is required: an app password or token does"
    )]
    AppPasswordNeeded,
    /// The password is right, but older than the level allows: it opens nothing but the page on which another is chosen.
    #[error("the password is too old: a new one is to be chosen on the account page, or set: tradewind user password")]
    PasswordTooOld,
    /// The app password or token is right, but made for other protocols.
    #[error("the app password or token is not good for this protocol")]
    OutOfScope,
    /// The credentials are right, and the sign-in watch refuses all the same.
    #[error("the sign-in is unusual for the account; why: tradewind sign-ins list")]
    Unusual,
    /// The password is right, and the account is frozen.
    #[error("the account is frozen, as somebody else seems to know its password; to thaw it: tradewind user unfreeze")]
    Frozen,
    /// The directory that has the person's password does not say whether it is right. Said to the client like [`Self::Refused`], or an
    /// outage would tell whose passwords are there.
    #[error("the directory that has the person's password cannot be asked: {0}")]
    Unasked(String),
    /// Too many failures; the password was not looked at.
    #[error("too many failed attempts; try again in {} s", .retry_after.as_secs().max(1))]
    Throttled {
        /// How long to wait.
        retry_after: Duration,
    },
    /// It cannot be decided now.
    #[error("signing in does not work at the moment: {0}")]
    Temporary(IdentityError),
}

impl AuthFailure {
    /// Whether the same request can succeed later.
    #[must_use]
    pub fn outlook(&self) -> Outlook {
        match self {
            Self::Refused
            | Self::Disabled
            | Self::AppPasswordNeeded
            | Self::PasswordTooOld
            | Self::OutOfScope
            | Self::Unusual
            | Self::Frozen => Outlook::Permanent,
            Self::Throttled { .. } | Self::Unasked(_) | Self::Temporary(_) => Outlook::Temporary,
        }
    }
}

impl From<IdentityError> for AuthFailure {
    fn from(error: IdentityError) -> Self {
        Self::Temporary(error)
    }
}

impl From<PasswordError> for AuthFailure {
    fn from(error: PasswordError) -> Self {
        Self::Temporary(error.into())
    }
}
