//! Taking out what nobody needs any more: released blobs, expired rows, dead segments.
//!
//! **A live blob is never taken**, because each step is decided inside a writing transaction, after every change that could
//! make it wrong:
//!
//! - A row of `blob` is deleted by a statement that itself demands `refs = 0`. Whoever names a blob raises `refs` in the same
//!   transaction, so that the two meet at the row: either the raise comes first and the deletion finds nothing, or the deletion
//!   comes first and the raise fails, and with it its transaction. The grace time keeps the latter from happening to those
//!   who have seen the blob a moment ago.
//! - A blob moves by a statement that demands its old place. If it was deleted meanwhile, nothing moves and the copy is dead.
//! - A segment's file is removed once the segment is closed, then found without pins, then found without rows. A closed segment gets no
//!   new staged blobs; a staged blob holds a pin until after the transaction that attaches it has run on the one writer thread, where
//!   the look at the rows runs too. Thus a row that is still to come has a pin at the first look, or is there at the second.
//! - The file lingers for the grace time after it was found so, for readers who took a blob's place from an older snapshot.
//!   Copies of the store ([`crate::copy`]) may read for longer, and hold all files and all rows of blobs meanwhile.
//!   When the store opens there are no such readers, and files without rows are removed at once.

use std::collections::HashMap;
use std::time::Duration;

use env::Timestamp;

use crate::blobs::{HEADER_BYTES, SegmentSize, StagedBlob};
use crate::copy::holds_blobs;
use crate::space::WRITE_RESERVE_BYTES;
use crate::{Store, StoreError, Tx, params};

/// How long a blob is kept after the last row that named it, and an empty segment after it was found empty.
pub const GRACE: Duration = Duration::from_secs(3600);

/// Rows deleted in one transaction, so that others wait only briefly.
const DELETED_ROWS_MAX: u32 = 500;

/// Blobs, and bytes of them, copied with one sync and one transaction.
const MOVED_BLOBS_MAX: i64 = 64;
const MOVED_BYTES_MAX: u64 = 8 << 20;

/// A segment is compacted when less than one part in this many of it is alive.
const LIVE_PARTS: u64 = 2;

/// A mostly dead segment that still is appended to is closed from this size on.
const ROLLED_BYTES_MIN: u64 = 16 << 20;

/// How much one run does at most.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// Rows deleted of each kind.
    pub rows: u32,
    /// Bytes of live blobs copied out of dying segments.
    pub copied_bytes: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self { rows: 50_000, copied_bytes: 512 << 20 }
    }
}

/// What a run took out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Collected {
    /// Blobs that no row named.
    pub blobs: u64,
    /// Delivery keys that had expired.
    pub dedupe_rows: u64,
    /// Live blobs copied out of dying segments.
    pub moved_blobs: u64,
    /// Bytes of those.
    pub moved_bytes: u64,
    /// Segment files removed.
    pub segments: u64,
    /// Bytes of those.
    pub segment_bytes: u64,
}

/// Collects what is to be collected at the moment `now`, within `budget`.
///
/// # Errors
/// [`StoreError`] if the store fails; what has been done until then stands.
pub async fn run(store: &Store, budget: Budget, now: Timestamp) -> Result<Collected, StoreError> {
    let released = i64::try_from(GRACE.as_millis()).map_or(0, |grace| now.millis().saturating_sub(grace));
    let mut collected = Collected {
        dedupe_rows: delete_in_steps(store, budget.rows, move |tx, limit| delete_dedupe(tx, now, limit)).await?,
        blobs: delete_blobs(store, budget.rows, released).await?,
        ..Collected::default()
    };
    if !store.blobs().closed_segments()?.is_empty() {
        compact(store, budget.copied_bytes, &mut collected).await?;
        if !holds_blobs(store) {
            remove_empty(store, now, &mut collected).await?;
        }
    }
    Ok(collected)
}

