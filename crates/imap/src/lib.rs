//! The IMAP server: a thin driver over [`wire::imap`], which keeps the protocol, and [`mailbox`], which keeps the mail.
//!
//! One task a connection. What is long streams: a page of messages is read while the page before it is sent, so that memory
//! stays flat whatever is fetched.

mod answer;
mod commands;
mod connection;
mod figures;
mod place;
mod render;
mod selected;
mod settings;
mod sign_in;

use std::sync::Arc;
use std::time::Duration;

use crypto::tls::{ServerTls, Service};
use env::Watched;
use identity::SignIn;
use identity::rights::AccessSettings;
use mailbox::OpenedSummaries;
use net::{Budget, Handler, Refusal};
use store::Store;
use tokio_util::sync::CancellationToken;
use wire::imap::{Limits, Settings};
use wire::sasl::Mechanism;

use connection::Connection;
use figures::Figures;

pub use settings::ImapSettings;

/// How often what is kept in memory is looked through.
const TEND_EVERY: Duration = Duration::from_secs(60);

/// Time for a TLS handshake.
const HANDSHAKE_WAIT: Duration = Duration::from_secs(30);

/// What IMAP needs.
pub struct Server {
    store: Store,
    sign_in: Arc<SignIn>,
    tls: ServerTls,
    budget: Budget,
    settings: Watched<ImapSettings>,
    session: Arc<Settings>,
    message_bytes_max: Watched<u64>,
    figures: Figures,
    summaries: Arc<OpenedSummaries>,
    access: Watched<AccessSettings>,
}

/// What a [`Server`] is made from beside its settings.
pub struct ServerParts {
    /// Where mail is kept.
    pub store: Store,
    /// Checks passwords.
    pub sign_in: Arc<SignIn>,
    /// Certificates.
    pub tls: ServerTls,
    /// Bytes of messages in flight, shared by all services.
    pub budget: Budget,
    /// Our host name.
    pub hostname: String,
    /// Longest message that may be appended, in bytes.
    pub message_bytes_max: Watched<u64>,
    /// How long strong factors count.
    pub access: Watched<AccessSettings>,
}

impl Server {
    /// A server of these parts.
    #[must_use]
    pub fn new(parts: ServerParts, settings: Watched<ImapSettings>) -> Arc<Self> {
        let ServerParts { store, sign_in, tls, budget, hostname, message_bytes_max, access } = parts;
        let limits = limits(*message_bytes_max.now());
        let mechanisms = Mechanism::ALL.iter().filter(|it| **it != Mechanism::Login).map(|it| it.name().to_owned());
        let session =
            Settings { host: hostname, mechanisms: mechanisms.collect(), starttls: true, compress: true, limits };
        let summaries = Arc::new(OpenedSummaries::new(settings.now().summaries_mib << 20));
        Arc::new(Self {
            store,
            sign_in,
            tls,
            budget,
            settings,
            session: Arc::new(session),
            message_bytes_max,
            figures: Figures::default(),
            summaries,
            access,
        })
    }

    /// The settings of a session that begins now.
    pub(crate) fn session(&self) -> Arc<Settings> {
        let limits = limits(*self.message_bytes_max.now());
        if limits == self.session.limits {
            return Arc::clone(&self.session);
        }
        Arc::new(Settings { limits, ..(*self.session).clone() })
    }

    /// The service with STARTTLS, or with TLS from the start.
    #[must_use]
    pub fn door(self: &Arc<Self>, implicit_tls: bool) -> Arc<Door> {
        Arc::new(Door { server: Arc::clone(self), implicit_tls })
    }

    /// Lets go, until `stop`, of what is kept of mailboxes that nobody reads any more.
    pub async fn tend(self: Arc<Self>, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(TEND_EVERY) => {}
            }
            self.summaries.forget_unused(self.store.context().clock.now());
        }
    }

    /// Name, meaning and present value of each running figure.
    #[must_use]
    pub fn figures(&self) -> Vec<(&'static str, &'static str, u64)> {
        self.figures.read()
    }
}

fn limits(message_bytes_max: u64) -> Limits {
    Limits {
        message_bytes_max,
        append_bytes_max: message_bytes_max.saturating_add(message_bytes_max / 4),
        ..Limits::default()
    }
}

/// One of the services over which mail is read.
pub struct Door {
    server: Arc<Server>,
    implicit_tls: bool,
}

impl Handler for Door {
    async fn serve(self: Arc<Self>, connection: net::Connection) {
        let net::Connection { mut stream, stop, .. } = connection;
        let peer = stream.peer();
        if self.implicit_tls {
            stream = match stream.upgrade_server(self.server.tls.config(Service::Mail), HANDSHAKE_WAIT).await {
                Ok(stream) => stream,
                Err(error) => {
                    tracing::debug!(%peer, %error, "no TLS");
                    return;
                }
            };
        }
        if let Err(error) = Connection::new(&self.server, stream).run(&stop).await {
            tracing::debug!(%peer, %error, "IMAP connection ended early");
        }
    }

    fn refusal(&self, _: Refusal) -> &'static [u8] {
        if self.implicit_tls { b"" } else { b"* BYE [UNAVAILABLE] too many connections, try again later\r\n" }
    }
}
