//! The sign-in watch at the door: what is odd is stopped, whatever the password, and the owner stays inside.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something fails")]

mod fixture;

use std::sync::Arc;
use std::time::{Duration, Instant};

use env::{Secret, Timestamp};
use identity::session::Stage;
use identity::{
    AuthFailure, Client, Hasher, IdentityError, Level, NewAppPassword, PreparedAppPassword, Principal, Protocol, Scope,
    SignIn,
};
use store::testing::TestStore;
use watch::geo::write::{Field, Writer};
use watch::{Event, Outcome, Watch, WatchSettings, Whose};

use fixture::Fixture;

const PASSWORD: &str = "Lange-Leitung-7";
const HOME: &str = "198.51.100.7";
const ABROAD: &str = "203.0.113.9";

store::on_both_engines! {
    every_attempt_is_an_event,
    a_thief_abroad_is_refused_and_the_account_frozen_within_a_second,
    a_frozen_account_takes_mail_and_lets_in_nobody,
    an_odd_web_sign_in_must_show_a_factor_and_may_not_enrol_one,
    a_broken_watch_lets_in_nobody,
    sign_ins_stand_in_the_audit_log,
    what_cannot_be_recorded_does_not_let_in,
}

struct Door {
    fixture: Fixture,
    sign_in: SignIn,
    watch: Arc<Watch>,
    account: i64,
    app_password: Secret<String>,
    _places: tempfile::TempDir,
}

impl Door {
    /// An account at the strictest level that has read mail from home for three weeks, with an app password.
    async fn new(store: TestStore) -> Self {
        let places = tempfile::tempdir().unwrap();
        let country_database = places.path().join("country.mmdb");
        std::fs::write(&country_database, countries()).unwrap();
        let settings = WatchSettings { country_database, network_database: "none".into(), ..WatchSettings::default() };
        let watch = Arc::new(Watch::new(store.handle(), &settings).unwrap());
        watch.look();
        let hasher = Hasher::new(Arc::clone(&store.context().entropy));
        let sign_in = SignIn::new(store.handle(), hasher).with_watch(Arc::clone(&watch));
        let fixture = Fixture::new(store).await;
        let account = fixture.add_with("li@trade.test", PASSWORD).await;
        let organisation = fixture.organisation;
        fixture.write(move |tx| identity::set_level(tx, organisation, Level::Trade)).await.unwrap();
        let app_password = add_app_password(&fixture, account).await;
        let door = Self { fixture, sign_in, watch, account, app_password, _places: places };
        for _ in 0..20 {
            door.read_mail(HOME).await.unwrap();
            door.watch.flush().await.unwrap();
            door.fixture.store.clock.advance(Duration::from_secs(86_400));
        }
        door
    }

    async fn read_mail(&self, from: &str) -> Result<Principal, AuthFailure> {
        let client = Client { agent: Some("Thunderbird/140.4.0".to_owned()), ..client(from, Protocol::Imap) };
        self.sign_in.authenticate("li@trade.test", &self.app_password, &client).await
    }

    async fn events(&self) -> Vec<Event> {
        self.watch.flush().await.unwrap();
        let until = self.fixture.store.context().clock.now().plus(Duration::from_secs(1));
        let (account, since) = (self.account, Timestamp::from_millis(0));
        self.fixture.store.read(move |tx| watch::list_events(tx, Whose::Account(account), since, until)).await.unwrap()
    }

    /// Another app password of the account, of which nobody has seen a sign-in.
    async fn other_app_password(&self) -> Secret<String> {
        add_app_password(&self.fixture, self.account).await
    }
}

async fn add_app_password(fixture: &Fixture, account: i64) -> Secret<String> {
    let salt = fixture.write(move |tx| identity::scram_salt(tx, account)).await.unwrap();
    let prepared = PreparedAppPassword::new(&salt, &env::SystemEntropy::default()).unwrap();
    let shown = prepared.secret().expose().clone();
    let new = NewAppPassword { label: "laptop".to_owned(), scope: Scope::ALL, expires: None };
    fixture.write(move |tx| identity::add_app_password(tx, account, &new, &prepared)).await.unwrap();
    Secret::new(shown)
}

