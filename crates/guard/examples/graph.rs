//! How long a graph and a ledger take to build from a long history, how long one look-up takes, and the memory: in memory as a replay
//! has them. `cargo run --release -p tradewind-guard --example graph -- 1000000`

use std::time::Instant;

use env::Timestamp;
use filter::{Facts, Received};
use guard::knowledge::{Job, Own, OwnPerson};
use guard::rows::Memory;
use guard::signals::lookalike::DomainIndex;
use guard::{Direction, Directory, Lesson, Read, know, learn};

/// Partners, each with some people.
const PARTNERS: u64 = 20_000;

/// Messages of one thread.
const THREAD: u64 = 6;

fn message(n: u64) -> (String, Direction) {
    let (thread, step) = (n / THREAD, n % THREAD);
    let partner = (thread * 7_919) % PARTNERS;
    let (domain, person) = (format!("partner{partner:05}-works.example"), thread % 4);
    let theirs = format!("Person {person} Of{partner} <person{person}@{domain}>");
    let ours = format!("Seller {} <seller{}@own.example>", thread % 30, thread % 30);
    let is_ours = step % 2 == 1;
    let (from, to) = if is_ours { (&ours, &theirs) } else { (&theirs, &ours) };
    let id = |n: u64| if n % 2 == 1 { format!("{n}.{thread}@own.example") } else { format!("{n}.{thread}@{domain}") };
    let references = (0..step).map(|n| format!("<{}>", id(n))).collect::<Vec<_>>().join(" ");
    let references = if references.is_empty() { String::new() } else { format!("References: {references}\r\n") };
    let account = if step == 2 {
        format!("Beneficiary: Partner {partner} Works\r\nIBAN: {}\r\n", iban(partner))
    } else {
        String::new()
    };
    let raw = format!(
        "Received: from out.{domain} ([198.51.100.{}]) by mx.own.example; Thu, 26 Nov 2026 10:00:00 +0000\r\nFrom: {from}\r\nTo: {to}\r\n\
         Subject: Order {thread}\r\nDate: Thu, 26 Nov 2026 10:00:00 +0000\r\nMessage-ID: <{}>\r\nX-Mailer: Mailer {}\r\n{references}\r\n\
         Dear colleague,\r\nabout order {thread}: the quantity is {} pieces, ready on 2026-12-04.\r\n{account}Best regards\r\n",
        partner % 250,
        id(step),
        partner % 9,
        n % 900,
    );
    (raw, if is_ours { Direction::Out } else { Direction::In })
}

/// An account with right check digits (ISO 13616).
fn iban(partner: u64) -> String {
    let basic = format!("37040044{:010}", partner);
    let digits = format!("{basic}131400");
    let rest = digits.bytes().fold(0_u64, |rest, octet| (rest * 10 + u64::from(octet - b'0')) % 97);
    format!("DE{:02}{basic}", 98 - rest)
}

fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or_default() / 1024
}

fn read(n: u64) -> Read {
    let (raw, direction) = message(n);
    let facts = Facts::read(Received { raw: raw.as_bytes(), ..Received::default() });
    Read::new(raw.as_bytes(), facts, &[], direction, Timestamp::from_seconds(1_700_000_000 + n as i64))
}

fn main() {
    let count: u64 = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(100_000);
    let (mut rows, mut index) = (Memory::default(), DomainIndex::default());
    let people = (0..30).map(|n| OwnPerson {
        name: format!("Seller {n}"),
        address: format!("seller{n}@own.example"),
        job: Job::Sales,
    });
    let directory = Directory::new(Own { domains: vec!["own.example".to_owned()], people: people.collect() });
    let begun = Instant::now();
    let threads = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    let mut learning = std::time::Duration::ZERO;
    for chunk in 0..count.div_ceil(4096) {
        let range = chunk * 4096..((chunk + 1) * 4096).min(count);
        let mut parts: Vec<Vec<(u64, Read)>> = std::thread::scope(|scope| {
            let part = |part: u64| {
                let range = range.clone();
                scope.spawn(move || range.filter(|n| n % threads == part).map(|n| (n, read(n))).collect::<Vec<_>>())
            };
            let handles: Vec<_> = (0..threads).map(part).collect();
            handles.into_iter().filter_map(|handle| handle.join().ok()).collect()
        });
        let mut all: Vec<(u64, Read)> = parts.drain(..).flatten().collect();
        all.sort_by_key(|(n, _)| *n);
        let at = Instant::now();
        for (_, read) in &all {
            let Ok(()) =
                learn(&mut rows, Lesson { subject: &read.subject, details: &read.details, takes_details: true });
            index.insert(&read.subject.from.domain);
        }
        learning += at.elapsed();
    }
    println!(
        "{count} messages: {:.1} s, of it learning {:.1} s; {} MiB resident",
        begun.elapsed().as_secs_f64(),
        learning.as_secs_f64(),
        resident_mib()
    );
    let near = |host: &str| index.near(host).into_iter().map(|(domain, _)| domain.to_owned()).collect();
    let reads: Vec<Read> = (0..2000).map(|n| read((n * 997) % count)).collect();
    let mut times: Vec<u128> = reads
        .iter()
        .map(|read| {
            let at = Instant::now();
            let Ok(knowledge) = know(&mut rows, &read.subject, &read.details, &directory, &near);
            let took = at.elapsed().as_nanos();
            drop(knowledge);
            took
        })
        .collect();
    times.sort_unstable();
    let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or_default() as f64 / 1000.0;
    println!(
        "look-up of one message: median {:.0} us, 99 of 100 within {:.0} us; {} domains",
        at(50),
        at(99),
        index.len()
    );
}
