//! What people here send, by the same judge: an account in strange hands is stopped before it has cost the company its name.
//!
//! There are two signs: what the message is, and how the account sends (how many recipients in an hour, how many of them for the first
//! time). One holds the message in the queue and is told; both freeze the account, too.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crypto::keys::{Key, Organisation};
use env::{Outlook, Timestamp};
use filter::{Action, Facts, Finding, Judge, Received, Signal};
use identity::{AccountState, IdentityError, Language, PAGE_MAX, Role};
use letters::{Mailer, Ready, Texts, Words};
use serde::{Deserialize, Serialize};
use store::{Store, StoreError, Tx, params};

use crate::digest::harmless;
use crate::judging::keep_guarded;
use crate::kept::{DETAIL, Detail, Direction, Kept};
use crate::quarantine::{Shown, ShownFinding};
use crate::{JudgementError, Judging, complaints, explain, marks, policy, sealed};

const HOUR_MILLIS: i64 = 3_600_000;

/// Days after which it is forgotten who was written to.
const REMEMBERED_DAYS: i64 = 730;

/// Stops that one round tells of.
const ROUND: i64 = 50;

/// Findings that a letter tells.
const FINDINGS_TOLD_MAX: usize = 5;

const PLACE: &str = "sent_stop.detail";

/// A message that somebody here sends.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Our number of it.
    pub id: i64,
    /// The message.
    pub raw: Arc<Vec<u8>>,
    /// What was found of its files, if somebody has looked into them already.
    pub inspected: Option<Vec<inspect::Report>>,
    /// Who sends it.
    pub account: i64,
    /// Whose account that is.
    pub organisation: i64,
    /// Address in MAIL FROM.
    pub envelope_from: String,
    /// Addresses that it goes to, in canonical form.
    pub recipients: Vec<String>,
}

/// What was found of a message that goes out, to be kept in its transaction.
#[derive(Debug, Clone)]
pub struct Sent {
    kept: Option<Kept>,
    /// What the trade guard keeps of a message that is not stopped.
    guarded: Option<guard::Kept>,
    account: i64,
    organisation: i64,
    recipients: Vec<i64>,
    /// Its Message-ID, by which a complaint about it is known.
    message: Option<String>,
    /// It is stopped: a sealed description, and whether the account is frozen.
    stop: Option<(Vec<u8>, bool)>,
}

impl Sent {
    /// Whether it waits until somebody has looked.
    #[must_use]
    pub const fn is_stopped(&self) -> bool {
        self.stop.is_some()
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Stop {
    subject: String,
    recipients: usize,
    findings: Vec<ShownFinding>,
}

/// How an account has sent of late, this message included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pattern {
    recipients: u64,
    fresh: u64,
}

impl Judging {
    /// Judges a message of our own people.
    ///
    /// # Errors
    /// [`JudgementError`] if the store fails.
    pub async fn outgoing(&self, outgoing: Outgoing) -> Result<Sent, JudgementError> {
        let (account, organisation) = (outgoing.account, outgoing.organisation);
        let (addresses, settings) = (outgoing.recipients.clone(), self.settings.now());
        let look = move |tx: &mut Tx<'_>| {
            let key = tx.context().keys.organisation(tx, organisation)?;
            let hashes: Vec<i64> =
                addresses.iter().map(|it| key.hashing().hash_i64(format!("sent to {it}").as_bytes())).collect();
            let (pattern, level) = (pattern(tx, account, &hashes)?, identity::level_of_account(tx, account)?);
            let not_of_late = not_of_late(tx, (organisation, account), &hashes, addresses)?;
            let thresholds = policy::effective(tx, organisation, level, &settings)?.thresholds();
            Ok::<_, JudgementError>((key, hashes, pattern, thresholds, not_of_late))
        };
        let (key, recipients, pattern, thresholds, not_of_late) = self.store.read(look).await?;
        let reputation = self.reputation.clone();
        let message = mail::header::message_id(&outgoing.raw);
        let behaviour = self.behaviour(pattern);
        let (pool, now) = (self.pool.clone(), self.store.context().clock.now());
        let (raw, inspected) = (Arc::clone(&outgoing.raw), outgoing.inspected.clone());
        let reading = tokio::task::spawn_blocking(move || {
            let look = || pool.map(|pool| filter::inspect_files(&raw, &pool)).unwrap_or_default();
            let inspected = inspected.unwrap_or_else(look);
            let facts = Facts::read(Received { raw: &raw, inspected: None, ..Received::default() });
            guard::Read::new(&raw, facts, &inspected, guard::Direction::Out, now)
        });
        let read = reading.await.map_err(|_| StoreError::Abandoned("judging a message panicked"))?;
        let guarded = self.guard.look(organisation, read, now).await?;
        let (judge, guard) = (Arc::clone(&self.judge), self.guard.clone());
        let context = Arc::clone(self.store.context());
        let work = move || {
            let made = Making {
                judge: &judge,
                thresholds,
                outgoing: &outgoing,
                behaviour: behaviour.as_ref(),
                guarded: &guarded,
                message,
            };
            let is_answer = made.guarded.0.subject.facts.is_answer;
            let sent = made.sent(&guard, &key, &context, recipients)?;
            if let Some(reputation) = reputation.filter(|_| is_answer && !sent.is_stopped()) {
                reputation.note_answer(organisation, &not_of_late);
            }
            Ok(sent)
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| StoreError::Abandoned("judging a message panicked"))?
    }

