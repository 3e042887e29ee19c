//! Versions of settings that were changed while the server ran.

use env::Timestamp;
use serde::{Deserialize, Serialize};
use store::{Notice, Row, StoreError, Tx, params};
use toml::{Table, Value};

use crate::text_of;

const COLUMN: &str = "setting_version.detail";

/// The form of the sealed octets: JSON.
const FORM: u8 = 1;

/// A version of a setting.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    /// Its number among all.
    pub id: i64,
    /// The setting.
    pub name: String,
    /// 1, 2, ... of this setting.
    pub version: i64,
    /// When it was made.
    pub at: Timestamp,
    /// By whom; none for the operator.
    pub by: Option<i64>,
    /// The value; none if what holds without the store holds again.
    pub value: Option<Value>,
    /// The value of the version before; none if there was none.
    pub before: Option<Value>,
    /// Why.
    pub reason: String,
    /// By what: `set`, `clear`, `undo` or `import`.
    pub how: String,
    /// Whether it protects less than what held before.
    pub protects_less: bool,
}

/// What rests sealed: values may name people, and some are secrets.
#[derive(Serialize, Deserialize)]
struct Detail {
    value: Option<String>,
    before: Option<String>,
    reason: String,
    how: String,
    protects_less: bool,
}

/// The newest version of each setting that was ever changed, by name.
///
/// # Errors
/// [`StoreError`] if the store fails or a version does not open.
pub fn current(tx: &mut Tx<'_>) -> Result<Vec<Version>, StoreError> {
    // As many as there are settings.
    let rows = tx.rows(
        "SELECT v.id, v.name, v.version, v.at, v.changed_by, v.detail
         FROM setting_newest n JOIN setting_version v ON v.id = n.id ORDER BY n.name",
        &[],
        sealed,
    )?;
    rows.into_iter().map(|row| row.opened(tx)).collect()
}

/// The newest version of a setting; none if it was never changed.
///
/// # Errors
/// [`StoreError`] if the store fails or the version does not open.
pub fn newest(tx: &mut Tx<'_>, name: &str) -> Result<Option<Version>, StoreError> {
    let row = tx.row(
        "SELECT v.id, v.name, v.version, v.at, v.changed_by, v.detail
         FROM setting_newest n JOIN setting_version v ON v.id = n.id WHERE n.name = $1",
        params![name],
        sealed,
    )?;
    row.map(|row| row.opened(tx)).transpose()
}

/// Versions of a setting, or of all, the newest first: those before the one with the number `before` (0 for the newest), `limit` at most.
///
/// # Errors
/// [`StoreError`] if the store fails or a version does not open.
pub fn history(tx: &mut Tx<'_>, name: Option<&str>, before: i64, limit: u32) -> Result<Vec<Version>, StoreError> {
    let before = if before <= 0 { i64::MAX } else { before };
    let rows = match name {
        Some(name) => tx.rows(
            "SELECT id, name, version, at, changed_by, detail FROM setting_version
             WHERE name = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
            params![name, before, i64::from(limit)],
            sealed,
        )?,
        None => tx.rows(
            "SELECT id, name, version, at, changed_by, detail FROM setting_version
             WHERE id < $1 ORDER BY id DESC LIMIT $2",
            params![before, i64::from(limit)],
            sealed,
        )?,
    };
    rows.into_iter().map(|row| row.opened(tx)).collect()
}

/// Another number with each change; 0 before the first.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn revision(tx: &mut Tx<'_>) -> Result<i64, StoreError> {
    let found = tx.row("SELECT revision FROM setting_revision WHERE one = 1", &[], |row| row.int(0))?;
    Ok(found.unwrap_or(0))
}

/// Begins to change settings: others wait until this transaction is through, and all nodes are told then.
pub(crate) fn begin(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO setting_revision (one, revision) VALUES (1, 1)
         ON CONFLICT (one) DO UPDATE SET revision = setting_revision.revision + 1",
        &[],
    )?;
    tx.notify(Notice::Settings);
    Ok(())
}

/// Adds a version, whose number, time and place among the others are given here.
pub(crate) fn add(tx: &mut Tx<'_>, version: Version) -> Result<Version, StoreError> {
    let (id, at) = (tx.next_id(), tx.now());
    let detail = Detail {
        value: version.value.as_ref().map(text_of),
        before: version.before.as_ref().map(text_of),
        reason: version.reason.clone(),
        how: version.how.clone(),
        protects_less: version.protects_less,
    };
    let detail = seal(tx, id, &detail)?;
    tx.execute(
        "INSERT INTO setting_version (id, name, version, at, changed_by, detail) VALUES ($1, $2, $3, $4, $5, $6)",
        params![id, version.name.as_str(), version.version, at.millis(), version.by.unwrap_or(0), &detail],
    )?;
    tx.execute(
        "INSERT INTO setting_newest (name, id) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET id = $2",
        params![version.name.as_str(), id],
    )?;
    Ok(Version { id, at, ..version })
}

/// A row that is not opened yet.
struct Sealed {
    id: i64,
    name: String,
    version: i64,
    at: i64,
    by: i64,
    detail: Vec<u8>,
}

fn sealed(row: &Row<'_>) -> Result<Sealed, StoreError> {
    Ok(Sealed {
        id: row.int(0)?,
        name: row.text(1)?.to_owned(),
        version: row.int(2)?,
        at: row.int(3)?,
        by: row.int(4)?,
        detail: row.bytes(5)?.to_vec(),
    })
}

impl Sealed {
    fn opened(self, tx: &Tx<'_>) -> Result<Version, StoreError> {
        let Detail { value, before, reason, how, protects_less } = open(tx, self.id, &self.detail)?;
        let read = |text: String| {
            let table: Table = toml::from_str(&format!("value = {text}\n")).map_err(|_| corrupt(self.id))?;
            table.get("value").cloned().ok_or_else(|| corrupt(self.id))
        };
        Ok(Version {
            id: self.id,
            version: self.version,
            at: Timestamp::from_millis(self.at),
            by: Some(self.by).filter(|by| *by != 0),
            value: value.map(read).transpose()?,
            before: before.map(read).transpose()?,
            name: self.name,
            reason,
            how,
            protects_less,
        })
    }
}

fn corrupt(id: i64) -> StoreError {
    StoreError::Corrupt { what: format!("{COLUMN} {id}") }
}

fn place(id: i64) -> Vec<u8> {
    [COLUMN.as_bytes(), b":", &id.to_le_bytes()].concat()
}

fn seal(tx: &Tx<'_>, id: i64, detail: &Detail) -> Result<Vec<u8>, StoreError> {
    let mut plain = vec![FORM];
    serde_json::to_writer(&mut plain, detail).map_err(|_| corrupt(id))?;
    let context = tx.context();
    Ok(context.keys.region().sealing().seal(&*context.entropy, &place(id), &plain))
}

fn open(tx: &Tx<'_>, id: i64, octets: &[u8]) -> Result<Detail, StoreError> {
    let plain = tx.context().keys.region().sealing().open(COLUMN, &place(id), octets)?;
    match plain.split_first() {
        Some((&FORM, json)) => serde_json::from_slice(json).map_err(|_| corrupt(id)),
        _ => Err(corrupt(id)),
    }
}
