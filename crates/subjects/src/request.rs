//! The register: who asks for what, under which law, until when, and how far it is.

use std::collections::BTreeMap;

use env::Timestamp;
use identity::{IdentityError, Language};
use serde::{Deserialize, Serialize};
use store::owned::{self, Owner};
use store::{Row, StoreError, Tx, holds, params};

use crate::answer::{self, LetterKind};
use crate::error::day;
use crate::step::{self, By, Of};
use crate::words::{Kind, Regime, State};
use crate::{Erased, Found, SubjectError, SubjectSettings, deadline};

/// Requests of one page.
pub const PAGE_MAX: u32 = 100;

/// Addresses of one person.
const ADDRESSES_MAX: usize = 20;

/// Octets of a text that people give.
pub(crate) const TEXT_BYTES_MAX: usize = 2_000;

/// How long before now a request may have come.
const AGE_MAX_MILLIS: i64 = 366 * 86_400_000;

/// How far ahead of now a request may have come: clocks differ.
const AHEAD_MAX_MILLIS: i64 = 60_000;

/// Octets of a pseudonym.
const PERSON_BYTES: usize = 16;

pub(crate) const DETAIL: &str = "subject_request.detail";

/// A request to be entered.
#[derive(Debug, Clone)]
pub struct NewRequest {
    /// What is asked for.
    pub kind: Kind,
    /// Under which law.
    pub regime: Regime,
    /// Name of whoever asks.
    pub name: String,
    /// His addresses; one of ours is enough for somebody of ours.
    pub addresses: Vec<String>,
    /// Where answers go; his first address if none is named.
    pub answer_to: Option<String>,
    /// Language of the answers.
    pub language: Language,
    /// When it came; now if that is not said.
    pub received: Option<Timestamp>,
    /// What he wrote.
    pub note: String,
}

/// How somebody proved who he is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// How: signed in, a letter to the address answered, a document shown to whom.
    pub how: String,
    /// Who says so.
    pub by: String,
    /// When, milliseconds since 1970.
    pub at: i64,
}

/// That a deadline was extended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extension {
    /// Why.
    pub reason: String,
    /// By whom.
    pub by: String,
    /// When, milliseconds since 1970.
    pub at: i64,
}

/// That a request was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Why.
    pub reason: String,
    /// By whom.
    pub by: String,
    /// The legal hold that stands against it: its number, name and first day.
    #[serde(default)]
    pub hold: Option<(i64, String, String)>,
}

/// What is known of a request beside its dates: sealed under the organisation's key.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Detail {
    pub(crate) regime: String,
    pub(crate) name: String,
    pub(crate) addresses: Vec<String>,
    pub(crate) answer_to: String,
    pub(crate) language: String,
    pub(crate) note: String,
    pub(crate) by: String,
    pub(crate) person: String,
    #[serde(default)]
    pub(crate) identity: Option<Identity>,
    #[serde(default)]
    pub(crate) extension: Option<Extension>,
    #[serde(default)]
    pub(crate) refusal: Option<Refusal>,
    #[serde(default)]
    pub(crate) investigation: Option<i64>,
    /// What was asked for was carried out, whole or in part.
    #[serde(default)]
    pub(crate) carried_out: bool,
    #[serde(default)]
    pub(crate) found: Option<Found>,
    #[serde(default)]
    pub(crate) erased: Option<Erased>,
}

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Its number.
    pub id: i64,
    /// Whose.
    pub organisation: i64,
    /// The account of ours that asks; none for somebody outside, and once it was erased.
    pub account: Option<i64>,
    /// What is asked for.
    pub kind: Kind,
    /// Under which law.
    pub regime: Regime,
    /// How far it is.
    pub state: State,
    /// When it came.
    pub received: Timestamp,
    /// Until when it must be answered.
    pub due: Timestamp,
    /// When it was closed.
    pub closed: Option<Timestamp>,
    /// Name of whoever asks.
    pub name: String,
    /// His addresses, in lowercase.
    pub addresses: Vec<String>,
    /// Where answers go.
    pub answer_to: String,
    /// Language of the answers.
    pub language: Language,
    /// What he wrote.
    pub note: String,
    /// Who entered it.
    pub by: String,
    /// The pseudonym under which records know him.
    pub person: String,
    /// How he proved who he is.
    pub identity: Option<Identity>,
    /// That it was extended.
    pub extension: Option<Extension>,
    /// That it was refused.
    pub refusal: Option<Refusal>,
    /// The investigation by which content is given out.
    pub investigation: Option<i64>,
    /// Whether something of what was asked for was carried out.
    pub carried_out: bool,
    /// Where he was found by the last search.
    pub found: Option<Found>,
    /// What was erased.
    pub erased: Option<Erased>,
}

