//! Signs messages with the keys of their authors' domains, opened once and kept for a moment.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use env::{Timestamp, Watched};
use mail::message::Envelope;
use mail::{Address, header};
use mailauth::SigningKey;
use parking_lot::Mutex;
use store::Store;

use crate::{SigningError, SigningSettings, load};

/// How long opened keys are kept: this is how late a change by another node may be noticed.
const KEPT_FOR: Duration = Duration::from_secs(10);

/// Domains whose keys are kept; beyond it all are forgotten.
const KEPT_MAX: usize = 1024;

/// Messages longer than this are hashed on a thread that may block.
const INLINE_BYTES_MAX: usize = 128 << 10;

/// Signs what leaves.
pub struct Signer {
    store: Store,
    settings: Watched<SigningSettings>,
    kept: Mutex<HashMap<String, Kept>>,
}

/// The opened keys of one domain.
struct Kept {
    since: Timestamp,
    keys: Arc<Vec<SigningKey>>,
}

impl Signer {
    /// A signer with the keys in `store`.
    #[must_use]
    pub fn new(store: Store, settings: impl Into<Watched<SigningSettings>>) -> Self {
        Self { store, settings: settings.into(), kept: Mutex::default() }
    }

    /// The signature fields to put before `message`, for the domain of its author; empty where that has no keys here. They hold for two
    /// weeks from when the message `leaves`.
    ///
    /// # Errors
    /// [`SigningError::Store`] if the store fails. A message that cannot be signed as it is goes without.
    pub async fn sign(&self, message: &[u8], leaves: Timestamp) -> Result<String, SigningError> {
        if !self.settings.now().sign {
            return Ok(String::new());
        }
        let Some(domain) = author_domain(message) else { return Ok(String::new()) };
        let keys = self.keys(&domain).await?;
        if keys.is_empty() {
            tracing::debug!(domain, "no DKIM keys, the message goes unsigned");
            return Ok(String::new());
        }
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

    /// The keys that sign for `domain` now.
    ///
    /// # Errors
    /// [`SigningError`] if the store fails or a key does not open.
    pub async fn keys(&self, domain: &str) -> Result<Arc<Vec<SigningKey>>, SigningError> {
        let now = self.store.context().clock.now();
        // A clock that was set back must not prolong it.
        let is_fresh = |kept: &&Kept| now.since(kept.since) < KEPT_FOR && kept.since <= now;
        if let Some(kept) = self.kept.lock().get(domain).filter(is_fresh) {
            return Ok(Arc::clone(&kept.keys));
        }
        let wanted = domain.to_owned();
        let keys = Arc::new(self.store.read(move |tx| load(tx, &wanted)).await?);
        let mut kept = self.kept.lock();
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(domain.to_owned(), Kept { since: now, keys: Arc::clone(&keys) });
        Ok(keys)
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
