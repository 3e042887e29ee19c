//! What rules for outbound mail say of mail that goes on by itself: forwarded, sent on by rules of people, given to members of groups, and automatic
//! replies. `docs/outbound.md` tells it.
//!
//! What does not go on is recorded, and its owner told once for each rule and day, in the transaction that keeps the message here.

use std::sync::Arc;
use std::time::Duration;

use letters::Ready as ReadyLetter;
use mail::message::words;
use mail::{Address, header};
use outbound::waiting::{self, Handed};
use outbound::{By, Fate, Going, OutboundError, Refusal, stays_words};
use queue::Lease;
use scripts::Memory;
use store::{StoreError, Tx};
use trace::{Change, Step, What};

use super::Deliverer;
use super::forward::PlanError;
use super::here::PlaceError;
use crate::protection::{self, Form};

/// How often the owner is told of one rule.
const TELL_EVERY: Duration = Duration::from_secs(86_400);

/// What rules say of a message that goes on by itself.
#[derive(Default)]
pub(super) struct Ruled {
    /// Goes on.
    pub(super) goes: Vec<Handed>,
    /// Waits until it is allowed.
    pub(super) waits: Vec<Handed>,
    /// Does not go on.
    pub(super) stays: Vec<(Handed, Refusal)>,
}

impl Ruled {
    /// Whether a message must be kept here whatever was meant for it: something of it does not go, or may not in the end.
    pub(super) fn holds_back(&self) -> bool {
        let is_demanded = |handed: &Handed| !handed.looked.outcome.demands().is_empty();
        !self.waits.is_empty() || !self.stays.is_empty() || self.goes.iter().any(is_demanded)
    }

    /// What would wait does not go: for what is worth nothing later.
    pub(super) fn without_waiting(mut self) -> Self {
        let waits = std::mem::take(&mut self.waits);
        self.stays.extend(waits.into_iter().map(|handed| (handed, Refusal::WouldWait)));
        self
    }
}

/// What does not go on, made ready for the transaction.
#[derive(Default)]
pub(super) struct Stopped {
    stays: Vec<(Handed, Refusal)>,
    /// A letter to an account about rules.
    letter: Option<(ReadyLetter, i64, Vec<String>)>,
}

impl Stopped {
    /// Records it and posts the letter, once.
    pub(super) fn keep(&self, tx: &mut Tx<'_>) -> Result<(), PlaceError> {
        for (handed, refusal) in &self.stays {
            waiting::keep_refused(tx, handed, *refusal)?;
        }
        let Some((letter, account, rules)) = &self.letter else { return Ok(()) };
        let mut is_news = false;
        for rule in rules {
            is_news |= scripts::claim(tx, *account, Memory::Told, &told_of(rule), TELL_EVERY)?;
        }
        if is_news {
            letter.post(tx)?;
        }
        Ok(())
    }

    /// What is told in the trace of the message.
    pub(super) fn handed(&self) -> impl Iterator<Item = &Handed> {
        self.stays.iter().map(|(handed, _)| handed)
    }
}

impl Deliverer {
    /// What rules say of `raw` as it goes on to these addresses; none if the organisation has no rules.
    pub(super) async fn ruled(
        &self,
        organisation: i64,
        by: By,
        to: Vec<String>,
        raw: &Arc<[u8]>,
    ) -> Result<Option<Ruled>, PlanError> {
        let going = Going { organisation, by, raw: Arc::clone(raw), to };
        let Some(parts) = self.outbound.look_onward(going).await? else { return Ok(None) };
        let subject = header::find(raw, "Subject").map(|field| String::from_utf8_lossy(&field.value()).into_owned());
        let subject = words::decode(&subject.unwrap_or_default()).into_owned();
        let mut ruled = Ruled::default();
        for part in parts {
            let (fate, id) = (part.fate(), self.store.context().ids.next());
            let handed = part.handed(organisation, id, &subject);
            if let Fate::Stays(refusal) = fate {
                ruled.stays.push((handed, refusal));
                continue;
            }
            let (protected, bare) = self.protectable(handed, raw).await?;
            ruled.stays.extend(bare.map(|handed| (handed, Refusal::Unprotected)));
            match protected {
                Some(handed) if fate == Fate::Waits => ruled.waits.push(handed),
                Some(handed) => ruled.goes.push(handed),
                None => {}
            }
        }
        Ok(Some(ruled))
    }

