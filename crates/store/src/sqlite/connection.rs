use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use env::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{OpenFlags, ToSql};

use crate::engine::Engine;
use crate::migrate::{MIGRATIONS, VERSION_TABLE, newest};
use crate::{Row, StoreError, Value, dialect};

/// Older libraries can corrupt a database when the write-ahead log is reset while it is read.
const LIBRARY_VERSION_MIN: i32 = 3_051_003;

/// Statements that each connection keeps prepared; more than the program has.
const STATEMENTS_MAX: usize = 512;

/// Pages of write-ahead log (4 KiB each) before it is copied into the database: rarely, because each copy costs two more syncs.
const CHECKPOINT_PAGES: i64 = 16_384;

/// How long a statement waits for a lock. Only another process can hold one.
const BUSY_WAIT: Duration = Duration::from_secs(5);

pub(super) fn check_library() -> Result<(), StoreError> {
    if rusqlite::version_number() < LIBRARY_VERSION_MIN {
        return Err(StoreError::Setup(format!(
            "SQLite {} is too old and can damage the store; build with 3.51.3 or newer",
            rusqlite::version()
        )));
    }
    Ok(())
}

/// One connection with its statements in SQLite's own form.
pub(crate) struct Connection {
    inner: rusqlite::Connection,
    path: PathBuf,
    /// Keyed by the address of the constant statement.
    translated: HashMap<(usize, usize), Box<str>>,
}

impl Connection {
    pub(crate) fn open_writer(path: &Path) -> Result<Self, StoreError> {
        let connection = Self::open(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
        connection.pragma("page_size", 4096)?;
        connection.inner.pragma_update(None, "journal_mode", "WAL").or_else(ignore_row)?;
        connection.inner.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma("wal_autocheckpoint", CHECKPOINT_PAGES)?;
        // What is deleted is wiped in its page, which is written anyway.
        connection.inner.pragma_update(None, "secure_delete", "FAST").or_else(ignore_row)?;
        // Negative: KiB rather than pages.
        connection.pragma("cache_size", -65_536)?;
        Ok(connection)
    }

    pub(super) fn open_reader(path: &Path) -> Result<Self, StoreError> {
        let connection = Self::open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.pragma("query_only", 1)?;
        connection.pragma("cache_size", -32_768)?;
        Ok(connection)
    }

    fn open(path: &Path, flags: OpenFlags) -> Result<Self, StoreError> {
        let inner = rusqlite::Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        inner.busy_timeout(BUSY_WAIT)?;
        inner.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        // Else a statement is compiled anew whenever a bound value might change its plan, which costs more than running it.
        inner.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        inner.pragma_update(None, "temp_store", "MEMORY")?;
        Ok(Self { inner, path: path.to_owned(), translated: HashMap::new() })
    }

    /// Lets sorting of any size take files instead of memory.
    pub(super) fn sort_in_files(&self) -> Result<(), StoreError> {
        self.pragma("temp_store", 1)
    }

    fn pragma(&self, name: &str, value: i64) -> Result<(), StoreError> {
        Ok(self.inner.pragma_update(None, name, value).or_else(ignore_row)?)
    }

    /// Brings the schema to the newest version, each step in a transaction of its own.
    pub(super) fn migrate(&mut self, now: Timestamp) -> Result<(), StoreError> {
        self.inner.execute_batch(VERSION_TABLE)?;
        let found: i64 =
            self.inner.query_row("SELECT COALESCE(MAX(version), 0) FROM schema_version", [], |row| row.get(0))?;
        if found > newest() {
            return Err(StoreError::TooNew { found, known: newest() });
        }
        for migration in MIGRATIONS.iter().filter(|migration| migration.version > found) {
            let step = self.inner.transaction()?;
            step.execute_batch(&dialect::sqlite_migration(migration.sql))?;
            step.execute(
                "INSERT INTO schema_version (version, name, applied) VALUES (?1, ?2, ?3)",
                (migration.version, migration.name, now.millis()),
            )?;
            step.commit()?;
        }
        Ok(())
    }

    /// Runs one of the engine's own statements.
    pub(super) fn control(&mut self, sql: &'static str) -> Result<(), StoreError> {
        let outcome = self.inner.prepare_cached(sql).and_then(|mut statement| statement.execute([]));
        outcome.map(drop).map_err(|error| self.refine(error))
    }

    /// Copies the write-ahead log into the database and cuts it off; waits for readers of older states.
    pub(super) fn empty_log(&mut self) -> Result<(), StoreError> {
        let is_busy: bool = self.inner.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if is_busy { Err(StoreError::Abandoned("readers keep its log in use; it is tried again")) } else { Ok(()) }
    }

    /// Whether no transaction is open, as after a failure that made SQLite roll back by itself.
    pub(super) fn is_idle(&self) -> bool {
        self.inner.is_autocommit()
    }

    /// The database's file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn refine(&self, error: rusqlite::Error) -> StoreError {
        let error = StoreError::from(error);
        if error.is_full() { StoreError::Full { path: self.path.clone() } } else { error }
    }
}

