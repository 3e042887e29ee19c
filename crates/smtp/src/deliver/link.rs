//! A connection to another server: drives the client session over a stream.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::BytesMut;
use crypto::tls::{ClientTls, PeerVerdict, TlsSetupError};
use env::{Clock, Entropy};
use net::{Stream, StreamError};
use rustls_pki_types::ServerName;
use tokio::time::timeout;
use wire::sasl::{ChannelBindings, ClientCredentials};
use wire::smtp::TlsInfo;
use wire::smtp::client::{Answer, Body, ClientConfig, CloseCause, Session, Step, Transaction, TransactionOutcome};

use super::content::Content;
use super::security::{Barred, Security};

/// The newest version's name in [`crypto::tls::TlsInfo`].
const TLS13: &str = "TLSv1.3";

/// Time for a TLS handshake.
const HANDSHAKE_WAIT: Duration = Duration::from_secs(60);

/// Longest wait for the server to take what is sent (RFC 5321 section 4.5.3.2.5 asks for three minutes).
const SEND_WAIT: Duration = Duration::from_secs(180);

/// Longest wait for the server to take RSET, and for its answer once the connection is to be used again; a new connection is
/// the quicker way then.
const RESET_WAIT: Duration = Duration::from_secs(5);

/// Longest wait for the reason why a server takes no more of a message.
const LAST_WORDS_WAIT: Duration = Duration::from_secs(5);

/// Times that the wait for the answer to a whole message is longer than for others (RFC 5321 section 4.5.3.2.6).
const FINAL_ANSWER_FACTOR: u32 = 2;

