//! Who gets the overview. A subscription is one row, whose `due` moves on in the transaction that posts the letters: each report is sent once, whichever node
//! is first, and of those that were missed while nothing ran the newest is made up.

use env::Timestamp;
use identity::Language;
use mail::Address;
use serde::{Deserialize, Serialize};
use store::owned::{self, Owner};
use store::{StoreError, Tx, params};

use super::period::{Plan, PlanError, Rhythm};

/// Subscriptions that an organisation may have.
pub const SUBSCRIPTIONS_MAX: i64 = 50;

/// Recipients of one.
pub const RECIPIENTS_MAX: usize = 50;

/// Octets of a name.
const NAME_BYTES_MAX: usize = 200;

/// Subscriptions that are due and looked at in one round.
const DUE_MAX: i64 = 100;

const PLACE: &str = "overview_report.detail";

/// Why a subscription cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum SubscriptionError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It cannot be sent so.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// It is called nothing, or too much.
    #[error("name has to have 1 to {NAME_BYTES_MAX} octets, without line breaks")]
    Name,
    /// Nobody would get it, or too many would.
    #[error("recipients: name 1 to {RECIPIENTS_MAX} addresses")]
    Recipients,
    /// That is no address.
    #[error("{0:?} is no address; write it as anna@example.com")]
    Address(String),
    /// The same address twice.
    #[error("{0} is named twice; name it once, in one language")]
    Twice(String),
    /// There are enough.
    #[error("there are {SUBSCRIPTIONS_MAX} reports already; remove one first")]
    TooMany,
    /// There is no such subscription.
    #[error("there is no report of this number; list them: tradewind overview-report list")]
    Missing,
}

/// Somebody who gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// Address, of somebody here or elsewhere.
    pub address: String,
    /// Language of the letter and the report.
    pub language: Language,
}

/// What is to be kept.
#[derive(Debug, Clone)]
pub struct NewSubscription {
    /// What people call it.
    pub name: String,
    /// When it is sent.
    pub plan: Plan,
    /// Who gets it.
    pub recipients: Vec<Recipient>,
}

/// What was sent last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// The time that it is of.
    pub period: String,
    /// To how many.
    pub recipients: usize,
    /// Addresses that could not be written to.
    pub unreachable: Vec<String>,
}

/// A subscription.
#[derive(Debug, Clone)]
pub struct Subscription {
    /// Its number.
    pub id: i64,
    /// Whose overview.
    pub organisation: i64,
    /// What people call it.
    pub name: String,
    /// When it is sent.
    pub plan: Plan,
    /// Who gets it.
    pub recipients: Vec<Recipient>,
    /// When it is sent next.
    pub due: Timestamp,
    /// What was sent last.
    pub last: Option<Sent>,
}

#[derive(Serialize, Deserialize)]
struct Detail {
    name: String,
    rhythm: String,
    hour: u8,
    zone: String,
    recipients: Vec<(String, String)>,
    #[serde(default)]
    last: Option<Sent>,
}

/// Keeps a subscription of the organisation, in place of the one of the number `id` if there is one named.
///
/// # Errors
/// [`SubscriptionError`] says what is wrong with it.
pub fn set(
    tx: &mut Tx<'_>,
    organisation: i64,
    id: Option<i64>,
    new: NewSubscription,
) -> Result<Subscription, SubscriptionError> {
    let NewSubscription { name, plan, recipients } = new;
    let name = name.trim().to_owned();
    if name.is_empty() || name.len() > NAME_BYTES_MAX || name.chars().any(char::is_control) {
        return Err(SubscriptionError::Name);
    }
    let recipients = checked(recipients)?;
    let last = match id {
        Some(id) => load(tx, organisation, id)?.last,
        None => None,
    };
    let count = "SELECT COUNT(*) FROM overview_report WHERE organisation = $1";
    let is_full =
        tx.row(count, params![organisation], |row| row.int(0))?.is_some_and(|count| count >= SUBSCRIPTIONS_MAX);
    if id.is_none() && is_full {
        return Err(SubscriptionError::TooMany);
    }
    let due = plan.next(tx.now());
    let id = id.unwrap_or_else(|| tx.next_id());
    let kept = Subscription { id, organisation, name, plan, recipients, due, last };
    write(tx, &kept)?;
    Ok(kept)
}

/// Addresses in canonical form, each once.
fn checked(recipients: Vec<Recipient>) -> Result<Vec<Recipient>, SubscriptionError> {
    if recipients.is_empty() || recipients.len() > RECIPIENTS_MAX {
        return Err(SubscriptionError::Recipients);
    }
    let mut all: Vec<Recipient> = Vec::with_capacity(recipients.len());
    for Recipient { address, language } in recipients {
        let parsed = Address::parse(address.trim()).map_err(|_| SubscriptionError::Address(address.clone()))?;
        let address = parsed.canonical();
        if all.iter().any(|one| one.address == address) {
            return Err(SubscriptionError::Twice(address));
        }
        all.push(Recipient { address, language });
    }
    Ok(all)
}

