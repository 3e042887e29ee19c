//! Columns that rest sealed: a form byte and JSON, to which fields may be added that have defaults.

use serde::Serialize;
use serde::de::DeserializeOwned;
use store::{StoreError, Tx};

const FORM: u8 = 1;

/// Whose key seals a column.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Owner {
    Account(i64),
    Organisation(i64),
}

fn context_of(owner: Owner, place: &str, id: i64) -> Vec<u8> {
    let (Owner::Account(number) | Owner::Organisation(number)) = owner;
    let mut context = place.as_bytes().to_vec();
    context.push(b':');
    context.extend_from_slice(&number.to_le_bytes());
    context.extend_from_slice(&id.to_le_bytes());
    context
}

pub(crate) fn seal<T: Serialize>(
    tx: &mut Tx<'_>,
    owner: Owner,
    place: &str,
    id: i64,
    value: &T,
) -> Result<Vec<u8>, StoreError> {
    let mut plain = vec![FORM];
    serde_json::to_writer(&mut plain, value).map_err(|_| corrupt(place))?;
    let context = tx.context();
    let bound = context_of(owner, place, id);
    Ok(match owner {
        Owner::Account(account) => context.keys.account(tx, account)?.sealing().seal(&*context.entropy, &bound, &plain),
        Owner::Organisation(organisation) => {
            context.keys.organisation(tx, organisation)?.sealing().seal(&*context.entropy, &bound, &plain)
        }
    })
}

pub(crate) fn open<T: DeserializeOwned>(
    tx: &mut Tx<'_>,
    owner: Owner,
    place: &'static str,
    id: i64,
    sealed: &[u8],
) -> Result<T, StoreError> {
    let bound = context_of(owner, place, id);
    let plain = match owner {
        Owner::Account(account) => tx.context().keys.account(tx, account)?.sealing().open(place, &bound, sealed)?,
        Owner::Organisation(organisation) => {
            tx.context().keys.organisation(tx, organisation)?.sealing().open(place, &bound, sealed)?
        }
    };
    match plain.split_first() {
        Some((&FORM, json)) => serde_json::from_slice(json).map_err(|_| corrupt(place)),
        _ => Err(corrupt(place)),
    }
}

fn corrupt(place: &str) -> StoreError {
    StoreError::Corrupt { what: format!("{place} cannot be read") }
}
