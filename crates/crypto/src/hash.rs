//! Keyed hashes: a value can be looked up without the database showing it.

use aws_lc_rs::hmac;

use crate::seal::KEY_BYTES;

/// A key for hashes that nobody without it can compute or compare.
pub struct HashKey(hmac::Key);

impl HashKey {
    /// A key from its bytes.
    #[must_use]
    pub fn new(bytes: &[u8; KEY_BYTES]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// 256-bit hash of `value` (HMAC-SHA-256).
    #[must_use]
    pub fn hash(&self, value: &[u8]) -> [u8; 32] {
        let mut out = [0; 32];
        for (to, from) in out.iter_mut().zip(hmac::sign(&self.0, value).as_ref()) {
            *to = *from;
        }
        out
    }

    /// The first 64 bits of [`Self::hash`], as a number that a database column takes.
    #[must_use]
    pub fn hash_i64(&self, value: &[u8]) -> i64 {
        let mut first = [0; 8];
        for (to, from) in first.iter_mut().zip(self.hash(value)) {
            *to = from;
        }
        i64::from_le_bytes(first)
    }
}

/// SHA-256 of `bytes`.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    for (to, from) in out.iter_mut().zip(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes).as_ref()) {
        *to = *from;
    }
    out
}

/// SHA-256 of what comes piece by piece.
pub struct Running(aws_lc_rs::digest::Context);

impl Running {
    /// Of nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self(aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256))
    }

    /// Takes the next piece.
    pub fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The hash of all pieces.
    #[must_use]
    pub fn finish(self) -> [u8; 32] {
        let mut out = [0; 32];
        for (to, from) in out.iter_mut().zip(self.0.finish().as_ref()) {
            *to = *from;
        }
        out
    }
}

impl Default for Running {
    fn default() -> Self {
        Self::new()
    }
}

/// SHA-256 of `parts`, each with its length before it, so that no two lists of parts are hashed alike.
#[must_use]
pub fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_le_bytes());
        context.update(part);
    }
    let mut out = [0; 32];
    for (to, from) in out.iter_mut().zip(context.finish().as_ref()) {
        *to = *from;
    }
    out
}
