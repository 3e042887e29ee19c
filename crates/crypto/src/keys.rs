//! The key hierarchy as types: a key of one kind can wrap only the kinds below it.

use std::marker::PhantomData;

use aws_lc_rs::hkdf;
use env::Entropy;

use crate::hash::HashKey;
use crate::seal::{KEY_BYTES, KeyBytes, SealError, SealingKey};

/// Form of a wrapped key: AES-256-GCM-SIV under the key above it.
const WRAPPED_FORM: u8 = 1;

/// A kind of key.
pub trait Kind {
    /// Name of the kind, bound into every wrapped key.
    const NAME: &'static str;
}

/// A kind of key that may wrap keys of kind `Below`.
pub trait Wraps<Below: Kind>: Kind {}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident $name:literal wraps [$($below:ident),*];)*) => {
        $($(#[$doc])* #[derive(Debug)] pub enum $kind {}
        impl Kind for $kind { const NAME: &'static str = $name; }
        $(impl Wraps<$below> for $kind {})*)*
    };
}

kinds! {
    /// Key of a region; rests in a file, an HSM or a KMS.
    Region "region" wraps [Organisation];
    /// Key of an organisation: queue envelopes, later partner graph and ledger.
    Organisation "organisation" wraps [Account, Message];
    /// Key of an account: its messages' keys, summaries, names and search index.
    Account "account" wraps [Message];
    /// Key of one message, used for that message alone.
    Message "message" wraps [];
}

/// A key of one kind, with the sub-keys derived from it (HKDF-SHA-256, RFC 5869).
pub struct Key<K: Kind> {
    bytes: KeyBytes,
    sealing: SealingKey,
    hashing: HashKey,
    kind: PhantomData<K>,
}

impl<K: Kind> Key<K> {
    /// A fresh random key.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        Self::from_key_bytes(KeyBytes::random(entropy))
    }

    /// The key whose bytes these are, as read from a key file.
    #[must_use]
    pub fn from_bytes(bytes: [u8; KEY_BYTES]) -> Self {
        Self::from_key_bytes(KeyBytes(bytes))
    }

    fn from_key_bytes(bytes: KeyBytes) -> Self {
        let sealing = SealingKey::new(&derive(&bytes, K::NAME, "seal").0);
        let hashing = HashKey::new(&derive(&bytes, K::NAME, "hash").0);
        Self { bytes, sealing, hashing, kind: PhantomData }
    }

    /// Seals values that belong to this key's owner.
    #[must_use]
    pub fn sealing(&self) -> &SealingKey {
        &self.sealing
    }

    /// Hashes values that belong to this key's owner.
    #[must_use]
    pub fn hashing(&self) -> &HashKey {
        &self.hashing
    }

