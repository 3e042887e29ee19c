//! Lists by page and the message trace, as people ask for them.

use std::time::Duration;

use ::store::testing::{Engine, TestStore, run};
use ::trace::{Direction, Found, New, Outcome as Standing, Step, Traced, What};
use identity::Level;
use serde_json::json;

use super::fixture::Fixture;
use super::*;

fn with(test: impl AsyncFnOnce(Fixture) + Send + 'static) {
    run(Engine::Sqlite, move |store: TestStore| async move { test(Fixture::new(store, Level::Basic).await).await });
}

async fn ask(fixture: &Fixture, who: &str, request: Value) -> Answer {
    let action: Action = serde_json::from_value(request).unwrap();
    let caller = if who == "operator" { Caller::operator() } else { fixture.caller(who) };
    fixture.controls.carry_out(&caller, action).await
}

async fn done(fixture: &Fixture, who: &str, request: Value) -> Value {
    match ask(fixture, who, request).await {
        Answer::Done(value) => value,
        other => panic!("{other:?}"),
    }
}

/// Field `name` of all items of a list, page by page.
async fn all(fixture: &Fixture, who: &str, request: &Value, name: &str) -> Vec<String> {
    let (mut seen, mut request) = (Vec::new(), request.clone());
    loop {
        let page = done(fixture, who, request.clone()).await;
        let items = page["items"].as_array().unwrap();
        assert!(items.len() as u64 <= request["limit"].as_u64().unwrap_or(50));
        seen.extend(items.iter().map(|item| item[name].as_str().map_or_else(|| item[name].to_string(), str::to_owned)));
        match page["next"].as_str() {
            Some(next) => request["cursor"] = next.into(),
            None => return seen,
        }
    }
}

/// Keeps a trace of a message to `to`; gives its number as people write it.
async fn traced(fixture: &Fixture, organisation: i64, to: &str) -> String {
    fixture.store.clock.advance(Duration::from_millis(5));
    let context = fixture.controls.store.context();
    let (id, now) = (context.ids.next(), context.clock.now());
    let new = New {
        traced: Traced { organisation, id },
        at: now,
        direction: Direction::In,
        outcome: Standing::Delivered,
        verdict: Found::Deliver,
        open: 0,
        size: 10,
        client: None,
        from: "ana@partner.test".to_owned(),
        to: vec![to.to_owned()],
        subject: "Offer".to_owned(),
        message_id: String::new(),
        accounts: Vec::new(),
        steps: vec![Step::at(now, What::Received)],
        is_impersonal: false,
    };
    fixture.controls.store.write(move |tx| ::trace::keep(tx, &new)).await.unwrap();
    format!("{id:x}")
}

async fn other_organisation(fixture: &Fixture) -> i64 {
    let account = fixture.account("other-sales");
    let found = fixture.controls.store.read(move |tx| identity::load_account(tx, account)).await.unwrap();
    found.organisation
}

