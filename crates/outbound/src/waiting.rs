//! Messages that wait in the queue until a second person has allowed them.

use std::time::Duration;

use access::Via;
use env::Timestamp;
use identity::rights::{self, Event};
use queue::QueueError;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::net::IpAddr;
use store::owned::{self, Owner};
use store::{Tx, params};

use crate::consent::Consent;
use crate::content::Place;
use crate::evaluate::{Matched, Outcome};
use crate::look::{Looked, person};
use crate::refusal::Refusal;
use crate::rule::{Action, Approve, Mode};
use crate::{OutboundError, look};

const PLACE: &str = "outbound_waiting.detail";

/// Recipients that a record names.
const RECIPIENTS_KEPT_MAX: usize = 50;

/// Messages that one list shows.
const LISTED_MAX: i64 = 500;

/// Messages whose time is over that one round returns.
const ROUND: i64 = 50;

/// Characters of what somebody says to his decision.
const NOTE_CHARS_MAX: usize = 500;

env::words! {
    /// What became of a message that needed approval.
    State "state" allowed "waiting, released, refused, expired, withdrawn" {
        /// Nobody has decided yet.
        Waiting = "waiting",
        /// It was allowed and goes.
        Released = "released",
        /// It was refused; its sender is told.
        Refused = "refused",
        /// Nobody has decided in time; its sender is told.
        Expired = "expired",
        /// Its sender took it back, or it was taken out of the queue.
        Withdrawn = "withdrawn",
    }
}

/// Somebody who must allow it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Need {
    /// The rule that asks.
    pub rule: String,
    /// Who may.
    pub approve: Approve,
    /// The account that did.
    #[serde(default)]
    pub given_by: Option<i64>,
}

/// What is kept of a message that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    /// Its subject; empty if something sensitive stands there.
    pub subject: String,
    /// Whom it goes to.
    pub recipients: Vec<String>,
    /// Rules that hold, masked.
    pub outcome: Outcome,
    /// The sender's reason.
    #[serde(default)]
    pub reason: Option<String>,
    /// Who must allow it.
    pub needs: Vec<Need>,
    /// Entries of the queue.
    pub queued: Vec<i64>,
    /// It is stopped for another cause, too, and stays held when it is allowed.
    #[serde(default)]
    pub is_stopped: bool,
    /// Who refused it.
    #[serde(default)]
    pub refused_by: Option<i64>,
    /// What was said to the decision.
    #[serde(default)]
    pub note: String,
    /// Nobody sent it: it goes on by itself from the account, or a group that it answers for.
    #[serde(default)]
    pub goes_by_itself: bool,
}

/// A message that waits or waited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its number.
    pub id: i64,
    /// Whose it is.
    pub organisation: i64,
    /// Who sends it.
    pub account: i64,
    /// Since when.
    pub at: Timestamp,
    /// When it is returned.
    pub expires: Timestamp,
    /// What became of it.
    pub state: State,
    /// The rest.
    pub detail: Detail,
}

impl Waiting {
    /// Whether `account` has said a word on it.
    #[must_use]
    pub fn was_decided_by(&self, account: i64) -> bool {
        self.detail.refused_by == Some(account) || self.detail.needs.iter().any(|need| need.given_by == Some(account))
    }
}

/// A message that somebody hands in, and what rules say of it.
#[derive(Debug, Clone)]
pub struct Handed {
    /// Its number.
    pub id: i64,
    /// Who sends it.
    pub account: i64,
    /// Whose account that is.
    pub organisation: i64,
    /// By which way.
    pub via: Via,
    /// From where.
    pub address: Option<IpAddr>,
    /// Its subject, decoded.
    pub subject: String,
    /// Whom it goes to.
    pub recipients: Vec<String>,
    /// What its sender says.
    pub consent: Consent,
    /// What rules say.
    pub looked: Looked,
    /// Nobody hands it in: it goes on by itself, forwarded or by rules of the account, or to members of a group.
    pub goes_by_itself: bool,
}

impl Handed {
    /// Whether it waits until somebody has allowed it.
    #[must_use]
    pub fn waits(&self) -> bool {
        !self.looked.approvals.is_empty()
    }

