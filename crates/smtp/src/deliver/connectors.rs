//! Ways that connectors name: data beside the settings' routes, which holds in the running server.

use std::sync::Arc;

use parking_lot::RwLock;
use queue::connectors::{self, Connector, Encryption, Out};
use store::{StoreError, Tx};

use super::route::{Credentials, Relay, Way, host_and_port};
use crate::settings::TlsDemand;

/// Port of a relay that names none: submission with STARTTLS (RFC 6409).
const RELAY_PORT: u16 = 587;

/// The ways, as they were when they were last looked at.
#[derive(Default)]
pub(super) struct Ways(RwLock<Arc<Kept>>);

#[derive(Default)]
struct Kept {
    revision: i64,
    ways: Vec<(Out, Way)>,
}

impl Ways {
    /// Looks whether connectors were changed, and takes them up; one row is read if not.
    pub(super) fn refresh(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let revision = connectors::revision(tx)?;
        if self.0.read().revision == revision {
            return Ok(());
        }
        let ways = connectors::list(tx)?.into_iter().filter_map(way_of).collect();
        *self.0.write() = Arc::new(Kept { revision, ways });
        Ok(())
    }

    /// The way of mail to `domain` (lowercase A-labels), if a connector names one.
    pub(super) fn way(&self, domain: &str) -> Option<Way> {
        let kept = Arc::clone(&self.0.read());
        kept.ways.iter().find(|(out, _)| out.has_domain(domain)).map(|(_, way)| way.clone())
    }
}

fn way_of(connector: Connector) -> Option<(Out, Way)> {
    let connectors::Way::Out(out) = connector.way else { return None };
    if !connector.enabled {
        return None;
    }
    let way = way(&out);
    Some((out, way))
}

/// How mail travels by this connector.
pub(super) fn way(out: &Out) -> Way {
    let relay = out.relay.as_ref().and_then(|relay| host_and_port(relay, RELAY_PORT)).map(|(host, port)| Relay {
        host,
        port,
        credentials: out
            .credentials
            .as_ref()
            .map(|(user, password)| Credentials { user: user.clone(), password: password.clone() }),
    });
    Way {
        relay,
        tls: if out.encryption == Encryption::Opportunistic { TlsDemand::Opportunistic } else { TlsDemand::Required },
        tls13: out.encryption == Encryption::Required13,
        source: out.source,
        ..Way::default()
    }
}
