//! DMARC reports: counts written from time to time, reports of a day sent, those of others read.

use std::sync::Arc;
use std::time::Duration;

use env::dns::Resolver;
use reports::{Reporter, SendFor, Tally};
use smtp::Reporting;
use store::Store;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::system::System;

/// How often it is looked whether reports are due.
const SEND_EVERY: Duration = Duration::from_secs(600);

/// Messages that wait to be read as reports.
const INBOUND_MAX: usize = 8;

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
    if settings.read_dmarc {
        let (sender, receiver) = mpsc::channel(INBOUND_MAX);
        reporting.inbound = Some(sender);
        tasks.spawn(read(receiver, system.store.clone(), stop.clone()));
    }
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

/// Reads reports one after the other: unpacking takes memory.
async fn read(mut inbound: mpsc::Receiver<Vec<u8>>, store: Store, stop: CancellationToken) {
    loop {
        let message = tokio::select! {
            () = stop.cancelled() => return,
            message = inbound.recv() => message,
        };
        let Some(message) = message else { return };
        let reading = tokio::task::spawn_blocking(move || reports::read_message(&message));
        let report = match reading.await {
            Ok(Ok(report)) => report,
            Ok(Err(error)) => {
                tracing::info!(%error, "a message that looks like a DMARC report is none");
                continue;
            }
            Err(_) => continue,
        };
        let (domain, reporter) = (report.domain.clone(), report.reporter.clone());
        match reports::keep(&store, report).await {
            Ok(is_new) => tracing::info!(domain, reporter, is_new, "a DMARC report on a domain of ours was read"),
            Err(error) => tracing::error!(%error, "a DMARC report cannot be kept"),
        }
    }
}