    /// It for the addresses for which it can have what rules demand for its way, and for the others.
    async fn protectable(
        &self,
        handed: Handed,
        raw: &Arc<[u8]>,
    ) -> Result<(Option<Handed>, Option<Handed>), PlanError> {
        let demands = handed.looked.outcome.demands();
        if demands.is_empty() {
            return Ok((Some(handed), None));
        }
        let looked = Arc::clone(raw);
        let looking = tokio::task::spawn_blocking(move || Form::of(&looked, false)).await;
        let form = looking.map_err(|_| StoreError::Abandoned("looking whether a message is encrypted panicked"))?;
        let (asked, organisation) = (handed.recipients.clone(), handed.organisation);
        let own = move |tx: &mut Tx<'_>| {
            let of = |address: &String| queue::demands::of(tx, organisation, std::slice::from_ref(address));
            asked.iter().map(of).collect::<Result<Vec<_>, _>>().map_err(OutboundError::from)
        };
        let own = self.store.read(own).await?;
        let (mut protected, mut bare) = (Vec::new(), Vec::new());
        for (address, own) in handed.recipients.iter().zip(own) {
            let domain = Address::parse(address).map(|it| it.domain_ascii()).unwrap_or_default();
            let mut terms = self.way(&domain).terms;
            terms.demands.extend(own);
            terms.demands.extend_from_slice(&demands);
            let is_refused = protection::refused(&terms, form).is_some();
            if is_refused { bare.push(address.clone()) } else { protected.push(address.clone()) }
        }
        let part = |to: Vec<String>| (!to.is_empty()).then(|| Handed { recipients: to, ..handed.clone() });
        Ok((part(protected), part(bare)))
    }

    /// What does not go on, with a letter where the owner has not been told of a rule today.
    pub(super) async fn kept_back(&self, lease: &Lease, stays: Vec<(Handed, Refusal)>) -> Result<Stopped, PlanError> {
        let mut stopped = Stopped { stays, letter: None };
        for (handed, refusal) in &stopped.stays {
            let refused = refusal.rules(&handed.looked.outcome);
            let (account, rules) = (handed.account, refused.iter().map(|it| it.rule.clone()).collect::<Vec<_>>());
            tracing::info!(
                message = lease.message,
                account,
                why = refusal.word(),
                "a message does not go on by itself"
            );
            let asked = rules.clone();
            let is_told = move |tx: &mut Tx<'_>| {
                for rule in &asked {
                    if !scripts::is_claimed(tx, account, Memory::Told, &told_of(rule))? {
                        return Ok::<_, PlanError>(false);
                    }
                }
                Ok(true)
            };
            if self.store.read(is_told).await? {
                continue;
            }
            match self.mailer.notice(account, |language| stays_words(handed, *refusal, language)).await {
                Ok(letter) => stopped.letter = Some((letter, account, rules)),
                Err(error) => {
                    tracing::error!(message = lease.message, %error, "an owner cannot be told that mail is not sent on");
                }
            }
            break;
        }
        Ok(stopped)
    }
}

/// Notes in the trace of an organisation what its rules say.
pub(super) fn note<'h>(
    tx: &mut Tx<'_>,
    (envelope, organisation): (&queue::Envelope, i64),
    all: impl Iterator<Item = &'h Handed>,
) -> Result<(), StoreError> {
    for handed in all.filter(|handed| !handed.looked.outcome.matched.is_empty()) {
        let outcome = &handed.looked.outcome;
        let rules = outcome.matched.iter().map(|matched| matched.rule.clone()).collect();
        let (decision, waits) = (outcome.decision().word().to_owned(), handed.waits());
        let ruled = What::Ruled { rules, decision, waits };
        for traced in envelope.traced.iter().filter(|traced| traced.organisation == organisation) {
            ::trace::note(tx, *traced, &[Step::at(tx.now(), ruled.clone())], Change::NONE)?;
        }
    }
    Ok(())
}

/// By what it is remembered that the owner was told of a rule.
fn told_of(rule: &str) -> String {
    format!("outbound {rule}")
}
