//! Cases for finance: a message with what speaks of fraud, both payment details side by side, and what people did about it.

use env::Timestamp;
use filter::Finding;
use payment::same_account;
use serde::{Deserialize, Serialize};
use store::page::{Cursor, LOOKED_AT_MAX, OPENED_MAX, Page, fill};
use store::{Tx, params};

use crate::knowledge::{Found, Knowledge, OnFile, State};
use crate::live::Taught;
use crate::rows::{AccountRow, LedgerChange, PartnerRow, Rows};
use crate::shelf::{self, Shelf, save};
use crate::{Direction, GuardError, learn};

const PLACE: &str = "guard_case.detail";

/// Payment details on file that a case shows.
const SHOWN_MAX: usize = 8;

/// What people did about one case.
const EVENTS_MAX: usize = 64;

/// Changes of one partner's ledger that are kept.
pub(crate) const CHANGES_MAX: usize = 128;

/// The direction of a case that is about an account.
pub const ACCOUNT: &str = "account";

/// How far a case is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaseState {
    /// Nobody has decided.
    Open,
    /// One person says that it is honest; a second one must agree.
    Proposed,
    /// Honest: it was let go, and teaches.
    Honest,
    /// Fraud: its payment details are disputed.
    Fraud,
}

/// What is found out about a case in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The message is what it says.
    Honest,
    /// Somebody wanted to be paid in another's place.
    Fraud,
}

/// Something that was done about a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When; milliseconds since 1970.
    pub at: i64,
    /// Account of who did it; 0 for whoever runs the machine.
    pub by: i64,
    /// What: noted | phoned | proposed | honest | fraud | partner-told.
    pub what: String,
    /// In his words; for a call, the number first.
    pub note: String,
}

/// Payment details in the message of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The details.
    pub detail: payment::Detail,
    /// What was thought of them when the message came.
    pub state: State,
}

/// All that is kept of a case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CaseDetail {
    /// The author, as he names himself.
    pub from: String,
    /// Its `Message-ID`.
    pub message_id: String,
    /// Recipients that the header names.
    pub to: Vec<String>,
    /// The subject.
    pub subject: String,
    /// The partner that it is, or seems to be, from; in what we send, the one that it is for.
    pub partner: String,
    /// Everything that was found, heaviest first.
    pub findings: Vec<Finding>,
    /// Payment details in the message.
    pub asked: Vec<Asked>,
    /// Payment details on file, of the partner or, in what we send, our own.
    pub on_file: Vec<OnFile>,
    /// Telephone numbers on file.
    pub phones: Vec<String>,
    /// What the message would teach if it is honest.
    pub lesson: Taught,
    /// What was done.
    pub events: Vec<Event>,
    /// The account of ours that it is about; none where it is about a message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<i64>,
}

/// A case.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// Its number: that of the judged message.
    pub id: i64,
    /// Whose it is.
    pub organisation: i64,
    /// When the message came.
    pub at: Timestamp,
    /// Which way it went: in | out; `account` where it is about what happened in an account of ours.
    pub direction: String,
    /// What was done with it.
    pub action: String,
    /// How far it is.
    pub state: CaseState,
    /// The rest.
    pub detail: CaseDetail,
    version: i64,
}

/// What followed from closing a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// A second person must agree.
    Proposed,
    /// It is closed.
    Done(Outcome),
}

impl CaseState {
    /// The word in the database and for people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Proposed => "proposed",
            Self::Honest => "honest",
            Self::Fraud => "fraud",
        }
    }

    /// The state of that word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Open, Self::Proposed, Self::Honest, Self::Fraud].into_iter().find(|it| it.as_str() == word)
    }

    /// Whether somebody must still decide.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Open | Self::Proposed)
    }
}

impl CaseDetail {
    /// What a message's case begins with.
    #[must_use]
    pub(crate) fn new(knowledge: &Knowledge, findings: &[Finding], lesson: Taught) -> Self {
        let subject = &lesson.subject;
        let known = knowledge.partner.as_ref().filter(|it| it.contact.messages() > 0);
        let partner = known.or_else(|| knowledge.others.first());
        let is_out = subject.direction != Direction::In;
        let on_file = if is_out {
            knowledge.own_details.clone()
        } else {
            let of_partner = partner.map(|it| it.details.clone()).unwrap_or_default();
            if of_partner.is_empty() {
                knowledge.thread.as_ref().map(|it| it.details.clone()).unwrap_or_default()
            } else {
                of_partner
            }
        };
        let asked = |found: &Found| Asked { detail: found.detail.clone(), state: found.state };
        Self {
            from: format!("{} <{}>", subject.from.name, subject.from.address).trim().to_owned(),
            message_id: subject.message_id.clone(),
            to: subject.recipients().map(|to| to.address.clone()).take(SHOWN_MAX).collect(),
            subject: String::new(),
            partner: partner.map_or_else(|| learn::partner_name(&subject.from), |it| it.name.clone()),
            findings: findings.to_vec(),
            asked: knowledge.found.iter().take(SHOWN_MAX).map(asked).collect(),
            on_file: on_file.into_iter().rev().take(SHOWN_MAX).collect(),
            phones: partner.map(|it| it.phones.clone()).unwrap_or_default(),
            lesson,
            events: Vec::new(),
            account: None,
        }
    }