    /// What is odd about how an account sends.
    fn behaviour(&self, pattern: Pattern) -> Option<Finding> {
        let Pattern { recipients, fresh } = pattern;
        let settings = self.settings.now();
        let (most, most_fresh) = (settings.sent_per_hour, settings.sent_fresh_per_hour);
        let is_odd =
            (most > 0 && recipients > most) || (most_fresh > 0 && fresh > most_fresh && fresh * 2 > recipients);
        is_odd.then(|| Finding {
            id: "sends-unusually".to_owned(),
            signal: Signal::Sender,
            spam: 1.0,
            phish: 1.0,
            evidence: format!("{recipients} ({fresh})"),
            key: "finding-sends-unusually".to_owned(),
        })
    }
}

/// A message of our people while it is decided on.
struct Making<'a> {
    judge: &'a Judge,
    thresholds: filter::Thresholds,
    outgoing: &'a Outgoing,
    behaviour: Option<&'a Finding>,
    guarded: &'a (guard::Read, guard::Looked),
    /// Its Message-ID.
    message: Option<String>,
}

impl Making<'_> {
    fn sent(
        self,
        guard: &guard::Guard,
        key: &Key<Organisation>,
        context: &store::Context,
        recipients: Vec<i64>,
    ) -> Result<Sent, JudgementError> {
        let Self { judge, thresholds, outgoing, behaviour, guarded, message } = self;
        let organisation = outgoing.organisation;
        let envelope_from = outgoing.envelope_from.clone();
        let facts =
            Facts::read(Received { raw: &outgoing.raw, envelope_from: Some(&envelope_from), ..Received::default() });
        let of_trade = guarded.1.findings.clone();
        let outside: Vec<Finding> = behaviour.into_iter().cloned().chain(of_trade.clone()).collect();
        let verdict = judge.judge_by(&facts, outside.clone(), thresholds);
        let is_bad = judge.judge_by(&facts, Vec::new(), thresholds).action >= Action::Junk;
        let is_held = verdict.probability_fraud >= thresholds.fraud_hold;
        let (account, id) = (outgoing.account, outgoing.id);
        let action = if is_held {
            Action::Hold
        } else if is_bad {
            verdict.action
        } else {
            Action::Deliver
        };
        let ids = (id, outgoing.organisation);
        let guarded = keep_guarded(guard, key, ids, Some(guarded), (&verdict, action, thresholds))?;
        if !is_bad && behaviour.is_none() && !is_held {
            return Ok(Sent { kept: None, guarded, account, organisation, recipients, message, stop: None });
        }
        let (at, entropy) = (context.clock.now(), &*context.entropy);
        let shown = Shown::of("", &facts.subject, &verdict);
        let stop = Stop { subject: shown.subject, recipients: recipients.len(), findings: shown.findings };
        let stop = sealed::seal(key, entropy, PLACE, id, &stop)?;
        let marks = marks::packed(&marks::numbered(&facts, key));
        let detail = Detail {
            facts: Some(facts),
            action: verdict.action,
            verdict,
            outside,
            thresholds,
            version: judge.version(),
            envelope_from,
            client: None,
            files: Vec::new(),
        };
        let kept = Kept {
            id,
            organisation,
            at,
            direction: Direction::Out,
            action: detail.action,
            marks,
            detail: sealed::seal(key, entropy, DETAIL, id, &detail)?,
            guarded,
        };
        let stop = Some((stop, is_bad && behaviour.is_some()));
        Ok(Sent { kept: Some(kept), guarded: None, account, organisation, recipients, message, stop })
    }
}

