//! A connection to another server's IMAP: reached, protected, signed in; and what of its words is a trouble of what kind.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use crypto::tls::{CertificateFault, ClientTls};
use env::dns::Resolver;
use net::{Stream, StreamError};
use rustls_pki_types::ServerName;
use wire::imap::client::{
    Capabilities, Client, Credentials, Event, Part, SignIn, SignInError, SignInStep, Status, StatusKind, TlsUse,
};

use super::{MESSAGE_BYTES_MAX, RemoteError};

/// Addresses of a host that are tried.
const ADDRESSES_MAX: usize = 4;

/// How long connecting and the handshake of TLS may take.
const CONNECT_WAIT: Duration = Duration::from_secs(30);

/// How long a server may say nothing while it is to answer: large folders take their time.
const ANSWER_WAIT: Duration = Duration::from_secs(300);

/// Where to, and as whom.
#[derive(Clone)]
pub struct Remote {
    /// Name of the host, which its certificate must have.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: TlsUse,
    /// Whom the certificate must be from.
    pub trust: ClientTls,
    /// What is signed in with.
    pub credentials: Credentials,
    /// Looks names up.
    pub dns: Arc<dyn Resolver>,
    /// How long is waited where the server wants that.
    pub patience: Patience,
}

/// How long is waited where the server wants that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// The first time; it doubles until something comes.
    pub first: Duration,
    /// The longest time.
    pub longest: Duration,
    /// All times after which nothing came, together.
    pub all: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { first: Duration::from_secs(5), longest: Duration::from_secs(900), all: Duration::from_secs(4 * 3600) }
    }
}

impl Remote {
    /// Whose mailbox it is there.
    #[must_use]
    pub fn user(&self) -> &str {
        match &self.credentials {
            Credentials::Password { user, .. } | Credentials::Token { user, .. } => user,
        }
    }

    async fn addresses(&self) -> Result<Vec<SocketAddr>, RemoteError> {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        let found: Vec<IpAddr> = match host.parse::<IpAddr>() {
            Ok(address) => vec![address],
            Err(_) if host.eq_ignore_ascii_case("localhost") => vec![Ipv4Addr::LOCALHOST.into()],
            Err(_) => {
                let (four, six) = (self.dns.ipv4(host).await, self.dns.ipv6(host).await);
                if let (Err(error), Err(_)) = (&four, &six) {
                    return Err(RemoteError::Name { host: host.to_owned(), cause: error.clone() });
                }
                let four = four.unwrap_or_default().into_iter().map(IpAddr::V4);
                four.chain(six.unwrap_or_default().into_iter().map(IpAddr::V6)).collect()
            }
        };
        Ok(found.into_iter().take(ADDRESSES_MAX).map(|ip| SocketAddr::new(ip, self.port)).collect())
    }

    /// Connects and signs in. `is_known` says that it has let us in before, so that a refusal may be for now.
    pub(super) async fn open(&self, is_known: bool) -> Result<Connection, RemoteError> {
        let stream = self.reach().await?;
        let stream = if self.tls == TlsUse::Implicit { self.protect(stream).await? } else { stream };
        let client = Client::new(MESSAGE_BYTES_MAX);
        let mut sign_in = SignIn::new(client, self.tls, self.credentials.clone());
        let mut stream = stream;
        let mut buffer = BytesMut::new();
        loop {
            let step = sign_in.next_step().map_err(|error| self.no_session(error, is_known))?;
            let output = sign_in.take_output();
            if !output.is_empty() {
                stream.send(&output, ANSWER_WAIT).await?;
            }
            match step {
                SignInStep::Read => {
                    receive(&mut stream, &mut buffer).await?;
                    sign_in.feed(&buffer);
                    buffer.clear();
                }
                SignInStep::StartTls => {
                    stream = self.protect(stream).await?;
                    sign_in.tls_started();
                }
                SignInStep::Ready => {
                    let (client, capabilities) = sign_in.into_client();
                    return Ok(Connection { stream, client, capabilities, buffer });
                }
            }
        }
    }