    fn event(&self, outcome: rights::Outcome, word: &str) -> Event {
        let rules: Vec<_> = self
            .looked
            .outcome
            .matched
            .iter()
            .map(|it| {
                let found: Vec<_> =
                    it.hits.iter().map(|hit| json!([hit.what, hit.place, hit.count, hit.shown])).collect();
                let actions: Vec<&str> = it.actions.iter().map(Action::word).collect();
                json!({ "rule": it.rule, "audit_only": it.mode == Mode::Audit, "actions": actions, "found": found })
            })
            .collect();
        let object = json!({
            "message": format!("{:x}", self.id), "decision": word, "reason": self.consent.reason,
            "recipients": self.recipients.len(), "rules": rules, "by_itself": self.goes_by_itself,
        });
        let names: Vec<&str> = self.looked.outcome.matched.iter().map(|it| it.rule.as_str()).collect();
        Event {
            organisation: self.organisation,
            account: Some(self.account),
            via: self.via,
            address: self.address,
            action: "outbound".to_owned(),
            object: object.to_string(),
            outcome,
            row: format!("outbound rules: {}", names.join(", ")),
        }
    }
}

/// Records that a message was not taken.
///
/// # Errors
/// If the store fails.
pub fn keep_refused(tx: &mut Tx<'_>, handed: &Handed, refusal: Refusal) -> Result<(), OutboundError> {
    rights::record(tx, &handed.event(rights::Outcome::Refused, refusal.word()))?;
    Ok(())
}

/// Keeps what rules found of a message, in the transaction that takes it; `queued` are its entries in the queue, and `is_stopped` says that they
/// are held for another cause, too.
///
/// # Errors
/// If the store fails: then the message must not be taken.
pub fn keep(tx: &mut Tx<'_>, handed: &Handed, queued: &[i64], is_stopped: bool) -> Result<(), OutboundError> {
    if handed.looked.outcome.matched.is_empty() {
        return Ok(());
    }
    if !handed.waits() {
        let word = match handed.consent.is_confirmed {
            true => "confirmed",
            false if handed.goes_by_itself => "sent on",
            false => "sent",
        };
        rights::record(tx, &handed.event(rights::Outcome::Allowed, word))?;
        return Ok(());
    }
    rights::record(tx, &handed.event(rights::Outcome::Waiting, "waits for approval"))?;
    let hours = handed.looked.approvals.iter().map(|it| it.approve.hours).min().unwrap_or(1);
    let need = |it: &look::Approval| Need { rule: it.rule.clone(), approve: it.approve.clone(), given_by: None };
    let names_it = handed
        .looked
        .outcome
        .matched
        .iter()
        .flat_map(|it: &Matched| &it.hits)
        .any(|hit| hit.place == Some(Place::Subject));
    let detail = Detail {
        subject: if names_it { String::new() } else { handed.subject.clone() },
        recipients: handed.recipients.iter().take(RECIPIENTS_KEPT_MAX).cloned().collect(),
        outcome: handed.looked.outcome.clone(),
        reason: handed.consent.reason.clone(),
        needs: handed.looked.approvals.iter().map(need).collect(),
        queued: queued.to_vec(),
        is_stopped,
        refused_by: None,
        note: String::new(),
        goes_by_itself: handed.goes_by_itself,
    };
    let now = tx.now();
    let expires = now.plus(Duration::from_secs(u64::from(hours) * 3600));
    let sealed = owned::seal(tx, Owner::Organisation(handed.organisation), PLACE, handed.id, &detail)?;
    tx.execute(
        "INSERT INTO outbound_waiting (id, organisation, account, at, expires, state, told, detail)
         VALUES ($1, $2, $3, $4, $5, 'waiting', 0, $6)",
        params![handed.id, handed.organisation, handed.account, now.millis(), expires.millis(), &sealed],
    )?;
    for queued in queued {
        tx.execute(
            "INSERT INTO outbound_waiting_queued (queued, waiting) VALUES ($1, $2)",
            params![*queued, handed.id],
        )?;
    }
    Ok(())
}

/// Reads the number of a message that waits, as people write it.
///
/// # Errors
/// [`OutboundError::NotWaiting`] if it is none.
pub fn read_number(text: &str) -> Result<i64, OutboundError> {
    i64::from_str_radix(text.trim(), 16).map_err(|_| OutboundError::NotWaiting(text.to_owned()))
}

type Row = (i64, i64, i64, i64, i64, String, Vec<u8>);

/// A query for rows as [`row_of`] reads them.
macro_rules! waiting_where {
    ($rest:literal) => {
        concat!("SELECT id, organisation, account, at, expires, state, detail FROM outbound_waiting WHERE ", $rest)
    };
}

fn row_of(row: &store::Row<'_>) -> Result<Row, store::StoreError> {
    let (id, organisation, account) = (row.int(0)?, row.int(1)?, row.int(2)?);
    Ok((id, organisation, account, row.int(3)?, row.int(4)?, row.text(5)?.to_owned(), row.bytes(6)?.to_vec()))
}

