//! Columns under the organisation's key: a form octet and JSON, packed where it is long.

use crypto::keys::{Key, Organisation};
use env::Entropy;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::JudgementError;

/// JSON packed by zstd; fields added later have defaults.
const FORM: u8 = 1;

/// Level of packing: the fastest that packs well.
const LEVEL: i32 = 1;

/// Octets of one column once it is unpacked, at most.
const PLAIN_OCTETS_MAX: usize = 8 << 20;

/// Seals `value` for the row `id` in the column `place`.
pub(crate) fn seal<T: Serialize>(
    key: &Key<Organisation>,
    entropy: &dyn Entropy,
    place: &'static str,
    id: i64,
    value: &T,
) -> Result<Vec<u8>, JudgementError> {
    let unreadable = JudgementError::Unreadable { what: place, id };
    let Ok(json) = serde_json::to_vec(value) else { return Err(unreadable) };
    let Ok(packed) = zstd::bulk::compress(&json, LEVEL) else { return Err(unreadable) };
    let mut plain = vec![FORM];
    plain.extend_from_slice(&packed);
    Ok(key.sealing().seal(entropy, &context(place, id), &plain))
}

/// Opens what [`seal`] made.
pub(crate) fn open<T: DeserializeOwned>(
    key: &Key<Organisation>,
    place: &'static str,
    id: i64,
    sealed: &[u8],
) -> Result<T, JudgementError> {
    let plain = key.sealing().open(place, &context(place, id), sealed).map_err(store::StoreError::from)?;
    let json = match plain.split_first() {
        Some((&FORM, packed)) => zstd::bulk::decompress(packed, PLAIN_OCTETS_MAX).ok(),
        _ => None,
    };
    json.and_then(|json| serde_json::from_slice(&json).ok()).ok_or(JudgementError::Unreadable { what: place, id })
}

fn context(place: &'static str, id: i64) -> Vec<u8> {
    let mut context = place.as_bytes().to_vec();
    context.push(b':');
    context.extend_from_slice(&id.to_le_bytes());
    context
}
