//! The transaction of a received message.

use std::sync::Arc;

use identity::GroupAddress;
use judgement::Kept;
use judgement::outbound::Sent;
use judgement::quarantine::{self, NewQuarantined};
use mailbox::{Delivery, MailboxError};
use outbound::waiting::Handed;
use queue::{NewMessage, NewRecipient};
use retention::journal::ToKeep;
use store::Tx;

use super::accept::Plan;
use super::judge::Quarantining;
use super::refused::AcceptError;
use super::traced::{Placed, Waiting};
use crate::filed;
use crate::group::{self, Reached, Spread};

/// The transaction of a received message; gives where it went.
pub(super) fn commit(tx: &mut Tx<'_>, plan: &Plan) -> Result<Placed, AcceptError> {
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
            return Ok(Placed::default());
        }
    }
    let mut spread = Spread::find(tx, &plan.groups, &reached(plan), plan.envelope.junk)?;
    let journaled = journaled(tx, plan)?;
    // Each mailbox holds one reference, and each message in the queue.
    let expected = plan.local.len() + spread.members.len() + spread.parcels_to_send();
    let expected = i64::try_from(expected).unwrap_or(i64::MAX).saturating_add(waiting_refs(plan));
    plan.blob.attach(tx, expected.saturating_add(refs_of(&journaled)))?;
    keep_in_journal(tx, plan, &journaled)?;
    let mut waiting = plan.queued.clone();
    let (mut refs, mut refused, mut placed) = (0, None, Placed::default());
    for (account, way) in in_order(plan, &spread) {
        let group = match way {
            Way::Group(place) => spread.parcels.get(place).map(|parcel| Arc::clone(&parcel.group)),
            Way::Direct(_) => None,
        };
        refs += 1;
        match (deliver(tx, plan, account, group.as_deref()), way) {
            (Ok(()), way) => placed.delivered.push((account, whose(plan, way), is_junk(plan, account))),
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
    for parcel in spread.to_send() {
        let of_group = Some(parcel.group.organisation);
        placed.queued.push(enqueue(tx, plan, (parcel.envelope(&plan.envelope), of_group), &parcel.recipients)?);
    }
    if !waiting.is_empty() {
        placed.queued.push(enqueue(tx, plan, (plan.envelope.clone(), None), &waiting)?);
    }
    if !plan.queued_otherwise.is_empty() {
        let envelope = queue::Envelope { junk: !plan.envelope.junk, ..plan.envelope.clone() };
        placed.queued.push(enqueue(tx, plan, (envelope, None), &plan.queued_otherwise)?);
    }
    refs += i64::try_from(placed.queued.len()).unwrap_or(i64::MAX);
    if refs == 0 {
        return Err(AcceptError::Nobody);
    }
    if refs != expected {
        store::blobs::add_refs(tx, plan.blob.id(), refs - expected)?;
    }
    Ok(placed)
}

/// What the journals of organisations keep of the message.
fn journaled(tx: &mut Tx<'_>, plan: &Plan) -> Result<Vec<ToKeep>, AcceptError> {
    match &plan.journaling {
        Some(journaling) => Ok(journaling.plan(tx)?),
        None => Ok(Vec::new()),
    }
}

/// References that entries in journals hold, one each.
fn refs_of(journaled: &[ToKeep]) -> i64 {
    i64::try_from(journaled.len()).unwrap_or(i64::MAX)
}

fn keep_in_journal(tx: &mut Tx<'_>, plan: &Plan, journaled: &[ToKeep]) -> Result<(), AcceptError> {
    let Some(journaling) = &plan.journaling else { return Ok(()) };
    for one in journaled {
        let blob = (&plan.prepared, plan.blob.id());
        journaling.keep(tx, one, blob, plan.local_trace.as_bytes(), plan.received)?;
    }
    Ok(())
}

/// Whose the account is that the message reaches this way.
fn whose(plan: &Plan, way: Way) -> i64 {
    let found = match way {
        Way::Direct(place) => plan.local.get(place).map(|local| local.organisation),
        Way::Group(place) => plan.groups.get(place).map(|group| group.organisation),
    };
    found.unwrap_or(plan.organisation)
}

fn is_junk(plan: &Plan, account: i64) -> bool {
    plan.personal.get(&account).copied().unwrap_or(plan.envelope.junk)
}

/// Whether it waits until somebody has looked, or has allowed it.
pub(super) fn is_held(sent: Option<&Sent>, handed: Option<&Handed>) -> bool {
    sent.is_some_and(Sent::is_stopped) || handed.is_some_and(Handed::waits)
}

/// References of what waits in the queue from the start.
fn waiting_refs(plan: &Plan) -> i64 {
    i64::from(!plan.queued.is_empty()) + i64::from(!plan.queued_otherwise.is_empty())
}

/// The message waits in quarantine, which holds the one reference to its blob.
fn quarantine(tx: &mut Tx<'_>, plan: &Plan, kept: &Kept, quarantined: &Quarantining) -> Result<(), AcceptError> {
    let journaled = journaled(tx, plan)?;
    plan.blob.attach(tx, refs_of(&journaled).saturating_add(1))?;
    keep_in_journal(tx, plan, &journaled)?;
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
    (envelope, of_group): (queue::Envelope, Option<i64>),
    recipients: &[NewRecipient],
) -> Result<Waiting, AcceptError> {
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
    let number = queue::enqueue(tx, &message, recipients)?;
    let to = recipients.iter().map(|recipient| recipient.address.clone()).collect();
    Ok(Waiting { number, to, of_group })
}

fn deliver(tx: &mut Tx<'_>, plan: &Plan, account: i64, group: Option<&GroupAddress>) -> Result<(), MailboxError> {
    let through_group = group.map(|group| group::local_trace(group, &plan.envelope));
    let delivery = Delivery {
        target: filed::target(is_junk(plan, account)),
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
