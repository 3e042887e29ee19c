//! Messages that were found, and what was thought of them.

use env::Timestamp;
use mail::message::{EnvelopeAddress, Summary, words};
use mailbox::{MailboxError, Source, journaled, mailboxes, overview, removed};
use serde::{Deserialize, Serialize};
use store::owned::{self, Owner};
use store::{StoreError, Tx, params};

use crate::InvestigationError;
use crate::file::load;

/// Messages of one page.
pub const PAGE_MAX: i64 = 200;

/// Octets of a note.
pub const NOTE_BYTES_MAX: usize = 2_000;

const DETAIL: &str = "investigation_item.detail";

env::words! {
    /// What whoever looks thinks of a message.
    Mark "mark" allowed "unseen, relevant, irrelevant, privileged" {
        /// Nobody has said anything of it.
        Unseen = "unseen",
        /// It belongs to the matter.
        Relevant = "relevant",
        /// It does not.
        Irrelevant = "irrelevant",
        /// It is between client and counsel, or private, and must not be handed over.
        Privileged = "privileged",
    }
}

impl Mark {
    fn number(self) -> i64 {
        Self::ALL.iter().position(|it| *it == self).and_then(|at| i64::try_from(at).ok()).unwrap_or(0)
    }

    fn of(number: i64) -> Self {
        usize::try_from(number).ok().and_then(|at| Self::ALL.get(at).copied()).unwrap_or(Self::Unseen)
    }
}

/// Which messages of an investigation are meant.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// With this mark alone.
    pub mark: Option<Mark>,
    /// Those that this search was the first to find.
    pub search: Option<i64>,
    /// Behind this message, as account and message.
    pub after: Option<(i64, i64)>,
}

/// What was said of a message.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Said {
    note: String,
    by: String,
    at: i64,
}

/// The envelope under which a message in the journal was taken.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Envelope {
    /// Its number, as its Received field has it.
    pub message: String,
    /// The sender; empty for nobody.
    pub from: String,
    /// All recipients.
    pub to: Vec<String>,
    /// Names of the rules by which it is kept.
    pub rules: Vec<String>,
}

/// A message that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Whose mail it is.
    pub account: i64,
    /// The message.
    pub message: i64,
    /// The first search that found it.
    pub search: i64,
    /// What was thought of it.
    pub mark: Mark,
    /// What was noted of it.
    pub note: String,
    /// Who said so.
    pub marked_by: String,
    /// When it was received; none if it is not kept any more.
    pub received: Option<Timestamp>,
    /// When it was removed, if it was.
    pub removed: Option<Timestamp>,
    /// Until when the journal keeps it, if it lies there alone.
    pub journaled: Option<Timestamp>,
    /// Sender and recipients of its envelope, those of blind copies included, if it lies in the journal alone.
    pub envelope: Option<Envelope>,
    /// Where it lies.
    pub folders: Vec<String>,
    /// Its author.
    pub from: String,
    /// Its subject.
    pub subject: String,
    /// Its Message-ID.
    pub message_id: Option<String>,
}

/// Messages that were found, at most [`PAGE_MAX`], by account and message.
///
/// # Errors
/// [`InvestigationError`] if there is no such investigation, or something does not open.
pub fn items(tx: &mut Tx<'_>, organisation: i64, id: i64, wanted: &Wanted) -> Result<Vec<Item>, InvestigationError> {
    load(tx, organisation, id)?;
    let (account, message) = wanted.after.unwrap_or((i64::MIN, i64::MIN));
    let rows = tx.rows(
        "SELECT account, message, search, mark, detail FROM investigation_item
         WHERE investigation = $1 AND (account > $2 OR (account = $2 AND message > $3))
             AND ($4 < 0 OR mark = $4) AND ($5 = 0 OR search = $5)
         ORDER BY account, message LIMIT $6",
        params![id, account, message, wanted.mark.map_or(-1, Mark::number), wanted.search.unwrap_or(0), PAGE_MAX],
        |row| Ok((row.int(0)?, row.int(1)?, row.int(2)?, row.int(3)?, row.bytes_opt(4)?.map(<[u8]>::to_vec))),
    )?;
    let mut items = Vec::with_capacity(rows.len());
    for (account, message, search, mark, said) in rows {
        let said: Said = match said {
            Some(sealed) => owned::open(tx, Owner::Organisation(organisation), DETAIL, message, &sealed)?,
            None => Said::default(),
        };
        let known = origin(tx, account, message)?;
        items.push(Item {
            account,
            message,
            search,
            mark: Mark::of(mark),
            note: said.note,
            marked_by: said.by,
            ..known
        });
    }
    Ok(items)
}

