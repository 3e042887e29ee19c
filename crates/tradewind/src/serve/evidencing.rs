//! Evidence is looked at from time to time, so that it is known since when something has been as it is.

use std::time::Duration;

use api::actions::{Controls, look_after_evidence};
use tokio_util::sync::CancellationToken;

use super::repeating::repeat;

/// Wait before the first look, so that a start is not slower for it.
const FIRST_AFTER: Duration = Duration::from_secs(60);

/// How often it is looked.
const LOOK_EVERY: Duration = Duration::from_secs(300);

/// Looks again and again until `stop`.
pub(super) async fn run(controls: Controls, stop: CancellationToken) {
    repeat(stop, FIRST_AFTER, || async {
        if let Err(error) = look_after_evidence(&controls).await {
            tracing::error!(%error, "evidence cannot be looked at; it is tried again");
        }
        LOOK_EVERY
    })
    .await;
}
