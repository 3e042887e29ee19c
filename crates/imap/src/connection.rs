//! One client's connection: reads, writes, and has the session's steps done.

use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::BytesMut;
use crypto::tls::Service;
use identity::{Client, Principal, Protocol, SignInWatch};
use net::{Stream, StreamError};
use tokio_util::sync::CancellationToken;
use wire::imap::{Code, Session, State, Step, Tagged, Writer};

use crate::answer::{Answer, ImapError};
use crate::selected::Selected;
use crate::sign_in::Exchange;
use crate::{HANDSHAKE_WAIT, Server};

/// Longest wait for a client to take what we say.
const SEND_WAIT: Duration = Duration::from_secs(120);

/// Bytes of answers that are collected before they are sent.
pub(crate) const OUT_BYTES: usize = 64 << 10;

/// An idling client is told something after this time, so that no box in between drops the connection.
const IDLE_SIGN_OF_LIFE: Duration = Duration::from_secs(120);

/// A connection and what is known of its client.
pub(crate) struct Connection<'s> {
    pub(crate) server: &'s Server,
    pub(crate) stream: Stream,
    pub(crate) session: Session,
    pub(crate) out: Vec<u8>,
    pub(crate) principal: Option<Principal>,
    /// Tells when the sign-in is over.
    pub(crate) lasting: Option<SignInWatch>,
    pub(crate) exchange: Option<Exchange>,
    /// What the client calls itself (RFC 2971).
    pub(crate) agent: Option<String>,
    pub(crate) selected: Option<Selected>,
    /// Names of the account's keywords by bit.
    pub(crate) keywords: Vec<String>,
    /// UIDs that `$` stands for (RFC 5182).
    pub(crate) saved: Vec<u32>,
}

/// What waiting for input came to.
enum Input {
    Some,
    End,
    Silence,
    Stop,
    SignedOut,
}

/// Told to a client whose sign-in is over.
const SIGNED_OUT: &str = "your sign-in has been ended, sign in again";

impl<'s> Connection<'s> {
    pub(crate) fn new(server: &'s Server, stream: Stream) -> Self {
        let mut session = Session::new(server.session(), stream.is_tls());
        session.withhold(withheld(&stream));
        Self {
            server,
            session,
            stream,
            out: Vec::new(),
            principal: None,
            lasting: None,
            exchange: None,
            agent: None,
            selected: None,
            keywords: Vec::new(),
            saved: Vec::new(),
        }
    }

    /// Serves the client until one side ends it.
    pub(crate) async fn run(mut self, stop: &CancellationToken) -> Result<(), StreamError> {
        self.session.greet(&mut self.out);
        let mut input = BytesMut::new();
        loop {
            match self.session.next(&mut self.out) {
                Step::Read => {
                    self.flush().await?;
                    match self.wait(&mut input, self.patience(), stop).await? {
                        Input::Some => {}
                        Input::End => return Ok(()),
                        Input::Silence => self.session.bye(&mut self.out, Code::None, "too long without a command"),
                        Input::Stop => self.session.bye(&mut self.out, Code::Unavailable, "the server is stopping"),
                        Input::SignedOut => self.session.bye(&mut self.out, Code::Expired, SIGNED_OUT),
                    }
                }
                Step::Busy => return Ok(()),
                Step::Command(tagged) => self.command(tagged).await?,
                Step::Login { user, password } => self.login(&user, &password).await,
                Step::Authenticate { mechanism, initial } => self.authenticate(&mechanism, initial).await,
                Step::SaslResponse(response) => self.respond(&response).await,
                Step::SaslCancelled => self.exchange = None,
                Step::StartTls => {
                    self.flush().await?;
                    let tls = self.server.tls.config(Service::Mail);
                    self.stream = self.stream.upgrade_server(tls, HANDSHAKE_WAIT).await?;
                    self.session.withhold(withheld(&self.stream));
                    self.session.tls_started();
                }
                Step::StartCompress => {
                    self.flush().await?;
                    self.stream.compress(&[])?;
                    self.session.compress_started();
                }
                Step::IdleStart => self.idle(&mut input, stop).await?,
                Step::IdleDone => {
                    self.sync(true).await?;
                    self.answer(&Answer::ok("idle ended"));
                }
                Step::Close(_) => {
                    self.flush().await?;
                    self.stream.close().await;
                    return Ok(());
                }
            }
        }
    }

