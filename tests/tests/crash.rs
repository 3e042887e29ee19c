//! `kill -9` at random moments under load: what was answered with 250 is there, exactly once.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use harness::{Chance, Letter, Options, Outcome, Tradewind, smtp};

const SENDERS: usize = 16;
const KILLS: usize = 100;
/// Time between a start and the kill, at most.
const LIFE_MILLIS_MAX: u64 = 400;

/// What the senders know.
#[derive(Default)]
struct Ledger {
    /// Identifiers of messages that were answered with 250.
    accepted: Mutex<Vec<String>>,
    /// Messages begun.
    begun: AtomicU64,
    over: AtomicBool,
}

impl Ledger {
    fn note(&self, id: String) {
        if let Ok(mut accepted) = self.accepted.lock() {
            accepted.push(id);
        }
    }
}

/// Sends message after message, each with an identifier of its own and each once only, over whatever connection can be had.
fn send_until_over(sender: usize, address: SocketAddr, to: &str, ledger: &Ledger) {
    let mut chance = Chance::seeded(sender as u64);
    while !ledger.over.load(Ordering::Relaxed) {
        let Ok(mut client) = smtp::Client::connect(address, smtp::Dialect::Smtp) else {
            thread::sleep(Duration::from_millis(5));
            continue;
        };
        while !ledger.over.load(Ordering::Relaxed) {
            let number = ledger.begun.fetch_add(1, Ordering::Relaxed);
            let id = format!("{sender}.{number}@crash.example");
            // Now and then one that is too large for its row.
            let size_bytes = if number.is_multiple_of(7) { 60_000 } else { 4_000 };
            let letter = Letter { from: "a@crash.example", to, id: &id, size_bytes }.build(&mut chance);
            match client.deliver("a@crash.example", &[to], &smtp::for_wire(&letter)) {
                Ok(reply) if reply.code == 250 => ledger.note(id),
                _ => break,
            }
        }
    }
}

#[test]
fn everything_acknowledged_survives_a_hundred_kills_exactly_once() -> Outcome {
    let mut tradewind = Tradewind::start(Options::default())?;
    let (address, to) = (tradewind.listen("smtp")?, tradewind.account("sales")?.address);
    let ledger = Arc::new(Ledger::default());
    let senders: Vec<_> = (0..SENDERS)
        .map(|sender| {
            let (ledger, to) = (Arc::clone(&ledger), to.clone());
            thread::spawn(move || send_until_over(sender, address, &to, &ledger))
        })
        .collect();
    let mut chance = Chance::from_environment();
    for _ in 0..KILLS {
        thread::sleep(Duration::from_millis(chance.below(LIFE_MILLIS_MAX)));
        tradewind.kill9()?;
        tradewind.restart()?;
    }
    ledger.over.store(true, Ordering::Relaxed);
    for sender in senders {
        sender.join().expect("a sender does not panic");
    }
    let accepted = ledger.accepted.lock().expect("no sender panics").clone();
    let found = tradewind.imap("sales")?.message_ids("INBOX")?;
    let begun = ledger.begun.load(Ordering::Relaxed);
    eprintln!("{KILLS} kills: {begun} begun, {} acknowledged, {} messages found", accepted.len(), found.len());
    assert!(accepted.len() > KILLS, "only {} messages were acknowledged", accepted.len());
    for id in &accepted {
        assert_eq!(found.get(id), Some(&1), "{id} was acknowledged");
    }
    for (id, count) in &found {
        assert_eq!(*count, 1, "{id} is there more than once");
    }
    let check = tradewind.command(&["store", "check", "--deep", "--json"])?.success()?;
    assert!(check.stdout.contains("\"sound\":true"), "{}", check.stdout);
    Ok(())
}