/// The accounts of an organisation that have written to `address`, as long as that is remembered.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn writers_to(tx: &mut Tx<'_>, organisation: i64, address: &str) -> Result<Vec<i64>, StoreError> {
    let key = tx.context().keys.organisation(tx, organisation)?;
    let canonical = mail::Address::parse(address).map_or_else(|_| address.to_owned(), |it| it.canonical());
    let hash = key.hashing().hash_i64(format!("sent to {canonical}").as_bytes());
    tx.rows(
        "SELECT s.account FROM sent_to s JOIN account a ON a.id = s.account
         WHERE a.organisation = $1 AND s.recipient = $2 ORDER BY s.account",
        params![organisation, hash],
        |row| row.int(0),
    )
}

/// Recipients of the running hour and the one before, this message's included.
fn pattern(tx: &mut Tx<'_>, account: i64, recipients: &[i64]) -> Result<Pattern, JudgementError> {
    let hour = tx.now().millis() / HOUR_MILLIS;
    let sums = tx.row(
        "SELECT CAST(COALESCE(SUM(recipients), 0) AS BIGINT), CAST(COALESCE(SUM(fresh), 0) AS BIGINT) FROM sent_hour
         WHERE account = $1 AND hour >= $2",
        params![account, hour - 1],
        |row| Ok((row.int(0)?.unsigned_abs(), row.int(1)?.unsigned_abs())),
    )?;
    let (before, fresh_before) = sums.unwrap_or_default();
    let fresh = count_fresh(tx, account, recipients)?;
    Ok(Pattern { recipients: before + recipients.len() as u64, fresh: fresh_before + fresh })
}

fn count_fresh(tx: &mut Tx<'_>, account: i64, recipients: &[i64]) -> Result<u64, StoreError> {
    let mut fresh = 0;
    for recipient in recipients.iter().collect::<BTreeSet<_>>() {
        let known = tx.row(
            "SELECT 1 FROM sent_to WHERE account = $1 AND recipient = $2",
            params![account, *recipient],
            |row| row.int(0),
        )?;
        fresh += u64::from(known.is_none());
    }
    Ok(fresh)
}

/// Those whom the account has not written to within a day: many letters of a day are one answer. Nobody whose data is restricted is among them, and
/// nobody at all where the account's is.
fn not_of_late(
    tx: &mut Tx<'_>,
    (organisation, account): (i64, i64),
    hashes: &[i64],
    addresses: Vec<String>,
) -> Result<Vec<String>, StoreError> {
    let since = tx.now().millis() - 24 * HOUR_MILLIS;
    let mut found = Vec::new();
    if store::restrictions::is_account(tx, account)? {
        return Ok(found);
    }
    for (hash, address) in hashes.iter().zip(addresses) {
        if store::restrictions::is_any_address(tx, organisation, [address.as_str()])? {
            continue;
        }
        let last =
            tx.row("SELECT last FROM sent_to WHERE account = $1 AND recipient = $2", params![account, *hash], |row| {
                row.int(0)
            })?;
        if last.is_none_or(|last| last < since) {
            found.push(address);
        }
    }
    Ok(found)
}

