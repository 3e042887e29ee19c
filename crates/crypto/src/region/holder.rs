//! What holds the key that wraps the region key.

use std::fmt;
use std::str::FromStr;

use zeroize::Zeroizing;

/// What holds the region key, as its file names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeldBy {
    /// The file itself, in clear.
    File,
    /// A key on a token that is spoken to by PKCS#11.
    Token {
        /// Label of the token.
        token: String,
        /// Label of the key on it.
        key: String,
    },
    /// A program that wraps and unwraps, as by a service of keys (KMS).
    Program,
}

impl fmt::Display for HeldBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => f.write_str("file"),
            Self::Token { token, key } => write!(f, "pkcs11 {token}/{key}"),
            Self::Program => f.write_str("program"),
        }
    }
}

impl FromStr for HeldBy {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "file" => Ok(Self::File),
            "program" => Ok(Self::Program),
            _ => {
                let (token, key) = text.strip_prefix("pkcs11 ").and_then(|named| named.split_once('/')).ok_or(())?;
                Ok(Self::Token { token: token.to_owned(), key: key.to_owned() })
            }
        }
    }
}

/// A holder that did not answer as it should.
#[derive(Debug, thiserror::Error)]
#[error("{holder} cannot {doing} the region key: {why}")]
pub struct HolderError {
    /// Which holder.
    pub holder: String,
    /// "wrap" or "unwrap".
    pub doing: &'static str,
    /// What it said, and what to do.
    pub why: String,
}

/// Wraps and unwraps the region key without giving its own key away.
pub trait Holder {
    /// Wraps.
    ///
    /// # Errors
    /// [`HolderError`] if the holder cannot be reached or refuses.
    fn wrap(&self, plain: &[u8]) -> Result<Vec<u8>, HolderError>;

    /// Opens what [`Self::wrap`] made.
    ///
    /// # Errors
    /// [`HolderError`] if the holder cannot be reached, refuses, or has another key.
    fn unwrap(&self, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, HolderError>;
}

/// Finds the holder that a key file names.
pub trait Holders {
    /// The holder. Is not asked for [`HeldBy::File`].
    ///
    /// # Errors
    /// [`HolderError`] if it is not set up.
    fn holder(&self, held_by: &HeldBy) -> Result<Box<dyn Holder>, HolderError>;
}

/// No holder but the file itself.
#[derive(Debug, Clone, Copy)]
pub struct NoHolders;

impl Holders for NoHolders {
    fn holder(&self, held_by: &HeldBy) -> Result<Box<dyn Holder>, HolderError> {
        let why = "it is not set up here; see the settings under [keys]".to_owned();
        Err(HolderError { holder: held_by.to_string(), doing: "unwrap", why })
    }
}
