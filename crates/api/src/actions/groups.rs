//! Groups: an address for many.

use identity::groups::{self, Group, Member, NewGroup};
use identity::{IdentityError, PAGE_MAX, Senders};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::Tx;

use super::caller::Bounds;
use super::people::pick_organisation;
use super::{Controls, On, Refused};

/// A group by its address, or by its name within an organisation.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupName {
    /// Its address; its name if it has none.
    pub group: String,
    /// Organisation, by name, where a group is called by its name; may be left out where there is only one.
    pub organisation: Option<String>,
}

impl GroupName {
    /// What a request about it concerns.
    pub(super) fn on(&self) -> On<'_> {
        if self.group.contains('@') {
            On::DomainOf(&self.group)
        } else {
            On::Organisation(self.organisation.as_deref())
        }
    }

    fn find(&self, tx: &mut Tx<'_>, by: &Bounds) -> Result<i64, IdentityError> {
        let missing = || IdentityError::NoGroup(self.group.clone());
        if self.group.contains('@') {
            return groups::find_group(tx, &self.group)?.ok_or_else(missing);
        }
        let organisation = pick_organisation(tx, by, self.organisation.as_deref())?;
        let found = all_groups(tx, organisation)?.into_iter().filter(|it| it.name == self.group);
        match found.map(|it| it.id).collect::<Vec<_>>().as_slice() {
            [one] => Ok(*one),
            [] => Err(missing()),
            _ => Err(IdentityError::Condition("several groups have this name; give them addresses to tell them apart")),
        }
    }
}

/// A group to be made.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupToMake {
    /// Its address; none for a group that only names people.
    pub address: Option<String>,
    /// Shown name; the address if none.
    pub name: Option<String>,
    /// Who may write to it: anyone, organisation, members or owners.
    pub senders: String,
    /// Organisation, by name; may be left out where there is an address or only one organisation.
    pub organisation: Option<String>,
}

impl GroupToMake {
    /// What a request about it concerns.
    pub(super) fn on(&self) -> On<'_> {
        self.address.as_deref().map_or(On::Organisation(self.organisation.as_deref()), On::DomainOf)
    }
}

