//! How checks came out before.

use std::time::Duration;

use store::testing::TestStore;
use store::{Tx, params};

use super::healthy::{Healthy, Now};
use super::{ALL, look};
use crate::{Check, HISTORY_KEPT, Known, State, changes, forget, keep, load, stand};

async fn kept(store: &TestStore, check: Check) -> Known {
    store.read(move |tx| load(tx, 0, check)).await.unwrap().unwrap()
}

async fn look_and_keep(store: &TestStore, healthy: &Healthy, check: Check) -> bool {
    let outcome = look(store, &healthy.around, check).await;
    store.write(move |tx| keep(tx, 0, check, &outcome)).await.unwrap()
}

pub(super) async fn how_checks_came_out_is_kept(store: TestStore) {
    let mut healthy = Healthy::new(&store).await;
    let check = Check::Transport;
    let begun = store.clock_now();
    assert!(look_and_keep(&store, &healthy, check).await, "the first outcome is a change");
    store.clock.advance(Duration::from_secs(600));
    assert!(!look_and_keep(&store, &healthy, check).await);
    let known = kept(&store, check).await;
    assert_eq!((known.outcome.state(), known.since, known.at), (State::Passed, begun, store.clock_now()));
    assert!(!known.outcome.readings().is_empty(), "what was read is kept");

    healthy.around.transport.version_min = "1.2".to_owned();
    store.clock.advance(Duration::from_secs(600));
    let broken = store.clock_now();
    assert!(look_and_keep(&store, &healthy, check).await);
    let known = kept(&store, check).await;
    assert_eq!((known.outcome.state(), known.since), (State::Failed, broken));
    assert_eq!(known.outcome, look(&store, &healthy.around, check).await, "it is read back as it was");
    let all = store.read(move |tx| changes(tx, 0, check)).await.unwrap();
    let told: Vec<_> = all.iter().map(|change| (change.at, change.outcome.state())).collect();
    assert_eq!(told, [(broken, State::Failed), (begun, State::Passed)]);

    store.clock.advance(Duration::from_secs(60));
    let around = healthy.around.clone();
    let all = store.read(move |tx| stand(tx, &around, ALL, true)).await.unwrap();
    let (_, known) = all.iter().find(|(one, _)| *one == check).unwrap();
    assert_eq!((known.since, known.at), (broken, store.clock_now()), "a new look knows since when it is so");
}

pub(super) async fn what_was_kept_without_a_reading_has_not_passed(store: TestStore) {
    let forge = |tx: &mut Tx<'_>| {
        tx.execute(
            "INSERT INTO evidence_outcome (organisation, name, state, since, at, detail) VALUES (0, 'transport', 'passed', 1, 1, $1)",
            params![r#"{"readings":[],"why":[]}"#],
        )
    };
    store.write(forge).await.unwrap();
    assert_eq!(kept(&store, Check::Transport).await.outcome.state(), State::NeedsPerson);
}

pub(super) async fn old_changes_are_forgotten(store: TestStore) {
    let healthy = Healthy::new(&store).await;
    look_and_keep(&store, &healthy, Check::Transport).await;
    store.clock.advance(HISTORY_KEPT - Duration::from_secs(60));
    assert_eq!(store.write(forget).await.unwrap(), 0);
    store.clock.advance(Duration::from_secs(120));
    assert_eq!(store.write(forget).await.unwrap(), 1);
    assert_eq!(kept(&store, Check::Transport).await.outcome.state(), State::Passed, "the last look stays");
}
