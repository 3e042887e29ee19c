//! Walking over all content from time to time, to find what was damaged before anybody needs it, and mending it.
//!
//! A walk goes in pages and keeps where it stands, so that it goes on where it was when the program stopped. It compares every blob in a
//! segment with its checksum, and opens everything that a row names with its key. What is damaged is noted ([`damaged`]) until it is mended.
//!
//! **Mending overwrites nothing.** The bytes that somebody else has kept ([`Mender::put`]) are opened with the key first, then written as a
//! new copy; the row is turned to that copy in one transaction. The damaged bytes stay where they are until their segment is collected.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use crate::check::contents::{open, segment_ends};
use crate::named::{KINDS, Kind, Named, opens};
use crate::space::BLOB_RESERVE_BYTES;
use crate::{Database, Store, StoreError, Tx, blobs, check, params};

/// Rows looked at in one page.
const PAGE: i64 = 200;

/// Newest blobs that are looked at when the store was not closed well.
const NEWEST_MAX: i64 = 5_000;

/// Steps of a walk: the database file, the segments, then each kind of row.
const STEP_DATABASE: i64 = 0;
const STEP_SEGMENTS: i64 = 1;
const STEP_FIRST_KIND: i64 = 2;

/// Where a walk stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Walk {
    /// When it began, in milliseconds since 1970.
    pub begun: i64,
    /// When it was through, likewise; 0 while it is under way.
    pub finished: i64,
    /// Blobs looked at; those in segments are counted twice, as they are read twice.
    pub blobs: u64,
    /// Bytes of those.
    pub bytes: u64,
    step: i64,
    after: (i64, i64),
}

/// What one page of a walk found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// Where the walk stands now.
    pub walk: Walk,
    /// Bytes read for the page.
    pub bytes: u64,
    /// Blobs found damaged.
    pub damaged: Vec<i64>,
    /// What is wrong with the database file; a blob's mending does not help there.
    pub database: Vec<String>,
}

/// How the last walk went or the present one stands; none if there was none yet.
///
/// # Errors
/// [`StoreError`] if the store cannot be read.
pub async fn state(store: &Store) -> Result<Option<Walk>, StoreError> {
    store.read(read_state).await
}

fn read_state(tx: &mut Tx<'_>) -> Result<Option<Walk>, StoreError> {
    tx.row("SELECT begun, finished, step, after_owner, after_id, blobs, bytes FROM scrub WHERE id = 1", &[], |row| {
        Ok(Walk {
            begun: row.int(0)?,
            finished: row.int(1)?,
            step: row.int(2)?,
            after: (row.int(3)?, row.int(4)?),
            blobs: row.int(5)?.unsigned_abs(),
            bytes: row.int(6)?.unsigned_abs(),
        })
    })
}

/// Begins a walk anew, whatever was under way.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub async fn begin(store: &Store) -> Result<(), StoreError> {
    store
        .write_freeing(|tx| {
            let fresh = Walk { begun: tx.now().millis(), after: (i64::MIN, i64::MIN), ..Walk::default() };
            write_state(tx, &fresh)
        })
        .await
}

fn write_state(tx: &mut Tx<'_>, walk: &Walk) -> Result<(), StoreError> {
    let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    tx.execute(
        "INSERT INTO scrub (id, begun, finished, step, after_owner, after_id, blobs, bytes) VALUES (1, $1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (id) DO UPDATE SET begun = $1, finished = $2, step = $3, after_owner = $4, after_id = $5, blobs = $6, bytes = $7",
        params![
            walk.begun,
            walk.finished,
            walk.step,
            walk.after.0,
            walk.after.1,
            number(walk.blobs),
            number(walk.bytes)
        ],
    )?;
    Ok(())
}

