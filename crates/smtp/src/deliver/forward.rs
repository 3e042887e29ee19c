//! Forwarding: where a message for an account here goes on to, and in what form. `docs/forwarding.md` tells it.
//!
//! The message itself stays as it is, so that its signatures hold. Before it goes `Delivered-To`, by which a circle is noticed, and our
//! seal (RFC 8617) over what was found when it came in. Whatever cannot be passed on stays in the mailbox: nothing is lost here.

use std::sync::Arc;

use env::Timestamp;
use identity::forward::Forward;
use identity::{IdentityError, Recipient, Resolution};
use mail::{Address, header};
use mailauth::ArcResult;
use mailbox::Prepared;
use outbound::waiting::Handed;
use outbound::{By, OutboundError, Refusal};
use queue::{Envelope, Lease, LeasedRecipient, NewMessage, NewRecipient, Notify};
use scripts::{Decision, ScriptsError};
use signing::SigningError;
use store::StoreError;

use super::Deliverer;
use super::ruled::{Ruled, Stopped};
use crate::rewriting;

/// Accounts here through which one message is forwarded.
const HOPS_MAX: usize = 5;

/// `Delivered-To` fields of a message that are looked at; one with more has been round.
const DELIVERED_TO_MAX: usize = 50;

/// The field that says through which accounts a message came.
const DELIVERED_TO: &str = "Delivered-To";

/// What is done with a message for one account.
pub(super) struct Plan {
    /// It is put into the mailbox.
    pub(super) keeps_copy: bool,
    /// Whoever it goes on to tells the sender of success, if the sender asked for that.
    pub(super) tells_success: bool,
    /// What goes into the queue.
    pub(super) onward: Vec<Onward>,
    /// What rules for outbound mail say of that, with its places in the list.
    pub(super) ruled: Vec<(Handed, Vec<usize>)>,
    /// What they do not let go on.
    pub(super) stopped: Stopped,
    /// Because of them the message is kept, whatever the account's own rules say.
    pub(super) must_keep: bool,
}

impl Plan {
    /// The message is put into the mailbox, and goes nowhere else.
    fn mailbox() -> Self {
        Self {
            keeps_copy: true,
            tells_success: false,
            onward: Vec::new(),
            ruled: Vec::new(),
            stopped: Stopped::default(),
            must_keep: false,
        }
    }
}

/// A message to be put into the queue.
pub(super) struct Onward {
    pub(super) message: OnwardMessage,
    pub(super) recipients: Vec<NewRecipient>,
}

/// All of it but its content.
pub(super) struct OnwardMessage {
    organisation: i64,
    envelope: Envelope,
    now: Timestamp,
    expires: Timestamp,
    held: bool,
}

impl OnwardMessage {
    /// The message with its content.
    pub(super) fn of<'p>(&self, prepared: &'p Prepared, blob: i64) -> NewMessage<'p> {
        NewMessage {
            organisation: self.organisation,
            blob,
            key: prepared.key(),
            envelope: self.envelope.clone(),
            size: prepared.size() + self.envelope.trace.len() as u64,
            created: self.now,
            expires: self.expires,
            due: self.now,
            held: self.held,
        }
    }
}

/// What keeps a plan from being made now.
#[derive(Debug, thiserror::Error)]
pub(super) enum PlanError {
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error(transparent)]
    Signing(#[from] SigningError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Scripts(#[from] ScriptsError),
    #[error(transparent)]
    Outbound(#[from] OutboundError),
}

/// Why a message stays in the mailbox although mail of the account is forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stays {
    /// It has been through this account.
    RoundInCircle,
    /// It has been through too many accounts.
    TooManyHops,
    /// It names us as its author and proved nothing: sent on by us it would pass for ours.
    UnprovenAsOurs,
    /// Its sender cannot be rewritten.
    SenderUnfit,
}

/// The targets in two groups: addresses here and elsewhere. Those that are gone are in neither.
#[derive(Default)]
struct Split {
    here: Vec<String>,
    elsewhere: Vec<String>,
    is_one_gone: bool,
}

