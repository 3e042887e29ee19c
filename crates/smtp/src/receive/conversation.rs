//! One client's connection: reads, writes, does the handshake, and answers the session's questions.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bytes::BytesMut;
use crypto::tls::Service;
use env::Timestamp;
use identity::{AuthFailure, Client as Submitter, Principal, Protocol, SignInWatch};
use mail::Address;
use net::{BudgetShare, Pace, ReadPolicy, Stream, StreamError};
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;
use trace::Step as TraceStep;
use wire::sasl::ChannelBindings;
use wire::smtp::server::{Proof, Question, Session, Step, Verdict};
use wire::smtp::{Reply, TlsInfo};

use super::connectors::fingerprint;
use super::greeting::{Client, has_error};
use super::recipients::Taken;
use super::traced::Head;
use super::{Door, HANDSHAKE_WAIT};
use letters::Noting;

/// Longest wait for a client to take what we say (RFC 5321 section 4.5.3.2 has no figure for the server's writes).
const SEND_WAIT: Duration = Duration::from_secs(60);

/// Time for free before a sender of a message is measured.
const DATA_GRACE: Duration = Duration::from_secs(60);

/// Bytes of a message that each connection may hold outside the shared budget.
const UNBUDGETED_BYTES: usize = 64 << 10;

/// Bytes asked of the budget at a time.
const BUDGET_STEP_BYTES: usize = 1 << 20;

/// Longest wait for a place in the budget.
const BUDGET_WAIT: Duration = Duration::from_secs(60);

/// Wait before the answer to a failed sign-in, so that guessing is slow.
const FAILURE_PAUSE: Duration = Duration::from_millis(500);

/// Wait before a suspicious client hears of an error: trying much becomes slow.
const ERROR_PAUSE: Duration = Duration::from_secs(1);

/// All that a client learns that is refused. It says how to get in where a second factor is required, to everybody alike: whoever
/// guesses learns nothing of the guess.
const REFUSED: &str = "Unknown user or wrong password; with a second factor, use an app password or OAuth in place of the account password";

/// A connection and what is known of its client.
pub(super) struct Conversation<'d> {
    pub(super) door: &'d Door,
    peer: SocketAddr,
    pub(super) session: Session,
    /// Who has signed in.
    pub(super) principal: Option<Principal>,
    /// It is an account in whose name a connector lets the client send, for the present message.
    pub(super) relays: bool,
    /// The connection is encrypted.
    pub(super) has_tls: bool,
    /// SHA-256 of the certificate that the client showed.
    pub(super) certificate: Option<String>,
    /// Tells when the sign-in is over.
    lasting: Option<SignInWatch>,
    /// Address in MAIL FROM of the present message; `None` for the null sender.
    pub(super) sender: Option<Address>,
    /// MAIL FROM of the present message named nobody: it is a notification.
    pub(super) is_notification: bool,
    /// How suspicious the client is, its name left aside.
    pub(super) client: Client,
    /// Recipients of the present message that were taken, in the session's order.
    pub(super) taken: Vec<Taken>,
    /// What of the last message waits in the queue.
    pub(super) queued: Vec<i64>,
    /// What is written down in the transaction that takes the next message.
    pub(super) noting: Option<Noting>,
    /// When the client connected.
    pub(super) began: Timestamp,
    /// When the present message's sender was told.
    pub(super) enveloped: Option<Timestamp>,
    /// What its trace says of the present message.
    pub(super) head: Head,
    /// What has happened to it.
    pub(super) story: Mutex<Vec<TraceStep>>,
    share: Option<BudgetShare>,
    pace: Option<Pace>,
}

impl<'d> Conversation<'d> {
    pub(super) fn new(door: &'d Door, stream: &Stream, client: Client) -> Self {
        Self::with_peer(door, stream.peer(), tls_info(stream), client)
    }

    /// With somebody who has signed in by another protocol.
    pub(super) fn within(door: &'d Door, principal: Principal, peer: SocketAddr) -> Self {
        Self { principal: Some(principal), ..Self::with_peer(door, peer, None, Client::default()) }
    }

    fn with_peer(door: &'d Door, peer: SocketAddr, tls: Option<TlsInfo>, client: Client) -> Self {
        let has_tls = tls.is_some();
        let session = Session::new(door.session_config(), tls);
        let began = door.receiver.store.context().clock.now();
        Self {
            began,
            enveloped: None,
            head: Head::default(),
            story: Mutex::default(),
            door,
            peer,
            session,
            principal: None,
            relays: false,
            has_tls,
            certificate: None,
            lasting: None,
            sender: None,
            is_notification: false,
            client,
            taken: Vec::new(),
            queued: Vec::new(),
            noting: None,
            share: None,
            pace: None,
        }
    }

