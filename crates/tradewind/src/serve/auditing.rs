//! Records of what was done get their place in the audit log, and checkpoints go to who keeps them elsewhere.

mod directory;
mod elsewhere;

use std::sync::Arc;
use std::time::Duration;

use audit::{AuditError, seal};
use env::dns::Resolver;
use identity::rights::close_key_hours;
use signing::{Signer, SigningError};
use store::Store;
use tokio_util::sync::CancellationToken;

use crate::settings::AuditSettings;
use crate::system::System;
use elsewhere::Elsewhere;

/// How long after an hour other nodes may bring what they have counted in it, in milliseconds: longer than `seal_seconds` usually are.
const COUNT_SLACK_MILLIS: i64 = 5 * 60 * 1000;

/// Seals again and again until `stop`.
pub(super) fn run(
    system: &System,
    dns: &Arc<dyn Resolver>,
    stop: CancellationToken,
) -> impl Future<Output = ()> + use<> {
    let (store, signer) = (system.store.clone(), Arc::clone(&system.signer));
    let name = format!("{}/audit", system.settings.server.hostname);
    let mut settings = system.live.sections().audit();
    let elsewhere = Elsewhere {
        store: system.store.clone(),
        mailer: system.controls().mailer,
        dns: Arc::clone(dns),
        settings: settings.clone(),
        credentials: system.settings.backup.credentials_file.clone(),
    };
    async move {
        loop {
            if let Err(error) = count_keys(&store, &signer).await {
                tracing::error!(%error, "uses of keys cannot be counted in the audit log; they are with the next time");
            }
            if let Err(error) = seal_all(&store, &name).await {
                tracing::error!(%error, "records cannot be put into the audit log; they wait");
            }
            let now = settings.now();
            hand_on(&store, &now, &elsewhere).await;
            let every = Duration::from_secs(now.seal_seconds.max(1));
            tokio::select! {
                () = stop.cancelled() => {
                    // Another node, or the next start, ends the hour.
                    if let Err(error) = signer.keep_count().await {
                        tracing::error!(%error, "uses of keys were not counted");
                    }
                    return;
                }
                () = settings.changed() => {}
                () = tokio::time::sleep(every) => {}
            }
        }
    }
}

/// Gives the newest checkpoint to everybody who is to have it. Who cannot be reached now gets a later one.
async fn hand_on(store: &Store, settings: &AuditSettings, elsewhere: &Elsewhere) {
    if let Some(directory) = settings.witness_directory.clone()
        && let Err(error) = directory::hand_on(store, directory).await
    {
        tracing::error!(%error, "checkpoints of the audit log cannot be handed on; they are with the next time");
    }
    elsewhere.hand_on().await;
}

/// Keeps what was counted of keys that are used too often for a record each, and records hours that are over.
async fn count_keys(store: &Store, signer: &Signer) -> Result<(), SigningError> {
    signer.keep_count().await?;
    while store.write(|tx| close_key_hours(tx, COUNT_SLACK_MILLIS)).await? > 0 {}
    Ok(())
}

async fn seal_all(store: &Store, name: &str) -> Result<(), AuditError> {
    loop {
        let name = name.to_owned();
        let sealed = store.write(move |tx| seal(tx, &name)).await?;
        if sealed.records == 0 {
            return Ok(());
        }
        tracing::debug!(records = sealed.records, size = sealed.size, "audit log sealed");
    }
}
