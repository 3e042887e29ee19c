//! Backups are taken by themselves.

use std::time::Duration;

use api::actions::{Controls, Stepping, back_up_when_due, carry_erasures_on, take_steps, tell_of_backups};
use backup::BackupSettings;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::Replaced;

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

/// Keeps points in time between backups, until `stop`; where another machine has taken the place of this one, says so and stops everything.
pub(super) async fn step(controls: Controls, replaced: Replaced, stop: CancellationToken) {
    let every = match controls.elsewhere.points() {
        Ok(plan) if !plan.targets.is_empty() => plan.every,
        Ok(_) => return,
        Err(error) => {
            tracing::error!(%error, "no points in time are kept");
            return;
        }
    };
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
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
