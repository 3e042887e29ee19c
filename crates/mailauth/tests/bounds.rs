//! Bounds: memory with very many sender domains, time with name servers that are slow, silent or endless.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "code of tests")]

mod support;

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use env::dns::{DnsError, Mx, Resolver};
use env::{ManualClock, Timestamp};
use mailauth::{ArcResult, AuthenticationSettings, Checker, DmarcResult, Facts, IprevResult, SpfResult};
use support::{Envelope, Key, NOW, Signer};

/// Sender domains that are seen.
const DOMAINS: usize = 10_000;

/// Octets that the process may grow by while it sees them.
const GROWTH_OCTETS_MAX: usize = 16 << 20;

/// Answers for every name that there can be, and counts the questions.
#[derive(Default)]
struct Endless {
    questions: AtomicUsize,
}

#[async_trait]
impl Resolver for Endless {
    async fn mx(&self, name: &str) -> Result<Vec<Mx>, DnsError> {
        self.questions.fetch_add(1, Ordering::Relaxed);
        Ok((0..10).map(|number| Mx { preference: number, exchange: format!("mx{number}.{name}") }).collect())
    }

    async fn ipv4(&self, _: &str) -> Result<Vec<Ipv4Addr>, DnsError> {
        self.questions.fetch_add(1, Ordering::Relaxed);
        Ok(vec![Ipv4Addr::new(203, 0, 113, 1); 10])
    }

    async fn ipv6(&self, name: &str) -> Result<Vec<Ipv6Addr>, DnsError> {
        Err(DnsError::NotFound { name: name.to_owned() })
    }

    async fn txt(&self, name: &str) -> Result<Vec<String>, DnsError> {
        self.questions.fetch_add(1, Ordering::Relaxed);
        Ok(vec![if name.contains("._domainkey.") {
            Key::Ed25519.record()
        } else if name.starts_with("_dmarc.") {
            "v=DMARC1; p=reject".to_owned()
        } else {
            format!("v=spf1 mx a:x.{name} mx:y.{name} exists:%{{i}}.{name} -all exp=why.{name}")
        }])
    }

    async fn ptr(&self, _: IpAddr) -> Result<Vec<String>, DnsError> {
        Ok((0..1000).map(|number| format!("host{number}.example")).collect())
    }
}

/// Answers nothing, ever.
struct Never;

#[async_trait]
impl Resolver for Never {
    async fn mx(&self, _: &str) -> Result<Vec<Mx>, DnsError> {
        std::future::pending().await
    }
    async fn ipv4(&self, _: &str) -> Result<Vec<Ipv4Addr>, DnsError> {
        std::future::pending().await
    }
    async fn ipv6(&self, _: &str) -> Result<Vec<Ipv6Addr>, DnsError> {
        std::future::pending().await
    }
    async fn txt(&self, _: &str) -> Result<Vec<String>, DnsError> {
        std::future::pending().await
    }
    async fn ptr(&self, _: IpAddr) -> Result<Vec<String>, DnsError> {
        std::future::pending().await
    }
}

/// Octets of memory that the process holds.
fn resident() -> usize {
    let statm = fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

async fn check(checker: &Checker, resolver: &dyn Resolver, domain: &str, is_signed: bool) -> Facts {
    let message = format!("From: a@{domain}\r\nTo: you@receiver.example\r\nSubject: x\r\n\r\nbody\r\n");
    let message = if is_signed { Signer { domain, ..Signer::default() }.sign(&message) } else { message };
    let envelope = Envelope { client: "192.0.2.66", helo: domain, mail_from: &format!("a@{domain}") };
    let clock = ManualClock::at(Timestamp::from_seconds(NOW));
    checker.check(message.as_bytes(), envelope.connection(), resolver, &clock).await
}

#[tokio::test]
async fn ten_thousand_domains_do_not_grow_memory() {
    let checker = Checker::new(&AuthenticationSettings::default()).unwrap();
    let resolver = Endless::default();
    for number in 0..200 {
        check(&checker, &resolver, &format!("warm{number}.example"), false).await;
    }
    let before = resident();
    for number in 0..DOMAINS {
        let facts = check(&checker, &resolver, &format!("d{number}.example"), false).await;
        assert_eq!(facts.dmarc.result, DmarcResult::Pass);
    }
    let grown = resident().saturating_sub(before);
    assert!(grown < GROWTH_OCTETS_MAX, "grew by {grown} octets");
}

#[tokio::test]
async fn questions_for_one_message_are_bounded() {
    let checker = Checker::new(&AuthenticationSettings::default()).unwrap();
    let resolver = Endless::default();
    let facts = check(&checker, &resolver, "bank.example", true).await;
    assert_eq!(facts.dmarc.result, DmarcResult::Pass, "{facts:?}");
    // Two SPF checks of at most ten terms with ten addresses each, ten host names, one key, two steps of the walk.
    let asked = resolver.questions.load(Ordering::Relaxed);
    assert!(asked < 100, "{asked} questions");
}

#[tokio::test]
async fn a_silent_name_server_costs_the_deadline_and_never_passes() {
    let settings = AuthenticationSettings { check_seconds: 1, ..AuthenticationSettings::default() };
    let checker = Checker::new(&settings).unwrap();
    let started = Instant::now();
    let facts = check(&checker, &Never, "bank.example", true).await;
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    assert_eq!(facts.iprev.result, IprevResult::TempError);
    assert_eq!((facts.spf_helo.result, facts.spf.result), (SpfResult::TempError, SpfResult::TempError));
    assert_eq!((facts.arc.result, facts.dmarc.result), (ArcResult::TempError, DmarcResult::TempError));
    assert!(facts.is_temporary() && facts.authenticated_domain().is_none());
}

#[tokio::test]
async fn hostile_messages_are_done_in_time() {
    let checker = Checker::new(&AuthenticationSettings::default()).unwrap();
    let body = "a line of a body\r\n".repeat(60_000);
    let lengths: String = (1..2_000)
        .map(|length| {
            format!("DKIM-Signature: v=1; a=rsa-sha256; d=x.example; s=s; h=from; l={length}; bh=YQ==; b=YQ==\r\n")
        })
        .collect();
    let seals: String = (1..=50)
        .map(|set| {
            format!(
                "ARC-Seal: i={set}; a=rsa-sha256; cv={}; d=x.example; s=s; b=YQ==\r\nARC-Message-Signature: i={set}; \
                 a=rsa-sha256; d=x.example; s=s; h=from; bh=YQ==; b=YQ==\r\nARC-Authentication-Results: i={set}; x; none\r\n",
                if set == 1 { "none" } else { "pass" }
            )
        })
        .collect();
    let long_from = format!("From: {}a@bank.example\r\n", "(x) ".repeat(3_000));
    for header in [lengths, seals, "X: y\r\n".repeat(50_000), long_from, "From: a@bank.example\r\n".repeat(20_000)] {
        let message = format!("{header}Subject: x\r\n\r\n{body}");
        let clock = ManualClock::at(Timestamp::from_seconds(NOW));
        let started = Instant::now();
        checker.check(message.as_bytes(), Envelope::default().connection(), &Endless::default(), &clock).await;
        // The unoptimised build takes well under a second for each.
        assert!(started.elapsed() < Duration::from_secs(10), "{:?} for {}", started.elapsed(), &header[..40]);
    }
}
