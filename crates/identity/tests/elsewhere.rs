//! Passwords that another directory has, which here is a made-up one.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something fails")]

mod fixture;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use env::Secret;
use fixture::{Fixture, secret};
use identity::{
    AccountState, AuthFailure, Client, FactorSettings, Hasher, Holder, IdentityError, Method, PasswordsElsewhere,
    Principal, Protocol, Role, SignIn, Unasked,
};
use store::testing::TestStore;
use store::{Tx, params};

store::on_both_engines! {
    the_directory_alone_says_whose_password_is_right,
    what_was_right_is_remembered_for_a_minute_and_no_wrong_answer_is,
    nobody_is_let_in_while_it_is_silent,
    guesses_are_slowed_down_and_nobodys_are_asked_for_too,
    a_second_factor_keeps_it_from_mail,
}

const HERE: &str = "Lange-Leitung-7";
const THERE: &str = "word-of-the-directory";

/// Has the passwords of everybody whose name begins with `l`.
#[derive(Default)]
struct Fake {
    is_silent: AtomicBool,
    asked: AtomicU32,
    asked_for_nobody: AtomicU32,
}

#[async_trait]
impl PasswordsElsewhere for Fake {
    fn holder_of(&self, tx: &mut Tx<'_>, account: i64) -> Result<Option<Holder>, IdentityError> {
        let address = tx.row("SELECT address FROM address WHERE account = $1", params![account], |row| {
            Ok(row.text(0)?.to_owned())
        })?;
        let person = address.filter(|address| address.starts_with('l'));
        Ok(person.map(|person| Holder { directory: "hq".to_owned(), person: Some(person) }))
    }

    fn holder_of_nobody(&self, _: &mut Tx<'_>, _: i64) -> Result<Option<Holder>, IdentityError> {
        Ok(Some(Holder { directory: "hq".to_owned(), person: None }))
    }

    async fn check(&self, holder: &Holder, password: &Secret<String>) -> Result<bool, Unasked> {
        let counted = if holder.person.is_some() { &self.asked } else { &self.asked_for_nobody };
        counted.fetch_add(1, Ordering::Relaxed);
        if self.is_silent.load(Ordering::Relaxed) {
            return Err(Unasked("LDAP directory hq: no answer".to_owned()));
        }
        Ok(holder.person.is_some() && password.expose() == THERE)
    }
}

struct Scene {
    fixture: Fixture,
    there: Arc<Fake>,
    sign_in: SignIn,
    li: i64,
}

impl Scene {
    async fn new(store: TestStore) -> Self {
        let fixture = Fixture::new(store).await;
        let li = fixture.add_with("li@trade.test", HERE).await;
        fixture.add_with("wang@trade.test", HERE).await;
        let there = Arc::new(Fake::default());
        let store = fixture.store.handle();
        let hasher = Hasher::new(store.context().entropy.clone());
        let elsewhere: Arc<dyn PasswordsElsewhere> = there.clone();
        let sign_in = SignIn::new(store, hasher).with_passwords_elsewhere(elsewhere);
        Self { fixture, there, sign_in, li }
    }

    async fn enter(&self, login: &str, password: &str) -> Result<Principal, AuthFailure> {
        self.sign_in.authenticate(login, &secret(password), &from(Protocol::Imap)).await
    }

    fn asked(&self) -> u32 {
        self.there.asked.load(Ordering::Relaxed)
    }
}

fn from(protocol: Protocol) -> Client {
    Client::new(IpAddr::from([192, 0, 2, 7]), protocol)
}

