//! The log's rows: records that wait, records in their place, tiles, checkpoints.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use env::{Outlook, Timestamp};
use store::{StoreError, Tx, params};
use tlog_tiles::checkpoint::Checkpoint;
use tlog_tiles::tlog;
use zeroize::Zeroizing;

use crate::key::{LogKey, PublicKey};
use crate::leaf::{Leaf, hex};
use crate::tree::{Edge, Proof, TILE_WIDTH, Tiles, Written, read_tile, torn};

/// Records that are sealed in one transaction.
const SEALED_AT_ONCE_MAX: i64 = 20_000;

/// Octets of a record, as a bundle of entries counts them in two octets (C2SP tlog-tiles).
const LEAF_BYTES_MAX: usize = u16::MAX as usize;

/// Place of the log's key, bound into its sealing.
const KEY_PLACE: &[u8] = b"audit_log.key";

/// Why the log cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The store failed, or the log is not whole.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A record is too long.
    #[error("a record of {0} octets does not fit into the audit log; {LEAF_BYTES_MAX} do")]
    TooLong(usize),
    /// No such record.
    #[error(
        "the audit log has no record of event {0}; it may not be sealed yet: run `tradewind audit seal` and try again"
    )]
    NoRecord(String),
}

impl AuditError {
    /// Whether trying again may help.
    #[must_use]
    pub fn outlook(&self) -> Outlook {
        match self {
            Self::Store(error) => error.outlook(),
            Self::TooLong(_) | Self::NoRecord(_) => Outlook::Permanent,
        }
    }
}

/// What one sealing did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Records that got their place.
    pub records: u64,
    /// Records of the log now.
    pub size: u64,
    /// The new checkpoint; none if nothing waited.
    pub checkpoint: Option<String>,
}

/// Shows that something was recorded in this transaction: [`sign_text`] asks for it.
#[derive(Debug)]
pub struct Recorded(());

/// Appends a record, in the transaction of what it tells of. Until it is sealed it waits.
///
/// # Errors
/// [`AuditError`] if the store fails or the record is too long: then what it tells of must not happen.
pub fn append(tx: &mut Tx<'_>, event: i64, leaf: &Leaf) -> Result<Recorded, AuditError> {
    let text =
        serde_json::to_vec(leaf).map_err(|_| StoreError::Corrupt { what: "a record cannot be written".to_owned() })?;
    if text.len() > LEAF_BYTES_MAX {
        return Err(AuditError::TooLong(text.len()));
    }
    tx.execute("INSERT INTO audit_pending (event, leaf) VALUES ($1, $2)", params![event, &text])?;
    Ok(Recorded(()))
}

/// Gives the records that wait their places, and signs a checkpoint over the log. `name` is the log's; it is set by the first sealing. At most
/// twenty thousand: call it again while it gives any.
///
/// # Errors
/// [`AuditError`] if the store fails or the log is not whole.
pub fn seal(tx: &mut Tx<'_>, name: &str) -> Result<Sealed, AuditError> {
    let (size, key) = take_log(tx, name)?;
    let waiting = tx.rows(
        "DELETE FROM audit_pending WHERE event IN (SELECT event FROM audit_pending ORDER BY event LIMIT $1) RETURNING event, leaf",
        params![SEALED_AT_ONCE_MAX],
        |row| Ok((row.int(0)?, row.bytes(1)?.to_vec())),
    )?;
    if waiting.is_empty() {
        return Ok(Sealed { records: 0, size, checkpoint: None });
    }
    let mut waiting = waiting;
    waiting.sort_unstable_by_key(|(event, _)| *event);
    let mut edge = Edge::load(tx, size)?;
    let mut bundle = read_bundle(tx, size)?;
    let mut full = Vec::new();
    for (event, leaf) in &waiting {
        let place = edge.size();
        tx.execute("INSERT INTO audit_place (event, place) VALUES ($1, $2)", params![*event, number(place)])?;
        edge.push(tlog::record_hash(leaf), &mut full);
        let length = u16::try_from(leaf.len()).map_err(|_| AuditError::TooLong(leaf.len()))?;
        bundle.extend_from_slice(&length.to_be_bytes());
        bundle.extend_from_slice(leaf);
        if edge.size().is_multiple_of(TILE_WIDTH as u64) {
            write_bundle(tx, place, &bundle)?;
            bundle.clear();
        }
    }
    if !bundle.is_empty() {
        write_bundle(tx, edge.size(), &bundle)?;
    }
    for tile in full.into_iter().chain(edge.partial().collect::<Vec<_>>()) {
        write_tile(tx, &tile)?;
    }
    let checkpoint = sign(tx, &edge, &key)?;
    tx.execute("UPDATE audit_log SET size = $1 WHERE id = 1", params![number(edge.size())])?;
    let records = edge.size() - size;
    Ok(Sealed { records, size: edge.size(), checkpoint: Some(checkpoint) })
}

