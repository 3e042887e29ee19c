//! Roles that an organisation makes itself.

use access::{Action, CustomRole, Effect, Scope, check_custom, separated};
use store::{Tx, params};

use super::roles::{exceptions, holders_of};
use crate::IdentityError;

/// Custom roles of one organisation.
const ROLES_MAX: usize = 200;

/// Reads a right written as `allow account.read organisation`.
///
/// # Errors
/// [`IdentityError`] that names what is wrong.
pub fn parse_right(text: &str) -> Result<(Action, Scope, Effect), IdentityError> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [effect, action, scope] = words.as_slice() else {
        return Err(IdentityError::Right(text.to_owned()));
    };
    Ok((action.parse()?, scope.parse()?, effect.parse()?))
}

/// Makes a role, or gives the one of that name other rights; gives its identifier.
///
/// # Errors
/// [`IdentityError`] if the role may not be so, there are too many, or the store fails.
pub fn define_role(
    tx: &mut Tx<'_>,
    organisation: i64,
    name: &str,
    rights: &[(Action, Scope, Effect)],
) -> Result<i64, IdentityError> {
    check_custom(name, rights)?;
    let roles = custom_roles(tx, organisation)?;
    if roles.len() >= ROLES_MAX && roles.iter().all(|role| role.name != name) {
        return Err(IdentityError::TooMany { what: "custom roles", max: ROLES_MAX });
    }
    let lines: Vec<String> =
        rights.iter().map(|(action, scope, effect)| format!("{effect} {action} {scope}")).collect();
    let id = tx.row(
        "INSERT INTO custom_role (organisation, id, name, rights, created) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (organisation, name) DO UPDATE SET rights = $4 RETURNING id",
        params![organisation, tx.next_id(), name, &lines.join("\n"), tx.now().millis()],
        |row| row.int(0),
    )?;
    let id = id.ok_or_else(|| IdentityError::NoRole(name.to_owned()))?;
    keep_apart(tx, organisation, id)?;
    Ok(id)
}

/// Refuses if those who have the role would now hold duties that are kept apart, and nothing excuses it.
fn keep_apart(tx: &mut Tx<'_>, organisation: i64, id: i64) -> Result<(), IdentityError> {
    let custom = custom_roles(tx, organisation)?;
    let word = format!("custom:{id}");
    let holding =
        tx.rows("SELECT account FROM role_given WHERE role = $1 LIMIT 100000", params![&word], |row| row.int(0))?;
    let excused = exceptions(tx, organisation)?;
    for account in holding.into_iter().filter(|account| excused.iter().all(|it| it.account != *account)) {
        if let Some(joined) = separated(&holders_of(tx, account)?, &custom) {
            let words: Vec<&str> = joined.iter().map(|duty| duty.as_str()).collect();
            return Err(IdentityError::Duties(words.join(", ")));
        }
    }
    Ok(())
}

/// Removes a role that nobody has.
///
/// # Errors
/// [`IdentityError`] if there is none of that name, somebody has it, or the store fails.
pub fn remove_role(tx: &mut Tx<'_>, organisation: i64, name: &str) -> Result<(), IdentityError> {
    let id = find_custom(tx, organisation, name)?.ok_or_else(|| IdentityError::NoRole(name.to_owned()))?;
    let word = format!("custom:{id}");
    let held = tx.row("SELECT account FROM role_given WHERE role = $1 LIMIT 1", params![&word], |row| row.int(0))?;
    if held.is_some() {
        return Err(IdentityError::RoleInUse(name.to_owned()));
    }
    tx.execute("DELETE FROM custom_role WHERE organisation = $1 AND id = $2", params![organisation, id])?;
    Ok(())
}

/// The custom roles of an organisation, by name.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn list_roles(tx: &mut Tx<'_>, organisation: i64) -> Result<Vec<CustomRole>, IdentityError> {
    custom_roles(tx, organisation)
}

pub(super) fn find_custom(tx: &mut Tx<'_>, organisation: i64, name: &str) -> Result<Option<i64>, IdentityError> {
    Ok(tx.row(
        "SELECT id FROM custom_role WHERE organisation = $1 AND name = $2",
        params![organisation, name],
        |row| row.int(0),
    )?)
}

pub(super) fn custom_roles(tx: &mut Tx<'_>, organisation: i64) -> Result<Vec<CustomRole>, IdentityError> {
    let rows = tx.rows(
        "SELECT id, name, rights FROM custom_role WHERE organisation = $1 ORDER BY name LIMIT $2",
        params![organisation, i64::try_from(ROLES_MAX).unwrap_or(i64::MAX)],
        |row| Ok((row.int(0)?, row.text(1)?.to_owned(), row.text(2)?.to_owned())),
    )?;
    let read = |(id, name, lines): (i64, String, String)| {
        let rights: Result<Vec<_>, _> = lines.lines().map(parse_right).collect();
        Ok(CustomRole { id, name, rights: rights? })
    };
    rows.into_iter().map(read).collect()
}