    /// Serves the client until one side ends it.
    pub(super) async fn run(mut self, mut stream: Stream, stop: &CancellationToken) -> Result<(), StreamError> {
        let mut input = BytesMut::new();
        loop {
            match self.session.next_step() {
                Step::Read => {
                    if !self.read(&mut stream, &mut input, stop).await? {
                        return Ok(());
                    }
                }
                Step::Send => {
                    let output = self.session.take_output();
                    if self.client.waits.is_some() && has_error(&output) {
                        tokio::time::sleep(ERROR_PAUSE).await;
                    }
                    stream.send(&output, SEND_WAIT).await?;
                }
                Step::Ask(question) => self.decide(&stream, question).await,
                Step::StartTls => {
                    // RFC 3207 section 4.2: what came in clear behind STARTTLS is dropped.
                    input.clear();
                    let tls = self.door.receiver.tls.config(Service::Mail);
                    stream = stream.upgrade_server(tls, HANDSHAKE_WAIT).await?;
                    self.session.tls_started(tls_info(&stream).unwrap_or_default());
                    (self.has_tls, self.certificate) = (true, fingerprint(&stream));
                    self.principal = None;
                    self.relays = false;
                    self.lasting = None;
                }
                Step::Close => {
                    stream.close().await;
                    return Ok(());
                }
            }
        }
    }

    /// Reads what comes next; false at the end of input.
    async fn read(
        &mut self,
        stream: &mut Stream,
        input: &mut BytesMut,
        stop: &CancellationToken,
    ) -> Result<bool, StreamError> {
        if !self.hold_budget().await {
            self.session.shut_down();
            return Ok(true);
        }
        let idle = Duration::from_secs(self.door.receiver.settings.now().idle_seconds);
        let in_message = self.session.body_bytes_held() > 0;
        let pace = in_message.then(|| *self.pace.get_or_insert_with(|| Pace::begin(data_policy(self.door))));
        let between = self.session.is_between_messages();
        let received = tokio::select! {
            biased;
            () = stop.cancelled(), if between => {
                self.session.shut_down();
                return Ok(true);
            }
            () = over(&mut self.lasting) => {
                self.session.sign_out();
                return Ok(true);
            }
            received = stream.receive(input, pace.map_or(idle, |pace| pace.allowance())) => received,
        };
        match received {
            Ok(0) => Ok(false),
            Ok(count) => {
                if let Some(pace) = &mut self.pace {
                    pace.note(count);
                }
                self.session.feed(input);
                input.clear();
                Ok(true)
            }
            Err(StreamError::ReadTimeout { .. }) => {
                self.session.time_out();
                Ok(true)
            }
            Err(error) => Err(error),
        }
    }

    /// Keeps the budget in step with the bytes held; false if there is no room and none came free.
    async fn hold_budget(&mut self) -> bool {
        let held = self.session.body_bytes_held();
        if held == 0 {
            self.share = None;
            self.pace = None;
            return true;
        }
        let covered = UNBUDGETED_BYTES + self.share.as_ref().map_or(0, BudgetShare::bytes);
        if held <= covered {
            return true;
        }
        let more = (held - covered).max(BUDGET_STEP_BYTES);
        match self.door.receiver.budget.acquire(more, BUDGET_WAIT).await {
            Ok(more) => {
                match &mut self.share {
                    Some(share) => share.merge(more),
                    none => *none = Some(more),
                }
                true
            }
            Err(error) => {
                tracing::warn!(%error, "a message is turned away");
                false
            }
        }
    }

    /// The client's address.
    pub(super) fn peer(&self) -> IpAddr {
        self.peer.ip()
    }

    /// Who connects, for sign-ins.
    fn submitter(&self, stream: &Stream) -> Submitter {
        Submitter {
            agent: self.session.hello().and_then(|hello| identity::describe_agent(&hello.name)),
            tls: stream.tls_info().as_ref().map(Into::into),
            ..Submitter::new(self.peer(), Protocol::Smtp)
        }
    }

    /// The port from which it connects (RFC 6692 has it in reports).
    pub(super) fn peer_port(&self) -> u16 {
        self.peer.port()
    }

