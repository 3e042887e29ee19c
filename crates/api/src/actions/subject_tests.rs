//! Subject requests by the list of actions: who may, whose consent it takes, what the record keeps.

use std::time::Duration;

use ::store::testing::{Engine, run};
use identity::Level;
use serde_json::{Value, json};

use super::fixture::Fixture;
use super::*;

struct Asking {
    fixture: Fixture,
}

impl Asking {
    async fn ask(&self, who: &str, request: Value) -> Answer {
        let action = serde_json::from_value(request).unwrap();
        self.fixture.controls.carry_out(&self.fixture.caller(who), action).await
    }

    async fn done(&self, who: &str, request: Value) -> Value {
        match self.ask(who, request).await {
            Answer::Done(value) => value,
            other => panic!("{other:?}"),
        }
    }

    /// Asked for by the security officer, agreed to by the second of management.
    async fn agreed(&self, request: Value) -> Value {
        let Answer::Waiting(request) = self.ask("security", request).await else {
            panic!("a second person has to agree")
        };
        self.done("management2", json!({ "action": "approval-decide", "request": request, "approve": true })).await
    }

    async fn open(&self, kind: &str, address: &str) -> String {
        let new = json!({
            "action": "subject-open", "kind": kind, "law": "gdpr", "name": "Canary Quartz", "addresses": [address],
            "answer_to": "canary@home.example", "language": "en",
        });
        let opened = self.done("security", new).await;
        let id = opened["id"].as_str().unwrap().to_owned();
        let how = json!({ "action": "subject-identify", "id": id, "how": "Canary came by" });
        self.done("security", how).await;
        id
    }
}

#[test]
fn an_erasure_takes_two_people_and_leaves_a_proof_without_a_name() {
    run(Engine::Sqlite, |store| async move {
        let asking = Asking { fixture: Fixture::new(store, Level::Basic).await };
        for who in ["sales", "admin", "it", "finance", "auditor", "management", "other-admin"] {
            let request = json!({
                "action": "subject-open", "kind": "access", "law": "gdpr", "name": "x", "addresses": ["a@b.test"],
                "language": "en",
            });
            assert!(matches!(asking.ask(who, request).await, Answer::NotAllowed), "{who}");
        }
        // The second person is never the one who is erased.
        let own = asking.open("erasure", "management2@trade.test").await;
        let erase = json!({ "action": "subject-erase", "id": own });
        let Answer::Waiting(request) = asking.ask("security", erase).await else { panic!("it waits") };
        let agree = json!({ "action": "approval-decide", "request": request, "approve": true });
        assert!(matches!(asking.ask("management2", agree.clone()).await, Answer::Failed(_)));
        let refuse = json!({ "action": "approval-decide", "request": request, "approve": false });
        asking.done("management", refuse).await;

        let id = asking.open("erasure", "sales2@trade.test").await;
        let answer = asking.agreed(json!({ "action": "subject-erase", "id": id })).await;
        assert_eq!(answer["state"], "done", "{answer}");
        assert_eq!(answer["answer"]["proof"], true);
        let users = asking.done("admin", json!({ "action": "user-list" })).await.to_string();
        assert!(!users.contains("sales2@trade.test"));
        let proof = asking.done("auditor", json!({ "action": "subject-proof", "id": id })).await;
        let key = asking.fixture.store.read(::audit::public_key).await.unwrap().unwrap();
        let octets = serde_json::to_vec(&proof["proof"]).unwrap();
        let statement = ::subjects::verify_proof(&octets, &key).unwrap();
        assert!(statement.reached.iter().any(|(place, _)| place == "store"), "{statement:?}");
        let shown = asking.done("auditor", json!({ "action": "subject-show", "id": id })).await;
        assert_eq!((&shown["erased"]["proof"], &shown["ours"]), (&json!(true), &json!(false)));

        // Records of it name nobody.
        let organisation = asking.fixture.organisation;
        let since = env::Timestamp::from_millis(0);
        let list = move |tx: &mut ::store::Tx<'_>| identity::rights::list_events(tx, organisation, since);
        let events = asking.fixture.store.read(list).await.unwrap();
        let of_requests: Vec<_> = events.iter().filter(|it| it.action.starts_with("subject-")).collect();
        for step in ["subject-open", "subject-erase", "subject-step-opened", "subject-step-destroyed"] {
            assert!(of_requests.iter().any(|it| it.action == step), "{step}");
        }
        for event in of_requests {
            let told = &event.object;
            assert!(!told.contains("anary") && !told.contains("sales2") && !told.contains("home.example"), "{told}");
        }
    });
}

