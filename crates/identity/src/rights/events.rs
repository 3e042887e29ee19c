//! The record of decisions on sensitive actions. Rows are added and never changed; [`record`] alone writes them. Of refusals, which anybody
//! can bring about, so many are counted in a minute instead, and old ones are forgotten.

use std::net::IpAddr;
use std::time::Duration;

use access::Via;
use env::Timestamp;
use serde::{Deserialize, Serialize};
use store::page::{Cursor, LOOKED_AT_MAX, OPENED_MAX, Page, fill, merge};
use store::{Row, StoreError, Tx, params};

use super::grants::grants_between;
use super::sealed::{open, seal};
use crate::IdentityError;

/// Events that one list gives.
const LISTED_MAX: i64 = 10_000;

/// Refusals of one account that are recorded one by one in a minute; further ones are counted.
pub const REFUSALS_PER_MINUTE_MAX: i64 = 20;

/// Events that are taken out of the record in one transaction.
const FORGOTTEN_MAX: i64 = 1_000;

const MINUTE_MILLIS: i64 = 60_000;

/// Bytes of what is told of an object.
const OBJECT_BYTES_MAX: usize = 2_000;

const COLUMN: &str = "access_event.detail";

env::words! {
    /// What became of a request.
    Outcome "outcome" allowed "allowed, refused, step-up, waiting, approved, rejected, done, failed" {
        /// It was allowed, and was then begun.
        Allowed = "allowed",
        /// It was not allowed.
        Refused = "refused",
        /// A strong factor was asked for.
        StepUp = "step-up",
        /// It was put before a second person.
        Waiting = "waiting",
        /// The second person said yes.
        Approved = "approved",
        /// The second person said no.
        Rejected = "rejected",
        /// It was carried out.
        Done = "done",
        /// It was allowed and could not be carried out.
        Failed = "failed",
    }
}

/// Something to be recorded.
#[derive(Debug, Clone)]
pub struct Event {
    /// Whose; 0 for what concerns no organisation in particular.
    pub organisation: i64,
    /// Who; none for the operator.
    pub account: Option<i64>,
    /// The way by which the request came.
    pub via: Via,
    /// From where.
    pub address: Option<IpAddr>,
    /// What was to be done.
    pub action: String,
    /// On what, without secrets.
    pub object: String,
    /// What became of it.
    pub outcome: Outcome,
    /// The row of the table that decided, or why none did.
    pub row: String,
}

/// Something that was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedEvent {
    /// Its identifier.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// Who; none for the operator.
    pub account: Option<i64>,
    /// The way by which the request came.
    pub via: String,
    /// From where.
    pub address: Option<String>,
    /// What was to be done.
    pub action: String,
    /// On what.
    pub object: String,
    /// What became of it.
    pub outcome: Outcome,
    /// The row of the table that decided, or why none did.
    pub row: String,
}

/// What is told of an event beside the columns: it rests sealed, and the audit log has a commitment to it alone.
#[derive(Serialize, Deserialize)]
struct Detail {
    via: String,
    address: Option<String>,
    object: String,
    row: String,
    /// Octets in hexadecimal that keep others from guessing the rest by the commitment. Empty for events before there was a log.
    #[serde(default)]
    salt: String,
}

impl Detail {
    /// What the commitment is to: the number of the account and everything that is told, without the salt.
    fn text(&self, account: i64) -> String {
        serde_json::json!({
            "account": format!("{account:x}"), "via": self.via, "address": self.address, "object": self.object, "row": self.row,
        })
        .to_string()
    }
}

/// Writes `event` down, in the transaction of the caller; gives its identifier, if it was not counted alone.
///
/// # Errors
/// [`IdentityError`] if the store fails: then what was to be recorded must not happen.
pub fn record(tx: &mut Tx<'_>, event: &Event) -> Result<Option<i64>, IdentityError> {
    if let Some(account) = event.account.filter(|_| event.outcome.is_refusal())
        && count_refusal(tx, event.organisation, account)? > REFUSALS_PER_MINUTE_MAX
    {
        return Ok(None);
    }
    write(tx, event).map(|(id, _)| Some(id))
}

/// Writes `event` down, whatever it is; gives its identifier, and what shows that it is written.
pub(super) fn write(tx: &mut Tx<'_>, event: &Event) -> Result<(i64, audit::Recorded), IdentityError> {
    let (id, now) = (tx.next_id(), tx.now());
    let mut object = event.object.clone();
    object.truncate(object.floor_char_boundary(OBJECT_BYTES_MAX));
    let detail = Detail {
        via: event.via.to_string(),
        address: event.address.map(|address| address.to_string()),
        object,
        row: event.row.clone(),
        salt: audit::salt(tx),
    };
    let recorded = append(tx, event, id, &detail)?;
    let sealed = seal(tx, event.organisation, COLUMN, id, &detail)?;
    tx.execute(
        "INSERT INTO access_event (organisation, id, at, account, action, outcome, detail) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        params![
            event.organisation,
            id,
            now.millis(),
            event.account.unwrap_or(0),
            &event.action,
            event.outcome.as_str(),
            &sealed
        ],
    )?;
    Ok((id, recorded))
}

