//! The register of transfers (GDPR article 30, PIPL article 55): what crossed on which basis, and what was not let cross.

use access::Via;
use env::Timestamp;
use identity::rights::{self, Event, Outcome};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::owned::{self, Owner};
use store::{Tx, params};

use crate::decide::{Crossing, Decision};
use crate::{RegionSettings, ResidenceError};

/// Transfers that one call gives at most.
pub const TRANSFERS_PAGE: usize = 10_000;

const PLACE: &str = "transfer.detail";

/// A transfer in the register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// Milliseconds since 1970.
    #[serde(default)]
    pub at: i64,
    /// How it crossed.
    pub kind: String,
    /// From which region.
    pub from: String,
    /// Where to.
    pub to: String,
    /// Country that it went to.
    pub country: String,
    /// The highest classification of it.
    pub class: String,
    /// Whether it crossed.
    pub crossed: bool,
    /// Name of the rule that decided, or nothing.
    pub rule: String,
    /// What the rule asked for as protection.
    pub encryption: String,
    /// Basis in law and its reference; of what did not cross, why.
    pub basis: String,
    /// Who had it cross: account, or nothing for the server.
    pub account: Option<i64>,
    /// What it was.
    pub what: String,
}

/// Enters what was decided, once for each crossing and outcome.
pub(crate) fn enter(
    tx: &mut Tx<'_>,
    here: &RegionSettings,
    crossing: &Crossing,
    decision: &Decision,
) -> Result<(), ResidenceError> {
    let (crossed, rule, encryption, basis) = match decision {
        Decision::Within => return Ok(()),
        Decision::Allowed(passage) => {
            (true, passage.rule.clone(), passage.encryption.to_string(), passage.basis.clone())
        }
        Decision::Denied(denial) => (false, denial.rule.clone().unwrap_or_default(), String::new(), denial.why.clone()),
    };
    let transfer = Transfer {
        at: tx.now().millis(),
        kind: crossing.kind.to_string(),
        from: here.name.clone(),
        to: crossing.to.to_string(),
        country: crossing.to.country.clone(),
        class: crossing.class.to_string(),
        crossed,
        rule,
        encryption,
        basis,
        account: crossing.account,
        what: crossing.what.clone(),
    };
    let organisation = crossing.organisation;
    let key = tx.context().keys.organisation(tx, organisation)?;
    let outcome: &[u8] = if crossed { b"+" } else { b"-" };
    let parts = [b"transfer:", outcome, transfer.to.as_bytes(), b":", &crossing.subject];
    let subject = key.hashing().hash(&parts.concat()).to_vec();
    let id = tx.next_id();
    let sealed = owned::seal(tx, Owner::Organisation(organisation), PLACE, id, &transfer)?;
    let entered = tx.execute(
        "INSERT INTO transfer (organisation, id, at, subject, detail) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (organisation, subject) DO NOTHING",
        params![organisation, id, transfer.at, &subject, &sealed],
    )?;
    if entered == 0 {
        return Ok(());
    }
    let object = json!({
        "kind": transfer.kind, "from": transfer.from, "to": transfer.to, "class": transfer.class, "what": transfer.what,
        "basis": transfer.basis,
    });
    let event = Event {
        organisation,
        account: crossing.account,
        via: Via::Local,
        address: None,
        action: "crossing".to_owned(),
        object: object.to_string(),
        outcome: if crossed { Outcome::Allowed } else { Outcome::Refused },
        row: transfer.rule,
    };
    rights::record(tx, &event)?;
    Ok(())
}

/// What crossed or was not let cross from `since` on and before `until`, the oldest first; after the entry `after` (0 to begin), with the number of
/// each.
///
/// # Errors
/// [`ResidenceError`] if an entry does not open.
pub fn transfers(
    tx: &mut Tx<'_>,
    organisation: i64,
    (since, until): (Timestamp, Timestamp),
    after: i64,
) -> Result<Vec<(i64, Transfer)>, ResidenceError> {
    let rows = tx.rows(
        "SELECT id, detail FROM transfer WHERE organisation = $1 AND at >= $2 AND at < $3 AND id > $4 ORDER BY id LIMIT $5",
        params![organisation, since.millis(), until.millis(), after, i64::try_from(TRANSFERS_PAGE).unwrap_or(0)],
        |row| Ok((row.int(0)?, row.bytes(1)?.to_vec())),
    )?;
    opened(tx, organisation, rows)
}

/// The latest `limit` of what crossed or was not let cross from `since` on and before `until`; those before the entry `before`, if it is named.
///
/// # Errors
/// [`ResidenceError`] if an entry does not open.
pub fn latest_transfers(
    tx: &mut Tx<'_>,
    organisation: i64,
    (since, until): (Timestamp, Timestamp),
    before: Option<i64>,
    limit: usize,
) -> Result<Vec<(i64, Transfer)>, ResidenceError> {
    let limit = i64::try_from(limit.min(TRANSFERS_PAGE)).unwrap_or(0);
    let rows = tx.rows(
        "SELECT id, detail FROM transfer WHERE organisation = $1 AND at >= $2 AND at < $3 AND id < $4 ORDER BY id DESC LIMIT $5",
        params![organisation, since.millis(), until.millis(), before.unwrap_or(i64::MAX), limit],
        |row| Ok((row.int(0)?, row.bytes(1)?.to_vec())),
    )?;
    opened(tx, organisation, rows)
}

fn opened(
    tx: &mut Tx<'_>,
    organisation: i64,
    rows: Vec<(i64, Vec<u8>)>,
) -> Result<Vec<(i64, Transfer)>, ResidenceError> {
    let open = |(id, sealed): (i64, Vec<u8>)| {
        Ok((id, owned::open(tx, Owner::Organisation(organisation), PLACE, id, &sealed)?))
    };
    rows.into_iter().map(open).collect()
}
