//! One message to some recipients: MAIL, RCPT, DATA.

use memchr::memchr;

use super::{Answer, Awaited, CloseCause, Offers, Session, Stage, Step};
use crate::smtp::{Notify, Ret, xtext};

/// What is sent.
#[derive(Debug, Clone, Default)]
pub struct Transaction {
    /// Reverse path without angle brackets; empty for the null path.
    pub from: String,
    /// Octets of the message, for SIZE.
    pub size: u64,
    /// The message has octets above 127.
    pub eight_bit: bool,
    /// The message or an address is internationalised (RFC 6531).
    pub utf8: bool,
    /// It may only go on over TLS (RFC 8689); the driver sees to the connection's.
    pub require_tls: bool,
    /// What a failure notification returns.
    pub ret: Option<Ret>,
    /// The sender's own mark of the envelope.
    pub envid: Option<String>,
    /// To whom.
    pub recipients: Vec<Recipient>,
}

/// A recipient.
#[derive(Debug, Clone, Default)]
pub struct Recipient {
    /// Forward path without angle brackets.
    pub to: String,
    /// What the sender wants to hear of.
    pub notify: Option<Notify>,
    /// Type and address that the sender first named.
    pub original: Option<(String, String)>,
}

/// How a transaction ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionOutcome {
    /// For each recipient, the answer that decided.
    pub recipients: Vec<Answer>,
    /// The server takes over notifications of success (RFC 3461 section 5.2.1).
    pub dsn: bool,
}

/// Doubles dots at the beginning of lines as a message passes (RFC 5321 section 4.5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Body {
    at_line_start: bool,
    ends_with_crlf: bool,
    last: u8,
}

impl Default for Body {
    fn default() -> Self {
        Self { at_line_start: true, ends_with_crlf: true, last: b'\n' }
    }
}

impl Body {
    /// Appends `bytes`, the next of the message, to `out` as they go over the line.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let Some(last) = bytes.last() else { return };
        let before_last = bytes.len().checked_sub(2).and_then(|at| bytes.get(at)).copied().unwrap_or(self.last);
        self.ends_with_crlf = *last == b'\n' && before_last == b'\r';
        self.last = *last;
        let mut rest = bytes;
        while let Some(first) = rest.first() {
            if self.at_line_start && *first == b'.' {
                out.push(b'.');
            }
            let end = memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
            let (line, after) = rest.split_at(end);
            out.extend_from_slice(line);
            self.at_line_start = line.ends_with(b"\n");
            rest = after;
        }
    }

    /// Appends the end of the message.
    pub fn finish(self, out: &mut Vec<u8>) {
        if !self.ends_with_crlf {
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b".\r\n");
    }
}

/// A transaction under way.
#[derive(Debug)]
pub(super) struct Progress {
    transaction: Transaction,
    answers: Vec<Option<Answer>>,
    phase: Phase,
    dsn: bool,
    /// The server said 421: no more transactions.
    pub(super) leaving: Option<Answer>,
}

#[derive(Debug, PartialEq, Eq)]
enum Phase {
    Envelope,
    Body,
    End,
    Done,
}

impl Progress {
    /// The step that is due, if one is. `is_quiet` says that no reply is awaited.
    pub(super) fn ready_step(&mut self, is_quiet: bool) -> Option<Step> {
        match self.phase {
            Phase::Body if is_quiet => Some(Step::SendBody),
            // The answer to RSET decides nothing any more and is not waited for.
            Phase::Done => {
                let unanswered = || Answer::ours(451, (4, 4, 2), "no answer");
                let recipients = self.answers.drain(..).map(|answer| answer.unwrap_or_else(unanswered)).collect();
                Some(Step::Done(TransactionOutcome { recipients, dsn: self.dsn }))
            }
            _ => None,
        }
    }

