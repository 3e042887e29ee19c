//! The journal of mail: messages as they were received, with their envelopes, kept for a period beside the mailboxes, whatever becomes of
//! them there.
//!
//! An entry is of an organisation and rests under its key, so that it outlives the accounts that took part, its custodians. It is written
//! in the transaction that takes the message, names the same blob as the mailboxes, and is never changed. Which messages are kept, and for
//! how long, is decided by whoever calls.

use std::collections::{HashMap, HashSet, hash_map};

use crypto::keys::{Key, Organisation};
use env::Timestamp;
use mail::message::Summary;
use store::blobs::WITH_ROW_BYTES_MAX;
use store::holds::{self, DAY_MILLIS, Hold};
use store::{Blobs, Row, StoreError, Tx, params};

use crate::removed::{Purged, covers};
use crate::search::{Budget, Opens, Query, Rows, search_rows, signature};
use crate::source::{self, Source, trace_context};
use crate::summaries::summary_context;
use crate::{MailboxError, Prepared};

/// A message that enters the journal.
pub struct NewEntry<'a> {
    /// Whose journal.
    pub organisation: i64,
    /// The message.
    pub prepared: &'a Prepared,
    /// Its blob, which the caller has attached with one reference for this entry.
    pub blob: i64,
    /// Header fields of ours that stand before it; may be empty.
    pub trace: &'a [u8],
    /// When it was received.
    pub received: Timestamp,
    /// Until when it is kept.
    pub until: Timestamp,
    /// A law asks for it, so that the erasure of a person does not take it.
    pub by_law: bool,
    /// The envelope, in the form of whoever calls.
    pub envelope: &'a [u8],
    /// Accounts of the organisation that took part, each once.
    pub custodians: &'a [i64],
}

/// A message in the journal.
#[derive(Debug, Clone, PartialEq)]
pub struct Journaled {
    /// Its number.
    pub id: i64,
    /// When it was received.
    pub received: Timestamp,
    /// Until when it is kept, unless a hold covers it.
    pub until: Timestamp,
    /// The envelope, as it was given.
    pub envelope: Vec<u8>,
    /// What is known of the message.
    pub summary: Summary,
}

/// What became of the entries of somebody who is erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Forgotten {
    /// Entries that he is no custodian of any more, or that are gone.
    pub gone: u64,
    /// Entries that a law keeps.
    pub kept: u64,
}

/// What the envelope of an entry is sealed for.
fn envelope_context(entry: i64) -> [u8; 20] {
    crate::sealed_context(b"mail_journal", entry)
}

/// Keeps a message; gives the number of its entry.
///
/// # Errors
/// If the store fails: then the message must not be taken.
pub fn keep(tx: &mut Tx<'_>, new: &NewEntry<'_>) -> Result<i64, MailboxError> {
    let context = tx.context();
    let (key, entropy) = (context.keys.organisation(tx, new.organisation)?, context.entropy.as_ref());
    let (id, sealing) = (tx.next_id(), key.sealing());
    let size = i64::try_from(new.prepared.size() + new.trace.len() as u64).unwrap_or(i64::MAX);
    let trace = match new.trace {
        [] => Vec::new(),
        trace => sealing.seal(entropy, &trace_context(id), trace),
    };
    let signature = match new.prepared.signature() {
        [] => None,
        signature => Some(sealing.seal(entropy, &signature::context(id), signature)),
    };
    tx.execute(
        "INSERT INTO mail_journal (id, organisation, blob, key_wrapped, size, received, until, look, by_law, envelope, summary,
             trace, signature) VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9, $10, $11, $12)",
        params![
            id,
            new.organisation,
            new.blob,
            &key.wrap_message(entropy, new.prepared.key(), new.blob),
            size,
            new.received.millis(),
            new.until.millis(),
            new.by_law,
            &sealing.seal(entropy, &envelope_context(id), new.envelope),
            &sealing.seal(entropy, &summary_context(id), new.prepared.summary()),
            &trace,
            signature.as_ref()
        ],
    )?;
    for custodian in new.custodians {
        tx.execute("INSERT INTO mail_journal_custodian (custodian, entry) VALUES ($1, $2)", params![*custodian, id])?;
    }
    Ok(id)
}

