//! Judged messages as they are kept: facts, verdict and what it was reached by, so that it can be explained and reached again.

use std::collections::BTreeSet;

use env::Timestamp;
use filter::{Action, Facts, Finding, Judge, Thresholds, Verdict};
use intel::feeds::FileDigest;
use serde::{Deserialize, Serialize};
use store::{Store, StoreError, Tx, params};

use crate::reputation::{self, Event, Reputation};
use crate::{
    JudgementError, JudgingSettings, complaints, feedback, outbound, person, pictures, pull, quarantine, sealed,
    second, takeover, votes,
};

/// Rows forgotten in one transaction, so that others wait only briefly.
const FORGOTTEN_MAX: i64 = 200;

pub(crate) const DETAIL: &str = "judged.detail";

/// How long closed cases of finance are kept: two years, as disputes about payments take long.
const CASE_MILLIS: i64 = 730 * 86_400_000;

/// Which way a message went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From outside to people here.
    In,
    /// From people here.
    Out,
}

impl Direction {
    /// The word in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
        }
    }
}

/// A judged message that is about to be kept.
#[derive(Debug, Clone)]
pub struct Kept {
    pub(crate) id: i64,
    pub(crate) organisation: i64,
    pub(crate) at: Timestamp,
    pub(crate) direction: Direction,
    pub(crate) action: Action,
    pub(crate) marks: Vec<u8>,
    pub(crate) detail: Vec<u8>,
    /// What the trade guard keeps: a case, or what the message teaches.
    pub(crate) guarded: Option<guard::Kept>,
}

impl Kept {
    /// The number of the message.
    #[must_use]
    pub const fn number(&self) -> i64 {
        self.id
    }
}

/// All that is kept of a judged message beside its place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Detail {
    /// What it was made of; none where that could not be found out.
    pub facts: Option<Facts>,
    /// What was decided.
    pub verdict: Verdict,
    /// What was done in the end: another rule, such as the policy of its author's domain, may have asked for more.
    pub action: Action,
    /// Findings of layers that had asked others than the message.
    pub outside: Vec<Finding>,
    /// The thresholds.
    pub thresholds: Thresholds,
    /// What it was judged by.
    pub version: String,
    /// Address in MAIL FROM; empty for the null sender.
    pub envelope_from: String,
    /// Address of the client.
    pub client: Option<std::net::IpAddr>,
    /// Attached files as feeds know them, for when one learns of them later.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileDigest>,
}

/// A judged message.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// Its number.
    pub id: i64,
    /// Whose mail it is.
    pub organisation: i64,
    /// When it came.
    pub at: Timestamp,
    /// The rest.
    pub detail: Detail,
}

impl Judged {
    /// The verdict by the same facts, findings of others and thresholds; the same as before under the same version of the judge.
    #[must_use]
    pub fn again(&self, judge: &Judge) -> Option<Verdict> {
        let detail = &self.detail;
        detail.facts.as_ref().map(|facts| judge.judge_by(facts, detail.outside.clone(), detail.thresholds))
    }
}

/// Keeps a judged message, in the transaction of the message itself.
///
/// # Errors
/// [`JudgementError`] if the store fails.
pub fn keep(tx: &mut Tx<'_>, kept: &Kept) -> Result<(), JudgementError> {
    if let Some(guarded) = &kept.guarded {
        guard::keep(tx, guarded)?;
    }
    tx.execute(
        "INSERT INTO judged (id, organisation, at, direction, action, marks, detail) VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (id) DO NOTHING",
        params![
            kept.id,
            kept.organisation,
            kept.at.millis(),
            kept.direction.as_str(),
            kept.action.word(),
            &kept.marks,
            &kept.detail
        ],
    )?;
    Ok(())
}

/// Notes that a message of an account is a copy of a judged one.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn note_copy(tx: &mut Tx<'_>, judged: i64, account: i64, message: i64) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO judged_copy (account, message, judged) VALUES ($1, $2, $3) ON CONFLICT (account, message) DO NOTHING",
        params![account, message, judged],
    )?;
    Ok(())
}

