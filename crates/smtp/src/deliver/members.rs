//! Queued mail for groups: what was scheduled, what the sender wants to hear of, reports to those who answer for a group.

use std::sync::Arc;

use env::Timestamp;
use identity::{GroupAddress, IdentityError};
use mailbox::{Delivery, MailboxError};
use queue::{Lease, LeasedRecipient, NewMessage, QueueError};
use store::{StoreError, Tx};
use trace::{Change, Step, What};
use wire::smtp::client::Answer;

use super::Deliverer;
use super::here::Ready;
use super::settle::Fate;
use crate::filed;
use crate::group::{self, Reached, Spread};

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
    #[error("nobody is in the group, and its organisation has no administrator")]
    Nobody,
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
        let sending = Sending {
            group,
            ready: Arc::clone(ready),
            envelope: lease.envelope.clone(),
            name: crypto::hash::digest(&[b"group", &message, &number]),
            received: lease.created,
            expires: lease.expires.plus(self.schedule().expire_after),
            is_attached,
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
}

fn place(tx: &mut Tx<'_>, sending: &Sending) -> Result<bool, MembersError> {
    if !identity::groups::note_sent(tx, &sending.name, sending.expires)? {
        return Ok(false);
    }
    let groups = [Arc::clone(&sending.group)];
    let mut spread = Spread::find(tx, &groups, &Reached::default(), sending.envelope.junk)?;
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
        store::blobs::add_refs(tx, sending.ready.blob.id(), 1)?;
        refs += 1;
        let envelope = parcel.envelope(&sending.envelope);
        let message = NewMessage {
            organisation: sending.group.organisation,
            blob: sending.ready.blob.id(),
            key: sending.ready.prepared.key(),
            size: sending.ready.prepared.size() + envelope.trace.len() as u64,
            envelope,
            created: sending.received,
            expires: sending.expires,
            due: tx.now(),
            held: false,
        };
        queue::enqueue(tx, &message, &parcel.recipients)?;
    }
    note_reached(tx, sending, reached)?;
    if refs == 0 { Err(MembersError::Nobody) } else { Ok(true) }
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
