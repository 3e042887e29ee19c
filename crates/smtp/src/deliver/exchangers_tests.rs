use std::collections::HashMap;
use std::net::{Ipv4Addr, Ipv6Addr};

use async_trait::async_trait;
use env::SeededEntropy;

use super::*;
use crate::deliver::route::Relay;

/// Names with their MX and address records; "?" in a name means that DNS fails.
#[derive(Default)]
struct Zone {
    mx: HashMap<&'static str, Vec<(u16, &'static str)>>,
    addresses: HashMap<&'static str, Vec<&'static str>>,
}

impl Zone {
    fn look<T: Clone>(table: &HashMap<&'static str, T>, name: &str) -> Result<T, DnsError> {
        if name.contains('?') {
            return Err(DnsError::Temporary { name: name.to_owned(), cause: "timed out".to_owned() });
        }
        table.get(name).cloned().ok_or_else(|| DnsError::NotFound { name: name.to_owned() })
    }

    fn family<A: std::str::FromStr>(&self, name: &str) -> Result<Vec<A>, DnsError> {
        let addresses: Vec<A> =
            Self::look(&self.addresses, name)?.iter().filter_map(|text| text.parse().ok()).collect();
        if addresses.is_empty() { Err(DnsError::NotFound { name: name.to_owned() }) } else { Ok(addresses) }
    }
}

#[async_trait]
impl Resolver for Zone {
    async fn mx(&self, name: &str) -> Result<Vec<Mx>, DnsError> {
        let records = Self::look(&self.mx, name)?;
        Ok(records.into_iter().map(|(preference, host)| Mx { preference, exchange: host.to_owned() }).collect())
    }
    async fn ipv4(&self, name: &str) -> Result<Vec<Ipv4Addr>, DnsError> {
        self.family(name)
    }
    async fn ipv6(&self, name: &str) -> Result<Vec<Ipv6Addr>, DnsError> {
        self.family(name)
    }
    async fn txt(&self, name: &str) -> Result<Vec<String>, DnsError> {
        Err(DnsError::NotFound { name: name.to_owned() })
    }
    async fn ptr(&self, address: IpAddr) -> Result<Vec<String>, DnsError> {
        Err(DnsError::NotFound { name: address.to_string() })
    }
}

async fn find(zone: &Zone, domain: &str, way: &Way) -> Result<Vec<String>, NoExchanger> {
    let finder = Finder { dns: zone, entropy: &SeededEntropy::new(1), hostname: "us.example", port: 25 };
    let found = finder.find(domain, way).await?;
    Ok(found
        .into_iter()
        .map(|it| format!("{} {}", it.host, it.addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")))
        .collect())
}

fn zone() -> Zone {
    let mut zone = Zone::default();
    zone.mx.insert("a.example", vec![(20, "mx2.example"), (10, "mx1.example")]);
    zone.mx.insert("null.example", vec![(0, "")]);
    zone.mx.insert("loop.example", vec![(10, "us.example"), (20, "mx2.example")]);
    zone.mx.insert("backup.example", vec![(5, "mx1.example"), (10, "us.example"), (20, "mx2.example")]);
    zone.mx.insert("dead.example", vec![(10, "gone.example")]);
    zone.mx.insert("half.example", vec![(10, "?.example"), (20, "mx2.example")]);
    zone.mx.insert("wait.example", vec![(10, "?.example")]);
    zone.addresses.insert("mx1.example", vec!["192.0.2.1", "2001:db8::1", "192.0.2.11"]);
    zone.addresses.insert("mx2.example", vec!["192.0.2.2"]);
    zone.addresses.insert("plain.example", vec!["192.0.2.3"]);
    zone
}

#[tokio::test]
async fn exchangers_come_in_order_with_both_families() {
    let (zone, way) = (zone(), Way::default());
    for (domain, expected) in [
        ("a.example", &["mx1.example [2001:db8::1]:25 192.0.2.1:25 192.0.2.11:25", "mx2.example 192.0.2.2:25"][..]),
        ("plain.example", &["plain.example 192.0.2.3:25"]),
        ("backup.example", &["mx1.example [2001:db8::1]:25 192.0.2.1:25 192.0.2.11:25"]),
        ("half.example", &["mx2.example 192.0.2.2:25"]),
        ("[192.0.2.9]", &["[192.0.2.9] 192.0.2.9:25"]),
        ("[IPv6:2001:db8::9]", &["[IPv6:2001:db8::9] [2001:db8::9]:25"]),
    ] {
        assert_eq!(find(&zone, domain, &way).await.unwrap(), expected, "{domain}");
    }
}

#[tokio::test]
async fn domains_without_a_server_say_why() {
    let (zone, way) = (zone(), Way::default());
    let domain = |domain: &str| domain.to_owned();
    for (asked, expected) in [
        ("null.example", NoExchanger::NullMx { domain: domain("null.example") }),
        ("loop.example", NoExchanger::Ourselves { domain: domain("loop.example") }),
        ("dead.example", NoExchanger::NotFound { domain: domain("dead.example") }),
        ("none.example", NoExchanger::NotFound { domain: domain("none.example") }),
    ] {
        assert_eq!(find(&zone, asked, &way).await.unwrap_err(), expected, "{asked}");
    }
    for asked in ["wait.example", "x?.example"] {
        assert!(matches!(find(&zone, asked, &way).await, Err(NoExchanger::Dns(DnsError::Temporary { .. }))), "{asked}");
    }
}

#[tokio::test]
async fn a_relay_goes_before_exchangers() {
    let relay = Relay { host: "mx2.example".to_owned(), port: 587, credentials: None };
    let way = Way { relay: Some(relay), ..Way::default() };
    assert_eq!(find(&zone(), "null.example", &way).await.unwrap(), ["mx2.example 192.0.2.2:587"]);
}
