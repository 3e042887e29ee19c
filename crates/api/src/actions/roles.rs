//! Roles: who has which, and those that an organisation makes itself.

use std::collections::BTreeSet;

use access::Duty;
use identity::rights::{self, Giving};
use identity::{IdentityError, Role};
use serde_json::{Value, json};
use store::Tx;

use super::caller::Bounds;
use super::people::pick_organisation;
use super::{Controls, Refused, letters};

pub(super) async fn list(controls: &Controls, by: &Bounds, organisation: Option<String>) -> Result<Value, Refused> {
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        rights::list_roles(tx, organisation)
    };
    let custom = controls.store.read(work).await.map_err(Refused::because)?;
    let shipped = Role::ALL.iter().map(|role| json!({ "role": role.as_str(), "shipped": true, "what": role.doc() }));
    let own = custom.iter().map(|role| {
        let rights: Vec<String> =
            role.rights.iter().map(|(action, scope, effect)| format!("{effect} {action} {scope}")).collect();
        json!({ "role": role.name, "shipped": false, "what": rights.join("; ") })
    });
    Ok(shipped.chain(own).collect())
}

pub(super) async fn define(
    controls: &Controls,
    by: &Bounds,
    name: String,
    lines: Vec<String>,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let lines: Result<Vec<_>, _> = lines.iter().map(|line| rights::parse_right(line)).collect();
    let (by, wanted, told) = (*by, lines.map_err(Refused::because)?, name.clone());
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        rights::define_role(tx, organisation, &name, &wanted)
    };
    controls.store.write(work).await.map_err(Refused::because)?;
    Ok(json!({ "role": told }))
}

pub(super) async fn remove(
    controls: &Controls,
    by: &Bounds,
    name: String,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let (by, told) = (*by, name.clone());
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        rights::remove_role(tx, organisation, &name)
    };
    controls.store.write(work).await.map_err(Refused::because)?;
    Ok(json!({ "removed": told }))
}

/// Gives a role beside the job, or, with `is_job`, another job.
pub(super) async fn give(
    controls: &Controls,
    by: &Bounds,
    address: String,
    role: String,
    exception: Option<String>,
    is_job: bool,
) -> Result<Value, Refused> {
    let (giver, who, what) = (by.account, address.clone(), role.clone());
    let reason = exception.clone();
    let work = move |tx: &mut Tx<'_>| {
        let account = account_at(tx, &address)?;
        let giving = Giving { account, role: &role, by: giver, exception: exception.as_deref() };
        let joined = if is_job { rights::set_job(tx, &giving)? } else { rights::give_role(tx, &giving)? };
        Ok::<_, IdentityError>((account, joined))
    };
    let (account, joined) = controls.store.write(work).await.map_err(Refused::because)?;
    if let Some(joined) = &joined {
        letters::tell_of_exception(controls, account, &who, joined, &reason.unwrap_or_default()).await;
    }
    Ok(json!({ "address": who, "role": what, "joins_duties": joined.map(words) }))
}

pub(super) async fn take(controls: &Controls, address: String, role: String) -> Result<Value, Refused> {
    let (who, what) = (address.clone(), role.clone());
    let work = move |tx: &mut Tx<'_>| {
        let account = account_at(tx, &address)?;
        rights::take_role(tx, account, &role)
    };
    controls.store.write(work).await.map_err(Refused::because)?;
    Ok(json!({ "address": who, "without": what }))
}

pub(super) fn account_at(tx: &mut Tx<'_>, address: &str) -> Result<i64, IdentityError> {
    identity::find_by_address(tx, address)?.ok_or_else(|| IdentityError::NoAccount(address.to_owned()))
}

fn words(duties: BTreeSet<Duty>) -> Vec<&'static str> {
    duties.into_iter().map(Duty::as_str).collect()
}
