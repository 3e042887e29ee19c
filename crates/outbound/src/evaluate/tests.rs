use super::*;
use crate::content::{Piece, Recipient};
use crate::rule::Person;

fn rule(name: &str, when: serde_json::Value, actions: serde_json::Value) -> Rule {
    Rule::read(&serde_json::json!({ "name": name, "when": when, "actions": actions }).to_string()).unwrap()
}

fn content(text: &str, domains: &[&str]) -> Content {
    let recipient = |domain: &&str| Recipient {
        domain: (*domain).to_owned(),
        is_outside: *domain != "trade.test",
        countries: if domain.ends_with(".de") { vec!["DE".to_owned()] } else { Vec::new() },
        mistaken: None,
    };
    Content {
        pieces: vec![Piece { place: Place::Body, text: text.to_owned() }],
        recipients: domains.iter().map(recipient).collect(),
        sender: Person {
            addresses: vec!["ann@trade.test".to_owned()],
            groups: vec!["Export".to_owned()],
            roles: vec!["sales".to_owned()],
        },
        ..Content::default()
    }
}

fn holds(when: serde_json::Value, content: &Content) -> bool {
    !Policy::new(vec![rule("r", when, serde_json::json!(["record"]))], &[]).evaluate(content).matched.is_empty()
}

#[test]
fn each_condition_holds_for_what_it_says() {
    use serde_json::json;
    let mut mail = content(
        "Account DE89 3704 0044 0532 0130 00, card 4111 1111 1111 1111; our quotation",
        &["gmail.com", "acme.de"],
    );
    mail.labels = vec!["confidential".to_owned()];
    mail.files = vec![File {
        name: "Prices 2026.XLSX".to_owned(),
        kinds: vec![crate::FileKind::Office],
        size_octets: 3 << 20,
        is_locked: true,
    }];
    for (when, expected) in [
        (json!({ "detect": { "what": "iban" } }), true),
        (json!({ "detect": { "what": "iban", "min": 2 } }), false),
        (json!({ "detect": { "what": "payment-card" } }), true),
        (json!({ "detect": { "what": "chinese-id" } }), false),
        (json!({ "keywords": { "words": ["quotation", "card"], "min": 2 } }), true),
        (json!({ "keywords": { "lists": ["quotation"] } }), true),
        (json!({ "keywords": { "lists": ["salary"] } }), false),
        (json!({ "label": ["机密"] }), true),
        (json!({ "label": ["secret"] }), false),
        (json!({ "sender": { "roles": ["sales"] } }), true),
        (json!({ "sender": { "groups": ["export"] } }), true),
        (json!({ "sender": { "accounts": ["bob@trade.test"] } }), false),
        (json!({ "recipient-domain": { "personal": true } }), true),
        (json!({ "recipient-domain": { "domains": ["acme.de"] } }), true),
        (json!({ "recipient-domain": { "domains": ["*.de"] } }), true),
        (json!({ "recipient-domain": { "domains": ["cme.de"] } }), false),
        (json!({ "recipient-country": ["de"] }), true),
        (json!({ "recipient-country": ["US"] }), false),
        (json!({ "outside": true }), true),
        (json!({ "recipients-above": 1 }), true),
        (json!({ "recipients-above": 2 }), false),
        (
            json!({ "attachment": { "kinds": ["office"], "names": ["prices*.xls*"], "larger-kib": 1024, "locked": true } }),
            true,
        ),
        (json!({ "attachment": { "names": ["*.pdf"] } }), false),
        (json!({ "attachment": { "larger-kib": 4096 } }), false),
        (json!({ "unreadable": true }), false),
        (json!({ "all": [{ "outside": true }, { "not": { "label": ["public"] } }] }), true),
        (json!({ "any": [{ "label": ["public"] }, { "recipients-above": 9 }] }), false),
    ] {
        assert_eq!(holds(when.clone(), &mail), expected, "{when}");
    }
}

#[test]
fn direction_scope_and_exceptions_bound_a_rule() {
    let read = |text: &str| Rule::read(text).unwrap();
    let asks = |text: &str, content: &Content| !Policy::new(vec![read(text)], &[]).evaluate(content).matched.is_empty();
    let (outside, inside) = (content("secret", &["far.test"]), content("secret", &["trade.test"]));
    let plain = r#"{"name":"r","when":{"keywords":{"words":["secret"]}},"actions":["block"]}"#;
    assert!(asks(plain, &outside) && !asks(plain, &inside));
    let within = plain.replace("\"when\"", "\"direction\":\"inside\",\"when\"");
    assert!(!asks(&within, &outside) && asks(&within, &inside));
    let of_others = plain.replace("\"when\"", "\"scope\":{\"roles\":[\"finance\"]},\"when\"");
    assert!(!asks(&of_others, &outside));
    let but =
        plain.replace("\"actions\"", "\"unless\":{\"recipient-domain\":{\"domains\":[\"far.test\"]}},\"actions\"");
    assert!(!asks(&but, &outside));
    assert!(!asks(&plain.replace("\"when\"", "\"mode\":\"off\",\"when\""), &outside));
}

