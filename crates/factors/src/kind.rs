use std::fmt;
use std::str::FromStr;

/// A kind of second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FactorKind {
    /// A code sent to a telephone.
    Sms,
    /// A code of an authenticator app.
    Totp,
    /// A WebAuthn credential that its maker may copy between a person's devices.
    Passkey,
    /// A WebAuthn credential that never leaves its device.
    HardwareKey,
    /// A client certificate.
    Ukey,
}

/// A word that names no kind of factor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is no kind of second factor; use one of: sms, totp, passkey, hardware-key, ukey")]
pub struct UnknownKind {
    /// What was given.
    pub given: String,
}

impl FactorKind {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Sms, Self::Totp, Self::Passkey, Self::HardwareKey, Self::Ukey];

    /// The word in the database, in settings and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sms => "sms",
            Self::Totp => "totp",
            Self::Passkey => "passkey",
            Self::HardwareKey => "hardware-key",
            Self::Ukey => "ukey",
        }
    }

    /// Whether it is proved through WebAuthn.
    #[must_use]
    pub const fn is_webauthn(self) -> bool {
        matches!(self, Self::Passkey | Self::HardwareKey)
    }
}

impl fmt::Display for FactorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for FactorKind {
    type Err = UnknownKind;

    fn from_str(given: &str) -> Result<Self, UnknownKind> {
        let found = Self::ALL.iter().find(|kind| kind.as_str() == given).copied();
        found.ok_or_else(|| UnknownKind { given: given.to_owned() })
    }
}
