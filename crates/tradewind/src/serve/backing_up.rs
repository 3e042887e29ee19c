//! Backups are taken by themselves.

use std::time::Duration;

use api::actions::{Controls, back_up_when_due, carry_erasures_on, tell_of_backups};
use backup::BackupSettings;
use tokio_util::sync::CancellationToken;

/// How often it is looked whether one is due.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// How often it is looked whether something was erased.
const LOOK_FOR_ERASURES_EVERY: Duration = Duration::from_secs(10);

/// Wait after one that failed.
const RETRY_AFTER: Duration = Duration::from_secs(600);

/// Has erasures reach the places where keys are left, until `stop`.
pub(super) async fn carry_erasures(controls: Controls, stop: CancellationToken) {
    let mut wait = LOOK_FOR_ERASURES_EVERY;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
        }
        let outcome = tokio::select! {
            () = stop.cancelled() => return,
            outcome = carry_erasures_on(&controls) => outcome,
        };
        wait = match outcome {
            Ok(0) => LOOK_FOR_ERASURES_EVERY,
            Ok(reached) => {
                tracing::info!(reached, "keys of erased accounts are gone from more places");
                LOOK_FOR_ERASURES_EVERY
            }
            Err(error) => {
                tracing::error!(%error, "keys of erased accounts are left in places that could not be reached; it is tried again");
                RETRY_AFTER
            }
        };
    }
}

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