    /// What has become of the recipients, with `answer` for those that have none.
    pub(super) fn ended_by(mut self, answer: &Answer) -> TransactionOutcome {
        self.answer_rest(answer);
        TransactionOutcome { recipients: self.answers.into_iter().flatten().collect(), dsn: self.dsn }
    }

    fn has_accepted(&self) -> bool {
        self.answers.iter().any(Option::is_none)
    }

    /// Gives those that have no answer yet this one.
    fn answer_rest(&mut self, answer: &Answer) {
        for slot in &mut self.answers {
            slot.get_or_insert_with(|| answer.clone());
        }
    }
}

impl Session {
    /// Begins a transaction; call at [`Step::Ready`]. What the server cannot take is answered without asking it.
    pub fn begin(&mut self, transaction: Transaction) {
        let count = transaction.recipients.len();
        let refusal = refusal(&transaction, &self.offers);
        let dsn = self.offers.dsn;
        let mut progress =
            Progress { answers: vec![None; count], phase: Phase::Envelope, dsn, transaction, leaving: None };
        if let Some(refusal) = refusal {
            progress.answer_rest(&refusal);
            progress.phase = Phase::Done;
            self.stage = Stage::Transaction(Box::new(progress));
            return;
        }
        let mail = mail_line(&progress.transaction, &self.offers);
        self.command(&mail, Awaited::Mail);
        if self.offers.pipelining {
            for number in 0..count {
                self.say_rcpt(&progress.transaction, number);
            }
            self.command("DATA", Awaited::Data);
        }
        self.stage = Stage::Transaction(Box::new(progress));
    }

    fn say_rcpt(&mut self, transaction: &Transaction, number: usize) {
        if let Some(recipient) = transaction.recipients.get(number) {
            let line = rcpt_line(recipient, &self.offers);
            self.command(&line, Awaited::Rcpt(number));
        }
    }

    /// The end of the message has been sent; its answer is awaited. `ending` is what [`Body::finish`] gave.
    pub fn end_body(&mut self) {
        if let Stage::Transaction(progress) = &mut self.stage
            && progress.phase == Phase::Body
        {
            progress.phase = Phase::End;
            self.awaited.push_back(Awaited::EndOfData);
        }
    }

    pub(super) fn take_transaction(&mut self, awaited: Awaited, answer: Answer) {
        let Stage::Transaction(mut progress) = std::mem::replace(&mut self.stage, Stage::Ready) else { return };
        if answer.code == 421 {
            // RFC 5321 section 3.8: the server leaves; whatever is not decided is undecided.
            progress.answer_rest(&answer);
            progress.phase = Phase::Done;
            progress.leaving = Some(answer);
            self.awaited.clear();
            self.stage = Stage::Transaction(progress);
            return;
        }
        match awaited {
            Awaited::Mail => self.take_mail(&mut progress, &answer),
            Awaited::Rcpt(number) => self.take_rcpt(&mut progress, number, answer),
            Awaited::Data => self.take_data(&mut progress, &answer),
            Awaited::EndOfData => {
                progress.answer_rest(&answer);
                progress.phase = Phase::Done;
            }
            _ => {}
        }
        if !matches!(self.stage, Stage::Closed(_)) {
            self.stage = Stage::Transaction(progress);
        }
    }

    fn take_mail(&mut self, progress: &mut Progress, answer: &Answer) {
        if !answer.is_positive() {
            progress.answer_rest(answer);
            if !self.offers.pipelining {
                self.give_up(progress);
            }
        } else if !self.offers.pipelining {
            self.say_rcpt(&progress.transaction, 0);
        }
    }

    fn take_rcpt(&mut self, progress: &mut Progress, number: usize, answer: Answer) {
        if !answer.is_positive()
            && let Some(slot) = progress.answers.get_mut(number)
        {
            slot.get_or_insert(answer);
        }
        if self.offers.pipelining {
            return;
        }
        if number + 1 < progress.answers.len() {
            self.say_rcpt(&progress.transaction, number + 1);
        } else if progress.has_accepted() {
            self.command("DATA", Awaited::Data);
        } else {
            self.give_up(progress);
        }
    }

