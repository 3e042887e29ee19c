//! Putting messages into mailboxes.

use env::Timestamp;
use store::{Row, Tx, params};

use crate::changes::notify;
use crate::mailboxes::{SpecialUse, name_key, with_use};
use crate::search::signature;
use crate::source::trace_context;
use crate::summaries::summary_context;
use crate::{Flags, MailboxError, Name, Prepared, threads};

/// Where a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// INBOX.
    Inbox,
    /// The mailbox with this identifier.
    Mailbox(i64),
    /// The mailbox for this use, or INBOX if the account has none.
    SpecialUse(SpecialUse),
}

/// Names a delivery, so that doing it again does nothing.
#[derive(Debug, Clone, Copy)]
pub struct Dedupe<'a> {
    /// What names it.
    pub key: &'a [u8],
    /// Until when it is remembered.
    pub expires: Timestamp,
}

/// A message on its way into a mailbox.
#[derive(Clone, Copy)]
pub struct Delivery<'a> {
    /// Where it goes.
    pub target: Target,
    /// The message.
    pub prepared: &'a Prepared,
    /// Its blob, which the caller has attached with one reference for this delivery.
    pub blob: i64,
    /// Header fields that stand before it for this account; may be empty.
    pub trace: &'a [u8],
    /// Its flags; see [`crate::keywords::intern`] for keywords.
    pub flags: Flags,
    /// When it was received.
    pub received: Timestamp,
    /// If set, a delivery of the same name is not done twice.
    pub dedupe: Option<Dedupe<'a>>,
}

/// A message that is in a mailbox now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// The mailbox.
    pub mailbox: i64,
    /// The mailbox's UIDVALIDITY.
    pub uidvalidity: u32,
    /// The message's UID.
    pub uid: u32,
    /// The message.
    pub message: i64,
    /// Its thread.
    pub thread: i64,
    /// The modseq of the change.
    pub modseq: i64,
}

/// What came of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivered {
    /// The message is in the mailbox.
    Stored(Appended),
    /// It had been delivered before; the blob's reference for this delivery has been given back.
    Duplicate,
}

/// Delivers a message to an account. When several accounts get the same blob, call this for each in the order of their
/// identifiers.
///
/// # Errors
/// [`MailboxError::OverQuota`], [`MailboxError::NoSuchMailbox`], [`MailboxError::UidsExhausted`], or if the store fails. None
/// of the first three has changed anything; a caller that goes on without this account gives the blob's reference back with
/// [`store::blobs::add_refs`].
pub fn deliver(tx: &mut Tx<'_>, account: i64, delivery: &Delivery<'_>) -> Result<Delivered, MailboxError> {
    let octets = octets(delivery);
    let modseq = count_message(tx, account, octets)?;
    let message = tx.next_id();
    if let Some(dedupe) = delivery.dedupe
        && !claim(tx, account, dedupe, message)?
    {
        uncount_message(tx, account, octets)?;
        store::blobs::add_refs(tx, delivery.blob, -1)?;
        return Ok(Delivered::Duplicate);
    }
    let place = match take_place(tx, account, delivery.target, delivery.flags, octets, modseq) {
        Err(error @ (MailboxError::NoSuchMailbox | MailboxError::UidsExhausted)) => {
            uncount_message(tx, account, octets)?;
            if let Some(dedupe) = delivery.dedupe {
                forget_claim(tx, account, dedupe)?;
            }
            return Err(error);
        }
        place => place?,
    };
    let thread = insert(tx, account, message, modseq, &place, delivery)?;
    notify(tx, account);
    let Place { mailbox, uidvalidity, uid } = place;
    Ok(Delivered::Stored(Appended { mailbox, uidvalidity, uid, message, thread, modseq }))
}

/// Puts a message into the mailbox with that identifier; its blob has been attached with one reference.
///
/// # Errors
/// As [`deliver`].
pub fn append(
    tx: &mut Tx<'_>,
    account: i64,
    mailbox: i64,
    prepared: &Prepared,
    blob: i64,
    flags: Flags,
    received: Timestamp,
) -> Result<Appended, MailboxError> {
    let target = Target::Mailbox(mailbox);
    let delivery = Delivery { target, prepared, blob, trace: &[], flags, received, dedupe: None };
    match deliver(tx, account, &delivery)? {
        Delivered::Stored(appended) => Ok(appended),
        // Only a named delivery can be one.
        Delivered::Duplicate => Err(MailboxError::NoSuchMessage),
    }
}

fn octets(delivery: &Delivery<'_>) -> i64 {
    i64::try_from(delivery.prepared.size() + delivery.trace.len() as u64).unwrap_or(i64::MAX)
}

/// Takes the account's row and adds a message to what it holds, if that is allowed; gives the modseq.
pub(crate) fn count_message(tx: &mut Tx<'_>, account: i64, octets: i64) -> Result<i64, MailboxError> {
    let modseq = tx.row(
        "UPDATE account SET modseq = modseq + 1, messages = messages + 1, bytes = bytes + $2
         WHERE id = $1 AND (quota_bytes = 0 OR bytes + $2 <= quota_bytes) RETURNING modseq",
        params![account, octets],
        |row| row.int(0),
    )?;
    match modseq {
        Some(modseq) => Ok(modseq),
        None => {
            let usage = crate::usage(tx, account)?;
            Err(MailboxError::OverQuota { used: usage.bytes, limit: usage.quota_bytes })
        }
    }
}

/// Takes the message off again.
fn uncount_message(tx: &mut Tx<'_>, account: i64, octets: i64) -> Result<(), MailboxError> {
    tx.execute(
        "UPDATE account SET messages = messages - 1, bytes = bytes - $2 WHERE id = $1",
        params![account, octets],
    )?;
    Ok(())
}

