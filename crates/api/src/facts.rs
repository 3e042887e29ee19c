use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use env::Watched;
use prometheus_client::registry::Registry;

use crate::{Challenges, HttpSettings};

/// What the answers are made from.
pub struct Facts {
    /// Host name of the server.
    pub hostname: String,
    /// Settings of this crate.
    pub settings: Watched<HttpSettings>,
    /// Services that mail clients are sent to, best first.
    pub services: Vec<ClientService>,
    /// Whether the server can do its work.
    pub health: Arc<dyn Health>,
    /// What is measured.
    pub metrics: Arc<Registry>,
    /// ACME challenges to be answered.
    pub challenges: Challenges,
}

/// A service as mail clients are told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientService {
    /// "imap" or "smtp".
    pub protocol: &'static str,
    /// Port.
    pub port: u16,
    /// TLS from the start, rather than STARTTLS.
    pub implicit_tls: bool,
}

/// Whether each part that the server needs works.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Readiness {
    /// What does not work, in words for the administrator; empty when all does.
    pub failing: Vec<String>,
}

/// Tells what the server can do.
#[async_trait]
pub trait Health: Send + Sync {
    /// Looks now. Cheap enough to be asked every second.
    async fn readiness(&self) -> Readiness;
    /// Whether `domain` (canonical) is one that we take mail for.
    async fn is_ours(&self, domain: &str) -> bool;
}

impl Facts {
    pub(crate) fn may_read_metrics(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.settings.now().metrics_from.iter().any(|allowed| allowed.parse::<IpAddr>() == Ok(address))
    }
}
