//! Mail that was removed: kept for the organisation's window, in which it can be brought back, and for as long as a legal hold covers it.
//!
//! It counts for nobody's quota and is in no mailbox, search or list of changes. Its key stays wrapped under the account's.

use std::collections::{HashMap, hash_map};

use crypto::keys::{Account, Key};
use env::Timestamp;
use mail::message::Summary;
use store::blobs::WITH_ROW_BYTES_MAX;
use store::holds::{self, DAY_MILLIS, Hold, HoldDetail};
use store::{Row, StoreError, Tx, params};

use crate::append::{count_message, take_place};
use crate::changes::notify;
use crate::search::signature;
use crate::source::{self, Source, open_trace, trace_context};
use crate::summaries::summary_context;
use crate::threads::{self, Links};
use crate::{Flags, MailboxError, Name, Target, mailboxes};

/// Name of the mailbox into which mail is brought back.
pub const RECOVERED: &str = "Recovered";

/// Removed messages of an account that are looked through at once, the latest first.
pub const LISTED_MAX: i64 = 10_000;

/// Messages brought back in one transaction.
pub const RECOVERED_MAX: usize = 500;

/// Which removed messages are meant; all that can be brought back by default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// Removed from then on.
    pub since: Option<Timestamp>,
    /// An address or a domain in From, or a part of either; case is of no account.
    pub from: Option<String>,
    /// Words in the subject; case is of no account.
    pub subject: Option<String>,
    /// These alone.
    pub ids: Option<Vec<i64>>,
}

/// A message that was removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// Its number, which it had as a message.
    pub id: i64,
    /// When it was removed.
    pub removed: Timestamp,
    /// When it goes for good, unless a hold covers it.
    pub until: Timestamp,
    /// When it was received.
    pub received: Timestamp,
    /// Its size in octets.
    pub size: u64,
    /// Address of its author.
    pub from: String,
    /// Its subject.
    pub subject: String,
}

/// What came of bringing mail back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Recovered {
    /// Messages that are in the mailbox now.
    pub messages: usize,
    /// Whether there is more to be brought back in the same way.
    pub more: bool,
}

/// What a round of clean-up did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Purged {
    /// Messages that are gone for good.
    pub gone: u64,
    /// Their octets.
    pub bytes: u64,
    /// Messages past their window that a legal hold keeps.
    pub held: u64,
}

impl Purged {
    /// Whether the round found anything, so that another may.
    #[must_use]
    pub const fn is_something(&self) -> bool {
        self.gone + self.held > 0
    }
}

/// What is kept of removed mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kept {
    /// Messages.
    pub messages: u64,
    /// Their octets.
    pub bytes: u64,
}

/// Keeps the messages noted as destroyed under `modseq`, which still have their rows; `mailbox` was their last.
pub(crate) fn keep(
    tx: &mut Tx<'_>,
    account: i64,
    mailbox: i64,
    modseq: i64,
    organisation: i64,
) -> Result<(), MailboxError> {
    let now = tx.now().millis();
    tx.execute(
        "INSERT INTO removed_message (account, id, organisation, mailbox, removed, look, blob, key_wrapped, size, received,
             summary, trace, signature)
         SELECT m.account, m.id, CAST($3 AS BIGINT), CAST($4 AS BIGINT), CAST($5 AS BIGINT), CAST($5 AS BIGINT), m.blob,
             m.key_wrapped, m.size, m.received, m.summary, m.trace, s.signature
         FROM destroyed d JOIN message m ON m.account = d.account AND m.id = d.id
         LEFT JOIN search_signature s ON s.account = m.account AND s.message = m.id
         WHERE d.account = $1 AND d.modseq = $2 AND d.kind = 'message'",
        params![account, modseq, organisation, mailbox, now],
    )?;
    Ok(())
}

