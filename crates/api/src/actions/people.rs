//! Domains and accounts.

use env::Secret;
use identity::password::Owner;
use identity::{
    Account, AccountKind, AccountState, IdentityError, Language, Level, Organisation, PAGE_MAX, PasswordRefusal,
    PreparedPassword, Role,
};
use mailbox::MailboxError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{StoreError, Tx};

use super::caller::Bounds;
use super::{Controls, Refused};

/// An account to be made.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// Its address.
    pub address: String,
    /// Shown name; the address if none.
    pub name: Option<String>,
    /// Job role.
    pub role: String,
    /// Language of notices: zh or en.
    pub language: String,
    /// Room for mail in MiB; 0 for no limit.
    pub quota_mib: u64,
    /// A fresh one is made and told if none is given.
    pub password: Option<String>,
}

/// A failure of one of the crates that a transaction here calls.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    /// Of the directory.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// Of the mailbox.
    #[error(transparent)]
    Mailbox(#[from] MailboxError),
    /// Of the store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub(super) async fn add_domain(
    controls: &Controls,
    by: &Bounds,
    domain: String,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let by = *by;
    let added = controls
        .store
        .write(move |tx| {
            let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
            identity::create_domain(tx, organisation, &domain)
        })
        .await
        .map_err(Refused::because)?;
    super::dkim::make(controls, &added).await?;
    Ok(json!({ "domain": added }))
}

/// The organisation called `name`; the asker's own, or the only one there is, if none is named. Never one out of bounds.
pub(super) fn pick_organisation(tx: &mut Tx<'_>, by: &Bounds, name: Option<&str>) -> Result<i64, IdentityError> {
    let mut organisations = identity::list_organisations(tx)?;
    organisations.retain(|it| by.hold(it.id));
    let found = match (name, organisations.as_slice()) {
        (None, [only]) => Some(only.id),
        (None, _) => None,
        (Some(name), all) => all.iter().find(|it| it.name == name).map(|it| it.id),
    };
    found.ok_or(IdentityError::NoOrganisation(0))
}

pub(super) async fn list_organisations(controls: &Controls, by: &Bounds) -> Result<Value, Refused> {
    let all = controls.store.read(identity::list_organisations).await.map_err(Refused::because)?;
    let row = |it: &Organisation| json!({ "organisation": it.name, "level": it.level.as_str(), "since": it.created.to_string() });
    Ok(all.iter().filter(|it| by.hold(it.id)).map(row).collect())
}

pub(super) async fn set_level(
    controls: &Controls,
    by: &Bounds,
    level: String,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let level: Level = level.parse().map_err(Refused::because)?;
    let by = *by;
    let settings = controls.factors.settings();
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        identity::set_level(tx, organisation, level)?;
        identity::factors::note_demands(tx, &settings)
    };
    controls.store.write(work).await.map_err(Refused::because)?;
    Ok(json!({ "level": level.as_str() }))
}

pub(super) async fn list_domains(controls: &Controls, by: &Bounds) -> Result<Value, Refused> {
    let within = by.organisation;
    let domains = controls.store.read(move |tx| identity::list_domains(tx, within)).await.map_err(Refused::because)?;
    Ok(domains.iter().map(|it| json!({ "domain": it.name, "since": it.created.to_string() })).collect())
}

pub(super) async fn remove_domain(controls: &Controls, domain: String) -> Result<Value, Refused> {
    let name = domain.clone();
    controls.store.write(move |tx| identity::delete_domain(tx, &name)).await.map_err(Refused::because)?;
    Ok(json!({ "removed": domain }))
}

