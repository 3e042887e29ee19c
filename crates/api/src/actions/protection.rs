//! What must protect messages to partners: rules of an organisation.

use mail::protection::Demand;
use queue::demands::{self, PartnerDemand};
use serde_json::{Value, json};
use store::Tx;

use super::caller::Bounds;
use super::people::pick_organisation;
use super::{Controls, Refused};

fn shown(rule: &PartnerDemand) -> Value {
    let ways: Vec<&str> = rule.demand.means().iter().map(|it| it.as_str()).collect();
    json!({ "partner": rule.partner, "ways": ways, "since": rule.since.to_string() })
}

async fn picked(controls: &Controls, by: &Bounds, organisation: Option<String>) -> Result<i64, Refused> {
    let by = *by;
    let pick = move |tx: &mut Tx<'_>| pick_organisation(tx, &by, organisation.as_deref());
    controls.store.read(pick).await.map_err(Refused::because)
}

pub(super) async fn list(controls: &Controls, by: &Bounds, organisation: Option<String>) -> Result<Value, Refused> {
    let organisation = picked(controls, by, organisation).await?;
    let rules = controls.store.read(move |tx| demands::list(tx, organisation)).await.map_err(Refused::because)?;
    Ok(rules.iter().map(shown).collect())
}

pub(super) async fn set(
    controls: &Controls,
    by: &Bounds,
    (partner, ways): (String, Vec<String>),
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let organisation = picked(controls, by, organisation).await?;
    let demand = Demand::try_from(ways).map_err(Refused::because)?;
    let set = move |tx: &mut Tx<'_>| demands::set(tx, organisation, &partner, &demand);
    controls.store.write(set).await.map(|rule| shown(&rule)).map_err(Refused::because)
}

pub(super) async fn remove(
    controls: &Controls,
    by: &Bounds,
    partner: String,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let organisation = picked(controls, by, organisation).await?;
    let named = partner.clone();
    let remove = move |tx: &mut Tx<'_>| demands::remove(tx, organisation, &named);
    controls.store.write(remove).await.map_err(Refused::because)?;
    Ok(json!({ "partner": partner, "removed": true }))
}
