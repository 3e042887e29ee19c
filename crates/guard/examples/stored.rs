//! The same graph and ledger as in `graph`, at rest in the embedded store as a server has them: how long learning takes, how long the
//! look-up and the whole look at a message take, and the octets on disk.
//! `cargo run --release -p tradewind-guard --example stored -- 200000`

#![allow(clippy::unwrap_used, clippy::panic, reason = "a program for measuring")]

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use crypto::keys::Key;
use env::{SystemClock, SystemEntropy, Timestamp};
use guard::{Guard, GuardError, Lesson, Read, Shelf, learn, save};
use identity::{IdentityError, Level};
use store::{Context, Place, Store, Tx};

#[path = "shared/letters.rs"]
mod letters;

/// Messages of one transaction.
const PAGE: u64 = 256;

/// Looks that are measured.
const LOOKS: u64 = 5_000;

/// Time in which 99 of 100 messages are to be looked at, in microseconds.
const LOOK_MICROS_MAX: f64 = 200.0;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    let count: u64 = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(50_000);
    let home = std::env::temp_dir().join(format!("guard-stored-{}", std::process::id()));
    let entropy = Arc::new(SystemEntropy::default());
    let context = Context::new(Arc::new(SystemClock), entropy.clone(), 1, Key::generate(&*entropy));
    let store = Store::open(Place::Embedded(home.clone()), context).await.unwrap();
    let make = |tx: &mut Tx<'_>| {
        let organisation = identity::create_organisation(tx, "Own", Level::Trade)?;
        identity::create_domain(tx, organisation, "own.example")?;
        Ok::<_, IdentityError>(organisation)
    };
    let organisation = store.write(make).await.unwrap();
    let begun = Instant::now();
    let mut learning = std::time::Duration::ZERO;
    for page in 0..count.div_ceil(PAGE) {
        let reads: Vec<Read> = (page * PAGE..((page + 1) * PAGE).min(count)).map(letters::read).collect();
        let at = Instant::now();
        let work = move |tx: &mut Tx<'_>| {
            let context = tx.context();
            let mut shelf = Shelf::open(tx, organisation)?;
            for read in &reads {
                learn(&mut shelf, Lesson { subject: &read.subject, details: &read.details, takes_details: true })?;
            }
            let changes = shelf.changes(&*context.entropy);
            save(tx, organisation, &changes)
        };
        store.write::<_, GuardError, _>(work).await.unwrap();
        learning += at.elapsed();
    }
    println!(
        "{count} messages: {:.1} s, of it learning {:.1} s; {} MiB on disk",
        begun.elapsed().as_secs_f64(),
        learning.as_secs_f64(),
        octets(&home) >> 20
    );
    let guard = Guard::new(store.clone());
    // The first look reads the domains of partners and the directory.
    let at = Instant::now();
    guard.look(organisation, letters::read(1), Timestamp::from_seconds(1_800_000_000)).await.unwrap();
    println!("first look after a start: {:.0} ms", at.elapsed().as_secs_f64() * 1000.0);
    let mut times = Vec::new();
    for n in 0..LOOKS {
        let read = letters::read((n * 997) % count);
        let at = Instant::now();
        guard.look(organisation, read, Timestamp::from_seconds(1_800_000_000)).await.unwrap();
        times.push(at.elapsed().as_nanos() as f64 / 1000.0);
    }
    times.sort_by(f64::total_cmp);
    let share = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or_default();
    println!("look at one message: median {:.0} us, 99 of 100 within {:.0} us", share(50), share(99));
    drop(std::fs::remove_dir_all(&home));
    if share(99) <= LOOK_MICROS_MAX { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn octets(directory: &Path) -> u64 {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let size = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(about) if about.is_dir() => octets(&entry.path()),
        Ok(about) => about.len(),
        Err(_) => 0,
    };
    entries.map(size).sum()
}
