//! Queued mail for groups: what was scheduled, what the sender wants to hear of, reports to those who answer for a group.

use std::collections::BTreeSet;
use std::sync::Arc;

use env::Timestamp;
use identity::{GroupAddress, IdentityError};
use mailbox::{Delivery, MailboxError};
use outbound::waiting::{self, Handed};
use outbound::{By, OutboundError};
use queue::{Lease, LeasedRecipient, NewMessage, NewRecipient, QueueError};
use store::{StoreError, Tx};
use trace::{Change, Step, What};
use wire::smtp::client::Answer;

use super::Deliverer;
use super::forward::{PlanError, is_ours};
use super::here::{PlaceError, Ready};
use super::ruled::{self, Ruled, Stopped};
use super::settle::Fate;
use crate::filed;
use crate::group::{self, Parcel, Reached, Spread};

/// Why a group's members could not get a message.
#[derive(Debug, thiserror::Error)]
enum MembersError {
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error(transparent)]
    Mailbox(#[from] MailboxError),
    #[error(transparent)]
    Queue(#[from] QueueError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    #[error(transparent)]
    Kept(#[from] PlaceError),
    #[error("nobody is in the group, and its organisation has no administrator")]
    Nobody,
    #[error("somebody elsewhere came into the group meanwhile")]
    Changed,
}

/// Everything that the transaction needs; it can run again with the same.
struct Sending {
    group: Arc<GroupAddress>,
    ready: Arc<Ready>,
    envelope: queue::Envelope,
    /// Names this delivery, so that it is not done twice.
    name: [u8; 32],
    received: Timestamp,
    expires: Timestamp,
    /// The blob has its row already.
    is_attached: bool,
    /// What rules for outbound mail say of the message to members elsewhere; none if they are not asked.
    ruled: Option<GroupRuled>,
}

/// What rules for outbound mail say of a message to members elsewhere.
struct GroupRuled {
    /// Of whom they were asked.
    asked: BTreeSet<String>,
    /// Members to whom it goes, or may in the end.
    goes: Vec<Handed>,
    /// Members to whom it does not go.
    stopped: Stopped,
}

/// A message to members elsewhere that does not go as the others do.
struct Apart<'r> {
    parcel: Parcel,
    handed: &'r Handed,
}

impl Deliverer {
    /// Gives the message to the members of a group, all in one transaction; whether the blob has its row now because of it.
    pub(super) async fn place_with_members(
        &self,
        lease: &Lease,
        recipient: &LeasedRecipient,
        group: Arc<GroupAddress>,
        ready: &Arc<Ready>,
        is_attached: bool,
    ) -> Result<(Fate, Answer, bool), Answer> {
        let (message, number) = (lease.message.to_le_bytes(), recipient.number.to_le_bytes());
        let ruled = self.rule_group(lease, &group, ready).await.map_err(|error| {
            tracing::error!(message = lease.message, %error, "the rules for outbound mail cannot be asked about a group");
            Answer::ours(451, (4, 3, 0), "the message cannot be given to the group now")
        })?;
        let sending = Sending {
            group,
            ready: Arc::clone(ready),
            envelope: lease.envelope.clone(),
            name: crypto::hash::digest(&[b"group", &message, &number]),
            received: lease.created,
            expires: lease.expires.plus(self.schedule().expire_after),
            is_attached,
            ruled,
        };
        match self.store.write(move |tx| place(tx, &sending)).await {
            Ok(attached) => {
                Ok((Fate::Delivered, Answer::ours(250, (2, 0, 0), "delivered to the members of the group"), attached))
            }
            Err(MembersError::Identity(IdentityError::NoGroup(_))) => {
                Err(Answer::ours(550, (5, 1, 1), format!("there is no group {} here", recipient.address)))
            }
            Err(error) => {
                tracing::error!(message = lease.message, %error, "a queued message cannot be given to a group");
                Err(Answer::ours(451, (4, 3, 0), "the message cannot be stored now"))
            }
        }
    }

    /// What rules say of the message to members elsewhere. What our people send was asked about when they sent it, with these members.
    async fn rule_group(
        &self,
        lease: &Lease,
        group: &Arc<GroupAddress>,
        ready: &Ready,
    ) -> Result<Option<GroupRuled>, PlanError> {
        if is_ours(lease) || lease.envelope.junk || group.is_for_owners {
            return Ok(None);
        }
        let id = group.group;
        let outside = self.store.read(move |tx| identity::groups::expand(tx, id)).await?.outside;
        if outside.is_empty() {
            return Ok(None);
        }
        let to = outside.iter().cloned().collect();
        let ruled = self.ruled(group.organisation, By::Group(Arc::clone(group)), to, &ready.raw).await?;
        let Some(Ruled { goes, waits, stays }) = ruled else { return Ok(None) };
        let stopped = self.kept_back(lease, stays).await?;
        Ok(Some(GroupRuled { asked: outside, goes: [goes, waits].concat(), stopped }))
    }
}

/// Takes out of the group's parcel who does not get the message, and gives what goes apart. If nobody here has it, those who answer for the group do.
fn rule<'r>(
    tx: &mut Tx<'_>,
    (group, ruled): (&Arc<GroupAddress>, &'r GroupRuled),
    spread: &mut Spread,
) -> Result<Vec<Apart<'r>>, MembersError> {
    let outside = identity::groups::expand(tx, group.group)?.outside;
    if !outside.is_subset(&ruled.asked) {
        return Err(MembersError::Changed);
    }
    let is_plain = |handed: &&Handed| !handed.waits() && handed.looked.outcome.demands().is_empty();
    let plain: BTreeSet<&String> = ruled.goes.iter().filter(is_plain).flat_map(|it| &it.recipients).collect();
    let mut apart = Vec::new();
    for parcel in &mut spread.parcels {
        for handed in ruled.goes.iter().filter(|handed| !is_plain(handed)) {
            let is_meant = |it: &&NewRecipient| handed.recipients.contains(&it.address);
            let recipients: Vec<NewRecipient> = parcel.recipients.iter().filter(is_meant).cloned().collect();
            if !recipients.is_empty() {
                apart.push(Apart { parcel: Parcel { group: Arc::clone(group), recipients }, handed });
            }
        }
        parcel.recipients.retain(|it| !outside.contains(&it.address) || plain.contains(&it.address));
    }
    let is_here = |it: &NewRecipient| !outside.contains(&it.address);
    let has_here = !spread.members.is_empty() || spread.parcels.iter().any(|it| it.recipients.iter().any(is_here));
    if !has_here && plain.len() < outside.len() {
        for account in identity::groups::expand_owners(tx, group.group)?.accounts {
            spread.try_again(tx, account, 0)?;
        }
    }
    Ok(apart)
}

