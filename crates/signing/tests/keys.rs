//! Keys of domains: made, used, rotated with overlap, retired.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something fails")]

use std::time::Duration;

use identity::{IdentityError, Level, rights};
use resolver::fixed::{FixedResolver, Record};
use signing::{FreshKey, Key, KeyState, Signer, SigningError, SigningSettings, look};
use store::testing::TestStore;
use store::{Store, Tx};

const OVERLAP: Duration = Duration::from_secs(7 * 86_400);
/// The time of test stores.
const NOW: env::Timestamp = env::Timestamp::from_seconds(1_800_000_000);
const MESSAGE: &[u8] = b"From: Sales <sales@Trade.test>\r\nTo: a@peer.test\r\nSubject: x\r\n\r\nx\r\n";

store::on_both_engines! {
    first_keys_sign_at_once,
    new_keys_wait_for_dns_and_old_ones_end,
    keys_are_retired_at_once_and_for_ever,
    what_makes_no_sense_is_refused,
    an_hour_in_which_a_key_signs_is_recorded_with_how_often,
    what_cannot_be_recorded_is_not_signed,
}

async fn found(store: &Store) {
    let make = |tx: &mut Tx<'_>| {
        let organisation = identity::create_organisation(tx, "Trade Test", Level::Basic)?;
        identity::create_domain(tx, organisation, "trade.test").map(drop)
    };
    store.write::<_, IdentityError, _>(make).await.unwrap();
}

async fn add(store: &Store, domain: &'static str) -> Result<Vec<Key>, SigningError> {
    let fresh = FreshKey::pair()?;
    store.write(move |tx| signing::add(tx, domain, &fresh)).await
}

async fn rotate(store: &Store, domain: &'static str) -> Result<Vec<Key>, SigningError> {
    let fresh = FreshKey::pair()?;
    store.write(move |tx| signing::rotate(tx, domain, &fresh)).await
}

async fn states(store: &Store) -> Vec<(String, KeyState)> {
    let keys = store.read(|tx| signing::list(tx, Some("trade.test"))).await.unwrap();
    keys.into_iter().map(|key| (key.selector, key.state)).collect()
}

fn expected(states: &[(&str, KeyState)]) -> Vec<(String, KeyState)> {
    states.iter().map(|(selector, state)| ((*selector).to_owned(), *state)).collect()
}

async fn selectors(signer: &Signer) -> Vec<String> {
    signer.forget();
    let fields = signer.sign(MESSAGE, NOW).await.unwrap();
    fields.split("s=").skip(1).filter_map(|rest| rest.split(';').next()).map(str::to_owned).collect()
}

async fn first_keys_sign_at_once(store: TestStore) {
    found(&store).await;
    let signer = Signer::new(store.handle(), SigningSettings::default());
    assert_eq!(signer.sign(MESSAGE, NOW).await.unwrap(), "");
    add(&store, "trade.test").await.unwrap();
    assert_eq!(selectors(&signer).await, ["tw1", "tw2"]);
    let foreign = b"From: a@peer.test\r\n\r\nx\r\n";
    assert_eq!(signer.sign(foreign, NOW).await.unwrap(), "");
    assert_eq!(signer.sign(b"From: a@trade.test\r\nFrom: b@trade.test\r\n\r\nx\r\n", NOW).await.unwrap(), "");
    let off = SigningSettings { sign: false, ..SigningSettings::default() };
    assert_eq!(Signer::new(store.handle(), &off).sign(MESSAGE, NOW).await.unwrap(), "");
    // A long message is signed on another thread, and alike.
    let long = [MESSAGE, &b"0123456789\r\n".repeat(20_000)].concat();
    assert_eq!(signer.sign(&long, NOW).await.unwrap().matches("DKIM-Signature:").count(), 2);
}

