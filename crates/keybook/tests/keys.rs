//! Keys of accounts and of correspondents, on both engines.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something fails")]

use std::time::Duration;

use env::{Secret, SeededEntropy, Timestamp};
use identity::rights::{self, Occasion};
use identity::{AccountKind, IdentityError, Language, Level, NewAccount, Role};
use keybook::{Custody, KeyState, KeybookError, Learned, Means, NewKey, Origin, PartnerState};
use openpgp::{Certificate, KeyVersion, PgpError, PreferEncrypt, PrivateKey, Protection, Recipients, Wish};
use store::testing::TestStore;
use store::{Store, Tx};

const YEAR: Duration = Duration::from_secs(365 * 86_400);
/// The time of test stores.
const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const SEEN: (Origin, PreferEncrypt) = (Origin::Autocrypt, PreferEncrypt::Mutual);

store::on_both_engines! {
    keys_kept_here_are_sealed_published_and_taken_out,
    keys_kept_by_their_owners_stay_closed,
    what_an_owner_says_of_keys_is_kept_as_it_came,
    what_makes_no_sense_is_refused,
    keys_are_renewed_in_time,
    correspondents_change_their_keys,
    an_erased_account_leaves_none,
    each_use_of_a_private_key_is_recorded,
    what_cannot_be_recorded_is_not_done,
}

fn key(seed: u64, addresses: &[&str], valid_for: Duration) -> PrivateKey {
    let addresses: Vec<String> = addresses.iter().map(|it| (*it).to_owned()).collect();
    let wish = Wish { name: "Li Wei", addresses: &addresses, version: KeyVersion::V4, valid_for };
    PrivateKey::generate(&wish, NOW, &SeededEntropy::new(seed)).unwrap()
}

/// An organisation with an account `wei`, who is `sales` too, and a second one.
async fn found(store: &Store) -> (i64, i64) {
    let make = |tx: &mut Tx<'_>| {
        let organisation = identity::create_organisation(tx, "Trade Test", Level::Basic)?;
        identity::create_domain(tx, organisation, "trade.test")?;
        let mut made = Vec::new();
        for address in ["wei@trade.test", "other@trade.test"] {
            let new = NewAccount {
                organisation,
                kind: AccountKind::Person,
                address,
                name: "Li Wei",
                role: Role::Sales,
                language: Language::English,
                quota_bytes: 0,
                password: None,
            };
            made.push(identity::create_account(tx, &new)?);
        }
        identity::add_alias(tx, made[0], "sales@trade.test")?;
        Ok((organisation, made[0]))
    };
    store.write::<_, IdentityError, _>(make).await.unwrap()
}

async fn write<T: Send + 'static>(
    store: &Store,
    work: impl FnMut(&mut Tx<'_>) -> Result<T, KeybookError> + Send + 'static,
) -> Result<T, KeybookError> {
    store.write(work).await
}

async fn keys_kept_here_are_sealed_published_and_taken_out(store: TestStore) {
    let (_, wei) = found(&store).await;
    let added = write(&store, move |tx| {
        keybook::add(tx, wei, &NewKey::Private(&key(1, &["wei@trade.test", "sales@trade.test"], YEAR)))
    });
    let added = added.await.unwrap();
    assert_eq!((added.custody, added.state, added.is_published), (Custody::Server, KeyState::Active, false));
    let name = openpgp::wkd::name_of("Sales");
    let given = |name: String| store.read(move |tx| keybook::published(tx, "trade.test", &name));
    assert_eq!(given(name.clone()).await.unwrap(), None);
    write(&store, move |tx| keybook::publish(tx, wei, "", true)).await.unwrap();
    let octets = given(name.clone()).await.unwrap().unwrap();
    let certificate = Certificate::parse(&octets).unwrap();
    let names = certificate.check(NOW).unwrap().user_ids;
    assert_eq!(names.iter().map(|it| it.text.as_str()).collect::<Vec<_>>(), ["Li Wei <sales@trade.test>"]);
    // An address that is taken away is given no longer.
    store.write(move |tx| identity::remove_alias(tx, wei, "sales@trade.test")).await.unwrap();
    assert_eq!(given(name).await.unwrap(), None);
    assert!(given(openpgp::wkd::name_of("wei")).await.unwrap().is_some());
    let private = store.read(move |tx| keybook::private_keys(tx, wei)).await.unwrap();
    assert_eq!(private[0].certificate().fingerprint(), added.fingerprint);
    let export = |passphrase: &'static str| {
        store.write(move |tx| keybook::export_private(tx, wei, "", &Secret::new(passphrase.to_owned())))
    };
    assert!(matches!(export("short").await, Err(KeybookError::Key(PgpError::WeakPassphrase { .. }))));
    assert!(export("correct horse battery").await.unwrap().expose().contains("PRIVATE KEY"));
    let retired = write(&store, move |tx| keybook::retire(tx, wei, &added.fingerprint[..8])).await.unwrap();
    assert!(retired.state == KeyState::Retired && !retired.is_published);
    assert_eq!(given(openpgp::wkd::name_of("wei")).await.unwrap(), None);
    write(&store, move |tx| keybook::remove(tx, wei, &retired.fingerprint)).await.unwrap();
    assert!(store.read(move |tx| keybook::list(tx, wei)).await.unwrap().is_empty());
}

