//! Records of what was done get their place in the audit log, and checkpoints go to who keeps them elsewhere.

mod directory;
mod elsewhere;

use std::sync::Arc;
use std::time::Duration;

use audit::{AuditError, seal};
use env::dns::Resolver;
use store::Store;
use tokio_util::sync::CancellationToken;

use crate::settings::AuditSettings;
use crate::system::System;
use elsewhere::Elsewhere;

/// Seals again and again until `stop`.
pub(super) fn run(
    system: &System,
    dns: &Arc<dyn Resolver>,
    stop: CancellationToken,
) -> impl Future<Output = ()> + use<> {
    let store = system.store.clone();
    let name = format!("{}/audit", system.settings.server.hostname);
    let settings = system.settings.audit.clone();
    let elsewhere = Elsewhere {
        store: system.store.clone(),
        mailer: system.controls().mailer,
        dns: Arc::clone(dns),
        settings: settings.clone(),
        credentials: system.settings.backup.credentials_file.clone(),
    };
    let every = Duration::from_secs(settings.seal_seconds.max(1));
    async move {
        loop {
            if let Err(error) = seal_all(&store, &name).await {
                tracing::error!(%error, "records cannot be put into the audit log; they wait");
            }
            hand_on(&store, &settings, &elsewhere).await;
            tokio::select! {
                () = stop.cancelled() => return,
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