    /// What the case of an account in strange hands begins with.
    #[must_use]
    pub fn of_account(address: &str, account: i64, finding: Finding) -> Self {
        Self {
            from: address.to_owned(),
            message_id: String::new(),
            to: Vec::new(),
            subject: String::new(),
            partner: address.to_owned(),
            findings: vec![finding],
            asked: Vec::new(),
            on_file: Vec::new(),
            phones: Vec::new(),
            lesson: Taught::default(),
            events: Vec::new(),
            account: Some(account),
        }
    }
}

/// Opens the case of an account; gives its number.
///
/// # Errors
/// When the store fails.
pub fn open_for_account(tx: &mut Tx<'_>, organisation: i64, detail: &CaseDetail) -> Result<i64, GuardError> {
    let id = tx.next_id();
    let key = tx.context().keys.organisation(tx, organisation)?;
    let sealed = sealed(&key, &*tx.context().entropy, id, detail)?;
    open(tx, (id, organisation), (ACCOUNT, "watch"), &sealed)?;
    Ok(id)
}

/// Opens a case, in the transaction of its message.
pub(crate) fn open(
    tx: &mut Tx<'_>,
    (id, organisation): (i64, i64),
    (direction, action): (&str, &str),
    sealed: &[u8],
) -> Result<(), GuardError> {
    let now = tx.now().millis();
    tx.execute(
        "INSERT INTO guard_case (id, organisation, at, direction, action, state, told, version, detail)
         VALUES ($1, $2, $3, $4, $5, 'open', 0, 0, $6) ON CONFLICT (id) DO NOTHING",
        params![id, organisation, now, direction, action, sealed],
    )?;
    Ok(())
}

pub(crate) fn sealed(
    key: &crypto::keys::Key<crypto::keys::Organisation>,
    entropy: &dyn env::Entropy,
    id: i64,
    detail: &CaseDetail,
) -> Result<Vec<u8>, GuardError> {
    shelf::seal(key, entropy, PLACE, id, detail)
}

/// The case of this number.
///
/// # Errors
/// [`GuardError::NoCase`] if there is none, or the store fails.
pub fn load(tx: &mut Tx<'_>, id: i64) -> Result<Case, GuardError> {
    let row = tx.row(
        "SELECT organisation, at, direction, action, state, version, detail FROM guard_case WHERE id = $1",
        params![id],
        |row| {
            let words = (row.text(2)?.to_owned(), row.text(3)?.to_owned(), row.text(4)?.to_owned());
            Ok((row.int(0)?, row.int(1)?, words, row.int(5)?, row.bytes(6)?.to_vec()))
        },
    )?;
    let (organisation, at, (direction, action, state), version, sealed) =
        row.ok_or_else(|| GuardError::NoCase(format!("{id:x}")))?;
    let key = tx.context().keys.organisation(tx, organisation)?;
    let state = CaseState::of_word(&state).ok_or(GuardError::Unreadable { what: "state of case", id })?;
    let detail = shelf::unseal(&key, PLACE, id, &sealed)?;
    Ok(Case { id, organisation, at: Timestamp::from_millis(at), direction, action, state, detail, version })
}

/// Cases of an organisation, newest first; only those that wait, or all.
///
/// # Errors
/// When the store fails.
pub fn list(tx: &mut Tx<'_>, organisation: i64, all: bool, most: i64) -> Result<Vec<Case>, GuardError> {
    let ids = tx.rows(
        "SELECT id FROM guard_case WHERE organisation = $1 AND (CAST($2 AS BIGINT) = 1 OR state IN ('open', 'proposed'))
         ORDER BY id DESC LIMIT $3",
        params![organisation, all, most],
        |row| row.int(0),
    )?;
    ids.into_iter().map(|id| load(tx, id)).collect()
}

/// Which cases are wanted.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Of this organisation.
    pub organisation: i64,
    /// All, or only those that wait.
    pub all: bool,
    /// That are so far.
    pub state: Option<CaseState>,
    /// Whose partner, sender or subject has this in it, in upper or lower case.
    pub text: Option<String>,
    /// Behind this place.
    pub after: Cursor,
    /// At most so many.
    pub limit: usize,
}

