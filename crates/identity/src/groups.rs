//! Groups: an address that stands for many, who may write to it, and who answers for it.

mod expand;
mod members;

use env::Timestamp;
use store::{Tx, params};

use crate::organisation::check_name;
use crate::{IdentityError, PAGE_MAX, Senders};

pub use expand::{EXPANDED_MAX, Expansion, GROUPS_DEEP_MAX, expand, expand_owners, groups_of, may_write_to};
pub use members::{
    Member, add_member, add_owner, find_member, list_members, list_owners, name_of_member, remove_member, remove_owner,
};

/// A group to be made.
#[derive(Debug, Clone)]
pub struct NewGroup<'a> {
    /// Whose it is.
    pub organisation: i64,
    /// Shown name.
    pub name: &'a str,
    /// Its address, at a domain of the organisation; none for a group that only names people.
    pub address: Option<&'a str>,
    /// Who may write to it.
    pub senders: Senders,
}

/// A group as people look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its identifier.
    pub id: i64,
    /// Whose it is.
    pub organisation: i64,
    /// Shown name.
    pub name: String,
    /// Its address in canonical form, if it has one.
    pub address: Option<String>,
    /// Who may write to it.
    pub senders: Senders,
    /// When it was made.
    pub created: Timestamp,
}

impl Group {
    /// What people call it: its address, or its name without one.
    #[must_use]
    pub fn label(&self) -> &str {
        self.address.as_deref().unwrap_or(&self.name)
    }
}

/// Makes a group without members; gives its identifier.
///
/// # Errors
/// [`IdentityError`] if there is no such organisation, the name is unusable, or the address is wrong, taken or at a domain that the
/// organisation does not host.
pub fn create_group(tx: &mut Tx<'_>, new: &NewGroup<'_>) -> Result<i64, IdentityError> {
    check_name("the name of a group", new.name)?;
    take_organisation(tx, new.organisation)?;
    let id = tx.next_id();
    if let Some(address) = new.address {
        crate::address::insert(tx, new.organisation, id, &crate::address::parse(address)?, "group")?;
    }
    tx.execute(
        "INSERT INTO mail_group (id, organisation, name, senders, created) VALUES ($1, $2, $3, $4, $5)",
        params![id, new.organisation, new.name, new.senders.as_str(), tx.now().millis()],
    )?;
    Ok(id)
}

/// The group with this identifier.
///
/// # Errors
/// [`IdentityError::NoGroup`], or the store's.
pub fn load_group(tx: &mut Tx<'_>, group: i64) -> Result<Group, IdentityError> {
    let found = read(
        tx,
        "SELECT g.id, g.organisation, g.name, g.senders, g.created, COALESCE(d.address, '') FROM mail_group g
         LEFT JOIN address d ON d.account = g.id AND d.kind = 'group' WHERE g.id = $1 LIMIT $2",
        &[group.into(), 1_i64.into()],
    )?;
    found.into_iter().next().ok_or_else(|| IdentityError::NoGroup(group.to_string()))
}

/// A page of the groups of an organisation, oldest first: those after the group `after` (0 to begin), at most `limit` and
/// [`PAGE_MAX`].
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn list_groups(tx: &mut Tx<'_>, organisation: i64, after: i64, limit: usize) -> Result<Vec<Group>, IdentityError> {
    let limit = i64::try_from(limit.min(PAGE_MAX)).unwrap_or(0);
    read(
        tx,
        "SELECT g.id, g.organisation, g.name, g.senders, g.created, COALESCE(d.address, '') FROM mail_group g
         LEFT JOIN address d ON d.account = g.id AND d.kind = 'group'
         WHERE g.organisation = $1 AND g.id > $2 ORDER BY g.id LIMIT $3",
        params![organisation, after, limit],
    )
}

