//! Copies of the whole store: everything in it at one point in time, in a form that belongs to neither engine, and a store filled anew from it.
//!
//! A copy is taken from one snapshot while others go on writing. It has a file for each table and *bundles* of blobs. A blob never changes,
//! so that a bundle is the same from copy to copy until one of its blobs is deleted; where a bundle begins is decided by the blobs' own
//! numbers. Whoever keeps copies therefore needs to read a bundle only once.
//!
//! On the embedded engine the snapshot ends with the last table: blobs are read from the store as it is by then, of which none goes while a copy is
//! taken.
//!
//! The keys of accounts are in no copy. Whoever keeps copies keeps [`AccountKeys`] apart from them, where they can be replaced: once an
//! account's key is gone from there too, all that older copies have of the account stays sealed for good.

mod account_keys;
mod carry;
mod changes;
mod fill;
mod form;
mod pace;
mod pick;
pub(crate) mod schema;

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};

use env::Timestamp;
use serde::{Deserialize, Serialize};

use crate::journal::{self, Mark};
use crate::migrate::newest;
use crate::{Database, Row, Store, StoreError, Tx, Value, params};

pub use account_keys::{AccountKeys, without_key};
pub use carry::Carrier;
pub use changes::freeze_changes;
pub use fill::{Filler, skip_numbers};
pub use form::{BundleReader, TableReader};
use form::{write_blob, write_row};
use pace::Pacer;
pub use pace::{NICE, Pace, give_way};
pub use pick::Picker;
use schema::{BLOB_TABLE, tables};

/// A bundle ends at the latest with the blob that brings it to this size.
const BUNDLE_BYTES: u64 = 32 << 20;

/// Of this many blobs, one ends its bundle by its number.
const BUNDLE_BLOBS: u64 = 512;

/// Bytes of a table or bundle on their way at once.
const CHUNK_BYTES: usize = 256 << 10;

/// Chunks that wait for a reader.
const CHUNKS_WAITING_MAX: usize = 4;

/// What a copy holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inventory {
    /// Version of the schema.
    pub schema: i64,
    /// Tables, by name.
    pub tables: Vec<Table>,
    /// Bundles of blobs, by number.
    pub bundles: Vec<Bundle>,
    /// Accounts.
    pub accounts: u64,
    /// Messages.
    pub messages: u64,
    /// Keys of rows that are there no more, by table; of changes alone.
    #[serde(default)]
    pub gone: Vec<Table>,
    /// Where it stands in the journal; none where no journal is kept.
    #[serde(default)]
    pub point: Option<Point>,
}

impl Inventory {
    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty() && self.gone.is_empty() && self.bundles.is_empty()
    }
}

/// A place in the journal of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    /// The chain of steps that it is in.
    pub chain: i64,
    /// Higher further on.
    pub mark: (i64, i64),
}

/// A table of a copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Names of its columns, in the order in which values come.
    pub columns: Vec<String>,
    /// Columns of its key, by which rows are in order.
    pub key: Vec<String>,
    /// How many rows there are.
    pub rows: u64,
    /// Size of the table as it is read.
    pub bytes: u64,
}

/// Blobs that are kept together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bundle {
    /// Number of the first blob.
    pub first: i64,
    /// Number of the last one.
    pub last: i64,
    /// How many there are.
    pub blobs: u64,
    /// Size of the bundle as it is read.
    pub bytes: u64,
    /// Differs where the blobs are others.
    pub mark: u64,
}

/// A part of a copy that can be read.
#[derive(Debug, Clone)]
pub enum Part {
    /// The rows of a table.
    Table(Table),
    /// The keys of a table's rows that are there no more.
    Gone(Table),
    /// A bundle of blobs.
    Bundle(Bundle),
}

/// One point in time of a store, for as long as this exists.
pub struct Frozen {
    inventory: Arc<Inventory>,
    seen: Timestamp,
    mark: Mark,
    keys_changed: bool,
    asks: Sender<Ask>,
}

struct Ask {
    part: Part,
    chunks: SyncSender<Result<Vec<u8>, StoreError>>,
}

impl Frozen {
    /// What there is to read.
    #[must_use]
    pub fn inventory(&self) -> &Arc<Inventory> {
        &self.inventory
    }

