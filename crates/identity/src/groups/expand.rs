//! Whom a message to a group reaches, and who may send one.

use std::collections::BTreeSet;

use store::{Tx, params};

use super::members::{list_owners, members};
use super::{Group, Member, load_group};
use crate::{IdentityError, Senders};

/// Groups within one another.
pub const GROUPS_DEEP_MAX: usize = 8;

/// Members that one message to a group goes to.
pub const EXPANDED_MAX: usize = 1_000;

/// Whom a message to a group reaches: each once, by however many ways.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expansion {
    /// Accounts in use, by identifier.
    pub accounts: BTreeSet<i64>,
    /// Canonical addresses elsewhere.
    pub outside: BTreeSet<String>,
}

impl Expansion {
    fn len(&self) -> usize {
        self.accounts.len() + self.outside.len()
    }
}

/// Whom a message to the group reaches, groups within it included. Disabled accounts are left out.
///
/// # Errors
/// [`IdentityError`] if there is no such group or the store fails.
pub fn expand(tx: &mut Tx<'_>, group: i64) -> Result<Expansion, IdentityError> {
    let group = load_group(tx, group)?;
    let Expansion { accounts, outside } = reach(tx, &group)?;
    Ok(Expansion { accounts: active(tx, accounts)?, outside })
}

/// Who answers for the group and gets what could not be delivered to its members: its owners in use, else the postmaster.
///
/// # Errors
/// [`IdentityError`] if there is no such group or the store fails.
pub fn expand_owners(tx: &mut Tx<'_>, group: i64) -> Result<Expansion, IdentityError> {
    let organisation = load_group(tx, group)?.organisation;
    let owners = list_owners(tx, group)?;
    let mut accounts = active(tx, owners)?;
    if accounts.is_empty() {
        accounts.extend(crate::resolve::postmaster(tx, organisation)?.map(|found| found.account));
    }
    Ok(Expansion { accounts, outside: BTreeSet::new() })
}

fn active(tx: &mut Tx<'_>, accounts: impl IntoIterator<Item = i64>) -> Result<BTreeSet<i64>, IdentityError> {
    let mut active = BTreeSet::new();
    for account in accounts {
        let known = "SELECT id FROM account WHERE id = $1 AND state = 'active'";
        active.extend(tx.row(known, params![account], |row| row.int(0))?);
    }
    Ok(active)
}

/// Everybody in the group, whatever their state. Each group is looked at once, so that even a circle would end.
fn reach(tx: &mut Tx<'_>, group: &Group) -> Result<Expansion, IdentityError> {
    let mut expansion = Expansion::default();
    let (mut known, mut waiting) = (BTreeSet::from([group.id]), vec![group.id]);
    while let Some(next) = waiting.pop() {
        for member in members(tx, group.organisation, next)? {
            match member {
                Member::Account(account) => drop(expansion.accounts.insert(account)),
                Member::Outside(address) => drop(expansion.outside.insert(address)),
                Member::Group(inner) if known.insert(inner) => waiting.push(inner),
                Member::Group(_) => {}
            }
        }
        if expansion.len() > EXPANDED_MAX {
            return Err(IdentityError::GroupTooLarge { group: group.label().to_owned(), limit: EXPANDED_MAX });
        }
    }
    Ok(expansion)
}

/// Whether `writer`, who has signed in (none: anybody), may write to the group. A name in MAIL FROM or From proves nothing and is not
/// looked at.
///
/// # Errors
/// [`IdentityError`] if there is no such group or the store fails.
pub fn may_write_to(tx: &mut Tx<'_>, group: i64, writer: Option<i64>) -> Result<bool, IdentityError> {
    let known = load_group(tx, group)?;
    if known.senders == Senders::Anyone {
        return Ok(true);
    }
    let Some(writer) = writer else { return Ok(false) };
    let organisation =
        tx.row("SELECT organisation FROM account WHERE id = $1 AND state = 'active'", params![writer], |row| {
            row.int(0)
        })?;
    if organisation != Some(known.organisation) {
        return Ok(false);
    }
    if known.senders == Senders::Organisation || is_owner(tx, group, writer)? {
        return Ok(true);
    }
    Ok(known.senders == Senders::Members && reach(tx, &known)?.accounts.contains(&writer))
}

fn is_owner(tx: &mut Tx<'_>, group: i64, account: i64) -> Result<bool, IdentityError> {
    let found = "SELECT account FROM group_owner WHERE group_id = $1 AND account = $2";
    Ok(tx.row(found, params![group, account], |_| Ok(()))?.is_some())
}

/// The groups that the account is in, directly and through others, by identifier.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn groups_of(tx: &mut Tx<'_>, account: i64) -> Result<BTreeSet<i64>, IdentityError> {
    let direct =
        tx.rows("SELECT group_id FROM group_member WHERE kind = 'account' AND target = $1", params![account], |row| {
            row.int(0)
        })?;
    let mut found: BTreeSet<i64> = direct.iter().copied().collect();
    for group in direct {
        found.extend(above(tx, group)?.into_iter().map(|(group, _)| group));
    }
    Ok(found)
}

/// The groups that contain `group`, with how far above it they are.
fn above(tx: &mut Tx<'_>, group: i64) -> Result<Vec<(i64, usize)>, IdentityError> {
    chain(tx, group, "SELECT group_id FROM group_member WHERE kind = 'group' AND target = $1")
}

/// The groups in `group`, with how far below it they are.
fn below(tx: &mut Tx<'_>, group: i64) -> Result<Vec<(i64, usize)>, IdentityError> {
    chain(tx, group, "SELECT target FROM group_member WHERE kind = 'group' AND group_id = $1")
}

/// Follows `step` from `group`; gives each group reached with the longest way found within the bound.
fn chain(tx: &mut Tx<'_>, group: i64, step: &'static str) -> Result<Vec<(i64, usize)>, IdentityError> {
    let mut reached: Vec<(i64, usize)> = Vec::new();
    let mut front = BTreeSet::from([group]);
    for distance in 1..=GROUPS_DEEP_MAX + 1 {
        let mut next = BTreeSet::new();
        for one in &front {
            next.extend(tx.rows(step, params![*one], |row| row.int(0))?);
        }
        for one in &next {
            reached.retain(|(known, _)| known != one);
            reached.push((*one, distance));
        }
        if next.is_empty() {
            break;
        }
        front = next;
    }
    Ok(reached)
}

/// Refuses what a new member has made of its group: a circle, too many levels, too many people, here or in a group above.
pub(super) fn check_growth(tx: &mut Tx<'_>, group: &Group, member: &Member) -> Result<(), IdentityError> {
    let above = above(tx, group.id)?;
    if let Member::Group(inner) = member {
        let below = below(tx, *inner)?;
        if *inner == group.id || below.iter().any(|(one, _)| *one == group.id) {
            let member = load_group(tx, *inner)?.label().to_owned();
            return Err(IdentityError::GroupCycle { group: group.label().to_owned(), member });
        }
        let deepest = |ways: &[(i64, usize)]| ways.iter().map(|(_, far)| *far).max().unwrap_or(0);
        if deepest(&above) + 1 + deepest(&below) > GROUPS_DEEP_MAX {
            return Err(IdentityError::GroupTooDeep(GROUPS_DEEP_MAX));
        }
    }
    reach(tx, group)?;
    for (one, _) in above {
        let one = load_group(tx, one)?;
        reach(tx, &one)?;
    }
    Ok(())
}
