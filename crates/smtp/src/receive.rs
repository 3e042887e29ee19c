//! Mail coming in: one [`Receiver`] behind the doors of ports 25, 465 and 587.

mod abroad;
mod accept;
mod authenticate;
mod commit;
mod connectors;
mod conversation;
mod demands;
mod dns_lists;
mod forwarded;
mod greeting;
mod journaled;
mod judge;
mod lists;
mod opened;
mod outbound;
mod rates;
mod recipients;
mod refused;
mod reported;
mod submission;
mod suspicion;
mod traced;
mod within;

use std::sync::Arc;
use std::time::Duration;

use ::outbound::Outbound;
use certbook::Inquirer;
use crypto::tls::{ServerTls, Service};
use env::dns::Resolver;
use env::{Derived, Watched};
use identity::{Directory, SignIn};
use judgement::Judging;
use keybook::OpenPgpSettings;
use mailauth::{Checker, WithoutDns};
use net::{Budget, Connection, Handler, Refusal};
use reports::{FailureFact, Tally};
use retention::journal::JournalRules;
use signing::Signer;
use store::Store;
use tokio::sync::{Semaphore, mpsc};
use trace::{Refusals, TraceSettings};
use wire::sasl::Mechanism;
use wire::smtp::server::{Kind, Limits, ServerConfig};

use crate::deliver::Deliverer;
use crate::{ContentRules, DeliverySettings, Figures, SmtpSettings};

use connectors::Inward;
use conversation::Conversation;
use dns_lists::AskedList;
use greeting::WaitingRoom;
use rates::Rates;

pub use dns_lists::{DnsList, DnsListError};

/// Time for a TLS handshake.
const HANDSHAKE_WAIT: Duration = Duration::from_secs(30);

/// Time for a client that is turned away to read why.
const REFUSAL_WAIT: Duration = Duration::from_secs(5);

/// Reports of others that are read at the same time: unpacking takes memory.
const REPORTS_READ_MAX: usize = 2;

/// What receiving mail needs.
pub struct Receiver {
    pub(crate) store: Store,
    pub(crate) directory: Arc<Directory>,
    pub(crate) sign_in: Arc<SignIn>,
    pub(crate) dns: Arc<dyn Resolver>,
    pub(crate) checker: Checker,
    pub(crate) signer: Arc<Signer>,
    /// Asks about certificates of S/MIME.
    pub(crate) inquirer: Arc<Inquirer>,
    /// Whether keys of OpenPGP are learned from mail and sent along.
    openpgp: Watched<OpenPgpSettings>,
    pub(crate) judging: Arc<Judging>,
    pub(crate) deliverer: Arc<Deliverer>,
    pub(crate) outbound: Arc<Outbound>,
    /// Which mail is kept beside the mailboxes.
    pub(crate) journal: JournalRules,
    pub(crate) reporting: Reporting,
    /// Reports of others that may be read at the same time.
    pub(crate) reading: Semaphore,
    /// What is done when DNS does not work at all.
    pub(crate) without_dns: WithoutDns,
    pub(crate) tls: ServerTls,
    pub(crate) budget: Budget,
    pub(crate) settings: Watched<SmtpSettings>,
    /// How long a message may wait for its delivery.
    delivery: Watched<DeliverySettings>,
    pub(crate) rates: Rates,
    pub(crate) dns_lists: Derived<SmtpSettings, Vec<AskedList>>,
    pub(crate) content_rules: ContentRules,
    /// What connectors say of strangers.
    pub(crate) inward: Arc<Inward>,
    pub(crate) waiting_room: WaitingRoom,
    pub(crate) hostname: String,
    /// Whose postmaster is meant by a bare `<postmaster>` (RFC 5321 section 4.5.1).
    pub(crate) postmaster_domain: String,
    pub(crate) figures: Arc<Figures>,
    pub(crate) tracing: TraceSettings,
    /// What was refused and is not written yet.
    pub(crate) refusals: Refusals,
}

