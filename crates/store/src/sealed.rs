//! Values in columns under an organisation's key: a form octet and JSON, packed by zstd.

use crypto::keys::{Key, Organisation};
use env::Entropy;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::StoreError;

/// JSON packed by zstd; fields added later have defaults. JSON itself, as some columns have it from earlier, never begins so.
const PACKED: u8 = 1;

/// Level of packing: the fastest that packs well.
const LEVEL: i32 = 1;

/// Octets of one column once it is unpacked, at most.
const PLAIN_OCTETS_MAX: usize = 8 << 20;

/// Seals `value` for the row `id` in the column `place`; none where it cannot be written as JSON.
pub fn seal<T: Serialize>(
    key: &Key<Organisation>,
    entropy: &dyn Entropy,
    place: &'static str,
    id: i64,
    value: &T,
) -> Option<Vec<u8>> {
    let json = serde_json::to_vec(value).ok()?;
    let packed = zstd::bulk::compress(&json, LEVEL).ok()?;
    let plain = [&[PACKED], packed.as_slice()].concat();
    Some(key.sealing().seal(entropy, &context(place, id), &plain))
}

/// Opens what [`seal`] made; none for what is no such value.
///
/// # Errors
/// [`StoreError`] if the octets were not sealed for this place under this key.
pub fn open<T: DeserializeOwned>(
    key: &Key<Organisation>,
    place: &'static str,
    id: i64,
    sealed: &[u8],
) -> Result<Option<T>, StoreError> {
    let plain = key.sealing().open(place, &context(place, id), sealed)?;
    Ok(match plain.split_first() {
        Some((&PACKED, packed)) => {
            let json = zstd::bulk::decompress(packed, PLAIN_OCTETS_MAX).ok();
            json.and_then(|json| serde_json::from_slice(&json).ok())
        }
        _ => serde_json::from_slice(&plain).ok(),
    })
}

fn context(place: &'static str, id: i64) -> Vec<u8> {
    [place.as_bytes(), b":", &id.to_le_bytes()].concat()
}