async fn keys_kept_by_their_owners_stay_closed(store: TestStore) {
    let (_, wei) = found(&store).await;
    let certificate = key(2, &["wei@trade.test"], YEAR).certificate();
    let added = write(&store, move |tx| keybook::add(tx, wei, &NewKey::Sealed(&certificate, b"sealed by its owner")));
    let added = added.await.unwrap();
    assert_eq!(added.custody, Custody::Owner);
    assert_eq!(store.read(move |tx| keybook::sealed_private(tx, wei, added.id)).await.unwrap(), b"sealed by its owner");
    assert!(store.read(move |tx| keybook::private_keys(tx, wei)).await.unwrap().is_empty());
    let export = store.write(move |tx| keybook::export_private(tx, wei, "", &Secret::new("correct horse".to_owned())));
    assert!(matches!(export.await, Err(KeybookError::NotHere { .. })));
    // Sealed anew it takes the place of what it was made from, and of nothing else.
    let was = crypto::hash::sha256(b"sealed by its owner");
    for (sealed, is_kept) in [(&b"sealed anew"[..], true), (b"by another browser", false), (b"", false)] {
        let outcome = write(&store, move |tx| keybook::reseal(tx, wei, "", sealed, &was)).await;
        assert_eq!(outcome.is_ok(), is_kept, "{outcome:?}");
    }
    assert_eq!(store.read(move |tx| keybook::sealed_private(tx, wei, added.id)).await.unwrap(), b"sealed anew");
}

async fn what_an_owner_says_of_keys_is_kept_as_it_came(store: TestStore) {
    let (_, wei) = found(&store).await;
    let said = || store.read(move |tx| keybook::statements(tx, wei));
    assert_eq!(said().await.unwrap(), None);
    for text in ["first", "第二"] {
        write(&store, move |tx| keybook::keep_statements(tx, wei, text)).await.unwrap();
        assert_eq!(said().await.unwrap().as_deref(), Some(text));
    }
    let much = write(&store, move |tx| keybook::keep_statements(tx, wei, &"x".repeat((512 << 10) + 1))).await;
    assert!(matches!(much, Err(KeybookError::TooMuchSaid { .. })), "{much:?}");
    assert_eq!(said().await.unwrap().as_deref(), Some("第二"));
}

async fn what_makes_no_sense_is_refused(store: TestStore) {
    let (_, wei) = found(&store).await;
    let add = |seed, address: &'static str| {
        write(&store, move |tx| keybook::add(tx, wei, &NewKey::Private(&key(seed, &[address], YEAR))).map(drop))
    };
    assert!(matches!(add(3, "boss@other.test").await, Err(KeybookError::Key(PgpError::NoSuchUserId { .. }))));
    add(4, "wei@trade.test").await.unwrap();
    assert!(matches!(add(4, "wei@trade.test").await, Err(KeybookError::Known { .. })));
    let publish = write(&store, move |tx| keybook::publish(tx, wei, "ABCDEF", true).map(drop)).await;
    assert!(matches!(publish, Err(KeybookError::NoSuchKey { .. })));
}

async fn keys_are_renewed_in_time(store: TestStore) {
    let (_, wei) = found(&store).await;
    let soon = Duration::from_secs(20 * 86_400);
    write(&store, move |tx| {
        keybook::add(tx, wei, &NewKey::Private(&key(5, &["wei@trade.test"], soon)))?;
        keybook::publish(tx, wei, "", true).map(drop)
    })
    .await
    .unwrap();
    assert_eq!(write(&store, |tx| keybook::renew_due(tx, YEAR)).await.unwrap(), 1);
    assert_eq!(write(&store, |tx| keybook::renew_due(tx, YEAR)).await.unwrap(), 0);
    let kept = store.read(move |tx| keybook::list(tx, wei)).await.unwrap();
    assert_eq!(kept[0].expires, Some(NOW.plus(YEAR)));
    let name = openpgp::wkd::name_of("wei");
    let given = store.read(move |tx| keybook::published(tx, "trade.test", &name)).await.unwrap().unwrap();
    assert_eq!(Certificate::parse(&given).unwrap().check(NOW).unwrap().expires, Some(NOW.plus(YEAR)));
}

