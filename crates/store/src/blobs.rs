//! Blobs: sealed bytes of messages.
//!
//! Embedded: append-only segment files written by one thread, which syncs once for all that waits. A blob is staged
//! (on disk) before the transaction that attaches it commits, so a crash leaves at most an unreferenced tail, which is cut
//! off when the store opens. On PostgreSQL the bytes are in the row; of a long one each part is read by itself, as it is wanted.

mod segments;

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

pub(crate) use segments::lock_directory;
pub(crate) use segments::{HEADER_BYTES, SegmentSize};
use segments::{Pin, Segments};

use crypto::record::Record;
use env::Timestamp;

use crate::postgres::RowParts;
use crate::{Row, StoreError, Tx, params};

/// Sealed bytes up to this length travel in the row, on the embedded engine too: one sync then holds message and rows, where a
/// segment needs one of its own.
const ROW_BYTES_MAX: usize = 8 << 10;

/// Sealed bytes up to this length are read together with the row that holds them: one chunk of a record with what surrounds it. Of longer
/// ones only the parts that are asked for leave the database.
pub const WITH_ROW_BYTES_MAX: i64 = (256 << 10) + 1024;

/// Where a blob's bytes are.
#[derive(Debug, Clone)]
pub enum Location {
    /// In a segment file.
    Segment {
        /// Number of the segment.
        segment: i64,
        /// Where the bytes begin.
        position: u64,
        /// How many they are.
        length: u64,
    },
    /// In the row, which is read a part at a time.
    Row {
        /// The blob.
        id: i64,
        /// How many they are.
        length: u64,
    },
    /// Here.
    Inline(Arc<[u8]>),
}

impl Location {
    /// Length of the sealed bytes.
    #[must_use]
    pub fn length(&self) -> u64 {
        match self {
            Self::Segment { length, .. } | Self::Row { length, .. } => *length,
            Self::Inline(bytes) => bytes.len() as u64,
        }
    }

    /// Reads where a blob is from the columns from `first` on: its id, segment, position, length, and its data where the length is at most
    /// [`WITH_ROW_BYTES_MAX`], else null.
    ///
    /// # Errors
    /// [`StoreError`] if the columns are others.
    pub fn from_columns(row: &Row<'_>, first: usize) -> Result<Self, StoreError> {
        let (segment, length) = (row.int(first + 1)?, row.int(first + 3)?.unsigned_abs());
        Ok(match row.bytes_opt(first + 4)? {
            Some(bytes) => Self::Inline(bytes.into()),
            None if segment == 0 => Self::Row { id: row.int(first)?, length },
            None => Self::Segment { segment, position: row.int(first + 2)?.unsigned_abs(), length },
        })
    }
}

/// Sealed bytes on their way into the store.
#[derive(Debug)]
pub enum Sealed {
    /// A message's record.
    Record(Record),
    /// Any others.
    Bytes(Vec<u8>),
}

impl Sealed {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Record(record) => record.bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }
}

impl From<Vec<u8>> for Sealed {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<Record> for Sealed {
    fn from(record: Record) -> Self {
        Self::Record(record)
    }
}

/// A blob that is on disk (on PostgreSQL: in memory) but not yet part of the store. Keeps its segment alive.
#[derive(Debug)]
pub struct StagedBlob {
    id: i64,
    location: Location,
    _pin: Option<Pin>,
}

impl StagedBlob {
    /// The blob's identifier.
    #[must_use]
    pub fn id(&self) -> i64 {
        self.id
    }

    /// Makes the blob part of the store, with `refs` rows that name it.
    ///
    /// # Errors
    /// [`StoreError`] if the row cannot be written.
    pub fn attach(&self, tx: &mut Tx<'_>, refs: i64) -> Result<(), StoreError> {
        let (segment, position, data) = self.columns();
        let length = i64::try_from(self.location.length()).unwrap_or(i64::MAX);
        tx.execute(
            "INSERT INTO blob (id, segment, position, length, refs, released, data) VALUES ($1, $2, $3, $4, $5, 0, $6)",
            params![self.id, segment, position, length, refs, data],
        )?;
        Ok(())
    }
}

impl StagedBlob {
    /// What the row says of the bytes: segment, position, or the bytes themselves.
    fn columns(&self) -> (i64, i64, Option<&[u8]>) {
        match &self.location {
            Location::Segment { segment, position, .. } => {
                (*segment, i64::try_from(*position).unwrap_or(i64::MAX), None)
            }
            Location::Inline(bytes) => (0, 0, Some(bytes.as_ref())),
            // Staged bytes are in a segment or in memory.
            Location::Row { .. } => (0, 0, None),
        }
    }

