use crate::Rule;
use crate::check::check_reached;

fn refused(text: &str) -> String {
    Rule::read(text).unwrap_err().to_string()
}

/// A rule with this in place of its condition and its actions.
fn with(when: &str, actions: &str) -> String {
    format!(r#"{{"name":"r","when":{when},"actions":{actions}}}"#)
}

#[test]
fn what_cannot_be_is_refused_with_the_field_and_the_remedy() {
    for (text, field, remedy) in [
        (r#"{"name":"r","actions":["block"]}"#.to_owned(), "missing field `when`", ""),
        (with(r#"{"all":[]}"#, r#"["block"]"#), "when.all", "name a condition"),
        (with(r#"{"not":{"any":[]}}"#, r#"["block"]"#), "when.not.any", "name a condition"),
        (with(r#"{"detct":{"what":"iban"}}"#, r#"["block"]"#), "unknown variant `detct`", "expected one of"),
        (with(r#"{"any":[{"detect":{"what":"ibam"}}]}"#, r#"["block"]"#), "when.any[0].detect.what", "`iban`"),
        (with(r#"{"detect":{"what":"iban","mni":2}}"#, r#"["block"]"#), "when.detect.mni", "expected `what` or `min`"),
        (with(r#"{"detect":{"what":"iban","min":0}}"#, r#"["block"]"#), "when.detect.min", "from 1"),
        (with(r#"{"outside":true}"#, "[]"), "actions", "name one of"),
        (with(r#"{"outside":true}"#, r#"["stop"]"#), "actions[0]", "unknown variant `stop`"),
        (with(r#"{"outside":true}"#, r#"["block","warn"]"#), "actions", "leave block or the others"),
        (with(r#"{"outside":true}"#, r#"["encrypt","portal"]"#), "actions", "leave one"),
        (with(r#"{"outside":true}"#, r#"["warn","warn"]"#), "actions[1]", "take it away"),
        (with(r#"{"all":[{"outside":true},{"not":{"outside":true}}]}"#, r#"["block"]"#), "when", "never holds"),
        (with(r#"{"all":[{"unreadable":true},{"all":[{"unreadable":false}]}]}"#, r#"["block"]"#), "when", "never holds"),
        (with(r#"{"any":[{"label":["a1"]},{"not":{"label":["a1"]}}]}"#, r#"["block"]"#), "when", "always holds"),
        (with(r#"{"outside":false}"#, r#"["block"]"#), "when.outside", "set direction to inside"),
        (
            r#"{"name":"r","direction":"inside","when":{"lookalike-recipient":true},"actions":["warn"]}"#.to_owned(),
            "when.lookalike-recipient",
            "set direction to outside",
        ),
        (with(r#"{"recipient-country":["Germany"]}"#, r#"["block"]"#), "when.recipient-country", "two letters"),
        (with(r#"{"recipient-domain":{"domains":["*"]}}"#, r#"["block"]"#), "when.recipient-domain.domains", "no domain"),
        (with(r#"{"sender":{"roles":["boss"]}}"#, r#"["block"]"#), "when.sender.roles", "use one of"),
        (with(r#"{"keywords":{"lists":["prices"]}}"#, r#"["block"]"#), "when.keywords.lists", "use one of"),
        (with(r#"{"keywords":{"words":["a1","b1"],"min":3}}"#, r#"["block"]"#), "when.keywords.min", "lower it"),
        (with(r#"{"attachment":{"names":["*"]}}"#, r#"["block"]"#), "when.attachment.names", "say more"),
        (with(r#"{"fingerprint":{"share":0}}"#, r#"["block"]"#), "when.fingerprint.share", "1 to 100"),
        (with(r#"{"outside":true}"#, r#"[{"approve":{"by":{}}}]"#), "actions[0].approve.by", "name accounts"),
        (
            r#"{"name":"r","direction":"inside","when":{"label":["x1"]},"actions":["portal"]}"#.to_owned(),
            "actions",
            "set direction to outside",
        ),
        (
            r#"{"name":"r","when":{"label":["x1"]},"unless":{"label":["x1"]},"actions":["warn"]}"#.to_owned(),
            "unless",
            "never holds",
        ),
        (
            r#"{"name":"r","when":{"sender":{"accounts":["li@trade.test"]}},"actions":[{"approve":{"by":{"accounts":["LI@trade.test"]}}}]}"#
                .to_owned(),
            "actions[0].approve.by.accounts",
            "name another",
        ),
    ] {
        let error = refused(&text);
        assert!(error.contains(field) && error.contains(remedy), "{text}\n{error}");
    }
    let deep = format!("{}{}{}", r#"{"not":"#.repeat(9), r#"{"label":["x1"]}"#, "}".repeat(9));
    assert!(refused(&with(&deep, r#"["warn"]"#)).contains("nested deeper"));
}

#[test]
fn a_rule_behind_one_that_stops_for_the_same_is_refused() {
    let read = |text: &str| Rule::read(text).unwrap();
    let stops = read(r#"{"name":"a","priority":10,"when":{"label":["x1"]},"actions":["warn"],"stop":true}"#);
    let behind = read(r#"{"name":"b","when":{"all":[{"label":["x1"]},{"outside":true}]},"actions":["block"]}"#);
    let error = check_reached(&behind, std::slice::from_ref(&stops)).unwrap_err().to_string();
    assert!(error.contains("\"a\"") && error.contains("lower number"), "{error}");
    let before = Rule { priority: 5, ..behind.clone() };
    assert!(check_reached(&before, std::slice::from_ref(&stops)).is_ok());
    let wider = Rule { when: read(&with(r#"{"outside":true}"#, r#"["block"]"#)).when, ..behind };
    assert!(check_reached(&wider, &[stops]).is_ok());
}

#[test]
fn a_rule_reads_back_as_it_was_written() {
    let text = r#"{"name":"客户账号","priority":20,"mode":"audit","scope":{"groups":["Sales"]},"when":{"all":[{"detect":{"what":"bank-account","min":3}},{"recipient-domain":{"personal":true}}]},"actions":["justify",{"approve":{"by":{"roles":["management"]},"hours":24}}],"stop":true}"#;
    let rule = Rule::read(text).unwrap();
    assert_eq!(Rule::read(&serde_json::to_string(&rule).unwrap()).unwrap(), rule);
    assert!(Rule::read(&format!("{text} {text}")).unwrap_err().to_string().contains("one rule"));
}
