//! All content is looked through from time to time, slowly, so that damage is found and mended while backups still have what was lost.

use std::time::Duration;

use api::actions::{Controls, scrub_page};
use env::Watched;
use store::scrub;
use tokio_util::sync::CancellationToken;

use crate::settings::StoreSettings;

/// How often it is looked whether a walk is due.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// Wait after a page that failed.
const RETRY_AFTER: Duration = Duration::from_secs(600);

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

/// Walks when it is due, until `stop`.
pub(super) async fn run(controls: Controls, settings: Watched<StoreSettings>, stop: CancellationToken) {
    let mut wait = LOOK_EVERY;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
        }
        let now = settings.now();
        if now.scrub_days == 0 {
            wait = LOOK_EVERY;
            continue;
        }
        wait = match step(&controls, &now).await {
            Ok(wait) => wait,
            Err(error) => {
                tracing::error!(error, "content cannot be looked through; it is tried again");
                RETRY_AFTER
            }
        };
    }
}

/// One page, if a walk is due or under way; gives how long to wait for the next.
async fn step(controls: &Controls, settings: &StoreSettings) -> Result<Duration, String> {
    let state = scrub::state(&controls.store).await.map_err(|error| error.to_string())?;
    let now = controls.store.context().clock.now().millis();
    let every = i64::from(settings.scrub_days).saturating_mul(DAY);
    // A walk that seems to have ended after now was timed by a clock that went wrong.
    let is_resting = state.is_some_and(|walk| walk.finished != 0 && (0..every).contains(&(now - walk.finished)));
    if is_resting {
        return Ok(LOOK_EVERY);
    }
    let page = scrub_page(controls).await.map_err(|error| error.to_string())?;
    if page.is_through {
        tracing::info!("all content was looked through");
    }
    let rate = settings.scrub_mib_per_second.max(1) << 20;
    Ok(Duration::from_millis((page.bytes.saturating_mul(1000) / rate).max(10)))
}