    /// Executes a command, tells what changed meanwhile, and answers.
    async fn command(&mut self, tagged: Tagged) -> Result<(), StreamError> {
        self.server.figures.commands.fetch_add(1, Ordering::Relaxed);
        let may_expunge = crate::commands::may_tell_expunges(&tagged.command);
        let answer = match self.execute(tagged).await {
            Ok(answer) | Err(ImapError::Refused(answer)) => answer,
            Err(ImapError::Stream(error)) => return Err(error),
        };
        self.sync(may_expunge).await?;
        self.answer(&answer);
        Ok(())
    }

    pub(crate) fn answer(&mut self, answer: &Answer) {
        let (session, out) = (&mut self.session, &mut self.out);
        let modseq = self.selected.as_ref().map(|selected| selected.told_modseq.unsigned_abs());
        answer.tell(modseq, |reply| session.complete(out, reply));
        if !matches!(self.session.state(), State::Selected { .. }) {
            self.selected = None;
        }
    }

    /// Sends what has been collected.
    pub(crate) async fn flush(&mut self) -> Result<(), StreamError> {
        if !self.out.is_empty() {
            self.stream.send(&self.out, SEND_WAIT).await?;
            self.out.clear();
            self.out.shrink_to(OUT_BYTES);
        }
        if self.out.capacity() > 0 && self.out.is_empty() {
            // Thousands of connections wait; none holds a buffer meanwhile.
            self.out = Vec::new();
        }
        Ok(())
    }

    /// Sends what has been collected if it is much, before more is added.
    pub(crate) async fn flush_full(&mut self) -> Result<(), StreamError> {
        if self.out.len() >= OUT_BYTES {
            self.check_sign_in().await?;
            self.stream.send_part(&self.out, SEND_WAIT).await?;
            self.out.clear();
        }
        Ok(())
    }

    /// Sends `bytes` after what has been collected.
    pub(crate) async fn send_part(&mut self, bytes: &[u8]) -> Result<(), StreamError> {
        self.check_sign_in().await?;
        if !self.out.is_empty() {
            self.stream.send_part(&self.out, SEND_WAIT).await?;
            self.out.clear();
        }
        self.stream.send_part(bytes, SEND_WAIT).await
    }

    /// Ends a long answer whose reader's sign-in is over.
    async fn check_sign_in(&mut self) -> Result<(), StreamError> {
        let Some(lasting) = &mut self.lasting else { return Ok(()) };
        if lasting.may_be_over() && lasting.is_over().await { Err(closed()) } else { Ok(()) }
    }

