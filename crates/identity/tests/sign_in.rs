//! Passwords and SCRAM, throttling, and what a change of password undoes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something fails")]

mod fixture;

use std::net::IpAddr;
use std::time::{Duration, Instant};

use env::{Clock, Timestamp};
use fixture::{Fixture, prepare, secret};
use identity::{
    AccountState, AuthFailure, Client, FactorSettings, Hasher, Level, Method, NewAppPassword, PasswordSettings,
    PreparedAppPassword, PreparedPassword, Protocol, Role, Scope, SignIn, SignInWatch,
};
use store::params;
use store::testing::TestStore;
use wire::sasl::{self, ChannelBindings, ClientCredentials, Mechanism, Server, ServerContext, Step};

store::on_both_engines! {
    the_right_password_lets_in_by_any_address,
    a_changed_password_counts_at_once,
    disabled_accounts_stay_outside,
    guessing_is_slowed_down,
    a_program_that_opens_many_connections_at_once_is_no_guesser,
    an_old_hash_is_renewed_while_the_password_is_at_hand,
    scram_proofs_let_in,
    app_passwords_open_what_they_are_made_for,
    a_guarded_account_password_opens_no_mail_protocol,
    an_aged_password_opens_no_mail_protocol,
    what_is_signed_in_ends_with_what_it_stands_on,
}

const PASSWORD: &str = "Lange-Leitung-7";

fn sign_in(fixture: &Fixture) -> SignIn {
    let store = fixture.store.handle();
    let hasher = Hasher::new(store.context().entropy.clone());
    SignIn::new(store, hasher)
}

fn client() -> Client {
    Client::new(IpAddr::from([192, 0, 2, 7]), Protocol::Imap)
}

async fn a_program_that_opens_many_connections_at_once_is_no_guesser(store: TestStore) {
    let fixture = Fixture::new(store).await;
    fixture.add_with("li@trade.test", PASSWORD).await;
    let (sign_in, client, right, wrong) = (sign_in(&fixture), client(), secret(PASSWORD), secret("Guess-word-77"));
    let outcomes =
        futures_util::future::join_all((0..16).map(|_| sign_in.authenticate("li@trade.test", &right, &client)));
    for outcome in outcomes.await {
        outcome.unwrap();
    }
    // The wrong one, shown as often, is looked at three times, and three times more as the client is known.
    let outcomes =
        futures_util::future::join_all((0..16).map(|_| sign_in.authenticate("li@trade.test", &wrong, &client)));
    let refused = outcomes.await.into_iter().filter(|outcome| matches!(outcome, Err(AuthFailure::Refused))).count();
    assert_eq!(refused, 6);
}

async fn the_right_password_lets_in_by_any_address(store: TestStore) {
    let fixture = Fixture::new(store).await;
    let li = fixture.add_with("li@trade.test", PASSWORD).await;
    fixture.write(move |tx| identity::add_alias(tx, li, "sales@trade.test")).await.unwrap();
    let sign_in = sign_in(&fixture);
    let principal = sign_in.authenticate("LI@trade.test", &secret(PASSWORD), &client()).await.unwrap();
    assert_eq!((principal.account, principal.organisation), (li, fixture.organisation));
    assert_eq!((principal.address.as_str(), principal.role), ("li@trade.test", Role::Sales));
    let again = Instant::now();
    let by_alias = sign_in.authenticate("sales@trade.test", &secret(PASSWORD), &client()).await.unwrap();
    assert_eq!(by_alias, principal);
    assert!(again.elapsed() < Duration::from_secs(1));
    for (login, password) in [("li@trade.test", "wrong"), ("li@trade.test", ""), ("wang@trade.test", PASSWORD)] {
        let refused = sign_in.authenticate(login, &secret(password), &client()).await;
        assert!(matches!(refused, Err(AuthFailure::Refused)), "{login}");
    }
    let nonsense = sign_in.authenticate("no address", &secret(PASSWORD), &client()).await;
    assert!(matches!(nonsense, Err(AuthFailure::Refused)));
}