/// An entry of an organisation; with `custodian`, only if he took part. None if it is not kept any more.
///
/// # Errors
/// If the store fails or something does not open.
pub fn load(
    tx: &mut Tx<'_>,
    organisation: i64,
    custodian: Option<i64>,
    id: i64,
) -> Result<Option<Journaled>, MailboxError> {
    let key = tx.context().keys.organisation(tx, organisation)?;
    Ok(tx.row(
        "SELECT received, until, envelope, summary FROM mail_journal e WHERE e.id = $1 AND e.organisation = $2
             AND ($3 = 0 OR EXISTS (SELECT 1 FROM mail_journal_custodian c WHERE c.custodian = $3 AND c.entry = e.id))",
        params![id, organisation, custodian.unwrap_or(0)],
        |row| {
            let envelope = key.sealing().open("envelope in the journal", &envelope_context(id), row.bytes(2)?)?;
            Ok(Journaled {
                id,
                received: Timestamp::from_millis(row.int(0)?),
                until: Timestamp::from_millis(row.int(1)?),
                envelope,
                summary: open_summary(&key, id, row.bytes(3)?)?,
            })
        },
    )?)
}

/// The content of an entry.
///
/// # Errors
/// [`MailboxError::NoSuchMessage`], or if the store fails or something does not open.
pub fn source(tx: &mut Tx<'_>, organisation: i64, id: i64) -> Result<Source, MailboxError> {
    let key = tx.context().keys.organisation(tx, organisation)?;
    let found = tx.row(
        "SELECT e.id, e.key_wrapped, e.trace, e.size,
             b.id, b.segment, b.position, b.length, CASE WHEN b.length <= $3 THEN b.data END
         FROM mail_journal e JOIN blob b ON b.id = e.blob WHERE e.id = $1 AND e.organisation = $2",
        params![id, organisation, WITH_ROW_BYTES_MAX],
        |row| source::from_row_under(key.sealing(), |wrapped, blob| key.unwrap_message(wrapped, blob), row),
    )?;
    found.ok_or(MailboxError::NoSuchMessage)
}

fn open_summary(key: &Key<Organisation>, id: i64, sealed: &[u8]) -> Result<Summary, StoreError> {
    let plain = key.sealing().open("summary in the journal", &summary_context(id), sealed)?;
    Summary::decode(&plain).map_err(|_| StoreError::Corrupt { what: format!("summary of entry {id} in the journal") })
}

/// The entries of a custodian that match `query` and of which his mailboxes, and what was removed from them, have nothing any more; rising. Reads
/// blobs, so this belongs where a thread may block.
///
/// # Errors
/// As [`crate::search::search`].
pub fn search(
    tx: &mut Tx<'_>,
    blobs: &Blobs,
    (organisation, custodian): (i64, i64),
    query: &Query,
    budget: &Budget,
) -> Result<Vec<i64>, MailboxError> {
    let still = tx.rows(
        "SELECT blob FROM message WHERE account = $1 UNION ALL SELECT blob FROM removed_message WHERE account = $1",
        params![custodian],
        |row| row.int(0),
    )?;
    let still: HashSet<i64> = still.into_iter().collect();
    let key = tx.context().keys.organisation(tx, organisation)?;
    let rows = Rows {
        key: Opens::Organisation(key),
        account: custodian,
        sql: "SELECT CAST(0 AS BIGINT), e.id, CAST(0 AS BIGINT), CAST(0 AS BIGINT), CAST(0 AS BIGINT), e.size, e.received,
             e.received, e.summary, e.trace, e.signature, e.blob
         FROM mail_journal_custodian c JOIN mail_journal e ON e.id = c.entry
         WHERE c.custodian = $1 AND e.organisation = $2 ORDER BY e.id",
        params: params![custodian, organisation],
    };
    let is_gone = |row: &Row<'_>| Ok(!still.contains(&row.int(11)?));
    let read = |tx: &mut Tx<'_>, id| source(tx, organisation, id);
    search_rows(tx, blobs, rows, (query, budget), is_gone, read)
}

/// An entry whose period is over.
struct Over {
    id: i64,
    organisation: i64,
    blob: i64,
    size: u64,
    received: i64,
    summary: Vec<u8>,
}

