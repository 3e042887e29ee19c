//! What people's reports say of senders, links and templates, fading with time.
//!
//! Each person has one vote on a thing, the latest. A vote alone holds for its person; for the whole organisation it takes two people, or
//! one who looks after the quarantine. Nobody's number of votes makes them weigh more.

use std::collections::BTreeMap;

use env::Timestamp;
use filter::facts::Authenticated;
use filter::{Facts, Finding, Signal};
use store::{StoreError, Tx, params};

use crate::marks::{MarkKind, Numbered};

/// Time in which a vote loses half its weight, in days.
const HALF_LIFE_DAYS: f32 = 30.0;

/// Days after which a vote is forgotten.
const FORGOTTEN_DAYS: i64 = 180;

/// Votes on one thing that are counted.
const VOTES_MAX: i64 = 100;

/// People, or weight, that it takes for the whole organisation.
const QUORUM: i64 = 2;

const DAY_MILLIS: i64 = 86_400_000;

/// One person's vote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Vote {
    pub(crate) account: i64,
    /// Above 0: junk, below: honest.
    pub(crate) weight: i64,
    pub(crate) at: Timestamp,
}

/// What all votes on one thing come to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Weighed {
    /// Sum of the faded votes.
    pub(crate) sum: f32,
    /// Enough people say the same for it to hold for all.
    pub(crate) holds_for_all: bool,
}

pub(crate) fn weigh(votes: &[Vote], now: Timestamp) -> Weighed {
    let faded = |vote: &Vote| {
        let days = now.millis().saturating_sub(vote.at.millis()).max(0) as f32 / DAY_MILLIS as f32;
        vote.weight as f32 * (-days / HALF_LIFE_DAYS).exp2()
    };
    let sum: f32 = votes.iter().map(faded).sum();
    let side = |is_junk: bool| -> i64 {
        votes.iter().filter(|vote| (vote.weight > 0) == is_junk).map(|vote| vote.weight.abs()).sum()
    };
    // Where people disagree, the greater part must be clear.
    let (ours, theirs) = if sum > 0.0 { (side(true), side(false)) } else { (side(false), side(true)) };
    Weighed { sum, holds_for_all: ours >= QUORUM && ours >= 2 * theirs }
}

/// What an organisation's votes say of a message.
#[derive(Debug, Clone, Default)]
pub(crate) struct Standing {
    pub(crate) findings: Vec<Finding>,
    /// Accounts whose own votes decide for their own copies: into Junk, or not.
    pub(crate) personal: BTreeMap<i64, bool>,
}

/// Looks up what is said of a message; its sender may be `is_proven`, `recipients` are accounts that get it.
pub(crate) fn standing(
    tx: &mut Tx<'_>,
    organisation: i64,
    marks: &[Numbered],
    is_proven: bool,
    recipients: &[i64],
) -> Result<Standing, StoreError> {
    let now = tx.now();
    let mut found = Standing::default();
    let mut strongest: BTreeMap<MarkKind, (f32, String)> = BTreeMap::new();
    for mark in marks {
        let votes = of(tx, organisation, mark.number)?;
        if votes.is_empty() {
            continue;
        }
        let weighed = weigh(&votes, now);
        if weighed.holds_for_all {
            let entry = strongest.entry(mark.kind).or_insert((0.0, String::new()));
            if weighed.sum.abs() > entry.0.abs() {
                *entry = (weighed.sum, mark.evidence.clone());
            }
        }
        note_personal(&mut found, mark.kind, &votes, is_proven, recipients);
    }
    found.findings = strongest.into_iter().map(|(kind, (sum, evidence))| finding(kind, sum, evidence)).collect();
    Ok(found)
}

/// One's own vote on a sender or a template holds for oneself; that a sender is honest only where he is who he says.
fn note_personal(found: &mut Standing, kind: MarkKind, votes: &[Vote], is_proven: bool, recipients: &[i64]) {
    for vote in votes.iter().filter(|vote| recipients.contains(&vote.account)) {
        match kind {
            // What many have: it takes more than one.
            MarkKind::Link | MarkKind::Picture => {}
            MarkKind::Sender | MarkKind::Look if vote.weight > 0 => {
                found.personal.insert(vote.account, true);
            }
            MarkKind::Sender | MarkKind::Look if is_proven => {
                found.personal.entry(vote.account).or_insert(false);
            }
            MarkKind::Sender | MarkKind::Look => {}
        }
    }
}

