//! What the world sees beside what evidence looks at: DNSSEC, TLSA records, port 25 outward.

use std::net::SocketAddr;
use std::time::Duration;

use env::dns::{DnsError, Resolver, Tlsa};
use resolver::HickoryResolver;
use tokio::net::TcpStream;

use super::{Finding, State};
use crate::settings::Settings;
use crate::tlsa::{all_tlsa_of, tlsa_name, tlsa_value};

/// Domains whose exchangers are tried to see whether port 25 is open outward; any of them will do.
const OUTWARD: [&str; 2] = ["gmail.com", "qq.com"];

/// Longest wait for a connection outward.
const OUTWARD_WAIT: Duration = Duration::from_secs(10);

pub(super) async fn dnssec(dns: &HickoryResolver) -> Finding {
    match dns.dnssec_works().await {
        Ok(true) => Finding::new("DNSSEC", "resolver", State::Sound, "remedy-dnssec"),
        Ok(false) => Finding::new("DNSSEC", "resolver", State::Wrong, "remedy-dnssec"),
        Err(error) => Finding::new("DNSSEC", "resolver", State::Unknown, "remedy-resolver").found(error.to_string()),
    }
}

/// Whether the zone's TLSA records name our certificate, and the next key if it is made, if the zone has any: mail that heeds them stays away otherwise (RFC 7672).
pub(super) async fn tlsa(dns: &dyn Resolver, settings: &Settings) -> Option<Finding> {
    let name = tlsa_name(&settings.server.hostname);
    let finding = |state, found: String| Some(Finding::new("TLSA", name.clone(), state, "remedy-tlsa").found(found));
    let records = match dns.tlsa(&name).await {
        Ok(records) => records,
        Err(DnsError::NotFound { .. }) => return None,
        Err(error) => return finding(State::Unknown, error.to_string()),
    };
    let own = match all_tlsa_of(settings) {
        Ok(own) => own,
        Err(error) => return finding(State::Unknown, error.to_string()),
    };
    let shown = records.iter().map(tlsa_value).collect::<Vec<_>>().join(", ");
    // Of other forms than the one that we write we cannot tell.
    let is_ours = |record: &Tlsa| (record.usage, record.selector, record.matching) == (3, 1, 1);
    match (own.iter().all(|one| records.contains(one)), records.iter().all(is_ours)) {
        (true, _) => finding(State::Sound, shown),
        (false, true) => finding(State::Wrong, shown),
        (false, false) => finding(State::Unknown, shown),
    }
}

/// Whether mail can leave: many providers close port 25 outward.
pub(super) async fn port_25_outward(dns: &dyn Resolver) -> Finding {
    let finding = |state, found: String| Finding::new("port 25 outward", "25", state, "remedy-outward").found(found);
    let mut last = String::new();
    for name in OUTWARD {
        let address = match first_exchanger(dns, name).await {
            Ok(address) => address,
            Err(error) => {
                last = error.to_string();
                continue;
            }
        };
        match tokio::time::timeout(OUTWARD_WAIT, TcpStream::connect(address)).await {
            Ok(Ok(_)) => return finding(State::Sound, format!("reached {address}")),
            Ok(Err(error)) => last = format!("{address}: {error}"),
            Err(_) => return finding(State::Wrong, format!("{address}: no answer")),
        }
    }
    finding(State::Unknown, last)
}

async fn first_exchanger(dns: &dyn Resolver, name: &str) -> Result<SocketAddr, DnsError> {
    let missing = || DnsError::NotFound { name: name.to_owned() };
    let mx = dns.mx(name).await?.into_iter().next().ok_or_else(missing)?;
    let address = dns.ipv4(&mx.exchange).await?.into_iter().next().ok_or_else(missing)?;
    Ok(SocketAddr::new(address.into(), 25))
}
