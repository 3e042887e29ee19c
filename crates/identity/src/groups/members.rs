//! Who is in a group, and who answers for it.

use store::{StoreError, Tx, params};

use super::expand::check_growth;
use super::{load_group, take_organisation};
use crate::{IdentityError, list_addresses, load_account};

/// Members that one group may have.
const MEMBERS_MAX: i64 = 10_000;

/// One of a group.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Member {
    /// An account of the organisation.
    Account(i64),
    /// Another group of the organisation, with all who are in it.
    Group(i64),
    /// Somebody elsewhere, by canonical address.
    Outside(String),
}

impl Member {
    const fn kind(&self) -> &'static str {
        match self {
            Self::Account(_) => "account",
            Self::Group(_) => "group",
            Self::Outside(_) => "outside",
        }
    }
}

/// What `address` would be in a group of the organisation.
///
/// # Errors
/// [`IdentityError`] if it is no address, is at one of our domains and does not exist, or the store fails.
pub fn find_member(tx: &mut Tx<'_>, organisation: i64, address: &str) -> Result<Member, IdentityError> {
    let canonical = crate::address::parse(address)?.canonical();
    let found = tx.row(
        "SELECT d.kind, d.account, COALESCE(a.organisation, g.organisation) FROM address d
         LEFT JOIN account a ON a.id = d.account LEFT JOIN mail_group g ON g.id = d.account WHERE d.address = $1",
        params![&canonical],
        |row| Ok((row.text(0)? == "group", row.int(1)?, row.int(2)?)),
    )?;
    match found {
        Some((true, id, owner)) if owner == organisation => Ok(Member::Group(id)),
        Some((false, id, owner)) if owner == organisation => Ok(Member::Account(id)),
        None if crate::is_local_domain(tx, canonical.rsplit('@').next().unwrap_or_default())? => {
            Err(IdentityError::NoAccount(canonical))
        }
        _ => Ok(Member::Outside(canonical)),
    }
}

/// Puts `member` into the group; whether it was not there before.
///
/// # Errors
/// [`IdentityError`] if there is no such group or member, they are of different organisations, the group would contain itself, or it
/// would grow beyond its bounds.
pub fn add_member(tx: &mut Tx<'_>, group: i64, member: &Member) -> Result<bool, IdentityError> {
    let known = load_group(tx, group)?;
    take_organisation(tx, known.organisation)?;
    let (target, sealed) = match member {
        Member::Account(account) => {
            check_organisation(known.organisation, load_account(tx, *account)?.organisation)?;
            (*account, Vec::new())
        }
        Member::Group(inner) => {
            check_organisation(known.organisation, load_group(tx, *inner)?.organisation)?;
            (*inner, Vec::new())
        }
        Member::Outside(address) => {
            let context = tx.context();
            let key = context.keys.organisation(tx, known.organisation)?;
            let target = outside_target(tx, known.organisation, address)?;
            (target, key.sealing().seal(&*context.entropy, &place(group, target), address.as_bytes()))
        }
    };
    let added = tx.execute(
        "INSERT INTO group_member (group_id, kind, target, address) VALUES ($1, $2, $3, $4)
         ON CONFLICT (group_id, kind, target) DO NOTHING",
        params![group, member.kind(), target, &sealed],
    )?;
    if added == 1 {
        check_growth(tx, &known, member)?;
    }
    Ok(added == 1)
}

/// Takes `member` out of the group; whether it was there.
///
/// # Errors
/// [`IdentityError::NoGroup`], or the store's.
pub fn remove_member(tx: &mut Tx<'_>, group: i64, member: &Member) -> Result<bool, IdentityError> {
    let known = load_group(tx, group)?;
    let target = match member {
        Member::Account(target) | Member::Group(target) => *target,
        Member::Outside(address) => outside_target(tx, known.organisation, address)?,
    };
    let removed = tx.execute(
        "DELETE FROM group_member WHERE group_id = $1 AND kind = $2 AND target = $3",
        params![group, member.kind(), target],
    )?;
    Ok(removed == 1)
}

