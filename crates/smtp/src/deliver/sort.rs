//! What people's own rules say of a message for them: scripts, and automatic replies. `docs/mail-rules.md` tells it.
//!
//! Everything that takes time is done before the transaction: the script is run, the letters that may follow are made ready. In the
//! transaction they are posted once, however often it runs again.

use std::sync::Arc;
use std::time::Duration;

use identity::{Language, Recipient, Resolution};
use letters::{Letter, Ready as ReadyLetter, Texts, Words};
use mail::Address;
use mailbox::{Delivery, Flags, MailboxError, SpecialUse, UidRange, keywords, mailboxes};
use outbound::waiting::{self, Handed};
use outbound::{By, Refusal};
use queue::{Lease, LeasedRecipient};
use scripts::{Decision, Desk, Incoming, Memory, Place, Replying, Target};
use store::{StoreError, Tx};

use super::Deliverer;
use super::forward::{PlanError, is_ours};
use super::here::{PlaceError, Placing};
use super::ruled::{Ruled, Stopped};
use crate::filed;

/// How often the owner is told of trouble with a script.
const TELL_EVERY: Duration = Duration::from_secs(86_400);

/// Octets of the reason that a refusal tells the sender.
const REASON_BYTES_MAX: usize = 400;

/// What the account's own rules say, made ready for the transaction.
pub(super) struct Sorted {
    pub(super) decision: Decision,
    /// It is refused by its reader; but its sender cannot be told, as it may be another: then it is junk.
    is_junk: bool,
    /// The automatic reply, what it is remembered by and for how long.
    reply: Option<Reply>,
    /// A letter to the owner of a script that failed.
    told: Option<ReadyLetter>,
    /// What rules for outbound mail say of the reply.
    replying: Vec<Handed>,
    /// A reply that they do not let go.
    stopped: Stopped,
}

/// An automatic reply, what it is remembered by and for how long.
type Reply = (ReadyLetter, String, Duration);

/// What names the letters about trouble.
const TROUBLE: &str = "trouble";

impl Deliverer {
    /// What the account's own rules say of the message; none if there are none, or they are not asked.
    pub(super) async fn sort(
        &self,
        lease: &Lease,
        recipient: &LeasedRecipient,
        found: &Recipient,
        raw: &Arc<[u8]>,
    ) -> Result<Option<Sorted>, PlanError> {
        // No rule saves junk from Junk, or hides letters of the system from their reader.
        if !found.sorts || lease.envelope.junk || lease.envelope.stays {
            return Ok(None);
        }
        let account = found.account;
        let Some(desk) = self.store.read(move |tx| Desk::load(tx, account)).await? else { return Ok(None) };
        let mut decision = self.decide(lease, recipient, desk, raw).await?;
        self.keep_inside(&mut decision).await?;
        let is_junk = self.settle_refusal(lease, &mut decision);
        let told = self.tell(lease, account, &decision).await?;
        let mut sorted =
            Sorted { decision, is_junk, reply: None, told, replying: Vec::new(), stopped: Stopped::default() };
        self.reply(lease, recipient, account, raw, &mut sorted).await?;
        Ok(Some(sorted))
    }

    async fn decide(
        &self,
        lease: &Lease,
        recipient: &LeasedRecipient,
        desk: Desk,
        raw: &Arc<[u8]>,
    ) -> Result<Decision, PlanError> {
        let (raw, envelope, address) = (Arc::clone(raw), lease.envelope.clone(), recipient.address.clone());
        let working = tokio::task::spawn_blocking(move || {
            desk.decide(Incoming {
                raw: &raw,
                trace: envelope.trace.as_bytes(),
                sender: &envelope.reverse_path,
                recipient: &address,
            })
        });
        Ok(working.await.map_err(|_| StoreError::Abandoned("sorting a message panicked"))?)
    }

    /// Takes out addresses to which mail must not be sent on; then it stays here.
    async fn keep_inside(&self, decision: &mut Decision) -> Result<(), PlanError> {
        let mut permitted = Vec::new();
        for target in std::mem::take(&mut decision.redirects) {
            if self.directory.resolve(&target).await? == Resolution::NotOurs && !self.outside.permits(&target) {
                decision.trouble = Some(scripts::ScriptsError::Outside(target).to_string());
                if decision.places.is_empty() {
                    decision.places.push(Place::inbox());
                }
            } else {
                permitted.push(target);
            }
        }
        decision.redirects = permitted;
        Ok(())
    }