/// Takes out what is past its period and covered by no legal hold, at most `limit`. A clock that was set back only keeps mail for longer. Call
/// again while it finds something.
///
/// # Errors
/// If the store fails or something does not open.
pub fn purge(tx: &mut Tx<'_>, limit: u32) -> Result<Purged, MailboxError> {
    let now = tx.now().millis();
    let over = tx.rows(
        "SELECT id, organisation, blob, size, received, summary FROM mail_journal WHERE look <= $1 ORDER BY look LIMIT $2",
        params![now, limit],
        |row| {
            Ok(Over {
                id: row.int(0)?,
                organisation: row.int(1)?,
                blob: row.int(2)?,
                size: row.int(3)?.unsigned_abs(),
                received: row.int(4)?,
                summary: row.bytes(5)?.to_vec(),
            })
        },
    )?;
    let (mut purged, mut holds_of) = (Purged::default(), HashMap::<i64, Vec<Hold>>::new());
    for one in over {
        let in_force = match holds_of.entry(one.organisation) {
            hash_map::Entry::Occupied(known) => known.into_mut(),
            hash_map::Entry::Vacant(new) => {
                let all = holds::list(tx, one.organisation)?;
                new.insert(all.into_iter().filter(|hold| hold.ended.is_none()).collect())
            }
        };
        if is_covered(tx, &one, in_force)? {
            // Looked at again in a day.
            tx.execute(
                "UPDATE mail_journal SET look = $2 WHERE id = $1",
                params![one.id, now.saturating_add(DAY_MILLIS)],
            )?;
            purged.held += 1;
        } else {
            take_out(tx, one.id, one.blob)?;
            purged.gone += 1;
            purged.bytes += one.size;
        }
    }
    Ok(purged)
}

fn is_covered(tx: &mut Tx<'_>, one: &Over, in_force: &[Hold]) -> Result<bool, MailboxError> {
    if in_force.is_empty() {
        return Ok(false);
    }
    let custodians = custodians(tx, one.id)?;
    let is_on = |hold: &&Hold| hold.everyone || hold.accounts.iter().any(|account| custodians.contains(account));
    let mut holds = in_force.iter().filter(is_on).peekable();
    if holds.peek().is_none() {
        return Ok(false);
    }
    let key = tx.context().keys.organisation(tx, one.organisation)?;
    let summary = open_summary(&key, one.id, &one.summary)?;
    Ok(holds.any(|hold| hold.detail.is_whole() || covers(&hold.detail, &summary, one.received)))
}

/// The accounts that took part.
///
/// # Errors
/// If the store fails.
pub fn custodians(tx: &mut Tx<'_>, entry: i64) -> Result<Vec<i64>, MailboxError> {
    Ok(tx.rows(
        "SELECT custodian FROM mail_journal_custodian WHERE entry = $1 ORDER BY custodian",
        params![entry],
        |row| row.int(0),
    )?)
}

fn take_out(tx: &mut Tx<'_>, id: i64, blob: i64) -> Result<(), MailboxError> {
    tx.execute("DELETE FROM mail_journal_custodian WHERE entry = $1", params![id])?;
    tx.execute("DELETE FROM mail_journal_report WHERE entry = $1", params![id])?;
    tx.execute("DELETE FROM mail_journal WHERE id = $1", params![id])?;
    store::blobs::add_refs(tx, blob, -1)?;
    Ok(())
}

/// Takes `custodian` out of the entries that no law keeps; those of nobody else go. For the erasure of a person, once no hold covers him.
///
/// # Errors
/// If the store fails.
pub fn forget(tx: &mut Tx<'_>, custodian: i64) -> Result<Forgotten, MailboxError> {
    let entries = tx.rows(
        "SELECT e.id, e.blob, e.by_law, CASE WHEN EXISTS (
                 SELECT 1 FROM mail_journal_custodian o WHERE o.entry = e.id AND o.custodian <> $1) THEN 1 ELSE 0 END
         FROM mail_journal_custodian c JOIN mail_journal e ON e.id = c.entry WHERE c.custodian = $1",
        params![custodian],
        |row| Ok((row.int(0)?, row.int(1)?, row.flag(2)?, row.flag(3)?)),
    )?;
    let mut forgotten = Forgotten::default();
    for (id, blob, by_law, has_others) in entries {
        if by_law {
            forgotten.kept += 1;
            continue;
        }
        forgotten.gone += 1;
        if has_others {
            tx.execute(
                "DELETE FROM mail_journal_custodian WHERE custodian = $1 AND entry = $2",
                params![custodian, id],
            )?;
        } else {
            take_out(tx, id, blob)?;
        }
    }
    Ok(forgotten)
}