/// Puts the event into the audit log.
fn append(tx: &mut Tx<'_>, event: &Event, id: i64, detail: &Detail) -> Result<audit::Recorded, IdentityError> {
    let actor = match event.account {
        Some(account) => audit::pseudonym(tx, account)?,
        None => "operator".to_owned(),
    };
    let leaf = audit::Leaf {
        id: format!("{id:x}"),
        at: tx.now().to_string(),
        organisation: format!("{:x}", event.organisation),
        actor,
        action: event.action.clone(),
        outcome: event.outcome.to_string(),
        commitment: audit::commit(detail.salt.as_bytes(), detail.text(event.account.unwrap_or(0)).as_bytes()),
    };
    audit::append(tx, id, &leaf).map_err(IdentityError::from)
}

/// What shows an outsider what the record of event `id` tells in full; none if it was forgotten or is older than the log.
///
/// # Errors
/// [`IdentityError`] if the entry does not open or the store fails.
pub fn disclose(tx: &mut Tx<'_>, organisation: i64, id: i64) -> Result<Option<audit::Disclosed>, IdentityError> {
    let row = tx.row(
        "SELECT account, detail FROM access_event WHERE organisation = $1 AND id = $2",
        params![organisation, id],
        |row| Ok((row.int(0)?, row.bytes(1)?.to_vec())),
    )?;
    let Some((account, sealed)) = row else { return Ok(None) };
    let detail: Detail = open(tx, organisation, COLUMN, id, &sealed)?;
    let text = detail.text(account);
    Ok(Some(audit::Disclosed { salt: detail.salt, text }).filter(|disclosed| !disclosed.salt.is_empty()))
}

impl Outcome {
    /// Whether nothing was done, and anybody can bring it about.
    #[must_use]
    pub const fn is_refusal(self) -> bool {
        matches!(self, Self::Refused | Self::StepUp)
    }
}

/// Counts a refusal; gives how many there were in this minute.
fn count_refusal(tx: &mut Tx<'_>, organisation: i64, account: i64) -> Result<i64, IdentityError> {
    let counted = tx.row(
        "INSERT INTO access_refusal (organisation, account, minute, refusals) VALUES ($1, $2, $3, 1)
         ON CONFLICT (organisation, account, minute) DO UPDATE SET refusals = access_refusal.refusals + 1
         RETURNING refusals",
        params![organisation, account, tx.now().millis().div_euclid(MINUTE_MILLIS)],
        |row| row.int(0),
    )?;
    Ok(counted.unwrap_or(0))
}

/// Forgets refusals, counted and recorded ones, that are older than `kept`; gives how many. What was allowed and done stays. Takes some
/// at a time: call it again while it gives any.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn forget_refusals(tx: &mut Tx<'_>, kept: Duration) -> Result<u64, IdentityError> {
    let kept = i64::try_from(kept.as_millis()).unwrap_or(i64::MAX);
    let before = Timestamp::from_millis(tx.now().millis().saturating_sub(kept));
    let organisations = crate::list_organisations(tx)?;
    let mut forgotten = 0;
    for organisation in organisations.iter().map(|it| it.id).chain([0]) {
        forgotten += tx.execute(
            "DELETE FROM access_event WHERE organisation = $1 AND id IN (
                 SELECT id FROM access_event
                 WHERE organisation = $1 AND at < $2 AND outcome IN ('refused', 'step-up') LIMIT $3)",
            params![organisation, before.millis(), FORGOTTEN_MAX],
        )?;
        tx.execute(
            "DELETE FROM access_refusal WHERE organisation = $1 AND minute < $2",
            params![organisation, before.millis().div_euclid(MINUTE_MILLIS)],
        )?;
    }
    Ok(forgotten)
}

/// Notes that `reader` opens a mailbox of `owner`, if a break-glass grant lets him.
///
/// # Errors
/// [`IdentityError`] if the store fails: then the mailbox must stay shut.
pub fn note_reading(
    tx: &mut Tx<'_>,
    reader: i64,
    owner: i64,
    mailbox: i64,
    via: Via,
    address: Option<IpAddr>,
) -> Result<(), IdentityError> {
    for grant in grants_between(tx, reader, Some(owner))? {
        if !grant.window.mailboxes.is_empty() && !grant.window.mailboxes.contains(&mailbox) {
            continue;
        }
        let event = Event {
            organisation: grant.organisation,
            account: Some(reader),
            via,
            address,
            action: "mailbox-open".to_owned(),
            object: format!("account {owner}, mailbox {mailbox}"),
            outcome: Outcome::Done,
            row: format!("grant {}", grant.id),
        };
        record(tx, &event)?;
    }
    Ok(())
}

