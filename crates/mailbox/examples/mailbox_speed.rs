//! How long the work on mailboxes takes: `cargo run --release -p tradewind-mailbox --example mailbox_speed [messages] [directory]`.
//!
//! Messages of 10 KB with words as frequent as in real text, on the embedded store, everything durable. Each figure of reading
//! is the least of five; the store's pages are warm then.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a program for measuring")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crypto::keys::{Account, Key, Organisation};
use env::{Entropy, SeededEntropy, SystemClock, SystemEntropy};
use mailbox::search::{Budget, Field, Needle, Query, search};
use mailbox::{FlagChange, Flags, MailboxError, Prepared, Target, UidRange, mailboxes};
use store::{Context, Place, Store, Tx, params};

/// Appends at the same time.
const TASKS: usize = 32;

/// Length of a message's body.
const BODY_BYTES: usize = 10_000;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let messages: usize = arguments.next().map_or(20_000, |text| text.parse().expect("a number of messages"));
    let directory = arguments.next().map(PathBuf::from);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(run(messages, directory));
}

async fn run(messages: usize, directory: Option<PathBuf>) {
    let home = tempfile::tempdir().unwrap();
    let directory = directory.unwrap_or_else(|| home.path().to_owned());
    let entropy = Arc::new(SystemEntropy::default());
    let context = Context::new(Arc::new(SystemClock), entropy.clone(), 1, Key::generate(&*entropy));
    let store = Store::open(Place::Embedded(directory), context).await.unwrap();
    let account = store.write(new_account).await.unwrap();
    let inbox = find(&store, account, "INBOX").await;

    let words = Words::new();
    let samples: Vec<_> = (0..500).map(|number| words.message(number)).collect();
    let mut least = Duration::MAX;
    for batch in samples.chunks(20) {
        let start = Instant::now();
        for raw in batch {
            drop(Prepared::new(raw, store.context()));
        }
        least = least.min(start.elapsed() / 20);
    }
    report("prepare one message", least);

    let start = Instant::now();
    append_all(&store, account, messages, Arc::new(words)).await;
    let rate = messages as f64 / start.elapsed().as_secs_f64();
    println!("{:<52} {rate:>9.0} /s", format!("append, {TASKS} tasks, prepared on the same cores"));

    read_all(&store, account, inbox).await;
    search_all(&store, account, inbox).await;
    flag_all(&store, account, inbox, messages).await;
    copy_and_expunge(&store, account, inbox, messages).await;
    store.close().await;
}

