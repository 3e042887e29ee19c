//! What a message goes through in the queue.

#![allow(clippy::unwrap_used, reason = "a test stops where something fails")]

mod fixture;

use std::collections::HashSet;
use std::time::Duration;

use env::Timestamp;
use fixture::{Fixture, LEASE_FOR};
use queue::{Attempt, Filter, Lease, Outcome, QueueError, RecipientState, Settlement};
use store::testing::TestStore;

store::on_both_engines! {
    a_delivered_message_leaves_the_queue_and_releases_its_blob,
    an_abandoned_lease_comes_back_and_its_late_result_is_refused,
    a_deferred_recipient_waits_and_remembers,
    nothing_is_due_before_its_time_or_while_held,
    people_retry_expire_and_cancel,
    a_flooded_destination_does_not_hold_up_the_others,
    more_destinations_than_leases_all_get_their_turn,
    a_damaged_message_is_held_and_the_others_go,
    lists_filter_and_page,
}

fn all(lease: &Lease, outcome: Outcome) -> Vec<Settlement> {
    lease
        .recipients
        .iter()
        .map(|it| Settlement { number: it.number, outcome, attempt: None, delay_notified: false })
        .collect()
}

fn refusal() -> Attempt {
    Attempt { at: 5, host: "mx.example".into(), code: 451, status: "4.3.0".into(), text: "later".into() }
}

async fn a_delivered_message_leaves_the_queue_and_releases_its_blob(store: TestStore) {
    let queue = Fixture::new(store).await;
    queue.enqueue(&["a@one.example", "b@ONE.example", "c@two.example"]).await;
    let leases = queue.lease(10).await;
    assert_eq!(leases.len(), 2, "one for each destination");
    let domains: HashSet<_> = leases.iter().map(|lease| (lease.domain.as_str(), lease.recipients.len())).collect();
    assert_eq!(domains, HashSet::from([("one.example", 2), ("two.example", 1)]));
    assert!(queue.lease(10).await.is_empty(), "all is leased");
    assert!(!queue.settle(&leases[0], all(&leases[0], Outcome::Delivered)).await.unwrap().finished);
    assert!(queue.settle(&leases[1], all(&leases[1], Outcome::Delivered)).await.unwrap().finished);
    assert_eq!(queue.number("SELECT COUNT(*) FROM queue_message").await, 0);
    assert_eq!(queue.number("SELECT COUNT(*) FROM queue_recipient").await, 0);
    assert_eq!(queue.number("SELECT refs FROM blob").await, 0);
}

async fn an_abandoned_lease_comes_back_and_its_late_result_is_refused(store: TestStore) {
    let queue = Fixture::new(store).await;
    queue.enqueue(&["a@one.example"]).await;
    let first = queue.lease(1).await.remove(0);
    queue.advance(LEASE_FOR - Duration::from_secs(1));
    assert!(queue.lease(1).await.is_empty());
    let (message, fence) = (first.message, first.fence);
    queue.write(move |tx| queue::renew(tx, message, fence, LEASE_FOR)).await.unwrap();
    queue.advance(Duration::from_secs(2));
    assert!(queue.lease(1).await.is_empty(), "renewed");
    queue.advance(LEASE_FOR);
    let second = queue.lease(1).await.remove(0);
    assert_eq!(second.recipients[0].attempts, 2);
    let stale = queue.settle(&first, all(&first, Outcome::Delivered)).await;
    assert!(matches!(stale, Err(QueueError::StaleLease { .. })));
    let stale = queue.write(move |tx| queue::renew(tx, message, fence, LEASE_FOR)).await;
    assert!(matches!(stale, Err(QueueError::StaleLease { .. })));
    assert!(queue.settle(&second, all(&second, Outcome::Delivered)).await.unwrap().finished);
    let again = queue.settle(&second, all(&second, Outcome::Delivered)).await;
    assert!(matches!(again, Err(QueueError::StaleLease { .. })));
}