/// The judged message `id`.
///
/// # Errors
/// [`JudgementError::NotKept`] if there is none, or the store fails.
pub fn load(tx: &mut Tx<'_>, id: i64) -> Result<Judged, JudgementError> {
    let row = tx.row("SELECT organisation, at, detail FROM judged WHERE id = $1", params![id], |row| {
        Ok((row.int(0)?, Timestamp::from_millis(row.int(1)?), row.bytes(2)?.to_vec()))
    })?;
    let (organisation, at, detail) = row.ok_or(JudgementError::NotKept(id))?;
    let key = tx.context().keys.organisation(tx, organisation)?;
    Ok(Judged { id, organisation, at, detail: sealed::open(&key, DETAIL, id, &detail)? })
}

/// A judged message in a list: nothing that it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed {
    /// Its number.
    pub id: i64,
    /// When it was judged.
    pub at: Timestamp,
    /// Which way it went.
    pub direction: Direction,
    /// What became of it.
    pub action: Action,
}

/// Judged messages of an organisation before a place in the list, the latest first: the moment in milliseconds and the number of the last one of the page
/// before. Of one direction and one action, if they are named.
///
/// # Errors
/// [`JudgementError`] if the store fails.
pub fn list(
    tx: &mut Tx<'_>,
    organisation: i64,
    (direction, action): (Option<Direction>, Option<Action>),
    before: Option<(i64, i64)>,
    limit: u32,
) -> Result<Vec<Listed>, JudgementError> {
    let (at, id) = before.unwrap_or((i64::MAX, i64::MAX));
    let (way, deed) = (direction.map_or("", Direction::as_str), action.map_or("", Action::word));
    let rows = tx.rows(
        "SELECT id, at, direction, action FROM judged WHERE organisation = $1 AND at <= $2 AND (at < $2 OR id < $3)
         AND ($4 = '' OR direction = $4) AND ($5 = '' OR action = $5) ORDER BY at DESC, id DESC LIMIT $6",
        params![organisation, at, id, way, deed, limit],
        |row| {
            Ok(Listed {
                id: row.int(0)?,
                at: Timestamp::from_millis(row.int(1)?),
                direction: if row.text(2)? == "in" { Direction::In } else { Direction::Out },
                action: Action::of_word(row.text(3)?)
                    .ok_or_else(|| StoreError::Corrupt { what: "action of a judged message".to_owned() })?,
            })
        },
    )?;
    Ok(rows)
}

/// Whether the account has a copy of the judged message, or it waits in quarantine for it.
///
/// # Errors
/// [`JudgementError::Store`] if the store fails.
pub fn is_for(tx: &mut Tx<'_>, id: i64, account: i64) -> Result<bool, JudgementError> {
    let found = tx.row(
        "SELECT 1 FROM judged_copy WHERE judged = $1 AND account = $2
         UNION ALL SELECT 1 FROM quarantine_recipient WHERE quarantine = $1 AND account = $2 LIMIT 1",
        params![id, account],
        |row| row.int(0),
    )?;
    Ok(found.is_some())
}

/// A judged message whose time is over.
struct Old {
    id: i64,
    organisation: i64,
    /// Of one that lies read in a mailbox.
    facts: Option<Facts>,
    client: Option<std::net::IpAddr>,
}

/// The oldest of what was judged before `before`.
fn oldest(tx: &mut Tx<'_>, before: Timestamp) -> Result<Vec<Old>, JudgementError> {
    let rows = tx.rows(
        "SELECT id, organisation FROM judged WHERE at < $1 ORDER BY at LIMIT $2",
        params![before.millis(), FORGOTTEN_MAX],
        |row| Ok((row.int(0)?, row.int(1)?)),
    )?;
    let mut found = Vec::new();
    for (id, organisation) in rows {
        let mut old = Old { id, organisation, facts: None, client: None };
        if lies_read(tx, id)? {
            match load(tx, id) {
                Ok(judged) => {
                    let facts = judged.detail.facts;
                    let is_free = match &facts {
                        Some(facts) => !person::is_restricted(tx, organisation, facts, &[])?,
                        None => true,
                    };
                    (old.facts, old.client) = (facts.filter(|_| is_free), judged.detail.client);
                }
                // What does not read is forgotten all the same.
                Err(JudgementError::Store(error)) => return Err(error.into()),
                Err(_) => {}
            }
        }
        found.push(old);
    }
    Ok(found)
}

