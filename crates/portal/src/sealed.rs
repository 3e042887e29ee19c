//! Sealed columns of an account, and octets as text.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::owned::{self, Owner};
use store::{StoreError, Tx};

use crate::PortalError;

pub(crate) fn seal<T: Serialize>(
    tx: &mut Tx<'_>,
    account: i64,
    place: &str,
    id: i64,
    value: &T,
) -> Result<Vec<u8>, StoreError> {
    owned::seal(tx, Owner::Account(account), place, id, value)
}

pub(crate) fn open<T: DeserializeOwned>(
    tx: &mut Tx<'_>,
    account: i64,
    place: &'static str,
    id: i64,
    sealed: &[u8],
) -> Result<T, StoreError> {
    owned::open(tx, Owner::Account(account), place, id, sealed)
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