/// Which events are wanted: those that meet all conditions.
#[derive(Debug, Clone)]
pub struct WantedEvents {
    /// Of these organisations; 0 for what concerns none in particular.
    pub organisations: Vec<i64>,
    /// That this account brought about; 0 for the operator.
    pub account: Option<i64>,
    /// Of the action of this name.
    pub action: Option<String>,
    /// In whose object this stands, in upper or lower case.
    pub object: Option<String>,
    /// With this outcome.
    pub outcome: Option<Outcome>,
    /// At this moment or later.
    pub since: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
    /// Behind this place.
    pub after: Cursor,
    /// At most so many.
    pub limit: usize,
}

impl WantedEvents {
    fn admits(&self, account: i64, action: &str, outcome: &str) -> bool {
        self.account.is_none_or(|wanted| wanted == account)
            && self.action.as_deref().is_none_or(|wanted| wanted == action)
            && self.outcome.is_none_or(|wanted| wanted.as_str() == outcome)
    }

    /// Where the page begins.
    fn begin(&self) -> Cursor {
        let until = self.until.map_or(Cursor::START, |until| Cursor { at: until.millis(), id: i64::MIN });
        self.after.min(until)
    }
}

/// Where an event stands in the list. What was counted alone stands under its account.
fn place_of(event: &RecordedEvent) -> Cursor {
    let id = if event.id == 0 { event.account.unwrap_or(0) } else { event.id };
    Cursor { at: event.at.millis(), id }
}

/// A page of what was recorded, the latest first.
///
/// # Errors
/// [`IdentityError`] if an entry does not open or the store fails.
pub fn page_events(tx: &mut Tx<'_>, wanted: &WantedEvents) -> Result<Page<RecordedEvent>, IdentityError> {
    let mut pages = Vec::new();
    for organisation in &wanted.organisations {
        pages.push(page_of(tx, wanted, *organisation)?);
        if wanted.object.is_none() {
            pages.push(page_of_counted(tx, wanted, *organisation)?);
        }
    }
    merge(pages, wanted.limit, place_of).map_err(|error| StoreError::Corrupt { what: error.to_string() }.into())
}

fn page_of(tx: &mut Tx<'_>, wanted: &WantedEvents, organisation: i64) -> Result<Page<RecordedEvent>, IdentityError> {
    let since = wanted.since.map_or(i64::MIN, Timestamp::millis);
    let object = wanted.object.as_deref().map(str::to_lowercase);
    let block = |tx: &mut Tx<'_>, after: &Cursor, count: usize| {
        let rows = tx.rows(
            "SELECT id, at, account, action, outcome, detail FROM access_event
             WHERE organisation = $1 AND at >= $2 AND at <= $3 AND (at < $3 OR id < $4) ORDER BY at DESC, id DESC LIMIT $5",
            params![organisation, since, after.at, after.id, i64::try_from(count).unwrap_or(i64::MAX)],
            RecordedRow::read,
        )?;
        Ok(rows.into_iter().map(|row| (Cursor { at: row.numbers[1], id: row.numbers[0] }, row)).collect())
    };
    let keep = |tx: &mut Tx<'_>, row: RecordedRow| {
        if !wanted.admits(row.numbers[2], &row.action, &row.outcome) {
            return Ok(None);
        }
        let event = row.open(tx, organisation)?;
        let is_wanted = object.as_ref().is_none_or(|object| event.object.to_lowercase().contains(object));
        Ok::<_, IdentityError>(is_wanted.then_some(event))
    };
    let looked_at_max = if object.is_some() { OPENED_MAX } else { LOOKED_AT_MAX };
    fill(tx, wanted.begin(), (wanted.limit, looked_at_max), block, keep)
}

/// Accounts and minutes with more refusals than are recorded.
fn page_of_counted(
    tx: &mut Tx<'_>,
    wanted: &WantedEvents,
    organisation: i64,
) -> Result<Page<RecordedEvent>, IdentityError> {
    let since = wanted.since.map_or(i64::MIN, |since| since.millis().div_euclid(MINUTE_MILLIS));
    let block = |tx: &mut Tx<'_>, after: &Cursor, count: usize| {
        // Of the minute in which the place lies only what stands behind it.
        let minute = after.at.div_euclid(MINUTE_MILLIS);
        let account = if after.at % MINUTE_MILLIS == 0 { after.id } else { i64::MAX };
        let rows = tx.rows(
            "SELECT account, minute, refusals FROM access_refusal
             WHERE organisation = $1 AND minute >= $2 AND minute <= $3 AND (minute < $3 OR account < $4) AND refusals > $5
             ORDER BY minute DESC, account DESC LIMIT $6",
            params![
                organisation,
                since,
                minute,
                account,
                REFUSALS_PER_MINUTE_MAX,
                i64::try_from(count).unwrap_or(i64::MAX)
            ],
            |row| Ok(counted_event([row.int(0)?, row.int(1)?, row.int(2)?])),
        )?;
        Ok::<_, IdentityError>(rows.into_iter().map(|event| (place_of(&event), event)).collect())
    };
    let keep = |_: &mut Tx<'_>, event: RecordedEvent| {
        Ok(wanted.admits(event.account.unwrap_or(0), &event.action, event.outcome.as_str()).then_some(event))
    };
    fill(tx, wanted.begin(), (wanted.limit, LOOKED_AT_MAX), block, keep)
}

