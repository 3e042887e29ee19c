//! The store: transactions on SQLite inside the process or on PostgreSQL, one schema, blobs, keys and wake-ups.
//!
//! Logic is written once as plain functions over a [`Tx`]: `store.write(|tx| mailbox::append(tx, ..)).await` and
//! `store.read(|tx| ..)`. Work given to [`Store::write`] must only write rows: parsing, compressing and encrypting
//! happen before, on the caller's thread. A result of [`Store::write`] is durable.
//!
//! Knows nothing of mail protocols.

pub mod account;
pub mod blobs;
pub mod check;
pub mod collect;
pub mod copy;
mod dialect;
mod engine;
pub mod erasures;
mod error;
pub mod holds;
pub mod journal;
mod keyring;
mod migrate;
mod named;
mod notice;
pub mod owned;
pub mod page;
mod place;
mod postgres;
mod probe;
pub mod restrictions;
pub mod rotate;
pub mod scrub;
pub mod sealed;
mod space;
mod sqlite;
#[cfg(feature = "testing")]
pub mod testing;
mod tx;
mod value;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crypto::keys::{Key, Region};
use env::{Clock, Entropy, IdSource};
use tokio::sync::oneshot;

pub use blobs::{Blobs, Location, Sealed, StagedBlob};
pub use error::StoreError;
pub use keyring::Keyring;
pub use notice::{Notice, Notices};
pub use place::Place;
pub use probe::Probe;
pub use tx::Tx;
pub use value::{Row, Value};

use self::postgres::Postgres;
use space::{BLOB_RESERVE_BYTES, Space, WRITE_RESERVE_BYTES};
use sqlite::{CommitFailure, Job, Sqlite};

/// What every transaction can use.
pub struct Context {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives randomness for keys and nonces.
    pub entropy: Arc<dyn Entropy>,
    /// Makes identifiers.
    pub ids: IdSource,
    /// Opens the keys of organisations and accounts.
    pub keys: Keyring,
    /// Distributes wake-ups.
    pub notices: Notices,
}

impl Context {
    /// What the store of the node numbered `node` is opened with.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>, node: u16, region: Key<Region>) -> Arc<Self> {
        Arc::new(Self {
            ids: IdSource::new(Arc::clone(&clock), node),
            keys: Keyring::new(region),
            notices: Notices::default(),
            clock,
            entropy,
        })
    }
}

/// An open store. Cheap to clone.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    context: Arc<Context>,
    database: Database,
    blobs: Blobs,
    /// Of an embedded store; a database server watches its own.
    space: Option<Space>,
    probed: probe::Kept,
    /// Copies being taken, for which blobs and segments stay that nobody else needs.
    blobs_held: AtomicU64,
    /// Transactions that were to write, since the store was opened.
    writes: AtomicU64,
    /// The file that is there while an embedded store is open, and whether it was there before.
    open_mark: Option<(PathBuf, bool)>,
    /// Whether the database's file was found damaged.
    is_damaged: AtomicBool,
}

/// Version of the schema that this program knows, as the table of versions has it.
#[must_use]
pub fn newest_schema() -> i64 {
    migrate::newest()
}

/// Name of that file.
const OPEN_MARK: &str = "open";

/// Notes that the store in `directory` is open; says whether it was never closed.
fn mark_open(directory: &Path) -> Result<bool, StoreError> {
    let path = directory.join(OPEN_MARK);
    let was_left = path.exists();
    std::fs::write(&path, []).map_err(|cause| StoreError::io(path, cause))?;
    Ok(was_left)
}

enum Database {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

impl Store {
    /// Opens the store at `place`, making it or bringing its schema up to date as needed.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be opened, is in use by another process, or is newer than this program.
    pub async fn open(place: Place, context: Arc<Context>) -> Result<Self, StoreError> {
        match place {
            Place::Embedded(directory) => {
                let opening = tokio::task::spawn_blocking(move || Self::open_embedded(&directory, context));
                opening.await.map_err(|_| StoreError::Abandoned("opening it panicked"))?
            }
            Place::Postgres(url) => {
                let postgres = Postgres::open(url.expose(), &context).await?;
                let blobs = Blobs::in_rows(postgres.row_parts());
                Ok(Self::assemble(context, Database::Postgres(postgres), blobs, None, None))
            }
        }
    }

    fn open_embedded(directory: &Path, context: Arc<Context>) -> Result<Self, StoreError> {
        std::fs::create_dir_all(directory).map_err(|cause| StoreError::io(directory, cause))?;
        let lock = blobs::lock_directory(directory)?;
        let was_left = mark_open(directory)?;
        let sqlite = Sqlite::open(&directory.join("tradewind.db"), &context)?;
        if was_left {
            sqlite.check_pages(&context)?;
        }
        let ends = sqlite.segment_ends(&context)?;
        let blobs = Blobs::open_segments(directory.join("blobs"), &ends, lock)?;
        let space = Some(Space::new(directory.to_owned()));
        Ok(Self::assemble(context, Database::Sqlite(sqlite), blobs, space, Some((directory.join(OPEN_MARK), was_left))))
    }

    fn assemble(
        context: Arc<Context>,
        database: Database,
        blobs: Blobs,
        space: Option<Space>,
        open_mark: Option<(PathBuf, bool)>,
    ) -> Self {
        let (probed, blobs_held, writes, is_damaged) = Default::default();
        Self(Arc::new(Inner { context, database, blobs, space, probed, blobs_held, writes, open_mark, is_damaged }))
    }