async fn correspondents_change_their_keys(store: TestStore) {
    let (organisation, _) = found(&store).await;
    let learn = |seed| {
        let certificate = key(seed, &["ana@partner.test"], YEAR).certificate();
        write(&store, move |tx| keybook::learn(tx, organisation, "ana@partner.test", &certificate, SEEN))
    };
    let current = || store.read(move |tx| keybook::current(tx, organisation, "Ana@partner.test"));
    let print = |seed| key(seed, &["ana@partner.test"], YEAR).certificate().fingerprint();
    assert_eq!(learn(6).await.unwrap(), Learned::New);
    assert_eq!(learn(6).await.unwrap(), Learned::Known);
    // Nobody has compared it, so the newer one counts, and the old one is remembered.
    assert_eq!(learn(7).await.unwrap(), Learned::Changed);
    assert_eq!(current().await.unwrap().unwrap().fingerprint, print(7));
    let verified = write(&store, move |tx| keybook::verify(tx, organisation, "ana@partner.test", &print(7)));
    assert!(verified.await.unwrap().is_verified);
    // From now on another one waits.
    assert_eq!(learn(8).await.unwrap(), Learned::Waits);
    assert_eq!(learn(8).await.unwrap(), Learned::Known);
    assert_eq!(current().await.unwrap().unwrap().fingerprint, print(7));
    let all = store.read(move |tx| keybook::list_partners(tx, organisation, None)).await.unwrap();
    let mut states: Vec<_> = all.iter().map(|it| it.state.as_str()).collect();
    states.sort_unstable();
    assert_eq!(states, ["current", "old", "waiting"]);
    // Comparing the new one lets it in; a part of a fingerprint is not enough.
    let part = write(&store, move |tx| keybook::verify(tx, organisation, "ana@partner.test", &print(8)[..16])).await;
    assert!(matches!(part, Err(KeybookError::NoSuchKey { .. })));
    write(&store, move |tx| keybook::verify(tx, organisation, "ana@partner.test", &print(8))).await.unwrap();
    assert_eq!(current().await.unwrap().map(|it| (it.fingerprint, it.state)), Some((print(8), PartnerState::Current)));
    let foreign = key(9, &["eve@evil.test"], YEAR).certificate();
    let foreign = write(&store, move |tx| keybook::learn(tx, organisation, "ana@partner.test", &foreign, SEEN)).await;
    assert!(matches!(foreign, Err(KeybookError::Key(PgpError::NoSuchUserId { .. }))));
    for seed in 20..30 {
        learn(seed).await.unwrap();
    }
    let all = store.read(move |tx| keybook::list_partners(tx, organisation, None)).await.unwrap();
    assert!(all.len() <= 5, "{}", all.len());
    assert!(write(&store, move |tx| keybook::forget(tx, organisation, "ana@partner.test")).await.unwrap() > 0);
    assert_eq!(current().await.unwrap(), None);
}

async fn an_erased_account_leaves_none(store: TestStore) {
    let (_, wei) = found(&store).await;
    write(&store, move |tx| {
        keybook::add(tx, wei, &NewKey::Private(&key(10, &["wei@trade.test"], YEAR)))?;
        keybook::keep_statements(tx, wei, "said")?;
        keybook::publish(tx, wei, "", true).map(drop)
    })
    .await
    .unwrap();
    store.write(move |tx| identity::delete_account(tx, wei)).await.unwrap();
    for table in
        ["SELECT COUNT(*) FROM pgp_key", "SELECT COUNT(*) FROM pgp_published", "SELECT COUNT(*) FROM key_statement"]
    {
        let left = store.read(move |tx| tx.row(table, &[], |row| row.int(0))).await.unwrap();
        assert_eq!(left, Some(0), "{table}");
    }
}

const LETTER: &str = "From: <wei@trade.test>\r\nTo: <ana@far.test>\r\nSubject: Price\r\n\r\nTen pieces\r\n";

/// A message of the account.
const fn of(organisation: i64, account: Option<i64>) -> Occasion {
    Occasion { organisation, account, message: Some(0x4f) }
}

async fn means(store: &Store, organisation: i64, account: i64, to: &str) -> Means {
    let to = [to.to_owned()];
    store.read(move |tx| Means::known(tx, organisation, Some(account), "wei@trade.test", &to)).await.unwrap()
}

