//! MTA-STS policies of other domains: found, fetched, kept (RFC 8461 sections 3.3 and 5.1).
//!
//! A policy that was fetched once holds until it expires, whatever DNS and its host say meanwhile: whoever can suppress them must
//! not be able to lift it. It rests in the store, so that a start forgets none.

mod kept;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use crypto::tls::ClientTls;
use env::Timestamp;
use env::dns::Resolver;
use mailauth::mta_sts::{self, POLICY_BYTES_MAX, POLICY_PATH, Policy, PolicyError, policy_id};
use net::{Https, HttpsError, StreamError};
use parking_lot::Mutex;
use store::{Store, StoreError, Tx};

use kept::Kept;

/// Longest wait for a policy host (RFC 8461 section 3.3 suggests one minute).
const FETCH_WAIT: Duration = Duration::from_secs(60);

/// How long a failed fetch is not repeated (RFC 8461 section 3.3: at least five minutes).
const FAILURE_KEPT: Duration = Duration::from_secs(300);

/// How old a policy may grow before it is fetched again though its identifier is the same.
const REFRESH_AFTER: Duration = Duration::from_secs(86_400);

/// Domains remembered; beyond it those that nobody asks for at the moment are forgotten, and read from the store again.
const REMEMBERED_MAX: usize = 10_000;

/// Addresses of one policy host that are tried.
const ADDRESSES_MAX: usize = 4;

/// What is wrong with a policy that is announced (RFC 8460 section 4.3).
#[derive(Debug, thiserror::Error)]
pub(crate) enum PolicyFault {
    /// It cannot be had.
    #[error("the policy host cannot be reached: {0}")]
    Fetch(String),
    /// Nobody vouches for its host.
    #[error("nobody vouches for the policy host: {0}")]
    Host(String),
    /// It is none.
    #[error("the policy is wrong: {0}")]
    Invalid(String),
}

/// A domain's policy, and what went wrong when it was last to be fetched.
#[derive(Debug, Clone, Default)]
pub(crate) struct Found {
    /// The policy that holds now.
    pub(crate) policy: Option<Arc<Policy>>,
    /// Why the newest one could not be had.
    pub(crate) fault: Option<Arc<PolicyFault>>,
}

/// The policy of `domain` (canonical) that was fetched and holds now. Nobody is asked.
///
/// # Errors
/// If the store fails.
pub(crate) fn kept_policy(tx: &mut Tx<'_>, domain: &str) -> Result<Option<Arc<Policy>>, StoreError> {
    let now = tx.now();
    Ok(kept::read(tx, domain)?.filter(|kept| now < kept.expires()).map(|kept| kept.policy))
}

/// The policies of all domains.
pub(crate) struct Policies {
    store: Store,
    dns: Arc<dyn Resolver>,
    tls: ClientTls,
    port: u16,
    /// Whoever holds a domain's slot looks for all who ask for it meanwhile; other domains do not wait.
    slots: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Slot>>>>,
}

/// What is known of a domain.
#[derive(Default)]
struct Slot {
    is_loaded: bool,
    kept: Option<Kept>,
    fault: Option<(Timestamp, Arc<PolicyFault>)>,
}

impl Slot {
    fn found(&self) -> Found {
        Found {
            policy: self.kept.as_ref().map(|kept| Arc::clone(&kept.policy)),
            fault: self.fault.as_ref().map(|(_, fault)| Arc::clone(fault)),
        }
    }
}

impl Policies {
    /// Policies kept in `store`; their hosts listen on `port` and are trusted as `tls` says.
    pub(crate) fn new(store: Store, dns: Arc<dyn Resolver>, tls: ClientTls, port: u16) -> Self {
        Self { store, dns, tls, port, slots: Mutex::default() }
    }