/// Looks at the next page of the walk that is under way, and begins one if none is. Notes what is damaged.
///
/// # Errors
/// [`StoreError`] if the store cannot be read or the walk's place not be written; what is damaged is no error.
pub async fn page(store: &Store) -> Result<Page, StoreError> {
    if state(store).await?.is_none_or(|walk| walk.finished != 0) {
        begin(store).await?;
    }
    let walk = state(store).await?.unwrap_or_default();
    let mut page = Page { walk, ..Page::default() };
    let last = match walk.step {
        STEP_DATABASE => {
            if let Database::Sqlite(_) = &store.0.database {
                page.database = check::read_apart(store, check::sqlite_integrity)
                    .await?
                    .iter()
                    .map(|finding| finding.object.clone())
                    .collect();
                // Looked at again at the next start, and brought back then if that is set.
                store.0.is_damaged.store(!page.database.is_empty(), Ordering::SeqCst);
            }
            None
        }
        step => {
            let reading = store.clone();
            let kind = usize::try_from(step - STEP_FIRST_KIND).ok().and_then(|index| KINDS.get(index));
            let (seen, last) = store
                .read(move |tx| match kind {
                    Some(kind) => look_at_rows(tx, &reading, kind, walk.after),
                    None if step == STEP_SEGMENTS => look_at_segments(tx, &reading, walk.after.0),
                    None => Ok((Seen::default(), None)),
                })
                .await?;
            (page.bytes, page.damaged) = (seen.bytes, seen.damaged);
            page.walk.blobs += seen.blobs;
            page.walk.bytes += seen.bytes;
            last
        }
    };
    match last {
        Some(last) => page.walk.after = last,
        None => {
            page.walk.step += 1;
            page.walk.after = (i64::MIN, i64::MIN);
            let kinds = i64::try_from(KINDS.len()).unwrap_or(0);
            if page.walk.step >= STEP_FIRST_KIND + kinds {
                page.walk.finished = store.context().clock.now().millis().max(1);
            }
        }
    }
    let (kept, damaged) = (page.walk, page.damaged.clone());
    store
        .write_freeing(move |tx| {
            note(tx, &damaged)?;
            write_state(tx, &kept)
        })
        .await?;
    Ok(page)
}

#[derive(Default)]
struct Seen {
    blobs: u64,
    bytes: u64,
    damaged: Vec<i64>,
}

/// A place from which the next page goes on.
type Place = (i64, i64);

fn look_at_rows(
    tx: &mut Tx<'_>,
    store: &Store,
    kind: &Kind,
    after: Place,
) -> Result<(Seen, Option<Place>), StoreError> {
    let mut seen = Seen::default();
    let rows = kind.page(tx, after, PAGE)?;
    for row in &rows {
        seen.blobs += 1;
        match open(tx, store, kind, row) {
            Ok(length) => seen.bytes += length,
            Err(error) => {
                tracing::error!(kind = kind.name, owner = row.owner, id = row.id, blob = row.blob, %error, "content is damaged");
                seen.damaged.push(row.blob);
            }
        }
    }
    Ok((seen, rows.last().map(|row| (row.owner, row.id))))
}

fn look_at_segments(tx: &mut Tx<'_>, store: &Store, after: i64) -> Result<(Seen, Option<Place>), StoreError> {
    let rows = tx.rows(
        "SELECT id, segment, position, length FROM blob WHERE id > $1 AND segment > 0 ORDER BY id LIMIT $2",
        params![after, PAGE],
        |row| Ok((row.int(0)?, row.int(1)?, row.int(2)?.unsigned_abs(), row.int(3)?.unsigned_abs())),
    )?;
    Ok((compare(store, &rows), rows.last().map(|(id, ..)| (*id, 0))))
}

fn compare(store: &Store, rows: &[(i64, i64, u64, u64)]) -> Seen {
    let mut seen = Seen::default();
    for (id, segment, position, length) in rows {
        seen.blobs += 1;
        seen.bytes += length;
        if let Err(error) = store.blobs().read_checked(*id, *segment, *position, *length) {
            tracing::error!(blob = id, segment, %error, "content is damaged");
            seen.damaged.push(*id);
        }
    }
    seen
}

