//! A complete message: made ready, staged, committed, and only then accepted.

use std::collections::BTreeMap;
use std::sync::Arc;

use env::Timestamp;
use identity::{GroupAddress, Principal};
use judgement::Kept;
use judgement::outbound::Sent;
use judgement::quarantine::{self, NewQuarantined};
use mail::message::{ExtentLimits, sole_author};
use mail::trace::{self, Encryption, Hop, Protocol};
use mail::{Address, header};
use mailbox::{Delivery, MailboxError, Prepared};
use outbound::Consent;
use outbound::waiting::Handed;
use queue::{NewMessage, NewRecipient};
use store::{StagedBlob, Tx};
use wire::smtp::server::Verdict;
use wire::smtp::{Envelope, Ret};

use super::authenticate::{Vouched, without_claims};
use super::conversation::Conversation;
use super::demands::{self, Demand};
use super::judge::{Judged, Quarantining};
use super::recipients::{Home, new_recipient};
use super::refused::{AcceptError, refuse};
use super::reported::{Reading, Report};
use super::submission::{self, Authors};
use crate::filed;
use crate::group::{self, Reached, Spread};

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
    /// The sender would rather have it travel in clear than not at all.
    tls_optional: bool,
}

/// Everything that the transaction needs; it can run again with the same.
struct Plan {
    prepared: Prepared,
    blob: StagedBlob,
    /// Header fields before the message in a mailbox here.
    local_trace: String,
    /// Accounts here, each once, in order.
    local: Vec<LocalRecipient>,
    /// Groups whose members get it in the same transaction.
    groups: Vec<Arc<GroupAddress>>,
    /// What goes through the queue: mail for elsewhere, and for here where the sender wants to hear of the delivery.
    queued: Vec<NewRecipient>,
    /// The same for those whose own reports decide otherwise whether it is junk.
    queued_otherwise: Vec<NewRecipient>,
    envelope: queue::Envelope,
    organisation: i64,
    received: Timestamp,
    due: Timestamp,
    expires: Timestamp,
    /// What others report: of our domains, of connections to us, of mail.
    report: Option<Report>,
    /// What was found of it.
    kept: Option<Kept>,
    /// It waits in quarantine instead of going to anybody.
    quarantined: Option<Quarantining>,
    /// Accounts whose own reports decide for their own copies: into Junk, or not.
    personal: BTreeMap<i64, bool>,
    /// What was found of what one of our people sends.
    sent: Option<Sent>,
    /// What rules for outbound mail say of it.
    handed: Option<Handed>,
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

struct LocalRecipient {
    account: i64,
    recipient: NewRecipient,
}

impl Conversation<'_> {
    /// Takes the message, or says why not. Accepting it means that it is on disk and in the mailboxes or the queue.
    pub(super) async fn accept(&mut self, envelope: Envelope, body: Vec<u8>) -> Verdict {
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
        let number = self.door.receiver.store.context().ids.next();
        let id = format!("{number:x}");
        if let Err(verdict) = self.check_crossings(&body, number).await {
            return verdict;
        }
        let vouched = match self.vouch(&envelope, body, (number, &id)).await {
            Ok(vouched) if self.passes_on().is_some() => return self.pass_on(&envelope, vouched, (number, &id)).await,
            Ok(vouched) if vouched.junk && self.is_returning() => {
                let text = "The notification is not authenticated, and is not passed on";
                return Verdict::reject(550, (5, 7, 1), text);
            }
            Ok(vouched) => match self.open_and_judge(&envelope, vouched, number).await {
                Ok(vouched) => vouched,
                Err(verdict) => return verdict,
            },
            Err(verdict) => return verdict,
        };
        let bytes = vouched.body.len();
        match self.store(&envelope, vouched, &id).await {
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
    async fn store(&self, envelope: &Envelope, vouched: Vouched, id: &str) -> Result<Vec<i64>, AcceptError> {
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
        let reading = self.reading(origin.as_ref(), &body).await;
        let (mut prepared, eight_bit, report) =
            prepare(Arc::clone(store.context()), body, reading, self.terms(handed.as_ref()).await?).await?;
        let blob = store.stage(prepared.take_record()).await?;
        let ready =
            Ready { prepared, blob, eight_bit, trace, junk, origin, report, judged, sent, handed, tls_optional };
        let plan = self.plan(envelope, ready);
        let noting = self.noting.clone();
        let work = move |tx: &mut Tx<'_>| {
            let queued = commit(tx, &plan)?;
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

    fn plan(&self, envelope: &Envelope, ready: Ready) -> Plan {
        let Ready { prepared, blob, eight_bit, trace, junk, origin, report, judged, sent, handed, tls_optional } =
            ready;
        let receiver = &self.door.receiver;
        let received = receiver.store.context().clock.now();
        let reverse_path = envelope.from.mailbox().map(ToString::to_string).unwrap_or_default();
        let sender = Address::parse(&reverse_path).ok();
        let local_trace = trace::return_path(sender.as_ref()) + &trace;
        let due = submission::due(envelope, received, receiver.hold_max());
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
            None => self.divide(envelope, waits, junk, &personal),
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
        }
    }

    async fn terms(&self, handed: Option<&Handed>) -> Result<Terms, AcceptError> {
        let settings = self.door.receiver.settings.now();
        let limits = ExtentLimits { depth_max: settings.mime_depth_max, parts_max: settings.mime_parts_max };
        let of_rules = handed.map(|handed| handed.looked.outcome.demands()).unwrap_or_default();
        Ok(Terms { limits, demands: self.demands(&of_rules).await? })
    }

    /// Who gets the message in this transaction, and who through the queue: it passes on and sorts by rules, which is not done with junk.
    fn divide(&self, envelope: &Envelope, later: bool, junk: bool, personal: &BTreeMap<i64, bool>) -> Divided {
        let Divided { mut local, mut groups, mut queued, mut queued_otherwise } = Divided::default();
        let in_junk = |account: i64| junk || personal.get(&account).copied().unwrap_or(false);
        for (taken, asked) in self.taken.iter().zip(&envelope.recipients) {
            let recipient = new_recipient(taken, &asked.params);
            let is_direct = !later && !recipient.notify.success;
            match taken.home {
                Home::Here { account, forwards, encrypts: false, .. }
                    if is_direct && (!forwards || in_junk(account)) =>
                {
                    if !local.iter().any(|known| known.account == account) {
                        local.push(LocalRecipient { account, recipient });
                    }
                }
                Home::Group { .. } if is_direct => {
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
    fn organisation(&self) -> i64 {
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

/// The transaction of a received message; gives what waits in the queue.
fn commit(tx: &mut Tx<'_>, plan: &Plan) -> Result<Vec<i64>, AcceptError> {
    if let Some(report) = &plan.report {
        report.keep::<AcceptError>(tx)?;
    }
    if let Some(sent) = &plan.sent {
        judgement::outbound::keep(tx, sent)?;
    }
    if let Some(kept) = &plan.kept {
        judgement::keep(tx, kept)?;
        if let Some(quarantined) = &plan.quarantined {
            quarantine(tx, plan, kept, quarantined)?;
            return Ok(Vec::new());
        }
    }
    let mut spread = Spread::find(tx, &plan.groups, &reached(plan), plan.envelope.junk)?;
    // Each mailbox holds one reference, and each message in the queue.
    let expected = plan.local.len() + spread.members.len() + spread.parcels_to_send();
    let expected = i64::try_from(expected).unwrap_or(i64::MAX).saturating_add(waiting_refs(plan));
    plan.blob.attach(tx, expected)?;
    let mut waiting = plan.queued.clone();
    let (mut refs, mut refused) = (0, None);
    for (account, way) in in_order(plan, &spread) {
        let group = match way {
            Way::Group(place) => spread.parcels.get(place).map(|parcel| Arc::clone(&parcel.group)),
            Way::Direct(_) => None,
        };
        refs += 1;
        match (deliver(tx, plan, account, group.as_deref()), way) {
            (Ok(()), _) => {}
            // One full or vanished mailbox must not refuse the message for the others: the queue tries again, then tells the sender.
            (Err(error @ (MailboxError::OverQuota { .. } | MailboxError::NoSuchMailbox)), Way::Direct(place)) => {
                refs -= 1;
                waiting.extend(plan.local.get(place).map(|local| local.recipient.clone()));
                refused = Some(error);
            }
            (Err(MailboxError::OverQuota { .. } | MailboxError::NoSuchMailbox), Way::Group(place)) => {
                refs -= 1;
                spread.try_again(tx, account, place)?;
            }
            (Err(error), _) => return Err(error.into()),
        }
    }
    match refused {
        // Nobody has it: the sending server is told at once.
        Some(error) if refs + waiting_refs(plan) == 0 && spread.parcels_to_send() == 0 => return Err(error.into()),
        _ => {}
    }
    let mut queued = Vec::new();
    for parcel in spread.to_send() {
        queued.push(enqueue(tx, plan, parcel.envelope(&plan.envelope), &parcel.recipients)?);
        refs += 1;
    }
    if !waiting.is_empty() {
        queued.push(enqueue(tx, plan, plan.envelope.clone(), &waiting)?);
        refs += 1;
    }
    if !plan.queued_otherwise.is_empty() {
        let envelope = queue::Envelope { junk: !plan.envelope.junk, ..plan.envelope.clone() };
        queued.push(enqueue(tx, plan, envelope, &plan.queued_otherwise)?);
        refs += 1;
    }
    if refs == 0 {
        return Err(AcceptError::Nobody);
    }
    if refs != expected {
        store::blobs::add_refs(tx, plan.blob.id(), refs - expected)?;
    }
    Ok(queued)
}

/// Whether it waits until somebody has looked, or has allowed it.
fn is_held(sent: Option<&Sent>, handed: Option<&Handed>) -> bool {
    sent.is_some_and(Sent::is_stopped) || handed.is_some_and(Handed::waits)
}

/// References of what waits in the queue from the start.
fn waiting_refs(plan: &Plan) -> i64 {
    i64::from(!plan.queued.is_empty()) + i64::from(!plan.queued_otherwise.is_empty())
}

/// The message waits in quarantine, which holds the one reference to its blob.
fn quarantine(tx: &mut Tx<'_>, plan: &Plan, kept: &Kept, quarantined: &Quarantining) -> Result<(), AcceptError> {
    plan.blob.attach(tx, 1)?;
    let new = NewQuarantined {
        kept,
        blob: plan.blob.id(),
        key: plan.prepared.key(),
        size: plan.prepared.size() + plan.envelope.trace.len() as u64,
        envelope: plan.envelope.clone(),
        shown: quarantined.shown.clone(),
        expires: quarantined.expires,
    };
    Ok(quarantine::keep(tx, &new, &quarantined.places)?)
}

/// How an account gets the message.
#[derive(Clone, Copy)]
enum Way {
    /// As the recipient at this place.
    Direct(usize),
    /// As a member of the group at this place.
    Group(usize),
}

/// Every account that gets the message, in the order of their identifiers, so that two transactions never wait for each other.
fn in_order(plan: &Plan, spread: &Spread) -> Vec<(i64, Way)> {
    let direct = plan.local.iter().enumerate().map(|(place, local)| (local.account, Way::Direct(place)));
    let members = spread.members.iter().map(|(account, place)| (*account, Way::Group(*place)));
    let mut all: Vec<(i64, Way)> = direct.chain(members).collect();
    all.sort_unstable_by_key(|(account, _)| *account);
    all
}

/// Who gets the message without any group.
fn reached(plan: &Plan) -> Reached {
    let mut reached =
        Reached { accounts: plan.local.iter().map(|local| local.account).collect(), ..Reached::default() };
    plan.queued.iter().chain(&plan.queued_otherwise).for_each(|recipient| reached.note(&recipient.address));
    reached
}

fn enqueue(
    tx: &mut Tx<'_>,
    plan: &Plan,
    envelope: queue::Envelope,
    recipients: &[NewRecipient],
) -> Result<i64, AcceptError> {
    let message = NewMessage {
        organisation: plan.organisation,
        blob: plan.blob.id(),
        key: plan.prepared.key(),
        size: plan.prepared.size() + envelope.trace.len() as u64,
        envelope,
        created: plan.received,
        expires: plan.expires,
        due: plan.due,
        held: is_held(plan.sent.as_ref(), plan.handed.as_ref()),
    };
    Ok(queue::enqueue(tx, &message, recipients)?)
}

fn deliver(tx: &mut Tx<'_>, plan: &Plan, account: i64, group: Option<&GroupAddress>) -> Result<(), MailboxError> {
    let through_group = group.map(|group| group::local_trace(group, &plan.envelope));
    let delivery = Delivery {
        target: filed::target(plan.personal.get(&account).copied().unwrap_or(plan.envelope.junk)),
        prepared: &plan.prepared,
        blob: plan.blob.id(),
        trace: through_group.as_ref().unwrap_or(&plan.local_trace).as_bytes(),
        flags: filed::flags(tx, account, &plan.envelope)?,
        received: plan.received,
        dedupe: None,
    };
    let delivered = mailbox::deliver(tx, account, &delivery)?;
    filed::note(tx, account, &plan.envelope, &delivered)
}
