//! Signatures over content (RFC 5652 section 5, RFC 8551 section 2).

mod read;
mod write;

pub(crate) use read::Signed;
pub(crate) use write::sign;

use env::Timestamp;

use crate::{Certificate, Fault};

/// One signature, and what there is to say of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Certificate of the signer, if it was sent along.
    pub certificate: Option<Certificate>,
    /// Certificates of authorities that were sent along.
    pub others: Vec<Certificate>,
    /// Why it does not hold; `None` if it does.
    pub fault: Option<Fault>,
    /// Name of the digest.
    pub digest: &'static str,
    /// When the signer says to have signed.
    pub signed_at: Option<Timestamp>,
    /// What the signer says to be able to read.
    pub capabilities: Capabilities,
}

impl Signature {
    /// Whether the content is what was signed, and somebody who is trusted vouches for the signer.
    #[must_use]
    pub const fn holds(&self) -> bool {
        self.fault.is_none()
    }
}

/// What a program says to be able to read (RFC 8551 section 2.5.2), as far as it matters for what is written to it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// Authenticated encryption by AES-GCM with keys of 256 bits.
    pub aes_256_gcm: bool,
    /// AES-CBC with keys of 256 bits.
    pub aes_256_cbc: bool,
    /// Keys padded by RSAES-OAEP.
    pub oaep: bool,
}