    /// Makes this copy the place of a blob that lies at `position` of `segment`; says whether it still lay there.
    pub(crate) fn relocate(&self, tx: &mut Tx<'_>, segment: i64, position: i64) -> Result<bool, StoreError> {
        let (to, at, data) = self.columns();
        let moved = tx.execute(
            "UPDATE blob SET segment = $1, position = $2, data = $3 WHERE id = $4 AND segment = $5 AND position = $6",
            params![to, at, data, self.id, segment, position],
        )?;
        Ok(moved == 1)
    }
}

/// Where the blob `id` is.
///
/// # Errors
/// [`StoreError::Corrupt`] if there is no such blob.
pub fn locate(tx: &mut Tx<'_>, id: i64) -> Result<Location, StoreError> {
    let found = tx.row(
        "SELECT id, segment, position, length, CASE WHEN length <= $2 THEN data END FROM blob WHERE id = $1",
        params![id, WITH_ROW_BYTES_MAX],
        |row| Location::from_columns(row, 0),
    )?;
    found.ok_or_else(|| StoreError::Corrupt { what: format!("blob {id} is missing") })
}

/// Adds `more` rows that name the blob `id`, or takes some away; a blob that nobody names is collected later.
///
/// # Errors
/// [`StoreError`] if there is no such blob.
pub fn add_refs(tx: &mut Tx<'_>, id: i64, more: i64) -> Result<(), StoreError> {
    let now = tx.now().millis();
    let changed = tx.execute(
        "UPDATE blob SET refs = refs + $1, released = CASE WHEN refs + $1 = 0 THEN $2 ELSE 0 END WHERE id = $3",
        params![more, now, id],
    )?;
    if changed == 1 { Ok(()) } else { Err(StoreError::Corrupt { what: format!("blob {id} is missing") }) }
}

/// The blobs of a store.
pub struct Blobs(Kind);

enum Kind {
    Segments(Box<Segments>),
    /// In the rows of the database; what is staged is kept in memory until it is attached.
    Rows(RowParts),
}

impl Blobs {
    pub(crate) fn open_segments(
        directory: PathBuf,
        ends: &[(i64, u64)],
        lock: std::fs::File,
    ) -> Result<Self, StoreError> {
        Ok(Self(Kind::Segments(Box::new(Segments::open(directory, ends, lock)?))))
    }

    pub(crate) fn in_rows(parts: RowParts) -> Self {
        Self(Kind::Rows(parts))
    }

    pub(crate) async fn stage(&self, id: i64, record: Sealed) -> Result<StagedBlob, StoreError> {
        match &self.0 {
            Kind::Segments(_) if record.bytes().len() <= ROW_BYTES_MAX => {
                Ok(StagedBlob { id, location: Location::Inline(record.bytes().into()), _pin: None })
            }
            Kind::Segments(segments) => {
                let (location, pin) = segments.append(id, record).await?;
                Ok(StagedBlob { id, location, _pin: Some(pin) })
            }
            Kind::Rows(_) => Ok(StagedBlob { id, location: Location::Inline(record.bytes().into()), _pin: None }),
        }
    }