/// A page of cases, the latest first.
///
/// # Errors
/// When the store fails.
pub fn page(tx: &mut Tx<'_>, wanted: &Wanted) -> Result<Page<Case>, GuardError> {
    let text = wanted.text.as_deref().map(str::to_lowercase);
    let block = |tx: &mut Tx<'_>, after: &Cursor, count: usize| {
        let rows = tx.rows(
            "SELECT id, at, state FROM guard_case WHERE organisation = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
            params![wanted.organisation, after.id, i64::try_from(count).unwrap_or(i64::MAX)],
            |row| Ok((row.int(0)?, row.int(1)?, CaseState::of_word(row.text(2)?))),
        )?;
        Ok(rows.into_iter().map(|(id, at, state)| (Cursor { at, id }, (id, state))).collect())
    };
    let keep = |tx: &mut Tx<'_>, (id, state): (i64, Option<CaseState>)| {
        let is_wanted = (wanted.all || state.is_some_and(CaseState::is_open))
            && wanted.state.is_none_or(|wanted| state == Some(wanted));
        if !is_wanted {
            return Ok(None);
        }
        let case = load(tx, id)?;
        let has = |text: &String| {
            [&case.detail.partner, &case.detail.from, &case.detail.subject]
                .iter()
                .any(|shown| shown.to_lowercase().contains(text))
        };
        Ok(if text.as_ref().is_none_or(has) { Some(case) } else { None })
    };
    let looked_at_max = if text.is_some() { OPENED_MAX } else { LOOKED_AT_MAX };
    fill(tx, wanted.after, (wanted.limit, looked_at_max), block, keep)
}

/// Whose a case is; none if there is no such case.
///
/// # Errors
/// When the store fails.
pub fn organisation_of(tx: &mut Tx<'_>, id: i64) -> Result<Option<i64>, GuardError> {
    Ok(tx.row("SELECT organisation FROM guard_case WHERE id = $1", params![id], |row| row.int(0))?)
}

/// Whether a message waits for finance.
///
/// # Errors
/// When the store fails.
pub fn is_waiting(tx: &mut Tx<'_>, id: i64) -> Result<bool, GuardError> {
    let found = tx.row(
        "SELECT 1 FROM guard_case WHERE id = $1 AND action = 'hold' AND state IN ('open', 'proposed')",
        params![id],
        |row| row.int(0),
    )?;
    Ok(found.is_some())
}

/// Notes what somebody did: `noted`, `phoned` with the number in front of the note, `partner-told`. A call counts only at a number on file.
///
/// # Errors
/// [`GuardError::Closed`], [`GuardError::Phone`], or the store fails.
pub fn note(tx: &mut Tx<'_>, id: i64, by: i64, what: &str, note: &str) -> Result<(), GuardError> {
    let case = load(tx, id)?;
    if what == "phoned" {
        let digits = |number: &str| number.chars().filter(char::is_ascii_digit).collect::<String>();
        let called = digits(note.split([' ', ',', ';']).next().unwrap_or_default());
        if called.len() < 6 || !case.detail.phones.iter().any(|phone| digits(phone).ends_with(&called)) {
            return Err(GuardError::Phone(note.to_owned()));
        }
    } else if !matches!(what, "noted" | "partner-told") {
        return Err(GuardError::Word {
            given: what.to_owned(),
            what: "thing to note",
            known: "noted, phoned, partner-told",
        });
    } else if what == "noted" && !case.state.is_open() {
        return Err(GuardError::Closed(id));
    }
    let state = case.state;
    change(tx, case, state, by, what, note)
}

/// Says what a case was. Honest mail that was held needs a second person. Closing teaches: honest mail as other mail, its new payment
/// details confirmed if somebody called the partner; the details of fraud are disputed.
///
/// # Errors
/// [`GuardError::Closed`], [`GuardError::SamePerson`], or the store fails.
pub fn close(tx: &mut Tx<'_>, id: i64, by: i64, outcome: Outcome, note: &str) -> Result<Closed, GuardError> {
    let case = load(tx, id)?;
    if !case.state.is_open() {
        return Err(GuardError::Closed(id));
    }
    if case.direction == ACCOUNT {
        let (state, what) = match outcome {
            Outcome::Honest => (CaseState::Honest, "honest"),
            Outcome::Fraud => (CaseState::Fraud, "fraud"),
        };
        change(tx, case, state, by, what, note)?;
        return Ok(Closed::Done(outcome));
    }
    if outcome == Outcome::Fraud {
        dispute(tx, &case, by)?;
        change(tx, case, CaseState::Fraud, by, "fraud", note)?;
        return Ok(Closed::Done(outcome));
    }
    if case.action == "hold" {
        let proposed = case.detail.events.iter().rev().find(|event| event.what == "proposed").map(|event| event.by);
        match proposed.filter(|_| case.state == CaseState::Proposed) {
            None => {
                change(tx, case, CaseState::Proposed, by, "proposed", note)?;
                return Ok(Closed::Proposed);
            }
            Some(first) if first == by => return Err(GuardError::SamePerson(id)),
            Some(_) => {}
        }
    }
    accept(tx, &case, by)?;
    change(tx, case, CaseState::Honest, by, "honest", note)?;
    Ok(Closed::Done(outcome))
}

