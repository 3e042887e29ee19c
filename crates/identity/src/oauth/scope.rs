use std::fmt;
use std::str::FromStr;

use super::OAuthError;
use crate::{Protocol, Scope};

/// What a client may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScopeWord {
    /// To read mail.
    Imap,
    /// To send mail.
    Smtp,
    /// To learn who somebody is (OpenID Connect Core section 3.1.2.1).
    OpenId,
    /// Name.
    Profile,
    /// Address.
    Email,
    /// To go on while the person is away: a refresh token.
    OfflineAccess,
}

impl ScopeWord {
    /// All of them, in the order in which they are written.
    pub const ALL: [Self; 6] = [Self::OpenId, Self::Profile, Self::Email, Self::Imap, Self::Smtp, Self::OfflineAccess];

    /// The word in requests.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Imap => "imap",
            Self::Smtp => "smtp",
            Self::OpenId => "openid",
            Self::Profile => "profile",
            Self::Email => "email",
            Self::OfflineAccess => "offline_access",
        }
    }
}

/// A set of [`ScopeWord`]s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OAuthScope(u8);

impl OAuthScope {
    /// Everything.
    #[must_use]
    pub fn all() -> Self {
        ScopeWord::ALL.into_iter().fold(Self::default(), |scope, word| Self(scope.0 | Self::bit(word)))
    }

    /// Whether `word` is among them.
    #[must_use]
    pub fn has(self, word: ScopeWord) -> bool {
        self.0 & Self::bit(word) != 0
    }

    /// Whether all of it is in `other`.
    #[must_use]
    pub const fn is_within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// Whether it is empty.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Its words.
    pub fn words(self) -> impl Iterator<Item = ScopeWord> {
        ScopeWord::ALL.into_iter().filter(move |word| self.has(*word))
    }

    /// The mail protocols that it opens.
    #[must_use]
    pub fn protocols(self) -> Scope {
        let mut protocols = Vec::new();
        if self.has(ScopeWord::Imap) {
            protocols.push(Protocol::Imap);
        }
        if self.has(ScopeWord::Smtp) {
            protocols.push(Protocol::Smtp);
        }
        Scope::of(&protocols)
    }

    /// Whether a refresh token is given with it: where it is asked for, and to mail programs, which run for months.
    #[must_use]
    pub fn goes_on(self) -> bool {
        self.has(ScopeWord::OfflineAccess) || self.protocols() != Scope::NONE
    }

    fn bit(word: ScopeWord) -> u8 {
        1 << (word as u8)
    }
}

impl fmt::Display for OAuthScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<&str> = self.words().map(ScopeWord::as_str).collect();
        f.write_str(&words.join(" "))
    }
}

impl FromStr for OAuthScope {
    type Err = OAuthError;

    /// RFC 6749 section 3.3: words divided by spaces.
    fn from_str(text: &str) -> Result<Self, OAuthError> {
        let mut scope = Self::default();
        for given in text.split(' ').filter(|word| !word.is_empty()) {
            let word =
                ScopeWord::ALL.into_iter().find(|word| word.as_str() == given).ok_or(OAuthError::InvalidScope)?;
            scope.0 |= Self::bit(word);
        }
        Ok(scope)
    }
}