/// Some pragmas answer with a row, which is of no interest.
fn ignore_row(error: rusqlite::Error) -> Result<(), rusqlite::Error> {
    if matches!(error, rusqlite::Error::ExecuteReturnedResults) { Ok(()) } else { Err(error) }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl Engine for Connection {
    fn renew(&mut self) -> Result<(), StoreError> {
        self.control("COMMIT")?;
        self.control("BEGIN")
    }

    fn execute(&mut self, sql: &'static str, params: &[Value<'_>]) -> Result<u64, StoreError> {
        let mut changed = 0;
        let Self { inner, translated, .. } = self;
        let sql = translated
            .entry((sql.as_ptr() as usize, sql.len()))
            .or_insert_with(|| dialect::sqlite_statement(sql).into_boxed_str());
        let outcome = inner.prepare_cached(sql).and_then(|mut statement| {
            if statement.column_count() == 0 {
                changed = statement.execute(rusqlite::params_from_iter(params))? as u64;
            } else {
                // RETURNING whose rows the caller does not want.
                let mut rows = statement.query(rusqlite::params_from_iter(params))?;
                while rows.next()?.is_some() {
                    changed += 1;
                }
            }
            Ok(())
        });
        outcome.map_err(|error| self.refine(error))?;
        Ok(changed)
    }

    fn for_each(
        &mut self,
        sql: &'static str,
        params: &[Value<'_>],
        visit: &mut dyn FnMut(&Row<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let Self { inner, translated, .. } = self;
        let sql = translated
            .entry((sql.as_ptr() as usize, sql.len()))
            .or_insert_with(|| dialect::sqlite_statement(sql).into_boxed_str());
        let mut refused = None;
        let outcome = inner.prepare_cached(sql).and_then(|mut statement| {
            let mut rows = statement.query(rusqlite::params_from_iter(params))?;
            while let Some(row) = rows.next()? {
                if let Err(error) = visit(&Row::Sqlite(row)) {
                    refused = Some(error);
                    break;
                }
            }
            Ok(())
        });
        outcome.map_err(|error| self.refine(error))?;
        refused.map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "code of tests")]

    use rusqlite::StatementStatus;

    use super::*;

    /// Compiling a statement again for each new value made reading bodies twice as slow as it is.
    #[test]
    fn a_statement_is_compiled_once_whatever_is_bound() {
        let directory = tempfile::tempdir().unwrap();
        let connection = Connection::open_writer(&directory.path().join("db")).unwrap().inner;
        connection.execute_batch("CREATE TABLE t (a INTEGER, b INTEGER, PRIMARY KEY (a, b)) WITHOUT ROWID").unwrap();
        let mut statement =
            connection.prepare("SELECT b FROM t WHERE a = ?1 AND b BETWEEN ?2 AND ?3 ORDER BY b").unwrap();
        for value in 0..10_i64 {
            statement.query((value, value, value + 1)).unwrap().next().unwrap();
        }
        assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
    }
}
