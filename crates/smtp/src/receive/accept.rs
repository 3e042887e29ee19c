//! A complete message: made ready, staged, committed, and only then accepted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ::trace::Found;
use env::Timestamp;
use identity::{GroupAddress, Principal};
use judgement::Kept;
use judgement::outbound::Sent;
use mail::message::{ExtentLimits, sole_author};
use mail::trace::{self, Encryption, Hop, Protocol};
use mail::{Address, header};
use mailbox::Prepared;
use outbound::Consent;
use outbound::waiting::Handed;
use queue::NewRecipient;
use retention::journal::Journaling;
use store::{StagedBlob, Tx};
use wire::smtp::server::Verdict;
use wire::smtp::{Envelope, Ret};

use super::authenticate::{Vouched, without_claims};
use super::commit::{commit, is_held};
use super::conversation::Conversation;
use super::demands::{self, Demand};
use super::judge::{Judged, Quarantining};
use super::recipients::{Home, new_recipient};
use super::refused::{AcceptError, refuse};
use super::reported::{Reading, Report};
use super::submission::{self, Authors};
use super::traced::{self, Tracing};
use crate::group;

/// A message shorter than this is compressed and encrypted where it arrives; a longer one on a thread that may block.
pub(super) const INLINE_BYTES_MAX: usize = 128 << 10;

/// What a message must be like to be taken.
struct Terms {
    limits: ExtentLimits,
    demands: Vec<Demand>,
}

/// A message that waits for its transaction.
struct Ready {
    prepared: Prepared,
    blob: StagedBlob,
    eight_bit: EightBit,
    /// Header fields of ours.
    trace: String,
    junk: bool,
    origin: Option<queue::Origin>,
    report: Option<Report>,
    judged: Option<Judged>,
    sent: Option<Sent>,
    handed: Option<Handed>,
    /// Groups about whose members elsewhere rules for outbound mail are asked.
    asked: BTreeSet<i64>,
    /// The sender would rather have it travel in clear than not at all.
    tls_optional: bool,
}

/// Everything that the transaction needs; it can run again with the same.
pub(super) struct Plan {
    pub(super) prepared: Prepared,
    pub(super) blob: StagedBlob,
    /// Header fields before the message in a mailbox here.
    pub(super) local_trace: String,
    /// Accounts here, each once, in order.
    pub(super) local: Vec<LocalRecipient>,
    /// Groups whose members get it in the same transaction.
    pub(super) groups: Vec<Arc<GroupAddress>>,
    /// What goes through the queue: mail for elsewhere, and for here where the sender wants to hear of the delivery.
    pub(super) queued: Vec<NewRecipient>,
    /// The same for those whose own reports decide otherwise whether it is junk.
    pub(super) queued_otherwise: Vec<NewRecipient>,
    pub(super) envelope: queue::Envelope,
    pub(super) organisation: i64,
    pub(super) received: Timestamp,
    pub(super) due: Timestamp,
    pub(super) expires: Timestamp,
    /// What others report: of our domains, of connections to us, of mail.
    pub(super) report: Option<Report>,
    /// What was found of it.
    pub(super) kept: Option<Kept>,
    /// It waits in quarantine instead of going to anybody.
    pub(super) quarantined: Option<Quarantining>,
    /// Accounts whose own reports decide for their own copies: into Junk, or not.
    pub(super) personal: BTreeMap<i64, bool>,
    /// What was found of what one of our people sends.
    pub(super) sent: Option<Sent>,
    /// What rules for outbound mail say of it.
    pub(super) handed: Option<Handed>,
    /// What has happened to it.
    pub(super) tracing: Option<Tracing>,
    /// What rules of journals are asked about it.
    pub(super) journaling: Option<Journaling>,
}

/// Where a message has octets above 127.
#[derive(Debug, Clone, Copy)]
struct EightBit {
    anywhere: bool,
    in_header: bool,
}

impl EightBit {
    fn of(message: &[u8]) -> Self {
        let anywhere = !message.is_ascii();
        Self { anywhere, in_header: anywhere && !header::split_header_body(message).0.is_ascii() }
    }
}

