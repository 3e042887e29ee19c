//! The message behind a lease, read a chunk at a time.

use std::sync::Arc;

use crypto::record::{Directory, Opener};
use queue::Lease;
use store::{Location, Store, StoreError, blobs};

/// Bytes at the beginning of a record that surely hold its directory; longer ones are read again.
const DIRECTORY_BYTES: u64 = 64 << 10;

/// A message that can be read.
pub(super) struct Content {
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
        Ok(Self { store: store.clone(), location, directory, opener })
    }

    /// Length of the message.
    pub(super) fn bytes(&self) -> u64 {
        self.directory.plain_bytes()
    }

    /// Number of chunks.
    pub(super) fn chunks(&self) -> usize {
        self.directory.chunk_count()
    }

    /// The plain bytes of chunk `number`.
    pub(super) async fn chunk(&self, number: usize) -> Result<Vec<u8>, StoreError> {
        let missing = || StoreError::Corrupt { what: "a queued message has too few chunks".to_owned() };
        let range = self.directory.chunk(number).ok_or_else(missing)?;
        let mut sealed = read(&self.store, &self.location, range).await?;
        let mut plain = Vec::new();
        self.opener.open_onto(number, &mut sealed, &mut plain)?;
        Ok(plain)
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