#[test]
fn the_strictest_counts_and_stop_ends_it() {
    use serde_json::json;
    let when = json!({ "outside": true });
    let mut rules = vec![
        rule("a-warn", when.clone(), json!(["warn"])),
        rule("b-justify", when.clone(), json!(["justify", { "approve": { "by": { "roles": ["management"] } } }])),
        rule("c-protect", when.clone(), json!(["encrypt"])),
        rule("d-block", when.clone(), json!(["block"])),
    ];
    let mail = content("hello", &["far.test"]);
    let outcome = Policy::new(rules.clone(), &[]).evaluate(&mail);
    assert_eq!((outcome.decision(), outcome.approvals().len(), outcome.demands().len()), (Decision::Block, 1, 1));
    // What only watches is recorded and asks for nothing.
    rules[3].mode = Mode::Audit;
    let outcome = Policy::new(rules.clone(), &[]).evaluate(&mail);
    assert_eq!((outcome.decision(), outcome.matched.len()), (Decision::Justify, 4));
    rules[0].stop = true;
    let outcome = Policy::new(rules.clone(), &[]).evaluate(&mail);
    assert_eq!((outcome.decision(), outcome.matched.len()), (Decision::Warn, 1));
    rules[0].mode = Mode::Audit;
    assert_eq!(Policy::new(rules, &[]).evaluate(&mail).matched.len(), 4);
}

#[test]
fn what_is_told_repeats_nothing_sensitive() {
    use serde_json::json;
    let when = json!({ "any": [{ "detect": { "what": "iban" } }, { "detect": { "what": "payment-card" } }, { "detect": { "what": "chinese-id" } }] });
    let mail = content("DE89370400440532013000 / card 4111111111111111 / 身份证 11010519491231002X", &["far.test"]);
    let outcome = Policy::new(vec![rule("r", when, json!(["record"]))], &[]).evaluate(&mail);
    let hits = &outcome.matched[0].hits;
    assert_eq!(hits.len(), 3, "{hits:?}");
    let told = serde_json::to_string(&outcome).unwrap();
    for secret in ["3704", "1111111", "0105194"] {
        assert!(!told.contains(secret), "{told}");
    }
    assert_eq!(hits[0].shown, "DE••••••••••••••••••00");
}

#[test]
fn a_recipient_who_looks_like_another_is_told_in_both_languages() {
    use crate::refusal::Refusal;
    use guard::Mistaken;
    use guard::signals::lookalike::Trick;
    use identity::{Language, Level};

    let mut mail = content("Ten pieces.", &["acrne.test", "acme.test"]);
    mail.recipients[0].mistaken = Some(Mistaken {
        address: "bo@acrne.test".to_owned(),
        known: "acme.test".to_owned(),
        is_own: false,
        trick: Trick::LooksSame,
    });
    for (level, decision) in
        [(Level::Basic, Decision::Go), (Level::Enhanced, Decision::Warn), (Level::Trade, Decision::Warn)]
    {
        let policy = Policy::new(vec![crate::rules::shipped(level)], &[]);
        // Nothing of the message need be read for it, and what goes on by itself is not asked about.
        assert!(policy.wants().likeness && !policy.reads() && !policy.asks_onward());
        let outcome = policy.evaluate(&mail);
        assert_eq!((outcome.decision(), outcome.matched.len()), (decision, 1), "{level:?}");
    }
    let policy = Policy::new(vec![crate::rules::shipped(Level::Trade)], &[]);
    let outcome = policy.evaluate(&mail);
    for (language, word) in [(Language::English, "looks like somebody else"), (Language::Chinese, "与他人相似的收件人")]
    {
        let text = Refusal::Unconfirmed.text(&outcome, language);
        assert!(text.contains(word) && text.contains("bo@acrne.test ≠ acme.test"), "{text}");
    }
    mail.recipients[0].mistaken = None;
    assert!(policy.evaluate(&mail).matched.is_empty());
    assert!(holds(serde_json::json!({ "lookalike-recipient": false }), &mail));
}
