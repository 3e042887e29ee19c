//! The key of the next certificate, made ahead, so that zones can name it before it is used (RFC 7671 section 8.1).

use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use env::dns::Tlsa;
use rcgen::{KeyPair, PublicKeyData};

use crate::CertsError;
use crate::files::{PRIVATE, write};

/// File of the key that comes after the one in `key`.
#[must_use]
pub fn next_key_file(key: &Path) -> PathBuf {
    key.with_extension("next.key")
}

/// The `3 1 1` association of the key that comes after the one in `key`; none if it has not been made.
#[must_use]
pub fn next_association(key: &Path) -> Option<Tlsa> {
    read_key(&next_key_file(key)).map(|next| association(&next))
}

/// The same; makes the key if there is none.
///
/// # Errors
/// [`CertsError`] if it cannot be made or written.
pub fn prepare_next(key: &Path) -> Result<Tlsa, CertsError> {
    if let Some(known) = next_association(key) {
        return Ok(known);
    }
    let next = KeyPair::generate()?;
    write(&next_key_file(key), &next.serialize_pem(), PRIVATE)?;
    Ok(association(&next))
}

/// The key in a file, if there is one.
pub(crate) fn read_key(file: &Path) -> Option<KeyPair> {
    KeyPair::from_pem(&std::fs::read_to_string(file).ok()?).ok()
}

fn association(key: &KeyPair) -> Tlsa {
    let data = digest(&SHA256, &key.subject_public_key_info()).as_ref().to_vec();
    Tlsa { usage: 3, selector: 1, matching: 1, data }
}
