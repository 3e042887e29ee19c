//! Sealing of small values (database columns, wrapped keys) with AES-256-GCM-SIV, or with SM4-GCM where Chinese commercial cryptography is wanted.
//!
//! GCM-SIV (RFC 8452) because one key seals many values under random nonces: should a nonce ever repeat, it reveals
//! only whether two values are equal. SM4 is standardised with GCM alone (RFC 8998), where a repeated nonce reveals more: there the nonce is a
//! MAC of fresh randomness together with place and value, so that it repeats only with all three. The *context* binds a value to its place (table, column, row), so that a value
//! moved elsewhere does not open.

use std::sync::OnceLock;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use env::Entropy;
use gm::sm3::HmacKey;
use gm::sm4;
use gm::sm4::gcm::Sm4Gcm;
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

/// The ciphers under which what rests is sealed. Each opens what the other sealed, as long as the key is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Suite {
    /// AES-256-GCM-SIV (RFC 8452) for values, AES-256-GCM for messages, keys derived with SHA-256.
    #[default]
    Aes,
    /// SM4-GCM (RFC 8998 section 2.1.1), keys derived with SM3.
    Sm4,
}

impl Suite {
    /// All that there are.
    pub const ALL: [Self; 2] = [Self::Aes, Self::Sm4];

    /// Its name in settings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aes => "aes-256-gcm-siv",
            Self::Sm4 => "sm4-gcm",
        }
    }
}

/// A key that seals values, and opens them; those, too, that were sealed by its earlier generations or under the other suite.
pub struct SealingKey {
    current: Cipher,
    /// Others that may have sealed a value, the likeliest first.
    others: Vec<Other>,
}

enum Cipher {
    Aes(Box<LessSafeKey>),
    Sm4(Box<Sm4Cipher>),
}

struct Sm4Cipher {
    gcm: Sm4Gcm,
    /// Makes nonces of randomness and value.
    nonces: HmacKey,
}

/// A cipher that is made when something is there that it may open.
struct Other {
    make: Box<dyn Fn() -> (Suite, KeyBytes) + Send + Sync>,
    made: OnceLock<Cipher>,
}

impl SealingKey {
    /// A key of [`Suite::Aes`] from its bytes.
    #[must_use]
    pub fn new(bytes: &[u8; KEY_BYTES]) -> Self {
        Self::of(Suite::Aes, bytes)
    }

    /// A key from its bytes.
    #[must_use]
    pub fn of(suite: Suite, bytes: &[u8; KEY_BYTES]) -> Self {
        Self { current: Cipher::new(suite, bytes), others: Vec::new() }
    }

    /// Has this key open what one with the bytes that `make` gives sealed, too. It does not seal with them.
    #[must_use]
    pub(crate) fn also_opening(mut self, make: impl Fn() -> (Suite, KeyBytes) + Send + Sync + 'static) -> Self {
        self.others.push(Other { make: Box::new(make), made: OnceLock::new() });
        self
    }

    /// Seals `plain` for the place that `context` names. The result is [`OVERHEAD_BYTES`] longer.
    #[must_use]
    pub fn seal(&self, entropy: &dyn Entropy, context: &[u8], plain: &[u8]) -> Vec<u8> {
        let mut nonce = [0; NONCE_BYTES];
        entropy.fill(&mut nonce);
        if let Cipher::Sm4(cipher) = &self.current {
            nonce = cipher.nonce(&nonce, context, plain);
        }
        let mut sealed = Vec::with_capacity(plain.len() + OVERHEAD_BYTES);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let tag = self.current.seal_in_place(nonce, context, sealed.get_mut(NONCE_BYTES..).unwrap_or_default());
        sealed.extend_from_slice(&tag);
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
        for cipher in std::iter::once(&self.current).chain(self.others.iter().map(Other::cipher)) {
            // Opening in place wipes what does not open, so each one begins anew.
            buffer.clear();
            buffer.extend_from_slice(body);
            if let Some(length) = cipher.open_in_place(*nonce, context, buffer) {
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

impl Other {
    fn cipher(&self) -> &Cipher {
        self.made.get_or_init(|| {
            let (suite, bytes) = (self.make)();
            Cipher::new(suite, &bytes.0)
        })
    }
}

impl Cipher {
    #[allow(clippy::expect_used, reason = "the array has the length that the algorithm wants")]
    fn new(suite: Suite, bytes: &[u8; KEY_BYTES]) -> Self {
        match suite {
            Suite::Aes => {
                let key = UnboundKey::new(&AES_256_GCM_SIV, bytes).expect("a key of 32 bytes");
                Self::Aes(Box::new(LessSafeKey::new(key)))
            }
            Suite::Sm4 => {
                let (key, nonces) = bytes.split_first_chunk::<{ sm4::KEY_BYTES }>().expect("32 are more than 16");
                Self::Sm4(Box::new(Sm4Cipher { gcm: Sm4Gcm::new(key), nonces: HmacKey::new(nonces) }))
            }
        }
    }

    #[allow(clippy::expect_used, reason = "the algorithms refuse only values of more than 64 GiB")]
    fn seal_in_place(&self, nonce: [u8; NONCE_BYTES], context: &[u8], text: &mut [u8]) -> [u8; TAG_BYTES] {
        match self {
            Self::Aes(key) => {
                let sealed =
                    key.seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context), text);
                let tag = sealed.expect("the value is short enough to seal");
                *tag.as_ref().first_chunk().expect("a tag has 16 bytes")
            }
            Self::Sm4(cipher) => cipher.gcm.seal(&nonce, context, text).expect("the value is short enough to seal"),
        }
    }

    /// Opens text and tag in `buffer`; gives the length of the text, none if it is not of this key.
    fn open_in_place(&self, nonce: [u8; NONCE_BYTES], context: &[u8], buffer: &mut [u8]) -> Option<usize> {
        match self {
            Self::Aes(key) => {
                let opened = key.open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(context), buffer);
                opened.ok().map(|plain| plain.len())
            }
            Self::Sm4(cipher) => {
                let (text, tag) = buffer.split_last_chunk_mut::<TAG_BYTES>()?;
                cipher.gcm.open(&nonce, context, text, tag).ok()?;
                Some(text.len())
            }
        }
    }
}

impl Sm4Cipher {
    fn nonce(&self, random: &[u8; NONCE_BYTES], context: &[u8], plain: &[u8]) -> [u8; NONCE_BYTES] {
        let context_bytes = (context.len() as u64).to_le_bytes();
        let mac = self.nonces.sign([&random[..], &context_bytes, context, plain]);
        let mut nonce = [0; NONCE_BYTES];
        nonce.iter_mut().zip(mac).for_each(|(to, from)| *to = from);
        nonce
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