    async fn wait(
        &mut self,
        input: &mut BytesMut,
        patience: Duration,
        stop: &CancellationToken,
    ) -> Result<Input, StreamError> {
        let received = tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(Input::Stop),
            () = over(&mut self.lasting) => return Ok(Input::SignedOut),
            received = self.stream.receive(input, patience) => received,
        };
        match received {
            Ok(0) => Ok(Input::End),
            Ok(_) => {
                self.session.feed(input);
                input.clear();
                Ok(Input::Some)
            }
            Err(StreamError::ReadTimeout { .. }) => Ok(Input::Silence),
            Err(error) => Err(error),
        }
    }

    /// How long the client may be silent now.
    fn patience(&self) -> Duration {
        let settings = self.server.settings.now();
        if self.session.is_inside_command() || self.principal.is_none() {
            Duration::from_secs(settings.command_seconds)
        } else {
            Duration::from_secs(settings.idle_minutes.saturating_mul(60))
        }
    }

    /// IDLE (RFC 9051 section 6.3.13): tells changes as they come, until the client speaks.
    async fn idle(&mut self, input: &mut BytesMut, stop: &CancellationToken) -> Result<(), StreamError> {
        let began = tokio::time::Instant::now();
        let limit = Duration::from_secs(self.server.settings.now().idle_minutes.saturating_mul(60));
        self.sync(true).await?;
        loop {
            self.flush().await?;
            let Some(selected) = &mut self.selected else {
                return self.idle_input(input, limit, stop).await;
            };
            tokio::select! {
                biased;
                () = stop.cancelled() => {
                    self.session.bye(&mut self.out, Code::Unavailable, "the server is stopping");
                    return Ok(());
                }
                () = over(&mut self.lasting) => {
                    self.session.bye(&mut self.out, Code::Expired, SIGNED_OUT);
                    return Ok(());
                }
                received = self.stream.receive(input, IDLE_SIGN_OF_LIFE) => match received {
                    Ok(0) => return Err(closed()),
                    Ok(_) => {
                        self.session.feed(input);
                        input.clear();
                        return Ok(());
                    }
                    Err(StreamError::ReadTimeout { .. }) if began.elapsed() >= limit => {
                        self.session.bye(&mut self.out, Code::None, "idle for too long");
                        return Ok(());
                    }
                    Err(StreamError::ReadTimeout { .. }) => {
                        Writer::new(&mut self.out, false).untagged(&wire::imap::Reply::ok("still here"));
                    }
                    Err(error) => return Err(error),
                },
                changed = selected.watch.changed() => {
                    if changed.is_err() {
                        return self.idle_input(input, limit, stop).await;
                    }
                    selected.watch.mark_changed();
                    self.sync(true).await?;
                }
            }
        }
    }

    /// IDLE with nothing to watch.
    async fn idle_input(
        &mut self,
        input: &mut BytesMut,
        limit: Duration,
        stop: &CancellationToken,
    ) -> Result<(), StreamError> {
        match self.wait(input, limit, stop).await? {
            Input::Some => {}
            Input::End => return Err(closed()),
            Input::Silence => self.session.bye(&mut self.out, Code::None, "idle for too long"),
            Input::Stop => self.session.bye(&mut self.out, Code::Unavailable, "the server is stopping"),
            Input::SignedOut => self.session.bye(&mut self.out, Code::Expired, SIGNED_OUT),
        }
        Ok(())
    }

    /// Who connects, for sign-ins.
    pub(crate) fn client(&self) -> Client {
        Client {
            agent: self.agent.clone(),
            tls: self.stream.tls_info().as_ref().map(Into::into),
            ..Client::new(self.stream.peer().ip(), Protocol::Imap)
        }
    }

    /// Who has signed in.
    pub(crate) fn account(&self) -> i64 {
        self.principal.as_ref().map_or(0, |principal| principal.account)
    }

    /// Whose mailbox is selected.
    pub(crate) fn selected_account(&self) -> i64 {
        self.selected.as_ref().map_or_else(|| self.account(), |selected| selected.account)
    }

    /// A writer to the client.
    pub(crate) fn writer(&mut self) -> Writer<'_> {
        Writer::new(&mut self.out, self.session.enabled().utf8())
    }
}

/// Mechanisms that cannot work on this connection.
fn withheld(stream: &Stream) -> &'static [&'static str] {
    let is_bound = stream.tls_info().is_some_and(|info| info.exporter.is_some());
    match (is_bound, stream.peer_certificates().is_empty()) {
        (true, false) => &[],
        (true, true) => &["EXTERNAL"],
        (false, false) => &["SCRAM-SHA-256-PLUS"],
        (false, true) => &["EXTERNAL", "SCRAM-SHA-256-PLUS"],
    }
}

/// Waits until the sign-in is over; forever for nobody.
async fn over(lasting: &mut Option<SignInWatch>) {
    match lasting {
        Some(lasting) => lasting.ended().await,
        None => std::future::pending().await,
    }
}

fn closed() -> StreamError {
    StreamError::Io(std::io::ErrorKind::UnexpectedEof.into())
}