async fn the_directory_alone_says_whose_password_is_right(store: TestStore) {
    let scene = Scene::new(store).await;
    let found = scene.enter("li@trade.test", THERE).await.unwrap();
    assert_eq!((found.account, found.method), (scene.li, Method::Directory));
    let own = scene.enter("li@trade.test", HERE).await;
    assert!(matches!(own, Err(AuthFailure::Refused)), "a password that is here is no way around: {own:?}");
    assert_eq!(scene.enter("wang@trade.test", HERE).await.unwrap().method, Method::Password);
    assert!(scene.enter("wang@trade.test", THERE).await.is_err());
    let imap = from(Protocol::Imap);
    assert!(scene.sign_in.scram_keys("li@trade.test", &imap).await.unwrap().is_empty(), "nor by SCRAM");
    assert_eq!(scene.sign_in.scram_keys("wang@trade.test", &imap).await.unwrap().len(), 1);
    assert!(scene.sign_in.is_password_elsewhere(scene.li).await.unwrap());
    let mut watch = scene.sign_in.watch(&found);
    assert!(!watch.is_over().await);
    let li = scene.li;
    scene.fixture.write(move |tx| identity::set_state(tx, li, AccountState::Disabled)).await.unwrap();
    assert!(watch.is_over().await);
    assert!(matches!(scene.enter("li@trade.test", THERE).await, Err(AuthFailure::Disabled)));
}

async fn what_was_right_is_remembered_for_a_minute_and_no_wrong_answer_is(store: TestStore) {
    let scene = Scene::new(store).await;
    for _ in 0..3 {
        scene.enter("li@trade.test", THERE).await.unwrap();
    }
    assert_eq!(scene.asked(), 1);
    for asked in 2..4 {
        scene.enter("li@trade.test", "wrong").await.unwrap_err();
        assert_eq!(scene.asked(), asked);
    }
    scene.fixture.store.clock.advance(Duration::from_secs(61));
    scene.enter("li@trade.test", THERE).await.unwrap();
    assert_eq!(scene.asked(), 4);
}

async fn nobody_is_let_in_while_it_is_silent(store: TestStore) {
    let scene = Scene::new(store).await;
    scene.there.is_silent.store(true, Ordering::Relaxed);
    for _ in 0..10 {
        for (login, password) in [("li@trade.test", THERE), ("li@trade.test", HERE), ("lost@trade.test", THERE)] {
            let silent = scene.enter(login, password).await;
            assert!(matches!(&silent, Err(AuthFailure::Unasked(cause)) if cause.contains("hq")), "{silent:?}");
        }
    }
    scene.there.is_silent.store(false, Ordering::Relaxed);
    scene.enter("li@trade.test", THERE).await.unwrap();
}

async fn guesses_are_slowed_down_and_nobodys_are_asked_for_too(store: TestStore) {
    let scene = Scene::new(store).await;
    for _ in 0..3 {
        assert!(matches!(scene.enter("li@trade.test", "guess").await, Err(AuthFailure::Refused)));
    }
    let throttled = scene.enter("li@trade.test", THERE).await;
    assert!(matches!(throttled, Err(AuthFailure::Throttled { .. })), "{throttled:?}");
    assert_eq!(scene.asked(), 3, "the directory is spared");
    assert!(matches!(scene.enter("lost@trade.test", THERE).await, Err(AuthFailure::Refused)));
    assert_eq!(scene.there.asked_for_nobody.load(Ordering::Relaxed), 1, "who does not exist takes as long");
    assert!(matches!(scene.enter("lost@elsewhere.test", THERE).await, Err(AuthFailure::Refused)));
    assert_eq!(scene.there.asked_for_nobody.load(Ordering::Relaxed), 1);
}

async fn a_second_factor_keeps_it_from_mail(store: TestStore) {
    let mut scene = Scene::new(store).await;
    scene.fixture.add("lu@trade.test", Role::Sales).await;
    let settings = FactorSettings { required_for_all: true, grace_days: 0, ..FactorSettings::default() };
    scene.sign_in = scene.sign_in.with_factors(settings);
    for login in ["li@trade.test", "lu@trade.test"] {
        let mail = scene.enter(login, THERE).await;
        assert!(matches!(mail, Err(AuthFailure::AppPasswordNeeded)), "{mail:?}");
        scene.sign_in.authenticate(login, &secret(THERE), &from(Protocol::Web)).await.unwrap();
    }
}
