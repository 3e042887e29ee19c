//! What is known of a message once it was opened and its signatures were looked at.

use env::Timestamp;

/// How a message was encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Container {
    /// Integrity by a digest that is encrypted too (RFC 9580 section 5.13.1).
    Seipd1,
    /// Authenticated encryption of RFC 9580 (section 5.13.2).
    Seipd2,
    /// Authenticated encryption in the form of `GnuPG`.
    Gnupg,
}

impl Container {
    /// Its name for people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Seipd1 => "SEIPD 1",
            Self::Seipd2 => "SEIPD 2 (AEAD)",
            Self::Gnupg => "OCB (GnuPG)",
        }
    }
}

env::words! {
    /// What a signature is worth.
    SignatureState "state of a signature" allowed "good, other-address, other-recipient, unknown-key, altered, no-signature, weak, expired, revoked, future" {
        /// By a known key that names the author's address, and unaltered.
        Good = "good",
        /// By a known key, and unaltered, but the key does not name the author's address.
        OtherAddress = "other-address",
        /// Made for somebody else, to whom the content was encrypted first (RFC 9580 section 5.2.3.36).
        OtherRecipient = "other-recipient",
        /// By a key that is not known here.
        UnknownKey = "unknown-key",
        /// Not over this content, or not by this key.
        Altered = "altered",
        /// There is none that can be read where the message says that one is: it may have been taken out.
        Missing = "no-signature",
        /// Over a digest or by a key that is not safe.
        Weak = "weak",
        /// Made when the key, or the signature itself, had expired.
        Expired = "expired",
        /// The key was revoked.
        Revoked = "revoked",
        /// Dated in the future.
        Future = "future",
    }
}

/// A signature and what it is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureReport {
    /// What it is worth.
    pub state: SignatureState,
    /// Fingerprint or key ID of who signed, as the signature says.
    pub issuer: Option<String>,
    /// Fingerprint of the certificate, if it is known.
    pub certificate: Option<String>,
    /// Names on the certificate that count.
    pub user_ids: Vec<String>,
    /// When it says it was made.
    pub made: Option<Timestamp>,
    /// Digest and algorithm.
    pub algorithms: String,
}

/// What is known of a message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// How it was encrypted; `None` if it was not.
    pub encryption: Option<Container>,
    /// Fingerprint of the key of ours that opened it; `None` if it was not encrypted.
    pub key: Option<String>,
    /// Its signatures.
    pub signatures: Vec<SignatureReport>,
    /// Whether encryption and signatures are around all of the message, or a part of it alone.
    pub covers_all: bool,
    /// Whether it stood in the text rather than in MIME (RFC 3156).
    pub is_inline: bool,
    /// Header fields that were protected (RFC 9788) and differ from what stood outside: name, within, outside.
    pub differing: Vec<(String, String, String)>,
}

impl Report {
    /// Whether all of the message is signed by a known key of its author's address.
    #[must_use]
    pub fn is_authentic(&self) -> bool {
        self.covers_all && self.signatures.iter().any(|it| it.state == SignatureState::Good)
    }
}
