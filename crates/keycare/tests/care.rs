//! The switch for encryption on receipt, and letters about keys, on both engines.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something fails")]

use std::sync::Arc;
use std::time::Duration;

use env::{SeededEntropy, Timestamp};
use identity::{AccountKind, IdentityError, Language, Level, NewAccount, Role};
use keybook::{NewKey, Origin};
use keycare::{Choice, KeycareError, Received, Trouble};
use letters::Mailer;
use openpgp::{Certificate, KeyVersion, PreferEncrypt, PrivateKey, Wish};
use signing::{Signer, SigningSettings};
use store::testing::TestStore;
use store::{Store, StoreError, Tx};

const DAY: Duration = Duration::from_secs(86_400);
/// The time of test stores.
const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const RAW: &[u8] = b"From: ana@partner.test\r\nSubject: Price\r\n\r\nTen pieces.\r\n";

store::on_both_engines! {
    mail_is_encrypted_to_the_chosen_key_alone,
    a_key_that_is_over_is_told_once,
    an_end_is_told_once_at_each_of_three_moments,
    a_changed_key_of_a_correspondent_is_told_once_to_those_who_write,
}

fn key(seed: u64, address: &str, valid_for: Duration) -> PrivateKey {
    let addresses = [address.to_owned()];
    let wish = Wish { name: "Li Wei", addresses: &addresses, version: KeyVersion::V4, valid_for };
    PrivateKey::generate(&wish, NOW, &SeededEntropy::new(seed)).unwrap()
}

async fn account(store: &Store) -> (i64, i64) {
    let make = |tx: &mut Tx<'_>| {
        let organisation = identity::create_organisation(tx, "Trade Test", Level::Basic)?;
        identity::create_domain(tx, organisation, "trade.test")?;
        let new = NewAccount {
            organisation,
            kind: AccountKind::Person,
            address: "wei@trade.test",
            name: "Li Wei",
            role: Role::Sales,
            language: Language::English,
            quota_bytes: 0,
            password: None,
        };
        Ok((organisation, identity::create_account(tx, &new)?))
    };
    store.write::<_, IdentityError, _>(make).await.unwrap()
}

async fn bring(store: &Store, account: i64, certificate: Certificate) {
    let work = move |tx: &mut Tx<'_>| keybook::add(tx, account, &NewKey::Sealed(&certificate, &[])).map(drop);
    store.write(work).await.unwrap();
}

async fn switch_on(store: &Store, account: i64, given: &str) -> Result<keycare::OnReceipt, KeycareError> {
    let choice = Choice::OpenPgp(given.to_owned());
    store.write(move |tx| keycare::switch_on(tx, account, &choice)).await
}

fn mailer(store: &Store) -> Mailer {
    let signer = Arc::new(Signer::new(store.clone(), SigningSettings::default()));
    Mailer::new(store.clone(), signer, "mail.trade.test".to_owned())
}

async fn queued(store: &Store) -> i64 {
    let count = |tx: &mut Tx<'_>| tx.row("SELECT COUNT(*) FROM queue_message", store::params![], |row| row.int(0));
    store.read::<_, StoreError, _>(count).await.unwrap().unwrap_or_default()
}

async fn mail_is_encrypted_to_the_chosen_key_alone(store: TestStore) {
    let (_, wei) = account(&store).await;
    let raw: Arc<[u8]> = RAW.into();
    assert!(matches!(keycare::receive(&store, wei, &raw).await.unwrap(), Received::AsItCame));
    let kept_here = key(1, "wei@trade.test", DAY * 365);
    let fingerprint = kept_here.certificate().fingerprint();
    store.write(move |tx| keybook::add(tx, wei, &NewKey::Private(&kept_here)).map(drop)).await.unwrap();
    assert!(matches!(switch_on(&store, wei, &fingerprint).await, Err(KeycareError::KeptHere { .. })));
    let own = key(2, "wei@trade.test", DAY * 365);
    bring(&store, wei, own.certificate()).await;
    let on = switch_on(&store, wei, "").await.unwrap();
    assert_eq!((on.fingerprint, on.trouble), (own.certificate().fingerprint(), None));
    let Received::Encrypted { message, field } = keycare::receive(&store, wei, &raw).await.unwrap() else {
        panic!("it is encrypted")
    };
    assert!(field.starts_with("X-Tradewind-On-Receipt: encrypted; openpgp; key="), "{field}");
    let text = String::from_utf8(message.clone()).unwrap();
    assert!(
        text.contains("Subject: [...]") && text.contains("From: ana@partner.test") && !text.contains("Ten"),
        "{text}"
    );
    let read = openpgp::read(&message, &[&own], &[], NOW).unwrap().unwrap();
    assert!(String::from_utf8(read.content.unwrap()).unwrap().contains("Ten pieces."));
    // What is encrypted already stays as it is.
    assert!(matches!(keycare::receive(&store, wei, &message.into()).await.unwrap(), Received::AsItCame));
}

