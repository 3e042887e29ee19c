//! Append-only segment files with one writing thread.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread::JoinHandle;

use env::Timestamp;
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};

use super::{Location, Sealed};
use crate::StoreError;

/// A segment that has grown to this size is closed and a new one begun.
const SEGMENT_BYTES: u64 = 256 << 20;

/// Blobs that wait for the writing thread; more callers wait for a place.
const WAITING_MAX: usize = 256;

/// Blobs written before one sync.
const GROUP_MAX: usize = 128;

/// Bytes collected before they are written: many small blobs go together, and a long one never lies in memory a second time.
const BUFFER_BYTES_MAX: usize = 1 << 20;

/// Before each blob: a mark, the blob's identifier, its length, the CRC-32 of its bytes.
const MARK: [u8; 4] = *b"TWB1";
pub(crate) const HEADER_BYTES: u32 = 20;

/// Segment files kept open for reading.
const OPEN_FILES_MAX: usize = 64;

/// Keeps a segment from being removed while a staged blob in it waits to be attached.
#[derive(Debug)]
pub(super) struct Pin {
    segment: i64,
    pins: Arc<Mutex<HashMap<i64, usize>>>,
}

impl Pin {
    fn new(segment: i64, pins: &Arc<Mutex<HashMap<i64, usize>>>) -> Self {
        *pins.lock().entry(segment).or_insert(0) += 1;
        Self { segment, pins: Arc::clone(pins) }
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        let mut pins = self.pins.lock();
        if let Some(count) = pins.get_mut(&self.segment) {
            *count -= 1;
            if *count == 0 {
                pins.remove(&self.segment);
            }
        }
    }
}

struct Append {
    id: i64,
    record: Sealed,
    answer: oneshot::Sender<Result<(Location, Pin), StoreError>>,
}

/// How large a segment is, its dead parts included.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SegmentSize {
    pub(crate) number: i64,
    /// Size of its file.
    pub(crate) bytes: u64,
}

/// The segment files of a store.
pub(super) struct Segments {
    directory: PathBuf,
    appends: Mutex<Option<mpsc::Sender<Append>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    open: Mutex<HashMap<i64, Arc<File>>>,
    pins: Arc<Mutex<HashMap<i64, usize>>>,
    /// The segment that is being filled, or that the next blob begins. Those before it are closed.
    active: Arc<AtomicI64>,
    roll: Arc<AtomicBool>,
    /// When segments were first found without rows and pins.
    empty: Mutex<HashMap<i64, Timestamp>>,
    /// Segments whose files were missing or too short when the store was opened, and what was wrong with each.
    wanting: Vec<(i64, String)>,
    /// Held so that no second process opens the store.
    _lock: File,
}

impl Segments {
    /// Opens the segments in `directory`. `ends` says for each segment that the store knows where its last blob ends; what
    /// lies behind was never attached and is cut off. A file that is missing or too short keeps nobody from what lies in others: it is
    /// told, and left as it is.
    pub(super) fn open(directory: PathBuf, ends: &[(i64, u64)], lock: File) -> Result<Self, StoreError> {
        std::fs::create_dir_all(&directory).map_err(|cause| StoreError::io(&directory, cause))?;
        let mut known: HashMap<i64, u64> = ends.iter().copied().collect();
        let (mut newest, mut wanting) = (0, Vec::new());
        for number in segment_numbers(&directory)? {
            newest = newest.max(number);
            let path = segment_path(&directory, number);
            match known.remove(&number) {
                Some(end) => wanting.extend(cut_tail(&path, end)?.map(|what| (number, what))),
                None => std::fs::remove_file(&path).map_err(|cause| StoreError::io(&path, cause))?,
            }
        }
        for number in known.into_keys() {
            // Its number is not given again: what comes would be taken for what was lost.
            newest = newest.max(number);
            wanting.push((number, format!("{} is missing", segment_path(&directory, number).display())));
        }
        for (_, what) in &wanting {
            tracing::error!(damage = what, "the store is damaged");
        }
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        let mut writer = SegmentWriter::new(directory.clone(), newest);
        let (pins, active, roll) = (Arc::clone(&writer.pins), Arc::clone(&writer.active), Arc::clone(&writer.roll));
        let thread = std::thread::Builder::new()
            .name("store-blobs".into())
            .spawn(move || writer.run(receiver))
            .map_err(|cause| StoreError::io(&directory, cause))?;
        Ok(Self {
            directory,
            appends: Mutex::new(Some(sender)),
            thread: Mutex::new(Some(thread)),
            open: Mutex::new(HashMap::new()),
            pins,
            active,
            roll,
            empty: Mutex::default(),
            wanting,
            _lock: lock,
        })
    }

