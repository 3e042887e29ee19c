//! Lists in DNS of domains that bad links lead to (URIBL), asked through our own resolver (RFC 5782 section 2.3), which keeps the answers.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use env::dns::{DnsError, Resolver};
use env::{Clock, Timestamp};
use filter::{Asked, Facts, Finding, Layer, Signal};
use futures_util::future::join_all;
use parking_lot::Mutex;

use crate::Never;
use crate::finding::finding;

/// Weight where the setting gives none.
const LISTED_WEIGHT: f32 = 3.0;

/// Domains of one message that are asked about.
const DOMAINS_MAX: usize = 16;

/// Lists that are asked.
const LISTS_MAX: usize = 20;

/// Longest wait for one answer.
const ANSWER_WAIT: Duration = Duration::from_secs(3);

/// Messages without any answer, one after the other, after which a list is left alone, and for how long.
const SILENCES_MAX: u32 = 3;
const LEFT_ALONE: Duration = Duration::from_secs(60);

/// A list.
#[derive(Debug, Clone, PartialEq)]
pub struct LinkList {
    zone: String,
    weight: f32,
}

impl LinkList {
    /// Reads `zone` or `zone=weight`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (zone, weight) = match text.split_once('=') {
            Some((zone, weight)) => (zone, weight.trim().parse().ok()?),
            None => (text, LISTED_WEIGHT),
        };
        let zone = mail::domain::canonical(zone.trim()).ok().filter(|zone| !zone.starts_with('['))?;
        (0.0..=10.0).contains(&weight).then_some(Self { zone, weight })
    }
}

/// All lists, as a layer.
pub struct LinkLists {
    lists: Vec<(LinkList, Mutex<Silence>)>,
    dns: Arc<dyn Resolver>,
    clock: Arc<dyn Clock>,
    never: Arc<Never>,
}

/// Since when a list does not answer.
#[derive(Debug, Default)]
struct Silence {
    count: u32,
    until: Option<Timestamp>,
}

/// What a list says of a domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Listed,
    Unlisted,
    /// No answer, or that it refuses to answer us.
    None,
}

/// A domain of the message, and what it is there.
struct Named<'a> {
    domain: &'a str,
    signal: Signal,
}

impl LinkLists {
    /// Lists as the settings have them; those that cannot be read are left out, as the settings have been checked.
    #[must_use]
    pub fn new(texts: &[String], dns: Arc<dyn Resolver>, clock: Arc<dyn Clock>, never: Arc<Never>) -> Self {
        let lists = texts.iter().filter_map(|text| LinkList::parse(text)).take(LISTS_MAX);
        Self { lists: lists.map(|list| (list, Mutex::default())).collect(), dns, clock, never }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lists.is_empty()
    }

    /// What one list finds.
    async fn ask(&self, (list, silence): &(LinkList, Mutex<Silence>), named: &[Named<'_>]) -> Vec<Finding> {
        let now = self.clock.now();
        if silence.lock().until.is_some_and(|until| now < until) {
            return vec![unasked(list)];
        }
        let answers = join_all(named.iter().map(|one| self.answer(list, one.domain))).await;
        if answers.iter().all(|answer| *answer == Answer::None) {
            let mut silence = silence.lock();
            silence.count += 1;
            if silence.count >= SILENCES_MAX {
                tracing::warn!(zone = list.zone, "a list of links does not answer us and is left alone for a while");
                *silence = Silence { count: SILENCES_MAX - 1, until: Some(now.plus(LEFT_ALONE)) };
            }
            return vec![unasked(list)];
        }
        *silence.lock() = Silence::default();
        // One finding of each kind: ten links to one bad house are one house.
        let first = |signal: Signal| {
            let mut listed =
                named.iter().zip(&answers).filter(|(one, answer)| one.signal == signal && **answer == Answer::Listed);
            listed.next().map(|(one, _)| (signal, one.domain))
        };
        let id = |signal| if signal == Signal::Link { "listed-link" } else { "listed-sender" };
        let of = |(signal, domain): (Signal, &str)| {
            finding(id(signal), signal, (list.weight, list.weight), &format!("{domain} ({})", list.zone))
        };
        [first(Signal::Link), first(Signal::Sender)].into_iter().flatten().map(of).collect()
    }

    async fn answer(&self, list: &LinkList, domain: &str) -> Answer {
        let name = format!("{domain}.{}", list.zone);
        match tokio::time::timeout(ANSWER_WAIT, self.dns.ipv4(&name)).await {
            Ok(Ok(codes)) if codes.iter().copied().any(is_listing) => Answer::Listed,
            Ok(Err(DnsError::NotFound { .. })) => Answer::Unlisted,
            _ => Answer::None,
        }
    }
}

/// Whether an answer says "listed": in 127.0.0.0/8, and not among those by which lists say that they refuse to answer: 127.0.0.1,
/// 127.255.255.x, and x.x.x.255 where a question was not meant for the list. An answer from elsewhere is a list that has died and been taken over.
fn is_listing(answer: Ipv4Addr) -> bool {
    let [first, second, third, last] = answer.octets();
    first == 127 && (second, third) != (255, 255) && answer != Ipv4Addr::LOCALHOST && last != 255
}

fn unasked(list: &LinkList) -> Finding {
    finding("list-silent", Signal::Link, (0.0, 0.0), &list.zone)
}

/// Domains that are worth a question.
fn named<'a>(facts: &'a Facts, never: &Never) -> Vec<Named<'a>> {
    let inside = facts.inside.iter().flat_map(|inside| &inside.links);
    let links = facts.links.iter().chain(inside).filter(|link| !link.is_numeric_host);
    let links = links.map(|link| Named { domain: &link.domain, signal: Signal::Link });
    let senders = [&facts.from, &facts.reply_to].into_iter().flatten();
    let senders = senders.map(|sender| Named { domain: sender.domain.as_str(), signal: Signal::Sender });
    let mut all: Vec<Named<'_>> = Vec::new();
    for one in senders.chain(links) {
        let is_name = one.domain.is_ascii() && one.domain.contains('.') && !never.protects(one.domain);
        if is_name && all.len() < DOMAINS_MAX && !all.iter().any(|other| other.domain == one.domain) {
            all.push(one);
        }
    }
    all
}

