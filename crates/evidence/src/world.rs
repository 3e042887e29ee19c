//! Looks at what the world sees of us: DNS records of our domains and of our host.

use std::net::IpAddr;

use env::dns::{DnsError, Resolver};
use mailauth::mta_sts;
use signing::{Key, KeyState};

use crate::sight::{Sight, SightState};

/// Domains that one look goes through; more are left for the next.
pub const DOMAINS_MAX: usize = 500;

/// The kind of what is seen of a key's record.
const DKIM: &str = "DKIM";

/// The kind of what is seen of our policy.
const POLICY: &str = "MTA-STS policy";

/// The records that a domain must show: kind and name.
pub(crate) fn records_of(domain: &str) -> Vec<(&'static str, String)> {
    let mut all = vec![("MX", domain.to_owned())];
    all.extend(texts_of(domain).map(|(kind, name, _)| (kind, name)));
    all
}

/// Of them, those that are texts: with how they begin.
fn texts_of(domain: &str) -> impl Iterator<Item = (&'static str, String, &'static str)> {
    [
        ("SPF", domain.to_owned(), "v=spf1"),
        ("DMARC", format!("_dmarc.{domain}"), "v=DMARC1"),
        ("MTA-STS", format!("_mta-sts.{domain}"), "v=STSv1"),
        ("TLS-RPT", format!("_smtp._tls.{domain}"), "v=TLSRPTv1"),
    ]
    .into_iter()
}

/// Whether it was seen of a key of the domain, or of its policy.
pub(crate) fn is_below(sight: &Sight, domain: &str) -> bool {
    match sight.kind.as_str() {
        DKIM => sight.object == domain || sight.object.rsplit_once("._domainkey.").is_some_and(|(_, of)| of == domain),
        POLICY => sight.object == mta_sts::record_name(domain),
        _ => false,
    }
}

/// All that is seen of `domain`: its records, the number of our policy `policy`, and the records of its `keys`.
pub async fn domain(dns: &dyn Resolver, domain: &str, hostname: &str, policy: &str, keys: &[Key]) -> Vec<Sight> {
    let mut sights = records(dns, domain, hostname).await;
    sights.extend(announced(dns, domain, policy).await);
    sights.extend(self::keys(dns, domain, keys).await);
    sights
}

async fn records(dns: &dyn Resolver, domain: &str, hostname: &str) -> Vec<Sight> {
    let mx = match dns.mx(domain).await {
        Ok(records) if records.iter().any(|mx| mx.exchange.eq_ignore_ascii_case(hostname)) => SightState::Sound,
        Ok(_) | Err(DnsError::NotFound { .. }) => SightState::Wrong,
        Err(DnsError::Temporary { .. }) => SightState::Unknown,
    };
    let mut sights = vec![Sight::new("MX", domain, mx, "")];
    for (kind, name, begins) in texts_of(domain) {
        let (state, found) = match dns.txt(&name).await {
            Ok(records) => match records.into_iter().find(|record| record.starts_with(begins)) {
                Some(record) => (SightState::Sound, record),
                None => (SightState::Wrong, String::new()),
            },
            Err(DnsError::NotFound { .. }) => (SightState::Wrong, String::new()),
            Err(DnsError::Temporary { .. }) => (SightState::Unknown, String::new()),
        };
        sights.push(Sight::new(kind, name, state, found));
    }
    sights
}

/// Whether the domain announces the policy that we serve, if it announces one (RFC 8461 section 3.1).
async fn announced(dns: &dyn Resolver, domain: &str, id: &str) -> Option<Sight> {
    let name = mta_sts::record_name(domain);
    let announced = mta_sts::policy_id(&dns.txt(&name).await.ok()?)?;
    let state = if announced == id { SightState::Sound } else { SightState::Wrong };
    Some(Sight::new(POLICY, name, state, announced))
}

/// The keys of `domain` with what DNS shows of each; a domain without one that signs sends unsigned.
async fn keys(dns: &dyn Resolver, domain: &str, keys: &[Key]) -> Vec<Sight> {
    let of_domain: Vec<&Key> = keys.iter().filter(|key| key.domain == domain).collect();
    let mut sights = Vec::new();
    if !of_domain.iter().any(|key| key.state == KeyState::Signing) {
        sights.push(Sight::new(DKIM, domain, SightState::Wrong, "no key signs"));
    }
    for key in of_domain {
        sights.push(record_of(dns, &key.name(), &key.record, key.state.word()).await);
    }
    sights
}

