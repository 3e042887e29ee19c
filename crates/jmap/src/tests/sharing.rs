//! Principals, sharing of mailboxes, and notices of it (RFC 9670).

use std::time::Duration;

use identity::delegation::{list_delegates, revoke};
use identity::rights::list_events;
use identity::{AccountKind, Permission};
use serde_json::{Value, json};
use store::Tx;
use store::testing::TestStore;

use super::fixture::Desk;
use crate::ids::show;

fn rights(write: bool) -> Value {
    json!({
        "mayReadItems": true, "mayAddItems": write, "mayRemoveItems": write, "maySetSeen": write, "maySetKeywords": write,
    })
}

impl Desk {
    async fn of_other(&self, name: &str, mut arguments: Value) -> Value {
        if arguments.get("accountId").is_none() {
            arguments["accountId"] = show(self.other.account()).into();
        }
        self.ask(&self.other, &[(name, arguments)]).await.remove(0).1
    }

    async fn share(&self, mailbox: &str, patch: Value) -> Value {
        self.call("Mailbox/set", json!({ "update": { mailbox: patch } })).await
    }

    async fn share_with(&self, mailbox: &str) -> Value {
        let asked = json!({ "ids": [mailbox], "properties": ["shareWith", "myRights"] });
        self.call("Mailbox/get", asked).await["list"][0].clone()
    }
}

async fn principals_are_those_of_ones_organisation(store: TestStore) {
    let desk = Desk::open(store).await;
    let (own, other) = (show(desk.account), show(desk.other.account()));
    let make = |tx: &mut Tx<'_>| {
        let elsewhere = identity::create_organisation(tx, "Elsewhere", identity::Level::Basic)?;
        identity::create_domain(tx, elsewhere, "elsewhere.test")?;
        identity::create_account(
            tx,
            &identity::NewAccount {
                organisation: elsewhere,
                address: "zhao@elsewhere.test",
                name: "Zhao",
                role: identity::Role::Sales,
                language: identity::Language::English,
                kind: AccountKind::Person,
                quota_bytes: 0,
                password: None,
            },
        )
    };
    let stranger = show(desk.store.write(make).await.unwrap());
    let got = desk.call("Principal/get", json!({ "ids": [own, other, stranger] })).await;
    assert_eq!(got["notFound"], json!([stranger]));
    assert_eq!(got["list"].as_array().unwrap().len(), 2);
    assert_eq!(got["list"][0]["type"], "individual");
    assert_eq!(got["list"][0]["email"], "li@trade.test");
    assert_eq!(got["list"][0]["accounts"][&own]["isPersonal"], true);
    assert_eq!(got["list"][1]["accounts"], Value::Null, "nothing of it may be seen");
    let found = desk.call("Principal/query", json!({ "filter": { "text": "WANG" }, "calculateTotal": true })).await;
    assert_eq!((&found["ids"], &found["total"]), (&json!([other]), &json!(1)));
    let filter = json!({ "operator": "NOT", "conditions": [{ "accountIds": [own] }, { "type": "group" }] });
    let found = desk.call("Principal/query", json!({ "filter": filter, "sort": [{ "property": "name" }] })).await;
    assert_eq!(found["ids"], json!([other]));
    assert_eq!(desk.refused("Principal/query", json!({ "filter": { "shoeSize": 1 } })).await, "unsupportedFilter");
    let state = got["state"].clone();
    let changes = desk.call("Principal/changes", json!({ "sinceState": state })).await;
    assert_eq!(changes["newState"], state);
    assert_eq!(desk.refused("Principal/changes", json!({ "sinceState": "0" })).await, "cannotCalculateChanges");
    let set = json!({ "create": { "a": { "name": "x" } }, "update": { &own: { "name": "x" } }, "destroy": [other] });
    let set = desk.call("Principal/set", set).await;
    for refused in [&set["notCreated"]["a"], &set["notUpdated"][&own], &set["notDestroyed"][&other]] {
        assert_eq!(refused["type"], "forbidden", "{set}");
    }
}

