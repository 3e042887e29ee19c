use std::path::PathBuf;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use super::tls::Tls;
use crate::StoreError;

/// Connections that a node opens for transactions unless the setting says otherwise.
const CONNECTIONS: usize = 16;

/// Most connections that the setting may ask for.
const CONNECTIONS_MAX: usize = 1024;

/// How long a connection may take to come about.
const CONNECT_WAIT: Duration = Duration::from_secs(10);

/// Silence after which the system probes whether the server still lives.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);

/// How long the server lets a statement wait for a row that another transaction holds, and how long it lets a
/// transaction idle before it frees what the transaction holds.
const SESSION_OPTIONS: &str = "-c lock_timeout=30s -c idle_in_transaction_session_timeout=300s";

/// How to reach the database.
#[derive(Clone)]
pub(crate) struct Server {
    pub(super) config: Config,
    pub(super) tls: Tls,
    pub(super) connections: usize,
}

impl Server {
    /// Reads `postgres://...`. TLS, once used, is always verified in full, against the system's authorities or those in
    /// `sslrootcert`; unless `sslmode` says otherwise it is required but on a local socket or a loopback address.
    pub(crate) fn parse(url: &str) -> Result<Self, StoreError> {
        let options = Options::split_off(url)?;
        let refused = |cause: tokio_postgres::Error| {
            let detail = std::error::Error::source(&cause).map_or_else(|| cause.to_string(), ToString::to_string);
            StoreError::Setup(format!("the address of the database is not understood: {detail}"))
        };
        let mut config: Config = options.url.parse().map_err(refused)?;
        if config.get_dbname().is_none() {
            return Err(StoreError::Setup(
                "the address of the database names no database: postgres://host/name".into(),
            ));
        }
        config.ssl_mode(match options.mode.as_deref() {
            None if config.get_hosts().iter().all(is_local) => SslMode::Disable,
            None | Some("require" | "verify-ca" | "verify-full") => SslMode::Require,
            Some("disable") => SslMode::Disable,
            Some("prefer" | "allow") => SslMode::Prefer,
            Some(other) => {
                return Err(StoreError::Setup(format!(
                    "sslmode={other} is unknown; use disable, prefer or verify-full"
                )));
            }
        });
        config.application_name("tradewind").keepalives_idle(KEEPALIVE_IDLE);
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_WAIT);
        }
        let given = config.get_options().unwrap_or_default().to_owned();
        config.options(format!("{SESSION_OPTIONS} {given}"));
        let tls = if config.get_ssl_mode() == SslMode::Disable {
            Tls::unused()
        } else {
            Tls::new(options.root_certificates.as_deref())?
        };
        Ok(Self { config, tls, connections: options.connections })
    }
}

/// What of the address is ours rather than the driver's.
struct Options {
    url: String,
    mode: Option<String>,
    root_certificates: Option<PathBuf>,
    connections: usize,
}

impl Options {
    fn split_off(url: &str) -> Result<Self, StoreError> {
        let mut options = Self { url: String::new(), mode: None, root_certificates: None, connections: CONNECTIONS };
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let mut kept = Vec::new();
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            match parameter.split_once('=') {
                Some(("sslmode", mode)) => options.mode = Some(mode.to_owned()),
                Some(("sslrootcert", path)) => options.root_certificates = Some(path.into()),
                Some(("connections", number)) => {
                    let number = number.parse().ok().filter(|number| (2..=CONNECTIONS_MAX).contains(number));
                    options.connections = number.ok_or_else(|| {
                        StoreError::Setup(format!("connections must be a number from 2 to {CONNECTIONS_MAX}"))
                    })?;
                }
                _ => kept.push(parameter),
            }
        }
        options.url = if kept.is_empty() { base.to_owned() } else { format!("{base}?{}", kept.join("&")) };
        Ok(options)
    }
}

fn is_local(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_is_required_unless_the_server_is_local() {
        let mode = |url: &str| Server::parse(url).map(|server| server.config.get_ssl_mode());
        assert_eq!(mode("postgres://127.0.0.1/mail").unwrap(), SslMode::Disable);
        assert_eq!(mode("postgres:///mail?host=/run/postgresql").unwrap(), SslMode::Disable);
        assert_eq!(mode("postgres://10.0.0.1/mail?sslmode=disable").unwrap(), SslMode::Disable);
        let own = Server::parse("postgres://db.example/mail?sslrootcert=/nowhere/ca.pem").map(|_| ());
        assert!(own.unwrap_err().to_string().contains("/nowhere/ca.pem"));
    }

    #[test]
    fn bad_addresses_say_what_is_wrong() {
        let refusal = |url: &str| Server::parse(url).map(|_| ()).unwrap_err().to_string();
        assert!(refusal("postgres://localhost").contains("names no database"));
        assert!(refusal("postgres://localhost/mail?sslmode=maybe").contains("sslmode=maybe"));
        assert!(refusal("postgres://localhost/mail?connections=1").contains("connections"));
        assert!(refusal("postgres://localhost/mail?conections=4").contains("conections"));
    }
}
