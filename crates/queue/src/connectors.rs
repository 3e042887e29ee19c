//! Connectors: by which servers mail to certain domains leaves, and which partners' servers or devices may hand mail in, as data that holds without a restart.
//!
//! The routes of the settings go before those that lead out. A connector is sealed under the region's key, as it may hold a password.

use std::net::IpAddr;

use env::Secret;
use net::Network;
use serde::{Deserialize, Serialize};
use store::{StoreError, Tx, params};

/// Connectors that there may be.
pub const CONNECTORS_MAX: usize = 200;

/// Domains, networks and certificates of one.
const ENTRIES_MAX: usize = 200;

/// Octets of a name, a relay, a user, a password.
const TEXT_BYTES_MAX: usize = 255;

const COLUMN: &str = "connector.detail";

/// The form of the sealed octets: JSON.
const FORM: u8 = 1;

env::words! {
    /// What is asked of the encryption of mail that leaves.
    Encryption "encryption of a connector" allowed "opportunistic, required, required-1.3" {
        /// TLS where it is offered, with whatever certificate.
        Opportunistic = "opportunistic",
        /// TLS with a certificate that is valid for the server's name, or nothing.
        Required = "required",
        /// The same with TLS 1.3.
        Required13 = "required-1.3",
    }
}

/// Why a connector cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum ConnectorError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It is called nothing, or too much.
    #[error("name has to have 1 to {TEXT_BYTES_MAX} octets, without line breaks")]
    Name,
    /// It is for nobody.
    #[error("domains: name at least one, as example.com, *.ir or *")]
    NoDomain,
    /// There are too many of something.
    #[error("{0}: at most {ENTRIES_MAX} can be named")]
    TooMuch(&'static str),
    /// That is no domain.
    #[error("{0:?} is no domain; write it as example.com, *.ir for all below, or * for all")]
    Domain(String),
    /// That is no server.
    #[error("relay {0:?} is no server; write it as host, host:port or address:port")]
    Relay(String),
    /// No such word.
    #[error(transparent)]
    Word(#[from] env::UnknownWord),
    /// That is no address of this machine.
    #[error("source {0:?} is no address; write it as 192.0.2.7")]
    Source(String),
    /// A name without a password, or the other way about.
    #[error("user and password go together, and need a relay")]
    HalfCredentials,
    /// That is no network.
    #[error("{0:?} is no network; write it as 192.0.2.0/24 or 2001:db8::/32")]
    Network(String),
    /// Everybody would be let in.
    #[error("{0} is too large a network for a connector; name at most a /8 of IPv4 or a /16 of IPv6")]
    TooLarge(String),
    /// That is no fingerprint.
    #[error("{0:?} is no fingerprint; give the SHA-256 of the certificate, 64 hexadecimal digits")]
    Certificate(String),
    /// Nobody would be known by it.
    #[error("networks: name networks or certificates by which the partner is known")]
    Unknown,
    /// It would do nothing.
    #[error(
        "the connector says nothing: demand TLS, bind domains to the partner's servers, or name an account to relay for"
    )]
    Nothing,
    /// There are enough.
    #[error("there are {CONNECTORS_MAX} connectors already; remove one first")]
    TooMany,
    /// There is no such connector.
    #[error("there is no connector of this number; list them: tradewind connector list")]
    Missing,
}

/// A connector.
#[derive(Debug, Clone)]
pub struct Connector {
    /// Its number.
    pub id: i64,
    /// The lowest is tried first.
    pub position: i64,
    /// What people call it.
    pub name: String,
    /// Whether it holds.
    pub enabled: bool,
    /// What it says.
    pub way: Way,
}

/// What a connector says.
#[derive(Debug, Clone)]
pub enum Way {
    /// Of mail that leaves.
    Out(Out),
    /// Of mail that comes in.
    In(In),
}

/// By which server mail leaves.
#[derive(Debug, Clone)]
pub struct Out {
    /// Domains of recipients: `example.com`, `*.ir`, `*`.
    pub domains: Vec<String>,
    /// The server, as `host`, `host:port` or `address:port`; the domain's own exchangers without one.
    pub relay: Option<String>,
    /// What is asked of the connection.
    pub encryption: Encryption,
    /// Name and password to sign in with at the relay.
    pub credentials: Option<(String, Secret<String>)>,
    /// Address of this machine to send from.
    pub source: Option<IpAddr>,
}

/// Who may hand mail in, and how.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct In {
    /// Networks of the partner's servers.
    pub networks: Vec<Network>,
    /// SHA-256 of certificates that its servers show, in hexadecimal.
    pub certificates: Vec<String>,
    /// Domains that the partner sends from.
    pub domains: Vec<String>,
    /// Mail from these servers and domains comes over TLS, or not at all.
    pub needs_tls: bool,
    /// Mail from these domains comes from these servers, or not at all.
    pub only_from: bool,
    /// The account in whose name these servers may send anywhere.
    pub account: Option<i64>,
}

