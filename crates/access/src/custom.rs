//! Roles that an organisation makes itself, over the same words as the shipped ones.

use crate::duty::duty_of_action;
use crate::{Action, Effect, Holder, Role, Row, Scope, shipped};

/// Rows that one role may have.
pub const ROWS_MAX: usize = 200;

/// Bytes of its name.
pub const NAME_BYTES_MAX: usize = 64;

/// A role of an organisation's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomRole {
    /// Its identifier.
    pub id: i64,
    /// What people call it.
    pub name: String,
    /// What it allows and denies, and where.
    pub rights: Vec<(Action, Scope, Effect)>,
}

impl CustomRole {
    /// Its rows.
    pub fn rows(&self) -> impl Iterator<Item = Row> + '_ {
        let holder = Holder::Custom(self.id);
        self.rights.iter().map(move |(action, scope, effect)| Row {
            holder,
            action: *action,
            scope: *scope,
            effect: *effect,
        })
    }
}

/// What a custom role cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RoleFault {
    /// The name is unusable.
    #[error(
        "{0:?} cannot name a role: give 1 to {NAME_BYTES_MAX} bytes of letters, digits, '-' and '_', and none of the shipped roles' names"
    )]
    Name(String),
    /// It has too many rows, or none.
    #[error("a role has 1 to {ROWS_MAX} rows, not {0}")]
    Rows(usize),
    /// The scope is the operator's.
    #[error("{0} in a whole region is the operator's alone; use the scope organisation, group or own")]
    Region(Action),
    /// The action is personal.
    #[error(
        "{0} cannot be given on what is another's: that needs the owner's delegation or a break-glass grant; use the scope own"
    )]
    Personal(Action),
    /// No shipped role has as much, so nobody may give it.
    #[error("no role that could be given has {0} with the scope {1}; see tradewind access table")]
    Exceeds(Action, Scope),
    /// Two duties that are kept apart.
    #[error("{0} belongs to the duty {1} and {2} to {3}, which are kept apart; make two roles")]
    Duties(Action, crate::Duty, Action, crate::Duty),
}

/// Whether an organisation may have a role of this name and these rights: nothing that no job has, nothing personal beyond the own
/// account, no two duties in one.
///
/// # Errors
/// [`RoleFault`], which names what is wrong and what to do.
pub fn check_custom(name: &str, rights: &[(Action, Scope, Effect)]) -> Result<(), RoleFault> {
    check_name(name)?;
    if rights.is_empty() || rights.len() > ROWS_MAX {
        return Err(RoleFault::Rows(rights.len()));
    }
    let most = shipped::rows();
    let jobs = || most.iter().filter(|row| matches!(row.holder, Holder::Job(_) | Holder::Everyone));
    let mut duty = None;
    for (action, scope, effect) in rights.iter().copied() {
        if scope == Scope::Region {
            return Err(RoleFault::Region(action));
        }
        // To deny more than others do harms nobody's mail.
        if effect == Effect::Deny {
            continue;
        }
        if action.is_personal() && scope > Scope::Own {
            return Err(RoleFault::Personal(action));
        }
        if !jobs().any(|row| row.action == action && row.effect == Effect::Allow && row.scope >= scope) {
            return Err(RoleFault::Exceeds(action, scope));
        }
        let Some(its) = duty_of_action(action).filter(|_| scope > Scope::Own) else { continue };
        match duty {
            Some((other, before)) if before != its => return Err(RoleFault::Duties(other, before, action, its)),
            _ => duty = Some((action, its)),
        }
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), RoleFault> {
    let is_plain = name.chars().all(|it| it.is_alphanumeric() || it == '-' || it == '_');
    let is_taken =
        Role::ALL.iter().any(|role| role.as_str() == name) || ["everyone", "service", "operator"].contains(&name);
    if name.is_empty() || name.len() > NAME_BYTES_MAX || !is_plain || is_taken {
        return Err(RoleFault::Name(name.to_owned()));
    }
    Ok(())
}