async fn a_deferred_recipient_waits_and_remembers(store: TestStore) {
    let queue = Fixture::new(store).await;
    queue.enqueue(&["a@one.example", "b@one.example"]).await;
    let lease = queue.lease(1).await.remove(0);
    let until = queue.now().plus(Duration::from_secs(60));
    let settlements = vec![
        Settlement { number: 0, outcome: Outcome::Failed, attempt: Some(refusal()), delay_notified: false },
        Settlement { number: 1, outcome: Outcome::Deferred { until }, attempt: Some(refusal()), delay_notified: true },
    ];
    assert!(!queue.settle(&lease, settlements).await.unwrap().finished);
    assert_eq!(queue.write(queue::next_due).await.unwrap(), Some(until));
    let shown = queue.write(move |tx| queue::show(tx, lease.message)).await.unwrap();
    assert_eq!(shown.recipients[0].state, RecipientState::Failed);
    assert_eq!(shown.recipients[1].state, RecipientState::Waiting);
    assert_eq!(shown.recipients[1].last, Some(refusal()));
    queue.store.clock.set(until);
    let again = queue.lease(1).await.remove(0);
    assert_eq!(again.recipients.len(), 1, "the failed one is not tried again");
    assert!(again.recipients[0].delay_notified);
    assert_eq!((again.recipients[0].attempts, again.recipients[0].last.as_ref()), (2, Some(&refusal())));
    let returned = all(&again, Outcome::Returned { until: queue.now() });
    queue.settle(&again, returned).await.unwrap();
    let third = queue.lease(1).await.remove(0);
    assert_eq!(third.recipients[0].attempts, 2, "what was not tried does not count");
    assert_eq!(third.recipients[0].last, Some(refusal()), "the last report is kept");
    assert!(queue.settle(&third, all(&third, Outcome::Expired)).await.unwrap().finished);
}

async fn nothing_is_due_before_its_time_or_while_held(store: TestStore) {
    let queue = Fixture::new(store).await;
    let later = queue.now().plus(Duration::from_secs(3_600));
    queue.enqueue_with(&["a@one.example"], later, false).await;
    let held = queue.enqueue_with(&["b@one.example"], queue.now(), true).await;
    assert!(queue.lease(10).await.is_empty());
    queue.write(move |tx| queue::release(tx, held)).await.unwrap();
    let lease = queue.lease(10).await.remove(0);
    assert_eq!(lease.message, held);
    queue.write(move |tx| queue::hold(tx, held)).await.unwrap();
    queue.settle(&lease, all(&lease, Outcome::Deferred { until: Timestamp::default() })).await.unwrap();
    assert!(queue.lease(10).await.is_empty(), "held while it was tried");
    queue.store.clock.set(later);
    assert_eq!(queue.lease(10).await.len(), 1);
}

async fn people_retry_expire_and_cancel(store: TestStore) {
    let queue = Fixture::new(store).await;
    let later = queue.now().plus(Duration::from_secs(3_600));
    let id = queue.enqueue_with(&["a@one.example"], later, false).await;
    queue.write(move |tx| queue::retry_now(tx, id)).await.unwrap();
    let lease = queue.lease(10).await.remove(0);
    queue.write(move |tx| queue::retry_now(tx, id)).await.unwrap();
    assert!(queue.lease(10).await.is_empty(), "a leased recipient is not leased twice");
    queue.settle(&lease, all(&lease, Outcome::Deferred { until: later })).await.unwrap();
    queue.write(move |tx| queue::expire_now(tx, id)).await.unwrap();
    let lease = queue.lease(10).await.remove(0);
    assert!(lease.expires <= queue.now());
    queue.write(move |tx| queue::cancel(tx, id)).await.unwrap();
    assert_eq!(queue.number("SELECT refs FROM blob").await, 0);
    let settled = queue.settle(&lease, all(&lease, Outcome::Delivered)).await;
    assert!(matches!(settled, Err(QueueError::StaleLease { .. })));
    let gone = queue.write(move |tx| queue::hold(tx, id)).await;
    assert!(matches!(gone, Err(QueueError::NoSuchMessage { .. })));
}

