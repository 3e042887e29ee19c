//! The watch over a store, on both engines.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something fails")]

use std::sync::Arc;
use std::time::Duration;

use identity::{AccountKind, Language, Level, NewAccount, Role};
use store::testing::TestStore;
use store::{Tx, params};
use watch::geo::write::{Field, Writer};
use watch::{Answer, Attempt, Device, Judged, Outcome, Said, Subject, Watch, WatchSettings, Whose};

const CHROME: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";

struct Fixture {
    store: TestStore,
    watch: Watch,
    organisation: i64,
    _places: tempfile::TempDir,
}

impl Fixture {
    async fn new(store: TestStore) -> Self {
        let places = tempfile::tempdir().unwrap();
        let path = places.path().join("country.mmdb");
        std::fs::write(&path, countries()).unwrap();
        let settings = WatchSettings {
            country_database: path,
            network_database: places.path().join("none.mmdb"),
            ..WatchSettings::default()
        };
        let watch = Watch::new(store.handle(), &settings).unwrap();
        watch.look();
        let organisation = store
            .write(|tx| {
                let organisation = identity::create_organisation(tx, "Trade", Level::Trade)?;
                identity::create_domain(tx, organisation, "trade.test")?;
                Ok::<_, identity::IdentityError>(organisation)
            })
            .await
            .unwrap();
        Self { store, watch, organisation, _places: places }
    }

    async fn account(&self, name: &str) -> Subject {
        let organisation = self.organisation;
        let address = format!("{name}@trade.test");
        let work = move |tx: &mut Tx<'_>| {
            identity::create_account(
                tx,
                &NewAccount {
                    organisation,
                    kind: AccountKind::Person,
                    address: &address,
                    name: "Somebody",
                    role: Role::Sales,
                    language: Language::English,
                    password: None,
                    quota_bytes: 0,
                },
            )
        };
        let account = self.store.write(work).await.unwrap();
        Subject { account, organisation }
    }

    fn attempt(&self, address: &str) -> Attempt {
        Attempt {
            at: self.now(),
            address: address.parse().unwrap(),
            protocol: "imap".to_owned(),
            method: "password".to_owned(),
            agent: Some(CHROME.to_owned()),
            tls: None,
            device: Device::Unknown,
            strong: false,
        }
    }

    /// With the device that the account always shows.
    fn usual(&self, subject: Subject, address: &str) -> Attempt {
        Attempt { device: Device::Token(format!("device of {}", subject.account)), ..self.attempt(address) }
    }

    fn now(&self) -> env::Timestamp {
        self.store.context().clock.now()
    }

    /// As sign-in does it: assess, then record what came of it.
    async fn sign_in(&self, subject: Subject, attempt: &Attempt) -> (Judged, i64) {
        let judged = self.watch.assess(subject, "trade", attempt).await.unwrap();
        let outcome = match judged.assessment.answer {
            Answer::Pass | Answer::Tell => Outcome::Accepted,
            Answer::Demand => Outcome::FactorNeeded,
            Answer::Refuse => Outcome::Refused,
            Answer::Freeze => Outcome::Frozen,
        };
        let id = self.watch.record(Some(subject), "li", attempt, outcome, Some(&judged));
        self.watch.flush().await.unwrap();
        (judged, id)
    }

    /// Signs in on twenty working days.
    async fn live(&self, subject: Subject, address: &str) {
        for _ in 0..20 {
            let (judged, _) = self.sign_in(subject, &self.usual(subject, address)).await;
            assert!(judged.assessment.answer <= Answer::Tell, "{judged:?}");
            self.store.clock.advance(Duration::from_secs(86_400));
        }
    }

    async fn events(&self, whose: Whose) -> Vec<watch::Event> {
        let until = self.now().plus(Duration::from_secs(1));
        self.store.read(move |tx| watch::list_events(tx, whose, env::Timestamp::from_millis(0), until)).await.unwrap()
    }

    async fn count(&self, sql: &'static str) -> i64 {
        let counted = self.store.read(move |tx| tx.row(sql, &[], |row| row.int(0))).await.unwrap();
        counted.unwrap_or(-1)
    }
}

/// 198.51.100.0/24 is in China, 203.0.113.0/24 in Brazil.
fn countries() -> Vec<u8> {
    let mut writer = Writer::default();
    for (first, last, code) in [
        ("198.51.100.0", "198.51.100.255", "CN"),
        ("192.0.2.0", "192.0.2.255", "CN"),
        ("203.0.113.0", "203.0.113.255", "BR"),
    ] {
        let record = Field::Map(vec![("country_code".to_owned(), Field::Text(code.to_owned()))]);
        writer.insert(first.parse().unwrap(), last.parse().unwrap(), &record).unwrap();
    }
    writer.finish("test", 1_800_000_000)
}

fn rules(judged: &Judged) -> Vec<&str> {
    judged.assessment.findings.iter().map(|finding| finding.rule.as_str()).collect()
}

