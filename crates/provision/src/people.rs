//! Makes an account or a group here agree with what a source says of it.

use std::collections::BTreeSet;

use identity::groups::{self, Member, NewGroup};
use identity::{Account, AccountKind, AccountState, IdentityError, Language, NewAccount, Role, Senders};
use store::Tx;

use crate::ProvisionError;

/// What a source says of a person. What it says nothing of stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Person {
    /// Main address.
    pub address: String,
    /// Further addresses.
    pub aliases: Option<Vec<String>>,
    /// Shown name.
    pub name: Option<String>,
    /// Language of notices.
    pub language: Option<Language>,
    /// Job role; none that oversees others.
    pub role: Option<Role>,
    /// Whether the account is in use.
    pub is_active: Option<bool>,
    /// Bytes of mail allowed; 0 for no limit.
    pub quota_bytes: Option<u64>,
}

/// What a source says of a group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GroupWanted {
    /// Shown name.
    pub name: Option<String>,
    /// Its address; an empty one for none.
    pub address: Option<String>,
    /// Who may write to it.
    pub senders: Option<Senders>,
    /// All who are in it.
    pub members: Option<BTreeSet<Member>>,
    /// All who answer for it.
    pub owners: Option<BTreeSet<i64>>,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The account or group.
    pub id: i64,
    /// It is new.
    pub is_new: bool,
    /// What was changed of one that was there, in words of the columns.
    pub changed: Vec<&'static str>,
}

/// Whether a source may give or take the role: those that oversee others are given by people, for reasons, with a record.
#[must_use]
pub const fn is_ordinary(role: Role) -> bool {
    matches!(role, Role::Sales | Role::Finance | Role::Management | Role::It)
}

/// Makes an account of `kind`.
///
/// # Errors
/// [`ProvisionError`] if the directory refuses or the role oversees others.
pub fn create(tx: &mut Tx<'_>, organisation: i64, kind: AccountKind, wanted: &Person) -> Result<Done, ProvisionError> {
    let role = wanted.role.unwrap_or(Role::Sales);
    if !is_ordinary(role) {
        return Err(refused_role(role));
    }
    let new = NewAccount {
        organisation,
        address: &wanted.address,
        name: wanted.name.as_deref().unwrap_or(&wanted.address),
        role,
        language: wanted.language.unwrap_or(Language::English),
        kind,
        quota_bytes: wanted.quota_bytes.unwrap_or(0),
        password: None,
    };
    let id = identity::create_account(tx, &new)?;
    mailbox::mailboxes::create_defaults(tx, id)?;
    for alias in wanted.aliases.iter().flatten() {
        identity::add_alias(tx, id, alias)?;
    }
    if wanted.is_active == Some(false) {
        identity::set_state(tx, id, AccountState::Disabled)?;
    }
    Ok(Done { id, is_new: true, changed: Vec::new() })
}

/// Makes the account agree with what is wanted; exactly these aliases if any are named.
///
/// # Errors
/// [`ProvisionError`] if the directory refuses or a role that oversees others would be given or taken.
pub fn update(tx: &mut Tx<'_>, account: i64, wanted: &Person) -> Result<Done, ProvisionError> {
    let now = identity::load_account(tx, account)?;
    let mut changed = Vec::new();
    change_addresses(tx, &now, wanted, &mut changed)?;
    if let Some(name) = wanted.name.as_deref().filter(|name| *name != now.name) {
        identity::set_name(tx, account, name)?;
        changed.push("name");
    }
    if let Some(language) = wanted.language.filter(|language| *language != now.language) {
        identity::set_language(tx, account, language)?;
        changed.push("language");
    }
    if let Some(role) = wanted.role.filter(|role| *role != now.role) {
        if !is_ordinary(role) || !is_ordinary(now.role) {
            return Err(refused_role(if is_ordinary(role) { now.role } else { role }));
        }
        identity::set_ordinary_role(tx, account, role)?;
        changed.push("role");
    }
    if let Some(quota) = wanted.quota_bytes.filter(|quota| *quota != now.quota_bytes) {
        identity::set_quota(tx, account, quota)?;
        changed.push("quota");
    }
    if let Some(active) = wanted.is_active.filter(|active| *active != (now.state == AccountState::Active)) {
        let state = if active { AccountState::Active } else { AccountState::Disabled };
        identity::set_state(tx, account, state)?;
        changed.push("state");
    }
    Ok(Done { id: account, is_new: false, changed })
}