/// The removed messages of an account that can be brought back and are `wanted`, the latest removed first. What only a legal hold
/// keeps is not among them.
///
/// # Errors
/// If the store fails or a summary does not open.
pub fn list(tx: &mut Tx<'_>, account: i64, wanted: &Wanted) -> Result<Vec<Removed>, MailboxError> {
    let window = holds::keeping(tx, account)?.window_millis;
    let first = tx.now().millis().saturating_sub(window);
    let since = wanted.since.map_or(first, |since| since.millis().max(first));
    let key = tx.context().keys.account(tx, account)?;
    let mut found = Vec::new();
    if window == 0 {
        return Ok(found);
    }
    tx.for_each(
        "SELECT id, removed, received, size, summary FROM removed_message WHERE account = $1 AND removed >= $2
         ORDER BY removed DESC, id DESC LIMIT $3",
        params![account, since, LISTED_MAX],
        |row| {
            let id = row.int(0)?;
            if wanted.ids.as_ref().is_some_and(|ids| !ids.contains(&id)) {
                return Ok(());
            }
            let summary = open_summary(&key, id, row.bytes(4)?)?;
            let from = summary.envelope.from.first().and_then(mail::message::EnvelopeAddress::email);
            let removed = Removed {
                id,
                removed: Timestamp::from_millis(row.int(1)?),
                until: Timestamp::from_millis(row.int(1)?.saturating_add(window)),
                received: Timestamp::from_millis(row.int(2)?),
                size: row.int(3)?.unsigned_abs(),
                from: from.unwrap_or_default(),
                subject: summary
                    .envelope
                    .subject
                    .as_deref()
                    .map(|it| mail::message::words::decode(it).into_owned())
                    .unwrap_or_default(),
            };
            if has(wanted.from.as_deref(), &removed.from) && has(wanted.subject.as_deref(), &removed.subject) {
                found.push(removed);
            }
            Ok(())
        },
    )?;
    Ok(found)
}

/// The content of a removed message that is still kept, whatever keeps it.
///
/// # Errors
/// [`MailboxError::NoSuchMessage`], or if the store fails or something does not open.
pub fn source(tx: &mut Tx<'_>, account: i64, id: i64) -> Result<Source, MailboxError> {
    let key = tx.context().keys.account(tx, account)?;
    let found = tx.row(
        "SELECT m.id, m.key_wrapped, m.trace, m.size,
             b.id, b.segment, b.position, b.length, CASE WHEN b.length <= $3 THEN b.data END
         FROM removed_message m JOIN blob b ON b.id = m.blob WHERE m.account = $1 AND m.id = $2",
        params![account, id, WITH_ROW_BYTES_MAX],
        |row| source::from_row(&key, row),
    )?;
    found.ok_or(MailboxError::NoSuchMessage)
}

/// When a removed message was received and removed, and its summary; none if it is not kept any more.
///
/// # Errors
/// If the store fails or the summary does not open.
pub fn summary(
    tx: &mut Tx<'_>,
    account: i64,
    id: i64,
) -> Result<Option<(Timestamp, Timestamp, Summary)>, MailboxError> {
    let key = tx.context().keys.account(tx, account)?;
    Ok(tx.row(
        "SELECT received, removed, summary FROM removed_message WHERE account = $1 AND id = $2",
        params![account, id],
        |row| {
            let summary = open_summary(&key, id, row.bytes(2)?)?;
            Ok((Timestamp::from_millis(row.int(0)?), Timestamp::from_millis(row.int(1)?), summary))
        },
    )?)
}

fn has(part: Option<&str>, whole: &str) -> bool {
    part.is_none_or(|part| whole.to_lowercase().contains(&part.to_lowercase()))
}

/// Brings removed messages back, at most [`RECOVERED_MAX`], as new and seen messages in the mailbox [`RECOVERED`], which is made if it is
/// not there.
///
/// # Errors
/// [`MailboxError::OverQuota`] where they do not fit, and nothing is brought back then; or if the store fails.
pub fn recover(tx: &mut Tx<'_>, account: i64, wanted: &Wanted) -> Result<Recovered, MailboxError> {
    store::account::next_modseq(tx, account)?;
    let mut found = list(tx, account, wanted)?;
    let more = found.len() > RECOVERED_MAX;
    found.truncate(RECOVERED_MAX);
    if found.is_empty() {
        return Ok(Recovered::default());
    }
    let name = Name::parse(RECOVERED)?;
    let mailbox = match mailboxes::find(tx, account, &name)? {
        Some(mailbox) => mailbox.id,
        None => mailboxes::create(tx, account, &name, None)?.id,
    };
    let key = tx.context().keys.account(tx, account)?;
    for removed in &found {
        bring_back(tx, account, &key, mailbox, removed.id)?;
    }
    notify(tx, account);
    Ok(Recovered { messages: found.len(), more })
}

/// A row of `removed_message` on its way back.
struct Back {
    blob: i64,
    key_wrapped: Vec<u8>,
    size: i64,
    received: i64,
    summary: Vec<u8>,
    trace: Vec<u8>,
    signature: Option<Vec<u8>>,
}