async fn new_keys_wait_for_dns_and_old_ones_end(store: TestStore) {
    found(&store).await;
    let signer = Signer::new(store.handle(), SigningSettings::default());
    add(&store, "trade.test").await.unwrap();
    let made = rotate(&store, "trade.test").await.unwrap();
    assert_eq!(selectors(&signer).await, ["tw1", "tw2"]);
    let mut dns = FixedResolver::default();
    assert!(look(&store, &dns, OVERLAP).await.unwrap().is_empty());
    // Another key under the name, and a name server that does not answer.
    dns = dns.with(&made[0].name(), Record::Txt("v=DKIM1; k=rsa; p=AAAA".to_owned()));
    dns = dns.with(&made[1].name(), Record::Silent);
    assert!(look(&store, &dns, OVERLAP).await.unwrap().is_empty());
    // One record is there, with a blank in it, the other not yet: each kind goes on by itself.
    let spaced = made[0].record.replace("p=MI", "p=M I");
    dns = FixedResolver::default().with(&made[0].name(), Record::Txt(spaced));
    assert_eq!(look(&store, &dns, OVERLAP).await.unwrap()[0].selector, "tw3");
    assert_eq!(selectors(&signer).await, ["tw2", "tw3"]);
    let now = [
        ("tw1", KeyState::Retired),
        ("tw2", KeyState::Signing),
        ("tw3", KeyState::Signing),
        ("tw4", KeyState::Waiting),
    ];
    assert_eq!(states(&store).await, expected(&now));
    dns = dns.with(&made[1].name(), Record::Txt(made[1].record.clone()));
    assert_eq!(look(&store, &dns, OVERLAP).await.unwrap()[0].selector, "tw4");
    assert!(look(&store, &dns, OVERLAP).await.unwrap().is_empty());
    assert_eq!(selectors(&signer).await, ["tw3", "tw4"]);
    let keys = store.read(|tx| signing::list(tx, Some("trade.test"))).await.unwrap();
    assert_eq!(keys[0].remove_after, Some(keys[0].changed.plus(OVERLAP)));
    assert_eq!((keys[2].remove_after, keys.len()), (None, 4));
    // Nothing of the private part is left.
    let left = "SELECT COUNT(*) FROM dkim_key WHERE state = 'retired' AND length(private) > 0";
    let left = store.read(move |tx| tx.row(left, &[], |row| row.int(0))).await;
    assert_eq!(left.unwrap(), Some(0));
}

async fn keys_are_retired_at_once_and_for_ever(store: TestStore) {
    found(&store).await;
    let signer = Signer::new(store.handle(), SigningSettings::default());
    add(&store, "trade.test").await.unwrap();
    let retire = |selector: Option<&'static str>| {
        let store = store.handle();
        async move { store.write(move |tx| signing::retire(tx, "trade.test", selector, OVERLAP)).await }
    };
    assert_eq!(retire(Some("tw1")).await.unwrap(), ["tw1"]);
    assert!(matches!(retire(Some("tw1")).await, Err(SigningError::NoSuchKey { .. })));
    assert_eq!(selectors(&signer).await, ["tw2"]);
    assert_eq!(retire(None).await.unwrap(), ["tw2"]);
    assert!(selectors(&signer).await.is_empty());
    // A selector is never used again.
    let again = add(&store, "trade.test").await.unwrap();
    assert_eq!((again[0].selector.as_str(), again[1].selector.as_str()), ("tw3", "tw4"));
    assert_eq!(selectors(&signer).await, ["tw3", "tw4"]);
}

async fn what_makes_no_sense_is_refused(store: TestStore) {
    found(&store).await;
    assert!(matches!(add(&store, "other.test").await, Err(SigningError::NoDomain(_))));
    assert!(matches!(rotate(&store, "trade.test").await, Err(SigningError::NoKeys(_))));
    add(&store, "trade.test").await.unwrap();
    assert!(matches!(add(&store, "trade.test").await, Err(SigningError::HasKeys(_))));
    rotate(&store, "trade.test").await.unwrap();
    assert!(matches!(rotate(&store, "trade.test").await, Err(SigningError::Waiting { .. })));
    // The keys go with the domain.
    store.write(|tx| identity::delete_domain(tx, "trade.test")).await.unwrap();
    assert!(states(&store).await.is_empty());
}

