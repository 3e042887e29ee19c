//! Mail that names somebody: found by its envelope, told by numbers, fields, places and days, and by nothing of what it says.

use env::Timestamp;
use mail::message::{EnvelopeAddress, Summary};
use mailbox::search::{Budget, Field, Needle, Query, search_account};
use mailbox::{overview, removed};
use store::{Blobs, StoreError, Tx, params};

use crate::SubjectError;
use crate::request::load;

/// Messages of one page.
pub(crate) const PAGE_MAX: u32 = 200;

/// Fields that name somebody, as bits.
const ROLES: [(i64, &str); 5] = [(1, "from"), (2, "to"), (4, "cc"), (8, "bcc"), (16, "sender")];

/// A message that names the person of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// Whose mail it is.
    pub account: i64,
    /// The message.
    pub message: i64,
    /// Fields that name him.
    pub roles: Vec<&'static str>,
    /// When it was received; none if it is not kept any more.
    pub received: Option<Timestamp>,
    /// When it was removed, if it was.
    pub removed: Option<Timestamp>,
    /// Where it lies.
    pub folders: Vec<String>,
}

/// Messages of an account that name one of `addresses`, in lowercase, each with the fields that do; those that were removed and are still kept
/// included. Reads blobs, so this belongs where a thread may block.
pub(crate) fn find(
    tx: &mut Tx<'_>,
    blobs: &Blobs,
    account: i64,
    addresses: &[String],
) -> Result<Vec<(i64, i64)>, SubjectError> {
    let fields = [Field::From, Field::To, Field::Cc, Field::Bcc];
    let asked = addresses.iter().flat_map(|address| fields.map(|field| Query::Envelope(field, Needle::new(address))));
    let near = search_account(tx, blobs, account, &Query::Or(asked.collect()), &Budget::default())?;
    let mut found = Vec::new();
    // The search finds parts of addresses, too: li@a.test stands in ali@a.test.
    for message in near {
        let Some(summary) = summary_of(tx, account, message)? else { continue };
        let roles = roles(&summary, addresses);
        if roles != 0 {
            found.push((message, roles));
        }
    }
    Ok(found)
}

pub(crate) fn summary_of(tx: &mut Tx<'_>, account: i64, message: i64) -> Result<Option<Summary>, SubjectError> {
    let mut found = None;
    overview::summaries_of(tx, account, &[message], |_, encoded| {
        let damaged = || StoreError::Corrupt { what: format!("summary of message {message}") };
        found = Some(Summary::decode(encoded).map_err(|_| damaged())?);
        Ok(())
    })?;
    if found.is_none() {
        found = removed::summary(tx, account, message)?.map(|(_, _, summary)| summary);
    }
    Ok(found)
}

fn roles(summary: &Summary, addresses: &[String]) -> i64 {
    let envelope = &summary.envelope;
    let names = |people: &[EnvelopeAddress]| {
        people.iter().filter_map(EnvelopeAddress::email).any(|it| addresses.contains(&it.to_lowercase()))
    };
    let answers = names(&envelope.sender) || names(&envelope.reply_to);
    let held = [
        names(&envelope.from),
        names(&envelope.to),
        names(&envelope.cc),
        names(&envelope.bcc),
        // Without fields of their own both are the author.
        answers && !names(&envelope.from),
    ];
    held.iter().zip(ROLES).filter(|(is_held, _)| **is_held).map(|(_, (bit, _))| bit).sum()
}

/// Keeps what a search found in an account, in place of what an earlier one did.
pub(crate) fn keep(tx: &mut Tx<'_>, request: i64, account: i64, found: &[(i64, i64)]) -> Result<(), SubjectError> {
    tx.execute("DELETE FROM subject_mail WHERE request = $1 AND account = $2", params![request, account])?;
    for (message, roles) in found {
        tx.execute(
            "INSERT INTO subject_mail (request, account, message, roles) VALUES ($1, $2, $3, $4)
             ON CONFLICT (request, account, message) DO NOTHING",
            params![request, account, *message, *roles],
        )?;
    }
    Ok(())
}

/// How many of an account's messages of a request lie in its mailboxes, and how many were removed and are kept; with the first and the last day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) account: i64,
    pub(crate) messages: i64,
    pub(crate) removed: i64,
    pub(crate) span: Option<(i64, i64)>,
}