/// Puts one back. It gets a new identifier, as clients have been told that the old one is gone, so what is bound to it is sealed anew.
fn bring_back(
    tx: &mut Tx<'_>,
    account: i64,
    key: &Key<Account>,
    mailbox: i64,
    removed: i64,
) -> Result<(), MailboxError> {
    let row = tx.row(
        "DELETE FROM removed_message WHERE account = $1 AND id = $2
         RETURNING blob, key_wrapped, size, received, summary, trace, signature",
        params![account, removed],
        |row| {
            Ok(Back {
                blob: row.int(0)?,
                key_wrapped: row.bytes(1)?.to_vec(),
                size: row.int(2)?,
                received: row.int(3)?,
                summary: row.bytes(4)?.to_vec(),
                trace: row.bytes(5)?.to_vec(),
                signature: row.bytes_opt(6)?.map(<[u8]>::to_vec),
            })
        },
    )?;
    let Some(back) = row else { return Err(MailboxError::NoSuchMessage) };
    let (message, flags) = (tx.next_id(), Flags::system(Flags::SEEN));
    let modseq = count_message(tx, account, back.size)?;
    let place = take_place(tx, account, Target::Mailbox(mailbox), flags, back.size, modseq)?;
    let (context, now) = (tx.context(), tx.now().millis());
    let (sealing, entropy) = (key.sealing(), context.entropy.as_ref());
    let summary = open_summary(key, removed, &back.summary)?;
    let references = summary.references.iter().map(String::as_str);
    let links = Links::new(&summary.subject_base, summary.message_id.as_deref(), references);
    let thread = threads::assign(tx, account, key, &links)?;
    let trace = match open_trace(sealing, removed, &back.trace)? {
        trace if trace.is_empty() => trace,
        trace => sealing.seal(entropy, &trace_context(message), &trace),
    };
    let summary = sealing.seal(entropy, &summary_context(message), &summary.encode());
    tx.execute(
        "INSERT INTO message (account, id, thread, blob, key_wrapped, size, received, copies, created_modseq, summary, trace)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $9, $10)",
        params![account, message, thread, back.blob, &back.key_wrapped, back.size, back.received, modseq, &summary, &trace],
    )?;
    tx.execute(
        "INSERT INTO mailbox_message (account, mailbox, uid, message, flags, keywords, modseq, size, received, saved)
         VALUES ($1, $2, $3, $4, $5, 0, $6, $7, $8, $9)",
        params![account, mailbox, place.uid, message, flags.system_column(), modseq, back.size, back.received, now],
    )?;
    if let Some(sealed) = back.signature {
        let plain =
            sealing.open("search signature", &signature::context(removed), &sealed).map_err(StoreError::from)?;
        let sealed = sealing.seal(entropy, &signature::context(message), &plain);
        tx.execute(
            "INSERT INTO search_signature (account, message, signature) VALUES ($1, $2, $3)",
            params![account, message, &sealed],
        )?;
    }
    Ok(())
}

/// A removed message whose window is over.
struct Over {
    account: i64,
    id: i64,
    blob: i64,
    size: u64,
    received: i64,
    summary: Vec<u8>,
}

/// Takes out for good what is past its window and covered by no legal hold, at most `limit` of each organisation. A clock that was set
/// back only keeps mail for longer. Call again while it finds something.
///
/// # Errors
/// If the store fails or something does not open.
pub fn purge(tx: &mut Tx<'_>, limit: u32) -> Result<Purged, MailboxError> {
    let organisations = tx.rows("SELECT id FROM organisation ORDER BY id", &[], |row| row.int(0))?;
    let mut purged = Purged::default();
    for organisation in organisations {
        purge_of(tx, organisation, limit, &mut purged)?;
    }
    Ok(purged)
}

fn purge_of(tx: &mut Tx<'_>, organisation: i64, limit: u32, purged: &mut Purged) -> Result<(), MailboxError> {
    let over_before =
        tx.now().millis().saturating_sub(holds::window_days(tx, organisation)?.saturating_mul(DAY_MILLIS));
    let over = tx.rows(
        "SELECT account, id, blob, size, received, summary FROM removed_message
         WHERE organisation = $1 AND look <= $2 ORDER BY look LIMIT $3",
        params![organisation, over_before, limit],
        read_over,
    )?;
    let mut holds_of: HashMap<i64, Vec<Hold>> = HashMap::new();
    for one in over {
        let in_force = match holds_of.entry(one.account) {
            hash_map::Entry::Occupied(known) => known.into_mut(),
            hash_map::Entry::Vacant(new) => new.insert(holds::of_account(tx, one.account)?),
        };
        if is_covered(tx, &one, in_force)? {
            // Looked at again in a day.
            tx.execute(
                "UPDATE removed_message SET look = $3 WHERE account = $1 AND id = $2",
                params![one.account, one.id, over_before.saturating_add(DAY_MILLIS)],
            )?;
            purged.held += 1;
        } else {
            tx.execute("DELETE FROM removed_message WHERE account = $1 AND id = $2", params![one.account, one.id])?;
            store::blobs::add_refs(tx, one.blob, -1)?;
            purged.gone += 1;
            purged.bytes += one.size;
        }
    }
    Ok(())
}

