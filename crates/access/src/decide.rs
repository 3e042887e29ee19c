use std::time::Duration;

use env::Timestamp;

use crate::{Action, Actor, Basis, Effect, Object, Row, Scope, Strength, Table};

/// Why something is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// No row allows it.
    NoRow,
    /// A row denies it.
    Denied,
    /// It was lent, for a time that is over or not yet begun.
    NotNow,
}

impl Reason {
    /// For the record and for whoever may ask for an explanation.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoRow => "no row allows it",
            Self::Denied => "a row denies it",
            Self::NotNow => "what was lent is over or has not begun",
        }
    }
}

/// The answer of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// A row allows it, or a loan.
    Allow {
        /// The row, if one does.
        row: Option<Row>,
        /// The loan, if it is one.
        basis: Option<Basis>,
    },
    /// It is refused.
    Refuse {
        /// The row that denies, if one does.
        row: Option<Row>,
        /// Why.
        reason: Reason,
    },
    /// A row allows it once more is shown.
    StepUp {
        /// The row, if one does.
        row: Option<Row>,
        /// Whether a strong factor has to be shown first, because none was within `max_age`.
        strong: bool,
        /// How old the last show of one may be.
        max_age: Duration,
        /// Whether a second person has to approve then.
        approval: bool,
    },
}

/// Whether `actor` may do `action` to `object` at the moment `now`. Nothing is allowed by default, and a row that denies wins.
#[must_use]
pub fn decide(table: &Table, actor: &Actor, action: Action, object: &Object, now: Timestamp) -> Decision {
    let scopes = scopes(actor, object);
    let row = |effect| {
        actor
            .holders
            .iter()
            .filter_map(|holder| table.find(*holder, action, effect, scopes))
            .min_by_key(|row| row.scope)
    };
    if let Some(row) = row(Effect::Deny) {
        return Decision::Refuse { row: Some(row), reason: Reason::Denied };
    }
    if let Some(row) = row(Effect::Allow) {
        return step_up(table, actor, action, Some(row), None, now);
    }
    match loan(actor, action, object, now) {
        Ok(basis) => step_up(table, actor, action, None, Some(basis), now),
        Err(reason) => Decision::Refuse { row: None, reason },
    }
}

/// The scopes in which `object` lies for `actor`, a bit each.
pub(crate) fn scopes(actor: &Actor, object: &Object) -> u8 {
    let same = |mine: Option<i64>, its: Option<i64>| mine.is_some() && mine == its;
    let mut scopes = 0;
    if same(actor.account, object.owner) {
        scopes |= Scope::Own.bit();
    }
    let is_mine = same(actor.organisation, object.organisation);
    if is_mine && actor.groups.iter().any(|group| object.groups.contains(group)) {
        scopes |= Scope::Group.bit();
    }
    if is_mine {
        scopes |= Scope::Organisation.bit();
    }
    if same(actor.region, Some(object.region)) {
        scopes |= Scope::Region.bit();
    }
    scopes
}

/// What was lent of `object` for `action`. Nothing is lent across organisations.
fn loan(actor: &Actor, action: Action, object: &Object, now: Timestamp) -> Result<Basis, Reason> {
    let is_mine = actor.organisation.is_some() && actor.organisation == object.organisation;
    let mut reason = Reason::NoRow;
    let lent =
        actor.loans.iter().filter(|loan| is_mine && object.owner == Some(loan.owner) && loan.actions.contains(&action));
    for loan in lent {
        if loan.from <= now && now < loan.until {
            return Ok(loan.basis);
        }
        reason = Reason::NotNow;
    }
    Err(reason)
}

fn step_up(
    table: &Table,
    actor: &Actor,
    action: Action,
    row: Option<Row>,
    basis: Option<Basis>,
    now: Timestamp,
) -> Decision {
    let need = table.step_up.need(action).filter(|_| !actor.is_operator());
    let Some(need) = need else { return Decision::Allow { row, basis } };
    // A moment that is still to come is no proof of anything.
    let is_fresh = actor.strong_at.is_some_and(|shown| shown <= now && now.since(shown) <= need.max_age);
    let strong = !is_fresh && (need.strength == Strength::Always || actor.has_factor);
    if !strong && !need.approval {
        return Decision::Allow { row, basis };
    }
    Decision::StepUp { row, strong, max_age: need.max_age, approval: need.approval }
}
