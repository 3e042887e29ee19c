//! Passwords and SCRAM, throttling, and what a change of password undoes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something fails")]

mod fixture;

use std::net::IpAddr;
use std::time::{Duration, Instant};

use fixture::{Fixture, prepare, secret};
use identity::{AccountState, AuthFailure, Client, Hasher, Level, Protocol, Role, SignIn};
use store::params;
use store::testing::TestStore;
use wire::sasl::{self, ChannelBindings, ClientCredentials, Mechanism, Server, ServerContext, Step};

store::on_both_engines! {
    the_right_password_lets_in_by_any_address,
    a_changed_password_counts_at_once,
    disabled_accounts_stay_outside,
    guessing_is_slowed_down,
    an_old_hash_is_renewed_while_the_password_is_at_hand,
    scram_proofs_let_in,
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
    for _ in 0..2 {
        sign_in.authenticate("li@trade.test", &secret(PASSWORD), &client()).await.unwrap();
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
    sign_in.authenticate("li@trade.test", &secret(PASSWORD), &client()).await.unwrap();
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

/// A whole SCRAM-SHA-256 exchange.
async fn exchange(sign_in: &SignIn, login: &str, password: &str) -> Option<identity::Principal> {
    let entropy = env::SystemEntropy::default();
    let none = ChannelBindings::default();
    let credentials = ClientCredentials { user: login.to_owned(), password: secret(password) };
    let mut client_side = sasl::Client::new(Mechanism::ScramSha256, credentials, &none, &entropy).unwrap();
    let context = ServerContext {
        offers_plus: false,
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
            Step::Authorize(identity) => {
                principal = sign_in.scram_succeeded(&identity.user, &client()).await.ok();
                server.decide(principal.is_some())
            }
            Step::Success(_) => return principal,
            Step::Failure(_) => return None,
            Step::CheckPassword(_) => panic!("SCRAM shows no password"),
        };
    }
}
