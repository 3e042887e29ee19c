//! The server's side of an SMTP session, without I/O.
//!
//! A driver owns the socket and runs:
//!
//! ```text
//! loop { match session.next_step() {
//!     Step::Read => session.feed(what was read),
//!     Step::Send => write session.take_output(),
//!     Step::Ask(question) => session.answer(decide(question)),
//!     Step::StartTls => { handshake; session.tls_started(info) }
//!     Step::Close => close,
//! } }
//! ```
//!
//! Replies to commands that came together leave together (RFC 2920 section 3.2). What the session says depends on the
//! octets fed, never on how they were split. Command lines, recipients, errors, octets: everything is bounded by
//! [`Limits`]; beyond a bound the session answers 421 and closes.

mod auth;
mod commands;
mod config;
mod content;
#[cfg(test)]
mod content_tests;
mod hello;
mod lines;
mod question;
#[cfg(test)]
mod session_tests;
mod transfer;
mod verdicts;

use std::borrow::Cow;
use std::sync::Arc;

pub use config::{Kind, Limits, ServerConfig};
pub use question::{Proof, Question, Step, Verdict};

use super::reply::{Enhanced, write_reply};
use super::{Command, CommandError, Envelope, MailParams, Recipient, Reply, ReversePath, TlsInfo};
use crate::sasl::{self, Identity};
use content::{ChunkReader, Collector, DataReader};
use lines::{Input, Line};

/// Octets of replies after which we send before going on.
const OUTPUT_BYTES_MAX: usize = 16 * 1024;

/// One client's session.
#[derive(Debug)]
pub struct Session {
    config: Arc<ServerConfig>,
    input: Input,
    output: Vec<u8>,
    stage: Stage,
    tls: Option<TlsInfo>,
    hello: Option<Hello>,
    identity: Option<Identity>,
    transaction: Option<Transaction>,
    /// The reply that ends an exchange whose refusal the client is yet to acknowledge.
    refusal: Option<Reply>,
    counts: Counts,
}

/// How the client introduced itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// The name it gave: a domain or an address literal, unproven.
    pub name: String,
    /// Whether by `EHLO`, so that extensions may be used.
    pub extended: bool,
}

#[derive(Debug)]
enum Stage {
    Greeting,
    Command,
    /// Between a challenge and the client's response.
    Auth(Box<sasl::Server>),
    Data(Box<DataReader>),
    Chunk(Box<ChunkReader>),
    Asking(Asking),
    Handshake,
    Closed,
}

/// The question that is open, and what its answer needs.
#[derive(Debug)]
enum Asking {
    Auth(Box<sasl::Server>),
    Keys(Box<sasl::Server>),
    Mail { from: ReversePath, params: MailParams },
    Rcpt(Recipient),
    Message,
}

/// Between `MAIL` and the end of the message.
#[derive(Debug)]
struct Transaction {
    envelope: Envelope,
    /// Whether any recipient was refused.
    refused: bool,
    /// What `BDAT` has brought so far.
    chunks: Option<Collector>,
}

/// Counted against [`Limits`].
#[derive(Debug, Default)]
struct Counts {
    errors: usize,
    idle_commands: usize,
    messages: usize,
    recipients_refused: usize,
    auth_failures: usize,
}

/// What one step of the machine leads to.
enum Advance {
    /// Go on with what has come.
    Again,
    Ask(Question),
    /// Send what is to be sent, then this.
    Wait(Step),
}

impl Session {
    /// A session on a new connection. `tls` is the connection's TLS where it stands already ([`Kind::Submissions`]).
    #[must_use]
    pub fn new(config: Arc<ServerConfig>, tls: Option<TlsInfo>) -> Self {
        Self {
            config,
            input: Input::default(),
            output: Vec::new(),
            stage: Stage::Greeting,
            tls,
            hello: None,
            identity: None,
            transaction: None,
            refusal: None,
            counts: Counts::default(),
        }
    }

