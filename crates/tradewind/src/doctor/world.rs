//! What the world sees: DNS records, reverse names, port 25 outward.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use env::dns::{DnsError, Resolver, Tlsa};
use mailauth::mta_sts;
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

/// The server's own name: addresses, and their way back.
pub(super) async fn host(dns: &dyn Resolver, hostname: &str) -> Vec<Finding> {
    let four = dns.ipv4(hostname).await.map(|found| found.into_iter().map(IpAddr::V4).collect::<Vec<_>>());
    let six = dns.ipv6(hostname).await.map(|found| found.into_iter().map(IpAddr::V6).collect::<Vec<_>>());
    let failed = matches!((&four, &six), (Err(DnsError::Temporary { .. }), _) | (_, Err(DnsError::Temporary { .. })));
    let addresses: Vec<IpAddr> = four.into_iter().chain(six).flatten().collect();
    if addresses.is_empty() {
        let state = if failed { State::Unknown } else { State::Wrong };
        return vec![Finding::new("address", hostname, state, "remedy-address")];
    }
    let mut findings = vec![Finding::new("address", hostname, State::Sound, "remedy-address").found(join(&addresses))];
    for address in addresses {
        let finding = match dns.ptr(address).await {
            Ok(names) if names.iter().any(|name| name.eq_ignore_ascii_case(hostname)) => State::Sound,
            Ok(_) | Err(DnsError::NotFound { .. }) => State::Wrong,
            Err(DnsError::Temporary { .. }) => State::Unknown,
        };
        findings.push(Finding::new("reverse DNS", address.to_string(), finding, "remedy-ptr"));
    }
    findings
}

/// The records of a mail domain.
pub(super) async fn domain(dns: &dyn Resolver, domain: &str, hostname: &str) -> Vec<Finding> {
    let mx = match dns.mx(domain).await {
        Ok(records) if records.iter().any(|mx| mx.exchange.eq_ignore_ascii_case(hostname)) => State::Sound,
        Ok(_) | Err(DnsError::NotFound { .. }) => State::Wrong,
        Err(DnsError::Temporary { .. }) => State::Unknown,
    };
    let mut findings = vec![Finding::new("MX", domain, mx, "remedy-mx")];
    for (check, name, begins) in [
        ("SPF", domain.to_owned(), "v=spf1"),
        ("DMARC", format!("_dmarc.{domain}"), "v=DMARC1"),
        ("MTA-STS", format!("_mta-sts.{domain}"), "v=STSv1"),
        ("TLS-RPT", format!("_smtp._tls.{domain}"), "v=TLSRPTv1"),
    ] {
        let state = match dns.txt(&name).await {
            Ok(records) if records.iter().any(|record| record.starts_with(begins)) => State::Sound,
            Ok(_) | Err(DnsError::NotFound { .. }) => State::Wrong,
            Err(DnsError::Temporary { .. }) => State::Unknown,
        };
        findings.push(Finding::new(check, name, state, "remedy-record"));
    }
    findings
}

/// Whether the domain announces the policy that we serve, if it announces one (RFC 8461 section 3.1).
pub(super) async fn policy(dns: &dyn Resolver, domain: &str, id: &str) -> Option<Finding> {
    let name = mta_sts::record_name(domain);
    let announced = mta_sts::policy_id(&dns.txt(&name).await.ok()?)?;
    let state = if announced == id { State::Sound } else { State::Wrong };
    Some(Finding::new("MTA-STS policy", name, state, "remedy-policy").found(announced))
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

fn join(addresses: &[IpAddr]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use env::dns::Mx;
    use resolver::fixed::{FixedResolver, Record};

    use super::*;

    #[tokio::test]
    async fn missing_records_are_wrong_and_silence_is_unknown() {
        let dns = FixedResolver::default()
            .with("a.example", Record::Mx(Mx { preference: 10, exchange: "mail.a.example".to_owned() }))
            .with("a.example", Record::Txt("v=spf1 mx -all".to_owned()))
            .with("_dmarc.a.example", Record::Silent)
            .with("mail.a.example", Record::Address("192.0.2.7".parse().unwrap()))
            .with_ptr("192.0.2.7".parse().unwrap(), "mail.a.example");
        let states: Vec<(&str, State)> =
            domain(&dns, "a.example", "mail.a.example").await.iter().map(|it| (it.check, it.state)).collect();
        assert_eq!(states[..3], [("MX", State::Sound), ("SPF", State::Sound), ("DMARC", State::Unknown)]);
        assert_eq!(states[3], ("MTA-STS", State::Wrong));
        assert!(host(&dns, "mail.a.example").await.iter().all(|it| it.state == State::Sound));
        assert_eq!(host(&dns, "gone.example").await[0].state, State::Wrong);
    }
}
