//! That the settings of a node were changed is a record of the audit log, made before it serves anybody with them.

use std::collections::{BTreeMap, BTreeSet};

use access::Via;
use api::actions::Refused;
use identity::IdentityError;
use identity::rights::{self, Event, Outcome};
use serde_json::json;
use store::{Store, StoreError, Tx, params};

use crate::settings::Settings;

/// Octets of a hash that are kept: enough to tell values apart.
const HASH_BYTES: usize = 16;

/// Records which settings are others than when this node ran last. Their values, among which are secrets, are told nowhere: what is kept
/// of each is a keyed hash.
///
/// # Errors
/// [`Refused`] if that cannot be recorded: then the node must not start with them.
pub(super) async fn record(store: &Store, settings: &Settings) -> Result<(), Refused> {
    let node = i64::from(settings.server.node);
    let value = toml::Value::try_from(settings).map_err(Refused::because)?;
    let mut values = BTreeMap::new();
    flatten("", &value, &mut values);
    let hashing = store.context().keys.region();
    let hashed = |(name, value): (&String, &String)| {
        let hash = hashing.hashing().hash(format!("setting {name} = {value}").as_bytes());
        let hash: String = hash.iter().take(HASH_BYTES).map(|octet| format!("{octet:02x}")).collect();
        (name.clone(), hash)
    };
    let now: BTreeMap<String, String> = values.iter().map(hashed).collect();
    let work = move |tx: &mut Tx<'_>| note(tx, node, &now);
    let changed = store.write(work).await.map_err(Refused::because)?;
    if !changed.is_empty() {
        tracing::info!(settings = changed.join(", "), "settings were changed");
    }
    Ok(())
}

/// Each setting by its whole name; a list is one value.
fn flatten(name: &str, value: &toml::Value, found: &mut BTreeMap<String, String>) {
    match value {
        toml::Value::Table(table) => {
            for (key, value) in table {
                let name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                flatten(&name, value, found);
            }
        }
        other => drop(found.insert(name.to_owned(), other.to_string())),
    }
}

/// Keeps what is in force now; gives the names of what was changed since, none where nothing was kept.
fn note(tx: &mut Tx<'_>, node: i64, now: &BTreeMap<String, String>) -> Result<Vec<String>, IdentityError> {
    let kept =
        tx.row("SELECT content FROM settings_seen WHERE node = $1", params![node], |row| Ok(row.text(0)?.to_owned()))?;
    let damaged = |_| StoreError::Corrupt { what: "settings that a node ran with".to_owned() };
    let before: Option<BTreeMap<String, String>> =
        kept.map(|text| serde_json::from_str(&text)).transpose().map_err(damaged)?;
    let names: BTreeSet<&String> = before.iter().flat_map(BTreeMap::keys).chain(now.keys()).collect();
    let is_other = |name: &&&String| before.as_ref().is_some_and(|before| before.get(**name) != now.get(**name));
    let changed: Vec<String> = names.iter().filter(is_other).map(|name| (*name).clone()).collect();
    if before.is_some() && changed.is_empty() {
        return Ok(changed);
    }
    let object = if before.is_some() {
        json!({ "node": node, "changed": changed })
    } else {
        json!({ "node": node, "first": true })
    };
    let event = Event {
        organisation: 0,
        account: None,
        via: Via::Local,
        address: None,
        action: "settings-change".to_owned(),
        object: object.to_string(),
        outcome: Outcome::Done,
        row: "settings file".to_owned(),
    };
    rights::record(tx, &event)?;
    let text = serde_json::to_string(now).unwrap_or_default();
    tx.execute(
        "INSERT INTO settings_seen (node, content) VALUES ($1, $2) ON CONFLICT (node) DO UPDATE SET content = $2",
        params![node, text.as_str()],
    )?;
    Ok(changed)
}
