//! Columns that rest sealed under an account's key: a form byte and JSON, to which fields may be added that have defaults.

use serde::Serialize;
use serde::de::DeserializeOwned;
use store::{StoreError, Tx};

use crate::IdentityError;

const FORM: u8 = 1;

/// Seals `value` for the row `id` of `account` in the column that `place` names.
pub(crate) fn seal<T: Serialize>(
    tx: &mut Tx<'_>,
    account: i64,
    place: &'static str,
    id: i64,
    value: &T,
) -> Result<Vec<u8>, IdentityError> {
    let mut plain = vec![FORM];
    serde_json::to_writer(&mut plain, value)
        .map_err(|_| StoreError::Corrupt { what: format!("{place} of account {account} cannot be written") })?;
    let context = tx.context();
    let key = context.keys.account(tx, account)?;
    Ok(key.sealing().seal(&*context.entropy, &context_of(account, place, id), &plain))
}

/// Opens what [`seal`] made.
pub(crate) fn open<T: DeserializeOwned>(
    tx: &mut Tx<'_>,
    account: i64,
    place: &'static str,
    id: i64,
    sealed: &[u8],
) -> Result<T, IdentityError> {
    let key = tx.context().keys.account(tx, account)?;
    let plain = key.sealing().open(place, &context_of(account, place, id), sealed).map_err(StoreError::from)?;
    let value = match plain.split_first() {
        Some((&FORM, json)) => serde_json::from_slice(json).ok(),
        _ => None,
    };
    value
        .ok_or_else(|| StoreError::Corrupt { what: format!("{place} {id} of account {account} cannot be read") }.into())
}

fn context_of(account: i64, place: &'static str, id: i64) -> Vec<u8> {
    let mut context = place.as_bytes().to_vec();
    context.push(b':');
    context.extend_from_slice(&account.to_le_bytes());
    context.extend_from_slice(&id.to_le_bytes());
    context
}
