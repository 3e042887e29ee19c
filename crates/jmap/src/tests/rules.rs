//! Rules of RFC 8620 and 8621 that clients lean on in corners.

use identity::Permission;
use identity::delegation::{Delegation, grant};
use serde_json::{Value, json};
use store::testing::TestStore;

use super::fixture::Desk;
use crate::ids::show;

async fn whole_objects_may_be_sent_back(store: TestStore) {
    let desk = Desk::open(store).await;
    let inbox = show(desk.inbox);
    let mailbox = desk.call("Mailbox/get", json!({ "ids": [inbox] })).await["list"][0].clone();
    let mut changed = mailbox.clone();
    changed["sortOrder"] = 7.into();
    let made = desk.call("Mailbox/set", json!({ "update": { &inbox: changed } })).await;
    assert_eq!(made["updated"], json!({ &inbox: null }), "{made}");
    let mut wrong = mailbox.clone();
    wrong["totalEmails"] = 9.into();
    let made = desk.call("Mailbox/set", json!({ "update": { &inbox: wrong } })).await;
    assert_eq!(made["notUpdated"][&inbox]["type"], "invalidProperties");
    let email = desk.append(desk.inbox, "From: a@b.example\nSubject: s\n\nx\n", 0).await;
    let mut whole = desk.call("Email/get", json!({ "ids": [email] })).await["list"][0].clone();
    whole["keywords"] = json!({ "$seen": true });
    let made = desk.call("Email/set", json!({ "update": { &email: whole } })).await;
    assert_eq!(made["updated"], json!({ &email: null }), "{made}");
    let made = desk.call("Email/set", json!({ "update": { &email: { "subject": "t" } } })).await;
    assert_eq!(made["notUpdated"][&email]["properties"], json!(["subject"]));
    let identity = desk.call("Identity/get", json!({})).await["list"][0].clone();
    let id = identity["id"].as_str().unwrap();
    let made = desk.call("Identity/set", json!({ "update": { id: identity } })).await;
    assert_eq!(made["updated"], json!({ id: null }));
}

async fn what_is_destroyed_in_the_same_call_is_not_changed(store: TestStore) {
    let desk = Desk::open(store).await;
    let made = desk.call("Mailbox/set", json!({ "create": { "a": { "name": "a" } } })).await;
    assert_eq!((&made["created"]["a"]["parentId"], &made["created"]["a"]["role"]), (&Value::Null, &Value::Null));
    assert!(made["created"]["a"].as_object().unwrap().contains_key("parentId"));
    let id = made["created"]["a"]["id"].as_str().unwrap();
    let made = desk.call("Mailbox/set", json!({ "update": { id: { "name": "b" } }, "destroy": [id] })).await;
    assert_eq!(made["notUpdated"][id]["type"], "willDestroy");
    assert_eq!(made["destroyed"], json!([id]));
}

async fn a_refused_change_of_a_mailbox_changes_nothing(store: TestStore) {
    let desk = Desk::open(store).await;
    let made = desk.call("Mailbox/set", json!({ "create": { "a": { "name": "a" }, "b": { "name": "b" } } })).await;
    let id = made["created"]["a"]["id"].as_str().unwrap();
    let archive = show(desk.role("archive").await);
    desk.call("Mailbox/set", json!({ "update": { &archive: { "role": null } } })).await;
    let made = desk.call("Mailbox/set", json!({ "update": { id: { "role": "archive", "name": "b" } } })).await;
    assert_eq!(made["notUpdated"][id]["type"], "invalidProperties");
    let got = desk.call("Mailbox/get", json!({ "ids": [id], "properties": ["name", "role"] })).await;
    assert_eq!(got["list"], json!([{ "id": id, "name": "a", "role": null }]));
}

async fn orders_by_other_collations_are_refused(store: TestStore) {
    let desk = Desk::open(store).await;
    let sort = json!({ "sort": [{ "property": "name", "collation": "i;octet-of-nowhere" }] });
    assert_eq!(desk.refused("Mailbox/query", sort).await, "unsupportedSort");
    let sort = json!({ "sort": [{ "property": "name", "collation": "i;unicode-casemap" }] });
    desk.call("Mailbox/query", sort).await;
}

async fn a_copy_keeps_what_is_not_set(store: TestStore) {
    let desk = Desk::open(store).await;
    let email = desk.append(desk.inbox, "Subject: a\n\nx\n", mailbox::Flags::SEEN).await;
    let received =
        desk.call("Email/get", json!({ "ids": [email], "properties": ["receivedAt"] })).await["list"][0].clone();
    let (account, delegate) = (desk.account, desk.other.account());
    let reading = Delegation {
        account,
        delegate,
        permission: Permission::Read,
        mailbox: None,
        since: env::Timestamp::from_seconds(0),
        until: None,
        granted_by: None,
    };
    desk.store.write(move |tx| grant(tx, &reading)).await.unwrap();
    desk.store.clock.advance(std::time::Duration::from_secs(3600));
    let (from, to) = (show(account), show(delegate));
    let inbox = desk.store.read(move |tx| mailbox::mailboxes::list(tx, delegate)).await.unwrap()[0].id;
    let create = json!({ "c": { "id": email, "mailboxIds": { show(inbox): true } } });
    let copy = json!({ "fromAccountId": from, "accountId": to, "create": create });
    let made = desk.ask(&desk.other, &[("Email/copy", copy)]).await.remove(0).1;
    let id = made["created"]["c"]["id"].clone();
    let get = json!({ "accountId": to, "ids": [id], "properties": ["receivedAt", "keywords"] });
    let got = desk.ask(&desk.other, &[("Email/get", get)]).await.remove(0).1;
    assert_eq!(got["list"][0]["keywords"], json!({ "$seen": true }));
    assert_eq!(got["list"][0]["receivedAt"], received["receivedAt"]);
    // What may only be read is not changed.
    let set = json!({ "accountId": from, "destroy": [email] });
    assert_eq!(desk.ask(&desk.other, &[("Email/set", set)]).await[0].1["type"], "accountReadOnly");
}

async fn an_identity_is_checked_and_told_whole(store: TestStore) {
    let desk = Desk::open(store).await;
    let create = json!({ "a": { "email": "li@trade.test" }, "b": { "email": "li@trade.test", "bcc": ["x"] } });
    let made = desk.call("Identity/set", json!({ "create": create })).await;
    let told = made["created"]["a"].as_object().unwrap();
    assert_eq!(told.keys().len(), 7, "{told:?}");
    assert_eq!((&told["name"], &told["replyTo"]), (&json!(""), &Value::Null));
    assert_eq!(made["notCreated"]["b"]["properties"], json!(["bcc"]));
}

store::on_both_engines! {
    whole_objects_may_be_sent_back,
    what_is_destroyed_in_the_same_call_is_not_changed,
    a_refused_change_of_a_mailbox_changes_nothing,
    orders_by_other_collations_are_refused,
    a_copy_keeps_what_is_not_set,
    an_identity_is_checked_and_told_whole,
}