fn place(tx: &mut Tx<'_>, sending: &Sending) -> Result<bool, MembersError> {
    if !identity::groups::note_sent(tx, &sending.name, sending.expires)? {
        return Ok(false);
    }
    let groups = [Arc::clone(&sending.group)];
    let mut spread = Spread::find(tx, &groups, &Reached::default(), sending.envelope.junk)?;
    let apart = match &sending.ruled {
        Some(ruled) => rule(tx, (&sending.group, ruled), &mut spread)?,
        None => Vec::new(),
    };
    if !sending.is_attached {
        sending.ready.blob.attach(tx, 0)?;
    }
    let (mut refs, mut reached) = (0, Vec::new());
    let trace = group::local_trace(&sending.group, &sending.envelope);
    for (account, place) in std::mem::take(&mut spread.members) {
        // Counted first, for what is delivered holds it.
        store::blobs::add_refs(tx, sending.ready.blob.id(), 1)?;
        let flags = filed::flags(tx, account, &sending.envelope)?;
        let delivery = Delivery {
            target: filed::target(sending.envelope.junk),
            prepared: &sending.ready.prepared,
            blob: sending.ready.blob.id(),
            trace: trace.as_bytes(),
            flags,
            received: sending.received,
            dedupe: None,
        };
        match mailbox::deliver(tx, account, &delivery) {
            Ok(delivered) => {
                filed::note(tx, account, &sending.envelope, &delivered)?;
                reached.push(account);
                refs += 1;
            }
            Err(MailboxError::OverQuota { .. } | MailboxError::NoSuchMailbox) => {
                store::blobs::add_refs(tx, sending.ready.blob.id(), -1)?;
                spread.try_again(tx, account, place)?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    for parcel in spread.to_send() {
        refs += 1;
        enqueue(tx, sending, parcel, None)?;
    }
    for Apart { parcel, handed } in &apart {
        refs += 1;
        let queued = enqueue(tx, sending, parcel, Some(handed))?;
        waiting::keep(tx, handed, &[queued], false)?;
    }
    keep_ruled(tx, sending, &apart)?;
    note_reached(tx, sending, reached)?;
    if refs == 0 { Err(MembersError::Nobody) } else { Ok(true) }
}

fn enqueue(tx: &mut Tx<'_>, sending: &Sending, parcel: &Parcel, handed: Option<&Handed>) -> Result<i64, MembersError> {
    store::blobs::add_refs(tx, sending.ready.blob.id(), 1)?;
    let mut envelope = parcel.envelope(&sending.envelope);
    envelope.demands.extend(handed.map(|handed| handed.looked.outcome.demands()).unwrap_or_default());
    let message = NewMessage {
        organisation: sending.group.organisation,
        blob: sending.ready.blob.id(),
        key: sending.ready.prepared.key(),
        size: sending.ready.prepared.size() + envelope.trace.len() as u64,
        envelope,
        created: sending.received,
        expires: sending.expires,
        due: tx.now(),
        held: handed.is_some_and(Handed::waits),
    };
    Ok(queue::enqueue(tx, &message, &parcel.recipients)?)
}

/// Records what rules say of the message to members elsewhere, but for what is recorded with its place in the queue.
fn keep_ruled(tx: &mut Tx<'_>, sending: &Sending, apart: &[Apart<'_>]) -> Result<(), MembersError> {
    let Some(GroupRuled { goes, stopped, .. }) = &sending.ruled else { return Ok(()) };
    for handed in goes.iter().filter(|it| !apart.iter().any(|apart| apart.handed.id == it.id) && !it.waits()) {
        waiting::keep(tx, handed, &[], false)?;
    }
    stopped.keep(tx)?;
    let whose = (&sending.envelope, sending.group.organisation);
    Ok(ruled::note(tx, whose, goes.iter().chain(stopped.handed()))?)
}

/// Writes into the trace which members have the message, if their organisation has one.
fn note_reached(tx: &mut Tx<'_>, sending: &Sending, accounts: Vec<i64>) -> Result<(), StoreError> {
    let whose = sending.group.organisation;
    let traced = sending.envelope.traced.iter().find(|traced| traced.organisation == whose);
    if let Some(traced) = traced.filter(|_| !accounts.is_empty()) {
        let delivered = What::Delivered { accounts, more: 0, junk: sending.envelope.junk };
        trace::note(tx, *traced, &[Step::at(tx.now(), delivered)], Change::NONE)?;
    }
    Ok(())
}