async fn record_of(dns: &dyn Resolver, name: &str, record: &str, state: &str) -> Sight {
    let wanted = public_part(record);
    let found = match dns.txt(name).await {
        Ok(texts) if texts.iter().any(|text| public_part(text) == wanted) => SightState::Sound,
        // A revoked key's record may also be gone.
        Err(DnsError::NotFound { .. }) if wanted.is_empty() => SightState::Sound,
        Ok(_) | Err(DnsError::NotFound { .. }) => SightState::Wrong,
        Err(DnsError::Temporary { .. }) => SightState::Unknown,
    };
    Sight::new(DKIM, name, found, state)
}

/// The public key in a record; empty if it is revoked.
fn public_part(record: &str) -> String {
    let value = record.split(';').filter_map(|tag| tag.split_once('=')).find(|(name, _)| name.trim() == "p");
    value.map(|(_, value)| value.chars().filter(|c| !c.is_ascii_whitespace()).collect()).unwrap_or_default()
}

/// The server's own name: addresses, and their way back.
pub async fn host(dns: &dyn Resolver, hostname: &str) -> Vec<Sight> {
    let four = dns.ipv4(hostname).await.map(|found| found.into_iter().map(IpAddr::V4).collect::<Vec<_>>());
    let six = dns.ipv6(hostname).await.map(|found| found.into_iter().map(IpAddr::V6).collect::<Vec<_>>());
    let failed = matches!((&four, &six), (Err(DnsError::Temporary { .. }), _) | (_, Err(DnsError::Temporary { .. })));
    let addresses: Vec<IpAddr> = four.into_iter().chain(six).flatten().collect();
    if addresses.is_empty() {
        let state = if failed { SightState::Unknown } else { SightState::Wrong };
        return vec![Sight::new("address", hostname, state, "")];
    }
    let told = addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let mut sights = vec![Sight::new("address", hostname, SightState::Sound, told)];
    for address in addresses {
        let state = match dns.ptr(address).await {
            Ok(names) if names.iter().any(|name| name.eq_ignore_ascii_case(hostname)) => SightState::Sound,
            Ok(_) | Err(DnsError::NotFound { .. }) => SightState::Wrong,
            Err(DnsError::Temporary { .. }) => SightState::Unknown,
        };
        sights.push(Sight::new("reverse DNS", address.to_string(), state, ""));
    }
    sights
}

#[cfg(test)]
mod tests {
    use env::Timestamp;
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
        let sights = domain(&dns, "a.example", "mail.a.example", "1", &[]).await;
        let states: Vec<(&str, SightState)> = sights.iter().map(|it| (it.kind.as_str(), it.state)).collect();
        assert_eq!(
            states[..3],
            [("MX", SightState::Sound), ("SPF", SightState::Sound), ("DMARC", SightState::Unknown)]
        );
        assert_eq!(
            states[3..],
            [("MTA-STS", SightState::Wrong), ("TLS-RPT", SightState::Wrong), ("DKIM", SightState::Wrong)]
        );
        assert!(host(&dns, "mail.a.example").await.iter().all(|it| it.state == SightState::Sound));
        assert_eq!(host(&dns, "gone.example").await[0].state, SightState::Wrong);
    }

    #[tokio::test]
    async fn keys_are_compared_with_dns() {
        let dns = FixedResolver::default()
            .with("tw1._domainkey.a.example", Record::Txt("v=DKIM1; p=AAA A".to_owned()))
            .with("tw2._domainkey.a.example", Record::Txt("v=DKIM1; p=other".to_owned()))
            .with("tw3._domainkey.a.example", Record::Txt("v=DKIM1; p=old".to_owned()))
            .with("tw5._domainkey.a.example", Record::Silent);
        let key = |selector: &str, state: KeyState, public: &str| Key {
            domain: "a.example".to_owned(),
            selector: selector.to_owned(),
            kind: mailauth::KeyKind::Rsa,
            state,
            record: format!("v=DKIM1; k=rsa; p={public}"),
            created: Timestamp::from_seconds(0),
            changed: Timestamp::from_seconds(0),
            remove_after: None,
        };
        let all = [
            key("tw1", KeyState::Signing, "AAAA"),
            key("tw2", KeyState::Waiting, "BBBB"),
            key("tw3", KeyState::Retired, ""),
            key("tw4", KeyState::Retired, ""),
            key("tw5", KeyState::Signing, "CCCC"),
        ];
        let sights = keys(&dns, "a.example", &all).await;
        let states: Vec<SightState> = sights.iter().map(|it| it.state).collect();
        use SightState::{Sound, Unknown, Wrong};
        assert_eq!(states, [Sound, Wrong, Wrong, Sound, Unknown]);
        assert!(sights.iter().all(|sight| is_below(sight, "a.example") && !is_below(sight, "example")));
        assert_eq!(keys(&dns, "b.example", &all).await.len(), 1);
    }
}
