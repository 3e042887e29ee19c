//! Content encrypted to certificates (RFC 5652 section 6, RFC 5083, RFC 5753).

mod agree;
mod read;
mod write;

pub(crate) use read::decrypt;
pub(crate) use write::encrypt;

use crate::content::Dialect;

/// How content is encrypted, as far as its reader has a say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recipe {
    /// AES-256-GCM (RFC 5083): alterations are noticed. Else AES-256-CBC, which every program reads.
    pub is_authenticated: bool,
    /// Keys padded by RSAES-OAEP with SHA-256 (RFC 8551 section 2.3), else by RSAES-PKCS1-v1_5, which every program reads.
    pub is_oaep: bool,
    /// For certificates of SM2, to which content is encrypted with SM4.
    pub dialect: Dialect,
}

impl Recipe {
    /// What programs of the last twenty years read.
    pub const COMPATIBLE: Self = Self { is_authenticated: false, is_oaep: false, dialect: Dialect::Cms };

    /// What protects best.
    pub const STRONG: Self = Self { is_authenticated: true, is_oaep: true, dialect: Dialect::Cms };
}