    /// A further key of this key's owner for the use that `purpose` names.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> SealingKey {
        SealingKey::new(&derive(&self.bytes, K::NAME, purpose).0)
    }

    /// Wraps `below` for safe keeping in the database. `owner` is the identifier of the key's owner.
    #[must_use]
    pub fn wrap<B: Kind>(&self, entropy: &dyn Entropy, below: &Key<B>, owner: i64) -> Vec<u8>
    where
        K: Wraps<B>,
    {
        self.wrap_bytes::<B>(entropy, &below.bytes, owner)
    }

    /// Wraps a message's key for the owner of this key.
    #[must_use]
    pub fn wrap_message(&self, entropy: &dyn Entropy, message: &MessageKey, blob: i64) -> Vec<u8>
    where
        K: Wraps<Message>,
    {
        self.wrap_bytes::<Message>(entropy, &message.0, blob)
    }

    fn wrap_bytes<B: Kind>(&self, entropy: &dyn Entropy, bytes: &KeyBytes, owner: i64) -> Vec<u8> {
        let mut wrapped = vec![WRAPPED_FORM];
        wrapped.extend(self.sealing.seal(entropy, &wrap_context::<B>(owner), &bytes.0));
        wrapped
    }

    /// Opens what [`Self::wrap`] made.
    ///
    /// # Errors
    /// [`SealError`] if it was wrapped under another key, for another owner, or changed since.
    pub fn unwrap_key<B: Kind>(&self, wrapped: &[u8], owner: i64) -> Result<Key<B>, SealError>
    where
        K: Wraps<B>,
    {
        Ok(Key::from_key_bytes(self.unwrap_bytes::<B>(wrapped, owner)?))
    }

    /// Opens what [`Self::wrap_message`] made.
    ///
    /// # Errors
    /// [`SealError`] if it was wrapped under another key, for another blob, or changed since.
    pub fn unwrap_message(&self, wrapped: &[u8], blob: i64) -> Result<MessageKey, SealError>
    where
        K: Wraps<Message>,
    {
        Ok(MessageKey(self.unwrap_bytes::<Message>(wrapped, blob)?))
    }

    fn unwrap_bytes<B: Kind>(&self, wrapped: &[u8], owner: i64) -> Result<KeyBytes, SealError> {
        let Some((&WRAPPED_FORM, sealed)) = wrapped.split_first() else {
            return Err(SealError::Malformed { what: B::NAME });
        };
        let bytes = self.sealing.open(B::NAME, &wrap_context::<B>(owner), sealed)?;
        KeyBytes::from_slice(B::NAME, bytes)
    }

    /// The key's bytes, for writing it into a key file.
    pub(crate) fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.bytes.0
    }
}

/// Random key of one message. Used for that message's records alone, so that they may be numbered.
pub struct MessageKey(KeyBytes);

impl MessageKey {
    /// A fresh random key.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        Self(KeyBytes::random(entropy))
    }

    pub(crate) fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0.0
    }
}

fn wrap_context<B: Kind>(owner: i64) -> Vec<u8> {
    let mut context = b"key:".to_vec();
    context.extend_from_slice(B::NAME.as_bytes());
    context.extend_from_slice(&owner.to_le_bytes());
    context
}

#[allow(clippy::expect_used, reason = "HKDF refuses only outputs of more than 255 blocks")]
fn derive(key: &KeyBytes, kind: &str, purpose: &str) -> KeyBytes {
    let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"tradewind key hierarchy 1");
    let mut out = KeyBytes([0; KEY_BYTES]);
    salt.extract(&key.0)
        .expand(&[kind.as_bytes(), b"/", purpose.as_bytes()], hkdf::HKDF_SHA256)
        .and_then(|material| material.fill(&mut out.0))
        .expect("one block of output");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use env::SeededEntropy;

    #[test]
    fn a_wrapped_key_opens_only_under_its_parent_and_for_its_owner() {
        let entropy = SeededEntropy::new(1);
        let organisation = Key::<Organisation>::generate(&entropy);
        let account = Key::<Account>::generate(&entropy);
        let wrapped = organisation.wrap(&entropy, &account, 7);
        let again: Key<Account> = organisation.unwrap_key(&wrapped, 7).unwrap();
        assert_eq!(again.bytes(), account.bytes());
        assert!(organisation.unwrap_key::<Account>(&wrapped, 8).is_err());
        let other = Key::<Organisation>::generate(&entropy);
        assert!(other.unwrap_key::<Account>(&wrapped, 7).is_err());
        for index in 0..wrapped.len() {
            let mut changed = wrapped.clone();
            changed[index] ^= 1;
            assert!(organisation.unwrap_key::<Account>(&changed, 7).is_err(), "byte {index}");
        }
    }

    #[test]
    fn a_sealed_value_opens_only_in_its_place() {
        let entropy = SeededEntropy::new(2);
        let key = Key::<Account>::generate(&entropy);
        let sealed = key.sealing().seal(&entropy, b"message.summary:1", b"subject");
        assert_eq!(key.sealing().open("summary", b"message.summary:1", &sealed).unwrap(), b"subject");
        assert!(key.sealing().open("summary", b"message.summary:2", &sealed).is_err());
        assert!(key.derive("search").open("summary", b"message.summary:1", &sealed).is_err());
    }
}