/// Looks, after the store was not closed well, at what such an end may have hurt: the newest blobs, and whatever lies beyond the end of its
/// segment's file. Gives how many are damaged.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub async fn look_at_the_newest(store: &Store) -> Result<usize, StoreError> {
    let reading = store.clone();
    let damaged = store
        .read(move |tx| {
            let newest = tx.rows(
                "SELECT id, segment, position, length FROM blob WHERE segment > 0 ORDER BY id DESC LIMIT $1",
                params![NEWEST_MAX],
                |row| Ok((row.int(0)?, row.int(1)?, row.int(2)?.unsigned_abs(), row.int(3)?.unsigned_abs())),
            )?;
            let mut damaged = compare(&reading, &newest).damaged;
            for (segment, end) in segment_ends(tx)? {
                let bytes = reading.blobs().segment_bytes(segment).unwrap_or(0);
                if bytes < end {
                    damaged.extend(tx.rows(
                        "SELECT id FROM blob WHERE segment = $1 AND position + length > $2",
                        params![segment, i64::try_from(bytes).unwrap_or(i64::MAX)],
                        |row| row.int(0),
                    )?);
                }
            }
            Ok::<_, StoreError>(damaged)
        })
        .await?;
    let count = damaged.len();
    store.write_freeing(move |tx| note(tx, &damaged)).await?;
    Ok(count)
}

fn note(tx: &mut Tx<'_>, damaged: &[i64]) -> Result<(), StoreError> {
    let now = tx.now().millis();
    for id in damaged {
        tx.execute(
            "INSERT INTO damaged_blob (id, found, told) VALUES ($1, $2, 0) ON CONFLICT (id) DO NOTHING",
            params![*id, now],
        )?;
    }
    Ok(())
}

/// Blobs that are known to be damaged.
///
/// # Errors
/// [`StoreError`] if the store cannot be read.
pub async fn damaged(store: &Store) -> Result<Vec<i64>, StoreError> {
    store.read(|tx| tx.rows("SELECT id FROM damaged_blob ORDER BY id", &[], |row| row.int(0))).await
}

/// What names each damaged blob.
type Names = BTreeMap<i64, Vec<(&'static Kind, Named)>>;

/// What names a damaged blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// The blob.
    pub blob: i64,
    /// What kind of thing it is the content of.
    pub kind: &'static str,
    /// The account whose it is; none for what is an organisation's.
    pub account: Option<i64>,
    /// Identifier of the thing.
    pub id: i64,
}

/// Marks what is still damaged as told; gives what was not told before.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub async fn tell(store: &Store, lost: Vec<Lost>) -> Result<Vec<Lost>, StoreError> {
    store
        .write_freeing(move |tx| {
            let mut news = Vec::new();
            for one in &lost {
                let params = params![one.blob];
                if tx.execute("UPDATE damaged_blob SET told = 1 WHERE id = $1 AND told = 0", params)? == 1 {
                    news.push(one.clone());
                }
            }
            Ok(news)
        })
        .await
}

/// Puts content back that somebody else has kept.
pub struct Mender {
    store: Store,
    /// What names each damaged blob.
    wanted: Names,
    mended: u64,
}

