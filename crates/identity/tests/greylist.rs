//! Suspicious clients that come back pass; what is known of them goes.

#![allow(clippy::unwrap_used, reason = "a test stops where something fails")]

mod fixture;

use std::time::Duration;

use fixture::Fixture;
use identity::{Attempt, forget_attempts, note_attempt};
use store::params;
use store::testing::TestStore;

store::on_both_engines! {
    who_comes_back_in_time_passes,
}

const WAIT: Duration = Duration::from_secs(300);

async fn who_comes_back_in_time_passes(store: TestStore) {
    let directory = Fixture::new(store).await;
    let attempt = Attempt {
        organisation: directory.organisation,
        network: "192.0.2.0/24".parse().unwrap(),
        sender: "a@other.example".to_owned(),
        recipient: "li@trade.test".to_owned(),
    };
    let passes = |attempt: &Attempt| {
        let attempt = attempt.clone();
        directory.write(move |tx| note_attempt(tx, &attempt, WAIT))
    };
    let advance = |seconds| directory.store.clock.advance(Duration::from_secs(seconds));
    assert!(!passes(&attempt).await.unwrap());
    advance(299);
    assert!(!passes(&attempt).await.unwrap(), "too early, which does not begin anew");
    advance(1);
    assert!(passes(&attempt).await.unwrap());
    let other_sender = Attempt { sender: String::new(), ..attempt.clone() };
    let other_network = Attempt { network: "192.0.3.0/24".parse().unwrap(), ..attempt.clone() };
    assert!(!passes(&other_sender).await.unwrap() && !passes(&other_network).await.unwrap());
    advance(30 * 86_400);
    assert!(passes(&attempt).await.unwrap(), "known");
    assert!(!passes(&other_sender).await.unwrap(), "it came back after days: that begins anew");
    assert_eq!(directory.write(forget_attempts).await.unwrap(), 1, "the one that never came back");
    advance(35 * 86_400);
    assert!(!passes(&attempt).await.unwrap());
    let fill = |tx: &mut store::Tx<'_>| {
        let numbers = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
             INSERT INTO greylist (organisation, attempt, first, expires)
             SELECT (SELECT id FROM organisation), CAST(CAST(i AS TEXT) AS BLOB), 0, 0 FROM n";
        Ok::<_, identity::IdentityError>(tx.execute(numbers, params![])?)
    };
    if directory.store.directory().is_some() {
        directory.write(fill).await.unwrap();
        let new = Attempt { recipient: "new@trade.test".to_owned(), ..attempt };
        assert!(passes(&new).await.unwrap(), "nobody waits when there is no room to remember");
    }
}
