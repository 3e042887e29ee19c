use env::Outlook;

/// Why something of OpenPGP cannot be done. The text names what is wrong and what helps, and may be shown to the person whose key or
/// message it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PgpError {
    /// It is not what it should be.
    #[error("this is no {what} of OpenPGP ({reason}); export it anew and try again")]
    Malformed {
        /// What was expected.
        what: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// It has more than is read.
    #[error(
        "the {what} has more than {limit} {unit}; export it without what others have added (gpg --export-options export-minimal)"
    )]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// The limit.
        limit: usize,
        /// Its unit.
        unit: &'static str,
    },
    /// A message that becomes far larger than it is.
    #[error(
        "the message grows to more than {limit} octets when it is unpacked; it was made to exhaust whoever opens it"
    )]
    Bomb {
        /// The limit.
        limit: usize,
    },
    /// Containers within containers.
    #[error("the message has containers nested more than {limit} deep")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// A private key where a public one was expected.
    #[error("this is a private key; give the public one (gpg --export --armor ADDRESS)")]
    IsPrivate,
    /// The key's algorithm is not safe.
    #[error(
        "the key {fingerprint} uses {algorithm}, which is not safe; its owner must make a new one (Ed25519, or RSA of 3072 bits)"
    )]
    WeakKey {
        /// The key.
        fingerprint: String,
        /// Its algorithm.
        algorithm: String,
    },
    /// Nothing on the key was signed by itself in a way that counts.
    #[error(
        "the key {fingerprint} has no valid signature of its own over SHA-256 or better; its owner must renew it (gpg --quick-set-expire) with a present program"
    )]
    NoSelfSignature {
        /// The key.
        fingerprint: String,
    },
    /// The key has expired.
    #[error("the key {fingerprint} expired on {on}; ask its owner for the renewed one")]
    Expired {
        /// The key.
        fingerprint: String,
        /// The day.
        on: String,
    },
    /// The key was revoked.
    #[error("the key {fingerprint} was revoked by its owner ({reason}); ask for the new one")]
    Revoked {
        /// The key.
        fingerprint: String,
        /// What the owner said.
        reason: String,
    },
    /// The key cannot encrypt.
    #[error("the key {fingerprint} has no part that encrypts and is valid now; its owner must add one")]
    NoEncryption {
        /// The key.
        fingerprint: String,
    },
    /// The key cannot sign.
    #[error("the key {fingerprint} has no part that signs and is valid now")]
    NoSigning {
        /// The key.
        fingerprint: String,
    },
    /// Two keys that are not the same one.
    #[error("the keys {one} and {other} are not the same; only what belongs to one key can be merged")]
    NotTheSame {
        /// One key.
        one: String,
        /// The other.
        other: String,
    },
    /// The key says nothing of the address.
    #[error("the key {fingerprint} does not name {address}; add the address to the key and publish it again")]
    NoSuchUserId {
        /// The key.
        fingerprint: String,
        /// The address.
        address: String,
    },
    /// The passphrase does not open the key.
    #[error("the passphrase does not open the key")]
    WrongPassphrase,
    /// The key is kept without a passphrase, or would be.
    #[error("a private key leaves only under a passphrase of at least {min} characters")]
    WeakPassphrase {
        /// The least number.
        min: usize,
    },
    /// A private key of a kind that is not used on the server.
    #[error(
        "private keys of {algorithm} are not taken: what opening mail with them costs in time can be told from outside; make a key of Ed25519 instead"
    )]
    PrivateKeyNotTaken {
        /// Its algorithm.
        algorithm: String,
    },
    /// No key that is there opens the message.
    #[error("the message is encrypted to other keys; the sender used an old key or another person's")]
    NotForUs,
    /// Packets that anybody could have changed.
    #[error(
        "the message is encrypted without protection of its integrity and may have been changed on the way; it is not opened. Ask the sender to use a present program"
    )]
    NoIntegrity,
    /// The message was changed, or does not open.
    #[error("the message was damaged or changed on the way; it is not opened. Ask the sender to send it again")]
    Altered,
    /// A part of the message is encrypted, and text around it is not.
    #[error(
        "only a part of the message is encrypted; it is not opened here, as what stands around it could carry it away. Save the part and open it by itself"
    )]
    PartlyEncrypted,
    /// Not encrypted at all.
    #[error("the message is not encrypted")]
    NotEncrypted,
    /// The address or value cannot be written.
    #[error("{what} {given:?} cannot be used: {reason}")]
    BadInput {
        /// What was given.
        what: &'static str,
        /// The value.
        given: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Something that should not fail did.
    #[error("{0}")]
    Failed(String),
}

impl PgpError {
    /// Keys and messages do not change by waiting.
    #[must_use]
    pub const fn outlook(&self) -> Outlook {
        Outlook::Permanent
    }

    pub(crate) fn malformed(what: &'static str, reason: &impl std::fmt::Display) -> Self {
        let mut reason = reason.to_string();
        reason.truncate(reason.floor_char_boundary(200));
        Self::Malformed { what, reason }
    }

    pub(crate) fn failed(error: &pgp::errors::Error) -> Self {
        let mut reason = error.to_string();
        reason.truncate(reason.floor_char_boundary(200));
        Self::Failed(reason)
    }
}
