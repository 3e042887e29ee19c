//! What rules would have done with mail that was sent before. Nothing is changed, and of what was sent ids and counts alone are told.

use std::collections::BTreeMap;
use std::sync::Arc;

use env::Timestamp;
use mail::header;
use mailbox::{MailboxError, SpecialUse};
use serde::Serialize;
use store::{StoreError, Tx, params};

use crate::content::Content;
use crate::evaluate::{Decision, Policy};
use crate::look::{Outbound, marks, person, recipients};
use crate::rule::{Mode, Rule};
use crate::{OutboundError, rules};

/// Messages of one account that are looked at.
pub const MESSAGES_MAX: usize = 2_000;

/// Octets of a message beyond which it is passed over.
const MESSAGE_OCTETS_MAX: u64 = 50 << 20;

/// What is replayed.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The account whose sent mail it is.
    pub account: i64,
    /// Whose rules.
    pub organisation: i64,
    /// From when on.
    pub since: Timestamp,
    /// Until when.
    pub before: Timestamp,
    /// A rule in place of those that are set.
    pub rule: Option<Rule>,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Replayed {
    /// Messages that were looked at.
    pub messages: usize,
    /// Messages that were passed over: too large, or not to be read.
    pub passed_over: usize,
    /// There were more than are looked at.
    pub more: bool,
    /// How many would have gone, been asked about, waited, been blocked.
    pub decisions: BTreeMap<&'static str, usize>,
    /// For how many messages each rule holds.
    pub rules: BTreeMap<String, usize>,
    /// The messages for which one holds: id, day, decision, rules.
    pub held: Vec<Held>,
}

/// A message for which a rule holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Held {
    /// Its number in the account.
    pub id: String,
    /// When it was sent.
    pub at: String,
    /// What would have become of it.
    pub decision: &'static str,
    /// The rules.
    pub rules: Vec<String>,
}

impl Outbound {
    /// What the rules, those that only watch included, say of what an account has sent.
    ///
    /// # Errors
    /// [`OutboundError`] if the store fails.
    pub async fn replay(self: &Arc<Self>, asked: Asked) -> Result<Replayed, OutboundError> {
        let wanted = asked.clone();
        let find = move |tx: &mut Tx<'_>| {
            let mut rules = match wanted.rule.clone() {
                Some(rule) => vec![rule],
                None => rules::list(tx, wanted.organisation)?,
            };
            // What is only tried does here what it would do.
            rules.iter_mut().filter(|rule| rule.mode != Mode::Off).for_each(|rule| rule.mode = Mode::Enforce);
            let marks = marks(tx, wanted.organisation)?;
            let sent = mailbox::mailboxes::with_use(tx, wanted.account, SpecialUse::Sent)?;
            let ids = tx.rows(
                "SELECT m.id, m.received FROM mailbox_message c JOIN message m ON m.account = c.account AND m.id = c.message
                 WHERE c.account = $1 AND c.mailbox = $2 AND m.received >= $3 AND m.received < $4
                 ORDER BY m.received, m.id LIMIT $5",
                params![
                    wanted.account,
                    sent.unwrap_or(0),
                    wanted.since.millis(),
                    wanted.before.millis(),
                    i64::try_from(MESSAGES_MAX + 1).unwrap_or(i64::MAX)
                ],
                |row| Ok((row.int(0)?, row.int(1)?)),
            )?;
            Ok::<_, OutboundError>((Arc::new(Policy::new(rules, &marks)), ids))
        };
        let (policy, ids) = self.store().read(find).await?;
        let mut replayed = Replayed { more: ids.len() > MESSAGES_MAX, ..Replayed::default() };
        for (id, at) in ids.into_iter().take(MESSAGES_MAX) {
            match self.replay_one(&asked, &policy, id).await {
                Ok(Some(outcome)) => note(&mut replayed, (id, at), &outcome),
                Ok(None) | Err(OutboundError::Mailbox(_)) => replayed.passed_over += 1,
                Err(error) => return Err(error),
            }
        }
        Ok(replayed)
    }

    async fn replay_one(
        self: &Arc<Self>,
        asked: &Asked,
        policy: &Arc<Policy>,
        id: i64,
    ) -> Result<Option<crate::Outcome>, OutboundError> {
        let account = asked.account;
        let source = self.store().read(move |tx| mailbox::source(tx, account, id)).await?;
        let trace = source.trace_bytes();
        if source.size() - trace > MESSAGE_OCTETS_MAX {
            return Ok(None);
        }
        let (store, pool, policy, organisation) =
            (self.store().clone(), self.pool(), Arc::clone(policy), asked.organisation);
        let reading = tokio::task::spawn_blocking(move || {
            let mut raw = Vec::new();
            source.reader(store.blobs()).read_range(trace..source.size(), &mut raw)?;
            let reports = pool.map(|pool| filter::inspect_files(&raw, &pool));
            let content = Content::read(&raw, reports.as_deref());
            Ok::<_, MailboxError>((addresses(&raw), content))
        });
        let (to, content) = reading.await.map_err(|_| StoreError::Abandoned("looking at a message panicked"))??;
        let (this, wants) = (Arc::clone(self), policy.wants());
        let look = move |tx: &mut Tx<'_>| {
            Ok::<_, OutboundError>((
                person(tx, account)?,
                recipients(tx, organisation, &to, (wants, Some(this.guard_ref())))?,
            ))
        };
        let (sender, recipients) = self.store().read(look).await?;
        Ok(Some(policy.evaluate(&Content { sender, recipients, ..content })))
    }
}

/// Whom the header of a message names.
#[must_use]
pub fn addresses(raw: &[u8]) -> Vec<String> {
    let envelope = mail::message::Envelope::parse(header::split_header_body(raw).0);
    let all = [&envelope.to, &envelope.cc, &envelope.bcc].into_iter().flatten();
    all.filter_map(mail::message::EnvelopeAddress::email).collect()
}

fn note(replayed: &mut Replayed, (id, at): (i64, i64), outcome: &crate::Outcome) {
    replayed.messages += 1;
    let decision = match outcome.decision() {
        Decision::Go if !outcome.approvals().is_empty() => "approve",
        Decision::Go if !outcome.demands().is_empty() => "protect",
        other => other.word(),
    };
    *replayed.decisions.entry(decision).or_default() += 1;
    let rules: Vec<String> = outcome.matched.iter().map(|it| it.rule.clone()).collect();
    for rule in &rules {
        *replayed.rules.entry(rule.clone()).or_default() += 1;
    }
    if !rules.is_empty() {
        replayed.held.push(Held { id: format!("{id:x}"), at: Timestamp::from_millis(at).to_string(), decision, rules });
    }
}
