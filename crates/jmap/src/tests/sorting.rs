//! Scripts, the automatic reply, rules.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use store::testing::TestStore;

use super::fixture::Desk;
use crate::ids::show;

async fn upload(desk: &Desk, text: &str) -> String {
    let create = json!({ "s": { "type": "application/sieve", "data": [{ "data:asBase64": STANDARD.encode(text) }] } });
    let made = desk.call("Blob/upload", json!({ "create": create })).await;
    made["created"]["s"]["id"].as_str().unwrap().to_owned()
}

async fn one_script_at_a_time_is_active(store: TestStore) {
    let desk = Desk::open(store).await;
    let blob = upload(&desk, "keep;").await;
    let create = json!({ "a": { "name": "one", "blobId": blob }, "b": { "name": null, "blobId": blob } });
    let made = desk.call("SieveScript/set", json!({ "create": create, "onSuccessActivateScript": "#a" })).await;
    let (one, two) = (made["created"]["a"].clone(), made["created"]["b"].clone());
    assert_eq!((&one["isActive"], &two["isActive"], &two["name"]), (&json!(true), &json!(false), &json!("script 1")));
    let content = one["blobId"].as_str().unwrap();
    assert_eq!(desk.read_blob(content).await.unwrap(), b"keep;");

    let again = json!({ "create": { "c": { "name": "one", "blobId": blob } } });
    assert_eq!(desk.call("SieveScript/set", again).await["notCreated"]["c"]["type"], "alreadyExists");
    let gone = json!({ "destroy": [one["id"]] });
    let id = one["id"].as_str().unwrap();
    assert_eq!(desk.call("SieveScript/set", gone).await["notDestroyed"][id]["type"], "sieveIsActive");
    let swap = json!({ "onSuccessActivateScript": two["id"] });
    let swapped = desk.call("SieveScript/set", swap).await;
    assert_eq!(swapped["updated"][id], json!({ "isActive": false }));
    assert_eq!(swapped["updated"][two["id"].as_str().unwrap()], json!({ "isActive": true }));
    let changed = upload(&desk, "discard;").await;
    let update = json!({ "update": { id: { "blobId": changed, "name": "first" } }, "onSuccessDeactivateScript": true });
    desk.call("SieveScript/set", update).await;
    assert!(desk.read_blob(content).await.is_none(), "the old text is gone");
    let found = desk.call("SieveScript/query", json!({ "filter": { "isActive": true } })).await;
    assert_eq!(found["ids"], json!([]));
    let found =
        desk.call("SieveScript/query", json!({ "sort": [{ "property": "name" }], "calculateTotal": true })).await;
    assert_eq!((&found["ids"], &found["total"]), (&json!([one["id"], two["id"]]), &json!(2)));
    assert_eq!(desk.refused("SieveScript/query", json!({ "filter": { "size": 1 } })).await, "unsupportedFilter");
    let got = desk.call("SieveScript/get", json!({ "properties": ["name"] })).await;
    assert_eq!(got["list"][0], json!({ "id": one["id"], "name": "first" }));
    assert_eq!(
        desk.call("SieveScript/set", json!({ "destroy": [one["id"], "x"] })).await["destroyed"],
        json!([one["id"]])
    );
    let stale = json!({ "ifInState": got["state"], "destroy": [two["id"]] });
    assert_eq!(desk.refused("SieveScript/set", stale).await, "stateMismatch");
}

async fn wrong_scripts_are_told_with_the_line(store: TestStore) {
    let desk = Desk::open(store).await;
    for (text, kind, says) in [
        ("keep;\nfrobnicate;", "invalidSieve", "line 2"),
        ("redirect \"thief@elsewhere.example\";", "forbidden", "thief@elsewhere.example"),
    ] {
        let blob = upload(&desk, text).await;
        let checked = desk.call("SieveScript/validate", json!({ "blobId": blob })).await;
        assert_eq!(checked["error"]["type"], kind, "{checked}");
        let made = desk.call("SieveScript/set", json!({ "create": { "a": { "name": "x", "blobId": blob } } })).await;
        let error = &made["notCreated"]["a"];
        assert!(error["type"] == kind && error["description"].as_str().unwrap().contains(says), "{error}");
    }
    let good = upload(&desk, "redirect \"wang@trade.test\";").await;
    assert_eq!(desk.call("SieveScript/validate", json!({ "blobId": good })).await["error"], Value::Null);
    let none = json!({ "create": { "a": { "name": "x", "blobId": "U99" } } });
    assert_eq!(desk.call("SieveScript/set", none).await["notCreated"]["a"]["type"], "blobNotFound");
    let set = json!({ "create": { "a": { "blobId": good, "isActive": true } } });
    assert_eq!(desk.call("SieveScript/set", set).await["notCreated"]["a"]["properties"], json!(["isActive"]));
}

async fn others_see_neither_scripts_nor_rules(store: TestStore) {
    let desk = Desk::open(store).await;
    let account = json!({ "accountId": show(desk.account) });
    for name in ["SieveScript/get", "VacationResponse/get", "Rules/get"] {
        let (_, answer) = desk.ask(&desk.other, &[(name, account.clone())]).await.remove(0);
        assert_eq!(answer["type"], "accountNotFound", "{name}");
    }
}