#[test]
fn content_is_given_out_by_an_investigation_alone() {
    run(Engine::Sqlite, |store| async move {
        let asking = Asking { fixture: Fixture::new(store, Level::Basic).await };
        let id = asking.open("access", "chen@far.example").await;
        let investigate = json!({ "action": "subject-investigate", "id": id, "reason": "he wants copies" });
        let nothing = asking.agreed(investigate.clone()).await;
        assert_eq!(nothing["state"], "failed", "nobody searched: {nothing}");
        let (fixture, raw) = (&asking.fixture, b"From: chen@far.example\r\nSubject: price\r\n\r\nsecret price\r\n");
        let mut prepared = mailbox::Prepared::new(raw, fixture.store.context());
        let (staged, account) = (fixture.store.stage(prepared.take_record()).await.unwrap(), fixture.account("sales"));
        let work = move |tx: &mut ::store::Tx<'_>| {
            staged.attach(tx, 1)?;
            let inbox = mailbox::mailboxes::find(tx, account, &mailbox::Name::inbox())?.unwrap().id;
            mailbox::append(tx, account, inbox, &prepared, staged.id(), mailbox::Flags::system(0), tx.now())
        };
        fixture.store.write(work).await.unwrap();
        let found = asking.done("security", json!({ "action": "subject-search", "id": id })).await;
        assert_eq!((&found["places"]["mailboxes"], &found["whole"]), (&json!(1), &json!(true)), "{found}");
        let mail = asking.done("security", json!({ "action": "subject-mail", "id": id })).await;
        assert_eq!((&mail[0]["mailbox"], &mail[0]["fields"]), (&json!("sales@trade.test"), &json!(["from"])));
        assert!(!mail.to_string().contains("price"), "neither subject nor text: {mail}");
        let report = json!({ "action": "subject-report", "id": id, "language": "en", "format": "json" });
        let report = asking.done("security", report).await;
        assert!(report["note"].as_str().unwrap().contains("subject report"), "it is signed");
        let opened = asking.agreed(investigate).await;
        let investigation = opened["answer"]["investigation"].as_str().unwrap().to_owned();
        let look = json!({ "action": "investigation-search", "id": investigation, "with": "chen@far.example" });
        assert_eq!(asking.done("security", look).await["found"], 1);
    });
}

#[test]
fn whoever_works_on_requests_is_told_of_deadlines() {
    run(Engine::Sqlite, |store| async move {
        let asking = Asking { fixture: Fixture::new(store, Level::Basic).await };
        asking.open("access", "chen@far.example").await;
        let controls = &asking.fixture.controls;
        let queued = async || controls.store.read(::queue::counts).await.unwrap().messages;
        assert_eq!((tell_of_deadlines(controls).await.unwrap(), queued().await), (0, 0));
        asking.fixture.store.clock.advance(Duration::from_secs(26 * 86_400));
        assert_eq!((tell_of_deadlines(controls).await.unwrap(), queued().await), (1, 1));
        assert_eq!((tell_of_deadlines(controls).await.unwrap(), queued().await), (0, 1));
        asking.fixture.store.clock.advance(Duration::from_secs(10 * 86_400));
        assert_eq!((tell_of_deadlines(controls).await.unwrap(), queued().await), (1, 2));
    });
}

#[test]
fn the_registers_are_written_and_taken_out() {
    run(Engine::Sqlite, |store| async move {
        let asking = Asking { fixture: Fixture::new(store, Level::Basic).await };
        let add = json!({
            "action": "consent-add", "name": "Chen", "address": "chen@far.example", "purpose": "=letters",
            "evidence": "form", "given": "2026-12-01",
        });
        let id = asking.done("security", add).await["id"].as_str().unwrap().to_owned();
        asking.done("security", json!({ "action": "consent-withdraw", "id": id, "evidence": "letter" })).await;
        let table = asking.done("auditor", json!({ "action": "consent-list", "csv": true })).await;
        assert!(table["csv"].as_str().unwrap().contains("'=letters"), "no spreadsheet takes it for a formula: {table}");
        for format in ["json", "csv", "pdf"] {
            let made = json!({ "action": "subject-processing", "language": "zh", "format": format });
            let made = asking.done("auditor", made).await;
            assert!(made["base64"].as_str().is_some_and(|it| it.len() > 1_000), "{format}");
        }
        let wrong = json!({ "action": "subject-processing", "language": "zh", "format": "docx" });
        assert!(matches!(asking.ask("auditor", wrong).await, Answer::Failed(_)));
    });
}

#[test]
fn everybody_asks_about_his_own_data_and_nobody_about_another_s() {
    run(Engine::Sqlite, |store| async move {
        let asking = Asking { fixture: Fixture::new(store, Level::Trade).await };
        let make = |kind: &str| json!({ "action": "subject-request-own-make", "kind": kind, "law": "pipl", "language": "zh", "note": "" });
        let queued = async || asking.fixture.controls.store.read(::queue::counts).await.unwrap().messages;
        for who in ["sales", "finance", "management", "it", "auditor", "admin", "security", "other-sales"] {
            let caller = asking.fixture.weak(who);
            let action = serde_json::from_value(make("access")).unwrap();
            let made = asking.fixture.controls.carry_out(&caller, action).await;
            assert!(matches!(made, Answer::Done(_)), "{who}: {made:?}");
        }
        // Whoever works on requests was told of each in his organisation.
        assert_eq!(queued().await, 7);
        let list = json!({ "action": "subject-request-own-list" });
        let own = asking.done("sales", list.clone()).await;
        assert_eq!(
            (own.as_array().map(Vec::len), &own[0]["kind"], &own[0]["state"]),
            (Some(1), &json!("access"), &json!("open")),
            "{own}"
        );
        assert!(own[0].get("by").is_none() && own[0]["letters"] == json!([]));
        let register = asking.done("security", json!({ "action": "subject-list" })).await;
        assert_eq!(register.as_array().map(Vec::len), Some(7), "{register}");
        let id = own[0]["id"].clone();
        let back = json!({ "action": "subject-request-own-withdraw", "id": id });
        assert!(matches!(asking.ask("finance", back.clone()).await, Answer::Failed(_)), "it is another's");
        assert_eq!(asking.done("sales", back).await["state"], "withdrawn");
        assert!(matches!(asking.ask("sales", make("money")).await, Answer::Failed(_)));
        // An erasure of oneself takes the officers' steps as any other.
        let erasure = asking.done("sales2", make("erasure")).await["id"].clone();
        let erase = json!({ "action": "subject-erase", "id": erasure });
        assert!(matches!(asking.ask("sales2", erase.clone()).await, Answer::NotAllowed));
        assert!(matches!(asking.ask("security", erase).await, Answer::Waiting(_)));
    });
}