/// What receiving does for reports; each part may be switched off.
#[derive(Default)]
pub struct Reporting {
    /// Counts what mail from a domain was like.
    pub tally: Option<Arc<Tally>>,
    /// DMARC reports to our postmasters are read.
    pub reads_dmarc: bool,
    /// Takes messages of which a failure report may be wanted. What does not fit into it at once is not reported.
    pub failures: Option<mpsc::Sender<FailureFact>>,
}

/// What a [`Receiver`] is made from beside its settings.
pub struct ReceiverParts {
    /// Where mail is kept.
    pub store: Store,
    /// Whose an address is.
    pub directory: Arc<Directory>,
    /// Checks passwords.
    pub sign_in: Arc<SignIn>,
    /// Looks up what senders publish.
    pub dns: Arc<dyn Resolver>,
    /// Checks who sent a message.
    pub checker: Checker,
    /// Signs what our people send.
    pub signer: Arc<Signer>,
    /// Asks about certificates of S/MIME.
    pub inquirer: Arc<Inquirer>,
    /// Whether keys of OpenPGP are learned from mail, and published ones sent along.
    pub openpgp: Watched<OpenPgpSettings>,
    /// Judges what comes from outside.
    pub judging: Arc<Judging>,
    /// Passes on what is for other regions.
    pub deliverer: Arc<Deliverer>,
    /// Knows what people may send.
    pub outbound: Arc<Outbound>,
    /// What is told of and by other domains.
    pub reporting: Reporting,
    /// What is done when DNS does not work at all.
    pub without_dns: WithoutDns,
    /// Certificates.
    pub tls: ServerTls,
    /// Bytes of messages in flight, shared by all services.
    pub budget: Budget,
    /// Our host name.
    pub hostname: String,
    /// Domain whose postmaster is meant by a bare `<postmaster>`.
    pub postmaster_domain: String,
    /// What our people must encrypt, by the recipients' domains.
    pub content_rules: ContentRules,
    /// What is counted.
    pub figures: Arc<Figures>,
    /// How what happens to messages is traced.
    pub tracing: TraceSettings,
}

impl Receiver {
    /// A receiver of these parts. Networks and lists in the settings that cannot be read are left out: whoever reads the settings checks them.
    #[must_use]
    pub fn new(
        parts: ReceiverParts,
        settings: Watched<SmtpSettings>,
        delivery: Watched<DeliverySettings>,
    ) -> Arc<Self> {
        let ReceiverParts { store, directory, sign_in, dns, checker, signer, without_dns, inquirer, openpgp, .. } =
            parts;
        let ReceiverParts { reporting, tls, budget, hostname, postmaster_domain, figures, .. } = parts;
        let ReceiverParts { content_rules, judging, deliverer, outbound, tracing, .. } = parts;
        Arc::new(Self {
            journal: JournalRules::new(store.clone()),
            store,
            directory,
            sign_in,
            dns,
            checker,
            signer,
            inquirer,
            openpgp,
            judging,
            deliverer,
            outbound,
            reporting,
            reading: Semaphore::new(REPORTS_READ_MAX),
            without_dns,
            tls,
            budget,
            rates: Rates::new(&settings),
            dns_lists: Derived::new(settings.clone(), asked_lists),
            content_rules,
            inward: Arc::default(),
            waiting_room: WaitingRoom::default(),
            settings,
            delivery,
            hostname,
            postmaster_domain,
            figures,
            tracing,
            refusals: Refusals::default(),
        })
    }

    /// How long a message may wait for its delivery.
    pub(crate) fn expire_after(&self) -> Duration {
        Duration::from_secs(self.delivery.now().expire_hours.saturating_mul(3600))
    }

    /// How far ahead a message may be scheduled.
    pub(crate) fn hold_max(&self) -> Duration {
        Duration::from_secs(self.delivery.now().schedule_days_max.saturating_mul(86_400))
    }

    /// Whether keys of OpenPGP are learned from mail.
    pub(crate) fn learns_keys(&self) -> bool {
        self.openpgp.now().autocrypt
    }

