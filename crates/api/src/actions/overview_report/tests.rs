//! Reports of the overview: who may, that each period is sent once, and what they say.

use std::time::Duration;

use ::store::params;
use ::store::testing::{Engine, TestStore, run};
use identity::Level;

use super::super::fixture::Fixture;
use super::super::list::Action;
use super::super::{Answer, Controls};
use super::*;

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

fn with(test: impl AsyncFnOnce(Fixture) + Send + 'static) {
    run(Engine::Sqlite, move |store: TestStore| async move { test(Fixture::new(store, Level::Basic).await).await });
}

async fn ask(fixture: &Fixture, who: &str, request: Value) -> Answer {
    let action: Action = serde_json::from_value(request).unwrap();
    fixture.controls.carry_out(&fixture.caller(who), action).await
}

async fn done(fixture: &Fixture, who: &str, request: Value) -> Value {
    match ask(fixture, who, request).await {
        Answer::Done(value) => value,
        other => panic!("{other:?}"),
    }
}

fn report(rhythm: &str, recipients: Value) -> Value {
    json!({
        "action": "overview-report-set", "name": "For the management", "rhythm": rhythm, "hour": 8,
        "time_zone": "Asia/Shanghai", "recipients": recipients,
    })
}

/// Letters in the queue.
async fn queued(controls: &Controls) -> i64 {
    let count = |tx: &mut Tx<'_>| tx.row("SELECT COUNT(*) FROM queue_message", params![], |row| row.int(0));
    controls.store.read(count).await.unwrap().unwrap_or(0)
}

/// Puts the clock to that hour of a day in Shanghai.
fn go_to_hour(fixture: &Fixture, hour: i64) {
    let now = fixture.controls.store.context().clock.now().millis() + 8 * 3_600_000;
    let wait = (hour * 3_600_000 - now).rem_euclid(86_400_000);
    fixture.store.clock.advance(Duration::from_millis(wait.unsigned_abs()));
}

#[test]
fn the_administrator_says_who_gets_it() {
    with(async |fixture| {
        let new = report("weekly", json!([{ "address": "management@trade.test" }, { "address": "boss@holding.test" }]));
        for who in ["sales", "finance", "management", "it", "auditor", "security"] {
            assert!(matches!(ask(&fixture, who, new.clone()).await, Answer::NotAllowed), "{who}");
        }
        let kept = done(&fixture, "admin", new).await;
        assert_eq!(
            kept["recipients"],
            json!([
                { "address": "management@trade.test", "language": "zh", "here": true },
                { "address": "boss@holding.test", "language": "en", "here": false },
            ]),
            "in the language of the account"
        );
        let list = json!({ "action": "overview-report-list" });
        let id = kept["id"].clone();
        assert_eq!(done(&fixture, "management", list.clone()).await, json!([kept]));
        assert_eq!(done(&fixture, "other-admin", list.clone()).await, json!([]), "each organisation has its own");
        let theirs = ask(&fixture, "other-admin", json!({ "action": "overview-report-remove", "id": id })).await;
        assert!(matches!(&theirs, Answer::Failed(refused) if refused.0.contains("no report")), "{theirs:?}");
        for (field, value, wanted) in [
            ("hour", json!(24), "hour 24"),
            ("time_zone", json!("Mars"), "time_zone"),
            ("name", json!(" "), "name"),
            ("rhythm", json!("hourly"), "daily, weekly, monthly"),
            ("recipients", json!([]), "recipients"),
            ("recipients", json!([{ "address": "nobody" }]), "nobody"),
            ("recipients", json!([{ "address": "nobody@trade.test" }]), "no account of your organisation"),
            ("recipients", json!([{ "address": "sales@other.test" }]), "no account of your organisation"),
            ("recipients", json!([{ "address": "a@b.test" }, { "address": "A@b.test" }]), "twice"),
        ] {
            let mut wrong = report("daily", json!([{ "address": "a@b.test" }]));
            wrong[field] = value;
            let answer = ask(&fixture, "admin", wrong).await;
            assert!(matches!(&answer, Answer::Failed(refused) if refused.0.contains(wanted)), "{field}: {answer:?}");
        }
        let mut changed = report("monthly", json!([{ "address": "boss@holding.test", "language": "zh" }]));
        changed["id"] = id.clone();
        assert_eq!(done(&fixture, "admin", changed).await["rhythm"], "monthly");
        done(&fixture, "admin", json!({ "action": "overview-report-remove", "id": id })).await;
        assert_eq!(done(&fixture, "admin", list).await, json!([]));
    });
}

