//! Signs messages with the keys of their authors' domains, opened once and kept for a moment.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use env::{Timestamp, Watched};
use identity::rights::{CountedKey, HOUR_MILLIS, HeldKey, KeyPurpose, add_key_uses, begin_key_hour};
use mail::message::Envelope;
use mail::{Address, header};
use mailauth::{KeyKind, SigningKey};
use parking_lot::Mutex;
use store::{Store, Tx, params};

use crate::{SigningError, SigningSettings, load};

/// How long opened keys are kept: this is how late a change by another node may be noticed.
const KEPT_FOR: Duration = Duration::from_secs(10);

/// Domains whose keys are kept; beyond it all are forgotten.
const KEPT_MAX: usize = 1024;

/// Messages longer than this are hashed on a thread that may block.
const INLINE_BYTES_MAX: usize = 128 << 10;

/// Signs what leaves. That a key is used is recorded before its first use in an hour; how often, is counted.
pub struct Signer {
    store: Store,
    settings: Watched<SigningSettings>,
    kept: Mutex<HashMap<String, Kept>>,
    /// Uses, by key and hour, that are not in the store yet. An hour stands here once it is recorded that the key is used in it.
    used: Mutex<HashMap<(CountedKey, i64), u64>>,
}

/// The opened keys of one domain.
#[derive(Clone)]
struct Kept {
    since: Timestamp,
    organisation: i64,
    keys: Arc<Vec<SigningKey>>,
}

/// A key that may seal a message now.
pub struct Sealer {
    keys: Arc<Vec<SigningKey>>,
    selector: String,
}

impl Sealer {
    /// The key.
    #[must_use]
    pub fn key(&self) -> Option<&SigningKey> {
        self.keys.iter().find(|key| key.selector() == self.selector)
    }
}

impl Signer {
    /// A signer with the keys in `store`.
    #[must_use]
    pub fn new(store: Store, settings: impl Into<Watched<SigningSettings>>) -> Self {
        Self { store, settings: settings.into(), kept: Mutex::default(), used: Mutex::default() }
    }

    /// The signature fields to put before `message`, for the domain of its author; empty where that has no keys here. They hold for two
    /// weeks from when the message `leaves`.
    ///
    /// # Errors
    /// [`SigningError`] if the store fails, also where it cannot be recorded that a key is used. A message that cannot be signed as it is goes
    /// without.
    pub async fn sign(&self, message: &[u8], leaves: Timestamp) -> Result<String, SigningError> {
        if !self.settings.now().sign {
            return Ok(String::new());
        }
        let Some(domain) = author_domain(message) else { return Ok(String::new()) };
        let Kept { organisation, keys, .. } = self.keys(&domain).await?;
        if keys.is_empty() {
            tracing::debug!(domain, "no DKIM keys, the message goes unsigned");
            return Ok(String::new());
        }
        self.count(organisation, &domain, KeyPurpose::Sign, keys.iter().map(SigningKey::selector)).await?;
        let now = self.store.context().clock.now();
        let signed = if message.len() <= INLINE_BYTES_MAX {
            mailauth::sign(&keys, message, now, leaves)
        } else {
            let message = message.to_vec();
            let signing = tokio::task::spawn_blocking(move || mailauth::sign(&keys, &message, now, leaves));
            signing.await.map_err(|_| store::StoreError::Abandoned("signing panicked"))?
        };
        Ok(signed.unwrap_or_else(|error| {
            tracing::warn!(domain, %error, "a message goes unsigned");
            String::new()
        }))
    }

    /// The key of `domain` that seals a forwarded message (ARC); none where it has no keys here.
    ///
    /// # Errors
    /// [`SigningError`] if the store fails, also where it cannot be recorded that the key is used.
    pub async fn sealer(&self, domain: &str) -> Result<Option<Sealer>, SigningError> {
        let Kept { organisation, keys, .. } = self.keys(domain).await?;
        // Not every verifier of seals knows Ed25519.
        let Some(key) = keys.iter().find(|key| key.kind() == KeyKind::Rsa).or(keys.first()) else { return Ok(None) };
        let selector = key.selector().to_owned();
        self.count(organisation, domain, KeyPurpose::Seal, std::iter::once(selector.as_str())).await?;
        Ok(Some(Sealer { keys, selector }))
    }

