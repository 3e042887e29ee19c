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

async fn bodies_come_fit_to_be_shown(store: TestStore) {
    let desk = Desk::open(store).await;
    let html = desk
        .append(
            desk.inbox,
            "Subject: a\nContent-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/html; charset=gb18030\n\n\
             <body onload=x><p style=\"position:fixed;color:red\">a<script>x</script><img src=\"cid:c\"><img src=\"https://t.test/p\">\n\
             --b\nContent-Type: image/png\nContent-ID: <c>\n\nx\n--b--\n",
            0,
        )
        .await;
    let text = desk.append(desk.inbox, "Subject: b\n\n1 < 2\n", 0).await;
    let token = crate::pictures::make_token(&desk.store.handle(), desk.account, "https://t.test/p").unwrap();
    let got = desk.call("EmailBody/get", json!({ "ids": [html, text, "77"] })).await;
    assert_eq!(
        got["list"],
        json!([
            { "id": html, "parts": [{
                "partId": "1", "type": "text/html", "isTruncated": false, "isEncodingProblem": false, "remote": 1,
                "value": format!("<div><p style=\"color:red;\">a<img data-cid=\"c\"><img data-remote=\"{token}\"></p></div>"),
            }] },
            { "id": text, "parts": [{
                "partId": "0", "type": "text/plain", "isTruncated": false, "isEncodingProblem": false, "remote": 0,
                "value": "1 < 2\n",
            }] },
        ])
    );
    assert_eq!(got["notFound"], json!(["77"]));
}

async fn fifty_megabytes_of_html_are_cut(store: TestStore) {
    let desk = Desk::open(store).await;
    let line = format!("{}\n", "<p>word ".repeat(120));
    let raw = format!("Subject: a\nContent-Type: text/html\n\n{}", line.repeat((50 << 20) / line.len()));
    let email = desk.append(desk.inbox, &raw, 0).await;
    let got = desk.call("EmailBody/get", json!({ "ids": [email] })).await;
    let part = &got["list"][0]["parts"][0];
    assert_eq!(part["isTruncated"], true);
    let length = part["value"].as_str().unwrap().len();
    assert!((100_000..4 << 20).contains(&length), "{length}");
}

async fn who_wrote_is_told_as_far_as_something_stands_behind_it(store: TestStore) {
    let desk = Desk::open(store).await;
    let letter = |from: &str| format!("From: {from}\nSubject: a\n\nx\n");
    let stranger = desk.append(desk.inbox, &letter("Anna <anna@mail.partner.example>"), 0).await;
    let forged = desk.append(desk.inbox, &letter("Li <li@trade.test>"), 0).await;
    let two = desk.append(desk.inbox, &letter("a@b.example, c@d.example"), 0).await;
    let broken = desk.append(desk.inbox, &letter("broken"), 0).await;
    let odd = desk.append(desk.inbox, &letter("<a..b@-c>"), 0).await;
    let got = desk.call("EmailSender/get", json!({ "ids": [stranger, forged, two, broken, odd, "77"] })).await;
    let told = |at: usize| (&got["list"][at]["address"], &got["list"][at]["relation"], &got["list"][at]["isVerified"]);
    assert_eq!(told(0), (&json!("anna@mail.partner.example"), &json!("first"), &Value::Null));
    assert_eq!(got["list"][0]["domain"], "partner.example");
    assert_eq!(told(1), (&json!("li@trade.test"), &json!("unproven"), &Value::Null));
    assert_eq!(told(2), (&Value::Null, &Value::Null, &Value::Null));
    assert_eq!((&got["list"][3]["relation"], &got["list"][4]["relation"]), (&Value::Null, &Value::Null));
    assert_eq!(got["notFound"], json!(["77"]));
    let contact = guard::knowledge::Contact { first: 1_700_000_000_000, last: 1_750_000_000_000, received: 3, sent: 2 };
    desk.know_partner("partner.example", contact).await;
    let got = desk.call("EmailSender/get", json!({ "ids": [stranger] })).await;
    let known = &got["list"][0];
    assert_eq!((&known["relation"], &known["partner"]), (&json!("partner"), &json!("partner.example")));
    assert_eq!((&known["since"], &known["received"]), (&json!("2023-11-14T22:13:20Z"), &json!(3)));
}

store::on_both_engines! {
    who_wrote_is_told_as_far_as_something_stands_behind_it,
    bodies_come_fit_to_be_shown,
    fifty_megabytes_of_html_are_cut,
    the_quota_is_told_where_there_is_one,
    blobs_are_put_together_and_looked_into,
    what_was_not_judged_has_no_verdict,
}