impl Deliverer {
    /// What is done with the message `raw` for `recipient`, whose account is `found`; `sorted` is what the account's own rules say.
    pub(super) async fn plan(
        &self,
        lease: &Lease,
        recipient: &LeasedRecipient,
        found: &Recipient,
        raw: &Arc<[u8]>,
        sorted: Option<&Decision>,
    ) -> Result<Plan, PlanError> {
        if lease.envelope.junk || lease.envelope.stays {
            return Ok(Plan::mailbox());
        }
        let account = found.account;
        let mut forwards = match found.forwards {
            true => self.store.read(move |tx| identity::forward::list(tx, account)).await?,
            false => Vec::new(),
        };
        forwards.extend(redirects(sorted, &forwards, self.store.context().clock.now()));
        if forwards.is_empty() {
            return Ok(Plan::mailbox());
        }
        match self.stays(lease, account, raw).await? {
            Some(why) => Ok(stays(lease, account, why)),
            None => match self.onward(lease, recipient, found, &forwards, raw).await? {
                Ok(plan) => Ok(plan),
                Err(why) => Ok(stays(lease, account, why)),
            },
        }
    }

    /// Why the message must not go on from this account, if so.
    async fn stays(&self, lease: &Lease, account: i64, raw: &[u8]) -> Result<Option<Stays>, PlanError> {
        let trace = lease.envelope.trace.as_bytes();
        if delivered_to(trace).count() >= HOPS_MAX {
            return Ok(Some(Stays::TooManyHops));
        }
        let passed: Vec<Address> = delivered_to(trace).chain(delivered_to(raw)).take(DELIVERED_TO_MAX + 1).collect();
        if passed.len() > DELIVERED_TO_MAX {
            return Ok(Some(Stays::TooManyHops));
        }
        for address in passed {
            match self.directory.resolve(&address.canonical()).await? {
                Resolution::Local(found) if found.account == account => return Ok(Some(Stays::RoundInCircle)),
                _ => {}
            }
        }
        let is_unproven = !is_ours(lease) && lease.envelope.origin.as_ref().is_none_or(|it| it.author.is_none());
        if is_unproven && self.names_us(raw).await? {
            return Ok(Some(Stays::UnprovenAsOurs));
        }
        Ok(None)
    }

    /// Whether an author of the message is at a domain hosted here, below or above one.
    async fn names_us(&self, raw: &[u8]) -> Result<bool, PlanError> {
        let named = mail::message::Envelope::parse(raw).from;
        let authors = named.iter().filter_map(|it| Address::parse(&it.email()?).ok());
        let hosted = self.store.read(|tx| identity::list_domains(tx, None)).await?;
        let is_related =
            |domain: String| hosted.iter().any(|ours| is_within(&domain, &ours.name) || is_within(&ours.name, &domain));
        Ok(authors.map(|author| author.domain_ascii()).any(is_related))
    }