    fn take_data(&mut self, progress: &mut Progress, answer: &Answer) {
        match answer.code {
            354 if progress.has_accepted() => progress.phase = Phase::Body,
            // RFC 2920 section 3.1: a pipelined DATA that was taken without recipients ends with an empty message.
            354 => {
                self.output.extend_from_slice(b".\r\n");
                progress.phase = Phase::End;
                self.awaited.push_back(Awaited::EndOfData);
            }
            code if code / 100 >= 4 => {
                progress.answer_rest(answer);
                self.give_up(progress);
            }
            _ => self.close(CloseCause::Protocol("DATA was answered neither with 354 nor with a refusal")),
        }
    }

    /// Takes the transaction back.
    fn give_up(&mut self, progress: &mut Progress) {
        progress.phase = Phase::Done;
        self.command("RSET", Awaited::Rset);
    }
}

/// What the server cannot take at all.
fn refusal(transaction: &Transaction, offers: &Offers) -> Option<Answer> {
    if transaction.require_tls && !offers.require_tls {
        // RFC 8689 section 4.2.1
        return Some(Answer::ours(
            550,
            (5, 7, 30),
            "the message may travel only where REQUIRETLS is kept, which the server does not offer",
        ));
    }
    if transaction.utf8 && !offers.smtputf8 {
        // RFC 6531 section 3.5
        return Some(Answer::ours(550, (5, 6, 7), "the server does not take international addresses"));
    }
    if transaction.eight_bit && !offers.eight_bit_mime && !offers.smtputf8 {
        // RFC 6152 section 3
        return Some(Answer::ours(554, (5, 6, 3), "the server takes only seven-bit messages"));
    }
    match offers.size {
        Some(limit) if limit > 0 && transaction.size > limit => Some(Answer::ours(
            552,
            (5, 3, 4),
            format!("the message has {} bytes, the server takes {limit}", transaction.size),
        )),
        _ => None,
    }
}

fn mail_line(transaction: &Transaction, offers: &Offers) -> String {
    let mut line = format!("MAIL FROM:<{}>", transaction.from);
    if offers.size.is_some() {
        line.push_str(&format!(" SIZE={}", transaction.size));
    }
    if transaction.eight_bit && offers.eight_bit_mime {
        line.push_str(" BODY=8BITMIME");
    }
    if transaction.utf8 {
        line.push_str(" SMTPUTF8");
    }
    if transaction.require_tls {
        line.push_str(" REQUIRETLS");
    }
    if offers.dsn {
        if let Some(ret) = transaction.ret {
            line.push_str(if ret == Ret::Full { " RET=FULL" } else { " RET=HDRS" });
        }
        if let Some(envid) = &transaction.envid {
            line.push_str(&format!(" ENVID={}", xtext::encode(envid)));
        }
    }
    line
}

fn rcpt_line(recipient: &Recipient, offers: &Offers) -> String {
    let mut line = format!("RCPT TO:<{}>", recipient.to);
    if !offers.dsn {
        return line;
    }
    if let Some(notify) = recipient.notify {
        let wishes = [(notify.success, "SUCCESS"), (notify.failure, "FAILURE"), (notify.delay, "DELAY")];
        let words: Vec<&str> = wishes.iter().filter(|(wanted, _)| *wanted).map(|(_, word)| *word).collect();
        let words = if words.is_empty() { "NEVER".to_owned() } else { words.join(",") };
        line.push_str(&format!(" NOTIFY={words}"));
    }
    if let Some((kind, address)) = &recipient.original {
        let address = if kind.eq_ignore_ascii_case("utf-8") {
            xtext::encode_utf8_address(address)
        } else {
            xtext::encode(address)
        };
        line.push_str(&format!(" ORCPT={kind};{address}"));
    }
    line
}