fn change(
    tx: &mut Tx<'_>,
    mut case: Case,
    state: CaseState,
    by: i64,
    what: &str,
    note: &str,
) -> Result<(), GuardError> {
    if case.detail.events.len() >= EVENTS_MAX {
        case.detail.events.remove(0);
    }
    let note = note.chars().take(1000).collect();
    case.detail.events.push(Event { at: tx.now().millis(), by, what: what.to_owned(), note });
    let key = tx.context().keys.organisation(tx, case.organisation)?;
    let sealed = sealed(&key, &*tx.context().entropy, case.id, &case.detail)?;
    let done = tx.execute(
        "UPDATE guard_case SET state = $3, version = version + 1, detail = $4 WHERE id = $1 AND version = $2",
        params![case.id, case.version, state.as_str(), &sealed],
    )?;
    if done == 1 { Ok(()) } else { Err(GuardError::Conflict) }
}

/// The message was honest: it teaches.
fn accept(tx: &mut Tx<'_>, case: &Case, by: i64) -> Result<(), GuardError> {
    let was_called = case.detail.events.iter().any(|event| event.what == "phoned");
    let now = tx.now().millis();
    let note = format!("case {:x}", case.id);
    let context = tx.context();
    let mut shelf = Shelf::open(tx, case.organisation)?;
    case.detail.lesson.teach(&mut shelf)?;
    if was_called {
        let partner = learn::root(&mut shelf, &case.detail.partner)?;
        shelf.update::<PartnerRow, _>(&partner, |row| {
            for asked in &case.detail.asked {
                let known = row.partner.details.iter_mut().find(|known| same_account(&known.detail, &asked.detail));
                let Some(known) = known else { continue };
                known.state = State::Confirmed;
                let value = known.detail.value.clone();
                record(
                    &mut row.changes,
                    LedgerChange { at: now, by, value, state: State::Confirmed, note: note.clone() },
                );
            }
        })?;
    }
    let changes = shelf.changes(&*context.entropy);
    save(tx, case.organisation, &changes)
}

/// The message was fraud: its payment details are known as that wherever they come again, unless they are on file as good.
fn dispute(tx: &mut Tx<'_>, case: &Case, by: i64) -> Result<(), GuardError> {
    let now = tx.now().millis();
    let note = format!("case {:x}", case.id);
    let context = tx.context();
    let mut shelf = Shelf::open(tx, case.organisation)?;
    let partner = learn::root(&mut shelf, &case.detail.partner)?;
    let doubted = case.detail.asked.iter().filter(|asked| matches!(asked.state, State::New | State::Disputed));
    for asked in doubted.filter(|asked| asked.detail.is_payable()) {
        shelf.update::<AccountRow, _>(&asked.detail.key(), |row| row.is_disputed = true)?;
        // A stranger gets no row by what he tried.
        if shelf.get::<PartnerRow>(&partner)?.is_none() {
            continue;
        }
        shelf.update::<PartnerRow, _>(&partner, |row| {
            let value = asked.detail.value.clone();
            record(&mut row.changes, LedgerChange { at: now, by, value, state: State::Disputed, note: note.clone() });
        })?;
    }
    let changes = shelf.changes(&*context.entropy);
    save(tx, case.organisation, &changes)
}

/// Keeps a change; the oldest makes room.
pub(crate) fn record(changes: &mut Vec<LedgerChange>, change: LedgerChange) {
    if changes.len() >= CHANGES_MAX {
        changes.remove(0);
    }
    changes.push(change);
}

/// Forgets closed cases from before `before`; gives how many.
///
/// # Errors
/// When the store fails.
pub fn forget(tx: &mut Tx<'_>, before: Timestamp) -> Result<u64, GuardError> {
    let sql = "DELETE FROM guard_case WHERE at < $1 AND state IN ('honest', 'fraud')";
    Ok(tx.execute(sql, params![before.millis()])?)
}
