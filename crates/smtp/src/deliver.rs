//! Mail going out: takes leases on what is due, delivers here or to other servers, and records what became of it.
//!
//! `docs/flow/deliver.md` tells the way.

pub(crate) mod abroad;
mod attempt;
mod busy;
mod connect;
mod connectors;
mod content;
pub(crate) mod exchangers;
mod failures;
mod fared;
mod foresee;
mod forward;
mod here;
mod link;
mod members;
mod pool;
mod protect;
mod report;
pub(crate) mod route;
mod ruled;
mod security;
mod settle;
mod sort;
mod traced;
pub mod trial;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use certbook::Inquirer;
use crypto::tls::{ClientTls, PemError, Roots, TlsSetupError};
use env::Watched;
use env::dns::Resolver;
use identity::Directory;
use keybook::Finder;
use letters::Mailer;
use outbound::Outbound;
use queue::{Lease, LeaseRequest, QueueError, Schedule};
use residence::RegionSettings;
use scripts::Outside;
use signing::Signer;
use store::Store;
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::transport::{Policies, Reporter, Results, Sightings};
use crate::{DeliverySettings, Figures};
use busy::Busy;
use connectors::Ways;
use link::Sent;
use pool::Pool;
use protect::Looks;
use route::{RouteError, Routes, Way};
use settle::Verdict;

/// Shortest time that a lease holds, whatever the settings say: time for a renewal that a busy store delays.
const LEASE_MIN: Duration = Duration::from_secs(4);

/// Wait after a renewal that failed; several fit into what is left of the lease.
const RENEW_AGAIN: Duration = Duration::from_secs(30);

/// Longest sleep of the scheduler: what no notice tells, a look every so often finds.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// Shortest sleep when what is due cannot be taken yet.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// What a stop leaves between the last answer that it waits for and its own end, to record what became of the messages.
pub const SETTLE_MARGIN: Duration = Duration::from_secs(1);

/// Leases taken at once.
const LEASES_MAX: usize = 64;

