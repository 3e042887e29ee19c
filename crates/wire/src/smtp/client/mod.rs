//! The client's side of SMTP (RFC 5321 section 4.1), without I/O: one connection, any number of transactions.
//!
//! The driver feeds bytes and asks [`Session::next_step`]; what is to be sent stands in the output. The body of a message
//! goes through [`Session::body`], which doubles dots as it passes, so that a large message is never held.

mod greeting;
mod replies;
mod transaction;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use crate::sasl::{self, ClientCredentials};
use crate::smtp::TlsInfo;

pub use replies::{Answer, ReplyError};
pub use transaction::{Body, Recipient, Transaction, TransactionOutcome};

use replies::Replies;
use transaction::Progress;

/// A reply to nothing.
const STRAY: &str = "reply without a command";

/// What a client is told once.
#[derive(Debug, Clone)]
pub struct ClientConfig {
    /// Our name for EHLO.
    pub hello: String,
    /// Whether STARTTLS is used where it is offered.
    pub starttls: bool,
    /// What to sign in with; only under TLS.
    pub credentials: Option<ClientCredentials>,
}

/// What the driver does next.
#[derive(Debug)]
pub enum Step {
    /// Send the output if there is any, read, [`Session::feed`].
    Read,
    /// Send the output, do the TLS handshake as client, then [`Session::tls_started`].
    StartTls,
    /// Nothing is under way: [`Session::begin`] a transaction, or [`Session::quit`].
    Ready,
    /// Send the output, then the message through [`Session::body`], then [`Session::end_body`].
    SendBody,
    /// The transaction is over.
    Done(TransactionOutcome),
    /// The connection is of no use any more: send the output, close.
    Close(CloseCause),
}

/// Why a connection cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CloseCause {
    /// We said QUIT.
    Quit,
    /// The server refused before any transaction: at the greeting, EHLO, or sign-in.
    Refused(Answer),
    /// The server closes by itself (421).
    Leaving(Answer),
    /// What came is not SMTP, or out of place.
    Protocol(&'static str),
    /// Something came in clear after the reply to STARTTLS: somebody may stand in between (RFC 3207 section 6).
    Injection,
}

/// What the server offers (RFC 5321 section 4.1.1.1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Offers {
    /// `PIPELINING` (RFC 2920)
    pub pipelining: bool,
    /// `8BITMIME` (RFC 6152)
    pub eight_bit_mime: bool,
    /// `SMTPUTF8` (RFC 6531)
    pub smtputf8: bool,
    /// `DSN` (RFC 3461)
    pub dsn: bool,
    /// `STARTTLS` (RFC 3207)
    pub starttls: bool,
    /// `REQUIRETLS` (RFC 8689)
    pub require_tls: bool,
    /// `SIZE` (RFC 1870); 0 names no limit.
    pub size: Option<u64>,
    /// Mechanisms of `AUTH` (RFC 4954).
    pub auth: Vec<String>,
}

/// A connection to a server.
#[derive(Debug)]
pub struct Session {
    config: ClientConfig,
    replies: Replies,
    output: Vec<u8>,
    stage: Stage,
    tls: Option<TlsInfo>,
    offers: Offers,
    sasl: Option<sasl::Client>,
    signed_in: bool,
    /// Replies that are due, in order.
    awaited: VecDeque<Awaited>,
    /// The transaction that was under way when the session closed.
    unfinished: Option<Box<Progress>>,
}

#[derive(Debug)]
enum Stage {
    Greeting,
    Handshake,
    Ready,
    Transaction(Box<Progress>),
    Closed(CloseCause),
}

/// What a reply answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Awaited {
    Greeting,
    Ehlo,
    Helo,
    StartTls,
    Auth,
    Mail,
    Rcpt(usize),
    Data,
    EndOfData,
    Rset,
    Quit,
}

impl Session {
    /// A session on a new connection; `tls` is the connection's where it began with TLS.
    #[must_use]
    pub fn new(config: ClientConfig, tls: Option<TlsInfo>) -> Self {
        Self {
            config,
            replies: Replies::default(),
            output: Vec::new(),
            stage: Stage::Greeting,
            tls,
            offers: Offers::default(),
            sasl: None,
            signed_in: false,
            awaited: VecDeque::from([Awaited::Greeting]),
            unfinished: None,
        }
    }

