//! What is known of an attempt to sign in.

use std::net::IpAddr;

use env::Timestamp;

/// An attempt to sign in, as seen from outside the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// When.
    pub at: Timestamp,
    /// Where from.
    pub address: IpAddr,
    /// What the client spoke: `imap`, `smtp`, `web`.
    pub protocol: String,
    /// What was shown: `password`, `app-password`, `token`, `certificate`, `session`.
    pub method: String,
    /// What the client calls itself; unproven.
    pub agent: Option<String>,
    /// Version and cipher suite of its TLS.
    pub tls: Option<String>,
    /// The device that it has shown to be.
    pub device: Device,
    /// Whether a second or otherwise strong factor was shown in this sign-in.
    pub strong: bool,
}

/// What a client has shown of the device that it runs on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Device {
    /// Nothing.
    Unknown,
    /// A token that we left on the device at an earlier sign-in. A thief of the device's files has it too.
    Token(String),
    /// Something that does not leave the device: a certificate on a key, a WebAuthn credential.
    Credential(String),
}

impl Device {
    /// The name under which the device is counted.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Unknown => None,
            Self::Token(name) | Self::Credential(name) => Some(name),
        }
    }
}

/// What came of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Credentials were right and the sign-in stands.
    Accepted,
    /// No such user, or wrong credentials.
    Wrong,
    /// Credentials were right and the account is out of use.
    Disabled,
    /// Credentials were right, but a second factor must be shown first.
    FactorNeeded,
    /// Credentials were right; the watch refused.
    Refused,
    /// Credentials were right; the account is frozen.
    Frozen,
    /// Too many attempts; credentials were not looked at.
    Throttled,
}

impl Outcome {
    const ALL: [Self; 7] =
        [Self::Accepted, Self::Wrong, Self::Disabled, Self::FactorNeeded, Self::Refused, Self::Frozen, Self::Throttled];

    /// The word in the database and in answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Wrong => "wrong",
            Self::Disabled => "disabled",
            Self::FactorNeeded => "factor-needed",
            Self::Refused => "refused",
            Self::Frozen => "frozen",
            Self::Throttled => "throttled",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn read(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == word)
    }
}