    /// The keys that sign for `domain` now.
    async fn keys(&self, domain: &str) -> Result<Kept, SigningError> {
        let now = self.store.context().clock.now();
        // A clock that was set back must not prolong it.
        let is_fresh = |kept: &&Kept| now.since(kept.since) < KEPT_FOR && kept.since <= now;
        if let Some(kept) = self.kept.lock().get(domain).filter(is_fresh) {
            return Ok(kept.clone());
        }
        let wanted = domain.to_owned();
        let load = move |tx: &mut Tx<'_>| {
            let keys = load(tx, &wanted)?;
            let organisation =
                tx.row("SELECT organisation FROM domain WHERE name = $1", params![&wanted], |row| row.int(0))?;
            Ok::<_, SigningError>((keys, organisation.unwrap_or(0)))
        };
        let (keys, organisation) = self.store.read(load).await?;
        let found = Kept { since: now, organisation, keys: Arc::new(keys) };
        let mut kept = self.kept.lock();
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(domain.to_owned(), found.clone());
        Ok(found)
    }

    /// Counts a use of keys; of those that are used for the first time in this hour, that is recorded first.
    async fn count(
        &self,
        organisation: i64,
        domain: &str,
        purpose: KeyPurpose,
        selectors: impl Iterator<Item = &str>,
    ) -> Result<(), SigningError> {
        let hour = self.hour();
        let name = |selector: &str| format!("{domain} {selector}");
        let counted = |selector| CountedKey { organisation, key: HeldKey::Dkim, purpose, name: name(selector) };
        let keys: Vec<(CountedKey, i64)> = selectors.map(|selector| (counted(selector), hour)).collect();
        let new: Vec<(CountedKey, i64)> = {
            let used = self.used.lock();
            keys.iter().filter(|key| !used.contains_key(key)).cloned().collect()
        };
        if !new.is_empty() {
            let begin = move |tx: &mut Tx<'_>| {
                new.iter().try_for_each(|(key, hour)| begin_key_hour(tx, key, *hour))?;
                Ok::<_, SigningError>(())
            };
            self.store.write(begin).await?;
        }
        let mut used = self.used.lock();
        for key in keys {
            *used.entry(key).or_default() += 1;
        }
        Ok(())
    }

    /// The present hour, counted from 1970.
    fn hour(&self) -> i64 {
        self.store.context().clock.now().millis().div_euclid(HOUR_MILLIS)
    }

    /// Puts into the store what was counted since the last time.
    ///
    /// # Errors
    /// [`SigningError`] if the store fails: it is tried again with the next call.
    pub async fn keep_count(&self) -> Result<(), SigningError> {
        let hour = self.hour();
        let counted: Vec<((CountedKey, i64), u64)> =
            self.used.lock().iter().filter(|(_, uses)| **uses > 0).map(|(key, uses)| (key.clone(), *uses)).collect();
        if !counted.is_empty() {
            let kept = counted.clone();
            let add = move |tx: &mut Tx<'_>| {
                kept.iter().try_for_each(|((key, hour), uses)| add_key_uses(tx, key, *hour, *uses))?;
                Ok::<_, SigningError>(())
            };
            self.store.write(add).await?;
        }
        let mut used = self.used.lock();
        for (key, uses) in counted {
            if let Some(left) = used.get_mut(&key) {
                *left = left.saturating_sub(uses);
            }
        }
        used.retain(|(_, begun), uses| *begun >= hour || *uses > 0);
        Ok(())
    }

    /// Forgets opened keys: after a change on this node, so that it holds at once.
    pub fn forget(&self) {
        self.kept.lock().clear();
    }
}

/// The domain of the first author, in A-labels; none unless there is exactly one From field.
#[must_use]
pub fn author_domain(message: &[u8]) -> Option<String> {
    let (head, _) = header::split_header_body(message);
    if header::fields(head).filter(|field| field.is("From")).count() != 1 {
        return None;
    }
    let envelope = Envelope::parse(head);
    let address = envelope.from.iter().filter(|it| it.is_mailbox()).find_map(|it| Address::parse(&it.email()?).ok())?;
    Some(address.domain_ascii())
}
