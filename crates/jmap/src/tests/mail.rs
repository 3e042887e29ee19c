//! Mailboxes, threads and messages.

use identity::Permission;
use identity::delegation::{Delegation, grant};
use serde_json::{Value, json};
use store::testing::TestStore;

use super::fixture::Desk;
use crate::ids::show;

const OFFER: &str = "From: =?utf-8?B?5p2O?= <li@x.example>\nTo: sales@trade.test\nSubject: Offer for valves\n\
    Date: Thu, 26 Nov 2026 10:00:00 +0800\nMessage-ID: <1@x.example>\nX-Order: 7\n\nHello, the offer is 合同 attached.\n";

const ANSWER: &str = "From: wang@y.example\nTo: li@x.example\nSubject: Re: Offer for valves\n\
    Date: Thu, 26 Nov 2026 11:00:00 +0800\nMessage-ID: <2@x.example>\nIn-Reply-To: <1@x.example>\nReferences: <1@x.example>\n\
    MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-8\n\nThank you\n\
    --b\nContent-Type: application/pdf; name=a.pdf\nContent-Disposition: attachment\nContent-Transfer-Encoding: base64\n\nAAECAw==\n--b--\n";

const OTHER: &str = "From: Chen <chen@z.example>\nSubject: Order\nMessage-ID: <3@z.example>\n\nPlease deliver\n";

async fn a_message_is_told_with_all_that_is_in_it(store: TestStore) {
    let desk = Desk::open(store).await;
    let id = desk.append(desk.inbox, ANSWER, 0).await;
    let asked = json!({ "ids": [id, id, "999"], "fetchTextBodyValues": true });
    let answer = desk.call("Email/get", asked).await;
    assert_eq!(answer["notFound"], json!(["999"]));
    assert_eq!(answer["list"].as_array().unwrap().len(), 1);
    let email = &answer["list"][0];
    assert_eq!(email["subject"], "Re: Offer for valves");
    assert_eq!(email["inReplyTo"], json!(["1@x.example"]));
    assert_eq!(email["references"], json!(["1@x.example"]));
    assert_eq!(email["sentAt"], "2026-11-26T11:00:00+08:00");
    assert_eq!(email["sender"], Value::Null);
    assert_eq!(email["hasAttachment"], true);
    assert_eq!(email["bodyValues"]["1"]["value"], "Thank you");
    assert_eq!(email["attachments"][0]["name"], "a.pdf");
    assert_eq!(email["attachments"][0]["size"], 4);
    assert_eq!(email["attachments"][0]["blobId"], format!("M{}_2", &id[1..]));
    let asked = json!({ "ids": [id], "properties": ["header:x-none:asText", "header:From:asAddresses", "bodyStructure"],
        "bodyProperties": ["type", "header:Content-Disposition"] });
    let email = desk.call("Email/get", asked).await["list"][0].clone();
    assert_eq!(email["header:x-none:asText"], Value::Null);
    assert_eq!(email["header:From:asAddresses"], json!([{ "name": null, "email": "wang@y.example" }]));
    assert_eq!(email["bodyStructure"]["subParts"][1]["header:Content-Disposition"], " attachment");
    assert_eq!(desk.refused("Email/get", json!({ "ids": [], "properties": ["nonsense"] })).await, "invalidArguments");
    assert_eq!(desk.refused("Email/get", json!({ "ids": [], "x": 1 })).await, "invalidArguments");
    assert_eq!(desk.refused("Email/get", json!({ "ids": vec!["1"; 1001] })).await, "requestTooLarge");
    assert_eq!(desk.refused("Email/get", json!({ "ids": [], "accountId": "7" })).await, "accountNotFound");
}