async fn a_changed_password_counts_at_once(store: TestStore) {
    let fixture = Fixture::new(store).await;
    let li = fixture.add_with("li@trade.test", PASSWORD).await;
    let sign_in = sign_in(&fixture);
    sign_in.authenticate("li@trade.test", &secret(PASSWORD), &client()).await.unwrap();
    let prepared = prepare("Neue-Leitung-8", Level::Basic);
    fixture.write(move |tx| identity::set_password(tx, li, &prepared)).await.unwrap();
    let old = sign_in.authenticate("li@trade.test", &secret(PASSWORD), &client()).await;
    assert!(matches!(old, Err(AuthFailure::Refused)), "though it was verified a moment ago");
    sign_in.authenticate("li@trade.test", &secret("Neue-Leitung-8"), &client()).await.unwrap();
}

async fn disabled_accounts_stay_outside(store: TestStore) {
    let fixture = Fixture::new(store).await;
    let li = fixture.add_with("li@trade.test", PASSWORD).await;
    let sign_in = sign_in(&fixture);
    sign_in.authenticate("li@trade.test", &secret(PASSWORD), &client()).await.unwrap();
    fixture.write(move |tx| identity::set_state(tx, li, AccountState::Disabled)).await.unwrap();
    let right = sign_in.authenticate("li@trade.test", &secret(PASSWORD), &client()).await;
    assert!(matches!(right, Err(AuthFailure::Disabled)));
    let wrong = sign_in.authenticate("li@trade.test", &secret("wrong"), &client()).await;
    assert!(matches!(wrong, Err(AuthFailure::Refused)));
}

async fn guessing_is_slowed_down(store: TestStore) {
    let fixture = Fixture::new(store).await;
    fixture.add_with("li@trade.test", PASSWORD).await;
    let sign_in = sign_in(&fixture);
    let elsewhere = Client::new(IpAddr::from([203, 0, 113, 7]), Protocol::Imap);
    sign_in.authenticate("li@trade.test", &secret(PASSWORD), &client()).await.unwrap();
    for _ in 0..3 {
        let refused = sign_in.authenticate("li@trade.test", &secret("guess"), &elsewhere).await;
        assert!(matches!(refused, Err(AuthFailure::Refused)));
    }
    let throttled = sign_in.authenticate("li@trade.test", &secret(PASSWORD), &elsewhere).await;
    assert!(matches!(throttled, Err(AuthFailure::Throttled { .. })), "the password is not even looked at");
    sign_in.authenticate("li@trade.test", &secret(PASSWORD), &client()).await.unwrap();
    fixture.store.clock.advance(Duration::from_secs(2));
    sign_in.authenticate("li@trade.test", &secret(PASSWORD), &elsewhere).await.unwrap();
}

async fn an_old_hash_is_renewed_while_the_password_is_at_hand(store: TestStore) {
    let fixture = Fixture::new(store).await;
    let li = fixture.add_with("li@trade.test", PASSWORD).await;
    let organisation = fixture.organisation;
    fixture
        .write(move |tx| {
            tx.execute("UPDATE organisation SET level = 'enhanced' WHERE id = $1", params![organisation])?;
            Ok(())
        })
        .await
        .unwrap();
    let sign_in = sign_in(&fixture);
    let browser = Client::new(client().address, Protocol::Web);
    for _ in 0..2 {
        sign_in.authenticate("li@trade.test", &secret(PASSWORD), &browser).await.unwrap();
    }
    let hash = fixture
        .write(move |tx| {
            Ok(tx.row("SELECT hash FROM credential WHERE account = $1", params![li], |row| {
                Ok(row.text(0)?.to_owned())
            })?)
        })
        .await
        .unwrap()
        .unwrap();
    assert!(hash.starts_with("$argon2id$v=19$m=47104,"), "{hash}");
    fixture.store.clock.advance(Duration::from_secs(120));
    sign_in.authenticate("li@trade.test", &secret(PASSWORD), &browser).await.unwrap();
    fixture
        .write(move |tx| {
            tx.execute("UPDATE organisation SET level = 'basic' WHERE id = $1", params![organisation])?;
            Ok(())
        })
        .await
        .unwrap();
    exchange(&sign_in, "li@trade.test", PASSWORD).await.unwrap();
}

