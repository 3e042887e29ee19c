//! The trace of a message while it is received: what has happened until now, and how it is kept with the message, or told of a refusal.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ::trace::{Direction, Found, New, Outcome, Refusal, Reply as Said, Source, Stage, Step, Traced, What};
use env::Timestamp;
use filter::{Action, Verdict as Opinion};
use identity::{IdentityError, Resolution};
use mail::header;
use mail::message::words;
use mailauth::Facts;
use store::Tx;
use tokio_util::sync::CancellationToken;
use wire::smtp::server::{Kind, Verdict};
use wire::smtp::{Envelope, ForwardPath, Reply};

use super::conversation::Conversation;
use super::recipients::{Home, Taken};
use super::{Door, Receiver};

/// How often what was refused is written down.
const WRITE_EVERY: Duration = Duration::from_secs(3);

/// Traces that are put into the index in one go before others have their turn.
const INDEX_ROUNDS_MAX: usize = 50;

/// Findings that a trace names.
const FINDINGS_MAX: usize = 8;

/// What a trace says of a message beside what happened to it.
#[derive(Debug, Clone, Default)]
pub(super) struct Head {
    subject: String,
    message_id: String,
    bytes: u64,
}

impl Head {
    /// Of a message as it came.
    pub(super) fn of(raw: &[u8]) -> Self {
        let subject = header::find(raw, "Subject").map(|field| String::from_utf8_lossy(&field.value()).into_owned());
        Self {
            subject: words::decode(subject.unwrap_or_default().trim()).into_owned(),
            message_id: header::message_id(raw).unwrap_or_default(),
            bytes: raw.len() as u64,
        }
    }
}

/// The traces of a message that waits for its transaction: that of the organisation which it belongs to, and of others whose people get it.
pub(super) struct Tracing {
    traces: Vec<New>,
    /// Whose each recipient's address is, where it is another's than the first trace's.
    others: BTreeMap<String, i64>,
}

/// What became of a message in its transaction.
#[derive(Default)]
pub(super) struct Placed {
    /// What waits in the queue.
    pub(super) queued: Vec<Waiting>,
    /// Accounts that have it, with whose they are and whether it lies in Junk.
    pub(super) delivered: Vec<(i64, i64, bool)>,
}

/// What waits in the queue of a message.
pub(super) struct Waiting {
    /// Its number there.
    pub(super) number: i64,
    /// For whom.
    pub(super) to: Vec<String>,
    /// The organisation of the group that it goes on from; others learn nothing of it.
    pub(super) of_group: Option<i64>,
}

impl Placed {
    /// The numbers in the queue.
    pub(super) fn numbers(&self) -> Vec<i64> {
        self.queued.iter().map(|waiting| waiting.number).collect()
    }
}

impl Tracing {
    /// The traces that the queue goes on with.
    pub(super) fn traced(&self) -> Vec<Traced> {
        self.traces.iter().map(|new| new.traced).collect()
    }

    /// Writes the traces, with what became of the message. It can run again with the same.
    pub(super) fn keep(
        &self,
        tx: &mut Tx<'_>,
        placed: &Placed,
        (held, quarantined): (bool, Option<Timestamp>),
    ) -> Result<(), store::StoreError> {
        let first = self.traces.first().map_or(0, |new| new.traced.organisation);
        for new in &self.traces {
            let mut new = new.clone();
            let whose = new.traced.organisation;
            let sees = |waiting: &Waiting, address: &String| match waiting.of_group {
                Some(group) => group == whose,
                None => whose == first || self.others.get(address) == Some(&whose),
            };
            new.steps.extend(delivered_of(tx.now(), placed, whose, &mut new.accounts));
            for waiting in &placed.queued {
                let to: Vec<String> = waiting.to.iter().filter(|to| sees(waiting, to)).cloned().collect();
                if !to.is_empty() {
                    new.open += to.len() as u64;
                    let queued = What::Queued { to, more: 0, number: waiting.number, held };
                    new.steps.push(Step::at(tx.now(), queued));
                }
            }
            new.outcome = match quarantined {
                Some(_) => Outcome::Quarantined,
                None if new.open > 0 && held => Outcome::Held,
                None if new.open > 0 => Outcome::Waiting,
                None => Outcome::Delivered,
            };
            new.steps.extend(quarantined.map(|until| Step::at(tx.now(), What::Quarantined { until: until.millis() })));
            ::trace::keep(tx, &new)?;
        }
        Ok(())
    }
}