/// Takes the log's row for this transaction, so that one node at a time seals; makes it, and its key, the first time.
fn take_log(tx: &mut Tx<'_>, name: &str) -> Result<(u64, LogKey), AuditError> {
    let context = tx.context();
    let seed = LogKey::seed(&*context.entropy);
    let sealed = context.keys.region().sealing().seal(&*context.entropy, KEY_PLACE, &seed);
    tx.execute(
        "INSERT INTO audit_log (id, name, size, key) VALUES (1, $1, 0, $2) ON CONFLICT (id) DO NOTHING",
        params![name, &sealed],
    )?;
    let row = tx.row("UPDATE audit_log SET size = size WHERE id = 1 RETURNING name, size, key", &[], |row| {
        Ok((row.text(0)?.to_owned(), row.int(1)?, row.bytes(2)?.to_vec()))
    })?;
    let (name, size, sealed) = row.ok_or(StoreError::Missing { what: "audit log" })?;
    Ok((u64::try_from(size).unwrap_or(0), open_key(tx, &name, &sealed)?))
}

fn open_key(tx: &Tx<'_>, name: &str, sealed: &[u8]) -> Result<LogKey, StoreError> {
    let seed = Zeroizing::new(tx.context().keys.region().sealing().open("audit log's key", KEY_PLACE, sealed)?);
    LogKey::of_seed(name, &seed).ok_or_else(|| StoreError::Corrupt { what: "the audit log's key".to_owned() })
}

fn sign(tx: &mut Tx<'_>, edge: &Edge, key: &LogKey) -> Result<String, AuditError> {
    let broken = || StoreError::Corrupt { what: "the audit log's checkpoint cannot be written".to_owned() };
    let now = tx.now();
    let told = format!("time {now}\n");
    let checkpoint = Checkpoint::new(key.public().name(), edge.size(), edge.root()?, &told).map_err(|_| broken())?;
    let note = key.sign(&checkpoint.to_bytes()).ok_or_else(broken)?;
    tx.execute(
        "INSERT INTO audit_checkpoint (size, at, note) VALUES ($1, $2, $3)",
        params![number(edge.size()), now.millis(), &note],
    )?;
    Ok(note)
}

fn write_tile(tx: &mut Tx<'_>, tile: &Written) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO audit_tile (level, n, hashes) VALUES ($1, $2, $3)
         ON CONFLICT (level, n) DO UPDATE SET hashes = excluded.hashes",
        params![i64::from(tile.level), number(tile.number), &tile.hashes],
    )?;
    Ok(())
}

/// The bundle to which the record at `place` belongs.
const fn bundle_of(place: u64) -> u64 {
    place / TILE_WIDTH as u64
}

/// Entries of the last bundle, if it is not full.
fn read_bundle(tx: &mut Tx<'_>, size: u64) -> Result<Vec<u8>, StoreError> {
    if size.is_multiple_of(TILE_WIDTH as u64) {
        return Ok(Vec::new());
    }
    bundle(tx, bundle_of(size))
}

pub(crate) fn bundle(tx: &mut Tx<'_>, number: u64) -> Result<Vec<u8>, StoreError> {
    let read = tx.row("SELECT entries FROM audit_bundle WHERE n = $1", params![self::number(number)], |row| {
        Ok(row.bytes(0)?.to_vec())
    })?;
    read.ok_or_else(|| StoreError::Corrupt { what: format!("bundle {number} of the audit log is missing") })
}

fn write_bundle(tx: &mut Tx<'_>, place: u64, entries: &[u8]) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO audit_bundle (n, entries) VALUES ($1, $2) ON CONFLICT (n) DO UPDATE SET entries = excluded.entries",
        params![number(bundle_of(place)), entries],
    )?;
    Ok(())
}

/// The entries of a bundle, in order; none for what is not one.
pub(crate) fn entries(bundle: &[u8]) -> Option<Vec<&[u8]>> {
    let (mut rest, mut entries) = (bundle, Vec::new());
    while !rest.is_empty() {
        let (length, after) = rest.split_first_chunk::<2>()?;
        let (entry, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        entries.push(entry);
        rest = after;
    }
    Some(entries)
}

/// Records of the log that are sealed.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn size(tx: &mut Tx<'_>) -> Result<u64, StoreError> {
    let size = tx.row("SELECT size FROM audit_log WHERE id = 1", &[], |row| row.int(0))?;
    Ok(size.and_then(|size| u64::try_from(size).ok()).unwrap_or(0))
}

