//! The keys of accounts, which no copy has.

use std::collections::BTreeMap;

use super::Table;
use super::form::Kept;
use super::schema::{ACCOUNT_KEY, ACCOUNT_TABLE};
use crate::{StoreError, Tx};

/// The wrapped keys of all accounts, by number. They open under the keys of their organisations alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountKeys(pub BTreeMap<i64, Vec<u8>>);

impl AccountKeys {
    /// The keys of the accounts that there are.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub fn read(tx: &mut Tx<'_>) -> Result<Self, StoreError> {
        let rows = tx.rows("SELECT id, key_wrapped FROM account ORDER BY id", &[], |row| {
            Ok((row.int(0)?, row.bytes(1)?.to_vec()))
        })?;
        Ok(Self(rows.into_iter().collect()))
    }

    /// Gives each row of the accounts' table its key, or an empty one; gives the table as it is then, none for any other table.
    pub(super) fn complete(&self, table: &Table, rows: &mut [Vec<Kept>]) -> Option<Table> {
        let id = table.columns.iter().position(|column| column == "id").filter(|_| table.name == ACCOUNT_TABLE)?;
        for row in rows {
            let key = match row.get(id) {
                Some(Kept::Int(account)) => self.0.get(account).cloned(),
                _ => None,
            };
            row.push(Kept::Bytes(key.unwrap_or_default()));
        }
        let mut whole = table.clone();
        whole.columns.push(ACCOUNT_KEY.to_owned());
        Some(whole)
    }
}

/// Accounts that came from a copy without a key: they were erased since it was taken.
///
/// # Errors
/// [`StoreError`] if the store cannot be read.
pub fn without_key(tx: &mut Tx<'_>) -> Result<Vec<i64>, StoreError> {
    tx.rows("SELECT id FROM account WHERE LENGTH(key_wrapped) = 0 ORDER BY id", &[], |row| row.int(0))
}
