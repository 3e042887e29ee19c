//! The three duties that must not lie in one hand (GB\/T 22239-2019, 等保 2.0): administration, security, audit.

use std::collections::BTreeSet;

use crate::{Action, CustomRole, Effect, Holder, Role, Scope, shipped};

env::words! {
    /// A duty that is kept apart from the other two.
    Duty "duty" allowed "administration, security, audit" {
        /// Runs the system: accounts, domains, machines.
        Administration = "administration",
        /// Decides on rights and protections.
        Security = "security",
        /// Reads what the other two did.
        Audit = "audit",
    }
}

const fn duty_of(role: Role) -> Option<Duty> {
    match role {
        Role::Admin | Role::It => Some(Duty::Administration),
        Role::Security => Some(Duty::Security),
        Role::Auditor => Some(Duty::Audit),
        Role::Sales | Role::Finance | Role::Management => None,
    }
}

/// The duties that come with a holder: those of its role, or of each action that only roles of one duty have.
#[must_use]
pub fn duties_of(holder: Holder, custom: &[CustomRole]) -> BTreeSet<Duty> {
    match holder {
        Holder::Job(role) => duty_of(role).into_iter().collect(),
        Holder::Custom(id) => {
            let rows = custom.iter().filter(|role| role.id == id).flat_map(CustomRole::rows);
            let wide = rows.filter(|row| row.effect == Effect::Allow && row.scope > Scope::Own);
            wide.filter_map(|row| duty_of_action(row.action)).collect()
        }
        Holder::Everyone | Holder::Service | Holder::Operator => BTreeSet::new(),
    }
}

/// The duty whose roles alone may do `action` to what is not theirs, if there is one.
pub(crate) fn duty_of_action(action: Action) -> Option<Duty> {
    let rows = shipped::rows();
    let allowing =
        rows.iter().filter(|row| row.action == action && row.effect == Effect::Allow && row.scope > Scope::Own);
    let mut found = None;
    for row in allowing {
        let Holder::Job(role) = row.holder else { continue };
        match (duty_of(role), found) {
            // Others have it too.
            (None, _) => return None,
            (Some(duty), Some(before)) if duty != before => return None,
            (duty, _) => found = duty,
        }
    }
    found
}

/// The duties of `holders` together, if they are more than one: they must not lie in one hand.
#[must_use]
pub fn separated(holders: &[Holder], custom: &[CustomRole]) -> Option<BTreeSet<Duty>> {
    let duties: BTreeSet<Duty> = holders.iter().flat_map(|holder| duties_of(*holder, custom)).collect();
    (duties.len() > 1).then_some(duties)
}
