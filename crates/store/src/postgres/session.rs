use std::collections::HashMap;
use std::error::Error;

use bytes::BytesMut;
use postgres::fallible_iterator::FallibleIterator;
use postgres::{Client, RowIter, Statement};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use super::Server;
use crate::engine::Engine;
use crate::{Row, StoreError, Value};

/// One connection with the statements prepared on it.
///
/// The connection is driven by the thread that uses it, so that a statement costs no hand-over between threads. It must be
/// opened, used and dropped on threads that may block.
pub(crate) struct Session {
    client: Client,
    /// Keyed by the address of the constant statement. Bounded by the number of statements in the program.
    statements: HashMap<(usize, usize), Statement>,
    /// A statement of this transaction lost against another one and may succeed when all is run again.
    conflict: bool,
    writing: bool,
}

impl Session {
    pub(super) fn open(server: &Server) -> Result<Self, StoreError> {
        let client = postgres::Config::from(server.config.clone())
            .connect(server.tls.clone())
            .map_err(|cause| StoreError::Unreachable { cause: describe(&cause) })?;
        let mut session = Self { client, statements: HashMap::new(), conflict: false, writing: false };
        // What `Store::write` returns is durable, whatever the server's default is.
        session.client.batch_execute(
            "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
        )?;
        Ok(session)
    }

    /// Begins a transaction in which each statement sees what has been committed before it. Functions that change an
    /// account take its row first and so wait for one another.
    pub(super) fn begin_write(&mut self) -> Result<(), StoreError> {
        self.conflict = false;
        self.writing = true;
        Ok(self.client.batch_execute("BEGIN ISOLATION LEVEL READ COMMITTED")?)
    }

    /// Begins a transaction whose statements all see the same snapshot.
    pub(super) fn begin_read(&mut self) -> Result<(), StoreError> {
        self.conflict = false;
        self.writing = false;
        Ok(self.client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?)
    }

    pub(super) fn commit(&mut self) -> Result<(), StoreError> {
        let outcome = self.client.batch_execute("COMMIT");
        outcome.map_err(|cause| self.note(cause))
    }

    pub(super) fn roll_back(&mut self) -> Result<(), StoreError> {
        Ok(self.client.batch_execute("ROLLBACK")?)
    }

    /// Whether the transaction failed only because another one was in its way.
    pub(super) fn met_conflict(&self) -> bool {
        self.conflict
    }

    /// Whether the connection is of no more use.
    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Runs SQL outside of transactions, for migrations.
    pub(super) fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    fn note(&mut self, cause: tokio_postgres::Error) -> StoreError {
        let lost = [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED];
        self.conflict |= cause.code().is_some_and(|code| lost.contains(code));
        let error = StoreError::from(cause);
        if error.is_full() { StoreError::Full { path: "the database server".into() } } else { error }
    }

    fn start(&mut self, sql: &'static str, params: &[Value<'_>]) -> Result<RowIter<'_>, tokio_postgres::Error> {
        let key = (sql.as_ptr() as usize, sql.len());
        let statement = match self.statements.get(&key) {
            Some(statement) => statement,
            None => {
                let types: Vec<Type> = params.iter().map(wire_type).collect();
                let statement = self.client.prepare_typed(sql, &types)?;
                self.statements.entry(key).or_insert(statement)
            }
        };
        self.client.query_raw(statement, params.iter().copied())
    }

    fn count(&mut self, sql: &'static str, params: &[Value<'_>]) -> Result<u64, tokio_postgres::Error> {
        let mut rows = self.start(sql, params)?;
        while rows.next()?.is_some() {}
        Ok(rows.rows_affected().unwrap_or(0))
    }

    fn visit(
        &mut self,
        sql: &'static str,
        params: &[Value<'_>],
        visit: &mut dyn FnMut(&Row<'_>) -> Result<(), StoreError>,
    ) -> Result<Option<StoreError>, tokio_postgres::Error> {
        let writing = self.writing;
        let mut rows = self.start(sql, params)?;
        let mut refused = None;
        while let Some(row) = rows.next()? {
            if refused.is_none() {
                refused = visit(&Row::Postgres(&row)).err();
            }
            // A failure further on undoes a writing transaction without a word at its commit: read to the end to see it.
            if refused.is_some() && !writing {
                break;
            }
        }
        Ok(refused)
    }
}

impl Engine for Session {
    fn execute(&mut self, sql: &'static str, params: &[Value<'_>]) -> Result<u64, StoreError> {
        self.count(sql, params).map_err(|cause| self.note(cause))
    }

    fn for_each(
        &mut self,
        sql: &'static str,
        params: &[Value<'_>],
        visit: &mut dyn FnMut(&Row<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        match self.visit(sql, params, visit) {
            Ok(refused) => refused.map_or(Ok(()), Err),
            Err(cause) => Err(self.note(cause)),
        }
    }
}

/// The type that a parameter is declared with. Left to infer, the server would take a literal's narrower one where a
/// parameter stands beside it.
fn wire_type(value: &Value<'_>) -> Type {
    match value {
        Value::Null => Type::UNKNOWN,
        Value::Int(_) => Type::INT8,
        Value::Text(_) => Type::TEXT,
        Value::Bytes(_) => Type::BYTEA,
    }
}

/// What went wrong, with the cause that the driver hides behind a general word.
pub(super) fn describe(error: &tokio_postgres::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match *self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(number) if *ty == Type::INT8 => number.to_sql(ty, out),
            // Where the statement was first run with null, the type is the one that the server chose.
            Self::Int(number) if *ty == Type::INT4 => i32::try_from(number)?.to_sql(ty, out),
            Self::Text(text) if <&str as ToSql>::accepts(ty) => text.to_sql(ty, out),
            Self::Bytes(bytes) if *ty == Type::BYTEA => bytes.to_sql(ty, out),
            Self::Int(_) => Err(format!("a number was given where the statement wants {ty}").into()),
            Self::Text(_) => Err(format!("a string was given where the statement wants {ty}").into()),
            Self::Bytes(_) => Err(format!("bytes were given where the statement wants {ty}").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