pub(super) async fn add_user(controls: &Controls, new: NewUser) -> Result<Value, Refused> {
    let role: Role = new.role.parse().map_err(Refused::because)?;
    let language: Language = new.language.parse().map_err(Refused::because)?;
    let owner = owner_of(controls, &new).await?;
    let (shown, prepared) = match new.password.clone().map(Secret::new) {
        Some(given) => (None, controls.passwords.first(&owner, &given).await.map_err(Refused::because)?),
        None => told(controls.passwords.generate(owner.level).await)?,
    };
    let address = new.address.clone();
    controls
        .store
        .write(move |tx| {
            let parsed = mail::address::Address::parse(&new.address)
                .map_err(|_| IdentityError::NoAccount(new.address.clone()))?;
            let domain = parsed.domain_ascii();
            let organisation = identity::find_domain(tx, &domain)?.map_or(0, |it| it.organisation);
            let account = identity::NewAccount {
                organisation,
                address: &new.address,
                name: new.name.as_deref().unwrap_or(&new.address),
                role,
                language,
                kind: AccountKind::Person,
                quota_bytes: new.quota_mib.saturating_mul(1 << 20),
                password: Some(&prepared),
            };
            let id = identity::create_account(tx, &account)?;
            mailbox::mailboxes::create_defaults(tx, id)?;
            Ok::<_, PeopleError>(id)
        })
        .await
        .map_err(Refused::because)?;
    Ok(told_password(&address, shown))
}

pub(super) async fn show_user(controls: &Controls, address: String) -> Result<Value, Refused> {
    let account = find_account(controls, address).await?;
    let settings = controls.access.now();
    let work = move |tx: &mut Tx<'_>| {
        let found = identity::load_account(tx, account)?;
        let mut shown = user_row(&found);
        shown["language"] = found.language.as_str().into();
        if found.kind == AccountKind::Person {
            let actor = identity::rights::load_actor(tx, account, ::access::Via::Http, None)?;
            let table = identity::rights::organisation_table(tx, found.organisation, &settings)?;
            let roles = actor.holders.iter().filter(|it| !matches!(it, ::access::Holder::Everyone));
            shown["roles"] = roles.map(|it| table.name_of(*it)).collect();
        }
        if found.kind == AccountKind::Service {
            let service = identity::service::load_service(tx, account)?;
            shown["networks"] = service.networks.iter().map(ToString::to_string).collect();
            shown["purpose"] = service.purpose.into();
        }
        Ok::<_, IdentityError>(shown)
    };
    controls.store.read(work).await.map_err(Refused::because)
}

pub(super) async fn list_users(controls: &Controls, by: &Bounds) -> Result<Value, Refused> {
    let within = by.organisation;
    let mut users = Vec::new();
    let mut after = 0;
    loop {
        let page = controls
            .store
            .read(move |tx| identity::list_accounts(tx, within, after, PAGE_MAX))
            .await
            .map_err(Refused::because)?;
        let Some(last) = page.last() else { break };
        after = last.id;
        users.extend(page.iter().map(user_row));
    }
    Ok(users.into())
}

pub(super) fn user_row(it: &Account) -> Value {
    json!({
        "address": it.addresses.first(),
        "aliases": it.addresses.get(1..).unwrap_or_default(),
        "name": it.name,
        "kind": it.kind.as_str(),
        "role": it.role.as_str(),
        "state": it.state.as_str(),
        "messages": it.messages,
        "bytes": it.bytes,
        "quota_bytes": it.quota_bytes,
        "since": it.created.to_string(),
    })
}

pub(super) async fn set_password(
    controls: &Controls,
    address: String,
    password: Option<String>,
) -> Result<Value, Refused> {
    let name = address.clone();
    let account = find_account(controls, address.clone()).await?;
    let (shown, prepared) = match password.map(Secret::new) {
        Some(given) => (None, controls.passwords.change(account, &given).await.map_err(Refused::because)?),
        None => told(controls.passwords.generate_for(account).await)?,
    };
    change_account(controls, address, move |tx, account| identity::set_password(tx, account, &prepared)).await?;
    Ok(told_password(&name, shown))
}