/// A set-up that cannot work.
#[derive(Debug, thiserror::Error)]
pub enum DeliverError {
    /// A route is wrong.
    #[error(transparent)]
    Route(#[from] RouteError),
    /// A file of root certificates is.
    #[error(transparent)]
    Roots(#[from] PemError),
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsSetupError),
}

/// Delivers what is in the queue.
pub struct Deliverer {
    store: Store,
    directory: Arc<Directory>,
    dns: Arc<dyn Resolver>,
    mailer: Mailer,
    signer: Arc<Signer>,
    opportunistic: ClientTls,
    verified: ClientTls,
    policies: Policies,
    results: Arc<Results>,
    hostname: String,
    postmaster_domain: String,
    figures: Arc<Figures>,
    routes: Routes,
    /// Ways beside those of the settings.
    connectors: Arc<Ways>,
    settings: Watched<DeliverySettings>,
    pool: Pool,
    busy: Busy,
    slots: Arc<Semaphore>,
    looks: Looks,
    outside: Outside,
    outbound: Arc<Outbound>,
    keys: Arc<Finder>,
    inquirer: Arc<Inquirer>,
    has_portal: bool,
    region: RegionSettings,
    seen: Sightings,
    freed: Notify,
    /// How long a stop waits for answers to messages that have been sent.
    answer_grace: Duration,
}

/// What a [`Deliverer`] is made from beside its settings.
pub struct DelivererParts {
    /// Where mail and queue are kept.
    pub store: Store,
    /// Whose an address is.
    pub directory: Arc<Directory>,
    /// Looks exchangers up.
    pub dns: Arc<dyn Resolver>,
    /// Posts notifications and reports.
    pub mailer: Mailer,
    /// Has the keys that seal what is forwarded.
    pub signer: Arc<Signer>,
    /// Our host name.
    pub hostname: String,
    /// Whose postmaster signs reports to other domains.
    pub postmaster_domain: String,
    /// What is counted.
    pub figures: Arc<Figures>,
    /// How long a stopping server waits for its parts. Deliveries end [`SETTLE_MARGIN`] before it.
    pub stop_wait: Duration,
    /// Where scripts of people may send mail on to.
    pub outside: Outside,
    /// Says what may go on by itself.
    pub outbound: Arc<Outbound>,
    /// Finds keys of correspondents (OpenPGP).
    pub keys: Arc<Finder>,
    /// Finds certificates of partners and asks about them (S/MIME).
    pub inquirer: Arc<Inquirer>,
    /// Whether our people can send by the portal.
    pub has_portal: bool,
    /// The region that we are.
    pub region: RegionSettings,
}

impl Deliverer {
    /// A deliverer of these parts; relative files of the settings lie in `home`.
    ///
    /// # Errors
    /// [`DeliverError`] if a route or a file of roots cannot be used.
    pub fn new(
        parts: DelivererParts,
        watched: Watched<DeliverySettings>,
        home: &Path,
    ) -> Result<Arc<Self>, DeliverError> {
        let settings = watched.now();
        let DelivererParts {
            store,
            directory,
            dns,
            mailer,
            signer,
            hostname,
            postmaster_domain,
            figures,
            stop_wait,
            outside,
            outbound,
            keys,
            inquirer,
            has_portal,
            region,
        } = parts;
        let extra: Vec<_> = settings.roots.iter().map(|file| home.join(file)).collect();
        let roots = Roots::system(&extra)?;
        let verified = ClientTls::verified(&roots)?;
        let policies = Policies::new(store.clone(), Arc::clone(&dns), verified.clone(), settings.policy_port);
        Ok(Arc::new(Self {
            outside,
            outbound,
            keys,
            inquirer,
            has_portal,
            region,
            seen: Sightings::default(),
            store,
            directory,
            dns,
            mailer,
            signer,
            opportunistic: ClientTls::opportunistic(&roots)?,
            verified,
            policies,
            results: Arc::default(),
            hostname,
            postmaster_domain,
            figures,
            routes: Routes::resolve(&settings.route, home, &roots)?,
            connectors: Arc::default(),
            pool: Pool::default(),
            busy: Busy::default(),
            slots: Arc::new(Semaphore::new(settings.deliveries_max)),
            looks: Looks::default(),
            freed: Notify::new(),
            answer_grace: stop_wait.saturating_sub(SETTLE_MARGIN),
            settings: watched,
        }))
    }

    /// The way of mail to `domain` (lowercase A-labels): of the settings' routes, else of a connector, else that of the domain itself.
    fn way(&self, domain: &str) -> Way {
        let of_routes = self.routes.find(domain).cloned();
        of_routes.or_else(|| self.connectors.way(domain)).unwrap_or_default()
    }

    /// Takes up connectors that were changed. If the store fails, those that are known hold.
    async fn look_at_connectors(&self) {
        let connectors = Arc::clone(&self.connectors);
        if let Err(error) = self.store.read(move |tx| connectors.refresh(tx)).await {
            tracing::error!(%error, "connectors cannot be read; those that are known hold");
        }
    }

    /// When it is tried again, and for how long.
    fn schedule(&self) -> Schedule {
        schedule(&self.settings.now())
    }

    /// What reports how connections fared; none where the settings switch it off.
    #[must_use]
    pub fn reporter(&self) -> Option<Reporter> {
        self.settings.now().tls_reports.then(|| Reporter {
            store: self.store.clone(),
            dns: Arc::clone(&self.dns),
            tls: self.verified.clone(),
            mailer: self.mailer.clone(),
            results: Arc::clone(&self.results),
            domain: self.postmaster_domain.clone(),
            expire_after: self.schedule().expire_after,
        })
    }