/// Keeps what was found, in the transaction that takes the message; freezes the account where both signs are there.
///
/// # Errors
/// [`JudgementError`] if the store fails.
pub fn keep(tx: &mut Tx<'_>, sent: &Sent) -> Result<(), JudgementError> {
    let now = tx.now().millis();
    let fresh = count_fresh(tx, sent.account, &sent.recipients)?;
    for recipient in &sent.recipients {
        tx.execute(
            "INSERT INTO sent_to (account, recipient, last) VALUES ($1, $2, $3)
             ON CONFLICT (account, recipient) DO UPDATE SET last = $3",
            params![sent.account, *recipient, now],
        )?;
    }
    let (recipients, fresh) = (sent.recipients.len() as i64, i64::try_from(fresh).unwrap_or(i64::MAX));
    tx.execute(
        "INSERT INTO sent_hour (account, hour, recipients, fresh) VALUES ($1, $2, $3, $4)
         ON CONFLICT (account, hour) DO UPDATE SET recipients = sent_hour.recipients + $3, fresh = sent_hour.fresh + $4",
        params![sent.account, now / HOUR_MILLIS, recipients, fresh],
    )?;
    if let Some(guarded) = &sent.guarded {
        guard::keep(tx, guarded)?;
    }
    if let Some(message) = &sent.message {
        complaints::note_sent(tx, sent.organisation, sent.account, message)?;
    }
    let Some(kept) = &sent.kept else { return Ok(()) };
    crate::keep(tx, kept)?;
    if let Some((detail, freezes)) = &sent.stop {
        tx.execute(
            "INSERT INTO sent_stop (id, organisation, account, at, frozen, told, detail) VALUES ($1, $2, $3, $4, $5, 0, $6)
             ON CONFLICT (id) DO NOTHING",
            params![kept.id, kept.organisation, sent.account, now, *freezes, detail],
        )?;
        if *freezes {
            identity::freeze(tx, sent.account)?;
            tracing::warn!(account = sent.account, "an account sends like one in strange hands and is frozen");
        }
    }
    Ok(())
}

/// Tells of what was stopped: its sender, and those who look after security.
#[derive(Clone)]
pub struct Stops {
    /// Where stops are.
    pub store: Store,
    /// Posts the letters.
    pub mailer: Mailer,
    /// What findings say.
    pub judge: Arc<Judge>,
}

/// A stop whose letters wait.
struct Untold {
    id: i64,
    organisation: i64,
    account: i64,
    is_frozen: bool,
    detail: Stop,
}

impl Stops {
    /// Posts the letters that wait; gives of how many stops.
    ///
    /// # Errors
    /// [`JudgementError`] if the store fails; what was not told waits.
    pub async fn post(&self) -> Result<usize, JudgementError> {
        let waiting = self.store.read(untold).await?;
        let count = waiting.len();
        for stop in waiting {
            self.post_one(&stop).await?;
        }
        Ok(count)
    }

