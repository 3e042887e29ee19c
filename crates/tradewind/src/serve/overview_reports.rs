//! Reports of the overview go out in time.

use std::time::Duration;

use api::actions::{Controls, send_overview_reports};
use tokio_util::sync::CancellationToken;

use super::repeating::repeat;

/// How often it is looked whether one is due. A look costs one row of an index.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// Sends what is due, until `stop`. What was due while nothing ran is found by the first look.
pub(super) async fn run(controls: Controls, stop: CancellationToken) {
    repeat(stop, LOOK_EVERY, || async {
        match send_overview_reports(&controls).await {
            Ok(0) => {}
            Ok(sent) => tracing::info!(sent, "reports of the overview sent"),
            Err(error) => tracing::error!(%error, "cannot look for reports of the overview that are due"),
        }
        LOOK_EVERY
    })
    .await;
}
