use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::{Clock, Timestamp};

/// The highest node number.
pub const NODE_MAX: u16 = 1023;

/// 2025-01-01T00:00:00Z, where identifiers begin to count.
const EPOCH_MILLIS: i64 = 1_735_689_600_000;

/// Bits that the node number and the counter take below the time.
const NODE_BITS: u32 = 10;
const COUNTER_BITS: u32 = 12;

/// Makes 64-bit identifiers that are unique over all nodes and ordered by time: 41 bits of milliseconds,
/// 12 bits of counter, 10 bits of node number.
///
/// When the clock steps back or one millisecond brings more than 4,096 identifiers, it runs ahead of the clock
/// rather than repeat itself.
pub struct IdSource {
    clock: Arc<dyn Clock>,
    node: i64,
    /// Time and counter of the last identifier.
    last: AtomicI64,
}

impl IdSource {
    /// A source for the node numbered `node`, which no other running node may share; taken modulo 1,024.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, node: u16) -> Self {
        Self { clock, node: i64::from(node & NODE_MAX), last: AtomicI64::new(0) }
    }

    /// The next identifier, always positive.
    pub fn next(&self) -> i64 {
        let tick = (self.clock.now().millis() - EPOCH_MILLIS).max(1) << COUNTER_BITS;
        let following = |last: i64| tick.max(last + 1);
        let previous =
            self.last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(following(last))).unwrap_or(0);
        (following(previous) << NODE_BITS) | self.node
    }
}

/// The moment that identifier `id` was made at, to the millisecond, as far as the clock did not step back meanwhile.
#[must_use]
pub const fn moment_of(id: i64) -> Timestamp {
    Timestamp::from_millis((id >> (COUNTER_BITS + NODE_BITS)) + EPOCH_MILLIS)
}

/// The least identifier that can be made at `moment` or later: those that are less were made before.
#[must_use]
pub fn least_at(moment: Timestamp) -> i64 {
    let since = (moment.millis().saturating_sub(EPOCH_MILLIS)).clamp(0, i64::MAX >> (COUNTER_BITS + NODE_BITS));
    since << (COUNTER_BITS + NODE_BITS)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::ManualClock;

    #[test]
    fn an_identifier_tells_its_moment() {
        let moment = Timestamp::from_millis(1_800_000_000_123);
        let ids = IdSource::new(Arc::new(ManualClock::at(moment)), 1_000);
        let id = ids.next();
        assert_eq!(moment_of(id), moment);
        assert!(least_at(moment) <= id && id < least_at(Timestamp::from_millis(moment.millis() + 1)));
        assert_eq!(least_at(Timestamp::from_millis(0)), 0);
        assert!(least_at(Timestamp::from_millis(i64::MAX)) > id);
    }

    #[test]
    fn ids_rise_even_when_the_clock_steps_back() {
        let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(1_800_000_000)));
        let ids = IdSource::new(clock.clone(), 7);
        let mut last = 0;
        for turn in 0..10_000 {
            if turn == 5_000 {
                clock.set(Timestamp::from_seconds(1_700_000_000));
            }
            let id = ids.next();
            assert!(id > last);
            assert_eq!(id & i64::from(NODE_MAX), 7);
            last = id;
        }
        clock.set(Timestamp::from_seconds(1_900_000_000));
        clock.advance(Duration::from_millis(1));
        assert!(ids.next() > last);
    }

    #[test]
    fn nodes_do_not_collide() {
        let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(1_800_000_000)));
        let (one, two) = (IdSource::new(clock.clone(), 1), IdSource::new(clock, 2));
        assert_ne!(one.next(), two.next());
    }
}
