use std::collections::BTreeMap;
use std::fmt;

use crate::shipped;
use crate::{Action, CustomRole, Effect, Holder, Scope, StepUpPolicy};

/// One row: whom it speaks of, what about, on whose things, and to what effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Row {
    /// Whom it speaks of.
    pub holder: Holder,
    /// What about.
    pub action: Action,
    /// On whose things.
    pub scope: Scope,
    /// To what effect.
    pub effect: Effect,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {}", self.holder, self.effect, self.action, self.scope)
    }
}

/// For each action, the scopes in which a holder is allowed it and those in which it is denied, a bit each.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Grid {
    allow: [u8; Action::COUNT],
    deny: [u8; Action::COUNT],
}

impl Grid {
    fn of<'r>(rows: impl Iterator<Item = &'r Row>) -> Self {
        let mut grid = Self { allow: [0; Action::COUNT], deny: [0; Action::COUNT] };
        for row in rows {
            let column = match row.effect {
                Effect::Allow => &mut grid.allow,
                Effect::Deny => &mut grid.deny,
            };
            if let Some(cell) = column.get_mut(row.action as usize) {
                *cell |= row.scope.bit();
            }
        }
        grid
    }
}

/// The rights in an organisation: the shipped rows, those of its custom roles, and what its level asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    grids: BTreeMap<Holder, Grid>,
    rows: Vec<Row>,
    names: BTreeMap<i64, String>,
    /// What sensitive actions need.
    pub step_up: StepUpPolicy,
}

impl Table {
    /// The shipped rows and those of `custom`.
    #[must_use]
    pub fn new(custom: &[CustomRole], step_up: StepUpPolicy) -> Self {
        let own = custom.iter().flat_map(CustomRole::rows);
        let rows: Vec<Row> = shipped::rows().into_iter().chain(own).collect();
        let holders = Holder::SHIPPED.iter().copied().chain(custom.iter().map(|role| Holder::Custom(role.id)));
        let grids = holders.map(|holder| (holder, Grid::of(rows.iter().filter(|row| row.holder == holder)))).collect();
        let names = custom.iter().map(|role| (role.id, role.name.clone())).collect();
        Self { grids, rows, names, step_up }
    }

    /// All rows, shipped ones first.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// What people call the holder.
    #[must_use]
    pub fn name_of(&self, holder: Holder) -> String {
        match holder {
            Holder::Custom(id) => self.names.get(&id).cloned().unwrap_or_else(|| holder.to_string()),
            other => other.to_string(),
        }
    }

    /// The row of that effect which speaks of `holder` and `action` in the narrowest of `scopes`.
    pub(crate) fn find(&self, holder: Holder, action: Action, effect: Effect, scopes: u8) -> Option<Row> {
        let grid = self.grids.get(&holder)?;
        let column = if effect == Effect::Allow { &grid.allow } else { &grid.deny };
        let fits = column.get(action as usize)? & scopes;
        let scope = Scope::ALL.iter().copied().find(|scope| fits & scope.bit() != 0)?;
        Some(Row { holder, action, scope, effect })
    }
}
