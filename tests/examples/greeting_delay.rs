//! How long strangers' clients wait for the greeting while lists in DNS answer, are slow, or hang.
//!
//! `cargo run -p tradewind-tests --example greeting_delay`; `TRADEWIND_BIN` names another program than the one beside it.

use std::time::{Duration, Instant};

use harness::{Bind, Options, Outcome, SlowNames, Tradewind};

/// Connections of each case, one after the other.
const GREETINGS: usize = 20;

fn main() -> Outcome {
    println!("| lists | first three | median | 4th to last, longest |\n| --- | ---: | ---: | ---: |");
    for (what, lists, delay) in [
        ("none", "[]", Some(Duration::ZERO)),
        ("two that answer", "[\"one.test\", \"late.test\"]", Some(Duration::ZERO)),
        ("one answers after 300 ms", "[\"one.test\", \"late.test\"]", Some(Duration::from_millis(300))),
        ("one answers after 1.5 s", "[\"one.test\", \"late.test\"]", Some(Duration::from_millis(1500))),
        ("one hangs", "[\"one.test\", \"late.test\"]", None),
    ] {
        let mut waits = measure(lists, delay)?;
        let first = waits.iter().take(3).map(milliseconds).collect::<Vec<_>>().join(", ");
        let longest = waits.iter().skip(3).max().map(milliseconds).unwrap_or_default();
        waits.sort();
        println!("| {what} | {first} | {} | {longest} |", milliseconds(&waits[GREETINGS / 2]));
    }
    Ok(())
}

fn measure(lists: &str, delay: Option<Duration>) -> Outcome<Vec<Duration>> {
    let names = Bind::start(&[(".", "ns.invalid. A 127.0.0.1\n")])?;
    let slow = SlowNames::before(&names, "late", delay)?;
    let options = Options::default()
        .set("dns", "servers", &format!("[\"{}\"]", slow.address))
        .set("dns", "validate", "false")
        .set("dns", "cache_entries", "0")
        .set("smtp", "exempt_networks", "[]")
        .set("smtp", "dns_lists", lists);
    let tradewind = Tradewind::start(options)?;
    let mut waits = Vec::new();
    for _ in 0..GREETINGS {
        let start = Instant::now();
        let client = tradewind.smtp()?;
        waits.push(start.elapsed());
        client.quit()?;
    }
    Ok(waits)
}

fn milliseconds(wait: &Duration) -> String {
    format!("{:.1} ms", wait.as_secs_f64() * 1000.0)
}
