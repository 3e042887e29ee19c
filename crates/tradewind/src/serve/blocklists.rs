//! Blocklists are asked about our addresses and domains.

use std::time::Duration;

use api::actions::{Controls, look_at_blocklists};
use tokio_util::sync::CancellationToken;

use super::repeating::repeat;

/// Wait before the first look, so that a start is not slower for it.
const FIRST_AFTER: Duration = Duration::from_secs(120);

/// How often it is looked whether a look is due, and whether letters wait.
const LOOK_EVERY: Duration = Duration::from_secs(600);

/// Looks again and again until `stop`.
pub(super) async fn run(controls: Controls, stop: CancellationToken) {
    repeat(stop, FIRST_AFTER, || async {
        match look_at_blocklists(&controls).await {
            Ok(false) => {}
            Ok(true) => tracing::info!("blocklists were asked about our addresses and domains"),
            Err(error) => tracing::error!(%error, "blocklists cannot be asked; it is tried again"),
        }
        LOOK_EVERY
    })
    .await;
}
