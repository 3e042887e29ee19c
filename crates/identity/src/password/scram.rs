//! SCRAM keys as they rest in the database: sealed under the account's key.

use store::{StoreError, Tx};
use wire::sasl::StoredKeys;

use crate::IdentityError;

const FORM: u8 = 1;
const KEY_BYTES: usize = 32;

/// Seals the keys for the credential `id` of `account`.
pub(crate) fn seal_scram(tx: &mut Tx<'_>, account: i64, id: i64, keys: &StoredKeys) -> Result<Vec<u8>, IdentityError> {
    let mut plain = vec![FORM];
    plain.extend_from_slice(&keys.iterations.to_le_bytes());
    plain.extend_from_slice(&keys.stored_key);
    plain.extend_from_slice(&keys.server_key);
    plain.extend_from_slice(&keys.salt);
    let context = tx.context();
    let key = context.keys.account(tx, account)?;
    Ok(key.sealing().seal(&*context.entropy, &place(account, id), &plain))
}

/// Opens what [`seal_scram`] made.
pub(crate) fn open_scram(tx: &mut Tx<'_>, account: i64, id: i64, sealed: &[u8]) -> Result<StoredKeys, IdentityError> {
    let key = tx.context().keys.account(tx, account)?;
    let plain = key.sealing().open("SCRAM keys", &place(account, id), sealed).map_err(StoreError::from)?;
    read(&plain).ok_or_else(|| {
        StoreError::Corrupt { what: format!("the SCRAM keys of account {account} have an unknown form") }.into()
    })
}

fn read(plain: &[u8]) -> Option<StoredKeys> {
    let rest = plain.strip_prefix(&[FORM])?;
    let (iterations, rest) = rest.split_first_chunk::<4>()?;
    let (stored_key, rest) = rest.split_first_chunk::<KEY_BYTES>()?;
    let (server_key, salt) = rest.split_first_chunk::<KEY_BYTES>()?;
    Some(StoredKeys {
        salt: salt.to_vec(),
        iterations: u32::from_le_bytes(*iterations),
        stored_key: *stored_key,
        server_key: *server_key,
    })
}

fn place(account: i64, id: i64) -> Vec<u8> {
    let mut place = b"credential.scram".to_vec();
    place.extend_from_slice(&account.to_le_bytes());
    place.extend_from_slice(&id.to_le_bytes());
    place
}
