//! Investigations and their custodians.

use env::Timestamp;
use serde::{Deserialize, Serialize};
use store::holds::{self, HoldDetail};
use store::owned::{self, Owner};
use store::{Tx, params};

use crate::InvestigationError;

/// Accounts that one investigation looks into.
pub const CUSTODIANS_MAX: usize = 1_000;

/// Octets of a name or a reason.
const TEXT_BYTES_MAX: usize = 1_000;

const DETAIL: &str = "investigation.detail";

/// An investigation to be opened.
#[derive(Debug, Clone)]
pub struct NewInvestigation {
    /// Name, as lawyers call the matter.
    pub name: String,
    /// Why; it is what a regulator or a works council reads.
    pub reason: String,
    /// Who opens it.
    pub by: String,
    /// Addresses of those whose mail is looked into.
    pub custodians: Vec<String>,
    /// It serves legal claims, for which mail of people whose data is restricted may be looked into, too (GDPR article 18 paragraph 2).
    pub legal_claims: bool,
}

/// What is known of an investigation beside whom it concerns: sealed under the organisation's key.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Detail {
    name: String,
    reason: String,
    by: String,
    #[serde(default)]
    closed_by: String,
    #[serde(default)]
    closed_reason: String,
    #[serde(default)]
    legal_claims: bool,
    /// Who may fetch what was found, and until when (milliseconds since 1970).
    #[serde(default)]
    fetch: Option<(i64, i64)>,
}

/// An investigation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Investigation {
    /// Its number.
    pub id: i64,
    /// The legal hold on its custodians.
    pub hold: i64,
    /// Since when.
    pub opened: Timestamp,
    /// Since when not any more.
    pub closed: Option<Timestamp>,
    /// Name.
    pub name: String,
    /// Why.
    pub reason: String,
    /// Who opened it.
    pub by: String,
    /// Who closed it.
    pub closed_by: String,
    /// What came of it.
    pub closed_reason: String,
    /// Accounts whose mail is looked into.
    pub custodians: Vec<i64>,
    /// It serves legal claims.
    pub legal_claims: bool,
    fetch: Option<(i64, i64)>,
}

impl Investigation {
    /// Whether `account` may fetch what was found at `now`.
    #[must_use]
    pub fn may_fetch(&self, account: i64, now: Timestamp) -> bool {
        self.fetch.is_some_and(|(who, until)| who == account && now.millis() <= until)
    }

    /// Refuses to go on with one that is closed.
    pub(crate) const fn check_open(&self) -> Result<(), InvestigationError> {
        if self.closed.is_some() { Err(InvestigationError::Closed(self.id)) } else { Ok(()) }
    }
}

/// Opens an investigation and puts the mail of its custodians under a legal hold of the same name; gives its number.
///
/// # Errors
/// [`InvestigationError`] if a text or an address is wrong, or the store fails.
pub fn open(tx: &mut Tx<'_>, organisation: i64, new: &NewInvestigation) -> Result<i64, InvestigationError> {
    let NewInvestigation { name, reason, by, custodians, legal_claims } = new;
    for (part, text) in [("the name", name), ("the reason", reason)] {
        check_text(part, text)?;
    }
    let accounts = accounts_of(tx, organisation, custodians)?;
    let held = HoldDetail { name: name.clone(), reason: reason.clone(), by: by.clone(), ..HoldDetail::default() };
    let hold = holds::begin(tx, organisation, &accounts, &held)?;
    let (id, now) = (tx.next_id(), tx.now().millis());
    let (name, reason, by) = (name.clone(), reason.clone(), by.clone());
    let detail = Detail { name, reason, by, legal_claims: *legal_claims, ..Detail::default() };
    let sealed = owned::seal(tx, Owner::Organisation(organisation), DETAIL, id, &detail)?;
    tx.execute(
        "INSERT INTO investigation (organisation, id, hold, opened, closed, detail) VALUES ($1, $2, $3, $4, 0, $5)",
        params![organisation, id, hold, now, &sealed],
    )?;
    for account in accounts {
        add(tx, id, account)?;
    }
    Ok(id)
}