    /// Whether an embedded store was not closed well before it was opened now, as after a crash.
    #[must_use]
    pub fn was_left_open(&self) -> bool {
        self.0.open_mark.as_ref().is_some_and(|(_, was_left)| *was_left)
    }

    /// Runs `work` in a transaction and commits it together with whatever else waits; durable when it returns.
    /// An error from `work` undoes its changes. `work` may run more than once: PostgreSQL asks for it after a conflict, and SQLite
    /// runs a group again in which another piece of work failed.
    ///
    /// # Errors
    /// What `work` gives, or [`StoreError`] if the transaction cannot be committed; [`StoreError::Full`] before the
    /// disk is so full that nothing could be deleted any more. If the connection to a database server is lost during the commit, the
    /// work may stand although this is an error.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.demand(WRITE_RESERVE_BYTES)?;
        self.write_freeing(work).await
    }

    /// As [`Self::write`], for work that frees space: also when the disk is nearly full.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub async fn write_freeing<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.0.writes.fetch_add(1, Ordering::Relaxed);
        match &self.0.database {
            Database::Sqlite(sqlite) => {
                let (answer, waiting) = oneshot::channel();
                sqlite.submit(Box::new(WriteJob { work, result: None, answer })).await?;
                waiting.await.map_err(|_| StoreError::Abandoned("it is stopping"))?
            }
            Database::Postgres(postgres) => postgres.write(&self.0.context, work).await,
        }
    }

    /// Runs `work` on a snapshot.
    ///
    /// # Errors
    /// What `work` gives, or [`StoreError`] if the store cannot be read.
    pub async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match &self.0.database {
            Database::Sqlite(sqlite) => sqlite.read(&self.0.context, work).await,
            Database::Postgres(postgres) => postgres.read(&self.0.context, work).await,
        }
    }

    /// Stages sealed bytes as a blob: on disk when this returns, part of the store once a transaction attaches it.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be written; [`StoreError::Full`] while the disk still has room for other changes.
    pub async fn stage(&self, record: impl Into<Sealed>) -> Result<StagedBlob, StoreError> {
        self.demand(BLOB_RESERVE_BYTES)?;
        self.0.blobs.stage(self.0.context.ids.next(), record.into()).await
    }

    /// Tries the store with a small durable commit, at most once a second.
    ///
    /// # Errors
    /// [`StoreError`] if the commit fails or does not come within seconds.
    pub async fn probe(&self) -> Result<Probe, StoreError> {
        probe::run(self, &self.0.probed).await
    }

    /// Empties the embedded engine's write-ahead log, so that it holds nothing that was deleted since.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be done now, as while somebody reads.
    pub async fn empty_log(&self) -> Result<(), StoreError> {
        match &self.0.database {
            Database::Sqlite(sqlite) => sqlite.empty_log().await,
            Database::Postgres(_) => Ok(()),
        }
    }

    fn demand(&self, reserve: u64) -> Result<(), StoreError> {
        self.0.space.as_ref().map_or(Ok(()), |space| space.demand(reserve))
    }

    /// Bytes free where an embedded store lives.
    fn free_bytes(&self) -> Result<Option<u64>, StoreError> {
        self.0.space.as_ref().map(Space::free_bytes).transpose()
    }

    /// Reads blobs.
    #[must_use]
    pub fn blobs(&self) -> &Blobs {
        &self.0.blobs
    }

    /// Clock, randomness, identifiers, keys and wake-ups of this store.
    #[must_use]
    pub fn context(&self) -> &Arc<Context> {
        &self.0.context
    }

    /// Finishes the work that waits, then stops. Later work is refused.
    pub async fn close(&self) {
        if let Database::Postgres(postgres) = &self.0.database {
            postgres.stop().await;
            return;
        }
        let store = self.clone();
        let closing = tokio::task::spawn_blocking(move || {
            if let Database::Sqlite(sqlite) = &store.0.database {
                sqlite.stop();
            }
            store.0.blobs.stop();
            if let Some((path, _)) = &store.0.open_mark
                && !store.0.is_damaged.load(Ordering::SeqCst)
                && let Err(error) = std::fs::remove_file(path)
            {
                tracing::warn!(%error, "the store is looked through at the next start, though it was closed well");
            }
        });
        if closing.await.is_err() {
            tracing::error!("closing the store panicked");
        }
    }
}

/// Work of a caller who waits for its result.
struct WriteJob<T, E, F> {
    work: F,
    result: Option<Result<T, E>>,
    answer: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Job for WriteJob<T, E, F>
where
    F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn run(&mut self, tx: &mut Tx<'_>) -> bool {
        let result = tx.run(&mut self.work);
        let keep = result.is_ok();
        self.result = Some(result);
        keep
    }

    fn finish(self: Box<Self>, commit: Result<(), CommitFailure>) {
        let result = match (commit, self.result) {
            (Ok(()), Some(result)) | (Err(_), Some(result @ Err(_))) => result,
            (Ok(()), None) => Err(StoreError::Abandoned("the work panicked").into()),
            (Err(failure), _) => Err(StoreError::from(failure).into()),
        };
        // Nobody waits any more if the caller was cancelled; the work stands nevertheless.
        drop(self.answer.send(result));
    }
}
