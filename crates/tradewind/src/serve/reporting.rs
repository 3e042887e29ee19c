//! DMARC reports: counts written from time to time, reports of a day sent; failure reports.

use std::sync::Arc;
use std::time::Duration;

use env::dns::Resolver;
use reports::{FailureFact, FailureReporter, Reporter, SendFor, Tally};
use smtp::Reporting;
use store::Store;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::system::System;

/// How often it is looked whether reports are due.
const SEND_EVERY: Duration = Duration::from_secs(600);

/// Failures that wait to be reported.
const FAILURES_MAX: usize = 64;

/// Starts what the settings ask for; gives what receiving mail needs for it.
pub(super) fn spawn(
    tasks: &TaskTracker,
    system: &System,
    dns: &Arc<dyn Resolver>,
    stop: &CancellationToken,
) -> Reporting {
    let settings = &system.settings.reports;
    let mut reporting = Reporting::default();
    if settings.dmarc {
        reporting.tally = Some(Arc::clone(&system.tally));
        tasks.spawn(write(Arc::clone(&system.tally), system.store.clone(), stop.clone()));
        let reporter = Reporter { store: system.store.clone(), dns: Arc::clone(dns), mailer: system.mailer() };
        tasks.spawn(send(reporter, stop.clone()));
    }
    if settings.failures {
        let (sender, receiver) = mpsc::channel(FAILURES_MAX);
        reporting.failures = Some(sender);
        let reporter = FailureReporter::new(system.store.clone(), Arc::clone(dns), system.mailer(), settings);
        tasks.spawn(report_failures(reporter, receiver, stop.clone()));
    }
    reporting.reads_dmarc = settings.read_dmarc;
    reporting
}

/// Writes counts in batches, and what is left at the stop.
async fn write(tally: Arc<Tally>, store: Store, stop: CancellationToken) {
    loop {
        let is_over = tokio::select! {
            () = stop.cancelled() => true,
            () = tally.wait() => false,
        };
        if let Err(error) = tally.flush(&store).await {
            tracing::error!(%error, "counts for DMARC reports are lost");
        }
        if is_over {
            return;
        }
    }
}

async fn send(reporter: Reporter, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(SEND_EVERY) => {}
        }
        match reporter.send(SendFor::Past).await {
            Ok(0) => {}
            Ok(sent) => tracing::info!(sent, "DMARC reports sent"),
            Err(error) => tracing::error!(%error, "cannot send DMARC reports"),
        }
    }
}

/// Reports failures one after the other.
async fn report_failures(
    reporter: FailureReporter,
    mut failures: mpsc::Receiver<FailureFact>,
    stop: CancellationToken,
) {
    loop {
        let fact = tokio::select! {
            () = stop.cancelled() => return,
            fact = failures.recv() => fact,
        };
        let Some(fact) = fact else { return };
        match reporter.report(fact).await {
            Ok(sent) => tracing::debug!(sent, "a failure was looked at"),
            Err(error) => tracing::error!(%error, "a failure cannot be reported"),
        }
    }
}
