//! SASL (RFC 4422): the mechanisms PLAIN, LOGIN, SCRAM-SHA-256 and SCRAM-SHA-256-PLUS from both sides, and OAUTHBEARER,
//! XOAUTH2 and EXTERNAL from the server's, as machines without I/O. SMTP and IMAP share them; each puts its own framing and
//! base64 around.
//!
//! A [`Server`] or [`Client`] takes and gives raw bytes. Where a decision needs accounts, the server machine stops at a
//! [`Step`] and goes on with the answer. Passwords travel as [`env::Secret`] and never appear in `Debug` output.

mod client;
mod scram;
mod server;
#[cfg(test)]
mod tests;
mod token;
#[cfg(test)]
mod token_tests;

use std::borrow::Cow;
use std::fmt;

pub use client::{Client, ClientCredentials, ClientError};
pub use scram::{ITERATIONS_DEFAULT, ITERATIONS_MAX, ITERATIONS_MIN, StoredKeys, StoredKeysError};
pub use server::{Candidate, Credentials, Failure, Identity, Proved, Server, ServerContext, Step};
pub use token::TokenCredentials;

/// Octets of one decoded SASL message that the machines look at; longer ones are refused.
pub const MESSAGE_BYTES_MAX: usize = 8192;

/// A way to authenticate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mechanism {
    /// RFC 4616.
    Plain,
    /// The undocumented `LOGIN` that old clients still need: user name, then password.
    Login,
    /// RFC 7677, without channel binding.
    ScramSha256,
    /// RFC 7677, bound to the TLS connection (RFC 5802 section 6).
    ScramSha256Plus,
    /// An OAuth 2.0 access token (RFC 7628).
    OAuthBearer,
    /// The form of the same that large providers used before, which more clients speak.
    XOAuth2,
    /// What the TLS client certificate says (RFC 4422 appendix A).
    External,
}

impl Mechanism {
    /// Every mechanism, strongest first: the order in which to offer and to choose.
    pub const ALL: [Self; 7] = [
        Self::External,
        Self::OAuthBearer,
        Self::XOAuth2,
        Self::ScramSha256Plus,
        Self::ScramSha256,
        Self::Plain,
        Self::Login,
    ];

    /// Those that take a user name and a password, strongest first.
    pub const WITH_PASSWORD: [Self; 4] = [Self::ScramSha256Plus, Self::ScramSha256, Self::Plain, Self::Login];

    /// The registered name, as it stands in `AUTH` lines.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::Login => "LOGIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha256Plus => "SCRAM-SHA-256-PLUS",
            Self::OAuthBearer => "OAUTHBEARER",
            Self::XOAuth2 => "XOAUTH2",
            Self::External => "EXTERNAL",
        }
    }

    /// The mechanism of that name in any letter case, if it is one of ours.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mechanism| mechanism.name().eq_ignore_ascii_case(name))
    }

    /// Whether the mechanism shows the server the password itself.
    #[must_use]
    pub const fn reveals_password(self) -> bool {
        matches!(self, Self::Plain | Self::Login)
    }

    /// Whether the mechanism is one of SCRAM.
    #[must_use]
    pub const fn is_scram(self) -> bool {
        matches!(self, Self::ScramSha256 | Self::ScramSha256Plus)
    }
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What ties an authentication to the TLS connection that carries it; both ends compute the same bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChannelBindings {
    /// `tls-exporter` (RFC 9266): 32 octets exported under the label `EXPORTER-Channel-Binding`. TLS 1.3, or 1.2 with
    /// extended master secret.
    pub tls_exporter: Option<Vec<u8>>,
    /// `tls-server-end-point` (RFC 5929 section 4): hash of the server's certificate.
    pub tls_server_end_point: Option<Vec<u8>>,
}

impl ChannelBindings {
    /// Whether there is any binding, so that `-PLUS` mechanisms work.
    #[must_use]
    pub const fn any(&self) -> bool {
        self.tls_exporter.is_some() || self.tls_server_end_point.is_some()
    }

    /// The bytes of the binding type of that name.
    #[must_use]
    pub fn of_type(&self, name: &str) -> Option<&[u8]> {
        match name {
            "tls-exporter" => self.tls_exporter.as_deref(),
            "tls-server-end-point" => self.tls_server_end_point.as_deref(),
            _ => None,
        }
    }
}

/// A user name or password in the form in which it is hashed and compared: SASLprep (RFC 4013), whole, by the
/// `stringprep` crate.
///
/// # Errors
/// [`Unpreparable`] if it holds characters that the profile prohibits, or nothing.
pub fn prepare(text: &str) -> Result<Cow<'_, str>, Unpreparable> {
    match stringprep::saslprep(text) {
        Ok(prepared) if !prepared.is_empty() => Ok(prepared),
        _ => Err(Unpreparable),
    }
}

/// A user name or password that SASLprep (RFC 4013) does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text is empty or holds characters that user names and passwords must not have")]
pub struct Unpreparable;
