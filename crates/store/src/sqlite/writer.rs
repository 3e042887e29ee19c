use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use parking_lot::Mutex;
use tokio::sync::mpsc;

use super::Connection;
use crate::notice::Notice;
use crate::{Context, StoreError, Tx};

/// Pieces of work that wait for the writer; more callers wait for a place.
const WAITING_MAX: usize = 256;

/// Pieces of work committed together. More would only make the first of them wait.
const GROUP_MAX: usize = 128;

/// Work for the writer thread.
pub(crate) trait Job: Send {
    /// Runs the work in `tx`; says whether its changes are to be kept.
    fn run(&mut self, tx: &mut Tx<'_>) -> bool;
    /// Hands the result to whoever waits, now that the group is committed or lost.
    fn finish(self: Box<Self>, commit: Result<(), CommitFailure>);
}

/// Why a group was not committed; given to each of its jobs.
#[derive(Debug, Clone)]
pub(crate) enum CommitFailure {
    Full(PathBuf),
    Failed(String),
}

impl From<CommitFailure> for StoreError {
    fn from(failure: CommitFailure) -> Self {
        match failure {
            CommitFailure::Full(path) => Self::Full { path },
            CommitFailure::Failed(cause) => Self::Commit { cause },
        }
    }
}

impl From<&StoreError> for CommitFailure {
    fn from(error: &StoreError) -> Self {
        match error {
            StoreError::Full { path } => Self::Full(path.clone()),
            other => Self::Failed(other.to_string()),
        }
    }
}

/// The thread that owns the writing connection.
pub(super) struct Writer {
    jobs: Mutex<Option<mpsc::Sender<Box<dyn Job>>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub(super) fn start(connection: Connection, context: Arc<Context>) -> Result<Self, StoreError> {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || run(connection, receiver, &context))
            .map_err(|cause| StoreError::io("store writer thread", cause))?;
        Ok(Self { jobs: Mutex::new(Some(sender)), thread: Mutex::new(Some(thread)) })
    }

    pub(super) async fn submit(&self, job: Box<dyn Job>) -> Result<(), StoreError> {
        let jobs = self.jobs.lock().clone().ok_or(StoreError::Abandoned("it is stopping"))?;
        jobs.send(job).await.map_err(|_| StoreError::Abandoned("it has stopped"))
    }

    pub(super) fn stop(&self) {
        drop(self.jobs.lock().take());
        if let Some(thread) = self.thread.lock().take()
            && thread.join().is_err()
        {
            tracing::error!("the store's writer thread ended in a panic");
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.stop();
    }
}

fn run(mut connection: Connection, mut jobs: mpsc::Receiver<Box<dyn Job>>, context: &Arc<Context>) {
    let mut group = Vec::with_capacity(GROUP_MAX);
    while jobs.blocking_recv_many(&mut group, GROUP_MAX) > 0 {
        commit_group(&mut connection, context, &mut group);
    }
}

/// Runs the jobs of `group` and commits them together. A job that fails undoes only its own changes.
fn commit_group(connection: &mut Connection, context: &Arc<Context>, group: &mut Vec<Box<dyn Job>>) {
    // Savepoints cost a copy of each page that a job touches, and failures are rare: only a group in which a job
    // fails is run again with them.
    let outcome = match run_group(connection, context, group, Failures::SpoilTheGroup) {
        Ok(Some(notices)) => Ok(notices),
        Ok(None) => run_group(connection, context, group, Failures::AreUndone).map(Option::unwrap_or_default),
        Err(error) => Err(error),
    };
    let failure = outcome.as_ref().err().map(CommitFailure::from);
    // Before anybody is told that the work is done: whoever hears of it and looks elsewhere must find it told there too.
    for notice in outcome.unwrap_or_default() {
        context.notices.publish(notice);
    }
    for job in group.drain(..) {
        job.finish(failure.clone().map_or(Ok(()), Err));
    }
}

/// What becomes of a group in which a job fails.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Failures {
    /// All is rolled back.
    SpoilTheGroup,
    /// The job's changes are rolled back, the others' stay.
    AreUndone,
}

/// Runs and commits `group`; nothing if it was rolled back because a job failed.
fn run_group(
    connection: &mut Connection,
    context: &Arc<Context>,
    group: &mut [Box<dyn Job>],
    failures: Failures,
) -> Result<Option<Vec<Notice>>, StoreError> {
    let outcome = run_jobs(connection, context, group, failures);
    if !matches!(outcome, Ok(Some(_)))
        && !connection.is_idle()
        && let Err(error) = connection.control("ROLLBACK")
    {
        tracing::error!(%error, "the store cannot roll back");
    }
    outcome
}

fn run_jobs(
    connection: &mut Connection,
    context: &Arc<Context>,
    group: &mut [Box<dyn Job>],
    failures: Failures,
) -> Result<Option<Vec<Notice>>, StoreError> {
    let mut notices = Vec::new();
    connection.control("BEGIN IMMEDIATE")?;
    let single = group.len() == 1;
    for job in group {
        if failures == Failures::AreUndone {
            connection.control("SAVEPOINT job")?;
        }
        let mut tx = Tx::new(connection, context);
        // A panic in one piece of work must not take the writer and with it the whole service.
        let keep = catch_unwind(AssertUnwindSafe(|| job.run(&mut tx))).unwrap_or(false);
        let job_notices = tx.take_notices();
        if connection.is_idle() {
            // SQLite has rolled back everything by itself, as it may when the disk is full.
            return Err(StoreError::Full { path: connection.path().to_owned() });
        }
        match (keep, failures) {
            (true, _) => notices.extend(job_notices),
            (false, Failures::AreUndone) => connection.control("ROLLBACK TO job")?,
            // Alone in its group, the job has its result already.
            (false, Failures::SpoilTheGroup) if single => {
                connection.control("ROLLBACK")?;
                return Ok(Some(Vec::new()));
            }
            (false, Failures::SpoilTheGroup) => return Ok(None),
        }
        if failures == Failures::AreUndone {
            connection.control("RELEASE job")?;
        }
    }
    connection.control("COMMIT")?;
    Ok(Some(notices))
}
