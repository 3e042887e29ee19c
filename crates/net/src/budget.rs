//! A budget for bytes in flight, so that many large messages at once wait instead of filling memory.

use std::sync::Arc;
use std::time::Duration;

use env::Outlook;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// The budget is counted in units of so many bytes.
const UNIT_BYTES: usize = 1024;

/// No share of a budget can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BudgetError {
    /// Others hold too much; try again.
    #[error("{asked} bytes were not free within {waited:?}")]
    Exhausted {
        /// Bytes asked for.
        asked: usize,
        /// How long it was waited for them.
        waited: Duration,
    },
    /// More than the whole budget.
    #[error("{asked} bytes are more than the whole budget of {total} bytes")]
    TooLarge {
        /// Bytes asked for.
        asked: usize,
        /// The whole budget in bytes.
        total: usize,
    },
}

impl BudgetError {
    /// Whether asking again can help.
    #[must_use]
    pub fn outlook(&self) -> Outlook {
        match self {
            Self::Exhausted { .. } => Outlook::Temporary,
            Self::TooLarge { .. } => Outlook::Permanent,
        }
    }
}

/// Bytes that all sessions together may hold. Clones share it.
#[derive(Debug, Clone)]
pub struct Budget {
    units: Arc<Semaphore>,
    total_units: usize,
}

impl Budget {
    /// A budget of `bytes`, rounded up to whole KiB.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        let total_units = bytes.div_ceil(UNIT_BYTES).min(Semaphore::MAX_PERMITS).min(u32::MAX as usize);
        Self { units: Arc::new(Semaphore::new(total_units)), total_units }
    }

    /// Takes `bytes` out of the budget, waiting at most `wait` in the order of asking.
    ///
    /// # Errors
    /// [`BudgetError`] if they do not become free in time or can never be.
    pub async fn acquire(&self, bytes: usize, wait: Duration) -> Result<BudgetShare, BudgetError> {
        let units = self.units(bytes)?;
        match timeout(wait, Arc::clone(&self.units).acquire_many_owned(units)).await {
            Ok(Ok(permit)) => Ok(BudgetShare { permit }),
            Ok(Err(_)) | Err(_) => Err(BudgetError::Exhausted { asked: bytes, waited: wait }),
        }
    }

    /// Takes `bytes` out of the budget if they are free now.
    ///
    /// # Errors
    /// [`BudgetError`] if they are not.
    pub fn try_acquire(&self, bytes: usize) -> Result<BudgetShare, BudgetError> {
        let units = self.units(bytes)?;
        match Arc::clone(&self.units).try_acquire_many_owned(units) {
            Ok(permit) => Ok(BudgetShare { permit }),
            Err(_) => Err(BudgetError::Exhausted { asked: bytes, waited: Duration::ZERO }),
        }
    }

    /// Bytes that nobody holds.
    #[must_use]
    pub fn free_bytes(&self) -> usize {
        self.units.available_permits() * UNIT_BYTES
    }

    fn units(&self, bytes: usize) -> Result<u32, BudgetError> {
        let units = bytes.div_ceil(UNIT_BYTES);
        let too_large = BudgetError::TooLarge { asked: bytes, total: self.total_units * UNIT_BYTES };
        if units > self.total_units { Err(too_large) } else { u32::try_from(units).map_err(|_| too_large) }
    }
}

/// Bytes taken out of a [`Budget`]; dropping it gives them back.
#[derive(Debug)]
pub struct BudgetShare {
    permit: OwnedSemaphorePermit,
}

impl BudgetShare {
    /// Bytes held.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.permit.num_permits() * UNIT_BYTES
    }

    /// Gives back all but `bytes`; nothing if it holds fewer.
    pub fn shrink_to(&mut self, bytes: usize) {
        let surplus = self.permit.num_permits().saturating_sub(bytes.div_ceil(UNIT_BYTES));
        drop(self.permit.split(surplus));
    }

    /// Adds what `other` holds to this share.
    pub fn merge(&mut self, other: Self) {
        self.permit.merge(other.permit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn shares_are_given_back() {
        let budget = Budget::new(10 * 1024);
        let mut large = budget.acquire(8 * 1024, Duration::ZERO).await.unwrap();
        let refused = budget.acquire(3 * 1024, Duration::from_secs(1)).await.unwrap_err();
        assert_eq!(refused.outlook(), Outlook::Temporary);
        large.shrink_to(2000);
        assert_eq!(large.bytes(), 2048);
        let second = budget.acquire(3 * 1024, Duration::from_secs(1)).await.unwrap();
        large.merge(second);
        assert_eq!((large.bytes(), budget.free_bytes()), (5 * 1024, 5 * 1024));
        drop(large);
        assert_eq!(budget.free_bytes(), 10 * 1024);
    }

    #[tokio::test]
    async fn more_than_all_is_never_free() {
        let refused = Budget::new(1024).acquire(1025, Duration::from_secs(60)).await.unwrap_err();
        assert_eq!(refused.outlook(), Outlook::Permanent);
        assert!(Budget::new(1024).try_acquire(1024).is_ok());
    }
}
