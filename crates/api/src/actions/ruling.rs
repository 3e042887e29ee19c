//! From a request to the decision of the table.

use access::{Action as Right, Actor, Basis, Decision, Level, Object, Reason, Row, StepUpPolicy, Table, decide};
use identity::rights::{self, AccessSettings};
use identity::{IdentityError, Role};
use judgement::JudgementError;
use std::time::Duration;
use store::Tx;

use super::caller::{Bounds, Caller};
use super::list::Action;
use super::on::On;

/// Where everything of this cell is kept.
pub(super) const REGION: i64 = 0;

/// A decision with what it was made from.
#[derive(Debug, Clone)]
pub(super) struct Ruling {
    pub(super) decision: Decision,
    pub(super) bounds: Bounds,
    /// Whose account it touches.
    pub(super) owner: Option<i64>,
    /// Whose record it goes into; 0 for none in particular.
    pub(super) organisation: i64,
    /// Whether it is recorded even if it is allowed.
    pub(super) is_notable: bool,
    /// The row that decided, in words.
    pub(super) row: String,
}

/// Decides about `action` before anything else is done.
pub(super) fn rule(
    tx: &mut Tx<'_>,
    caller: &Caller,
    action: &Action,
    settings: &AccessSettings,
) -> Result<Ruling, IdentityError> {
    let actor = actor_of(tx, caller)?;
    let table = table_of(tx, &actor, settings)?;
    let object = resolve(tx, &actor, action.concerns())?;
    let is_own = actor.account.is_some() && actor.account == object.owner;
    let rights = needs(tx, action, is_own)?;
    let now = tx.now();
    let decision = rights
        .iter()
        .map(|right| decide(&table, &actor, *right, &object, now))
        .reduce(stricter)
        .unwrap_or(Decision::Refuse { row: None, reason: Reason::NoRow });
    let changes = |right: &Right| !right.as_str().ends_with(".read");
    Ok(Ruling {
        decision,
        bounds: Bounds { account: actor.account, organisation: actor.organisation },
        owner: object.owner,
        organisation: actor.organisation.or(object.organisation).unwrap_or(0),
        is_notable: rights.iter().any(|right| right.sensitivity().is_some())
            || (actor.is_operator() && rights.iter().any(changes))
            || (!is_own && rights.contains(&Right::MailRecover))
            // Who lets out what was kept back from others, and why.
            || (!is_own && rights.contains(&Right::QuarantineChange))
            // Who looks at what one message went through says which.
            || matches!(action, Action::TraceShow { .. })
            || matches!(decision, Decision::Allow { basis: Some(Basis::Grant(_)), .. }),
        row: words(&table, &decision),
    })
}

/// Who the caller is now.
pub(super) fn actor_of(tx: &mut Tx<'_>, caller: &Caller) -> Result<Actor, IdentityError> {
    match caller.account {
        Some(account) => rights::load_actor(tx, account, caller.via, caller.strong_at),
        None => Ok(Actor::operator(REGION)),
    }
}

/// The table of the actor's organisation; for the operator, who belongs to none, the shipped one.
pub(super) fn table_of(tx: &mut Tx<'_>, actor: &Actor, settings: &AccessSettings) -> Result<Table, IdentityError> {
    match actor.organisation {
        Some(organisation) => rights::organisation_table(tx, organisation, settings),
        None => Ok(Table::new(&[], StepUpPolicy::of(Level::Basic, Duration::ZERO))),
    }
}

/// The decision in words: the row, the loan, or why there is none.
pub(super) fn words(table: &Table, decision: &Decision) -> String {
    let named = |row: &Row| format!("{} {} {} {}", table.name_of(row.holder), row.effect, row.action, row.scope);
    match decision {
        Decision::Allow { row: Some(row), .. } | Decision::StepUp { row: Some(row), .. } => named(row),
        Decision::Allow { basis: Some(basis), .. } => basis.to_string(),
        Decision::Refuse { row: Some(row), reason } => format!("{}: {}", reason.as_str(), named(row)),
        Decision::Refuse { reason, .. } => reason.as_str().to_owned(),
        Decision::Allow { .. } | Decision::StepUp { .. } => "what was lent".to_owned(),
    }
}

