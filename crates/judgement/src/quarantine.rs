//! What waits because it must not reach anybody unseen. Each recipient's copy is released or deleted by itself; a release goes through
//! the queue like other mail. What nobody releases is deleted when its time is over, and its sender is not told: who that is has not
//! been shown.

use crypto::keys::MessageKey;
use crypto::record;
use env::Timestamp;
use filter::Verdict;
use queue::{Envelope, NewMessage, NewRecipient};
use serde::{Deserialize, Serialize};
use store::{Blobs, Location, Row, StoreError, Tx, params};
use trace::{Change, Outcome, What};

use crate::traced::traced;
use crate::{JudgementError, Kept, fields, marks, pull, sealed};

mod expire;
mod page;

pub use expire::expire;
pub use page::{Wanted, page};

/// Entries that one list gives.
pub const LISTED_MAX: i64 = 1_000;

/// Findings that stand in lists.
const FINDINGS_MAX: usize = 8;

/// Characters of a subject that are kept in lists.
const SUBJECT_CHARS_MAX: usize = 200;

const DETAIL: &str = "quarantine.detail";
const RECIPIENT: &str = "quarantine_recipient.recipient";

/// A message that is quarantined instead of being delivered.
pub struct NewQuarantined<'a> {
    /// What was found of it; its number is the quarantined message's.
    pub kept: &'a Kept,
    /// The blob, of which one reference is this entry's.
    pub blob: i64,
    /// Key of the blob.
    pub key: &'a MessageKey,
    /// Octets of the message with its trace fields.
    pub size: u64,
    /// The envelope under which it is released.
    pub envelope: Envelope,
    /// What lists show of it.
    pub shown: Shown,
    /// When it is deleted.
    pub expires: Timestamp,
}

/// Whose a quarantined message is.
#[derive(Debug, Clone)]
pub struct NewPlace {
    /// The account; none for a group.
    pub account: Option<i64>,
    /// As it was written to.
    pub recipient: NewRecipient,
}

/// What lists show of a quarantined message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shown {
    /// Its author, as it says.
    pub from: String,
    /// Its subject, cut.
    pub subject: String,
    /// How likely it is unwanted, 0 to 1.
    pub unwanted: f32,
    /// The heaviest findings.
    pub findings: Vec<ShownFinding>,
}

/// A finding as lists and letters show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownFinding {
    /// Its name.
    pub id: String,
    /// Key of its text.
    pub key: String,
    /// What it is about.
    pub evidence: String,
}

impl Shown {
    /// What to show of a message with this author and subject.
    #[must_use]
    pub fn of(from: &str, subject: &str, verdict: &Verdict) -> Self {
        let plain =
            |text: &str| text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(SUBJECT_CHARS_MAX).collect();
        Self {
            from: plain(from),
            subject: plain(subject),
            unwanted: verdict.probability_unwanted,
            findings: verdict
                .findings
                .iter()
                .take(FINDINGS_MAX)
                .map(|finding| ShownFinding {
                    id: finding.id.clone(),
                    key: finding.key.clone(),
                    evidence: plain(&finding.evidence),
                })
                .collect(),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Detail {
    envelope: Envelope,
    shown: Shown,
}

/// What became of one recipient's copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It waits.
    Held,
    /// It was released.
    Released,
    /// It was deleted.
    Deleted,
}

impl State {
    /// The word in the database and in answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Released => "released",
            Self::Deleted => "deleted",
        }
    }

    fn read(word: &str) -> Self {
        match word {
            "released" => Self::Released,
            "deleted" => Self::Deleted,
            _ => Self::Held,
        }
    }
}

/// One recipient's copy of a quarantined message.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// Its number among the recipients.
    pub number: i64,
    /// Whose it is; none for a group.
    pub account: Option<i64>,
    /// The address that was written to.
    pub address: String,
    /// What became of it.
    pub state: State,
}

/// A message in quarantine.
#[derive(Debug, Clone, PartialEq)]
pub struct Quarantined {
    /// Its number, also of what was judged.
    pub id: i64,
    /// Whose mail it is.
    pub organisation: i64,
    /// When it came.
    pub at: Timestamp,
    /// When it is deleted.
    pub expires: Timestamp,
    /// Its octets.
    pub size: u64,
    /// What it looks like.
    pub shown: Shown,
    /// Its recipients' copies.
    pub places: Vec<Place>,
}

