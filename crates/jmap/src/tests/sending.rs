//! Identities and submissions.

use serde_json::{Value, json};
use store::testing::TestStore;

use super::fixture::Desk;
use crate::ids::show;

async fn draft(desk: &Desk) -> String {
    let drafts = show(desk.role("drafts").await);
    let email = json!({
        "mailboxIds": { &drafts: true }, "keywords": { "$draft": true }, "from": [{ "email": "li@trade.test" }],
        "to": [{ "email": "a@partner.example" }], "bcc": [{ "email": "b@partner.example" }], "subject": "Offer",
        "bodyValues": { "1": { "value": "x" } }, "textBody": [{ "partId": "1" }],
    });
    let made = desk.call("Email/set", json!({ "create": { "d": email } })).await;
    made["created"]["d"]["id"].as_str().unwrap().to_owned()
}

async fn identities_are_addresses_and_what_was_added(store: TestStore) {
    let desk = Desk::open(store).await;
    let got = desk.call("Identity/get", json!({})).await;
    let own = got["list"][0].clone();
    assert_eq!((own["email"].as_str(), own["mayDelete"].as_bool()), (Some("li@trade.test"), Some(false)));
    let id = own["id"].as_str().unwrap();
    let set = json!({
        "create": { "a": { "email": "li@trade.test", "name": "李" }, "b": { "email": "x@other.example" } },
        "update": { id: { "textSignature": "-- \n李四", "replyTo": [{ "email": "office@trade.test" }] } },
    });
    let made = desk.call("Identity/set", set).await;
    assert_eq!(made["notCreated"]["b"]["type"], "forbiddenFrom");
    let gone = desk.call("Identity/set", json!({ "destroy": [id] })).await;
    assert_eq!(gone["notDestroyed"][id]["type"], "forbidden");
    let list = desk.call("Identity/get", json!({})).await;
    assert_eq!(list["list"].as_array().unwrap().len(), 2);
    assert_eq!(list["list"][0]["textSignature"], "-- \n李四");
    let since = json!({ "sinceState": got["state"] });
    assert_eq!(desk.refused("Identity/changes", since).await, "cannotCalculateChanges");
    let since = json!({ "sinceState": list["state"] });
    assert_eq!(desk.call("Identity/changes", since).await["hasMoreChanges"], false);
    let added = made["created"]["a"]["id"].clone();
    assert_eq!(desk.call("Identity/set", json!({ "destroy": [added] })).await["destroyed"], json!([added]));
}

async fn a_message_is_sent_later_and_called_back(store: TestStore) {
    let desk = Desk::open(store).await;
    let (email, account) = (draft(&desk).await, show(desk.account));
    let identity = desk.call("Identity/get", json!({})).await["list"][0]["id"].clone();
    let sent = show(desk.role("sent").await);
    let drafts = show(desk.role("drafts").await);
    let state = desk.call("EmailSubmission/get", json!({ "ids": [] })).await["state"].clone();
    let envelope = json!({
        "mailFrom": { "email": "li@trade.test", "parameters": { "HOLDUNTIL": "2027-01-15T08:30:00Z" } },
        "rcptTo": [{ "email": "a@partner.example" }],
    });
    let set = json!({
        "accountId": account,
        "create": { "s": { "identityId": identity, "emailId": email, "envelope": envelope } },
        "onSuccessUpdateEmail": { "#s": { "mailboxIds": { &sent: true }, "keywords/$draft": null } },
    });
    let answers = desk.ask(&desk.asker, &[("EmailSubmission/set", set)]).await;
    let made = &answers[0].1["created"]["s"];
    assert_eq!(made["undoStatus"], "pending", "{}", answers[0].1);
    assert_eq!(made["sendAt"], "2027-01-15T08:30:00Z");
    assert_eq!((answers[1].0.as_str(), &answers[1].1["updated"]), ("Email/set", &json!({ &email: null })));
    let id = made["id"].as_str().unwrap();
    let got = desk.call("EmailSubmission/get", json!({ "ids": [id] })).await["list"][0].clone();
    assert_eq!(got["deliveryStatus"]["a@partner.example"]["delivered"], "queued");
    let changes = desk.call("EmailSubmission/changes", json!({ "sinceState": state })).await;
    assert_eq!(changes["created"], json!([id]));
    let pending = json!({ "filter": { "undoStatus": "pending" } });
    assert_eq!(desk.call("EmailSubmission/query", pending.clone()).await["ids"], json!([id]));
    let undo = json!({
        "accountId": account, "update": { id: { "undoStatus": "canceled" } },
        "onSuccessUpdateEmail": { id: { "mailboxIds": { &drafts: true } } },
    });
    let answers = desk.ask(&desk.asker, &[("EmailSubmission/set", undo)]).await;
    assert_eq!(answers[0].1["updated"], json!({ id: null }));
    assert_eq!(answers[1].1["updated"], json!({ &email: null }));
    assert_eq!(desk.call("EmailSubmission/query", pending).await["ids"], json!([]));
    assert_eq!(desk.call("EmailSubmission/get", json!({ "ids": [id] })).await["list"][0]["undoStatus"], "canceled");
    assert_eq!(desk.call("EmailSubmission/set", json!({ "destroy": [id] })).await["destroyed"], json!([id]));
    assert_eq!(desk.call("EmailSubmission/get", json!({ "ids": [id] })).await["notFound"], json!([id]));
    assert!(store::check::run(&desk.store.handle(), true).await.unwrap().findings.is_empty());
}

