//! Rules of an organisation on how long mail stays.

use retention::{Kept, Preview, RetentionError, Rule};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::Tx;

use super::caller::Bounds;
use super::people::pick_organisation;
use super::retention::asker;
use super::{Controls, Refused};

/// A retention rule to be set. Mail for which all conditions hold is removed; at least one is needed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRetentionRule {
    /// What it is called; another rule of that name is replaced.
    pub name: String,
    /// After so many days in its folder.
    pub days: u32,
    /// In this folder or below it: a path, or what it is for, such as Trash or Junk.
    pub folder: Option<String>,
    /// With this label, or another keyword.
    pub label: Option<String>,
    /// From this address or domain.
    pub from: Option<String>,
    /// Larger than so many MiB.
    pub larger_mib: Option<u32>,
    /// In mailboxes of the members of the group with this address.
    pub group: Option<String>,
    /// Flagged mail (a star) too, which else stays.
    #[serde(default)]
    pub flagged_too: bool,
    /// Only to be tried, not carried out.
    #[serde(default)]
    pub off: bool,
    /// Organisation, by name; may be left out where there is only one.
    pub organisation: Option<String>,
}

/// The rule that is asked for, and whose it is.
fn read(new: NewRetentionRule) -> (Rule, Option<String>) {
    let NewRetentionRule { name, days, folder, label, from, larger_mib, group, flagged_too, off, organisation } = new;
    let rule =
        Rule { name, folder, label, from, larger_mib, group, days, flagged_too, enabled: !off, by: String::new() };
    (rule, organisation)
}

pub(super) async fn set(controls: &Controls, by: &Bounds, new: NewRetentionRule) -> Result<Value, Refused> {
    let (rule, organisation) = read(new);
    let (by, told) = (*by, rule.name.clone());
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        let rule = Rule { by: asker(tx, &by)?, ..rule.clone() };
        retention::set(tx, organisation, &rule)
    };
    controls.store.write(work).await.map_err(Refused::because)?;
    Ok(json!({ "rule": told }))
}

pub(super) async fn list(controls: &Controls, by: &Bounds, organisation: Option<String>) -> Result<Value, Refused> {
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        retention::list(tx, organisation)
    };
    let rules = controls.store.read(work).await.map_err(Refused::because)?;
    Ok(rules.into_iter().map(shown).collect())
}

fn shown(Kept { last_run, rule, .. }: Kept) -> Value {
    let Rule { name, folder, label, from, larger_mib, group, days, flagged_too, enabled, by } = rule;
    json!({
        "name": name,
        "days": days,
        "folder": folder,
        "label": label,
        "from": from,
        "larger_mib": larger_mib,
        "group": group,
        "flagged_too": flagged_too,
        "off": !enabled,
        "by": by,
        "last_run": last_run.map(|at| at.to_string()),
    })
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
        retention::remove(tx, organisation, &name)
    };
    controls.store.write(work).await.map_err(Refused::because)?;
    Ok(json!({ "removed": told }))
}

pub(super) async fn preview(
    controls: &Controls,
    by: &Bounds,
    name: String,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        let rule = retention::load(tx, organisation, &name)?.rule;
        shown_preview(tx, organisation, &rule)
    };
    controls.store.read(work).await.map_err(Refused::because)
}

/// What a rule would remove that is not set.
pub(super) async fn try_out(controls: &Controls, by: &Bounds, new: NewRetentionRule) -> Result<Value, Refused> {
    let (by, (rule, organisation)) = (*by, read(new));
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        shown_preview(tx, organisation, &rule)
    };
    controls.store.read(work).await.map_err(Refused::because)
}

fn shown_preview(tx: &mut Tx<'_>, organisation: i64, rule: &Rule) -> Result<Value, RetentionError> {
    let Preview { messages, bytes, accounts, held, samples } = retention::preview(tx, organisation, rule)?;
    let mut shown = Vec::with_capacity(samples.len());
    for sample in samples {
        let address = identity::list_addresses(tx, sample.account)?.into_iter().next();
        shown.push(json!({ "address": address, "since": sample.saved.to_string(), "size": sample.size }));
    }
    Ok(json!({ "messages": messages, "bytes": bytes, "accounts": accounts, "held": held, "samples": shown }))
}