#[derive(Serialize, Deserialize)]
struct Detail {
    name: String,
    enabled: bool,
    domains: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    out: Option<OutDetail>,
    #[serde(default, rename = "in", skip_serializing_if = "Option::is_none")]
    inward: Option<InDetail>,
}

#[derive(Serialize, Deserialize)]
struct OutDetail {
    relay: Option<String>,
    encryption: String,
    user: Option<String>,
    password: Option<String>,
    source: Option<IpAddr>,
}

#[derive(Serialize, Deserialize)]
struct InDetail {
    networks: Vec<String>,
    certificates: Vec<String>,
    needs_tls: bool,
    only_from: bool,
    account: Option<i64>,
}

impl In {
    /// Whether a client is one of the partner's servers: by its address, or by the SHA-256 of the certificate that it showed.
    #[must_use]
    pub fn knows(&self, address: IpAddr, certificate: Option<&str>) -> bool {
        self.networks.iter().any(|network| network.contains(address))
            || certificate.is_some_and(|shown| self.certificates.iter().any(|known| known == shown))
    }

    /// Whether the partner sends from this domain (lowercase A-labels).
    #[must_use]
    pub fn has_domain(&self, domain: &str) -> bool {
        self.domains.iter().any(|pattern| is_match(pattern, domain))
    }
}

impl Out {
    /// Whether mail to this domain (lowercase A-labels) leaves by it.
    #[must_use]
    pub fn has_domain(&self, domain: &str) -> bool {
        self.domains.iter().any(|pattern| is_match(pattern, domain))
    }
}

fn is_match(pattern: &str, domain: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some("") => true,
        Some(below) => domain.ends_with(below),
        None => pattern == domain,
    }
}

/// Domains in canonical form.
fn domains(given: &[String], need: bool) -> Result<Vec<String>, ConnectorError> {
    if given.is_empty() && need {
        return Err(ConnectorError::NoDomain);
    }
    if given.len() > ENTRIES_MAX {
        return Err(ConnectorError::TooMuch("domains"));
    }
    given
        .iter()
        .map(|text| {
            let text = text.trim();
            if text == "*" {
                return Ok(text.to_owned());
            }
            let (prefix, domain) = text.strip_prefix("*.").map_or(("", text), |domain| ("*.", domain));
            let canonical = mail::domain::canonical(domain).ok().filter(|domain| !domain.starts_with('['));
            canonical.map(|domain| format!("{prefix}{domain}")).ok_or_else(|| ConnectorError::Domain(text.to_owned()))
        })
        .collect()
}

/// Host and port of a server that is named as host, host:port, or address:port.
#[must_use]
pub fn host_and_port(relay: &str, usual_port: u16) -> Option<(String, u16)> {
    if let Ok(address) = relay.parse::<std::net::SocketAddr>() {
        return Some((address.ip().to_string(), address.port()));
    }
    if relay.parse::<IpAddr>().is_ok() {
        return Some((relay.to_owned(), usual_port));
    }
    let (host, port) = match relay.split_once(':') {
        Some((host, port)) => (host, port.parse().ok()?),
        None => (relay, usual_port),
    };
    Some((mail::domain::canonical(host).ok()?, port))
}

fn checked_out(out: Out) -> Result<Out, ConnectorError> {
    let domains = domains(&out.domains, true)?;
    if let Some(relay) = &out.relay
        && host_and_port(relay, 0).is_none()
    {
        return Err(ConnectorError::Relay(relay.clone()));
    }
    if let Some((user, password)) = &out.credentials {
        let (user, password) = (user.trim(), password.expose());
        if user.is_empty()
            || password.is_empty()
            || out.relay.is_none()
            || user.len().max(password.len()) > TEXT_BYTES_MAX
        {
            return Err(ConnectorError::HalfCredentials);
        }
    }
    Ok(Out { domains, ..out })
}

/// Networks as people write them.
///
/// # Errors
/// [`ConnectorError`] for the first that is none, or that is nearly everybody.
pub fn networks(given: &[String]) -> Result<Vec<Network>, ConnectorError> {
    if given.len() > ENTRIES_MAX {
        return Err(ConnectorError::TooMuch("networks"));
    }
    given
        .iter()
        .map(|text| {
            let text = text.trim();
            let network: Network = text.parse().map_err(|_| ConnectorError::Network(text.to_owned()))?;
            let least = if network.address().is_ipv6() { 16 } else { 8 };
            if network.prefix_bits() < least {
                return Err(ConnectorError::TooLarge(text.to_owned()));
            }
            Ok(network)
        })
        .collect()
}

