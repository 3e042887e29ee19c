//! Keys of OpenPGP.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use identity::Principal;
use keybook::Origin;
use openpgp::{KeyVersion, PreferEncrypt, PrivateKey, Wish};
use serde_json::json;
use store::Tx;
use store::testing::TestStore;

use super::fixture::Desk;
use crate::Asker;

fn key(desk: &Desk, seed: u64, address: &str) -> PrivateKey {
    let (addresses, now) = ([address.to_owned()], desk.server.store.context().clock.now());
    let valid_for = Duration::from_secs(86_400 * 365);
    let wish = Wish { name: "", addresses: &addresses, version: KeyVersion::V4, valid_for };
    PrivateKey::generate(&wish, now, &env::SeededEntropy::new(seed)).unwrap()
}

async fn a_browser_brings_its_key_and_reads_it_again(store: TestStore) {
    let mut desk = Desk::open(store).await;
    let shown_now = desk.store.context().clock.now();
    let who = |strong_at| {
        let principal = Principal { strong_at, ..desk.asker.principal.clone() };
        Arc::new(Asker { principal, peer: desk.asker.peer })
    };
    let (with_factor, without) = (who(Some(shown_now)), who(None));
    desk.asker = with_factor;
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
    // A fresh strong factor is needed, as in the API; for the switch as well.
    desk.asker = without;
    let another = STANDARD.encode(key(&desk, 5, "li@trade.test").certificate().to_bytes());
    let made = desk.call("CryptoKey/set", json!({ "create": { "k": { "certificate": another } } })).await;
    assert_eq!(made["notCreated"]["k"]["maxAge"], 3600);
    let on = desk.call("EncryptionOnReceipt/set", json!({ "update": { "singleton": { "method": "openpgp" } } })).await;
    assert_eq!(on["notUpdated"]["singleton"]["maxAge"], 3600);
    let found = desk.call("EncryptionOnReceipt/get", json!({})).await;
    assert_eq!(found["list"][0]["method"], json!(null));
    // What was done is on record, and what was refused is not said to be done.
    let organisation = desk.asker.principal.organisation;
    let since = env::Timestamp::from_millis(0);
    let events = desk.store.read(move |tx| identity::rights::list_events(tx, organisation, since)).await.unwrap();
    let done: Vec<&str> = events.iter().map(|event| event.action.as_str()).collect();
    assert_eq!(done, ["CryptoKey/set"]);
    // What needs a strong factor is not done here.
    let gone = desk.call("CryptoKey/set", json!({ "destroy": [id], "update": { "x": { "isPublished": true } } })).await;
    assert_eq!(gone["notDestroyed"][&id]["type"], "forbidden");
    assert_eq!(gone["notUpdated"]["x"]["type"], "notFound");
}

