//! What each command does.

use std::time::Duration;

use super::{Advance, Asking, Question, Session, Stage, Step};
use crate::smtp::{BodyKind, Command, ForwardPath, Hold, MailParams, RcptParams, Recipient, Reply, ReversePath};

impl Session {
    pub(super) fn command(&mut self, command: Command) -> Advance {
        if brings_nothing(&command) {
            self.counts.idle_commands += 1;
            if self.counts.idle_commands > self.config.limits.idle_commands_max {
                self.hang_up((4, 7, 0), "Too many commands without a message");
                return Advance::Again;
            }
        }
        match command {
            Command::Mail { from, params } => self.mail(from, params),
            Command::Rcpt { to, params } => self.rcpt(to, params),
            Command::Data => self.data(),
            Command::Bdat { size, last } => self.bdat(size, last),
            Command::Ehlo(name) => self.greet(name, true),
            Command::Helo(name) => self.greet(name, false),
            Command::StartTls => self.start_tls(),
            Command::Auth { mechanism, initial } => self.auth(&mechanism, initial.as_deref()),
            Command::Rset => {
                self.transaction = None;
                self.say(250, (2, 0, 0), "OK")
            }
            Command::Noop => self.say(250, (2, 0, 0), "OK"),
            // RFC 5321 section 3.5.3: we neither confirm nor deny.
            Command::Vrfy(_) => {
                self.say(252, (2, 0, 0), "Cannot verify the address, but will take mail for it and try")
            }
            Command::Expn(_) => self.refuse_command(502, (5, 5, 1), "EXPN is not offered"),
            Command::Help => self.say(214, (2, 0, 0), "See RFC 5321"),
            Command::Quit => {
                let text = format!("{} closing connection", self.config.hostname);
                self.say(221, (2, 0, 0), &text);
                self.close();
                Advance::Again
            }
        }
    }

    /// RFC 3207 section 4. Octets that came behind the command in clear could have been put there by anyone, and would
    /// be taken as said under TLS: the session ends.
    fn start_tls(&mut self) -> Advance {
        if self.tls.is_some() {
            return self.refuse_command(503, (5, 5, 1), "TLS is active already");
        }
        if !self.offers_starttls() {
            return self.refuse_command(502, (5, 5, 1), "STARTTLS is not offered");
        }
        if !self.input.is_empty() {
            return self.refuse_and_close(&Reply::new(554, (5, 5, 0), "Nothing may follow STARTTLS before TLS"));
        }
        self.say(220, (2, 0, 0), "Ready to start TLS");
        self.stage = Stage::Handshake;
        Advance::Again
    }

    /// What must come before mail; the reply if something is missing.
    fn missing_before_mail(&self) -> Option<Reply> {
        let submission = self.config.kind.is_submission();
        if submission && self.tls.is_none() {
            return Some(Reply::new(530, (5, 7, 0), "Must issue a STARTTLS command first"));
        }
        if self.hello.is_none() {
            return Some(Reply::new(503, (5, 5, 1), "Say EHLO first"));
        }
        if submission && self.identity.is_none() {
            return Some(Reply::new(530, (5, 7, 0), "Authentication required"));
        }
        self.transaction.is_some().then(|| Reply::new(503, (5, 5, 1), "Sender already given"))
    }

    fn mail(&mut self, from: ReversePath, params: MailParams) -> Advance {
        if let Some(reply) = self.missing_before_mail() {
            return self.refuse_with(&reply);
        }
        if self.counts.messages >= self.config.limits.messages_max {
            self.hang_up((4, 7, 0), "Too many messages in one session");
            return Advance::Again;
        }
        // RFC 6531 section 3.5
        if from.needs_utf8() && !params.smtputf8 {
            return self.refuse_command(553, (5, 6, 7), "Address beyond ASCII needs SMTPUTF8");
        }
        if let Some(reply) = self.mail_params_fault(&params) {
            return self.refuse_with(&reply);
        }
        let question = Question::MailFrom { from: from.clone(), params: params.clone() };
        self.stage = Stage::Asking(Asking::Mail { from, params });
        Advance::Ask(question)
    }

