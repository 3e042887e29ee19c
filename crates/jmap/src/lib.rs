//! JMAP (RFC 8620, RFC 8621) over HTTP: [`wire::jmap`] keeps the protocol, [`mailbox`] keeps the mail, an index of each account
//! in memory answers most questions.
//!
//! Builds a router; the driver that owns the listener serves it. Knows nothing of SMTP, IMAP and the pages.

mod answer;
mod args;
mod belongings;
mod blob;
mod blobs;
mod changeset;
mod contacts;
mod directory;
mod door;
mod elsewhere;
mod email;
mod error;
mod http;
mod ids;
mod index;
mod keys;
mod labels;
mod mailboxes;
mod mdn;
mod on_receipt;
mod opened;
mod outbound;
mod pictures;
mod principals;
mod protection;
mod push;
mod quota;
mod reach;
mod run;
mod senders;
mod session;
mod settings;
mod share_notices;
mod sorting;
mod state;
mod statements;
mod submission;
#[cfg(test)]
mod tests;
mod tree;
mod unchanged;
mod verdicts;
mod window;

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use ::outbound::Outbound;
use env::Timestamp;
use env::Watched;
use filter::Judge;
use identity::rights::AccessSettings;
use identity::{Principal, SignIn, SignInWatch};
use letters::Outbox;
use letters::foresight::Foresight;
use parking_lot::Mutex;
use scripts::Outside;
use store::Store;
use tokio_util::sync::CancellationToken;
use wire::jmap::MethodErrorKind;

pub use belongings::{belongings, cards_of, forget_cards_of};
pub use door::{BrowserSessions, NoSession};
pub use settings::JmapSettings;

use door::Door;
use error::Failure;
use http::Busy;
use index::Indexes;
use opened::Opened;
use pictures::{Cache, Fetcher};
use push::{Poster, Pushing};

/// Who asks.
#[derive(Debug, Clone)]
pub(crate) struct Asker {
    pub(crate) principal: Principal,
    /// Where the client connects from.
    pub(crate) peer: IpAddr,
}

impl Asker {
    pub(crate) const fn account(&self) -> i64 {
        self.principal.account
    }
}

/// How often what is kept is looked through.
const TEND_EVERY: Duration = Duration::from_secs(600);

/// Files that are forgotten in one transaction.
const FORGOTTEN_AT_ONCE: u32 = 200;

/// What may be asked at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) objects_get_max: usize,
    pub(crate) objects_set_max: usize,
    pub(crate) search_wait: Duration,
}

/// What JMAP needs.
pub struct Server {
    store: Store,
    door: Door,
    settings: Watched<JmapSettings>,
    indexes: Indexes,
    opened: Opened,
    /// States of session objects, by account and address, and until when they are believed.
    session_states: Mutex<HashMap<(i64, String), (String, Timestamp)>>,
    /// Requests under way.
    busy: Arc<Busy>,
    /// Clients that wait for changes.
    listening: Arc<Busy>,
    outbox: Arc<dyn Outbox>,
    foresight: Arc<dyn Foresight>,
    outbound: Arc<Outbound>,
    /// Has words for what was found of messages.
    judge: Arc<Judge>,
    /// Seconds that a message may wait before it goes.
    hold_seconds_max: Watched<u64>,
    /// Where scripts may send mail on to.
    outside: Outside,
    /// How long a strong factor counts.
    access: Watched<AccessSettings>,
    /// The server stops: who waits for changes is let go.
    stopping: CancellationToken,
    /// Files that are being sent.
    uploading: Arc<Busy>,
    /// Pictures that are being fetched.
    fetching: Arc<Busy>,
    /// Pictures that were fetched.
    pictures: Cache,
    /// Fetches pictures, if that is wanted.
    fetcher: Option<Fetcher>,
    /// Our address, without a slash at its end.
    public_url: String,
    /// Tells clients through push services.
    pushing: Pushing,
    /// Messages have keywords of labels that are gone.
    labels_left: tokio::sync::Notify,
    /// Who searched for invoices or accounts in a request that is under way; the trade guard counts it.
    searched: Mutex<HashSet<i64>>,
}

