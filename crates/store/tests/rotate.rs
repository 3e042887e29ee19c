//! New generations of keys, on both engines.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::time::Duration;

use crypto::keys::{Account, GENERATIONS_MAX, Key, Organisation};
use store::testing::TestStore;
use store::{Store, StoreError, Tx, params, rotate};

store::on_both_engines! {
    what_was_sealed_before_opens_after,
    a_node_that_knows_the_old_generation_alone_reads_on,
    an_organisation_is_rotated_and_its_accounts_open,
    a_key_has_its_limit,
}

const ORGANISATION: i64 = 1;
const ACCOUNT: i64 = 2;

async fn set_up(store: &TestStore) {
    store
        .write(|tx| -> Result<(), StoreError> {
            let context = tx.context();
            let entropy = &*context.entropy;
            let organisation = Key::<Organisation>::generate(entropy);
            let account = Key::<Account>::generate(entropy);
            tx.execute(
                "INSERT INTO organisation (id, name, level, key_wrapped, created) VALUES ($1, '', 'basic', $2, 0)",
                params![ORGANISATION, &context.keys.region().wrap(entropy, &organisation, ORGANISATION)],
            )?;
            tx.execute(
                "INSERT INTO account (id, organisation, kind, name, role, language, state, key_wrapped, modseq, low_modseq, bytes,
                    messages, quota_bytes, created) VALUES ($1, $2, 'person', '', '', 'en', 'active', $3, 0, 0, 0, 0, 0, 0)",
                params![ACCOUNT, ORGANISATION, &organisation.wrap(entropy, &account, ACCOUNT)],
            )?;
            Ok(())
        })
        .await
        .unwrap();
}

async fn seal(store: &Store, value: &'static [u8]) -> Vec<u8> {
    let work = move |tx: &mut Tx<'_>| {
        let key = tx.context().keys.account(tx, ACCOUNT)?;
        Ok::<_, StoreError>(key.sealing().seal(&*tx.context().entropy, b"place", value))
    };
    store.read(work).await.unwrap()
}

async fn open(store: &Store, sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
    let sealed = sealed.to_vec();
    store.read(move |tx| Ok(tx.context().keys.account(tx, ACCOUNT)?.sealing().open("value", b"place", &sealed)?)).await
}

async fn what_was_sealed_before_opens_after(mut store: TestStore) {
    set_up(&store).await;
    let old = seal(&store, b"old").await;
    assert_eq!(store.write(|tx| rotate::account(tx, ACCOUNT)).await.unwrap(), 2);
    assert_eq!(open(&store, &old).await.unwrap(), b"old");
    store.clock.advance(Duration::from_secs(180));
    let new = seal(&store, b"new").await;
    assert_eq!(store.write(|tx| rotate::account(tx, ACCOUNT)).await.unwrap(), 3);
    store.clock.advance(Duration::from_secs(180));
    let newest = seal(&store, b"newest").await;
    store.reopen().await;
    for (sealed, value) in [(&old, &b"old"[..]), (&new, b"new"), (&newest, b"newest")] {
        assert_eq!(open(&store, sealed).await.unwrap(), value);
    }
}

async fn a_node_that_knows_the_old_generation_alone_reads_on(store: TestStore) {
    set_up(&store).await;
    if store.directory().is_some() {
        return; // One process has an embedded store to itself.
    }
    let other = store.open_node(2).await;
    let old = seal(&other, b"old").await;
    store.write(|tx| rotate::account(tx, ACCOUNT)).await.unwrap();
    // The other node still has the key as it was; within its time what this one seals must open there.
    store.clock.advance(Duration::from_secs(59));
    let meanwhile = seal(&store, b"meanwhile").await;
    assert_eq!(open(&other, &meanwhile).await.unwrap(), b"meanwhile");
    store.clock.advance(Duration::from_secs(120));
    let later = seal(&store, b"later").await;
    for (sealed, value) in [(&old, &b"old"[..]), (&meanwhile, b"meanwhile"), (&later, b"later")] {
        assert_eq!(open(&other, sealed).await.unwrap(), value);
    }
}

async fn an_organisation_is_rotated_and_its_accounts_open(mut store: TestStore) {
    set_up(&store).await;
    let sealed = seal(&store, b"value").await;
    assert_eq!(store.write(|tx| rotate::organisation(tx, ORGANISATION)).await.unwrap(), 2);
    assert_eq!(store.write(rotate::wrap_all_anew).await.unwrap(), 1);
    store.clock.advance(Duration::from_secs(180));
    // Wrapped under the organisation's new generation from here on.
    store.write(|tx| rotate::account(tx, ACCOUNT)).await.unwrap();
    store.reopen().await;
    assert_eq!(open(&store, &sealed).await.unwrap(), b"value");
    assert!(
        store::check::run(&store.handle(), false)
            .await
            .unwrap()
            .findings
            .iter()
            .all(|it| !it.to_string().contains("key"))
    );
    let missing = store.write(|tx| rotate::organisation(tx, 77)).await;
    assert!(missing.is_err());
}

async fn a_key_has_its_limit(store: TestStore) {
    set_up(&store).await;
    for _ in 1..GENERATIONS_MAX {
        store.write(|tx| rotate::account(tx, ACCOUNT)).await.unwrap();
    }
    let refused = store.write(|tx| rotate::account(tx, ACCOUNT)).await.unwrap_err();
    assert!(refused.to_string().contains("64"), "{refused}");
}
