//! Records of what was done get their place in the audit log, and checkpoints go to who keeps them elsewhere.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use audit::{AuditError, export, seal};
use store::Store;
use tokio_util::sync::CancellationToken;

use crate::settings::Settings;

/// Seals again and again until `stop`.
pub(super) fn run(store: Store, settings: &Settings, stop: CancellationToken) -> impl Future<Output = ()> + use<> {
    let name = format!("{}/audit", settings.server.hostname);
    let every = Duration::from_secs(settings.audit.seal_seconds.max(1));
    let witness = settings.audit.witness_directory.clone();
    async move {
        loop {
            if let Err(error) = seal_all(&store, &name).await {
                tracing::error!(%error, "records cannot be put into the audit log; they wait");
            }
            if let Some(directory) = witness.clone()
                && let Err(error) = hand_on(&store, directory).await
            {
                tracing::error!(%error, "checkpoints of the audit log cannot be handed on; they are with the next time");
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(every) => {}
            }
        }
    }
}

async fn seal_all(store: &Store, name: &str) -> Result<(), AuditError> {
    loop {
        let name = name.to_owned();
        let sealed = store.write(move |tx| seal(tx, &name)).await?;
        if sealed.records == 0 {
            return Ok(());
        }
        tracing::debug!(records = sealed.records, size = sealed.size, "audit log sealed");
    }
}

/// Writes the checkpoints that the directory does not have yet.
async fn hand_on(store: &Store, directory: PathBuf) -> Result<(), String> {
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