/// Puts a message into quarantine for each of `places`.
///
/// # Errors
/// [`JudgementError`] if the store fails.
pub fn keep(tx: &mut Tx<'_>, new: &NewQuarantined<'_>, places: &[NewPlace]) -> Result<(), JudgementError> {
    let context = tx.context();
    let (id, organisation) = (new.kept.id, new.kept.organisation);
    let key = context.keys.organisation(tx, organisation)?;
    let entropy = &*context.entropy;
    let detail = Detail { envelope: new.envelope.clone(), shown: new.shown.clone() };
    let detail = sealed::seal(&key, entropy, DETAIL, id, &detail)?;
    let wrapped = key.wrap_message(entropy, new.key, new.blob);
    tx.execute(
        "INSERT INTO quarantine (id, organisation, blob, key_wrapped, at, expires, size, marks, detail)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        params![
            id,
            organisation,
            new.blob,
            &wrapped,
            new.kept.at.millis(),
            new.expires.millis(),
            i64::try_from(new.size).unwrap_or(i64::MAX),
            &new.kept.marks,
            &detail
        ],
    )?;
    add_places(tx, organisation, id, places)
}

/// Puts the message `id` of an organisation, which is in quarantine, there for `places`, too.
pub(crate) fn add_places(
    tx: &mut Tx<'_>,
    organisation: i64,
    id: i64,
    places: &[NewPlace],
) -> Result<(), JudgementError> {
    let context = tx.context();
    let key = context.keys.organisation(tx, organisation)?;
    let first = tx.row(
        "SELECT COALESCE(MAX(number) + 1, 0) FROM quarantine_recipient WHERE quarantine = $1",
        params![id],
        |row| row.int(0),
    )?;
    for (number, place) in (first.unwrap_or_default()..).zip(places) {
        let recipient = sealed::seal(&key, &*context.entropy, RECIPIENT, id, &place.recipient)?;
        tx.execute(
            "INSERT INTO quarantine_recipient (quarantine, number, account, state, told, recipient)
             VALUES ($1, $2, $3, 'held', 0, $4)",
            params![id, number, place.account.unwrap_or(0), &recipient],
        )?;
    }
    Ok(())
}

/// Whether the message `id` is in quarantine. Its row is taken: nobody else adds to it or takes from it until this is over.
pub(crate) fn is_there(tx: &mut Tx<'_>, id: i64) -> Result<bool, StoreError> {
    Ok(tx.execute("UPDATE quarantine SET size = size WHERE id = $1", params![id])? == 1)
}

/// A row of `quarantine`, still sealed.
struct Raw {
    id: i64,
    organisation: i64,
    at: i64,
    expires: i64,
    size: i64,
    detail: Vec<u8>,
}

impl Raw {
    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.int(0)?,
            organisation: row.int(1)?,
            at: row.int(2)?,
            expires: row.int(3)?,
            size: row.int(4)?,
            detail: row.bytes(5)?.to_vec(),
        })
    }

    fn open(self, tx: &mut Tx<'_>) -> Result<Quarantined, JudgementError> {
        let key = tx.context().keys.organisation(tx, self.organisation)?;
        let Detail { shown, .. } = sealed::open(&key, DETAIL, self.id, &self.detail)?;
        let places = places(tx, self.organisation, self.id)?.into_iter().map(|(place, _)| place).collect();
        Ok(Quarantined {
            id: self.id,
            organisation: self.organisation,
            at: Timestamp::from_millis(self.at),
            expires: Timestamp::from_millis(self.expires),
            size: self.size.unsigned_abs(),
            shown,
            places,
        })
    }
}

fn places(tx: &mut Tx<'_>, organisation: i64, id: i64) -> Result<Vec<(Place, NewRecipient)>, JudgementError> {
    let key = tx.context().keys.organisation(tx, organisation)?;
    let rows = tx.rows(
        "SELECT number, account, state, recipient FROM quarantine_recipient WHERE quarantine = $1 ORDER BY number LIMIT 1000",
        params![id],
        |row| Ok((row.int(0)?, row.int(1)?, State::read(row.text(2)?), row.bytes(3)?.to_vec())),
    )?;
    rows.into_iter()
        .map(|(number, account, state, sealed)| {
            let recipient: NewRecipient = sealed::open(&key, RECIPIENT, id, &sealed)?;
            let account = (account != 0).then_some(account);
            Ok((Place { number, account, address: recipient.address.clone(), state }, recipient))
        })
        .collect()
}

