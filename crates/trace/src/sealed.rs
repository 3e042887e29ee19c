//! What rests sealed: under the organisation's key, under the region's for what is nobody's here.

use std::sync::Arc;

use crypto::hash::HashKey;
use crypto::keys::{Key, Organisation, Region};
use crypto::seal::SealingKey;
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::{StoreError, Tx};

/// A form octet and JSON, to which fields may be added that have defaults.
const FORM: u8 = 1;

/// A key, whosesoever it is.
pub(crate) enum Keeper {
    Organisation(Arc<Key<Organisation>>),
    Region(Arc<Key<Region>>),
}

impl Keeper {
    pub(crate) fn of(tx: &mut Tx<'_>, organisation: i64) -> Result<Self, StoreError> {
        if organisation == 0 {
            return Ok(Self::Region(tx.context().keys.region()));
        }
        Ok(Self::Organisation(tx.context().keys.organisation(tx, organisation)?))
    }

    pub(crate) fn hashing(&self) -> &HashKey {
        match self {
            Self::Organisation(key) => key.hashing(),
            Self::Region(key) => key.hashing(),
        }
    }

    fn sealing(&self) -> &SealingKey {
        match self {
            Self::Organisation(key) => key.sealing(),
            Self::Region(key) => key.sealing(),
        }
    }

    /// Seals `value` for the row of these numbers in the column `place`.
    pub(crate) fn seal<T: Serialize>(
        &self,
        tx: &Tx<'_>,
        place: &'static str,
        row: &[i64],
        value: &T,
    ) -> Result<Vec<u8>, StoreError> {
        let mut plain = Vec::with_capacity(512);
        plain.push(FORM);
        serde_json::to_writer(&mut plain, value).map_err(|_| corrupt(place))?;
        Ok(self.sealing().seal(&*tx.context().entropy, &bound(place, row), &plain))
    }

    /// Opens what [`Self::seal`] made.
    pub(crate) fn open<T: DeserializeOwned>(
        &self,
        place: &'static str,
        row: &[i64],
        sealed: &[u8],
    ) -> Result<T, StoreError> {
        let plain = self.sealing().open(place, &bound(place, row), sealed)?;
        match plain.split_first() {
            Some((&FORM, json)) => serde_json::from_slice(json).map_err(|_| corrupt(place)),
            _ => Err(corrupt(place)),
        }
    }
}

fn bound(place: &str, row: &[i64]) -> Vec<u8> {
    let mut bound = Vec::with_capacity(place.len() + 1 + row.len() * 8);
    bound.extend_from_slice(place.as_bytes());
    bound.push(b':');
    row.iter().for_each(|number| bound.extend_from_slice(&number.to_le_bytes()));
    bound
}

fn corrupt(place: &str) -> StoreError {
    StoreError::Corrupt { what: format!("{place} cannot be read") }
}
