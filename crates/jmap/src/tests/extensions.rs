//! Quotas, blobs as objects, verdicts.

use serde_json::{Value, json};
use store::testing::TestStore;

use super::fixture::Desk;
use crate::ids::show;

async fn the_quota_is_told_where_there_is_one(store: TestStore) {
    let desk = Desk::open(store).await;
    let none = desk.call("Quota/get", json!({})).await;
    assert_eq!(none["list"], json!([]));
    let account = desk.account;
    desk.store.write(move |tx| identity::set_quota(tx, account, 1000)).await.unwrap();
    desk.append(desk.inbox, "Subject: a\n\nx\n", 0).await;
    let got = desk.call("Quota/get", json!({ "properties": ["used", "hardLimit"] })).await;
    assert_eq!(got["list"], json!([{ "id": "octets", "used": 17, "hardLimit": 1000 }]));
    let changes = desk.call("Quota/changes", json!({ "sinceState": none["state"] })).await;
    assert_eq!(changes["created"], json!(["octets"]));
    desk.append(desk.inbox, "Subject: b\n\nx\n", 0).await;
    let changes = desk.call("Quota/changes", json!({ "sinceState": got["state"] })).await;
    assert_eq!((&changes["updated"], &changes["updatedProperties"]), (&json!(["octets"]), &json!(["used"])));
    assert_eq!(desk.call("Quota/query", json!({ "filter": { "scope": "account" } })).await["ids"], json!(["octets"]));
    let large = json!({ "d": { "mailboxIds": { show(desk.inbox): true }, "subject": "x".repeat(2000) } });
    let made = desk.call("Email/set", json!({ "create": large })).await;
    assert_eq!(made["notCreated"]["d"]["type"], "overQuota");
    assert!(store::check::run(&desk.store.handle(), true).await.unwrap().findings.is_empty());
}

async fn blobs_are_put_together_and_looked_into(store: TestStore) {
    let desk = Desk::open(store).await;
    let email = desk.append(desk.inbox, "Subject: a\n\nx\n", 0).await;
    let create = json!({
        "a": { "type": "text/plain", "data": [{ "data:asText": "Hello" }, { "data:asBase64": "IQA=" }] },
        "b": { "data": [{ "blobId": "#a", "offset": 1, "length": 3 }] },
        "c": { "data": [{ "blobId": "#a", "offset": 1, "length": 30 }] },
        "d": { "data": [{ "data:asBase64": "?" }] },
    });
    let made = desk.call("Blob/upload", json!({ "create": create })).await;
    assert_eq!(made["created"]["a"]["size"], 7);
    assert_eq!(made["notCreated"]["c"]["type"], "invalidProperties");
    assert_eq!(made["notCreated"]["d"]["type"], "invalidProperties");
    let (a, b) = (made["created"]["a"]["id"].clone(), made["created"]["b"]["id"].clone());
    let got =
        desk.call("Blob/get", json!({ "ids": [a, b, "U7"], "properties": ["data", "size", "digest:sha-256"] })).await;
    assert_eq!(got["list"][0]["data:asText"], "Hello!\u{0}");
    assert_eq!(got["list"][1]["data:asText"], "ell");
    assert_eq!(got["list"][1]["digest:sha-256"], "uuqWUAmX/1zWz9Jlkql41rc9SAtK0z0AJJnPAEGsmZY=");
    assert_eq!(got["notFound"], json!(["U7"]));
    let part =
        desk.call("Blob/get", json!({ "ids": [a], "properties": ["data:asBase64"], "offset": 5, "length": 9 })).await;
    assert_eq!(part["list"], json!([{ "id": a, "isTruncated": true, "data:asBase64": "IQA=" }]));
    let blob = format!("M{}", &email[1..]);
    let found = desk.call("Blob/lookup", json!({ "typeNames": ["Email", "Mailbox"], "ids": [blob, "M7"] })).await;
    assert_eq!(found["list"][0]["matchedIds"], json!({ "Email": [email], "Mailbox": [show(desk.inbox)] }));
    assert_eq!(found["notFound"], json!(["M7"]));
    assert_eq!(desk.refused("Blob/lookup", json!({ "typeNames": ["Dog"], "ids": [] })).await, "unknownDataType");
}

async fn what_was_not_judged_has_no_verdict(store: TestStore) {
    let desk = Desk::open(store).await;
    let email = desk.append(desk.inbox, "Subject: a\n\nx\n", 0).await;
    let got = desk.call("Verdict/get", json!({ "ids": [email, "x"] })).await;
    assert_eq!(got["list"], Value::Array(Vec::new()));
    assert_eq!(got["notFound"], json!([email, "x"]));
}

store::on_both_engines! {
    the_quota_is_told_where_there_is_one,
    blobs_are_put_together_and_looked_into,
    what_was_not_judged_has_no_verdict,
}