/// Messages in quarantine of an organisation, or of all for none, the latest first, at most [`LISTED_MAX`].
///
/// # Errors
/// [`JudgementError`] if the store fails.
pub fn list(tx: &mut Tx<'_>, organisation: Option<i64>) -> Result<Vec<Quarantined>, JudgementError> {
    let rows = match organisation {
        Some(organisation) => tx.rows(
            "SELECT id, organisation, at, expires, size, detail FROM quarantine q WHERE organisation = $1
             AND EXISTS (SELECT 1 FROM quarantine_recipient r WHERE r.quarantine = q.id AND r.state = 'held')
             ORDER BY at DESC LIMIT $2",
            params![organisation, LISTED_MAX],
            Raw::read,
        )?,
        None => tx.rows(
            "SELECT id, organisation, at, expires, size, detail FROM quarantine q
             WHERE EXISTS (SELECT 1 FROM quarantine_recipient r WHERE r.quarantine = q.id AND r.state = 'held')
             ORDER BY at DESC LIMIT $1",
            params![LISTED_MAX],
            Raw::read,
        )?,
    };
    rows.into_iter().map(|raw| raw.open(tx)).collect()
}

/// Messages that wait in quarantine for an account, the latest first, with its own copies alone.
///
/// # Errors
/// [`JudgementError`] if the store fails.
pub fn list_of(tx: &mut Tx<'_>, account: i64) -> Result<Vec<Quarantined>, JudgementError> {
    let rows = tx.rows(
        "SELECT q.id, q.organisation, q.at, q.expires, q.size, q.detail FROM quarantine q WHERE q.id IN
            (SELECT quarantine FROM quarantine_recipient WHERE account = $1 AND state = 'held')
         ORDER BY q.at DESC LIMIT $2",
        params![account, LISTED_MAX],
        Raw::read,
    )?;
    let opened: Result<Vec<Quarantined>, JudgementError> = rows.into_iter().map(|raw| raw.open(tx)).collect();
    let mut opened = opened?;
    for one in &mut opened {
        one.places.retain(|place| place.account == Some(account));
    }
    Ok(opened)
}

/// The message `id` in quarantine.
///
/// # Errors
/// [`JudgementError::NotQuarantined`] if there is none, or the store fails.
pub fn load(tx: &mut Tx<'_>, id: i64) -> Result<Quarantined, JudgementError> {
    let raw = tx.row(
        "SELECT id, organisation, at, expires, size, detail FROM quarantine WHERE id = $1",
        params![id],
        Raw::read,
    )?;
    raw.ok_or(JudgementError::NotQuarantined(id))?.open(tx)
}

/// Whose mail the judged or quarantined message is, if it is kept.
///
/// # Errors
/// [`JudgementError::Store`] if the store fails.
pub fn organisation_of(tx: &mut Tx<'_>, id: i64) -> Result<Option<i64>, JudgementError> {
    Ok(tx.row(
        "SELECT organisation FROM judged WHERE id = $1 UNION ALL SELECT organisation FROM quarantine WHERE id = $1 LIMIT 1",
        params![id],
        |row| row.int(0),
    )?)
}

/// All messages in quarantine that share sender or template with the message `id`, it among them if it is there. One that was let out already tells as
/// much of the others.
///
/// # Errors
/// [`JudgementError::NotQuarantined`] if it is neither there nor among what was judged, or the store fails.
pub fn alike(tx: &mut Tx<'_>, id: i64) -> Result<Vec<i64>, JudgementError> {
    let row = tx.row(
        "SELECT organisation, marks FROM quarantine WHERE id = $1
         UNION ALL SELECT organisation, marks FROM judged WHERE id = $1 LIMIT 1",
        params![id],
        |row| Ok((row.int(0)?, row.bytes(1)?.to_vec())),
    )?;
    let (organisation, own) = row.ok_or(JudgementError::NotQuarantined(id))?;
    let wanted = marks::unpacked(&own);
    let mut found = Vec::new();
    tx.for_each(
        "SELECT id, marks FROM quarantine WHERE organisation = $1 ORDER BY id LIMIT $2",
        params![organisation, LISTED_MAX],
        |row| {
            if row.int(0)? == id || marks::has_any(row.bytes(1)?, &wanted) {
                found.push(row.int(0)?);
            }
            Ok(())
        },
    )?;
    Ok(found)
}

