//! Fresh marks are put into the index, in batches: what is written then lies together, and no message waits for it.

use std::sync::LazyLock;

use store::{StoreError, Tx, Value, params};

use crate::marks::{day_of, unpack};

/// Traces of one batch.
const BATCH_MAX: i64 = 400;

/// Rows of one statement.
const ROWS_AT_ONCE: usize = 40;

static MANY: LazyLock<String> = LazyLock::new(|| {
    let row = |place: usize| format!("(${}, ${}, ${})", place * 3 + 1, place * 3 + 2, place * 3 + 3);
    let rows: Vec<String> = (0..ROWS_AT_ONCE).map(row).collect();
    format!("INSERT INTO trace_mark (day, mark, id) VALUES {} ON CONFLICT DO NOTHING", rows.join(", "))
});

/// Puts the marks of the oldest fresh traces into the index; gives how many traces. Call again while it gives some.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn index(tx: &mut Tx<'_>) -> Result<u64, StoreError> {
    let (mut ids, mut rows) = (Vec::new(), Vec::new());
    tx.for_each("SELECT id, marks FROM trace_fresh ORDER BY id LIMIT $1", params![BATCH_MAX], |row| {
        let id = row.int(0)?;
        ids.push(id);
        rows.extend(unpack(row.bytes(1)?).map(|mark| (day_of(id), mark, id)));
        Ok(())
    })?;
    rows.sort_unstable();
    let mut chunks = rows.chunks_exact(ROWS_AT_ONCE);
    for chunk in &mut chunks {
        let values: Vec<Value<'_>> =
            chunk.iter().flat_map(|(day, mark, id)| [*day, *mark, *id]).map(Value::from).collect();
        tx.execute(&MANY, &values)?;
    }
    for (day, mark, id) in chunks.remainder() {
        tx.execute(
            "INSERT INTO trace_mark (day, mark, id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            params![*day, *mark, *id],
        )?;
    }
    for id in &ids {
        tx.execute("DELETE FROM trace_fresh WHERE id = $1", params![*id])?;
    }
    Ok(ids.len() as u64)
}
