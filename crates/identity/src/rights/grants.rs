//! Break-glass grants: somebody may read another's mail for a while, because a second person said so.
//!
//! A grant is looked at anew for each request, so one that is over or revoked opens nothing from that moment on, on every node.

use std::time::Duration;

use access::{Action, Basis, Loan};
use env::Timestamp;
use serde::{Deserialize, Serialize};
use store::{Notice, Row, StoreError, Tx, params};

use super::AccessSettings;
use super::roles::REASON_BYTES_MAX;
use super::sealed::{open, seal};
use crate::{IdentityError, load_account};

/// Grants that one list gives.
const LISTED_MAX: i64 = 1_000;

/// Mailboxes that one grant names.
const MAILBOXES_MAX: usize = 100;

/// Shortest reason, in characters: "test" is none.
const REASON_CHARS_MIN: usize = 10;

const COLUMN: &str = "access_grant.detail";

env::words! {
    /// How far a grant has come.
    GrantState "state of a grant" allowed "asked, approved, refused, revoked" {
        /// Waits for a second person.
        Asked = "asked",
        /// Holds from its start to its end.
        Approved = "approved",
        /// The second person said no.
        Refused = "refused",
        /// Ended early.
        Revoked = "revoked",
    }
}

/// Which mail a grant opens.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct GrantWindow {
    /// Identifiers of the mailboxes; empty for all.
    #[serde(default)]
    pub mailboxes: Vec<i64>,
    /// Messages received from this moment on, in milliseconds since 1970.
    #[serde(default)]
    pub received_from: Option<i64>,
    /// Messages received before this moment, in milliseconds since 1970.
    #[serde(default)]
    pub received_before: Option<i64>,
}

impl GrantWindow {
    /// Whether a message in `mailbox`, received at that moment, is among the mail.
    #[must_use]
    pub fn opens(&self, mailbox: i64, received: Timestamp) -> bool {
        let in_mailbox = self.mailboxes.is_empty() || self.mailboxes.contains(&mailbox);
        in_mailbox
            && self.received_from.is_none_or(|from| received.millis() >= from)
            && self.received_before.is_none_or(|before| received.millis() < before)
    }

    /// Whether it opens mailboxes as a whole.
    #[must_use]
    pub const fn is_whole_mailboxes(&self) -> bool {
        self.received_from.is_none() && self.received_before.is_none()
    }
}

/// A grant to be asked for.
#[derive(Debug, Clone)]
pub struct NewGrant<'a> {
    /// Whose mail.
    pub owner: i64,
    /// Who wants to read it.
    pub asker: i64,
    /// Why.
    pub reason: &'a str,
    /// Which mail.
    pub window: GrantWindow,
    /// For how long from the approval on.
    pub lasts: Duration,
    /// The legal hold that keeps the owner from being told, by its name.
    pub hold: Option<&'a str>,
}

#[derive(Serialize, Deserialize)]
struct Detail {
    reason: String,
    window: GrantWindow,
    lasts_millis: i64,
    hold: Option<String>,
}

/// A grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Its identifier.
    pub id: i64,
    /// Whose people.
    pub organisation: i64,
    /// Whose mail.
    pub owner: i64,
    /// Who reads it.
    pub asker: i64,
    /// The second person, once there was a decision.
    pub decided_by: Option<i64>,
    /// How far it has come.
    pub state: GrantState,
    /// Why.
    pub reason: String,
    /// Which mail.
    pub window: GrantWindow,
    /// For how long from the approval on.
    pub lasts: Duration,
    /// The legal hold that keeps the owner from being told.
    pub hold: Option<String>,
    /// When it was asked for.
    pub asked: Timestamp,
    /// When it begins, once approved.
    pub starts: Timestamp,
    /// When it ends; of a request, when it lapses.
    pub ends: Timestamp,
    /// Whether the hold is in force.
    pub is_held: bool,
    /// When the owner was told.
    pub told: Option<Timestamp>,
}

impl Grant {
    /// Whether it opens mail at `now`.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        self.state == GrantState::Approved && self.starts <= now && now < self.ends
    }

    /// Whether it was approved and opens nothing any more.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.starts.millis() > 0 && !self.holds(now)
    }
}

