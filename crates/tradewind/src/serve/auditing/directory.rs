//! Checkpoints as files in a directory that somebody else keeps.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use audit::export;
use store::Store;

/// Writes the checkpoints that the directory does not have yet.
pub(super) async fn hand_on(store: &Store, directory: PathBuf) -> Result<(), String> {
    let place = directory.clone();
    let newest = tokio::task::spawn_blocking(move || newest_in(&place)).await.map_err(|error| error.to_string())?;
    let newest = newest.map_err(|error| format!("{}: {error}", directory.display()))?;
    let checkpoints = store.read(move |tx| export::checkpoints(tx, newest)).await.map_err(|error| error.to_string())?;
    let write = move || checkpoints.iter().try_for_each(|(size, note)| keep(&directory, *size, note));
    tokio::task::spawn_blocking(write).await.map_err(|error| error.to_string())?
}

/// Records of the newest checkpoint in the directory, which is made if it is missing.
fn newest_in(directory: &Path) -> io::Result<u64> {
    fs::create_dir_all(directory)?;
    let mut newest = 0;
    for entry in fs::read_dir(directory)? {
        let name = entry?.file_name();
        let size = name.to_str().and_then(|name| name.strip_prefix("checkpoint-")?.parse().ok());
        newest = newest.max(size.unwrap_or(0));
    }
    Ok(newest)
}

/// Writes a checkpoint unless it is there. It is written beside first, so that what bears the name is whole.
fn keep(directory: &Path, size: u64, note: &str) -> Result<(), String> {
    let path = directory.join(format!("checkpoint-{size:012}"));
    if path.exists() {
        return Ok(());
    }
    let beside = directory.join(format!(".checkpoint-{size:012}.{}", std::process::id()));
    let written = fs::write(&beside, note).and_then(|()| fs::File::open(&beside)?.sync_all());
    written.and_then(|()| fs::rename(&beside, &path)).map_err(|error| format!("{}: {error}", path.display()))
}