    /// Reads the bytes `range` of a blob onto `out`. Blocks while disk or database are read, so that it must be called on a thread that may.
    ///
    /// # Errors
    /// [`StoreError`] if the bytes are not there.
    pub fn read_onto(&self, location: &Location, range: Range<u64>, out: &mut Vec<u8>) -> Result<(), StoreError> {
        match location {
            Location::Inline(bytes) => {
                let bounds = usize::try_from(range.start).unwrap_or(usize::MAX)
                    ..usize::try_from(range.end).unwrap_or(usize::MAX);
                let part = bytes.get(bounds).ok_or_else(|| beyond_end(&range))?;
                out.extend_from_slice(part);
                Ok(())
            }
            Location::Row { id, length } => {
                if range.end > *length || range.start > range.end {
                    return Err(beyond_end(&range));
                }
                match &self.0 {
                    Kind::Rows(parts) => parts.read_onto(*id, range, out),
                    Kind::Segments(_) => {
                        Err(StoreError::Corrupt { what: format!("blob {id} is longer than a row's may be") })
                    }
                }
            }
            Location::Segment { segment, position, length } => {
                if range.end > *length || range.start > range.end {
                    return Err(beyond_end(&range));
                }
                let segments = self.segments().ok_or_else(no_segments)?;
                segments.read_onto(*segment, position + range.start..position + range.end, out)
            }
        }
    }

    /// Reads a whole blob. Blocks as [`Self::read_onto`] does.
    ///
    /// # Errors
    /// [`StoreError`] if the bytes are not there.
    pub fn read(&self, location: &Location) -> Result<Vec<u8>, StoreError> {
        let mut bytes = Vec::new();
        self.read_onto(location, 0..location.length(), &mut bytes)?;
        Ok(bytes)
    }

    /// The segment files that nothing is appended to any more, by number; none on PostgreSQL.
    pub(crate) fn closed_segments(&self) -> Result<Vec<SegmentSize>, StoreError> {
        self.segments().map_or_else(|| Ok(Vec::new()), Segments::closed)
    }

    /// Segments whose files were missing or too short when the store was opened, and what was wrong with each.
    #[must_use]
    pub fn wanting(&self) -> &[(i64, String)] {
        self.segments().map_or(&[], Segments::wanting)
    }

    /// The segment file that is being filled.
    pub(crate) fn active_segment(&self) -> Result<Option<SegmentSize>, StoreError> {
        self.segments().map_or(Ok(None), Segments::active)
    }

    /// Lets the next blob begin a new segment.
    pub(crate) fn roll_segment(&self) {
        if let Some(segments) = self.segments() {
            segments.roll();
        }
    }

    /// Size of a segment's file, if it is there.
    pub(crate) fn segment_bytes(&self, segment: i64) -> Option<u64> {
        self.segments()?.bytes(segment)
    }

    /// Whether a staged blob in the segment waits to be attached.
    pub(crate) fn is_pinned(&self, segment: i64) -> bool {
        self.segments().is_some_and(|segments| segments.is_pinned(segment))
    }

    /// Notes that the segment was not found empty.
    pub(crate) fn not_empty(&self, segment: i64) {
        if let Some(segments) = self.segments() {
            segments.not_empty(segment);
        }
    }

    /// When the segment was first found empty, which is `now` if it was not known to be.
    pub(crate) fn empty_since(&self, segment: i64, now: Timestamp) -> Timestamp {
        self.segments().map_or(now, |segments| segments.empty_since(segment, now))
    }

    /// Removes the file of a segment that no row names, nothing is appended to and no pin holds.
    pub(crate) fn remove_segment(&self, segment: i64) -> Result<(), StoreError> {
        self.segments().map_or(Ok(()), |segments| segments.remove(segment))
    }

    /// Reads a blob from its segment and compares it with its checksum. Blocks while the disk is read.
    pub(crate) fn read_checked(
        &self,
        id: i64,
        segment: i64,
        position: u64,
        length: u64,
    ) -> Result<Vec<u8>, StoreError> {
        let segments = self.segments().ok_or_else(no_segments)?;
        segments.read_checked(id, segment, position..position.saturating_add(length))
    }

    fn segments(&self) -> Option<&Segments> {
        match &self.0 {
            Kind::Segments(segments) => Some(segments),
            Kind::Rows(_) => None,
        }
    }

    pub(crate) fn stop(&self) {
        match &self.0 {
            Kind::Segments(segments) => segments.stop(),
            Kind::Rows(_) => {}
        }
    }
}

fn no_segments() -> StoreError {
    StoreError::Corrupt { what: "a blob lies in a segment, which this engine has none of".to_owned() }
}

fn beyond_end(range: &Range<u64>) -> StoreError {
    StoreError::Corrupt { what: format!("bytes {range:?} lie beyond the end of a blob") }
}
