use serde::{Deserialize, Serialize};

use crate::PortalError;
use crate::sealed::octets;

/// Argon2id for less than this is refused: a password would be guessed too cheaply.
const MEMORY_KIB_MIN: u32 = 19_456;

/// A partner's telephone has to manage it.
const MEMORY_KIB_MAX: u32 = 1 << 20;

const PASSES_MAX: u32 = 16;
const LANES_MAX: u32 = 4;

/// What a partner opens a delivery with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LockKind {
    /// A password that both know.
    Password,
    /// A secret in the fragment of the link.
    Link,
}

/// How the key and the proof are derived; public.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// From what.
    pub kind: LockKind,
    /// Salt, 16 octets in base64url.
    pub salt: String,
    /// Memory of Argon2id in KiB; 0 for a link.
    pub memory_kib: u32,
    /// Passes of Argon2id; 0 for a link.
    pub passes: u32,
    /// Lanes of Argon2id; 0 for a link.
    pub lanes: u32,
}

impl Lock {
    pub(crate) fn check(&self) -> Result<(), PortalError> {
        octets("salt", &self.salt, (16, 16))?;
        let figures = (self.memory_kib, self.passes, self.lanes);
        let fits = match self.kind {
            LockKind::Link => figures == (0, 0, 0),
            LockKind::Password => {
                (MEMORY_KIB_MIN..=MEMORY_KIB_MAX).contains(&self.memory_kib)
                    && (1..=PASSES_MAX).contains(&self.passes)
                    && (1..=LANES_MAX).contains(&self.lanes)
            }
        };
        if fits {
            return Ok(());
        }
        let why = format!(
            "must have {MEMORY_KIB_MIN} to {MEMORY_KIB_MAX} KiB, 1 to {PASSES_MAX} passes and 1 to {LANES_MAX} lanes for a \
             password, and zeros for a link"
        );
        Err(PortalError::Invalid { name: "lock", why })
    }
}
