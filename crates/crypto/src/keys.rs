//! The key hierarchy as types: a key of one kind can wrap only the kinds below it.

use std::marker::PhantomData;

use aws_lc_rs::hkdf;
use env::{Entropy, Timestamp};
use zeroize::Zeroizing;

use crate::hash::HashKey;
use crate::seal::{KEY_BYTES, KeyBytes, SealError, SealingKey};

/// Form of a wrapped key: its generations under AES-256-GCM-SIV and the key above it.
const WRAPPED_FORM: u8 = 1;

/// The same, with the time before them from which the newest is in force.
const ANNOUNCED_FORM: u8 = 2;

const FROM_BYTES: usize = size_of::<i64>();

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
///
/// A key may have several *generations*: rotation adds one. Values are sealed under the newest that is in force and open
/// under any, so that nothing needs to be encrypted anew; hashes are made by the first, as they are looked up by.
pub struct Key<K: Kind> {
    /// The oldest first.
    generations: Vec<KeyBytes>,
    /// When the newest comes into force, if that was still to come when the key was opened.
    announced: Option<Timestamp>,
    sealing: SealingKey,
    hashing: HashKey,
    kind: PhantomData<K>,
}

/// Generations that a key may have. A key that has had so many is to be replaced as a whole.
pub const GENERATIONS_MAX: usize = 64;

/// A key that has had all the generations that it may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "this key has had {GENERATIONS_MAX} generations, which is the limit; move its mail to a new account or organisation"
)]
pub struct TooManyGenerations;

