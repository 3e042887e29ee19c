//! The tables as they are, on either engine, and statements made for them.

use std::collections::HashMap;
use std::sync::LazyLock;

use parking_lot::Mutex;

use super::Table;
use crate::{StoreError, Tx, params};

/// The table of blobs, whose bytes come in bundles.
pub(crate) const BLOB_TABLE: &str = "blob";

/// Columns of the blobs' table that a copy has: where the bytes lie is each store's own matter.
const BLOB_COLUMNS: [&str; 4] = ["id", "length", "refs", "released"];

/// The table of accounts.
pub(crate) const ACCOUNT_TABLE: &str = "account";

/// Column of the accounts' table that no copy has.
pub(crate) const ACCOUNT_KEY: &str = "key_wrapped";

/// The table, and the beginning of the names of those, that each store keeps for itself.
const VERSIONS: &str = "schema_version";
const JOURNAL: &str = "journal_";

const SQLITE_TABLES: &str =
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
const SQLITE_COLUMNS: &str = "SELECT name FROM pragma_table_info($1) ORDER BY cid";
const SQLITE_KEY: &str = "SELECT name FROM pragma_table_info($1) WHERE pk > 0 ORDER BY pk";

const POSTGRES_TABLES: &str = "SELECT table_name::TEXT FROM information_schema.tables
    WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' ORDER BY 1";
const POSTGRES_COLUMNS: &str = "SELECT column_name::TEXT FROM information_schema.columns
    WHERE table_schema = current_schema() AND table_name::TEXT = $1 ORDER BY ordinal_position";
const POSTGRES_KEY: &str = "SELECT a.attname::TEXT FROM pg_index i
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
    WHERE i.indrelid = CAST($1 AS TEXT)::REGCLASS AND i.indisprimary ORDER BY array_position(i.indkey::INT2[], a.attnum)";

/// The tables that a copy has, by name.
pub(crate) fn tables(tx: &mut Tx<'_>, is_embedded: bool) -> Result<Vec<Table>, StoreError> {
    let (names, columns, key) = if is_embedded {
        (SQLITE_TABLES, SQLITE_COLUMNS, SQLITE_KEY)
    } else {
        (POSTGRES_TABLES, POSTGRES_COLUMNS, POSTGRES_KEY)
    };
    let names = tx.rows(names, &[], |row| Ok(row.text(0)?.to_owned()))?;
    let mut tables = Vec::new();
    for name in names.into_iter().filter(|name| name != VERSIONS && !name.starts_with(JOURNAL)) {
        let mut list = |sql| tx.rows(sql, params![&name], |row| Ok(row.text(0)?.to_owned()));
        let key = list(key)?;
        let mut columns = if name == BLOB_TABLE { BLOB_COLUMNS.map(str::to_owned).to_vec() } else { list(columns)? };
        if name == ACCOUNT_TABLE {
            columns.retain(|column| column != ACCOUNT_KEY);
        }
        tables.push(Table { name, columns, key, rows: 0, bytes: 0 });
    }
    Ok(tables)
}

/// All rows, in the order of the key, so that what did not change stands where it stood.
pub(super) fn select(table: &Table) -> &'static str {
    let order = if table.key.is_empty() { &table.columns } else { &table.key };
    constant(format!("SELECT {} FROM {} ORDER BY {}", quoted(&table.columns), quote(&table.name), quoted(order)))
}

pub(super) fn insert(table: &Table) -> &'static str {
    let places: Vec<String> = (1..=table.columns.len()).map(|number| format!("${number}")).collect();
    let (name, columns) = (quote(&table.name), quoted(&table.columns));
    constant(format!("INSERT INTO {name} ({columns}) VALUES ({})", places.join(", ")))
}

pub(super) fn clear(table: &Table) -> &'static str {
    constant(format!("DELETE FROM {}", quote(&table.name)))
}

/// Deletes the row with the key that is given.
pub(super) fn delete(table: &Table) -> &'static str {
    let wanted: Vec<String> =
        table.key.iter().enumerate().map(|(at, column)| format!("{} = ${}", quote(column), at + 1)).collect();
    constant(format!("DELETE FROM {} WHERE {}", quote(&table.name), wanted.join(" AND ")))
}

pub(crate) fn quoted(names: &[String]) -> String {
    names.iter().map(|name| quote(name)).collect::<Vec<_>>().join(", ")
}

pub(crate) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Engines know their statements as constants. Those made here are kept for good: some for each table of the schema, however often they
/// are asked for.
pub(crate) fn constant(sql: String) -> &'static str {
    static KNOWN: LazyLock<Mutex<HashMap<String, &'static str>>> = LazyLock::new(Mutex::default);
    let mut known = KNOWN.lock();
    if let Some(constant) = known.get(&sql) {
        return constant;
    }
    let constant: &'static str = Box::leak(sql.clone().into_boxed_str());
    known.insert(sql, constant);
    constant
}