    async fn decide(&mut self, stream: &Stream, question: Question) {
        let verdict = match question {
            Question::Authenticate { proof, .. } => self.authenticate(stream, proof).await,
            Question::ScramKeys { user } => {
                match self.door.receiver.sign_in.scram_keys(&user, &self.submitter(stream)).await {
                    Ok(keys) => return self.session.answer_keys(keys),
                    Err(failure) => refuse_sign_in(&failure),
                }
            }
            Question::MailFrom { from, params } => self.judge_sender(&from, &params).await,
            Question::RcptTo { to, params, .. } => self.judge_recipient(&to, &params).await,
            Question::Message { .. } if self.is_signed_out().await => {
                Verdict::Close(Reply::new(421, (4, 7, 0), "Your sign-in has been ended, sign in again"))
            }
            Question::Message { envelope, body } => {
                let verdict = self.accept(envelope, body).await;
                let figures = &self.door.receiver.figures;
                match &verdict {
                    Verdict::Accept { .. } => figures.messages_accepted.add(1),
                    _ => figures.messages_refused.add(1),
                }
                self.taken.clear();
                verdict
            }
        };
        self.session.answer(verdict);
    }

    /// Whether the sign-in under which a message came is over.
    async fn is_signed_out(&mut self) -> bool {
        match &mut self.lasting {
            Some(lasting) => lasting.may_be_over() && lasting.is_over().await,
            None => false,
        }
    }

    async fn authenticate(&mut self, stream: &Stream, proof: Proof) -> Verdict {
        let receiver = &self.door.receiver;
        let (from, client) = (self.peer(), self.submitter(stream));
        let sign_in = &receiver.sign_in;
        let outcome = match proof {
            Proof::Password(shown) => {
                let found = sign_in.authenticate(&shown.identity.user, &shown.password, &client).await;
                found.and_then(|found| found.acting_as(shown.identity.authzid.as_deref()))
            }
            Proof::Verified(proved) => {
                let found = sign_in.scram_succeeded(&proved, &client).await;
                found.and_then(|found| found.acting_as(proved.identity.authzid.as_deref()))
            }
            Proof::Token(shown) => sign_in.token(&shown, &client).await,
            Proof::Certificate(authzid) => {
                sign_in.certificate(stream.peer_certificates(), authzid.as_deref(), &client).await
            }
        };
        match outcome {
            Ok(principal) => {
                receiver.figures.sign_ins.add(1);
                let method = principal.method.as_str();
                tracing::info!(account = principal.account, %from, method, "signed in to submit mail");
                self.lasting = Some(sign_in.watch(&principal));
                self.principal = Some(principal);
                Verdict::ACCEPT
            }
            Err(failure) => {
                receiver.figures.sign_in_failures.add(1);
                tracing::info!(%from, %failure, "sign-in to submit mail failed");
                tokio::time::sleep(FAILURE_PAUSE).await;
                refuse_sign_in(&failure)
            }
        }
    }
}

/// Waits until the sign-in is over; forever for nobody.
async fn over(lasting: &mut Option<SignInWatch>) {
    match lasting {
        Some(lasting) => lasting.ended().await,
        None => std::future::pending().await,
    }
}

fn refuse_sign_in(failure: &AuthFailure) -> Verdict {
    match failure {
        AuthFailure::Refused
        | AuthFailure::Disabled
        | AuthFailure::AppPasswordNeeded
        | AuthFailure::PasswordTooOld
        | AuthFailure::OutOfScope
        | AuthFailure::Unusual
        | AuthFailure::Frozen
        | AuthFailure::Unasked(_) => Verdict::reject(535, (5, 7, 8), REFUSED),
        AuthFailure::Throttled { .. } => {
            Verdict::reject(454, (4, 7, 0), "Too many failed sign-ins, wait before the next one")
        }
        AuthFailure::Temporary(_) => Verdict::reject(454, (4, 7, 0), "Sign-in does not work now, try again later"),
    }
}

fn data_policy(door: &Door) -> ReadPolicy {
    let settings = door.receiver.settings.now();
    ReadPolicy {
        idle: Duration::from_secs(settings.data_idle_seconds),
        grace: DATA_GRACE,
        bytes_per_second_min: settings.data_bytes_per_second_min,
    }
}

fn tls_info(stream: &Stream) -> Option<TlsInfo> {
    let info = stream.tls_info()?;
    let bindings =
        ChannelBindings { tls_exporter: info.exporter.map(|bytes| bytes.to_vec()), tls_server_end_point: None };
    let (protocol, cipher) = (info.version.to_owned(), info.cipher.into_owned());
    Some(TlsInfo { protocol, cipher, bindings, client_certificate: !stream.peer_certificates().is_empty() })
}