fn opened(
    tx: &mut Tx<'_>,
    (id, organisation, account, at, expires, state, sealed): Row,
) -> Result<Waiting, OutboundError> {
    let detail = owned::open(tx, Owner::Organisation(organisation), PLACE, id, &sealed)?;
    let state = state
        .parse()
        .map_err(|_| store::StoreError::Corrupt { what: "the state of a message that waits".to_owned() })?;
    let (at, expires) = (Timestamp::from_millis(at), Timestamp::from_millis(expires));
    Ok(Waiting { id, organisation, account, at, expires, state, detail })
}

/// One message that waits or waited.
///
/// # Errors
/// [`OutboundError::NotWaiting`] if there is none of that number in the organisation.
pub fn load(tx: &mut Tx<'_>, organisation: i64, id: i64) -> Result<Waiting, OutboundError> {
    let found = tx.row(waiting_where!("id = $1 AND organisation = $2"), params![id, organisation], row_of)?;
    match found {
        Some(row) => opened(tx, row),
        None => Err(OutboundError::NotWaiting(format!("{id:x}"))),
    }
}

/// Messages of an organisation, the newest first: those that wait, or all.
///
/// # Errors
/// If the store fails.
pub fn list(tx: &mut Tx<'_>, organisation: i64, all: bool) -> Result<Vec<Waiting>, OutboundError> {
    let sql = if all {
        waiting_where!("organisation = $1 ORDER BY at DESC, id DESC LIMIT $2")
    } else {
        waiting_where!("organisation = $1 AND state = 'waiting' ORDER BY at DESC, id DESC LIMIT $2")
    };
    let rows = tx.rows(sql, params![organisation, LISTED_MAX], row_of)?;
    rows.into_iter().map(|row| opened(tx, row)).collect()
}

/// Whether `account` may decide on it now.
///
/// # Errors
/// If the store fails.
pub fn may_decide(tx: &mut Tx<'_>, waiting: &Waiting, account: i64) -> Result<bool, OutboundError> {
    if waiting.state != State::Waiting || waiting.account == account || waiting.expires <= tx.now() {
        return Ok(false);
    }
    let who = person(tx, account)?;
    Ok(waiting.detail.needs.iter().any(|need| need.given_by.is_none() && need.approve.by.has(&who)))
}

/// Refuses to let `account` read a message that is not for it to decide on now.
///
/// # Errors
/// [`OutboundError::NotYours`].
pub fn check_reader(tx: &mut Tx<'_>, waiting: &Waiting, account: i64) -> Result<(), OutboundError> {
    match waiting.state {
        _ if waiting.account == account => {
            Err(OutboundError::NotYours("it is your own; read it in your mail, others decide on it"))
        }
        State::Waiting if may_decide(tx, waiting, account)? => Ok(()),
        State::Waiting => Err(OutboundError::NotYours("the rule names others who may approve it, or you have already")),
        _ => Err(OutboundError::NotYours("it is decided already, or was taken back; what it says is its sender's")),
    }
}

/// The word of `account` on a message that waits. It goes once everybody has allowed it who must; one word against it ends it.
///
/// # Errors
/// [`OutboundError::NotYours`] if the account may not decide, [`OutboundError::NotWaiting`].
pub fn decide(
    tx: &mut Tx<'_>,
    organisation: i64,
    id: i64,
    account: i64,
    (approves, note): (bool, &str),
) -> Result<Waiting, OutboundError> {
    // The row is taken first, so that two decisions come one after the other.
    tx.execute(
        "UPDATE outbound_waiting SET told = told WHERE id = $1 AND organisation = $2",
        params![id, organisation],
    )?;
    let mut waiting = load(tx, organisation, id)?;
    if waiting.state != State::Waiting {
        return Err(OutboundError::NotYours("it is decided already, or was taken back"));
    }
    if waiting.account == account {
        return Err(OutboundError::NotYours("nobody approves his own mail; another of those named must"));
    }
    if waiting.expires <= tx.now() {
        return Err(OutboundError::NotYours("the time for it is over; its sender is told to send it again"));
    }
    if !may_decide(tx, &waiting, account)? {
        return Err(OutboundError::NotYours("the rule names others who may approve it, or you have already"));
    }
    waiting.detail.note = note.chars().filter(|c| !c.is_control()).take(NOTE_CHARS_MAX).collect();
    if approves {
        let who = person(tx, account)?;
        for need in waiting.detail.needs.iter_mut().filter(|need| need.approve.by.has(&who)) {
            need.given_by.get_or_insert(account);
        }
        if waiting.detail.needs.iter().all(|need| need.given_by.is_some()) {
            waiting.state = if release(tx, &waiting)? { State::Released } else { State::Withdrawn };
        }
    } else {
        waiting.detail.refused_by = Some(account);
        cancel(tx, &waiting)?;
        waiting.state = State::Refused;
    }
    save(tx, &waiting)?;
    let rules: Vec<&str> = waiting.detail.needs.iter().map(|need| need.rule.as_str()).collect();
    let event = Event {
        organisation,
        account: Some(account),
        via: Via::Http,
        address: None,
        action: "outbound-decision".to_owned(),
        object: json!({ "message": format!("{id:x}"), "sender": waiting.account, "note": waiting.detail.note })
            .to_string(),
        outcome: if approves { rights::Outcome::Approved } else { rights::Outcome::Rejected },
        row: format!("outbound rules: {}", rules.join(", ")),
    };
    rights::record(tx, &event)?;
    Ok(waiting)
}