fn client(from: &str, protocol: Protocol) -> Client {
    Client::new(from.parse().unwrap(), protocol)
}

/// 198.51.100.0/24 is in China, 203.0.113.0/24 in Brazil.
fn countries() -> Vec<u8> {
    let mut writer = Writer::default();
    for (first, last, code) in [("198.51.100.0", "198.51.100.255", "CN"), ("203.0.113.0", "203.0.113.255", "BR")] {
        let record = Field::Map(vec![("country_code".to_owned(), Field::Text(code.to_owned()))]);
        writer.insert(first.parse().unwrap(), last.parse().unwrap(), &record).unwrap();
    }
    writer.finish("test", 1_800_000_000)
}

async fn every_attempt_is_an_event(store: TestStore) {
    let door = Door::new(store).await;
    let wrong = Secret::new("wrong".to_owned());
    let imap = client(HOME, Protocol::Imap);
    door.sign_in.authenticate("li@trade.test", &wrong, &imap).await.unwrap_err();
    door.sign_in.authenticate("nobody@trade.test", &wrong, &imap).await.unwrap_err();
    door.read_mail(HOME).await.unwrap();
    let events = door.events().await;
    assert_eq!(events.len(), 22);
    assert_eq!([events[0].outcome, events[1].outcome], [Outcome::Accepted, Outcome::Wrong]);
    let detail = &events[0].detail;
    assert_eq!((detail.protocol.as_str(), detail.method.as_str()), ("imap", "app-password"));
    assert_eq!(detail.place.country.as_deref(), Some("CN"));
    let everything = |tx: &mut store::Tx<'_>| tx.row("SELECT COUNT(*) FROM sign_in_event", &[], |row| row.int(0));
    assert_eq!(door.fixture.store.read(everything).await.unwrap(), Some(23), "nobody's too");
}

async fn a_thief_abroad_is_refused_and_the_account_frozen_within_a_second(store: TestStore) {
    let door = Door::new(store).await;
    let owner = door.read_mail(HOME).await.unwrap();
    let stolen = door.other_app_password().await;
    let mut owners = door.sign_in.watch(&owner);
    assert!(!owners.is_over().await);
    door.watch.flush().await.unwrap();
    door.fixture.store.clock.advance(Duration::from_secs(900));
    let thief = Client { agent: Some("python-imaplib".to_owned()), ..client(ABROAD, Protocol::Imap) };
    let started = Instant::now();
    let refused = door.sign_in.authenticate("li@trade.test", &stolen, &thief).await;
    assert!(matches!(refused, Err(AuthFailure::Unusual)), "{refused:?}");
    tokio::time::timeout(Duration::from_secs(1), owners.ended()).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    let events = door.events().await;
    assert_eq!(events[0].outcome, Outcome::Frozen);
    assert!(matches!(door.read_mail(HOME).await, Err(AuthFailure::Frozen)));
}

async fn a_frozen_account_takes_mail_and_lets_in_nobody(store: TestStore) {
    let door = Door::new(store).await;
    let account = door.account;
    door.fixture.write(move |tx| identity::freeze(tx, account)).await.unwrap();
    assert!(matches!(door.read_mail(HOME).await, Err(AuthFailure::Frozen)));
    let resolved = door.fixture.write(|tx| identity::resolve(tx, "li@trade.test")).await.unwrap();
    assert!(matches!(resolved, identity::Resolution::Local(recipient) if recipient.active));
    let enabled = door.fixture.write(move |tx| identity::set_state(tx, account, identity::AccountState::Active)).await;
    assert!(matches!(enabled, Err(IdentityError::Frozen(_))), "who may enable accounts may not thaw them");
    assert!(door.fixture.write(move |tx| identity::unfreeze(tx, account, true)).await.unwrap());
    assert!(!door.fixture.write(move |tx| identity::unfreeze(tx, account, true)).await.unwrap());
    door.read_mail(HOME).await.unwrap();
}

