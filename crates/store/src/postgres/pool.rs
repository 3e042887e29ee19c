use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Server, Session};
use crate::StoreError;

/// How long a transaction waits for a connection.
const PLACE_WAIT: Duration = Duration::from_secs(30);

/// How long a stopping store waits for transactions to end.
const STOP_WAIT: Duration = Duration::from_secs(5);

/// Of the connections one in so many is for parts of blobs.
const PART_SHARE: usize = 6;

/// Connections, made as needed and kept. Half of the places are for writing, so that neither long reads nor many writes keep the others
/// out. Parts of blobs have places of their own: who reads one may hold a place for reading, and must not wait for another such.
pub(super) struct Pool {
    server: Server,
    idle: Mutex<Vec<Session>>,
    writes: Arc<Semaphore>,
    reads: Arc<Semaphore>,
    parts: Parts,
}

/// Places that threads wait for.
struct Parts {
    free: Mutex<usize>,
    freed: Condvar,
}

/// A place for reading a part of a blob; given back when dropped.
pub(super) struct PartPlace<'p>(&'p Parts);

impl Drop for PartPlace<'_> {
    fn drop(&mut self) {
        *self.0.free.lock() += 1;
        self.0.freed.notify_one();
    }
}

impl Pool {
    pub(super) fn new(server: Server, first: Session) -> Self {
        let writes = server.connections / 2;
        // A node with very few connections may open one more than it was given.
        let parts = (server.connections / PART_SHARE).max(1);
        let reads = (server.connections - writes).saturating_sub(parts).max(1);
        Self {
            server,
            idle: Mutex::new(vec![first]),
            writes: Arc::new(Semaphore::new(writes)),
            reads: Arc::new(Semaphore::new(reads)),
            parts: Parts { free: Mutex::new(parts), freed: Condvar::new() },
        }
    }

    pub(super) async fn writing_place(&self) -> Result<OwnedSemaphorePermit, StoreError> {
        wait(&self.writes).await
    }

    pub(super) async fn reading_place(&self) -> Result<OwnedSemaphorePermit, StoreError> {
        wait(&self.reads).await
    }

    /// Waits for a place for reading a part of a blob. Blocks.
    pub(super) fn part_place(&self) -> Result<PartPlace<'_>, StoreError> {
        let mut free = self.parts.free.lock();
        if self.parts.freed.wait_while_for(&mut free, |free| *free == 0, PLACE_WAIT).timed_out() && *free == 0 {
            return Err(busy());
        }
        *free -= 1;
        Ok(PartPlace(&self.parts))
    }

    /// A connection on which `begin` has begun a transaction. Blocks.
    pub(super) fn begin(&self, begin: impl Fn(&mut Session) -> Result<(), StoreError>) -> Result<Session, StoreError> {
        // An idle connection may have died with the server; then all of them have.
        let idle = self.idle.lock().pop();
        if let Some(mut session) = idle {
            match begin(&mut session) {
                Ok(()) => return Ok(session),
                Err(error) if session.is_closed() => {
                    tracing::debug!(%error, "a connection to the database was lost while it was idle");
                    let dead = std::mem::take(&mut *self.idle.lock());
                    drop(dead);
                }
                Err(error) => return Err(error),
            }
        }
        let mut session = Session::open(&self.server)?;
        begin(&mut session)?;
        Ok(session)
    }

    /// Takes back a connection whose transaction has ended; drops it if it is of no more use. Blocks.
    pub(super) fn give_back(&self, session: Session) {
        if !session.is_closed() && !self.writes.is_closed() {
            self.idle.lock().push(session);
        }
    }

    /// Waits for the transactions that run or wait, refuses new ones, and closes the connections.
    pub(super) async fn stop(&self) {
        for (places, number) in [(&self.writes, self.server.connections / 2), (&self.reads, 1)] {
            let number = u32::try_from(number).unwrap_or(1);
            if tokio::time::timeout(STOP_WAIT, places.acquire_many(number)).await.is_err() {
                tracing::warn!("the store stops while transactions are still running");
            }
            places.close();
        }
        self.close_idle();
    }

    /// Closing a connection blocks, which the calling thread may not be allowed to.
    fn close_idle(&self) {
        let idle = std::mem::take(&mut *self.idle.lock());
        if !idle.is_empty() {
            std::thread::spawn(move || drop(idle));
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.close_idle();
    }
}

async fn wait(places: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, StoreError> {
    match tokio::time::timeout(PLACE_WAIT, Arc::clone(places).acquire_owned()).await {
        Ok(Ok(place)) => Ok(place),
        Ok(Err(_)) => Err(StoreError::Abandoned("it is stopping")),
        Err(_) => Err(busy()),
    }
}

fn busy() -> StoreError {
    StoreError::Unreachable { cause: format!("all connections were busy for {} s", PLACE_WAIT.as_secs()) }
}