impl Mender {
    /// Looks again at what is known to be damaged. What reads well by now, or what nobody names any more, is damaged no longer.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub async fn new(store: &Store) -> Result<Self, StoreError> {
        let known: BTreeSet<i64> = damaged(store).await?.into_iter().collect();
        let mut wanted = Names::new();
        if !known.is_empty() {
            let (reading, sought) = (store.clone(), known.clone());
            wanted = store.read(move |tx| still_damaged(tx, &reading, &sought)).await?;
        }
        let well: Vec<i64> = known.into_iter().filter(|id| !wanted.contains_key(id)).collect();
        store.write_freeing(move |tx| well.iter().try_for_each(|id| forget(tx, *id))).await?;
        Ok(Self { store: store.clone(), wanted, mended: 0 })
    }

    /// Blobs that are to be had.
    #[must_use]
    pub fn wanted(&self) -> Vec<i64> {
        self.wanted.keys().copied().collect()
    }

    /// How many were mended.
    #[must_use]
    pub fn mended(&self) -> u64 {
        self.mended
    }

    /// What is damaged still.
    #[must_use]
    pub fn lost(&self) -> Vec<Lost> {
        let told = |(blob, names): (&i64, &Vec<(&'static Kind, Named)>)| {
            names
                .iter()
                .map(|(kind, row)| Lost {
                    blob: *blob,
                    kind: kind.name,
                    account: kind.is_of_account().then_some(row.owner),
                    id: row.id,
                })
                .collect::<Vec<_>>()
        };
        self.wanted.iter().flat_map(told).collect()
    }

    /// Puts `bytes` in the place of the blob `id` if they are what was lost: of its length, and opened by its key. Says whether they were.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub async fn put(&mut self, id: i64, bytes: Vec<u8>) -> Result<bool, StoreError> {
        let Some((kind, row)) = self.wanted.get(&id).and_then(|names| names.first().cloned()) else { return Ok(false) };
        let tried = bytes.clone();
        let place = self
            .store
            .read(move |tx| {
                let is_right = kind.key(tx, &row).and_then(|key| opens(&key, tried)).is_ok();
                let place =
                    tx.row("SELECT segment, position, length FROM blob WHERE id = $1", params![row.blob], |row| {
                        Ok((row.int(0)?, row.int(1)?, row.int(2)?.unsigned_abs()))
                    })?;
                Ok::<_, StoreError>(place.filter(|_| is_right))
            })
            .await?;
        let Some((segment, position, length)) = place.filter(|(.., length)| *length == bytes.len() as u64) else {
            return Ok(false);
        };
        tracing::debug!(blob = id, length, "content comes back");
        self.store.demand(BLOB_RESERVE_BYTES)?;
        let staged = self.store.0.blobs.stage(id, bytes.into()).await?;
        self.store
            .write_freeing(move |tx| {
                // If it does not lie there any more, somebody moved it, whole, or it is gone.
                staged.relocate(tx, segment, position)?;
                forget(tx, id)
            })
            .await?;
        self.wanted.remove(&id);
        self.mended += 1;
        Ok(true)
    }
}

fn forget(tx: &mut Tx<'_>, id: i64) -> Result<(), StoreError> {
    tx.execute("DELETE FROM damaged_blob WHERE id = $1", params![id]).map(drop)
}

/// Those of `known` that a row names and that do not read or open.
fn still_damaged(tx: &mut Tx<'_>, store: &Store, known: &BTreeSet<i64>) -> Result<Names, StoreError> {
    let mut wanted = Names::new();
    for kind in &KINDS {
        for row in kind.naming(tx, |blob| known.contains(&blob))? {
            if is_damaged(tx, store, kind, &row) {
                wanted.entry(row.blob).or_default().push((kind, row));
            }
        }
    }
    Ok(wanted)
}

fn is_damaged(tx: &mut Tx<'_>, store: &Store, kind: &Kind, row: &Named) -> bool {
    let place = tx.row("SELECT segment, position, length FROM blob WHERE id = $1", params![row.blob], |row| {
        Ok((row.int(0)?, row.int(1)?.unsigned_abs(), row.int(2)?.unsigned_abs()))
    });
    let is_read = match place {
        Ok(Some((segment, position, length))) if segment > 0 => {
            store.blobs().read_checked(row.blob, segment, position, length).is_ok()
        }
        Ok(Some(_)) => blobs::locate(tx, row.blob).is_ok(),
        Ok(None) | Err(_) => false,
    };
    !is_read || open(tx, store, kind, row).is_err()
}
