//! Domains that look like ours: whoever registers one means to write in our name, to us or to our partners.
//!
//! Each that mail names is listed once, with when it was seen first and last and how often, and told once.

use crypto::keys::{Key, Organisation};
use env::{Entropy, Timestamp};
use serde::{Deserialize, Serialize};
use store::page::{Cursor, OPENED_MAX, Page, fill};
use store::{StoreError, Tx, params};

use crate::knowledge::Knowledge;
use crate::shelf;
use crate::signals::lookalike::{Trick, likeness};
use crate::{Direction, GuardError, Subject};

const PLACE: &str = "guard_alike.detail";

/// From this closeness on a domain is listed: names that are like by chance are not.
const CLOSENESS_MIN: f32 = 0.7;

/// Domains of one message that are noted.
const NOTED_MAX: usize = 4;

/// Domains of one organisation that are kept; more are not noted until old ones are forgotten.
const KEPT_MAX: i64 = 10_000;

/// Days after which a domain that nobody names any more is forgotten.
const FORGOTTEN_DAYS: i64 = 730;

/// What is known of a look-alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alike {
    /// The domain, or the host below another's.
    pub domain: String,
    /// The one of ours that it is like.
    pub own: String,
    /// By what.
    pub trick: Trick,
}

/// A look-alike as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Its number.
    pub id: i64,
    /// Whose domain it is like.
    pub organisation: i64,
    /// What it is.
    pub alike: Alike,
    /// When it was seen first.
    pub first: Timestamp,
    /// When it was seen last.
    pub last: Timestamp,
    /// Messages that named it as author, address for answers or recipient.
    pub messages: i64,
}

/// A look-alike that is to be noted: the hash of its name, and what is sealed.
pub(crate) type Noted = (i64, Vec<u8>);

/// Look-alikes of ours that a message names, sealed.
pub(crate) fn noted(
    key: &Key<Organisation>,
    entropy: &dyn Entropy,
    subject: &Subject,
    knowledge: &Knowledge,
) -> Result<Vec<Noted>, GuardError> {
    let mut found = Vec::new();
    for alike in of(subject, knowledge) {
        let name = key.hashing().hash_i64(format!("guard alike {}", alike.domain).as_bytes());
        if found.iter().all(|(known, _)| *known != name) {
            found.push((name, shelf::seal(key, entropy, PLACE, name, &alike)?));
        }
    }
    Ok(found)
}

/// Look-alikes of ours among the hosts of a message.
fn of(subject: &Subject, knowledge: &Knowledge) -> Vec<Alike> {
    if subject.direction == Direction::Within {
        return Vec::new();
    }
    let near = knowledge.near.iter().filter(|near| near.is_own && !near.own_contact.is_company());
    let alike = near.filter_map(|near| {
        let like = likeness(&near.domain, &near.known).filter(|like| like.closeness >= CLOSENESS_MIN)?;
        Some(Alike { domain: near.domain.clone(), own: near.known.clone(), trick: like.trick })
    });
    alike.take(NOTED_MAX).collect()
}

/// Notes a look-alike, in the transaction of the message that named it.
pub(crate) fn note(tx: &mut Tx<'_>, organisation: i64, (name, sealed): &Noted) -> Result<(), StoreError> {
    let now = tx.now().millis();
    let again = tx.execute(
        "UPDATE guard_alike SET last = $3, messages = messages + 1 WHERE organisation = $1 AND name = $2",
        params![organisation, *name, now],
    )?;
    if again > 0 {
        return Ok(());
    }
    let kept =
        tx.row("SELECT COUNT(*) FROM guard_alike WHERE organisation = $1", params![organisation], |row| row.int(0))?;
    if kept.unwrap_or(0) >= KEPT_MAX {
        tracing::warn!(organisation, "too many look-alikes of this organisation's domains: a new one is not noted");
        return Ok(());
    }
    tx.execute(
        "INSERT INTO guard_alike (id, organisation, name, first, last, messages, told, detail)
         VALUES ($1, $2, $3, $4, $4, 1, 0, $5)
         ON CONFLICT (organisation, name) DO UPDATE SET last = $4, messages = guard_alike.messages + 1",
        params![tx.next_id(), organisation, *name, now, sealed],
    )?;
    Ok(())
}

/// Look-alikes of an organisation's domains, the latest found first, at most `most`.
///
/// # Errors
/// When the store fails, or a row does not read.
pub fn list(tx: &mut Tx<'_>, organisation: i64, most: i64) -> Result<Vec<Seen>, GuardError> {
    read(
        tx,
        "SELECT id, organisation, name, first, last, messages, detail FROM guard_alike WHERE organisation = $1
         ORDER BY id DESC LIMIT $2",
        organisation,
        most,
    )
}

