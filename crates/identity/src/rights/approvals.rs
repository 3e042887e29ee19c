//! Requests that wait for a second person: the exact request, carried out at most once.

use env::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Row, StoreError, Tx, params};

use super::AccessSettings;
use super::sealed::{open, seal};
use crate::{IdentityError, load_account};

/// Requests that one list gives.
const LISTED_MAX: i64 = 1_000;

/// Requests of one person that may wait at once.
const WAITING_MAX: i64 = 100;

const COLUMN: &str = "approval.detail";

env::words! {
    /// How far a request has come.
    ApprovalState "state of a request" allowed "waiting, approved, refused, done, failed" {
        /// Waits for a second person.
        Waiting = "waiting",
        /// The second person said yes; it is being carried out.
        Approved = "approved",
        /// The second person said no.
        Refused = "refused",
        /// It was carried out.
        Done = "done",
        /// It was approved and could not be carried out.
        Failed = "failed",
    }
}

/// A request to be put before a second person.
#[derive(Debug, Clone)]
pub struct NewApproval<'a> {
    /// Whose people.
    pub organisation: i64,
    /// Who asks.
    pub asker: i64,
    /// Name of the action.
    pub action: &'a str,
    /// The request, exactly as it will be carried out.
    pub request: &'a Value,
}

#[derive(Serialize, Deserialize)]
struct Detail {
    request: Value,
    outcome: Option<String>,
}

/// A request that waits or waited for a second person.
#[derive(Debug, Clone, PartialEq)]
pub struct Approval {
    /// Its identifier.
    pub id: i64,
    /// Whose people.
    pub organisation: i64,
    /// Who asks.
    pub asker: i64,
    /// The second person, once there was a decision.
    pub decided_by: Option<i64>,
    /// Name of the action.
    pub action: String,
    /// How far it has come.
    pub state: ApprovalState,
    /// The request.
    pub request: Value,
    /// Why it could not be carried out.
    pub outcome: Option<String>,
    /// When it was asked for.
    pub created: Timestamp,
    /// When it lapses.
    pub expires: Timestamp,
}

/// Puts a request before a second person; gives its identifier.
///
/// # Errors
/// [`IdentityError`] if too many of the asker wait, or the store fails.
pub fn request_approval(
    tx: &mut Tx<'_>,
    new: &NewApproval<'_>,
    settings: &AccessSettings,
) -> Result<i64, IdentityError> {
    let (id, now) = (tx.next_id(), tx.now());
    let waiting = tx.row(
        "SELECT COUNT(*) FROM approval WHERE asker = $1 AND state = 'waiting' AND expires > $2",
        params![new.asker, now.millis()],
        |row| row.int(0),
    )?;
    if waiting.unwrap_or(0) >= WAITING_MAX {
        return Err(IdentityError::TooMany {
            what: "requests that wait for a second person",
            max: WAITING_MAX as usize,
        });
    }
    let detail = Detail { request: new.request.clone(), outcome: None };
    let sealed = seal(tx, new.organisation, COLUMN, id, &detail)?;
    tx.execute(
        "INSERT INTO approval (organisation, id, asker, decided_by, action, state, detail, created, expires)
         VALUES ($1, $2, $3, 0, $4, 'waiting', $5, $6, $7)",
        params![
            new.organisation,
            id,
            new.asker,
            new.action,
            &sealed,
            now.millis(),
            now.plus(settings.approval_wait()).millis()
        ],
    )?;
    Ok(id)
}

/// The second person says yes: gives the request, which the caller now carries out. Nobody else gets it again.
///
/// # Errors
/// [`IdentityError`] if it waits no longer, the second person is the asker or a stranger, or the store fails.
pub fn approve(tx: &mut Tx<'_>, organisation: i64, id: i64, by: i64) -> Result<Approval, IdentityError> {
    let request = take_waiting(tx, organisation, id, by)?;
    set_state(tx, organisation, id, ApprovalState::Approved, by)?;
    Ok(Approval { state: ApprovalState::Approved, decided_by: Some(by), ..request })
}

/// The second person says no.
///
/// # Errors
/// As [`approve`].
pub fn refuse_approval(tx: &mut Tx<'_>, organisation: i64, id: i64, by: i64) -> Result<Approval, IdentityError> {
    let request = take_waiting(tx, organisation, id, by)?;
    set_state(tx, organisation, id, ApprovalState::Refused, by)?;
    Ok(Approval { state: ApprovalState::Refused, decided_by: Some(by), ..request })
}

