//! The directory's answers, remembered for a short time: RCPT TO must not cost a query each.

use std::time::Duration;

use env::Timestamp;
use parking_lot::Mutex;
use store::Store;

use crate::lists::Lists;
use crate::recent::Recent;
use crate::resolve::{Resolution, is_local_domain, resolve};
use crate::{Forwarders, IdentityError};

/// How long a found address is remembered. Nodes share nothing but the database: this is how late a change may be noticed.
const FOUND_FOR: Duration = Duration::from_secs(5);

/// How long it is remembered that an address does not exist: shorter, so that a new account works at once.
const NOT_FOUND_FOR: Duration = Duration::from_secs(1);

/// Answers that are remembered at least.
const REMEMBERED: usize = 32_768;

/// Answers whose an address is.
pub struct Directory {
    store: Store,
    addresses: Mutex<Recent<String, Answer<Resolution>>>,
    domains: Mutex<Recent<String, Answer<bool>>>,
    lists: Lists,
    forwarders: Forwarders,
}

struct Answer<T> {
    value: T,
    until: Timestamp,
}

impl Directory {
    /// A directory over `store`.
    #[must_use]
    pub fn new(store: Store) -> Self {
        let (addresses, domains) = (Mutex::new(Recent::new(REMEMBERED)), Mutex::new(Recent::new(REMEMBERED)));
        let (lists, forwarders) = (Lists::new(store.clone()), Forwarders::new(store.clone()));
        Self { store, addresses, domains, lists, forwarders }
    }

    /// Which relays forward honest mail.
    #[must_use]
    pub const fn forwarders(&self) -> &Forwarders {
        &self.forwarders
    }

    /// What organisations allow and deny.
    #[must_use]
    pub const fn lists(&self) -> &Lists {
        &self.lists
    }

    /// Whose `address` is; see [`resolve`]. What was asked a moment ago is answered without the database.
    ///
    /// # Errors
    /// [`IdentityError`] if it is no address or the store fails.
    pub async fn resolve(&self, address: &str) -> Result<Resolution, IdentityError> {
        let now = self.store.context().clock.now();
        if let Some(known) = remembered(&self.addresses, address, now) {
            return Ok(known);
        }
        let wanted = address.to_owned();
        let found = self.store.read(move |tx| resolve(tx, &wanted)).await?;
        let is_known = matches!(found, Resolution::Local(_) | Resolution::Group(_) | Resolution::Abroad(_));
        let hold = if is_known { FOUND_FOR } else { NOT_FOUND_FOR };
        remember(&self.addresses, address, found.clone(), now.plus(hold));
        Ok(found)
    }

    /// Whether the domain is hosted here.
    ///
    /// # Errors
    /// [`IdentityError`] if the store fails.
    pub async fn is_local_domain(&self, domain: &str) -> Result<bool, IdentityError> {
        let now = self.store.context().clock.now();
        if let Some(known) = remembered(&self.domains, domain, now) {
            return Ok(known);
        }
        let wanted = domain.to_owned();
        let found = self.store.read(move |tx| is_local_domain(tx, &wanted)).await?;
        remember(&self.domains, domain, found, now.plus(if found { FOUND_FOR } else { NOT_FOUND_FOR }));
        Ok(found)
    }

    /// Forgets all answers: after a change on this node, so that it is seen at once.
    pub fn forget(&self) {
        self.addresses.lock().clear();
        self.domains.lock().clear();
        self.lists.forget();
    }
}

fn remembered<T: Clone>(answers: &Mutex<Recent<String, Answer<T>>>, key: &str, now: Timestamp) -> Option<T> {
    let mut answers = answers.lock();
    let answer = answers.get(key)?;
    // A clock that was set back must not prolong an answer.
    let fresh = answer.until > now && answer.until <= now.plus(FOUND_FOR);
    fresh.then(|| answer.value.clone())
}

fn remember<T>(answers: &Mutex<Recent<String, Answer<T>>>, key: &str, value: T, until: Timestamp) {
    answers.lock().insert(key.to_owned(), Answer { value, until });
}