    /// When it was held: nothing is in it that was committed after.
    #[must_use]
    pub fn seen(&self) -> Timestamp {
        self.seen
    }

    /// Where it stands in the journal.
    #[must_use]
    pub fn mark(&self) -> &Mark {
        &self.mark
    }

    /// Whether keys of accounts are among the changes. A whole copy says so always.
    #[must_use]
    pub fn keys_changed(&self) -> bool {
        self.keys_changed
    }

    /// A door to the parts, which may be handed to another thread.
    #[must_use]
    pub fn parts(&self) -> Parts {
        Parts { asks: self.asks.clone() }
    }
}

/// Opens parts of a [`Frozen`] store.
#[derive(Clone)]
pub struct Parts {
    asks: Sender<Ask>,
}

impl Parts {
    /// Begins to read a part. Parts are sent one after the other, so whoever opens several reads them in the order of opening or on
    /// threads of their own. Whoever reads a table twice finds the second one changed.
    #[must_use]
    pub fn open(&self, part: Part) -> PartReader {
        let (chunks, waiting) = mpsc::sync_channel(CHUNKS_WAITING_MAX);
        // Where nobody answers, the reader finds its channel closed and says so.
        drop(self.asks.send(Ask { part, chunks }));
        PartReader { waiting, chunk: Vec::new(), at: 0, is_over: false }
    }
}

/// The bytes of a part.
pub struct PartReader {
    waiting: Receiver<Result<Vec<u8>, StoreError>>,
    chunk: Vec<u8>,
    at: usize,
    is_over: bool,
}

impl Read for PartReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.at == self.chunk.len() && !self.is_over {
            match self.waiting.recv() {
                // The end is told, so that a copy that broke off is not taken for a whole one.
                Ok(Ok(chunk)) if chunk.is_empty() => self.is_over = true,
                Ok(Ok(chunk)) => (self.chunk, self.at) = (chunk, 0),
                Ok(Err(error)) => return Err(io::Error::other(error)),
                Err(_) => return Err(io::Error::other("the store stopped sending")),
            }
        }
        let rest = self.chunk.get(self.at..).unwrap_or_default();
        let taken = rest.len().min(out.len());
        if let (Some(to), Some(from)) = (out.get_mut(..taken), rest.get(..taken)) {
            to.copy_from_slice(from);
        }
        self.at += taken;
        Ok(taken)
    }
}

/// Holds one point in time of the store and lets `work` read it, on a thread of its own. Writers go on meanwhile; what they take out stays
/// readable here. On the embedded engine the write-ahead log grows, and slows all down, until the last table is read: whoever reads everything reads
/// tables first.
///
/// # Errors
/// [`StoreError`] if the store cannot be read. What fails while a part is read is told by its reader.
pub async fn freeze<R, F>(store: &Store, pace: Pace, work: F) -> Result<R, StoreError>
where
    R: Send + 'static,
    F: FnOnce(Frozen) -> R + Send + 'static,
{
    freeze_since(store, pace, None, work).await
}