fn read_over(row: &Row<'_>) -> Result<Over, StoreError> {
    Ok(Over {
        account: row.int(0)?,
        id: row.int(1)?,
        blob: row.int(2)?,
        size: row.int(3)?.unsigned_abs(),
        received: row.int(4)?,
        summary: row.bytes(5)?.to_vec(),
    })
}

fn is_covered(tx: &mut Tx<'_>, one: &Over, in_force: &[Hold]) -> Result<bool, MailboxError> {
    if in_force.is_empty() || in_force.iter().any(|hold| hold.detail.is_whole()) {
        return Ok(!in_force.is_empty());
    }
    let key = tx.context().keys.account(tx, one.account)?;
    let summary = open_summary(&key, one.id, &one.summary)?;
    Ok(in_force.iter().any(|hold| covers(&hold.detail, &summary, one.received)))
}

/// Whether a hold with this content covers a message that was received at that time.
#[must_use]
pub fn covers(detail: &HoldDetail, summary: &Summary, received: i64) -> bool {
    let in_time =
        detail.since.is_none_or(|since| received >= since) && detail.before.is_none_or(|before| received < before);
    let envelope = &summary.envelope;
    let people = [&envelope.from, &envelope.sender, &envelope.reply_to, &envelope.to, &envelope.cc, &envelope.bcc];
    let is_with = |with: &String| {
        let mut addresses = people.into_iter().flatten().filter_map(mail::message::EnvelopeAddress::email);
        addresses.any(|address| is_of(with, &address.to_lowercase()))
    };
    in_time && detail.with.as_ref().is_none_or(is_with)
}

/// Whether `address` is `named`, an address, or at it, a domain, or below that; both in lowercase.
#[must_use]
pub fn is_of(named: &str, address: &str) -> bool {
    let named = named.trim_start_matches('@');
    match address.rsplit_once('@') {
        _ if named.contains('@') => address == named,
        Some((_, domain)) => domain == named || domain.strip_suffix(named).is_some_and(|above| above.ends_with('.')),
        None => false,
    }
}

/// Takes removed messages out for good before their window is over, but for those that a legal hold covers; gives how many went, and how many
/// stay.
///
/// # Errors
/// If the store fails or something does not open.
pub fn destroy(tx: &mut Tx<'_>, account: i64, messages: &[i64]) -> Result<Purged, MailboxError> {
    store::account::next_modseq(tx, account)?;
    let in_force = holds::of_account(tx, account)?;
    let mut purged = Purged::default();
    for message in messages {
        let found = tx.row(
            "SELECT account, id, blob, size, received, summary FROM removed_message WHERE account = $1 AND id = $2",
            params![account, *message],
            read_over,
        )?;
        let Some(one) = found else { continue };
        if is_covered(tx, &one, &in_force)? {
            purged.held += 1;
            continue;
        }
        tx.execute("DELETE FROM removed_message WHERE account = $1 AND id = $2", params![account, *message])?;
        store::blobs::add_refs(tx, one.blob, -1)?;
        purged.gone += 1;
        purged.bytes += one.size;
    }
    Ok(purged)
}

/// What is kept of removed mail of an organisation.
///
/// # Errors
/// If the store fails.
pub fn kept(tx: &mut Tx<'_>, organisation: i64) -> Result<Kept, MailboxError> {
    let kept = tx.row(
        "SELECT COUNT(*), CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM removed_message WHERE organisation = $1",
        params![organisation],
        |row| Ok(Kept { messages: row.int(0)?.unsigned_abs(), bytes: row.int(1)?.unsigned_abs() }),
    )?;
    Ok(kept.unwrap_or_default())
}

fn open_summary(key: &Key<Account>, message: i64, sealed: &[u8]) -> Result<Summary, StoreError> {
    let plain = key.sealing().open("summary", &summary_context(message), sealed)?;
    Summary::decode(&plain).map_err(|_| StoreError::Corrupt { what: "summary of a removed message".to_owned() })
}
