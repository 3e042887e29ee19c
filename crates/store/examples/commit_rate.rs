//! How many messages a second the store commits: `commit_rate [place] [seconds] [writers] [journal]`.
//!
//! Each writer stages a record of 10 KB and commits it with the rows of a delivery (six inserted, two updated), one after the
//! other, in an account of its own; each is durable before the next begins. Prints the rate of each second and the median.
//! With `journal` the changes are noted for points in time between backups. Without a place it uses a temporary directory on the disk of the current one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a measurement")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crypto::keys::Key;
use env::{SystemClock, SystemEntropy};
use store::{Context, Place, Store, StoreError, Tx, params};

const RECORD_BYTES: usize = 10 * 1024;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let temporary = tempfile::tempdir_in(".").expect("a temporary directory");
    let place: Place = arguments
        .next()
        .map_or_else(|| Place::Embedded(temporary.path().to_owned()), |place| place.parse().expect("a place"));
    let seconds: u32 = arguments.next().map_or(5, |number| number.parse().expect("seconds"));
    let writers: i64 = arguments.next().map_or(32, |number| number.parse().expect("writers"));
    let journal = arguments.next().is_some_and(|word| word == "journal");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(measure(place, seconds, writers, journal));
}

async fn measure(place: Place, seconds: u32, writers: i64, journal: bool) {
    let region = Key::generate(&SystemEntropy::default());
    let context = Context::new(Arc::new(SystemClock), Arc::new(SystemEntropy::default()), 1, region);
    let store = Store::open(place, context).await.expect("the store opens");
    let accounts: Vec<i64> = (0..writers).map(|_| store.context().ids.next()).collect();
    let ours = accounts.clone();
    store.write(move |tx| ours.iter().try_for_each(|account| add_account(tx, *account))).await.expect("accounts");
    if journal {
        store.begin_journal().await.expect("the journal begins");
    }

    let (count, over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let tasks: Vec<_> = accounts
        .into_iter()
        .map(|account| {
            let (store, count, over) = (store.clone(), Arc::clone(&count), Arc::clone(&over));
            tokio::spawn(async move {
                while !over.load(Ordering::Relaxed) {
                    deliver(&store, account).await.expect("a delivery");
                    count.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    let mut rates = Vec::new();
    for _ in 0..seconds {
        let (begun, before) = (Instant::now(), count.load(Ordering::Relaxed));
        tokio::time::sleep(Duration::from_secs(1)).await;
        rates.push((count.load(Ordering::Relaxed) - before) as f64 / begun.elapsed().as_secs_f64());
    }
    over.store(true, Ordering::Relaxed);
    for task in tasks {
        task.await.expect("a writer");
    }
    println!("{writers} writers: {}", rates.iter().map(|rate| format!("{rate:.0}")).collect::<Vec<_>>().join(" "));
    rates.sort_by(f64::total_cmp);
    println!("median {:.0} durable deliveries/s", rates[rates.len() / 2]);
    store.close().await;
}

async fn deliver(store: &Store, account: i64) -> Result<(), StoreError> {
    let staged = store.stage(vec![0x5a; RECORD_BYTES]).await?;
    let (key, summary, delivery) = ([1; 61], [2; 600], store.context().ids.next().to_le_bytes());
    store
        .write(move |tx| {
            let modseq = store::account::next_modseq(tx, account)?;
            staged.attach(tx, 1)?;
            let (message, now) = (tx.next_id(), tx.now().millis());
            let uid = tx.row(
                "UPDATE mailbox SET uidnext = uidnext + 1, highestmodseq = $1, total = total + 1, unseen = unseen + 1,
                    bytes = bytes + $2 WHERE account = $3 AND id = 1 RETURNING uidnext - 1",
                params![modseq, 10_240_i64, account],
                |row| row.int(0),
            )?;
            tx.execute(
                "INSERT INTO message (account, id, thread, blob, key_wrapped, size, received, copies, created_modseq,
                    summary, trace) VALUES ($1, $2, $2, $3, $4, $5, $6, 1, $7, $8, $9)",
                params![account, message, staged.id(), &key, 10_240_i64, now, modseq, &summary, b""],
            )?;
            tx.execute(
                "INSERT INTO mailbox_message (account, mailbox, uid, message, flags, keywords, modseq, size, received, saved)
                 VALUES ($1, 1, $2, $3, 0, 0, $4, $5, $6, $6)",
                params![account, uid, message, modseq, 10_240_i64, now],
            )?;
            tx.execute(
                "INSERT INTO thread_ref (account, reference, thread) VALUES ($1, $2, $3)",
                params![account, message ^ 0x5555_5555, message],
            )?;
            tx.execute(
                "INSERT INTO search_signature (account, message, signature) VALUES ($1, $2, $3)",
                params![account, message, &summary],
            )?;
            tx.execute(
                "INSERT INTO dedupe (account, delivery, message, expires) VALUES ($1, $2, $3, $4)",
                params![account, &delivery, message, now],
            )?;
            Ok(())
        })
        .await
}

fn add_account(tx: &mut Tx<'_>, account: i64) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO account (id, organisation, kind, name, role, language, state, key_wrapped, modseq, low_modseq, bytes,
            messages, quota_bytes, created)
         VALUES ($1, 1, 'person', '', '', 'en', 'active', $2, 0, 0, 0, 0, 0, 0)",
        params![account, b"key"],
    )?;
    tx.execute(
        "INSERT INTO mailbox (account, id, name, name_key, special_use, subscribed, uidvalidity, uidnext, first_recent,
            highestmodseq, total, unseen, deleted, bytes, created_modseq, changed_modseq)
         VALUES ($1, 1, $2, $2, '', 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0)",
        params![account, b"name"],
    )?;
    Ok(())
}
