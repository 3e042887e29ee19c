//! What changed behind a mark of the journal, as one snapshot has it: rows that are other or new, keys of those that went, blobs that came.

use super::schema::BLOB_TABLE;
use super::{
    Chunks, Frozen, Inventory, Pace, Part, bundles_of, freeze_since, journal, measure, newest, send_blob, send_rows,
};
use crate::journal::triggers::{self, Noted};
use crate::journal::{ACCOUNT_KEY, Mark, NEW_BLOB};
use crate::{Store, StoreError, Tx, params};

/// Holds one point in time of the store and lets `work` read what changed behind the mark `since`, as [`super::freeze`] does for everything.
///
/// # Errors
/// [`StoreError`] if the store cannot be read. What fails while a part is read is told by its reader.
pub async fn freeze_changes<R, F>(store: &Store, pace: Pace, since: Mark, work: F) -> Result<R, StoreError>
where
    R: Send + 'static,
    F: FnOnce(Frozen) -> R + Send + 'static,
{
    freeze_since(store, pace, Some(since), work).await
}

/// The tables that are named, what there is of them, and whether keys of accounts are among it.
pub(super) fn take_inventory(
    tx: &mut Tx<'_>,
    is_embedded: bool,
    since: &Mark,
) -> Result<(Vec<Noted>, Inventory, bool), StoreError> {
    let names = journal::names(tx, is_embedded, since)?;
    let is_named = |name: &str| names.iter().any(|one| one == name);
    let mut noted = Vec::new();
    if !names.is_empty() {
        noted = triggers::all(tx, is_embedded)?;
        noted.retain(|table| is_named(&table.table.name));
    }
    let (mut tables, mut gone, mut bundles) = (Vec::new(), Vec::new(), Vec::new());
    for one in &noted {
        let params = params![&one.table.name, &since.0];
        let mut changed = one.table.clone();
        measure(tx, &mut changed, one.changed(), params)?;
        let mut keys = one.as_gone();
        measure(tx, &mut keys, one.gone(), params)?;
        tables.extend(Some(changed).filter(|table| table.rows > 0));
        gone.extend(Some(keys).filter(|table| table.rows > 0));
        if one.table.name == BLOB_TABLE {
            let columns = "t.id, t.length, d.id";
            let sql = one.changed_columns(columns, "LEFT JOIN damaged_blob d ON d.id = t.id", "ORDER BY t.id");
            bundles = bundles_of(tx, sql, params![NEW_BLOB, &since.0], |_| Ok(()))?;
        }
    }
    let inventory = Inventory { schema: newest(), tables, bundles, accounts: 0, messages: 0, gone, point: None };
    Ok((noted, inventory, is_named(ACCOUNT_KEY)))
}

pub(super) fn send_part(
    tx: &mut Tx<'_>,
    store: &Store,
    (noted, since): (&[Noted], &Mark),
    part: &Part,
    chunks: &mut Chunks<'_, '_>,
) -> Result<(), StoreError> {
    let name = match part {
        Part::Table(table) | Part::Gone(table) => table.name.as_str(),
        Part::Bundle(_) => BLOB_TABLE,
    };
    let one = noted.iter().find(|one| one.table.name == name).ok_or(StoreError::Missing { what: "changed table" })?;
    match part {
        Part::Table(table) => send_rows(tx, one.changed(), params![name, &since.0], table.columns.len(), chunks),
        Part::Gone(table) => send_rows(tx, one.gone(), params![name, &since.0], table.columns.len(), chunks),
        Part::Bundle(bundle) => {
            let sql = one.changed_columns(
                "t.id, t.segment, t.position, t.length, t.data, d.id",
                "AND t.id BETWEEN $3 AND $4 LEFT JOIN damaged_blob d ON d.id = t.id",
                "ORDER BY t.id",
            );
            let params = params![NEW_BLOB, &since.0, bundle.first, bundle.last];
            tx.for_each(sql, params, |row| send_blob(store, row, row.int_opt(5)?.is_some(), chunks))
        }
    }
}