async fn append_all(store: &Store, account: i64, messages: usize, words: Arc<Words>) {
    let mut tasks = Vec::new();
    for task in 0..TASKS {
        let (store, words) = (store.clone(), Arc::clone(&words));
        tasks.push(tokio::spawn(async move {
            for number in (task..messages).step_by(TASKS) {
                let mut prepared = Prepared::new(&words.message(number), store.context());
                let staged = store.stage(prepared.take_record()).await.unwrap();
                let append = move |tx: &mut Tx<'_>| -> Result<(), MailboxError> {
                    staged.attach(tx, 1)?;
                    let delivery = mailbox::Delivery {
                        target: Target::Inbox,
                        prepared: &prepared,
                        blob: staged.id(),
                        trace: TRACE,
                        flags: Flags::NONE,
                        received: tx.now(),
                        dedupe: None,
                    };
                    mailbox::deliver(tx, account, &delivery).map(drop)
                };
                store.write(append).await.unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
}

const TRACE: &[u8] = b"Return-Path: <sender@partner.example>\r\nReceived: from mail.partner.example (mail.partner.example \
[192.0.2.7])\r\n\tby mx.trade.test with ESMTPS id 6KZ0T2\r\n\t(TLS1.3 TLS_AES_256_GCM_SHA384)\r\n\tfor <li@trade.test>; Tue, 24 Nov \
2026 17:06:17 +0000\r\n";

async fn read_all(store: &Store, account: i64, inbox: i64) {
    let entries = least(store, "snapshot", move |tx| mailbox::snapshot(tx, account, inbox)).await;
    least(store, "summaries, opened", move |tx| {
        let mut bytes = 0;
        mailbox::summaries(tx, account, inbox, &[UidRange::ALL], |_, summary| {
            bytes += summary.len();
            Ok(())
        })?;
        Ok(bytes)
    })
    .await;
    let handle = store.clone();
    let messages: Vec<i64> = entries.iter().take(1_000).map(|entry| entry.message).collect();
    least(store, "1,000 bodies", move |tx| {
        let mut bytes = 0;
        for &message in &messages {
            let source = mailbox::source(tx, account, message)?;
            bytes += source.reader(handle.blobs()).read_all()?.len();
        }
        Ok(bytes)
    })
    .await;
}

async fn search_all(store: &Store, account: i64, inbox: i64) {
    let text = |words: &str| Query::Text(Needle::new(words));
    for (what, query) in [
        ("search TEXT, absent word", text("quintessential")),
        ("search TEXT, absent Chinese word", text("发票号码")),
        ("search TEXT, in one message", text("needle number 77 ")),
        ("search FROM, absent", Query::Envelope(Field::From, Needle::new("nobody"))),
        ("search UNSEEN LARGER", Query::And(vec![Query::Not(Box::new(Query::HasFlag(1))), Query::Larger(9_000)])),
    ] {
        let handle = store.clone();
        let found =
            least(store, what, move |tx| search(tx, handle.blobs(), account, inbox, &query, &Budget::default())).await;
        println!("{:<52} {:>9} found", "", found.len());
    }
}

async fn flag_all(store: &Store, account: i64, inbox: i64, messages: usize) {
    let seen = |add| {
        let flags = Flags::system(Flags::SEEN);
        if add { FlagChange::Add(flags) } else { FlagChange::Remove(flags) }
    };
    for add in [true, false, true] {
        timed(store, "store 1:* with commit", move |tx| {
            mailbox::store_flags(tx, account, inbox, &[UidRange::ALL], seen(add), None)
        })
        .await;
    }
    let start = Instant::now();
    for uid in 1..=500 {
        let change = FlagChange::Add(Flags::system(Flags::FLAGGED));
        let store_one =
            move |tx: &mut Tx<'_>| mailbox::store_flags(tx, account, inbox, &[UidRange::one(uid)], change, None);
        store.write(store_one).await.unwrap();
    }
    report("one of 500 single stores, each with commit", start.elapsed() / 500);
    let start = Instant::now();
    let last = u32::try_from(messages).unwrap_or(u32::MAX).min(1_000);
    timed(store, "500 single stores, one commit", move |tx| {
        for uid in 501..=last {
            let change = FlagChange::Add(Flags::system(Flags::FLAGGED));
            mailbox::store_flags(tx, account, inbox, &[UidRange::one(uid)], change, None)?;
        }
        Ok(())
    })
    .await;
    report("one of them", start.elapsed() / 500);
}

async fn copy_and_expunge(store: &Store, account: i64, inbox: i64, messages: usize) {
    let archive = find(store, account, "Archive").await;
    for _ in 0..100_000_usize.div_ceil(messages.max(1)) {
        timed(store, "copy all", move |tx| mailbox::copy(tx, account, inbox, &[UidRange::ALL], archive)).await;
    }
    let entries = least(store, "snapshot of the copies", move |tx| mailbox::snapshot(tx, account, archive)).await;
    println!("{:<52} {:>9} messages", "", entries.len());
    timed(store, "discard the copies", move |tx| mailbox::discard(tx, account, archive, &[UidRange::ALL])).await;
    let change = FlagChange::Add(Flags::system(Flags::DELETED));
    timed(store, "flag all as deleted", move |tx| {
        mailbox::store_flags(tx, account, inbox, &[UidRange::ALL], change, None)
    })
    .await;
    timed(store, "expunge all", move |tx| mailbox::expunge(tx, account, inbox, None)).await;
}

async fn timed<T, F>(store: &Store, what: &str, work: F) -> T
where
    F: FnMut(&mut Tx<'_>) -> Result<T, MailboxError> + Send + 'static,
    T: Send + 'static,
{
    let start = Instant::now();
    let outcome = store.write(work).await.unwrap();
    report(what, start.elapsed());
    outcome
}

async fn least<T, F>(store: &Store, what: &str, work: F) -> T
where
    F: Fn(&mut Tx<'_>) -> Result<T, MailboxError> + Send + Clone + 'static,
    T: Send + 'static,
{
    let mut least = Duration::MAX;
    let mut outcome = None;
    for _ in 0..5 {
        let start = Instant::now();
        outcome = Some(store.read(work.clone()).await.unwrap());
        least = least.min(start.elapsed());
    }
    report(what, least);
    outcome.unwrap()
}

fn report(what: &str, time: Duration) {
    println!("{what:<52} {:>9.3} ms", time.as_secs_f64() * 1000.0);
}

async fn find(store: &Store, account: i64, name: &str) -> i64 {
    let name = mailbox::Name::parse(name).unwrap();
    store.read(move |tx| mailboxes::find(tx, account, &name)).await.unwrap().unwrap().id
}

fn new_account(tx: &mut Tx<'_>) -> Result<i64, MailboxError> {
    let context = tx.context();
    let entropy = context.entropy.as_ref();
    let (organisation, account) = (tx.next_id(), tx.next_id());
    let (organisation_key, key) = (Key::<Organisation>::generate(entropy), Key::<Account>::generate(entropy));
    tx.execute(
        "INSERT INTO organisation (id, name, level, key_wrapped, created) VALUES ($1, 'Acme', 'basic', $2, 0)",
        params![organisation, &context.keys.region().wrap(entropy, &organisation_key, organisation)],
    )?;
    tx.execute(
        "INSERT INTO account (id, organisation, kind, name, role, language, state, key_wrapped, modseq, low_modseq, bytes,
            messages, quota_bytes, created) VALUES ($1, $2, 'person', 'Li', 'sales', 'zh', 'active', $3, 1, 0, 0, 0, 0, 0)",
        params![account, organisation, &organisation_key.wrap(entropy, &key, account)],
    )?;
    mailboxes::create_defaults(tx, account)?;
    Ok(account)
}

/// A vocabulary, some words far more frequent than others.
struct Words(Vec<String>);

impl Words {
    fn new() -> Self {
        const SYLLABLES: [&str; 32] = [
            "th", "e", "an", "of", "to", "in", "er", "ing", "ed", "on", "es", "re", "tion", "al", "or", "at", "en",
            "is", "it", "st", "ar", "nd", "ha", "ve", "ly", "ment", "con", "pro", "com", "ex", "sh", "ip",
        ];
        let entropy = SeededEntropy::new(5);
        let word = || {
            let count = 1 + entropy.next_u64() as usize % 4;
            (0..count).map(|_| SYLLABLES[entropy.next_u64() as usize % SYLLABLES.len()]).collect()
        };
        Self((0..5_000).map(|_| word()).collect())
    }

    fn message(&self, number: usize) -> Vec<u8> {
        let entropy = SeededEntropy::new(number as u64);
        let mut raw = format!(
            "From: \"Partner {n}\" <partner{n}@company{n}.example>\r\nTo: Li Wei <li@trade.test>\r\nCc: sales@trade.test\r\n\
             Subject: Offer {number} for valves and fittings\r\nDate: Tue, 24 Nov 2026 17:06:17 +0800\r\n\
             Message-ID: <{number}.offer@company{n}.example>\r\nMIME-Version: 1.0\r\n\
             Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\
             This is needle number {number} of all.\r\n",
            n = number % 97
        );
        let mut column = 0;
        while raw.len() < BODY_BYTES {
            let random = entropy.next_u64();
            // The square makes the first words the most frequent.
            let share = (random >> 11) as f64 / (1_u64 << 53) as f64;
            let word = &self.0[(share * share * self.0.len() as f64) as usize % self.0.len()];
            raw.push_str(word);
            column += word.len() + 1;
            raw.push_str(if column > 70 { "\r\n" } else { " " });
            column = if column > 70 { 0 } else { column };
        }
        raw.into_bytes()
    }
}
