//! Taking the mail of some accounts out of a copy, beside the store that they are in.

use std::collections::HashSet;
use std::io::Read;
use std::sync::Arc;

use super::fill::damaged;
use super::form::{Kept, TableReader};
use super::{Inventory, Table, schema};
use crate::migrate::newest;
use crate::{Store, StoreError, Tx, Value, params};

/// Tables that hold the mail of accounts. Each has a column `account`.
const TABLES: [&str; 5] = ["keyword", "mailbox", "mailbox_message", "message", "search_signature"];

/// The column by which a row is someone's.
const OWNER: &str = "account";

/// Rows put in with one transaction.
const ROWS_AT_ONCE: usize = 500;

/// Puts the mail of some accounts, as a copy has it, into a store of its own: everything but the content, which stays in the copy.
///
/// The accounts' keys are those of the live store, which open all that was ever sealed for an account. So nothing opens of an account that
/// has been destroyed since.
pub struct Picker {
    scratch: Store,
    accounts: Arc<HashSet<i64>>,
}

impl Picker {
    /// Makes `scratch`, an embedded store that has just been made, ready for `accounts` of `live`. A copy of an earlier schema will do: the
    /// tables of mail have only ever gained columns.
    ///
    /// # Errors
    /// [`StoreError`] if the copy was made by a newer program, an account is not in `live`, or a store fails.
    pub async fn new(
        scratch: &Store,
        live: &Store,
        inventory: &Inventory,
        accounts: &[i64],
    ) -> Result<Self, StoreError> {
        if inventory.schema > newest() {
            return Err(StoreError::Setup(format!(
                "the backup has schema {}, this program {}: it was made by a newer one, which is needed to read it",
                inventory.schema,
                newest()
            )));
        }
        let wanted = accounts.to_vec();
        let keys = live
            .read(move |tx| {
                let mut keys = Vec::with_capacity(wanted.len());
                for account in wanted {
                    let key = tx.row(
                        "SELECT a.organisation, a.key_wrapped, o.key_wrapped FROM account a
                         JOIN organisation o ON o.id = a.organisation WHERE a.id = $1",
                        params![account],
                        |row| Ok((account, row.int(0)?, row.bytes(1)?.to_vec(), row.bytes(2)?.to_vec())),
                    )?;
                    keys.push(key.ok_or(StoreError::Missing { what: "account" })?);
                }
                Ok::<_, StoreError>(keys)
            })
            .await?;
        scratch
            .write(move |tx| {
                let mut organisations = HashSet::new();
                for (account, organisation, own, above) in &keys {
                    if organisations.insert(*organisation) {
                        tx.execute(
                            "INSERT INTO organisation (id, name, level, key_wrapped, created) VALUES ($1, '', '', $2, 0)",
                            params![*organisation, above],
                        )?;
                    }
                    tx.execute(
                        "INSERT INTO account (id, organisation, kind, name, role, language, state, key_wrapped, modseq,
                             low_modseq, bytes, messages, quota_bytes, created)
                         VALUES ($1, $2, '', '', '', '', '', $3, 0, 0, 0, 0, 0, 0)",
                        params![*account, *organisation, own],
                    )?;
                }
                Ok::<_, StoreError>(())
            })
            .await?;
        Ok(Self { scratch: scratch.clone(), accounts: Arc::new(accounts.iter().copied().collect()) })
    }

    /// Whether the table of that name is to be given to [`Self::table`].
    #[must_use]
    pub fn wants(&self, table: &Table) -> bool {
        TABLES.contains(&table.name.as_str())
    }

    /// Takes rows out that are gone, as a step names their keys; gives how many it names. Keys of other accounts' rows are of nothing that is here.
    ///
    /// # Errors
    /// [`StoreError`] if the step is damaged or the scratch store fails.
    pub async fn gone<R: Read>(&self, table: &Table, mut rows: TableReader<R>) -> Result<u64, StoreError> {
        let statement = schema::delete(table);
        let mut total = 0;
        loop {
            let batch = batch(table, &mut rows, |_| true)?;
            if batch.is_empty() {
                return Ok(total);
            }
            total += batch.len() as u64;
            let work = move |tx: &mut Tx<'_>| {
                for row in &batch {
                    tx.execute(statement, &values(row))?;
                }
                Ok::<_, StoreError>(())
            };
            self.scratch.write(work).await?;
        }
    }

    /// Puts rows of the accounts in the place of those with their keys; gives how many.
    ///
    /// # Errors
    /// [`StoreError`] if the step is damaged or the scratch store fails.
    pub async fn changed<R: Read>(&self, table: &Table, mut rows: TableReader<R>) -> Result<u64, StoreError> {
        let owner = owner_in(table)?;
        let name = table.name.clone();
        let ours = self.scratch.read(|tx| schema::tables(tx, true)).await?;
        // Keys are those of the store here, whichever engine the step is of.
        let key = ours.into_iter().find(|ours| ours.name == name).map(|ours| ours.key).unwrap_or_default();
        let places: Option<Vec<usize>> =
            key.iter().map(|name| table.columns.iter().position(|column| column == name)).collect();
        let places = places
            .filter(|places| !places.is_empty())
            .ok_or_else(|| StoreError::Corrupt { what: format!("the step's table {} lacks its key", table.name) })?;
        let delete = schema::delete(&Table { key, ..table.clone() });
        let insert = schema::insert(table);
        let mut total = 0;
        loop {
            let batch = batch(table, &mut rows, |row| self.is_wanted(row, owner))?;
            if batch.is_empty() {
                return Ok(total);
            }
            total += batch.len() as u64;
            let places = places.clone();
            let work = move |tx: &mut Tx<'_>| {
                for row in &batch {
                    let key: Vec<Value<'_>> = places.iter().filter_map(|at| row.get(*at)).map(Kept::value).collect();
                    tx.execute(delete, &key)?;
                }
                for row in &batch {
                    tx.execute(insert, &values(row))?;
                }
                Ok::<_, StoreError>(())
            };
            self.scratch.write(work).await?;
        }
    }

    fn is_wanted(&self, row: &[Kept], owner: usize) -> bool {
        matches!(row.get(owner), Some(Kept::Int(account)) if self.accounts.contains(account))
    }

    /// Puts the rows of the accounts in; gives how many.
    ///
    /// # Errors
    /// [`StoreError`] if the copy is damaged or the scratch store fails.
    pub async fn table<R: Read>(&self, table: &Table, mut rows: TableReader<R>) -> Result<u64, StoreError> {
        let owner = owner_in(table)?;
        let statement = schema::insert(table);
        let mut total = 0;
        loop {
            let batch = batch(table, &mut rows, |row| self.is_wanted(row, owner))?;
            if batch.is_empty() {
                return Ok(total);
            }
            total += batch.len() as u64;
            let work = move |tx: &mut Tx<'_>| {
                for row in &batch {
                    tx.execute(statement, &values(row))?;
                }
                Ok::<_, StoreError>(())
            };
            self.scratch.write(work).await?;
        }
    }
}

/// Where a row says whose it is.
fn owner_in(table: &Table) -> Result<usize, StoreError> {
    let owner = table.columns.iter().position(|column| column == OWNER);
    owner.ok_or_else(|| StoreError::Corrupt {
        what: format!("the backup's table {} does not say whose its rows are", table.name),
    })
}

/// The next rows that are wanted, as many as go into one transaction; none at the end.
fn batch<R: Read>(
    table: &Table,
    rows: &mut TableReader<R>,
    is_wanted: impl Fn(&[Kept]) -> bool,
) -> Result<Vec<Vec<Kept>>, StoreError> {
    let mut batch = Vec::new();
    while batch.len() < ROWS_AT_ONCE {
        let Some(row) = rows.row().map_err(|error| damaged(&table.name, &error))? else { break };
        if is_wanted(&row) {
            batch.push(row);
        }
    }
    Ok(batch)
}

fn values(row: &[Kept]) -> Vec<Value<'_>> {
    row.iter().map(Kept::value).collect()
}