pub(super) async fn set_state(controls: &Controls, address: String, enabled: bool) -> Result<Value, Refused> {
    let state = if enabled { AccountState::Active } else { AccountState::Disabled };
    let name = address.clone();
    change_account(controls, address, move |tx, account| identity::set_state(tx, account, state)).await?;
    Ok(json!({ "address": name, "state": state.as_str() }))
}

pub(super) async fn set_quota(controls: &Controls, address: String, mib: u64) -> Result<Value, Refused> {
    let bytes = mib.saturating_mul(1 << 20);
    let name = address.clone();
    change_account(controls, address, move |tx, account| identity::set_quota(tx, account, bytes)).await?;
    Ok(json!({ "address": name, "quota_bytes": bytes }))
}

pub(super) async fn delete_user(controls: &Controls, address: String) -> Result<Value, Refused> {
    let name = address.clone();
    change_account(controls, address, identity::delete_account).await?;
    Ok(json!({ "deleted": name }))
}

pub(super) async fn add_alias(controls: &Controls, address: String, alias: String) -> Result<Value, Refused> {
    let name = address.clone();
    let added = change_account(controls, address, move |tx, account| identity::add_alias(tx, account, &alias)).await?;
    Ok(json!({ "address": name, "alias": added }))
}

pub(super) async fn remove_alias(controls: &Controls, alias: String) -> Result<Value, Refused> {
    let name = alias.clone();
    change_account(controls, alias.clone(), move |tx, account| identity::remove_alias(tx, account, &alias)).await?;
    Ok(json!({ "removed": name }))
}

/// Does `change` to the account that `address` belongs to.
pub(super) async fn change_account<T: Send + 'static>(
    controls: &Controls,
    address: String,
    mut change: impl FnMut(&mut Tx<'_>, i64) -> Result<T, IdentityError> + Send + 'static,
) -> Result<T, Refused> {
    controls
        .store
        .write(move |tx| {
            let found = identity::find_by_address(tx, &address)?;
            let account = found.ok_or_else(|| IdentityError::NoAccount(address.clone()))?;
            change(tx, account)
        })
        .await
        .map_err(Refused::because)
}

/// Whose password a new account's is: what it may not contain, and what it must be.
async fn owner_of(controls: &Controls, new: &NewUser) -> Result<Owner, Refused> {
    let (address, name) = (new.address.clone(), new.name.clone());
    let domain = address.rsplit_once('@').map_or_else(String::new, |(_, domain)| domain.to_owned());
    let organisation = controls
        .store
        .read(move |tx| {
            let hosted = mail::domain::canonical(&domain).ok();
            let found = hosted.map(|domain| identity::find_domain(tx, &domain)).transpose()?.flatten();
            let organisations = identity::list_organisations(tx)?;
            Ok::<_, IdentityError>(found.and_then(|it| organisations.into_iter().find(|one| one.id == it.organisation)))
        })
        .await
        .map_err(Refused::because)?;
    let level = organisation.as_ref().map_or(Level::Basic, |it| it.level);
    let names = organisation.into_iter().map(|it| it.name).chain(name).chain([address]).collect();
    Ok(Owner { level, names })
}

pub(super) async fn find_account(controls: &Controls, address: String) -> Result<i64, Refused> {
    let find = move |tx: &mut Tx<'_>| {
        identity::find_by_address(tx, &address)?.ok_or_else(|| IdentityError::NoAccount(address.clone()))
    };
    controls.store.read(find).await.map_err(Refused::because)
}

/// A fresh password, which is to be told.
fn told(
    made: Result<(Secret<String>, PreparedPassword), PasswordRefusal>,
) -> Result<(Option<Secret<String>>, PreparedPassword), Refused> {
    let (fresh, prepared) = made.map_err(Refused::because)?;
    Ok((Some(fresh), prepared))
}

fn told_password(address: &str, fresh: Option<Secret<String>>) -> Value {
    match fresh {
        Some(password) => json!({ "address": address, "password": password.expose() }),
        None => json!({ "address": address }),
    }
}
