//! Filling a store from a copy.

use std::io::{self, Read};
use std::sync::Arc;

use futures_util::future::try_join_all;

use super::form::{BundleReader, Kept, TableReader};
use super::{AccountKeys, Inventory, Table, is_of_blobs, schema};
use crate::blobs::Sealed;
use crate::migrate::newest;
use crate::{Store, StoreError, Tx, Value, params};

/// Rows put in with one transaction.
const ROWS_AT_ONCE: usize = 500;

/// Bytes of blobs put in with one transaction.
const BLOB_BYTES_AT_ONCE: usize = 8 << 20;

/// More than a mailbox gets, or an account changes, between two copies.
const NUMBERS_SKIPPED: i64 = 1 << 20;

/// The highest UID there is.
const UID_MAX: i64 = 0xffff_ffff;

/// Once a copy and what was carried out after it are in `store`, and it is to serve: lets numbers that mail clients go by jump, so that none
/// which was given out later is given out a second time, and has clients look at everything anew (RFC 9051 section 2.3.1.1, RFC 7162 section
/// 3.1.2).
///
/// # Errors
/// [`StoreError`] if the store fails.
pub async fn skip_numbers(store: &Store) -> Result<(), StoreError> {
    let jump = |tx: &mut Tx<'_>| {
        tx.execute("UPDATE account SET modseq = modseq + $1, low_modseq = modseq + $1", params![NUMBERS_SKIPPED])?;
        tx.execute(
            "UPDATE mailbox SET highestmodseq = highestmodseq + $1, changed_modseq = changed_modseq + $1,
                uidnext = CASE WHEN uidnext < $2 THEN uidnext + $1 ELSE uidnext END",
            params![NUMBERS_SKIPPED, UID_MAX - NUMBERS_SKIPPED],
        )?;
        Ok(())
    };
    store.write(jump).await
}

/// Puts a copy into a store that is empty.
///
/// All bundles come before the tables: a table's row of a blob wants the blob to be there.
pub struct Filler {
    store: Store,
    keys: AccountKeys,
}

impl Filler {
    /// Fills `store`, which must hold no account, giving accounts their `keys`. What a new store begins with is taken out. An account without a
    /// key was erased since the copy was taken: [`super::without_key`] finds it.
    ///
    /// # Errors
    /// [`StoreError`] if the store is not empty, or the copy is of another schema than this program's.
    pub async fn new(store: &Store, inventory: &Inventory, keys: AccountKeys) -> Result<Self, StoreError> {
        if inventory.schema != newest() {
            return Err(StoreError::Setup(format!(
                "the backup has schema {}, this program {}: restore it with the version of the program that made it, then run the newer one",
                inventory.schema,
                newest()
            )));
        }
        let accounts: Option<i64> =
            store.read(|tx| tx.row("SELECT COUNT(*) FROM account", &[], |row| row.int(0))).await?;
        if accounts != Some(0) {
            return Err(StoreError::Setup("the store has accounts already; restore into an empty place".to_owned()));
        }
        for table in &inventory.tables {
            let statement = schema::clear(table);
            store.write(move |tx| tx.execute(statement, &[])).await?;
        }
        Ok(Self { store: store.clone(), keys })
    }

    /// Puts the rows of `table` in; gives how many.
    ///
    /// # Errors
    /// [`StoreError`] if the copy is damaged or the store fails.
    pub async fn table<R: Read>(&self, table: &Table, mut rows: TableReader<R>) -> Result<u64, StoreError> {
        let mut total = 0;
        loop {
            let mut batch = Vec::with_capacity(ROWS_AT_ONCE);
            while batch.len() < ROWS_AT_ONCE {
                match rows.row().map_err(|error| damaged(&table.name, &error))? {
                    Some(row) => batch.push(row),
                    None => break,
                }
            }
            if batch.is_empty() {
                return Ok(total);
            }
            total += batch.len() as u64;
            if is_of_blobs(table) {
                self.tell_of_blobs(batch).await?;
            } else if let Some(whole) = self.keys.complete(table, &mut batch) {
                self.insert(&whole, batch).await?;
            } else {
                self.insert(table, batch).await?;
            }
        }
    }

    async fn insert(&self, table: &Table, batch: Vec<Vec<Kept>>) -> Result<(), StoreError> {
        let statement = schema::insert(table);
        self.store
            .write(move |tx| {
                for row in &batch {
                    let values: Vec<Value<'_>> = row.iter().map(Kept::value).collect();
                    tx.execute(statement, &values)?;
                }
                Ok(())
            })
            .await
    }

    /// Rows of the blobs' table: id, length, references, when released.
    async fn tell_of_blobs(&self, batch: Vec<Vec<Kept>>) -> Result<(), StoreError> {
        self.store
            .write(move |tx| {
                for row in &batch {
                    tell_of_blob(tx, row)?;
                }
                Ok(())
            })
            .await
    }

    /// Puts the blobs of a bundle in; gives how many.
    ///
    /// # Errors
    /// [`StoreError`] if the copy is damaged or the store fails.
    pub async fn bundle<R: Read>(&self, mut blobs: BundleReader<R>) -> Result<u64, StoreError> {
        let mut total = 0;
        loop {
            let (mut batch, mut bytes) = (Vec::new(), 0);
            while bytes < BLOB_BYTES_AT_ONCE {
                match blobs.blob().map_err(|error| damaged("blobs", &error))? {
                    Some(blob) => {
                        bytes += blob.1.len();
                        batch.push(blob);
                    }
                    None => break,
                }
            }
            if batch.is_empty() {
                return Ok(total);
            }
            total += batch.len() as u64;
            let kept = &self.store.0.blobs;
            let staging = batch.into_iter().map(|(id, bytes)| kept.stage(id, Sealed::Bytes(bytes)));
            let staged = Arc::new(try_join_all(staging).await?);
            // Nothing names them until their table comes.
            self.store.write(move |tx| staged.iter().try_for_each(|blob| blob.attach(tx, 0))).await?;
        }
    }
}

/// A row of the blobs' table: id, length, references, when released.
pub(super) fn tell_of_blob(tx: &mut Tx<'_>, row: &[Kept]) -> Result<(), StoreError> {
    let [Kept::Int(id), Kept::Int(length), Kept::Int(refs), Kept::Int(released)] = row else {
        return Err(StoreError::Corrupt { what: "a row of the backup's blobs has no sense".to_owned() });
    };
    let changed = tx.execute(
        "UPDATE blob SET refs = $1, released = $2 WHERE id = $3 AND length = $4",
        params![*refs, *released, *id, *length],
    )?;
    if changed == 1 { Ok(()) } else { Err(StoreError::Corrupt { what: format!("the backup lacks blob {id}") }) }
}

pub(super) fn damaged(what: &str, error: &io::Error) -> StoreError {
    StoreError::Corrupt { what: format!("the backup of {what} cannot be read: {error}") }
}
