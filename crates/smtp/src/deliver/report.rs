//! Notifications to senders (RFC 3461 to 3464): one letter for what one attempt brought.

use env::Timestamp;
use identity::Resolution;
use letters::{LetterError, Protection, Ready};
use mail::dsn::{Action, RecipientStatus, Report, Returned, Status};
use mail::{Address, header};
use queue::{Lease, LeasedRecipient};

use super::Deliverer;
use super::content::Content;
use super::settle::{Fate, Verdict};
use crate::rewriting::{self, Restored};

/// Longest message that is sent back whole.
const RETURNED_BYTES_MAX: u64 = 1 << 20;

/// What the sender is told of a recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Notice {
    Delivered,
    Relayed,
    /// Forwarded to several in place of the recipient (RFC 3461 section 5.2.7).
    Expanded,
    Failed,
    Delayed {
        until: Timestamp,
    },
}

type Told<'t> = (&'t LeasedRecipient, &'t Verdict, Notice);

/// Writes the letter about `told`; none if there is nothing to tell or nobody to tell it to.
pub(super) async fn prepare(deliverer: &Deliverer, lease: &Lease, told: &[Told<'_>]) -> Option<Ready> {
    if told.is_empty() {
        return None;
    }
    let Some(sender) = sender(deliverer, lease).await else {
        tracing::info!(message = lease.message, "mail without a sender could not be delivered, nobody is told");
        return None;
    };
    if matches!(deliverer.directory.resolve(&sender.canonical()).await, Ok(Resolution::UnknownLocal)) {
        tracing::info!(message = lease.message, "the sender's mailbox is gone, nobody is told");
        return None;
    }
    match write(deliverer, lease, told, &sender).await {
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

/// Who is to be told: of mail that was forwarded, its sender. RFC 5321 section 6.1: never a notification about a notification.
async fn sender(deliverer: &Deliverer, lease: &Lease) -> Option<Address> {
    let reverse_path = &lease.envelope.reverse_path;
    match rewriting::restore(&deliverer.store, reverse_path).await {
        Ok(None) => Address::parse(reverse_path).ok(),
        Ok(Some(Restored::To { sender, .. })) => Some(sender),
        Ok(Some(Restored::Refused(why))) => {
            tracing::warn!(message = lease.message, %why, "the sender of a forwarded message is not known again");
            None
        }
        Err(error) => {
            tracing::error!(message = lease.message, %error, "the sender of a forwarded message cannot be looked up");
            None
        }
    }
}

async fn write(
    deliverer: &Deliverer,
    lease: &Lease,
    told: &[Told<'_>],
    sender: &Address,
) -> Result<Ready, LetterError> {
    let now = deliverer.store.context().clock.now();
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
    // RFC 8689 section 5: a notification of a message that may travel only protected may not travel otherwise itself.
    let protection = if lease.envelope.requiretls { Protection::Required } else { Protection::Usual };
    deliverer.mailer.notification(&report, lease.organisation, protection, deliverer.schedule().expire_after).await
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
        Notice::Delivered | Notice::Relayed | Notice::Expanded => 2,
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
            Notice::Expanded => Action::Expanded,
            Notice::Failed => Action::Failed,
            Notice::Delayed { .. } => Action::Delayed,
        },
        status,
        reason: match verdict.fate {
            Fate::Barred(reason) | Fate::Held(reason) => Some(*reason),
            _ => None,
        },
        remote_mta: Some(verdict.host.clone()).filter(|host| !host.is_empty()),
        diagnostic: Some(answer.to_string()),
        last_attempt: Some(now),
        will_retry_until: match notice {
            Notice::Delayed { until } => Some(*until),
            _ => None,
        },
    })
}
