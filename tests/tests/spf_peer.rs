//! SPF against pyspf, an independent implementation: cases by the grammar of RFC 7208, each judged by both on the same DNS.
//!
//! `TRADEWIND_PEER_CASES` makes another number of them, `TRADEWIND_SEED` others.

#[path = "spf_peer/cases.rs"]
mod cases;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use async_trait::async_trait;
use cases::Case;
use env::Timestamp;
use env::dns::{DnsError, Mx, Resolver};
use harness::{Chance, Outcome, pyspf_verdicts, require};
use mailauth::zone::ZoneFile;
use mailauth::{Question, check_mail_from};
use serde_json::{Value, json};

const CASES: u64 = 3_000;
const SEED: u64 = 7_208;
const RECEIVER: &str = "receiver.test";
/// Unexplained cases that a failure shows.
const SHOWN_MAX: usize = 5;
const NOW: i64 = 1_780_000_000;

/// The zone of a case, and the names under `coin.test` (see [`pyspf_verdicts`]).
struct Names(ZoneFile);

#[async_trait]
impl Resolver for Names {
    async fn mx(&self, name: &str) -> Result<Vec<Mx>, DnsError> {
        self.0.mx(name).await
    }

    async fn ipv4(&self, name: &str) -> Result<Vec<Ipv4Addr>, DnsError> {
        let asked = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        if !asked.ends_with(".coin.test") {
            return self.0.ipv4(name).await;
        }
        let sum: u32 = asked.bytes().map(u32::from).sum();
        if sum.is_multiple_of(2) {
            Ok(vec![Ipv4Addr::new(127, 0, 0, 2)])
        } else {
            Err(DnsError::NotFound { name: asked })
        }
    }

    async fn ipv6(&self, name: &str) -> Result<Vec<Ipv6Addr>, DnsError> {
        self.0.ipv6(name).await
    }

    async fn txt(&self, name: &str) -> Result<Vec<String>, DnsError> {
        self.0.txt(name).await
    }

    async fn ptr(&self, address: IpAddr) -> Result<Vec<String>, DnsError> {
        self.0.ptr(address).await
    }
}

/// Our verdict: the result, and the explanation or nothing.
async fn ours(case: &Case) -> Outcome<(&'static str, String)> {
    let zone = Names(ZoneFile::parse("zone.json", &Value::Object(case.zone.clone()).to_string())?);
    let question = Question {
        client: case.client.parse()?,
        helo: &case.helo,
        mail_from: &case.mail_from,
        receiver: RECEIVER,
        now: Timestamp::from_seconds(NOW),
    };
    let found = check_mail_from(question, &zone).await;
    Ok((found.result.word(), found.explanation.unwrap_or_default()))
}

#[tokio::test]
async fn pyspf_and_we_come_to_the_same_verdicts() -> Outcome {
    require!("python3-spf", "python3-dnspython");
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let (count, seed) = (number("TRADEWIND_PEER_CASES").unwrap_or(CASES), number("TRADEWIND_SEED").unwrap_or(SEED));
    let mut chance = Chance::seeded(seed);
    let mut asked = Vec::new();
    for _ in 0..count {
        let case = cases::make(&mut chance);
        let expected = ours(&case).await?;
        asked.push(json!({
            "client": case.client, "helo": case.helo, "mail_from": case.mail_from, "receiver": RECEIVER, "now": NOW, "zone": case.zone,
            "expected": expected,
        }));
    }
    let asked = Value::Array(asked);
    let theirs = pyspf_verdicts(&asked)?;
    let mut classes: BTreeMap<String, usize> = BTreeMap::new();
    let mut unexplained = Vec::new();
    for (case, theirs) in asked.as_array().into_iter().flatten().zip(&theirs) {
        let result = &case["expected"][0];
        match theirs["departures"].as_array() {
            Some(departures) if departures.is_empty() => *classes.entry(format!("agreed: {result}")).or_default() += 1,
            Some(departures) => {
                for departure in departures {
                    *classes.entry(format!("pyspf departs: {departure}")).or_default() += 1;
                }
                *classes.entry("explained by departures".to_owned()).or_default() += 1;
            }
            None => unexplained.push(format!("{theirs}\n  to {case}")),
        }
    }
    eprintln!("{count} cases of seed {seed}: {classes:#?}");
    let shown = unexplained.get(..unexplained.len().min(SHOWN_MAX)).unwrap_or_default();
    assert!(unexplained.is_empty(), "seed {seed}: {} unexplained, such as\n{}", unexplained.len(), shown.join("\n"));
    Ok(())
}
