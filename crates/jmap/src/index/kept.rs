//! The indexes of the accounts that are in use.

use std::collections::HashMap;
use std::sync::Arc;

use env::Timestamp;
use mailbox::overview::account_state;
use parking_lot::{Mutex, RwLock};
use store::Tx;

use super::Index;
use crate::error::Failure;
use crate::ids;
use crate::reach::Reach;

/// Keeps indexes within a number of messages.
pub(crate) struct Indexes {
    emails_max: usize,
    kept: Mutex<HashMap<i64, Kept>>,
}

struct Kept {
    index: Arc<RwLock<Index>>,
    used: Timestamp,
    emails: usize,
}

impl Indexes {
    /// Keeps those used last, up to about `emails_max` messages.
    pub(crate) fn new(emails_max: usize) -> Self {
        Self { emails_max, kept: Mutex::default() }
    }

    /// Runs `work` with the index of the account as the transaction sees it. No other change of the account is seen meanwhile, so
    /// that `work` must be short.
    ///
    /// # Errors
    /// [`Failure::Behind`] if the transaction is older than the index, or what reading or `work` gives.
    pub(crate) fn with<T>(
        &self,
        tx: &mut Tx<'_>,
        account: i64,
        work: impl FnOnce(&Index) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.with_tx(tx, account, |_, index| work(index))
    }

    /// The message that a client names, if it is there and may be seen.
    ///
    /// # Errors
    /// As [`Self::with`].
    pub(crate) fn message(&self, tx: &mut Tx<'_>, reach: &Reach, id: &str) -> Result<Option<i64>, Failure> {
        let wanted = ids::read(id);
        self.with(tx, reach.account, |index| Ok(wanted.filter(|id| index.email(reach, *id).is_some())))
    }

    /// As [`Self::with`], for work that reads a little too.
    ///
    /// # Errors
    /// As [`Self::with`].
    pub(crate) fn with_tx<'t, T>(
        &self,
        tx: &mut Tx<'t>,
        account: i64,
        work: impl FnOnce(&mut Tx<'t>, &Index) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let state = account_state(tx, account)?;
        let slot = self.slot(account, tx.now());
        {
            let index = slot.read();
            if index.modseq > state.modseq {
                return Err(Failure::Behind);
            }
            if index.modseq == state.modseq && index.low_modseq == state.low_modseq {
                return work(tx, &index);
            }
        }
        let emails = {
            let mut index = slot.write();
            if index.modseq <= state.modseq {
                index.advance(tx, account, state)?;
            }
            index.emails.len()
        };
        self.weigh(account, emails);
        let index = slot.read();
        if index.modseq > state.modseq {
            return Err(Failure::Behind);
        }
        work(tx, &index)
    }

    fn slot(&self, account: i64, now: Timestamp) -> Arc<RwLock<Index>> {
        let mut kept = self.kept.lock();
        let entry = kept.entry(account).or_insert_with(|| Kept { index: Arc::default(), used: now, emails: 0 });
        entry.used = now;
        Arc::clone(&entry.index)
    }

    /// Notes how large an index is and makes room for it.
    fn weigh(&self, account: i64, emails: usize) {
        let mut all = self.kept.lock();
        if let Some(kept) = all.get_mut(&account) {
            kept.emails = emails;
        }
        let mut total: usize = all.values().map(|kept| kept.emails).sum();
        while total > self.emails_max && all.len() > 1 {
            let others = all.iter().filter(|(id, _)| **id != account);
            let Some((oldest, emails)) = others.min_by_key(|(_, it)| it.used).map(|(id, it)| (*id, it.emails)) else {
                return;
            };
            all.remove(&oldest);
            total -= emails;
        }
    }
}
