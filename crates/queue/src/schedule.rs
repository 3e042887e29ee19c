//! When a deferred recipient is tried again, as data.

use std::time::Duration;

use env::{Entropy, Timestamp};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

/// Waits between attempts, and when to give up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// Wait after the first attempt, after the second, and so on; the last one repeats.
    pub steps: Vec<Duration>,
    /// Each wait is lengthened at random by up to this many percent, so that messages deferred together come back apart.
    pub jitter_percent: u32,
    /// Age at which delivery is given up: at least 4 to 5 days (RFC 5321 section 4.5.4.1).
    pub expire_after: Duration,
    /// Age at which the sender is told that it takes long.
    pub delay_notice_after: Duration,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            steps: vec![MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR],
            jitter_percent: 20,
            expire_after: 5 * 24 * HOUR,
            delay_notice_after: 4 * HOUR,
        }
    }
}

/// When a recipient that has been tried `attempts` times, just now in vain, is tried again. Never later than one second
/// before `expires`, so that there is a last attempt before delivery is given up.
#[must_use]
pub fn next_attempt(
    schedule: &Schedule,
    attempts: u32,
    now: Timestamp,
    expires: Timestamp,
    entropy: &dyn Entropy,
) -> Timestamp {
    let index = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
    let wait = schedule.steps.get(index).or(schedule.steps.last()).copied().unwrap_or(HOUR);
    let spread = wait.as_millis() * u128::from(schedule.jitter_percent) / 100;
    let spread = u64::try_from(spread).unwrap_or(u64::MAX);
    let jitter = if spread == 0 { 0 } else { entropy.next_u64() % spread.saturating_add(1) };
    let next = now.plus(wait).plus(Duration::from_millis(jitter));
    let last_chance = Timestamp::from_millis(expires.millis().saturating_sub(1_000));
    if last_chance > now && next > last_chance { last_chance } else { next }
}

#[cfg(test)]
mod tests {
    use super::*;
    use env::SeededEntropy;

    #[test]
    fn waits_grow_then_repeat_and_a_last_attempt_precedes_the_end() {
        let schedule = Schedule { jitter_percent: 0, ..Schedule::default() };
        let entropy = SeededEntropy::new(1);
        let now = Timestamp::from_seconds(1_800_000_000);
        let far = now.plus(schedule.expire_after);
        let wait = |attempts| next_attempt(&schedule, attempts, now, far, &entropy).since(now);
        assert_eq!(wait(1), MINUTE);
        assert_eq!(wait(2), 5 * MINUTE);
        assert_eq!(wait(7), 4 * HOUR);
        assert_eq!(wait(1_000), 4 * HOUR);
        let soon = now.plus(HOUR);
        assert_eq!(next_attempt(&schedule, 7, now, soon, &entropy), now.plus(HOUR - Duration::from_secs(1)));
    }

    #[test]
    fn jitter_only_lengthens() {
        let schedule = Schedule::default();
        let entropy = SeededEntropy::new(2);
        let now = Timestamp::from_seconds(1_800_000_000);
        for _ in 0..1_000 {
            let wait = next_attempt(&schedule, 3, now, now.plus(24 * HOUR), &entropy).since(now);
            assert!(wait >= 15 * MINUTE && wait <= 18 * MINUTE, "{wait:?}");
        }
    }
}
