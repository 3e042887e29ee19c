//! Where people come from: the directory as a file, and clients that provision.

use std::time::Duration;

use provision::ldap::{self, Wish};
use provision::sync::Report;
use provision::table::{self, Fault, Outcome};
use provision::{LdapSource, ProvisionError, client, oidc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{StoreError, Tx};

use super::caller::Bounds;
use super::people::{find_account, pick_organisation};
use super::{Controls, Refused};

/// A table to be taken over.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TableToImport {
    /// The file in base64, for it need not be UTF-8.
    pub file: String,
    /// Only say what would change.
    pub dry_run: bool,
    /// Organisation, by name; may be left out where there is only one.
    pub organisation: Option<String>,
}

pub(super) async fn export(controls: &Controls, by: &Bounds, organisation: Option<String>) -> Result<Value, Refused> {
    let by = *by;
    let text = controls
        .store
        .read(move |tx| {
            let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
            table::export(tx, organisation)
        })
        .await
        .map_err(Refused::because)?;
    Ok(json!({ "csv": text }))
}

/// Why the transaction of an import is not to be kept.
#[derive(Debug, thiserror::Error)]
enum Undone {
    #[error(transparent)]
    Failed(#[from] ProvisionError),
    /// It was only tried, or something is wrong with the table.
    #[error("not kept")]
    Tried(Box<Outcome>),
}

impl From<StoreError> for Undone {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

pub(super) async fn import(controls: &Controls, by: &Bounds, new: TableToImport) -> Result<Value, Refused> {
    let by = *by;
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(&new.file).map_err(Refused::because)?;
    let TableToImport { dry_run, organisation, .. } = new;
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref()).map_err(ProvisionError::from)?;
        let outcome = table::import(tx, organisation, &bytes)?;
        // What was tried is undone with the transaction.
        if dry_run || !outcome.faults.is_empty() { Err(Undone::Tried(Box::new(outcome))) } else { Ok(outcome) }
    };
    match controls.store.write(work).await {
        Ok(outcome) => Ok(told(&outcome, "done")),
        Err(Undone::Tried(outcome)) if outcome.faults.is_empty() => {
            Ok(told(&outcome, "nothing changed, this was a dry run"))
        }
        Err(Undone::Tried(outcome)) => Err(Refused(faults(&outcome.faults))),
        Err(Undone::Failed(error)) => Err(Refused::because(error)),
    }
}

fn told(outcome: &Outcome, state: &str) -> Value {
    let row = |change: &table::Change| {
        json!({
            "line": change.line,
            "address": change.address,
            "does": if change.is_new { "make" } else { "change" },
            "what": change.changed.join(" "),
        })
    };
    let changes: Vec<Value> = outcome.changes.iter().map(row).collect();
    json!({ "state": state, "unchanged": outcome.unchanged, "changes": changes })
}

fn faults(faults: &[Fault]) -> String {
    let line = |fault: &Fault| {
        let column = if fault.column.is_empty() { String::new() } else { format!(", column {}", fault.column) };
        format!("line {}{column}: {}", fault.line, fault.what)
    };
    let lines: Vec<String> = faults.iter().take(100).map(line).collect();
    format!("nothing was changed, the table has {} faults:\n{}", faults.len(), lines.join("\n"))
}

/// Takes over what the LDAP directory of that name says.
pub(super) async fn sync(
    controls: &Controls,
    source: String,
    is_dry_run: bool,
    allow_vanishing: bool,
) -> Result<Value, Refused> {
    let known = controls.elsewhere.ldap_sources().into_iter().find(|known| known.name == source);
    let Some(known) = known else { return Err(Refused::because(ProvisionError::NoSource(source))) };
    let report = sync_ldap(&controls.store, &known, Wish { is_dry_run, allow_vanishing }).await?;
    Ok(json!({
        "source": source,
        "made": report.made,
        "changed": report.changed,
        "unchanged": report.unchanged,
        "vanished": report.vanished,
        "faults": report.faults,
        "kept": !is_dry_run,
    }))
}

/// Forgets who at the identity provider of that name an account is.
pub(super) async fn unlink(controls: &Controls, provider: String, address: String) -> Result<Value, Refused> {
    let account = find_account(controls, address.clone()).await?;
    let named = provider.clone();
    let was_linked =
        controls.store.write(move |tx| oidc::unlink(tx, &named, account)).await.map_err(Refused::because)?;
    if !was_linked {
        return Err(Refused(format!("{address} is linked with nobody at {provider}")));
    }
    Ok(json!({ "unlinked": address, "provider": provider }))
}

/// Takes over what an LDAP directory says.
///
/// # Errors
/// [`Refused`] if it cannot be read to its end, if too many have vanished from it, or if the store fails.
pub async fn sync_ldap(store: &store::Store, source: &LdapSource, wish: Wish) -> Result<Report, Refused> {
    let name = source.organisation.clone();
    let organisations = store.read(identity::list_organisations).await.map_err(Refused::because)?;
    let named = |it: &&identity::Organisation| name.as_ref().is_none_or(|name| it.name == *name);
    let organisation = match organisations.iter().filter(named).collect::<Vec<_>>().as_slice() {
        [one] => one.id,
        _ => {
            return Err(Refused(format!(
                "provision.ldap {}: name the organisation that its people are of",
                source.name
            )));
        }
    };
    ldap::sync(store, source, organisation, wish).await.map_err(Refused::because)
}

pub(super) async fn add_token(
    controls: &Controls,
    by: &Bounds,
    name: String,
    days: Option<u32>,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let by = *by;
    let told = name.clone();
    let token = controls
        .store
        .write(move |tx| {
            let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
            let expires = days.map(|days| tx.now().plus(Duration::from_secs(u64::from(days) * 86_400)));
            client::add(tx, organisation, &name, expires)
        })
        .await
        .map_err(Refused::because)?;
    Ok(json!({ "client": told, "token": token.expose() }))
}

pub(super) async fn list_tokens(
    controls: &Controls,
    by: &Bounds,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let by = *by;
    let clients = controls
        .store
        .read(move |tx| {
            let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
            client::list(tx, organisation)
        })
        .await
        .map_err(Refused::because)?;
    let row = |it: &client::Client| {
        json!({
            "client": it.name,
            "since": it.created.to_string(),
            "expires": it.expires.map(|expires| expires.to_string()),
            "used": it.used.map(|used| used.to_string()),
        })
    };
    Ok(clients.iter().map(row).collect())
}

pub(super) async fn revoke_token(
    controls: &Controls,
    by: &Bounds,
    name: String,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let by = *by;
    let told = name.clone();
    controls
        .store
        .write(move |tx| {
            let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
            client::revoke(tx, organisation, &name)
        })
        .await
        .map_err(Refused::because)?;
    Ok(json!({ "revoked": told }))
}