/// The votes on one thing, the latest first.
pub(crate) fn of(tx: &mut Tx<'_>, organisation: i64, mark: i64) -> Result<Vec<Vote>, StoreError> {
    tx.rows(
        "SELECT account, weight, at FROM mail_vote WHERE organisation = $1 AND mark = $2 ORDER BY at DESC LIMIT $3",
        params![organisation, mark, VOTES_MAX],
        |row| Ok(Vote { account: row.int(0)?, weight: row.int(1)?, at: Timestamp::from_millis(row.int(2)?) }),
    )
}

/// Counts a person's vote; an earlier one on the same is replaced.
pub(crate) fn cast(tx: &mut Tx<'_>, organisation: i64, mark: i64, vote: Vote) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO mail_vote (organisation, mark, account, weight, at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (organisation, mark, account) DO UPDATE SET weight = $4, at = $5",
        params![organisation, mark, vote.account, vote.weight, vote.at.millis()],
    )?;
    Ok(())
}

/// Forgets votes that have faded; gives how many.
pub(crate) fn forget(tx: &mut Tx<'_>) -> Result<u64, StoreError> {
    let before = tx.now().millis().saturating_sub(FORGOTTEN_DAYS * DAY_MILLIS);
    tx.execute("DELETE FROM mail_vote WHERE at < $1", params![before])
}

/// Whether the sender of a message is who he says.
pub(crate) fn is_proven(facts: &Facts) -> bool {
    facts.authenticated == Some(Authenticated::Yes)
}

/// Whether a finding says what people reported: it is looked up anew when a message is judged again.
pub(crate) fn is_ours(finding: &Finding) -> bool {
    finding.id.starts_with("reported-") || finding.id.starts_with("vouched-")
}

fn finding(kind: MarkKind, sum: f32, evidence: String) -> Finding {
    let (id, signal, unit, most) = match kind {
        MarkKind::Sender => ("reported-sender", Signal::Sender, 2.0, 6.0),
        MarkKind::Link => ("reported-link", Signal::Link, 1.5, 4.5),
        MarkKind::Look => ("reported-template", Signal::Text, 3.0, 8.0),
        MarkKind::Picture => ("reported-picture", Signal::File, 2.5, 6.0),
    };
    // What is said to be honest weighs less: whoever has a colleague's mailbox must not open the way for himself.
    let weight = if sum > 0.0 { (unit * sum).min(most) } else { (unit * sum).max(-2.5) };
    let id = if weight > 0.0 { id.to_owned() } else { id.replace("reported", "vouched") };
    Finding { key: format!("finding-{id}"), id, signal, spam: weight, phish: weight, evidence }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_000 * DAY_MILLIS;

    fn weighed(votes: &[(i64, i64, i64)]) -> Weighed {
        let votes = votes.iter().map(|(account, weight, days)| Vote {
            account: *account,
            weight: *weight,
            at: Timestamp::from_millis(NOW - days * DAY_MILLIS),
        });
        weigh(&votes.collect::<Vec<_>>(), Timestamp::from_millis(NOW))
    }

    #[test]
    fn one_person_never_speaks_for_all() {
        assert!(!weighed(&[(1, 1, 0)]).holds_for_all);
        assert!(weighed(&[(1, 1, 0), (2, 1, 0)]).holds_for_all);
        assert!(weighed(&[(1, 2, 0)]).holds_for_all, "whoever looks after the quarantine does");
        assert!(!weighed(&[(1, 1, 0), (2, 1, 0), (3, -1, 0), (4, -1, 0)]).holds_for_all, "people disagree");
    }

    #[test]
    fn votes_fade() {
        assert!((weighed(&[(1, 1, 30), (2, 1, 30)]).sum - 1.0).abs() < 0.01);
        assert!(weighed(&[(1, 1, 170), (2, -1, 0), (3, -1, 0)]).sum < 0.0);
    }
}
