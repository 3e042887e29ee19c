//! Unwrapped keys of organisations and accounts, kept in memory.

use std::collections::HashMap;
use std::sync::Arc;

use crypto::keys::{Account, Key, Organisation, Region};
use parking_lot::Mutex;

use crate::{StoreError, Tx, params};

/// Unwrapped keys kept; beyond it all are forgotten and unwrapped again as needed.
const KEPT_MAX: usize = 65_536;

/// Opens keys with the region key and keeps them.
pub struct Keyring {
    region: Key<Region>,
    organisations: Mutex<HashMap<i64, Arc<Key<Organisation>>>>,
    accounts: Mutex<HashMap<i64, Arc<Key<Account>>>>,
}

impl Keyring {
    /// A keyring under the region key.
    #[must_use]
    pub fn new(region: Key<Region>) -> Self {
        Self { region, organisations: Mutex::default(), accounts: Mutex::default() }
    }

    /// The region key, for wrapping a new organisation's key.
    #[must_use]
    pub fn region(&self) -> &Key<Region> {
        &self.region
    }

    /// The key of an organisation.
    ///
    /// # Errors
    /// [`StoreError`] if there is no such organisation or its key does not open.
    pub fn organisation(&self, tx: &mut Tx<'_>, organisation: i64) -> Result<Arc<Key<Organisation>>, StoreError> {
        if let Some(key) = self.organisations.lock().get(&organisation) {
            return Ok(Arc::clone(key));
        }
        let wrapped = tx.row("SELECT key_wrapped FROM organisation WHERE id = $1", params![organisation], |row| {
            Ok(row.bytes(0)?.to_vec())
        })?;
        let wrapped = wrapped.ok_or(StoreError::Missing { what: "organisation" })?;
        let key = Arc::new(self.region.unwrap_key(&wrapped, organisation)?);
        keep(&self.organisations, organisation, &key);
        Ok(key)
    }

    /// The key of an account.
    ///
    /// # Errors
    /// [`StoreError`] if there is no such account or its key does not open.
    pub fn account(&self, tx: &mut Tx<'_>, account: i64) -> Result<Arc<Key<Account>>, StoreError> {
        if let Some(key) = self.cached_account(account) {
            return Ok(key);
        }
        let row = tx.row("SELECT organisation, key_wrapped FROM account WHERE id = $1", params![account], |row| {
            Ok((row.int(0)?, row.bytes(1)?.to_vec()))
        })?;
        let (organisation, wrapped) = row.ok_or(StoreError::Missing { what: "account" })?;
        let key = Arc::new(self.organisation(tx, organisation)?.unwrap_key(&wrapped, account)?);
        keep(&self.accounts, account, &key);
        Ok(key)
    }

    /// The key of an account if it has been opened before.
    #[must_use]
    pub fn cached_account(&self, account: i64) -> Option<Arc<Key<Account>>> {
        self.accounts.lock().get(&account).map(Arc::clone)
    }

    /// Forgets the key of an account, as when it has been destroyed.
    pub fn forget_account(&self, account: i64) {
        self.accounts.lock().remove(&account);
    }
}

fn keep<K>(kept: &Mutex<HashMap<i64, Arc<K>>>, owner: i64, key: &Arc<K>) {
    let mut kept = kept.lock();
    if kept.len() >= KEPT_MAX {
        kept.clear();
    }
    kept.insert(owner, Arc::clone(key));
}