fn save(tx: &mut Tx<'_>, waiting: &Waiting) -> Result<(), OutboundError> {
    let Waiting { id, organisation, state, detail, .. } = waiting;
    let sealed = owned::seal(tx, Owner::Organisation(*organisation), PLACE, *id, detail)?;
    tx.execute(
        "UPDATE outbound_waiting SET state = $1, detail = $2 WHERE id = $3",
        params![state.as_str(), &sealed, *id],
    )?;
    if *state != State::Waiting {
        tx.execute("DELETE FROM outbound_waiting_queued WHERE waiting = $1", params![*id])?;
    }
    Ok(())
}

/// Lets it go; tells whether anything of it was there.
fn release(tx: &mut Tx<'_>, waiting: &Waiting) -> Result<bool, OutboundError> {
    let mut is_there = false;
    for queued in &waiting.detail.queued {
        let released = if waiting.detail.is_stopped { queue::hold(tx, *queued) } else { queue::release(tx, *queued) };
        match released {
            Ok(()) => is_there = true,
            Err(QueueError::NoSuchMessage { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(is_there)
}

/// Takes it out of the queue; tells whether anything of it was there.
fn cancel(tx: &mut Tx<'_>, waiting: &Waiting) -> Result<bool, OutboundError> {
    let mut is_there = false;
    for queued in &waiting.detail.queued {
        match queue::cancel(tx, *queued) {
            Ok(()) => is_there = true,
            Err(QueueError::NoSuchMessage { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(is_there)
}

/// Refuses to let an entry of the queue go that waits for approval.
///
/// # Errors
/// [`OutboundError::WaitsForApproval`].
pub fn check_queued(tx: &mut Tx<'_>, queued: i64) -> Result<(), OutboundError> {
    let sql = "SELECT waiting FROM outbound_waiting_queued WHERE queued = $1";
    match tx.row(sql, params![queued], |row| row.int(0))? {
        Some(waiting) => Err(OutboundError::WaitsForApproval(waiting)),
        None => Ok(()),
    }
}

/// Ends what nobody has decided in time; gives how many.
///
/// # Errors
/// If the store fails.
pub fn expire(tx: &mut Tx<'_>) -> Result<usize, OutboundError> {
    let sql = waiting_where!("state = 'waiting' AND expires <= $1 ORDER BY expires LIMIT $2");
    let now = tx.now().millis();
    let rows = tx.rows(sql, params![now, ROUND], row_of)?;
    let count = rows.len();
    for row in rows {
        let mut waiting = opened(tx, row)?;
        // Its sender may have taken it back.
        waiting.state = if cancel(tx, &waiting)? { State::Expired } else { State::Withdrawn };
        save(tx, &waiting)?;
    }
    Ok(count)
}

/// Those of whom nobody has been told yet: to those who may approve, or to their sender.
///
/// # Errors
/// If the store fails.
pub(crate) fn untold(tx: &mut Tx<'_>) -> Result<Vec<Waiting>, OutboundError> {
    let sql =
        waiting_where!("(told = 0 AND state = 'waiting') OR (told < 2 AND state <> 'waiting') ORDER BY at LIMIT $1");
    let rows = tx.rows(sql, params![ROUND], row_of)?;
    rows.into_iter().map(|row| opened(tx, row)).collect()
}

/// Notes who was told; gives whether nobody else did so before.
pub(crate) fn note_told(tx: &mut Tx<'_>, waiting: &Waiting) -> Result<bool, OutboundError> {
    let told: i64 = if waiting.state == State::Waiting { 1 } else { 2 };
    let sql = "UPDATE outbound_waiting SET told = $1 WHERE id = $2 AND told < $1";
    Ok(tx.execute(sql, params![told, waiting.id])? == 1)
}

/// Whether the time of one is over.
pub(crate) fn is_any_over(tx: &mut Tx<'_>) -> Result<bool, OutboundError> {
    let sql = "SELECT id FROM outbound_waiting WHERE state = 'waiting' AND expires <= $1 LIMIT 1";
    let now = tx.now().millis();
    Ok(tx.row(sql, params![now], |row| row.int(0))?.is_some())
}