/// The same, of all there is or of what changed behind a mark.
async fn freeze_since<R, F>(store: &Store, pace: Pace, since: Option<Mark>, work: F) -> Result<R, StoreError>
where
    R: Send + 'static,
    F: FnOnce(Frozen) -> R + Send + 'static,
{
    let reading = store.clone();
    let serve = move |tx: &mut Tx<'_>| {
        let is_embedded = reading.is_embedded();
        let mark = journal::mark(tx, is_embedded)?;
        let seen = tx.now();
        let (mut known, mut tables_left) = (Known::default(), usize::MAX);
        let (noted, mut inventory, keys_changed) = match &since {
            None => (Vec::new(), take_inventory(tx, is_embedded, &mut known)?, true),
            Some(since) => changes::take_inventory(tx, is_embedded, since)?,
        };
        if since.is_none() {
            tables_left = inventory.tables.len();
        }
        let chain = journal::state(tx)?.chain;
        inventory.point = (chain != 0).then(|| Point { chain, mark: mark.order() });
        let (asks, waiting) = mpsc::channel::<Ask>();
        let frozen = Frozen { inventory: Arc::new(inventory), seen, mark, keys_changed, asks };
        let worker = std::thread::Builder::new()
            .name("copy".into())
            .spawn(move || work(frozen))
            .map_err(|cause| StoreError::io("a thread for the copy", cause))?;
        let mut pacer = Pacer::new(&reading, pace, since.is_none());
        while let Ok(ask) = waiting.recv() {
            let mut chunks = Chunks { to: &ask.chunks, chunk: Vec::with_capacity(CHUNK_BYTES), pacer: &mut pacer };
            let outcome = match &since {
                None => send_part(tx, &reading, &known, &ask.part, &mut chunks),
                Some(since) => changes::send_part(tx, &reading, (&noted, since), &ask.part, &mut chunks),
            };
            tables_left = tables_left.saturating_sub(usize::from(matches!(ask.part, Part::Table(_))));
            if tables_left == 0 {
                // Before the end is told, so that whoever has it all finds the snapshot gone.
                tx.renew()?;
            }
            let outcome = outcome.and_then(|()| chunks.finish());
            if let Err(error) = outcome {
                // A reader that went away needs no answer.
                drop(ask.chunks.send(Err(error)));
            }
        }
        worker.join().map_err(|_| StoreError::Abandoned("the work on a copy panicked"))
    };
    let _held = hold_blobs(store).await?;
    match &store.0.database {
        Database::Sqlite(sqlite) if pace.gives_way => sqlite.read_aside(&store.0.context, serve).await,
        Database::Sqlite(sqlite) => sqlite.read_apart(&store.0.context, serve).await,
        Database::Postgres(_) => store.read(serve).await,
    }
}

/// Keeps blobs, and the files of segments, while a copy may name them.
struct BlobsHeld(Store);