    /// A refusal is a notification: it goes to who has proved to be the sender (RFC 5429 section 2.1). Whether the message is put into
    /// Junk instead.
    fn settle_refusal(&self, lease: &Lease, decision: &mut Decision) -> bool {
        if decision.reject.is_none() {
            return false;
        }
        let is_proven = is_ours(lease) || lease.envelope.origin.as_ref().is_some_and(|origin| origin.author.is_some());
        if is_proven && !lease.envelope.reverse_path.is_empty() {
            return false;
        }
        decision.reject = None;
        decision.places = vec![Place::inbox()];
        true
    }

    /// The automatic reply, if the sender gets one now and rules for outbound mail let it go.
    async fn reply(
        &self,
        lease: &Lease,
        recipient: &LeasedRecipient,
        account: i64,
        raw: &Arc<[u8]>,
        sorted: &mut Sorted,
    ) -> Result<(), PlanError> {
        let Some(reply) = &sorted.decision.reply else { return Ok(()) };
        let envelope = &lease.envelope;
        let Ok(sender) = Address::parse(&envelope.reverse_path) else { return Ok(()) };
        if envelope.keywords.iter().any(|keyword| keyword == filed::WARNING) {
            return Ok(());
        }
        let name = format!("{} {}", sender.canonical(), reply.handle);
        let asked = name.clone();
        let asking = move |tx: &mut Tx<'_>| {
            let is_done = scripts::is_claimed(tx, account, Memory::Replied, &asked)?;
            Ok::<_, PlanError>((is_done, identity::load_account(tx, account)?))
        };
        let (is_done, owner) = self.store.read(asking).await?;
        let replying = Replying {
            sender: &envelope.reverse_path,
            own: &owner.addresses,
            name: &owner.name,
            recipient: &recipient.address,
        };
        if is_done || !scripts::may_reply(envelope.trace.as_bytes(), raw, reply, replying) {
            return Ok(());
        }
        let span = Duration::from_secs(reply.seconds);
        let now = self.store.context().clock.now();
        let letter = scripts::compose(raw, reply, replying, now, &self.mailer.message_id());
        let utf8 = !sender.is_ascii_capable() || !mail::header::split_header_body(&letter).0.is_ascii();
        let to = vec![envelope.reverse_path.clone()];
        if !self.may_go(lease, (owner.organisation, account), (&to, &letter), sorted).await? {
            return Ok(());
        }
        match self.mailer.ready(Letter { utf8, ..Letter::new(owner.organisation, to, letter) }).await {
            Ok(ready) => sorted.reply = Some((ready, name, span)),
            Err(error) => tracing::error!(message = lease.message, %error, "an automatic reply cannot be written"),
        }
        Ok(())
    }

    /// Whether rules for outbound mail let an automatic reply go. It waits for nobody, and nothing protects it.
    async fn may_go(
        &self,
        lease: &Lease,
        (organisation, account): (i64, i64),
        (to, letter): (&[String], &[u8]),
        sorted: &mut Sorted,
    ) -> Result<bool, PlanError> {
        let raw: Arc<[u8]> = letter.into();
        let Some(ruled) = self.ruled(organisation, By::Account(account), to.to_vec(), &raw).await? else {
            return Ok(true);
        };
        let Ruled { goes, mut stays, .. } = ruled.without_waiting();
        let (bare, goes): (Vec<Handed>, Vec<Handed>) =
            goes.into_iter().partition(|handed| !handed.looked.outcome.demands().is_empty());
        stays.extend(bare.into_iter().map(|handed| (handed, Refusal::Unprotected)));
        let may_go = stays.is_empty();
        sorted.replying = goes;
        sorted.stopped = self.kept_back(lease, stays).await?;
        Ok(may_go)
    }

    /// A letter to the owner about what is wrong with the script, once a day.
    async fn tell(&self, lease: &Lease, account: i64, decision: &Decision) -> Result<Option<ReadyLetter>, PlanError> {
        let Some(trouble) = &decision.trouble else { return Ok(None) };
        tracing::info!(message = lease.message, account, "a person's script failed; the message is kept");
        let is_told = move |tx: &mut Tx<'_>| scripts::is_claimed(tx, account, Memory::Told, TROUBLE);
        if self.store.read(is_told).await? {
            return Ok(None);
        }
        let words = |language: Language| {
            let texts = Texts::of(language);
            let say = |key: &str| texts.say(key, &[("trouble", trouble)]);
            Words { from_name: say("notice-from"), subject: say("script-subject"), text: say("script-failed") }
        };
        match self.mailer.notice(account, words).await {
            Ok(ready) => Ok(Some(ready)),
            Err(error) => {
                tracing::error!(message = lease.message, %error, "the owner of a script cannot be told that it failed");
                Ok(None)
            }
        }
    }
}