async fn what_an_owner_says_of_keys_is_kept_for_the_owner(store: TestStore) {
    let desk = Desk::open(store).await;
    let none = desk.call("KeyStatements/get", json!({})).await;
    assert_eq!(none["list"], json!([{ "id": "singleton", "content": null }]));
    let say = |state: &serde_json::Value, content: serde_json::Value| {
        desk.call("KeyStatements/set", json!({ "ifInState": state, "update": { "singleton": { "content": content } } }))
    };
    let said = say(&none["state"], json!("-----BEGIN PGP MESSAGE-----")).await;
    assert_eq!((&said["updated"], &said["oldState"]), (&json!({ "singleton": null }), &none["state"]));
    let got = desk.call("KeyStatements/get", json!({ "ids": ["singleton", "x"] })).await;
    assert_eq!((&got["list"][0]["content"], &got["notFound"]), (&json!("-----BEGIN PGP MESSAGE-----"), &json!(["x"])));
    assert_eq!(got["state"], said["newState"]);
    // Another browser that has not read this one's does not take its place.
    let late = json!({ "ifInState": none["state"], "update": { "singleton": { "content": "late" } } });
    assert_eq!(desk.refused("KeyStatements/set", late).await, "stateMismatch");
    for content in [json!(null), json!(7), json!("x".repeat((512 << 10) + 1))] {
        let refused = say(&got["state"], content).await;
        assert_eq!(refused["notUpdated"]["singleton"]["properties"], json!(["content"]), "{refused}");
    }
    let gone = desk.call("KeyStatements/set", json!({ "destroy": ["singleton"], "create": { "k": {} } })).await;
    let types = (&gone["notDestroyed"]["singleton"]["type"], &gone["notCreated"]["k"]["type"]);
    assert_eq!(types, (&json!("singleton"), &json!("singleton")));
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

async fn the_directory_proves_which_key_a_colleague_has(store: TestStore) {
    let desk = Desk::open(store).await;
    let account = desk.account;
    let asked = json!({ "ids": ["li@trade.test", "eve@evil.test"] });
    let none = desk.call("DirectoryKey/get", asked.clone()).await;
    assert_eq!((&none["notFound"], &none["checkpoint"]), (&json!(["eve@evil.test", "li@trade.test"]), &json!(null)));
    let (first, second) = (key(&desk, 1, "li@trade.test").certificate(), key(&desk, 2, "li@trade.test").certificate());
    let publish = |certificate: openpgp::Certificate| {
        let work = move |tx: &mut Tx<'_>| {
            let key = keybook::add(tx, account, &keybook::NewKey::Sealed(&certificate, b"sealed"))?;
            keybook::publish(tx, account, &key.fingerprint, true).map(drop)
        };
        desk.server.store.write(work)
    };
    publish(first.clone()).await.unwrap();
    let waiting = desk.call("DirectoryKey/get", asked.clone()).await;
    assert_eq!(waiting["list"][0]["entries"][0]["record"], json!(null), "not sealed yet");
    desk.server.store.write(|tx| audit::seal(tx, "mail.trade.test/audit")).await.unwrap();
    let one = desk.call("DirectoryKey/get", asked.clone()).await;
    proven(&one);
    assert_eq!(one["list"][0]["certificate"], STANDARD.encode(first.to_bytes()));
    // Another key, which is the newest entry; then it is withdrawn, and the first does not come back by itself.
    publish(second.clone()).await.unwrap();
    desk.server.store.write(|tx| audit::seal(tx, "mail.trade.test/audit")).await.unwrap();
    let two = desk.call("DirectoryKey/get", json!({ "ids": ["li@trade.test"], "knownSize": 1 })).await;
    proven(&two);
    assert_eq!(two["list"][0]["certificate"], STANDARD.encode(second.to_bytes()));
    assert_eq!(two["list"][0]["entries"].as_array().map(Vec::len), Some(2));
    let (before, now) = (one["checkpoint"].as_str().unwrap(), two["checkpoint"].as_str().unwrap());
    let log_key = audit::PublicKey::parse(two["logKey"].as_str().unwrap()).unwrap();
    let growth: Vec<String> = serde_json::from_value(two["growth"].clone()).unwrap();
    audit::verify::growth(before.as_bytes(), now.as_bytes(), &log_key, &growth).unwrap();
    let withdraw = move |tx: &mut Tx<'_>| {
        keybook::retire(tx, account, &second.fingerprint())?;
        // What changes nothing is no entry.
        keybook::publish(tx, account, &second.fingerprint(), false).map(drop)
    };
    desk.server.store.write(withdraw).await.unwrap();
    let gone = desk.call("DirectoryKey/get", json!({ "ids": ["li@trade.test"], "knownSize": 99 })).await;
    let found = &gone["list"][0];
    assert_eq!((&found["certificate"], &gone["growth"]), (&json!(null), &json!(null)));
    assert_eq!(found["entries"].as_array().map(Vec::len), Some(3));
    assert!(found["entries"][2]["text"].as_str().is_some_and(|it| it.contains("withdrawn")));
}

/// Each entry stands in the log of the checkpoint, is about the address, and its text is what the record commits to.
fn proven(answer: &serde_json::Value) {
    let log_key = audit::PublicKey::parse(answer["logKey"].as_str().unwrap()).unwrap();
    let organisation = i64::from_str_radix(answer["organisation"].as_str().unwrap(), 16).unwrap();
    for entry in answer["list"][0]["entries"].as_array().unwrap() {
        let record = entry["record"].as_str().unwrap();
        let proof: audit::Proof = serde_json::from_value(entry["proof"].clone()).unwrap();
        let checkpoint = answer["checkpoint"].as_str().unwrap();
        audit::verify::record(checkpoint.as_bytes(), &log_key, record.as_bytes(), &proof).unwrap();
        let leaf: audit::Leaf = serde_json::from_str(record).unwrap();
        let (salt, text) = (entry["salt"].as_str().unwrap(), entry["text"].as_str().unwrap());
        assert_eq!(leaf.commitment, audit::commit(salt.as_bytes(), text.as_bytes()));
        assert_eq!(leaf.actor, keybook::directory::label(organisation, "li@trade.test"));
    }
}

store::on_both_engines! {
    the_directory_proves_which_key_a_colleague_has,
    a_browser_brings_its_key_and_reads_it_again,
    keys_of_correspondents_are_told,
    what_an_owner_says_of_keys_is_kept_for_the_owner,
}
