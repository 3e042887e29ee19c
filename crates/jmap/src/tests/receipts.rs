//! Notifications that a message was read.

use serde_json::{Value, json};
use store::testing::TestStore;

use super::fixture::Desk;
use crate::ids::show;

const ASKING: &str = "From: Ann <ann@partner.example>\nTo: li@trade.test\nSubject: =?utf-8?q?Angebot_=C3=A4?=\nMessage-ID: <o1@partner.example>\n\
    Return-Path: <ann@partner.example>\nDisposition-Notification-To: Ann <ann@partner.example>\n\nprices\n";

fn shown(how: &str) -> Value {
    json!({ "actionMode": "manual-action", "sendingMode": how, "type": "displayed" })
}

async fn identity(desk: &Desk) -> Value {
    desk.call("Identity/get", json!({})).await["list"][0]["id"].clone()
}

async fn sent_once(store: TestStore) {
    let desk = Desk::open(store).await;
    let (own, email) = (identity(&desk).await, desk.append(desk.inbox, ASKING, 0).await);
    let wanted = |more: Value| {
        let mut one = json!({ "forEmailId": email, "disposition": shown("mdn-sent-manually") });
        one.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "identityId": own, "send": { "r": one }, "onSuccessUpdateEmail": { "#r": { "keywords/$seen": true, "keywords/$mdnsent": null } } })
    };
    for (more, wrong) in [
        (
            json!({ "disposition": { "actionMode": "manual-action", "sendingMode": "x", "type": "displayed" } }),
            "disposition/sendingMode",
        ),
        (json!({ "subject": "a\nBcc: x@x.example" }), "subject"),
        (json!({ "reportingUA": "a\r\nX: y" }), "reportingUA"),
        (json!({ "extensionFields": { "Disposition": "x" } }), "extensionFields/Disposition"),
        (json!({ "mdnGateway": "x" }), "mdnGateway"),
    ] {
        let answer = desk.call("MDN/send", wanted(more)).await;
        assert_eq!(answer["notSent"]["r"]["properties"], json!([wrong]), "{answer}");
    }
    // Two at once: one is sent.
    let arguments = || {
        let mut arguments = wanted(json!({ "includeOriginalMessage": true }));
        arguments["accountId"] = show(desk.account).into();
        arguments
    };
    let (one, other) = ([("MDN/send", arguments())], [("MDN/send", arguments())]);
    let (one, other) = tokio::join!(desk.ask(&desk.asker, &one), desk.ask(&desk.asker, &other));
    let sent: Vec<&Value> = [&one[0].1, &other[0].1].into_iter().filter(|it| !it["sent"].is_null()).collect();
    assert_eq!(sent.len(), 1, "{one:?} {other:?}");
    assert_eq!(sent[0]["sent"]["r"]["finalRecipient"], "rfc822; li@trade.test");
    let refused = if one[0].1["sent"].is_null() { &one[0].1 } else { &other[0].1 };
    assert_eq!(refused["notSent"]["r"]["type"], "mdnAlreadySent");
    let got = desk.call("Email/get", json!({ "ids": [email], "properties": ["keywords"] })).await;
    assert_eq!(got["list"][0]["keywords"], json!({ "$seen": true, "$mdnsent": true }));
    let letter = desk.sent().pop().unwrap();
    assert_eq!((letter.from.as_str(), letter.recipients.as_slice()), ("", &["ann@partner.example".to_owned()][..]));
    let text = String::from_utf8(letter.body).unwrap();
    for line in [
        "Auto-Submitted: auto-replied\r\n",
        "In-Reply-To: <o1@partner.example>\r\n",
        "report-type=disposition-notification",
        "Final-Recipient: rfc822; li@trade.test\r\nOriginal-Message-ID: <o1@partner.example>\r\nDisposition: manual-action/mdn-sent-manually; displayed\r\n",
        "Content-Type: message/rfc822\r\n",
    ] {
        assert!(text.contains(line), "{line} is not in {text}");
    }
}

async fn nobody_is_answered_who_did_not_ask(store: TestStore) {
    let desk = Desk::open(store).await;
    let own = identity(&desk).await;
    let report = ASKING.replace("\n\nprices", "\nContent-Type: multipart/report; boundary=b\n\nprices");
    for (raw, how, kind) in [
        ("From: a@partner.example\nSubject: x\n\nx\n", "mdn-sent-manually", "notFound"),
        (&report, "mdn-sent-manually", "notFound"),
        (&ASKING.replace("Return-Path: <ann@partner.example>", "Return-Path: <>"), "mdn-sent-manually", "notFound"),
        (&ASKING.replace("Return-Path: <ann@", "Return-Path: <other@"), "mdn-sent-automatically", "forbidden"),
    ] {
        let email = desk.append(desk.inbox, raw, 0).await;
        let one = json!({ "forEmailId": email, "disposition": shown(how) });
        let answer = desk.call("MDN/send", json!({ "identityId": own, "send": { "r": one } })).await;
        assert_eq!(answer["notSent"]["r"]["type"], kind, "{raw}: {answer}");
    }
    assert!(desk.sent().is_empty());
    let one = json!({ "identityId": "nothing", "send": {} });
    assert_eq!(desk.refused("MDN/send", one).await, "invalidArguments");
}

store::on_both_engines! {
    sent_once,
    nobody_is_answered_who_did_not_ask,
}