/// Steps that tell of mailboxes of an organisation; their accounts are noted.
fn delivered_of(now: Timestamp, placed: &Placed, whose: i64, accounts: &mut Vec<i64>) -> Vec<Step> {
    let mut steps = Vec::new();
    for junk in [false, true] {
        let of =
            placed.delivered.iter().filter(|(_, organisation, in_junk)| *organisation == whose && *in_junk == junk);
        let reached: Vec<i64> = of.map(|(account, ..)| *account).collect();
        if !reached.is_empty() {
            accounts.extend(&reached);
            steps.push(Step::at(now, What::Delivered { accounts: reached, more: 0, junk }));
        }
    }
    steps
}

impl Conversation<'_> {
    /// Notes what has just happened to the present message.
    pub(super) fn tell(&self, what: What) {
        if self.door.receiver.tracing.is_on() {
            let now = self.now();
            self.story.lock().push(Step::at(now, what));
        }
    }

    fn now(&self) -> Timestamp {
        self.door.receiver.store.context().clock.now()
    }

    /// Begins the story of a message, all of which has come.
    pub(super) fn begin_story(&mut self, raw: &[u8]) {
        if !self.door.receiver.tracing.is_on() {
            return;
        }
        self.head = Head::of(raw);
        let mut steps = self.opening();
        steps.push(Step::at(self.now(), What::Received));
        *self.story.lock() = steps;
    }

    /// What happened before the message came: connection, sign-in, envelope.
    fn opening(&self) -> Vec<Step> {
        let mut steps = vec![Step::at(
            self.began,
            What::Connected {
                client: Some(self.peer()),
                helo: self.session.hello().map(|hello| hello.name.clone()).unwrap_or_default(),
                tls: self.session.tls().map(|tls| format!("{} {}", tls.protocol, tls.cipher)).unwrap_or_default(),
                service: self.service().to_owned(),
            },
        )];
        if let Some(principal) = &self.principal {
            let method = principal.method.as_str().to_owned();
            steps.push(Step::at(self.began, What::SignedIn { account: principal.account, method }));
        }
        steps.extend(self.enveloped.map(|at| Step::at(at, What::Enveloped)));
        steps
    }

    fn service(&self) -> &'static str {
        match self.door.config.kind {
            _ if self.noting.is_some() => "jmap",
            Kind::Mx => "smtp",
            Kind::Submission => "submission",
            Kind::Submissions => "submissions",
        }
    }

    /// The traces of the message `number`, with what has happened to it until now; none if none are kept.
    pub(super) fn tracing(&self, envelope: &Envelope, number: i64, verdict: Found) -> Option<Tracing> {
        if !self.door.receiver.tracing.is_on() {
            return None;
        }
        let organisation = self.organisation();
        let whose = |taken: &Taken| organisation_of(taken).unwrap_or(organisation);
        // Who sends sees all whom he sends to; others see their own people alone.
        let is_of_first = |taken: &Taken| self.principal.is_some() || whose(taken) == organisation;
        let mut new = self.new_trace(Traced { organisation, id: number }, envelope);
        new.verdict = verdict;
        new.to = self.taken.iter().filter(|taken| is_of_first(taken)).map(|taken| taken.address.to_string()).collect();
        let message_id = new.message_id.clone();
        let mut traces = vec![new];
        let mut others = BTreeMap::new();
        for taken in self.taken.iter().filter(|taken| whose(taken) != organisation) {
            others.insert(taken.address.to_string(), whose(taken));
        }
        for other in others.values().copied().collect::<BTreeSet<i64>>() {
            let id = self.door.receiver.store.context().ids.next();
            let mut new = self.new_trace(Traced { organisation: other, id }, envelope);
            (new.direction, new.verdict) = (Direction::In, verdict);
            // From where somebody of another organisation writes, and what that thinks of it, is not theirs to know.
            if self.principal.is_some() {
                new.steps.retain(|step| matches!(step.what, What::Enveloped | What::Received));
            }
            new.message_id.clone_from(&message_id);
            new.client = new.client.filter(|_| self.principal.is_none());
            new.accounts.clear();
            new.to = others.iter().filter(|(_, whose)| **whose == other).map(|(address, _)| address.clone()).collect();
            traces.push(new);
        }
        Some(Tracing { traces, others })
    }

    fn new_trace(&self, traced: Traced, envelope: &Envelope) -> New {
        let from = envelope.from.mailbox().map(ToString::to_string).unwrap_or_default();
        let to = envelope.recipients.iter().map(|recipient| text_of(&recipient.to)).collect();
        self.trace_of(traced, (from, to), self.story.lock().clone())
    }

    fn trace_of(&self, traced: Traced, (from, to): (String, Vec<String>), steps: Vec<Step>) -> New {
        let Head { subject, message_id, bytes } = self.head.clone();
        let message_id = match &self.principal {
            // What is handed in without one gets ours.
            Some(_) if message_id.is_empty() && bytes > 0 => {
                format!("{:x}@{}", traced.id, self.door.receiver.hostname)
            }
            _ => message_id,
        };
        New {
            traced,
            at: self.now(),
            direction: if self.principal.is_some() { Direction::Out } else { Direction::In },
            outcome: Outcome::Delivered,
            verdict: Found::None,
            open: 0,
            size: bytes,
            client: Some(self.peer()),
            from,
            to,
            subject,
            message_id,
            accounts: self.principal.iter().map(|principal| principal.account).collect(),
            steps,
            is_impersonal: false,
        }
    }

    /// Tells of the refusal of a message, if it is one, after what has happened to it.
    pub(super) fn tell_refused(&self, envelope: &Envelope, number: i64, verdict: &Verdict) {
        if !self.is_told(verdict) {
            return;
        }
        let organisation = self.organisation();
        let mut new = self.new_trace(Traced { organisation, id: number }, envelope);
        if self.principal.is_none() {
            // Recipients of others are not this organisation's to know.
            let ours = self.taken.iter().filter(|taken| organisation_of(taken) == Some(organisation));
            new.to = ours.map(|taken| taken.address.to_string()).collect();
        }
        new.is_impersonal = self.passes_on().is_some();
        self.refuse_traced(new, Stage::Message, verdict);
    }

    fn is_told(&self, verdict: &Verdict) -> bool {
        self.door.receiver.tracing.is_on() && !matches!(verdict, Verdict::Accept { .. })
    }

    /// Tells of the refusal of a sender or a recipient, if it is one.
    pub(super) async fn tell_refused_at(&mut self, stage: Stage, to: Option<String>, verdict: &Verdict) {
        if !self.is_told(verdict) {
            return;
        }
        let is_abroad = match to.as_deref() {
            Some(to) => self.passes_on().is_some() || self.is_abroad(to).await,
            None => false,
        };
        let from = self.sender.as_ref().map(ToString::to_string).unwrap_or_default();
        let id = self.door.receiver.store.context().ids.next();
        let organisation = self.principal.as_ref().map_or(0, |principal| principal.organisation);
        self.head = Head::default();
        let mut new = self.trace_of(Traced { organisation, id }, (from, to.into_iter().collect()), self.opening());
        new.is_impersonal = is_abroad && self.principal.is_none();
        self.refuse_traced(new, stage, verdict);
    }

    /// Whether an address has its home in another region.
    async fn is_abroad(&self, address: &str) -> bool {
        let Ok(address) = mail::Address::parse(address) else { return false };
        let found = self.door.receiver.directory.resolve(&address.canonical()).await;
        matches!(found, Ok(Resolution::Abroad(_)))
    }

    fn refuse_traced(&self, new: New, stage: Stage, verdict: &Verdict) {
        let receiver = &self.door.receiver;
        let (Verdict::Reject(reply) | Verdict::Close(reply)) = verdict else { return };
        // Of what has its home in another region nothing that names anybody rests here, as the words of an answer may.
        let reply = &if new.is_impersonal { Reply { text: "".into(), ..reply.clone() } } else { reply.clone() };
        let source = match &self.principal {
            Some(principal) => Source::Account(principal.account),
            None => Source::Client(self.peer()),
        };
        receiver.refuse_traced(new, source, (stage, reply));
    }

    /// Tells that a message was passed on to another region, or not.
    pub(super) async fn tell_passed_on(&self, envelope: &Envelope, number: i64, what: (&str, Said)) {
        let receiver = &self.door.receiver;
        if !receiver.tracing.is_on() {
            return;
        }
        let (region, reply) = (what.0.to_owned(), what.1);
        self.tell(What::PassedOn { region, reply });
        let organisation = self.first_organisation().unwrap_or(0);
        let mut new = self.new_trace(Traced { organisation, id: number }, envelope);
        (new.outcome, new.is_impersonal) = (Outcome::PassedOn, true);
        if let Err(error) = receiver.store.write(move |tx| ::trace::keep(tx, &new)).await {
            tracing::error!(%error, "the trace of a message that was passed on cannot be kept");
        }
    }
}

