//! Whether the machine's clock can be believed: what is removed because of its age is not removed by a clock that has jumped ahead.

use std::time::Duration;

use env::Timestamp;

/// How much further than time itself the clock may go.
const AHEAD_MAX: Duration = Duration::from_secs(86_400);

/// After so long a clock that is still ahead is believed: it may have been wrong before.
const DOUBTED_FOR: Duration = Duration::from_secs(86_400);

/// Compares the clock with the time that has passed, which nobody sets.
#[derive(Debug)]
pub(super) struct Steady {
    /// What the clock showed, and how much time had passed then.
    base: (Timestamp, Duration),
    /// When it was found ahead.
    doubted: Option<Duration>,
}

impl Steady {
    /// Believes the clock, which shows `now` after `passed`.
    pub(super) fn new(now: Timestamp, passed: Duration) -> Self {
        Self { base: (now, passed), doubted: None }
    }

    /// How far the clock is ahead, if it is not to be believed; it shows `now` after `passed`.
    pub(super) fn ahead(&mut self, now: Timestamp, passed: Duration) -> Option<Duration> {
        let (wall, then) = self.base;
        let ahead = now.since(wall.plus(passed.saturating_sub(then)));
        let since = *self.doubted.get_or_insert(passed);
        if ahead <= AHEAD_MAX || passed.saturating_sub(since) >= DOUBTED_FOR {
            *self = Self::new(now, passed);
            return None;
        }
        Some(ahead)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    #[test]
    fn a_clock_that_jumps_ahead_is_doubted_for_a_day() {
        let start = Timestamp::from_seconds(1_800_000_000);
        let mut steady = Steady::new(start, Duration::ZERO);
        assert_eq!(steady.ahead(start.plus(HOUR), HOUR), None);
        let leap = HOUR * 24 * 300;
        let after = |hours: u32| start.plus(leap + HOUR * hours);
        assert_eq!(steady.ahead(after(2), HOUR * 2), Some(leap));
        assert_eq!(steady.ahead(after(25), HOUR * 25), Some(leap));
        assert_eq!(steady.ahead(after(26), HOUR * 26), None, "a day later it is believed");
        assert_eq!(steady.ahead(after(27), HOUR * 27), None);
    }

    #[test]
    fn a_clock_that_is_set_right_again_is_believed_at_once() {
        let start = Timestamp::from_seconds(1_800_000_000);
        let mut steady = Steady::new(start, Duration::ZERO);
        assert!(steady.ahead(start.plus(HOUR * 100), HOUR).is_some());
        assert_eq!(steady.ahead(start.plus(HOUR * 2), HOUR * 2), None);
        assert_eq!(steady.ahead(Timestamp::from_seconds(0), HOUR * 3), None, "one set back removes nothing");
        assert!(steady.ahead(start, HOUR * 4).is_some(), "and from there on this is a jump ahead");
        // A machine that slept for two hours.
        let mut steady = Steady::new(start, Duration::ZERO);
        assert_eq!(steady.ahead(start.plus(HOUR * 3), HOUR), None);
    }
}
