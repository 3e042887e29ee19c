//! How long assessing one attempt takes, on both engines: `cargo run --release -p tradewind-watch --example assess_rate`.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement")]

use std::time::{Duration, Instant};

use identity::{AccountKind, IdentityError, Language, Level, NewAccount, Role};
use store::Tx;
use store::testing::{Engine, TestStore};
use watch::{Attempt, Device, Outcome, Subject, Watch, WatchSettings};

const ACCOUNTS: usize = 50;
const HISTORY: u64 = 100;
const MEASURED: usize = 5_000;

#[tokio::main]
async fn main() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        match TestStore::open(engine).await {
            Some(store) => measure(engine, store).await,
            None => println!("{engine:?}: not installed"),
        }
    }
}

async fn measure(engine: Engine, store: TestStore) {
    let settings = WatchSettings { country_database: "geo/country.mmdb".into(), ..WatchSettings::default() };
    let watch = Watch::new(store.handle(), &settings).unwrap();
    watch.look();
    let subjects = accounts(&store).await;
    for round in 0..HISTORY {
        for (place, subject) in subjects.iter().enumerate() {
            watch.record(Some(*subject), "x", &attempt(&store, place as u64, round), Outcome::Accepted, None);
        }
        watch.flush().await.unwrap();
        store.clock.advance(Duration::from_secs(7_200));
    }
    let mut times = Vec::with_capacity(MEASURED);
    for round in 0..MEASURED {
        let place = round % subjects.len();
        let attempt = attempt(&store, place as u64, round as u64 % (HISTORY * 2));
        let started = Instant::now();
        watch.assess(subjects[place], "trade", &attempt).await.unwrap();
        times.push(started.elapsed());
    }
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!("{engine:?}: median {:?}, p99 {:?}, greatest {:?} of {MEASURED}", at(0.5), at(0.99), at(1.0));
}

async fn accounts(store: &TestStore) -> Vec<Subject> {
    let make = |tx: &mut Tx<'_>| {
        let organisation = identity::create_organisation(tx, "Trade", Level::Trade)?;
        identity::create_domain(tx, organisation, "trade.test")?;
        let mut account = |number: usize| {
            let new = NewAccount {
                organisation,
                address: &format!("a{number}@trade.test"),
                name: "Somebody",
                role: Role::Sales,
                language: Language::English,
                kind: AccountKind::Person,
                quota_bytes: 0,
                password: None,
            };
            Ok(Subject { account: identity::create_account(tx, &new)?, organisation })
        };
        (0..ACCOUNTS).map(&mut account).collect::<Result<Vec<_>, IdentityError>>()
    };
    store.write(make).await.unwrap()
}

fn attempt(store: &TestStore, account: u64, round: u64) -> Attempt {
    let octet = |number: u64| (number % 250) as u8 + 1;
    Attempt {
        at: store.context().clock.now(),
        address: std::net::Ipv4Addr::new(100, octet(account), octet(round / 10), octet(round)).into(),
        protocol: "imap".to_owned(),
        method: "app-password".to_owned(),
        agent: Some(format!("Thunderbird/{}.{}", 128 + round / 20, account % 5)),
        tls: Some("TLSv1.3 TLS13_AES_256_GCM_SHA384".to_owned()),
        device: Device::Token(format!("app-password {account}")),
        strong: false,
    }
}