/// What a [`Server`] is made from beside its settings.
pub struct ServerParts {
    /// Where mail is kept.
    pub store: Store,
    /// Checks passwords and tokens.
    pub sign_in: Arc<SignIn>,
    /// Knows the sessions of browsers.
    pub browsers: Arc<dyn BrowserSessions>,
    /// Our address, without a slash at its end.
    pub public_url: String,
    /// Sends mail.
    pub outbox: Arc<dyn Outbox>,
    /// Knows what will protect mail.
    pub foresight: Arc<dyn Foresight>,
    /// Knows what people may send.
    pub outbound: Arc<Outbound>,
    /// Has words for what was found of messages.
    pub judge: Arc<Judge>,
    /// Seconds that a message may wait before it goes.
    pub hold_seconds_max: Watched<u64>,
    /// Where scripts may send mail on to.
    pub outside: Outside,
    /// How long a strong factor counts for sharing.
    pub access: Watched<AccessSettings>,
    /// Looks up hosts of pictures in messages.
    pub dns: Arc<dyn env::dns::Resolver>,
}

impl Server {
    /// A server of these parts.
    #[must_use]
    pub fn new(parts: ServerParts, watched: Watched<JmapSettings>) -> Arc<Self> {
        let ServerParts {
            store,
            sign_in,
            browsers,
            public_url,
            outbox,
            foresight,
            outbound,
            judge,
            hold_seconds_max,
            outside,
            access,
            dns,
        } = parts;
        let settings = watched.now();
        Arc::new(Self {
            door: Door::new(&store, sign_in, browsers),
            store,
            indexes: Indexes::new(settings.index_messages_max),
            opened: Opened::new(settings.opened_mib << 20),
            session_states: Mutex::default(),
            busy: Arc::default(),
            uploading: Arc::default(),
            fetching: Arc::default(),
            pictures: Cache::new(settings.pictures_mib << 20),
            pushing: Pushing::new(Poster::new(Arc::clone(&dns), &settings)),
            fetcher: Fetcher::new(dns, &settings),
            listening: Arc::default(),
            stopping: CancellationToken::new(),
            outbox,
            foresight,
            outbound,
            judge,
            hold_seconds_max,
            outside,
            access,
            settings: watched,
            public_url,
            labels_left: tokio::sync::Notify::new(),
            searched: Mutex::default(),
        })
    }

    /// What may be asked at once.
    pub(crate) fn limits(&self) -> Limits {
        let settings = self.settings.now();
        Limits {
            objects_get_max: settings.objects_get_max,
            objects_set_max: settings.objects_set_max,
            search_wait: Duration::from_secs(settings.search_seconds),
        }
    }

    /// Tells when the sign-in of who asks is over.
    pub(crate) fn sign_in_watch(&self, asker: &Asker) -> SignInWatch {
        self.door.watch(&asker.principal)
    }

    /// Until `stop` tells clients of changes through push services, and forgets files that nobody used and labels that are gone; then lets
    /// those go who wait for changes.
    pub async fn tend(self: Arc<Self>, stop: CancellationToken) {
        tokio::join!(self.forget(&stop), self.serve_subscriptions(&stop));
    }

    async fn forget(&self, stop: &CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return self.stopping.cancel(),
                () = self.labels_left.notified() => {}
                () = tokio::time::sleep(TEND_EVERY) => {
                    self.forget_files().await;
                    if let Err(error) = self.expire_share_notices().await {
                        tracing::warn!(%error, "cannot take old notices of sharing away");
                    }
                }
            }
            if let Err(error) = self.clear_labels().await {
                tracing::warn!(%error, "cannot take a deleted label from its messages; tried again later");
            }
        }
    }

    async fn forget_files(&self) {
        loop {
            let forget = |tx: &mut store::Tx<'_>| mailbox::uploads::forget_expired(tx, FORGOTTEN_AT_ONCE);
            match self.store.write_freeing(forget).await {
                Ok(count) if count < u64::from(FORGOTTEN_AT_ONCE) => return,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, "cannot forget files that clients sent");
                    return;
                }
            }
        }
    }
}

impl Server {
    /// Refuses to read more objects at once than may be.
    ///
    /// # Errors
    /// `requestTooLarge`.
    fn check_get(&self, ids: Option<&[String]>) -> Result<(), Failure> {
        let max = self.limits().objects_get_max;
        if ids.is_some_and(|ids| ids.len() > max) {
            return Err(Failure::say(MethodErrorKind::RequestTooLarge, format!("at most {max} objects at once")));
        }
        Ok(())
    }

    /// Refuses to change more objects at once than may be.
    ///
    /// # Errors
    /// `requestTooLarge`.
    fn check_set(&self, count: usize) -> Result<(), Failure> {
        let max = self.limits().objects_set_max;
        if count > max {
            return Err(Failure::say(MethodErrorKind::RequestTooLarge, format!("at most {max} objects at once")));
        }
        Ok(())
    }
}