/// Asks for a grant; gives its identifier.
///
/// # Errors
/// [`IdentityError`] if asker and owner are the same or not of one organisation, the reason says nothing, the time is too long, or the
/// store fails.
pub fn ask_grant(tx: &mut Tx<'_>, new: &NewGrant<'_>, settings: &AccessSettings) -> Result<i64, IdentityError> {
    let (owner, asker) = (load_account(tx, new.owner)?, load_account(tx, new.asker)?);
    if owner.id == asker.id {
        return Err(IdentityError::Condition("one's own mail needs no grant"));
    }
    if owner.organisation != asker.organisation {
        return Err(IdentityError::NoAccount(new.owner.to_string()));
    }
    let reason = new.reason.trim();
    if reason.chars().count() < REASON_CHARS_MIN || reason.len() > REASON_BYTES_MAX {
        return Err(IdentityError::Condition(
            "say why in 10 characters or more and at most 1000 bytes: the second person and the owner will read it",
        ));
    }
    if new.lasts.is_zero() || new.lasts > settings.grant_max() {
        return Err(IdentityError::GrantTime { hours_max: settings.grant_hours_max });
    }
    if new.window.mailboxes.len() > MAILBOXES_MAX {
        return Err(IdentityError::TooMany { what: "mailboxes of one grant", max: MAILBOXES_MAX });
    }
    let organisation = owner.organisation;
    let (id, now) = (tx.next_id(), tx.now());
    let detail = Detail {
        reason: reason.to_owned(),
        window: new.window.clone(),
        lasts_millis: i64::try_from(new.lasts.as_millis()).unwrap_or(i64::MAX),
        hold: new.hold.map(str::to_owned),
    };
    let sealed = seal(tx, organisation, COLUMN, id, &detail)?;
    tx.execute(
        "INSERT INTO access_grant (organisation, id, owner, asker, decided_by, state, detail, asked, starts, ends, held, told)
         VALUES ($1, $2, $3, $4, 0, 'asked', $5, $6, 0, $7, $8, 0)",
        params![
            organisation,
            id,
            owner.id,
            asker.id,
            &sealed,
            now.millis(),
            now.plus(settings.approval_wait()).millis(),
            i64::from(new.hold.is_some())
        ],
    )?;
    Ok(id)
}

/// The second person says yes: the grant holds from now on.
///
/// # Errors
/// [`IdentityError`] if it waits no longer, the second person is the asker, the owner or a stranger, or the store fails.
pub fn approve_grant(tx: &mut Tx<'_>, organisation: i64, id: i64, by: i64) -> Result<Grant, IdentityError> {
    let grant = take_waiting(tx, organisation, id, by)?;
    let now = tx.now();
    let ends = now.plus(grant.lasts);
    tx.execute(
        "UPDATE access_grant SET state = 'approved', decided_by = $3, starts = $4, ends = $5 WHERE organisation = $1 AND id = $2",
        params![organisation, id, by, now.millis(), ends.millis()],
    )?;
    Ok(Grant { state: GrantState::Approved, decided_by: Some(by), starts: now, ends, ..grant })
}

/// The second person says no.
///
/// # Errors
/// As [`approve_grant`].
pub fn refuse_grant(tx: &mut Tx<'_>, organisation: i64, id: i64, by: i64) -> Result<(), IdentityError> {
    take_waiting(tx, organisation, id, by)?;
    tx.execute(
        "UPDATE access_grant SET state = 'refused', decided_by = $3, ends = $4 WHERE organisation = $1 AND id = $2",
        params![organisation, id, by, tx.now().millis()],
    )?;
    Ok(())
}

/// Ends a grant early, or takes a request back.
///
/// # Errors
/// [`IdentityError`] if it neither waits nor holds, or the store fails.
pub fn revoke_grant(tx: &mut Tx<'_>, organisation: i64, id: i64) -> Result<(), IdentityError> {
    let owner = tx.row(
        "UPDATE access_grant SET state = 'revoked', ends = $3
         WHERE organisation = $1 AND id = $2 AND state IN ('asked', 'approved') AND ends > $3 RETURNING owner",
        params![organisation, id, tx.now().millis()],
        |row| row.int(0),
    )?;
    // Whoever has the mailbox open is to look again.
    tx.notify(Notice::Account(owner.ok_or(IdentityError::NoGrant(id))?));
    Ok(())
}

/// The legal hold is over: the owner will be told.
///
/// # Errors
/// [`IdentityError`] if there is no such grant or the store fails.
pub fn lift_hold(tx: &mut Tx<'_>, organisation: i64, id: i64) -> Result<(), IdentityError> {
    let lifted =
        tx.execute("UPDATE access_grant SET held = 0 WHERE organisation = $1 AND id = $2", params![organisation, id])?;
    if lifted == 1 { Ok(()) } else { Err(IdentityError::NoGrant(id)) }
}

/// The grant of this number.
///
/// # Errors
/// [`IdentityError::NoGrant`], or the store's.
pub fn load_grant(tx: &mut Tx<'_>, organisation: i64, id: i64) -> Result<Grant, IdentityError> {
    let row = tx.row(
        "SELECT organisation, id, owner, asker, decided_by, state, detail, asked, starts, ends, held, told FROM access_grant
         WHERE organisation = $1 AND id = $2",
        params![organisation, id],
        GrantRow::read,
    )?;
    row.ok_or(IdentityError::NoGrant(id))?.open(tx)
}

/// The newest grants of an organisation, those that are over included.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn list_grants(tx: &mut Tx<'_>, organisation: i64) -> Result<Vec<Grant>, IdentityError> {
    let rows = tx.rows(
        "SELECT organisation, id, owner, asker, decided_by, state, detail, asked, starts, ends, held, told FROM access_grant
         WHERE organisation = $1 ORDER BY id DESC LIMIT $2",
        params![organisation, LISTED_MAX],
        GrantRow::read,
    )?;
    rows.into_iter().map(|row| row.open(tx)).collect()
}

