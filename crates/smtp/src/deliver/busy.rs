//! Which destinations take no more at present: one that is dead or slow holds up only itself.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use env::Timestamp;
use parking_lot::Mutex;

/// Destinations that are remembered; beyond it those without work are forgotten.
const REMEMBERED_MAX: usize = 10_000;

/// Deliveries under way and pauses, by destination.
#[derive(Default)]
pub(super) struct Busy {
    states: Arc<Mutex<HashMap<i64, State>>>,
}

#[derive(Default)]
struct State {
    running: usize,
    paused_until: Timestamp,
}

/// A delivery under way; ends when dropped.
pub(super) struct Place {
    destination: i64,
    states: Arc<Mutex<HashMap<i64, State>>>,
}

impl Busy {
    /// Destinations that have all the connections they may have, or are left alone for a while.
    pub(super) fn excluded(&self, now: Timestamp, per_destination_max: usize) -> HashSet<i64> {
        let mut states = self.states.lock();
        if states.len() > REMEMBERED_MAX {
            states.retain(|_, state| state.running > 0 || state.paused_until > now);
        }
        let busy = states.iter().filter(|(_, state)| state.running >= per_destination_max || state.paused_until > now);
        busy.map(|(destination, _)| *destination).collect()
    }

    pub(super) fn enter(&self, destination: i64) -> Place {
        self.states.lock().entry(destination).or_default().running += 1;
        Place { destination, states: Arc::clone(&self.states) }
    }

    /// Leaves the destination alone until then.
    pub(super) fn pause(&self, destination: i64, until: Timestamp) {
        self.states.lock().entry(destination).or_default().paused_until = until;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut states = self.states.lock();
        if let Some(state) = states.get_mut(&self.destination) {
            state.running = state.running.saturating_sub(1);
            if state.running == 0 && state.paused_until == Timestamp::default() {
                states.remove(&self.destination);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_or_paused_destination_is_left_out_and_comes_back() {
        let busy = Busy::default();
        let now = Timestamp::from_seconds(1000);
        let place = busy.enter(7);
        assert!(busy.excluded(now, 1).contains(&7));
        drop(place);
        assert!(busy.excluded(now, 1).is_empty());
        busy.pause(8, Timestamp::from_seconds(1060));
        assert!(busy.excluded(now, 1).contains(&8));
        assert!(busy.excluded(Timestamp::from_seconds(1060), 1).is_empty());
    }
}
