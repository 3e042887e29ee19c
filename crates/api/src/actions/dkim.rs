//! Keys of outgoing signatures.

use env::Timestamp;
use serde_json::{Value, json};
use signing::{FreshKey, Key, SigningError};

use super::caller::Bounds;
use super::{Controls, Refused};

pub(super) async fn list(controls: &Controls, by: &Bounds, domain: Option<String>) -> Result<Value, Refused> {
    let within = by.organisation;
    let domain = domain.as_deref().map(canonical).transpose()?;
    let mut keys =
        controls.store.read(move |tx| signing::list(tx, domain.as_deref())).await.map_err(Refused::because)?;
    let own = controls.store.read(move |tx| identity::list_domains(tx, within)).await.map_err(Refused::because)?;
    keys.retain(|key| within.is_none() || own.iter().any(|domain| domain.name == key.domain));
    let now = controls.store.context().clock.now();
    Ok(keys.iter().map(|key| row(key, now)).collect())
}

/// What is shown of a key: `record` is what is to be published now. Of a key that has signed no more for long enough that is one which
/// says that it is revoked (RFC 6376 section 3.6.1, `p=`).
fn row(key: &Key, now: Timestamp) -> Value {
    let is_over = key.remove_after.is_some_and(|moment| moment <= now);
    let record = if is_over { format!("v=DKIM1; k={}; p=", key.kind.word()) } else { key.record.clone() };
    json!({
        "domain": key.domain,
        "selector": key.selector,
        "algorithm": key.kind.word(),
        "state": key.state.word(),
        "since": key.changed.to_string(),
        "revoke_after": key.remove_after.map(|moment| moment.to_string()),
        "name": key.name(),
        "record": record,
    })
}

/// Names, relative to the domain, and values of the records of `domain` in a list of keys.
pub fn records(list: &Value, domain: &str) -> Vec<(String, String)> {
    let text = |row: &Value, field: &str| Some(row.get(field)?.as_str()?.to_owned());
    let rows = list.as_array().into_iter().flatten().filter(|row| row.get("domain").is_some_and(|it| it == domain));
    rows.filter_map(|row| Some((format!("{}._domainkey", text(row, "selector")?), text(row, "record")?))).collect()
}

pub(super) async fn add(controls: &Controls, domain: String) -> Result<Value, Refused> {
    let domain = canonical(&domain)?;
    let fresh = fresh().await?;
    let work = move |tx: &mut ::store::Tx<'_>| signing::add(tx, &domain, &fresh);
    let made = controls.store.write(work).await.map_err(Refused::because)?;
    Ok(made.iter().map(|key| row(key, key.changed)).collect())
}

pub(super) async fn rotate(controls: &Controls, domain: String) -> Result<Value, Refused> {
    let domain = canonical(&domain)?;
    let fresh = fresh().await?;
    let work = move |tx: &mut ::store::Tx<'_>| signing::rotate(tx, &domain, &fresh);
    let made = controls.store.write(work).await.map_err(Refused::because)?;
    Ok(made.iter().map(|key| row(key, key.changed)).collect())
}

pub(super) async fn retire(controls: &Controls, domain: String, selector: Option<String>) -> Result<Value, Refused> {
    let domain = canonical(&domain)?;
    let (name, overlap) = (domain.clone(), controls.signing.now().overlap());
    let work = move |tx: &mut ::store::Tx<'_>| signing::retire(tx, &name, selector.as_deref(), overlap);
    let retired = controls.store.write(work).await.map_err(Refused::because)?;
    Ok(json!({ "domain": domain, "retired": retired }))
}

/// Makes the first keys of a domain that has just been added; those in files are taken over.
pub async fn make(controls: &Controls, domain: &str) -> Result<(), Refused> {
    let found = signing::read_files(&controls.key_files, domain).map_err(Refused::because)?;
    let fresh = if found.is_empty() { fresh().await? } else { found };
    let domain = domain.to_owned();
    controls.store.write(move |tx| signing::add(tx, &domain, &fresh)).await.map(drop).map_err(Refused::because)
}

/// Takes the keys over that earlier versions left in files, for each hosted domain that never had any in the store.
pub async fn import_files(controls: &Controls) -> Result<(), Refused> {
    if !controls.key_files.is_dir() {
        return Ok(());
    }
    let domains = controls.store.read(|tx| identity::list_domains(tx, None)).await.map_err(Refused::because)?;
    let known = controls.store.read(|tx| signing::list(tx, None)).await.map_err(Refused::because)?;
    for domain in domains.into_iter().map(|domain| domain.name) {
        if known.iter().any(|key| key.domain == domain) {
            continue;
        }
        let found = signing::read_files(&controls.key_files, &domain).map_err(Refused::because)?;
        if found.is_empty() {
            continue;
        }
        let name = domain.clone();
        match controls.store.write(move |tx| signing::add(tx, &name, &found)).await {
            Ok(_) => tracing::info!(domain, "DKIM keys taken over from files, which may be deleted now"),
            // Another node was faster.
            Err(SigningError::HasKeys(_)) => {}
            Err(error) => return Err(Refused::because(error)),
        }
    }
    Ok(())
}

async fn fresh() -> Result<Vec<FreshKey>, Refused> {
    let making = tokio::task::spawn_blocking(FreshKey::pair);
    making.await.map_err(Refused::because)?.map_err(Refused::because)
}

fn canonical(domain: &str) -> Result<String, Refused> {
    mail::domain::canonical(domain).map_err(|error| Refused(format!("{domain} is no domain: {error}")))
}
