use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crypto::keys::{Key, Region};
use env::Timestamp;
use serde::{Deserialize, Serialize};
use store::copy::Inventory;
use store::{Store, StoreError, params};

use crate::BackupError;

/// What a backup says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the program that made it.
    pub program: String,
    /// Host name of the server.
    pub host: String,
    /// The moment that it shows, in milliseconds since 1970.
    pub taken: i64,
    /// What it has of the store.
    pub store: Inventory,
    /// A key that the region key opens, so that a wrong one is known before anything is done.
    pub sealed: Option<SealedKey>,
}

/// The wrapped key of an organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedKey {
    organisation: i64,
    /// In Base64.
    wrapped: String,
}

impl SealedKey {
    /// That of some organisation, if there is one.
    pub(crate) async fn read(store: &Store) -> Result<Option<Self>, StoreError> {
        store
            .read(|tx| {
                tx.row("SELECT id, key_wrapped FROM organisation ORDER BY id LIMIT 1", params![], |row| {
                    Ok(Self { organisation: row.int(0)?, wrapped: STANDARD.encode(row.bytes(1)?) })
                })
            })
            .await
    }
}

impl Manifest {
    /// Whether `region` opens what is in the backup.
    ///
    /// # Errors
    /// [`BackupError::RegionKey`] if it does not.
    pub fn opens_with(&self, region: &Key<Region>, now: Timestamp) -> Result<(), BackupError> {
        let Some(sealed) = &self.sealed else { return Ok(()) };
        let wrapped = STANDARD.decode(&sealed.wrapped).map_err(|_| BackupError::RegionKey)?;
        let key: Result<Key<crypto::keys::Organisation>, _> = region.unwrap_key(&wrapped, sealed.organisation, now);
        key.map(drop).map_err(|_| BackupError::RegionKey)
    }
}