/// Of two decisions the one that asks for more; both if each asks for something.
fn stricter(one: Decision, other: Decision) -> Decision {
    match (one, other) {
        (refused @ Decision::Refuse { .. }, _) | (_, refused @ Decision::Refuse { .. }) => refused,
        (
            Decision::StepUp { row, strong, max_age, approval },
            Decision::StepUp { strong: strong_too, max_age: age_too, approval: approval_too, .. },
        ) => Decision::StepUp {
            row,
            strong: strong || strong_too,
            max_age: max_age.min(age_too),
            approval: approval || approval_too,
        },
        (step_up @ Decision::StepUp { .. }, _) | (_, step_up @ Decision::StepUp { .. }) => step_up,
        (allowed, Decision::Allow { .. }) => allowed,
    }
}

/// What is an office's right over others' accounts and one's own over one's own.
pub(super) const fn right_over(right: Right, is_own: bool) -> Right {
    match right {
        Right::FactorReset if is_own => Right::FactorChange,
        other => other,
    }
}

/// All rights that the action needs: that of its line, and what its content asks for beside.
fn needs(tx: &mut Tx<'_>, action: &Action, is_own: bool) -> Result<Vec<Right>, IdentityError> {
    let mut rights = vec![right_over(action.right(), is_own)];
    match action {
        // Whoever may only make accounts makes ordinary ones.
        Action::UserAdd(new) if new.role != Role::Sales.as_str() => rights.push(Right::RoleGive),
        Action::OrganisationLevel { level, organisation } if lowers(tx, level, organisation.as_deref())? => {
            rights.push(Right::ProtectionLower);
        }
        Action::ListAdd(new) if new.unauthenticated || new.despite_policy => rights.push(Right::ProtectionLower),
        Action::JudgingPolicySet(new) if new.reason.is_some() => rights.push(Right::ProtectionLower),
        // Whoever says that less may be protected needs the right to; who does not say so cannot.
        Action::SettingSet(new) if new.protect_less => rights.push(Right::ProtectionLower),
        Action::SettingUndo(new) if new.protect_less => rights.push(Right::ProtectionLower),
        Action::ConfigImport(wanted) if wanted.protect_less => rights.push(Right::ProtectionLower),
        // A table names roles.
        Action::DirectoryImport(table) if !table.dry_run => rights.push(Right::RoleGive),
        // Who takes factors away must not be told passwords.
        Action::UserUnfreeze { keep_password: false, .. } => rights.push(Right::PasswordReset),
        Action::AccessApproval { wanted: false, .. } => rights.push(Right::ProtectionLower),
        // What stands in mail is its reader's, of whatever time it is.
        Action::BackupMail(wanted) if wanted.subjects => rights.push(Right::MailRead),
        Action::InvestigationClose(closing) if closing.release_hold => rights.push(Right::HoldChange),
        // A backup is everybody's, and reading one takes the machine's time.
        Action::BackupMailRestore(_) => rights.push(Right::StoreCollect),
        _ => {}
    }
    Ok(rights)
}

fn lowers(tx: &mut Tx<'_>, level: &str, organisation: Option<&str>) -> Result<bool, IdentityError> {
    let Ok(level) = level.parse::<Level>() else { return Ok(false) };
    let all = identity::list_organisations(tx)?;
    Ok(all.iter().any(|it| organisation.is_none_or(|name| name == it.name) && it.level > level))
}