/// The content of a quarantined message.
pub struct Source {
    location: Location,
    key: MessageKey,
    trace: String,
}

impl Source {
    /// The message as it would be delivered. Blocks while the disk is read.
    ///
    /// # Errors
    /// [`JudgementError`] if the content is missing or does not open.
    pub fn read(&self, blobs: &Blobs) -> Result<Vec<u8>, JudgementError> {
        let mut sealed = blobs.read(&self.location)?;
        let plain = record::open(&self.key, &mut sealed).map_err(StoreError::from)?;
        Ok([self.trace.as_bytes(), &plain].concat())
    }
}

/// The content of a message that waits for `account`.
///
/// # Errors
/// [`JudgementError::NotQuarantined`] if it does not, or the store fails.
pub fn source(tx: &mut Tx<'_>, id: i64, account: i64) -> Result<Source, JudgementError> {
    let row = tx.row(
        "SELECT q.organisation, q.blob, q.key_wrapped, q.detail FROM quarantine q
         JOIN quarantine_recipient r ON r.quarantine = q.id AND r.account = $2 AND r.state = 'held' WHERE q.id = $1",
        params![id, account],
        |row| Ok((row.int(0)?, row.int(1)?, row.bytes(2)?.to_vec(), row.bytes(3)?.to_vec())),
    )?;
    let (organisation, blob, wrapped, detail) = row.ok_or(JudgementError::NotQuarantined(id))?;
    let key = tx.context().keys.organisation(tx, organisation)?;
    let Detail { envelope, .. } = sealed::open(&key, DETAIL, id, &detail)?;
    let message = key.unwrap_message(&wrapped, blob).map_err(StoreError::from)?;
    Ok(Source { location: store::blobs::locate(tx, blob)?, key: message, trace: envelope.trace })
}

/// Which copies of a quarantined message are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// All of them.
    All,
    /// Those of an account.
    Account(i64),
    /// The one of this number.
    Place(i64),
}

impl Whose {
    fn means(self, place: &Place) -> bool {
        match self {
            Self::All => true,
            Self::Account(account) => place.account == Some(account),
            Self::Place(number) => place.number == number,
        }
    }
}

/// Sends the copies that still wait on their way; gives how many. They are tried as long as new mail would be.
///
/// # Errors
/// [`JudgementError::NotQuarantined`] if nothing of it waits for those, [`guard::GuardError::Held`] while it waits for finance, or the
/// store fails.
pub fn release(tx: &mut Tx<'_>, id: i64, whose: Whose, expires: Timestamp) -> Result<usize, JudgementError> {
    if guard::cases::is_waiting(tx, id)? {
        return Err(guard::GuardError::Held(id).into());
    }
    let taken = take(tx, id, whose, State::Released)?;
    let Taken { organisation, blob, key_wrapped, size, detail, recipients, accounts } = taken;
    pull::note_released(tx, id, &accounts)?;
    traced(tx, organisation, id, What::Released { copies: recipients.len() as u64 }, Change::NONE)?;
    let key = tx.context().keys.organisation(tx, organisation)?;
    let Detail { mut envelope, .. } = sealed::open(&key, DETAIL, id, &detail)?;
    envelope.junk = false;
    envelope.judged = Some(id);
    envelope.trace.insert_str(0, fields::released());
    let message_key = key.unwrap_message(&key_wrapped, blob).map_err(StoreError::from)?;
    let now = tx.now();
    let size = size.unsigned_abs() + fields::released().len() as u64;
    let message = NewMessage {
        organisation,
        blob,
        key: &message_key,
        envelope,
        size,
        created: now,
        expires,
        due: now,
        held: false,
    };
    queue::enqueue(tx, &message, &recipients)?;
    store::blobs::add_refs(tx, blob, 1)?;
    remove_if_done(tx, id, blob)?;
    Ok(recipients.len())
}