/// A letter that is encrypted to a key.
fn sealed_to(key: &PrivateKey) -> Vec<u8> {
    let certificates = [key.certificate()];
    let recipients = Recipients::of(&certificates, NOW).unwrap();
    let protection = Protection::Encrypted(&recipients, None);
    openpgp::protect(LETTER.as_bytes(), &protection, NOW, &SeededEntropy::new(9)).unwrap()
}

async fn each_use_of_a_private_key_is_recorded(store: TestStore) {
    let (organisation, wei) = found(&store).await;
    let own = key(1, &["wei@trade.test", "sales@trade.test"], Duration::from_secs(20 * 86_400));
    let sealed = sealed_to(&own);
    let fingerprint = own.certificate().fingerprint();
    write(&store, move |tx| keybook::add(tx, wei, &NewKey::Private(&own))).await.unwrap();
    let to = ["ana@far.test".to_owned()];
    let means = means(&store, organisation, wei, "ana@far.test").await;
    let raw = (&to[..], LETTER.as_bytes().into());
    keybook::protect(&store, raw, means, (true, false), of(organisation, Some(wei))).await.unwrap();
    let opened = keybook::look(&store, "mx", of(organisation, None), vec![wei], sealed).await.unwrap();
    assert!(opened.readable.is_some(), "{}", opened.fields);
    assert_eq!(write(&store, |tx| keybook::renew_due(tx, YEAR)).await.unwrap(), 1);
    let passphrase = || Secret::new("correct horse battery".to_owned());
    write(&store, move |tx| keybook::export_private(tx, wei, "", &passphrase())).await.unwrap();
    // A stranger's message that only says that it is for the key is counted by the hour, not recorded each time.
    let damaged = || {
        let mut damaged = sealed_to(&key(1, &["wei@trade.test", "sales@trade.test"], Duration::from_secs(20 * 86_400)));
        let text = String::from_utf8(damaged.clone()).unwrap();
        let at = text.find("-----END PGP").unwrap() - 60;
        damaged[at] = if damaged[at] == b'A' { b'B' } else { b'A' };
        damaged
    };
    for _ in 0..3 {
        let arrived = keybook::look(&store, "mx", of(organisation, None), vec![wei], damaged()).await.unwrap();
        assert!(arrived.readable.is_none());
    }
    let events = store.read(move |tx| rights::list_events_of(tx, organisation, "key-use")).await.unwrap();
    let told = |event: &rights::RecordedEvent| {
        let object: serde_json::Value = serde_json::from_str(&event.object).unwrap();
        assert_eq!((event.account, object["key"].as_str()), (Some(wei), Some("openpgp")));
        assert_eq!(object["fingerprint"], fingerprint.as_str());
        let text = |name: &str| object[name].as_str().unwrap_or_default().to_owned();
        format!("{} {} {} {}", event.outcome, text("purpose"), text("message"), text("about"))
    };
    let told: Vec<String> = events.iter().rev().map(told).collect();
    let expected = [
        "done sign 4f ana@far.test",
        "done decrypt 4f wei@trade.test",
        "done renew  ",
        "done export  ",
        "failed decrypt 4f wei@trade.test",
    ];
    assert_eq!(told, expected);
}

async fn what_cannot_be_recorded_is_not_done(store: TestStore) {
    let (organisation, wei) = found(&store).await;
    let own = key(1, &["wei@trade.test", "sales@trade.test"], YEAR);
    let sealed = sealed_to(&own);
    write(&store, move |tx| keybook::add(tx, wei, &NewKey::Private(&own))).await.unwrap();
    let means = means(&store, organisation, wei, "ana@far.test").await;
    store.write(|tx| tx.execute("DROP TABLE audit_pending", &[])).await.unwrap();
    let again = |error: &KeybookError| error.outlook() == env::Outlook::Temporary;
    let (to, occasion) = (["ana@far.test".to_owned()], of(organisation, Some(wei)));
    let made = keybook::protect(&store, (&to, LETTER.as_bytes().into()), means, (true, false), occasion).await;
    assert!(made.is_err_and(|error| again(&error)), "a message is signed");
    let opened = keybook::look(&store, "mx", of(organisation, None), vec![wei], sealed).await;
    assert!(opened.is_err_and(|error| again(&error)), "a message is opened");
    let export = |tx: &mut Tx<'_>, account| {
        keybook::export_private(tx, account, "", &Secret::new("correct horse battery".to_owned()))
    };
    let taken = write(&store, move |tx| export(tx, wei)).await;
    assert!(taken.is_err_and(|error| again(&error)), "a key is taken out");
}
