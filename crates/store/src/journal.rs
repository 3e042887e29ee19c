//! The journal: which rows changed, so that what changed since a moment can be read without reading everything.
//!
//! Where it is wanted, triggers note the key of each row that is written, in the transaction that writes it, whoever wrote it. Values are not
//! noted: a *step* reads the rows as they are when it is taken ([`crate::copy::freeze_changes`]), in one snapshot, so that it brings a copy from
//! one moment to another whatever happened between them, on either engine, and carrying it out twice does no harm. What was overwritten or
//! erased in between is nowhere.
//!
//! A *mark* is a place in the journal. All steps from the moment that the triggers were set up until something of the journal is lost are a *chain*.

mod reached;
pub(crate) mod triggers;

use env::Timestamp;

pub use reached::{
    Followed, Reached, followed, forget_reached, note_based, note_clean, note_failed, note_followed, note_step, reached,
};
pub use reached::{begin_reached, mark_told};

use crate::copy::schema;
use crate::migrate::newest;
use crate::{Store, StoreError, Tx, params};

/// What is noted, beside `blob`, of a blob whose bytes came.
pub(crate) const NEW_BLOB: &str = "blob new";

/// What is noted, beside `account`, of an account whose key came, changed or went.
pub(crate) const ACCOUNT_KEY: &str = "account key";

/// A place in the journal, in the engine's own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark(pub(crate) String);

impl Mark {
    /// Of two marks of one chain the later one has the higher order; where it is the same nothing lies between them.
    #[must_use]
    pub fn order(&self) -> (i64, i64) {
        // A snapshot of PostgreSQL: the first transaction that is still open, the first that is yet to come, those between that are open.
        let mut parts = self.0.split(':').map(|part| part.parse::<i64>().unwrap_or(0));
        match (parts.next(), parts.next()) {
            (Some(_), Some(coming)) => {
                let open = self.0.rsplit(':').next().unwrap_or_default();
                let count = open.split(',').filter(|part| !part.is_empty()).count();
                (coming, -i64::try_from(count).unwrap_or(i64::MAX))
            }
            (entry, _) => (entry.unwrap_or(0), 0),
        }
    }
}

/// What the store knows of its journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State {
    /// The chain that is being written; 0 while there is none of this schema.
    pub chain: i64,
    /// Whether changes are noted at all, be it for a chain of an earlier schema.
    pub is_noting: bool,
    /// How often this store has been taken over by another machine, counted from 1.
    pub generation: i64,
}

/// What the store knows of its journal. A chain of an earlier schema is none.
///
/// # Errors
/// [`StoreError`] if the store cannot be read.
pub fn state(tx: &mut Tx<'_>) -> Result<State, StoreError> {
    let found = tx.row("SELECT chain, schema, generation FROM journal_state WHERE id = 1", &[], |row| {
        let chain = if row.int(1)? == newest() { row.int(0)? } else { 0 };
        Ok(State { chain, is_noting: row.flag(0)?, generation: row.int(2)? })
    })?;
    found.ok_or(StoreError::Missing { what: "state of the journal" })
}

/// Notes how often this store has been taken over.
///
/// # Errors
/// [`StoreError`] if the store cannot be written.
pub fn set_generation(tx: &mut Tx<'_>, generation: i64) -> Result<(), StoreError> {
    tx.execute("UPDATE journal_state SET generation = $1 WHERE id = 1", params![generation])?;
    Ok(())
}

/// Takes the taking of steps for this node until `until`; says whether no other node has it now.
///
/// # Errors
/// [`StoreError`] if the store cannot be written.
pub fn hold(tx: &mut Tx<'_>, node: i64, until: Timestamp) -> Result<bool, StoreError> {
    let now = tx.now().millis();
    let changed = tx.execute(
        "UPDATE journal_state SET holder = $1, held_until = $2 WHERE id = 1 AND (holder = $1 OR held_until < $3)",
        params![node, until.millis(), now],
    )?;
    Ok(changed == 1)
}

/// The place at which the journal is now, as this transaction sees it.
///
/// # Errors
/// [`StoreError`] if the store cannot be read.
pub(crate) fn mark(tx: &mut Tx<'_>, is_embedded: bool) -> Result<Mark, StoreError> {
    let sql = if is_embedded {
        "SELECT CAST(COALESCE(MAX(id), 0) AS TEXT) FROM journal_entry"
    } else {
        "SELECT CAST(pg_current_snapshot() AS TEXT)"
    };
    let found = tx.row(sql, &[], |row| Ok(Mark(row.text(0)?.to_owned())))?;
    found.ok_or(StoreError::Missing { what: "place in the journal" })
}

