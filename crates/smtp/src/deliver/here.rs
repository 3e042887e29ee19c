//! Queued mail for mailboxes here: what was scheduled, what did not fit before, what the sender wants to hear of, what is forwarded.

use std::sync::Arc;

use ::trace::{Change, Step, What};
use identity::{IdentityError, Resolution};
use keycare::{KeycareError, Received, Trouble};
use letters::Ready as ReadyLetter;
use mail::{Address, trace};
use mailbox::{Dedupe, Delivery, Flags, MailboxError, Prepared};
use outbound::OutboundError;
use outbound::waiting;
use queue::{Envelope, Lease, LeasedRecipient, QueueError};
use scripts::{Place, ScriptsError};
use store::{StagedBlob, StoreError, Tx};
use wire::smtp::client::Answer;

use super::Deliverer;
use super::attempt::all;
use super::content::Content;
use super::forward::{Onward, Plan};
use super::ruled;
use super::settle::{Fate, Verdict};
use super::sort::{self, Sorted};
use crate::filed;

/// A message made ready once more, for all its recipients.
pub(super) struct Ready {
    pub(super) prepared: Prepared,
    pub(super) blob: StagedBlob,
    /// Header fields before it in a mailbox.
    trace: String,
    /// The message itself.
    pub(super) raw: Arc<[u8]>,
}

/// The message as the account wants it stored, where that is another than it came or its owner is to hear of it.
#[derive(Default)]
struct Own {
    /// What is stored instead.
    made: Option<(Prepared, StagedBlob)>,
    /// A header field of ours that tells of it.
    field: String,
    /// Why it is not encrypted, and a letter that says so.
    trouble: Option<(Trouble, Option<ReadyLetter>)>,
    /// Whether the account wants it encrypted at all.
    is_wanted: bool,
}

/// Everything that the transaction of one recipient needs; it can run again with the same.
pub(super) struct Placing {
    ready: Arc<Ready>,
    own: Own,
    /// Header fields before it in this mailbox.
    trace: String,
    pub(super) account: i64,
    organisation: i64,
    plan: Plan,
    /// What the account's own rules say.
    pub(super) sorted: Option<Sorted>,
    /// Where the message goes here.
    places: Vec<Place>,
    pub(super) envelope: Envelope,
    name: String,
    received: env::Timestamp,
    expires: env::Timestamp,
    is_attached: bool,
}

impl Placing {
    /// The delivery into INBOX, or Junk, as far as it is the same wherever it goes.
    pub(super) fn delivery(&self) -> Delivery<'_> {
        let (prepared, blob) = match &self.own.made {
            Some((prepared, blob)) => (prepared, blob),
            None => (&self.ready.prepared, &self.ready.blob),
        };
        Delivery {
            target: filed::target(self.envelope.junk),
            prepared,
            blob: blob.id(),
            trace: self.trace.as_bytes(),
            flags: Flags::NONE,
            received: self.received,
            dedupe: None,
        }
    }

    /// How many keep the message as it came: the mailbox, and each place that it is sent on to.
    fn keepers(&self) -> usize {
        self.plan.onward.len() + usize::from(!self.places.is_empty() && self.own.made.is_none())
    }
}

