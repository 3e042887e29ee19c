//! Attempts as they are kept and read.

use std::net::IpAddr;

use env::Timestamp;
use serde::{Deserialize, Serialize};
use store::{Row, StoreError, Tx, params};

use crate::assess::{Answer, Assessment};
use crate::attempt::{Attempt, Device, Outcome};
use crate::error::WatchError;
use crate::features::network;
use crate::keys::{EVERYBODY, Keeper, group};
use crate::place::Place;
use crate::rules::Finding;

/// Events that one list gives.
pub const EVENTS_MAX: i64 = 1_000;

/// Whose sign-in it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject {
    /// The account.
    pub account: i64,
    /// Its organisation.
    pub organisation: i64,
}

/// What the person said of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// Nothing yet.
    Nothing,
    /// It was me.
    Mine,
    /// It was not me.
    NotMine,
}

impl Said {
    /// The word in the database and in answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Mine => "mine",
            Self::NotMine => "not-mine",
        }
    }

    fn read(word: &str) -> Self {
        match word {
            "mine" => Self::Mine,
            "not-mine" => Self::NotMine,
            _ => Self::Nothing,
        }
    }
}

/// An attempt as it was recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its number.
    pub id: i64,
    /// Whose it is; none where the name was nobody's.
    pub subject: Option<Subject>,
    /// When.
    pub at: Timestamp,
    /// What came of it.
    pub outcome: Outcome,
    /// What the watch answered; none where it was not asked, as for wrong passwords.
    pub answer: Option<Answer>,
    /// What the person said.
    pub said: Said,
    /// The rest.
    pub detail: Detail,
}

/// What of an event rests sealed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Detail {
    /// Where from.
    pub address: IpAddr,
    /// Where that is.
    pub place: Place,
    /// What the client spoke.
    pub protocol: String,
    /// What was shown.
    pub method: String,
    /// What the client calls itself.
    pub agent: Option<String>,
    /// Its TLS.
    pub tls: Option<String>,
    /// Its device, by name.
    pub device: Option<String>,
    /// Whether the device proves itself.
    pub device_is_proven: bool,
    /// Whether a strong factor was shown in the same sign-in.
    pub strong: bool,
    /// The score, with its parts: dimension, weight, and the level at which the account had shown the value before.
    pub score: Option<ScoreKept>,
    /// What was odd.
    pub findings: Vec<Finding>,
    /// Octets in hexadecimal that keep others from guessing the rest by the commitment in the audit log. Empty where that does not name it.
    #[serde(default)]
    salt: String,
}

/// A score as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScoreKept {
    /// Power of ten.
    pub total: f64,
    /// Dimension and weight of each part.
    pub parts: Vec<(String, f64)>,
}

impl Detail {
    /// The attempt that this was.
    pub(crate) fn attempt(&self, at: Timestamp) -> Attempt {
        let device = match (&self.device, self.device_is_proven) {
            (None, _) => Device::Unknown,
            (Some(name), false) => Device::Token(name.clone()),
            (Some(name), true) => Device::Credential(name.clone()),
        };
        Attempt {
            at,
            address: self.address,
            protocol: self.protocol.clone(),
            method: self.method.clone(),
            agent: self.agent.clone(),
            tls: self.tls.clone(),
            device,
            strong: self.strong,
        }
    }

    pub(crate) fn new(attempt: &Attempt, place: Place, assessment: Option<&Assessment>) -> Self {
        let score = assessment.map(|assessment| ScoreKept {
            total: assessment.score.total,
            parts: assessment.score.parts.iter().map(|it| (it.dimension.as_str().to_owned(), it.weight)).collect(),
        });
        Self {
            address: attempt.address.to_canonical(),
            place,
            protocol: attempt.protocol.to_owned(),
            method: attempt.method.to_owned(),
            agent: attempt.agent.clone(),
            tls: attempt.tls.clone(),
            device: attempt.device.name().map(str::to_owned),
            device_is_proven: matches!(attempt.device, Device::Credential(_)),
            strong: attempt.strong,
            score,
            findings: assessment.map_or_else(Vec::new, |assessment| assessment.findings.clone()),
            salt: String::new(),
        }
    }