impl Request {
    pub(crate) fn of(&self) -> Of<'_> {
        Of { organisation: self.organisation, request: self.id, person: &self.person }
    }

    /// Refuses to go on with one that is closed.
    pub(crate) const fn check_open(&self) -> Result<(), SubjectError> {
        if matches!(self.state, State::Open) { Ok(()) } else { Err(SubjectError::Closed(self.id)) }
    }

    /// Refuses to carry something out for somebody of whom it is not known who he is.
    pub(crate) const fn check_identified(&self) -> Result<(), SubjectError> {
        if self.identity.is_some() { Ok(()) } else { Err(SubjectError::Unidentified(self.id)) }
    }

    /// Refuses unless it asks for one of `kinds`.
    pub(crate) fn check_kind(&self, kinds: &[Kind]) -> Result<(), SubjectError> {
        if kinds.contains(&self.kind) {
            Ok(())
        } else {
            Err(SubjectError::Kind { id: self.id, asked: self.kind.as_str() })
        }
    }
}

/// Which requests are listed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted {
    /// In this state alone.
    pub state: Option<State>,
    /// Before this one: the last of the page before.
    pub before: Option<i64>,
    /// At most so many; [`PAGE_MAX`] for 0 and more than that.
    pub limit: u32,
}

pub(crate) fn check_text(part: &'static str, text: &str) -> Result<(), SubjectError> {
    if text.trim().is_empty() || text.len() > TEXT_BYTES_MAX {
        return Err(SubjectError::Part { part, cause: format!("is empty or longer than {TEXT_BYTES_MAX} octets") });
    }
    Ok(())
}

pub(crate) fn check_address(part: &'static str, text: &str) -> Result<String, SubjectError> {
    let parsed = mail::Address::parse(text.trim());
    let parsed =
        parsed.map_err(|cause| SubjectError::Part { part, cause: format!("{text:?} is no mail address: {cause}") })?;
    Ok(parsed.canonical().to_lowercase())
}

/// Enters a request, with a draft that tells its receipt; gives it.
///
/// # Errors
/// [`SubjectError`] if a part is wrong, the addresses are of two people, or the store fails.
pub fn open(
    tx: &mut Tx<'_>,
    organisation: i64,
    new: &NewRequest,
    by: &By,
    settings: &SubjectSettings,
) -> Result<Request, SubjectError> {
    check_text("the name", &new.name)?;
    if new.note.len() > TEXT_BYTES_MAX {
        let cause = format!("is longer than {TEXT_BYTES_MAX} octets");
        return Err(SubjectError::Part { part: "the note", cause });
    }
    let received = came(tx.now(), new.received)?;
    let (account, addresses) = person_of(tx, organisation, &new.addresses)?;
    let answer_to = match &new.answer_to {
        Some(given) => check_address("answer_to", given)?,
        None => addresses.first().cloned().unwrap_or_default(),
    };
    let person = match account {
        Some(account) => audit::pseudonym(tx, account)?,
        None => pseudonym(tx),
    };
    let id = tx.next_id();
    let due = deadline::due(new.regime, received, false, settings);
    let detail = Detail {
        regime: new.regime.to_string(),
        name: new.name.trim().to_owned(),
        addresses,
        answer_to,
        language: new.language.as_str().to_owned(),
        note: new.note.clone(),
        by: by.name.clone(),
        person,
        ..Detail::default()
    };
    let sealed = owned::seal(tx, Owner::Organisation(organisation), DETAIL, id, &detail)?;
    tx.execute(
        "INSERT INTO subject_request (organisation, id, account, kind, state, received, due, told, closed, detail)
         VALUES ($1, $2, $3, $4, 'open', $5, $6, 0, 0, $7)",
        params![organisation, id, account.unwrap_or(0), new.kind.as_str(), received.millis(), due.millis(), &sealed],
    )?;
    let request = load(tx, organisation, id)?;
    step::note(tx, request.of(), "opened", by, new.kind.as_str())?;
    answer::draft(tx, &request, LetterKind::Received, &[])?;
    Ok(request)
}

/// When a request came, if that can be.
fn came(now: Timestamp, given: Option<Timestamp>) -> Result<Timestamp, SubjectError> {
    let received = given.unwrap_or(now);
    let age = now.millis().saturating_sub(received.millis());
    if !(-AHEAD_MAX_MILLIS..=AGE_MAX_MILLIS).contains(&age) {
        let cause = format!("is {}, which is in the future or more than a year ago", day(received));
        return Err(SubjectError::Part { part: "the day of receipt", cause });
    }
    Ok(received)
}

