//! Shared mailboxes, programs' accounts, and what people may do with each other's mailboxes.

use std::time::Duration;

use identity::delegation::{self, Delegation};
use identity::service::{self, Service};
use identity::{AccountKind, IdentityError, Language, NewAccount, Permission, Role};
use mailbox::Name;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::Tx;

use super::caller::Bounds;
use super::groups::organisation_of;
use super::{Controls, PeopleError, Refused};

/// A permission to be given.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToPermit {
    /// Address of the account that it is about.
    pub account: String,
    /// Address of the account that may.
    pub delegate: String,
    /// read, write, send-as or send-on-behalf.
    pub permission: String,
    /// Of reading and writing: one mailbox; all of them if none is named.
    pub mailbox: Option<String>,
    /// Days until it ends; until it is taken back if none are named.
    pub days: Option<u32>,
}

/// A permission to be taken back.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToForbid {
    /// Address of the account that it is about.
    pub account: String,
    /// Address of the account that may no longer.
    pub delegate: String,
    /// Which one; all of them if none is named.
    pub permission: Option<String>,
}

/// A shared mailbox or a program's account to be made.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Impersonal {
    /// Its address.
    pub address: String,
    /// Shown name; the address if none.
    pub name: Option<String>,
    /// Room for mail in MiB; 0 for no limit.
    pub quota_mib: u64,
}

pub(super) async fn add_shared(controls: &Controls, new: Impersonal) -> Result<Value, Refused> {
    add(controls, new, AccountKind::Shared, Service::default()).await
}

pub(super) async fn add_service(
    controls: &Controls,
    new: Impersonal,
    networks: Vec<String>,
    purpose: String,
) -> Result<Value, Refused> {
    let service = Service { networks: parse_networks(&networks)?, purpose };
    add(controls, new, AccountKind::Service, service).await
}

async fn add(controls: &Controls, new: Impersonal, kind: AccountKind, service: Service) -> Result<Value, Refused> {
    let address = new.address.clone();
    controls
        .store
        .write(move |tx| {
            let account = NewAccount {
                organisation: organisation_of(tx, &new.address)?,
                address: &new.address,
                name: new.name.as_deref().unwrap_or(&new.address),
                // Nobody acts as it, so no right comes of its role.
                role: Role::Sales,
                language: Language::English,
                kind,
                quota_bytes: new.quota_mib.saturating_mul(1 << 20),
                password: None,
            };
            let id = identity::create_account(tx, &account)?;
            if kind == AccountKind::Service {
                service::set_service(tx, id, &service)?;
            }
            mailbox::mailboxes::create_defaults(tx, id)?;
            Ok::<_, PeopleError>(())
        })
        .await
        .map_err(Refused::because)?;
    Ok(json!({ "address": address, "kind": kind.as_str() }))
}

pub(super) async fn set_service(
    controls: &Controls,
    address: String,
    networks: Vec<String>,
    purpose: Option<String>,
) -> Result<Value, Refused> {
    let (name, networks) = (address.clone(), parse_networks(&networks)?);
    let shown: Vec<String> = networks.iter().map(ToString::to_string).collect();
    controls
        .store
        .write(move |tx| {
            let account = account(tx, &address)?;
            let purpose = match &purpose {
                Some(purpose) => purpose.clone(),
                None => service::load_service(tx, account)?.purpose,
            };
            service::set_service(tx, account, &Service { networks: networks.clone(), purpose })
        })
        .await
        .map_err(Refused::because)?;
    Ok(json!({ "address": name, "networks": shown }))
}

fn parse_networks(networks: &[String]) -> Result<Vec<net::Network>, Refused> {
    networks.iter().map(|network| network.parse().map_err(Refused::because)).collect()
}

fn account(tx: &mut Tx<'_>, address: &str) -> Result<i64, IdentityError> {
    identity::find_by_address(tx, address)?.ok_or_else(|| IdentityError::NoAccount(address.to_owned()))
}

/// Gives a permission over a person's account, or over a shared mailbox: each by its own right.
pub(super) async fn permit(
    controls: &Controls,
    bounds: &Bounds,
    new: ToPermit,
    shared: bool,
) -> Result<Value, Refused> {
    let by = bounds.account;
    let permission: Permission = new.permission.parse().map_err(Refused::because)?;
    let told = json!({ "account": new.account, "delegate": new.delegate, "permission": permission.as_str() });
    controls
        .store
        .write(move |tx| {
            let owner = owner(tx, &new.account, shared)?;
            let mailbox = match &new.mailbox {
                None => None,
                Some(name) => {
                    let name = Name::parse(name)?;
                    let found = mailbox::mailboxes::find(tx, owner, &name)?;
                    Some(found.ok_or(mailbox::MailboxError::NoSuchMailbox)?.id)
                }
            };
            let days = |days: u32| Duration::from_secs(u64::from(days) * 86_400);
            let given = Delegation {
                account: owner,
                delegate: account(tx, &new.delegate)?,
                permission,
                mailbox,
                since: tx.now(),
                until: new.days.map(|count| tx.now().plus(days(count))),
                granted_by: by,
            };
            Ok::<_, PeopleError>(delegation::grant(tx, &given)?)
        })
        .await
        .map_err(Refused::because)?;
    Ok(told)
}

pub(super) async fn forbid(
    controls: &Controls,
    bounds: &Bounds,
    old: ToForbid,
    shared: bool,
) -> Result<Value, Refused> {
    let by = bounds.account;
    let permission = old.permission.as_deref().map(str::parse::<Permission>).transpose().map_err(Refused::because)?;
    let told = (old.account.clone(), old.delegate.clone());
    let removed = controls
        .store
        .write(move |tx| {
            let (owner, delegate) = (owner(tx, &old.account, shared)?, account(tx, &old.delegate)?);
            delegation::revoke(tx, (owner, delegate), permission, None, by)
        })
        .await
        .map_err(Refused::because)?;
    Ok(json!({ "account": told.0, "delegate": told.1, "taken_back": removed }))
}

/// The account that is to be shared; the right to say who uses shared mailboxes is none over people's.
fn owner(tx: &mut Tx<'_>, address: &str, shared: bool) -> Result<i64, IdentityError> {
    let found = account(tx, address)?;
    let is_shared = identity::load_account(tx, found)?.kind == AccountKind::Shared;
    match (shared, is_shared) {
        (true, false) => Err(IdentityError::Condition("this is no shared mailbox; use: tradewind delegation")),
        (false, true) => Err(IdentityError::Condition("this is a shared mailbox; use: tradewind shared")),
        _ => Ok(found),
    }
}

pub(super) async fn list(controls: &Controls, address: String) -> Result<Value, Refused> {
    let listed = controls
        .store
        .read(move |tx| {
            let owner = account(tx, &address)?;
            let now = tx.now();
            let mut rows = Vec::new();
            for given in delegation::list_delegates(tx, owner)? {
                let mailbox = match given.mailbox {
                    Some(id) => mailbox::mailboxes::get(tx, owner, id).ok().map(|it| it.name.as_str().to_owned()),
                    None => None,
                };
                rows.push(json!({
                    "delegate": identity::list_addresses(tx, given.delegate)?.first(),
                    "permission": given.permission.as_str(),
                    "mailbox": mailbox,
                    "since": given.since.to_string(),
                    "until": given.until.map(|until| until.to_string()),
                    "holds": given.holds(now),
                }));
            }
            Ok::<_, PeopleError>(rows)
        })
        .await
        .map_err(Refused::because)?;
    Ok(listed.into())
}