fn change_addresses(
    tx: &mut Tx<'_>,
    now: &Account,
    wanted: &Person,
    changed: &mut Vec<&'static str>,
) -> Result<(), ProvisionError> {
    let canonical = |address: &str| match mail::Address::parse(address) {
        Ok(parsed) => Ok(parsed.canonical()),
        Err(cause) => Err(IdentityError::Address { given: address.to_owned(), cause }),
    };
    let main = canonical(&wanted.address)?;
    if now.addresses.first() != Some(&main) {
        identity::set_main_address(tx, now.id, &main)?;
        changed.push("address");
    }
    let Some(aliases) = &wanted.aliases else { return Ok(()) };
    let aliases: Result<BTreeSet<String>, _> = aliases.iter().map(|alias| canonical(alias)).collect();
    let mut aliases = aliases?;
    aliases.remove(&main);
    let have: BTreeSet<String> = identity::list_addresses(tx, now.id)?.into_iter().skip(1).collect();
    for gone in have.difference(&aliases) {
        identity::remove_alias(tx, now.id, gone)?;
    }
    for new in aliases.difference(&have) {
        identity::add_alias(tx, now.id, new)?;
    }
    if have != aliases {
        changed.push("aliases");
    }
    Ok(())
}

fn refused_role(role: Role) -> ProvisionError {
    ProvisionError::Refused(format!(
        "the role {role} oversees others and is neither given nor taken from outside; change it here: tradewind access"
    ))
}

/// Makes a group.
///
/// # Errors
/// [`ProvisionError`] if the directory refuses.
pub fn create_group(tx: &mut Tx<'_>, organisation: i64, wanted: &GroupWanted) -> Result<Done, ProvisionError> {
    let address = wanted.address.as_deref().filter(|address| !address.is_empty());
    let name = wanted.name.as_deref().or(address);
    let name = name.ok_or_else(|| ProvisionError::Refused("a group needs a name or an address".to_owned()))?;
    let senders = wanted.senders.unwrap_or(Senders::Organisation);
    let id = groups::create_group(tx, &NewGroup { organisation, name, address, senders })?;
    update_group(tx, id, &GroupWanted { name: None, address: None, senders: None, ..wanted.clone() })?;
    Ok(Done { id, is_new: true, changed: Vec::new() })
}

/// Makes the group agree with what is wanted.
///
/// # Errors
/// [`ProvisionError`] if the directory refuses.
pub fn update_group(tx: &mut Tx<'_>, group: i64, wanted: &GroupWanted) -> Result<Done, ProvisionError> {
    let now = groups::load_group(tx, group)?;
    let mut changed = Vec::new();
    if let Some(name) = wanted.name.as_deref().filter(|name| *name != now.name) {
        groups::rename_group(tx, group, name)?;
        changed.push("name");
    }
    if let Some(address) = &wanted.address {
        let address = Some(address.as_str()).filter(|address| !address.is_empty());
        groups::set_group_address(tx, group, address)?;
        if groups::load_group(tx, group)?.address != now.address {
            changed.push("address");
        }
    }
    if let Some(senders) = wanted.senders.filter(|senders| *senders != now.senders) {
        groups::set_senders(tx, group, senders)?;
        changed.push("senders");
    }
    if let Some(members) = &wanted.members {
        let have: BTreeSet<Member> = groups::list_members(tx, group)?.into_iter().collect();
        for gone in have.difference(members) {
            groups::remove_member(tx, group, gone)?;
        }
        for new in members.difference(&have) {
            groups::add_member(tx, group, new)?;
        }
        if have != *members {
            changed.push("members");
        }
    }
    if let Some(owners) = &wanted.owners {
        let have: BTreeSet<i64> = groups::list_owners(tx, group)?.into_iter().collect();
        for gone in have.difference(owners) {
            groups::remove_owner(tx, group, *gone)?;
        }
        for new in owners.difference(&have) {
            groups::add_owner(tx, group, *new)?;
        }
        if have != *owners {
            changed.push("owners");
        }
    }
    Ok(Done { id: group, is_new: false, changed })
}

/// As [`update`], for a source outside: accounts that oversee others are only ever disabled by it. Whoever holds the source must not
/// thereby hold them.
///
/// # Errors
/// As [`update`].
pub fn update_from_outside(tx: &mut Tx<'_>, account: i64, wanted: &Person) -> Result<Done, ProvisionError> {
    let now = identity::load_account(tx, account)?;
    if is_ordinary(now.role) {
        return update(tx, account, wanted);
    }
    let address = now.addresses.first().cloned().unwrap_or_default();
    let is_active = wanted.is_active.filter(|active| !active);
    update(tx, account, &Person { address, is_active, ..Person::default() })
}
