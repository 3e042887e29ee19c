//! Keys in files, as set-ups of earlier versions left them.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mailauth::{KeyKind, SigningKey};
use zeroize::Zeroizing;

use crate::{FreshKey, SigningError};

/// Selectors of the files, in the order in which keys in the store are numbered.
const FILES: [(&str, KeyKind); 2] = [("tw1", KeyKind::Rsa), ("tw2", KeyKind::Ed25519)];

/// The keys of `domain` in `directory`, in the order of their selectors; none if there are no such files.
///
/// # Errors
/// [`SigningError::File`] if only one is there, or one cannot be read.
pub fn read_files(directory: &Path, domain: &str) -> Result<Vec<FreshKey>, SigningError> {
    let place = |selector: &str, ending: &str| directory.join(format!("{domain}.{selector}.{ending}"));
    if !FILES.iter().any(|(selector, _)| place(selector, "key").exists()) {
        return Ok(Vec::new());
    }
    FILES
        .iter()
        .map(|(selector, kind)| read(*kind, domain, selector, &place(selector, "key"), &place(selector, "txt")))
        .collect()
}

fn read(kind: KeyKind, domain: &str, selector: &str, key: &Path, record: &Path) -> Result<FreshKey, SigningError> {
    let failed = |file: &Path, cause: String| SigningError::File { file: file.display().to_string(), cause };
    let text = Zeroizing::new(std::fs::read_to_string(key).map_err(|error| failed(key, error.to_string()))?);
    let encoded: Zeroizing<String> =
        Zeroizing::new(text.lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect());
    let private = STANDARD.decode(encoded.as_bytes()).map_err(|error| failed(key, error.to_string()))?;
    let private = Zeroizing::new(private);
    SigningKey::new(kind, domain, selector, &private)?;
    let record = std::fs::read_to_string(record).map_err(|error| failed(record, error.to_string()))?;
    Ok(FreshKey { kind, private, record: record.trim().to_owned() })
}