async fn an_odd_web_sign_in_must_show_a_factor_and_may_not_enrol_one(store: TestStore) {
    let door = Door::new(store).await;
    door.fixture.store.clock.advance(Duration::from_secs(86_400));
    let password = Secret::new(PASSWORD.to_owned());
    let web = Client { agent: Some("Thunderbird/140.4.0".to_owned()), ..client(ABROAD, Protocol::Web) };
    let principal = door.sign_in.authenticate("li@trade.test", &password, &web).await.unwrap();
    let step = |stage, can_answer| door.sign_in.step(&principal, &web, stage, can_answer);
    assert_eq!(step(Stage::Whole, true).await.unwrap(), Stage::Factor);
    assert!(matches!(step(Stage::Enrol, false).await, Err(AuthFailure::Unusual)));
    let outcomes: Vec<Outcome> = door.events().await.iter().take(2).map(|event| event.outcome).collect();
    assert_eq!(outcomes, [Outcome::Refused, Outcome::FactorNeeded]);
    door.sign_in.completed(&principal, &web).await.unwrap();
    let last = door.events().await.remove(0);
    assert_eq!((last.outcome, last.detail.strong), (Outcome::Accepted, true));
}

async fn a_broken_watch_lets_in_nobody(store: TestStore) {
    let door = Door::new(store).await;
    let breaking = "UPDATE sign_in_profile SET detail = $1";
    door.fixture.store.write(move |tx| tx.execute(breaking, store::params![b"not sealed"])).await.unwrap();
    assert!(matches!(door.read_mail(HOME).await, Err(AuthFailure::Temporary(_))));
}

/// The leaves that wait for their place.
async fn leaves(door: &Door) -> Vec<audit::Leaf> {
    door.watch.flush().await.unwrap();
    let read = |tx: &mut store::Tx<'_>| {
        tx.rows("SELECT leaf FROM audit_pending ORDER BY event", &[], |row| Ok(row.bytes(0)?.to_vec()))
    };
    let rows = door.fixture.store.read(read).await.unwrap();
    rows.iter().map(|leaf| serde_json::from_slice(leaf).unwrap()).collect()
}

async fn sign_ins_stand_in_the_audit_log(store: TestStore) {
    let door = Door::new(store).await;
    let before = leaves(&door).await.len();
    assert_eq!(before, 20, "one for each day");
    for _ in 0..5 {
        door.read_mail(HOME).await.unwrap();
    }
    let wrong = Secret::new("wrong".to_owned());
    for _ in 0..5 {
        door.sign_in.authenticate("li@trade.test", &wrong, &client(HOME, Protocol::Imap)).await.unwrap_err();
    }
    door.sign_in.authenticate("nobody@trade.test", &wrong, &client(HOME, Protocol::Imap)).await.unwrap_err();
    let leaves = leaves(&door).await;
    let told: Vec<&str> = leaves.iter().skip(before).map(|leaf| leaf.outcome.as_str()).collect();
    assert_eq!(told, ["accepted", "wrong", "throttled"], "those that are alike once");
    let accepted = &leaves[before];
    assert_eq!((accepted.action.as_str(), &accepted.actor), (watch::AUDITED_AS, &leaves[0].actor));
    assert_ne!(accepted.actor, "operator");

    let id = i64::from_str_radix(&accepted.id, 16).unwrap();
    let disclosed = door.fixture.store.read(move |tx| watch::disclose(tx, id)).await.unwrap().unwrap();
    assert!(disclosed.text.contains(HOME) && disclosed.text.contains("Thunderbird"), "{}", disclosed.text);
    assert_eq!(audit::commit(disclosed.salt.as_bytes(), disclosed.text.as_bytes()), accepted.commitment);
}

async fn what_cannot_be_recorded_does_not_let_in(store: TestStore) {
    let door = Door::new(store).await;
    door.fixture.store.write(|tx| tx.execute("DROP TABLE audit_pending", &[])).await.unwrap();
    assert!(matches!(door.read_mail(HOME).await, Err(AuthFailure::Temporary(_))));
}
