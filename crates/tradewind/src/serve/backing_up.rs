//! Backups are taken by themselves.

use std::time::Duration;

use api::actions::{Controls, Stepping, back_up_when_due, carry_erasures_on, take_steps, tell_of_backups};
use backup::BackupSettings;
use env::Watched;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Replaced;
use super::repeating::repeat;

/// How often it is looked whether one is due.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// How often it is looked whether something was erased.
const LOOK_FOR_ERASURES_EVERY: Duration = Duration::from_secs(10);

/// Wait after one that failed.
const RETRY_AFTER: Duration = Duration::from_secs(600);

/// Has erasures reach the places where keys are left, until `stop`.
pub(super) async fn carry_erasures(controls: Controls, stop: CancellationToken) {
    repeat(stop, LOOK_FOR_ERASURES_EVERY, || async {
        match carry_erasures_on(&controls).await {
            Ok(0) => LOOK_FOR_ERASURES_EVERY,
            Ok(reached) => {
                tracing::info!(reached, "keys of erased accounts are gone from more places");
                LOOK_FOR_ERASURES_EVERY
            }
            Err(error) => {
                tracing::error!(%error, "keys of erased accounts are left in places that could not be reached; it is tried again");
                RETRY_AFTER
            }
        }
    })
    .await;
}

/// Keeps points in time between backups, until `stop`; where another machine has taken the place of this one, says so and stops everything.
pub(super) async fn step(
    controls: Controls,
    mut settings: Watched<BackupSettings>,
    replaced: Replaced,
    stop: CancellationToken,
) {
    loop {
        let began = Instant::now();
        let every = Duration::from_secs(settings.now().step_seconds.max(1));
        let outcome = tokio::select! {
            () = stop.cancelled() => return,
            outcome = take_steps(&controls) => outcome,
        };
        match outcome {
            Ok(Stepping::Replaced(why)) => {
                tracing::error!(why, "this server stops");
                if replaced.set(why).is_ok() {
                    stop.cancel();
                }
                return;
            }
            Ok(Stepping::Off | Stepping::Taken(_)) => {}
            Err(error) => tracing::error!(%error, "a point in time was not kept; it is tried again"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = settings.changed() => {}
            () = tokio::time::sleep(every.saturating_sub(began.elapsed())) => {}
        }
    }
}

/// Takes one when it is due, until `stop`, and tells of what is late.
pub(super) async fn run(controls: Controls, settings: Watched<BackupSettings>, stop: CancellationToken) {
    let mut rest = Duration::ZERO;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        let every = Duration::from_secs(settings.now().every_minutes.saturating_mul(60));
        if every.is_zero() || settings.now().repositories.is_empty() {
            continue;
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