/// The address of a recipient.
pub(super) fn text_of(to: &ForwardPath) -> String {
    match to {
        ForwardPath::Postmaster => "postmaster".to_owned(),
        ForwardPath::Mailbox(mailbox) => mailbox.to_string(),
    }
}

/// Whose a recipient here is.
const fn organisation_of(taken: &Taken) -> Option<i64> {
    match taken.home {
        Home::Here { organisation, .. }
        | Home::Group { organisation, .. }
        | Home::Abroad { organisation, .. }
        | Home::Returning { organisation } => Some(organisation),
        Home::Elsewhere => None,
    }
}

impl Door {
    /// Tells that a client was turned away before it was greeted.
    pub(super) fn tell_turned_away(&self, client: std::net::IpAddr, line: &[u8]) {
        let receiver = &self.receiver;
        if !receiver.tracing.is_on() {
            return;
        }
        let text = String::from_utf8_lossy(line);
        let (code, rest) = text.trim_end().split_once(' ').unwrap_or_default();
        let reply = Reply::plain(code.parse().unwrap_or(0), rest.to_owned());
        let now = receiver.store.context().clock.now();
        let connected = What::Connected {
            client: Some(client),
            helo: String::new(),
            tls: String::new(),
            service: "smtp".to_owned(),
        };
        let new = New {
            traced: Traced { organisation: 0, id: receiver.store.context().ids.next() },
            at: now,
            direction: Direction::In,
            outcome: Outcome::Refused,
            verdict: Found::None,
            open: 0,
            size: 0,
            client: Some(client),
            from: String::new(),
            to: Vec::new(),
            subject: String::new(),
            message_id: String::new(),
            accounts: Vec::new(),
            steps: vec![Step::at(now, connected)],
            is_impersonal: false,
        };
        receiver.refuse_traced(new, Source::Client(client), (Stage::Connection, &reply));
    }
}

