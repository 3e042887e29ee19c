//! Stores for tests, on both engines (feature `testing`).
//!
//! A suite is a list of `async fn name(store: TestStore)`; [`on_both_engines!`](crate::on_both_engines!) runs each of them on
//! SQLite and on PostgreSQL:
//!
//! ```ignore
//! use store::testing::TestStore;
//!
//! async fn appends_are_seen(store: TestStore) {
//!     store.write(|tx| ...).await.unwrap();
//! }
//!
//! store::on_both_engines! { appends_are_seen, ... }
//! ```
//!
//! In the crate's manifest: `[dev-dependencies] store = { workspace = true, features = ["testing"] }`. The tests are named
//! `sqlite::name` and `postgres::name`. The PostgreSQL server comes from the system's binaries (see [`server`]); where there are
//! none the tests say so and pass, or fail if `TRADEWIND_REQUIRE_PEERS` is set.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "code of tests")]

pub mod server;

use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

use crypto::keys::Key;
use env::{ManualClock, SeededEntropy, Timestamp};
use tempfile::TempDir;

use crate::{Context, Place, Store, StoreError};
use server::Database;

/// The engines that suites run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// SQLite and segment files in a temporary directory.
    Sqlite,
    /// A fresh database on a PostgreSQL server that the tests share.
    Postgres,
}

/// An open store that goes away with this value.
pub struct TestStore {
    /// Missing only while it is opened again.
    store: Option<Store>,
    /// The store's clock, at 2027-01-15T08:00:00Z until it is moved.
    pub clock: Arc<ManualClock>,
    /// Where the store is, for opening it a second time.
    pub place: Place,
    _home: Home,
}

/// What holds the store's data, and removes it when dropped.
enum Home {
    Directory { _directory: TempDir },
    Database { _database: Database },
}

impl Deref for TestStore {
    type Target = Store;

    fn deref(&self) -> &Store {
        self.store.as_ref().expect("the store is open")
    }
}

impl TestStore {
    /// Opens a new store; nothing if the engine is not installed here.
    pub async fn open(engine: Engine) -> Option<Self> {
        let (place, home) = match engine {
            Engine::Sqlite => {
                let directory = tempfile::tempdir().expect("a temporary directory");
                (Place::Embedded(directory.path().to_owned()), Home::Directory { _directory: directory })
            }
            Engine::Postgres => {
                let database = Database::shaped(shape)?;
                (database.place(), Home::Database { _database: database })
            }
        };
        let clock = clock();
        let store = Store::open(place.clone(), context(&clock)).await.expect("the store opens");
        Some(Self { store: Some(store), clock, place, _home: home })
    }

    /// The store itself, for code that keeps it.
    #[must_use]
    pub fn handle(&self) -> Store {
        (**self).clone()
    }

    /// The directory of an embedded store.
    #[must_use]
    pub fn directory(&self) -> Option<&Path> {
        match &self.place {
            Place::Embedded(directory) => Some(directory),
            Place::Postgres(_) => None,
        }
    }

    /// Closes the store and opens it again, with nothing kept in memory. No other handle of it may be left.
    pub async fn reopen(&mut self) {
        self.try_reopen().await.expect("the store opens again");
    }

    /// As [`Self::reopen`], where opening may fail.
    ///
    /// # Errors
    /// What opening gives; the store must not be used any more.
    pub async fn try_reopen(&mut self) -> Result<(), StoreError> {
        if let Some(store) = self.store.take() {
            store.close().await;
        }
        self.store = Some(Store::open(self.place.clone(), context(&self.clock)).await?);
        Ok(())
    }

    /// Lets the next blob begin a new segment file.
    pub fn roll_segment(&self) {
        self.blobs().roll_segment();
    }

    /// Opens the same database as another node; only PostgreSQL lets it.
    pub async fn open_node(&self, node: u16) -> Store {
        let context = Context::new(self.clock.clone(), Arc::new(SeededEntropy::new(u64::from(node))), node, region());
        Store::open(self.place.clone(), context).await.expect("the store opens on another node")
    }
}

/// A clock at 2027-01-15T08:00:00Z.
#[must_use]
pub fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(Timestamp::from_seconds(1_800_000_000)))
}

/// What test stores are opened with. The region key is always the same.
#[must_use]
pub fn context(clock: &Arc<ManualClock>) -> Arc<Context> {
    Context::new(clock.clone(), Arc::new(env::SystemEntropy::default()), 1, region())
}

/// Brings an empty database into shape, as the first opening of a store does.
fn shape(place: Place) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async { Store::open(place, context(&clock())).await.expect("the store opens").close().await });
}

fn region() -> Key<crypto::keys::Region> {
    Key::generate(&SeededEntropy::new(1))
}

/// Runs `test` on a new store; called by [`on_both_engines!`](crate::on_both_engines!).
pub fn run<F, R>(engine: Engine, test: F)
where
    F: FnOnce(TestStore) -> R,
    R: Future<Output = ()>,
{
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(async {
        match TestStore::open(engine).await {
            Some(store) => test(store).await,
            None => eprintln!("skipped: no PostgreSQL is installed under {}", server::INSTALLED),
        }
    });
}

/// Makes a test of each named `async fn(TestStore)` for each engine, in modules `sqlite` and `postgres`.
#[macro_export]
macro_rules! on_both_engines {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test]
            fn $test() {
                $crate::testing::run($crate::testing::Engine::Sqlite, super::$test);
            })+
        }

        mod postgres {
            $(#[test]
            fn $test() {
                $crate::testing::run($crate::testing::Engine::Postgres, super::$test);
            })+
        }
    };
}