/// The condition of entries behind the mark that is parameter `$number`.
pub(crate) fn behind(is_embedded: bool, number: usize) -> String {
    if is_embedded {
        format!("id > CAST(${number} AS INTEGER)")
    } else {
        format!("NOT pg_visible_in_snapshot(xid, CAST(CAST(${number} AS TEXT) AS pg_snapshot))")
    }
}

impl Store {
    /// Begins a chain: sets up what notes changes, forgets what was noted before, and what repositories had of it. Gives the chain's state.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be written.
    pub async fn begin_journal(&self) -> Result<State, StoreError> {
        let is_embedded = self.is_embedded();
        let tables = self.read(move |tx| triggers::all(tx, is_embedded)).await?;
        if is_embedded {
            self.write(move |tx| {
                tables.iter().try_for_each(|table| table.set_up(tx))?;
                begin_chain(tx)
            })
            .await
        } else {
            // One at a time: each waits for those that write this table.
            for table in tables {
                self.write(move |tx| table.set_up(tx)).await?;
            }
            self.write(begin_chain).await
        }
    }

    /// Notes no more changes, and forgets those that were noted.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be written.
    pub async fn end_journal(&self) -> Result<(), StoreError> {
        let is_embedded = self.is_embedded();
        let tables = self.read(move |tx| triggers::all(tx, is_embedded)).await?;
        for table in tables {
            self.write_freeing(move |tx| table.take_down(tx)).await?;
        }
        self.write_freeing(|tx| {
            begin_chain(tx)?;
            tx.execute("UPDATE journal_state SET chain = 0 WHERE id = 1", &[])?;
            Ok(())
        })
        .await
    }

    /// How many changes are noted.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn journal_length(&self) -> Result<u64, StoreError> {
        let sql = if self.is_embedded() {
            "SELECT COALESCE(MAX(id) - MIN(id), 0) FROM journal_entry"
        } else {
            "SELECT COUNT(*) FROM journal_entry"
        };
        let found: Option<i64> = self.read(move |tx| tx.row(sql, &[], |row| row.int(0))).await?;
        Ok(found.unwrap_or(0).unsigned_abs())
    }

    /// Whether the engine could tell what lies behind `mark`: a database that was put back from elsewhere counts anew.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn knows_mark(&self, mark: &Mark) -> Result<bool, StoreError> {
        let is_embedded = self.is_embedded();
        let now = self.read(move |tx| self::mark(tx, is_embedded)).await?;
        Ok(mark.order() <= now.order())
    }

    /// Forgets what lies before all of `marks`: every repository has it.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be written.
    pub async fn prune_journal(&self, marks: &[Mark]) -> Result<(), StoreError> {
        let Some(first) = marks.iter().min_by_key(|mark| mark.order()).cloned() else { return Ok(()) };
        // The newest entry stays, so that no number is given twice.
        let sql = if self.is_embedded() {
            "DELETE FROM journal_entry WHERE id <= CAST($1 AS INTEGER) AND id < (SELECT MAX(id) FROM journal_entry)"
        } else {
            "DELETE FROM journal_entry WHERE pg_visible_in_snapshot(xid, CAST(CAST($1 AS TEXT) AS pg_snapshot))"
        };
        self.write_freeing(move |tx| tx.execute(sql, params![&first.0])).await?;
        Ok(())
    }

    /// Whether this is the embedded engine.
    #[must_use]
    pub fn is_embedded(&self) -> bool {
        matches!(self.0.database, crate::Database::Sqlite(_))
    }
}

fn begin_chain(tx: &mut Tx<'_>) -> Result<State, StoreError> {
    let chain = tx.next_id();
    tx.execute("UPDATE journal_state SET chain = $1, schema = $2 WHERE id = 1", params![chain, newest()])?;
    tx.execute("DELETE FROM journal_reached", &[])?;
    tx.execute("DELETE FROM journal_entry WHERE id < (SELECT MAX(id) FROM journal_entry)", &[])?;
    state(tx)
}

/// A table as the journal names it.
pub(crate) fn names(tx: &mut Tx<'_>, is_embedded: bool, since: &Mark) -> Result<Vec<String>, StoreError> {
    let sql = schema::constant(format!(
        "SELECT DISTINCT name FROM journal_entry WHERE {} ORDER BY name",
        behind(is_embedded, 1)
    ));
    tx.rows(sql, params![&since.0], |row| Ok(row.text(0)?.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_in_order() {
        let order = |text: &str| Mark(text.to_owned()).order();
        assert!(order("9") < order("10"));
        assert!(order("700:702:700,701") < order("701:702:701"), "one more has ended");
        assert!(order("701:702:701") < order("702:702:"));
        assert!(order("702:702:") < order("702:703:702"));
    }
}
