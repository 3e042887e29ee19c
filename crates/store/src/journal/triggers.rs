//! The triggers that note changes, for each table.

use super::{ACCOUNT_KEY, NEW_BLOB};
use crate::copy::Table;
use crate::copy::schema::{self, ACCOUNT_TABLE, BLOB_TABLE, constant, quote, tables};
use crate::{StoreError, Tx, params};

/// Columns of a blob's row that tell something of a copy.
const BLOB_CHANGES: &str = "refs, released";

const POSTGRES_TYPE: &str = "SELECT data_type::TEXT FROM information_schema.columns
    WHERE table_schema = current_schema() AND table_name::TEXT = $1 AND column_name::TEXT = $2";

/// A column of a key.
#[derive(Debug, Clone)]
pub(crate) struct KeyColumn {
    name: String,
    /// Its type on PostgreSQL; empty on the embedded engine.
    kind: String,
}

impl KeyColumn {
    /// Its value in the row that is called `row`, as the journal has it.
    fn noted(&self, row: &str) -> String {
        let value = format!("{row}.{}", quote(&self.name));
        match self.kind.as_str() {
            "" | "text" => value,
            "bytea" => format!("encode({value}, 'hex')"),
            _ => format!("CAST({value} AS TEXT)"),
        }
    }

    /// Its value, from the journal's column `number`.
    fn read(&self, number: usize) -> String {
        match self.kind.as_str() {
            "" | "text" => format!("k{number}"),
            "bytea" => format!("decode(k{number}, 'hex')"),
            kind => format!("CAST(k{number} AS {kind})"),
        }
    }
}

/// A table whose changes are noted.
#[derive(Debug, Clone)]
pub(crate) struct Noted {
    pub(crate) table: Table,
    key: Vec<KeyColumn>,
    is_embedded: bool,
}

/// All tables of a copy.
pub(crate) fn all(tx: &mut Tx<'_>, is_embedded: bool) -> Result<Vec<Noted>, StoreError> {
    tables(tx, is_embedded)?.into_iter().map(|table| Noted::of(tx, table, is_embedded)).collect()
}

impl Noted {
    fn of(tx: &mut Tx<'_>, table: Table, is_embedded: bool) -> Result<Self, StoreError> {
        let mut key = Vec::with_capacity(table.key.len());
        for name in &table.key {
            let kind = if is_embedded {
                None
            } else {
                tx.row(POSTGRES_TYPE, params![&table.name, name], |row| Ok(row.text(0)?.to_owned()))?
            };
            key.push(KeyColumn { name: name.clone(), kind: kind.unwrap_or_default() });
        }
        Ok(Self { table, key, is_embedded })
    }

    /// The statement that notes the key of the row that is called `row`.
    fn note(&self, row: &str) -> String {
        let columns: Vec<String> = (1..=self.key.len()).map(|number| format!(", k{number}")).collect();
        let values: Vec<String> = self.key.iter().map(|column| format!(", {}", column.noted(row))).collect();
        format!(
            "INSERT INTO journal_entry (name{}) VALUES ('{}'{});",
            columns.concat(),
            self.table.name,
            values.concat()
        )
    }

    fn differs(&self, how: &str) -> String {
        let each = |column: &KeyColumn| {
            let name = quote(&column.name);
            format!("OLD.{name} {how} NEW.{name}")
        };
        self.key.iter().map(each).collect::<Vec<_>>().join(" OR ")
    }

