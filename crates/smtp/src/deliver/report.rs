//! Notifications to senders (RFC 3461 to 3464): one letter for what one attempt brought.

use std::sync::Arc;

use env::Timestamp;
use identity::Resolution;
use mail::dsn::{self, Action, RecipientStatus, Report, Returned, Status};
use mail::{Address, header};
use mailbox::{Delivery, Flags, MailboxError, Prepared, Target};
use queue::{Lease, LeasedRecipient, NewMessage, NewRecipient, QueueError};
use store::{StagedBlob, Tx};

use super::Deliverer;
use super::content::Content;
use super::settle::Verdict;

/// Longest message that is sent back whole.
const RETURNED_BYTES_MAX: u64 = 1 << 20;

/// What the sender is told of a recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Notice {
    Delivered,
    Relayed,
    Failed,
    Delayed { until: Timestamp },
}

/// A letter ready to be posted.
pub(super) struct Letter {
    prepared: Prepared,
    blob: StagedBlob,
    /// Our signature, where it leaves.
    signature: String,
    target: LetterTarget,
    organisation: i64,
    now: Timestamp,
    expires: Timestamp,
    is_8bit: bool,
    is_utf8: bool,
    /// It tells of a message that may travel only protected, so it may not travel otherwise itself (RFC 8689 section 5).
    requiretls: bool,
}

enum LetterTarget {
    Here(i64),
    Elsewhere(String),
}

type Told<'t> = (&'t LeasedRecipient, &'t Verdict, Notice);