    /// The policy of `domain` (canonical), fetched if it is new or old.
    pub(crate) async fn policy(&self, domain: &str) -> Found {
        let slot = self.slot(domain);
        let mut slot = slot.lock().await;
        let now = self.store.context().clock.now();
        if !slot.is_loaded {
            match kept::load(&self.store, domain).await {
                Ok(found) => (slot.kept, slot.is_loaded) = (found, true),
                Err(error) => tracing::error!(domain, %error, "a kept policy (MTA-STS) cannot be read"),
            }
        }
        if slot.kept.as_ref().is_some_and(|kept| now >= kept.expires()) {
            slot.kept = None;
        }
        let records = self.dns.txt(&mta_sts::record_name(domain)).await.unwrap_or_default();
        // RFC 8461 section 3.1: without an identifier there is nothing new.
        let Some(id) = policy_id(&records) else {
            slot.fault = None;
            return slot.found();
        };
        let is_fresh = |kept: &Kept| kept.id == id && now.since(kept.fetched) < REFRESH_AFTER;
        let failed_lately = slot.fault.as_ref().is_some_and(|(at, _)| now.since(*at) < FAILURE_KEPT);
        if !slot.kept.as_ref().is_some_and(is_fresh) && !failed_lately {
            self.renew(domain, id, &mut slot).await;
        }
        slot.found()
    }

    fn slot(&self, domain: &str) -> Arc<tokio::sync::Mutex<Slot>> {
        let mut slots = self.slots.lock();
        if slots.len() >= REMEMBERED_MAX && !slots.contains_key(domain) {
            slots.retain(|_, slot| Arc::strong_count(slot) > 1);
        }
        Arc::clone(slots.entry(domain.to_owned()).or_default())
    }

    async fn renew(&self, domain: &str, id: String, slot: &mut Slot) {
        let fetched = self.fetch(domain).await;
        let now = self.store.context().clock.now();
        match fetched {
            Ok(policy) => {
                let kept = Kept { id, fetched: now, policy: Arc::new(policy) };
                if let Err(error) = kept::save(&self.store, domain, &kept).await {
                    tracing::error!(domain, %error, "a policy (MTA-STS) cannot be kept; it holds until the server stops");
                }
                (slot.kept, slot.fault) = (Some(kept), None);
            }
            Err(fault) => {
                tracing::warn!(domain, %fault, kept = slot.kept.is_some(), "no policy (MTA-STS)");
                slot.fault = Some((now, Arc::new(fault)));
            }
        }
    }

    /// Asks the policy host. Redirects are not followed, and only `text/plain` counts (RFC 8461 section 3.3).
    async fn fetch(&self, domain: &str) -> Result<Policy, PolicyFault> {
        let host = mta_sts::policy_host(domain);
        let (four, six) = (self.dns.ipv4(&host).await, self.dns.ipv6(&host).await);
        let failed = match (&four, &six) {
            (Err(error), Err(_)) => error.to_string(),
            _ => String::new(),
        };
        let four = four.unwrap_or_default().into_iter().map(IpAddr::V4);
        let six = six.unwrap_or_default().into_iter().map(IpAddr::V6);
        let mut fault = PolicyFault::Fetch(failed);
        let asking = async {
            for address in four.chain(six).take(ADDRESSES_MAX) {
                match self.ask(&host, SocketAddr::new(address, self.port)).await {
                    Err(other @ PolicyFault::Fetch(_)) => fault = other,
                    decided => return decided,
                }
            }
            Err(fault)
        };
        let late = Err(PolicyFault::Fetch(format!("no answer within {FETCH_WAIT:?}")));
        tokio::time::timeout(FETCH_WAIT, asking).await.unwrap_or(late)
    }

    async fn ask(&self, host: &str, address: SocketAddr) -> Result<Policy, PolicyFault> {
        let https = Https { host, address, tls: &self.tls, wait: FETCH_WAIT, body_bytes_max: POLICY_BYTES_MAX };
        let answer = https.get(POLICY_PATH).await.map_err(|error| match error {
            HttpsError::Tls(StreamError::Handshake(_)) => PolicyFault::Host(error.to_string()),
            HttpsError::TooLong { .. } => PolicyFault::Invalid(error.to_string()),
            _ => PolicyFault::Fetch(error.to_string()),
        })?;
        if answer.status != 200 {
            return Err(PolicyFault::Fetch(format!("{host} answered {}", answer.status)));
        }
        if answer.media_type != "text/plain" {
            return Err(PolicyFault::Invalid(format!("it is of type {}", answer.media_type)));
        }
        let text = std::str::from_utf8(&answer.body).map_err(|_| PolicyFault::Invalid("it is no text".to_owned()))?;
        Policy::parse(text).map_err(|error: PolicyError| PolicyFault::Invalid(error.to_string()))
    }
}

#[cfg(test)]
mod tests;