async fn a_flooded_destination_does_not_hold_up_the_others(store: TestStore) {
    let queue = Fixture::new(store).await;
    for _ in 0..600 {
        queue.enqueue(&["a@flood.example"]).await;
    }
    queue.advance(Duration::from_secs(1));
    for domain in ["one", "two", "three"] {
        queue.enqueue(&[&format!("a@{domain}.example")]).await;
    }
    let leases = queue.lease(8).await;
    let domains: HashSet<_> = leases.iter().map(|lease| lease.domain.clone()).collect();
    assert_eq!(domains.len(), 4, "each destination gets its turn");
    let flood = leases.iter().find(|lease| lease.domain == "flood.example").unwrap().destination;
    for domain in ["one", "two"] {
        queue.enqueue(&[&format!("b@{domain}.example")]).await;
    }
    let leases = queue.lease_without(8, HashSet::from([flood])).await;
    assert_eq!(leases.len(), 2, "an excluded destination hides nobody");
    let leases = queue.lease(500).await;
    assert!(leases.len() >= 500 && leases.iter().all(|lease| lease.domain == "flood.example"));
}

async fn more_destinations_than_leases_all_get_their_turn(store: TestStore) {
    let queue = Fixture::new(store).await;
    for number in 0..40 {
        queue.enqueue(&[&format!("a@d{number}.example")]).await;
    }
    let mut seen = HashSet::new();
    for _ in 0..10 {
        for lease in queue.lease(4).await {
            assert!(seen.insert(lease.domain));
        }
    }
    assert_eq!(seen.len(), 40);
}

async fn a_damaged_message_is_held_and_the_others_go(store: TestStore) {
    let queue = Fixture::new(store).await;
    let damaged = queue.enqueue(&["a@one.example"]).await;
    queue
        .write(move |tx| {
            tx.execute("UPDATE queue_message SET envelope = $1 WHERE id = $2", store::params![b"rubbish", damaged])?;
            Ok(())
        })
        .await
        .unwrap();
    let sound = queue.enqueue(&["b@one.example"]).await;
    let leases = queue.lease(10).await;
    assert_eq!(leases.iter().map(|lease| lease.message).collect::<Vec<_>>(), [sound]);
    let listed = queue.write(|tx| queue::list(tx, &Filter { limit: 10, ..Filter::default() })).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert!(queue.write(move |tx| queue::show(tx, damaged)).await.is_err());
    assert_eq!(queue.write(queue::counts).await.unwrap().held, 1);
    queue.write(move |tx| queue::cancel(tx, damaged)).await.unwrap();
}

async fn lists_filter_and_page(store: TestStore) {
    let queue = Fixture::new(store).await;
    let mut ids = Vec::new();
    for number in 0..7 {
        let domain = if number % 2 == 0 { "even" } else { "odd" };
        ids.push(queue.enqueue(&[&format!("a{number}@{domain}.example")]).await);
    }
    let (first, last) = (ids[0], ids[6]);
    queue.write(move |tx| queue::hold(tx, last)).await.unwrap();
    let list = |filter: Filter| {
        let queue = &queue;
        async move {
            let page = queue.write(move |tx| queue::list(tx, &filter)).await.unwrap();
            page.into_iter().map(|message| message.id).collect::<Vec<_>>()
        }
    };
    let filter = Filter { limit: 3, ..Filter::default() };
    assert_eq!(list(filter.clone()).await, ids[..3]);
    assert_eq!(list(Filter { after: ids[2], ..filter.clone() }).await, ids[3..6]);
    assert_eq!(list(Filter { held: Some(true), ..filter.clone() }).await, [last]);
    assert!(list(Filter { organisation: Some(12), ..filter.clone() }).await.is_empty());
    assert_eq!(list(Filter { domain: Some("ODD.example".into()), ..filter }).await, [ids[1], ids[3], ids[5]]);
    let shown = queue.write(move |tx| queue::show(tx, first)).await.unwrap();
    assert_eq!(shown.envelope.reverse_path, "li@trade.test");
    assert_eq!(shown.recipients[0].recipient.address, "a0@even.example");
    let counts = queue.write(queue::counts).await.unwrap();
    assert_eq!((counts.messages, counts.active, counts.deferred, counts.held), (7, 6, 0, 1));
}