async fn queries_find_what_they_ask_for(store: TestStore) {
    let desk = Desk::open(store).await;
    let offer = desk.append(desk.inbox, OFFER, 0).await;
    desk.store.clock.advance(std::time::Duration::from_secs(60));
    let answer = desk.append(desk.role("archive").await, ANSWER, mailbox::Flags::SEEN).await;
    desk.store.clock.advance(std::time::Duration::from_secs(60));
    let other = desk.append(desk.inbox, OTHER, mailbox::Flags::FLAGGED).await;
    let found = async |filter: Value| desk.call("Email/query", json!({ "filter": filter })).await["ids"].clone();
    assert_eq!(found(Value::Null).await, json!([other, answer, offer]));
    assert_eq!(found(json!({ "inMailbox": show(desk.inbox) })).await, json!([other, offer]));
    assert_eq!(found(json!({ "inMailboxOtherThan": [show(desk.inbox)] })).await, json!([answer]));
    assert_eq!(found(json!({ "text": "合同" })).await, json!([offer]));
    assert_eq!(found(json!({ "text": "valves attached" })).await, json!([offer]));
    assert_eq!(found(json!({ "text": "\"valves attached\"" })).await, json!([]));
    assert_eq!(found(json!({ "from": "李" })).await, json!([offer]));
    assert_eq!(found(json!({ "subject": "offer", "hasAttachment": true })).await, json!([answer]));
    assert_eq!(found(json!({ "hasKeyword": "$flagged" })).await, json!([other]));
    assert_eq!(found(json!({ "notKeyword": "$seen", "body": "offer" })).await, json!([offer]));
    assert_eq!(found(json!({ "someInThreadHaveKeyword": "$seen" })).await, json!([answer, offer]));
    assert_eq!(found(json!({ "allInThreadHaveKeyword": "$seen" })).await, json!([]));
    assert_eq!(found(json!({ "noneInThreadHaveKeyword": "$seen" })).await, json!([other]));
    assert_eq!(found(json!({ "header": ["X-Order", "7"] })).await, json!([offer]));
    assert_eq!(found(json!({ "after": "2027-01-15T08:01:00Z" })).await, json!([other, answer]));
    assert_eq!(found(json!({ "before": "2027-01-15T08:01:00Z" })).await, json!([offer]));
    let not = json!({ "operator": "NOT", "conditions": [{ "text": "valves" }, { "hasKeyword": "$seen" }] });
    assert_eq!(found(not).await, json!([other]));
    let or = json!({ "operator": "OR", "conditions": [{ "text": "deliver" }, { "hasAttachment": true }] });
    assert_eq!(found(or).await, json!([other, answer]));
    assert_eq!(desk.refused("Email/query", json!({ "filter": { "colour": "red" } })).await, "unsupportedFilter");
    let sorted = async |by: Value| desk.call("Email/query", json!({ "sort": by })).await["ids"].clone();
    assert_eq!(sorted(json!([{ "property": "receivedAt" }])).await, json!([offer, answer, other]));
    assert_eq!(sorted(json!([{ "property": "from" }])).await, json!([other, answer, offer]));
    assert_eq!(
        sorted(json!([{ "property": "hasKeyword", "keyword": "$seen", "isAscending": false }, { "property": "size" }]))
            .await[0],
        json!(answer)
    );
    assert_eq!(desk.refused("Email/query", json!({ "sort": [{ "property": "colour" }] })).await, "unsupportedSort");
}

async fn a_result_is_told_in_parts(store: TestStore) {
    let desk = Desk::open(store).await;
    let mut ids = Vec::new();
    for subject in ["a", "b", "c", "d"] {
        desk.store.clock.advance(std::time::Duration::from_secs(1));
        ids.insert(0, desk.append(desk.inbox, &format!("Subject: {subject}\n\nx\n"), 0).await);
    }
    let part = async |more: Value| {
        let answer = desk.call("Email/query", more).await;
        (answer["position"].clone(), answer["ids"].clone())
    };
    assert_eq!(part(json!({ "position": 1, "limit": 2 })).await, (json!(1), json!(&ids[1..3])));
    assert_eq!(part(json!({ "position": -1 })).await, (json!(3), json!(&ids[3..])));
    assert_eq!(part(json!({ "position": 9 })).await.1, json!([]));
    assert_eq!(part(json!({ "anchor": ids[2], "anchorOffset": -1, "limit": 1 })).await, (json!(1), json!(&ids[1..2])));
    assert_eq!(part(json!({ "anchor": ids[0], "anchorOffset": -5 })).await.0, json!(0));
    assert_eq!(desk.refused("Email/query", json!({ "anchor": "12" })).await, "anchorNotFound");
    assert_eq!(desk.refused("Email/query", json!({ "limit": -1 })).await, "invalidArguments");
    assert_eq!(desk.call("Email/query", json!({ "calculateTotal": true, "limit": 0 })).await["total"], 4);
}