impl<K: Kind> Key<K> {
    /// A fresh random key.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        Self::from_generations(vec![KeyBytes::random(entropy)], None)
    }

    /// The key whose bytes these are, as read from a key file.
    #[must_use]
    pub fn from_bytes(bytes: [u8; KEY_BYTES]) -> Self {
        Self::from_generations(vec![KeyBytes(bytes)], None)
    }

    /// `generations` has at least one.
    pub(crate) fn from_generations(generations: Vec<KeyBytes>, announced: Option<Timestamp>) -> Self {
        let sealing = sealing::<K>(&generations, announced.is_some(), "seal");
        let first = generations.first().map_or([0; KEY_BYTES], |bytes| derive(bytes, K::NAME, "hash").0);
        let hashing = HashKey::new(&first);
        Self { generations, announced, sealing, hashing, kind: PhantomData }
    }

    /// This key with one generation more, which comes into force at `from` : time enough for every node to
    /// have read it before another seals with it.
    ///
    /// # Errors
    /// [`TooManyGenerations`] at the limit.
    pub fn rotated(&self, entropy: &dyn Entropy, from: Timestamp) -> Result<Self, TooManyGenerations> {
        if self.generations.len() >= GENERATIONS_MAX {
            return Err(TooManyGenerations);
        }
        let mut generations: Vec<_> = self.generations.iter().map(|bytes| KeyBytes(bytes.0)).collect();
        generations.push(KeyBytes::random(entropy));
        Ok(Self::from_generations(generations, Some(from)))
    }

    /// How many generations it has.
    #[must_use]
    pub fn generations(&self) -> usize {
        self.generations.len()
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
        sealing::<K>(&self.generations, self.announced.is_some(), purpose)
    }

    /// Wraps `below` for safe keeping in the database. `owner` is the identifier of the key's owner.
    #[must_use]
    pub fn wrap<B: Kind>(&self, entropy: &dyn Entropy, below: &Key<B>, owner: i64) -> Vec<u8>
    where
        K: Wraps<B>,
    {
        let mut bytes = Zeroizing::new(Vec::with_capacity(FROM_BYTES + below.generations.len() * KEY_BYTES));
        for generation in &below.generations {
            bytes.extend_from_slice(&generation.0);
        }
        match below.announced {
            None => self.wrap_bytes::<B>(entropy, WRAPPED_FORM, &bytes, owner),
            Some(from) => {
                bytes.splice(..0, from.millis().to_le_bytes());
                self.wrap_bytes::<B>(entropy, ANNOUNCED_FORM, &bytes, owner)
            }
        }
    }

    /// Wraps a message's key for the owner of this key.
    #[must_use]
    pub fn wrap_message(&self, entropy: &dyn Entropy, message: &MessageKey, blob: i64) -> Vec<u8>
    where
        K: Wraps<Message>,
    {
        self.wrap_bytes::<Message>(entropy, WRAPPED_FORM, &message.0.0, blob)
    }

    fn wrap_bytes<B: Kind>(&self, entropy: &dyn Entropy, form: u8, bytes: &[u8], owner: i64) -> Vec<u8> {
        let mut wrapped = vec![form];
        wrapped.extend(self.sealing.seal(entropy, &wrap_context::<B>(form, owner), bytes));
        wrapped
    }

    /// Opens what [`Self::wrap`] made, as it is in force at `now`.
    ///
    /// # Errors
    /// [`SealError`] if it was wrapped under another key, for another owner, or changed since.
    pub fn unwrap_key<B: Kind>(&self, wrapped: &[u8], owner: i64, now: Timestamp) -> Result<Key<B>, SealError>
    where
        K: Wraps<B>,
    {
        let (form, mut bytes) = self.unwrap_bytes::<B>(wrapped, owner)?;
        let mut announced = None;
        if form == ANNOUNCED_FORM {
            let from = bytes.first_chunk::<FROM_BYTES>().ok_or(SealError::Malformed { what: B::NAME })?;
            announced = Some(Timestamp::from_millis(i64::from_le_bytes(*from))).filter(|from| *from > now);
            bytes.drain(..FROM_BYTES);
        }
        Ok(Key::from_generations(KeyBytes::several(B::NAME, bytes)?, announced))
    }

    /// Opens what [`Self::wrap_message`] made.
    ///
    /// # Errors
    /// [`SealError`] if it was wrapped under another key, for another blob, or changed since.
    pub fn unwrap_message(&self, wrapped: &[u8], blob: i64) -> Result<MessageKey, SealError>
    where
        K: Wraps<Message>,
    {
        let (_, bytes) = self.unwrap_bytes::<Message>(wrapped, blob)?;
        let bytes = <[u8; KEY_BYTES]>::try_from(bytes.as_slice());
        Ok(MessageKey(KeyBytes(bytes.map_err(|_| SealError::Malformed { what: Message::NAME })?)))
    }

    fn unwrap_bytes<B: Kind>(&self, wrapped: &[u8], owner: i64) -> Result<(u8, Zeroizing<Vec<u8>>), SealError> {
        let Some((&form @ (WRAPPED_FORM | ANNOUNCED_FORM), sealed)) = wrapped.split_first() else {
            return Err(SealError::Malformed { what: B::NAME });
        };
        Ok((form, Zeroizing::new(self.sealing.open(B::NAME, &wrap_context::<B>(form, owner), sealed)?)))
    }

    /// A hash that names the key as a whole, for people to compare.
    pub(crate) fn derive_hash(&self, purpose: &str) -> [u8; 32] {
        let newest = self.generations.last().map_or([0; KEY_BYTES], |bytes| derive(bytes, K::NAME, purpose).0);
        HashKey::new(&newest).hash(purpose.as_bytes())
    }

    /// The bytes of each generation, the oldest first, for writing them into a key file.
    pub(crate) fn bytes(&self) -> impl Iterator<Item = &[u8; KEY_BYTES]> {
        self.generations.iter().map(|bytes| &bytes.0)
    }
}