/// Grants that hold now by which `asker` reads mail of others: of `owner` alone, if one is named.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn grants_between(tx: &mut Tx<'_>, asker: i64, owner: Option<i64>) -> Result<Vec<Grant>, IdentityError> {
    let rows = tx.rows(
        "SELECT organisation, id, owner, asker, decided_by, state, detail, asked, starts, ends, held, told FROM access_grant
         WHERE asker = $1 AND (owner = $2 OR $2 = 0) AND state = 'approved' AND starts <= $3 AND ends > $3 ORDER BY id LIMIT $4",
        params![asker, owner.unwrap_or(0), tx.now().millis(), LISTED_MAX],
        GrantRow::read,
    )?;
    rows.into_iter().map(|row| row.open(tx)).collect()
}

/// What grants lend to `asker` now.
pub(super) fn loans_of(tx: &mut Tx<'_>, asker: i64) -> Result<Vec<Loan>, IdentityError> {
    let now = tx.now().millis();
    Ok(tx.rows(
        "SELECT id, owner, starts, ends FROM access_grant
         WHERE asker = $1 AND state = 'approved' AND starts <= $2 AND ends > $2 ORDER BY id LIMIT $3",
        params![asker, now, LISTED_MAX],
        |row| {
            Ok(Loan {
                basis: Basis::Grant(row.int(0)?),
                owner: row.int(1)?,
                actions: vec![Action::MailRead],
                from: Timestamp::from_millis(row.int(2)?),
                until: Timestamp::from_millis(row.int(3)?),
            })
        },
    )?)
}

/// Grants that are over and of which the owner is still to be told.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn due_to_be_told(tx: &mut Tx<'_>) -> Result<Vec<Grant>, IdentityError> {
    let rows = tx.rows(
        "SELECT organisation, id, owner, asker, decided_by, state, detail, asked, starts, ends, held, told FROM access_grant
         WHERE told = 0 AND ends <= $1 AND starts > 0 AND held = 0 ORDER BY ends LIMIT $2",
        params![tx.now().millis(), LISTED_MAX],
        GrantRow::read,
    )?;
    rows.into_iter().map(|row| row.open(tx)).collect()
}

/// Notes that the owner is told of the grant; gives whether that was still to be done.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn mark_told(tx: &mut Tx<'_>, organisation: i64, id: i64) -> Result<bool, IdentityError> {
    let marked = tx.execute(
        "UPDATE access_grant SET told = $3 WHERE organisation = $1 AND id = $2 AND told = 0 AND held = 0",
        params![organisation, id, tx.now().millis()],
    )?;
    Ok(marked == 1)
}

/// The request, if it still waits and `by` may be its second person. Its row is taken, so that two decisions do not meet.
fn take_waiting(tx: &mut Tx<'_>, organisation: i64, id: i64, by: i64) -> Result<Grant, IdentityError> {
    tx.execute("UPDATE access_grant SET told = told WHERE organisation = $1 AND id = $2", params![organisation, id])?;
    let grant = load_grant(tx, organisation, id)?;
    if grant.state != GrantState::Asked || grant.ends <= tx.now() {
        return Err(IdentityError::NoGrant(id));
    }
    if by == grant.asker || by == grant.owner || load_account(tx, by)?.organisation != organisation {
        return Err(IdentityError::Condition(
            "the second person must be another than the one who asks and the one whose mail it is",
        ));
    }
    Ok(grant)
}

struct GrantRow {
    numbers: [i64; 10],
    state: String,
    detail: Vec<u8>,
}

impl GrantRow {
    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        let mut numbers = [0; 10];
        for (number, column) in numbers.iter_mut().zip([0, 1, 2, 3, 4, 7, 8, 9, 10, 11]) {
            *number = row.int(column)?;
        }
        Ok(Self { numbers, state: row.text(5)?.to_owned(), detail: row.bytes(6)?.to_vec() })
    }

    fn open(self, tx: &mut Tx<'_>) -> Result<Grant, IdentityError> {
        let [organisation, id, owner, asker, decided_by, asked, starts, ends, held, told] = self.numbers;
        let Detail { reason, window, lasts_millis, hold } = open(tx, organisation, COLUMN, id, &self.detail)?;
        let some = |number: i64| Some(number).filter(|number| *number != 0);
        Ok(Grant {
            id,
            organisation,
            owner,
            asker,
            decided_by: some(decided_by),
            state: self.state.parse()?,
            reason,
            window,
            lasts: Duration::from_millis(lasts_millis.unsigned_abs()),
            hold,
            asked: Timestamp::from_millis(asked),
            starts: Timestamp::from_millis(starts),
            ends: Timestamp::from_millis(ends),
            is_held: held != 0,
            told: some(told).map(Timestamp::from_millis),
        })
    }
}