/// Whether the delivery of this name to the account is done for the first time; from now on it is not. For a delivery that puts nothing
/// into a mailbox; [`deliver`] does it by itself.
///
/// # Errors
/// [`MailboxError::Store`] if there is no such account or the store fails.
pub fn claim_delivery(tx: &mut Tx<'_>, account: i64, dedupe: Dedupe<'_>) -> Result<bool, MailboxError> {
    store::account::next_modseq(tx, account)?;
    claim(tx, account, dedupe, 0)
}

/// Whether the delivery is done for the first time; from now on it is not.
fn claim(tx: &mut Tx<'_>, account: i64, dedupe: Dedupe<'_>, message: i64) -> Result<bool, MailboxError> {
    let key = tx.context().keys.account(tx, account)?;
    let claimed = tx.execute(
        "INSERT INTO dedupe (account, delivery, message, expires) VALUES ($1, $2, $3, $4)
         ON CONFLICT (account, delivery) DO NOTHING",
        params![account, &key.hashing().hash(dedupe.key), message, dedupe.expires.millis()],
    )?;
    Ok(claimed == 1)
}

fn forget_claim(tx: &mut Tx<'_>, account: i64, dedupe: Dedupe<'_>) -> Result<(), MailboxError> {
    let key = tx.context().keys.account(tx, account)?;
    tx.execute(
        "DELETE FROM dedupe WHERE account = $1 AND delivery = $2",
        params![account, &key.hashing().hash(dedupe.key)],
    )?;
    Ok(())
}

/// The place of a message in a mailbox.
pub(crate) struct Place {
    pub(crate) mailbox: i64,
    pub(crate) uidvalidity: u32,
    pub(crate) uid: u32,
}

/// Takes the next UID of the target and adds the message to the mailbox's counters.
pub(crate) fn take_place(
    tx: &mut Tx<'_>,
    account: i64,
    target: Target,
    flags: Flags,
    octets: i64,
    modseq: i64,
) -> Result<Place, MailboxError> {
    let id = match target {
        Target::Mailbox(id) => Some(id),
        Target::Inbox => None,
        Target::SpecialUse(special_use) => with_use(tx, account, special_use)?,
    };
    let unseen = !flags.has(Flags::SEEN);
    let deleted = flags.has(Flags::DELETED);
    let place = |row: &Row<'_>| Ok(Place { mailbox: row.int(0)?, uidvalidity: row.uint32(1)?, uid: row.uint32(2)? });
    // INBOX is found by its name so that the most frequent case is one statement.
    let found = match id {
        Some(id) => tx.row(
            "UPDATE mailbox SET uidnext = uidnext + 1, highestmodseq = $3, total = total + 1, unseen = unseen + $4,
             deleted = deleted + $5, bytes = bytes + $6
             WHERE account = $1 AND id = $2 AND uidnext < 4294967295 RETURNING id, uidvalidity, uidnext - 1",
            params![account, id, modseq, unseen, deleted, octets],
            place,
        )?,
        None => {
            let key = tx.context().keys.account(tx, account)?;
            tx.row(
                "UPDATE mailbox SET uidnext = uidnext + 1, highestmodseq = $3, total = total + 1, unseen = unseen + $4,
                 deleted = deleted + $5, bytes = bytes + $6
                 WHERE account = $1 AND name_key = $2 AND uidnext < 4294967295 RETURNING id, uidvalidity, uidnext - 1",
                params![account, &name_key(&key, &Name::inbox()), modseq, unseen, deleted, octets],
                place,
            )?
        }
    };
    match (found, id) {
        (Some(place), _) => Ok(place),
        (None, Some(id)) => Err(crate::entry::uidnext(tx, account, id).err().unwrap_or(MailboxError::UidsExhausted)),
        (None, None) => Err(MailboxError::NoSuchMailbox),
    }
}

/// Writes the rows of a message; gives its thread.
fn insert(
    tx: &mut Tx<'_>,
    account: i64,
    message: i64,
    modseq: i64,
    place: &Place,
    delivery: &Delivery<'_>,
) -> Result<i64, MailboxError> {
    let context = tx.context();
    let (key, entropy) = (context.keys.account(tx, account)?, context.entropy.as_ref());
    let prepared = delivery.prepared;
    let (octets, received) = (octets(delivery), delivery.received.millis());
    let thread = threads::assign(tx, account, &key, prepared.links())?;
    let key_wrapped = key.wrap_message(entropy, prepared.key(), delivery.blob);
    let summary = key.sealing().seal(entropy, &summary_context(message), prepared.summary());
    let trace = match delivery.trace {
        [] => Vec::new(),
        trace => key.sealing().seal(entropy, &trace_context(message), trace),
    };
    tx.execute(
        "INSERT INTO message (account, id, thread, blob, key_wrapped, size, received, copies, created_modseq, summary, trace)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $9, $10)",
        params![account, message, thread, delivery.blob, &key_wrapped, octets, received, modseq, &summary, &trace],
    )?;
    tx.execute(
        "INSERT INTO mailbox_message (account, mailbox, uid, message, flags, keywords, modseq, size, received, saved)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        params![
            account,
            place.mailbox,
            place.uid,
            message,
            delivery.flags.system_column(),
            delivery.flags.keywords_column(),
            modseq,
            octets,
            received,
            tx.now().millis()
        ],
    )?;
    if !prepared.signature().is_empty() {
        let signature = key.sealing().seal(entropy, &signature::context(message), prepared.signature());
        tx.execute(
            "INSERT INTO search_signature (account, message, signature) VALUES ($1, $2, $3)",
            params![account, message, &signature],
        )?;
    }
    Ok(thread)
}