async fn threads_are_told_once_where_the_client_wants_that(store: TestStore) {
    let desk = Desk::open(store).await;
    let offer = desk.append(desk.inbox, OFFER, 0).await;
    desk.store.clock.advance(std::time::Duration::from_secs(60));
    let answer = desk.append(desk.inbox, ANSWER, 0).await;
    let found = desk.call("Email/query", json!({ "collapseThreads": true })).await;
    assert_eq!(found["ids"], json!([answer]));
    let email = desk.call("Email/get", json!({ "ids": [offer], "properties": ["threadId"] })).await;
    let thread = email["list"][0]["threadId"].clone();
    let threads = desk.call("Thread/get", json!({ "ids": [thread, "5"] })).await;
    assert_eq!(threads["list"], json!([{ "id": thread, "emailIds": [offer, answer] }]));
    assert_eq!(threads["notFound"], json!(["5"]));
}

async fn keywords_and_mailboxes_are_changed(store: TestStore) {
    let desk = Desk::open(store).await;
    let (offer, other) = (desk.append(desk.inbox, OFFER, 0).await, desk.append(desk.inbox, OTHER, 0).await);
    let (inbox, archive) = (show(desk.inbox), show(desk.role("archive").await));
    let update = json!({ "update": {
        &offer: { "keywords/$seen": true, "keywords/Project": true, format!("mailboxIds/{archive}"): true },
        &other: { "mailboxIds": { &archive: true } },
        "1": { "keywords/$seen": true },
    } });
    let answer = desk.call("Email/set", update).await;
    assert_eq!(answer["updated"], json!({ &offer: null, &other: null }));
    assert_eq!(answer["notUpdated"]["1"]["type"], "notFound");
    assert_ne!(answer["oldState"], answer["newState"]);
    let wanted = json!({ "ids": [offer, other], "properties": ["keywords", "mailboxIds"] });
    let list = desk.call("Email/get", wanted.clone()).await["list"].clone();
    assert_eq!(list[0]["keywords"], json!({ "$seen": true, "project": true }));
    assert_eq!(list[0]["mailboxIds"], json!({ &inbox: true, &archive: true }));
    assert_eq!(list[1]["mailboxIds"], json!({ &archive: true }));
    for (patch, kind) in [
        (json!({ "mailboxIds": {} }), "invalidProperties"),
        (json!({ "mailboxIds/999": true }), "invalidProperties"),
        (json!({ "keywords/a b": true }), "invalidProperties"),
        (json!({ "subject": "x" }), "invalidProperties"),
        (json!({ "keywords": {}, "keywords/x": true }), "invalidPatch"),
    ] {
        let answer = desk.call("Email/set", json!({ "update": { &offer: patch } })).await;
        assert_eq!(answer["notUpdated"][&offer]["type"], kind, "{patch}");
    }
    assert_eq!(desk.call("Email/get", wanted).await["list"], list, "what is refused changes nothing");
    assert_eq!(desk.refused("Email/set", json!({ "ifInState": "1", "destroy": [offer] })).await, "stateMismatch");
    let answer = desk.call("Email/set", json!({ "destroy": [offer, "1"] })).await;
    assert_eq!(answer["destroyed"], json!([offer]));
    assert_eq!(answer["notDestroyed"]["1"]["type"], "notFound");
    assert_eq!(desk.call("Email/get", json!({ "ids": [offer] })).await["notFound"], json!([offer]));
    let counted = desk.call("Mailbox/get", json!({ "ids": [inbox, archive], "properties": ["totalEmails"] })).await;
    assert_eq!(counted["list"], json!([{ "id": inbox, "totalEmails": 0 }, { "id": archive, "totalEmails": 1 }]));
    assert!(store::check::run(&desk.store.handle(), true).await.unwrap().findings.is_empty());
}

