//! What answers lead to.

use super::{Advance, Asking, Session, Stage, Transaction, Verdict};
use crate::sasl::Candidate;
use crate::smtp::{Envelope, Recipient, Reply};

impl Session {
    /// Answers the open question; without one, does nothing.
    pub fn answer(&mut self, verdict: Verdict) {
        let asking = match std::mem::replace(&mut self.stage, Stage::Command) {
            Stage::Asking(asking) => asking,
            stage => {
                self.stage = stage;
                return;
            }
        };
        match verdict {
            Verdict::Accept { text } => self.accepted(asking, text.as_deref()),
            Verdict::Reject(reply) => self.rejected(asking, &reply.refusal()),
            Verdict::Close(reply) => {
                self.refuse_and_close(&reply.refusal());
            }
        }
    }

    /// Answers [`Question::ScramKeys`](super::Question::ScramKeys); none for users that do not exist or have no
    /// keys, which the client cannot tell from a wrong password.
    pub fn answer_keys(&mut self, keys: Vec<Candidate>) {
        match std::mem::replace(&mut self.stage, Stage::Command) {
            Stage::Asking(Asking::Keys(mut exchange)) => {
                let step = exchange.keys(keys);
                self.auth_answered(exchange, step);
            }
            stage => self.stage = stage,
        }
    }

    fn accepted(&mut self, asking: Asking, text: Option<&str>) {
        match asking {
            Asking::Auth(mut exchange) => {
                let step = exchange.decide(true);
                self.auth_answered(exchange, step);
            }
            // Keys cannot be accepted, only given.
            Asking::Keys(_) => self.rejected(asking, &Reply::unavailable()),
            Asking::Mail { from, params } => {
                self.counts.messages += 1;
                let envelope = Envelope { from, params, recipients: Vec::new() };
                self.transaction = Some(Transaction { envelope, refused: false, chunks: None });
                self.say(250, (2, 1, 0), text.unwrap_or("Sender OK"));
            }
            Asking::Rcpt(recipient) => self.recipient_accepted(recipient, text),
            Asking::Message => {
                self.counts.idle_commands = 0;
                self.say(250, (2, 0, 0), text.unwrap_or("Message accepted"));
            }
        }
    }

    fn recipient_accepted(&mut self, recipient: Recipient, text: Option<&str>) {
        if let Some(transaction) = &mut self.transaction {
            transaction.envelope.recipients.push(recipient);
        }
        self.say(250, (2, 1, 5), text.unwrap_or("Recipient OK"));
    }

    fn rejected(&mut self, asking: Asking, reply: &Reply) {
        match asking {
            Asking::Auth(exchange) => {
                self.auth_refused(exchange, reply.clone());
                Advance::Again
            }
            Asking::Keys(_) => self.refuse_sign_in(reply),
            Asking::Mail { .. } => self.refuse_with(reply),
            Asking::Rcpt(_) => self.refuse_recipient(reply),
            Asking::Message => {
                reply.write(&mut self.output);
                Advance::Again
            }
        };
    }
}