    /// Takes bytes from the server.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.replies.push(bytes);
    }

    /// Whether what was fed holds a whole reply that has not been used. Until it does, the server still owes the answer, however
    /// many octets of it have come.
    #[must_use]
    pub fn has_reply(&self) -> bool {
        self.replies.is_ready()
    }

    /// What is to be sent now.
    pub fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }

    /// What the server offers.
    #[must_use]
    pub const fn offers(&self) -> &Offers {
        &self.offers
    }

    /// Whether another transaction can follow, now or once the answers that are due have come.
    #[must_use]
    pub fn is_reusable(&self) -> bool {
        matches!(self.stage, Stage::Ready) && (!self.awaited.is_empty() || self.replies.is_empty())
    }

    /// What to do next.
    pub fn next_step(&mut self) -> Step {
        loop {
            // A reply that nobody waits for would be taken for the answer to the next command.
            let is_quiet = self.awaited.is_empty();
            let is_stray = is_quiet && !self.replies.is_empty();
            match &mut self.stage {
                Stage::Closed(cause) => return Step::Close(cause.clone()),
                Stage::Handshake => return Step::StartTls,
                Stage::Ready if is_quiet && !is_stray => return Step::Ready,
                Stage::Transaction(progress) => {
                    if let Some(step) = progress.ready_step(is_quiet)
                        && !(is_stray && matches!(step, Step::SendBody))
                    {
                        if matches!(step, Step::Done(_)) {
                            let leaving = progress.leaving.take();
                            self.stage =
                                leaving.map_or(Stage::Ready, |answer| Stage::Closed(CloseCause::Leaving(answer)));
                        }
                        return step;
                    }
                }
                Stage::Greeting | Stage::Ready => {}
            }
            match self.replies.next() {
                Ok(Some(answer)) => self.take_answer(answer),
                Ok(None) if is_stray => self.close(CloseCause::Protocol(STRAY)),
                Ok(None) => return Step::Read,
                Err(ReplyError(what)) => self.close(CloseCause::Protocol(what)),
            }
        }
    }

    /// Says QUIT; the next steps lead to [`Step::Close`].
    pub fn quit(&mut self) {
        self.output.extend_from_slice(b"QUIT\r\n");
        self.awaited.push_back(Awaited::Quit);
    }

    /// The connection is lost, or its answer is not waited for any longer: ends the transaction under way, if there is one, with
    /// `answer` for each recipient that has none yet.
    pub fn give_up_waiting(&mut self, answer: &Answer) -> Option<TransactionOutcome> {
        self.close(CloseCause::Protocol("an answer never came"));
        self.unfinished.take().map(|progress| progress.ended_by(answer))
    }

    fn close(&mut self, cause: CloseCause) {
        if let Stage::Transaction(progress) = std::mem::replace(&mut self.stage, Stage::Closed(cause)) {
            self.unfinished = Some(progress);
        }
    }

    fn take_answer(&mut self, answer: Answer) {
        let Some(awaited) = self.awaited.pop_front() else {
            // RFC 5321 section 3.8: a server may say 421 at any time.
            let cause = if answer.code == 421 { CloseCause::Leaving(answer) } else { CloseCause::Protocol(STRAY) };
            return self.close(cause);
        };
        match awaited {
            Awaited::Greeting | Awaited::Ehlo | Awaited::Helo | Awaited::StartTls | Awaited::Auth => {
                self.take_opening(awaited, answer);
            }
            Awaited::Mail | Awaited::Rcpt(_) | Awaited::Data | Awaited::EndOfData => {
                self.take_transaction(awaited, answer)
            }
            Awaited::Rset => {
                if !answer.is_positive() {
                    self.close(CloseCause::Leaving(answer));
                }
            }
            Awaited::Quit => self.close(CloseCause::Quit),
        }
    }

    /// Queues a command line and what its reply will answer.
    fn command(&mut self, line: &str, awaited: Awaited) {
        self.output.extend_from_slice(line.as_bytes());
        self.output.extend_from_slice(b"\r\n");
        self.awaited.push_back(awaited);
    }
}
