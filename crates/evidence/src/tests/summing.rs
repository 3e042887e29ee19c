//! Numbers of what went by and of what waits.

use std::collections::BTreeMap;
use std::time::Duration;

use identity::Language;
use serde_json::Value;
use store::testing::TestStore;
use store::{Tx, params};

use super::ALL;
use super::healthy::{Healthy, Now, add_poor};
use crate::{Within, numbers};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// A judged message of `organisation`, so many milliseconds ago.
async fn judge(store: &TestStore, organisation: i64, ago: i64, direction: &'static str, action: &'static str) {
    let work = move |tx: &mut Tx<'_>| {
        let (id, at) = (tx.next_id(), tx.now().millis() - ago);
        tx.execute(
            "INSERT INTO judged (id, organisation, at, direction, action, marks, detail) VALUES ($1, $2, $3, $4, $5, $6, $6)",
            params![id, organisation, at, direction, action, &Vec::new()],
        )
    };
    store.write(work).await.unwrap();
}

async fn sign_in(store: &TestStore, organisation: i64, ago: i64, outcome: &'static str, answer: &'static str) {
    let work = move |tx: &mut Tx<'_>| {
        let (id, at) = (tx.next_id(), tx.now().millis() - ago);
        tx.execute(
            "INSERT INTO sign_in_event (id, organisation, account, at, outcome, answer, said, login, network, fresh, told, detail)
             VALUES ($1, $2, 1, $3, $4, $5, '', $6, $6, 0, 0, $6)",
            params![id, organisation, at, outcome, answer, &Vec::new()],
        )
    };
    store.write(work).await.unwrap();
}

/// Day and week of each figure.
async fn numbers_of(store: &TestStore, healthy: &Healthy, within: Within) -> BTreeMap<String, (i64, i64)> {
    let around = healthy.around.clone();
    let shown = store.read(move |tx| numbers::shown(tx, &around, within, Language::English)).await.unwrap();
    let one = |row: &Value| {
        let of = |name: &str| row.get(name).and_then(Value::as_i64);
        Some((row["number"].as_str()?.to_owned(), (of("day")?, of("week")?)))
    };
    shown.iter().filter_map(one).collect()
}

async fn sum_up_all(store: &TestStore) -> usize {
    let mut steps = 0;
    while numbers::sum_up(store).await.unwrap() {
        steps += 1;
        assert!(steps < 2_000, "summing up comes to an end");
    }
    steps
}

pub(super) async fn what_went_by_is_summed_up_once(store: TestStore) {
    let healthy = Healthy::new(&store).await;
    let own = healthy.organisation;
    let other = store.write(add_poor).await.unwrap();
    for (ago, direction, action) in [
        (MINUTE, "in", "deliver"),
        (90 * MINUTE, "in", "junk"),
        (5 * HOUR, "in", "quarantine"),
        (50 * HOUR, "in", "warn"),
        (51 * HOUR, "in", "refuse"),
        (2 * HOUR, "out", "deliver"),
        (3 * HOUR, "out", "quarantine"),
        (4 * HOUR, "in", "hold"),
        (10 * 24 * HOUR, "in", "deliver"),
    ] {
        judge(&store, own, ago, direction, action).await;
    }
    judge(&store, other, 2 * HOUR, "in", "deliver").await;
    sign_in(&store, own, HOUR, "accepted", "pass").await;
    sign_in(&store, own, 2 * HOUR, "wrong", "").await;
    sign_in(&store, own, 60 * HOUR, "accepted", "tell").await;
    sign_in(&store, 0, 3 * HOUR, "wrong", "").await;

    sum_up_all(&store).await;
    let ours = Within { organisation: Some(own) };
    let told = numbers_of(&store, &healthy, ours).await;
    let wanted = [
        ("received", (4, 6)),
        ("sent", (2, 2)),
        ("warned", (0, 1)),
        ("junked", (1, 1)),
        ("quarantined", (1, 1)),
        ("refused", (0, 1)),
        ("held", (2, 2)),
        ("sign-ins", (2, 3)),
        ("sign-ins-refused", (1, 1)),
        ("sign-ins-odd", (0, 1)),
    ];
    for (figure, numbers) in wanted {
        assert_eq!(told.get(figure), Some(&numbers), "{figure}");
    }
    let all = numbers_of(&store, &healthy, ALL).await;
    assert_eq!(
        (all["received"], all["sign-ins-refused"]),
        ((5, 7), (2, 2)),
        "all together, and names that are nobody's"
    );

    // Nothing is summed up twice, and what comes now counts at once.
    assert_eq!(sum_up_all(&store).await, 0);
    judge(&store, own, 0, "in", "deliver").await;
    assert_eq!(numbers_of(&store, &healthy, ours).await["received"], (5, 7));
    store.clock.advance(Duration::from_secs(3_600));
    sum_up_all(&store).await;
    assert_eq!(numbers_of(&store, &healthy, ours).await["received"], (5, 7));
}

