//! Allow and deny lists.

use std::time::Duration;

use identity::lists::{self, Entry, NewEntry};
use identity::{Effect, EntryKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::caller::Bounds;
use super::people::pick_organisation;
use super::{Controls, Refused};

/// An entry to be made.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewListed {
    /// allow or deny.
    pub effect: String,
    /// address, domain, network or key.
    pub kind: String,
    /// What is listed.
    pub value: String,
    /// Organisation, by name; may be left out where there is only one.
    pub organisation: Option<String>,
    /// Who puts it there.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// Days from now; for ever if none.
    pub expires_days: Option<u32>,
    /// Also where nobody vouches for the message.
    pub unauthenticated: bool,
    /// Also where the DMARC policy of its author asks to refuse it.
    pub despite_policy: bool,
}

pub(super) async fn add(controls: &Controls, by: &Bounds, new: NewListed) -> Result<Value, Refused> {
    let effect: Effect = new.effect.parse().map_err(Refused::because)?;
    let kind: EntryKind = new.kind.parse().map_err(Refused::because)?;
    let now = controls.store.context().clock.now();
    let expires = new.expires_days.map(|days| now.plus(Duration::from_secs(u64::from(days) * 86_400)));
    let NewListed { value, organisation, owner, reason, unauthenticated, despite_policy, .. } = new;
    let entry = NewEntry { effect, kind, value, owner, reason, expires, unauthenticated, despite_policy };
    let by = *by;
    let added = controls
        .store
        .write(move |tx| {
            let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
            lists::add(tx, organisation, entry.clone())
        })
        .await
        .map_err(Refused::because)?;
    if added.what.unauthenticated || added.what.despite_policy {
        let NewEntry { owner, reason, unauthenticated, despite_policy, .. } = &added.what;
        tracing::warn!(
            event = "list-entry-trusts-unauthenticated",
            entry = added.id,
            kind = kind.as_str(),
            owner,
            reason,
            unauthenticated,
            despite_policy,
            "an allow entry was made that counts for mail that nobody vouches for"
        );
    }
    Ok(shown(&added))
}

pub(super) async fn remove(
    controls: &Controls,
    by: &Bounds,
    effect: String,
    kind: String,
    value: String,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let effect: Effect = effect.parse().map_err(Refused::because)?;
    let kind: EntryKind = kind.parse().map_err(Refused::because)?;
    let (by, removed) = (*by, value.clone());
    controls
        .store
        .write(move |tx| {
            let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
            lists::remove(tx, organisation, effect, kind, &value)
        })
        .await
        .map_err(Refused::because)?;
    Ok(json!({ "removed": removed }))
}

pub(super) async fn show(controls: &Controls, by: &Bounds, organisation: Option<String>) -> Result<Value, Refused> {
    let by = *by;
    let entries = controls
        .store
        .read(move |tx| {
            let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
            lists::list(tx, organisation)
        })
        .await
        .map_err(Refused::because)?;
    Ok(entries.iter().map(shown).collect())
}

fn shown(entry: &Entry) -> Value {
    let Entry { id, created, what } = entry;
    json!({
        "id": id,
        "list": what.effect.as_str(),
        "kind": what.kind.as_str(),
        "value": what.value,
        "owner": what.owner,
        "reason": what.reason,
        "since": created.to_string(),
        "expires": what.expires.map(|at| at.to_string()),
        "unauthenticated": what.unauthenticated,
        "despite_policy": what.despite_policy,
    })
}
