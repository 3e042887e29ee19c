//! Whether DNS works at all. Where it does not, a message with a dozen names must not wait for a dozen time-outs.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// How long what was found out counts.
const COUNTS_FOR: Duration = Duration::from_secs(5);

/// What is known of it.
#[derive(Debug, Default)]
pub(crate) struct Health(Mutex<State>);

#[derive(Debug, Clone, Copy, Default)]
struct State {
    is_down: bool,
    /// When somebody last began to find out.
    checked: Option<Instant>,
}

impl Health {
    /// Whether a question is worth asking. While DNS is down, one caller after each pause finds out by `works`; all others are told
    /// no at once.
    pub(crate) async fn admits<F: Future<Output = bool>>(&self, works: impl FnOnce() -> F) -> bool {
        if !self.0.lock().is_down {
            return true;
        }
        self.doubt(works).await;
        !self.0.lock().is_down
    }

    /// Finds out by `works` whether DNS is down, unless that was found out a moment ago.
    pub(crate) async fn doubt<F: Future<Output = bool>>(&self, works: impl FnOnce() -> F) {
        {
            let mut state = self.0.lock();
            if state.checked.is_some_and(|checked| checked.elapsed() < COUNTS_FOR) {
                return;
            }
            state.checked = Some(Instant::now());
        }
        let is_down = !works().await;
        let mut state = self.0.lock();
        if is_down != state.is_down {
            tracing::warn!(works = !is_down, "DNS changed its state");
        }
        *state = State { is_down, checked: Some(Instant::now()) };
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_while_it_is_down() {
        let (health, asked) = (Health::default(), AtomicUsize::new(0));
        let finds = |works: bool| {
            let asked = &asked;
            move || async move {
                asked.fetch_add(1, Ordering::SeqCst);
                works
            }
        };
        assert!(health.admits(finds(false)).await, "what is not known to be down is tried");
        assert_eq!(asked.load(Ordering::SeqCst), 0);
        health.doubt(finds(false)).await;
        for _ in 0..100 {
            assert!(!health.admits(finds(true)).await);
        }
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        tokio::time::advance(COUNTS_FOR).await;
        assert!(health.admits(finds(true)).await);
        assert_eq!(asked.load(Ordering::SeqCst), 2);
        // One name that fails does not make it down.
        tokio::time::advance(COUNTS_FOR).await;
        health.doubt(finds(true)).await;
        assert!(health.admits(finds(false)).await);
    }
}