/// What the request names, as an object of the table. What is not there is nobody's: only the operator learns so.
pub(super) fn resolve(tx: &mut Tx<'_>, actor: &Actor, on: On<'_>) -> Result<Object, IdentityError> {
    let of_organisation = |organisation: Option<i64>| organisation.map(Object::of_organisation);
    let found = match on {
        On::Account(address) => match identity::find_by_address(tx, address) {
            Ok(Some(account)) => Some(rights::object_of_account(tx, account)?),
            Ok(None) | Err(IdentityError::Address { .. }) => None,
            Err(error) => return Err(error),
        },
        On::Organisation(None) => of_organisation(match actor.organisation {
            Some(own) => Some(own),
            None => only_organisation(tx)?,
        }),
        On::Organisation(Some(name)) => {
            let all = identity::list_organisations(tx)?;
            of_organisation(all.iter().find(|it| it.name == name).map(|it| it.id))
        }
        On::Domain(domain) => of_domain(tx, domain)?,
        On::DomainOf(address) => match mail::Address::parse(address) {
            Ok(address) => of_domain(tx, &address.domain_ascii())?,
            Err(_) => None,
        },
        On::Queued(id) => match queue::show(tx, id) {
            Ok(message) => Some(Object::of_organisation(message.organisation)),
            Err(queue::QueueError::Store(error)) => return Err(error.into()),
            Err(_) => None,
        },
        On::Traced(number) => match judgement::read_number(number) {
            // What is nobody's here is the one organisation's, where there is no other.
            Ok(id) => match ::trace::organisation_of(tx, id)? {
                Some(0) => of_organisation(only_organisation(tx)?),
                found => of_organisation(found),
            },
            Err(_) => None,
        },
        On::Judged(number) => match judgement::read_number(number) {
            Ok(id) => match judgement::quarantine::organisation_of(tx, id) {
                Ok(found) => of_organisation(found),
                Err(JudgementError::Store(error)) => return Err(error.into()),
                Err(_) => None,
            },
            Err(_) => None,
        },
        On::Case(number) => match i64::from_str_radix(number.trim(), 16) {
            Ok(id) => match guard::cases::organisation_of(tx, id) {
                Ok(found) => of_organisation(found),
                Err(guard::GuardError::Store(error)) => return Err(error.into()),
                Err(_) => None,
            },
            Err(_) => None,
        },
        On::Own | On::Within => match (on, actor.organisation, actor.account) {
            (On::Own, Some(organisation), Some(account)) => Some(Object::of_account(organisation, account)),
            (_, organisation, _) => of_organisation(organisation),
        },
        On::Installation => of_organisation(only_organisation(tx)?),
        On::Machine => None,
        On::Grant(id) => grant(tx, actor, id)?.map(|grant| Object::of_account(grant.organisation, grant.asker)),
        On::MailOfGrant(id) => grant(tx, actor, id)?.map(|grant| Object::of_account(grant.organisation, grant.owner)),
        On::Request(id) => request(tx, actor, id)?.map(|it| Object::of_account(it.organisation, it.asker)),
    };
    Ok(found.unwrap_or(Object { region: REGION, ..Object::default() }))
}

fn of_domain(tx: &mut Tx<'_>, domain: &str) -> Result<Option<Object>, IdentityError> {
    let Ok(canonical) = mail::domain::canonical(domain) else { return Ok(None) };
    Ok(identity::find_domain(tx, &canonical)?.map(|domain| Object::of_organisation(domain.organisation)))
}

fn only_organisation(tx: &mut Tx<'_>) -> Result<Option<i64>, IdentityError> {
    let all = identity::list_organisations(tx)?;
    Ok(if let [only] = all.as_slice() { Some(only.id) } else { None })
}

/// The grant of this number: of the actor's organisation, or of any for the operator.
pub(super) fn grant(tx: &mut Tx<'_>, actor: &Actor, id: i64) -> Result<Option<rights::Grant>, IdentityError> {
    for organisation in organisations_of(tx, actor.organisation)? {
        match rights::load_grant(tx, organisation, id) {
            Ok(grant) => return Ok(Some(grant)),
            Err(IdentityError::NoGrant(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

fn request(tx: &mut Tx<'_>, actor: &Actor, id: i64) -> Result<Option<rights::Approval>, IdentityError> {
    for organisation in organisations_of(tx, actor.organisation)? {
        match rights::load_approval(tx, organisation, id) {
            Ok(request) => return Ok(Some(request)),
            Err(IdentityError::NoApproval(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// The one organisation, or all of them.
pub(super) fn organisations_of(tx: &mut Tx<'_>, one: Option<i64>) -> Result<Vec<i64>, IdentityError> {
    match one {
        Some(organisation) => Ok(vec![organisation]),
        None => Ok(identity::list_organisations(tx)?.iter().map(|it| it.id).collect()),
    }
}
