//! Keys at rest.

use serde_json::{Value, json};
use store::rotate;

use super::people::{find_account, pick_organisation};
use super::{Bounds, Controls, Refused};

pub(super) async fn rotate_account(controls: &Controls, address: String) -> Result<Value, Refused> {
    let account = find_account(controls, address.clone()).await?;
    let rotated = controls.store.write(move |tx| rotate::account(tx, account)).await;
    let generations = rotated.map_err(Refused::because)?;
    Ok(json!({ "address": address, "generations": generations }))
}

pub(super) async fn rotate_organisation(
    controls: &Controls,
    by: &Bounds,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let by = *by;
    let find = move |tx: &mut store::Tx<'_>| pick_organisation(tx, &by, organisation.as_deref());
    let organisation = controls.store.read(find).await.map_err(Refused::because)?;
    let rotated = controls.store.write(move |tx| rotate::organisation(tx, organisation)).await;
    Ok(json!({ "generations": rotated.map_err(Refused::because)? }))
}

pub(super) async fn take_up(controls: &Controls) -> Result<Value, Refused> {
    let key = controls.elsewhere.region_key()?;
    let generations = key.generations();
    controls.store.context().keys.take_up(key);
    let wrapped = controls.store.write(rotate::wrap_all_anew).await.map_err(Refused::because)?;
    Ok(json!({ "generations": generations, "organisations": wrapped }))
}
