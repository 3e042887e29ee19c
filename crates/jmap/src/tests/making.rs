//! New messages and mailboxes, files, copies.

use identity::Permission;
use identity::delegation::{Delegation, grant};
use serde_json::{Value, json};
use store::testing::TestStore;

use super::fixture::Desk;
use crate::ids::show;

async fn a_draft_is_made_with_an_uploaded_file_and_read_back(store: TestStore) {
    let desk = Desk::open(store).await;
    let account = show(desk.account);
    let Ok(file) = desk.server.keep_file(desk.account, &account, b"%PDF-1.7 \x00\xff".to_vec()).await else {
        panic!("the file is not kept")
    };
    let drafts = show(desk.role("drafts").await);
    let email = json!({
        "mailboxIds": { &drafts: true }, "keywords": { "$draft": true, "$seen": true },
        "from": [{ "email": "li@trade.test" }], "subject": "合同",
        "bodyValues": { "1": { "value": "Hello\n" } }, "textBody": [{ "partId": "1", "type": "text/plain" }],
        "attachments": [{ "blobId": file.show(), "type": "application/pdf", "name": "合同.pdf" }],
    });
    let wrong = json!({ "mailboxIds": { "7": true } });
    let answers = desk
        .ask(&desk.asker, &[
            ("Email/set", json!({ "accountId": account, "create": { "a": email, "b": wrong } })),
            ("Email/get", json!({ "accountId": account, "#ids": { "resultOf": "0", "name": "Email/set", "path": "/created/a/id" } })),
        ])
        .await;
    let made = &answers[0].1;
    assert_eq!(made["notCreated"]["b"]["type"], "invalidProperties");
    assert_eq!(made["created"]["a"]["blobId"], format!("M{}", &made["created"]["a"]["id"].as_str().unwrap()[1..]));
    assert_eq!(answers[1].1["type"], "invalidArguments", "ids must be a list");
    let id = made["created"]["a"]["id"].clone();
    let email = desk.call("Email/get", json!({ "ids": [id], "fetchTextBodyValues": true })).await["list"][0].clone();
    assert_eq!(email["subject"], "合同");
    assert_eq!(email["keywords"], json!({ "$seen": true, "$draft": true }));
    assert_eq!(email["textBody"].as_array().unwrap().len(), 1);
    assert_eq!(email["bodyValues"]["1"]["value"], "Hello\n");
    assert_eq!(email["attachments"][0]["name"], "合同.pdf");
    assert_eq!(email["attachments"][0]["size"], 11);
    let blob = email["attachments"][0]["blobId"].as_str().unwrap();
    let read = desk.read_blob(blob).await;
    assert_eq!(read.as_deref(), Some(&b"%PDF-1.7 \x00\xff"[..]));
    assert!(store::check::run(&desk.store.handle(), true).await.unwrap().findings.is_empty());
    desk.store.clock.advance(std::time::Duration::from_secs(90_000));
    assert_eq!(desk.read_blob(&file.show()).await, None);
    assert_eq!(desk.store.write(|tx| mailbox::uploads::forget_expired(tx, 10)).await.unwrap(), 1);
    assert!(store::check::run(&desk.store.handle(), true).await.unwrap().findings.is_empty());
}

async fn messages_are_imported_and_parsed(store: TestStore) {
    let desk = Desk::open(store).await;
    let account = show(desk.account);
    let inner = "Subject: inner\r\n\r\nwithin\r\n";
    let raw = format!(
        "Received: from a by b; Thu, 26 Nov 2026 10:00:00 +0800\r\nSubject: outer\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
         --b\r\nContent-Type: message/rfc822\r\n\r\n{inner}\r\n--b--\r\n"
    );
    let Ok(file) = desk.server.keep_file(desk.account, &account, raw.into_bytes()).await else { panic!("not kept") };
    let Ok(none) = desk.server.keep_file(desk.account, &account, b"\x00\x01".to_vec()).await else {
        panic!("not kept")
    };
    let inbox = show(desk.inbox);
    let emails = json!({
        "a": { "blobId": file.show(), "mailboxIds": { &inbox: true }, "keywords": { "$seen": true } },
        "b": { "blobId": "U5", "mailboxIds": { &inbox: true } },
        "c": { "blobId": none.show(), "mailboxIds": { &inbox: true } },
    });
    let answer = desk.call("Email/import", json!({ "emails": emails })).await;
    assert_eq!(answer["notCreated"]["b"]["type"], "blobNotFound");
    assert_eq!(answer["notCreated"]["c"]["type"], "invalidEmail");
    let id = answer["created"]["a"]["id"].clone();
    let asked =
        json!({ "ids": [id], "properties": ["receivedAt", "attachments"], "bodyProperties": ["blobId", "type"] });
    let email = desk.call("Email/get", asked).await["list"][0].clone();
    assert_eq!(email["receivedAt"], "2026-11-26T02:00:00Z");
    assert_eq!(email["attachments"][0]["type"], "message/rfc822");
    let blob = email["attachments"][0]["blobId"].clone();
    let asked = json!({ "blobIds": [blob, "U5", none.show()], "fetchTextBodyValues": true,
        "properties": ["subject", "textBody", "bodyValues", "id"] });
    let parsed = desk.call("Email/parse", asked).await;
    assert_eq!(parsed["notFound"], json!(["U5"]));
    assert_eq!(parsed["notParsable"], json!([none.show()]));
    let email = &parsed["parsed"][blob.as_str().unwrap()];
    assert_eq!(email["subject"], "inner");
    assert_eq!(email["id"], Value::Null);
    assert_eq!(email["bodyValues"]["0"]["value"], "within\n");
    let snippet = json!({ "filter": { "text": "outer" }, "emailIds": [id] });
    let snippet = desk.call("SearchSnippet/get", snippet).await;
    assert_eq!(snippet["list"][0]["subject"], "<mark>outer</mark>");
}

