//! Carrying changes out on a store that has the moment from which they lead on, or a later one before their end.

use std::io::Read;
use std::sync::Arc;

use futures_util::future::try_join_all;

use super::fill::{damaged, tell_of_blob};
use super::form::{BundleReader, Kept, TableReader};
use super::schema::{self, ACCOUNT_TABLE};
use super::{AccountKeys, Inventory, Table, is_of_blobs};
use crate::blobs::Sealed;
use crate::journal::{Followed, note_followed};
use crate::migrate::newest;
use crate::{Store, StoreError, Tx, Value, params};

/// Bytes of blobs put in with one transaction.
const BLOB_BYTES_AT_ONCE: usize = 8 << 20;

type Rows = Vec<Vec<Kept>>;

/// Carries one step out: first its blobs come, then [`Self::finish`] changes all rows in one transaction. Whatever breaks off in between is
/// done again.
pub struct Carrier {
    store: Store,
    keys: AccountKeys,
    /// The tables as they are here: keys may be others than where the step was taken.
    tables: Vec<Table>,
    changed: Vec<(Table, Rows)>,
    gone: Vec<(Table, Rows)>,
}

impl Carrier {
    /// Carries changes out on `store`, giving accounts their `keys`. An account without a key was erased since.
    ///
    /// # Errors
    /// [`StoreError`] if the changes are of another schema than this program's, or the store cannot be read.
    pub async fn new(store: &Store, inventory: &Inventory, keys: AccountKeys) -> Result<Self, StoreError> {
        if inventory.schema != newest() {
            return Err(StoreError::Setup(format!(
                "the step has schema {}, this program {}: take the version of the program that made it",
                inventory.schema,
                newest()
            )));
        }
        let is_embedded = store.is_embedded();
        let tables = store.read(move |tx| schema::tables(tx, is_embedded)).await?;
        Ok(Self { store: store.clone(), keys, tables, changed: Vec::new(), gone: Vec::new() })
    }

    /// Puts the blobs of a bundle in that are not there yet; gives how many the bundle has.
    ///
    /// # Errors
    /// [`StoreError`] if the step is damaged or the store fails.
    pub async fn bundle<R: Read>(&self, mut blobs: BundleReader<R>) -> Result<u64, StoreError> {
        let mut total = 0;
        loop {
            let (mut batch, mut bytes) = (Vec::new(), 0);
            while bytes < BLOB_BYTES_AT_ONCE {
                let Some(blob) = blobs.blob().map_err(|error| damaged("blobs", &error))? else { break };
                bytes += blob.1.len();
                batch.push(blob);
            }
            if batch.is_empty() {
                return Ok(total);
            }
            total += batch.len() as u64;
            let ids: Vec<i64> = batch.iter().map(|(id, _)| *id).collect();
            let there = self.store.read(move |tx| there(tx, &ids)).await?;
            batch.retain(|(id, _)| !there.contains(id));
            let kept = &self.store.0.blobs;
            let staging = batch.into_iter().map(|(id, bytes)| kept.stage(id, Sealed::Bytes(bytes)));
            let staged = Arc::new(try_join_all(staging).await?);
            self.store.write(move |tx| staged.iter().try_for_each(|blob| blob.attach(tx, 0))).await?;
        }
    }

    /// Reads the rows of `table` that changed; gives how many.
    ///
    /// # Errors
    /// [`StoreError`] if the step is damaged.
    pub fn table<R: Read>(&mut self, table: &Table, rows: TableReader<R>) -> Result<u64, StoreError> {
        let mut rows = all(table, rows)?;
        let count = rows.len() as u64;
        let mut whole = self.keys.complete(table, &mut rows).unwrap_or_else(|| table.clone());
        if let Some(ours) = self.tables.iter().find(|ours| ours.name == whole.name) {
            whole.key.clone_from(&ours.key);
        }
        self.changed.push((whole, rows));
        Ok(count)
    }

