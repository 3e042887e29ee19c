use access::{Action, Actor, Basis, Decision, Holder, Loan, Object, Reason, StepUpPolicy, Table, Via, decide};
use env::Timestamp;
use store::{Tx, params};

use super::AccessSettings;
use super::custom::custom_roles;
use super::grants::loans_of;
use super::roles::given_to;
use crate::delegation::list_delegated;
use crate::groups::groups_of;
use crate::{AccountKind, AccountState, IdentityError, Level, PAGE_MAX, Permission, Role, list_accounts};

/// Departures from the level that one organisation may have.
const RULES_MAX: i64 = 1_000;

/// Who the account is at this moment. One that is out of use holds nothing, so nothing is allowed to it.
///
/// # Errors
/// [`IdentityError`] if there is no such account or the store fails.
pub fn load_actor(
    tx: &mut Tx<'_>,
    account: i64,
    via: Via,
    strong_at: Option<Timestamp>,
) -> Result<Actor, IdentityError> {
    let row = tx.row("SELECT organisation, kind, role, state FROM account WHERE id = $1", params![account], |row| {
        Ok((row.int(0)?, row.text(1)?.to_owned(), row.text(2)?.to_owned(), row.text(3)?.to_owned()))
    })?;
    let (organisation, kind, role, state) = row.ok_or_else(|| IdentityError::NoAccount(account.to_string()))?;
    let (kind, role, state): (AccountKind, Role, AccountState) = (kind.parse()?, role.parse()?, state.parse()?);
    let is_active = state == AccountState::Active;
    let holders = if is_active { holders(tx, account, kind, role)? } else { Vec::new() };
    Ok(Actor {
        account: Some(account),
        organisation: Some(organisation),
        region: None,
        holders,
        groups: if is_active { groups_of(tx, account)?.into_iter().collect() } else { Vec::new() },
        loans: if is_active { loans(tx, account)? } else { Vec::new() },
        has_factor: has_factor(tx, account)?,
        strong_at,
        via,
    })
}

fn has_factor(tx: &mut Tx<'_>, account: i64) -> Result<bool, IdentityError> {
    let found = tx.row("SELECT id FROM factor WHERE account = $1 LIMIT 1", params![account], |row| row.int(0))?;
    Ok(found.is_some())
}

fn holders(tx: &mut Tx<'_>, account: i64, kind: AccountKind, role: Role) -> Result<Vec<Holder>, IdentityError> {
    Ok(match kind {
        AccountKind::Person => {
            let mut holders = vec![Holder::Everyone, Holder::Job(role)];
            holders.extend(given_to(tx, account)?);
            holders
        }
        AccountKind::Service => vec![Holder::Service],
        // Nobody signs in as a shared mailbox.
        AccountKind::Shared => Vec::new(),
    })
}

/// What others have delegated to the account or a grant lends it. A delegation of single mailboxes is decided where the mailbox is known
/// ([`crate::delegation::may`]), so it lends nothing here.
fn loans(tx: &mut Tx<'_>, account: i64) -> Result<Vec<Loan>, IdentityError> {
    let mut loans = loans_of(tx, account)?;
    for given in list_delegated(tx, account)?.into_iter().filter(|given| given.mailbox.is_none()) {
        loans.push(Loan {
            basis: Basis::Delegation(given.account),
            owner: given.account,
            actions: lent_by(given.permission).to_vec(),
            from: given.since,
            until: given.until.unwrap_or(Timestamp::from_millis(i64::MAX)),
        });
    }
    Ok(loans)
}

const fn lent_by(permission: Permission) -> &'static [Action] {
    match permission {
        Permission::Read => &[Action::MailRead],
        Permission::Write => &[Action::MailRead, Action::MailChange],
        Permission::SendAs | Permission::SendOnBehalf => &[Action::MailSend],
    }
}

/// The account as an object of actions.
///
/// # Errors
/// [`IdentityError`] if there is no such account or the store fails.
pub fn object_of_account(tx: &mut Tx<'_>, account: i64) -> Result<Object, IdentityError> {
    let organisation = tx.row("SELECT organisation FROM account WHERE id = $1", params![account], |row| row.int(0))?;
    let organisation = organisation.ok_or_else(|| IdentityError::NoAccount(account.to_string()))?;
    let groups = groups_of(tx, account)?.into_iter().collect();
    Ok(Object { groups, ..Object::of_account(organisation, account) })
}