    /// The plan that passes the message on.
    async fn onward(
        &self,
        lease: &Lease,
        recipient: &LeasedRecipient,
        found: &Recipient,
        forwards: &[Forward],
        raw: &Arc<[u8]>,
    ) -> Result<Result<Plan, Stays>, PlanError> {
        let Split { here, elsewhere, is_one_gone } = self.split(forwards).await?;
        let all = [here.as_slice(), elsewhere.as_slice()].concat();
        let ruled = self.ruled(found.organisation, By::Account(found.account), all.clone(), raw).await?;
        let must_keep = ruled.as_ref().is_some_and(Ruled::holds_back);
        let keeps_copy = must_keep || is_one_gone || forwards.iter().any(|forward| forward.keeps_copy);
        // RFC 3461 section 5.2.7: of several that take the recipient's place none can tell of success alone.
        let tells_success = !keeps_copy && all.len() == 1;
        let notify = Notify { success: recipient.notify.success && tells_success, ..recipient.notify };
        let orcpt = recipient.orcpt.clone().or_else(|| Some(original(&recipient.address)));
        let trace = format!("{DELIVERED_TO}: {}\r\n{}", recipient.address, lease.envelope.trace);
        let now = self.store.context().clock.now();
        let onward = |targets: Vec<String>, envelope: Envelope, handed: Option<&Handed>| {
            let new = |address: String| NewRecipient { address, notify, orcpt: orcpt.clone() };
            let recipients: Vec<NewRecipient> = targets.into_iter().map(new).collect();
            let is_plain = envelope.reverse_path.is_ascii()
                && envelope.trace.is_ascii()
                && recipients.iter().all(|recipient| recipient.address.is_ascii());
            let mut envelope =
                Envelope { smtputf8: envelope.smtputf8 || !is_plain, ..envelope.traced_by(found.organisation) };
            envelope.demands.extend(handed.map(|handed| handed.looked.outcome.demands()).unwrap_or_default());
            let (expires, held) = (now.plus(self.schedule().expire_after), handed.is_some_and(Handed::waits));
            let message = OnwardMessage { organisation: found.organisation, envelope, now, expires, held };
            Onward { message, recipients }
        };
        let mut plan = Plan { keeps_copy, tells_success, must_keep, ..Plan::mailbox() };
        let (going, stopped) = parts(ruled, all);
        let inner = Envelope { trace: trace.clone(), ..lease.envelope.clone() };
        let outer = match going.iter().any(|(to, _)| to.iter().any(|it| elsewhere.contains(it))) {
            true => self.for_outside(lease, recipient, trace, raw, now).await?,
            false => Ok(inner.clone()),
        };
        let outer = match outer {
            Ok(envelope) => envelope,
            Err(why) => return Ok(Err(why)),
        };
        for (to, handed) in going {
            let first = plan.onward.len();
            let (outside, inside): (Vec<String>, Vec<String>) = to.into_iter().partition(|it| elsewhere.contains(it));
            for (targets, envelope) in [(inside, &inner), (outside, &outer)] {
                if !targets.is_empty() {
                    plan.onward.push(onward(targets, envelope.clone(), handed.as_ref()));
                }
            }
            plan.ruled.extend(handed.map(|handed| (handed, (first..plan.onward.len()).collect())));
        }
        plan.stopped = self.kept_back(lease, stopped).await?;
        Ok(Ok(plan))
    }

    async fn split(&self, forwards: &[Forward]) -> Result<Split, PlanError> {
        let mut split = Split::default();
        for Forward { target, .. } in forwards {
            match self.directory.resolve(target).await? {
                Resolution::Local(_) | Resolution::Group(_) => split.here.push(target.clone()),
                Resolution::NotOurs | Resolution::Abroad(_) => split.elsewhere.push(target.clone()),
                Resolution::UnknownLocal => {
                    tracing::warn!("mail is forwarded to a mailbox that is gone; it is kept instead");
                    split.is_one_gone = true;
                }
            }
        }
        Ok(split)
    }

    /// The envelope under which the message goes to other servers: one that SPF holds for, with our seal. What our own people sent goes
    /// as it would have gone to anybody else.
    async fn for_outside(
        &self,
        lease: &Lease,
        recipient: &LeasedRecipient,
        trace: String,
        raw: &Arc<[u8]>,
        now: Timestamp,
    ) -> Result<Result<Envelope, Stays>, PlanError> {
        let envelope = Envelope { trace, ..lease.envelope.clone() };
        if is_ours(lease) {
            return Ok(Ok(envelope));
        }
        let Ok(address) = Address::parse(&recipient.address) else { return Ok(Err(Stays::SenderUnfit)) };
        let domain = address.domain_ascii();
        let reverse_path = match rewriting::rewrite(&self.store, &envelope.reverse_path, &domain, now).await? {
            Ok(rewritten) => rewritten,
            Err(_) => return Ok(Err(Stays::SenderUnfit)),
        };
        let seal = self.seal(lease, &domain, raw, now).await?;
        let trace = seal.unwrap_or_default() + &envelope.trace;
        Ok(Ok(Envelope { reverse_path, trace, ..envelope }))
    }