pub(crate) fn counts(tx: &mut Tx<'_>, request: i64) -> Result<Vec<Count>, SubjectError> {
    Ok(tx.rows(
        "SELECT s.account, COUNT(m.id), COUNT(r.id), MIN(COALESCE(m.received, r.received)), MAX(COALESCE(m.received, r.received))
         FROM subject_mail s LEFT JOIN message m ON m.account = s.account AND m.id = s.message
         LEFT JOIN removed_message r ON r.account = s.account AND r.id = s.message
         WHERE s.request = $1 GROUP BY s.account ORDER BY s.account",
        params![request],
        |row| {
            let span = row.int_opt(3)?.zip(row.int_opt(4)?);
            Ok(Count { account: row.int(0)?, messages: row.int(1)?, removed: row.int(2)?, span })
        },
    )?)
}

/// Messages that name the person of a request, at most `limit` and never more than two hundred, behind `after`.
///
/// # Errors
/// [`SubjectError`] if there is no such request, or something does not open.
pub fn mentions(
    tx: &mut Tx<'_>,
    organisation: i64,
    request: i64,
    after: Option<(i64, i64)>,
    limit: u32,
) -> Result<Vec<Mention>, SubjectError> {
    load(tx, organisation, request)?;
    let (account, message) = after.unwrap_or((i64::MIN, i64::MIN));
    let limit = if limit == 0 { PAGE_MAX } else { limit.min(PAGE_MAX) };
    let rows = tx.rows(
        "SELECT account, message, roles FROM subject_mail
         WHERE request = $1 AND (account > $2 OR (account = $2 AND message > $3)) ORDER BY account, message LIMIT $4",
        params![request, account, message, limit],
        |row| Ok((row.int(0)?, row.int(1)?, row.int(2)?)),
    )?;
    let mut mentions = Vec::with_capacity(rows.len());
    for (account, message, bits) in rows {
        let known = investigation::origin(tx, account, message)?;
        let roles = ROLES.iter().filter(|(bit, _)| bits & bit != 0).map(|(_, role)| *role).collect();
        let investigation::Item { received, removed, folders, .. } = known;
        mentions.push(Mention { account, message, roles, received, removed, folders });
    }
    Ok(mentions)
}

/// Accounts whose mail names the person of a request, by the last search.
///
/// # Errors
/// [`SubjectError`] if there is no such request, or the store fails.
pub fn accounts_of(tx: &mut Tx<'_>, organisation: i64, request: i64) -> Result<Vec<i64>, SubjectError> {
    load(tx, organisation, request)?;
    Ok(tx.rows(
        "SELECT DISTINCT account FROM subject_mail WHERE request = $1 ORDER BY account",
        params![request],
        |row| row.int(0),
    )?)
}

/// What came of removing mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Removed {
    pub(crate) gone: u64,
    pub(crate) held: u64,
}

/// Removes messages of an account for good, but for those that a legal hold covers, which stay where they lie.
pub(crate) fn remove(tx: &mut Tx<'_>, account: i64, messages: &[i64]) -> Result<Removed, SubjectError> {
    let mut done = Removed::default();
    let in_force = store::holds::of_account(tx, account)?;
    let mut going = Vec::with_capacity(messages.len());
    for message in messages {
        let places = overview::places_of(tx, account, *message)?;
        let received = tx
            .row("SELECT received FROM message WHERE account = $1 AND id = $2", params![account, *message], |row| {
                row.int(0)
            })?
            .unwrap_or(0);
        let is_covered = match summary_of(tx, account, *message)? {
            Some(summary) => in_force.iter().any(|hold| removed::covers(&hold.detail, &summary, received)),
            None => false,
        };
        if is_covered && !places.is_empty() {
            done.held += 1;
            continue;
        }
        for (mailbox, uid, _) in places {
            mailbox::discard(tx, account, mailbox, &[mailbox::UidRange::one(uid)])?;
        }
        going.push(*message);
    }
    let before = going.len() as u64;
    let purged = removed::destroy(tx, account, &going)?;
    // Without a window for removed mail they went at once.
    done.gone = before.saturating_sub(purged.held);
    done.held += purged.held;
    Ok(done)
}
