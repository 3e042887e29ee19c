//! Rules of the journal of mail.

use ::retention::journal::{self, JournalRule, KeptJournalRule};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::Tx;

use super::caller::Bounds;
use super::people::pick_organisation;
use super::retention::asker;
use super::{Controls, Refused};

/// A rule of the journal to be set. Mail for which all conditions hold is kept; without a condition, all mail of the organisation.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewJournalRule {
    /// What it is called; one of that name goes on as this one says, for mail that comes from then on.
    pub name: String,
    /// For so many days after it was received, at least one.
    pub days: u32,
    /// Why it is kept, such as the law that asks for it.
    pub reason: String,
    /// Of the account with this address alone.
    pub account: Option<String>,
    /// Of members of the group with this address alone.
    pub group: Option<String>,
    /// With this correspondent alone: an address, or a domain with those below it.
    pub with: Option<String>,
    /// Which way alone: in, out or within.
    pub direction: Option<String>,
    /// A law asks for it: what is kept stays, too, where somebody whose it is asks to be erased.
    #[serde(default)]
    pub by_law: bool,
    /// An address outside to which each message goes as a report, with its envelope.
    pub report_to: Option<String>,
    /// Organisation, by name; may be left out where there is only one.
    pub organisation: Option<String>,
}

pub(super) async fn set(controls: &Controls, by: &Bounds, new: NewJournalRule) -> Result<Value, Refused> {
    let NewJournalRule { name, days, reason, account, group, with, direction, by_law, report_to, organisation } = new;
    let told = name.clone();
    let rule = JournalRule {
        name,
        days,
        reason,
        account,
        group,
        with,
        direction,
        by_law,
        report_to,
        ..JournalRule::default()
    };
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        let rule = JournalRule { by: asker(tx, &by)?, ..rule.clone() };
        journal::set(tx, organisation, &rule)
    };
    controls.store.write(work).await.map_err(Refused::because)?;
    Ok(json!({ "rule": told }))
}

pub(super) async fn list(controls: &Controls, by: &Bounds, organisation: Option<String>) -> Result<Value, Refused> {
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        journal::list(tx, organisation)
    };
    let rules = controls.store.read(work).await.map_err(Refused::because)?;
    Ok(rules.iter().map(shown).collect())
}

fn shown(KeptJournalRule { begun, ended, rule, .. }: &KeptJournalRule) -> Value {
    json!({
        "name": rule.name,
        "days": rule.days,
        "reason": rule.reason,
        "account": rule.account,
        "group": rule.group,
        "with": rule.with,
        "direction": rule.direction,
        "by_law": rule.by_law,
        "report_to": rule.report_to,
        "begun": begun.to_string(),
        "by": rule.by,
        "ended": ended.map(|at| at.to_string()),
        "ended_by": rule.ended_by,
        "ended_reason": rule.ended_reason,
    })
}

pub(super) async fn end(
    controls: &Controls,
    by: &Bounds,
    name: String,
    reason: String,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let (by, told) = (*by, name.clone());
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        let who = asker(tx, &by)?;
        journal::end(tx, organisation, &name, &who, &reason)
    };
    controls.store.write(work).await.map_err(Refused::because)?;
    Ok(json!({ "ended": told }))
}