    /// With which wish published keys of OpenPGP are sent along; none if they are not.
    pub(crate) fn writes_keys(&self) -> Option<keybook::PreferEncrypt> {
        self.openpgp.now().writes_keys()
    }

    /// The door of `kind`.
    #[must_use]
    pub fn door(self: &Arc<Self>, kind: Kind) -> Arc<Door> {
        let context = self.store.context();
        let config = Arc::new(ServerConfig {
            hostname: self.hostname.clone(),
            kind,
            starttls: kind != Kind::Submissions,
            // RFC 8689 section 4.1: mailboxes here and delivery onward keep it.
            require_tls: true,
            mechanisms: Mechanism::ALL.to_vec(),
            hold_seconds_max: self.hold_seconds_max(kind),
            limits: self.limits(),
            pretence_secret: self.sign_in.pretence_secret(),
            pretence_iterations: self.sign_in.pretence_iterations(),
            openid_configuration: self.sign_in.openid_configuration(),
            entropy: Arc::clone(&context.entropy),
            clock: Arc::clone(&context.clock),
        });
        Arc::new(Door { receiver: Arc::clone(self), config })
    }
}

impl Receiver {
    fn limits(&self) -> Limits {
        let settings = self.settings.now();
        Limits {
            size_bytes_max: settings.message_bytes_max,
            recipients_max: settings.recipients_max,
            messages_max: settings.messages_per_connection_max,
            ..Limits::default()
        }
    }

    fn hold_seconds_max(&self, kind: Kind) -> Option<u32> {
        kind.is_submission().then(|| u32::try_from(self.hold_max().as_secs()).unwrap_or(u32::MAX))
    }
}

fn asked_lists(settings: &SmtpSettings) -> Vec<AskedList> {
    DnsList::parse_all(&settings.dns_lists).unwrap_or_default().into_iter().map(AskedList::new).collect()
}

/// One of the services over which mail comes in.
pub struct Door {
    pub(crate) receiver: Arc<Receiver>,
    pub(crate) config: Arc<ServerConfig>,
}

impl Door {
    /// The settings of a session that begins now.
    pub(crate) fn session_config(&self) -> Arc<ServerConfig> {
        let (limits, hold_seconds_max) = (self.receiver.limits(), self.receiver.hold_seconds_max(self.config.kind));
        if limits == self.config.limits && hold_seconds_max == self.config.hold_seconds_max {
            return Arc::clone(&self.config);
        }
        Arc::new(ServerConfig { limits, hold_seconds_max, ..(*self.config).clone() })
    }
}

impl Handler for Door {
    async fn serve(self: Arc<Self>, connection: Connection) {
        let Connection { mut stream, stop, .. } = connection;
        let peer = stream.peer();
        if !self.admits(peer.ip()).await {
            self.tell_turned_away(peer.ip(), rates::TOO_MANY_CONNECTIONS);
            if stream.send(rates::TOO_MANY_CONNECTIONS, REFUSAL_WAIT).await.is_ok() {
                stream.close().await;
            }
            return;
        }
        let Some((mut stream, client)) = self.look_at(stream, &stop).await else { return };
        if self.config.kind == Kind::Submissions {
            let tls = self.receiver.tls.config(Service::Mail);
            stream = match stream.upgrade_server(tls, HANDSHAKE_WAIT).await {
                Ok(stream) => stream,
                Err(error) => {
                    tracing::debug!(%peer, %error, "no TLS");
                    return;
                }
            };
        }
        if let Err(error) = Conversation::new(&self, &stream, client).run(stream, &stop).await {
            tracing::debug!(%peer, %error, "SMTP connection ended early");
        }
    }

    fn refusal(&self, reason: Refusal) -> &'static [u8] {
        if self.config.kind == Kind::Submissions {
            return b"";
        }
        match reason {
            Refusal::Total => b"421 4.3.2 Too many connections, try again later\r\n",
            Refusal::PerClient => b"421 4.7.0 Too many connections from your address\r\n",
        }
    }
}
