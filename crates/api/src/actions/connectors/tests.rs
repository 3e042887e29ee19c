//! Connectors as actions: who may, what is kept, and that no password is told.

use ::store::testing::{Engine, TestStore, run};
use identity::Level;

use super::super::Answer;
use super::super::fixture::Fixture;
use super::super::list::Action;
use super::*;

fn with(test: impl AsyncFnOnce(Fixture) + Send + 'static) {
    run(Engine::Sqlite, move |store: TestStore| async move { test(Fixture::new(store, Level::Basic).await).await });
}

async fn ask(fixture: &Fixture, who: &str, request: Value) -> Answer {
    let action: Action = serde_json::from_value(request).unwrap();
    let caller = if who == "operator" { super::super::Caller::operator() } else { fixture.caller(who) };
    fixture.controls.carry_out(&caller, action).await
}

async fn done(fixture: &Fixture, request: Value) -> Value {
    match ask(fixture, "operator", request).await {
        Answer::Done(value) => value,
        other => panic!("{other:?}"),
    }
}

fn outward() -> Value {
    json!({
        "action": "connector-set", "name": "Relay", "direction": "out", "enabled": true, "domains": ["*.ir"],
        "relay": "relay.example:587", "encryption": "required", "user": "me", "password": "geheim-7",
    })
}

fn inward() -> Value {
    json!({
        "action": "connector-set", "name": "Partner", "direction": "in", "enabled": true, "domains": ["partner.example"],
        "networks": ["192.0.2.0/24"], "needs_tls": true, "only_from": true,
    })
}

async fn refused(fixture: &Fixture, request: &Value, field: &str, value: Value, wanted: &str) {
    let mut wrong = request.clone();
    wrong[field] = value;
    let answer = ask(fixture, "operator", wrong).await;
    assert!(matches!(&answer, Answer::Failed(refused) if refused.0.contains(wanted)), "{field}: {answer:?}");
}

#[test]
fn a_password_is_kept_and_told_nobody() {
    with(async |fixture| {
        for who in ["sales", "management", "auditor"] {
            assert!(matches!(ask(&fixture, who, outward()).await, Answer::NotAllowed), "{who}");
        }
        let kept = done(&fixture, outward()).await;
        assert_eq!((&kept["user"], &kept["domains"]), (&json!("me"), &json!(["*.ir"])));
        let id = kept["id"].clone();
        let list = done(&fixture, json!({ "action": "connector-list" })).await;
        let log = done(&fixture, json!({ "action": "access-log", "days": 1 })).await;
        assert!(!list.to_string().contains("geheim") && !log.to_string().contains("geheim"), "{list} {log}");
        let password = || async {
            let all = fixture.controls.store.read(connectors::list).await.unwrap();
            let Some(Connector { way: Way::Out(out), .. }) = all.into_iter().next() else { panic!("no connector") };
            out.credentials.map(|(_, password)| password.expose().clone())
        };
        // Changed without it, it stays; for another server it has to be typed anew.
        let mut changed = outward();
        (changed["id"], changed["password"], changed["enabled"]) = (id.clone(), Value::Null, json!(false));
        assert_eq!(done(&fixture, changed.clone()).await["enabled"], false);
        assert_eq!(password().await.as_deref(), Some("geheim-7"));
        refused(&fixture, &changed, "relay", json!("thief.example:587"), "user and password").await;
        changed["user"] = Value::Null;
        done(&fixture, changed).await;
        assert_eq!(password().await, None);
        done(&fixture, json!({ "action": "connector-remove", "id": id })).await;
        assert_eq!(done(&fixture, json!({ "action": "connector-list" })).await, json!([]));
    });
}

#[test]
fn what_cannot_be_is_refused_with_the_field() {
    with(async |fixture| {
        for (field, value, wanted) in [
            ("name", json!(""), "name"),
            ("direction", json!("up"), "direction"),
            ("domains", json!([]), "domains"),
            ("domains", json!(["a b"]), "a b"),
            ("relay", json!("host:port"), "relay"),
            ("encryption", json!("best"), "opportunistic, required"),
            ("source", json!("here"), "source"),
            ("id", json!("zz"), "id"),
            ("id", json!("77"), "no connector"),
        ] {
            refused(&fixture, &outward(), field, value, wanted).await;
        }
        for (field, value, wanted) in [
            ("networks", json!(["0.0.0.0/0"]), "too large"),
            ("networks", json!([]), "networks"),
            ("certificates", json!(["12"]), "fingerprint"),
            ("account", json!("sales@trade.test"), "no program's"),
        ] {
            refused(&fixture, &inward(), field, value, wanted).await;
        }
        let kept = done(&fixture, inward()).await;
        assert_eq!((&kept["networks"], &kept["account"]), (&json!(["192.0.2.0/24"]), &Value::Null));
        let test = json!({ "action": "connector-test", "id": kept["id"] });
        let answer = ask(&fixture, "operator", test).await;
        assert!(matches!(&answer, Answer::Failed(refused) if refused.0.contains("comes in")), "{answer:?}");
    });
}