    /// Reads the keys of rows that are gone; gives how many.
    ///
    /// # Errors
    /// [`StoreError`] if the step is damaged.
    pub fn gone<R: Read>(&mut self, table: &Table, rows: TableReader<R>) -> Result<u64, StoreError> {
        let rows = all(table, rows)?;
        let count = rows.len() as u64;
        self.gone.push((table.clone(), rows));
        Ok(count)
    }

    /// Changes the rows, and notes on a standby what was carried out.
    ///
    /// # Errors
    /// [`StoreError`] if the step does not fit the store, or that fails; nothing of it is kept then.
    pub async fn finish(self, followed: Option<Followed>) -> Result<(), StoreError> {
        let Self { store, changed, gone, .. } = self;
        let erases = gone.iter().any(|(table, _)| table.name == ACCOUNT_TABLE);
        let (changed, gone) = (Arc::new(changed), Arc::new(gone));
        let work = move |tx: &mut Tx<'_>| {
            // First everything goes whose key is named: names that must be unique may have changed hands.
            for (table, rows) in gone.iter() {
                for row in rows {
                    erase_key(tx, table, row)?;
                    tx.execute(schema::delete(table), &values(row))?;
                }
            }
            for (table, rows) in changed.iter().filter(|(table, _)| !is_of_blobs(table)) {
                for row in rows {
                    tx.execute(schema::delete(table), &key_values(table, row)?)?;
                }
            }
            for (table, rows) in changed.iter() {
                for row in rows {
                    if is_of_blobs(table) {
                        tell_of_blob(tx, row)?;
                    } else {
                        tx.execute(schema::insert(table), &values(row))?;
                    }
                }
            }
            followed.iter().try_for_each(|followed| note_followed(tx, Some(followed)))
        };
        store.write(work).await?;
        if erases {
            // Nor does the log have keys of what was erased.
            store.empty_log().await?;
        }
        Ok(())
    }
}

fn all<R: Read>(table: &Table, mut rows: TableReader<R>) -> Result<Rows, StoreError> {
    let mut all = Vec::new();
    while let Some(row) = rows.row().map_err(|error| damaged(&table.name, &error))? {
        all.push(row);
    }
    Ok(all)
}

fn values(row: &[Kept]) -> Vec<Value<'_>> {
    row.iter().map(Kept::value).collect()
}

fn key_values<'r>(table: &Table, row: &'r [Kept]) -> Result<Vec<Value<'r>>, StoreError> {
    let value = |name: &String| {
        let at = table.columns.iter().position(|column| column == name);
        at.and_then(|at| row.get(at)).map(Kept::value)
    };
    let values: Option<Vec<_>> = table.key.iter().map(value).collect();
    values.ok_or_else(|| StoreError::Corrupt { what: format!("the step's table {} lacks its key", table.name) })
}

/// Writes over the key of an account that goes: a deleted row may stay in its page.
fn erase_key(tx: &mut Tx<'_>, table: &Table, row: &[Kept]) -> Result<(), StoreError> {
    if table.name != ACCOUNT_TABLE {
        return Ok(());
    }
    let [Kept::Int(account)] = row else { return Ok(()) };
    let length =
        tx.row("SELECT LENGTH(key_wrapped) FROM account WHERE id = $1", params![*account], |row| row.int(0))?;
    let nothing = vec![0; usize::try_from(length.unwrap_or(0)).unwrap_or_default()];
    tx.execute("UPDATE account SET key_wrapped = $2 WHERE id = $1", params![*account, &nothing])?;
    tx.context().keys.forget_account(*account);
    Ok(())
}

fn there(tx: &mut Tx<'_>, ids: &[i64]) -> Result<Vec<i64>, StoreError> {
    let mut there = Vec::new();
    for id in ids {
        there.extend(tx.row("SELECT id FROM blob WHERE id = $1", params![*id], |row| row.int(0))?);
    }
    Ok(there)
}