/// Writes the letter about `told`; none if there is nothing to tell or nobody to tell it to.
pub(super) async fn prepare(deliverer: &Deliverer, lease: &Lease, told: &[Told<'_>]) -> Option<Letter> {
    if told.is_empty() {
        return None;
    }
    // RFC 5321 section 6.1: never a notification about a notification.
    let Ok(sender) = Address::parse(&lease.envelope.reverse_path) else {
        tracing::info!(message = lease.message, "mail without a sender could not be delivered, nobody is told");
        return None;
    };
    let target = match deliverer.directory.resolve(&sender.canonical()).await {
        Ok(Resolution::Local(found)) => LetterTarget::Here(found.account),
        // The queue finds a group's members.
        Ok(Resolution::NotOurs | Resolution::Group(_)) | Err(_) => LetterTarget::Elsewhere(sender.to_string()),
        Ok(Resolution::UnknownLocal) => {
            tracing::info!(message = lease.message, "the sender's mailbox is gone, nobody is told");
            return None;
        }
    };
    match write(deliverer, lease, told, &sender, target).await {
        Ok(letter) => {
            deliverer.figures.notifications.add(1);
            Some(letter)
        }
        Err(error) => {
            tracing::error!(message = lease.message, %error, "a notification cannot be written");
            None
        }
    }
}

async fn write(
    deliverer: &Deliverer,
    lease: &Lease,
    told: &[Told<'_>],
    sender: &Address,
    target: LetterTarget,
) -> Result<Letter, store::StoreError> {
    let context = Arc::clone(deliverer.store.context());
    let now = context.clock.now();
    // RFC 8689 section 5: of a message that may travel only protected, never more than the header, whatever RET says.
    let whole = lease.envelope.ret == Some(queue::Return::Full) && !lease.envelope.requiretls;
    let returned = returned(deliverer, lease, whole && told.iter().any(|(.., notice)| *notice == Notice::Failed)).await;
    let (bytes, is_whole) = returned.unwrap_or_default();
    let from_domain = from_domain(deliverer, lease, told, sender).await;
    let report = Report {
        reporting_mta: &deliverer.hostname,
        from_domain: &from_domain,
        arrival: Some(lease.created),
        original_envelope_id: lease.envelope.envid.as_deref(),
        original_sender: sender,
        recipients: told.iter().filter_map(|told| status(told, now)).collect(),
        returned: match (bytes.is_empty(), is_whole) {
            (true, _) => Returned::None,
            (false, true) => Returned::Full(&bytes),
            (false, false) => Returned::Headers(&bytes),
        },
        utf8: lease.envelope.smtputf8,
    };
    let message_id = format!("{:x}@{}", context.ids.next(), deliverer.hostname);
    let raw = dsn::build(&report, now, &message_id);
    let is_8bit = !raw.is_ascii();
    let signature = match target {
        LetterTarget::Here(_) => String::new(),
        LetterTarget::Elsewhere(_) => deliverer.signer.sign(&raw, now).await.unwrap_or_else(|error| {
            tracing::error!(message = lease.message, %error, "a notification goes unsigned");
            String::new()
        }),
    };
    let mut prepared = Prepared::new(&raw, &*context.entropy);
    let blob = deliverer.store.stage(prepared.take_record()).await?;
    Ok(Letter {
        prepared,
        blob,
        signature,
        target,
        organisation: lease.organisation,
        now,
        expires: now.plus(deliverer.schedule.expire_after),
        is_8bit,
        is_utf8: lease.envelope.smtputf8,
        requiretls: lease.envelope.requiretls,
    })
}

/// Whose postmaster writes: the hosted domain that the message has to do with, so that the notification can be signed for it.
async fn from_domain(deliverer: &Deliverer, lease: &Lease, told: &[Told<'_>], sender: &Address) -> String {
    let recipients = told.iter().filter_map(|(recipient, ..)| Address::parse(&recipient.address).ok());
    for domain in std::iter::once(sender.domain_ascii()).chain(recipients.map(|address| address.domain_ascii())) {
        if deliverer.directory.is_local_domain(&domain).await.unwrap_or(false) {
            return domain;
        }
    }
    let organisation = lease.organisation;
    let hosted = deliverer.store.read(move |tx| identity::list_domains(tx, Some(organisation))).await;
    let first = hosted.unwrap_or_default().into_iter().next();
    first.map_or_else(|| deliverer.hostname.clone(), |domain| domain.name)
}

/// The message, or its header, for sending back.
async fn returned(deliverer: &Deliverer, lease: &Lease, whole: bool) -> Option<(Vec<u8>, bool)> {
    let content = Content::open(&deliverer.store, lease).await.ok()?;
    let is_whole = whole && content.bytes() <= RETURNED_BYTES_MAX;
    let bytes = if is_whole { content.whole().await.ok()? } else { content.chunk(0).await.ok()? };
    let kept = if is_whole { bytes } else { header::split_header_body(&bytes).0.to_vec() };
    Some(([lease.envelope.trace.as_bytes(), &kept].concat(), is_whole))
}

fn status((recipient, verdict, notice): &Told<'_>, now: Timestamp) -> Option<RecipientStatus> {
    let answer = &verdict.answer;
    let class = match notice {
        Notice::Delivered | Notice::Relayed => 2,
        Notice::Failed => 5,
        Notice::Delayed { .. } => 4,
    };
    let status = match answer.enhanced {
        // What is given up after many temporary failures is given up for good.
        Some(enhanced) => Status::new(class, enhanced.subject, enhanced.detail),
        None => Status::new(class, 0, 0),
    };
    Some(RecipientStatus {
        final_recipient: Address::parse(&recipient.address).ok()?,
        original_recipient: recipient.orcpt.clone(),
        action: match notice {
            Notice::Delivered => Action::Delivered,
            Notice::Relayed => Action::Relayed,
            Notice::Failed => Action::Failed,
            Notice::Delayed { .. } => Action::Delayed,
        },
        status,
        remote_mta: Some(verdict.host.clone()).filter(|host| !host.is_empty()),
        diagnostic: Some(answer.to_string()),
        last_attempt: Some(now),
        will_retry_until: match notice {
            Notice::Delayed { until } => Some(*until),
            _ => None,
        },
    })
}

impl Letter {
    /// Puts the letter where it goes, within the transaction that settles what it tells.
    pub(super) fn post(&self, tx: &mut Tx<'_>) -> Result<(), QueueError> {
        self.blob.attach(tx, 1)?;
        match &self.target {
            LetterTarget::Here(account) => {
                let delivery = Delivery {
                    target: Target::Inbox,
                    prepared: &self.prepared,
                    blob: self.blob.id(),
                    trace: b"Return-Path: <>\r\n",
                    flags: Flags::NONE,
                    received: self.now,
                    dedupe: None,
                };
                match mailbox::deliver(tx, *account, &delivery) {
                    Ok(_) => Ok(()),
                    Err(MailboxError::Store(error)) => Err(error.into()),
                    Err(error) => {
                        tracing::warn!(%error, "a notification does not fit into the sender's mailbox");
                        store::blobs::add_refs(tx, self.blob.id(), -1)?;
                        Ok(())
                    }
                }
            }
            LetterTarget::Elsewhere(address) => {
                let message = NewMessage {
                    organisation: self.organisation,
                    blob: self.blob.id(),
                    key: self.prepared.key(),
                    envelope: queue::Envelope {
                        body_8bit: self.is_8bit,
                        smtputf8: self.is_utf8,
                        requiretls: self.requiretls,
                        trace: self.signature.clone(),
                        ..queue::Envelope::default()
                    },
                    size: self.prepared.size() + self.signature.len() as u64,
                    created: self.now,
                    expires: self.expires,
                    due: self.now,
                    held: false,
                };
                let recipient = NewRecipient { notify: queue::Notify::NEVER, ..NewRecipient::new(address.clone()) };
                queue::enqueue(tx, &message, &[recipient]).map(drop)
            }
        }
    }
}