/// Looks into more accounts from now on, which come under its hold.
///
/// # Errors
/// [`InvestigationError`] if it is closed, an address is wrong, or there are too many.
pub fn add_custodians(
    tx: &mut Tx<'_>,
    organisation: i64,
    id: i64,
    custodians: &[String],
) -> Result<(), InvestigationError> {
    let found = load(tx, organisation, id)?;
    found.check_open()?;
    let accounts = accounts_of(tx, organisation, custodians)?;
    if found.custodians.len() + accounts.len() > CUSTODIANS_MAX {
        return Err(InvestigationError::Custodians);
    }
    for account in accounts.into_iter().filter(|account| !found.custodians.contains(account)) {
        holds::add_account(tx, found.hold, account)?;
        add(tx, id, account)?;
    }
    Ok(())
}

fn add(tx: &mut Tx<'_>, id: i64, account: i64) -> Result<(), InvestigationError> {
    tx.execute("INSERT INTO investigation_account (account, investigation) VALUES ($1, $2)", params![account, id])?;
    Ok(())
}

fn accounts_of(tx: &mut Tx<'_>, organisation: i64, addresses: &[String]) -> Result<Vec<i64>, InvestigationError> {
    if addresses.is_empty() || addresses.len() > CUSTODIANS_MAX {
        return Err(InvestigationError::Custodians);
    }
    let mut accounts = Vec::with_capacity(addresses.len());
    for address in addresses {
        let found = identity::find_by_address(tx, address)?;
        let account = found.ok_or_else(|| identity::IdentityError::NoAccount(address.clone()))?;
        if holds::keeping(tx, account)?.organisation != organisation {
            return Err(InvestigationError::Elsewhere(address.clone()));
        }
        accounts.push(account);
    }
    accounts.sort_unstable();
    accounts.dedup();
    Ok(accounts)
}

/// Closes an investigation: nothing is searched, read or fetched under it any more. With `release`, its hold ends too.
///
/// # Errors
/// [`InvestigationError`] if there is none that is open, or the store fails.
pub fn close(
    tx: &mut Tx<'_>,
    organisation: i64,
    id: i64,
    by: &str,
    reason: &str,
    release: bool,
) -> Result<Investigation, InvestigationError> {
    check_text("the reason", reason)?;
    let found = load(tx, organisation, id)?;
    found.check_open()?;
    let now = tx.now().millis();
    change(tx, organisation, id, |detail| {
        (detail.closed_by, detail.closed_reason) = (by.to_owned(), reason.to_owned());
        detail.fetch = None;
    })?;
    tx.execute(
        "UPDATE investigation SET closed = $3 WHERE organisation = $1 AND id = $2",
        params![organisation, id, now],
    )?;
    if release {
        holds::end(tx, organisation, found.hold, by, reason)?;
    }
    Ok(found)
}

/// Lets `account` fetch what was found until `until`.
///
/// # Errors
/// [`InvestigationError`] if there is none that is open, or the store fails.
pub fn permit_fetch(
    tx: &mut Tx<'_>,
    organisation: i64,
    id: i64,
    account: i64,
    until: Timestamp,
) -> Result<(), InvestigationError> {
    load(tx, organisation, id)?.check_open()?;
    change(tx, organisation, id, |detail| detail.fetch = Some((account, until.millis())))
}

