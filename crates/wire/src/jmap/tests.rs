use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const LIMITS: Limits = Limits { size_bytes_max: 10_000, calls_max: 3 };
const KNOWN: &[&str] = &["urn:ietf:params:jmap:core"];

fn parse(text: &str) -> Result<Request, RequestError> {
    Request::parse(text.as_bytes(), KNOWN, LIMITS)
}

#[test]
fn requests_are_read() {
    let read = parse(r#"{"using":["urn:ietf:params:jmap:core"],"methodCalls":[["Core/echo",{"a":1},"c0"]]}"#).unwrap();
    assert_eq!(read.calls.len(), 1);
    assert_eq!(read.calls[0].arguments["a"], 1);
    assert_eq!(read.created_ids, None);
}

#[test]
fn what_is_no_request_is_named() {
    let kind = |text: &str| parse(text).unwrap_err().kind().rsplit(':').next().unwrap().to_owned();
    assert_eq!(kind("{"), "notJSON");
    assert_eq!(kind(r#"{"using":[],"using":[],"methodCalls":[]}"#), "notJSON");
    assert_eq!(kind("[]"), "notRequest");
    assert_eq!(kind(r#"{"using":[],"methodCalls":[["a",{}]]}"#), "notRequest");
    assert_eq!(kind(r#"{"methodCalls":[]}"#), "notRequest");
    assert_eq!(kind(r#"{"using":["urn:x"],"methodCalls":[]}"#), "unknownCapability");
    assert!(
        parse(r#"{"using":["urn:ietf:params:jmap:calendars"],"methodCalls":[]}"#).is_ok(),
        "clients name it anyway"
    );
    assert_eq!(kind(r#"{"using":[],"methodCalls":[["a",{},""],["a",{},""],["a",{},""],["a",{},""]]}"#), "limit");
    assert_eq!(kind(&format!(r#"{{"using":[],"methodCalls":[],"x":"{}"}}"#, "x".repeat(10_000))), "limit");
}

fn answered() -> Response {
    let mut response = Response::new(None, "s".to_owned());
    let list = json!({ "list": [
        { "id": "a", "threadId": "t1", "emailIds": ["1", "2"] },
        { "id": "b", "threadId": "t2", "emailIds": ["3"] },
    ], "a/b": { "~": 1 } });
    response.answer("Thread/get", list, "c1");
    response
}

/// The example of RFC 8620 section 3.7.
#[test]
fn references_are_filled_in() {
    let call = |arguments: Value| {
        let Value::Object(arguments) = arguments else { panic!("no object") };
        Call { name: "x".to_owned(), arguments, id: "c2".to_owned() }.resolve(&answered())
    };
    let reference = |path: &str| json!({ "#ids": { "resultOf": "c1", "name": "Thread/get", "path": path } });
    assert_eq!(call(reference("/list/*/emailIds")).unwrap()["ids"], json!(["1", "2", "3"]));
    assert_eq!(call(reference("/list/*/id")).unwrap()["ids"], json!(["a", "b"]));
    assert_eq!(call(reference("/list/1/id")).unwrap()["ids"], json!("b"));
    assert_eq!(call(reference("/a~1b/~0")).unwrap()["ids"], json!(1));
    for bad in ["/nothing", "list", "/list/01/id", "/list/2", "/list/*/none"] {
        let error = call(reference(bad)).unwrap_err();
        assert_eq!(error.kind, MethodErrorKind::InvalidResultReference, "{bad}");
    }
    let wrong_name = json!({ "#ids": { "resultOf": "c1", "name": "Email/get", "path": "/list" } });
    assert_eq!(call(wrong_name).unwrap_err().kind, MethodErrorKind::InvalidResultReference);
    let both = json!({ "ids": [], "#ids": { "resultOf": "c1", "name": "Thread/get", "path": "/list/*/id" } });
    assert_eq!(call(both).unwrap_err().kind, MethodErrorKind::InvalidArguments);
}

#[test]
fn patches_change_single_values() {
    let object = |value: Value| if let Value::Object(object) = value { object } else { panic!("no object") };
    let mut email = object(json!({ "keywords": { "$seen": true }, "mailboxIds": { "1": true }, "list": [1] }));
    let patch = object(json!({ "keywords/$flagged": true, "keywords/$seen": null, "mailboxIds": { "2": true } }));
    apply_patch(&mut email, &patch).unwrap();
    assert_eq!(
        Value::Object(email.clone()),
        json!({ "keywords": { "$flagged": true }, "mailboxIds": { "2": true }, "list": [1] })
    );
    let before = email.clone();
    for bad in [
        json!({ "keywords": {}, "keywords/a": true }),
        json!({ "list/0": 2 }),
        json!({ "no/a": 1 }),
        json!({ "~x": 1 }),
    ] {
        apply_patch(&mut email, &object(bad.clone())).unwrap_err();
        assert_eq!(email, before, "{bad}");
    }
}

#[test]
fn dates_are_those_of_rfc_3339() {
    for text in ["2014-10-30T06:12:00Z", "2026-02-28T23:59:59.5Z", "1999-12-31T00:00:00Z"] {
        assert_eq!(format_utc_date(parse_date(text).unwrap()), text);
    }
    assert_eq!(format_utc_date(parse_date("2014-10-30T14:12:00+08:00").unwrap()), "2014-10-30T06:12:00Z");
    for bad in [
        "",
        "2014-10-30",
        "2014-10-30t06:12:00z",
        "2014-13-30T06:12:00Z",
        "2014-02-30T06:12:00Z",
        "2014-10-30T06:12:00",
        "2014-10-30T06:12:00.Z",
        "2014-10-30T06:12:00+8:00",
    ] {
        assert_eq!(parse_date(bad), None, "{bad}");
    }
}

#[test]
fn header_properties_are_read() {
    let read = HeaderProperty::parse("header:List-Post:asURLs:all").unwrap();
    assert_eq!((read.name.as_str(), read.form, read.all), ("List-Post", HeaderForm::Urls, true));
    let read = HeaderProperty::parse("header:X-Order").unwrap();
    assert_eq!((read.form, read.all), (HeaderForm::Raw, false));
    for bad in [
        "header:",
        "header:From:asDate",
        "header:X:as",
        "headers",
        "header:a b",
        "header:Subject:asAddresses",
        "header:Received:asText",
    ] {
        assert_eq!(HeaderProperty::parse(bad), None, "{bad}");
    }
    assert!(HeaderProperty::parse("header:X-When:asDate").is_some());
}

proptest! {
    #[test]
    fn nothing_that_is_sent_makes_it_fail(text in prop::collection::vec(any::<u8>(), 0..200)) {
        drop(Request::parse(&text, KNOWN, LIMITS));
    }

    #[test]
    fn a_moment_comes_back(millis in 0_i64..4_102_444_800_000) {
        let moment = env::Timestamp::from_millis(millis);
        prop_assert_eq!(parse_date(&format_utc_date(moment)), Some(moment));
    }

    #[test]
    fn pointers_and_properties_of_any_text_are_read_or_refused(text in ".{0,60}") {
        drop(evaluate(&answered().answers()[0].1, &text));
        drop(HeaderProperty::parse(&format!("header:{text}")));
        let _ = parse_date(&text);
    }

    #[test]
    fn a_patch_of_whole_members_is_an_update(names in prop::collection::btree_set("[a-z]{1,4}", 0..6), gone in any::<bool>()) {
        let mut object: Object = names.iter().map(|name| (name.clone(), Value::Bool(false))).collect();
        let value = if gone { Value::Null } else { Value::Bool(true) };
        let patch: Object = names.iter().map(|name| (name.clone(), value.clone())).collect();
        apply_patch(&mut object, &patch).unwrap();
        prop_assert_eq!(object.len(), if gone { 0 } else { names.len() });
    }
}