fn read(tx: &mut Tx<'_>, sql: &'static str, params: &[store::Value<'_>]) -> Result<Vec<Group>, IdentityError> {
    let rows = tx.rows(sql, params, |row| {
        let address = Some(row.text(5)?.to_owned()).filter(|address| !address.is_empty());
        Ok((row.int(0)?, row.int(1)?, row.text(2)?.to_owned(), row.text(3)?.to_owned(), row.int(4)?, address))
    })?;
    rows.into_iter()
        .map(|(id, organisation, name, senders, created, address)| {
            let (senders, created) = (senders.parse()?, Timestamp::from_millis(created));
            Ok(Group { id, organisation, name, address, senders, created })
        })
        .collect()
}

/// The group that has exactly this address.
///
/// # Errors
/// [`IdentityError`] if it is no address or the store fails.
pub fn find_group(tx: &mut Tx<'_>, address: &str) -> Result<Option<i64>, IdentityError> {
    let canonical = crate::address::parse(address)?.canonical();
    let found = "SELECT account FROM address WHERE address = $1 AND kind = 'group'";
    Ok(tx.row(found, params![&canonical], |row| row.int(0))?)
}

/// Gives the group another name.
///
/// # Errors
/// [`IdentityError`] if there is no such group or the name is unusable.
pub fn rename_group(tx: &mut Tx<'_>, group: i64, name: &str) -> Result<(), IdentityError> {
    check_name("the name of a group", name)?;
    changed(tx.execute("UPDATE mail_group SET name = $2 WHERE id = $1", params![group, name])?, group)
}

/// Sets who may write to the group.
///
/// # Errors
/// [`IdentityError::NoGroup`], or the store's.
pub fn set_senders(tx: &mut Tx<'_>, group: i64, senders: Senders) -> Result<(), IdentityError> {
    changed(tx.execute("UPDATE mail_group SET senders = $2 WHERE id = $1", params![group, senders.as_str()])?, group)
}

/// Gives the group another address, or none.
///
/// # Errors
/// [`IdentityError`] if there is no such group, or the address is wrong, taken or at a domain that the organisation does not host.
pub fn set_group_address(tx: &mut Tx<'_>, group: i64, address: Option<&str>) -> Result<(), IdentityError> {
    let known = load_group(tx, group)?;
    let address = address.map(crate::address::parse).transpose()?;
    if known.address == address.as_ref().map(mail::Address::canonical) {
        return Ok(());
    }
    tx.execute("DELETE FROM address WHERE account = $1 AND kind = 'group'", params![group])?;
    if let Some(address) = address {
        crate::address::insert(tx, known.organisation, group, &address, "group")?;
    }
    Ok(())
}

/// Deletes the group with its address; its members stay what they are.
///
/// # Errors
/// [`IdentityError::NoGroup`], or the store's.
pub fn delete_group(tx: &mut Tx<'_>, group: i64) -> Result<(), IdentityError> {
    let known = load_group(tx, group)?;
    take_organisation(tx, known.organisation)?;
    for delete in [
        "DELETE FROM address WHERE account = $1 AND kind = 'group'",
        "DELETE FROM group_member WHERE group_id = $1",
        "DELETE FROM group_member WHERE kind = 'group' AND target = $1",
        "DELETE FROM group_owner WHERE group_id = $1",
        "DELETE FROM provisioned WHERE object = $1",
        "DELETE FROM mail_group WHERE id = $1",
    ] {
        tx.execute(delete, params![group])?;
    }
    Ok(())
}

/// Notes that the delivery of this name is being done; whether it had not been before.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn note_sent(tx: &mut Tx<'_>, delivery: &[u8; 32], expires: Timestamp) -> Result<bool, IdentityError> {
    let noted = tx.execute(
        "INSERT INTO group_sent (delivery, expires) VALUES ($1, $2) ON CONFLICT (delivery) DO NOTHING",
        params![delivery, expires.millis()],
    )?;
    Ok(noted == 1)
}

/// Forgets deliveries to groups that are past being repeated; gives how many.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn forget_sent(tx: &mut Tx<'_>) -> Result<u64, IdentityError> {
    Ok(tx.execute("DELETE FROM group_sent WHERE expires <= $1", params![tx.now().millis()])?)
}

/// Takes the organisation's row, which serialises changes of its groups: two at once could close a circle that neither sees.
fn take_organisation(tx: &mut Tx<'_>, organisation: i64) -> Result<(), IdentityError> {
    let taken = tx.execute("UPDATE organisation SET created = created WHERE id = $1", params![organisation])?;
    if taken == 1 { Ok(()) } else { Err(IdentityError::NoOrganisation(organisation)) }
}

fn changed(rows: u64, group: i64) -> Result<(), IdentityError> {
    if rows == 1 { Ok(()) } else { Err(IdentityError::NoGroup(group.to_string())) }
}
