//! Details that rest sealed: JSON behind a byte that says its form, so that fields can be added later.

use serde::Serialize;
use serde::de::DeserializeOwned;
use store::{StoreError, Tx};

use crate::IdentityError;

const FORM: u8 = 1;

/// Seals `detail` for the row `id` of `column`, under the organisation's key; under the region's where there is none.
pub(super) fn seal(
    tx: &mut Tx<'_>,
    organisation: i64,
    column: &'static str,
    id: i64,
    detail: &impl Serialize,
) -> Result<Vec<u8>, IdentityError> {
    let mut plain = vec![FORM];
    serde_json::to_writer(&mut plain, detail)
        .map_err(|_| StoreError::Corrupt { what: format!("{column} {id} cannot be written") })?;
    let context = tx.context();
    let place = place(column, id);
    if organisation == 0 {
        return Ok(context.keys.region().sealing().seal(&*context.entropy, &place, &plain));
    }
    let key = context.keys.organisation(tx, organisation)?;
    Ok(key.sealing().seal(&*context.entropy, &place, &plain))
}

/// Opens what [`seal`] made.
pub(super) fn open<T: DeserializeOwned>(
    tx: &mut Tx<'_>,
    organisation: i64,
    column: &'static str,
    id: i64,
    sealed: &[u8],
) -> Result<T, IdentityError> {
    let place = place(column, id);
    let context = tx.context();
    let opened = if organisation == 0 {
        context.keys.region().sealing().open(column, &place, sealed)
    } else {
        context.keys.organisation(tx, organisation)?.sealing().open(column, &place, sealed)
    };
    let plain = opened.map_err(StoreError::from)?;
    let detail = match plain.split_first() {
        Some((&FORM, json)) => serde_json::from_slice(json).ok(),
        _ => None,
    };
    detail.ok_or_else(|| StoreError::Corrupt { what: format!("{column} {id} cannot be read") }.into())
}

fn place(column: &str, id: i64) -> Vec<u8> {
    let mut place = column.as_bytes().to_vec();
    place.push(b':');
    place.extend_from_slice(&id.to_le_bytes());
    place
}
