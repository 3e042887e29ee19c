//! Columns that rest sealed under the key of an account or an organisation: a form byte and JSON.

use crypto::seal::SealingKey;
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::{StoreError, Tx};

const FORM: u8 = 1;

pub(crate) fn seal<T: Serialize>(
    tx: &Tx<'_>,
    key: &SealingKey,
    context: &[u8],
    value: &T,
) -> Result<Vec<u8>, StoreError> {
    let mut plain = vec![FORM];
    serde_json::to_writer(&mut plain, value)
        .map_err(|_| StoreError::Corrupt { what: "a key of OpenPGP cannot be written".to_owned() })?;
    Ok(key.seal(&*tx.context().entropy, context, &plain))
}

pub(crate) fn open<T: DeserializeOwned>(
    key: &SealingKey,
    what: &'static str,
    context: &[u8],
    sealed: &[u8],
) -> Result<T, StoreError> {
    let plain = key.open(what, context, sealed)?;
    let value = match plain.split_first() {
        Some((&FORM, json)) => serde_json::from_slice(json).ok(),
        _ => None,
    };
    value.ok_or_else(|| StoreError::Corrupt { what: format!("{what} cannot be read") })
}

/// Octets in JSON.
pub(crate) mod octets {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(octets: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(octets))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map_err(D::Error::custom)
    }
}