fn pseudonym(tx: &Tx<'_>) -> String {
    let mut octets = [0; PERSON_BYTES];
    tx.context().entropy.fill(&mut octets);
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// The one person that addresses are of: an account with all its own, or somebody outside.
fn person_of(tx: &mut Tx<'_>, organisation: i64, given: &[String]) -> Result<(Option<i64>, Vec<String>), SubjectError> {
    if given.is_empty() || given.len() > ADDRESSES_MAX {
        let cause = format!("must be from 1 to {ADDRESSES_MAX}, all of one person");
        return Err(SubjectError::Part { part: "the addresses", cause });
    }
    let mut addresses = Vec::new();
    let mut found: Option<(i64, String)> = None;
    for one in given {
        let address = check_address("an address", one)?;
        if let Some(account) = identity::find_by_address(tx, &address)? {
            let of = holds::keeping(tx, account).map_err(|_| IdentityError::NoAccount(address.clone()))?.organisation;
            if of != organisation {
                return Err(SubjectError::Elsewhere(address));
            }
            match &found {
                Some((known, first)) if *known != account => {
                    return Err(SubjectError::TwoPeople(first.clone(), address));
                }
                _ => found = Some((account, address.clone())),
            }
        }
        addresses.push(address);
    }
    if let Some((account, _)) = found {
        let own = identity::list_addresses(tx, account)?.into_iter().map(|address| address.to_lowercase());
        addresses = own.chain(addresses).collect();
    }
    let mut seen = BTreeMap::new();
    addresses.retain(|address| seen.insert(address.clone(), ()).is_none());
    Ok((found.map(|(account, _)| account), addresses))
}

/// Changes what is sealed of a request.
pub(crate) fn change(
    tx: &mut Tx<'_>,
    organisation: i64,
    id: i64,
    with: impl FnOnce(&mut Detail),
) -> Result<(), SubjectError> {
    // The row is taken, so that two do not overwrite one another.
    let sealed = tx.row(
        "UPDATE subject_request SET told = told WHERE organisation = $1 AND id = $2 RETURNING detail",
        params![organisation, id],
        |row| Ok(row.bytes(0)?.to_vec()),
    )?;
    let sealed = sealed.ok_or(SubjectError::NoRequest(id))?;
    let owner = Owner::Organisation(organisation);
    let mut detail: Detail = owned::open(tx, owner, DETAIL, id, &sealed)?;
    with(&mut detail);
    let sealed = owned::seal(tx, owner, DETAIL, id, &detail)?;
    tx.execute(
        "UPDATE subject_request SET detail = $3 WHERE organisation = $1 AND id = $2",
        params![organisation, id, &sealed],
    )?;
    Ok(())
}

/// The request of that number.
///
/// # Errors
/// [`SubjectError::NoRequest`], or the store fails.
pub fn load(tx: &mut Tx<'_>, organisation: i64, id: i64) -> Result<Request, SubjectError> {
    let row = tx.row(
        "SELECT account, received, due, closed, kind, state, detail FROM subject_request WHERE organisation = $1 AND id = $2",
        params![organisation, id],
        Raw::read,
    )?;
    row.ok_or(SubjectError::NoRequest(id))?.open(tx, organisation, id)
}

struct Raw {
    numbers: [i64; 4],
    kind: String,
    state: String,
    detail: Vec<u8>,
}

impl Raw {
    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            numbers: [row.int(0)?, row.int(1)?, row.int(2)?, row.int(3)?],
            kind: row.text(4)?.to_owned(),
            state: row.text(5)?.to_owned(),
            detail: row.bytes(6)?.to_vec(),
        })
    }

    fn open(self, tx: &mut Tx<'_>, organisation: i64, id: i64) -> Result<Request, SubjectError> {
        let detail: Detail = owned::open(tx, Owner::Organisation(organisation), DETAIL, id, &self.detail)?;
        let [account, received, due, closed] = self.numbers;
        let unreadable = || StoreError::Corrupt { what: format!("subject request {id} cannot be read") };
        Ok(Request {
            id,
            organisation,
            account: (account != 0).then_some(account),
            kind: self.kind.parse().map_err(|_| unreadable())?,
            regime: detail.regime.parse().map_err(|_| unreadable())?,
            state: self.state.parse().map_err(|_| unreadable())?,
            received: Timestamp::from_millis(received),
            due: Timestamp::from_millis(due),
            closed: (closed != 0).then(|| Timestamp::from_millis(closed)),
            name: detail.name,
            addresses: detail.addresses,
            answer_to: detail.answer_to,
            language: detail.language.parse().map_err(|_| unreadable())?,
            note: detail.note,
            by: detail.by,
            person: detail.person,
            identity: detail.identity,
            extension: detail.extension,
            refusal: detail.refusal,
            investigation: detail.investigation,
            carried_out: detail.carried_out,
            found: detail.found,
            erased: detail.erased,
        })
    }
}

/// Requests of an organisation, the latest first.
///
/// # Errors
/// [`SubjectError`] if the store fails.
pub fn list(tx: &mut Tx<'_>, organisation: i64, wanted: Wanted) -> Result<Vec<Request>, SubjectError> {
    let limit = if wanted.limit == 0 { PAGE_MAX } else { wanted.limit.min(PAGE_MAX) };
    let state = wanted.state.map_or("", State::as_str);
    let ids = tx.rows(
        "SELECT id FROM subject_request WHERE organisation = $1 AND id < $2 AND ($3 = '' OR state = $3)
         ORDER BY id DESC LIMIT $4",
        params![organisation, wanted.before.unwrap_or(i64::MAX), state, limit],
        |row| row.int(0),
    )?;
    ids.into_iter().map(|id| load(tx, organisation, id)).collect()
}