#[test]
fn keys_in_files_are_read() {
    let directory = std::env::temp_dir().join(format!("tradewind-signing-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    assert!(signing::read_files(&directory, "trade.test").unwrap().is_empty());
    let pem = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    std::fs::write(directory.join("trade.test.tw1.key"), pem).unwrap();
    std::fs::write(directory.join("trade.test.tw1.txt"), "v=DKIM1; k=rsa; p=AAAA").unwrap();
    let refused = signing::read_files(&directory, "trade.test").map(drop);
    std::fs::remove_dir_all(&directory).unwrap();
    assert!(refused.unwrap_err().to_string().contains("tw1"));
}

/// What the record says of uses of keys; the oldest first.
async fn uses(store: &Store) -> Vec<String> {
    let read = |tx: &mut Tx<'_>| {
        let organisation = identity::list_organisations(tx)?.remove(0).id;
        rights::list_events_of(tx, organisation, "key-use")
    };
    let told = |event: &rights::RecordedEvent| {
        let object: serde_json::Value = serde_json::from_str(&event.object).unwrap();
        let text = |name: &str| object[name].as_str().unwrap().to_owned();
        let hour = text("hour").get(11..13).unwrap().to_owned();
        format!("{} {} {} {hour} {}", event.outcome, text("purpose"), text("fingerprint"), object["uses"])
    };
    let mut uses: Vec<String> = store.read(read).await.unwrap().iter().map(told).collect();
    uses.sort();
    uses
}

async fn an_hour_in_which_a_key_signs_is_recorded_with_how_often(store: TestStore) {
    found(&store).await;
    add(&store, "trade.test").await.unwrap();
    let (signer, other) = (
        Signer::new(store.handle(), SigningSettings::default()),
        Signer::new(store.handle(), SigningSettings::default()),
    );
    signer.sign(MESSAGE, NOW).await.unwrap();
    let begun = ["allowed sign trade.test tw1 08 null", "allowed sign trade.test tw2 08 null"];
    assert_eq!(uses(&store).await, begun, "before the first use");
    for _ in 0..3 {
        signer.sign(MESSAGE, NOW).await.unwrap();
        other.sign(MESSAGE, NOW).await.unwrap();
    }
    assert_eq!(other.sealer("trade.test").await.unwrap().unwrap().key().unwrap().selector(), "tw1");
    assert!(other.sealer("far.test").await.unwrap().is_none());
    signer.keep_count().await.unwrap();
    signer.keep_count().await.unwrap();
    let close = || store.write(|tx| rights::close_key_hours(tx, 300_000));
    assert_eq!(close().await.unwrap(), 0, "the hour is not over");
    store.clock.advance(Duration::from_secs(3_700));
    assert_eq!(close().await.unwrap(), 0, "another node may bring its count");
    other.keep_count().await.unwrap();
    signer.sign(MESSAGE, NOW).await.unwrap();
    store.clock.advance(Duration::from_secs(300));
    assert_eq!(close().await.unwrap(), 3);
    let told = [
        "allowed seal trade.test tw1 08 null",
        "allowed sign trade.test tw1 08 null",
        "allowed sign trade.test tw1 09 null",
        "allowed sign trade.test tw2 08 null",
        "allowed sign trade.test tw2 09 null",
        "done seal trade.test tw1 08 1",
        "done sign trade.test tw1 08 7",
        "done sign trade.test tw2 08 7",
    ];
    assert_eq!(uses(&store).await, told);
}

async fn what_cannot_be_recorded_is_not_signed(store: TestStore) {
    found(&store).await;
    add(&store, "trade.test").await.unwrap();
    let signer = Signer::new(store.handle(), SigningSettings::default());
    store.write(|tx| tx.execute("DROP TABLE audit_pending", &[])).await.unwrap();
    let refused = signer.sign(MESSAGE, NOW).await;
    assert!(refused.is_err_and(|error| error.outlook() == env::Outlook::Temporary));
}