fn checked_in(inward: In) -> Result<In, ConnectorError> {
    let domains = domains(&inward.domains, false)?;
    if inward.certificates.len() > ENTRIES_MAX {
        return Err(ConnectorError::TooMuch("certificates"));
    }
    let certificate = |text: &String| {
        let digits: String = text.chars().filter(|c| !matches!(c, ':' | ' ')).collect::<String>().to_lowercase();
        let is_one = digits.len() == 64 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        if is_one { Ok(digits) } else { Err(ConnectorError::Certificate(text.clone())) }
    };
    let certificates = inward.certificates.iter().map(certificate).collect::<Result<Vec<_>, _>>()?;
    let knows_servers = !inward.networks.is_empty() || !certificates.is_empty();
    if !knows_servers && (inward.only_from || inward.account.is_some() || domains.is_empty()) {
        return Err(ConnectorError::Unknown);
    }
    if inward.only_from && domains.is_empty() {
        return Err(ConnectorError::NoDomain);
    }
    if !inward.needs_tls && !inward.only_from && inward.account.is_none() {
        return Err(ConnectorError::Nothing);
    }
    Ok(In { domains, certificates, ..inward })
}

/// Keeps a connector, in place of the one of the number `id` if there is one named. A password that is left out stays as it was, as long as the user does.
///
/// # Errors
/// [`ConnectorError`] says what is wrong with it.
pub fn set(
    tx: &mut Tx<'_>,
    id: Option<i64>,
    (name, enabled, position): (&str, bool, i64),
    way: Way,
) -> Result<Connector, ConnectorError> {
    let name = name.trim().to_owned();
    if name.is_empty() || name.len() > TEXT_BYTES_MAX || name.chars().any(char::is_control) {
        return Err(ConnectorError::Name);
    }
    let all = list(tx)?;
    if let Some(id) = id {
        all.iter().find(|one| one.id == id).ok_or(ConnectorError::Missing)?;
    } else if all.len() >= CONNECTORS_MAX {
        return Err(ConnectorError::TooMany);
    }
    let way = match way {
        Way::Out(out) => Way::Out(checked_out(out)?),
        Way::In(inward) => Way::In(checked_in(inward)?),
    };
    let kept = Connector { id: id.unwrap_or_else(|| tx.next_id()), position, name, enabled, way };
    let sealed = seal(tx, &kept)?;
    tx.execute(
        "INSERT INTO connector (id, position, detail) VALUES ($1, $2, $3)
         ON CONFLICT (id) DO UPDATE SET position = $2, detail = $3",
        params![kept.id, kept.position, &sealed],
    )?;
    raise(tx)?;
    Ok(kept)
}

/// Takes a connector away.
///
/// # Errors
/// [`ConnectorError::Missing`] if there is none of that number.
pub fn remove(tx: &mut Tx<'_>, id: i64) -> Result<(), ConnectorError> {
    if tx.execute("DELETE FROM connector WHERE id = $1", params![id])? == 0 {
        return Err(ConnectorError::Missing);
    }
    Ok(raise(tx)?)
}

/// Another with each change; 0 before the first.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn revision(tx: &mut Tx<'_>) -> Result<i64, StoreError> {
    Ok(tx.row("SELECT revision FROM connector_revision WHERE one = 1", &[], |row| row.int(0))?.unwrap_or(0))
}

fn raise(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO connector_revision (one, revision) VALUES (1, 1)
         ON CONFLICT (one) DO UPDATE SET revision = connector_revision.revision + 1",
        &[],
    )?;
    Ok(())
}

/// All connectors, in the order in which they are tried.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn list(tx: &mut Tx<'_>) -> Result<Vec<Connector>, StoreError> {
    let rows = tx.rows("SELECT id, position, detail FROM connector ORDER BY position, id", &[], |row| {
        Ok((row.int(0)?, row.int(1)?, row.bytes(2)?.to_vec()))
    })?;
    rows.into_iter().map(|(id, position, sealed)| open(tx, id, position, &sealed)).collect()
}

fn place(id: i64) -> Vec<u8> {
    [COLUMN.as_bytes(), b":", &id.to_le_bytes()].concat()
}

fn corrupt() -> StoreError {
    StoreError::Corrupt { what: COLUMN.to_owned() }
}

