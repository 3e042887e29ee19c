use serde_json::json;

use super::outcome;
use crate::form::Rules;

fn rules(rules: serde_json::Value) -> Rules {
    serde_json::from_value(rules).unwrap()
}

fn example() -> Rules {
    rules(json!([
        { "name": "Invoices: \"Acme\" */ # 发票", "match": "any", "stop": true,
          "conditions": [
            { "field": "from", "op": "domainIs", "values": ["acme.example"] },
            { "field": "subject", "op": "beginsWith", "values": ["50% *off*", "\"quoted\\"] }
          ],
          "actions": [
            { "action": "move", "mailboxId": "7" }, { "action": "label", "keyword": "invoice" }, { "action": "markRead" },
            { "action": "forward", "address": "books@trade.test", "keepCopy": true }
          ] },
        { "name": "off", "isEnabled": false, "conditions": [], "actions": [{ "action": "trash" }] },
        { "name": "rest", "conditions": [{ "field": "attachment", "op": "hasNot" }], "actions": [{ "action": "archive" }] }
    ]))
}

#[test]
fn rules_come_back_as_they_went() {
    let rules = example();
    let script = rules.write().unwrap();
    assert_eq!(Rules::read(&script), Some(rules.clone()));
    assert_eq!(Rules::read(&script.replace("\r\n", "\n")), Some(rules), "line endings are no change");
    assert_eq!(Rules::read(&script.replace("stop;", "keep;")), None, "a change by hand ends the form");
    assert_eq!(Rules::read("keep;"), None);
    let none = Rules::default().write().unwrap();
    assert_eq!(Rules::read(&none), Some(Rules::default()));
}

#[test]
fn rules_do_what_they_say() {
    let script = example().write().unwrap();
    assert_eq!(outcome(&script), "into INBOX #7 \\Seen invoice; to books@trade.test");
    let one = |condition: serde_json::Value| {
        let only = rules(json!([{ "name": "x", "conditions": [condition], "actions": [{ "action": "junk" }] }]));
        outcome(&only.write().unwrap()) == "into INBOX \\Junk"
    };
    for (field, op, values, expected) in [
        ("from", "contains", json!(["wang"]), true),
        ("from", "is", json!(["SALES+cn@acme.example"]), true),
        ("from", "isNot", json!(["x@acme.example"]), true),
        ("from", "domainIs", json!(["example"]), false),
        ("to", "contains", json!(["anna@other"]), true),
        ("subject", "contains", json!(["发票"]), true),
        ("subject", "notContains", json!(["发票", "x"]), false),
        ("subject", "endsWith", json!(["42"]), true),
        ("subject", "endsWith", json!(["4?"]), false),
        ("subject", "beginsWith", json!(["invoice"]), false),
        ("list", "contains", json!(["valves.lists.example"]), true),
        ("body", "contains", json!(["pay now"]), true),
        ("body", "notContains", json!(["pay now"]), false),
    ] {
        assert_eq!(one(json!({ "field": field, "op": op, "values": values })), expected, "{field} {op} {values}");
    }
    assert!(one(json!({ "field": "header", "header": "X-Spam-Score", "op": "is", "values": ["7"] })));
    assert!(one(json!({ "field": "size", "op": "under", "size": 10_000 })));
    assert!(one(json!({ "field": "attachment", "op": "has" })));
}

#[test]
fn wrong_rules_are_named() {
    for (condition, action, expected) in [
        (json!({ "field": "size", "op": "contains", "values": ["x"] }), json!({ "action": "junk" }), "Size cannot be"),
        (json!({ "field": "size", "op": "over" }), json!({ "action": "junk" }), "has size, in octets"),
        (json!({ "field": "from", "op": "is" }), json!({ "action": "junk" }), "From needs values"),
        (
            json!({ "field": "subject", "op": "is", "values": ["a\r\nb"] }),
            json!({ "action": "junk" }),
            "control characters",
        ),
        (
            json!({ "field": "subject", "op": "domainIs", "values": ["a"] }),
            json!({ "action": "junk" }),
            "cannot be compared",
        ),
        (json!({ "field": "header", "op": "is", "values": ["a"] }), json!({ "action": "junk" }), "its name in header"),
        (
            json!({ "field": "from", "op": "is", "values": ["a"] }),
            json!({ "action": "move", "mailboxId": "x\"" }),
            "no mailbox",
        ),
        (
            json!({ "field": "from", "op": "is", "values": ["a"] }),
            json!({ "action": "label", "keyword": "a b" }),
            "keyword",
        ),
        (
            json!({ "field": "from", "op": "is", "values": ["a"] }),
            json!({ "action": "forward", "address": "a", "keepCopy": true }),
            "no address to forward",
        ),
    ] {
        let wrong = rules(json!([{ "name": "n", "conditions": [condition], "actions": [action] }]));
        let told = wrong.write().unwrap_err().to_string();
        assert!(told.starts_with("rule 1 (\"n\"):") && told.contains(expected), "{told}");
    }
    let empty = rules(json!([{ "name": "n", "conditions": [], "actions": [] }]));
    assert!(empty.write().unwrap_err().to_string().contains("does nothing"));
    assert!(
        serde_json::from_value::<Rules>(json!([{ "name": "n", "conditions": [], "actions": [], "x": 1 }])).is_err()
    );
}
