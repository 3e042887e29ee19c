//! The transaction that all logic is written against, whatever the engine.

use std::sync::Arc;

use env::Timestamp;

use crate::engine::Engine;
use crate::notice::Notice;
use crate::{Context, Row, StoreError, Value};

/// A running transaction.
///
/// Statements are constant strings in the dialect that both engines share: parameters `$1`, `$2`, ...,
/// `ON CONFLICT`, `RETURNING`, numbers 64 bits wide, sums cast with `CAST(SUM(x) AS BIGINT)`.
/// A statement that fails spoils a writing transaction on both engines: whatever the work returns, nothing of it is kept. Ask
/// with `ON CONFLICT` instead of trying.
/// Whoever changes an account first takes its row (see `account::next_modseq`), which serialises the changes on both engines.
pub struct Tx<'t> {
    engine: &'t mut dyn Engine,
    context: &'t Arc<Context>,
    notices: Vec<Notice>,
    /// A statement failed.
    spoiled: bool,
}

impl<'t> Tx<'t> {
    pub(crate) fn new(engine: &'t mut dyn Engine, context: &'t Arc<Context>) -> Self {
        Self { engine, context, notices: Vec::new(), spoiled: false }
    }

    /// Lets a snapshot go for one of now, on the embedded engine alone: there the write-ahead log grows as long as one is held.
    pub(crate) fn renew(&mut self) -> Result<(), StoreError> {
        self.engine.renew()
    }

    /// Runs a statement; gives the number of rows it changed.
    ///
    /// # Errors
    /// [`StoreError`] if the engine refuses.
    pub fn execute(&mut self, sql: &'static str, params: &[Value<'_>]) -> Result<u64, StoreError> {
        let outcome = self.engine.execute(sql, params);
        self.spoiled |= outcome.is_err();
        outcome
    }

    /// Runs a query, calling `visit` for each row while the rest is still to come.
    ///
    /// # Errors
    /// [`StoreError`] if the engine refuses, or what `visit` gives.
    pub fn for_each(
        &mut self,
        sql: &'static str,
        params: &[Value<'_>],
        mut visit: impl FnMut(&Row<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut refused = false;
        let outcome = self.engine.for_each(sql, params, &mut |row| visit(row).inspect_err(|_| refused = true));
        self.spoiled |= outcome.is_err() && !refused;
        outcome
    }

    /// All rows of a query through `map`. The query must bound their number.
    ///
    /// # Errors
    /// As [`Self::for_each`].
    pub fn rows<T>(
        &mut self,
        sql: &'static str,
        params: &[Value<'_>],
        mut map: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut rows = Vec::new();
        self.for_each(sql, params, |row| {
            rows.push(map(row)?);
            Ok(())
        })?;
        Ok(rows)
    }

    /// The first row of a query through `map`, if there is one.
    ///
    /// # Errors
    /// As [`Self::for_each`].
    pub fn row<T>(
        &mut self,
        sql: &'static str,
        params: &[Value<'_>],
        mut map: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let mut found = None;
        self.for_each(sql, params, |row| {
            if found.is_none() {
                found = Some(map(row)?);
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// The moment of this transaction.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.context.clock.now()
    }

    /// A fresh identifier.
    #[must_use]
    pub fn next_id(&self) -> i64 {
        self.context.ids.next()
    }

    /// Clock, randomness, identifiers and keys that the store was opened with.
    #[must_use]
    pub fn context(&self) -> &'t Arc<Context> {
        self.context
    }

    /// Tells `notice` to all who watch, on every node, once this transaction is committed.
    pub fn notify(&mut self, notice: Notice) {
        if !self.notices.contains(&notice) {
            self.notices.push(notice);
        }
    }

    /// Runs `work` in this transaction; an error if its changes are not to be kept.
    pub(crate) fn run<T, E: From<StoreError>>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, E>) -> Result<T, E> {
        let value = work(self)?;
        if self.spoiled {
            return Err(StoreError::Commit { cause: "a statement of the transaction failed".to_owned() }.into());
        }
        Ok(value)
    }

    pub(crate) fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }
}
