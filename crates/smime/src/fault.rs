//! What can be wrong with a message, a certificate or a key.

use env::{Outlook, Timestamp};

/// Why a signature does not hold, or a message cannot be read or made. Each says what is wrong and what helps.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It cannot be read.
    #[error("{0} cannot be read: it is damaged or no such thing; have it sent again")]
    Malformed(&'static str),
    /// A limit.
    #[error("it has more than {max} {what}, and is not read")]
    TooMuch {
        /// Of what.
        what: &'static str,
        /// The limit.
        max: usize,
    },
    /// An algorithm that is not known.
    #[error("it uses {0}, which is not supported; ask the sender to use AES, and RSA or ECDSA with SHA-256")]
    Unsupported(String),
    /// An algorithm that no longer protects.
    #[error("it uses {0}, which no longer protects and is refused; ask the sender to use SHA-256 or better, and AES")]
    Weak(String),
    /// The content is not what was signed or encrypted.
    #[error("the content was altered after it was signed or encrypted")]
    Altered,
    /// It says that it is signed, and nobody has signed.
    #[error("it is said to be signed, and bears no signature")]
    NoSignature,
    /// The signer's certificate is missing.
    #[error("the certificate of the signer is not in it; ask the sender to send it along")]
    NoCertificate,
    /// Nobody who is trusted vouches for the certificate.
    #[error("no trusted authority vouches for the certificate of {subject}: {cause}")]
    Untrusted {
        /// Whose.
        subject: String,
        /// What is missing.
        cause: String,
    },
    /// The certificate is too old.
    #[error("the certificate of {subject} expired on {at}")]
    Expired {
        /// Whose.
        subject: String,
        /// When.
        at: Timestamp,
    },
    /// The certificate is not valid yet.
    #[error("the certificate of {subject} is valid only from {from}; is the clock of this server right?")]
    NotYetValid {
        /// Whose.
        subject: String,
        /// From when.
        from: Timestamp,
    },
    /// The authority has withdrawn the certificate.
    #[error("the certificate of {subject} was revoked by its authority")]
    Revoked {
        /// Whose.
        subject: String,
    },
    /// Nobody knows whether the certificate was withdrawn.
    #[error("whether the certificate of {subject} was revoked is not known: there is no current list of its authority")]
    RevocationUnknown {
        /// Whose.
        subject: String,
    },
    /// The certificate is for something else.
    #[error("the certificate of {subject} is not made for this use ({needed})")]
    WrongUse {
        /// Whose.
        subject: String,
        /// What it would have to be for.
        needed: &'static str,
    },
    /// It is signed by another than who is named as the author.
    #[error("the message is from {author}, and signed with a certificate for {}", certificate.join(", "))]
    WrongAuthor {
        /// Addresses of the certificate.
        certificate: Vec<String>,
        /// Address of the author.
        author: String,
    },
    /// The key of none of its recipients is here.
    #[error("the message is encrypted to a certificate whose key is not here; ask the sender to use your present one")]
    NotForUs,
    /// It cannot be decrypted.
    #[error("the message cannot be decrypted: it was altered, or encrypted to another key")]
    Undecipherable,
    /// Only part of the message is protected.
    #[error("only a part of the message is encrypted or signed; it is not opened, as the rest could read it out")]
    PartlyCovered,
    /// A key does not belong to the certificate.
    #[error("the private key does not belong to the certificate")]
    KeyMismatch,
    /// A file with a key needs another password.
    #[error("the password does not open the file")]
    WrongPassword,
    /// There is nobody to encrypt to.
    #[error("there is no certificate to encrypt to")]
    NobodyToEncryptTo,
}

impl Fault {
    /// The same message will fail again; only a missing list of revoked certificates can come later.
    #[must_use]
    pub const fn outlook(&self) -> Outlook {
        match self {
            Self::RevocationUnknown { .. } => Outlook::Temporary,
            _ => Outlook::Permanent,
        }
    }

    /// A word for it in fields and answers, by which catalogues find their text.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed",
            Self::TooMuch { .. } => "too-much",
            Self::Unsupported(_) => "unsupported",
            Self::Weak(_) => "weak",
            Self::Altered => "altered",
            Self::NoSignature => "no-signature",
            Self::NoCertificate => "no-certificate",
            Self::Untrusted { .. } => "untrusted",
            Self::Expired { .. } => "expired",
            Self::NotYetValid { .. } => "not-yet-valid",
            Self::Revoked { .. } => "revoked",
            Self::RevocationUnknown { .. } => "revocation-unknown",
            Self::WrongUse { .. } => "wrong-use",
            Self::WrongAuthor { .. } => "wrong-author",
            Self::NotForUs => "not-for-us",
            Self::Undecipherable => "undecipherable",
            Self::PartlyCovered => "partly-covered",
            Self::KeyMismatch => "key-mismatch",
            Self::WrongPassword => "wrong-password",
            Self::NobodyToEncryptTo => "nobody-to-encrypt-to",
        }
    }
}