/// Why a connection came to nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum LinkError {
    /// No connection.
    #[error(transparent)]
    Connect(#[from] net::ConnectError),
    /// It broke.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// The handshake failed; without TLS it may work.
    #[error("no TLS with the server: {0}")]
    Handshake(StreamError),
    /// The server refused to talk.
    #[error("{0}")]
    Refused(Answer),
    /// The session cannot go on.
    #[error("{0}")]
    Protocol(&'static str),
    /// TLS must be had and is not offered.
    #[error("the server offers no TLS, without which the message may not go there")]
    NoTls,
    /// Its TLS is older than the route allows.
    #[error("the server speaks {0}, and the route wants TLS 1.3")]
    OldTls(&'static str),
    /// Nothing may be sent there, or not now.
    #[error(transparent)]
    Barred(#[from] Barred),
    /// TLS with the server cannot be set up.
    #[error(transparent)]
    Setup(#[from] TlsSetupError),
    /// REQUIRETLS must be had and is not offered.
    #[error("the message may travel only where REQUIRETLS is kept, which the server does not offer")]
    NoRequireTls,
    /// Our own store failed.
    #[error(transparent)]
    Store(#[from] store::StoreError),
}

impl LinkError {
    /// Whether the server cannot give the protection that is asked for: for REQUIRETLS, nothing that a later attempt changes
    /// (RFC 8689 section 4.2.1 steps 2, 4 and 5). A connection that breaks while TLS begins says nothing of that.
    pub(super) fn lacks_protection(&self) -> bool {
        match self {
            Self::NoTls | Self::NoRequireTls | Self::OldTls(_) => true,
            Self::Barred(barred) => barred.lacks_protection(),
            // The library gives this kind to certificates that do not verify, to alerts, and to what is no TLS.
            Self::Handshake(StreamError::Handshake(cause)) => cause.kind() == ErrorKind::InvalidData,
            _ => false,
        }
    }
}

/// Whether the last octet of a message may have gone out. From then on the server may have the message, whether it says so or
/// not (RFC 5321 section 4.5.3.2.6), so that sending it anew may double it.
#[derive(Debug, Default)]
pub(super) struct Sent(AtomicBool);

impl Sent {
    fn mark(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_marked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// How to connect.
pub(super) struct Door<'a> {
    pub(super) host: &'a str,
    pub(super) address: SocketAddr,
    pub(super) source: Option<IpAddr>,
    pub(super) hello: &'a str,
    pub(super) credentials: Option<ClientCredentials>,
    /// None: in clear, as after a handshake that failed.
    pub(super) tls: Option<&'a ClientTls>,
    pub(super) security: &'a Security,
    /// Told the address of ours that the connection is from.
    pub(super) local: &'a OnceLock<IpAddr>,
    pub(super) connect_wait: Duration,
    pub(super) answer_wait: Duration,
}

/// A connection at which transactions can be made.
pub(super) struct Link {
    stream: Stream,
    session: Session,
    input: BytesMut,
    answer_wait: Duration,
    /// Whether the certificate is the server's; none without TLS.
    pub(super) verdict: Option<PeerVerdict>,
    /// Version of TLS; none in clear.
    pub(super) tls: Option<&'static str>,
    /// Messages sent so far.
    pub(super) sent: usize,
}

impl Link {
    /// Connects, greets, begins TLS where offered, signs in where asked.
    pub(super) async fn open(door: &Door<'_>, clock: &dyn Clock, entropy: &dyn Entropy) -> Result<Self, LinkError> {
        let stream = net::connect(door.address, door.source, door.connect_wait).await?;
        door.local.get_or_init(|| stream.local().ip());
        let config = ClientConfig {
            hello: door.hello.to_owned(),
            starttls: door.tls.is_some(),
            credentials: door.credentials.clone(),
        };
        let session = Session::new(config, None);
        let mut link = Self {
            stream,
            session,
            input: BytesMut::new(),
            answer_wait: door.answer_wait,
            verdict: None,
            tls: None,
            sent: 0,
        };
        loop {
            match link.session.next_step() {
                Step::Read => link.exchange(door.answer_wait).await?,
                Step::StartTls => link = link.start_tls(door, clock).await?,
                Step::Ready if door.security.needs_tls() && !link.stream.is_tls() => return Err(LinkError::NoTls),
                Step::Ready if link.session.needs_sign_in() => link.session.sign_in(entropy),
                Step::Ready => return Ok(link),
                Step::Close(cause) => return Err(closed(cause)),
                Step::SendBody | Step::Done(_) => return Err(LinkError::Protocol("a transaction before its time")),
            }
        }
    }

    async fn start_tls(mut self, door: &Door<'_>, clock: &dyn Clock) -> Result<Self, LinkError> {
        self.send().await?;
        let Some(tls) = door.tls else { return Err(LinkError::NoTls) };
        let name = server_name(door.security.server_name(door.host))?;
        let upgraded = self.stream.upgrade_client(tls.config(), name.clone(), HANDSHAKE_WAIT).await;
        self.stream = upgraded.map_err(LinkError::Handshake)?;
        self.verdict = Some(tls.verdict(self.stream.peer_certificates(), &name, clock.now()));
        let info = self.stream.tls_info();
        self.tls = info.as_ref().map(|info| info.version);
        match &info {
            Some(info) if door.security.tls13 && info.version != TLS13 => return Err(LinkError::OldTls(info.version)),
            _ => {}
        }
        self.session.tls_started(info.map_or_else(TlsInfo::default, |info| TlsInfo {
            protocol: info.version.to_owned(),
            cipher: info.cipher.into_owned(),
            bindings: ChannelBindings {
                tls_exporter: info.exporter.map(|bytes| bytes.to_vec()),
                tls_server_end_point: None,
            },
            client_certificate: false,
        }));
        Ok(self)
    }

    /// Whether the server keeps REQUIRETLS here: verified and offered (RFC 8689 section 4.2.1).
    pub(super) fn keeps_require_tls(&self) -> bool {
        self.verdict.as_ref().is_some_and(PeerVerdict::is_verified) && self.session.offers().require_tls
    }

    /// Sends a message: its trace fields, then its content, a chunk at a time. An error means that the server does not have it;
    /// an answer that never came is an outcome, with a temporary answer of ours.
    pub(super) async fn send_message(
        &mut self,
        transaction: Transaction,
        trace: &[u8],
        content: &Content,
        sent: &Sent,
    ) -> Result<TransactionOutcome, LinkError> {
        self.session.begin(transaction);
        match self.converse(trace, content, sent).await {
            Ok(outcome) => match everywhere_leaving(&outcome).filter(|_| !sent.is_marked()) {
                Some(answer) => Err(LinkError::Refused(answer)),
                None => {
                    self.sent += 1;
                    self.say_reset().await;
                    Ok(outcome)
                }
            },
            Err(error) if sent.is_marked() => {
                let text = format!("the message was sent, and whether the server has it is not known: {error}");
                let outcome = self.session.give_up_waiting(&Answer::ours(451, (4, 4, 2), text));
                outcome.ok_or(error)
            }
            Err(error) => Err(error),
        }
    }

    /// Sends RSET where the transaction ended with it. What became of the message is known; if this fails, that is found when the
    /// connection is used again.
    async fn say_reset(&mut self) {
        let output = self.session.take_output();
        if !output.is_empty()
            && let Err(error) = self.stream.send(&output, RESET_WAIT).await
        {
            tracing::debug!(%error, "the server does not take RSET");
        }
    }

    async fn converse(
        &mut self,
        trace: &[u8],
        content: &Content,
        sent: &Sent,
    ) -> Result<TransactionOutcome, LinkError> {
        let mut wait = self.answer_wait;
        loop {
            match self.session.next_step() {
                Step::Read => self.exchange(wait).await?,
                Step::SendBody => {
                    self.send().await?;
                    if let Err(error) = self.send_body(trace, content, sent).await {
                        return self.last_words(sent).await.ok_or(error);
                    }
                    self.session.end_body();
                    wait = self.answer_wait * FINAL_ANSWER_FACTOR;
                }
                Step::Done(outcome) => return Ok(outcome),
                Step::Ready | Step::StartTls => return Err(LinkError::Protocol("the transaction was lost")),
                Step::Close(cause) => return Err(closed(cause)),
            }
        }
    }

    /// The refusal of a server that would not read the message to its end, as one does that finds it too large. The connection
    /// is of no use after that: a part of the message stands in it.
    async fn last_words(&mut self, sent: &Sent) -> Option<TransactionOutcome> {
        if sent.is_marked() {
            return None;
        }
        self.session.end_body();
        let outcome = loop {
            match self.session.next_step() {
                Step::Read => timeout(LAST_WORDS_WAIT, self.receive_reply(LAST_WORDS_WAIT)).await.ok()?.ok()?,
                Step::Done(outcome) => break outcome,
                _ => return None,
            }
        };
        self.session.give_up_waiting(&Answer::ours(451, (4, 4, 2), "the message was cut"));
        // Nobody has what was not sent to its end.
        outcome.recipients.iter().all(|answer| !answer.is_positive()).then_some(outcome)
    }

    async fn send_body(&mut self, trace: &[u8], content: &Content, sent: &Sent) -> Result<(), LinkError> {
        let mut body = Body::default();
        let mut out = Vec::new();
        body.push(trace, &mut out);
        for number in 0..content.chunks() {
            let chunk = content.chunk(number).await?;
            body.push(&chunk, &mut out);
            self.stream.send_part(&out, SEND_WAIT).await?;
            out.clear();
        }
        body.finish(&mut out);
        // Before the write: what fails or is cut within it may have gone out all the same.
        sent.mark();
        self.stream.send(&out, SEND_WAIT).await?;
        Ok(())
    }

    /// Whether another transaction may follow on this connection. Nothing is waited for.
    pub(super) fn is_reusable(&self) -> bool {
        self.session.is_reusable()
    }

    /// Whether a connection that was idle can be used: what the server owed has come, and it has neither left nor said more.
    pub(super) async fn wake(&mut self) -> Result<(), LinkError> {
        loop {
            match self.session.next_step() {
                Step::Ready => break,
                Step::Read => self.exchange(self.answer_wait.min(RESET_WAIT)).await?,
                Step::Close(cause) => return Err(closed(cause)),
                _ => return Err(LinkError::Protocol("a transaction was left over")),
            }
        }
        match self.stream.receive(&mut self.input, Duration::ZERO).await {
            Err(StreamError::ReadTimeout { .. }) => Ok(()),
            Ok(_) => Err(LinkError::Protocol("the server has closed the connection or spoken unasked")),
            Err(error) => Err(error.into()),
        }
    }

    /// Says QUIT without waiting for what the server says to it.
    pub(super) fn quit(mut self) {
        tokio::spawn(async move {
            self.session.quit();
            if self.send().await.is_ok() {
                self.stream.close().await;
            }
        });
    }

    async fn send(&mut self) -> Result<(), LinkError> {
        let output = self.session.take_output();
        if !output.is_empty() {
            self.stream.send(&output, SEND_WAIT).await?;
        }
        Ok(())
    }

    /// Sends what is to be sent, and reads until the server has given a whole reply, which must be within `wait`: one that gives
    /// an octet now and then is as slow as one that gives none.
    async fn exchange(&mut self, wait: Duration) -> Result<(), LinkError> {
        self.send().await?;
        match timeout(wait, self.receive_reply(wait)).await {
            Ok(received) => received,
            Err(_) => Err(StreamError::ReadTimeout { waited: wait }.into()),
        }
    }

    async fn receive_reply(&mut self, wait: Duration) -> Result<(), LinkError> {
        while !self.session.has_reply() {
            if self.stream.receive(&mut self.input, wait).await? == 0 {
                return Err(LinkError::Protocol("the server closed the connection"));
            }
            self.session.feed(&self.input);
            self.input.clear();
        }
        Ok(())
    }
}

/// The answer by which the server leaves (421) without having decided anything, as it does with connections that were idle too
/// long.
fn everywhere_leaving(outcome: &TransactionOutcome) -> Option<Answer> {
    let is_leaving = outcome.recipients.iter().all(|answer| answer.code == 421);
    outcome.recipients.first().filter(|_| is_leaving).cloned()
}

fn closed(cause: CloseCause) -> LinkError {
    match cause {
        CloseCause::Refused(answer) | CloseCause::Leaving(answer) => LinkError::Refused(answer),
        CloseCause::Quit => LinkError::Protocol("the connection was closed"),
        CloseCause::Protocol(what) => LinkError::Protocol(what),
        CloseCause::Injection => LinkError::Protocol("something was injected before TLS"),
    }
}

fn server_name(host: &str) -> Result<ServerName<'static>, LinkError> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let bare = bare.strip_prefix("IPv6:").unwrap_or(bare);
    ServerName::try_from(bare.to_owned()).map_err(|_| LinkError::Protocol("the server's name is none"))
}
