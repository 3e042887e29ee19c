//! Queued mail for mailboxes here: what was scheduled, what did not fit before, what the sender wants to hear of.

use std::sync::Arc;

use identity::{IdentityError, Resolution};
use mail::{Address, trace};
use mailbox::{Dedupe, Delivery, Flags, MailboxError, Prepared, SpecialUse, Target};
use queue::{Lease, LeasedRecipient};
use store::StagedBlob;
use wire::smtp::client::Answer;

use super::Deliverer;
use super::attempt::all;
use super::content::Content;
use super::settle::{Fate, Verdict};

impl Deliverer {
    pub(super) async fn deliver_here(&self, lease: &Lease) -> Vec<Verdict> {
        let (prepared, blob) = match self.prepare_again(lease).await {
            Ok(ready) => ready,
            Err(error) => {
                tracing::error!(message = lease.message, %error, "a queued message cannot be delivered here now");
                return all(lease, "", &Answer::ours(451, (4, 3, 0), "the message cannot be stored now"));
            }
        };
        let sender = Address::parse(&lease.envelope.reverse_path).ok();
        let trace: Arc<str> = (trace::return_path(sender.as_ref()) + &lease.envelope.trace).into();
        let (prepared, blob) = (Arc::new(prepared), Arc::new(blob));
        let mut verdicts = Vec::with_capacity(lease.recipients.len());
        let mut is_attached = false;
        for recipient in &lease.recipients {
            let answer = match self.directory.resolve(&recipient.address).await {
                Ok(Resolution::Group(group)) => {
                    let (answer, attached) =
                        self.place_with_members(lease, recipient, group, &prepared, &blob, is_attached).await;
                    is_attached |= attached;
                    answer
                }
                resolution => {
                    let answer =
                        self.place(lease, recipient, resolution, (&prepared, &blob, &trace), is_attached).await;
                    is_attached |= answer.is_positive();
                    answer
                }
            };
            let fate = match answer.code / 100 {
                2 => Fate::Delivered,
                5 => Fate::Failed,
                _ => Fate::Deferred,
            };
            verdicts.push(Verdict { number: recipient.number, fate, host: self.hostname.clone(), answer });
        }
        verdicts
    }

    /// The message under a key of its own once more: the queue's copy goes when the queue is done with it.
    async fn prepare_again(&self, lease: &Lease) -> Result<(Prepared, StagedBlob), store::StoreError> {
        let raw = Content::open(&self.store, lease).await?.whole().await?;
        let context = Arc::clone(self.store.context());
        let working = tokio::task::spawn_blocking(move || {
            let mut prepared = Prepared::consuming(raw, &*context.entropy);
            let record = prepared.take_record();
            (prepared, record)
        });
        let (prepared, record) =
            working.await.map_err(|_| store::StoreError::Abandoned("making a message ready panicked"))?;
        let blob = self.store.stage(record).await?;
        Ok((prepared, blob))
    }

    async fn place(
        &self,
        lease: &Lease,
        recipient: &LeasedRecipient,
        resolution: Result<Resolution, IdentityError>,
        (prepared, blob, trace): (&Arc<Prepared>, &Arc<StagedBlob>, &Arc<str>),
        is_attached: bool,
    ) -> Answer {
        let account = match resolution {
            Ok(Resolution::Local(found)) => found.account,
            Ok(_) => return Answer::ours(550, (5, 1, 1), format!("there is no mailbox {} here", recipient.address)),
            Err(error) => return Answer::ours(451, (4, 3, 0), format!("the directory does not answer: {error}")),
        };
        let (prepared, blob, trace) = (Arc::clone(prepared), Arc::clone(blob), Arc::clone(trace));
        // A crash after this and before the lease is settled repeats the delivery; the name keeps it from being done twice.
        let name = format!("queue {} {}", lease.message, recipient.number);
        let target = if lease.envelope.junk { Target::SpecialUse(SpecialUse::Junk) } else { Target::Inbox };
        let (received, expires) = (lease.created, lease.expires.plus(self.schedule.expire_after));
        let stored = self
            .store
            .write(move |tx| {
                if is_attached {
                    store::blobs::add_refs(tx, blob.id(), 1)?;
                } else {
                    blob.attach(tx, 1)?;
                }
                let delivery = Delivery {
                    target,
                    prepared: &prepared,
                    blob: blob.id(),
                    trace: trace.as_bytes(),
                    flags: Flags::NONE,
                    received,
                    dedupe: Some(Dedupe { key: name.as_bytes(), expires }),
                };
                mailbox::deliver(tx, account, &delivery)
            })
            .await;
        match stored {
            Ok(_) => Answer::ours(250, (2, 0, 0), "delivered to the mailbox"),
            Err(MailboxError::OverQuota { .. }) => Answer::ours(452, (4, 2, 2), "the mailbox is full"),
            Err(error) => {
                tracing::error!(message = lease.message, %error, "a queued message cannot be delivered here");
                Answer::ours(451, (4, 3, 0), "the message cannot be stored now")
            }
        }
    }
}