/// Seals with the newest generation in force, opens with all.
fn sealing<K: Kind>(generations: &[KeyBytes], newest_waits: bool, purpose: &str) -> SealingKey {
    let mut newest_first: Vec<_> = generations.iter().rev().collect();
    if newest_waits && newest_first.len() > 1 {
        newest_first.swap(0, 1);
    }
    let mut derived = newest_first.into_iter().map(|bytes| derive(bytes, K::NAME, purpose));
    let current = derived.next().unwrap_or(KeyBytes([0; KEY_BYTES]));
    derived.fold(SealingKey::new(&current.0), |key, other| key.also_opening(&other.0))
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

fn wrap_context<B: Kind>(form: u8, owner: i64) -> Vec<u8> {
    let mut context = if form == WRAPPED_FORM { b"key:".to_vec() } else { b"key, announced:".to_vec() };
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

    const NOW: Timestamp = Timestamp::from_seconds(1);

    #[test]
    fn a_wrapped_key_opens_only_under_its_parent_and_for_its_owner() {
        let entropy = SeededEntropy::new(1);
        let organisation = Key::<Organisation>::generate(&entropy);
        let account = Key::<Account>::generate(&entropy);
        let wrapped = organisation.wrap(&entropy, &account, 7);
        let again: Key<Account> = organisation.unwrap_key(&wrapped, 7, NOW).unwrap();
        assert!(again.bytes().eq(account.bytes()));
        assert!(organisation.unwrap_key::<Account>(&wrapped, 8, NOW).is_err());
        let other = Key::<Organisation>::generate(&entropy);
        assert!(other.unwrap_key::<Account>(&wrapped, 7, NOW).is_err());
        for index in 0..wrapped.len() {
            let mut changed = wrapped.clone();
            changed[index] ^= 1;
            assert!(organisation.unwrap_key::<Account>(&changed, 7, NOW).is_err(), "byte {index}");
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

    #[test]
    fn a_new_generation_opens_at_once_and_seals_from_its_time() {
        let entropy = SeededEntropy::new(3);
        let organisation = Key::<Organisation>::generate(&entropy);
        let first = Key::<Account>::generate(&entropy);
        let old = first.sealing().seal(&entropy, b"place", b"old");
        let wrapped = organisation.wrap(&entropy, &first.rotated(&entropy, NOW).unwrap(), 7);
        let before: Key<Account> = organisation.unwrap_key(&wrapped, 7, Timestamp::from_millis(999)).unwrap();
        let after: Key<Account> = organisation.unwrap_key(&wrapped, 7, NOW).unwrap();
        let still = before.sealing().seal(&entropy, b"place", b"still");
        assert_eq!(first.sealing().open("value", b"place", &still).unwrap(), b"still", "the new one waits");
        let new = after.sealing().seal(&entropy, b"place", b"new");
        assert!(first.sealing().open("value", b"place", &new).is_err(), "the old generation knows nothing of the new");
        for (sealed, plain) in [(&old, &b"old"[..]), (&still, b"still"), (&new, b"new")] {
            assert_eq!(before.sealing().open("value", b"place", sealed).unwrap(), plain, "who waits opens all");
            assert_eq!(after.sealing().open("value", b"place", sealed).unwrap(), plain);
        }
        assert_eq!(after.hashing().hash(b"x"), first.hashing().hash(b"x"), "hashes are looked up by");
        let settled = organisation.wrap(&entropy, &after, 7);
        assert_eq!(settled.first(), Some(&WRAPPED_FORM), "what is in force needs no time");
        let mut renamed = wrapped.clone();
        *renamed.first_mut().unwrap() = WRAPPED_FORM;
        assert!(organisation.unwrap_key::<Account>(&renamed, 7, NOW).is_err(), "the form is bound into the wrapping");
    }

    #[test]
    fn generations_end() {
        let entropy = SeededEntropy::new(4);
        let mut key = Key::<Account>::generate(&entropy);
        for _ in 1..GENERATIONS_MAX {
            key = key.rotated(&entropy, NOW).unwrap();
        }
        assert_eq!(key.rotated(&entropy, NOW).err(), Some(TooManyGenerations));
    }
}