async fn another_account_is_seen_as_far_as_it_was_opened(store: TestStore) {
    let desk = Desk::open(store).await;
    let offer = desk.append(desk.inbox, OFFER, 0).await;
    let hidden = desk.append(desk.role("archive").await, OTHER, 0).await;
    let (account, delegate, inbox) = (desk.account, desk.other.account(), desk.inbox);
    let id = show(account);
    let get = [("Email/get", json!({ "accountId": id, "ids": [offer, hidden], "properties": ["id"] }))];
    assert_eq!(desk.ask(&desk.other, &get).await[0].1["type"], "accountNotFound");
    let given = |permission| Delegation {
        account,
        delegate,
        permission,
        mailbox: Some(inbox),
        since: env::Timestamp::from_seconds(0),
        until: None,
        granted_by: None,
    };
    let reading = given(Permission::Read);
    desk.store.write(move |tx| grant(tx, &reading)).await.unwrap();
    let answer = desk.ask(&desk.other, &get).await.remove(0).1;
    assert_eq!(answer["list"], json!([{ "id": offer }]));
    assert_eq!(answer["notFound"], json!([hidden]));
    let mailboxes = [("Mailbox/get", json!({ "accountId": id, "properties": ["myRights"] }))];
    let listed = desk.ask(&desk.other, &mailboxes).await.remove(0).1["list"].clone();
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!(listed[0]["myRights"]["mayAddItems"], false);
    let flag = [("Email/set", json!({ "accountId": id, "update": { &offer: { "keywords/$seen": true } } }))];
    assert_eq!(desk.ask(&desk.other, &flag).await[0].1["type"], "accountReadOnly");
    let writing = given(Permission::Write);
    desk.store.write(move |tx| grant(tx, &writing)).await.unwrap();
    assert_eq!(desk.ask(&desk.other, &flag).await[0].1["updated"], json!({ &offer: null }));
    let session = desk.server.session(&desk.other, "https://mail.trade.test").await.unwrap();
    assert_eq!(session["accounts"][&id]["isPersonal"], false);
    assert_eq!(session["accounts"][&id]["isReadOnly"], false);
}

async fn what_imap_has_flagged_as_deleted_is_not_there(store: TestStore) {
    let desk = Desk::open(store).await;
    let id = desk.append(desk.inbox, OFFER, 0).await;
    let state = desk.call("Email/get", json!({ "ids": [] })).await["state"].clone();
    let (account, inbox) = (desk.account, desk.inbox);
    let deleted = mailbox::FlagChange::Add(mailbox::Flags::system(mailbox::Flags::DELETED));
    let flag = move |tx: &mut store::Tx<'_>| {
        mailbox::store_flags(tx, account, inbox, &[mailbox::UidRange::ALL], deleted, None)
    };
    desk.store.write(flag).await.unwrap();
    assert_eq!(desk.call("Email/get", json!({ "ids": [id] })).await["notFound"], json!([id]));
    assert_eq!(desk.call("Email/changes", json!({ "sinceState": state })).await["destroyed"], json!([id]));
    let counted = desk.call("Mailbox/get", json!({ "ids": [show(inbox)] })).await;
    assert_eq!(counted["list"][0]["totalEmails"], 0);
}

store::on_both_engines! {
    a_message_is_told_with_all_that_is_in_it,
    queries_find_what_they_ask_for,
    a_result_is_told_in_parts,
    threads_are_told_once_where_the_client_wants_that,
    keywords_and_mailboxes_are_changed,
    another_account_is_seen_as_far_as_it_was_opened,
    what_imap_has_flagged_as_deleted_is_not_there,
}