/// Whether a delivered message lies read somewhere that is not Junk, Trash or Sent.
fn lies_read(tx: &mut Tx<'_>, judged: i64) -> Result<bool, StoreError> {
    let found = tx.row(
        "SELECT 1 FROM judged_copy c JOIN mailbox_message m ON m.account = c.account AND m.message = c.message
         JOIN mailbox b ON b.account = m.account AND b.id = m.mailbox
         WHERE c.judged = $1 AND (m.flags & $2) <> 0 AND b.special_use NOT IN ('Junk', 'Trash', 'Sent') LIMIT 1",
        params![judged, i64::from(mailbox::Flags::SEEN)],
        |row| row.int(0),
    )?;
    Ok(found.is_some())
}

/// Forgets judged messages; gives those that were still there.
fn forget(tx: &mut Tx<'_>, ids: &[i64]) -> Result<BTreeSet<i64>, StoreError> {
    let mut gone = BTreeSet::new();
    for id in ids {
        tx.execute("DELETE FROM judged_copy WHERE judged = $1", params![*id])?;
        if tx.execute("DELETE FROM judged WHERE id = $1", params![*id])? == 1 {
            gone.insert(*id);
        }
    }
    Ok(gone)
}

/// Forgets judged messages whose time is over, and deletes what nobody released from quarantine; gives how many.
///
/// # Errors
/// [`JudgementError`] if the store fails; what has been done until then stands.
pub async fn tidy(store: &Store, settings: &JudgingSettings, reputation: &Reputation) -> Result<u64, JudgementError> {
    let time = i64::from(settings.keep_days) * 86_400_000;
    let before = Timestamp::from_millis(store.context().clock.now().millis().saturating_sub(time));
    let long_before = Timestamp::from_millis(store.context().clock.now().millis().saturating_sub(CASE_MILLIS));
    let mut gone = 0;
    loop {
        let old = store.read(move |tx| oldest(tx, before)).await?;
        let ids: Vec<i64> = old.iter().map(|judged| judged.id).collect();
        let forgotten = store.write_freeing(move |tx| forget(tx, &ids)).await?;
        for judged in old.iter().filter(|judged| forgotten.contains(&judged.id)) {
            if let Some(facts) = &judged.facts {
                reputation.note(judged.organisation, facts, judged.client, Event::Kept);
            }
        }
        let forgotten = forgotten.len() as u64;
        let expired = store.write_freeing(quarantine::expire).await? as u64;
        let reports = store.write_freeing(feedback::forget).await?;
        let rest = move |tx: &mut Tx<'_>| {
            let people = votes::forget(tx)?
                + complaints::forget(tx)?
                + pictures::forget(tx)?
                + second::forget(tx)?
                + pull::forget(tx, before)?
                + outbound::forget(tx, before)?;
            let guarded = guard::forget(tx, long_before)?;
            let watched = takeover::forget(tx)?;
            Ok::<_, JudgementError>(people + reputation::tidy(tx)? + guarded + watched)
        };
        gone += forgotten + expired + reports + store.write_freeing(rest).await?;
        if forgotten + expired + reports == 0 {
            return Ok(gone);
        }
    }
}

/// Reads a number as fields and lists show it.
///
/// # Errors
/// [`JudgementError::Number`] for anything else.
pub fn read_number(text: &str) -> Result<i64, JudgementError> {
    i64::from_str_radix(text.trim(), 16).map_err(|_| JudgementError::Number(text.to_owned()))
}
