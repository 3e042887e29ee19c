//! The engine beyond one machine: PostgreSQL, on which several nodes may work at once.

mod broadcast;
mod parts;
mod pool;
mod schema;
mod server;
mod session;
mod tls;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use broadcast::Broadcast;
pub(crate) use parts::RowParts;
use pool::Pool;
pub(crate) use server::Server;
use session::Session;

use crate::notice::Notice;
use crate::{Context, StoreError, Tx};

/// How often a writing transaction is tried that loses against others (serialisation failure, deadlock).
const ATTEMPTS_MAX: u32 = 8;

/// The longest wait before the second attempt; doubles with each further one.
const RETRY_WAIT_MAX: Duration = Duration::from_millis(5);

/// An open database.
pub(crate) struct Postgres {
    pool: Arc<Pool>,
    broadcast: Broadcast,
}

impl Postgres {
    /// Connects and makes or migrates the schema as needed.
    pub(crate) async fn open(url: &str, context: &Arc<Context>) -> Result<Self, StoreError> {
        let server = Server::parse(url)?;
        let (ours, now) = (server.clone(), context.clock.now());
        let opening = tokio::task::spawn_blocking(move || {
            let mut session = Session::open(&ours)?;
            schema::migrate(&mut session, now)?;
            Ok::<_, StoreError>(Pool::new(ours, session))
        });
        let pool = opening.await.map_err(|_| StoreError::Abandoned("opening it panicked"))??;
        Ok(Self { pool: Arc::new(pool), broadcast: Broadcast::start(server, Arc::clone(context)) })
    }

    /// Runs `work` in a transaction, again where it lost against another one, and commits it.
    pub(crate) async fn write<T, E, F>(&self, context: &Arc<Context>, mut work: F) -> Result<T, E>
    where
        F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let place = self.pool.writing_place().await?;
        let (pool, ours) = (Arc::clone(&self.pool), Arc::clone(context));
        let running = tokio::task::spawn_blocking(move || {
            let _place = place;
            let mut attempt = 1;
            loop {
                match try_write(&pool, &ours, &mut work) {
                    Attempt::Lost(_) if attempt < ATTEMPTS_MAX => {
                        std::thread::sleep(retry_wait(&ours, attempt));
                        attempt += 1;
                    }
                    Attempt::Lost(error) => return Err(error),
                    Attempt::Over(outcome) => return outcome,
                }
            }
        });
        let (value, notices) = running.await.map_err(|_| StoreError::Abandoned("the work panicked"))??;
        self.broadcast.send(&notices);
        for notice in notices {
            context.notices.publish(notice);
        }
        Ok(value)
    }

    /// Runs `work` on a snapshot.
    pub(crate) async fn read<T, E, F>(&self, context: &Arc<Context>, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let place = self.pool.reading_place().await?;
        let (pool, context) = (Arc::clone(&self.pool), Arc::clone(context));
        let running = tokio::task::spawn_blocking(move || {
            let _place = place;
            let mut session = pool.begin(Session::begin_read)?;
            let outcome = work(&mut Tx::new(&mut session, &context));
            if session.commit().is_ok() {
                pool.give_back(session);
            }
            outcome
        });
        running.await.map_err(|_| StoreError::Abandoned("the reading work panicked"))?
    }

    /// Reads parts of the blobs that are in rows.
    pub(crate) fn row_parts(&self) -> RowParts {
        RowParts::new(Arc::clone(&self.pool))
    }

    /// Waits for what runs, passes on the last wake-ups, closes the connections.
    pub(crate) async fn stop(&self) {
        self.pool.stop().await;
        self.broadcast.stop().await;
    }
}

enum Attempt<T, E> {
    /// Another transaction was in the way.
    Lost(E),
    Over(Result<(T, Vec<Notice>), E>),
}

fn try_write<T, E, F>(pool: &Pool, context: &Arc<Context>, work: &mut F) -> Attempt<T, E>
where
    F: FnMut(&mut Tx<'_>) -> Result<T, E>,
    E: From<StoreError>,
{
    let mut session = match pool.begin(Session::begin_write) {
        Ok(session) => session,
        Err(error) => return Attempt::Over(Err(error.into())),
    };
    let mut tx = Tx::new(&mut session, context);
    let outcome = catch_unwind(AssertUnwindSafe(|| tx.run(&mut *work)))
        .unwrap_or_else(|_| Err(StoreError::Abandoned("the work panicked").into()));
    let notices = tx.take_notices();
    let outcome = match outcome {
        Ok(value) => session.commit().map(|()| (value, notices)).map_err(E::from),
        Err(error) => {
            if let Err(error) = session.roll_back() {
                tracing::debug!(%error, "the connection to the database was lost before the rollback");
            }
            Err(error)
        }
    };
    let lost = session.met_conflict();
    pool.give_back(session);
    match outcome {
        Err(error) if lost => Attempt::Lost(error),
        outcome => Attempt::Over(outcome),
    }
}

/// Between nothing and twice as much as after the attempt before, at random, so that two that met do not meet again.
fn retry_wait(context: &Context, attempt: u32) -> Duration {
    let most = RETRY_WAIT_MAX.saturating_mul(1 << attempt.min(ATTEMPTS_MAX)).as_micros();
    let most = u64::try_from(most).unwrap_or(u64::MAX).max(1);
    Duration::from_micros(context.entropy.next_u64() % most)
}
