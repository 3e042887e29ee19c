//! Unwrapped keys of organisations and accounts, kept in memory.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use crypto::keys::{Account, Key, Organisation, Region};
use crypto::seal::Suite;
use env::Timestamp;
use parking_lot::Mutex;

use crate::{StoreError, Tx, params};

/// Unwrapped keys kept; beyond it all are forgotten and unwrapped again as needed.
const KEPT_MAX: usize = 65_536;

/// How long an unwrapped key is used, in milliseconds, before its row is read again: a key that another node has given a new generation
/// is known by all within this time.
pub(crate) const KEPT_MILLIS: i64 = 60_000;

/// Opens keys with the region key and keeps them.
pub struct Keyring {
    region: ArcSwap<Key<Region>>,
    organisations: Kept<Organisation>,
    accounts: Kept<Account>,
}

type Kept<K> = Mutex<HashMap<i64, (Timestamp, Arc<Key<K>>)>>;

impl Keyring {
    /// A keyring under the region key.
    #[must_use]
    pub fn new(region: Key<Region>) -> Self {
        Self { region: ArcSwap::from_pointee(region), organisations: Mutex::default(), accounts: Mutex::default() }
    }

    /// The region key, for wrapping a new organisation's key.
    #[must_use]
    pub fn region(&self) -> Arc<Key<Region>> {
        self.region.load_full()
    }

    /// What new messages are sealed under.
    #[must_use]
    pub fn suite(&self) -> Suite {
        self.region.load().suite()
    }

    /// Goes on with `region`, which has a generation more or fewer than before. What is sealed under a generation that it lacks opens no
    /// more.
    pub fn take_up(&self, region: Key<Region>) {
        self.region.store(Arc::new(region.sealing_under(self.suite())));
    }

    /// The key of an organisation.
    ///
    /// # Errors
    /// [`StoreError`] if there is no such organisation or its key does not open.
    pub fn organisation(&self, tx: &mut Tx<'_>, organisation: i64) -> Result<Arc<Key<Organisation>>, StoreError> {
        let now = tx.context().clock.now();
        if let Some(key) = fresh(&self.organisations, organisation, now) {
            return Ok(key);
        }
        let wrapped = tx.row("SELECT key_wrapped FROM organisation WHERE id = $1", params![organisation], |row| {
            Ok(row.bytes(0)?.to_vec())
        })?;
        let wrapped = wrapped.ok_or(StoreError::Missing { what: "organisation" })?;
        let key = Arc::new(self.region.load().unwrap_key(&wrapped, organisation, now)?);
        keep(&self.organisations, organisation, now, &key);
        Ok(key)
    }

    /// The key of an account.
    ///
    /// # Errors
    /// [`StoreError`] if there is no such account or its key does not open.
    pub fn account(&self, tx: &mut Tx<'_>, account: i64) -> Result<Arc<Key<Account>>, StoreError> {
        let now = tx.context().clock.now();
        if let Some(key) = fresh(&self.accounts, account, now) {
            return Ok(key);
        }
        let row = tx.row("SELECT organisation, key_wrapped FROM account WHERE id = $1", params![account], |row| {
            Ok((row.int(0)?, row.bytes(1)?.to_vec()))
        })?;
        let (organisation, wrapped) = row.ok_or(StoreError::Missing { what: "account" })?;
        let key = Arc::new(self.organisation(tx, organisation)?.unwrap_key(&wrapped, account, now)?);
        keep(&self.accounts, account, now, &key);
        Ok(key)
    }

    /// Forgets the key of an account, as when it has been destroyed.
    pub fn forget_account(&self, account: i64) {
        self.accounts.lock().remove(&account);
    }

    /// Forgets all that was opened, so that it is read anew.
    pub fn forget_all(&self) {
        self.organisations.lock().clear();
        self.accounts.lock().clear();
    }
}

/// The kept key, unless it was opened too long ago, or later than now, as when the machine's clock was set back.
fn fresh<K>(kept: &Kept<K>, owner: i64, now: Timestamp) -> Option<Arc<Key<K>>>
where
    K: crypto::keys::Kind,
{
    let kept = kept.lock();
    let (opened, key) = kept.get(&owner)?;
    (0..KEPT_MILLIS).contains(&(now.millis() - opened.millis())).then(|| Arc::clone(key))
}

fn keep<K>(kept: &Kept<K>, owner: i64, now: Timestamp, key: &Arc<Key<K>>)
where
    K: crypto::keys::Kind,
{
    let mut kept = kept.lock();
    if kept.len() >= KEPT_MAX {
        kept.clear();
    }
    kept.insert(owner, (now, Arc::clone(key)));
}