/// Every group of an organisation.
pub(super) fn all_groups(tx: &mut Tx<'_>, organisation: i64) -> Result<Vec<Group>, IdentityError> {
    let mut all: Vec<Group> = Vec::new();
    loop {
        let page = groups::list_groups(tx, organisation, all.last().map_or(0, |last| last.id), PAGE_MAX)?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

pub(super) async fn add(controls: &Controls, by: &Bounds, new: GroupToMake) -> Result<Value, Refused> {
    let senders: Senders = new.senders.parse().map_err(Refused::because)?;
    let Some(name) = new.name.clone().or_else(|| new.address.clone()) else {
        return Err(Refused("a group needs an address or a name; give one".to_owned()));
    };
    let by = *by;
    let made = controls
        .store
        .write(move |tx| {
            let organisation = match &new.address {
                Some(address) => organisation_of(tx, address)?,
                None => pick_organisation(tx, &by, new.organisation.as_deref())?,
            };
            let made = NewGroup { organisation, name: &name, address: new.address.as_deref(), senders };
            let id = groups::create_group(tx, &made)?;
            groups::load_group(tx, id)
        })
        .await
        .map_err(Refused::because)?;
    Ok(json!({ "group": made.label(), "name": made.name, "senders": made.senders.as_str() }))
}

/// Whose domain an address is at.
pub(super) fn organisation_of(tx: &mut Tx<'_>, address: &str) -> Result<i64, IdentityError> {
    let cause = |cause| IdentityError::Address { given: address.to_owned(), cause };
    let domain = mail::Address::parse(address).map_err(cause)?.domain_ascii();
    let found = identity::find_domain(tx, &domain)?;
    Ok(found.ok_or(IdentityError::NoDomain(domain))?.organisation)
}

pub(super) async fn list(controls: &Controls, by: &Bounds, organisation: Option<String>) -> Result<Value, Refused> {
    let by = *by;
    let listed = controls
        .store
        .read(move |tx| {
            let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
            let mut rows = Vec::new();
            for group in all_groups(tx, organisation)? {
                let members = groups::list_members(tx, group.id)?.len();
                rows.push(json!({
                    "group": group.label(),
                    "name": group.name,
                    "senders": group.senders.as_str(),
                    "members": members,
                }));
            }
            Ok::<_, IdentityError>(rows)
        })
        .await
        .map_err(Refused::because)?;
    Ok(listed.into())
}

pub(super) async fn show(controls: &Controls, by: &Bounds, name: GroupName) -> Result<Value, Refused> {
    let by = *by;
    let shown = controls
        .store
        .read(move |tx| {
            let id = name.find(tx, &by)?;
            let group = groups::load_group(tx, id)?;
            let mut members = Vec::new();
            for member in groups::list_members(tx, id)? {
                members.push(groups::name_of_member(tx, &member)?);
            }
            let mut owners = Vec::new();
            for owner in groups::list_owners(tx, id)? {
                owners.extend(identity::list_addresses(tx, owner)?.into_iter().next());
            }
            let reached = groups::expand(tx, id)?;
            Ok::<_, IdentityError>(json!({
                "group": group.label(),
                "name": group.name,
                "senders": group.senders.as_str(),
                "since": group.created.to_string(),
                "owners": owners,
                "members": members,
                "reaches_accounts": reached.accounts.len(),
                "reaches_elsewhere": reached.outside.len(),
            }))
        })
        .await;
    shown.map_err(Refused::because)
}

pub(super) async fn set_senders(
    controls: &Controls,
    by: &Bounds,
    name: GroupName,
    senders: String,
) -> Result<Value, Refused> {
    let senders: Senders = senders.parse().map_err(Refused::because)?;
    let label = name.group.clone();
    change(controls, by, name, move |tx, id| groups::set_senders(tx, id, senders)).await?;
    Ok(json!({ "group": label, "senders": senders.as_str() }))
}

pub(super) async fn remove(controls: &Controls, by: &Bounds, name: GroupName) -> Result<Value, Refused> {
    let label = name.group.clone();
    change(controls, by, name, groups::delete_group).await?;
    Ok(json!({ "removed": label }))
}

pub(super) async fn add_member(
    controls: &Controls,
    by: &Bounds,
    name: GroupName,
    member: String,
    owner: bool,
) -> Result<Value, Refused> {
    let (label, shown) = (name.group.clone(), member.clone());
    let is_new = change(controls, by, name, move |tx, id| {
        let found = find_member(tx, id, &member)?;
        match (owner, &found) {
            (false, found) => groups::add_member(tx, id, found),
            (true, Member::Account(account)) => groups::add_owner(tx, id, *account),
            (true, _) => {
                Err(IdentityError::Condition("a group is owned by people of the organisation; name an account"))
            }
        }
    })
    .await?;
    Ok(json!({ "group": label, if owner { "owner" } else { "member" }: shown, "new": is_new }))
}

pub(super) async fn remove_member(
    controls: &Controls,
    by: &Bounds,
    name: GroupName,
    member: String,
    owner: bool,
) -> Result<Value, Refused> {
    let (label, shown) = (name.group.clone(), member.clone());
    let was_there = change(controls, by, name, move |tx, id| {
        let found = find_member(tx, id, &member)?;
        match (owner, &found) {
            (true, Member::Account(account)) => groups::remove_owner(tx, id, *account),
            (true, _) => Ok(false),
            (false, found) => groups::remove_member(tx, id, found),
        }
    })
    .await?;
    if was_there {
        Ok(json!({ "group": label, "removed": shown }))
    } else {
        Err(Refused(format!("{shown} is not in {label}")))
    }
}

/// A member by its address, or a group of the same organisation by its name.
fn find_member(tx: &mut Tx<'_>, group: i64, member: &str) -> Result<Member, IdentityError> {
    let organisation = groups::load_group(tx, group)?.organisation;
    if member.contains('@') {
        return groups::find_member(tx, organisation, member);
    }
    let found = all_groups(tx, organisation)?.into_iter().find(|it| it.address.is_none() && it.name == member);
    found.map(|it| Member::Group(it.id)).ok_or_else(|| IdentityError::NoGroup(member.to_owned()))
}

async fn change<T: Send + 'static>(
    controls: &Controls,
    by: &Bounds,
    name: GroupName,
    mut work: impl FnMut(&mut Tx<'_>, i64) -> Result<T, IdentityError> + Send + 'static,
) -> Result<T, Refused> {
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let id = name.find(tx, &by)?;
        work(tx, id)
    };
    controls.store.write(work).await.map_err(Refused::because)
}
