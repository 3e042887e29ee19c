//! Rows in the store: read as they are needed, changed in memory, and written together. Who reads and writes in two transactions
//! learns when another wrote meanwhile ([`GuardError::Conflict`]).

use std::collections::HashMap;
use std::sync::Arc;

use crypto::keys::{Key, Organisation};
use env::{Entropy, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::{Tx, params};

use crate::GuardError;
use crate::rows::{DomainRow, Kind, PartnerRow, Row, Rows};

const PLACE: &str = "guard_row.detail";

/// Rows of one organisation, within a transaction.
pub struct Shelf<'a, 't> {
    tx: &'a mut Tx<'t>,
    organisation: i64,
    key: Arc<Key<Organisation>>,
    slots: HashMap<(i64, i64), Slot>,
}

/// A row that was looked for.
#[derive(Debug, Clone, Default)]
struct Slot {
    id: Option<i64>,
    version: i64,
    plain: Option<Vec<u8>>,
    is_changed: bool,
}

/// A row to be written.
#[derive(Debug, Clone)]
pub struct Change {
    kind: i64,
    name: i64,
    /// Number and version of the row that was read; none if there was none.
    before: Option<(i64, i64)>,
    /// None to remove it.
    sealed: Option<Vec<u8>>,
}

impl<'a, 't> Shelf<'a, 't> {
    /// The rows of an organisation.
    ///
    /// # Errors
    /// When the organisation's key does not open.
    pub fn open(tx: &'a mut Tx<'t>, organisation: i64) -> Result<Self, GuardError> {
        let key = tx.context().keys.organisation(tx, organisation)?;
        Ok(Self { tx, organisation, key, slots: HashMap::new() })
    }

    /// What was changed, sealed.
    #[must_use]
    pub fn changes(self, entropy: &dyn Entropy) -> Vec<Change> {
        let key = self.key;
        let seal = |((kind, name), slot): ((i64, i64), Slot)| {
            let context = context(kind, name);
            let sealed = slot.plain.map(|plain| key.sealing().seal(entropy, &context, &plain));
            Change { kind, name, before: slot.id.map(|id| (id, slot.version)), sealed }
        };
        self.slots.into_iter().filter(|(_, slot)| slot.is_changed).map(seal).collect()
    }

    fn slot(&mut self, kind: i64, name: &str) -> Result<&mut Slot, GuardError> {
        let mut named = kind.to_le_bytes().to_vec();
        named.extend_from_slice(name.as_bytes());
        let name = self.key.hashing().hash_i64(&named);
        if !self.slots.contains_key(&(kind, name)) {
            let found = self.tx.row(
                "SELECT id, version, detail FROM guard_row WHERE organisation = $1 AND kind = $2 AND name = $3",
                params![self.organisation, kind, name],
                |row| Ok((row.int(0)?, row.int(1)?, row.bytes(2)?.to_vec())),
            )?;
            let slot = match found {
                Some((id, version, sealed)) => {
                    let plain = self.key.sealing().open(PLACE, &context(kind, name), &sealed);
                    let plain = plain.map_err(store::StoreError::from)?;
                    Slot { id: Some(id), version, plain: Some(plain), is_changed: false }
                }
                None => Slot::default(),
            };
            self.slots.insert((kind, name), slot);
        }
        Ok(self.slots.entry((kind, name)).or_default())
    }
}

fn context(kind: i64, name: i64) -> Vec<u8> {
    let mut context = PLACE.as_bytes().to_vec();
    context.extend_from_slice(&kind.to_le_bytes());
    context.extend_from_slice(&name.to_le_bytes());
    context
}

impl Rows for Shelf<'_, '_> {
    type Error = GuardError;

    fn get<T: Row>(&mut self, name: &str) -> Result<Option<T>, GuardError> {
        let kind = T::KIND.number();
        let slot = self.slot(kind, name)?;
        slot.plain.as_deref().map(|plain| decode(plain, slot.id.unwrap_or_default())).transpose()
    }

    fn update<T: Row, A>(&mut self, name: &str, change: impl FnOnce(&mut T) -> A) -> Result<A, GuardError> {
        let kind = T::KIND.number();
        let slot = self.slot(kind, name)?;
        let id = slot.id.unwrap_or_default();
        let mut value: T = slot.plain.as_deref().map_or_else(|| Ok(T::default()), |plain| decode(plain, id))?;
        let answer = change(&mut value);
        let plain = encode(&value, id)?;
        if slot.plain.as_ref() != Some(&plain) {
            slot.plain = Some(plain);
            slot.is_changed = true;
        }
        Ok(answer)
    }

    fn remove<T: Row>(&mut self, name: &str) -> Result<(), GuardError> {
        let slot = self.slot(T::KIND.number(), name)?;
        slot.is_changed = slot.is_changed || slot.plain.is_some();
        slot.plain = None;
        Ok(())
    }

    fn salt(&self) -> u64 {
        self.key.hashing().hash_i64(b"guard lines") as u64
    }
}

fn encode<T: Serialize>(value: &T, id: i64) -> Result<Vec<u8>, GuardError> {
    serde_json::to_vec(value).map_err(|_| GuardError::Unreadable { what: "row", id })
}

fn decode<T: DeserializeOwned>(plain: &[u8], id: i64) -> Result<T, GuardError> {
    serde_json::from_slice(plain).map_err(|_| GuardError::Unreadable { what: "row", id })
}

/// Writes rows that were read in an earlier transaction, or in this one.
///
/// # Errors
/// [`GuardError::Conflict`] if another wrote one of them meanwhile: nothing of the transaction may stand then.
pub fn save(tx: &mut Tx<'_>, organisation: i64, changes: &[Change]) -> Result<(), GuardError> {
    let today = day(tx.now());
    for change in changes {
        let done = match (&change.before, &change.sealed) {
            (None, Some(sealed)) => {
                let id = tx.next_id();
                tx.execute(
                    "INSERT INTO guard_row (id, organisation, kind, name, version, touched, detail)
                     VALUES ($1, $2, $3, $4, 0, $5, $6) ON CONFLICT (organisation, kind, name) DO NOTHING",
                    params![id, organisation, change.kind, change.name, today, sealed],
                )?
            }
            // Nodes read domains behind the last one that they know: one that changes must come behind it, too.
            (Some((id, version)), Some(sealed)) if change.kind == Kind::Domain.number() => {
                let fresh = tx.next_id();
                tx.execute(
                    "UPDATE guard_row SET id = $5, version = version + 1, touched = $3, detail = $4
                     WHERE id = $1 AND version = $2",
                    params![*id, *version, today, sealed, fresh],
                )?
            }
            (Some((id, version)), Some(sealed)) => tx.execute(
                "UPDATE guard_row SET version = version + 1, touched = $3, detail = $4 WHERE id = $1 AND version = $2",
                params![*id, *version, today, sealed],
            )?,
            (Some((id, version)), None) => {
                tx.execute("DELETE FROM guard_row WHERE id = $1 AND version = $2", params![*id, *version])?
            }
            (None, None) => 1,
        };
        if done != 1 {
            return Err(GuardError::Conflict);
        }
    }
    Ok(())
}

/// Days since 1970.
pub(crate) const fn day(at: Timestamp) -> i64 {
    at.millis() / 86_400_000
}

/// Seals a value in a column of ours.
pub(crate) fn seal<T: Serialize>(
    key: &Key<Organisation>,
    entropy: &dyn Entropy,
    place: &'static str,
    id: i64,
    value: &T,
) -> Result<Vec<u8>, GuardError> {
    store::sealed::seal(key, entropy, place, id, value).ok_or(GuardError::Unreadable { what: place, id })
}

/// Opens what [`seal`] made.
pub(crate) fn unseal<T: DeserializeOwned>(
    key: &Key<Organisation>,
    place: &'static str,
    id: i64,
    sealed: &[u8],
) -> Result<T, GuardError> {
    store::sealed::open(key, place, id, sealed)?.ok_or(GuardError::Unreadable { what: place, id })
}

/// Partners of an organisation behind the row `after`, at most `most`; each with its row's number.
///
/// # Errors
/// When rows cannot be read.
pub(crate) fn partners_after(
    tx: &mut Tx<'_>,
    organisation: i64,
    after: i64,
    most: i64,
) -> Result<Vec<(i64, PartnerRow)>, GuardError> {
    // Each kind has an index of its own, which holds only where the kind stands in the statement.
    let sql =
        "SELECT id, name, detail FROM guard_row WHERE organisation = $1 AND kind = 2 AND id > $2 ORDER BY id LIMIT $3";
    rows_after(tx, sql, organisation, after, most)
}

/// Domains of partners, in the same way.
///
/// # Errors
/// When rows cannot be read.
pub(crate) fn domains_after(
    tx: &mut Tx<'_>,
    organisation: i64,
    after: i64,
    most: i64,
) -> Result<Vec<(i64, DomainRow)>, GuardError> {
    let sql =
        "SELECT id, name, detail FROM guard_row WHERE organisation = $1 AND kind = 7 AND id > $2 ORDER BY id LIMIT $3";
    rows_after(tx, sql, organisation, after, most)
}

/// A row that can name people inside, as it lies.
pub(crate) struct Lying {
    pub(crate) id: i64,
    pub(crate) kind: Kind,
    name: i64,
    version: i64,
    plain: Vec<u8>,
}

impl Lying {
    /// The row as it is after `change`, if that says to have changed something.
    pub(crate) fn without<T: Row>(&self, change: impl FnOnce(&mut T) -> bool) -> Result<Option<Vec<u8>>, GuardError> {
        let mut value: T = decode(&self.plain, self.id)?;
        if change(&mut value) { encode(&value, self.id).map(Some) } else { Ok(None) }
    }

    /// Writes `plain` in its place.
    pub(crate) fn replace(&self, tx: &mut Tx<'_>, organisation: i64, plain: &[u8]) -> Result<(), GuardError> {
        let key = tx.context().keys.organisation(tx, organisation)?;
        let sealed = key.sealing().seal(&*tx.context().entropy, &context(self.kind.number(), self.name), plain);
        let done = tx.execute(
            "UPDATE guard_row SET version = version + 1, detail = $3 WHERE id = $1 AND version = $2",
            params![self.id, self.version, &sealed],
        )?;
        if done == 1 { Ok(()) } else { Err(GuardError::Conflict) }
    }
}

/// Rows that can name people inside (how people write, threads, messages, domains) behind the row `after`, at most `most`.
///
/// # Errors
/// When rows cannot be read.
pub(crate) fn rows_between(
    tx: &mut Tx<'_>,
    organisation: i64,
    after: i64,
    most: i64,
) -> Result<Vec<Lying>, GuardError> {
    let key = tx.context().keys.organisation(tx, organisation)?;
    let rows = tx.rows(
        "SELECT id, kind, name, version, detail FROM guard_row
         WHERE organisation = $1 AND kind IN (1, 3, 4, 7) AND id > $2 ORDER BY id LIMIT $3",
        params![organisation, after, most],
        |row| Ok(([row.int(0)?, row.int(1)?, row.int(2)?, row.int(3)?], row.bytes(4)?.to_vec())),
    )?;
    let open = |([id, kind, name, version], sealed): ([i64; 4], Vec<u8>)| {
        let plain = key.sealing().open(PLACE, &context(kind, name), &sealed).map_err(store::StoreError::from)?;
        let kind = Kind::ALL.into_iter().find(|known| known.number() == kind);
        let kind = kind.ok_or(GuardError::Unreadable { what: "row", id })?;
        Ok(Lying { id, kind, name, version, plain })
    };
    rows.into_iter().map(open).collect()
}

fn rows_after<T: Row>(
    tx: &mut Tx<'_>,
    sql: &'static str,
    organisation: i64,
    after: i64,
    most: i64,
) -> Result<Vec<(i64, T)>, GuardError> {
    let key = tx.context().keys.organisation(tx, organisation)?;
    let rows =
        tx.rows(sql, params![organisation, after, most], |row| Ok((row.int(0)?, row.int(1)?, row.bytes(2)?.to_vec())))?;
    let open = |(id, name, sealed): (i64, i64, Vec<u8>)| {
        let context = context(T::KIND.number(), name);
        let plain = key.sealing().open(PLACE, &context, &sealed).map_err(store::StoreError::from)?;
        Ok((id, decode(&plain, id)?))
    };
    rows.into_iter().map(open).collect()
}
