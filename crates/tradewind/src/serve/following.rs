//! Settings that are changed while the server runs are taken up: those who use them watch their sections, and the rest is done here.

use std::sync::Arc;
use std::time::Duration;

use crypto::tls::ServerTls;
use env::Watched;
use identity::FactorSettings;
use store::Store;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::settings::{Live, LogSettings, LogSwitch};
use crate::system::{System, reload_certificates};

/// How often it is looked whether settings were changed, should the notice of it be lost.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Wait after the store could not be read.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Follows what the store has until `stop`.
pub(super) fn spawn(tasks: &TaskTracker, system: &System, tls: &ServerTls, log: LogSwitch, stop: &CancellationToken) {
    let sections = system.live.sections();
    let level = &system.settings.log.level;
    if *level != system.live.of_the_file().log.level {
        log.set(level);
    }
    tasks.spawn(follow(system.live.clone(), system.store.clone(), stop.clone()));
    tasks.spawn(follow_tls(system.live.clone(), tls.clone(), stop.clone()));
    tasks.spawn(follow_factors(sections.factors(), system.store.clone(), stop.clone()));
    tasks.spawn(follow_log(sections.log(), log, stop.clone()));
}

async fn follow(live: Live, store: Store, stop: CancellationToken) {
    let notice = store.context().notices.settings();
    let mut wait = LOOK_EVERY;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = notice.notified() => {}
            () = tokio::time::sleep(wait) => {}
        }
        wait = match live.refresh().await {
            Ok(changed) => {
                if !changed.is_empty() {
                    tracing::info!(sections = changed.join(", "), "settings were changed and are in force");
                }
                LOOK_EVERY
            }
            Err(error) => {
                tracing::error!(%error, "settings cannot be read; those before stay in force");
                RETRY_AFTER
            }
        };
    }
}

/// The oldest version of TLS, certificates of clients, and SM2 are put in force for connections that begin from then on.
async fn follow_tls(live: Live, tls: ServerTls, stop: CancellationToken) {
    let (mut of_tls, mut of_gm) = (live.sections().tls(), live.sections().gm());
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = of_tls.changed() => {}
            () = of_gm.changed() => {}
        }
        reload_certificates(&tls, &live.now());
    }
}

/// From when on a second factor is asked for is noted, so that the days of grace begin.
async fn follow_factors(mut factors: Watched<FactorSettings>, store: Store, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = factors.changed() => {}
        }
        let demands: Arc<FactorSettings> = factors.now();
        if let Err(error) = store.write(move |tx| identity::factors::note_demands(tx, &demands)).await {
            tracing::error!(%error, "it cannot be noted since when second factors are asked for; it is at the next start");
        }
    }
}

async fn follow_log(mut settings: Watched<LogSettings>, log: LogSwitch, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = settings.changed() => {}
        }
        log.set(&settings.now().level);
    }
}
