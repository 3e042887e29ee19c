//! Sealing of small values (database columns, wrapped keys) with AES-256-GCM-SIV.
//!
//! GCM-SIV (RFC 8452) because one key seals many values under random nonces: should a nonce ever repeat, it reveals
//! only whether two values are equal. The *context* binds a value to its place (table, column, row), so that a value
//! moved elsewhere does not open.

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use env::Entropy;
use zeroize::{Zeroize, Zeroizing};

/// Length of every symmetric key.
pub const KEY_BYTES: usize = 32;

/// What sealing adds to the length of a value: nonce and tag.
pub const OVERHEAD_BYTES: usize = NONCE_BYTES + TAG_BYTES;

const NONCE_BYTES: usize = 12;
const TAG_BYTES: usize = 16;

/// A sealed value that does not open: wrong key, wrong place, or changed bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The bytes are too short or of an unknown form.
    #[error("sealed {what} is malformed")]
    Malformed {
        /// Kind of value.
        what: &'static str,
    },
    /// Authentication failed.
    #[error("sealed {what} does not open under this key: it was changed, moved, or belongs to another key")]
    Refused {
        /// Kind of value.
        what: &'static str,
    },
}

/// A key that seals values, and opens them; those, too, that were sealed by its earlier generations.
pub struct SealingKey {
    current: LessSafeKey,
    /// Other generations that may have sealed a value, the newest first.
    others: Vec<LessSafeKey>,
}

impl SealingKey {
    /// A key from its bytes.
    #[must_use]
    pub fn new(bytes: &[u8; KEY_BYTES]) -> Self {
        Self { current: cipher(bytes), others: Vec::new() }
    }

    /// Has this key open what one with `bytes` sealed, too. It does not seal with them.
    #[must_use]
    pub fn also_opening(mut self, bytes: &[u8; KEY_BYTES]) -> Self {
        self.others.push(cipher(bytes));
        self
    }

    /// Seals `plain` for the place that `context` names. The result is [`OVERHEAD_BYTES`] longer.
    #[must_use]
    #[allow(clippy::expect_used, reason = "the algorithm refuses only values of more than 64 GiB")]
    pub fn seal(&self, entropy: &dyn Entropy, context: &[u8], plain: &[u8]) -> Vec<u8> {
        let mut nonce = [0; NONCE_BYTES];
        entropy.fill(&mut nonce);
        let mut sealed = Vec::with_capacity(plain.len() + OVERHEAD_BYTES);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let tag = self
            .current
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(context),
                sealed.get_mut(NONCE_BYTES..).unwrap_or_default(),
            )
            .expect("the value is short enough to seal");
        sealed.extend_from_slice(tag.as_ref());
        sealed
    }

    /// Opens what [`Self::seal`] made with the same context, reusing `buffer` for the plain value.
    ///
    /// # Errors
    /// [`SealError`] if it is not a value sealed under this key for this place.
    pub fn open_into<'b>(
        &self,
        what: &'static str,
        context: &[u8],
        sealed: &[u8],
        buffer: &'b mut Vec<u8>,
    ) -> Result<&'b [u8], SealError> {
        let (nonce, body) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or(SealError::Malformed { what })?;
        for cipher in std::iter::once(&self.current).chain(&self.others) {
            // Opening in place wipes what does not open, so each generation begins anew.
            buffer.clear();
            buffer.extend_from_slice(body);
            let opened = cipher.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(context), buffer);
            if let Ok(length) = opened.map(|plain| plain.len()) {
                return Ok(buffer.get(..length).unwrap_or_default());
            }
        }
        Err(SealError::Refused { what })
    }

    /// Opens what [`Self::seal`] made with the same context.
    ///
    /// # Errors
    /// [`SealError`] if it is not a value sealed under this key for this place.
    pub fn open(&self, what: &'static str, context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut buffer = Vec::new();
        let length = self.open_into(what, context, sealed, &mut buffer)?.len();
        buffer.truncate(length);
        Ok(buffer)
    }
}

#[allow(clippy::expect_used, reason = "the array has the length that the algorithm wants")]
fn cipher(bytes: &[u8; KEY_BYTES]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM_SIV, bytes).expect("a key of 32 bytes"))
}

/// Key bytes on their way into a [`SealingKey`], wiped afterwards.
pub(crate) struct KeyBytes(pub(crate) [u8; KEY_BYTES]);

impl KeyBytes {
    pub(crate) fn random(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; KEY_BYTES];
        entropy.fill(&mut bytes);
        Self(bytes)
    }

    /// Bytes of one key for each [`KEY_BYTES`] of the slice, which must be a whole number of them.
    pub(crate) fn several(what: &'static str, slice: Zeroizing<Vec<u8>>) -> Result<Vec<Self>, SealError> {
        let (keys, rest) = slice.as_chunks::<KEY_BYTES>();
        if keys.is_empty() || !rest.is_empty() {
            return Err(SealError::Malformed { what });
        }
        Ok(keys.iter().map(|bytes| Self(*bytes)).collect())
    }
}

impl Drop for KeyBytes {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