    /// What was wrong with files when the store was opened, by segment.
    pub(super) fn wanting(&self) -> &[(i64, String)] {
        &self.wanting
    }

    pub(super) async fn append(&self, id: i64, record: Sealed) -> Result<(Location, Pin), StoreError> {
        let appends = self.appends.lock().clone().ok_or(StoreError::Abandoned("it is stopping"))?;
        let (answer, waiting) = oneshot::channel();
        let stopped = StoreError::Abandoned("it has stopped");
        if appends.send(Append { id, record, answer }).await.is_err() {
            return Err(stopped);
        }
        waiting.await.map_err(|_| stopped)?
    }

    pub(super) fn read_onto(&self, segment: i64, range: Range<u64>, out: &mut Vec<u8>) -> Result<(), StoreError> {
        let file = self.file(segment)?;
        let start = out.len();
        let length = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
        out.resize(start + length, 0);
        let target = out.get_mut(start..).unwrap_or_default();
        file.read_exact_at(target, range.start)
            .map_err(|cause| StoreError::io(segment_path(&self.directory, segment), cause))
    }

    fn file(&self, segment: i64) -> Result<Arc<File>, StoreError> {
        let mut open = self.open.lock();
        if let Some(file) = open.get(&segment) {
            return Ok(Arc::clone(file));
        }
        let path = segment_path(&self.directory, segment);
        let file = Arc::new(File::open(&path).map_err(|cause| StoreError::io(path, cause))?);
        if open.len() >= OPEN_FILES_MAX {
            open.clear();
        }
        open.insert(segment, Arc::clone(&file));
        Ok(file)
    }

    /// The segments that nothing is appended to any more, by number.
    pub(super) fn closed(&self) -> Result<Vec<SegmentSize>, StoreError> {
        let active = self.active.load(Ordering::SeqCst);
        let mut closed = Vec::new();
        // A segment made from here on is not older than the one that is active now.
        for number in segment_numbers(&self.directory)?.into_iter().filter(|number| *number < active) {
            let path = segment_path(&self.directory, number);
            let found = std::fs::metadata(&path).map_err(|cause| StoreError::io(path, cause))?;
            closed.push(SegmentSize { number, bytes: found.len() });
        }
        closed.sort_unstable_by_key(|segment| segment.number);
        Ok(closed)
    }

    /// The segment that is being filled, if one has been begun.
    pub(super) fn active(&self) -> Result<Option<SegmentSize>, StoreError> {
        let number = self.active.load(Ordering::SeqCst);
        Ok(self.bytes(number).map(|bytes| SegmentSize { number, bytes }))
    }

    /// Size of a segment's file, if it is there.
    pub(super) fn bytes(&self, segment: i64) -> Option<u64> {
        std::fs::metadata(segment_path(&self.directory, segment)).ok().map(|found| found.len())
    }

    /// Lets the next blob begin a new segment.
    pub(super) fn roll(&self) {
        self.roll.store(true, Ordering::SeqCst);
    }

    /// Whether a staged blob in the segment waits to be attached.
    pub(super) fn is_pinned(&self, segment: i64) -> bool {
        self.pins.lock().contains_key(&segment)
    }