fn write(tx: &mut Tx<'_>, kept: &Subscription) -> Result<(), StoreError> {
    let detail = Detail {
        name: kept.name.clone(),
        rhythm: kept.plan.rhythm().as_str().to_owned(),
        hour: kept.plan.hour(),
        zone: kept.plan.zone().to_owned(),
        recipients: kept.recipients.iter().map(|it| (it.address.clone(), it.language.as_str().to_owned())).collect(),
        last: kept.last.clone(),
    };
    let sealed = owned::seal(tx, Owner::Organisation(kept.organisation), PLACE, kept.id, &detail)?;
    tx.execute(
        "INSERT INTO overview_report (id, organisation, due, detail) VALUES ($1, $2, $3, $4)
         ON CONFLICT (id) DO UPDATE SET due = $3, detail = $4",
        params![kept.id, kept.organisation, kept.due.millis(), &sealed],
    )?;
    Ok(())
}

fn opened(tx: &mut Tx<'_>, (id, organisation, due, sealed): Row) -> Result<Subscription, StoreError> {
    let corrupt = || StoreError::Corrupt { what: PLACE.to_owned() };
    let detail: Detail = owned::open(tx, Owner::Organisation(organisation), PLACE, id, &sealed)?;
    let rhythm: Rhythm = detail.rhythm.parse().map_err(|_| corrupt())?;
    let plan = Plan::new(rhythm, detail.hour, &detail.zone).map_err(|_| corrupt())?;
    let recipient = |(address, language): (String, String)| {
        Ok(Recipient { address, language: language.parse().map_err(|_| corrupt())? })
    };
    let recipients = detail.recipients.into_iter().map(recipient).collect::<Result<_, StoreError>>()?;
    let due = Timestamp::from_millis(due);
    Ok(Subscription { id, organisation, name: detail.name, plan, recipients, due, last: detail.last })
}

type Row = (i64, i64, i64, Vec<u8>);

fn row(row: &store::Row<'_>) -> Result<Row, StoreError> {
    Ok((row.int(0)?, row.int(1)?, row.int(2)?, row.bytes(3)?.to_vec()))
}

/// The subscription of that number.
///
/// # Errors
/// [`SubscriptionError::Missing`] if the organisation has none.
pub fn load(tx: &mut Tx<'_>, organisation: i64, id: i64) -> Result<Subscription, SubscriptionError> {
    let found = tx.row(
        "SELECT id, organisation, due, detail FROM overview_report WHERE id = $1 AND organisation = $2",
        params![id, organisation],
        row,
    )?;
    Ok(opened(tx, found.ok_or(SubscriptionError::Missing)?)?)
}

/// Those of the organisation, by name.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn list(tx: &mut Tx<'_>, organisation: i64) -> Result<Vec<Subscription>, StoreError> {
    let rows = tx.rows(
        "SELECT id, organisation, due, detail FROM overview_report WHERE organisation = $1 ORDER BY id LIMIT $2",
        params![organisation, SUBSCRIPTIONS_MAX],
        row,
    )?;
    let mut all = rows.into_iter().map(|row| opened(tx, row)).collect::<Result<Vec<_>, _>>()?;
    all.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(all)
}

/// Takes a subscription away.
///
/// # Errors
/// [`SubscriptionError::Missing`] if the organisation has none of that number.
pub fn remove(tx: &mut Tx<'_>, organisation: i64, id: i64) -> Result<(), SubscriptionError> {
    let sql = "DELETE FROM overview_report WHERE id = $1 AND organisation = $2";
    match tx.execute(sql, params![id, organisation])? {
        0 => Err(SubscriptionError::Missing),
        _ => Ok(()),
    }
}

/// Those of all organisations that are to be sent now.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn due(tx: &mut Tx<'_>) -> Result<Vec<Subscription>, StoreError> {
    let rows = tx.rows(
        "SELECT id, organisation, due, detail FROM overview_report WHERE due <= $1 ORDER BY due LIMIT $2",
        params![tx.now().millis(), DUE_MAX],
        row,
    )?;
    rows.into_iter().map(|row| opened(tx, row)).collect()
}

/// What a claim of a report says: whose it is, and what was sent of it.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The subscription as it was loaded.
    pub of: Subscription,
    /// What is sent.
    pub sent: Sent,
}

/// Takes the report that is due upon itself: whoever posts the letters in this transaction is the only one. False if another was first, or it was changed
/// meanwhile.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn claim(tx: &mut Tx<'_>, claim: &Claim) -> Result<bool, StoreError> {
    let Claim { of, sent } = claim;
    let next = of.plan.next(tx.now());
    let taken = tx.execute(
        "UPDATE overview_report SET due = $3 WHERE id = $1 AND due = $2",
        params![of.id, of.due.millis(), next.millis()],
    )?;
    if taken == 0 {
        return Ok(false);
    }
    write(tx, &Subscription { due: next, last: Some(sent.clone()), ..of.clone() })?;
    Ok(true)
}
