//! Columns under the organisation's key, as [`store::sealed`] has them.

use crypto::keys::{Key, Organisation};
use env::Entropy;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::JudgementError;

/// Seals `value` for the row `id` in the column `place`.
pub(crate) fn seal<T: Serialize>(
    key: &Key<Organisation>,
    entropy: &dyn Entropy,
    place: &'static str,
    id: i64,
    value: &T,
) -> Result<Vec<u8>, JudgementError> {
    store::sealed::seal(key, entropy, place, id, value).ok_or(JudgementError::Unreadable { what: place, id })
}

/// Opens what [`seal`] made.
pub(crate) fn open<T: DeserializeOwned>(
    key: &Key<Organisation>,
    place: &'static str,
    id: i64,
    sealed: &[u8],
) -> Result<T, JudgementError> {
    store::sealed::open(key, place, id, sealed)?.ok_or(JudgementError::Unreadable { what: place, id })
}