    /// Reads the record of the blob `id` and compares it with the checksum before it.
    pub(super) fn read_checked(&self, id: i64, segment: i64, range: Range<u64>) -> Result<Vec<u8>, StoreError> {
        let damaged = |what| StoreError::Corrupt { what: format!("blob {id} in segment {segment}: {what}") };
        let begin =
            range.start.checked_sub(u64::from(HEADER_BYTES)).ok_or_else(|| damaged("no room for its header"))?;
        let mut record = Vec::new();
        self.read_onto(segment, begin..range.end, &mut record)?;
        let (header, bytes) =
            record.split_first_chunk::<{ HEADER_BYTES as usize }>().ok_or_else(|| damaged("no header"))?;
        if *header != header_of(id, bytes) {
            return Err(damaged("its bytes do not match their checksum"));
        }
        record.drain(..HEADER_BYTES as usize);
        Ok(record)
    }

    /// Notes that the segment is not empty.
    pub(super) fn not_empty(&self, segment: i64) {
        self.empty.lock().remove(&segment);
    }

    /// When the segment was first found empty, which is `now` if it was not known to be.
    pub(super) fn empty_since(&self, segment: i64, now: Timestamp) -> Timestamp {
        *self.empty.lock().entry(segment).or_insert(now)
    }

    /// Removes the file of a segment that no row names, nothing is appended to and no pin holds.
    pub(super) fn remove(&self, segment: i64) -> Result<(), StoreError> {
        self.open.lock().remove(&segment);
        self.empty.lock().remove(&segment);
        let path = segment_path(&self.directory, segment);
        std::fs::remove_file(&path).map_err(|cause| StoreError::io(path, cause))
    }

    pub(super) fn stop(&self) {
        drop(self.appends.lock().take());
        if let Some(thread) = self.thread.lock().take()
            && thread.join().is_err()
        {
            tracing::error!("the store's blob thread ended in a panic");
        }
    }
}

impl Drop for Segments {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The thread's state: the segment that is being filled.
struct SegmentWriter {
    directory: PathBuf,
    number: i64,
    current: Option<(File, u64)>,
    pins: Arc<Mutex<HashMap<i64, usize>>>,
    active: Arc<AtomicI64>,
    roll: Arc<AtomicBool>,
    buffer: Vec<u8>,
}

impl SegmentWriter {
    fn new(directory: PathBuf, newest: i64) -> Self {
        let (pins, roll) = (Arc::default(), Arc::default());
        let active = Arc::new(AtomicI64::new(newest + 1));
        Self { directory, number: newest, current: None, pins, active, roll, buffer: Vec::new() }
    }

    fn run(&mut self, mut appends: mpsc::Receiver<Append>) {
        let mut group = Vec::with_capacity(GROUP_MAX);
        while appends.blocking_recv_many(&mut group, GROUP_MAX) > 0 {
            let outcome = self.write_group(&group);
            let mut positions = outcome.map_err(|cause| StoreError::io(&self.directory, cause));
            for append in group.drain(..) {
                let answer = match &mut positions {
                    Ok(positions) => {
                        let position = positions.next().unwrap_or_default();
                        let length = append.record.bytes().len() as u64;
                        let location = Location::Segment { segment: self.number, position, length };
                        Ok((location, Pin::new(self.number, &self.pins)))
                    }
                    Err(StoreError::Full { path }) => Err(StoreError::Full { path: path.clone() }),
                    Err(error) => Err(StoreError::Commit { cause: error.to_string() }),
                };
                drop(append.answer.send(answer));
            }
        }
    }

    /// Writes the records of `group` one after the other and syncs them; gives where each one's bytes begin.
    fn write_group(&mut self, group: &[Append]) -> io::Result<std::vec::IntoIter<u64>> {
        let (file, end) = self.segment()?;
        let (file, start) = (file.try_clone()?, *end);
        let mut output = Output { file: &file, at: start, buffer: &mut self.buffer };
        let (positions, end) = match lay_out(group, &mut output) {
            Ok(laid) => laid,
            Err(error) => {
                // As when the disk is full: give back what the half-written group took.
                file.set_len(start)?;
                return Err(error);
            }
        };
        if let Err(error) = file.sync_data() {
            // After a failed sync nobody knows what is on disk; this segment is not written to again.
            self.current = None;
            return Err(error);
        }
        if let Some((_, known)) = &mut self.current {
            *known = end;
        }
        Ok(positions.into_iter())
    }

