//! How slowly a peer may send: an idle limit for each read, and a least average rate against peers that keep a
//! session open with a byte now and then.

use std::time::Duration;

use tokio::time::Instant;

/// What is asked of a peer that sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadPolicy {
    /// Longest wait for the next byte.
    pub idle: Duration,
    /// Time for free, before the average rate counts.
    pub grace: Duration,
    /// Least average rate after the grace time, in bytes per second; zero asks for none.
    pub bytes_per_second_min: u32,
}

/// One transfer under a [`ReadPolicy`].
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    policy: ReadPolicy,
    /// When the transfer has lasted longer than it may, as far as bytes have arrived.
    due: Option<Instant>,
}

impl Pace {
    /// A transfer that begins now.
    #[must_use]
    pub fn begin(policy: ReadPolicy) -> Self {
        let due = (policy.bytes_per_second_min > 0).then(|| Instant::now() + policy.grace);
        Self { policy, due }
    }

    /// Counts bytes that have arrived; each buys time.
    pub fn note(&mut self, bytes: usize) {
        if let Some(due) = &mut self.due {
            let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
            let micros = bytes.saturating_mul(1_000_000) / u64::from(self.policy.bytes_per_second_min);
            *due += Duration::from_micros(micros.min(MICROS_PER_READ_MAX));
        }
    }

    /// How long the next byte may take; zero if the peer has been too slow already.
    #[must_use]
    pub fn allowance(&self) -> Duration {
        match self.due {
            Some(due) => self.policy.idle.min(due.saturating_duration_since(Instant::now())),
            None => self.policy.idle,
        }
    }
}

/// Most time that one read can buy: keeps the sum of instants far from overflow.
const MICROS_PER_READ_MAX: u64 = 3600 * 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    #[tokio::test(start_paused = true)]
    async fn a_trickle_runs_out_of_time() {
        let second = Duration::from_secs(1);
        let mut pace = Pace::begin(ReadPolicy { idle: 60 * second, grace: 10 * second, bytes_per_second_min: 1000 });
        assert_eq!(pace.allowance(), 10 * second);
        pace.note(100_000);
        assert_eq!(pace.allowance(), 60 * second);
        advance(100 * second).await;
        assert_eq!(pace.allowance(), 10 * second);
        for _ in 0..100 {
            advance(second).await;
            pace.note(1);
        }
        assert_eq!(pace.allowance(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_rate_only_idleness_counts() {
        let idle = Duration::from_secs(1800);
        let pace = Pace::begin(ReadPolicy { idle, grace: Duration::ZERO, bytes_per_second_min: 0 });
        advance(idle * 10).await;
        assert_eq!(pace.allowance(), idle);
    }
}