fn change(
    tx: &mut Tx<'_>,
    organisation: i64,
    id: i64,
    with: impl FnOnce(&mut Detail),
) -> Result<(), InvestigationError> {
    let sealed = tx.row(
        "SELECT detail FROM investigation WHERE organisation = $1 AND id = $2",
        params![organisation, id],
        |row| Ok(row.bytes(0)?.to_vec()),
    )?;
    let sealed = sealed.ok_or(InvestigationError::NoInvestigation(id))?;
    let owner = Owner::Organisation(organisation);
    let mut detail: Detail = owned::open(tx, owner, DETAIL, id, &sealed)?;
    with(&mut detail);
    let sealed = owned::seal(tx, owner, DETAIL, id, &detail)?;
    tx.execute(
        "UPDATE investigation SET detail = $3 WHERE organisation = $1 AND id = $2",
        params![organisation, id, &sealed],
    )?;
    Ok(())
}

/// The investigations of an organisation, those that are open first, the latest first of each.
///
/// # Errors
/// [`InvestigationError`] if the store fails or one does not open.
pub fn list(tx: &mut Tx<'_>, organisation: i64) -> Result<Vec<Investigation>, InvestigationError> {
    let ids = tx.rows(
        "SELECT id FROM investigation WHERE organisation = $1
         ORDER BY CASE WHEN closed = 0 THEN 0 ELSE 1 END, opened DESC, id DESC",
        params![organisation],
        |row| row.int(0),
    )?;
    ids.into_iter().map(|id| load(tx, organisation, id)).collect()
}

/// The investigation of that number.
///
/// # Errors
/// [`InvestigationError::NoInvestigation`].
pub fn load(tx: &mut Tx<'_>, organisation: i64, id: i64) -> Result<Investigation, InvestigationError> {
    let row = tx.row(
        "SELECT hold, opened, closed, detail FROM investigation WHERE organisation = $1 AND id = $2",
        params![organisation, id],
        |row| Ok((row.int(0)?, row.int(1)?, row.int(2)?, row.bytes(3)?.to_vec())),
    )?;
    let (hold, opened, closed, sealed) = row.ok_or(InvestigationError::NoInvestigation(id))?;
    let detail: Detail = owned::open(tx, Owner::Organisation(organisation), DETAIL, id, &sealed)?;
    let custodians = tx.rows(
        "SELECT account FROM investigation_account WHERE investigation = $1 ORDER BY account",
        params![id],
        |row| row.int(0),
    )?;
    let Detail { name, reason, by, closed_by, closed_reason, legal_claims, fetch } = detail;
    Ok(Investigation {
        id,
        hold,
        opened: Timestamp::from_millis(opened),
        closed: (closed != 0).then(|| Timestamp::from_millis(closed)),
        name,
        reason,
        by,
        closed_by,
        closed_reason,
        custodians,
        legal_claims,
        fetch,
    })
}

/// The custodians whose mail a search may go through, and how many are left out: those whose data is restricted, unless it serves legal claims.
///
/// # Errors
/// [`InvestigationError`] if there is none, or the store fails.
pub fn searchable(tx: &mut Tx<'_>, organisation: i64, id: i64) -> Result<(Vec<i64>, u64), InvestigationError> {
    let found = load(tx, organisation, id)?;
    let (mut open, mut left_out) = (Vec::with_capacity(found.custodians.len()), 0);
    for account in found.custodians {
        if !found.legal_claims && store::restrictions::is_account(tx, account)? {
            left_out += 1;
        } else {
            open.push(account);
        }
    }
    Ok((open, left_out))
}

/// Whether one of `addresses` is an address of `account`: nobody consents to a look into his own mail.
///
/// # Errors
/// [`InvestigationError`] if the store fails.
pub fn is_custodian(tx: &mut Tx<'_>, addresses: &[String], account: i64) -> Result<bool, InvestigationError> {
    for address in addresses {
        if identity::find_by_address(tx, address)? == Some(account) {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(crate) fn check_text(part: &'static str, text: &str) -> Result<(), InvestigationError> {
    if text.trim().is_empty() || text.len() > TEXT_BYTES_MAX {
        return Err(InvestigationError::Part { part, cause: "is empty or longer than 1000 octets" });
    }
    Ok(())
}
