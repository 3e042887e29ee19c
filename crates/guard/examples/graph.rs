//! How long a graph and a ledger take to build from a long history, how long the look-up of a message and of a look-alike takes, and
//! the memory: in memory as a replay has them. Ends with a failure where a limit is missed.
//! `cargo run --release -p tradewind-guard --example graph -- 1000000`

use std::process::ExitCode;
use std::time::Instant;

use guard::knowledge::{Job, Own, OwnPerson};
use guard::rows::Memory;
use guard::signals::lookalike::DomainIndex;
use guard::{Directory, Lesson, Read, know, learn};

#[path = "shared/letters.rs"]
mod letters;

use letters::{PARTNERS, read};

/// Time in which a million messages are to be learned from, in seconds.
const BUILD_SECONDS_MAX: f64 = 600.0;

/// Time in which 99 of 100 messages are to be looked up, in microseconds.
const LOOK_UP_MICROS_MAX: f64 = 200.0;

/// Time in which one of two domains is to be compared with all known ones, in microseconds.
const ALIKE_MICROS_MAX: f64 = 50.0;

/// Look-ups that are measured.
const LOOK_UPS: u64 = 20_000;

fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or_default() / 1024
}

fn main() -> ExitCode {
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
    let built = begun.elapsed().as_secs_f64();
    println!(
        "{count} messages: {built:.1} s, of it learning {:.1} s; {} MiB resident",
        learning.as_secs_f64(),
        resident_mib()
    );
    let near = |host: &str| index.near(host).into_iter().map(|(domain, _)| domain.to_owned()).collect();
    let reads: Vec<Read> = (0..LOOK_UPS).map(|n| read((n * 997) % count)).collect();
    let looked_up = times(reads.iter(), |read| {
        let Ok(knowledge) = know(&mut rows, &read.subject, &read.details, &directory, &near);
        drop(knowledge);
    });
    tell("look-up of one message", &looked_up);
    let hosts: Vec<String> = (0..LOOK_UPS).map(alike).collect();
    let found = hosts.iter().filter(|host| !index.near(host).is_empty()).count();
    let compared = times(hosts.iter(), |host| drop(index.near(host)));
    tell(&format!("look-alikes of one domain among {}, found {found} of {LOOK_UPS}", index.len()), &compared);
    let within = |what: &str, is: f64, most: f64| {
        if is > most {
            eprintln!("{what}: {is:.1} is more than {most:.1}");
        }
        is <= most
    };
    let limits = [
        within("seconds to learn", built, BUILD_SECONDS_MAX * count as f64 / 1e6),
        within("microseconds for a look-up", share(&looked_up, 99), LOOK_UP_MICROS_MAX),
        within("microseconds for look-alikes", share(&compared, 50), ALIKE_MICROS_MAX),
    ];
    if limits.iter().all(|kept| *kept) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A known domain with two letters swapped, one put in, or a word behind it.
fn alike(n: u64) -> String {
    let partner = n * 7 % PARTNERS;
    match n % 3 {
        0 => format!("parnter{partner:05}-works.example"),
        1 => format!("partner{partner:05}-wworks.example"),
        _ => format!("partner{partner:05}-works-group.example"),
    }
}

/// How long `work` takes for each, in microseconds, the shortest first.
fn times<T>(all: impl Iterator<Item = T>, mut work: impl FnMut(T)) -> Vec<f64> {
    let mut times: Vec<f64> = all
        .map(|one| {
            let at = Instant::now();
            work(one);
            at.elapsed().as_nanos() as f64 / 1000.0
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times
}

/// The time within which this share of 100 lies.
fn share(times: &[f64], share: usize) -> f64 {
    times.get(times.len() * share / 100).copied().unwrap_or_default()
}

fn tell(what: &str, times: &[f64]) {
    println!("{what}: median {:.1} us, 99 of 100 within {:.1} us", share(times, 50), share(times, 99));
}
