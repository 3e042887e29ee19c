//! Stops what must be encrypted from end to end and is not.

use std::sync::Arc;

use queue::Lease;
use tokio::sync::Semaphore;
use wire::smtp::client::Answer;

use super::Deliverer;
use super::attempt::{all, unreadable};
use super::content::Content;
use super::settle::{Fate, Verdict};
use crate::settings::ContentDemand;

/// Messages that are looked at at the same time, as each is held whole.
const LOOKS_MAX: usize = 2;

/// Places for messages that are looked at.
pub(super) struct Looks(Arc<Semaphore>);

impl Default for Looks {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(LOOKS_MAX)))
    }
}

impl Looks {
    /// A place, as soon as there is one.
    pub(super) async fn place(&self) -> Option<tokio::sync::SemaphorePermit<'_>> {
        self.0.acquire().await.ok()
    }
}

impl Deliverer {
    /// What becomes of a message to `domain` that is not encrypted as demanded; `None` if it is, and goes on.
    pub(super) async fn stop_unencrypted(
        &self,
        lease: &Lease,
        domain: &str,
        demand: ContentDemand,
        made: Option<&Content>,
    ) -> Option<Vec<Verdict>> {
        // Never closed, so there is always a place in the end.
        let _place = self.looks.place().await;
        let raw = async {
            match made {
                Some(made) => made.whole().await,
                None => Content::open(&self.store, lease).await?.whole().await,
            }
        };
        let raw = match raw.await {
            Ok(raw) => raw,
            Err(error) => {
                tracing::error!(message = lease.message, %error, "a queued message cannot be read");
                return Some(all(lease, "", &unreadable()));
            }
        };
        match tokio::task::spawn_blocking(move || demand.is_met_by(&raw)).await {
            Ok(true) => None,
            Ok(false) => {
                tracing::info!(message = lease.message, domain, "not sent: it is not encrypted as the route demands");
                let mut verdicts = all(lease, "", &Answer::ours(550, (5, 7, 10), demand.refusal(domain)));
                verdicts.iter_mut().for_each(|verdict| verdict.fate = Fate::Unencrypted);
                Some(verdicts)
            }
            Err(_) => {
                tracing::error!(message = lease.message, "looking whether a message is encrypted panicked");
                Some(all(lease, "", &unreadable()))
            }
        }
    }
}