    fn changes(&self) -> &'static str {
        if self.table.name == BLOB_TABLE { BLOB_CHANGES } else { "" }
    }

    pub(super) fn set_up(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        self.take_down(tx)?;
        if self.is_embedded { self.set_up_embedded(tx) } else { self.set_up_postgres(tx) }
    }

    fn set_up_embedded(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let name = &self.table.name;
        let further = |kind: &str| format!(" INSERT INTO journal_entry (name) VALUES ('{kind}');");
        let is_account = name == ACCOUNT_TABLE;
        let key_note = if is_account { further(ACCOUNT_KEY) } else { String::new() };
        let new_note = if name == BLOB_TABLE {
            self.note("NEW").replace(&format!("('{name}'"), &format!("('{NEW_BLOB}'"))
        } else {
            key_note.clone()
        };
        let of = match self.changes() {
            "" => String::new(),
            columns => format!(" OF {columns}"),
        };
        let table = quote(name);
        let mut make = |event: &str, when: &str, what: &str, body: String| {
            let sql = format!("CREATE TRIGGER journal_{event}_{name} AFTER {what} ON {table} {when} BEGIN {body} END");
            tx.execute(constant(sql), &[]).map(drop)
        };
        make("insert", "", "INSERT", format!("{}{new_note}", self.note("NEW")))?;
        make("update", "", &format!("UPDATE{of}"), self.note("NEW"))?;
        let columns = schema::quoted(&self.table.key);
        make("move", &format!("WHEN {}", self.differs("IS NOT")), &format!("UPDATE OF {columns}"), self.note("OLD"))?;
        make("delete", "", "DELETE", format!("{}{key_note}", self.note("OLD")))?;
        if is_account {
            make("key", "", &format!("UPDATE OF {}", schema::ACCOUNT_KEY), key_note)?;
        }
        Ok(())
    }

    fn set_up_postgres(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let name = &self.table.name;
        let mut further = String::new();
        if name == BLOB_TABLE {
            let note = self.note("NEW").replace(&format!("('{name}'"), &format!("('{NEW_BLOB}'"));
            further = format!("IF TG_OP = 'INSERT' THEN {note} END IF;");
        } else if name == ACCOUNT_TABLE {
            let key = schema::ACCOUNT_KEY;
            further = format!(
                "IF TG_OP <> 'UPDATE' OR OLD.{key} IS DISTINCT FROM NEW.{key} THEN
                 INSERT INTO journal_entry (name) VALUES ('{ACCOUNT_KEY}'); END IF;"
            );
        }
        let function = format!(
            "CREATE OR REPLACE FUNCTION journal_{name}() RETURNS trigger LANGUAGE plpgsql AS $journal$ BEGIN
             IF TG_OP = 'DELETE' OR (TG_OP = 'UPDATE' AND ({differs})) THEN {old} END IF;
             IF TG_OP <> 'DELETE' THEN {new} END IF;
             {further} RETURN NULL; END $journal$",
            differs = self.differs("IS DISTINCT FROM"),
            old = self.note("OLD"),
            new = self.note("NEW"),
        );
        tx.execute(constant(function), &[])?;
        let of = match self.changes() {
            "" => String::new(),
            columns => format!(" OF {columns}"),
        };
        let trigger = format!(
            "CREATE TRIGGER journal_{name} AFTER INSERT OR DELETE OR UPDATE{of} ON {} FOR EACH ROW
             EXECUTE FUNCTION journal_{name}()",
            quote(name)
        );
        tx.execute(constant(trigger), &[])?;
        Ok(())
    }

    pub(super) fn take_down(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let name = &self.table.name;
        if self.is_embedded {
            for event in ["insert", "update", "move", "delete", "key"] {
                tx.execute(constant(format!("DROP TRIGGER IF EXISTS journal_{event}_{name}")), &[])?;
            }
        } else {
            tx.execute(constant(format!("DROP TRIGGER IF EXISTS journal_{name} ON {}", quote(name))), &[])?;
        }
        Ok(())
    }

    /// The keys that are noted under `$1` behind the mark `$2`, each once.
    fn keys(&self) -> String {
        let read: Vec<String> =
            self.key.iter().zip(1..).map(|(column, number)| format!("{} AS k{number}", column.read(number))).collect();
        let behind = super::behind(self.is_embedded, 2);
        format!("(SELECT DISTINCT {} FROM journal_entry WHERE name = $1 AND {behind}) j", read.join(", "))
    }

    fn same(&self) -> String {
        let each = |(column, number): (&KeyColumn, usize)| format!("t.{} = j.k{number}", quote(&column.name));
        self.key.iter().zip(1..).map(each).collect::<Vec<_>>().join(" AND ")
    }

    /// Beginning with the keys, however many rows the table has.
    fn join(&self) -> &'static str {
        if self.is_embedded { "CROSS JOIN" } else { "JOIN" }
    }

    /// What reads `columns` (of the row `t`) of the rows that changed and are there, ordered by `order`.
    pub(crate) fn changed_columns(&self, columns: &str, more: &str, order: &str) -> &'static str {
        let (keys, table, same, join) = (self.keys(), quote(&self.table.name), self.same(), self.join());
        constant(format!("SELECT {columns} FROM {keys} {join} {table} t ON {same} {more} {order}"))
    }

    /// What reads the rows that changed and are there.
    pub(crate) fn changed(&self) -> &'static str {
        let columns: Vec<String> = self.table.columns.iter().map(|name| format!("t.{}", quote(name))).collect();
        self.changed_columns(&columns.join(", "), "", "")
    }

    /// What reads the keys of those that are there no more.
    pub(crate) fn gone(&self) -> &'static str {
        let columns: Vec<String> = (1..=self.key.len()).map(|number| format!("j.k{number}")).collect();
        let (keys, table, same) = (self.keys(), quote(&self.table.name), self.same());
        constant(format!(
            "SELECT {} FROM {keys} WHERE NOT EXISTS (SELECT 1 FROM {table} t WHERE {same})",
            columns.join(", ")
        ))
    }

    /// The table of keys that are gone.
    pub(crate) fn as_gone(&self) -> Table {
        Table { columns: self.table.key.clone(), rows: 0, bytes: 0, ..self.table.clone() }
    }
}
