//! Backups are taken by themselves.

use std::time::Duration;

use api::actions::{Controls, back_up_when_due};
use backup::BackupSettings;
use tokio_util::sync::CancellationToken;

/// How often it is looked whether one is due.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// Wait after one that failed.
const RETRY_AFTER: Duration = Duration::from_secs(600);

/// Takes one when it is due, until `stop`.
pub(super) async fn run(controls: Controls, settings: BackupSettings, stop: CancellationToken) {
    if settings.every_minutes == 0 || settings.repositories.is_empty() {
        return;
    }
    let every = Duration::from_secs(settings.every_minutes.saturating_mul(60));
    let mut wait = LOOK_EVERY;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
        }
        let outcome = tokio::select! {
            () = stop.cancelled() => return,
            outcome = back_up_when_due(&controls, every) => outcome,
        };
        wait = match outcome {
            Ok(_) => LOOK_EVERY,
            Err(error) => {
                tracing::error!(%error, "the backup failed; it is tried again");
                RETRY_AFTER
            }
        };
    }
}