/// A page of look-alikes of an organisation's domains, the latest found first: those whose name, or ours, has `text` in it.
///
/// # Errors
/// When the store fails, or a row does not read.
pub fn page(
    tx: &mut Tx<'_>,
    organisation: i64,
    text: Option<&str>,
    (after, limit): (Cursor, usize),
) -> Result<Page<Seen>, GuardError> {
    let key = tx.context().keys.organisation(tx, organisation)?;
    let text = text.map(str::to_lowercase);
    let block = |tx: &mut Tx<'_>, after: &Cursor, count: usize| {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let rows = tx.rows(
            "SELECT id, organisation, name, first, last, messages, detail FROM guard_alike
             WHERE organisation = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
            params![organisation, after.id, count],
            |row| {
                let raw = raw(row)?;
                Ok((Cursor { at: raw.0[3], id: raw.0[0] }, raw))
            },
        )?;
        Ok::<_, GuardError>(rows)
    };
    let keep = |_: &mut Tx<'_>, raw: Raw| {
        let seen = open(&key, raw)?;
        let has = |text: &str| [&seen.alike.domain, &seen.alike.own].iter().any(|it| it.to_lowercase().contains(text));
        let fits = text.as_deref().is_none_or(has);
        Ok(Some(seen).filter(|_| fits))
    };
    fill(tx, after, (limit, OPENED_MAX), block, keep)
}

/// Look-alikes that nobody was told of yet, of one organisation, at most `most`.
///
/// # Errors
/// When the store fails, or a row does not read.
pub fn untold(tx: &mut Tx<'_>, most: i64) -> Result<Vec<Seen>, GuardError> {
    let first = "SELECT organisation FROM guard_alike WHERE told = 0 ORDER BY id LIMIT 1";
    let Some(organisation) = tx.row(first, params![], |row| row.int(0))? else { return Ok(Vec::new()) };
    read(
        tx,
        "SELECT id, organisation, name, first, last, messages, detail FROM guard_alike
         WHERE organisation = $1 AND told = 0 ORDER BY id LIMIT $2",
        organisation,
        most,
    )
}

/// Takes it upon oneself to tell of a look-alike, in the transaction that posts the letters; false if another node has.
///
/// # Errors
/// When the store fails.
pub fn claim_untold(tx: &mut Tx<'_>, id: i64) -> Result<bool, StoreError> {
    Ok(tx.execute("UPDATE guard_alike SET told = 1 WHERE id = $1 AND told = 0", params![id])? == 1)
}

/// Forgets those that were not seen for long; gives how many.
pub(crate) fn forget(tx: &mut Tx<'_>) -> Result<u64, StoreError> {
    let before = tx.now().millis() - FORGOTTEN_DAYS * 86_400_000;
    tx.execute("DELETE FROM guard_alike WHERE last < $1", params![before])
}

fn read(tx: &mut Tx<'_>, sql: &'static str, organisation: i64, most: i64) -> Result<Vec<Seen>, GuardError> {
    let key = tx.context().keys.organisation(tx, organisation)?;
    let rows = tx.rows(sql, params![organisation, most], raw)?;
    rows.into_iter().map(|row| open(&key, row)).collect()
}

/// A row of the table: its numbers, and what is sealed.
type Raw = ([i64; 6], Vec<u8>);

fn raw(row: &store::Row<'_>) -> Result<Raw, StoreError> {
    let numbers = [row.int(0)?, row.int(1)?, row.int(2)?, row.int(3)?, row.int(4)?, row.int(5)?];
    Ok((numbers, row.bytes(6)?.to_vec()))
}

fn open(
    key: &Key<Organisation>,
    ([id, organisation, name, first, last, messages], sealed): Raw,
) -> Result<Seen, GuardError> {
    let alike = shelf::unseal(key, PLACE, name, &sealed)?;
    let (first, last) = (Timestamp::from_millis(first), Timestamp::from_millis(last));
    Ok(Seen { id, organisation, alike, first, last, messages })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::{Contact, Near};

    fn listed(domain: &str, own_contact: Contact) -> Vec<String> {
        let near = Near {
            domain: domain.to_owned(),
            known: "xinfeng-trade.example".to_owned(),
            is_own: true,
            own_contact,
            ..Near::default()
        };
        let knowledge = Knowledge { near: vec![near], ..Knowledge::default() };
        of(&Subject::default(), &knowledge).into_iter().map(|alike| alike.domain).collect()
    }

    #[test]
    fn what_looks_like_ours_is_listed_unless_it_is_a_company_by_itself() {
        assert_eq!(listed("xinfeng-tarde.example", Contact::default()), ["xinfeng-tarde.example"]);
        assert_eq!(listed("xlnfeng-trade.example", Contact::default()), ["xlnfeng-trade.example"]);
        assert!(listed("another-company.example", Contact::default()).is_empty());
        let contact = Contact { received: 2, sent: 2, ..Contact::default() };
        assert!(listed("xlnfeng-trade.example", contact).is_empty());
    }
}