    /// Delivers until `stop`; then gives back what is not sent, and waits a while for the answers to what is.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let due = self.store.context().notices.queue();
        let tasks = TaskTracker::new();
        while !stop.is_cancelled() {
            let taken = self.take(&tasks, &stop).await;
            self.pool.close_stale(self.store.context().clock.now());
            if taken {
                continue;
            }
            let pause = self.pause().await;
            tokio::select! {
                () = stop.cancelled() => {}
                () = due.notified() => {}
                () = self.freed.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
        tasks.close();
        tasks.wait().await;
        self.pool.close_all();
    }

    /// Takes leases for the free slots and begins to deliver them; says whether there were any.
    async fn take(self: &Arc<Self>, tasks: &TaskTracker, stop: &CancellationToken) -> bool {
        let free = self.slots.available_permits().min(LEASES_MAX);
        if free == 0 {
            return false;
        }
        let per_destination_max = self.settings.now().connections_per_destination_max.max(1);
        let request = LeaseRequest {
            lease_for: self.lease_for(),
            leases_max: free,
            per_destination_max,
            excluded: self.busy.excluded(self.store.context().clock.now(), per_destination_max),
        };
        let leases = match self.store.write(move |tx| queue::lease(tx, &request)).await {
            Ok(leases) => leases,
            Err(error) => {
                tracing::error!(%error, "cannot take messages from the queue");
                return false;
            }
        };
        let any = !leases.is_empty();
        for lease in leases {
            let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() else { break };
            let (this, stop) = (Arc::clone(self), stop.clone());
            let place = self.busy.enter(lease.destination);
            tasks.spawn(async move {
                this.deliver(&lease, &stop).await;
                drop((slot, place));
                this.freed.notify_one();
            });
        }
        any
    }

    /// Delivers under a lease, which is renewed meanwhile, and settles it.
    async fn deliver(self: &Arc<Self>, lease: &Lease, stop: &CancellationToken) {
        let sent = Sent::default();
        let results = tokio::select! {
            biased;
            results = self.attempt(lease, &sent) => results,
            () = self.hold(lease) => return,
            results = self.stopped(lease, stop, &sent) => results,
        };
        self.settle(lease, results).await;
    }

    /// What a stop makes of an attempt. One that has not sent the end of its message is cut at once: the other side does not have
    /// it. One that has waits for the answer for a while, as without it the message must be sent again.
    async fn stopped(&self, lease: &Lease, stop: &CancellationToken, sent: &Sent) -> Vec<Verdict> {
        stop.cancelled().await;
        if !sent.is_marked() {
            return settle::returned(lease);
        }
        tokio::time::sleep(self.answer_grace).await;
        settle::unanswered(lease)
    }

    /// Renews the lease until it is lost. A store that does not answer for a while does not end it.
    async fn hold(&self, lease: &Lease) {
        let (message, fence, lease_for) = (lease.message, lease.fence, self.lease_for());
        let mut wait = lease_for / 2;
        loop {
            tokio::time::sleep(wait).await;
            wait = lease_for / 2;
            match self.store.write(move |tx| queue::renew(tx, message, fence, lease_for)).await {
                Ok(_) => {}
                Err(error @ QueueError::StaleLease { .. }) => {
                    tracing::warn!(message, %error, "a delivery is given up, another process has it");
                    return;
                }
                Err(error) => {
                    tracing::error!(message, %error, "the lease on a message cannot be renewed");
                    wait = RENEW_AGAIN.min(lease_for / 8);
                }
            }
        }
    }

    /// How long a lease holds; it is renewed while a delivery goes on.
    fn lease_for(&self) -> Duration {
        Duration::from_secs(self.settings.now().lease_seconds).max(LEASE_MIN)
    }

    /// How long there is nothing to do.
    async fn pause(&self) -> Duration {
        let now = self.store.context().clock.now();
        match self.store.read(queue::next_due).await {
            Ok(Some(due)) => due.since(now).clamp(LOOK_AGAIN, LOOK_EVERY),
            Ok(None) => LOOK_EVERY,
            Err(error) => {
                tracing::error!(%error, "cannot look into the queue");
                LOOK_EVERY
            }
        }
    }
}

fn schedule(settings: &DeliverySettings) -> Schedule {
    let minutes = |minutes: &u64| Duration::from_secs(minutes.saturating_mul(60));
    Schedule {
        steps: settings.retry_minutes.iter().map(minutes).collect(),
        expire_after: Duration::from_secs(settings.expire_hours.saturating_mul(3600)),
        delay_notice_after: Duration::from_secs(settings.delay_notice_hours.saturating_mul(3600)),
        ..Schedule::default()
    }
}
