//! The key hierarchy as types: a key of one kind can wrap only the kinds below it.

use std::marker::PhantomData;
use std::sync::Arc;

use aws_lc_rs::hkdf;
use env::{Entropy, Timestamp};
use gm::sm3;
use zeroize::Zeroizing;

use crate::hash::HashKey;
use crate::seal::{KEY_BYTES, KeyBytes, SealError, SealingKey, Suite};

/// Form of a wrapped key: its generations under AES-256-GCM-SIV and the key above it.
const WRAPPED_FORM: u8 = 1;

/// The same, with the time before them from which the newest is in force.
const ANNOUNCED_FORM: u8 = 2;

/// Salt of all derived keys.
const HIERARCHY: &[u8] = b"tradewind key hierarchy 1";

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

/// A key of one kind, with the sub-keys derived from it (HKDF, RFC 5869, with the hash of the suite).
///
/// A key may have several *generations*: rotation adds one. Values are sealed under the newest that is in force and open
/// under any, so that nothing needs to be encrypted anew; hashes are made by the first, as they are looked up by.
pub struct Key<K: Kind> {
    /// The oldest first.
    generations: Vec<KeyBytes>,
    /// When the newest comes into force, if that was still to come when the key was opened.
    announced: Option<Timestamp>,
    /// What it seals with. The keys that it unwraps seal with the same.
    suite: Suite,
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
        let suite = Suite::default();
        let sealing = sealing::<K>(&generations, announced.is_some(), suite, "seal");
        let first = generations.first().map_or([0; KEY_BYTES], |bytes| derive(bytes, Suite::Aes, K::NAME, "hash").0);
        let hashing = HashKey::new(&first);
        Self { generations, announced, suite, sealing, hashing, kind: PhantomData }
    }

    /// The same key, which seals under `suite` from now on, as do the keys that it unwraps. It opens as before.
    #[must_use]
    pub fn sealing_under(mut self, suite: Suite) -> Self {
        if suite != self.suite {
            self.suite = suite;
            self.sealing = sealing::<K>(&self.generations, self.announced.is_some(), suite, "seal");
        }
        self
    }

    /// What it seals under.
    #[must_use]
    pub const fn suite(&self) -> Suite {
        self.suite
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
        Ok(Self::from_generations(generations, Some(from)).sealing_under(self.suite))
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
        sealing::<K>(&self.generations, self.announced.is_some(), self.suite, purpose)
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
        Ok(Key::from_generations(KeyBytes::several(B::NAME, bytes)?, announced).sealing_under(self.suite))
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

    /// Eight hexadecimal digits by which people tell whether two keys are the same. They say nothing of the key itself.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let hash = self.derive_hash("fingerprint");
        hash.iter().take(4).fold(String::new(), |text, octet| format!("{text}{octet:02x}"))
    }

    /// A hash that names the key as a whole, for people to compare.
    pub(crate) fn derive_hash(&self, purpose: &str) -> [u8; 32] {
        let newest =
            self.generations.last().map_or([0; KEY_BYTES], |bytes| derive(bytes, Suite::Aes, K::NAME, purpose).0);
        HashKey::new(&newest).hash(purpose.as_bytes())
    }

    /// The bytes of each generation, the oldest first, for writing them into a key file.
    pub(crate) fn bytes(&self) -> impl Iterator<Item = &[u8; KEY_BYTES]> {
        self.generations.iter().map(|bytes| &bytes.0)
    }
}

/// Seals with the newest generation in force under `suite`, opens with all under either.
fn sealing<K: Kind>(generations: &[KeyBytes], newest_waits: bool, suite: Suite, purpose: &str) -> SealingKey {
    let mut newest_first: Vec<_> = generations.iter().rev().collect();
    if newest_waits && newest_first.len() > 1 {
        newest_first.swap(0, 1);
    }
    let current = newest_first.first().map_or(KeyBytes([0; KEY_BYTES]), |bytes| derive(bytes, suite, K::NAME, purpose));
    let purpose: Arc<str> = purpose.into();
    let mut key = SealingKey::of(suite, &current.0);
    for (number, generation) in newest_first.into_iter().enumerate() {
        for other in Suite::ALL.into_iter().filter(|other| number > 0 || *other != suite) {
            let (bytes, purpose) = (KeyBytes(generation.0), Arc::clone(&purpose));
            key = key.also_opening(move || (other, derive(&bytes, other, K::NAME, &purpose)));
        }
    }
    key
}

/// Random key of one message. Used for that message's records alone, so that they may be numbered.
pub struct MessageKey(KeyBytes);

impl MessageKey {
    /// A fresh random key.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        Self(KeyBytes::random(entropy))
    }

    /// The same key once more, for another part of the work on the same message.
    #[must_use]
    pub fn same(&self) -> Self {
        Self(KeyBytes(self.0.0))
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
fn derive(key: &KeyBytes, suite: Suite, kind: &str, purpose: &str) -> KeyBytes {
    let mut out = KeyBytes([0; KEY_BYTES]);
    if suite == Suite::Sm4 {
        let secret = sm3::hkdf_extract(HIERARCHY, &key.0);
        let info = [kind.as_bytes(), b"/", purpose.as_bytes()].concat();
        assert!(sm3::hkdf_expand(&*secret, &info, &mut out.0), "one block of output");
        return out;
    }
    let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, HIERARCHY);
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
    fn either_suite_opens_what_the_other_sealed() {
        let entropy = SeededEntropy::new(5);
        let organisation = Key::<Organisation>::generate(&entropy);
        let account = Key::<Account>::generate(&entropy);
        let wrapped = organisation.wrap(&entropy, &account, 7);
        let aes = account.sealing().seal(&entropy, b"place", b"by AES");
        let organisation = organisation.sealing_under(Suite::Sm4);
        let account: Key<Account> = organisation.unwrap_key(&wrapped, 7, NOW).unwrap();
        assert_eq!(account.suite(), Suite::Sm4, "keys below follow");
        assert_eq!(account.sealing().open("value", b"place", &aes).unwrap(), b"by AES");
        let sm4 = account.sealing().seal(&entropy, b"place", b"by SM4");
        assert!(account.sealing().open("value", b"elsewhere", &sm4).is_err());
        for index in 0..sm4.len() {
            let mut changed = sm4.clone();
            changed[index] ^= 1;
            assert!(account.sealing().open("value", b"place", &changed).is_err(), "byte {index}");
        }
        let wrapped = organisation.wrap(&entropy, &account.rotated(&entropy, NOW).unwrap(), 7);
        let back: Key<Account> = organisation.sealing_under(Suite::Aes).unwrap_key(&wrapped, 7, NOW).unwrap();
        for (sealed, plain) in [(&aes, b"by AES"), (&sm4, b"by SM4")] {
            assert_eq!(back.sealing().open("value", b"place", sealed).unwrap(), plain, "also by a later generation");
        }
        let again = account.sealing().seal(&SeededEntropy::new(5), b"place", b"one");
        let other = account.sealing().seal(&SeededEntropy::new(5), b"place", b"two");
        assert_ne!(again[..12], other[..12], "randomness that repeats does not repeat a nonce");
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
