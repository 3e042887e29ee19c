//! Legal holds and the window in which removed mail can be brought back: what everything that takes mail away asks first.

use env::Timestamp;
use serde::{Deserialize, Serialize};

use crate::owned::{self, Owner};
use crate::{Row, StoreError, Tx, params};

/// Days for which removed mail is kept where the organisation has said nothing else.
pub const WINDOW_DAYS_DEFAULT: i64 = 14;

/// The longest window.
pub const WINDOW_DAYS_MAX: i64 = 3_650;

/// Legal holds of an organisation that are listed, those in force first.
pub const LISTED_MAX: i64 = 1_000;

/// Milliseconds of a day.
pub const DAY_MILLIS: i64 = 86_400_000;

const DETAIL: &str = "hold.detail";

/// What is known of a hold beside whom it covers: sealed under the organisation's key.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct HoldDetail {
    /// Name, as lawyers call the matter.
    pub name: String,
    /// Why.
    pub reason: String,
    /// Who began it.
    pub by: String,
    /// Only mail with this correspondent, an address or a domain, in lowercase; all if none.
    #[serde(default)]
    pub with: Option<String>,
    /// Only mail received from then on, milliseconds since 1970.
    #[serde(default)]
    pub since: Option<i64>,
    /// Only mail received before then.
    #[serde(default)]
    pub before: Option<i64>,
    /// Who ended it.
    #[serde(default)]
    pub ended_by: String,
    /// Why it was ended.
    #[serde(default)]
    pub ended_reason: String,
}

impl HoldDetail {
    /// Whether it covers all mail of an account.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.with.is_none() && self.since.is_none() && self.before.is_none()
    }
}

/// A legal hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Its number.
    pub id: i64,
    /// Whose.
    pub organisation: i64,
    /// Whether it covers every account, those made later included.
    pub everyone: bool,
    /// The accounts that it covers, if not everyone.
    pub accounts: Vec<i64>,
    /// Since when.
    pub begun: Timestamp,
    /// Since when not any more.
    pub ended: Option<Timestamp>,
    /// The rest.
    pub detail: HoldDetail,
}

/// Begins a hold; gives its number. No accounts means all of the organisation.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn begin(tx: &mut Tx<'_>, organisation: i64, accounts: &[i64], detail: &HoldDetail) -> Result<i64, StoreError> {
    let (id, now) = (tx.next_id(), tx.now().millis());
    let sealed = owned::seal(tx, Owner::Organisation(organisation), DETAIL, id, detail)?;
    for account in accounts {
        add_account(tx, id, *account)?;
    }
    tx.execute(
        "INSERT INTO hold (organisation, id, everyone, begun, ended, detail) VALUES ($1, $2, $3, $4, 0, $5)",
        params![organisation, id, i64::from(accounts.is_empty()), now, &sealed],
    )?;
    Ok(id)
}

/// Has a hold that names accounts cover one more.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn add_account(tx: &mut Tx<'_>, hold: i64, account: i64) -> Result<(), StoreError> {
    // The row of the account is taken, so that nothing is removed from it by somebody who has not seen the hold.
    crate::account::next_modseq(tx, account)?;
    tx.execute("INSERT INTO hold_account (account, hold) VALUES ($1, $2)", params![account, hold])?;
    Ok(())
}

/// Ends a hold; false if there is none of that number in force. What it alone has kept goes within a day.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn end(tx: &mut Tx<'_>, organisation: i64, id: i64, by: &str, reason: &str) -> Result<bool, StoreError> {
    let now = tx.now().millis();
    let row = tx.row(
        "UPDATE hold SET ended = $3 WHERE organisation = $1 AND id = $2 AND ended = 0 RETURNING detail",
        params![organisation, id, now],
        |row| Ok(row.bytes(0)?.to_vec()),
    )?;
    let Some(sealed) = row else { return Ok(false) };
    let owner = Owner::Organisation(organisation);
    let mut detail: HoldDetail = owned::open(tx, owner, DETAIL, id, &sealed)?;
    (detail.ended_by, detail.ended_reason) = (by.to_owned(), reason.to_owned());
    let sealed = owned::seal(tx, owner, DETAIL, id, &detail)?;
    tx.execute("UPDATE hold SET detail = $3 WHERE organisation = $1 AND id = $2", params![organisation, id, &sealed])?;
    Ok(true)
}

/// The holds of an organisation, those in force first, the latest first of each.
///
/// # Errors
/// [`StoreError`] if the store fails or one does not open.
pub fn list(tx: &mut Tx<'_>, organisation: i64) -> Result<Vec<Hold>, StoreError> {
    let rows = tx.rows(
        "SELECT id, everyone, begun, ended, detail FROM hold WHERE organisation = $1
         ORDER BY CASE WHEN ended = 0 THEN 0 ELSE 1 END, begun DESC LIMIT $2",
        params![organisation, LISTED_MAX],
        read,
    )?;
    rows.into_iter().map(|raw| open(tx, organisation, raw)).collect()
}

