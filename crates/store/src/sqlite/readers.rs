use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Semaphore;

use super::Connection;
use crate::copy::give_way;
use crate::{Context, StoreError, Tx};

/// Readers at the same time; more callers wait.
const READERS_MAX: usize = 8;

/// Connections for reading, made as needed and kept.
pub(super) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    places: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), idle: Mutex::new(Vec::new()), places: Arc::new(Semaphore::new(READERS_MAX)) }
    }

    pub(super) async fn read<T, E, F>(self: &Arc<Self>, context: Arc<Context>, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let stopping = |_| StoreError::Abandoned("it is stopping");
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(stopping)?;
        let readers = Arc::clone(self);
        let running = tokio::task::spawn_blocking(move || {
            let _place = place;
            readers.run(&context, work)
        });
        running.await.map_err(|_| StoreError::Abandoned("the reading work panicked"))?
    }

    pub(super) async fn read_apart<T, E, F>(&self, context: Arc<Context>, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.apart(move |connection| in_snapshot(connection, &context, work)).await
    }

    /// Runs `work` with a connection of its own, outside of a transaction.
    pub(super) async fn apart<T, E>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let path = self.path.clone();
        let running = tokio::task::spawn_blocking(move || work(&mut Connection::open_reader(&path)?));
        running.await.map_err(|_| StoreError::Abandoned("the reading work panicked"))?
    }

    /// As [`Self::read_apart`], on a thread of its own that gives way to all others: what lowered its priority once may not raise it again, so that
    /// none of the threads that others use could be taken.
    pub(super) async fn read_aside<T, E, F>(&self, context: Arc<Context>, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let path = self.path.clone();
        let (done, outcome) = tokio::sync::oneshot::channel();
        let read = move || in_snapshot(&mut Connection::open_reader(&path)?, &context, work);
        let thread = std::thread::Builder::new().name("read-aside".into()).spawn(move || {
            give_way();
            // Whoever waits no longer wants no answer.
            drop(done.send(read()));
        });
        thread.map_err(|cause| StoreError::io("a thread that reads", cause))?;
        outcome.await.map_err(|_| StoreError::Abandoned("the reading work panicked"))?
    }

    pub(super) fn run<T, E>(
        &self,
        context: &Arc<Context>,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<StoreError>,
    {
        let idle = self.idle.lock().pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => Connection::open_reader(&self.path)?,
        };
        connection.control("BEGIN")?;
        let outcome = work(&mut Tx::new(&mut connection, context));
        connection.control("COMMIT")?;
        self.idle.lock().push(connection);
        outcome
    }
}

/// Runs long `work` on a snapshot: what does not fit into memory is sorted in files.
fn in_snapshot<T, E: From<StoreError>>(
    connection: &mut Connection,
    context: &Arc<Context>,
    work: impl FnOnce(&mut Tx<'_>) -> Result<T, E>,
) -> Result<T, E> {
    connection.sort_in_files()?;
    connection.control("BEGIN")?;
    work(&mut Tx::new(connection, context))
}
