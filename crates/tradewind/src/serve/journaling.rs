//! Reports of the journal of mail go to journals elsewhere.

use std::time::Duration;

use letters::{Letter, LetterError, Mailer};
use retention::RetentionError;
use retention::journal::{PendingReport, next_report, report, sent};
use store::{Store, StoreError, Tx};
use tokio_util::sync::CancellationToken;

/// How often it is looked for reports that are to be sent.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Why a report was not sent.
#[derive(Debug, thiserror::Error)]
enum ReportError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Retention(#[from] RetentionError),
    #[error(transparent)]
    Letter(#[from] LetterError),
    #[error(transparent)]
    Queue(#[from] queue::QueueError),
    #[error(transparent)]
    Content(#[from] mailbox::MailboxError),
    #[error("reading a message panicked")]
    Panicked,
}

/// Sends again and again until `stop`.
pub(super) async fn run(store: Store, mailer: Mailer, stop: CancellationToken) {
    loop {
        if let Err(error) = send_all(&store, &mailer, &stop).await {
            tracing::error!(%error, "reports of the journal cannot be sent; it is tried again");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// Sends what waits, one after the other; one that cannot be sent does not keep back the others.
async fn send_all(store: &Store, mailer: &Mailer, stop: &CancellationToken) -> Result<(), ReportError> {
    let mut after = (0, 0);
    while !stop.is_cancelled() {
        let Some(pending) = store.read(move |tx| next_report(tx, after)).await? else { return Ok(()) };
        after = (pending.entry, pending.rule);
        if let Err(error) = send(store, mailer, pending).await {
            tracing::error!(entry = after.0, %error, "a report of the journal cannot be sent; it is tried again");
        }
    }
    Ok(())
}

/// Puts the letter into the queue and takes the report out of those that wait, in one transaction.
async fn send(store: &Store, mailer: &Mailer, pending: PendingReport) -> Result<(), ReportError> {
    let PendingReport { organisation, entry, rule, to, from_domain, envelope, source } = pending;
    let Some(to) = to else {
        return Ok(store.write(move |tx| sent(tx, entry, rule).map(drop)).await?);
    };
    let handle = store.clone();
    let reading = tokio::task::spawn_blocking(move || source.reader(handle.blobs()).read_all());
    let raw = reading.await.map_err(|_| ReportError::Panicked)??;
    let from = format!("postmaster@{}", from_domain.as_deref().unwrap_or(mailer.hostname()));
    let (id, now) = (mailer.message_id(), store.context().clock.now());
    let letter = report(&envelope, &raw, (&format!("<{from}>"), &to), &id, now);
    let utf8 = !to.is_ascii();
    let ready = mailer.ready(Letter { utf8, ..Letter::new(organisation, vec![to], letter) }).await?;
    let post = move |tx: &mut Tx<'_>| {
        // Another node may have sent it meanwhile.
        if sent(tx, entry, rule)? {
            ready.post(tx)?;
        }
        Ok::<_, ReportError>(())
    };
    store.write(post).await
}
