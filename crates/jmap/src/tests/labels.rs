//! Labels.

use mailbox::Flags;
use serde_json::json;
use store::testing::TestStore;

use super::fixture::Desk;
use crate::ids::read;

async fn made_changed_and_deleted(store: TestStore) {
    let desk = Desk::open(store).await;
    let before = desk.call("Label/get", json!({})).await["state"].clone();
    let set = json!({ "create": {
        "a": { "name": "Invoices", "color": "teal", "sortOrder": 2 }, "b": { "name": "报价 2026" }, "c": { "name": " INVOICES" },
        "d": { "name": "x", "color": "mauve" }, "e": { "name": "" }, "f": { "name": "x", "keyword": "x" }, "g": { "name": "Junk" },
    } });
    let made = desk.call("Label/set", set).await;
    assert_eq!(made["created"]["a"]["keyword"], "invoices");
    assert_eq!(made["created"]["b"]["keyword"], "tw-label-1");
    assert_eq!(made["created"]["g"]["keyword"], "tw-label-2", "a word of programs");
    assert_eq!(made["notCreated"]["c"]["type"], "alreadyExists");
    assert_eq!(made["notCreated"]["c"]["existingId"], made["created"]["a"]["id"]);
    for (name, property) in [("d", "color"), ("e", "name"), ("f", "keyword")] {
        assert_eq!(made["notCreated"][name]["properties"], json!([property]), "{made}");
    }
    let (a, b, g) =
        (made["created"]["a"]["id"].clone(), made["created"]["b"]["id"].clone(), &made["created"]["g"]["id"]);
    let (a, b) = (a.as_str().unwrap(), b.as_str().unwrap());
    let changes = desk.call("Label/changes", json!({ "sinceState": before })).await;
    assert_eq!(changes["created"], json!([a, b, g]));
    let email = desk.append(desk.inbox, "From: a@partner.example\nSubject: x\n\nx\n", 0).await;
    desk.call("Email/set", json!({ "update": { &email: { "keywords/invoices": true, "keywords/other": true } } }))
        .await;
    let state = desk.call("Label/get", json!({})).await["state"].clone();
    let set = json!({ "update": { b: { "name": "Quotes", "color": "red" }, a: { "keyword": "x" } }, "destroy": [g] });
    let set = desk.call("Label/set", set).await;
    assert_eq!((&set["updated"], &set["destroyed"]), (&json!({ b: null }), &json!([g])));
    assert_eq!(set["notUpdated"][a]["properties"], json!(["keyword"]));
    let got = desk.call("Label/get", json!({ "ids": [b, "k0"] })).await;
    assert_eq!(
        got["list"],
        json!([{ "id": b, "name": "Quotes", "color": "red", "sortOrder": 0, "keyword": "tw-label-1" }])
    );
    assert_eq!(got["notFound"], json!(["k0"]));
    // Deleted, it is gone from its messages, and its name may be used again.
    let gone = desk.call("Label/set", json!({ "destroy": [a] })).await;
    assert_eq!(gone["destroyed"], json!([a]));
    let keywords = desk.call("Email/get", json!({ "ids": [email], "properties": ["keywords"] })).await;
    assert_eq!(keywords["list"][0]["keywords"], json!({ "other": true }));
    let changes = desk.call("Label/changes", json!({ "sinceState": state })).await;
    assert_eq!((&changes["updated"], &changes["destroyed"]), (&json!([b]), &json!([g, a])));
    let again = desk.call("Label/set", json!({ "create": { "a": { "name": "invoices" } } })).await;
    assert_eq!(again["created"]["a"]["keyword"], "invoices");
    assert!(store::check::run(&desk.store.handle(), true).await.unwrap().findings.is_empty());
}

async fn no_more_than_there_are_keywords(store: TestStore) {
    let desk = Desk::open(store).await;
    let (account, inbox) = (desk.account, desk.inbox);
    let many: serde_json::Map<String, serde_json::Value> =
        (0..49).map(|n| (n.to_string(), json!({ "name": format!("label {n}") }))).collect();
    let made = desk.call("Label/set", json!({ "create": many })).await;
    assert_eq!(made["created"].as_object().unwrap().len(), 48);
    let (_, refused) = made["notCreated"].as_object().unwrap().iter().next().unwrap();
    assert_eq!(refused["type"], "overQuota");
    assert!(refused["description"].as_str().unwrap().contains("48 labels"), "{refused}");
    let first = made["created"]["0"]["id"].clone();
    desk.call("Label/set", json!({ "destroy": [first] })).await;
    // Programs take the rest, so that there is none for another label; a label that is deleted leaves its own.
    let names: Vec<String> = (0..15).map(|n| format!("program-{n}")).collect();
    let email = desk.append(inbox, "From: a@partner.example\nSubject: x\n\nx\n", Flags::SEEN).await;
    let keywords: serde_json::Map<String, serde_json::Value> =
        names.iter().map(|name| (name.clone(), true.into())).collect();
    let set = desk.call("Email/set", json!({ "update": { &email: { "keywords": keywords } } })).await;
    assert_eq!(set["updated"], json!({ &email: null }), "{set}");
    let one_more = json!({ "create": { "x": { "name": "one more" } } });
    let refused = desk.call("Label/set", one_more.clone()).await["notCreated"]["x"].clone();
    assert_eq!(refused["type"], "overQuota");
    assert!(refused["description"].as_str().unwrap().contains("62 different keywords"), "{refused}");
    let second = &made["created"]["1"]["id"];
    desk.call("Label/set", json!({ "destroy": [second] })).await;
    assert!(desk.call("Label/set", one_more).await["created"]["x"]["keyword"].is_string());
    // What is left when the answer was given is done afterwards.
    let (label, message) = (read(made["created"]["2"]["id"].as_str().unwrap()).unwrap(), read(&email).unwrap());
    let word = made["created"]["2"]["keyword"].as_str().unwrap();
    desk.call("Email/set", json!({ "update": { &email: { format!("keywords/{word}"): true } } })).await;
    desk.store.write(move |tx| mailbox::labels::destroy(tx, account, label)).await.unwrap();
    desk.server.clear_labels().await.unwrap();
    let left = move |tx: &mut store::Tx<'_>| {
        let flags = mailbox::overview::places_of(tx, account, message)?[0].2;
        Ok::<_, mailbox::MailboxError>((flags.keywords.count_ones(), mailbox::labels::uncleared(tx, 9)?))
    };
    assert_eq!(desk.store.read(left).await.unwrap(), (15, Vec::new()));
}

async fn of_others_only_where_one_may_arrange(store: TestStore) {
    let desk = Desk::open(store).await;
    let asked = json!({ "accountId": crate::ids::show(desk.account), "create": { "x": { "name": "x" } } });
    let answers = desk.ask(&desk.other, &[("Label/set", asked)]).await;
    assert_eq!((answers[0].0.as_str(), answers[0].1["type"].as_str()), ("error", Some("accountNotFound")));
}

store::on_both_engines! {
    made_changed_and_deleted,
    no_more_than_there_are_keywords,
    of_others_only_where_one_may_arrange,
}