    /// A session that only says `reply` in place of a greeting and closes: 421 or 554 (RFC 5321 section 3.1).
    #[must_use]
    pub fn refuse(config: Arc<ServerConfig>, reply: &Reply) -> Self {
        let mut session = Self::new(config, None);
        reply.write(&mut session.output);
        session.stage = Stage::Closed;
        session
    }

    /// Takes octets from the client. To be called after [`Step::Read`]; what comes earlier waits, unbounded but by the
    /// caller. Octets in the place of a TLS handshake end the session.
    pub fn feed(&mut self, bytes: &[u8]) {
        let taken = match &mut self.stage {
            // The fast way: a message's octets go to the message without a stop.
            Stage::Data(reader) if self.input.is_empty() => reader.push(bytes),
            Stage::Chunk(reader) if self.input.is_empty() => reader.push(bytes),
            Stage::Handshake => {
                self.close();
                bytes.len()
            }
            Stage::Closed => bytes.len(),
            _ => 0,
        };
        if let Some(rest) = bytes.get(taken..).filter(|rest| !rest.is_empty()) {
            self.input.push(rest);
        }
    }

    /// What to do next. A question that was left unanswered counts as refused with 451.
    pub fn next_step(&mut self) -> Step {
        loop {
            if self.output.len() >= OUTPUT_BYTES_MAX {
                return Step::Send;
            }
            match self.advance() {
                Advance::Again => {}
                Advance::Ask(question) => return Step::Ask(question),
                Advance::Wait(step) => return if self.output.is_empty() { step } else { Step::Send },
            }
        }
    }

