//! Whether the server can do its work.

use std::sync::Arc;

use api::{Health, Readiness};
use async_trait::async_trait;
use identity::Directory;
use store::Store;

/// Asks the store and the directory.
pub(crate) struct SystemHealth {
    pub(crate) store: Store,
    pub(crate) directory: Arc<Directory>,
}

#[async_trait]
impl Health for SystemHealth {
    async fn readiness(&self) -> Readiness {
        let failing = match self.store.probe().await {
            Ok(probe) if probe.takes_mail => Vec::new(),
            Ok(probe) => vec![format!("the disk is nearly full: {} bytes left", probe.free_bytes.unwrap_or(0))],
            Err(error) => vec![format!("the store does not commit: {error}")],
        };
        Readiness { failing }
    }

    async fn is_ours(&self, domain: &str) -> bool {
        self.directory.is_local_domain(domain).await.unwrap_or(false)
    }
}