/// Who is directly in the group.
///
/// # Errors
/// [`IdentityError`] if there is no such group, an address does not open, or the store fails.
pub fn list_members(tx: &mut Tx<'_>, group: i64) -> Result<Vec<Member>, IdentityError> {
    let organisation = load_group(tx, group)?.organisation;
    members(tx, organisation, group)
}

pub(super) fn members(tx: &mut Tx<'_>, organisation: i64, group: i64) -> Result<Vec<Member>, IdentityError> {
    let key = tx.context().keys.organisation(tx, organisation)?;
    Ok(tx.rows(
        "SELECT kind, target, address FROM group_member WHERE group_id = $1 ORDER BY kind, target LIMIT $2",
        params![group, MEMBERS_MAX],
        |row| {
            let target = row.int(1)?;
            Ok(match row.text(0)? {
                "account" => Member::Account(target),
                "group" => Member::Group(target),
                _ => {
                    let plain = key.sealing().open("group member", &place(group, target), row.bytes(2)?)?;
                    Member::Outside(String::from_utf8(plain).map_err(|_| StoreError::Corrupt {
                        what: format!("the address of a member of group {group} is not UTF-8"),
                    })?)
                }
            })
        },
    )?)
}

/// A member by its address, as [`find_member`] takes it; a group without address by its name.
///
/// # Errors
/// [`IdentityError`] if it is gone or the store fails.
pub fn name_of_member(tx: &mut Tx<'_>, member: &Member) -> Result<String, IdentityError> {
    match member {
        Member::Account(account) => {
            let first = list_addresses(tx, *account)?.into_iter().next();
            first.ok_or_else(|| IdentityError::NoAccount(account.to_string()))
        }
        Member::Group(group) => Ok(load_group(tx, *group)?.label().to_owned()),
        Member::Outside(address) => Ok(address.clone()),
    }
}

/// Lets the account answer for the group: it may always write to it, and gets what cannot be delivered to members elsewhere.
///
/// # Errors
/// [`IdentityError`] if there is no such group or account, or they are of different organisations.
pub fn add_owner(tx: &mut Tx<'_>, group: i64, account: i64) -> Result<bool, IdentityError> {
    let organisation = load_group(tx, group)?.organisation;
    check_organisation(organisation, load_account(tx, account)?.organisation)?;
    let added = tx.execute(
        "INSERT INTO group_owner (group_id, account) VALUES ($1, $2) ON CONFLICT (group_id, account) DO NOTHING",
        params![group, account],
    )?;
    Ok(added == 1)
}

/// Ends that; whether the account was an owner.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn remove_owner(tx: &mut Tx<'_>, group: i64, account: i64) -> Result<bool, IdentityError> {
    let removed =
        tx.execute("DELETE FROM group_owner WHERE group_id = $1 AND account = $2", params![group, account])?;
    Ok(removed == 1)
}

/// The accounts that answer for the group.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn list_owners(tx: &mut Tx<'_>, group: i64) -> Result<Vec<i64>, IdentityError> {
    Ok(tx.rows(
        "SELECT account FROM group_owner WHERE group_id = $1 ORDER BY account LIMIT $2",
        params![group, MEMBERS_MAX],
        |row| row.int(0),
    )?)
}

fn check_organisation(one: i64, other: i64) -> Result<(), IdentityError> {
    if one == other {
        return Ok(());
    }
    Err(IdentityError::Condition("it belongs to another organisation; add it by its address, as somebody elsewhere"))
}

fn outside_target(tx: &mut Tx<'_>, organisation: i64, address: &str) -> Result<i64, IdentityError> {
    let key = tx.context().keys.organisation(tx, organisation)?;
    Ok(key.hashing().hash_i64(format!("group member {address}").as_bytes()))
}

fn place(group: i64, target: i64) -> Vec<u8> {
    [b"group_member.address".as_slice(), &group.to_le_bytes(), &target.to_le_bytes()].concat()
}