    /// What is to be written after [`Step::Send`].
    #[must_use]
    pub fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }

    /// The handshake after [`Step::StartTls`] is done. All that was said before is forgotten (RFC 3207 section 4.2).
    pub fn tls_started(&mut self, info: TlsInfo) {
        if !matches!(self.stage, Stage::Handshake) {
            return;
        }
        self.tls = Some(info);
        self.hello = None;
        self.identity = None;
        self.transaction = None;
        self.input.clear();
        self.stage = Stage::Command;
    }

    /// The client was silent for too long: 421 and close.
    pub fn time_out(&mut self) {
        self.hang_up((4, 4, 2), "Timed out waiting for you");
    }

    /// The server stops: 421 and close (RFC 5321 section 3.8). Between messages nothing is lost by it.
    pub fn shut_down(&mut self) {
        self.hang_up((4, 3, 2), "Server is stopping");
    }

    /// The sign-in has been ended: 421 and close. A message under way is not taken.
    pub fn sign_out(&mut self) {
        self.hang_up((4, 7, 0), "Your sign-in has been ended, sign in again");
    }

    /// Whether no message is under way.
    #[must_use]
    pub const fn is_between_messages(&self) -> bool {
        self.transaction.is_none() && matches!(self.stage, Stage::Greeting | Stage::Command | Stage::Closed)
    }

    /// Octets of a message that are held in memory now.
    #[must_use]
    pub fn body_bytes_held(&self) -> usize {
        let kept = self.transaction.as_ref().and_then(|transaction| transaction.chunks.as_ref());
        let moving = match &self.stage {
            Stage::Data(reader) => reader.bytes_held(),
            Stage::Chunk(reader) => reader.collector.as_ref().map_or(0, Collector::bytes_held),
            _ => 0,
        };
        moving + kept.map_or(0, Collector::bytes_held)
    }

    /// How the client introduced itself, if it has.
    #[must_use]
    pub const fn hello(&self) -> Option<&Hello> {
        self.hello.as_ref()
    }

    /// Who is signed in, if anyone.
    #[must_use]
    pub const fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }

    /// TLS under the session, if any.
    #[must_use]
    pub const fn tls(&self) -> Option<&TlsInfo> {
        self.tls.as_ref()
    }

    fn advance(&mut self) -> Advance {
        match std::mem::replace(&mut self.stage, Stage::Command) {
            Stage::Greeting => {
                let greeting = format!("{} ESMTP Tradewind", self.config.hostname);
                write_reply(&mut self.output, 220, None, &greeting);
                Advance::Again
            }
            Stage::Command => self.next_command(),
            Stage::Auth(exchange) => self.next_response(exchange),
            Stage::Data(reader) => self.next_data(reader),
            Stage::Chunk(reader) => self.next_chunk(reader),
            Stage::Asking(asking) => {
                self.stage = Stage::Asking(asking);
                self.answer(Verdict::Reject(Reply::unavailable()));
                Advance::Again
            }
            Stage::Handshake => {
                self.stage = Stage::Handshake;
                Advance::Wait(Step::StartTls)
            }
            Stage::Closed => {
                self.stage = Stage::Closed;
                Advance::Wait(Step::Close)
            }
        }
    }

    fn next_command(&mut self) -> Advance {
        let limits = &self.config.limits;
        let parsed = match self.input.take_line(limits.auth_line_bytes_max, limits.endless_line_bytes_max) {
            Line::Incomplete => return Advance::Wait(Step::Read),
            Line::Whole(line) if line.len() + 2 > line_bytes_max(line, limits) => None,
            Line::Whole(line) => Some(Command::parse(line)),
            Line::TooLong => None,
            Line::BareLineFeed => return self.bare_line_feed(),
            Line::Endless => return self.endless_line(),
        };
        match parsed {
            Some(Ok(command)) => self.command(command),
            // What follows may be a chunk and must not be taken for commands.
            Some(Err(error @ CommandError::ChunkSize)) => self.refuse_and_close(&error.reply()),
            Some(Err(error)) => self.refuse_with(&error.reply()),
            None => self.refuse_command(500, (5, 5, 2), "Line too long"),
        }
    }

    /// A line that ends with LF alone was written by a program that does not speak SMTP, or by someone who hides a
    /// command in another's: nothing after it is believed.
    fn bare_line_feed(&mut self) -> Advance {
        self.refuse_and_close(&Reply::new(521, (5, 5, 2), "Bare LF received; lines end with CRLF"))
    }

    fn endless_line(&mut self) -> Advance {
        self.hang_up((4, 7, 0), "Line without end");
        Advance::Again
    }

    /// A positive or intermediate reply.
    fn say(&mut self, code: u16, enhanced: (u8, u16, u16), text: &str) -> Advance {
        let (class, subject, detail) = enhanced;
        write_reply(&mut self.output, code, Some(Enhanced::new(class, subject, detail)), text);
        Advance::Again
    }

    /// Refuses a command and counts the error.
    fn refuse_command(&mut self, code: u16, enhanced: (u8, u16, u16), text: impl Into<Cow<'static, str>>) -> Advance {
        self.refuse_with(&Reply::new(code, enhanced, text))
    }

    fn refuse_with(&mut self, reply: &Reply) -> Advance {
        self.counts.errors += 1;
        if self.counts.errors > self.config.limits.errors_max {
            self.hang_up((4, 7, 0), "Too many errors");
        } else {
            reply.write(&mut self.output);
        }
        Advance::Again
    }

    fn refuse_and_close(&mut self, reply: &Reply) -> Advance {
        reply.write(&mut self.output);
        self.close();
        Advance::Again
    }

    /// 421 and close (RFC 5321 section 3.8).
    fn hang_up(&mut self, enhanced: (u8, u16, u16), words: &str) {
        if matches!(self.stage, Stage::Closed) {
            return;
        }
        let text = format!("{} {words}, closing connection", self.config.hostname);
        self.say(421, enhanced, &text);
        self.close();
    }

    fn close(&mut self) {
        self.stage = Stage::Closed;
        self.transaction = None;
        self.input.clear();
    }
}

/// The bound of a command line depends on its verb.
fn line_bytes_max(line: &[u8], limits: &Limits) -> usize {
    match line.split_at_checked(4) {
        Some((verb, _)) if verb.eq_ignore_ascii_case(b"AUTH") => limits.auth_line_bytes_max,
        Some((verb, _)) if verb.eq_ignore_ascii_case(b"MAIL") || verb.eq_ignore_ascii_case(b"RCPT") => {
            limits.parameter_line_bytes_max
        }
        _ => limits.command_line_bytes_max,
    }
}