    async fn post_one(&self, stop: &Untold) -> Result<(), JudgementError> {
        let (organisation, account) = (stop.organisation, stop.account);
        let look = move |tx: &mut Tx<'_>| {
            let address = identity::list_addresses(tx, account)?.into_iter().next().unwrap_or_default();
            Ok::<_, IdentityError>((address, officers(tx, organisation)?))
        };
        let (address, officers) = self.store.read(look).await?;
        let readers: BTreeSet<i64> = officers.into_iter().chain([account]).collect();
        let mut letters: Vec<Ready> = Vec::new();
        for reader in readers {
            match self.mailer.notice(reader, |language| self.words(stop, &address, language)).await {
                Ok(letter) => letters.push(letter),
                Err(error) if error.outlook() == Outlook::Permanent => {
                    tracing::warn!(account = reader, %error, "cannot tell of a stopped message");
                }
                Err(error) => return Err(error.into()),
            }
        }
        let id = stop.id;
        let work = move |tx: &mut Tx<'_>| {
            if tx.execute("UPDATE sent_stop SET told = 1 WHERE id = $1 AND told = 0", params![id])? == 1 {
                for letter in &letters {
                    letter.post(tx)?;
                }
            }
            Ok::<_, JudgementError>(())
        };
        self.store.write(work).await
    }

    fn words(&self, stop: &Untold, address: &str, language: Language) -> Words {
        let texts = Texts::of(language);
        let count = stop.detail.recipients.to_string();
        let why = stop.detail.findings.iter().take(FINDINGS_TOLD_MAX).map(|shown| {
            let finding = Finding {
                id: shown.id.clone(),
                signal: Signal::Text,
                spam: 0.0,
                phish: 0.0,
                evidence: harmless(&shown.evidence),
                key: shown.key.clone(),
            };
            format!("- {}", explain(&self.judge, &finding, language))
        });
        let values = [("address", address), ("subject", &harmless(&stop.detail.subject)), ("count", &count)];
        let mut parts = vec![texts.say("stopped-intro", &values), why.collect::<Vec<_>>().join("\n")];
        if stop.is_frozen {
            parts.push(texts.say("stopped-frozen", &[("address", address)]));
        }
        parts.push(texts.say("stopped-ending", &[("id", &format!("{:x}", stop.id))]));
        Words {
            from_name: texts.say("notice-from", &[]),
            subject: texts.say("stopped-subject", &[("address", address)]),
            text: format!("{}\n", parts.join("\n\n")),
        }
    }
}

fn untold(tx: &mut Tx<'_>) -> Result<Vec<Untold>, JudgementError> {
    let rows = tx.rows(
        "SELECT id, organisation, account, frozen, detail FROM sent_stop WHERE told = 0 ORDER BY at LIMIT $1",
        params![ROUND],
        |row| Ok((row.int(0)?, row.int(1)?, row.int(2)?, row.flag(3)?, row.bytes(4)?.to_vec())),
    )?;
    rows.into_iter()
        .map(|(id, organisation, account, is_frozen, detail)| {
            let key = tx.context().keys.organisation(tx, organisation)?;
            Ok(Untold { id, organisation, account, is_frozen, detail: sealed::open(&key, PLACE, id, &detail)? })
        })
        .collect()
}

/// Those who look after an organisation's security.
pub(crate) fn officers(tx: &mut Tx<'_>, organisation: i64) -> Result<Vec<i64>, IdentityError> {
    let (mut found, mut after) = (Vec::new(), 0);
    loop {
        let page = identity::list_accounts(tx, Some(organisation), after, PAGE_MAX)?;
        let Some(last) = page.last() else { return Ok(found) };
        after = last.id;
        let looks_after = |it: &&identity::Account| {
            matches!(it.role, Role::Admin | Role::Security) && it.state == AccountState::Active
        };
        found.extend(page.iter().filter(looks_after).map(|it| it.id));
    }
}

/// Forgets who was written to long ago, and old hours; gives how many rows.
pub(crate) fn forget(tx: &mut Tx<'_>, before: Timestamp) -> Result<u64, StoreError> {
    let now = tx.now().millis();
    let age =
        i64::try_from(Duration::from_secs(86_400).as_millis()).unwrap_or(i64::MAX).saturating_mul(REMEMBERED_DAYS);
    tx.execute("DELETE FROM sent_hour WHERE hour < $1", params![now / HOUR_MILLIS - 48])?;
    let stops = tx.execute("DELETE FROM sent_stop WHERE at < $1 AND told = 1", params![before.millis()])?;
    Ok(stops + tx.execute("DELETE FROM sent_to WHERE last < $1", params![now.saturating_sub(age)])?)
}