/// The table of rights of an organisation: shipped rows, custom roles, its level and its own rules of approval.
///
/// # Errors
/// [`IdentityError`] if there is no such organisation or the store fails.
pub fn organisation_table(
    tx: &mut Tx<'_>,
    organisation: i64,
    settings: &AccessSettings,
) -> Result<Table, IdentityError> {
    let level = tx.row("SELECT level FROM organisation WHERE id = $1", params![organisation], |row| {
        Ok(row.text(0)?.to_owned())
    })?;
    let level: Level = level.ok_or(IdentityError::NoOrganisation(organisation))?.parse()?;
    let mut step_up = StepUpPolicy::of(level, settings.step_up_age(level));
    step_up.approvals.extend(approval_rules(tx, organisation)?);
    Ok(Table::new(&custom_roles(tx, organisation)?, step_up))
}

/// Where an organisation departs from its level in whether a second person has to approve.
///
/// # Errors
/// [`IdentityError`] if the store fails or a row does not read.
pub fn approval_rules(tx: &mut Tx<'_>, organisation: i64) -> Result<Vec<(Action, bool)>, IdentityError> {
    let rules = tx.rows(
        "SELECT action, wanted FROM approval_rule WHERE organisation = $1 ORDER BY action LIMIT $2",
        params![organisation, RULES_MAX],
        |row| Ok((row.text(0)?.to_owned(), row.int(1)? != 0)),
    )?;
    rules.into_iter().map(|(action, wanted)| Ok((action.parse()?, wanted))).collect()
}

/// Leaves it to the level again whether a second person has to approve what needs `action`.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn clear_approval_rule(tx: &mut Tx<'_>, organisation: i64, action: Action) -> Result<(), IdentityError> {
    tx.execute(
        "DELETE FROM approval_rule WHERE organisation = $1 AND action = $2",
        params![organisation, action.as_str()],
    )?;
    Ok(())
}

/// Asks for a second person for whatever needs `action`, or no longer, whatever the level says.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn set_approval_rule(
    tx: &mut Tx<'_>,
    organisation: i64,
    action: Action,
    wanted: bool,
) -> Result<(), IdentityError> {
    tx.execute(
        "INSERT INTO approval_rule (organisation, action, wanted) VALUES ($1, $2, $3)
         ON CONFLICT (organisation, action) DO UPDATE SET wanted = $3",
        params![organisation, action.as_str(), i64::from(wanted)],
    )?;
    Ok(())
}

/// People of an organisation who may do `action` in it, at most `limit`, the oldest first.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn people_who_may(
    tx: &mut Tx<'_>,
    organisation: i64,
    action: Action,
    limit: usize,
    settings: &AccessSettings,
) -> Result<Vec<i64>, IdentityError> {
    let table = organisation_table(tx, organisation, settings)?;
    let object = Object::of_organisation(organisation);
    let (mut found, mut after) = (Vec::new(), 0);
    while found.len() < limit {
        let page = list_accounts(tx, Some(organisation), after, PAGE_MAX)?;
        let Some(last) = page.last() else { break };
        after = last.id;
        for account in page.iter().filter(|account| account.kind == AccountKind::Person) {
            let actor = load_actor(tx, account.id, Via::Local, None)?;
            let decision = decide(&table, &actor, action, &object, tx.now());
            if !matches!(decision, Decision::Refuse { .. }) && found.len() < limit {
                found.push(account.id);
            }
        }
    }
    Ok(found)
}

/// Whether a row of the table denies `action` to the account on what is `owner`'s, whatever was lent; or the account is out of use.
///
/// # Errors
/// [`IdentityError`] if one of the accounts is not there or the store fails.
pub fn is_denied(tx: &mut Tx<'_>, account: i64, action: Action, owner: i64) -> Result<bool, IdentityError> {
    let actor = load_actor(tx, account, Via::Local, None)?;
    let Some(organisation) = actor.organisation.filter(|_| !actor.holders.is_empty()) else { return Ok(true) };
    let table = organisation_table(tx, organisation, &AccessSettings::default())?;
    let decision = decide(&table, &actor, action, &object_of_account(tx, owner)?, tx.now());
    Ok(matches!(decision, Decision::Refuse { reason: Reason::Denied, .. }))
}

/// Decides for a protocol: whether the account may do `action` to what is `owner`'s, with the strong factor shown at `strong_at`.
///
/// # Errors
/// [`IdentityError`] if one of the accounts is not there or the store fails; then nothing may be done.
pub fn decide_for(
    tx: &mut Tx<'_>,
    (account, via, strong_at): (i64, Via, Option<Timestamp>),
    action: Action,
    owner: i64,
    settings: &AccessSettings,
) -> Result<Decision, IdentityError> {
    let actor = load_actor(tx, account, via, strong_at)?;
    let organisation = actor.organisation.ok_or_else(|| IdentityError::NoAccount(account.to_string()))?;
    let table = organisation_table(tx, organisation, settings)?;
    Ok(decide(&table, &actor, action, &object_of_account(tx, owner)?, tx.now()))
}