async fn mailboxes_are_made_changed_and_destroyed(store: TestStore) {
    let desk = Desk::open(store).await;
    let create = json!({
        "b": { "name": "2026", "parentId": "#a", "sortOrder": 3, "isSubscribed": false },
        "a": { "name": "订单", "parentId": null },
        "c": { "name": "x/y" }, "d": { "name": "Inbox" }, "e": { "parentId": null }, "f": { "name": "z", "role": "sent" },
    });
    let made = desk.call("Mailbox/set", json!({ "create": create })).await;
    let (a, b) = (made["created"]["a"]["id"].clone(), made["created"]["b"]["id"].clone());
    for refused in ["c", "d", "e", "f"] {
        assert_eq!(made["notCreated"][refused]["type"], "invalidProperties", "{refused}");
    }
    let asked = json!({ "ids": [b], "properties": ["name", "parentId", "sortOrder", "isSubscribed"] });
    let list = desk.call("Mailbox/get", asked.clone()).await["list"].clone();
    assert_eq!(list, json!([{ "id": b, "name": "2026", "parentId": a, "sortOrder": 3, "isSubscribed": false }]));
    let (a, b) = (a.as_str().unwrap(), b.as_str().unwrap());
    let state = desk.call("Mailbox/get", json!({ "ids": [] })).await["state"].clone();
    let update =
        json!({ b: { "name": "2027", "parentId": null, "isSubscribed": true }, a: { "parentId": b }, "9": {} });
    let made = desk.call("Mailbox/set", json!({ "update": update })).await;
    assert_eq!(made["updated"], json!({ b: null, a: null }));
    assert_eq!(made["notUpdated"]["9"]["type"], "notFound");
    let changes = desk.call("Mailbox/changes", json!({ "sinceState": state })).await;
    assert_eq!(changes["updated"].as_array().unwrap().len(), 2);
    assert_eq!(changes["updatedProperties"], Value::Null);
    desk.append(crate::ids::read(a).unwrap(), "Subject: x\n\nx\n", 0).await;
    let made = desk.call("Mailbox/set", json!({ "destroy": [b] })).await;
    assert_eq!(made["notDestroyed"][b]["type"], "mailboxHasChild");
    let made = desk.call("Mailbox/set", json!({ "destroy": [b, a] })).await;
    assert_eq!(made["notDestroyed"][a]["type"], "mailboxHasEmail");
    let made = desk.call("Mailbox/set", json!({ "destroy": [b, a], "onDestroyRemoveEmails": true })).await;
    assert_eq!(made["destroyed"], json!([a, b]));
    assert_eq!(desk.call("Email/query", json!({})).await["ids"], json!([]));
    let inbox = show(desk.inbox);
    let made = desk.call("Mailbox/set", json!({ "destroy": [inbox], "onDestroyRemoveEmails": true })).await;
    assert_eq!(made["notDestroyed"][&inbox]["type"], "forbidden");
}

async fn messages_are_copied_from_another_account(store: TestStore) {
    let desk = Desk::open(store).await;
    let offer = desk.append(desk.inbox, "Subject: offer\n\nx\n", 0).await;
    let (account, delegate) = (desk.account, desk.other.account());
    let writing = Delegation {
        account,
        delegate,
        permission: Permission::Write,
        mailbox: None,
        since: env::Timestamp::from_seconds(0),
        until: None,
        granted_by: None,
    };
    desk.store.write(move |tx| grant(tx, &writing)).await.unwrap();
    let (from, to) = (show(account), show(delegate));
    let inbox = desk.store.read(move |tx| mailbox::mailboxes::list(tx, delegate)).await.unwrap()[0].id;
    let inbox = show(inbox);
    let create = json!({ "k": { "id": offer, "mailboxIds": { &inbox: true } }, "l": { "id": "5", "mailboxIds": { &inbox: true } } });
    let copy = json!({ "fromAccountId": from, "accountId": to, "create": create, "onSuccessDestroyOriginal": true });
    let answers = desk.ask(&desk.other, &[("Email/copy", copy)]).await;
    assert_eq!(answers[0].1["notCreated"]["l"]["type"], "notFound");
    assert!(answers[0].1["created"]["k"]["id"].is_string(), "{}", answers[0].1);
    assert_eq!(answers[1].0, "Email/set");
    assert_eq!(answers[1].1["destroyed"], json!([offer]));
    assert_eq!(desk.call("Email/query", json!({})).await["ids"], json!([]));
    let found = desk.ask(&desk.other, &[("Email/query", json!({ "accountId": to }))]).await;
    assert_eq!(found[0].1["ids"].as_array().unwrap().len(), 1);
    let same = json!({ "fromAccountId": to, "accountId": to, "create": {} });
    assert_eq!(desk.ask(&desk.other, &[("Email/copy", same)]).await[0].1["type"], "invalidArguments");
}

store::on_both_engines! {
    a_draft_is_made_with_an_uploaded_file_and_read_back,
    messages_are_imported_and_parsed,
    mailboxes_are_made_changed_and_destroyed,
    messages_are_copied_from_another_account,
}
