//! The registers of consents and of processing.

use ::subjects::{By, ConsentsWanted, Live, NewConsent, SubjectError};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use identity::Language;
use provision::csv;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::Tx;

use super::super::caller::Bounds;
use super::super::grants::parse_day;
use super::super::people::pick_organisation;
use super::super::{Controls, Refused};
use super::{check_form, in_form, refused, within};

/// Columns of the register of consents as a table.
const COLUMNS: [&str; 9] = ["id", "name", "address", "purpose", "evidence", "given", "withdrawn", "withdrawal", "by"];

/// A consent to be entered.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentToAdd {
    /// Name of the person.
    pub name: String,
    /// His address.
    pub address: String,
    /// What for.
    pub purpose: String,
    /// Where it can be read: a form, a letter, a version of a text.
    pub evidence: String,
    /// The day on which it was given, such as 2026-01-31; now if none is named.
    pub given: Option<String>,
    /// Organisation, by name; may be left out where there is only one.
    pub organisation: Option<String>,
}

pub(crate) async fn add_consent(controls: &Controls, by: &Bounds, new: ConsentToAdd) -> Result<Value, Refused> {
    let ConsentToAdd { name, address, purpose, evidence, given, organisation } = new;
    let given = given.as_deref().map(parse_day).transpose()?;
    let work = move |tx: &mut Tx<'_>, organisation: i64, who: &By| {
        let (name, address) = (name.clone(), address.clone());
        let (purpose, evidence, by) = (purpose.clone(), evidence.clone(), who.name.clone());
        ::subjects::add_consent(tx, organisation, &NewConsent { name, address, purpose, evidence, given, by })
    };
    let id = within(controls, by, organisation, work).await?;
    Ok(json!({ "id": id.to_string() }))
}

fn number(id: &str) -> Result<i64, Refused> {
    id.trim().parse().map_err(|_| Refused(format!("{id:?} is no number of a consent; see consent-list")))
}

pub(crate) async fn withdraw_consent(
    controls: &Controls,
    by: &Bounds,
    (id, evidence): (String, String),
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let number = number(&id)?;
    let work = move |tx: &mut Tx<'_>, organisation: i64, _: &By| {
        ::subjects::withdraw_consent(tx, organisation, number, &evidence)
    };
    within(controls, by, organisation, work).await.map(|()| json!({ "withdrawn": id }))
}

/// A page of consents, as rows or as a table.
pub(crate) async fn consents(
    controls: &Controls,
    by: &Bounds,
    (address, after, as_table): (Option<String>, Option<String>, bool),
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let wanted = ConsentsWanted { address, after: after.as_deref().map(number).transpose()?, limit: 0 };
    let by = *by;
    let read = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        ::subjects::consents(tx, organisation, &wanted)
    };
    let all = controls.store.read(read).await.map_err(refused)?;
    let rows: Vec<Value> = all
        .iter()
        .map(|it| {
            json!({
                "id": it.id.to_string(), "name": it.name, "address": it.address, "purpose": it.purpose,
                "evidence": it.evidence, "given": it.given.to_string(), "withdrawn": it.withdrawn.map(|at| at.to_string()),
                "withdrawal": it.withdrawal, "by": it.by,
            })
        })
        .collect();
    if !as_table {
        return Ok(rows.into());
    }
    let mut text = csv::line(&COLUMNS);
    for row in &rows {
        let cell = |name: &&str| csv::guarded(row[*name].as_str().unwrap_or_default());
        text += &csv::line(&COLUMNS.iter().map(cell).collect::<Vec<String>>());
    }
    Ok(json!({ "csv": text }))
}

/// What is set and in force, as the register tells it.
fn live(controls: &Controls, level: &str) -> Live {
    let (judging, region) = (controls.elsewhere.judging(), controls.elsewhere.region());
    let repositories = controls.elsewhere.backups().map(|plan| plan.targets).unwrap_or_default();
    Live {
        judged_days: judging.keep_days,
        quarantine_days: judging.quarantine_days,
        refusal_days: controls.access.now().refusal_days,
        portal_days: controls.elsewhere.portal().settings.keep_days,
        repositories: repositories.into_iter().map(|target| target.location).collect(),
        region: if region.is_set() { format!("{} ({})", region.name, region.country) } else { String::new() },
        level: level.to_owned(),
    }
}

/// The register of processing in one form.
pub(crate) async fn processing(
    controls: &Controls,
    by: &Bounds,
    (language, format): (String, String),
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let language: Language = language.parse().map_err(Refused::because)?;
    check_form(&format)?;
    let (by, controls_of) = (*by, controls.clone());
    let read = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        let all = identity::list_organisations(tx)?;
        let level = all.iter().find(|it| it.id == organisation).map_or("", |it| it.level.as_str());
        let live = live(&controls_of, level);
        ::subjects::register(tx, organisation, language, &live)
    };
    let register = controls.store.read(read).await.map_err(refused)?;
    let octets = in_form(&format, &register.json, &register.document)?;
    Ok(json!({ "file": format!("processing.{format}"), "base64": STANDARD.encode(octets) }))
}

pub(crate) async fn set_processing(
    controls: &Controls,
    by: &Bounds,
    (part, language, text): (String, String, Option<String>),
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let language: Language = language.parse().map_err(Refused::because)?;
    let told = json!({ "part": part });
    let work = move |tx: &mut Tx<'_>, organisation: i64, _: &By| -> Result<(), SubjectError> {
        ::subjects::set_part(tx, organisation, &part, language, text.as_deref())
    };
    within(controls, by, organisation, work).await.map(|()| told)
}