/// Who gets a message how.
#[derive(Default)]
struct Divided {
    local: Vec<LocalRecipient>,
    groups: Vec<Arc<GroupAddress>>,
    queued: Vec<NewRecipient>,
    queued_otherwise: Vec<NewRecipient>,
}

pub(super) struct LocalRecipient {
    pub(super) account: i64,
    pub(super) organisation: i64,
    pub(super) recipient: NewRecipient,
}

impl Conversation<'_> {
    /// Takes the message, or says why not. Accepting it means that it is on disk and in the mailboxes or the queue.
    pub(super) async fn accept(&mut self, envelope: Envelope, body: Vec<u8>) -> Verdict {
        let number = self.door.receiver.store.context().ids.next();
        self.begin_story(&body);
        let verdict = self.take_in(&envelope, body, number).await;
        self.tell_refused(&envelope, number, &verdict);
        verdict
    }

    async fn take_in(&mut self, envelope: &Envelope, body: Vec<u8>, number: i64) -> Verdict {
        if trace::count_received(&body) > self.door.receiver.settings.now().hops_max {
            return Verdict::reject(
                554,
                (5, 4, 6),
                "The message has been through too many servers: it goes round in circles",
            );
        }
        if let Some(group) = group::been_through(&body, self.taken.iter().filter_map(|taken| taken.group.as_ref())) {
            let text = format!("The message has been through {} before: it goes round in circles", group.address);
            return Verdict::reject(554, (5, 4, 6), text);
        }
        let header_bytes_max = self.door.receiver.settings.now().header_bytes_max;
        if header::split_header_body(&body).0.len() > header_bytes_max {
            let text = format!("The header of the message is longer than {header_bytes_max} bytes");
            return Verdict::reject(552, (5, 3, 4), text);
        }
        let id = format!("{number:x}");
        if let Err(verdict) = self.check_crossings(&body, number).await {
            return verdict;
        }
        let vouched = match self.vouch(envelope, body, (number, &id)).await {
            Ok(vouched) if self.passes_on().is_some() => return self.pass_on(envelope, vouched, (number, &id)).await,
            Ok(vouched) if vouched.junk && self.is_returning() => {
                let text = "The notification is not authenticated, and is not passed on";
                return Verdict::reject(550, (5, 7, 1), text);
            }
            Ok(vouched) => match self.open_and_judge(envelope, vouched, number).await {
                Ok(vouched) => vouched,
                Err(verdict) => return verdict,
            },
            Err(verdict) => return verdict,
        };
        let bytes = vouched.body.len();
        match self.store(envelope, vouched, (number, &id)).await {
            Ok(queued) => {
                self.queued = queued;
                self.door.receiver.figures.bytes_accepted.add(bytes as u64);
                tracing::debug!(%id, bytes, recipients = envelope.recipients.len(), "message accepted");
                Verdict::accept(format!("Accepted as {id}"))
            }
            Err(error) => refuse(&error, &id),
        }
    }

    /// Who vouches for the message: the account that has signed in, or what can be found out of a stranger.
    async fn vouch(&self, envelope: &Envelope, body: Vec<u8>, (number, id): (i64, &str)) -> Result<Vouched, Verdict> {
        let Some(principal) = &self.principal else { return self.authenticate_message(envelope, body, id).await };
        let (consent, body) = Consent::take(body);
        let label = consent.label_field();
        let mut body = self.as_submitted(principal, body, id).await?;
        if let Some(label) = label {
            body = header::rewrite(label.as_bytes(), &body, &[]);
        }
        let (body, mut handed) = self.look_outbound(principal, envelope, body, (consent, number)).await?;
        let inspected = handed.as_mut().and_then(|handed| handed.looked.reports.take());
        let (body, sent) = self.judge_outgoing(envelope, body, (number, inspected)).await?;
        Ok(Vouched::submitted(body, sent, handed))
    }

    /// A submitted message is completed; its authors must be addresses of the sender, or their owners have permitted it.
    async fn as_submitted(&self, principal: &Principal, body: Vec<u8>, id: &str) -> Result<Vec<u8>, Verdict> {
        let body = without_claims(body, &self.door.receiver.hostname);
        let (account, authors, sender) = (principal.account, submission::authors(&body)?, submission::sender(&body)?);
        let store = &self.door.receiver.store;
        let named = sender.clone();
        let found =
            store.read(move |tx| submission::check_authors(tx, account, authors, named)).await.map_err(|error| {
                tracing::error!(%error, "cannot look up who may send as whom");
                Verdict::reject(451, (4, 3, 0), "The directory does not answer, try again later")
            })?;
        let add_sender = match found {
            Authors::Allowed { on_behalf } => on_behalf && sender.is_none(),
            Authors::Foreign { field, address } => {
                let text = format!("The {field} field names {address}, which is not one of your addresses");
                return Err(Verdict::reject(550, (5, 7, 1), text));
            }
        };
        let message_id = format!("{id}@{}", self.door.receiver.hostname);
        let sender = add_sender.then_some(principal.address.as_str());
        let body = submission::complete(body, store.context().clock.now(), &message_id, sender);
        let key = self.key_along(account, &body).await?;
        Ok(if key.is_empty() { body } else { header::rewrite(key.as_bytes(), &body, &[]) })
    }

    /// The field with the author's published key, if the message goes to others and has none.
    async fn key_along(&self, account: i64, body: &[u8]) -> Result<String, Verdict> {
        let receiver = &self.door.receiver;
        let is_outward = self.taken.iter().any(|taken| taken.home == Home::Elsewhere);
        let Some(prefer) = receiver.writes_keys().filter(|_| is_outward && header::find(body, "Autocrypt").is_none())
        else {
            return Ok(String::new());
        };
        let Some(author) = sole_author(body).and_then(|author| Address::parse(&author).ok()) else {
            return Ok(String::new());
        };
        let author = author.canonical();
        let find = move |tx: &mut Tx<'_>| keybook::autocrypt_field(tx, account, &author, prefer);
        let found = receiver.store.read(find).await.map_err(|error| {
            tracing::error!(%error, "cannot look up the author's published key");
            Verdict::reject(451, (4, 3, 0), "The directory does not answer, try again later")
        })?;
        Ok(found.unwrap_or_default())
    }

    /// Gives what waits in the queue.
    async fn store(
        &self,
        envelope: &Envelope,
        vouched: Vouched,
        (number, id): (i64, &str),
    ) -> Result<Vec<i64>, AcceptError> {
        let store = &self.door.receiver.store;
        let Vouched { body, results, junk, origin, judged, sent, handed, original, .. } = vouched;
        let body = match original {
            Some(original) => smime::enclose(&body, &original, &*store.context().entropy),
            None => body,
        };
        let now = store.context().clock.now();
        let mut trace = results;
        trace.push_str(judged.as_ref().map_or("", |judged| &judged.fields));
        trace.push_str(&self.received_field(envelope, id, now));
        if self.principal.is_some() {
            // The signature covers the message as it is from here on: nothing on the way out changes it.
            let receiver = &self.door.receiver;
            let leaves = submission::due(envelope, now, receiver.hold_max());
            trace.push_str(&receiver.signer.sign(&body, leaves).await?);
        }
        let tls_optional = self.principal.is_some() && submission::needs_no_tls(&body);
        let journaling = self.journaling(envelope, number, &body).await?;
        let reading = self.reading(origin.as_ref(), &body).await;
        let (mut prepared, eight_bit, report) =
            prepare(Arc::clone(store.context()), body, reading, self.terms(handed.as_ref()).await?).await?;
        let blob = store.stage(prepared.take_record()).await?;
        let asked = self.groups_asked(junk).await?;
        let ready =
            Ready { prepared, blob, eight_bit, trace, junk, origin, report, judged, sent, handed, asked, tls_optional };
        let plan = Plan { journaling, ..self.plan(envelope, ready, number) };
        let noting = self.noting.clone();
        let work = move |tx: &mut Tx<'_>| {
            let placed = commit(tx, &plan)?;
            if let Some(tracing) = &plan.tracing {
                let held = is_held(plan.sent.as_ref(), plan.handed.as_ref());
                tracing.keep(tx, &placed, (held, plan.quarantined.as_ref().map(|it| it.expires)))?;
            }
            let queued = placed.numbers();
            if let Some(handed) = &plan.handed {
                outbound::waiting::keep(tx, handed, &queued, plan.sent.as_ref().is_some_and(Sent::is_stopped))?;
            }
            if let Some(noting) = &noting {
                noting(tx, &queued)?;
            }
            Ok(queued)
        };
        store.write(work).await
    }

    fn plan(&self, envelope: &Envelope, ready: Ready, number: i64) -> Plan {
        let Ready { prepared, blob, eight_bit, trace, junk, origin, report, judged, sent, handed, asked, tls_optional } =
            ready;
        let receiver = &self.door.receiver;
        let received = receiver.store.context().clock.now();
        let reverse_path = envelope.from.mailbox().map(ToString::to_string).unwrap_or_default();
        let sender = Address::parse(&reverse_path).ok();
        let local_trace = trace::return_path(sender.as_ref()) + &trace;
        let due = submission::due(envelope, received, receiver.hold_max());
        let verdict = judged.as_ref().map_or(Found::None, |judged| traced::found(judged.action));
        let tracing = self.tracing(envelope, number, verdict);
        let (kept, keywords, shown, personal) = judged.map_or_else(Default::default, |judged| {
            (Some(judged.kept), judged.keywords, judged.quarantined, judged.personal)
        });
        // What is stopped waits in the queue, for those here, too.
        let waits = due > received || is_held(sent.as_ref(), handed.as_ref());
        let quarantined = shown.map(|shown| Quarantining {
            shown,
            places: self.places(envelope),
            expires: received.plus(receiver.judging.quarantine_time()),
        });
        let Divided { local, groups, queued, queued_otherwise } = match &quarantined {
            Some(_) => Divided::default(),
            None => self.divide(envelope, waits, (junk, &personal), &asked),
        };
        let params = &envelope.params;
        // RFC 6531 section 3.4: asked for where it is needed, as a server that does not know it can take the rest.
        let mut waiting = queued.iter().chain(&queued_otherwise);
        let is_plain = reverse_path.is_ascii() && waiting.all(|recipient| recipient.address.is_ascii());
        let smtputf8 = params.smtputf8 && !(is_plain && trace.is_ascii() && !eight_bit.in_header);
        let queue_envelope = queue::Envelope {
            reverse_path,
            ret: params.ret.map(|ret| match ret {
                Ret::Full => queue::Return::Full,
                Ret::Headers => queue::Return::Headers,
            }),
            envid: params.envid.clone(),
            smtputf8,
            requiretls: params.require_tls,
            tls_optional,
            // What the body is, not what BODY= says of it: seven bits may go to every server (RFC 6152 section 3).
            body_8bit: eight_bit.anywhere,
            submitter: self.principal.as_ref().map(|principal| principal.account),
            origin,
            stays: false,
            calls_to_portal: false,
            demands: handed.as_ref().map(|handed| handed.looked.outcome.demands()).unwrap_or_default(),
            junk,
            traced: tracing.as_ref().map(Tracing::traced).unwrap_or_default(),
            judged: kept.as_ref().map(Kept::number),
            keywords,
            trace,
        };
        let expires = due.plus(receiver.expire_after());
        let organisation = self.organisation();
        Plan {
            prepared,
            blob,
            local_trace,
            local,
            groups,
            queued,
            queued_otherwise,
            envelope: queue_envelope,
            organisation,
            received,
            due,
            expires,
            report,
            kept,
            quarantined,
            personal,
            sent,
            handed,
            tracing,
            journaling: None,
        }
    }

    async fn terms(&self, handed: Option<&Handed>) -> Result<Terms, AcceptError> {
        let settings = self.door.receiver.settings.now();
        let limits = ExtentLimits { depth_max: settings.mime_depth_max, parts_max: settings.mime_parts_max };
        let of_rules = handed.map(|handed| handed.looked.outcome.demands()).unwrap_or_default();
        Ok(Terms { limits, demands: self.demands(&of_rules).await? })
    }

    /// Who gets the message in this transaction, and who through the queue: it passes on and sorts by rules, which is not done with junk, and asks
    /// rules for outbound mail about members of groups.
    fn divide(
        &self,
        envelope: &Envelope,
        later: bool,
        (junk, personal): (bool, &BTreeMap<i64, bool>),
        asked_groups: &BTreeSet<i64>,
    ) -> Divided {
        let Divided { mut local, mut groups, mut queued, mut queued_otherwise } = Divided::default();
        let in_junk = |account: i64| junk || personal.get(&account).copied().unwrap_or(false);
        for (taken, asked) in self.taken.iter().zip(&envelope.recipients) {
            let recipient = new_recipient(taken, &asked.params);
            let is_direct = !later && !recipient.notify.success;
            match taken.home {
                Home::Here { account, organisation, forwards, encrypts: false, .. }
                    if is_direct && (!forwards || in_junk(account)) =>
                {
                    if !local.iter().any(|known| known.account == account) {
                        local.push(LocalRecipient { account, organisation, recipient });
                    }
                }
                Home::Group { .. }
                    if is_direct && !taken.group.as_ref().is_some_and(|it| asked_groups.contains(&it.group)) =>
                {
                    groups.extend(taken.group.iter().filter(|it| !groups.contains(it)).cloned().collect::<Vec<_>>());
                }
                Home::Here { account, encrypts: true, .. } if in_junk(account) != junk => {
                    queued_otherwise.push(recipient)
                }
                _ => queued.push(recipient),
            }
        }
        // In the order of their identifiers, so that two transactions never wait for each other.
        local.sort_unstable_by_key(|it| it.account);
        Divided { local, groups, queued, queued_otherwise }
    }

    /// Whose key seals what waits in the queue: the submitter's organisation, or the first recipient's.
    pub(super) fn organisation(&self) -> i64 {
        let submitter = self.principal.as_ref().map(|principal| principal.organisation);
        submitter.or(self.first_organisation()).unwrap_or(0)
    }

    pub(super) fn received_field(&self, envelope: &Envelope, id: &str, at: Timestamp) -> String {
        let hello = self.session.hello();
        let tls = self.session.tls();
        let only = match self.taken.as_slice() {
            [only] => Some(&only.address),
            _ => None,
        };
        trace::received(&Hop {
            helo: hello.map_or("unknown", |hello| hello.name.as_str()),
            peer: self.peer(),
            peer_name: None,
            by: &self.door.receiver.hostname,
            protocol: Protocol {
                extended: hello.is_some_and(|hello| hello.extended),
                utf8: envelope.params.smtputf8,
                encrypted: tls.is_some(),
                authenticated: self.principal.is_some(),
            },
            tls: tls.map(|tls| Encryption { version: &tls.protocol, cipher: &tls.cipher, key_exchange: None }),
            id,
            recipient: only,
            at,
        })
    }
}

/// Makes the message ready. `reading` is there if a report may be in it.
async fn prepare(
    context: Arc<store::Context>,
    body: Vec<u8>,
    reading: Option<Reading<'_>>,
    terms: Terms,
) -> Result<(Prepared, EightBit, Option<Report>), AcceptError> {
    let is_quick = body.len() <= INLINE_BYTES_MAX && reading.is_none();
    let (asked, _turn) = reading.map(|Reading { asked, turn }| (asked, turn)).unzip();
    let work = move || {
        let report = asked.and_then(|asked| asked.read(&body, &context));
        let eight_bit = EightBit::of(&body);
        if let Some((domain, why)) = demands::refused(&terms.demands, &body) {
            return Err(AcceptError::Unprotected { domain, why });
        }
        let prepared = Prepared::consuming(body, &context);
        prepared.extent().within(terms.limits)?;
        Ok((prepared, eight_bit, report))
    };
    if is_quick {
        return work();
    }
    tokio::task::spawn_blocking(work).await.map_err(|_| AcceptError::Panicked)?
}
