//! Mail coming in: one [`Receiver`] behind the doors of ports 25, 465 and 587.

mod abroad;
mod accept;
mod authenticate;
mod commit;
mod conversation;
mod demands;
mod dns_lists;
mod forwarded;
mod greeting;
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
use identity::{Directory, SignIn};
use judgement::Judging;
use mailauth::{Checker, WithoutDns};
use net::{Budget, Connection, Handler, Refusal, TrustedNetworks};
use reports::{FailureFact, Tally};
use signing::Signer;
use store::Store;
use tokio::sync::{Semaphore, mpsc};
use trace::{Refusals, TraceSettings};
use wire::sasl::Mechanism;
use wire::smtp::server::{Kind, Limits, ServerConfig};

use crate::deliver::Deliverer;
use crate::{ContentRules, DeliverySettings, Figures, SmtpSettings};

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
    /// Whether keys of OpenPGP are learned from mail.
    pub(crate) learns_keys: bool,
    pub(crate) writes_keys: Option<keybook::PreferEncrypt>,
    pub(crate) judging: Arc<Judging>,
    pub(crate) deliverer: Arc<Deliverer>,
    pub(crate) outbound: Arc<Outbound>,
    pub(crate) reporting: Reporting,
    /// Reports of others that may be read at the same time.
    pub(crate) reading: Semaphore,
    /// What is done when DNS does not work at all.
    pub(crate) without_dns: WithoutDns,
    pub(crate) tls: ServerTls,
    pub(crate) budget: Budget,
    pub(crate) settings: SmtpSettings,
    pub(crate) rates: Rates,
    pub(crate) dns_lists: Vec<AskedList>,
    pub(crate) content_rules: ContentRules,
    pub(crate) waiting_room: WaitingRoom,
    pub(crate) hostname: String,
    /// Whose postmaster is meant by a bare `<postmaster>` (RFC 5321 section 4.5.1).
    pub(crate) postmaster_domain: String,
    /// How long a message may wait for its delivery.
    pub(crate) expire_after: Duration,
    pub(crate) hold_max: Duration,
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
    /// Whether keys of OpenPGP are learned from mail.
    pub learns_keys: bool,
    /// With which wish published keys of OpenPGP are sent along; none if they are not.
    pub writes_keys: Option<keybook::PreferEncrypt>,
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
    /// Networks whose rates are not limited.
    pub exempt_networks: TrustedNetworks,
    /// Lists of clients that are asked.
    pub dns_lists: Vec<DnsList>,
    /// What our people must encrypt, by the recipients' domains.
    pub content_rules: ContentRules,
    /// What is counted.
    pub figures: Arc<Figures>,
    /// How what happens to messages is traced.
    pub tracing: TraceSettings,
}

impl Receiver {
    /// A receiver of these parts.
    #[must_use]
    pub fn new(parts: ReceiverParts, settings: SmtpSettings, delivery: &DeliverySettings) -> Arc<Self> {
        let ReceiverParts {
            store,
            directory,
            sign_in,
            dns,
            checker,
            signer,
            without_dns,
            inquirer,
            learns_keys,
            writes_keys,
            ..
        } = parts;
        let ReceiverParts { reporting, tls, budget, hostname, postmaster_domain, figures, .. } = parts;
        let ReceiverParts { exempt_networks, dns_lists, content_rules, judging, deliverer, outbound, tracing, .. } =
            parts;
        Arc::new(Self {
            store,
            directory,
            sign_in,
            dns,
            checker,
            signer,
            inquirer,
            learns_keys,
            writes_keys,
            judging,
            deliverer,
            outbound,
            reporting,
            reading: Semaphore::new(REPORTS_READ_MAX),
            without_dns,
            tls,
            budget,
            rates: Rates::new(&settings, exempt_networks),
            dns_lists: dns_lists.into_iter().map(AskedList::new).collect(),
            content_rules,
            waiting_room: WaitingRoom::default(),
            settings,
            hostname,
            postmaster_domain,
            expire_after: Duration::from_secs(delivery.expire_hours * 3600),
            hold_max: Duration::from_secs(delivery.schedule_days_max * 86_400),
            figures,
            tracing,
            refusals: Refusals::default(),
        })
    }

    /// The door of `kind`.
    #[must_use]
    pub fn door(self: &Arc<Self>, kind: Kind) -> Arc<Door> {
        let defaults = Limits::default();
        let limits = Limits {
            size_bytes_max: self.settings.message_bytes_max,
            recipients_max: self.settings.recipients_max,
            messages_max: self.settings.messages_per_connection_max,
            ..defaults
        };
        let context = self.store.context();
        let config = Arc::new(ServerConfig {
            hostname: self.hostname.clone(),
            kind,
            starttls: kind != Kind::Submissions,
            // RFC 8689 section 4.1: mailboxes here and delivery onward keep it.
            require_tls: true,
            mechanisms: Mechanism::ALL.to_vec(),
            hold_seconds_max: kind.is_submission().then(|| u32::try_from(self.hold_max.as_secs()).unwrap_or(u32::MAX)),
            limits,
            pretence_secret: self.sign_in.pretence_secret(),
            pretence_iterations: self.sign_in.pretence_iterations(),
            openid_configuration: self.sign_in.openid_configuration(),
            entropy: Arc::clone(&context.entropy),
            clock: Arc::clone(&context.clock),
        });
        Arc::new(Door { receiver: Arc::clone(self), config })
    }
}

/// One of the services over which mail comes in.
pub struct Door {
    pub(crate) receiver: Arc<Receiver>,
    pub(crate) config: Arc<ServerConfig>,
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