async fn scram_proofs_let_in(store: TestStore) {
    let fixture = Fixture::new(store).await;
    let li = fixture.add_with("li@trade.test", PASSWORD).await;
    fixture.add("wang@trade.test", Role::Sales).await;
    let sign_in = sign_in(&fixture);
    assert_eq!(exchange(&sign_in, "li@trade.test", PASSWORD).await.unwrap().account, li);
    for (login, password) in
        [("li@trade.test", "wrong"), ("nobody@trade.test", PASSWORD), ("wang@trade.test", PASSWORD)]
    {
        assert!(exchange(&sign_in, login, password).await.is_none(), "{login}");
    }
    fixture.write(move |tx| identity::set_state(tx, li, AccountState::Disabled)).await.unwrap();
    assert!(exchange(&sign_in, "li@trade.test", PASSWORD).await.is_none());
}

async fn an_aged_password_opens_no_mail_protocol(store: TestStore) {
    let fixture = Fixture::new(store).await;
    let li = fixture.add_with("li@trade.test", PASSWORD).await;
    let settings = PasswordSettings { age_days_max: 30, ..PasswordSettings::default() };
    let sign_in = sign_in(&fixture).with_passwords(settings);
    assert!(sign_in.authenticate("li@trade.test", &secret(PASSWORD), &client()).await.is_ok());
    assert!(exchange(&sign_in, "li@trade.test", PASSWORD).await.is_some());
    fixture.store.clock.advance(Duration::from_secs(31 * 86_400));
    // Each from a network of its own, so that no earlier failure slows the next.
    let mut network = 0;
    let mut shown = async |protocol, password: &str| {
        network += 1;
        let client = Client::new(IpAddr::from([198, 51, network, 7]), protocol);
        let shown = sign_in.authenticate("li@trade.test", &secret(password), &client).await;
        fixture.store.clock.advance(Duration::from_secs(3_600));
        shown
    };
    for protocol in [Protocol::Imap, Protocol::Smtp] {
        let right = shown(protocol, PASSWORD).await;
        assert!(matches!(right, Err(AuthFailure::PasswordTooOld)), "{protocol}: {right:?}");
        let wrong = shown(protocol, "wrong").await;
        assert!(matches!(wrong, Err(AuthFailure::Refused)), "{protocol}: {wrong:?}");
    }
    assert!(exchange(&sign_in, "li@trade.test", PASSWORD).await.is_none());
    assert!(shown(Protocol::Web, PASSWORD).await.is_ok(), "it leads to the page that changes it");
    let prepared = prepare("Neue-Leitung-8", Level::Basic);
    fixture.write(move |tx| identity::set_password(tx, li, &prepared)).await.unwrap();
    assert!(shown(Protocol::Imap, "Neue-Leitung-8").await.is_ok());
    assert!(exchange(&sign_in, "li@trade.test", "Neue-Leitung-8").await.is_some());
}

/// A whole SCRAM-SHA-256 exchange.
async fn exchange(sign_in: &SignIn, login: &str, password: &str) -> Option<identity::Principal> {
    let entropy = env::SystemEntropy::default();
    let none = ChannelBindings::default();
    let credentials = ClientCredentials { user: login.to_owned(), password: secret(password) };
    let mut client_side = sasl::Client::new(Mechanism::ScramSha256, credentials, &none, &entropy).unwrap();
    let context = ServerContext {
        offers_plus: false,
        openid_configuration: String::new(),
        bindings: none.clone(),
        pretence_secret: sign_in.pretence_secret(),
        pretence_iterations: sign_in.pretence_iterations(),
    };
    let mut server = Server::new(Mechanism::ScramSha256, context, &entropy);
    let initial = client_side.initial();
    let mut step = server.start(initial.as_deref());
    let mut principal = None;
    loop {
        step = match step {
            Step::FetchKeys { user } => server.keys(sign_in.scram_keys(&user, &client()).await.unwrap()),
            Step::Challenge(bytes) => server.respond(&client_side.respond(&bytes).unwrap()),
            Step::Authorize(proved) => {
                principal = sign_in.scram_succeeded(&proved, &client()).await.ok();
                server.decide(principal.is_some())
            }
            Step::Success(_) => return principal,
            Step::Failure(_) => return None,
            Step::CheckPassword(_) | Step::CheckToken(_) | Step::CheckCertificate { .. } => {
                panic!("SCRAM shows no secret")
            }
        };
    }
}

