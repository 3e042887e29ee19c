//! Backups are taken by themselves.

use std::time::Duration;

use api::actions::{Controls, back_up_when_due, tell_of_backups};
use backup::BackupSettings;
use tokio_util::sync::CancellationToken;

/// How often it is looked whether one is due.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// Wait after one that failed.
const RETRY_AFTER: Duration = Duration::from_secs(600);

/// Takes one when it is due, until `stop`, and tells of what is late.
pub(super) async fn run(controls: Controls, settings: BackupSettings, stop: CancellationToken) {
    if settings.every_minutes == 0 || settings.repositories.is_empty() {
        return;
    }
    let every = Duration::from_secs(settings.every_minutes.saturating_mul(60));
    let mut rest = Duration::ZERO;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        if rest.is_zero() {
            let outcome = tokio::select! {
                () = stop.cancelled() => return,
                outcome = back_up_when_due(&controls, every) => outcome,
            };
            if let Err(error) = outcome {
                tracing::error!(%error, "the backup failed; it is tried again");
                rest = RETRY_AFTER;
            }
        } else {
            rest = rest.saturating_sub(LOOK_EVERY);
        }
        tell_of_backups(&controls, every).await;
    }
}
