//! What signing in costs beside Argon2: `cargo run --release -p tradewind-identity --example sign_in_speed [sign-ins]`.
//!
//! Ten thousand accounts on the embedded store, each with an app password; sign-ins one after another by random accounts, with app
//! password, with a password that was checked a moment ago, with an access token, and web sessions that are resumed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a program for measuring")]

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crypto::keys::Key;
use env::{Entropy, Secret, SystemClock, SystemEntropy};
use identity::oauth::{self, Authorization};
use identity::session::{self, Stage};
use identity::{
    AccountKind, Client, Hasher, IdentityError, Language, Level, NewAccount, NewAppPassword, PreparedAppPassword,
    PreparedPassword, Protocol, Role, Scope, SignIn,
};
use store::{Context, Place, Store, Tx};
use wire::sasl::TokenCredentials;

const ACCOUNTS: u64 = 10_000;

/// Accounts that sign in. The client is known to them: the first sign-in of a new one writes a row.
const SIGNING_IN: u64 = 1_000;

/// RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let sign_ins: usize = std::env::args().nth(1).map_or(20_000, |text| text.parse().expect("a number of sign-ins"));
    let home = tempfile::tempdir().unwrap();
    let entropy = Arc::new(SystemEntropy::default());
    let context = Context::new(Arc::new(SystemClock), entropy.clone(), 1, Key::generate(&*entropy));
    let store = Store::open(Place::Embedded(home.path().to_owned()), context).await.unwrap();
    let app = make_accounts(&store, &*entropy).await;
    let sign_in = SignIn::new(store.clone(), Hasher::new(entropy.clone()));
    let client = Client::new(IpAddr::from([192, 0, 2, 7]), Protocol::Imap);
    let pick = || format!("p{}@trade.test", entropy.next_u64() % SIGNING_IN);

    for number in 0..SIGNING_IN {
        sign_in.authenticate(&format!("p{number}@trade.test"), &app, &client).await.unwrap();
    }
    let mut spent = Vec::with_capacity(sign_ins);
    for _ in 0..sign_ins {
        let login = pick();
        let began = Instant::now();
        sign_in.authenticate(&login, &app, &client).await.unwrap();
        spent.push(began.elapsed());
    }
    report("app password", spent);

    let password = Secret::new("Lange-Leitung-7".to_owned());
    sign_in.authenticate("p0@trade.test", &password, &client).await.unwrap();
    let mut spent = Vec::with_capacity(sign_ins);
    let remembered = Instant::now();
    while spent.len() < sign_ins && remembered.elapsed() < Duration::from_secs(50) {
        let began = Instant::now();
        sign_in.authenticate("p0@trade.test", &password, &client).await.unwrap();
        spent.push(began.elapsed());
    }
    report("password checked a moment ago", spent);

    let token = make_token(&store, &sign_in, &app, &client).await;
    let shown = TokenCredentials { user: Some("p1@trade.test".to_owned()), token };
    let mut spent = Vec::with_capacity(sign_ins);
    for _ in 0..sign_ins {
        let began = Instant::now();
        sign_in.token(&shown, &client).await.unwrap();
        spent.push(began.elapsed());
    }
    report("access token", spent);

    let browser = Client::new(client.address, Protocol::Web);
    let account = sign_in.authenticate("p2@trade.test", &app, &client).await.unwrap().account;
    let from = browser.clone();
    let begun = store.write(move |tx| session::begin(tx, account, Stage::Whole, None, &from)).await.unwrap();
    let mut spent = Vec::with_capacity(sign_ins);
    for _ in 0..sign_ins {
        let began = Instant::now();
        session::resume(&store, &begun.token, &browser).await.unwrap().unwrap();
        spent.push(began.elapsed());
    }
    report("web session", spent);
    store.close().await;
}

/// Makes the accounts, all with one app password; it is given.
async fn make_accounts(store: &Store, entropy: &dyn Entropy) -> Secret<String> {
    let password = Secret::new("Lange-Leitung-7".to_owned());
    let prepared = PreparedPassword::new(&password, Level::Basic, entropy).unwrap();
    let app = Arc::new(PreparedAppPassword::new(&prepared.scram().salt, entropy).unwrap());
    let organisation = store
        .write(|tx| {
            let organisation = identity::create_organisation(tx, "Trade Test", Level::Basic)?;
            identity::create_domain(tx, organisation, "trade.test")?;
            Ok::<_, IdentityError>(organisation)
        })
        .await
        .unwrap();
    for from in (0..ACCOUNTS).step_by(500) {
        let (prepared, app) = (prepared.clone(), Arc::clone(&app));
        let work = move |tx: &mut Tx<'_>| {
            for number in from..from + 500 {
                let new = NewAccount {
                    organisation,
                    address: &format!("p{number}@trade.test"),
                    name: "Li",
                    role: Role::Sales,
                    language: Language::Chinese,
                    kind: AccountKind::Person,
                    quota_bytes: 0,
                    password: Some(&prepared),
                };
                let account = identity::create_account(tx, &new)?;
                let scope = Scope::of(&[Protocol::Imap, Protocol::Smtp]);
                let what = NewAppPassword { label: "telephone".to_owned(), scope, expires: None };
                identity::add_app_password(tx, account, &what, &app)?;
            }
            Ok::<_, IdentityError>(())
        };
        store.write(work).await.unwrap();
    }
    app.secret().clone()
}

async fn make_token(store: &Store, sign_in: &SignIn, app: &Secret<String>, client: &Client) -> Secret<String> {
    let principal = sign_in.authenticate("p1@trade.test", app, client).await.unwrap();
    let from = client.clone();
    let work = move |tx: &mut Tx<'_>| {
        let program = oauth::find_client(tx, "thunderbird")?.expect("it comes with the program");
        let wanted = Authorization {
            redirect_uri: "https://localhost".to_owned(),
            scope: "imap smtp".parse()?,
            challenge: CHALLENGE.to_owned(),
            nonce: None,
        };
        let code = oauth::issue_code(tx, &principal, &program, &wanted, &from)?.expect("a code");
        let verifier = Secret::new(VERIFIER.to_owned());
        let issued = oauth::exchange_code(tx, &program, &code, Some("https://localhost"), &verifier)?.expect("tokens");
        Ok::<_, IdentityError>(issued.access)
    };
    store.write(work).await.unwrap()
}

fn report(what: &str, mut spent: Vec<Duration>) {
    spent.sort_unstable();
    let at = |share: usize| spent[(spent.len() * share / 1_000).min(spent.len() - 1)].as_micros();
    println!("{what:<32} p50 {:>6} µs   p99 {:>6} µs   p99.9 {:>6} µs", at(500), at(990), at(999));
}
