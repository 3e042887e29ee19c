//! Hosts that others name, without being led into networks of our own.

use std::net::IpAddr;
use std::sync::Arc;

use env::dns::Resolver;
use net::{Network, is_public};
use url::Host;

/// Why a host is not asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HostError {
    #[error("the host {host} cannot be looked up")]
    Unknown { host: String },
    #[error("the host {host} is not on the open Internet, and not in {setting}")]
    Within { host: String, setting: &'static str },
}

/// Looks hosts up that may be asked.
pub(crate) struct Elsewhere {
    pub(crate) dns: Arc<dyn Resolver>,
    /// Networks of one's own that may be asked too.
    within: Vec<Network>,
    /// The setting that names them.
    setting: &'static str,
}

impl Elsewhere {
    /// One that looks hosts up with `dns`; `within` is what `setting` names.
    pub(crate) fn new(dns: Arc<dyn Resolver>, within: &[String], setting: &'static str) -> Self {
        let read = |text: &String| {
            let network = text.parse();
            network.inspect_err(|error| tracing::warn!(%error, "{setting} has an entry that is passed over")).ok()
        };
        Self { dns, within: within.iter().filter_map(read).collect(), setting }
    }

    /// Whether the address is in a network of one's own that may be asked.
    pub(crate) fn is_ours(&self, address: IpAddr) -> bool {
        self.within.iter().any(|network| network.contains(address))
    }

    /// The address of a host, if all that it has may be asked. Whoever asks it then asks this very address: looked up once more, a name
    /// could lead elsewhere.
    ///
    /// # Errors
    /// [`HostError`] if there is none, or one that may not be asked.
    pub(crate) async fn find(&self, host: &Host<&str>) -> Result<IpAddr, HostError> {
        let all: Vec<IpAddr> = match host {
            Host::Ipv4(address) => vec![IpAddr::V4(*address)],
            Host::Ipv6(address) => vec![IpAddr::V6(*address)],
            Host::Domain(name) => {
                let four = self.dns.ipv4(name).await.unwrap_or_default().into_iter().map(IpAddr::V4);
                let six = self.dns.ipv6(name).await.unwrap_or_default().into_iter().map(IpAddr::V6);
                four.chain(six).collect()
            }
        };
        if !all.iter().all(|address| is_public(*address) || self.is_ours(*address)) {
            return Err(HostError::Within { host: host.to_string(), setting: self.setting });
        }
        all.first().copied().ok_or_else(|| HostError::Unknown { host: host.to_string() })
    }
}
