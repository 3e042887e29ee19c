//! Keys of OpenPGP.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keybook::Origin;
use openpgp::{KeyVersion, PreferEncrypt, PrivateKey, Wish};
use serde_json::json;
use store::Tx;
use store::testing::TestStore;

use super::fixture::Desk;

fn key(desk: &Desk, seed: u64, address: &str) -> PrivateKey {
    let (addresses, now) = ([address.to_owned()], desk.server.store.context().clock.now());
    let valid_for = Duration::from_secs(86_400 * 365);
    let wish = Wish { name: "", addresses: &addresses, version: KeyVersion::V4, valid_for };
    PrivateKey::generate(&wish, now, &env::SeededEntropy::new(seed)).unwrap()
}

async fn a_browser_brings_its_key_and_reads_it_again(store: TestStore) {
    let desk = Desk::open(store).await;
    let certificate = key(&desk, 1, "li@trade.test").certificate();
    let (packets, sealed) = (STANDARD.encode(certificate.to_bytes()), STANDARD.encode(b"sealed in the browser"));
    let create = json!({ "k": { "certificate": packets, "sealedPrivate": sealed } });
    let made = desk.call("CryptoKey/set", json!({ "create": create })).await;
    let id = made["created"]["k"]["id"].as_str().unwrap().to_owned();
    assert_eq!(made["created"]["k"]["fingerprint"], certificate.fingerprint());
    let got = desk.call("CryptoKey/get", json!({ "ids": [id, "x"] })).await;
    let found = &got["list"][0];
    assert_eq!((&found["sealedPrivate"], &found["custody"]), (&json!(sealed), &json!("owner")));
    assert_eq!((&found["isPublished"], &got["notFound"]), (&json!(false), &json!(["x"])));
    // Twice, another's, and none at all.
    for (certificate, says) in [
        (packets, "already"),
        (STANDARD.encode(key(&desk, 2, "boss@elsewhere.test").certificate().to_bytes()), "does not name"),
        (STANDARD.encode(b"none"), "no public key"),
    ] {
        let made = desk.call("CryptoKey/set", json!({ "create": { "k": { "certificate": certificate } } })).await;
        let error = &made["notCreated"]["k"];
        assert!(error["description"].as_str().is_some_and(|it| it.contains(says)), "{error}");
    }
    // What needs a strong factor is not done here.
    let gone = desk.call("CryptoKey/set", json!({ "destroy": [id], "update": { "x": { "isPublished": true } } })).await;
    assert_eq!(gone["notDestroyed"][&id]["type"], "forbidden");
    assert_eq!(gone["notUpdated"]["x"]["type"], "notFound");
}

async fn keys_of_correspondents_are_told(store: TestStore) {
    let desk = Desk::open(store).await;
    let account = desk.account;
    for seed in [3, 4] {
        let certificate = key(&desk, seed, "ana@partner.test").certificate();
        let learn = move |tx: &mut Tx<'_>| {
            let organisation = identity::load_account(tx, account)?.organisation;
            let seen = (Origin::Autocrypt, PreferEncrypt::Mutual);
            keybook::learn(tx, organisation, "ana@partner.test", &certificate, seen)
        };
        desk.server.store.write(learn).await.unwrap();
    }
    let got = desk.call("CorrespondentKey/get", json!({ "ids": ["ana@partner.test", "eve@evil.test"] })).await;
    assert_eq!(got["notFound"], json!(["eve@evil.test"]));
    let found = &got["list"][0];
    assert_eq!(found["currentFingerprint"], key(&desk, 4, "ana@partner.test").certificate().fingerprint());
    assert_eq!((&found["hasChanged"], &found["prefersEncryption"]), (&json!(true), &json!(true)));
    assert_eq!(found["keys"].as_array().map(Vec::len), Some(2));
}

store::on_both_engines! {
    a_browser_brings_its_key_and_reads_it_again,
    keys_of_correspondents_are_told,
}