async fn a_mailbox_is_shared_and_taken_back(store: TestStore) {
    let desk = Desk::open(store).await;
    let (own, other, inbox) = (show(desk.account), show(desk.other.account()), show(desk.inbox));
    let seen = desk.share_with(&inbox).await;
    assert_eq!((&seen["shareWith"], &seen["myRights"]["mayShare"]), (&Value::Null, &json!(true)));
    let before = desk.of_other("ShareNotification/get", json!({})).await;
    assert_eq!(before["list"], json!([]));
    let set = desk.share(&inbox, json!({ "shareWith": { &other: rights(false) } })).await;
    assert_eq!(set["updated"], json!({ &inbox: null }), "{set}");
    let got = desk.of_other("Mailbox/get", json!({ "accountId": own })).await;
    assert_eq!(got["list"].as_array().unwrap().len(), 1);
    let mine = &got["list"][0];
    assert_eq!((&mine["shareWith"], &mine["myRights"]["mayShare"]), (&Value::Null, &json!(false)));
    assert_eq!((&mine["myRights"]["mayReadItems"], &mine["myRights"]["mayAddItems"]), (&json!(true), &json!(false)));
    let with = desk.share_with(&inbox).await["shareWith"].clone();
    assert_eq!(with[&other]["mayReadItems"], true);
    // What is sent back whole is no change, and more is given by a path.
    let set = desk.share(&inbox, json!({ "shareWith": with })).await;
    assert_eq!(set["updated"], json!({ &inbox: null }), "{set}");
    let mut writes = with[&other].clone();
    for name in ["mayAddItems", "mayRemoveItems", "maySetSeen", "maySetKeywords"] {
        writes[name] = true.into();
    }
    desk.share(&inbox, json!({ format!("shareWith/{other}"): writes })).await;
    assert_eq!(desk.share_with(&inbox).await["shareWith"][&other]["mayAddItems"], true);
    // One truth: what the other doors see.
    let account = desk.account;
    let given = desk.store.write(move |tx| list_delegates(tx, account)).await.unwrap();
    assert_eq!(given.len(), 1);
    assert_eq!((given[0].permission, given[0].mailbox), (Permission::Write, Some(desk.inbox)));
    assert_eq!(given[0].granted_by, Some(account));
    // Another door takes it back.
    let delegate = desk.other.account();
    desk.store.write(move |tx| revoke(tx, (account, delegate), None, None, None)).await.unwrap();
    let changes = desk.of_other("ShareNotification/changes", json!({ "sinceState": before["state"] })).await;
    assert_eq!(changes["created"].as_array().unwrap().len(), 3, "{changes}");
    let sort = json!([{ "property": "created", "isAscending": true }]);
    let ids = desk.of_other("ShareNotification/query", json!({ "sort": sort })).await["ids"].clone();
    assert_eq!(ids, changes["created"]);
    let notices = desk.of_other("ShareNotification/get", json!({ "ids": ids })).await["list"].clone();
    let [first, second, third] = [0, 1, 2].map(|at| notices[at].clone());
    assert_eq!((&first["oldRights"], &first["newRights"]["mayReadItems"]), (&Value::Null, &json!(true)));
    assert_eq!(first["changedBy"], json!({ "name": "li@trade.test", "email": "li@trade.test", "principalId": own }));
    assert_eq!((&first["objectType"], &first["name"]), (&json!("Mailbox"), &json!("INBOX")));
    assert_eq!((&first["objectAccountId"], &first["objectId"]), (&json!(own), &json!(inbox)));
    assert_eq!(second["newRights"]["mayAddItems"], true);
    assert_eq!((&third["newRights"], &third["changedBy"]["name"]), (&Value::Null, &json!("系统管理员")));
    let state = changes["newState"].clone();
    let set = json!({ "destroy": [first["id"], "k1"], "update": { second["id"].as_str().unwrap(): { "name": "x" } } });
    let set = desk.of_other("ShareNotification/set", set).await;
    assert_eq!((&set["destroyed"], &set["notDestroyed"]["k1"]["type"]), (&json!([first["id"]]), &json!("notFound")));
    assert_eq!(set["notUpdated"][second["id"].as_str().unwrap()]["type"], "forbidden");
    let changes = desk.of_other("ShareNotification/changes", json!({ "sinceState": state })).await;
    assert_eq!((&changes["destroyed"], &changes["created"]), (&json!([first["id"]]), &json!([])));
    let asked = json!({ "sinceQueryState": state, "sort": sort });
    let changes = desk.of_other("ShareNotification/queryChanges", asked).await;
    assert_eq!((&changes["removed"], &changes["added"]), (&json!([first["id"]]), &json!([])));
    // They are kept for a time.
    desk.store.clock.advance(Duration::from_secs(91 * 86_400));
    assert!(desk.server.expire_share_notices().await.is_ok());
    assert_eq!(desk.of_other("ShareNotification/get", json!({})).await["list"], json!([]));
    let organisation = desk.asker.principal.organisation;
    let record =
        desk.store.write(move |tx| list_events(tx, organisation, env::Timestamp::from_millis(0))).await.unwrap();
    let told: Vec<&str> = record.iter().map(|it| it.action.as_str()).collect();
    assert_eq!(told, ["delegation-add", "delegation-add"], "taking back by another door was recorded there");
    assert!(store::check::run(&desk.store.handle(), true).await.unwrap().findings.is_empty());
}