/// Notes what came of an approved or refused request: why it could not be carried out, if so. `kept` is what stays of the request, without
/// secrets.
///
/// # Errors
/// [`IdentityError`] if there is none or the store fails.
pub fn finish_approval(
    tx: &mut Tx<'_>,
    organisation: i64,
    id: i64,
    kept: &Value,
    failure: Option<&str>,
) -> Result<(), IdentityError> {
    let request = load_approval(tx, organisation, id)?;
    let state = match (request.state, failure) {
        (ApprovalState::Refused, _) => ApprovalState::Refused,
        (_, Some(_)) => ApprovalState::Failed,
        (_, None) => ApprovalState::Done,
    };
    let detail = Detail { request: kept.clone(), outcome: failure.map(str::to_owned) };
    let sealed = seal(tx, organisation, COLUMN, id, &detail)?;
    tx.execute(
        "UPDATE approval SET state = $3, detail = $4 WHERE organisation = $1 AND id = $2",
        params![organisation, id, state.as_str(), &sealed],
    )?;
    Ok(())
}

/// The request of this number.
///
/// # Errors
/// [`IdentityError::NoApproval`], or the store's.
pub fn load_approval(tx: &mut Tx<'_>, organisation: i64, id: i64) -> Result<Approval, IdentityError> {
    let row = tx.row(
        "SELECT organisation, id, asker, decided_by, action, state, detail, created, expires FROM approval
         WHERE organisation = $1 AND id = $2",
        params![organisation, id],
        ApprovalRow::read,
    )?;
    row.ok_or(IdentityError::NoApproval(id))?.open(tx)
}

/// The newest requests of an organisation; of one asker, if one is named.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn list_approvals(tx: &mut Tx<'_>, organisation: i64, asker: Option<i64>) -> Result<Vec<Approval>, IdentityError> {
    let rows = tx.rows(
        "SELECT organisation, id, asker, decided_by, action, state, detail, created, expires FROM approval
         WHERE organisation = $1 AND (asker = $2 OR $2 = 0) ORDER BY id DESC LIMIT $3",
        params![organisation, asker.unwrap_or(0), LISTED_MAX],
        ApprovalRow::read,
    )?;
    rows.into_iter().map(|row| row.open(tx)).collect()
}

/// The request, if it still waits and `by` may be its second person. Its row is taken, so that two decisions do not meet.
fn take_waiting(tx: &mut Tx<'_>, organisation: i64, id: i64, by: i64) -> Result<Approval, IdentityError> {
    tx.execute("UPDATE approval SET expires = expires WHERE organisation = $1 AND id = $2", params![organisation, id])?;
    let request = load_approval(tx, organisation, id)?;
    if request.state != ApprovalState::Waiting || request.expires <= tx.now() {
        return Err(IdentityError::NoApproval(id));
    }
    if by == request.asker || load_account(tx, by)?.organisation != organisation {
        return Err(IdentityError::Condition("the second person must be another than the one who asks"));
    }
    Ok(request)
}

fn set_state(tx: &mut Tx<'_>, organisation: i64, id: i64, state: ApprovalState, by: i64) -> Result<(), IdentityError> {
    tx.execute(
        "UPDATE approval SET state = $3, decided_by = $4 WHERE organisation = $1 AND id = $2",
        params![organisation, id, state.as_str(), by],
    )?;
    Ok(())
}

struct ApprovalRow {
    numbers: [i64; 6],
    action: String,
    state: String,
    detail: Vec<u8>,
}

impl ApprovalRow {
    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            numbers: [row.int(0)?, row.int(1)?, row.int(2)?, row.int(3)?, row.int(7)?, row.int(8)?],
            action: row.text(4)?.to_owned(),
            state: row.text(5)?.to_owned(),
            detail: row.bytes(6)?.to_vec(),
        })
    }

    fn open(self, tx: &mut Tx<'_>) -> Result<Approval, IdentityError> {
        let [organisation, id, asker, decided_by, created, expires] = self.numbers;
        let Detail { request, outcome } = open(tx, organisation, COLUMN, id, &self.detail)?;
        Ok(Approval {
            id,
            organisation,
            asker,
            decided_by: Some(decided_by).filter(|by| *by != 0),
            action: self.action,
            state: self.state.parse()?,
            request,
            outcome,
            created: Timestamp::from_millis(created),
            expires: Timestamp::from_millis(expires),
        })
    }
}