async fn add_app_password(
    fixture: &Fixture,
    account: i64,
    label: &str,
    scope: Scope,
    expires: Option<Timestamp>,
) -> (i64, String) {
    let salt = fixture.write(move |tx| identity::scram_salt(tx, account)).await.unwrap();
    let prepared = PreparedAppPassword::new(&salt, &env::SystemEntropy::default()).unwrap();
    let shown = prepared.secret().expose().clone();
    let new = NewAppPassword { label: label.to_owned(), scope, expires };
    let id = fixture.write(move |tx| identity::add_app_password(tx, account, &new, &prepared)).await.unwrap();
    (id, shown)
}

async fn set_level(fixture: &Fixture, level: Level) {
    let organisation = fixture.organisation;
    fixture.write(move |tx| identity::set_level(tx, organisation, level)).await.unwrap();
}

async fn app_passwords_open_what_they_are_made_for(store: TestStore) {
    let fixture = Fixture::new(store).await;
    let li = fixture.add_with("li@trade.test", PASSWORD).await;
    let sign_in = sign_in(&fixture).with_factors(FactorSettings { grace_days: 0, ..FactorSettings::default() });
    let both = Scope::of(&[Protocol::Imap, Protocol::Smtp]);
    let (_, phone) = add_app_password(&fixture, li, "phone", both, None).await;
    let expires = Some(fixture.store.clock.now().plus(Duration::from_secs(60)));
    let (reader, reading) = add_app_password(&fixture, li, "reader", Scope::of(&[Protocol::Imap]), expires).await;
    let (imap, smtp) = (client(), Client::new(client().address, Protocol::Smtp));
    let found = sign_in.authenticate("li@trade.test", &secret(&reading), &imap).await.unwrap();
    assert_eq!((found.method, found.scope), (Method::AppPassword(reader), Scope::of(&[Protocol::Imap])));
    let spoken = phone.replace('-', " ").to_uppercase();
    sign_in.authenticate("li@trade.test", &secret(&spoken), &smtp).await.unwrap();
    let elsewhere = sign_in.authenticate("li@trade.test", &secret(&reading), &smtp).await;
    assert!(matches!(elsewhere, Err(AuthFailure::OutOfScope)));
    let browser = Client::new(client().address, Protocol::Web);
    let web = sign_in.authenticate("li@trade.test", &secret(&phone), &browser).await;
    assert!(matches!(web, Err(AuthFailure::Refused)), "no app password opens the web");

    // SCRAM finds each of them, and the account's own password beside them.
    for password in [phone.as_str(), reading.as_str(), PASSWORD] {
        assert_eq!(exchange(&sign_in, "li@trade.test", password).await.unwrap().account, li, "{password}");
    }
    fixture.add_with("wang@trade.test", "Andere-Leitung-7").await;
    assert!(exchange(&sign_in, "wang@trade.test", &phone).await.is_none(), "another account's");
    let other = sign_in.authenticate("wang@trade.test", &secret(&phone), &imap).await;
    assert!(matches!(other, Err(AuthFailure::Refused)));

    let listed = fixture.write(move |tx| identity::list_app_passwords(tx, li)).await.unwrap();
    assert_eq!(listed.iter().map(|it| it.what.label.as_str()).collect::<Vec<_>>(), ["phone", "reader"]);
    fixture.store.clock.advance(Duration::from_secs(60));
    let expired = sign_in.authenticate("li@trade.test", &secret(&reading), &imap).await;
    assert!(matches!(expired, Err(AuthFailure::Refused)));
    assert!(exchange(&sign_in, "li@trade.test", &reading).await.is_none());

    // A changed account password changes nothing for devices that have their own, if it keeps the salt.
    let salt = fixture.write(move |tx| identity::scram_salt(tx, li)).await.unwrap();
    let entropy = env::SystemEntropy::default();
    let prepared = PreparedPassword::with_salt(&secret("Neue-Leitung-8"), Level::Basic, &entropy, &salt).unwrap();
    fixture.write(move |tx| identity::set_password(tx, li, &prepared)).await.unwrap();
    for password in [phone.as_str(), "Neue-Leitung-8"] {
        assert!(exchange(&sign_in, "li@trade.test", password).await.is_some(), "{password}");
    }
    assert!(exchange(&sign_in, "li@trade.test", PASSWORD).await.is_none());
}

