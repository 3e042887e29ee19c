//! Somebody leaves, by the list of actions: who may, whom it takes, and that all of it happens or nothing.

use std::time::Duration;

use ::store::holds;
use ::store::testing::{Engine, TestStore, run};
use identity::delegation::{self, Deed};
use identity::forward::{self, NewForward};
use identity::{AccountKind, Level};
use serde_json::{Value, json};

use super::fixture::Fixture;
use super::*;

const LEAVER: &str = "sales2@trade.test";

fn with(level: Level, test: impl AsyncFnOnce(Fixture) + Send + 'static) {
    run(Engine::Sqlite, move |store: TestStore| async move {
        test(Fixture::new(store, level).await).await;
    });
}

async fn ask(fixture: &Fixture, caller: Caller, request: Value) -> Answer {
    let action = serde_json::from_value(request).unwrap();
    fixture.controls.carry_out(&caller, action).await
}

/// What the leaver's account is asked to become, with further fields.
fn leave(more: Value) -> Value {
    let mut request = json!({ "action": "user-leave", "address": LEAVER });
    for (name, value) in more.as_object().unwrap() {
        request[name] = value.clone();
    }
    request
}

/// Asked for by an administrator, agreed to by another person: what came of it.
async fn agreed(fixture: &Fixture, request: Value) -> Value {
    let answer = ask(fixture, fixture.caller("admin"), request).await;
    let Answer::Waiting(number) = answer else { panic!("a second person has to agree: {answer:?}") };
    let decide = json!({ "action": "approval-decide", "request": number, "approve": true });
    match ask(fixture, fixture.caller("management2"), decide).await {
        Answer::Done(told) => told,
        other => panic!("{other:?}"),
    }
}

async fn kind(fixture: &Fixture) -> AccountKind {
    let account = fixture.account("sales2");
    fixture.store.read(move |tx| identity::load_account(tx, account)).await.unwrap().kind
}

/// Mail of the leaver goes elsewhere, and a script hides all of it.
async fn furnish(fixture: &Fixture) {
    let account = fixture.account("sales2");
    let work = move |tx: &mut ::store::Tx<'_>| {
        let target = NewForward { target: "me@home.example".to_owned(), keeps_copy: false, expires: None };
        forward::add(tx, LEAVER, account, &target)?;
        Ok::<_, identity::IdentityError>(())
    };
    fixture.store.write(work).await.unwrap();
    let script = move |tx: &mut ::store::Tx<'_>| {
        let text = "require \"fileinto\"; fileinto \"Trash\";";
        let id = scripts::add(tx, account, "mine", text)?;
        scripts::activate(tx, account, Some(id))
    };
    fixture.store.write(script).await.unwrap();
}

#[test]
fn who_may_and_at_every_level_with_a_second_person() {
    for level in Level::ALL {
        with(*level, async |fixture| {
            let request = leave(json!({}));
            for who in ["sales", "sales2", "it", "security", "auditor", "management", "finance", "other-admin"] {
                let answer = ask(&fixture, fixture.caller(who), request.clone()).await;
                assert!(matches!(answer, Answer::NotAllowed), "{who}: {answer:?}");
            }
            let own = json!({ "action": "user-leave", "address": "admin@trade.test" });
            assert!(matches!(ask(&fixture, fixture.caller("admin"), own).await, Answer::NotAllowed), "not oneself");
            let machine = ask(&fixture, Caller::operator(), request.clone()).await;
            assert!(matches!(machine, Answer::NotAllowed), "whoever has the machine is one person alone: {machine:?}");
            let weak = ask(&fixture, fixture.weak("admin"), request.clone()).await;
            assert!(matches!(weak, Answer::StepUp(_)), "{weak:?}");
            let answer = ask(&fixture, fixture.caller("admin"), request).await;
            let Answer::Waiting(number) = answer else { panic!("{answer:?}") };
            assert_eq!(kind(&fixture).await, AccountKind::Person, "nothing has happened yet");
            let decide = json!({ "action": "approval-decide", "request": number, "approve": true });
            for who in ["admin", "sales2", "other-admin"] {
                let answer = ask(&fixture, fixture.caller(who), decide.clone()).await;
                assert!(!matches!(answer, Answer::Done(_)), "{who}: {answer:?}");
            }
            assert_eq!(kind(&fixture).await, AccountKind::Person);
            let refuse = json!({ "action": "approval-decide", "request": number, "approve": false });
            assert!(matches!(ask(&fixture, fixture.caller("management"), refuse).await, Answer::Done(_)));
            assert_eq!(kind(&fixture).await, AccountKind::Person);
            let answer = agreed(&fixture, leave(json!({}))).await;
            assert_eq!(answer["state"], "done", "{answer}");
            assert_eq!(kind(&fixture).await, AccountKind::Shared);
        });
    }
}

