//! Chinese commercial cryptography: SM2 (GB/T 32918), SM3 (GB/T 32905), SM4 (GB/T 32907), certificates signed with them
//! (GM/T 0015), and the cipher suite of TLS 1.3 made of them (RFC 8998).
//!
//! - [`sm2`]: keys, signatures with an identifier, public-key encryption, key agreement.
//! - [`sm3`]: hash, HMAC, HKDF.
//! - [`sm4`]: the block cipher in constant time, GCM, CBC.
//! - [`x509`]: certificates and chains, read, judged and issued.
//! - [`tls`]: the suite, group and signature scheme as rustls wants them.
//!
//! Knows nothing of sockets, files or accounts. Randomness comes in as [`env::Entropy`], time as [`env::Timestamp`].

pub mod sm2;
pub mod sm3;
pub mod sm4;
pub mod tls;

pub mod x509;

mod der;
#[cfg(test)]
mod testing;

use env::Outlook;

/// A key, signature or ciphertext that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GmError {
    /// No SM2 key can be read from these bytes.
    #[error("this is no SM2 {0}; convert it with: openssl pkey -in FILE (a key on the curve SM2, without pass phrase)")]
    Key(&'static str),
    /// The signature was not made over this message, with this identifier, by this key.
    #[error("the SM2 signature does not verify")]
    Signature,
    /// The ciphertext was altered, or it is for another key.
    #[error("the message cannot be decrypted: it was altered, or it is for another key")]
    Decryption,
    /// There is nothing to encrypt, or more than the form can carry.
    #[error("nothing can be encrypted this way: {0}")]
    Encryption(&'static str),
}

impl GmError {
    /// Trying again never helps: the same bytes stay as they are.
    #[must_use]
    pub fn outlook(&self) -> Outlook {
        Outlook::Permanent
    }
}