/// The newest checkpoint.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn checkpoint(tx: &mut Tx<'_>) -> Result<Option<(Timestamp, String)>, StoreError> {
    tx.row("SELECT at, note FROM audit_checkpoint ORDER BY size DESC LIMIT 1", &[], |row| {
        Ok((Timestamp::from_millis(row.int(0)?), row.text(1)?.to_owned()))
    })
}

/// The log's public key; none before the first sealing.
///
/// # Errors
/// [`StoreError`] if the key does not open.
pub fn public_key(tx: &mut Tx<'_>) -> Result<Option<PublicKey>, StoreError> {
    let row = tx.row("SELECT name, key FROM audit_log WHERE id = 1", &[], |row| {
        Ok((row.text(0)?.to_owned(), row.bytes(1)?.to_vec()))
    })?;
    row.map(|(name, sealed)| Ok(open_key(tx, &name, &sealed)?.public().clone())).transpose()
}

/// Signs a text of this server with the log's key, as a note (C2SP signed-note); none before the first sealing. The text must end with the end
/// of a line. It begins with a line that is no log's name, so that none can take it for a checkpoint. That it is signed must have been `recorded`.
///
/// # Errors
/// [`StoreError`] if the key does not open or the text is no text of a note.
pub fn sign_text(tx: &mut Tx<'_>, text: &str, _recorded: &Recorded) -> Result<Option<String>, StoreError> {
    let row = tx.row("SELECT name, key FROM audit_log WHERE id = 1", &[], |row| {
        Ok((row.text(0)?.to_owned(), row.bytes(1)?.to_vec()))
    })?;
    let Some((name, sealed)) = row else { return Ok(None) };
    let signed = if text.starts_with(&name) { None } else { open_key(tx, &name, &sealed)?.sign(text.as_bytes()) };
    signed.map(Some).ok_or_else(|| StoreError::Setup("a text that is no note's cannot be signed".to_owned()))
}

/// Where the record of `event` stands.
///
/// # Errors
/// [`AuditError::NoRecord`] if it has none yet.
pub fn place_of(tx: &mut Tx<'_>, event: i64) -> Result<u64, AuditError> {
    let place = tx.row("SELECT place FROM audit_place WHERE event = $1", params![event], |row| row.int(0))?;
    place.and_then(|place| u64::try_from(place).ok()).ok_or_else(|| AuditError::NoRecord(format!("{event:x}")))
}

/// The record at `place`, as it stands in the log.
///
/// # Errors
/// [`AuditError`] if there is none, or the log is not whole.
pub fn leaf_at(tx: &mut Tx<'_>, place: u64) -> Result<Vec<u8>, AuditError> {
    let bundle = bundle(tx, bundle_of(place))?;
    let within = usize::try_from(place % TILE_WIDTH as u64).unwrap_or(usize::MAX);
    let leaf = entries(&bundle).and_then(|entries| entries.get(within).map(|leaf| leaf.to_vec()));
    leaf.ok_or_else(|| torn(0, bundle_of(place)).into())
}

/// Proves that the record at `place` stands in the log as the newest checkpoint has it.
///
/// # Errors
/// [`AuditError`] if there is no such place, or the log is not whole.
pub fn prove(tx: &mut Tx<'_>, place: u64) -> Result<Proof, AuditError> {
    let size = size(tx)?;
    if place >= size {
        return Err(AuditError::NoRecord(place.to_string()));
    }
    let tiles = Tiles::new(|level, number| read_tile(tx, level.into(), number).ok());
    let path = tlog::prove_record(size, place, &tiles).map_err(|_| torn(0, bundle_of(place)))?;
    Ok(Proof { place, size, path: path.iter().map(|hash| hex(&hash.0)).collect() })
}

/// Proves that the log of the newest checkpoint goes on from its first `from` records (RFC 6962 section 2.1.2): hashes in hexadecimal, empty if it
/// has no more than these.
///
/// # Errors
/// [`AuditError`] if it never had so many, or is not whole.
pub fn prove_growth(tx: &mut Tx<'_>, from: u64) -> Result<Vec<String>, AuditError> {
    let size = size(tx)?;
    if from == 0 || from > size {
        return Err(AuditError::NoRecord(from.to_string()));
    }
    let tiles = Tiles::new(|level, number| read_tile(tx, level.into(), number).ok());
    let path = tlog::prove_tree(size, from, &tiles).map_err(|_| torn(0, bundle_of(from)))?;
    Ok(path.iter().map(|hash| hex(&hash.0)).collect())
}

fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A hash as checkpoints write it.
pub(crate) fn told(hash: &tlog::Hash) -> String {
    STANDARD.encode(hash.0)
}