#[test]
fn the_successor_reads_for_a_time_and_the_mail_is_held_and_answered() {
    with(Level::Basic, async |fixture| {
        furnish(&fixture).await;
        let (leaver, sales) = (fixture.account("sales2"), fixture.account("sales"));
        let what = json!({
            "successor": "sales@trade.test", "days": 30, "hold": "a court asks", "reply": "She has left; write to sales.",
        });
        let told = agreed(&fixture, leave(what)).await;
        let answer = &told["answer"];
        assert_eq!((&told["state"], &answer["kind"]), (&json!("done"), &json!("shared")), "{told}");
        assert_eq!((&answer["days"], &answer["replies"]), (&json!(30), &json!(true)), "{told}");

        let inbox = move |tx: &mut ::store::Tx<'_>| {
            let inbox = mailbox::mailboxes::find(tx, leaver, &mailbox::Name::inbox())?.map(|it| it.id);
            Ok::<_, mailbox::MailboxError>(inbox)
        };
        let inbox = fixture.store.read(inbox).await.unwrap().unwrap();
        let may = async |deed: Deed| fixture.store.read(move |tx| identity::may(tx, sales, deed, leaver)).await.unwrap();
        assert!(may(Deed::Read(inbox)).await && !may(Deed::Write(inbox)).await && !may(Deed::SendAs).await);
        fixture.store.clock.advance(Duration::from_secs(30 * 86_400 - 1));
        assert!(may(Deed::Read(inbox)).await);
        fixture.store.clock.advance(Duration::from_secs(1));
        assert!(!may(Deed::Read(inbox)).await, "his days are over");
        let given = fixture.store.read(move |tx| delegation::list_delegates(tx, leaver)).await.unwrap();
        assert_eq!(given[0].granted_by, Some(fixture.account("admin")));

        let held = fixture.store.read(move |tx| holds::of_account(tx, leaver)).await.unwrap();
        assert_eq!((held.len(), held[0].detail.reason.as_str()), (1, "a court asks"));
        assert_eq!(answer["hold"], held[0].id.to_string());
        assert!(held[0].detail.name.contains(LEAVER) && held[0].detail.by.contains("admin@trade.test"), "{held:?}");
        let gone = fixture.store.write(move |tx| identity::delete_account(tx, leaver)).await;
        assert!(gone.is_err(), "what is held is not deleted");

        let reply = fixture.store.read(move |tx| scripts::auto_reply(tx, leaver)).await.unwrap();
        assert!(reply.is_enabled && reply.text.as_deref() == Some("She has left; write to sales."));
        assert!(reply.from.is_none() && reply.to.is_none(), "until somebody switches it off");
        let kept = fixture.store.read(move |tx| scripts::list(tx, leaver)).await.unwrap();
        assert!(kept.len() == 1 && !kept[0].is_active, "what the leaver had made is out of force: {kept:?}");
        assert!(fixture.store.read(move |tx| forward::list(tx, leaver)).await.unwrap().is_empty());
    });
}

#[test]
fn without_further_wishes_nobody_reads_and_nobody_is_answered() {
    with(Level::Basic, async |fixture| {
        let leaver = fixture.account("sales2");
        let told = agreed(&fixture, leave(json!({}))).await;
        assert_eq!(told["answer"]["successor"], Value::Null, "{told}");
        assert_eq!((&told["answer"]["hold"], &told["answer"]["replies"]), (&Value::Null, &json!(false)));
        assert!(fixture.store.read(move |tx| delegation::list_delegates(tx, leaver)).await.unwrap().is_empty());
        assert!(fixture.store.read(move |tx| holds::of_account(tx, leaver)).await.unwrap().is_empty());
        assert!(!fixture.store.read(move |tx| scripts::auto_reply(tx, leaver)).await.unwrap().is_enabled);
        let again = agreed(&fixture, leave(json!({}))).await;
        assert_eq!(again["state"], "failed", "once: {again}");
    });
}

#[test]
fn all_of_it_happens_or_nothing() {
    with(Level::Basic, async |fixture| {
        furnish(&fixture).await;
        let leaver = fixture.account("sales2");
        for wrong in [
            json!({ "successor": "nobody@trade.test" }),
            json!({ "successor": "sales@other.test" }),
            json!({ "successor": LEAVER }),
            json!({ "successor": "sales@trade.test", "days": 0 }),
            json!({ "successor": "sales@trade.test", "days": 731 }),
            json!({ "successor": "sales@trade.test", "hold": " " }),
            json!({ "successor": "sales@trade.test", "hold": "x".repeat(1_001) }),
            json!({ "successor": "sales@trade.test", "reply": " " }),
            json!({ "successor": "sales@trade.test", "hold": "a court", "reply": "x".repeat(70_000) }),
        ] {
            let told = agreed(&fixture, leave(wrong.clone())).await;
            assert_eq!(told["state"], "failed", "{wrong}: {told}");
            assert_eq!(kind(&fixture).await, AccountKind::Person, "{wrong}");
            let left = move |tx: &mut ::store::Tx<'_>| {
                let held = holds::of_account(tx, leaver)?.len();
                let given = delegation::list_delegates(tx, leaver)?.len();
                Ok::<_, identity::IdentityError>((held, given, forward::list(tx, leaver)?.len()))
            };
            assert_eq!(fixture.store.read(left).await.unwrap(), (0, 0, 1), "{wrong}");
            let kept = fixture.store.read(move |tx| scripts::list(tx, leaver)).await.unwrap();
            assert!(kept[0].is_active, "{wrong}");
        }
        let last = json!({ "action": "user-leave", "address": "admin2@trade.test" });
        assert_eq!(agreed(&fixture, last).await["state"], "done", "one administrator is left");
        let nobody = json!({ "action": "user-leave", "address": "nobody@trade.test" });
        let answer = ask(&fixture, fixture.caller("admin"), nobody).await;
        assert!(!matches!(answer, Answer::Done(_) | Answer::Waiting(_)), "{answer:?}");
    });
}