async fn what_cannot_be_given_is_refused(store: TestStore) {
    let desk = Desk::open(store).await;
    let (own, other, inbox) = (show(desk.account), show(desk.other.account()), show(desk.inbox));
    for (patch, why) in [
        (json!({ "shareWith": { &own: rights(false) } }), "with oneself"),
        (json!({ "shareWith": { "k1": rights(false) } }), "with nobody"),
        (json!({ "shareWith": { "g1": rights(false) } }), "with a group"),
        (json!({ "shareWith": { &other: { "mayReadItems": true, "mayAddItems": true } } }), "half a bundle"),
        (json!({ "shareWith": { &other: { "mayReadItems": true, "mayDelete": true } } }), "of the whole account"),
        (json!({ "shareWith": 7 }), "no object"),
    ] {
        let set = desk.share(&inbox, patch).await;
        assert_eq!(set["notUpdated"][&inbox]["properties"], json!(["shareWith"]), "{why}: {set}");
    }
    let set = desk.share(&inbox, json!({ format!("shareWith/{other}/mayReadItems"): true })).await;
    assert_eq!(set["notUpdated"][&inbox]["type"], "invalidPatch");
    // Who may read does not share, and a mailbox that is refused its name is not shared either.
    desk.share(&inbox, json!({ "shareWith": { &other: rights(true) } })).await;
    let set = json!({ "accountId": own, "update": { &inbox: { "shareWith": null } } });
    let set = desk.of_other("Mailbox/set", set).await;
    assert_eq!(set["notUpdated"][&inbox]["type"], "forbidden", "{set}");
    let sent = show(desk.role("sent").await);
    let set = desk.share(&sent, json!({ "name": "a/b", "shareWith": { &other: rights(false) } })).await;
    assert_eq!(set["notUpdated"][&sent]["properties"], json!(["name"]));
    assert_eq!(desk.share_with(&sent).await["shareWith"], Value::Null);
    let made = json!({ "create": { "a": { "name": "Offers", "shareWith": { &other: rights(false) } } } });
    let made = desk.call("Mailbox/set", made).await["created"]["a"]["id"].clone();
    let made = made.as_str().unwrap();
    assert_eq!(desk.share_with(made).await["shareWith"][&other]["mayReadItems"], true);
    let set = desk.share(made, json!({ "shareWith": null })).await;
    assert_eq!(set["updated"], json!({ made: null }));
    assert_eq!(desk.share_with(made).await["shareWith"], Value::Null);
    // With a factor enrolled a fresh one is needed, over JMAP as everywhere.
    let account = desk.account;
    let enrol = move |tx: &mut Tx<'_>| {
        tx.execute(
            "INSERT INTO factor (account, id, kind, label, detail, mark, step, created, used)
             VALUES ($1, 1, 'totp', '', '', '', 0, 0, 0)",
            store::params![account],
        )
    };
    desk.store.write(enrol).await.unwrap();
    let set = desk.share(&inbox, json!({ "shareWith": null })).await;
    assert_eq!(set["notUpdated"][&inbox]["type"], "forbidden");
    assert_eq!(set["notUpdated"][&inbox]["maxAge"], 3600);
    assert_eq!(desk.share_with(&inbox).await["shareWith"][&other]["mayAddItems"], true);
}

async fn many_notices_push_out_the_oldest(store: TestStore) {
    let desk = Desk::open(store).await;
    let (account, other, inbox) = (desk.account, desk.other.account(), desk.inbox);
    let before = desk.of_other("ShareNotification/get", json!({})).await["state"].clone();
    let give = move |tx: &mut Tx<'_>| {
        for at in 0..1_100 {
            let now = tx.now();
            let given = identity::Delegation {
                account,
                delegate: other,
                permission: Permission::Read,
                mailbox: Some(inbox),
                since: now,
                until: None,
                granted_by: None,
            };
            match at % 2 {
                0 => identity::delegation::grant(tx, &given)?,
                _ => drop(revoke(tx, (account, other), None, None, None)?),
            }
        }
        Ok::<_, identity::IdentityError>(())
    };
    desk.store.write(give).await.unwrap();
    let got = desk.of_other("ShareNotification/get", json!({})).await;
    assert_eq!(got["list"].as_array().unwrap().len(), 200);
    let changes = desk.of_other("ShareNotification/changes", json!({ "sinceState": before })).await;
    assert_eq!(changes["type"], "cannotCalculateChanges", "the first marks are gone");
    let changes = desk.of_other("ShareNotification/changes", json!({ "sinceState": got["state"] })).await;
    assert_eq!(changes["created"], json!([]));
}

store::on_both_engines! {
    principals_are_those_of_ones_organisation,
    a_mailbox_is_shared_and_taken_back,
    what_cannot_be_given_is_refused,
    many_notices_push_out_the_oldest,
}
