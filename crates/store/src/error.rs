use std::io;
use std::path::PathBuf;

use env::Outlook;

/// A failure of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The embedded database failed.
    #[error("database: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The database server failed or refused.
    #[error("database server: {}", postgres_cause(.0))]
    Postgres(#[from] tokio_postgres::Error),
    /// No connection to the database server could be had.
    #[error("cannot reach the database server: {cause}")]
    Unreachable {
        /// What the pool said.
        cause: String,
    },
    /// No room is left where the store lives.
    #[error("no space left for the store in {}", path.display())]
    Full {
        /// The directory or file.
        path: PathBuf,
    },
    /// A file of the store failed.
    #[error("{}: {cause}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// Content that should be there is missing or does not make sense.
    #[error("the store is damaged: {what}; run: tradewind store check")]
    Corrupt {
        /// What was found.
        what: String,
    },
    /// The file of the embedded database is damaged.
    #[error(
        "the store's database file is damaged: {what}; bring it back from the newest backup into an empty directory: tradewind restore"
    )]
    Database {
        /// What was found.
        what: String,
    },
    /// A sealed value does not open.
    #[error(transparent)]
    Sealed(#[from] crypto::seal::SealError),
    /// A row that must exist does not.
    #[error("no such {what}")]
    Missing {
        /// Kind of object.
        what: &'static str,
    },
    /// The schema is one that this program does not know.
    #[error("the store has schema {found}, this program knows up to {known}: use a newer program")]
    TooNew {
        /// Schema version found.
        found: i64,
        /// Newest version known.
        known: i64,
    },
    /// Another process has the store open.
    #[error("the store in {} is in use by another process; stop it, or ask the running server", path.display())]
    InUse {
        /// Its directory.
        path: PathBuf,
    },
    /// The store cannot run as set up.
    #[error("{0}")]
    Setup(String),
    /// The group that the work was part of could not be committed; nothing of it remains.
    #[error("the store could not commit: {cause}")]
    Commit {
        /// What the engine said.
        cause: String,
    },
    /// The work was given up because the store is stopping or the work panicked.
    #[error("the store gave the work up: {0}")]
    Abandoned(&'static str),
}

impl StoreError {
    /// Whether the same request can succeed later.
    #[must_use]
    pub fn outlook(&self) -> Outlook {
        match self {
            Self::Corrupt { .. }
            | Self::Database { .. }
            | Self::Sealed(_)
            | Self::Missing { .. }
            | Self::TooNew { .. }
            | Self::InUse { .. }
            | Self::Setup(_) => Outlook::Permanent,
            Self::Sqlite(_)
            | Self::Postgres(_)
            | Self::Unreachable { .. }
            | Self::Full { .. }
            | Self::Io { .. }
            | Self::Commit { .. }
            | Self::Abandoned(_) => Outlook::Temporary,
        }
    }

    /// Whether the file of the embedded database is damaged, so that only a backup helps.
    #[must_use]
    pub fn is_of_damaged_database(&self) -> bool {
        match self {
            Self::Database { .. } => true,
            Self::Sqlite(rusqlite::Error::SqliteFailure(failure, _)) => {
                matches!(failure.code, rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase)
            }
            _ => false,
        }
    }

    /// Whether what was to be read is damaged or gone, while everything else can be read.
    #[must_use]
    pub fn is_of_damaged_content(&self) -> bool {
        match self {
            Self::Corrupt { .. } | Self::Sealed(_) => true,
            Self::Io { cause, .. } => {
                matches!(cause.kind(), io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof)
            }
            _ => false,
        }
    }

    /// Whether the store has run out of space.
    #[must_use]
    pub fn is_full(&self) -> bool {
        match self {
            Self::Full { .. } => true,
            Self::Io { cause, .. } => cause.kind() == io::ErrorKind::StorageFull,
            Self::Sqlite(rusqlite::Error::SqliteFailure(failure, _)) => failure.code == rusqlite::ErrorCode::DiskFull,
            Self::Postgres(error) => error.code() == Some(&tokio_postgres::error::SqlState::DISK_FULL),
            _ => false,
        }
    }

    pub(crate) fn io(path: impl Into<PathBuf>, cause: io::Error) -> Self {
        let path = path.into();
        if cause.kind() == io::ErrorKind::StorageFull || cause.kind() == io::ErrorKind::QuotaExceeded {
            Self::Full { path }
        } else {
            Self::Io { path, cause }
        }
    }
}

fn postgres_cause(error: &tokio_postgres::Error) -> String {
    error
        .as_db_error()
        .map_or_else(|| error.to_string(), |refusal| format!("{} ({})", refusal.message(), refusal.code().code()))
}
