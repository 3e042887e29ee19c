//! Several delivery processes on one queue, on one node and on two.

#![allow(clippy::unwrap_used, reason = "a test stops where something fails")]

mod fixture;

use std::collections::{HashMap, HashSet};

use fixture::{Fixture, LEASE_FOR};
use queue::{LeaseRequest, Outcome, QueueError, Settlement};
use store::testing::TestStore;
use store::{Place, Store};

store::on_both_engines! {
    each_recipient_is_delivered_by_one_process,
}

const MESSAGES: usize = 60;
const PROCESSES: usize = 6;

async fn each_recipient_is_delivered_by_one_process(store: TestStore) {
    let second = match &store.place {
        Place::Postgres(_) => store.open_node(2).await,
        Place::Embedded(_) => store.handle(),
    };
    let queue = Fixture::new(store).await;
    for number in 0..MESSAGES {
        let (one, two) = (format!("a{number}@one.example"), format!("b{number}@two.example"));
        queue.enqueue(&[&one, &two]).await;
    }
    let mut processes = Vec::new();
    for number in 0..PROCESSES {
        let store = if number % 2 == 0 { queue.store.handle() } else { second.clone() };
        processes.push(tokio::spawn(deliver(store)));
    }
    let mut delivered = HashMap::new();
    for process in processes {
        for recipient in process.await.unwrap() {
            *delivered.entry(recipient).or_insert(0) += 1;
        }
    }
    assert_eq!(delivered.len(), MESSAGES * 2);
    assert!(delivered.values().all(|times| *times == 1), "{delivered:?}");
    assert_eq!(queue.number("SELECT COUNT(*) FROM queue_message").await, 0, "whoever was last removed the message");
    assert_eq!(queue.number("SELECT COUNT(*) FROM blob WHERE refs <> 0").await, 0);
    second.close().await;
}

/// Delivers until nothing is due; gives what it delivered.
async fn deliver(store: Store) -> Vec<(i64, u32)> {
    let mut delivered = Vec::new();
    loop {
        let request =
            LeaseRequest { lease_for: LEASE_FOR, leases_max: 4, per_destination_max: 4, excluded: HashSet::new() };
        let leases = store.write(move |tx| queue::lease(tx, &request)).await.unwrap();
        if leases.is_empty() {
            return delivered;
        }
        for lease in leases {
            let settlements: Vec<_> = lease
                .recipients
                .iter()
                .map(|it| Settlement {
                    number: it.number,
                    outcome: Outcome::Delivered,
                    attempt: None,
                    delay_notified: false,
                })
                .collect();
            delivered.extend(lease.recipients.iter().map(|it| (lease.message, it.number)));
            let (message, fence) = (lease.message, lease.fence);
            let settled: Result<_, QueueError> =
                store.write(move |tx| queue::settle(tx, message, fence, &settlements)).await;
            settled.unwrap();
        }
    }
}