/// The holds in force that cover something of `account`.
///
/// # Errors
/// [`StoreError`] if the store fails or one does not open.
pub fn of_account(tx: &mut Tx<'_>, account: i64) -> Result<Vec<Hold>, StoreError> {
    let organisation = organisation_of(tx, account)?;
    let rows = tx.rows(
        "SELECT id, everyone, begun, ended, detail FROM hold h WHERE organisation = $1 AND ended = 0 AND (everyone = 1
             OR EXISTS (SELECT 1 FROM hold_account c WHERE c.account = $2 AND c.hold = h.id))",
        params![organisation, account],
        read,
    )?;
    rows.into_iter().map(|raw| open(tx, organisation, raw)).collect()
}

/// Whether a hold in force covers something of `account`.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn is_held(tx: &mut Tx<'_>, account: i64) -> Result<bool, StoreError> {
    Ok(keeping(tx, account)?.is_held)
}

/// What becomes of mail that is taken out of an account's last mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keeping {
    /// The account's organisation.
    pub organisation: i64,
    /// How long removed mail is kept, in milliseconds.
    pub window_millis: i64,
    /// Whether a hold in force covers something of the account.
    pub is_held: bool,
}

impl Keeping {
    /// Whether a message is kept when it is removed. Whether a hold covers that very one is looked at when its window is over.
    #[must_use]
    pub const fn keeps(&self) -> bool {
        self.is_held || self.window_millis > 0
    }
}

/// What becomes of mail that is removed from `account`.
///
/// # Errors
/// [`StoreError`] if there is no such account or the store fails.
pub fn keeping(tx: &mut Tx<'_>, account: i64) -> Result<Keeping, StoreError> {
    let found = tx.row(
        "SELECT a.organisation, COALESCE(w.days, $2), CASE WHEN EXISTS (
             SELECT 1 FROM hold h WHERE h.organisation = a.organisation AND h.ended = 0 AND (h.everyone = 1
                 OR EXISTS (SELECT 1 FROM hold_account c WHERE c.account = a.id AND c.hold = h.id))
         ) THEN 1 ELSE 0 END
         FROM account a LEFT JOIN retention_window w ON w.organisation = a.organisation WHERE a.id = $1",
        params![account, WINDOW_DAYS_DEFAULT],
        |row| {
            Ok(Keeping {
                organisation: row.int(0)?,
                window_millis: row.int(1)?.saturating_mul(DAY_MILLIS),
                is_held: row.int(2)? == 1,
            })
        },
    )?;
    found.ok_or(StoreError::Missing { what: "account" })
}

/// Days for which removed mail of an organisation is kept.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn window_days(tx: &mut Tx<'_>, organisation: i64) -> Result<i64, StoreError> {
    let days =
        tx.row("SELECT days FROM retention_window WHERE organisation = $1", params![organisation], |row| row.int(0))?;
    Ok(days.unwrap_or(WINDOW_DAYS_DEFAULT))
}

/// Sets it; it counts for what was removed before as well. `days` beyond [`WINDOW_DAYS_MAX`] are that many.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn set_window_days(tx: &mut Tx<'_>, organisation: i64, days: i64) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO retention_window (organisation, days) VALUES ($1, $2)
         ON CONFLICT (organisation) DO UPDATE SET days = excluded.days",
        params![organisation, days.clamp(0, WINDOW_DAYS_MAX)],
    )?;
    Ok(())
}

fn organisation_of(tx: &mut Tx<'_>, account: i64) -> Result<i64, StoreError> {
    let found = tx.row("SELECT organisation FROM account WHERE id = $1", params![account], |row| row.int(0))?;
    found.ok_or(StoreError::Missing { what: "account" })
}

/// A row that is not opened yet.
struct Raw {
    id: i64,
    everyone: bool,
    begun: Timestamp,
    ended: i64,
    detail: Vec<u8>,
}

fn read(row: &Row<'_>) -> Result<Raw, StoreError> {
    Ok(Raw {
        id: row.int(0)?,
        everyone: row.int(1)? == 1,
        begun: Timestamp::from_millis(row.int(2)?),
        ended: row.int(3)?,
        detail: row.bytes(4)?.to_vec(),
    })
}

fn open(tx: &mut Tx<'_>, organisation: i64, raw: Raw) -> Result<Hold, StoreError> {
    let Raw { id, everyone, begun, ended, detail } = raw;
    let accounts =
        tx.rows("SELECT account FROM hold_account WHERE hold = $1 ORDER BY account", params![id], |row| row.int(0))?;
    let detail = owned::open(tx, Owner::Organisation(organisation), DETAIL, id, &detail)?;
    let ended = (ended != 0).then(|| Timestamp::from_millis(ended));
    Ok(Hold { id, organisation, everyone, accounts, begun, ended, detail })
}