async fn the_automatic_reply_is_one(store: TestStore) {
    let desk = Desk::open(store).await;
    let got = desk.call("VacationResponse/get", json!({})).await;
    let none = json!({ "id": "singleton", "isEnabled": false, "fromDate": null, "toDate": null, "subject": null,
        "textBody": null, "htmlBody": null });
    assert_eq!(got["list"], json!([none]));
    let patch = json!({ "isEnabled": true, "toDate": "2030-01-01T00:00:00Z", "textBody": "我不在" });
    let set = desk.call("VacationResponse/set", json!({ "update": { "singleton": patch } })).await;
    assert_eq!(set["updated"], json!({ "singleton": null }));
    let now = desk.call("VacationResponse/get", json!({ "ids": ["singleton", "x"] })).await;
    assert_eq!((&now["list"][0]["textBody"], &now["notFound"]), (&json!("我不在"), &json!(["x"])));
    assert_ne!(now["state"], got["state"]);
    for (patch, property) in [
        (json!({ "toDate": "soon" }), "toDate"),
        (json!({ "fromDate": "2031-01-01T00:00:00Z" }), "toDate"),
        (json!({ "isEnabled": 1 }), "isEnabled"),
        (json!({ "colour": "red" }), "colour"),
    ] {
        let set = desk.call("VacationResponse/set", json!({ "update": { "singleton": patch } })).await;
        assert_eq!(set["notUpdated"]["singleton"]["properties"], json!([property]));
    }
    let set = json!({ "create": { "a": {} }, "destroy": ["singleton"] });
    let set = desk.call("VacationResponse/set", set).await;
    assert_eq!(set["notCreated"]["a"]["type"], "singleton");
    assert_eq!(set["notDestroyed"]["singleton"]["type"], "singleton");
}

async fn rules_are_a_script(store: TestStore) {
    let desk = Desk::open(store).await;
    let got = desk.call("Rules/get", json!({})).await;
    let empty =
        json!({ "id": "singleton", "rules": [], "isActive": false, "scriptId": null, "handWrittenScriptId": null });
    assert_eq!(got["list"], json!([empty]));
    let rule = |mailbox: &str| {
        json!({ "name": "发票", "isEnabled": true, "match": "all", "stop": true,
            "conditions": [{ "field": "subject", "op": "contains", "values": ["invoice"] }],
            "actions": [{ "action": "move", "mailboxId": mailbox }] })
    };
    let archive = show(desk.role("archive").await);
    let update = json!({ "update": { "singleton": { "rules": [rule(&archive)] } } });
    let set = desk.call("Rules/set", update).await;
    assert_eq!(set["updated"]["singleton"]["isActive"], true);
    let now = desk.call("Rules/get", json!({})).await["list"][0].clone();
    assert_eq!(now["rules"], json!([rule(&archive)]));
    let account = desk.account;
    let since = env::Timestamp::from_millis(0);
    let events = desk.store.read(move |tx| identity::rule_events::list(tx, account, since)).await.unwrap();
    let hiding = identity::rule_events::Hiding::Files { into: "Archive".to_owned() };
    assert_eq!(
        events.iter().map(|event| (event.hiding.clone(), event.wanted.clone())).collect::<Vec<_>>(),
        [(hiding, vec!["invoice".to_owned()])]
    );

    let wrong = json!({ "update": { "singleton": { "rules": [rule("99")] } } });
    let set = desk.call("Rules/set", wrong).await;
    assert_eq!(set["notUpdated"]["singleton"]["properties"], json!(["rules"]));
    let mut outside = rule(&archive);
    outside["actions"] = json!([{ "action": "forward", "address": "x@elsewhere.example", "keepCopy": true }]);
    let set = desk.call("Rules/set", json!({ "update": { "singleton": { "rules": [outside] } } })).await;
    assert_eq!(set["notUpdated"]["singleton"]["type"], "forbidden");

    // A script by hand takes their place and is left alone.
    let blob = upload(&desk, "discard;").await;
    let hand = json!({ "create": { "h": { "name": "hand", "blobId": blob } }, "onSuccessActivateScript": "#h" });
    let hand = desk.call("SieveScript/set", hand).await["created"]["h"]["id"].clone();
    let now = desk.call("Rules/get", json!({})).await["list"][0].clone();
    assert_eq!((&now["isActive"], &now["handWrittenScriptId"]), (&json!(false), &hand));
    desk.call("Rules/set", json!({ "update": { "singleton": { "rules": [] } } })).await;
    let now = desk.call("Rules/get", json!({})).await["list"][0].clone();
    assert_eq!((&now["isActive"], &now["handWrittenScriptId"]), (&json!(false), &hand));
    desk.call("Rules/set", json!({ "update": { "singleton": { "isActive": true } } })).await;
    let now = desk.call("Rules/get", json!({})).await["list"][0].clone();
    assert_eq!((&now["isActive"], &now["handWrittenScriptId"]), (&json!(true), &Value::Null));
    desk.call("Rules/set", json!({ "update": { "singleton": { "isActive": false } } })).await;
    let now = desk.call("Rules/get", json!({})).await["list"][0].clone();
    assert_eq!(now["isActive"], false);
    assert!(store::check::run(&desk.store.handle(), true).await.unwrap().findings.is_empty());
}

store::on_both_engines! {
    one_script_at_a_time_is_active,
    wrong_scripts_are_told_with_the_line,
    others_see_neither_scripts_nor_rules,
    the_automatic_reply_is_one,
    rules_are_a_script,
}
