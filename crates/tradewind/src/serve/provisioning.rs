//! People are taken over from LDAP directories from time to time.

use std::sync::Arc;
use std::time::Duration;

use identity::Directory;
use provision::LdapSource;
use provision::ldap::Wish;
use store::Store;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::system::System;

/// Wait before the first take-over, so that a start is quick.
const FIRST_AFTER: Duration = Duration::from_secs(10);

/// Begins to take over from each directory that says how often.
pub(super) fn spawn(tasks: &TaskTracker, system: &System, stop: &CancellationToken) {
    for source in system.settings.provision.ldap.iter().filter(|source| source.every_minutes > 0) {
        let (store, directory) = (system.store.clone(), Arc::clone(&system.directory));
        tasks.spawn(take_over(store, directory, source.clone(), stop.clone()));
    }
}

async fn take_over(store: Store, directory: Arc<Directory>, source: LdapSource, stop: CancellationToken) {
    let every = Duration::from_secs(u64::from(source.every_minutes) * 60);
    let mut pause = FIRST_AFTER.min(every);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        pause = every;
        match api::actions::sync_ldap(&store, &source, Wish::default()).await {
            Ok(report) => {
                directory.forget();
                for fault in &report.faults {
                    tracing::warn!(source = source.name, fault, "not taken over");
                }
                tracing::info!(
                    source = source.name,
                    made = report.made,
                    changed = report.changed,
                    vanished = report.vanished,
                    "people taken over"
                );
            }
            Err(error) => tracing::error!(source = source.name, %error, "people cannot be taken over"),
        }
    }
}
