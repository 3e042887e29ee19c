//! The region key in a file: the root of everything at rest.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use env::Entropy;

use crate::keys::{Key, Region};
use crate::seal::KEY_BYTES;

const FIRST_LINE: &str = "tradewind region key 1";

/// A region key file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RegionKeyError {
    /// The file cannot be read or written.
    #[error("cannot use region key file {}: {cause}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The file is not a key file.
    #[error("{} is not a region key file; restore it from its backup, without it no mail can be read", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// Others can read the file.
    #[error("region key file {} can be read by others (mode {mode:03o}); run: chmod 600 {}", path.display(), path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
}

/// Makes a region key and writes it to `path`, which must not exist, readable by its owner alone.
///
/// # Errors
/// [`RegionKeyError::Io`] if the file exists or cannot be written.
pub fn create(path: &Path, entropy: &dyn Entropy) -> Result<Key<Region>, RegionKeyError> {
    let failed = |cause| RegionKeyError::Io { path: path.to_owned(), cause };
    let key = Key::generate(entropy);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
    writeln!(file, "{FIRST_LINE}\n{}", STANDARD.encode(key.bytes())).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    Ok(key)
}

/// Reads the region key from `path`.
///
/// # Errors
/// [`RegionKeyError`] if the file is missing, malformed or readable by others.
pub fn load(path: &Path) -> Result<Key<Region>, RegionKeyError> {
    let failed = |cause| RegionKeyError::Io { path: path.to_owned(), cause };
    let mode = fs::metadata(path).map_err(failed)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(RegionKeyError::Exposed { path: path.to_owned(), mode });
    }
    let text = fs::read_to_string(path).map_err(failed)?;
    let malformed = || RegionKeyError::Malformed { path: path.to_owned() };
    let mut lines = text.lines();
    if lines.next() != Some(FIRST_LINE) {
        return Err(malformed());
    }
    let bytes = STANDARD.decode(lines.next().unwrap_or_default().trim()).map_err(|_| malformed())?;
    let bytes = <[u8; KEY_BYTES]>::try_from(bytes.as_slice()).map_err(|_| malformed())?;
    Ok(Key::from_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use env::SeededEntropy;

    #[test]
    fn a_key_file_is_private_and_never_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("region.key");
        let key = create(&path, &SeededEntropy::new(5)).unwrap();
        assert_eq!(load(&path).unwrap().bytes(), key.bytes());
        assert!(matches!(create(&path, &SeededEntropy::new(6)), Err(RegionKeyError::Io { .. })));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(load(&path), Err(RegionKeyError::Exposed { mode: 0o640, .. })));
    }
}
