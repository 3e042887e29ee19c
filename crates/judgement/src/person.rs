//! What is kept of judged mail and of people's reports about one person outside, by an address.

use std::collections::BTreeSet;

use env::Timestamp;
use filter::Facts;
use store::{StoreError, Tx, params};

use crate::marks::{self, MarkKind};
use crate::{JudgementError, reputation};

/// What is kept of a person.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Held {
    /// Judged messages of his that are kept with all that was found of them.
    pub judged: Vec<i64>,
    /// When the first and the last of them came.
    pub span: Option<(Timestamp, Timestamp)>,
    /// Messages of his that wait in quarantine.
    pub quarantined: Vec<i64>,
    /// People who have reported him as unwanted or honest.
    pub votes: u64,
    /// Accounts that are remembered to have written to him.
    pub writers: u64,
    /// Things that are counted of how he behaved.
    pub reputation: u64,
}

impl Held {
    /// Whether anything is kept.
    #[must_use]
    pub fn is_something(&self) -> bool {
        *self != Self::default()
    }
}

/// The hash by which messages of an author are found.
fn mark_of(tx: &mut Tx<'_>, organisation: i64, address: &str) -> Result<i64, StoreError> {
    let key = tx.context().keys.organisation(tx, organisation)?;
    Ok(marks::number_of(MarkKind::Sender, address, &key))
}

fn written_hash(tx: &mut Tx<'_>, organisation: i64, address: &str) -> Result<i64, StoreError> {
    let key = tx.context().keys.organisation(tx, organisation)?;
    let canonical = mail::Address::parse(address).map_or_else(|_| address.to_owned(), |it| it.canonical());
    Ok(key.hashing().hash_i64(format!("sent to {canonical}").as_bytes()))
}

/// What is kept of the person with `address`, in lowercase.
///
/// # Errors
/// [`JudgementError`] if the store fails.
pub fn held(tx: &mut Tx<'_>, organisation: i64, address: &str) -> Result<Held, JudgementError> {
    let mark = mark_of(tx, organisation, address)?;
    let wanted = BTreeSet::from([mark]);
    let mut found = Held::default();
    tx.for_each(
        "SELECT id, at, marks FROM judged WHERE organisation = $1 ORDER BY at",
        params![organisation],
        |row| {
            if marks::has_any(row.bytes(2)?, &wanted) {
                let at = Timestamp::from_millis(row.int(1)?);
                found.span = Some(found.span.map_or((at, at), |(first, _)| (first, at)));
                found.judged.push(row.int(0)?);
            }
            Ok(())
        },
    )?;
    tx.for_each("SELECT id, marks FROM quarantine WHERE organisation = $1", params![organisation], |row| {
        if marks::has_any(row.bytes(1)?, &wanted) {
            found.quarantined.push(row.int(0)?);
        }
        Ok(())
    })?;
    let count = |row: &store::Row<'_>| row.int(0);
    let votes = "SELECT COUNT(*) FROM mail_vote WHERE organisation = $1 AND mark = $2";
    found.votes = tx.row(votes, params![organisation, mark], count)?.unwrap_or(0).unsigned_abs();
    let hash = written_hash(tx, organisation, address)?;
    let writers = tx.row(
        "SELECT COUNT(*) FROM sent_to WHERE recipient = $2 AND account IN (SELECT id FROM account WHERE organisation = $1)",
        params![organisation, hash],
        count,
    )?;
    found.writers = writers.unwrap_or(0).unsigned_abs();
    found.reputation = reputation::look_up(tx, organisation, address)?.len() as u64;
    Ok(found)
}

/// Forgets all of it but what waits in quarantine, which is mail; gives how many things went.
///
/// # Errors
/// [`JudgementError`] if the store fails.
pub fn forget(tx: &mut Tx<'_>, organisation: i64, address: &str) -> Result<u64, JudgementError> {
    let known = held(tx, organisation, address)?;
    let mut gone = 0;
    for id in &known.judged {
        // What waits in quarantine is explained by it until it is gone.
        if known.quarantined.contains(id) {
            continue;
        }
        tx.execute("DELETE FROM judged_copy WHERE judged = $1", params![*id])?;
        gone += tx.execute("DELETE FROM judged WHERE id = $1", params![*id])?;
    }
    let mark = mark_of(tx, organisation, address)?;
    gone += tx.execute("DELETE FROM mail_vote WHERE organisation = $1 AND mark = $2", params![organisation, mark])?;
    let hash = written_hash(tx, organisation, address)?;
    gone += tx.execute(
        "DELETE FROM sent_to WHERE recipient = $2 AND account IN (SELECT id FROM account WHERE organisation = $1)",
        params![organisation, hash],
    )?;
    Ok(gone + reputation::forget_thing(tx, organisation, address)?)
}

/// Deletes what waits in quarantine from the person, for all that it waits for; gives how many messages. What finance has not decided yet stays.
///
/// # Errors
/// [`JudgementError`] if the store fails.
pub fn delete_quarantined(tx: &mut Tx<'_>, organisation: i64, address: &str) -> Result<u64, JudgementError> {
    let mut gone = 0;
    for id in held(tx, organisation, address)?.quarantined {
        if guard::cases::is_waiting(tx, id)? {
            continue;
        }
        crate::quarantine::delete(tx, id, crate::quarantine::Whose::All)?;
        gone += 1;
    }
    Ok(gone)
}

/// Whether a message is of somebody, or for one of `accounts`, whose data rests and is used for nothing else: nothing is learned from it then.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub(crate) fn is_restricted(
    tx: &mut Tx<'_>,
    organisation: i64,
    facts: &Facts,
    accounts: &[i64],
) -> Result<bool, StoreError> {
    for account in accounts {
        if store::restrictions::is_account(tx, *account)? {
            return Ok(true);
        }
    }
    let author = facts.from.as_ref().map(|from| from.address.as_str());
    store::restrictions::is_any_address(tx, organisation, author)
}