/// What the transaction refuses.
#[derive(Debug, thiserror::Error)]
pub(super) enum PlaceError {
    #[error(transparent)]
    Mailbox(#[from] MailboxError),
    #[error(transparent)]
    Queue(#[from] QueueError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Scripts(#[from] ScriptsError),
    #[error(transparent)]
    Outbound(#[from] OutboundError),
}

impl Deliverer {
    pub(super) async fn deliver_here(&self, lease: &Lease) -> Vec<Verdict> {
        let ready = match self.prepare_again(lease).await {
            Ok(ready) => Arc::new(ready),
            Err(error) => {
                tracing::error!(message = lease.message, %error, "a queued message cannot be delivered here now");
                return all(lease, "", &Answer::ours(451, (4, 3, 0), "the message cannot be stored now"));
            }
        };
        let mut verdicts = Vec::with_capacity(lease.recipients.len());
        let mut is_attached = false;
        for recipient in &lease.recipients {
            let placed = match self.directory.resolve(&recipient.address).await {
                Ok(Resolution::Group(group)) => {
                    self.place_with_members(lease, recipient, group, &ready, is_attached).await
                }
                resolution => self.place(lease, recipient, resolution, &ready, is_attached).await,
            };
            let (fate, answer) = match placed {
                Ok((fate, answer, attached)) => {
                    is_attached |= attached;
                    (fate, answer)
                }
                Err(answer) if answer.code / 100 == 5 => (Fate::Failed, answer),
                Err(answer) => (Fate::Deferred, answer),
            };
            verdicts.push(Verdict { number: recipient.number, fate, host: self.hostname.clone(), answer });
        }
        verdicts
    }

    /// The message under a key of its own once more: the queue's copy goes when the queue is done with it.
    async fn prepare_again(&self, lease: &Lease) -> Result<Ready, StoreError> {
        let raw: Arc<[u8]> = Content::open(&self.store, lease).await?.whole().await?.into();
        let sender = Address::parse(&lease.envelope.reverse_path).ok();
        let trace = trace::return_path(sender.as_ref()) + &lease.envelope.trace;
        let (prepared, blob) = self.staged(Arc::clone(&raw)).await?;
        Ok(Ready { prepared, blob, trace, raw })
    }

    async fn staged(&self, raw: Arc<[u8]>) -> Result<(Prepared, StagedBlob), StoreError> {
        let context = Arc::clone(self.store.context());
        let working = tokio::task::spawn_blocking(move || {
            let mut prepared = Prepared::new(&raw, &context);
            let record = prepared.take_record();
            (prepared, record)
        });
        let (prepared, record) = working.await.map_err(|_| StoreError::Abandoned("making a message ready panicked"))?;
        let blob = self.store.stage(record).await?;
        Ok((prepared, blob))
    }

    /// The message as the account wants it stored.
    async fn own(&self, lease: &Lease, account: i64, ready: &Ready) -> Result<Own, KeycareError> {
        match keycare::receive(&self.store, account, &ready.raw).await? {
            Received::AsItCame => Ok(Own::default()),
            Received::Encrypted { message, field } => {
                let made = Some(self.staged(message.into()).await?);
                Ok(Own { made, field, trouble: None, is_wanted: true })
            }
            Received::Failed { trouble, field } => {
                let letter = match keycare::tell(&self.store, &self.mailer, account, trouble).await {
                    Ok(letter) => letter,
                    Err(error) if error.outlook() == env::Outlook::Temporary => return Err(error),
                    Err(error) => {
                        tracing::error!(message = lease.message, account, %error, "an owner cannot be told that mail is not encrypted");
                        None
                    }
                };
                Ok(Own { made: None, field, trouble: Some((trouble, letter)), is_wanted: true })
            }
        }
    }

    /// Puts the message where mail of the recipient goes, in one transaction: the mailbox, and the queue for each place that it is
    /// forwarded to.
    async fn place(
        &self,
        lease: &Lease,
        recipient: &LeasedRecipient,
        resolution: Result<Resolution, IdentityError>,
        ready: &Arc<Ready>,
        is_attached: bool,
    ) -> Result<(Fate, Answer, bool), Answer> {
        let found = match resolution {
            Ok(Resolution::Local(found)) => found,
            Ok(_) => {
                return Err(Answer::ours(550, (5, 1, 1), format!("there is no mailbox {} here", recipient.address)));
            }
            Err(error) => return Err(Answer::ours(451, (4, 3, 0), format!("the directory does not answer: {error}"))),
        };
        let trouble = |error| {
            tracing::error!(message = lease.message, %error, "where a message goes cannot be found out now");
            Answer::ours(451, (4, 3, 0), "the message cannot be forwarded or sorted now")
        };
        let sorted = self.sort(lease, recipient, &found, &ready.raw).await.map_err(trouble)?;
        if let Some(reason) = sorted.as_ref().and_then(Sorted::refusal) {
            return Err(Answer::ours(550, (5, 7, 1), reason));
        }
        let decision = sorted.as_ref().map(|sorted| &sorted.decision);
        let plan = self.plan(lease, recipient, &found, &ready.raw, decision).await.map_err(trouble)?;
        let is_to_go_on = plan.must_keep || decision.is_some_and(|decision| !decision.redirects.is_empty());
        let places = match &sorted {
            _ if !plan.keeps_copy => Vec::new(),
            Some(sorted) => sorted.places(is_to_go_on),
            None => vec![Place::inbox()],
        };
        let (fate, answer) = match plan.keeps_copy {
            true => (Fate::Delivered, Answer::ours(250, (2, 0, 0), "delivered to the mailbox")),
            false => {
                let fate = Fate::Forwarded { tells_success: plan.tells_success };
                (fate, Answer::ours(250, (2, 0, 0), "forwarded"))
            }
        };
        let own = match places.is_empty() {
            true => Own::default(),
            false => self.own(lease, found.account, ready).await.map_err(|error| {
                tracing::error!(message = lease.message, %error, "a message cannot be encrypted on receipt now");
                Answer::ours(451, (4, 3, 0), "the message cannot be encrypted for its mailbox now")
            })?,
        };
        let placing = Placing {
            ready: Arc::clone(ready),
            trace: own.field.clone() + &ready.trace,
            own,
            account: found.account,
            organisation: found.organisation,
            plan,
            sorted,
            places,
            envelope: lease.envelope.clone(),
            // A crash after this and before the lease is settled repeats the delivery; the name keeps it from being done twice.
            name: format!("queue {} {}", lease.message, recipient.number),
            received: lease.created,
            expires: lease.expires.plus(self.schedule().expire_after),
            is_attached,
        };
        let is_attached = is_attached || placing.keepers() > 0;
        match self.store.write(move |tx| commit(tx, &placing)).await {
            Ok(()) => Ok((fate, answer, is_attached)),
            Err(PlaceError::Mailbox(MailboxError::OverQuota { .. })) => {
                Err(Answer::ours(452, (4, 2, 2), "the mailbox is full"))
            }
            Err(error) => {
                tracing::error!(message = lease.message, %error, "a queued message cannot be delivered here");
                Err(Answer::ours(451, (4, 3, 0), "the message cannot be stored now"))
            }
        }
    }
}

/// The transaction: all of it, or nothing; and nothing a second time.
fn commit(tx: &mut Tx<'_>, placing: &Placing) -> Result<(), PlaceError> {
    let Placing { ready, account, plan, sorted, places, envelope, name, expires, is_attached, .. } = placing;
    let (blob, keepers) = (&ready.blob, placing.keepers());
    // One reference, which the first that keeps the message takes over.
    match keepers {
        0 => {}
        _ if *is_attached => store::blobs::add_refs(tx, blob.id(), 1)?,
        _ => blob.attach(tx, 1)?,
    }
    if !mailbox::claim_delivery(tx, *account, Dedupe { key: name.as_bytes(), expires: *expires })? {
        if keepers > 0 {
            store::blobs::add_refs(tx, blob.id(), -1)?;
        }
        return Ok(());
    }
    if keepers > 0 {
        store::blobs::add_refs(tx, blob.id(), i64::try_from(keepers).unwrap_or(i64::MAX) - 1)?;
    }
    if let Some((_, own)) = &placing.own.made {
        own.attach(tx, 1)?;
    }
    if placing.own.is_wanted {
        let trouble = placing.own.trouble.as_ref().map(|(trouble, _)| *trouble);
        if keycare::note(tx, *account, trouble)?
            && let Some((_, Some(letter))) = &placing.own.trouble
        {
            letter.post(tx)?;
        }
    }
    match sorted {
        Some(sorted) => {
            sort::file(tx, placing, places)?;
            sorted.post(tx, *account)?;
            note_sorted(tx, placing)?;
        }
        None if places.is_empty() => {}
        None => {
            let delivery = Delivery { flags: filed::flags(tx, *account, envelope)?, ..placing.delivery() };
            let delivered = mailbox::deliver(tx, *account, &delivery)?;
            filed::note(tx, *account, envelope, &delivered)?;
        }
    }
    let mut queued = Vec::with_capacity(plan.onward.len());
    for Onward { message, recipients } in &plan.onward {
        queued.push(queue::enqueue(tx, &message.of(&ready.prepared, blob.id()), recipients)?);
    }
    keep_ruled(tx, placing, &queued)
}

/// Keeps what rules for outbound mail say of what goes on, whose numbers in the queue are `queued`, and of what does not.
fn keep_ruled(tx: &mut Tx<'_>, placing: &Placing, queued: &[i64]) -> Result<(), PlaceError> {
    let Plan { ruled, stopped, .. } = &placing.plan;
    for (handed, places) in ruled {
        let numbers: Vec<i64> = places.iter().filter_map(|place| queued.get(*place)).copied().collect();
        waiting::keep(tx, handed, &numbers, false)?;
    }
    stopped.keep(tx)?;
    let all = ruled.iter().map(|(handed, _)| handed).chain(stopped.handed());
    Ok(ruled::note(tx, (&placing.envelope, placing.organisation), all)?)
}

/// Writes into the trace that the account's own rules sorted the message; the names of its folders are its owner's.
fn note_sorted(tx: &mut Tx<'_>, placing: &Placing) -> Result<(), StoreError> {
    let onward = placing.plan.onward.iter().map(|onward| onward.recipients.len() as u64).sum();
    let sorted = What::Sorted { account: placing.account, folders: placing.places.len() as u64, onward };
    for traced in placing.envelope.traced.iter().filter(|traced| traced.organisation == placing.organisation) {
        ::trace::note(tx, *traced, &[Step::at(tx.now(), sorted.clone())], Change::NONE)?;
    }
    Ok(())
}
