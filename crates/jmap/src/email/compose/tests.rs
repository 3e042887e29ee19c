use mail::message::{Structure, Summary};
use serde_json::{Value, json};

use super::*;

fn made(email: Value) -> Result<Vec<u8>, SetError> {
    let Value::Object(email) = email else { panic!("no object") };
    let blobs = BTreeMap::from([("U1".to_owned(), vec![0, 1, 2, 255])]);
    let now = Timestamp::from_seconds(1_800_000_000);
    make(&email, &Making { now, domain: "trade.test", unique: "u".to_owned(), blobs: &blobs })
}

fn text(email: Value) -> String {
    String::from_utf8(made(email).unwrap()).unwrap()
}

#[test]
fn a_letter_with_everything() {
    let raw = made(json!({
        "mailboxIds": { "1": true }, "keywords": { "$draft": true },
        "from": [{ "name": "李 四", "email": "li@trade.test" }], "to": [{ "name": "A \"B\"", "email": "a@b.example" }],
        "subject": "报价单", "sentAt": "2026-11-26T09:00:00+08:00", "inReplyTo": ["1@x"], "header:X-Order:asText": "7",
        "bodyValues": { "t": { "value": "你好\n" }, "h": { "value": "<p>你好 <img src=cid:pic>" } },
        "textBody": [{ "partId": "t", "type": "text/plain" }], "htmlBody": [{ "partId": "h", "type": "text/html" }],
        "attachments": [
            { "blobId": "U1", "type": "image/png", "cid": "pic", "disposition": "inline" },
            { "blobId": "U1", "type": "application/pdf", "name": "报价 单.pdf" },
        ],
    }))
    .unwrap();
    let summary = Summary::parse(&raw);
    assert_eq!(summary.envelope.from[0].display_name().as_deref(), Some("李 四"));
    assert_eq!(summary.envelope.to[0].display_name().as_deref(), Some("A \"B\""));
    assert_eq!(summary.envelope.date.as_deref(), Some("Thu, 26 Nov 2026 09:00:00 +0800"));
    assert_eq!(summary.references, ["1@x"]);
    assert_eq!(summary.message_id.as_deref(), Some("u@trade.test"));
    let kinds: Vec<String> =
        summary.structure.parts.iter().map(|part| format!("{}/{}", part.media_type, part.subtype)).collect();
    assert_eq!(
        kinds,
        [
            "multipart/mixed",
            "multipart/alternative",
            "text/plain",
            "multipart/related",
            "text/html",
            "image/png",
            "application/pdf"
        ]
    );
    let file = &summary.structure.parts[6];
    assert_eq!(file.file_name().as_deref(), Some("报价 单.pdf"));
    assert_eq!(mail::message::decode_part(&raw, file).unwrap().as_ref(), [0, 1, 2, 255]);
    let html = mail::message::decode_part(&raw, &summary.structure.parts[4]).unwrap();
    assert_eq!(html.as_ref(), "<p>你好 <img src=cid:pic>".as_bytes());
    assert!(raw.split(|byte| *byte == b'\n').all(|line| line.is_empty() || line.ends_with(b"\r")));
}

#[test]
fn a_given_structure_is_kept() {
    let raw = made(json!({
        "bodyStructure": { "type": "multipart/mixed", "subParts": [
            { "partId": "1", "type": "text/plain", "header:Content-Description:asText": "first" },
            { "blobId": "U1", "type": "message/rfc822" },
        ] },
        "bodyValues": { "1": { "value": "a" } },
    }))
    .unwrap();
    let structure = Structure::parse(&raw);
    assert_eq!(structure.parts[1].description.as_deref(), Some("first"));
    assert_eq!(structure.parts[2].encoding.as_deref(), Some("8bit"));
}

#[test]
fn what_is_wrong_is_named() {
    let wrong = |email: Value| made(email).unwrap_err().properties;
    assert_eq!(wrong(json!({ "headers": [] })), ["headers"]);
    assert_eq!(wrong(json!({ "from": [{ "email": "a" }], "header:From": " x" })), ["header:From"]);
    assert_eq!(wrong(json!({ "header:Content-Type": " x" })), ["header:Content-Type"]);
    assert_eq!(wrong(json!({ "header:X": " a\r\nBcc: b@c" })), ["header:X"]);
    assert_eq!(wrong(json!({ "from": [{ "email": "a\r\nBcc: b@c" }] })), ["from"]);
    assert_eq!(wrong(json!({ "textBody": [{ "partId": "x" }] })), ["textBody/partId"]);
    assert_eq!(wrong(json!({ "textBody": [], "bodyStructure": {} })), ["bodyStructure"]);
    assert_eq!(wrong(json!({ "textBody": [{ "partId": "x", "type": "text/html" }] })), ["textBody"]);
    assert_eq!(wrong(json!({ "bodyValues": { "x": { "value": "a", "isTruncated": true } } })), ["bodyValues/x"]);
    assert_eq!(wrong(json!({ "subject": 7 })), ["subject"]);
    let error = made(json!({ "attachments": [{ "blobId": "U2" }] })).unwrap_err();
    assert_eq!((error.kind, error.more), (SetErrorKind::BlobNotFound, vec![("notFound", json!(["U2"]))]));
}

#[test]
fn long_and_odd_texts_travel_safely() {
    let odd = "a".repeat(2000) + "\n.\nFrom x\n--b\ntrailing \nß";
    let raw = text(
        json!({ "bodyValues": { "1": { "value": odd } }, "textBody": [{ "partId": "1" }], "subject": "word ".repeat(60) }),
    );
    assert!(raw.split("\r\n").all(|line| line.len() <= 998), "{raw}");
    let structure = Structure::parse(raw.as_bytes());
    let body = mail::message::decode_part(raw.as_bytes(), &structure.parts[0]).unwrap().into_owned();
    assert_eq!(String::from_utf8(body).unwrap(), odd.replace('\n', "\r\n"));
    assert_eq!(Summary::parse(raw.as_bytes()).envelope.subject.unwrap().trim(), "word ".repeat(60).trim());
}

proptest::proptest! {
    #[test]
    fn what_people_write_never_becomes_a_field(subject in ".*", name in ".*", file in ".*", value in ".*") {
        let email = json!({
            "subject": subject, "from": [{ "name": name, "email": "a@b.example" }],
            "bodyValues": { "1": { "value": value } }, "textBody": [{ "partId": "1" }],
            "attachments": [{ "blobId": "U1", "type": "application/x", "name": file }],
        });
        let raw = made(email).unwrap();
        let names: Vec<String> =
            mail::header::Fields::new(&raw).map(|field| String::from_utf8_lossy(field.name).into_owned()).collect();
        let known = ["Date", "Message-ID", "Subject", "From", "MIME-Version", "Content-Type"];
        proptest::prop_assert!(names.iter().all(|name| known.contains(&name.as_str())), "{names:?}");
        let structure = Structure::parse(&raw);
        proptest::prop_assert_eq!(structure.parts.len(), 3);
        let body = mail::message::decode_part(&raw, &structure.parts[1]).unwrap().into_owned();
        let wanted = value.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n");
        proptest::prop_assert_eq!(String::from_utf8(body).unwrap(), wanted);
    }
}