impl Sorted {
    /// What the sender is told of a refusal, on one line.
    pub(super) fn refusal(&self) -> Option<String> {
        let reason = self.decision.reject.as_ref()?;
        let mut line = reason.split_whitespace().collect::<Vec<&str>>().join(" ");
        line.truncate(line.floor_char_boundary(REASON_BYTES_MAX));
        Some(if line.is_empty() { "the recipient refuses the message".to_owned() } else { line })
    }

    /// Where the message goes; `must_keep` if it was to be sent on and cannot be.
    pub(super) fn places(&self, must_keep: bool) -> Vec<Place> {
        match self.decision.places.as_slice() {
            [] if must_keep => vec![Place::inbox()],
            places => places.to_vec(),
        }
    }

    /// Posts what follows, once.
    pub(super) fn post(&self, tx: &mut Tx<'_>, account: i64) -> Result<(), PlaceError> {
        self.decision.remember(tx, account)?;
        if let Some((letter, name, span)) = &self.reply
            && scripts::claim(tx, account, Memory::Replied, name, *span)?
        {
            let queued = letter.post(tx)?;
            for handed in &self.replying {
                waiting::keep(tx, handed, &[queued], false)?;
            }
        }
        self.stopped.keep(tx)?;
        if let Some(letter) = &self.told
            && scripts::claim(tx, account, Memory::Told, TROUBLE, TELL_EVERY)?
        {
            letter.post(tx)?;
        }
        Ok(())
    }
}

/// Puts the message into its mailboxes: one message, in all of them, with all of its flags.
pub(super) fn file(tx: &mut Tx<'_>, placing: &Placing, places: &[Place]) -> Result<(), PlaceError> {
    let account = placing.account;
    let Some((first, others)) = places.split_first() else { return Ok(()) };
    let flags = flags(tx, placing, places)?;
    let is_junk = placing.sorted.as_ref().is_some_and(|sorted| sorted.is_junk);
    let target = match target(tx, account, &first.target)? {
        _ if is_junk => mailbox::Target::SpecialUse(SpecialUse::Junk),
        target => target,
    };
    let delivery = Delivery { flags, target, ..placing.delivery() };
    let delivered = match mailbox::deliver(tx, account, &delivery) {
        // It went while the message was being sorted.
        Err(MailboxError::NoSuchMailbox) if target != mailbox::Target::Inbox => {
            mailbox::deliver(tx, account, &Delivery { target: mailbox::Target::Inbox, ..delivery })?
        }
        delivered => delivered?,
    };
    filed::note(tx, account, &placing.envelope, &delivered)?;
    let mailbox::Delivered::Stored(stored) = delivered else { return Ok(()) };
    for place in others {
        let to = match target_mailbox(tx, account, &place.target)? {
            Some(to) if to != stored.mailbox => to,
            _ => continue,
        };
        match mailbox::copy(tx, account, stored.mailbox, &[UidRange { first: stored.uid, last: stored.uid }], to) {
            Ok(_) | Err(MailboxError::NoSuchMailbox) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// The flags of all places, with those that judging gives. An account without room for another keyword gets it without.
fn flags(tx: &mut Tx<'_>, placing: &Placing, places: &[Place]) -> Result<Flags, MailboxError> {
    let base = filed::flags(tx, placing.account, &placing.envelope)?;
    let mut flags = Flags { system: places.iter().fold(base.system, |bits, place| bits | place.system), ..base };
    for keyword in places.iter().flat_map(|place| &place.keywords) {
        match keywords::intern(tx, placing.account, &[keyword]) {
            Ok(bits) => flags.keywords |= bits,
            Err(MailboxError::KeywordsExhausted | MailboxError::InvalidKeyword { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(flags)
}

fn target(tx: &mut Tx<'_>, account: i64, target: &Target) -> Result<mailbox::Target, MailboxError> {
    Ok(match target {
        Target::Inbox => mailbox::Target::Inbox,
        Target::Mailbox(id) => mailbox::Target::Mailbox(*id),
        Target::New(name) => match mailboxes::create(tx, account, name, None) {
            Ok(made) => mailbox::Target::Mailbox(made.id),
            Err(MailboxError::AlreadyExists) => match mailboxes::find(tx, account, name)? {
                Some(found) => mailbox::Target::Mailbox(found.id),
                None => mailbox::Target::Inbox,
            },
            Err(MailboxError::TooManyMailboxes) => mailbox::Target::Inbox,
            Err(error) => return Err(error),
        },
    })
}

/// The mailbox of a further place.
fn target_mailbox(tx: &mut Tx<'_>, account: i64, place: &Target) -> Result<Option<i64>, MailboxError> {
    match target(tx, account, place)? {
        mailbox::Target::Mailbox(id) => Ok(Some(id)),
        _ => Ok(mailboxes::find(tx, account, &mailbox::Name::inbox())?.map(|inbox| inbox.id)),
    }
}
