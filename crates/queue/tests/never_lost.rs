//! Random deliveries, crashes and hands of administrators: no recipient is lost, none is delivered twice under a valid fence.

#![allow(clippy::unwrap_used, reason = "a test stops where something fails")]

mod fixture;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use fixture::{Fixture, LEASE_FOR};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use queue::{Lease, Outcome, Settlement};
use store::testing::{Engine, TestStore};

#[derive(Debug, Clone)]
enum Step {
    Enqueue {
        recipients: Vec<u8>,
    },
    Lease {
        count: usize,
    },
    /// Settles one of the open leases, each recipient by its own digit.
    Settle {
        which: usize,
        digits: Vec<u8>,
    },
    /// A delivery process dies: its lease is never settled, or is settled long after.
    Crash {
        which: usize,
    },
    Hold {
        which: usize,
    },
    Release {
        which: usize,
    },
    RetryNow {
        which: usize,
    },
    Advance {
        seconds: u64,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => proptest::collection::vec(0u8..6, 1..6).prop_map(|recipients| Step::Enqueue { recipients }),
        4 => (1usize..5).prop_map(|count| Step::Lease { count }),
        6 => (any::<usize>(), proptest::collection::vec(0u8..5, 6))
            .prop_map(|(which, digits)| Step::Settle { which, digits }),
        2 => any::<usize>().prop_map(|which| Step::Crash { which }),
        1 => any::<usize>().prop_map(|which| Step::Hold { which }),
        1 => any::<usize>().prop_map(|which| Step::Release { which }),
        1 => any::<usize>().prop_map(|which| Step::RetryNow { which }),
        3 => (1u64..400).prop_map(|seconds| Step::Advance { seconds }),
    ];
    proptest::collection::vec(step, 1..60)
}

/// What has been settled of each recipient.
#[derive(Default)]
struct Model {
    messages: Vec<i64>,
    open: HashSet<(i64, u32)>,
    settled: HashMap<(i64, u32), Outcome>,
    leases: Vec<Lease>,
    crashed: Vec<Lease>,
}

impl Model {
    fn pick(&self, which: usize) -> Option<i64> {
        self.messages.get(which % self.messages.len().max(1)).copied()
    }

    async fn settle(&mut self, queue: &Fixture, lease: &Lease, digits: &[u8]) {
        let outcomes: Vec<_> = lease
            .recipients
            .iter()
            .zip(digits.iter().cycle())
            .map(|(recipient, digit)| {
                let until = queue.now().plus(Duration::from_secs(30));
                let outcome = match digit {
                    0 | 1 => Outcome::Delivered,
                    2 => Outcome::Failed,
                    3 => Outcome::Deferred { until },
                    _ => Outcome::Returned { until },
                };
                (recipient.number, outcome)
            })
            .collect();
        let settlements = outcomes
            .iter()
            .map(|(number, outcome)| Settlement {
                number: *number,
                outcome: *outcome,
                attempt: None,
                delay_notified: false,
            })
            .collect();
        let Ok(settled) = queue.settle(lease, settlements).await else { return };
        for (number, outcome) in outcomes {
            if outcome.is_final() {
                let at = (lease.message, number);
                assert!(self.open.remove(&at), "{at:?} was final already");
                assert!(self.settled.insert(at, outcome).is_none(), "{at:?} settled twice");
            }
        }
        assert_eq!(settled.finished, !self.open.iter().any(|(message, _)| *message == lease.message));
    }

    async fn run(&mut self, queue: &Fixture, step: Step) {
        match step {
            Step::Enqueue { recipients } => {
                let addresses: Vec<_> =
                    recipients.iter().map(|digit| format!("r{digit}@d{}.example", digit % 3)).collect();
                let id = queue.enqueue(&addresses.iter().map(String::as_str).collect::<Vec<_>>()).await;
                self.messages.push(id);
                self.open.extend((0..).take(addresses.len()).map(|number| (id, number)));
            }
            Step::Lease { count } => self.leases.extend(queue.lease(count).await),
            Step::Settle { which, digits } if !self.leases.is_empty() => {
                let lease = self.leases.remove(which % self.leases.len());
                self.settle(queue, &lease, &digits).await;
            }
            Step::Crash { which } if !self.leases.is_empty() => {
                let lease = self.leases.remove(which % self.leases.len());
                self.crashed.push(lease);
            }
            Step::Settle { .. } | Step::Crash { .. } => {}
            // The message may have left the queue, which is refused and of no interest here.
            Step::Hold { which } => {
                if let Some(id) = self.pick(which) {
                    drop(queue.write(move |tx| queue::hold(tx, id)).await);
                }
            }
            Step::Release { which } => {
                if let Some(id) = self.pick(which) {
                    drop(queue.write(move |tx| queue::release(tx, id)).await);
                }
            }
            Step::RetryNow { which } => {
                if let Some(id) = self.pick(which) {
                    drop(queue.write(move |tx| queue::retry_now(tx, id)).await);
                }
            }
            Step::Advance { seconds } => queue.advance(Duration::from_secs(seconds)),
        }
    }

    /// All that is left can still be leased and delivered, each recipient once.
    async fn drain(&mut self, queue: &Fixture) {
        for id in self.messages.clone() {
            drop(queue.write(move |tx| queue::release(tx, id)).await);
        }
        queue.advance(LEASE_FOR + Duration::from_secs(60));
        loop {
            let leases = queue.lease(50).await;
            if leases.is_empty() {
                break;
            }
            for lease in leases {
                self.settle(queue, &lease, &[0]).await;
            }
        }
        for lease in std::mem::take(&mut self.crashed) {
            self.settle(queue, &lease, &[0]).await;
        }
        assert!(self.open.is_empty(), "lost: {:?}", self.open);
        assert_eq!(queue.number("SELECT COUNT(*) FROM queue_message").await, 0);
        assert_eq!(queue.number("SELECT COUNT(*) FROM queue_recipient").await, 0);
        assert_eq!(queue.number("SELECT COUNT(*) FROM blob WHERE refs <> 0").await, 0);
    }
}

/// One store for all cases: each ends with an empty queue.
fn check(engine: Engine, cases: u32) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let Some(store) = runtime.block_on(TestStore::open(engine)) else { return };
    let queue = runtime.block_on(Fixture::new(store));
    let mut runner = TestRunner::new(Config { cases, ..Config::default() });
    let outcome = runner.run(&steps(), |steps| {
        runtime.block_on(async {
            let mut model = Model::default();
            for step in steps {
                model.run(&queue, step).await;
            }
            model.drain(&queue).await;
        });
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn no_recipient_is_lost_or_delivered_twice_on_sqlite() {
    check(Engine::Sqlite, 100);
}

#[test]
fn no_recipient_is_lost_or_delivered_twice_on_postgres() {
    check(Engine::Postgres, 30);
}