pub(super) async fn numbers_lead_to_lists(store: TestStore) {
    let healthy = Healthy::new(&store).await;
    let own = healthy.organisation;
    let fill = move |tx: &mut Tx<'_>| {
        let now = tx.now().millis();
        tx.execute(
            "INSERT INTO queue_message (id, organisation, blob, key_wrapped, envelope, size, created, expires, held)
             VALUES (1, $1, 1, $2, $2, 1, $3, $3, 0)",
            params![own, &Vec::new(), now - HOUR],
        )?;
        tx.execute(
            "INSERT INTO approval (organisation, id, asker, decided_by, action, state, detail, created, expires)
             VALUES ($1, 1, 1, 0, 'user-delete', 'waiting', $2, 1, $3), ($1, 2, 1, 0, 'user-delete', 'waiting', $2, 1, $4)",
            params![own, &Vec::new(), now + 1, now - 1],
        )?;
        tx.execute(
            "INSERT INTO quarantine (id, organisation, blob, key_wrapped, at, expires, size, marks, detail)
             VALUES (1, $1, 1, $2, 1, $3, 1, $2, $2)",
            params![own, &Vec::new(), now],
        )
    };
    store.write(fill).await.unwrap();
    for within in [ALL, Within { organisation: Some(own) }] {
        let around = healthy.around.clone();
        let rows = store.read(move |tx| numbers::shown(tx, &around, within, Language::Chinese)).await.unwrap();
        let row = |name: &str| rows.iter().find(|row| row["number"] == name).unwrap();
        assert!(
            rows.iter().all(|row| row["list"].is_string() && !row["title"].as_str().unwrap().starts_with("number-"))
        );
        assert_eq!((row("queue")["now"].as_i64(), row("queue")["list"].as_str()), (Some(1), Some("queue-list")));
        assert!(row("queue")["oldest"].is_string());
        assert_eq!(row("approvals")["now"], 1, "one whose time is over waits no more");
        assert_eq!((row("quarantine")["now"].as_i64(), row("cases")["now"].as_i64()), (Some(1), Some(0)));
        let hour_ago = env::Timestamp::from_millis(store.clock_now().millis() - HOUR);
        assert_eq!(row("backup")["last"], hour_ago.to_string());
        assert!(row("certificates")["end"].is_string());
        assert_eq!(row("storage")["free_bytes"].as_u64(), Some(50 << 30));
    }
}

pub(super) async fn days_of_a_report_have_what_was_in_them(store: TestStore) {
    let healthy = Healthy::new(&store).await;
    let own = healthy.organisation;
    let other = store.write(add_poor).await.unwrap();
    // Days begin at the full hour, as nearly everywhere.
    let now = store.clock_now().millis();
    store.clock.advance(Duration::from_millis((HOUR - now.rem_euclid(HOUR)).unsigned_abs()));
    for (ago, action) in [(MINUTE, "deliver"), (3 * HOUR, "junk"), (26 * HOUR, "refuse"), (27 * HOUR, "deliver")] {
        judge(&store, own, ago, "in", action).await;
    }
    judge(&store, other, 3 * HOUR, "in", "junk").await;
    sum_up_all(&store).await;
    let end = store.clock_now().millis();
    let bounds: Vec<env::Timestamp> =
        [72, 48, 24, 0].map(|hours| env::Timestamp::from_millis(end - hours * HOUR)).to_vec();
    let ours = Within { organisation: Some(own) };
    let days = bounds.clone();
    let told = store.read(move |tx| numbers::spans(tx, ours, &days)).await.unwrap();
    assert_eq!(told["received"], [0, 2, 2], "what is not summed up yet counts too");
    assert_eq!((&told["junked"], &told["refused"]), (&vec![0, 0, 1], &vec![0, 1, 0]));
    assert!(!told.contains_key("sent"));
    let days = bounds.clone();
    let all = store.read(move |tx| numbers::spans(tx, ALL, &days)).await.unwrap();
    assert_eq!(all["received"], [0, 2, 3]);
    // A month later they are there still, and none of them is counted twice.
    store.clock.advance(Duration::from_secs(600));
    sum_up_all(&store).await;
    store.clock.advance(Duration::from_secs(31 * 86_400));
    store.write(crate::forget).await.unwrap();
    let told = store.read(move |tx| numbers::spans(tx, ours, &bounds)).await.unwrap();
    assert_eq!(told["received"], [0, 2, 2]);
}