impl Receiver {
    fn refuse_traced(&self, mut new: New, source: Source, (stage, reply): (Stage, &Reply)) {
        let context = self.store.context();
        let now = context.clock.now();
        new.outcome = if reply.code / 100 == 4 { Outcome::PutOff } else { Outcome::Refused };
        let stage = stage.as_str().to_owned();
        new.steps.push(Step::at(now, What::Refused { stage, reply: said(reply), times: 1 }));
        self.refusals.tell(Refusal { source, new }, now, &context.ids);
    }

    /// Writes down from time to time what was refused, and puts what is found by into its index, until `stop`; then what is left.
    pub async fn tend_traces(self: std::sync::Arc<Self>, stop: CancellationToken) {
        loop {
            let is_last = tokio::select! {
                () = stop.cancelled() => true,
                () = tokio::time::sleep(WRITE_EVERY) => false,
            };
            self.write_refusals(is_last).await;
            if is_last {
                return;
            }
            self.index_traces().await;
        }
    }

    async fn write_refusals(&self, is_last: bool) {
        let context = self.store.context();
        let now = context.clock.now();
        let refused =
            if is_last { self.refusals.take_all(now, &context.ids) } else { self.refusals.take(now, &context.ids) };
        if refused.is_empty() {
            return;
        }
        let per_day_max = self.tracing.refused_per_day_max;
        let work = move |tx: &mut Tx<'_>| {
            let refused: Vec<New> =
                refused.iter().map(|new| placed(tx, new.clone())).collect::<Result<_, IdentityError>>()?;
            Ok::<_, IdentityError>(::trace::keep_refused(tx, &refused, per_day_max)?)
        };
        if let Err(error) = self.store.write(work).await {
            tracing::error!(%error, "traces of what was refused cannot be written");
        }
    }

    async fn index_traces(&self) {
        for _ in 0..INDEX_ROUNDS_MAX {
            match self.store.write_freeing(::trace::index).await {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) => {
                    tracing::error!(%error, "traces cannot be put into their index");
                    return;
                }
            }
        }
    }
}

