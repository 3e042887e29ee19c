//! The embedded engine: SQLite with one writer thread that commits waiting work in groups, and snapshot readers.

mod connection;
mod readers;
mod writer;

use std::path::Path;
use std::sync::Arc;

use crate::{Context, StoreError, Tx};

pub(crate) use connection::Connection;
use readers::Readers;
use writer::Writer;
pub(crate) use writer::{CommitFailure, Job};

/// An open SQLite database.
pub(crate) struct Sqlite {
    writer: Writer,
    readers: Arc<Readers>,
}

impl Sqlite {
    /// Opens the database at `path`, making or migrating it as needed.
    pub(crate) fn open(path: &Path, context: &Arc<Context>) -> Result<Self, StoreError> {
        connection::check_library()?;
        let mut connection = Connection::open_writer(path)?;
        connection.migrate(context.clock.now())?;
        let readers = Arc::new(Readers::new(path));
        Ok(Self { writer: Writer::start(connection, Arc::clone(context))?, readers })
    }

    /// For each segment with blobs, where the last of them ends.
    pub(crate) fn segment_ends(&self, context: &Arc<Context>) -> Result<Vec<(i64, u64)>, StoreError> {
        self.readers.run(context, |tx| {
            tx.rows("SELECT segment, MAX(position + length) FROM blob WHERE segment > 0 GROUP BY segment", &[], |row| {
                Ok((row.int(0)?, row.int(1)?.unsigned_abs()))
            })
        })
    }

    /// Looks at every page of the file.
    pub(crate) fn check_pages(&self, context: &Arc<Context>) -> Result<(), StoreError> {
        let lines =
            self.readers.run(context, |tx| tx.rows("PRAGMA quick_check(3)", &[], |row| Ok(row.text(0)?.to_owned())))?;
        let broken: Vec<String> = lines.into_iter().filter(|line| line != "ok").collect();
        if broken.is_empty() { Ok(()) } else { Err(StoreError::Database { what: broken.join("; ") }) }
    }

    /// Hands `job` to the writer thread; waits for a place in its queue.
    pub(crate) async fn submit(&self, job: Box<dyn Job>) -> Result<(), StoreError> {
        self.writer.submit(job).await
    }

    /// Runs `work` on a snapshot, on a thread that may block.
    pub(crate) async fn read<T, E, F>(&self, context: &Arc<Context>, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.readers.read(Arc::clone(context), work).await
    }

    /// Runs `work` on a snapshot with a connection of its own, which sorts in temporary files rather than in memory.
    pub(crate) async fn read_apart<T, E, F>(&self, context: &Arc<Context>, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.readers.read_apart(Arc::clone(context), work).await
    }

    /// As [`Self::read_apart`], giving way to all else.
    pub(crate) async fn read_aside<T, E, F>(&self, context: &Arc<Context>, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.readers.read_aside(Arc::clone(context), work).await
    }

    /// Copies the whole write-ahead log into the database and cuts it off.
    pub(crate) async fn empty_log(&self) -> Result<(), StoreError> {
        self.readers.apart(Connection::empty_log).await
    }

    /// Finishes what waits and stops the writer thread.
    pub(crate) fn stop(&self) {
        self.writer.stop();
    }
}
