//! Roles that people have beside their job, and the duties that they must not join.

use std::collections::BTreeSet;

use access::{CustomRole, Duty, Holder, separated};
use env::Timestamp;
use serde::{Deserialize, Serialize};
use store::{Tx, params};

use super::custom::{custom_roles, find_custom};
use super::sealed::{open, seal};
use crate::account::{keep_an_administrator, take_account};
use crate::{AccountKind, IdentityError, Role, load_account};

/// Roles that one person may have beside the job.
const GIVEN_MAX: i64 = 50;

/// Bytes of a reason.
pub(super) const REASON_BYTES_MAX: usize = 1_000;

const EXCEPTION: &str = "duty_exception.detail";

/// A role that is given, by whom, and what excuses it if it joins duties that are kept apart.
#[derive(Debug, Clone, Copy)]
pub struct Giving<'a> {
    /// The person's account.
    pub account: i64,
    /// The role: a shipped one's word or a custom one's name.
    pub role: &'a str,
    /// Who gives it; none for the operator.
    pub by: Option<i64>,
    /// Why one person shall hold duties that are kept apart.
    pub exception: Option<&'a str>,
}

/// A person who holds duties that are kept apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// The person's account.
    pub account: i64,
    /// Why.
    pub reason: String,
    /// Who said so; none for the operator.
    pub given_by: Option<i64>,
    /// When.
    pub created: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct Detail {
    reason: String,
}

/// Gives a person a further role; gives the duties that it joins, if an exception excuses that.
///
/// # Errors
/// [`IdentityError::Duties`] if it joins duties that are kept apart and nothing excuses it; others if the account is no person's, there is
/// no such role, or the store fails.
pub fn give_role(tx: &mut Tx<'_>, giving: &Giving<'_>) -> Result<Option<BTreeSet<Duty>>, IdentityError> {
    let (organisation, job) = take_person(tx, giving.account)?;
    let custom = custom_roles(tx, organisation)?;
    let role = holder_named(tx, organisation, giving.role)?;
    let mut holders = vec![Holder::Job(job)];
    holders.extend(given_to(tx, giving.account)?);
    if holders.contains(&role) {
        return Err(IdentityError::HasRole(giving.role.to_owned()));
    }
    holders.push(role);
    let joined = excuse(tx, organisation, giving, &holders, &custom)?;
    tx.execute(
        "INSERT INTO role_given (account, role, given_by, created) VALUES ($1, $2, $3, $4)",
        params![giving.account, &role.to_string(), giving.by.unwrap_or(0), tx.now().millis()],
    )?;
    Ok(joined)
}

/// Gives a person another job; gives the duties that it joins, if an exception excuses that.
///
/// # Errors
/// As [`give_role`]; and [`IdentityError::LastAdministrator`].
pub fn set_job(tx: &mut Tx<'_>, giving: &Giving<'_>) -> Result<Option<BTreeSet<Duty>>, IdentityError> {
    let job: Role = giving.role.parse()?;
    let (organisation, _) = take_person(tx, giving.account)?;
    let custom = custom_roles(tx, organisation)?;
    if job != Role::Admin {
        keep_an_administrator(tx, giving.account)?;
    }
    let mut holders = given_to(tx, giving.account)?;
    holders.retain(|holder| *holder != Holder::Job(job));
    holders.push(Holder::Job(job));
    let joined = excuse(tx, organisation, giving, &holders, &custom)?;
    tx.execute("DELETE FROM role_given WHERE account = $1 AND role = $2", params![giving.account, job.as_str()])?;
    tx.execute("UPDATE account SET role = $1 WHERE id = $2", params![job.as_str(), giving.account])?;
    Ok(joined)
}

/// Takes a role away that is not the job. An exception that is no longer needed goes with it.
///
/// # Errors
/// [`IdentityError`] if the person does not have it or the store fails.
pub fn take_role(tx: &mut Tx<'_>, account: i64, role: &str) -> Result<(), IdentityError> {
    let (organisation, job) = take_person(tx, account)?;
    let holder = holder_named(tx, organisation, role)?;
    let removed =
        tx.execute("DELETE FROM role_given WHERE account = $1 AND role = $2", params![account, &holder.to_string()])?;
    if removed == 0 {
        return Err(IdentityError::NotGiven(role.to_owned()));
    }
    let mut holders = vec![Holder::Job(job)];
    holders.extend(given_to(tx, account)?);
    if separated(&holders, &custom_roles(tx, organisation)?).is_none() {
        forget_exception(tx, organisation, account)?;
    }
    Ok(())
}