/// The trace of a refusal under the organisation that its recipient is of, with the account that it is for.
fn placed(tx: &mut Tx<'_>, mut new: New) -> Result<New, IdentityError> {
    let Some(to) = new.to.first().and_then(|to| mail::Address::parse(to).ok()) else { return Ok(new) };
    if new.traced.organisation == 0
        && let Some(domain) = identity::find_domain(tx, &to.domain_ascii())?
    {
        new.traced.organisation = domain.organisation;
    }
    if new.direction == Direction::In && !new.is_impersonal {
        let account = identity::find_by_address(tx, &to.canonical())?;
        new.accounts.extend(account.filter(|_| new.to.len() == 1));
    }
    Ok(new)
}

/// What sender authentication found.
pub(super) fn authenticated(facts: &Facts, treatment: &str) -> What {
    What::Authenticated {
        spf: facts.spf.result.word().to_owned(),
        dkim: facts.dkim.iter().take(FINDINGS_MAX).map(|it| format!("{} {}", it.domain, it.result.word())).collect(),
        dmarc: facts.dmarc.result.word().to_owned(),
        arc: facts.arc.result.word().to_owned(),
        treatment: treatment.to_owned(),
    }
}

/// What the filter said.
pub(super) fn judged(action: Action, verdict: &Opinion) -> What {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 1000")]
    let unwanted = (verdict.probability_unwanted.clamp(0.0, 1.0) * 1_000.0).round() as u16;
    What::Judged {
        action: action.word().to_owned(),
        unwanted,
        findings: verdict.findings.iter().take(FINDINGS_MAX).map(|finding| finding.id.clone()).collect(),
    }
}

/// The filter's word for lists.
pub(super) const fn found(action: Action) -> Found {
    match action {
        Action::Deliver => Found::Deliver,
        Action::Warn => Found::Warn,
        Action::Junk => Found::Junk,
        Action::Quarantine => Found::Quarantine,
        Action::Hold => Found::Hold,
        Action::Refuse => Found::Refuse,
    }
}

/// A reply of ours as traces have it.
fn said(reply: &Reply) -> Said {
    Said {
        host: String::new(),
        code: reply.code,
        status: reply.enhanced.map(|enhanced| enhanced.to_string()).unwrap_or_default(),
        text: reply.text.replace('\n', " "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_has_the_subject_as_people_read_it() {
        let raw = b"Subject: =?utf-8?B?5oql5Lu3?=\r\n of May\r\nMessage-ID: <1@a.test>\r\n\r\nSubject: no\r\n";
        let head = Head::of(raw);
        assert_eq!((head.message_id.as_str(), head.bytes), ("1@a.test", raw.len() as u64));
        assert!(head.subject.starts_with("\u{62a5}\u{4ef7}"), "{}", head.subject);
        assert_eq!(Head::of(b"\r\nno header").subject, "");
    }
}