async fn a_stolen_password_from_the_other_side_of_the_world_freezes(store: TestStore) {
    let fixture = Fixture::new(store).await;
    let li = fixture.account("li").await;
    fixture.live(li, "198.51.100.7").await;
    let (usual, _) = fixture.sign_in(li, &fixture.usual(li, "198.51.100.7")).await;
    assert_eq!((usual.assessment.answer, rules(&usual)), (Answer::Pass, vec![]));
    fixture.store.clock.advance(Duration::from_secs(1_200));
    let thief = Attempt { agent: Some("python-requests/2.32".to_owned()), ..fixture.attempt("203.0.113.9") };
    let (judged, id) = fixture.sign_in(li, &thief).await;
    assert_eq!(rules(&judged), ["new-country", "new-device", "impossible-travel"]);
    assert_eq!(judged.assessment.answer, Answer::Freeze);
    let event = fixture.store.read(move |tx| watch::load_event(tx, id)).await.unwrap();
    assert_eq!(event.outcome, Outcome::Frozen);
    assert_eq!(event.detail.place.country.as_deref(), Some("BR"));
    assert_eq!(event.detail.findings.len(), 3);
    let waits = fixture.store.read(|tx| watch::list_untold(tx, 10)).await.unwrap();
    assert_eq!(waits.last().map(|event| event.id), Some(id), "people are to be told");
    // What was refused is no history.
    let (again, _) = fixture.sign_in(li, &thief).await;
    assert!(rules(&again).contains(&"new-country"));
}

async fn what_the_person_confirms_is_known_from_then_on(store: TestStore) {
    let fixture = Fixture::new(store).await;
    let li = fixture.account("li").await;
    fixture.live(li, "198.51.100.7").await;
    fixture.store.clock.advance(Duration::from_secs(86_400));
    let abroad = fixture.attempt("203.0.113.9");
    let (judged, id) = fixture.sign_in(li, &abroad).await;
    assert!(judged.assessment.answer >= Answer::Demand, "{judged:?}");
    let say = |said| fixture.store.write(move |tx| watch::say(tx, id, said));
    assert_eq!(say(Said::Mine).await.unwrap().subject, Some(li));
    assert!(matches!(say(Said::NotMine).await, Err(watch::WatchError::Answered(_))), "once");
    let (judged, _) = fixture.sign_in(li, &fixture.attempt("203.0.113.9")).await;
    assert!(judged.assessment.answer <= Answer::Tell, "{judged:?}");
}

async fn spraying_is_seen_and_the_owners_network_is_not_shut_out(store: TestStore) {
    let fixture = Fixture::new(store).await;
    let (li, wang) = (fixture.account("li").await, fixture.account("wang").await);
    fixture.live(li, "198.51.100.7").await;
    fixture.live(wang, "203.0.113.77").await;
    for guess in 0..8 {
        let attempt = fixture.attempt("203.0.113.200");
        fixture.watch.record(None, &format!("guess{guess}@trade.test"), &attempt, Outcome::Wrong, None);
    }
    fixture.watch.flush().await.unwrap();
    assert_eq!(fixture.events(Whose::Nobody).await.len(), 8);
    let (hit, _) = fixture.sign_in(li, &fixture.attempt("203.0.113.200")).await;
    assert!(rules(&hit).contains(&"spraying"), "{hit:?}");
    assert!(hit.assessment.answer >= Answer::Refuse);
    let (own, _) = fixture.sign_in(wang, &fixture.usual(wang, "203.0.113.77")).await;
    assert!(!rules(&own).contains(&"spraying"));
    assert_eq!(own.assessment.answer, Answer::Pass);
    fixture.store.clock.advance(Duration::from_secs(3_700));
    let (later, _) = fixture.sign_in(li, &fixture.attempt("203.0.113.200")).await;
    assert!(!rules(&later).contains(&"spraying"), "an hour later it is over");
}

async fn many_accounts_from_a_new_network_are_seen(store: TestStore) {
    let fixture = Fixture::new(store).await;
    let mut people = Vec::new();
    for name in ["a", "b", "c", "d", "e"] {
        let subject = fixture.account(name).await;
        fixture.live(subject, "198.51.100.7").await;
        people.push(subject);
    }
    let mut seen = Vec::new();
    for subject in people {
        // Right country, but a network that none of them has come from.
        let (judged, _) = fixture.sign_in(subject, &fixture.usual(subject, "192.0.2.5")).await;
        seen.push(rules(&judged).contains(&"many-accounts"));
    }
    assert_eq!(seen, [false, false, false, false, true]);
}

async fn the_first_day_of_a_company_is_no_raid(store: TestStore) {
    let fixture = Fixture::new(store).await;
    for number in 0..20 {
        let subject = fixture.account(&format!("person{number}")).await;
        let (judged, _) = fixture.sign_in(subject, &fixture.usual(subject, "192.0.2.5")).await;
        assert_eq!((rules(&judged), judged.assessment.answer), (Vec::new(), Answer::Pass), "person {number}");
    }
}

