//! Restores are rehearsed by themselves.

use std::time::Duration;

use api::actions::{Controls, rehearse_when_due};
use tokio_util::sync::CancellationToken;

use super::repeating::repeat;

/// How often it is looked whether one is due.
const LOOK_EVERY: Duration = Duration::from_secs(3600);

/// Wait after one that could not be held, of which administrators were told.
const RETRY_AFTER: Duration = Duration::from_secs(86_400);

/// Rehearses when it is due, until `stop`.
pub(super) async fn run(controls: Controls, stop: CancellationToken) {
    repeat(stop, LOOK_EVERY, || async {
        match rehearse_when_due(&controls).await {
            Ok(_) => LOOK_EVERY,
            Err(error) => {
                tracing::error!(%error, "a restore cannot be rehearsed");
                RETRY_AFTER
            }
        }
    })
    .await;
}
