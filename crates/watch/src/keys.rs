//! Under whose key the watch keeps what: an account's under its own, everybody's under the region's.

use std::sync::Arc;

use crypto::hash::HashKey;
use crypto::keys::{Account, Key, Region};
use crypto::seal::SealingKey;
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::Tx;

use crate::error::WatchError;
use crate::features::Feature;

/// The number that stands for everybody.
pub(crate) const EVERYBODY: i64 = 0;

/// Bytes of a hash that are kept: enough to tell features apart.
pub(crate) const HASH_BYTES: usize = 16;

/// A key, whosesoever it is.
pub(crate) enum Keeper {
    Account(Arc<Key<Account>>, i64),
    Everybody(Arc<Key<Region>>),
}

impl Keeper {
    pub(crate) fn of(tx: &mut Tx<'_>, account: i64) -> Result<Self, WatchError> {
        if account == EVERYBODY {
            return Ok(Self::everybody(tx));
        }
        Ok(Self::Account(tx.context().keys.account(tx, account)?, account))
    }

    pub(crate) fn everybody(tx: &Tx<'_>) -> Self {
        Self::Everybody(tx.context().keys.region())
    }

    fn account(&self) -> i64 {
        match self {
            Self::Account(_, account) => *account,
            Self::Everybody(_) => EVERYBODY,
        }
    }

    fn hashing(&self) -> &HashKey {
        match self {
            Self::Account(key, _) => key.hashing(),
            Self::Everybody(key) => key.hashing(),
        }
    }

    fn sealing(&self) -> &SealingKey {
        match self {
            Self::Account(key, _) => key.sealing(),
            Self::Everybody(key) => key.sealing(),
        }
    }

    /// The feature as it is looked up.
    pub(crate) fn feature(&self, feature: &Feature) -> [u8; HASH_BYTES] {
        let text = format!("sign-in feature {} {}", feature.kind.index(), feature.value);
        short(&self.hashing().hash(text.as_bytes()))
    }

    pub(crate) fn seal<T: Serialize>(&self, tx: &Tx<'_>, place: &str, value: &T) -> Result<Vec<u8>, WatchError> {
        let plain = serde_json::to_vec(value).map_err(|error| self.unreadable(&error))?;
        Ok(self.sealing().seal(&*tx.context().entropy, place.as_bytes(), &plain))
    }

    pub(crate) fn open<T: DeserializeOwned>(&self, place: &str, sealed: &[u8]) -> Result<T, WatchError> {
        let plain = self.sealing().open("sign-in", place.as_bytes(), sealed)?;
        serde_json::from_slice(&plain).map_err(|error| self.unreadable(&error))
    }

    fn unreadable(&self, error: &serde_json::Error) -> WatchError {
        WatchError::Unreadable { account: self.account(), cause: error.to_string() }
    }
}

/// The name that was given, or the network that it came from, as events are grouped by.
pub(crate) fn group(tx: &Tx<'_>, what: &str, value: &str) -> [u8; HASH_BYTES] {
    short(&tx.context().keys.region().hashing().hash(format!("sign-in {what} {value}").as_bytes()))
}

fn short(hash: &[u8; 32]) -> [u8; HASH_BYTES] {
    let mut out = [0; HASH_BYTES];
    for (to, from) in out.iter_mut().zip(hash) {
        *to = *from;
    }
    out
}