async fn delete_in_steps(
    store: &Store,
    budget: u32,
    delete: impl Fn(&mut Tx<'_>, u32) -> Result<u64, StoreError> + Clone + Send + 'static,
) -> Result<u64, StoreError> {
    let mut total = 0;
    while total < u64::from(budget) {
        let deleted = {
            let delete = delete.clone();
            store.write_freeing(move |tx| delete(tx, DELETED_ROWS_MAX)).await?
        };
        total += deleted;
        if deleted < u64::from(DELETED_ROWS_MAX) {
            break;
        }
    }
    Ok(total)
}

fn delete_dedupe(tx: &mut Tx<'_>, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
    tx.execute(
        "DELETE FROM dedupe WHERE (account, delivery) IN
            (SELECT account, delivery FROM dedupe WHERE expires < $1 ORDER BY expires LIMIT $2)",
        params![now.millis(), limit],
    )
}

async fn delete_blobs(store: &Store, budget: u32, released: i64) -> Result<u64, StoreError> {
    let held = store.clone();
    delete_in_steps(store, budget, move |tx, limit| {
        // Asked while nobody else writes: see `copy::hold_blobs`.
        if holds_blobs(&held) {
            return Ok(0);
        }
        // The outer condition is looked at again, by PostgreSQL too, once the row is locked.
        tx.execute(
            "DELETE FROM blob WHERE refs = 0 AND id IN
                (SELECT id FROM blob WHERE refs = 0 AND released < $1 ORDER BY released LIMIT $2)",
            params![released, limit],
        )
    })
    .await
}

/// Copies the live blobs out of closed segments that are mostly dead.
async fn compact(store: &Store, budget: u64, collected: &mut Collected) -> Result<(), StoreError> {
    let live = store.read(live_bytes).await?;
    let live = |segment: i64| live.get(&segment).copied().unwrap_or(0);
    let mostly_dead = |segment: &SegmentSize| live(segment.number).saturating_mul(LIVE_PARTS) < segment.bytes;
    if let Some(active) = store.blobs().active_segment()?
        && active.bytes >= ROLLED_BYTES_MIN
        && mostly_dead(&active)
    {
        // Compacted in a later run, when the next blob has begun a new one.
        store.blobs().roll_segment();
    }
    for segment in store.blobs().closed_segments()? {
        if live(segment.number) == 0 || !mostly_dead(&segment) {
            continue;
        }
        let mut after = 0;
        while collected.moved_bytes < budget {
            match move_some(store, segment.number, after, collected).await {
                Ok(Some(last)) => after = last,
                Ok(None) => break,
                // Segments that are wholly dead still go, and make room.
                Err(error) if error.is_full() => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

/// Bytes that live blobs take in each segment.
fn live_bytes(tx: &mut Tx<'_>) -> Result<HashMap<i64, u64>, StoreError> {
    let rows = tx.rows(
        "SELECT segment, CAST(SUM(length + $1) AS BIGINT) FROM blob WHERE segment > 0 GROUP BY segment ORDER BY segment",
        params![HEADER_BYTES],
        |row| Ok((row.int(0)?, row.int(1)?.unsigned_abs())),
    )?;
    Ok(rows.into_iter().collect())
}

/// A live blob in a segment that is being compacted.
struct Living {
    id: i64,
    position: u64,
    length: u64,
}

/// Moves some blobs of `segment` with identifiers above `after`; gives the last one looked at, or nothing at the end.
async fn move_some(
    store: &Store,
    segment: i64,
    after: i64,
    collected: &mut Collected,
) -> Result<Option<i64>, StoreError> {
    store.demand(WRITE_RESERVE_BYTES)?;
    let living = store.read(move |tx| living_blobs(tx, segment, after)).await?;
    let Some(last) = living.last().map(|blob| blob.id) else { return Ok(None) };
    let reading = store.clone();
    let reading = tokio::task::spawn_blocking(move || read_records(&reading, segment, living));
    let records = reading.await.map_err(|_| StoreError::Abandoned("reading panicked"))?;
    let copying = records.into_iter().map(|(blob, record)| async move {
        let staged = store.blobs().stage(blob.id, record.into()).await?;
        Ok::<_, StoreError>((blob, staged))
    });
    // Together, so that they share a sync.
    let copies = futures_util::future::try_join_all(copying).await?;
    let (blobs, bytes) = store.write_freeing(move |tx| relocate(tx, segment, &copies)).await?;
    collected.moved_blobs += blobs;
    collected.moved_bytes += bytes;
    Ok(Some(last))
}

/// The next live blobs of `segment`, as many as are moved at once and at least one.
fn living_blobs(tx: &mut Tx<'_>, segment: i64, after: i64) -> Result<Vec<Living>, StoreError> {
    let mut living = Vec::new();
    let mut bytes = 0;
    tx.for_each(
        "SELECT id, position, length FROM blob WHERE segment = $1 AND id > $2 ORDER BY id LIMIT $3",
        params![segment, after, MOVED_BLOBS_MAX],
        |row| {
            if bytes < MOVED_BYTES_MAX {
                let length = row.int(2)?.unsigned_abs();
                bytes += length;
                living.push(Living { id: row.int(0)?, position: row.int(1)?.unsigned_abs(), length });
            }
            Ok(())
        },
    )?;
    Ok(living)
}

/// The records of `living`. A damaged one stays where it is, and with it its segment.
fn read_records(store: &Store, segment: i64, living: Vec<Living>) -> Vec<(Living, Vec<u8>)> {
    let read = |blob: Living| match store.blobs().read_checked(blob.id, segment, blob.position, blob.length) {
        Ok(record) => Some((blob, record)),
        Err(error) => {
            tracing::error!(%error, blob = blob.id, segment, "a blob cannot be moved");
            None
        }
    };
    living.into_iter().filter_map(read).collect()
}

fn relocate(tx: &mut Tx<'_>, segment: i64, copies: &[(Living, StagedBlob)]) -> Result<(u64, u64), StoreError> {
    let (mut blobs, mut bytes) = (0, 0);
    for (blob, staged) in copies {
        let position = i64::try_from(blob.position).unwrap_or(i64::MAX);
        if staged.relocate(tx, segment, position)? {
            blobs += 1;
            bytes += blob.length;
        }
    }
    Ok((blobs, bytes))
}

/// Removes the files of closed segments that have been without rows and pins for the grace time.
async fn remove_empty(store: &Store, now: Timestamp, collected: &mut Collected) -> Result<(), StoreError> {
    for closed in store.blobs().closed_segments()? {
        let segment = closed.number;
        let busy = store.blobs().is_pinned(segment) || store.write_freeing(move |tx| has_rows(tx, segment)).await?;
        if busy {
            store.blobs().not_empty(segment);
            continue;
        }
        let empty_since = store.blobs().empty_since(segment, now);
        if now.since(empty_since) >= GRACE {
            store.blobs().remove_segment(segment)?;
            collected.segments += 1;
            collected.segment_bytes += closed.bytes;
        }
    }
    Ok(())
}

/// Whether a blob lies in `segment`. Must be asked in a writing transaction, which comes after all that came before.
fn has_rows(tx: &mut Tx<'_>, segment: i64) -> Result<bool, StoreError> {
    let found = tx.row("SELECT id FROM blob WHERE segment = $1 LIMIT 1", params![segment], |row| row.int(0))?;
    Ok(found.is_some())
}
