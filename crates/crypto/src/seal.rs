//! Sealing of small values (database columns, wrapped keys) with AES-256-GCM-SIV.
//!
//! GCM-SIV (RFC 8452) because one key seals many values under random nonces: should a nonce ever repeat, it reveals
//! only whether two values are equal. The *context* binds a value to its place (table, column, row), so that a value
//! moved elsewhere does not open.

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use env::Entropy;
use zeroize::Zeroize;

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

/// A key that seals and opens values.
pub struct SealingKey(LessSafeKey);

impl SealingKey {
    /// A key from its bytes.
    #[must_use]
    #[allow(clippy::expect_used, reason = "the array has the length that the algorithm wants")]
    pub fn new(bytes: &[u8; KEY_BYTES]) -> Self {
        Self(LessSafeKey::new(UnboundKey::new(&AES_256_GCM_SIV, bytes).expect("a key of 32 bytes")))
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
            .0
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
        buffer.clear();
        buffer.extend_from_slice(body);
        let plain = self
            .0
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(context), buffer)
            .map_err(|_| SealError::Refused { what })?;
        Ok(plain)
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

/// Key bytes on their way into a [`SealingKey`], wiped afterwards.
pub(crate) struct KeyBytes(pub(crate) [u8; KEY_BYTES]);

impl KeyBytes {
    pub(crate) fn random(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; KEY_BYTES];
        entropy.fill(&mut bytes);
        Self(bytes)
    }

    pub(crate) fn from_slice(what: &'static str, mut slice: Vec<u8>) -> Result<Self, SealError> {
        let bytes = <[u8; KEY_BYTES]>::try_from(slice.as_slice()).map_err(|_| SealError::Malformed { what });
        slice.zeroize();
        Ok(Self(bytes?))
    }
}

impl Drop for KeyBytes {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