#[test]
fn each_period_is_sent_once_by_whichever_node() {
    with(async |fixture| {
        go_to_hour(&fixture, 6);
        let everybody = json!([{ "address": "management@trade.test" }, { "address": "boss@holding.test" }]);
        done(&fixture, "admin", report("daily", everybody)).await;
        let controls = &fixture.controls;
        assert_eq!(send_overview_reports(controls).await.unwrap(), 0, "it is not eight o'clock yet");
        fixture.store.clock.advance(2 * HOUR);
        let (one, other) = tokio::join!(send_overview_reports(controls), send_overview_reports(controls));
        assert_eq!(one.unwrap() + other.unwrap(), 1);
        assert_eq!(queued(controls).await, 2, "a letter for each recipient");
        assert_eq!(send_overview_reports(controls).await.unwrap(), 0);
        fixture.store.clock.advance(23 * HOUR);
        assert_eq!(send_overview_reports(controls).await.unwrap(), 0);
        // Nothing ran for three days: the newest is made up, and no other.
        fixture.store.clock.advance(3 * DAY);
        assert_eq!(send_overview_reports(controls).await.unwrap(), 1);
        assert_eq!(send_overview_reports(controls).await.unwrap(), 0);
        assert_eq!(queued(controls).await, 4);
        let list = done(&fixture, "admin", json!({ "action": "overview-report-list" })).await;
        assert_eq!(list[0]["last"]["recipients"], 2);
        let events = json!({ "action": "audit-page" });
        let sent = done(&fixture, "auditor", events).await;
        let sent = sent["items"].as_array().unwrap().iter().filter(|event| event["action"] == "overview-report-sent");
        assert_eq!(sent.count(), 2);
    });
}

#[test]
fn somebody_who_has_left_gets_none() {
    with(async |fixture| {
        let readers = json!([{ "address": "management@trade.test" }, { "address": "sales@trade.test" }]);
        let id = done(&fixture, "admin", report("weekly", readers)).await["id"].clone();
        let leave = json!({ "action": "user-state", "address": "sales@trade.test", "enabled": false });
        done(&fixture, "admin", leave).await;
        let sent = done(&fixture, "admin", json!({ "action": "overview-report-send", "id": id })).await;
        assert_eq!((&sent["sent"], &sent["unreachable"]), (&json!(1), &json!(["sales@trade.test"])));
        assert_eq!(queued(&fixture.controls).await, 1);
    });
}

#[test]
fn it_says_what_went_by_and_what_is_missing() {
    with(async |fixture| {
        go_to_hour(&fixture, 0);
        let now = fixture.controls.store.context().clock.now().millis();
        let organisation = fixture.organisation;
        let judge = move |tx: &mut Tx<'_>| {
            for (ago, direction, action) in [(2, "in", "deliver"), (3, "in", "quarantine"), (20, "out", "deliver")] {
                let (id, at, empty) = (tx.next_id(), now - ago * 3_600_000, Vec::new());
                tx.execute(
                    "INSERT INTO judged (id, organisation, at, direction, action, marks, detail) VALUES ($1, $2, $3, $4, $5, $6, $6)",
                    params![id, organisation, at, direction, action, &empty],
                )?;
            }
            Ok::<_, StoreError>(())
        };
        fixture.controls.store.write(judge).await.unwrap();
        fixture.store.clock.advance(HOUR);
        while numbers::sum_up(&fixture.controls.store).await.unwrap() {}
        let plan = Plan::new(Rhythm::Daily, 1, "Asia/Shanghai").unwrap();
        let of = Subscription {
            id: 1,
            organisation,
            name: "Daily".to_owned(),
            plan,
            recipients: Vec::new(),
            due: env::Timestamp::from_millis(now),
            last: None,
        };
        let period = of.plan.latest(env::Timestamp::from_millis(now + 3_600_000)).unwrap();
        for (language, wanted) in [
            (Language::Chinese, ["收到的邮件", "未通过", "备份"]),
            (Language::English, ["Received", "failed", "ackup"]),
        ] {
            let (around, of, period) = (::evidence::Surroundings::default(), of.clone(), period.clone());
            let make = move |tx: &mut Tx<'_>| paper::make(tx, &around, &of, (&period, language));
            let paper = fixture.controls.store.read(make).await.unwrap();
            let said = format!("{paper:?}");
            assert!(!said.contains("overview-report-") && !said.contains("number-"), "{said}");
            for words in wanted {
                assert!(said.to_lowercase().contains(&words.to_lowercase()), "{words}: {said}");
            }
            assert!(paper.title.contains(&period_name(now)), "{}", paper.title);
            let flow = &paper.charts[0];
            assert_eq!((flow.groups.len(), flow.groups[0].0.as_str()), (24, "00:00"));
            assert_eq!(flow.groups[22].1, [1, 0]);
            assert_eq!(flow.groups[4].1, [0, 1]);
            assert_eq!(paper.charts[1].groups[2].1, [1], "one was quarantined");
            assert!(paper.tables.iter().all(|table| table.rows.iter().all(|row| row.len() == table.head.len())));
            assert!(review::write_pdf(&paper).starts_with(b"%PDF-"));
        }
    });
}

/// The day in Shanghai before the one that begins at `midnight`.
fn period_name(midnight: i64) -> String {
    let noon = env::Timestamp::from_millis(midnight + 8 * 3_600_000 - 43_200_000).civil();
    format!("{:04}-{:02}-{:02}", noon.year, noon.month, noon.day)
}