#[async_trait]
impl Layer for LinkLists {
    fn name(&self) -> &'static str {
        "link-lists"
    }

    fn time_max(&self) -> Duration {
        ANSWER_WAIT + Duration::from_secs(1)
    }

    async fn look(&self, asked: Asked<'_>) -> Vec<Finding> {
        let named = named(asked.facts, &self.never);
        if named.is_empty() {
            return Vec::new();
        }
        join_all(self.lists.iter().map(|list| self.ask(list, &named))).await.concat()
    }
}

#[cfg(test)]
mod tests {
    use env::ManualClock;
    use filter::Received;
    use resolver::fixed::{FixedResolver, Record};

    use super::*;

    const MAIL: &[u8] =
        b"From: a@bad.example\r\nSubject: x\r\n\r\nhttp://www.evil.example/a http://honest.example/ https://google.com/ http://192.0.2.1/\r\n";

    async fn found(lists: &LinkLists) -> Vec<(String, String)> {
        let facts = Facts::read(Received { raw: MAIL, ..Received::default() });
        let asked = Asked { facts: &facts, raw: MAIL, organisation: 1, envelope_from: "", client: None };
        lists.look(asked).await.into_iter().map(|finding| (finding.id, finding.evidence)).collect()
    }

    fn lists(texts: &[&str], resolver: FixedResolver, clock: &Arc<ManualClock>) -> LinkLists {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        LinkLists::new(&texts, Arc::new(resolver), Arc::clone(clock) as Arc<dyn Clock>, Arc::new(Never::new([""; 0])))
    }

    fn address(text: &str) -> Record {
        Record::Address(text.parse().unwrap())
    }

    fn clock() -> Arc<ManualClock> {
        Arc::new(ManualClock::at(Timestamp::from_seconds(1_800_000_000)))
    }

    #[tokio::test]
    async fn listed_domains_are_found_by_what_they_are() {
        let resolver = FixedResolver::default()
            .with("evil.example.uribl.example", address("127.0.0.2"))
            .with("bad.example.uribl.example", address("127.0.1.4"))
            // Nobody is asked about what everybody uses.
            .with("google.com.uribl.example", address("127.0.0.2"));
        let found = found(&lists(&["uribl.example=4"], resolver, &clock())).await;
        let expected =
            [("listed-link", "evil.example (uribl.example)"), ("listed-sender", "bad.example (uribl.example)")];
        assert_eq!(found, expected.map(|(id, evidence)| (id.to_owned(), evidence.to_owned())));
    }

    #[tokio::test]
    async fn a_refusal_and_a_taken_over_list_are_no_hits() {
        for code in ["127.0.0.1", "127.255.255.254", "127.0.1.255", "192.0.2.1"] {
            let resolver = FixedResolver::default().with("evil.example.uribl.example", address(code));
            assert_eq!(found(&lists(&["uribl.example"], resolver, &clock())).await, [], "{code}");
        }
    }

    #[tokio::test]
    async fn a_silent_list_is_told_and_left_alone() {
        let clock = clock();
        let silent =
            |resolver: FixedResolver, host: &str| resolver.with(&format!("{host}.uribl.example"), Record::Silent);
        let resolver = ["evil.example", "bad.example", "honest.example"]
            .iter()
            .fold(FixedResolver::default(), |resolver, host| silent(resolver, host));
        let lists = lists(&["uribl.example"], resolver, &clock);
        for _ in 0..5 {
            assert_eq!(found(&lists).await, [("list-silent".to_owned(), "uribl.example".to_owned())]);
        }
        assert!(lists.lists[0].1.lock().until.is_some());
        clock.advance(LEFT_ALONE);
        assert!(lists.lists[0].1.lock().until.is_none_or(|until| clock.now() >= until));
    }

    #[test]
    fn lists_of_settings() {
        assert_eq!(LinkList::parse(" DBL.example=2.5").unwrap(), LinkList { zone: "dbl.example".into(), weight: 2.5 });
        assert!(["=2", "a.example=x", "a.example=99", ""].iter().all(|text| LinkList::parse(text).is_none()));
    }
}