#[test]
fn accounts_come_by_address_and_are_searched() {
    with(async |fixture| {
        let everybody = all(&fixture, "admin", &json!({ "action": "user-page", "limit": 4 }), "address").await;
        assert_eq!(everybody.len(), 10);
        assert!(everybody.is_sorted() && everybody.iter().all(|it| it.ends_with("@trade.test")), "{everybody:?}");
        let whose = |fields: Value| {
            let mut request = json!({ "action": "user-page" });
            request.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            request
        };
        let found = all(&fixture, "admin", &whose(json!({ "search": "SALES" })), "address").await;
        assert_eq!(found, ["sales2@trade.test", "sales@trade.test"].map(str::to_owned).to_vec());
        assert_eq!(all(&fixture, "admin", &whose(json!({ "search": "100%" })), "address").await, [""; 0]);
        assert_eq!(
            all(&fixture, "admin", &whose(json!({ "role": "security" })), "address").await,
            ["security@trade.test"]
        );
        assert_eq!(all(&fixture, "admin", &whose(json!({ "state": "frozen" })), "address").await, [""; 0]);
        assert_eq!(all(&fixture, "admin", &whose(json!({ "domain": "other.test" })), "address").await, [""; 0]);
        let others = all(&fixture, "operator", &whose(json!({ "domain": "Other.test" })), "address").await;
        assert_eq!(others, ["admin@other.test", "sales@other.test"]);
        assert_eq!(all(&fixture, "admin", &whose(json!({ "kind": "service" })), "address").await, [""; 0]);
        let robot = json!({
            "action": "service-add", "new": { "address": "robot@trade.test", "name": null, "quota_mib": 0 },
            "networks": ["192.0.2.0/24"], "purpose": "invoices",
        });
        done(&fixture, "admin", robot).await;
        assert_eq!(all(&fixture, "admin", &whose(json!({ "kind": "service" })), "address").await, ["robot@trade.test"]);
        let robot = done(&fixture, "admin", json!({ "action": "user-show", "address": "robot@trade.test" })).await;
        assert_eq!((&robot["networks"], &robot["purpose"]), (&json!(["192.0.2.0/24"]), &json!("invoices")));
        let alias = json!({ "action": "alias-add", "address": "sales@trade.test", "alias": "orders@trade.test" });
        done(&fixture, "admin", alias).await;
        assert_eq!(
            all(&fixture, "admin", &whose(json!({ "search": "orders" })), "address").await,
            ["sales@trade.test"]
        );
        match ask(&fixture, "admin", whose(json!({ "state": "asleep" }))).await {
            Answer::Failed(refused) => assert!(refused.0.contains("active"), "{refused}"),
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn the_record_comes_by_page_and_is_filtered() {
    with(async |fixture| {
        for number in 0..12 {
            fixture.store.clock.advance(Duration::from_millis(5));
            let who = if number % 2 == 0 { "admin" } else { "admin2" };
            let address = format!("nobody{number}@trade.test");
            ask(&fixture, who, json!({ "action": "user-password", "address": address, "password": null })).await;
        }
        let first = done(&fixture, "auditor", json!({ "action": "audit-page", "limit": 5 })).await;
        assert_eq!(first["items"].as_array().unwrap().len(), 5);
        let by = |fields: Value| {
            let mut request = json!({ "action": "audit-page", "limit": 5 });
            request.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            request
        };
        let all_of_admin2 = all(&fixture, "auditor", &by(json!({ "actor": "admin2@trade.test" })), "who").await;
        assert!(!all_of_admin2.is_empty() && all_of_admin2.iter().all(|who| who == "admin2@trade.test"));
        let request = by(json!({ "action_name": "x" }));
        assert!(serde_json::from_value::<Action>(request).is_err(), "unknown conditions are refused");
        let one = all(&fixture, "auditor", &by(json!({ "object": "NOBODY7@" })), "on").await;
        assert!(!one.is_empty() && one.iter().all(|on| on.to_lowercase().contains("nobody7@")), "{one:?}");
        let named = by(json!({ "of_action": "user-password" }));
        let passwords = all(&fixture, "auditor", &named, "on").await;
        assert!(!passwords.is_empty() && passwords.iter().all(|on| on.contains("nobody")), "{passwords:?}");
        let times = all(&fixture, "auditor", &by(json!({ "outcome": "refused" })), "at").await;
        assert!(times.iter().rev().is_sorted(), "{times:?}");
        let none = by(json!({ "until": "2026-01-01" }));
        assert_eq!(all(&fixture, "auditor", &none, "at").await, [""; 0]);
        match ask(&fixture, "auditor", by(json!({ "cursor": "nonsense" }))).await {
            Answer::Failed(refused) => assert!(refused.0.contains("`next`"), "{refused}"),
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn each_list_has_items_and_an_end() {
    with(async |fixture| {
        for (who, request) in [
            ("it", json!({ "action": "queue-page" })),
            ("security", json!({ "action": "quarantine-page" })),
            ("security", json!({ "action": "quarantine-page", "search": "x" })),
            ("sales", json!({ "action": "quarantine-page", "address": "sales@trade.test" })),
            ("finance", json!({ "action": "guard-case-page", "all": true })),
            ("security", json!({ "action": "sign-in-page", "outcome": "wrong", "odd": true, "since": "2026-01-01" })),
            ("sales", json!({ "action": "sign-in-page", "address": "sales@trade.test" })),
            ("it", json!({ "action": "trace-list" })),
            ("security", json!({ "action": "pulled-page", "search": "x", "person": "y", "place": "junk" })),
            ("security", json!({ "action": "campaign-page", "days": 7, "reached": true })),
            ("security", json!({ "action": "complaint-page", "direction": "sent", "search": "x" })),
            ("finance", json!({ "action": "guard-alike-page", "search": "x" })),
        ] {
            let page = done(&fixture, who, request.clone()).await;
            assert_eq!(page, json!({ "items": [], "next": null }), "{request}");
        }
        for (who, request) in [
            ("security", json!({ "action": "sign-in-page", "outcome": "asleep" })),
            ("finance", json!({ "action": "guard-case-page", "state": "asleep" })),
            ("it", json!({ "action": "trace-list", "client": "here" })),
            ("it", json!({ "action": "trace-list", "outcome": "lost" })),
            ("it", json!({ "action": "trace-list", "since": "yesterday" })),
            ("security", json!({ "action": "pulled-page", "place": "here" })),
            ("security", json!({ "action": "complaint-page", "direction": "up" })),
        ] {
            let answer = ask(&fixture, who, request.clone()).await;
            assert!(
                matches!(&answer, Answer::Failed(refused) if refused.0.contains("write it as") || refused.0.contains("use one of")),
                "{request}: {answer:?}"
            );
        }
    });
}

#[test]
fn nobody_sees_anothers_traces_and_looks_are_recorded() {
    with(async |fixture| {
        let other = other_organisation(&fixture).await;
        let ours = traced(&fixture, fixture.organisation, "sales@trade.test").await;
        let theirs = traced(&fixture, other, "sales@other.test").await;
        let nobodys = traced(&fixture, 0, "x@far.test").await;
        let list = json!({ "action": "trace-list" });
        assert_eq!(all(&fixture, "it", &list, "id").await, [ours.as_str()]);
        assert_eq!(all(&fixture, "other-admin", &list, "id").await, [theirs.as_str()]);
        let by_sender = json!({ "action": "trace-list", "address": "ana@partner.test" });
        assert_eq!(all(&fixture, "it", &by_sender, "id").await, [ours.as_str()]);
        let show = |id: &str| json!({ "action": "trace-show", "id": id, "language": "zh" });
        for who in ["it", "admin", "security", "auditor"] {
            let shown = done(&fixture, who, show(&ours)).await;
            assert_eq!(shown["steps"][0]["text"], "邮件已全部收到。", "{shown}");
            for hidden in [&theirs, &nobodys] {
                assert!(matches!(ask(&fixture, who, show(hidden)).await, Answer::NotAllowed), "{who}");
            }
            let named = json!({ "action": "trace-list", "organisation": "Other" });
            assert!(matches!(ask(&fixture, who, named).await, Answer::NotAllowed), "{who}");
        }
        for who in ["sales", "finance", "management"] {
            assert!(matches!(ask(&fixture, who, show(&ours)).await, Answer::NotAllowed), "{who}");
            assert!(matches!(ask(&fixture, who, list.clone()).await, Answer::NotAllowed), "{who}");
        }
        let looks = json!({ "action": "audit-page", "object": ours, "actor": "it@trade.test" });
        let outcomes = all(&fixture, "auditor", &looks, "outcome").await;
        assert_eq!(outcomes, ["done", "allowed"], "who has looked at one message stands in the record");
    });
}

#[test]
fn an_account_takes_its_traces_with_it() {
    with(async |fixture| {
        let own = traced(&fixture, fixture.organisation, "sales2@trade.test").await;
        let deleted = json!({ "action": "user-delete", "address": "sales2@trade.test" });
        done(&fixture, "operator", deleted).await;
        let list = json!({ "action": "trace-list", "address": "sales2@trade.test" });
        assert_eq!(all(&fixture, "it", &list, "id").await, [""; 0]);
        let show = json!({ "action": "trace-show", "id": own, "language": "en" });
        assert!(matches!(ask(&fixture, "it", show).await, Answer::NotAllowed));
    });
}
