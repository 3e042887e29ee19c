//! Restores are rehearsed by themselves.

use std::time::Duration;

use api::actions::{Controls, rehearse_when_due};
use tokio_util::sync::CancellationToken;

/// How often it is looked whether one is due.
const LOOK_EVERY: Duration = Duration::from_secs(3600);

/// Wait after one that could not be held, of which administrators were told.
const RETRY_AFTER: Duration = Duration::from_secs(86_400);

/// Rehearses when it is due, until `stop`.
pub(super) async fn run(controls: Controls, stop: CancellationToken) {
    let mut wait = LOOK_EVERY;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
        }
        let outcome = tokio::select! {
            () = stop.cancelled() => return,
            outcome = rehearse_when_due(&controls) => outcome,
        };
        wait = match outcome {
            Ok(_) => LOOK_EVERY,
            Err(error) => {
                tracing::error!(%error, "a restore cannot be rehearsed");
                RETRY_AFTER
            }
        };
    }
}