/// All roles of an account, the job first.
///
/// # Errors
/// [`IdentityError`] if there is no such account or the store fails.
pub fn holders_of(tx: &mut Tx<'_>, account: i64) -> Result<Vec<Holder>, IdentityError> {
    let mut holders = vec![Holder::Job(load_account(tx, account)?.role)];
    holders.extend(given_to(tx, account)?);
    Ok(holders)
}

/// Who of an organisation holds duties that are kept apart, and why.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn exceptions(tx: &mut Tx<'_>, organisation: i64) -> Result<Vec<Exception>, IdentityError> {
    let rows = tx.rows(
        "SELECT account, detail, given_by, created FROM duty_exception WHERE organisation = $1 ORDER BY account LIMIT 10000",
        params![organisation],
        |row| Ok((row.int(0)?, row.bytes(1)?.to_vec(), row.int(2)?, row.int(3)?)),
    )?;
    let mut all = Vec::with_capacity(rows.len());
    for (account, sealed, given_by, created) in rows {
        let Detail { reason } = open(tx, organisation, EXCEPTION, account, &sealed)?;
        let given_by = Some(given_by).filter(|by| *by != 0);
        all.push(Exception { account, reason, given_by, created: Timestamp::from_millis(created) });
    }
    Ok(all)
}

/// Roles that an account was given beside its job.
pub(super) fn given_to(tx: &mut Tx<'_>, account: i64) -> Result<Vec<Holder>, IdentityError> {
    let words = tx.rows(
        "SELECT role FROM role_given WHERE account = $1 ORDER BY role LIMIT $2",
        params![account, GIVEN_MAX],
        |row| Ok(row.text(0)?.to_owned()),
    )?;
    let read = |word: String| match word.strip_prefix("custom:").and_then(|id| id.parse().ok()) {
        Some(id) => Ok(Holder::Custom(id)),
        None => Ok(Holder::Job(word.parse()?)),
    };
    words.into_iter().map(read).collect()
}

/// Takes the person's row, so that two who give roles at once see each other; gives organisation and job.
fn take_person(tx: &mut Tx<'_>, account: i64) -> Result<(i64, Role), IdentityError> {
    take_account(tx, account)?;
    let found = load_account(tx, account)?;
    if found.kind != AccountKind::Person {
        return Err(IdentityError::Condition("roles are for people; a shared mailbox or a program has none"));
    }
    Ok((found.organisation, found.role))
}

fn holder_named(tx: &mut Tx<'_>, organisation: i64, name: &str) -> Result<Holder, IdentityError> {
    if let Ok(role) = name.parse::<Role>() {
        return Ok(Holder::Job(role));
    }
    let id = find_custom(tx, organisation, name)?.ok_or_else(|| IdentityError::NoRole(name.to_owned()))?;
    Ok(Holder::Custom(id))
}

fn excuse(
    tx: &mut Tx<'_>,
    organisation: i64,
    giving: &Giving<'_>,
    holders: &[Holder],
    custom: &[CustomRole],
) -> Result<Option<BTreeSet<Duty>>, IdentityError> {
    let Some(joined) = separated(holders, custom) else {
        forget_exception(tx, organisation, giving.account)?;
        return Ok(None);
    };
    let reason = giving.exception.map(str::trim).filter(|reason| !reason.is_empty());
    let Some(reason) = reason else {
        let words: Vec<&str> = joined.iter().map(|duty| duty.as_str()).collect();
        return Err(IdentityError::Duties(words.join(", ")));
    };
    if reason.len() > REASON_BYTES_MAX {
        return Err(IdentityError::Name { what: "a reason", bytes_max: REASON_BYTES_MAX });
    }
    let sealed = seal(tx, organisation, EXCEPTION, giving.account, &Detail { reason: reason.to_owned() })?;
    tx.execute(
        "INSERT INTO duty_exception (organisation, account, detail, given_by, created) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (organisation, account) DO UPDATE SET detail = $3, given_by = $4, created = $5",
        params![organisation, giving.account, &sealed, giving.by.unwrap_or(0), tx.now().millis()],
    )?;
    Ok(Some(joined))
}

fn forget_exception(tx: &mut Tx<'_>, organisation: i64, account: i64) -> Result<(), IdentityError> {
    tx.execute("DELETE FROM duty_exception WHERE organisation = $1 AND account = $2", params![organisation, account])?;
    Ok(())
}