fn seal(tx: &Tx<'_>, of: &Connector) -> Result<Vec<u8>, StoreError> {
    let (domains, out, inward) = match &of.way {
        Way::Out(out) => {
            let detail = OutDetail {
                relay: out.relay.clone(),
                encryption: out.encryption.as_str().to_owned(),
                user: out.credentials.as_ref().map(|(user, _)| user.clone()),
                password: out.credentials.as_ref().map(|(_, password)| password.expose().clone()),
                source: out.source,
            };
            (&out.domains, Some(detail), None)
        }
        Way::In(inward) => {
            let detail = InDetail {
                networks: inward.networks.iter().map(ToString::to_string).collect(),
                certificates: inward.certificates.clone(),
                needs_tls: inward.needs_tls,
                only_from: inward.only_from,
                account: inward.account,
            };
            (&inward.domains, None, Some(detail))
        }
    };
    let detail = Detail { name: of.name.clone(), enabled: of.enabled, domains: domains.clone(), out, inward };
    let mut plain = vec![FORM];
    serde_json::to_writer(&mut plain, &detail).map_err(|_| corrupt())?;
    let context = tx.context();
    Ok(context.keys.region().sealing().seal(&*context.entropy, &place(of.id), &plain))
}

fn open(tx: &Tx<'_>, id: i64, position: i64, sealed: &[u8]) -> Result<Connector, StoreError> {
    let plain = tx.context().keys.region().sealing().open(COLUMN, &place(id), sealed)?;
    let Some((&FORM, json)) = plain.split_first() else { return Err(corrupt()) };
    let Detail { name, enabled, domains, out, inward } = serde_json::from_slice(json).map_err(|_| corrupt())?;
    let way = match (out, inward) {
        (Some(out), None) => Way::Out(Out {
            domains,
            relay: out.relay,
            encryption: out.encryption.parse().map_err(|_| corrupt())?,
            credentials: out.user.zip(out.password).map(|(user, password)| (user, Secret::new(password))),
            source: out.source,
        }),
        (None, Some(inward)) => Way::In(In {
            networks: networks(&inward.networks).map_err(|_| corrupt())?,
            certificates: inward.certificates,
            domains,
            needs_tls: inward.needs_tls,
            only_from: inward.only_from,
            account: inward.account,
        }),
        _ => return Err(corrupt()),
    };
    Ok(Connector { id, position, name, enabled, way })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(all: &[&str]) -> Vec<String> {
        all.iter().map(|text| (*text).to_owned()).collect()
    }

    fn out(domains: &[&str], relay: Option<&str>) -> Out {
        Out {
            domains: texts(domains),
            relay: relay.map(str::to_owned),
            encryption: Encryption::Required,
            credentials: None,
            source: None,
        }
    }

    fn inward() -> In {
        In { networks: networks(&texts(&["192.0.2.0/24"])).unwrap(), needs_tls: true, ..In::default() }
    }

    #[test]
    fn domains_are_matched_as_routes_match_them() {
        let out = checked_out(out(&["Partner.example.", "*.ir", "bücher.example"], Some("relay.example:587"))).unwrap();
        for (domain, is_its) in [
            ("partner.example", true),
            ("mail.partner.example", false),
            ("shop.ir", true),
            ("ir", false),
            ("xn--bcher-kva.example", true),
            ("other.example", false),
        ] {
            assert_eq!(out.has_domain(domain), is_its, "{domain}");
        }
        assert!(checked_out(super::Out { domains: texts(&["*"]), ..out }).unwrap().has_domain("any.example"));
    }

    #[test]
    fn partners_are_known_by_network_or_certificate() {
        let print = "AB:".repeat(31) + "cd";
        let known = checked_in(In { certificates: vec![print], ..inward() }).unwrap();
        let shown = "ab".repeat(31) + "cd";
        assert!(known.knows("192.0.2.9".parse().unwrap(), None));
        assert!(known.knows("198.51.100.1".parse().unwrap(), Some(&shown)));
        assert!(!known.knows("198.51.100.1".parse().unwrap(), Some("00")));
    }

    #[test]
    fn connectors_that_cannot_be_say_so() {
        let password = |text: &str| Some(("me".to_owned(), Secret::new(text.to_owned())));
        for (wrong, expected) in [
            (out(&[], None), "domains"),
            (out(&["a b"], None), "a b"),
            (out(&["*"], Some("host:port")), "relay"),
            (Out { credentials: password(""), ..out(&["*"], Some("relay.example")) }, "user and password"),
            (Out { credentials: password("x"), ..out(&["*"], None) }, "need a relay"),
        ] {
            let error = checked_out(wrong).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        for (wrong, expected) in [
            (In { needs_tls: false, ..inward() }, "says nothing"),
            (In { only_from: true, ..inward() }, "domains"),
            (In { networks: Vec::new(), ..inward() }, "networks"),
            (In { certificates: texts(&["12"]), ..inward() }, "fingerprint"),
            (In { networks: Vec::new(), domains: texts(&["*"]), account: Some(1), ..inward() }, "networks"),
        ] {
            let error = checked_in(wrong).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        for (network, expected) in [("x", "no network"), ("0.0.0.0/0", "too large"), ("::/3", "too large")] {
            assert!(networks(&texts(&[network])).unwrap_err().to_string().contains(expected), "{network}");
        }
    }
}
