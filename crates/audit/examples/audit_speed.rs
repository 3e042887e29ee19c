//! How fast records are sealed, and what a proof costs: `cargo run --release -p tradewind-audit --example audit_speed -- [RECORDS]`.
//!
//! Appends and seals in an embedded store as a server does, twenty thousand at a time, then proves records at random places.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement"
)]

use std::time::{Duration, Instant};

use audit::{Leaf, append, prove, seal, size};
use env::Entropy;
use store::testing::{Engine, TestStore};

const AT_ONCE: u64 = 20_000;
const PROOFS: usize = 2_000;

#[tokio::main]
async fn main() {
    let records: u64 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let store = TestStore::open(Engine::Sqlite).await.expect("an embedded store");
    let (mut appending, mut sealing) = (Duration::ZERO, Duration::ZERO);
    let mut event = 0i64;
    let mut done = 0;
    while done < records {
        let first = event;
        let began = Instant::now();
        store
            .write(move |tx| {
                (0..AT_ONCE as i64).try_for_each(|number| append(tx, first + number, &leaf(first + number)).map(drop))
            })
            .await
            .unwrap();
        appending += began.elapsed();
        let began = Instant::now();
        done = store.write(|tx| seal(tx, "mail.trade.test/audit")).await.unwrap().size;
        sealing += began.elapsed();
        event += AT_ONCE as i64;
    }
    let seconds = (appending + sealing).as_secs_f64();
    println!(
        "{done} records: {:.0} a second appended and sealed ({:.0} sealed alone)",
        done as f64 / seconds,
        done as f64 / sealing.as_secs_f64()
    );
    let bytes: u64 = walk(store.directory().expect("a directory"));
    println!("{:.0} octets a record on disk", bytes as f64 / done as f64);
    let mut took = Vec::with_capacity(PROOFS);
    for _ in 0..PROOFS {
        let mut random = [0; 8];
        env::SystemEntropy::default().fill(&mut random);
        let place = u64::from_le_bytes(random) % done;
        let began = Instant::now();
        store.read(move |tx| prove(tx, place)).await.unwrap();
        took.push(began.elapsed());
    }
    took.sort_unstable();
    println!("proof: median {:?}, 99 % within {:?}", took[PROOFS / 2], took[PROOFS * 99 / 100]);
    assert_eq!(store.read(size).await.unwrap(), done);
}

fn leaf(event: i64) -> Leaf {
    Leaf {
        id: format!("{event:x}"),
        at: "2026-11-27T05:00:00Z".to_owned(),
        organisation: "1a2b3c4d5e6f".to_owned(),
        actor: format!("{:032x}", event % 500),
        action: "quarantine-release".to_owned(),
        outcome: "done".to_owned(),
        commitment: audit::commit(&event.to_le_bytes(), b"a text of the usual length, with an address and an object"),
    }
}

fn walk(directory: &std::path::Path) -> u64 {
    std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() { walk(&entry.path()) } else { entry.metadata().unwrap().len() }
        })
        .sum()
}