async fn alike_sign_ins_count_once_an_hour_and_are_all_recorded(store: TestStore) {
    let fixture = Fixture::new(store).await;
    let li = fixture.account("li").await;
    for _ in 0..30 {
        fixture.sign_in(li, &fixture.attempt("198.51.100.7")).await;
        fixture.store.clock.advance(Duration::from_secs(60));
    }
    assert_eq!(fixture.events(Whose::Account(li.account)).await.len(), 30);
    assert_eq!(fixture.count("SELECT MAX(seen) FROM sign_in_feature WHERE account <> 0").await, 1);
}

async fn old_events_and_features_are_forgotten(store: TestStore) {
    let fixture = Fixture::new(store).await;
    let li = fixture.account("li").await;
    fixture.live(li, "192.0.2.9").await;
    fixture.store.clock.advance(Duration::from_secs(200 * 86_400));
    fixture.live(li, "198.51.100.7").await;
    let forgotten = fixture.watch.forget().await.unwrap();
    assert!(forgotten > 0);
    assert_eq!(fixture.events(Whose::Account(li.account)).await.len(), 20);
    assert_eq!(fixture.watch.forget().await.unwrap(), 0);
    let (judged, _) = fixture.sign_in(li, &fixture.usual(li, "198.51.100.7")).await;
    assert_eq!(judged.assessment.answer, Answer::Pass);
}

async fn a_deleted_account_takes_its_sign_ins_with_it(store: TestStore) {
    let fixture = Fixture::new(store).await;
    let li = fixture.account("li").await;
    fixture.live(li, "198.51.100.7").await;
    let attempt = fixture.attempt("198.51.100.7");
    fixture.watch.record(Some(li), "li", &attempt, Outcome::Wrong, None);
    fixture.store.write(move |tx| identity::delete_account(tx, li.account)).await.unwrap();
    fixture.watch.flush().await.unwrap();
    for sql in [
        "SELECT COUNT(*) FROM sign_in_event",
        "SELECT COUNT(*) FROM sign_in_feature WHERE account <> 0",
        "SELECT COUNT(*) FROM sign_in_profile WHERE account <> 0",
    ] {
        assert_eq!(fixture.count(sql).await, 0, "{sql}");
    }
}

async fn nothing_personal_rests_in_clear(store: TestStore) {
    let fixture = Fixture::new(store).await;
    // A name so long that no ciphertext holds it by chance.
    let wang = fixture.account("wang.xiaoming").await;
    fixture.sign_in(wang, &fixture.attempt("198.51.100.7")).await;
    let work = |tx: &mut Tx<'_>| {
        tx.rows("SELECT detail, login, network FROM sign_in_event", params![], |row| {
            Ok([row.bytes(0)?.to_vec(), row.bytes(1)?.to_vec(), row.bytes(2)?.to_vec()])
        })
    };
    let rows = fixture.store.read(work).await.unwrap();
    assert_eq!(rows.len(), 1);
    for column in rows.iter().flatten() {
        let text = String::from_utf8_lossy(column);
        assert!(!text.contains("198.51") && !text.contains("Chrome") && !text.contains("wang"), "{text}");
    }
}

async fn two_nodes_count_together(store: TestStore) {
    if store.directory().is_some() {
        return;
    }
    let fixture = Fixture::new(store).await;
    let li = fixture.account("li").await;
    let other = fixture.store.open_node(2).await;
    let settings = WatchSettings { country_database: "none".into(), ..WatchSettings::default() };
    let there = Arc::new(Watch::new(other.clone(), &settings).unwrap());
    for round in 0..10_u8 {
        let attempt = fixture.attempt(&format!("198.51.{round}.7"));
        fixture.watch.record(Some(li), "li", &attempt, Outcome::Accepted, None);
        let attempt = fixture.attempt(&format!("203.0.{round}.7"));
        there.record(Some(li), "li", &attempt, Outcome::Accepted, None);
        let (here, there) = tokio::join!(fixture.watch.flush(), there.flush());
        assert_eq!((here.unwrap(), there.unwrap()), (1, 1));
    }
    let seen = "SELECT CAST(SUM(seen) AS BIGINT) FROM sign_in_feature WHERE account <> 0 AND kind = 10";
    assert_eq!(fixture.count(seen).await, 20);
    let judged = fixture.watch.assess(li, "trade", &fixture.attempt("198.51.3.7")).await.unwrap();
    assert!(!judged.is_fresh);
    drop(there);
    other.close().await;
}

store::on_both_engines! {
    a_stolen_password_from_the_other_side_of_the_world_freezes,
    what_the_person_confirms_is_known_from_then_on,
    spraying_is_seen_and_the_owners_network_is_not_shut_out,
    many_accounts_from_a_new_network_are_seen,
    the_first_day_of_a_company_is_no_raid,
    alike_sign_ins_count_once_an_hour_and_are_all_recorded,
    old_events_and_features_are_forgotten,
    a_deleted_account_takes_its_sign_ins_with_it,
    nothing_personal_rests_in_clear,
    two_nodes_count_together,
}
