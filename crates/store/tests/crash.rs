//! A killed process: what was acknowledged is there, what is there is whole.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use crypto::keys::Key;
use env::{Entropy, SeededEntropy, SystemClock, SystemEntropy};
use store::{Context, Place, Store, StoreError, Tx, blobs, check, params};

/// Names the directory that the child process writes to.
const CHILD: &str = "TRADEWIND_STORE_CRASH_CHILD";

const WRITERS: i64 = 8;
const KILLS: u64 = 12;

/// Longest time until a kill, in milliseconds.
const LIFE_MILLIS_MAX: u64 = 400;

#[test]
fn a_killed_process_loses_nothing_that_it_acknowledged() {
    if let Some(directory) = std::env::var_os(CHILD) {
        write_until_killed(Place::Embedded(directory.into()));
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let seed = std::env::var("TRADEWIND_SEED").ok().map_or(20_270_115, |seed| seed.parse().unwrap());
    eprintln!("TRADEWIND_SEED={seed}");
    let chance = SeededEntropy::new(seed);
    let mut acknowledged = HashSet::new();
    for kill in 0..KILLS {
        let life = Duration::from_millis(1 + chance.next_u64() % LIFE_MILLIS_MAX);
        acknowledged.extend(run_child(directory.path(), life));
        let place = Place::Embedded(directory.path().to_owned());
        runtime().block_on(inspect(place, &acknowledged, kill));
    }
    assert!(acknowledged.len() > 100, "the child hardly came to write: {}", acknowledged.len());
    eprintln!("{} writes acknowledged over {KILLS} kills", acknowledged.len());
}

/// Lets a child write for `life` after its first acknowledgement, kills it, and gives what it acknowledged.
fn run_child(directory: &std::path::Path, life: Duration) -> Vec<i64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_killed_process_loses_nothing_that_it_acknowledged", "--nocapture"])
        .env(CHILD, directory)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // The first one may stand behind what the test program itself says.
    let number = |line: String| line.rsplit_once("done ").and_then(|(_, number)| number.parse().ok());
    let mut acknowledged: Vec<i64> = Vec::new();
    for line in lines.by_ref() {
        if let Some(first) = number(line.unwrap()) {
            acknowledged.push(first);
            break;
        }
    }
    let killer = std::thread::spawn(move || {
        std::thread::sleep(life);
        child.kill().unwrap();
        child.wait().unwrap();
    });
    // A line that the kill has cut off was acknowledged to nobody.
    acknowledged.extend(lines.map_while(Result::ok).filter_map(number));
    killer.join().unwrap();
    acknowledged
}

/// The child: eight writers, each with one transaction of several rows and a blob after the other.
fn write_until_killed(place: Place) {
    runtime().block_on(async {
        let store = Store::open(place, context()).await.unwrap();
        let writers: Vec<_> = (0..WRITERS)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move {
                    for turn in 0_u64.. {
                        let number = store.context().ids.next();
                        // Small ones travel in the row, large ones in a segment.
                        let length = if turn % 2 == 0 { 300 } else { 20_000 };
                        add(&store, number, length).await.unwrap();
                        let mut out = std::io::stdout().lock();
                        writeln!(out, "done {number}").unwrap();
                        out.flush().unwrap();
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
    });
}

async fn add(store: &Store, number: i64, length: usize) -> Result<(), StoreError> {
    let staged = store.stage(content(number, length)).await?;
    store
        .write(move |tx| {
            staged.attach(tx, 1)?;
            for part in 0..4_i64 {
                tx.execute(
                    "INSERT INTO thread_ref (account, reference, thread) VALUES ($1, $2, $3)",
                    params![number, part, staged.id()],
                )?;
            }
            Ok(())
        })
        .await
}

/// With the true clock, as identifiers must not repeat from one start to the next.
fn context() -> Arc<Context> {
    let entropy = Arc::new(SystemEntropy::default());
    Context::new(Arc::new(SystemClock), entropy, 1, Key::generate(&SeededEntropy::new(1)))
}

fn content(number: i64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    SeededEntropy::new(number.unsigned_abs()).fill(&mut bytes);
    bytes
}

/// Each acknowledged number has all of its rows and its content; no number has some of its rows.
async fn inspect(place: Place, acknowledged: &HashSet<i64>, kill: u64) {
    let store = Store::open(place, context()).await.unwrap();
    let found = store.read(numbers).await.unwrap();
    let reading = store.clone();
    let whole: HashSet<i64> = store
        .read(move |tx| {
            for (number, rows, blob) in &found {
                assert_eq!(*rows, 4, "number {number} after kill {kill} is there by half");
                let location = blobs::locate(tx, *blob)?;
                let length = usize::try_from(location.length()).unwrap();
                let bytes = reading.blobs().read(&location)?;
                assert!(bytes == content(*number, length), "content of {number} after kill {kill}");
            }
            Ok::<_, StoreError>(found.into_iter().map(|(number, ..)| number).collect())
        })
        .await
        .unwrap();
    let lost: Vec<_> = acknowledged.difference(&whole).collect();
    assert!(lost.is_empty(), "lost after kill {kill}: {lost:?}");
    // The rows here stand for no messages, of which the check tells; the database itself must be sound.
    let report = check::run(&store, false).await.unwrap();
    assert!(!report.findings.iter().any(|finding| finding.rule.contains("damaged")), "{:?}", report.findings);
    store.close().await;
}

fn numbers(tx: &mut Tx<'_>) -> Result<Vec<(i64, i64, i64)>, StoreError> {
    tx.rows("SELECT account, COUNT(*), MAX(thread) FROM thread_ref GROUP BY account", &[], |row| {
        Ok((row.int(0)?, row.int(1)?, row.int(2)?))
    })
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}