    /// Refuses parameters of extensions that are not offered on this connection (RFC 5321 section 4.1.1.11).
    fn mail_params_fault(&self, params: &MailParams) -> Option<Reply> {
        let not_offered = |what: &'static str| Some(Reply::new(555, (5, 5, 4), format!("{what} is not offered here")));
        if *params != MailParams::default() && !self.is_extended() {
            return Some(Reply::new(555, (5, 5, 4), "Parameters need EHLO"));
        }
        if params.body == Some(BodyKind::BinaryMime) {
            return not_offered("BODY=BINARYMIME");
        }
        if params.auth.is_some() && !self.config.kind.is_submission() {
            return not_offered("AUTH");
        }
        if params.require_tls && !self.offers_require_tls() {
            return not_offered("REQUIRETLS");
        }
        if let Some(hold) = params.hold {
            let Some(seconds_max) = self.hold_seconds_max() else { return not_offered("FUTURERELEASE") };
            let last = self.config.clock.now().plus(Duration::from_secs(u64::from(seconds_max)));
            let too_long = match hold {
                Hold::ForSeconds(seconds) => seconds > seconds_max,
                Hold::Until(moment) => moment > last,
            };
            if too_long {
                // RFC 4865 section 4
                return Some(Reply::new(501, (5, 5, 4), "Hold is longer than FUTURERELEASE allows"));
            }
        }
        // RFC 1870 section 6.1
        let too_big = params.size.is_some_and(|size| size > self.config.limits.size_bytes_max);
        too_big.then(|| Reply::new(552, (5, 3, 4), self.too_big_text()))
    }

    pub(super) fn too_big_text(&self) -> String {
        format!("Message is larger than {} octets", self.config.limits.size_bytes_max)
    }

    fn is_extended(&self) -> bool {
        self.hello.as_ref().is_some_and(|hello| hello.extended)
    }

    fn rcpt(&mut self, to: ForwardPath, params: RcptParams) -> Advance {
        let extended = self.is_extended();
        let Some(transaction) = &self.transaction else {
            return self.refuse_command(503, (5, 5, 1), "MAIL first");
        };
        if transaction.chunks.is_some() {
            return self.refuse_command(503, (5, 5, 1), "Message has begun");
        }
        if !params.is_empty() && !extended {
            return self.refuse_command(555, (5, 5, 4), "Parameters need EHLO");
        }
        if to.needs_utf8() && !transaction.envelope.params.smtputf8 {
            return self.refuse_command(553, (5, 6, 7), "Address beyond ASCII needs SMTPUTF8");
        }
        let accepted = transaction.envelope.recipients.len();
        if accepted >= self.config.limits.recipients_max {
            // RFC 5321 section 4.5.3.1.10
            return self.refuse_recipient(&Reply::new(452, (4, 5, 3), "Too many recipients"));
        }
        let question = Question::RcptTo { to: to.clone(), params: params.clone(), accepted };
        self.stage = Stage::Asking(Asking::Rcpt(Recipient { to, params }));
        Advance::Ask(question)
    }

    /// Refuses one recipient; too many refusals look like someone guessing addresses.
    pub(super) fn refuse_recipient(&mut self, reply: &Reply) -> Advance {
        if let Some(transaction) = &mut self.transaction {
            transaction.refused = true;
        }
        self.counts.recipients_refused += 1;
        if self.counts.recipients_refused > self.config.limits.recipients_refused_max {
            self.hang_up((4, 7, 0), "Too many refused recipients");
        } else {
            reply.write(&mut self.output);
        }
        Advance::Again
    }

    /// Waits for input, in stage `stage`.
    pub(super) fn read_in(&mut self, stage: Stage) -> Advance {
        self.stage = stage;
        Advance::Wait(Step::Read)
    }
}

/// Commands that can be repeated for ever without doing anything.
const fn brings_nothing(command: &Command) -> bool {
    !matches!(
        command,
        Command::Mail { .. } | Command::Rcpt { .. } | Command::Data | Command::Bdat { .. } | Command::Quit
    )
}