async fn a_key_that_is_over_is_told_once(store: TestStore) {
    let (_, wei) = account(&store).await;
    bring(&store, wei, key(2, "wei@trade.test", DAY * 365).certificate()).await;
    switch_on(&store, wei, "").await.unwrap();
    store.write(move |tx| keybook::retire(tx, wei, "").map(drop)).await.unwrap();
    let Received::Failed { trouble, field } = keycare::receive(&store, wei, &RAW.into()).await.unwrap() else {
        panic!("it is not encrypted")
    };
    assert_eq!((trouble, field.as_str()), (Trouble::Retired, "X-Tradewind-On-Receipt: not-encrypted; retired\r\n"));
    assert_eq!(store.read(move |tx| keycare::show(tx, wei)).await.unwrap().unwrap().trouble, Some(Trouble::Retired));
    let mailer = mailer(&store);
    assert!(keycare::tell(&store, &mailer, wei, trouble).await.unwrap().is_some());
    let note = move |tx: &mut Tx<'_>| keycare::note(tx, wei, Some(Trouble::Retired));
    assert!(store.write(note).await.unwrap());
    assert!(!store.write(note).await.unwrap(), "once in a week");
    assert!(keycare::tell(&store, &mailer, wei, trouble).await.unwrap().is_none());
    assert!(store.write(move |tx| keycare::switch_off(tx, wei)).await.unwrap());
    assert!(matches!(keycare::receive(&store, wei, &RAW.into()).await.unwrap(), Received::AsItCame));
}

async fn an_end_is_told_once_at_each_of_three_moments(store: TestStore) {
    let (_, wei) = account(&store).await;
    let mailer = mailer(&store);
    bring(&store, wei, key(2, "wei@trade.test", DAY * 40).certificate()).await;
    // One that the server renews needs no letter.
    let kept_here = key(3, "wei@trade.test", DAY * 20);
    store.write(move |tx| keybook::add(tx, wei, &NewKey::Private(&kept_here)).map(drop)).await.unwrap();
    assert_eq!(keycare::tell_of_ends(&store, &mailer).await.unwrap(), 0);
    for (seed, days) in [(4, 29), (5, 6), (6, 1)] {
        bring(&store, wei, key(seed, "wei@trade.test", DAY * days).certificate()).await;
        assert_eq!(keycare::tell_of_ends(&store, &mailer).await.unwrap(), 1, "{days}");
        assert_eq!(keycare::tell_of_ends(&store, &mailer).await.unwrap(), 0, "{days}");
    }
    assert_eq!(queued(&store).await, 3);
    assert_eq!(store.write(keycare::forget_letters).await.unwrap(), 0);
}

async fn a_changed_key_of_a_correspondent_is_told_once_to_those_who_write(store: TestStore) {
    let (organisation, wei) = account(&store).await;
    let mailer = mailer(&store);
    let learn = |seed| {
        let certificate = key(seed, "ana@partner.test", DAY * 365).certificate();
        let seen = (Origin::Autocrypt, PreferEncrypt::Mutual);
        store.write(move |tx: &mut Tx<'_>| keybook::learn(tx, organisation, "ana@partner.test", &certificate, seen))
    };
    learn(7).await.unwrap();
    let readers = |tx: &mut Tx<'_>, organisation: i64, address: &str| {
        assert_eq!(address, "ana@partner.test");
        tx.rows("SELECT id FROM account WHERE organisation = $1", store::params![organisation], |row| row.int(0))
    };
    assert_eq!(keycare::tell_of_changes(&store, &mailer, readers).await.unwrap(), 0, "the first one is no change");
    learn(8).await.unwrap();
    assert_eq!(keycare::tell_of_changes(&store, &mailer, readers).await.unwrap(), 1);
    assert_eq!(keycare::tell_of_changes(&store, &mailer, readers).await.unwrap(), 0);
    learn(9).await.unwrap();
    assert_eq!(keycare::tell_of_changes(&store, &mailer, readers).await.unwrap(), 1, "another one");
    let erase = move |tx: &mut Tx<'_>| {
        tx.row("SELECT COUNT(*) FROM key_letter WHERE account = $1", store::params![wei], |row| row.int(0))
    };
    assert_eq!(store.read::<_, StoreError, _>(erase).await.unwrap(), Some(2));
}