    /// Our seal over what was found when the message came in; none where there is nothing to go on with or no key.
    pub(super) async fn seal(
        &self,
        lease: &Lease,
        domain: &str,
        raw: &Arc<[u8]>,
        now: Timestamp,
    ) -> Result<Option<String>, PlanError> {
        let Some(origin) = &lease.envelope.origin else { return Ok(None) };
        let Some(found) = ArcResult::of_word(&origin.chain) else { return Ok(None) };
        let Some(results) = header::find(lease.envelope.trace.as_bytes(), "Authentication-Results") else {
            return Ok(None);
        };
        let results = String::from_utf8_lossy(results.raw_value).trim().to_owned();
        let Some(sealer) = self.signer.sealer(domain).await? else { return Ok(None) };
        let (raw, message) = (Arc::clone(raw), lease.message);
        let sealing = tokio::task::spawn_blocking(move || {
            mailauth::seal(sealer.key()?, &raw, &results, found, now).unwrap_or_else(|error| {
                tracing::warn!(message, %error, "a message is forwarded unsealed");
                None
            })
        });
        Ok(sealing.await.map_err(|_| StoreError::Abandoned("sealing a message panicked"))?)
    }
}

/// A message to these addresses, with what rules say of it.
type Part = (Vec<String>, Option<Handed>);

/// What goes on, or waits to, and what does not. What rules say nothing of goes as one message.
fn parts(ruled: Option<Ruled>, all: Vec<String>) -> (Vec<Part>, Vec<(Handed, Refusal)>) {
    let Some(Ruled { goes, waits, stays }) = ruled else { return (vec![(all, None)], Vec::new()) };
    let part = |handed: Handed| (handed.recipients.clone(), Some(handed));
    (goes.into_iter().chain(waits).map(part).collect(), stays)
}

/// Where the account's own rules send the message on to. Whether a copy stays is said by who set forwarding, else by the rules.
fn redirects(sorted: Option<&Decision>, forwards: &[Forward], now: Timestamp) -> Vec<Forward> {
    let Some(Decision { redirects, places, .. }) = sorted else { return Vec::new() };
    let keeps_copy = match forwards {
        [] => !places.is_empty(),
        forwards => forwards.iter().any(|forward| forward.keeps_copy),
    };
    let is_new = |target: &&String| !forwards.iter().any(|forward| forward.target == **target);
    let forward = |target: &String| Forward {
        target: target.clone(),
        keeps_copy,
        set_by: String::new(),
        created: now,
        expires: None,
    };
    redirects.iter().filter(is_new).map(forward).collect()
}

/// Whether the message is our own people's or a letter of the system. Everything from outside says what was found of its origin.
pub(super) fn is_ours(lease: &Lease) -> bool {
    let envelope = &lease.envelope;
    envelope.submitter.is_some() || (envelope.origin.is_none() && envelope.reverse_path.is_empty())
}

fn stays(lease: &Lease, account: i64, why: Stays) -> Plan {
    tracing::info!(message = lease.message, account, ?why, "a message is not forwarded, it stays in the mailbox");
    Plan::mailbox()
}

/// Accounts that a message came through, as its header says: by us or by others.
fn delivered_to(head: &[u8]) -> impl Iterator<Item = Address> + '_ {
    header::fields(head).filter(|field| field.is(DELIVERED_TO)).filter_map(|field| {
        let value = String::from_utf8_lossy(&field.value()).trim().to_owned();
        Address::parse(value.trim_start_matches('<').trim_end_matches('>')).ok()
    })
}

/// Whether `domain` is `above` or lies within it.
fn is_within(domain: &str, above: &str) -> bool {
    domain.strip_suffix(above).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// The address that the sender used, as ORCPT (RFC 3461 section 4.2, RFC 6533 section 3).
fn original(address: &str) -> String {
    let kind = if address.is_ascii() { "rfc822" } else { "utf-8" };
    format!("{kind};{address}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_within_one_another() {
        for (domain, above, expected) in [
            ("trade.test", "trade.test", true),
            ("mail.trade.test", "trade.test", true),
            ("nottrade.test", "trade.test", false),
            ("test", "trade.test", false),
        ] {
            assert_eq!(is_within(domain, above), expected, "{domain} {above}");
        }
    }

    #[test]
    fn accounts_passed_are_read_from_the_header_alone() {
        let message = b"Delivered-To: <a@trade.test>\r\ndelivered-to: b@x.example\r\nDelivered-To: nonsense\r\n\r\n\
            Delivered-To: c@trade.test\r\n";
        let found: Vec<String> = delivered_to(message).map(|address| address.to_string()).collect();
        assert_eq!(found, ["a@trade.test", "b@x.example"]);
    }
}