/// Every way in that shows or proves a password, at a level that asks for a second factor.
async fn a_guarded_account_password_opens_no_mail_protocol(store: TestStore) {
    let fixture = Fixture::new(store).await;
    let li = fixture.add_with("li@trade.test", PASSWORD).await;
    let sign_in = sign_in(&fixture).with_factors(FactorSettings { grace_days: 0, ..FactorSettings::default() });
    let both = Scope::of(&[Protocol::Imap, Protocol::Smtp]);
    let (_, phone) = add_app_password(&fixture, li, "phone", both, None).await;
    // A sign-in of before does not help either, though its password is remembered.
    sign_in.authenticate("li@trade.test", &secret(PASSWORD), &client()).await.unwrap();
    for level in [Level::Enhanced, Level::Trade] {
        set_level(&fixture, level).await;
        for protocol in [Protocol::Imap, Protocol::Smtp] {
            let from = Client::new(client().address, protocol);
            let own = sign_in.authenticate("li@trade.test", &secret(PASSWORD), &from).await;
            assert!(matches!(own, Err(AuthFailure::AppPasswordNeeded)), "{level} {protocol}");
            let wrong = sign_in.authenticate("li@trade.test", &secret("wrong"), &from).await;
            assert!(matches!(wrong, Err(AuthFailure::Refused)));
            sign_in.authenticate("li@trade.test", &secret(&phone), &from).await.unwrap();
        }
        assert!(exchange(&sign_in, "li@trade.test", PASSWORD).await.is_none(), "SCRAM with the account password");
        assert!(exchange(&sign_in, "li@trade.test", &phone).await.is_some());
        let browser = Client::new(client().address, Protocol::Web);
        sign_in.authenticate("li@trade.test", &secret(PASSWORD), &browser).await.unwrap();
    }
}

async fn what_is_signed_in_ends_with_what_it_stands_on(store: TestStore) {
    let fixture = Fixture::new(store).await;
    let li = fixture.add_with("li@trade.test", PASSWORD).await;
    let sign_in = sign_in(&fixture);
    let (id, phone) = add_app_password(&fixture, li, "phone", Scope::of(&[Protocol::Imap]), None).await;
    let enter = async |password: &str| {
        let principal = sign_in.authenticate("li@trade.test", &secret(password), &client()).await.unwrap();
        let mut watch = sign_in.watch(&principal);
        assert!(!watch.is_over().await);
        watch
    };
    let is_over =
        async |watch: &mut SignInWatch| tokio::time::timeout(Duration::from_secs(1), watch.ended()).await.is_ok();
    let (mut own, mut app) = (enter(PASSWORD).await, enter(&phone).await);
    fixture.write(move |tx| identity::revoke_app_password(tx, li, id)).await.unwrap();
    assert!(is_over(&mut app).await, "the app password was revoked");
    assert!(!own.is_over().await, "the other goes on");
    let prepared = prepare("Neue-Leitung-8", Level::Basic);
    fixture.write(move |tx| identity::set_password(tx, li, &prepared)).await.unwrap();
    assert!(is_over(&mut own).await, "the password was changed");
    let (mut third, mut fourth) = (enter("Neue-Leitung-8").await, enter("Neue-Leitung-8").await);
    fixture.write(move |tx| identity::end_sign_ins(tx, li)).await.unwrap();
    assert!(is_over(&mut third).await && is_over(&mut fourth).await, "all was ended");
    let mut fifth = enter("Neue-Leitung-8").await;
    fixture.write(move |tx| identity::set_state(tx, li, AccountState::Disabled)).await.unwrap();
    assert!(is_over(&mut fifth).await, "the account was put out of use");
}