/// Deletes the copies that still wait; gives how many.
///
/// # Errors
/// As [`release`].
pub fn delete(tx: &mut Tx<'_>, id: i64, whose: Whose) -> Result<usize, JudgementError> {
    let taken = take(tx, id, whose, State::Deleted)?;
    let is_over = is_untouched_by_release(tx, id)?;
    let change = if is_over { Change::to(Outcome::Removed) } else { Change::NONE };
    let deleted = What::Deleted { copies: taken.recipients.len() as u64 };
    traced(tx, taken.organisation, id, deleted, change)?;
    remove_if_done(tx, id, taken.blob)?;
    Ok(taken.recipients.len())
}

/// Whether no copy waits any more, and none was let out.
fn is_untouched_by_release(tx: &mut Tx<'_>, id: i64) -> Result<bool, StoreError> {
    let other = tx.row(
        "SELECT 1 FROM quarantine_recipient WHERE quarantine = $1 AND state <> 'deleted' LIMIT 1",
        params![id],
        |row| row.int(0),
    )?;
    Ok(other.is_none())
}

struct Taken {
    organisation: i64,
    blob: i64,
    key_wrapped: Vec<u8>,
    size: i64,
    detail: Vec<u8>,
    recipients: Vec<NewRecipient>,
    /// Whose they are, those of groups apart.
    accounts: Vec<i64>,
}

/// Takes the copies that wait for `whose` into `state`. The row of the message is taken first: two releases never both find a copy.
fn take(tx: &mut Tx<'_>, id: i64, whose: Whose, state: State) -> Result<Taken, JudgementError> {
    let row = tx.row(
        "UPDATE quarantine SET size = size WHERE id = $1 RETURNING organisation, blob, key_wrapped, size, detail",
        params![id],
        |row| Ok((row.int(0)?, row.int(1)?, row.bytes(2)?.to_vec(), row.int(3)?, row.bytes(4)?.to_vec())),
    )?;
    let (organisation, blob, key_wrapped, size, detail) = row.ok_or(JudgementError::NotQuarantined(id))?;
    let (mut recipients, mut accounts) = (Vec::new(), Vec::new());
    for (place, recipient) in places(tx, organisation, id)? {
        if place.state == State::Held && whose.means(&place) {
            tx.execute(
                "UPDATE quarantine_recipient SET state = $3 WHERE quarantine = $1 AND number = $2",
                params![id, place.number, state.as_str()],
            )?;
            recipients.push(recipient);
            accounts.extend(place.account);
        }
    }
    if recipients.is_empty() {
        return Err(JudgementError::NotQuarantined(id));
    }
    Ok(Taken { organisation, blob, key_wrapped, size, detail, recipients, accounts })
}

/// Once no copy waits any more, the message leaves quarantine.
fn remove_if_done(tx: &mut Tx<'_>, id: i64, blob: i64) -> Result<(), JudgementError> {
    let waiting = tx.row(
        "SELECT 1 FROM quarantine_recipient WHERE quarantine = $1 AND state = 'held' LIMIT 1",
        params![id],
        |row| row.int(0),
    )?;
    // What a legal hold keeps stays here, seen by nobody, until the hold has ended and `expire` takes it.
    if waiting.is_none() && !is_held(tx, id)? {
        remove(tx, id, blob)?;
    }
    Ok(())
}

/// Whether a legal hold covers somebody to whom the message is addressed.
fn is_held(tx: &mut Tx<'_>, id: i64) -> Result<bool, JudgementError> {
    let accounts = tx.rows(
        "SELECT DISTINCT account FROM quarantine_recipient WHERE quarantine = $1 AND account <> 0 AND state <> 'released'",
        params![id],
        |row| row.int(0),
    )?;
    for account in accounts {
        if store::holds::is_held(tx, account)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn remove(tx: &mut Tx<'_>, id: i64, blob: i64) -> Result<(), JudgementError> {
    tx.execute("DELETE FROM quarantine_recipient WHERE quarantine = $1", params![id])?;
    tx.execute("DELETE FROM quarantine WHERE id = $1", params![id])?;
    store::blobs::add_refs(tx, blob, -1)?;
    Ok(())
}