    fn segment(&mut self) -> io::Result<&mut (File, u64)> {
        let full = self.current.as_ref().is_some_and(|(_, end)| *end >= SEGMENT_BYTES);
        if self.roll.swap(false, Ordering::SeqCst) || full {
            self.current = None;
        }
        match &mut self.current {
            Some(_) => {}
            current @ None => {
                // Known as the active one before it can be seen: the collector removes closed ones in which it finds no blob.
                self.active.store(self.number + 1, Ordering::SeqCst);
                let path = segment_path(&self.directory, self.number + 1);
                let file = OpenOptions::new().write(true).create_new(true).open(path)?;
                // The name must survive a crash as the bytes do.
                File::open(&self.directory)?.sync_all()?;
                self.number += 1;
                *current = Some((file, 0));
            }
        }
        self.current.as_mut().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// Bytes on their way into a segment.
struct Output<'o> {
    file: &'o File,
    /// Where the buffer's bytes go.
    at: u64,
    buffer: &'o mut Vec<u8>,
}

impl Output<'_> {
    /// Where the next bytes go.
    fn position(&self) -> u64 {
        self.at + self.buffer.len() as u64
    }

    fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.buffer.len() + bytes.len() > BUFFER_BYTES_MAX {
            self.flush()?;
        }
        if bytes.len() > BUFFER_BYTES_MAX {
            self.file.write_all_at(bytes, self.at)?;
            self.at += bytes.len() as u64;
        } else {
            self.buffer.extend_from_slice(bytes);
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.write_all_at(self.buffer, self.at)?;
        self.at = self.position();
        self.buffer.clear();
        Ok(())
    }
}

/// Writes the records of `group` one after the other; gives where each one's bytes begin, and where the last one's end.
fn lay_out(group: &[Append], output: &mut Output<'_>) -> io::Result<(Vec<u64>, u64)> {
    output.buffer.clear();
    let mut positions = Vec::with_capacity(group.len());
    for append in group {
        u32::try_from(append.record.bytes().len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
        output.add(&header_of(append.id, append.record.bytes()))?;
        positions.push(output.position());
        output.add(append.record.bytes())?;
    }
    output.flush()?;
    Ok((positions, output.position()))
}

/// What stands before the bytes of a blob.
fn header_of(id: i64, bytes: &[u8]) -> [u8; HEADER_BYTES as usize] {
    let mut header = [0; HEADER_BYTES as usize];
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let fields = MARK
        .into_iter()
        .chain(id.to_le_bytes())
        .chain(length.to_le_bytes())
        .chain(crc32fast::hash(bytes).to_le_bytes());
    for (to, from) in header.iter_mut().zip(fields) {
        *to = from;
    }
    header
}

/// Takes the lock that keeps a second process out of the store.
pub(crate) fn lock_directory(directory: &Path) -> Result<File, StoreError> {
    let path = directory.join("lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|cause| StoreError::io(&path, cause))?;
    rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive)
        .map_err(|_| StoreError::InUse { path: directory.to_owned() })?;
    Ok(file)
}

fn segment_path(directory: &Path, number: i64) -> PathBuf {
    directory.join(format!("{number:08}.segment"))
}

fn segment_numbers(directory: &Path) -> Result<Vec<i64>, StoreError> {
    let failed = |cause| StoreError::io(directory, cause);
    let mut numbers = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        let stem = name.to_str().and_then(|name| name.strip_suffix(".segment"));
        let number: Option<i64> = stem.and_then(|stem| stem.parse().ok());
        numbers.extend(number);
    }
    Ok(numbers)
}

/// Cuts off what lies behind `end`; tells what is wrong if the file ends before.
fn cut_tail(path: &Path, end: u64) -> Result<Option<String>, StoreError> {
    let failed = |cause| StoreError::io(path, cause);
    let file = OpenOptions::new().write(true).open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    if length < end {
        return Ok(Some(format!("{} is {} bytes short", path.display(), end - length)));
    }
    if length > end {
        file.set_len(end).map_err(failed)?;
        file.sync_all().map_err(failed)?;
    }
    Ok(None)
}