    /// What the commitment is to: the number of the account and all that is kept, without the salt.
    fn committed(&self, account: i64) -> Result<String, WatchError> {
        let unreadable = |error: serde_json::Error| WatchError::Unreadable { account, cause: error.to_string() };
        let mut text = serde_json::to_value(self).map_err(unreadable)?;
        if let Some(fields) = text.as_object_mut() {
            fields.remove("salt");
            fields.insert("account".to_owned(), format!("{account:x}").into());
        }
        Ok(text.to_string())
    }
}

/// An event that is about to be kept.
#[derive(Debug, Clone)]
pub(crate) struct NewEvent {
    pub(crate) id: i64,
    pub(crate) subject: Option<Subject>,
    pub(crate) login: String,
    pub(crate) at: Timestamp,
    pub(crate) outcome: Outcome,
    pub(crate) answer: Option<Answer>,
    pub(crate) is_fresh: bool,
    /// Whether people are to be told.
    pub(crate) is_told: bool,
    /// Whether the audit log names it.
    pub(crate) is_audited: bool,
    pub(crate) detail: Detail,
}

impl NewEvent {
    pub(crate) fn insert(&self, tx: &mut Tx<'_>) -> Result<(), WatchError> {
        let (organisation, account) = self.subject.map_or((0, 0), |it| (it.organisation, it.account));
        let keeper = Keeper::of(tx, account)?;
        let mut detail = self.detail.clone();
        if self.is_audited {
            detail.salt = audit::salt(tx);
            self.append(tx, account, organisation, &detail)?;
        }
        let sealed = keeper.seal(tx, &place_of(self.id), &detail)?;
        let (login, network) = (group(tx, "login", &self.login), group(tx, "network", &network(self.detail.address)));
        tx.execute(
            "INSERT INTO sign_in_event
             (id, organisation, account, at, outcome, answer, said, login, network, fresh, told, detail)
             VALUES ($1, $2, $3, $4, $5, $6, '', $7, $8, $9, $10, $11) ON CONFLICT (id) DO NOTHING",
            params![
                self.id,
                organisation,
                account,
                self.at.millis(),
                self.outcome.as_str(),
                self.answer.map_or("", Answer::as_str),
                &login[..],
                &network[..],
                self.is_fresh,
                self.is_told,
                &sealed
            ],
        )?;
        Ok(())
    }

    /// Puts the attempt into the audit log.
    fn append(&self, tx: &mut Tx<'_>, account: i64, organisation: i64, detail: &Detail) -> Result<(), WatchError> {
        let leaf = audit::Leaf {
            id: format!("{:x}", self.id),
            at: self.at.to_string(),
            organisation: format!("{organisation:x}"),
            actor: audit::pseudonym(tx, account)?,
            action: AUDITED_AS.to_owned(),
            outcome: self.outcome.as_str().to_owned(),
            commitment: audit::commit(detail.salt.as_bytes(), detail.committed(account)?.as_bytes()),
        };
        audit::append(tx, self.id, &leaf)?;
        Ok(())
    }
}

/// The action under which attempts stand in the audit log.
pub const AUDITED_AS: &str = "sign-in";

