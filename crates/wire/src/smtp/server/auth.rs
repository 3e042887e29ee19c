//! `AUTH` (RFC 4954): SASL in lines of base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::lines::Line;
use super::{Advance, Asking, Proof, Question, Session, Stage, Step};
use crate::sasl::{self, Failure, Mechanism, ServerContext};
use crate::smtp::Reply;
use crate::smtp::reply::write_reply;

impl Session {
    pub(super) fn auth(&mut self, name: &str, initial: Option<&str>) -> Advance {
        if let Some(reply) = self.missing_before_auth() {
            return self.refuse_with(&reply);
        }
        if self.counts.auth_failures >= self.config.limits.auth_attempts_max {
            self.hang_up((4, 7, 0), "Too many failed sign-ins");
            return Advance::Again;
        }
        let offered = Mechanism::from_name(name).filter(|asked| self.offered_mechanisms().any(|one| one == *asked));
        let Some(mechanism) = offered else {
            return self.refuse_command(504, (5, 5, 4), "Mechanism is not offered");
        };
        // RFC 4954 section 4: `=` is an initial response of no octets.
        let initial = match initial {
            None => None,
            Some("=") => Some(Vec::new()),
            Some(encoded) => match STANDARD.decode(encoded) {
                Ok(decoded) => Some(decoded),
                Err(_) => return self.refuse_base64(),
            },
        };
        let context = ServerContext {
            bindings: self.tls.as_ref().map(|tls| tls.bindings.clone()).unwrap_or_default(),
            offers_plus: self.offered_mechanisms().any(|one| one == Mechanism::ScramSha256Plus),
            pretence_secret: self.config.pretence_secret,
            pretence_iterations: self.config.pretence_iterations,
            openid_configuration: self.config.openid_configuration.clone(),
        };
        self.refusal = None;
        let mut exchange = Box::new(sasl::Server::new(mechanism, context, self.config.entropy.as_ref()));
        let step = exchange.start(initial.as_deref());
        self.auth_step(exchange, step)
    }

    fn missing_before_auth(&self) -> Option<Reply> {
        if !self.config.kind.is_submission() || self.config.mechanisms.is_empty() {
            return Some(Reply::new(502, (5, 5, 1), "AUTH is not offered"));
        }
        if self.tls.is_none() {
            return Some(Reply::new(538, (5, 7, 11), "Encryption required for authentication"));
        }
        if !self.hello.as_ref().is_some_and(|hello| hello.extended) {
            return Some(Reply::new(503, (5, 5, 1), "Say EHLO first"));
        }
        // RFC 4954 section 4
        if self.transaction.is_some() {
            return Some(Reply::new(503, (5, 5, 1), "AUTH may not come within a transaction"));
        }
        self.identity.is_some().then(|| Reply::new(503, (5, 5, 1), "Already authenticated"))
    }

    /// Reads the client's answer to a challenge.
    pub(super) fn next_response(&mut self, mut exchange: Box<sasl::Server>) -> Advance {
        let limits = &self.config.limits;
        let response = match self.input.take_line(limits.auth_line_bytes_max, limits.endless_line_bytes_max) {
            Line::Incomplete => return self.read_in(Stage::Auth(exchange)),
            // RFC 4954 section 4
            Line::Whole(b"*") => return self.refuse_command(501, (5, 7, 0), "Authentication cancelled"),
            Line::Whole(line) => STANDARD.decode(line),
            Line::TooLong => return self.refuse_command(500, (5, 5, 6), "Authentication exchange line is too long"),
            Line::BareLineFeed => return self.bare_line_feed(),
            Line::Endless => return self.endless_line(),
        };
        let Ok(response) = response else { return self.refuse_base64() };
        let step = exchange.respond(&response);
        self.auth_step(exchange, step)
    }

    fn refuse_base64(&mut self) -> Advance {
        self.refuse_command(501, (5, 5, 2), "Cannot decode base64")
    }

    /// Does what the mechanism wants next.
    pub(super) fn auth_step(&mut self, exchange: Box<sasl::Server>, step: sasl::Step) -> Advance {
        match step {
            sasl::Step::Challenge(bytes) => {
                write_reply(&mut self.output, 334, None, &STANDARD.encode(bytes));
                self.stage = Stage::Auth(exchange);
                Advance::Again
            }
            sasl::Step::CheckPassword(credentials) => self.ask_proof(exchange, Proof::Password(credentials)),
            sasl::Step::Authorize(proved) => self.ask_proof(exchange, Proof::Verified(proved)),
            sasl::Step::CheckToken(token) => self.ask_proof(exchange, Proof::Token(token)),
            sasl::Step::CheckCertificate { authzid } => self.ask_proof(exchange, Proof::Certificate(authzid)),
            sasl::Step::FetchKeys { user } => {
                self.stage = Stage::Asking(Asking::Keys(exchange));
                Advance::Ask(Question::ScramKeys { user })
            }
            sasl::Step::Success(identity) => {
                self.identity = Some(identity);
                self.counts.idle_commands = 0;
                self.say(235, (2, 7, 0), "Authentication successful")
            }
            sasl::Step::Failure(Failure::Malformed) => {
                self.refuse_sign_in(&Reply::new(501, (5, 5, 2), "Malformed authentication message"))
            }
            sasl::Step::Failure(Failure::Credentials | Failure::ChannelBinding) => {
                let told = self.refusal.take();
                let reply = told.unwrap_or_else(|| Reply::new(535, (5, 7, 8), "Authentication credentials invalid"));
                self.refuse_sign_in(&reply)
            }
        }
    }

    fn ask_proof(&mut self, exchange: Box<sasl::Server>, proof: Proof) -> Advance {
        let mechanism = exchange.mechanism();
        self.stage = Stage::Asking(Asking::Auth(exchange));
        Advance::Ask(Question::Authenticate { mechanism, proof })
    }

    /// The driver has refused: some mechanisms tell the client in a challenge first, and end with the reply then.
    pub(super) fn auth_refused(&mut self, mut exchange: Box<sasl::Server>, reply: Reply) {
        match exchange.decide(false) {
            step @ sasl::Step::Challenge(_) => {
                self.refusal = Some(reply);
                self.auth_answered(exchange, step);
            }
            _ => {
                self.refuse_sign_in(&reply);
            }
        }
    }

    /// Refuses a sign-in; guesses are counted, our own failures (4xx) are not.
    pub(super) fn refuse_sign_in(&mut self, reply: &Reply) -> Advance {
        if reply.code / 100 == 5 {
            self.counts.auth_failures += 1;
        }
        self.refuse_with(reply)
    }

    /// Goes on after an answer; a question that it leads to is given at the next step.
    pub(super) fn auth_answered(&mut self, exchange: Box<sasl::Server>, step: sasl::Step) {
        match self.auth_step(exchange, step) {
            Advance::Again | Advance::Wait(Step::Read | Step::Send | Step::StartTls | Step::Close) => {}
            // No mechanism asks twice in a row.
            Advance::Ask(_) | Advance::Wait(Step::Ask(_)) => self.hang_up((4, 3, 0), "Local error"),
        }
    }
}