/// How many messages of an investigation have each mark.
///
/// # Errors
/// [`InvestigationError`] if the store fails.
pub fn counts(tx: &mut Tx<'_>, id: i64) -> Result<Vec<(Mark, i64)>, InvestigationError> {
    Ok(tx.rows(
        "SELECT mark, COUNT(*) FROM investigation_item WHERE investigation = $1 GROUP BY mark ORDER BY mark",
        params![id],
        |row| Ok((Mark::of(row.int(0)?), row.int(1)?)),
    )?)
}

/// What is known of a message by itself: where it lies, from whom, since when. One that is not kept any more has no moment of receipt.
///
/// # Errors
/// [`InvestigationError`] if something does not open.
pub fn origin(tx: &mut Tx<'_>, account: i64, message: i64) -> Result<Item, InvestigationError> {
    let mut item = Item {
        account,
        message,
        search: 0,
        mark: Mark::Unseen,
        note: String::new(),
        marked_by: String::new(),
        received: None,
        removed: None,
        journaled: None,
        envelope: None,
        folders: Vec::new(),
        from: String::new(),
        subject: String::new(),
        message_id: None,
    };
    let mut summary = None;
    overview::summaries_of(tx, account, &[message], |_, encoded| {
        summary = Some(Summary::decode(encoded).map_err(|_| damaged(message))?);
        Ok(())
    })?;
    if summary.is_some() {
        item.received =
            tx.row("SELECT received FROM message WHERE account = $1 AND id = $2", params![account, message], |row| {
                Ok(Timestamp::from_millis(row.int(0)?))
            })?;
        for (mailbox, _, _) in overview::places_of(tx, account, message)? {
            item.folders.push(mailboxes::get(tx, account, mailbox)?.name.as_str().to_owned());
        }
    } else if let Some((received, removed, of_removed)) = removed::summary(tx, account, message)? {
        (item.received, item.removed, summary) = (Some(received), Some(removed), Some(of_removed));
    } else {
        let organisation = store::holds::keeping(tx, account)?.organisation;
        if let Some(found) = journaled::load(tx, organisation, Some(account), message)? {
            (item.received, item.journaled) = (Some(found.received), Some(found.until));
            item.envelope = Some(serde_json::from_slice(&found.envelope).map_err(|_| damaged(message))?);
            summary = Some(found.summary);
        }
    }
    if let Some(summary) = summary {
        item.from = summary.envelope.from.first().and_then(EnvelopeAddress::email).unwrap_or_default();
        item.subject = summary.envelope.subject.as_deref().map(|it| words::decode(it).into_owned()).unwrap_or_default();
        item.message_id = summary.message_id;
    }
    Ok(item)
}

fn damaged(message: i64) -> StoreError {
    StoreError::Corrupt { what: format!("summary of message {message}") }
}

/// Says what is thought of a message that was found.
///
/// # Errors
/// [`InvestigationError::NotFound`] if no search has found it; or if the investigation is closed, or the note too long.
pub fn mark(
    tx: &mut Tx<'_>,
    organisation: i64,
    id: i64,
    (account, message): (i64, i64),
    mark: Mark,
    note: &str,
    by: &str,
) -> Result<(), InvestigationError> {
    load(tx, organisation, id)?.check_open()?;
    if note.len() > NOTE_BYTES_MAX {
        return Err(InvestigationError::Part { part: "the note", cause: "is longer than 2000 octets" });
    }
    let said = Said { note: note.to_owned(), by: by.to_owned(), at: tx.now().millis() };
    let sealed = owned::seal(tx, Owner::Organisation(organisation), DETAIL, message, &said)?;
    let changed = tx.execute(
        "UPDATE investigation_item SET mark = $4, detail = $5
         WHERE investigation = $1 AND account = $2 AND message = $3",
        params![id, account, message, mark.number(), &sealed],
    )?;
    if changed == 0 { Err(InvestigationError::NotFound(message)) } else { Ok(()) }
}

/// The content of a message that a search of an open investigation has found, whether it lies in a mailbox, was removed, or lies in the journal alone.
///
/// # Errors
/// [`InvestigationError::NotFound`] if none has; or if the investigation is closed, or the message is not kept any more.
pub fn source(
    tx: &mut Tx<'_>,
    organisation: i64,
    id: i64,
    (account, message): (i64, i64),
) -> Result<Source, InvestigationError> {
    load(tx, organisation, id)?.check_open()?;
    let found = tx.row(
        "SELECT 1 FROM investigation_item WHERE investigation = $1 AND account = $2 AND message = $3",
        params![id, account, message],
        |_| Ok(()),
    )?;
    found.ok_or(InvestigationError::NotFound(message))?;
    match mailbox::source(tx, account, message) {
        Err(MailboxError::NoSuchMessage) => match removed::source(tx, account, message) {
            Err(MailboxError::NoSuchMessage)
                if journaled::load(tx, organisation, Some(account), message)?.is_some() =>
            {
                Ok(journaled::source(tx, organisation, message)?)
            }
            other => Ok(other?),
        },
        other => Ok(other?),
    }
}