/// What shows an outsider what the audit log's record of attempt `id` tells in full; none if it was forgotten or is not in the log.
///
/// # Errors
/// [`WatchError`] if the entry does not open or the store fails.
pub fn disclose(tx: &mut Tx<'_>, id: i64) -> Result<Option<audit::Disclosed>, WatchError> {
    let event = match load_event(tx, id) {
        Ok(event) => event,
        Err(WatchError::NoEvent(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let account = event.subject.map_or(EVERYBODY, |subject| subject.account);
    let text = event.detail.committed(account)?;
    Ok(Some(audit::Disclosed { salt: event.detail.salt, text }).filter(|disclosed| !disclosed.salt.is_empty()))
}

fn place_of(id: i64) -> String {
    format!("sign_in_event.detail:{id}")
}

/// Which events are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// Of an account.
    Account(i64),
    /// Of an organisation.
    Organisation(i64),
    /// Of names that are nobody's here.
    Nobody,
}

/// Events from `since` until before `until`, the latest first, at most [`EVENTS_MAX`].
///
/// # Errors
/// [`WatchError`] if the store fails.
pub fn list_events(
    tx: &mut Tx<'_>,
    whose: Whose,
    since: Timestamp,
    until: Timestamp,
) -> Result<Vec<Event>, WatchError> {
    let (sql, number) = match whose {
        Whose::Account(account) => (
            "SELECT id, organisation, account, at, outcome, answer, said, detail FROM sign_in_event
             WHERE account = $1 AND at >= $2 AND at < $3 ORDER BY at DESC, id DESC LIMIT $4",
            account,
        ),
        Whose::Organisation(organisation) => (LIST_OF_ORGANISATION, organisation),
        Whose::Nobody => (LIST_OF_ORGANISATION, 0),
    };
    let rows = tx.rows(sql, params![number, since.millis(), until.millis(), EVENTS_MAX], Raw::read)?;
    rows.into_iter().map(|raw| raw.open(tx)).collect()
}

const LIST_OF_ORGANISATION: &str =
    "SELECT id, organisation, account, at, outcome, answer, said, detail FROM sign_in_event
     WHERE organisation = $1 AND at >= $2 AND at < $3 ORDER BY at DESC, id DESC LIMIT $4";

/// The event `id`.
///
/// # Errors
/// [`WatchError::NoEvent`] if there is none.
pub fn load_event(tx: &mut Tx<'_>, id: i64) -> Result<Event, WatchError> {
    let raw = tx.row(
        "SELECT id, organisation, account, at, outcome, answer, said, detail FROM sign_in_event WHERE id = $1",
        params![id],
        Raw::read,
    )?;
    raw.ok_or(WatchError::NoEvent(id))?.open(tx)
}

/// Events whose letters wait, the oldest first.
///
/// # Errors
/// [`WatchError`] if the store fails.
pub fn list_untold(tx: &mut Tx<'_>, count: i64) -> Result<Vec<Event>, WatchError> {
    let rows = tx.rows(
        "SELECT id, organisation, account, at, outcome, answer, said, detail FROM sign_in_event
         WHERE told = 1 ORDER BY at LIMIT $1",
        params![count],
        Raw::read,
    )?;
    rows.into_iter().map(|raw| raw.open(tx)).collect()
}

/// Takes the event's letters upon oneself, in the transaction that posts them; false if another node has.
///
/// # Errors
/// [`WatchError`] if the store fails.
pub fn claim_untold(tx: &mut Tx<'_>, id: i64) -> Result<bool, WatchError> {
    Ok(tx.execute("UPDATE sign_in_event SET told = 2 WHERE id = $1 AND told = 1", params![id])? == 1)
}

/// Notes what the person said of an event, once.
pub(crate) fn note_said(tx: &mut Tx<'_>, id: i64, said: Said) -> Result<(), WatchError> {
    let changed =
        tx.execute("UPDATE sign_in_event SET said = $2 WHERE id = $1 AND said = ''", params![id, said.as_str()])?;
    if changed == 1 { Ok(()) } else { Err(WatchError::Answered(id)) }
}

pub(crate) struct Raw {
    pub(crate) id: i64,
    subject: (i64, i64),
    pub(crate) at: i64,
    /// Outcome, answer, what was said.
    pub(crate) words: [String; 3],
    detail: Vec<u8>,
}

impl Raw {
    pub(crate) fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        let word = |index| Ok::<_, StoreError>(row.text(index)?.to_owned());
        Ok(Self {
            id: row.int(0)?,
            subject: (row.int(1)?, row.int(2)?),
            at: row.int(3)?,
            words: [word(4)?, word(5)?, word(6)?],
            detail: row.bytes(7)?.to_vec(),
        })
    }

    pub(crate) fn open(self, tx: &mut Tx<'_>) -> Result<Event, WatchError> {
        let (organisation, account) = self.subject;
        let keeper = Keeper::of(tx, account)?;
        let [outcome, answer, said] = self.words;
        let unreadable = || WatchError::Unreadable { account, cause: format!("outcome {outcome:?} is unknown") };
        Ok(Event {
            id: self.id,
            subject: (account != 0).then_some(Subject { account, organisation }),
            at: Timestamp::from_millis(self.at),
            outcome: Outcome::read(&outcome).ok_or_else(unreadable)?,
            answer: Answer::read(&answer),
            said: Said::read(&said),
            detail: keeper.open(&place_of(self.id), &self.detail)?,
        })
    }
}
