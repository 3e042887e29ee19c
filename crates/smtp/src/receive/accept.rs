//! A complete message: made ready, staged, committed, and only then accepted.

use std::sync::Arc;
use std::time::Duration;

use env::Timestamp;
use identity::IdentityError;
use mail::trace::{self, Encryption, Hop, Protocol};
use mail::{Address, header};
use mailbox::{Delivery, Flags, MailboxError, Prepared, SpecialUse, Target};
use queue::{NewMessage, NewRecipient, QueueError};
use signing::SigningError;
use store::{StagedBlob, StoreError, Tx};
use wire::smtp::server::Verdict;
use wire::smtp::{Envelope, Hold, RcptParams, Ret};

use super::authenticate::{Vouched, without_claims};
use super::conversation::Conversation;
use super::recipients::{Home, Taken};
use super::submission;
use crate::transport::{self, Sealed};

/// A message shorter than this is compressed and encrypted where it arrives; a longer one on a thread that may block.
pub(super) const INLINE_BYTES_MAX: usize = 128 << 10;

/// Why a message was not accepted.
#[derive(Debug, thiserror::Error)]
enum AcceptError {
    #[error(transparent)]
    Mailbox(#[from] MailboxError),
    #[error(transparent)]
    Queue(#[from] QueueError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Signing(#[from] SigningError),
    #[error("making the message ready panicked")]
    Panicked,
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
    report: Option<Sealed>,
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
    /// What goes through the queue: mail for elsewhere, and for here where the sender wants to hear of the delivery.
    queued: Vec<NewRecipient>,
    envelope: queue::Envelope,
    organisation: i64,
    received: Timestamp,
    due: Timestamp,
    expires: Timestamp,
    /// What another server reports of its connections to us.
    report: Option<Sealed>,
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

struct LocalRecipient {
    account: i64,
    recipient: NewRecipient,
}

impl Conversation<'_> {
    /// Takes the message, or says why not. Accepting it means that it is on disk and in the mailboxes or the queue.
    pub(super) async fn accept(&mut self, envelope: Envelope, body: Vec<u8>) -> Verdict {
        if trace::count_received(&body) > self.door.receiver.settings.hops_max {
            return Verdict::reject(
                554,
                (5, 4, 6),
                "The message has been through too many servers: it goes round in circles",
            );
        }
        let header_bytes_max = self.door.receiver.settings.header_bytes_max;
        if header::split_header_body(&body).0.len() > header_bytes_max {
            let text = format!("The header of the message is longer than {header_bytes_max} bytes");
            return Verdict::reject(552, (5, 3, 4), text);
        }
        let id = format!("{:x}", self.door.receiver.store.context().ids.next());
        let vouched = match self.vouch(&envelope, body, &id).await {
            Ok(vouched) if vouched.junk && self.is_returning() => {
                let text = "The notification is not authenticated, and is not passed on";
                return Verdict::reject(550, (5, 7, 1), text);
            }
            Ok(vouched) => vouched,
            Err(verdict) => return verdict,
        };
        let bytes = vouched.body.len();
        match self.store(&envelope, vouched, &id).await {
            Ok(()) => {
                self.door.receiver.figures.bytes_accepted.add(bytes as u64);
                tracing::debug!(%id, bytes, recipients = envelope.recipients.len(), "message accepted");
                Verdict::accept(format!("Accepted as {id}"))
            }
            Err(error) => refuse(&error, &id),
        }
    }

    /// Who vouches for the message: the account that has signed in, or what can be found out of a stranger.
    async fn vouch(&self, envelope: &Envelope, body: Vec<u8>, id: &str) -> Result<Vouched, Verdict> {
        match &self.principal {
            Some(principal) => self.as_submitted(principal.account, body, id).await.map(Vouched::submitted),
            None => self.authenticate_message(envelope, body, id).await,
        }
    }

    /// A submitted message is completed, and its authors must be the sender's own addresses.
    async fn as_submitted(&self, account: i64, body: Vec<u8>, id: &str) -> Result<Vec<u8>, Verdict> {
        let body = without_claims(body, &self.door.receiver.hostname);
        let authors = submission::authors(&body)?;
        let store = &self.door.receiver.store;
        let foreign = store.read(move |tx| first_foreign(tx, account, authors)).await.map_err(|error| {
            tracing::error!(%error, "cannot look up who may send as whom");
            Verdict::reject(451, (4, 3, 0), "The directory does not answer, try again later")
        })?;
        if let Some(foreign) = foreign {
            return Err(Verdict::reject(
                550,
                (5, 7, 1),
                format!("The From field names {foreign}, which is not one of your addresses"),
            ));
        }
        let message_id = format!("{id}@{}", self.door.receiver.hostname);
        Ok(submission::complete(body, store.context().clock.now(), &message_id))
    }

    async fn store(&self, envelope: &Envelope, vouched: Vouched, id: &str) -> Result<(), AcceptError> {
        let store = &self.door.receiver.store;
        let Vouched { body, results, junk, origin } = vouched;
        let now = store.context().clock.now();
        let mut trace = results + &self.received_field(envelope, id, now);
        if self.principal.is_some() {
            // The signature covers the message as it is from here on: nothing on the way out changes it.
            let receiver = &self.door.receiver;
            let leaves = due(envelope, now, receiver.hold_max);
            trace.push_str(&receiver.signer.sign(&body, leaves).await?);
        }
        let tls_optional = self.principal.is_some() && submission::needs_no_tls(&body);
        let reporter = self.may_report().then(|| origin.as_ref().and_then(|origin| origin.author.clone()));
        let (mut prepared, eight_bit, report) = prepare(Arc::clone(store.context()), body, reporter).await?;
        let blob = store.stage(prepared.take_record()).await?;
        let plan = self.plan(envelope, Ready { prepared, blob, eight_bit, trace, junk, origin, report, tls_optional });
        store.write(move |tx| commit(tx, &plan)).await
    }

    fn plan(&self, envelope: &Envelope, ready: Ready) -> Plan {
        let Ready { prepared, blob, eight_bit, trace, junk, origin, report, tls_optional } = ready;
        let receiver = &self.door.receiver;
        let received = receiver.store.context().clock.now();
        let reverse_path = envelope.from.mailbox().map(ToString::to_string).unwrap_or_default();
        let sender = Address::parse(&reverse_path).ok();
        let local_trace = trace::return_path(sender.as_ref()) + &trace;
        let due = due(envelope, received, receiver.hold_max);
        let (local, queued) = self.divide(envelope, due > received, junk);
        let params = &envelope.params;
        // RFC 6531 section 3.4: asked for where it is needed, as a server that does not know it can take the rest.
        let is_plain = reverse_path.is_ascii() && queued.iter().all(|recipient| recipient.address.is_ascii());
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
            junk,
            trace,
        };
        let expires = due.plus(receiver.expire_after);
        let organisation = self.organisation();
        Plan {
            prepared,
            blob,
            local_trace,
            local,
            queued,
            envelope: queue_envelope,
            organisation,
            received,
            due,
            expires,
            report,
        }
    }

    /// Whether a report about connections to us may be in the message: mail of others to one of ours.
    fn may_report(&self) -> bool {
        self.principal.is_none() && self.taken.iter().any(|taken| matches!(taken.home, Home::Here { .. }))
    }

    /// Who gets the message in this transaction, and who through the queue: it passes on what is forwarded, which junk is not.
    fn divide(&self, envelope: &Envelope, later: bool, junk: bool) -> (Vec<LocalRecipient>, Vec<NewRecipient>) {
        let (mut local, mut queued): (Vec<LocalRecipient>, _) = (Vec::new(), Vec::new());
        for (taken, asked) in self.taken.iter().zip(&envelope.recipients) {
            let recipient = new_recipient(taken, &asked.params);
            match taken.home {
                Home::Here { account, forwards, .. } if !later && !recipient.notify.success && (junk || !forwards) => {
                    if !local.iter().any(|known| known.account == account) {
                        local.push(LocalRecipient { account, recipient });
                    }
                }
                _ => queued.push(recipient),
            }
        }
        // In the order of their identifiers, so that two transactions never wait for each other.
        local.sort_unstable_by_key(|it| it.account);
        (local, queued)
    }

    /// Whose key seals what waits in the queue: the submitter's organisation, or the first recipient's.
    fn organisation(&self) -> i64 {
        let submitter = self.principal.as_ref().map(|principal| principal.organisation);
        submitter.or(self.first_organisation()).unwrap_or(0)
    }

    fn received_field(&self, envelope: &Envelope, id: &str, at: Timestamp) -> String {
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

/// The first of `authors` that is not an address of the account.
fn first_foreign(tx: &mut Tx<'_>, account: i64, authors: Vec<Address>) -> Result<Option<Address>, IdentityError> {
    for author in authors {
        if !identity::may_send_as(tx, account, &author)? {
            return Ok(Some(author));
        }
    }
    Ok(None)
}

fn new_recipient(taken: &Taken, params: &RcptParams) -> NewRecipient {
    let mut recipient = NewRecipient::new(taken.address.to_string());
    if let Some(notify) = params.notify {
        recipient.notify = queue::Notify { success: notify.success, failure: notify.failure, delay: notify.delay };
    }
    recipient.orcpt = params.original.as_ref().map(|it| format!("{};{}", it.address_type, it.address));
    recipient
}

/// When the message is to go (RFC 4865 section 4), at most `hold_max` from now.
fn due(envelope: &Envelope, now: Timestamp, hold_max: Duration) -> Timestamp {
    let wanted = match &envelope.params.hold {
        Some(Hold::ForSeconds(seconds)) => now.plus(Duration::from_secs(u64::from(*seconds))),
        Some(Hold::Until(moment)) => *moment,
        None => now,
    };
    wanted.clamp(now, now.plus(hold_max))
}

/// Makes the message ready. `reporter` is there if a report may be in it, and says whose that is.
async fn prepare(
    context: Arc<store::Context>,
    body: Vec<u8>,
    reporter: Option<Option<String>>,
) -> Result<(Prepared, EightBit, Option<Sealed>), AcceptError> {
    let short = body.len() <= INLINE_BYTES_MAX;
    let work = move || {
        let report = reporter
            .and_then(|author| Sealed::new(&context, transport::recognise(&body)?, author, context.clock.now()));
        let eight_bit = EightBit::of(&body);
        (Prepared::consuming(body, &*context.entropy), eight_bit, report)
    };
    if short {
        return Ok(work());
    }
    tokio::task::spawn_blocking(work).await.map_err(|_| AcceptError::Panicked)
}

/// The transaction of a received message.
fn commit(tx: &mut Tx<'_>, plan: &Plan) -> Result<(), AcceptError> {
    let refs = plan.local.len() + usize::from(!plan.queued.is_empty());
    plan.blob.attach(tx, i64::try_from(refs).unwrap_or(i64::MAX))?;
    if let Some(report) = &plan.report {
        transport::keep(tx, report)?;
    }
    let mut waiting = plan.queued.clone();
    let mut refused = None;
    for local in &plan.local {
        match deliver(tx, plan, local.account) {
            Ok(()) => {}
            // One full or vanished mailbox must not refuse the message for the others: the queue tries again, then tells the sender.
            Err(error @ (MailboxError::OverQuota { .. } | MailboxError::NoSuchMailbox)) => {
                if !waiting.is_empty() {
                    store::blobs::add_refs(tx, plan.blob.id(), -1)?;
                }
                waiting.push(local.recipient.clone());
                refused = Some(error);
            }
            Err(error) => return Err(error.into()),
        }
    }
    match refused {
        // Nobody has it: the sending server is told at once.
        Some(error) if waiting.len() == plan.local.len() && plan.queued.is_empty() => return Err(error.into()),
        _ if waiting.is_empty() => return Ok(()),
        _ => {}
    }
    let message = NewMessage {
        organisation: plan.organisation,
        blob: plan.blob.id(),
        key: plan.prepared.key(),
        envelope: plan.envelope.clone(),
        size: plan.prepared.size() + plan.envelope.trace.len() as u64,
        created: plan.received,
        expires: plan.expires,
        due: plan.due,
        held: false,
    };
    queue::enqueue(tx, &message, &waiting)?;
    Ok(())
}

fn deliver(tx: &mut Tx<'_>, plan: &Plan, account: i64) -> Result<(), MailboxError> {
    let delivery = Delivery {
        target: if plan.envelope.junk { Target::SpecialUse(SpecialUse::Junk) } else { Target::Inbox },
        prepared: &plan.prepared,
        blob: plan.blob.id(),
        trace: plan.local_trace.as_bytes(),
        flags: Flags::NONE,
        received: plan.received,
        dedupe: None,
    };
    mailbox::deliver(tx, account, &delivery).map(drop)
}

/// The reply is one thing, the logged cause another.
fn refuse(error: &AcceptError, id: &str) -> Verdict {
    let (full, over_quota) = match error {
        AcceptError::Mailbox(MailboxError::OverQuota { .. }) => (false, true),
        AcceptError::Mailbox(error) => (error.is_full(), false),
        AcceptError::Store(error) | AcceptError::Signing(SigningError::Store(error)) => (error.is_full(), false),
        AcceptError::Queue(QueueError::Store(error)) => (error.is_full(), false),
        AcceptError::Queue(_) | AcceptError::Signing(_) | AcceptError::Panicked => (false, false),
    };
    if over_quota {
        return Verdict::reject(452, (4, 2, 2), "The mailbox is full");
    }
    tracing::error!(%id, %error, "a message could not be stored");
    if full {
        // RFC 5321 section 4.2.3: 452 is for want of storage.
        return Verdict::reject(452, (4, 3, 1), "No room for the message now, try again later");
    }
    Verdict::reject(451, (4, 3, 0), "The message could not be stored, try again later")
}
