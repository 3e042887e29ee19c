//! Asking the lists.

use std::net::{IpAddr, Ipv4Addr};

use env::dns::{DnsError, Resolver};

use super::lists::{Blocklist, ListKind};

/// Questions without an answer, one after the other, after which a list is asked no more in this look.
const SILENCES_MAX: usize = 3;

/// Letters that are kept of what a list says.
const SAID_LETTERS_MAX: usize = 500;

env::words! {
    /// How a list answered.
    Answered "state of a list" allowed "well, silent, refuses, lists-all" {
        /// As a list does.
        Well = "well",
        /// Not at all, or not to the end.
        Silent = "silent",
        /// It says that it does not answer whoever asks by this resolver.
        Refuses = "refuses",
        /// It lists what no list may (RFC 5782 section 5): it has died, or answers everything alike.
        ListsAll = "lists-all",
    }
}

/// What was seen of one of our addresses or domains on one list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The address or domain.
    pub object: String,
    /// What the list answers, and what it says of that; none if it does not list it.
    pub listed: Option<(Vec<Ipv4Addr>, String)>,
}

/// Asks one list about all that is ours; gives how it answered, and what of it is known now. What a list does not tell stays as it was.
pub async fn ask(
    dns: &dyn Resolver,
    list: &Blocklist,
    addresses: &[IpAddr],
    domains: &[String],
) -> (Answered, Vec<Seen>) {
    let (never, objects): (String, Vec<(String, String)>) = match list.kind {
        ListKind::Addresses => {
            let objects = addresses.iter().map(|address| (address.to_string(), reversed(*address)));
            (reversed(IpAddr::V4(Ipv4Addr::LOCALHOST)), objects.collect())
        }
        ListKind::Domains => ("invalid".to_owned(), domains.iter().map(|name| (name.clone(), name.clone())).collect()),
    };
    match look_up(dns, &never, &list.zone).await {
        Ok(Some(_)) => return (Answered::ListsAll, Vec::new()),
        Ok(None) => {}
        Err(why) => return (why, Vec::new()),
    }
    let (mut seen, mut silences, mut any) = (Vec::new(), 0, false);
    for (object, label) in objects {
        match look_up(dns, &label, &list.zone).await {
            Ok(listed) => {
                silences = 0;
                seen.push(Seen { object, listed });
            }
            Err(Answered::Refuses) => return (Answered::Refuses, seen),
            Err(_) => {
                (silences, any) = (silences + 1, true);
                if silences == SILENCES_MAX {
                    break;
                }
            }
        }
    }
    (if any { Answered::Silent } else { Answered::Well }, seen)
}

/// What the list has of a name; an answer that is none says why.
async fn look_up(dns: &dyn Resolver, label: &str, zone: &str) -> Result<Option<(Vec<Ipv4Addr>, String)>, Answered> {
    let name = format!("{label}.{zone}");
    let answers = match dns.ipv4(&name).await {
        Ok(answers) => answers,
        Err(DnsError::NotFound { .. }) => return Ok(None),
        Err(DnsError::Temporary { .. }) => return Err(Answered::Silent),
    };
    if answers.iter().any(|answer| answer.octets().starts_with(&[127, 255, 255])) {
        return Err(Answered::Refuses);
    }
    // Anything else than loopback is a list that has died and been taken over (RFC 5782 section 2.1).
    if !answers.iter().any(Ipv4Addr::is_loopback) {
        return Err(Answered::ListsAll);
    }
    let said = dns.txt(&name).await.unwrap_or_default().join(" ");
    let said = said.chars().map(|c| if c.is_control() { ' ' } else { c }).take(SAID_LETTERS_MAX).collect();
    Ok(Some((answers, said)))
}

/// The address's octets or half octets, last first (RFC 5782 sections 2.1 and 2.4).
fn reversed(address: IpAddr) -> String {
    let labels: Vec<String> = match address.to_canonical() {
        IpAddr::V4(address) => address.octets().iter().rev().map(u8::to_string).collect(),
        IpAddr::V6(address) => {
            let halves = address.octets().into_iter().rev().flat_map(|octet| [octet & 15, octet >> 4]);
            halves.map(|half| format!("{half:x}")).collect()
        }
    };
    labels.join(".")
}

#[cfg(test)]
mod tests {
    use resolver::fixed::{FixedResolver, Record};

    use super::*;

    fn list(kind: ListKind) -> Blocklist {
        Blocklist { zone: "bl.example".to_owned(), kind, link: None }
    }

    fn code(text: &str) -> Record {
        Record::Address(text.parse().unwrap())
    }

    const OURS: [&str; 2] = ["192.0.2.7", "2001:db8::1"];
    const SIX: &str = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.bl.example";

    async fn of_addresses(dns: &FixedResolver) -> (Answered, Vec<Seen>) {
        let addresses: Vec<IpAddr> = OURS.iter().map(|text| text.parse().unwrap()).collect();
        ask(dns, &list(ListKind::Addresses), &addresses, &[]).await
    }

    #[tokio::test]
    async fn what_is_listed_comes_with_what_the_list_says() {
        let dns = FixedResolver::default()
            .with("7.2.0.192.bl.example", code("127.0.0.3"))
            .with("7.2.0.192.bl.example", Record::Txt("spam seen\nhttps://bl.example/7".to_owned()));
        let (answered, seen) = of_addresses(&dns).await;
        assert_eq!(answered, Answered::Well);
        let listed = (vec![Ipv4Addr::new(127, 0, 0, 3)], "spam seen https://bl.example/7".to_owned());
        assert_eq!(
            seen,
            [
                Seen { object: OURS[0].to_owned(), listed: Some(listed) },
                Seen { object: OURS[1].to_owned(), listed: None }
            ]
        );
        let six = dns.with(SIX, code("127.0.0.2"));
        assert!(of_addresses(&six).await.1[1].listed.is_some());
        let dns = FixedResolver::default().with("trade.test.bl.example", code("127.0.1.2"));
        let (_, seen) = ask(&dns, &list(ListKind::Domains), &[], &["trade.test".to_owned()]).await;
        assert!(seen[0].listed.is_some());
    }

    #[tokio::test]
    async fn a_list_that_is_none_says_nothing_of_us() {
        for (name, answer, wanted) in [
            ("1.0.0.127.bl.example", "127.0.0.2", Answered::ListsAll),
            ("1.0.0.127.bl.example", "127.255.255.254", Answered::Refuses),
            ("7.2.0.192.bl.example", "127.255.255.252", Answered::Refuses),
        ] {
            let dns = FixedResolver::default().with(name, code(answer));
            assert_eq!(of_addresses(&dns).await, (wanted, Vec::new()), "{name} {answer}");
        }
        let silent = FixedResolver::default().with("7.2.0.192.bl.example", Record::Silent);
        let (answered, seen) = of_addresses(&silent).await;
        assert_eq!((answered, seen.len()), (Answered::Silent, 1), "of the other one it tells");
        let taken_over = FixedResolver::default().with("7.2.0.192.bl.example", code("203.0.113.1"));
        let (_, seen) = of_addresses(&taken_over).await;
        assert!(seen.iter().all(|one| one.listed.is_none()), "{seen:?}");
    }
}