impl Drop for BlobsHeld {
    fn drop(&mut self) {
        self.0.0.blobs_held.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Keeps blobs from now on. Whoever deletes some looks for copies in the same transaction, so that all that goes has gone once another transaction was
/// carried out.
async fn hold_blobs(store: &Store) -> Result<BlobsHeld, StoreError> {
    store.0.blobs_held.fetch_add(1, Ordering::SeqCst);
    let held = BlobsHeld(store.clone());
    if store.is_embedded() {
        store.write_freeing(|_| Ok::<_, StoreError>(())).await?;
    }
    Ok(held)
}

/// Whether a copy is being taken, which may still read blobs and segments that nobody else needs.
pub(crate) fn holds_blobs(store: &Store) -> bool {
    store.0.blobs_held.load(Ordering::SeqCst) > 0
}

/// What a snapshot had of blobs, for those who read them after it.
#[derive(Default)]
struct Known {
    /// Their numbers, rising.
    blobs: Vec<i64>,
    /// The numbers of those that are known to be damaged, rising.
    damaged: Vec<i64>,
}

fn take_inventory(tx: &mut Tx<'_>, is_embedded: bool, known: &mut Known) -> Result<Inventory, StoreError> {
    let count = |tx: &mut Tx<'_>, sql| -> Result<u64, StoreError> {
        Ok(tx.row(sql, &[], |row| row.int(0))?.unwrap_or(0).unsigned_abs())
    };
    Ok(Inventory {
        schema: newest(),
        tables: measured_tables(tx, is_embedded)?,
        bundles: bundles(tx, known)?,
        accounts: count(tx, "SELECT COUNT(*) FROM account")?,
        messages: count(tx, "SELECT COUNT(*) FROM message")?,
        gone: Vec::new(),
        point: None,
    })
}

/// The tables with their sizes: a file's is wanted before its first byte, so that each is gone through twice.
fn measured_tables(tx: &mut Tx<'_>, is_embedded: bool) -> Result<Vec<Table>, StoreError> {
    let mut tables = tables(tx, is_embedded)?;
    for table in &mut tables {
        measure(tx, table, schema::select(table), &[])?;
    }
    Ok(tables)
}

/// Goes through the rows that `sql` gives and notes how many they are.
fn measure(tx: &mut Tx<'_>, table: &mut Table, sql: &'static str, params: &[Value<'_>]) -> Result<(), StoreError> {
    let (columns, mut rows, mut bytes) = (table.columns.len(), 0, 0);
    let mut scratch = Vec::new();
    tx.for_each(sql, params, |row| {
        scratch.clear();
        write_row(row, columns, &mut scratch)?;
        rows += 1;
        bytes += scratch.len() as u64;
        Ok(())
    })?;
    (table.rows, table.bytes) = (rows, bytes);
    Ok(())
}

fn bundles(tx: &mut Tx<'_>, known: &mut Known) -> Result<Vec<Bundle>, StoreError> {
    let all = "SELECT b.id, b.length, d.id FROM blob b LEFT JOIN damaged_blob d ON d.id = b.id ORDER BY b.id";
    bundles_of(tx, all, &[], |row| {
        known.blobs.push(row.int(0)?);
        known.damaged.extend(row.int_opt(2)?);
        Ok(())
    })
}

/// Bundles of the blobs that `sql` gives in the order of their numbers: number, length, and the number again if it is damaged. Each is shown to `note`.
fn bundles_of(
    tx: &mut Tx<'_>,
    sql: &'static str,
    params: &[Value<'_>],
    mut note: impl FnMut(&Row<'_>) -> Result<(), StoreError>,
) -> Result<Vec<Bundle>, StoreError> {
    let mut bundles = Vec::new();
    let mut open: Option<Bundle> = None;
    tx.for_each(sql, params, |row| {
        note(row)?;
        let (id, length) = (row.int(0)?, row.int(1)?.unsigned_abs());
        // What lacks something is not taken for the bundle of an earlier copy that had it.
        let lacks = u64::from(row.int_opt(2)?.is_some());
        let bundle = open.get_or_insert(Bundle { first: id, last: id, blobs: 0, bytes: 0, mark: 0 });
        bundle.last = id;
        bundle.blobs += 1;
        bundle.bytes += form::blob_bytes(length);
        bundle.mark = mixed(bundle.mark ^ mixed(id.cast_unsigned()).wrapping_add(length).wrapping_add(lacks << 63));
        if mixed(id.cast_unsigned()).is_multiple_of(BUNDLE_BLOBS) || bundle.bytes >= BUNDLE_BYTES {
            bundles.extend(open.take());
        }
        Ok(())
    })?;
    bundles.extend(open);
    Ok(bundles)
}

/// The bits of `number` spread over all of a word (the finalizer of MurmurHash3).
fn mixed(number: u64) -> u64 {
    let once = (number ^ (number >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let twice = (once ^ (once >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    twice ^ (twice >> 33)
}

/// Gathers what is written into chunks and sends them.
struct Chunks<'c, 's> {
    to: &'c SyncSender<Result<Vec<u8>, StoreError>>,
    chunk: Vec<u8>,
    pacer: &'c mut Pacer<'s>,
}

impl Chunks<'_, '_> {
    fn add(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), StoreError> {
        write(&mut self.chunk);
        if self.chunk.len() >= CHUNK_BYTES { self.send() } else { Ok(()) }
    }

    fn send(&mut self) -> Result<(), StoreError> {
        let chunk = std::mem::replace(&mut self.chunk, Vec::with_capacity(CHUNK_BYTES));
        self.pacer.wait(chunk.len());
        self.to.send(Ok(chunk)).map_err(|_| StoreError::Abandoned("nobody reads the copy any more"))
    }

    fn finish(mut self) -> Result<(), StoreError> {
        if !self.chunk.is_empty() {
            self.send()?;
        }
        self.chunk.clear();
        self.send()
    }
}

fn send_part(
    tx: &mut Tx<'_>,
    store: &Store,
    known: &Known,
    part: &Part,
    chunks: &mut Chunks<'_, '_>,
) -> Result<(), StoreError> {
    match part {
        Part::Table(table) => send_rows(tx, schema::select(table), &[], table.columns.len(), chunks),
        Part::Gone(_) => Ok(()),
        Part::Bundle(bundle) => {
            let mut sent = 0;
            let sql = "SELECT id, segment, position, length, data FROM blob WHERE id BETWEEN $1 AND $2 ORDER BY id";
            tx.for_each(sql, params![bundle.first, bundle.last], |row| {
                let id = row.int(0)?;
                // One that was attached since may have a number of before.
                if known.blobs.binary_search(&id).is_err() {
                    return Ok(());
                }
                sent += 1;
                send_blob(store, row, known.damaged.binary_search(&id).is_ok(), chunks)
            })?;
            if sent == bundle.blobs {
                Ok(())
            } else {
                Err(StoreError::Missing { what: "blob that a copy was to have" })
            }
        }
    }
}

fn send_rows(
    tx: &mut Tx<'_>,
    sql: &'static str,
    params: &[Value<'_>],
    columns: usize,
    chunks: &mut Chunks<'_, '_>,
) -> Result<(), StoreError> {
    tx.for_each(sql, params, |row| {
        let mut outcome = Ok(());
        chunks.add(|out| outcome = write_row(row, columns, out))?;
        outcome
    })
}

/// Sends a blob: its id, segment, position, length and data.
fn send_blob(store: &Store, row: &Row<'_>, is_damaged: bool, chunks: &mut Chunks<'_, '_>) -> Result<(), StoreError> {
    let (id, segment, length) = (row.int(0)?, row.int(1)?, row.int(3)?.unsigned_abs());
    if let Some(bytes) = row.bytes_opt(4)? {
        return chunks.add(|out| write_blob(id, bytes, out));
    }
    let bytes = match store.blobs().read_checked(id, segment, row.int(2)?.unsigned_abs(), length) {
        // It is known to be lost; that must not keep everything else from being copied. It opens as little there as here.
        Err(_) if is_damaged => vec![0; usize::try_from(length).unwrap_or(0)],
        read => read?,
    };
    chunks.add(|out| write_blob(id, &bytes, out))
}

/// Whether `table` tells of blobs, whose bytes come in bundles.
pub(crate) fn is_of_blobs(table: &Table) -> bool {
    table.name == BLOB_TABLE
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::collect;
    use crate::testing::{Engine, run};

    /// Reads a part to its end; gives its length.
    fn length(parts: &Parts, part: Part) -> u64 {
        io::copy(&mut parts.open(part), &mut io::sink()).unwrap()
    }

    #[test]
    fn the_snapshot_ends_with_the_last_table_and_the_blobs_are_those_it_had() {
        run(Engine::Sqlite, |store| async move {
            // Both in a row, and in a segment.
            let late = store.stage(vec![1; 100]).await.unwrap();
            for length in [200, 300, 100_000] {
                let staged = store.stage(vec![2; length]).await.unwrap();
                store.write(move |tx| staged.attach(tx, 1)).await.unwrap();
            }
            let writing = store.handle();
            let runtime = tokio::runtime::Handle::current();
            let work = move |frozen: Frozen| {
                let (inventory, parts) = (Arc::clone(frozen.inventory()), frozen.parts());
                for table in &inventory.tables {
                    assert_eq!(length(&parts, Part::Table(table.clone())), table.bytes);
                }
                runtime.block_on(async {
                    // Nobody keeps the log in use, and of what nobody needs any more nothing goes yet.
                    let change = move |tx: &mut Tx<'_>| {
                        late.attach(tx, 1)?;
                        tx.execute("UPDATE blob SET refs = 0, released = 0 WHERE refs = 1", &[])
                    };
                    writing.write(change).await.unwrap();
                    writing.empty_log().await.unwrap();
                    let much_later = writing.context().clock.now().plus(Duration::from_secs(7_200));
                    let collected = collect::run(&writing, collect::Budget::default(), much_later).await.unwrap();
                    assert_eq!(collected.blobs, 0);
                });
                for bundle in &inventory.bundles {
                    assert_eq!(length(&parts, Part::Bundle(bundle.clone())), bundle.bytes);
                }
                inventory.bundles.iter().map(|bundle| bundle.blobs).sum::<u64>()
            };
            assert_eq!(freeze(&store, Pace::default(), work).await.unwrap(), 3);
            let much_later = store.context().clock.now().plus(Duration::from_secs(7_200));
            let collected = collect::run(&store, collect::Budget::default(), much_later).await.unwrap();
            assert_eq!(collected.blobs, 4);
        });
    }
}
