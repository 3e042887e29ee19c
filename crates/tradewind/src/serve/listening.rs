//! The addresses that services listen on.

use std::net::SocketAddr;
use std::time::Duration;

use net::{Acceptor, ConnectionLimits, Listener, TrustedNetworks, listen};
use serde_json::{Map, Value};

use crate::settings::{Sections, Settings};
use api::actions::Refused;

/// Connections that may wait to be accepted on each address.
const BACKLOG: u32 = 1024;

/// Listeners by service, until the service takes its own.
pub(crate) struct Listening {
    pub(crate) addresses: Addresses,
    acceptors: Vec<(&'static str, Option<Acceptor>)>,
}

/// Where each service listens.
#[derive(Debug, Clone)]
pub(crate) struct Addresses(Vec<(&'static str, Vec<SocketAddr>)>);

impl Listening {
    /// Binds every address of the settings.
    pub(crate) fn bind(settings: &Settings, sections: &Sections) -> Result<Self, Refused> {
        let (mut addresses, mut acceptors) = (Vec::new(), Vec::new());
        for (name, wanted) in services(settings) {
            let wanted: Vec<SocketAddr> = wanted.iter().filter_map(|address| address.parse().ok()).collect();
            if wanted.is_empty() {
                continue;
            }
            let listener = listen(&wanted, BACKLOG).map_err(|error| Refused(format!("{name}: {error}")))?;
            addresses.push((name, listener.local_addrs().map_err(Refused::because)?));
            acceptors.push((name, Some(acceptor(listener, name, (settings, sections))?)));
        }
        Ok(Self { addresses: Addresses(addresses), acceptors })
    }

    /// The listeners of the service `name`, if it is switched on.
    pub(crate) fn take(&mut self, name: &str) -> Option<Acceptor> {
        self.acceptors.iter_mut().find(|(service, _)| *service == name)?.1.take()
    }
}

impl Addresses {
    /// The port of the service `name`.
    pub(crate) fn port(&self, name: &str) -> Option<u16> {
        let (_, addresses) = self.0.iter().find(|(service, _)| *service == name)?;
        addresses.first().map(SocketAddr::port)
    }

    /// Each service with its first address, for scripts.
    pub(crate) fn to_json(&self) -> Value {
        let entries = self
            .0
            .iter()
            .filter_map(|(name, addresses)| Some(((*name).to_owned(), addresses.first()?.to_string().into())));
        Value::Object(entries.collect::<Map<_, _>>())
    }

    /// Each service with its addresses.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (&'static str, String)> {
        self.0
            .iter()
            .map(|(name, addresses)| (*name, addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")))
    }
}

fn services(settings: &Settings) -> [(&'static str, &[String]); 7] {
    let listen = &settings.listen;
    [
        ("smtp", &listen.smtp),
        ("submission", &listen.submission),
        ("submissions", &listen.submissions),
        ("imap", &listen.imap),
        ("imaps", &listen.imaps),
        ("http", &listen.http),
        ("https", &listen.https),
    ]
}

fn acceptor(listener: Listener, name: &str, (settings, sections): (&Settings, &Sections)) -> Result<Acceptor, Refused> {
    let limits = ConnectionLimits {
        stop_wait: Duration::from_secs(settings.server.stop_seconds),
        proxies: TrustedNetworks::parse(&settings.listen.proxies)
            .map_err(|error| Refused(format!("listen.proxies: {error}")))?,
        ..ConnectionLimits::default()
    };
    let acceptor = Acceptor::new(listener, limits);
    let (imap, smtp) = (sections.imap(), sections.smtp());
    Ok(match name {
        "imap" | "imaps" => acceptor.asking(move || {
            let settings = imap.now();
            (settings.connections_max, settings.connections_per_address_max)
        }),
        _ => acceptor.asking(move || {
            let settings = smtp.now();
            (settings.connections_max, settings.connections_per_address_max)
        }),
    })
}
