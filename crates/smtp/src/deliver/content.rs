//! The message behind a lease, read a chunk at a time.

use std::sync::Arc;

use crypto::record::{Directory, Opener};
use mail::header;
use queue::Lease;
use store::{Location, Store, StoreError, blobs};

/// Bytes at the beginning of a record that surely hold its directory; longer ones are read again.
const DIRECTORY_BYTES: u64 = 64 << 10;

/// A message that can be read.
pub(super) enum Content {
    /// As it is in the queue.
    Queued(Queued),
    /// As it was made for these recipients.
    Made {
        /// In seven bits.
        message: Vec<u8>,
        /// Header fields of ours before it.
        trace: String,
    },
}

/// A message in the store.
pub(super) struct Queued {
    store: Store,
    location: Location,
    directory: Directory,
    opener: Arc<Opener>,
}

impl Content {
    /// The content of the lease's message.
    pub(super) async fn open(store: &Store, lease: &Lease) -> Result<Self, StoreError> {
        let blob = lease.blob;
        let location = store.read(move |tx| blobs::locate(tx, blob)).await?;
        let first = DIRECTORY_BYTES.min(location.length());
        let head = read(store, &location, 0..first).await?;
        let directory = Directory::read(&head)?;
        let opener = Arc::new(Opener::new(&lease.key, &directory));
        Ok(Self::Queued(Queued { store: store.clone(), location, directory, opener }))
    }

    /// Length of the message.
    pub(super) fn bytes(&self) -> u64 {
        match self {
            Self::Queued(queued) => queued.directory.plain_bytes(),
            Self::Made { message, .. } => message.len() as u64,
        }
    }

    /// Header fields of ours before it.
    pub(super) fn trace<'a>(&'a self, lease: &'a Lease) -> &'a str {
        match self {
            Self::Queued(_) => &lease.envelope.trace,
            Self::Made { trace, .. } => trace,
        }
    }

    /// Whether it has octets above 127.
    pub(super) fn is_eight_bit(&self, lease: &Lease) -> bool {
        match self {
            Self::Queued(_) => lease.envelope.body_8bit,
            Self::Made { message, .. } => !message.is_ascii(),
        }
    }

    /// Number of chunks.
    pub(super) fn chunks(&self) -> usize {
        match self {
            Self::Queued(queued) => queued.directory.chunk_count(),
            Self::Made { .. } => 1,
        }
    }

    /// The plain bytes of chunk `number`.
    pub(super) async fn chunk(&self, number: usize) -> Result<Vec<u8>, StoreError> {
        let missing = || StoreError::Corrupt { what: "a queued message has too few chunks".to_owned() };
        let queued = match self {
            Self::Queued(queued) => queued,
            Self::Made { message, .. } => return Ok(message.clone()),
        };
        let range = queued.directory.chunk(number).ok_or_else(missing)?;
        let mut sealed = read(&queued.store, &queued.location, range).await?;
        let mut plain = Vec::new();
        queued.opener.open_onto(number, &mut sealed, &mut plain)?;
        Ok(plain)
    }

    /// The message up to the end of its header, at least.
    pub(super) async fn head(&self) -> Result<Vec<u8>, StoreError> {
        let mut head = Vec::new();
        for number in 0..self.chunks() {
            head.extend(self.chunk(number).await?);
            if header::split_header_body(&head).0.len() < head.len() {
                break;
            }
        }
        Ok(head)
    }

    /// The whole message.
    pub(super) async fn whole(&self) -> Result<Vec<u8>, StoreError> {
        let mut message = Vec::new();
        for number in 0..self.chunks() {
            message.extend(self.chunk(number).await?);
        }
        Ok(message)
    }
}

async fn read(store: &Store, location: &Location, range: std::ops::Range<u64>) -> Result<Vec<u8>, StoreError> {
    let (store, location) = (store.clone(), location.clone());
    let reading = tokio::task::spawn_blocking(move || {
        let mut bytes = Vec::new();
        store.blobs().read_onto(&location, range, &mut bytes).map(|()| bytes)
    });
    reading.await.map_err(|_| StoreError::Abandoned("reading a message panicked"))?
}
