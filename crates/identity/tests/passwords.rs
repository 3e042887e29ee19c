//! New passwords: the rules of each level, lists of leaked ones, history.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something fails")]

mod fixture;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fixture::{Fixture, secret};
use identity::password::policy::{BreachUnknown, HashForm};
use identity::password::{LeakedLists, Owner, RangeSource};
use identity::{Hasher, Level, PasswordGate, PasswordRefusal, PasswordSettings};
use store::testing::TestStore;

store::on_both_engines! {
    earlier_passwords_are_not_taken_again,
    a_password_grows_old,
}

fn gate(fixture: &Fixture, settings: PasswordSettings, ranges: Option<Arc<dyn RangeSource>>) -> PasswordGate {
    let store = fixture.store.handle();
    let hasher = Hasher::new(store.context().entropy.clone());
    let lists = LeakedLists::new(&settings, ranges);
    PasswordGate::new(store, hasher, settings, lists)
}

async fn earlier_passwords_are_not_taken_again(store: TestStore) {
    let fixture = Fixture::new(store).await;
    let li = fixture.add_with("li@trade.test", "Kupfer-0-Balkon").await;
    let gate = gate(&fixture, PasswordSettings::default(), None);
    for round in 1..=4 {
        let prepared = gate.change(li, &secret(&format!("Kupfer-{round}-Balkon"))).await.unwrap();
        fixture.write(move |tx| identity::set_password(tx, li, &prepared)).await.unwrap();
    }
    // The present one and the three before it, by the level basic.
    for round in 1..=4 {
        let refused = gate.change(li, &secret(&format!("Kupfer-{round}-Balkon"))).await.unwrap_err();
        assert!(matches!(refused, PasswordRefusal::Reused(3)), "{round}: {refused}");
    }
    gate.change(li, &secret("Kupfer-0-Balkon")).await.unwrap();
    let own = gate.change(li, &secret("Kupfer-9-Trade-Test")).await.unwrap_err();
    assert!(matches!(own, PasswordRefusal::OwnWord(_)), "{own}");
    // The level of the organisation holds.
    let organisation = fixture.organisation;
    fixture.write(move |tx| identity::set_level(tx, organisation, Level::Trade)).await.unwrap();
    let short = gate.change(li, &secret("Wolke-9-Topf")).await.unwrap_err();
    assert!(matches!(short, PasswordRefusal::Short { have: 12, min: 14 }), "{short}");
    let prepared = gate.change(li, &secret("Wolke-9-Topf-lila-Zaun")).await.unwrap();
    assert!(prepared.hash().starts_with("$argon2id$v=19$m=65536,"), "{}", prepared.hash());
}

async fn a_password_grows_old(store: TestStore) {
    let fixture = Fixture::new(store).await;
    let li = fixture.add_with("li@trade.test", "Kupfer-0-Balkon").await;
    let gate = gate(&fixture, PasswordSettings::default(), None);
    let chosen = fixture.write(move |tx| identity::password_chosen(tx, li)).await.unwrap().unwrap();
    fixture.store.clock.advance(Duration::from_secs(91 * 86_400));
    let now = fixture.store.handle().context().clock.now();
    assert!(gate.policy(Level::Trade).is_expired(chosen, now));
    assert!(!gate.policy(Level::Enhanced).is_expired(chosen, now));
}

struct Ranges {
    works: AtomicBool,
}

#[async_trait::async_trait]
impl RangeSource for Ranges {
    async fn range(&self, prefix: &str) -> Result<String, String> {
        assert_eq!(prefix.len(), 5, "no more of the hash is told");
        if !self.works.load(Ordering::Relaxed) {
            return Err("no route to host".to_owned());
        }
        let leaked = HashForm::Sha1.hash("Range-7-Lattich-Zaun");
        Ok(if leaked.starts_with(prefix) { format!("{}:5\r\n", &leaked[5..]) } else { "0:0\r\n".to_owned() })
    }
}

fn list(path: &Path, form: HashForm, passwords: &[&str]) -> String {
    let mut hashes: Vec<_> = passwords.iter().map(|it| format!("{}:3\r\n", form.hash(it))).collect();
    hashes.sort();
    std::fs::write(path, hashes.concat()).unwrap();
    path.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn leaked_passwords_and_those_of_other_systems_are_refused() {
    let Some(store) = TestStore::open(store::testing::Engine::Sqlite).await else { panic!("SQLite is built in") };
    let fixture = Fixture::new(store).await;
    let directory = tempfile::tempdir().unwrap();
    let settings = PasswordSettings {
        breached_file: list(&directory.path().join("leaked"), HashForm::Sha1, &["Leck-7-Lattich-Zaun", "Other-1"]),
        systems_file: list(&directory.path().join("windows"), HashForm::Ntlm, &["Firma-7-Lattich-Zaun"]),
        ..PasswordSettings::default()
    };
    let ranges = Arc::new(Ranges { works: AtomicBool::new(true) });
    let owner = Owner { level: Level::Basic, names: vec!["Li".to_owned()] };
    let gate_now = gate(&fixture, settings.clone(), Some(ranges.clone()));
    let judge = async |gate: &PasswordGate, text: &str| match gate.first(&owner, &secret(text)).await {
        Ok(_) => "good".to_owned(),
        Err(refusal) => format!("{refusal:?}"),
    };
    assert_eq!(judge(&gate_now, "Leck-7-Lattich-Zaun").await, "Breached");
    assert_eq!(judge(&gate_now, "Firma-7-Lattich-Zaun").await, "OtherSystem");
    assert_eq!(judge(&gate_now, "Range-7-Lattich-Zaun").await, "Breached");
    assert_eq!(judge(&gate_now, "Keins-7-Lattich-Zaun").await, "good");
    // What cannot be checked is refused, unless the settings say otherwise.
    ranges.works.store(false, Ordering::Relaxed);
    assert_eq!(judge(&gate_now, "Keins-7-Lattich-Zaun").await, "Unchecked(\"no route to host\")");
    let accepting = PasswordSettings { breached_unknown: BreachUnknown::Accept, ..settings.clone() };
    let accepting = gate(&fixture, accepting, Some(ranges.clone()));
    assert_eq!(judge(&accepting, "Keins-7-Lattich-Zaun").await, "good");
    assert_eq!(judge(&accepting, "Leck-7-Lattich-Zaun").await, "Breached", "the file still holds");
    let missing = PasswordSettings { breached_file: "/nowhere/list".to_owned(), ..PasswordSettings::default() };
    let refused = judge(&gate(&fixture, missing, None), "Keins-7-Lattich-Zaun").await;
    assert!(refused.contains("Unchecked(\"/nowhere/list: "), "{refused}");
}
