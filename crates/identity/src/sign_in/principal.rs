//! Who has signed in, how, and what for.

use std::fmt;
use std::str::FromStr;

use env::Timestamp;

use super::AuthFailure;
use crate::{Language, Protocol, Role, UnknownWord};

/// Who has signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The account.
    pub account: i64,
    /// Whose it is.
    pub organisation: i64,
    /// Its main address.
    pub address: String,
    /// What the person does.
    pub role: Role,
    /// Language of notices.
    pub language: Language,
    /// What was shown to sign in.
    pub method: Method,
    /// The web session that this goes on in.
    pub session: Option<i64>,
    /// When a second or otherwise strong factor was last shown; none if never in this sign-in.
    pub strong_at: Option<Timestamp>,
    /// What the sign-in may be used for.
    pub scope: Scope,
    /// What has to last for the sign-in to last.
    pub standing: Standing,
}

impl Principal {
    /// The same if the client wants to act as nobody else (SASL's authorization identity).
    ///
    /// # Errors
    /// [`AuthFailure::Refused`]: nobody signs in as another.
    pub fn acting_as(self, authzid: Option<&str>) -> Result<Self, AuthFailure> {
        match authzid {
            Some(other) if !other.eq_ignore_ascii_case(&self.address) => Err(AuthFailure::Refused),
            _ => Ok(self),
        }
    }
}

/// What a sign-in stands on: when that goes, it is over (see [`crate::SignIn::watch`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// Number of the credential that was shown: of the password, the app password, the grant or the web session.
    pub credential: i64,
    /// The account's count of ends of everything that was signed in.
    pub epoch: i64,
}

/// What was shown to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// The password of the account.
    Password,
    /// An app password, by its number.
    AppPassword(i64),
    /// An access token of an OAuth grant, by the grant's number.
    Token(i64),
    /// A client certificate of the organisation's authority.
    Certificate,
    /// The password that the person has in a directory elsewhere, which was asked.
    Directory,
    /// The word of an identity provider.
    Provider,
    /// A web session that began earlier.
    Session,
    /// The network or certificate of a connector, for one message.
    Connector,
}

impl Method {
    /// The word in records of sign-ins.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::AppPassword(_) => "app-password",
            Self::Token(_) => "token",
            Self::Certificate => "certificate",
            Self::Directory => "directory",
            Self::Provider => "provider",
            Self::Session => "session",
            Self::Connector => "connector",
        }
    }
}

/// Protocols that a sign-in, an app password or a token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Scope(u8);

impl Scope {
    /// Every protocol.
    pub const ALL: Self = Self(u8::MAX);
    /// None.
    pub const NONE: Self = Self(0);

    /// Of these protocols.
    #[must_use]
    pub fn of(protocols: &[Protocol]) -> Self {
        protocols.iter().fold(Self::NONE, |scope, protocol| Self(scope.0 | bit(*protocol)))
    }

    /// Whether `protocol` is among them.
    #[must_use]
    pub const fn covers(self, protocol: Protocol) -> bool {
        self.0 & bit(protocol) != 0
    }

    /// Its protocols.
    pub fn protocols(self) -> impl Iterator<Item = Protocol> {
        Protocol::ALL.iter().copied().filter(move |protocol| self.covers(*protocol))
    }
}

/// The protocols' words, divided by spaces.
impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<&str> = self.protocols().map(Protocol::as_str).collect();
        f.write_str(&words.join(" "))
    }
}

impl FromStr for Scope {
    type Err = UnknownWord;

    fn from_str(words: &str) -> Result<Self, UnknownWord> {
        let divided = words.split([' ', ',']).filter(|word| !word.is_empty());
        let protocols: Result<Vec<Protocol>, UnknownWord> = divided.map(str::parse).collect();
        Ok(Self::of(&protocols?))
    }
}

const fn bit(protocol: Protocol) -> u8 {
    match protocol {
        Protocol::Imap => 1,
        Protocol::Smtp => 2,
        Protocol::Web => 4,
    }
}
