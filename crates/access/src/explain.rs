use env::Timestamp;

use crate::decide::scopes;
use crate::{Action, Actor, Decision, Object, Row, Table, decide};

/// A row that speaks of the actor and the action, and whether the object lies in its scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Considered {
    /// The row.
    pub row: Row,
    /// Whether the object lies in its scope.
    pub applies: bool,
}

/// A decision with all that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The decision.
    pub decision: Decision,
    /// Rows that speak of the actor and the action, in the order of the table.
    pub considered: Vec<Considered>,
}

/// What [`decide`] answers, and by which rows.
#[must_use]
pub fn explain(table: &Table, actor: &Actor, action: Action, object: &Object, now: Timestamp) -> Explanation {
    let scopes = scopes(actor, object);
    let mine = table.rows().iter().filter(|row| row.action == action && actor.holders.contains(&row.holder));
    let considered = mine.map(|row| Considered { row: *row, applies: scopes & row.scope.bit() != 0 }).collect();
    Explanation { decision: decide(table, actor, action, object, now), considered }
}
