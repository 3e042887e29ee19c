//! Single objects for somebody else to keep, beside any repository.

use crate::place::Access;
use crate::s3::ObjectStore;
use crate::{BackupError, Kind};

/// Writes an object called `name` into the folder of a bucket at `location` (`s3:https://HOST/BUCKET/FOLDER`). Where `access` has `lock_days`
/// nobody changes or deletes it before they are over (object lock in compliance mode). Blocks.
///
/// # Errors
/// [`BackupError::Repository`] if the place is none, cannot be reached, or does not take it.
pub fn keep_object(location: &str, access: &Access, name: &str, octets: &[u8]) -> Result<(), BackupError> {
    let kept = match Kind::of(location) {
        Kind::S3 => ObjectStore::keep(location, access, name, octets),
        _ => Err("give the place as s3:https://HOST/BUCKET/FOLDER".to_owned()),
    };
    kept.map_err(|cause| BackupError::Repository { location: location.to_owned(), cause })
}