/// A row of the record, still sealed.
struct RecordedRow {
    /// Identifier, moment, account.
    numbers: [i64; 3],
    action: String,
    outcome: String,
    sealed: Vec<u8>,
}

impl RecordedRow {
    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            numbers: [row.int(0)?, row.int(1)?, row.int(2)?],
            action: row.text(3)?.to_owned(),
            outcome: row.text(4)?.to_owned(),
            sealed: row.bytes(5)?.to_vec(),
        })
    }

    fn open(self, tx: &mut Tx<'_>, organisation: i64) -> Result<RecordedEvent, IdentityError> {
        let [id, at, account] = self.numbers;
        let Detail { via, address, object, row, .. } = open(tx, organisation, COLUMN, id, &self.sealed)?;
        Ok(RecordedEvent {
            id,
            at: Timestamp::from_millis(at),
            account: Some(account).filter(|account| *account != 0),
            via,
            address,
            action: self.action,
            object,
            outcome: self.outcome.parse()?,
            row,
        })
    }
}

/// What was recorded for an organisation (0: for none in particular) from `since` on, newest first.
///
/// # Errors
/// [`IdentityError`] if an entry does not open or the store fails.
pub fn list_events(tx: &mut Tx<'_>, organisation: i64, since: Timestamp) -> Result<Vec<RecordedEvent>, IdentityError> {
    let rows = tx.rows(
        "SELECT id, at, account, action, outcome, detail FROM access_event
         WHERE organisation = $1 AND at >= $2 ORDER BY at DESC, id DESC LIMIT $3",
        params![organisation, since.millis(), LISTED_MAX],
        RecordedRow::read,
    )?;
    let opened = rows.into_iter().map(|row| row.open(tx, organisation));
    let mut events: Vec<RecordedEvent> = opened.collect::<Result<_, IdentityError>>()?;
    events.extend(counted(tx, organisation, since)?);
    events.sort_by_key(|event| std::cmp::Reverse((event.at, event.id)));
    Ok(events)
}

/// What was recorded for an organisation of one kind, newest first.
///
/// # Errors
/// [`IdentityError`] if an entry does not open or the store fails.
pub fn list_events_of(tx: &mut Tx<'_>, organisation: i64, action: &str) -> Result<Vec<RecordedEvent>, IdentityError> {
    let rows = tx.rows(
        "SELECT id, at, account, action, outcome, detail FROM access_event
         WHERE organisation = $1 AND action = $2 ORDER BY at DESC, id DESC LIMIT $3",
        params![organisation, action, LISTED_MAX],
        RecordedRow::read,
    )?;
    rows.into_iter().map(|row| row.open(tx, organisation)).collect()
}

/// Of each account and minute with more refusals than are recorded, how many more they were. They have no identifier.
fn counted(tx: &mut Tx<'_>, organisation: i64, since: Timestamp) -> Result<Vec<RecordedEvent>, IdentityError> {
    let rows = tx.rows(
        "SELECT account, minute, refusals FROM access_refusal
         WHERE organisation = $1 AND minute >= $2 AND refusals > $3 ORDER BY minute DESC LIMIT $4",
        params![organisation, since.millis().div_euclid(MINUTE_MILLIS), REFUSALS_PER_MINUTE_MAX, LISTED_MAX],
        |row| Ok([row.int(0)?, row.int(1)?, row.int(2)?]),
    )?;
    Ok(rows.into_iter().map(counted_event).collect())
}

fn counted_event([account, minute, refusals]: [i64; 3]) -> RecordedEvent {
    RecordedEvent {
        id: 0,
        at: Timestamp::from_millis(minute.saturating_mul(MINUTE_MILLIS)),
        account: Some(account),
        via: String::new(),
        address: None,
        action: "more".to_owned(),
        object: format!("{} more requests in this minute", refusals - REFUSALS_PER_MINUTE_MAX),
        outcome: Outcome::Refused,
        row: "counted, not recorded one by one".to_owned(),
    }
}
