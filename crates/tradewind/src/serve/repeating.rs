//! Work that is done again and again beside serving.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// Does `work` after `first`, and again after the wait that it gives, until `stop`, which breaks it off.
pub(super) async fn repeat<F>(stop: CancellationToken, first: Duration, mut work: impl FnMut() -> F)
where
    F: Future<Output = Duration>,
{
    let mut wait = first;
    let all = async {
        loop {
            tokio::time::sleep(wait).await;
            wait = work().await;
        }
    };
    stop.run_until_cancelled(all).await;
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn work_says_when_it_is_done_again_and_ends_with_stop() {
        let (stop, times) = (CancellationToken::new(), Cell::new(0));
        let stopping = stop.clone();
        repeat(stop, Duration::ZERO, || async {
            times.set(times.get() + 1);
            if times.get() == 3 {
                stopping.cancel();
                // Broken off, not waited for.
                std::future::pending::<()>().await;
            }
            Duration::from_millis(1)
        })
        .await;
        assert_eq!(times.get(), 3);
    }
}