async fn what_cannot_be_sent_is_refused_with_the_reason(store: TestStore) {
    let desk = Desk::open(store).await;
    let email = draft(&desk).await;
    let identity = desk.call("Identity/get", json!({})).await["list"][0]["id"].clone();
    let path = |email: &str| json!({ "email": email });
    let envelope = |to: &[&str]| json!({ "mailFrom": path("li@trade.test"), "rcptTo": to.iter().map(|to| path(to)).collect::<Vec<Value>>() });
    let create = json!({
        "a": { "identityId": "Nothing", "emailId": email },
        "b": { "identityId": identity, "emailId": "5" },
        "c": { "identityId": identity, "emailId": email, "envelope": envelope(&[]) },
        "d": { "identityId": identity, "emailId": email, "envelope": envelope(&["nobody@x.example"]) },
        "e": { "identityId": identity, "emailId": email, "sendAt": "2027-01-15T08:30:00Z" },
        "f": { "identityId": identity, "emailId": email, "envelope":
            { "mailFrom": { "email": "li@trade.test", "parameters": { "HOLDFOR": "999999" } }, "rcptTo": [path("a@x.example")] } },
        "g": { "identityId": identity, "emailId": email },
    });
    let made = desk.call("EmailSubmission/set", json!({ "create": create })).await;
    for (name, kind) in [
        ("a", "invalidProperties"),
        ("b", "invalidProperties"),
        ("c", "noRecipients"),
        ("d", "invalidRecipients"),
        ("e", "invalidProperties"),
        ("f", "invalidProperties"),
    ] {
        assert_eq!(made["notCreated"][name]["type"], kind, "{name}");
    }
    assert_eq!(made["notCreated"]["d"]["invalidRecipients"], json!(["nobody@x.example"]));
    let id = made["created"]["g"]["id"].as_str().unwrap();
    assert_eq!(made["created"]["g"]["undoStatus"], "final");
    let to = made["created"]["g"]["envelope"]["rcptTo"].clone();
    assert_eq!(
        to,
        json!([{ "email": "a@partner.example", "parameters": null }, { "email": "b@partner.example", "parameters": null }])
    );
    let undo = desk.call("EmailSubmission/set", json!({ "update": { id: { "undoStatus": "canceled" } } })).await;
    assert_eq!(undo["notUpdated"][id]["type"], "cannotUnsend");
}

store::on_both_engines! {
    identities_are_addresses_and_what_was_added,
    a_message_is_sent_later_and_called_back,
    what_cannot_be_sent_is_refused_with_the_reason,
}