    async fn reach(&self) -> Result<Stream, RemoteError> {
        let mut last = None;
        for address in self.addresses().await? {
            match net::connect(address, None, CONNECT_WAIT).await {
                Ok(stream) => return Ok(stream),
                Err(error) => last = Some(error),
            }
        }
        Err(last.map_or_else(|| RemoteError::NoAddress { host: self.host.clone() }, RemoteError::Connect))
    }

    async fn protect(&self, stream: Stream) -> Result<Stream, RemoteError> {
        let host = self.host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let name = ServerName::try_from(host).map_err(|_| RemoteError::NoAddress { host: self.host.clone() })?;
        stream.upgrade_client(self.trust.config(), name, CONNECT_WAIT).await.map_err(|error| match &error {
            StreamError::Handshake(cause) => match CertificateFault::of_handshake(cause) {
                Some(fault) => RemoteError::Certificate { host: self.host.clone(), fault, cause: cause.to_string() },
                None => RemoteError::Handshake { host: self.host.clone(), port: self.port, cause: cause.to_string() },
            },
            _ => RemoteError::Lost(error),
        })
    }

    fn no_session(&self, error: SignInError, is_known: bool) -> RemoteError {
        match error {
            // It may be full, or have too many of us: what a greeting says is seldom for ever.
            SignInError::Greeting(status) => RemoteError::Wait(status.text),
            // Some providers name every possible cause in one text, a wrong password among them.
            SignInError::Refused(status) if has_waiting_code(&status) || is_known && wants_waiting(&status) => {
                RemoteError::Wait(status.text)
            }
            error => {
                let (host, user) = (self.host.clone(), self.user().to_owned());
                RemoteError::SignIn { host, user, error: Box::new(error) }
            }
        }
    }
}

async fn receive(stream: &mut Stream, buffer: &mut BytesMut) -> Result<(), RemoteError> {
    if stream.receive(buffer, ANSWER_WAIT).await? == 0 {
        return Err(RemoteError::Ended);
    }
    Ok(())
}

/// A session that is signed in.
pub(super) struct Connection {
    stream: Stream,
    client: Client,
    capabilities: Capabilities,
    buffer: BytesMut,
}

impl Connection {
    pub(super) fn can(&self, name: &str) -> bool {
        self.capabilities.has(name)
    }

    /// Begins a command; [`Self::event`] tells what comes of it.
    pub(super) fn begin(&mut self, parts: &[Part<'_>]) {
        self.client.begin(parts);
    }

    /// What came next.
    pub(super) async fn event(&mut self) -> Result<Event, RemoteError> {
        loop {
            let event = self.client.next_event()?;
            let output = self.client.take_output();
            if !output.is_empty() {
                self.stream.send(&output, ANSWER_WAIT).await?;
            }
            if let Some(event) = event {
                return Ok(event);
            }
            receive(&mut self.stream, &mut self.buffer).await?;
            self.client.feed(&self.buffer);
            self.buffer.clear();
        }
    }

    /// Says goodbye, without waiting for an answer.
    pub(super) async fn leave(mut self) {
        self.client.begin(&[Part::Text("LOGOUT")]);
        let output = self.client.take_output();
        drop(self.stream.send(&output, Duration::from_secs(5)).await);
    }
}

fn has_waiting_code(status: &Status) -> bool {
    const CODES: [&str; 6] = ["THROTTLED", "OVERQUOTA", "UNAVAILABLE", "LIMIT", "INUSE", "SERVERBUG"];
    CODES.iter().any(|code| status.has_code(code))
}

/// Whether a refusal says that the same can work later: servers that slow their clients down have many words for it, some of them Chinese.
pub(super) fn wants_waiting(status: &Status) -> bool {
    const WORDS: [&str; 14] = [
        "throttl",
        "too many",
        "too fast",
        "too frequent",
        "try again",
        "try later",
        "rate limit",
        "bandwidth",
        "busy",
        "temporar",
        "exceeded",
        "频繁",
        "频率",
        "稍后",
    ];
    if status.kind == StatusKind::Bye || has_waiting_code(status) {
        return true;
    }
    let text = status.text.to_lowercase();
    !status.is_ok() && WORDS.iter().any(|word| text.contains(word))
}
