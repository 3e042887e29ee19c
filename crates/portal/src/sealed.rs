//! Sealed columns: an octet for the form, then JSON; fields added later have defaults.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::{StoreError, Tx};

use crate::PortalError;

const FORM: u8 = 1;

pub(crate) fn seal<T: Serialize>(
    tx: &mut Tx<'_>,
    account: i64,
    place: &str,
    id: i64,
    value: &T,
) -> Result<Vec<u8>, StoreError> {
    let mut plain = vec![FORM];
    serde_json::to_writer(&mut plain, value).map_err(|_| corrupt(place))?;
    let context = tx.context();
    let key = context.keys.account(tx, account)?;
    Ok(key.sealing().seal(&*context.entropy, &context_of(account, place, id), &plain))
}

pub(crate) fn open<T: DeserializeOwned>(
    tx: &mut Tx<'_>,
    account: i64,
    place: &'static str,
    id: i64,
    sealed: &[u8],
) -> Result<T, StoreError> {
    let key = tx.context().keys.account(tx, account)?;
    let plain = key.sealing().open(place, &context_of(account, place, id), sealed)?;
    match plain.split_first() {
        Some((&FORM, json)) => serde_json::from_slice(json).map_err(|_| corrupt(place)),
        _ => Err(corrupt(place)),
    }
}

fn corrupt(place: &str) -> StoreError {
    StoreError::Corrupt { what: format!("{place} cannot be read") }
}

fn context_of(account: i64, place: &str, id: i64) -> Vec<u8> {
    [place.as_bytes(), b":", &account.to_le_bytes(), &id.to_le_bytes()].concat()
}

/// The octets of a value in base64url without padding (RFC 4648 section 5), if there are between `min` and `max` of them.
pub(crate) fn octets(name: &'static str, text: &str, (min, max): (usize, usize)) -> Result<Vec<u8>, PortalError> {
    let wrong = || PortalError::Invalid { name, why: format!("must be {min} to {max} octets in base64url") };
    let octets = URL_SAFE_NO_PAD.decode(text).map_err(|_| wrong())?;
    if (min..=max).contains(&octets.len()) { Ok(octets) } else { Err(wrong()) }
}

/// In base64url without padding.
pub(crate) fn show(octets: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(octets)
}
