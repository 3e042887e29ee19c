//! Archives (ZIP) that are made while they are fetched, a file at a time, and lie nowhere.

use std::io::{self, Write};
use std::sync::Arc;

use axum::body::Bytes;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipWriter};

/// Pieces of an archive that wait for whoever fetches it.
const PIECES_MAX: usize = 4;

/// Octets after which a piece is handed on.
const PIECE_BYTES: usize = 256 << 10;

/// Pieces of an archive in their order; an error in place of one that cannot be made.
pub(crate) type Pieces = mpsc::Receiver<io::Result<Bytes>>;

/// Why an archive broke off.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ArchiveError {
    #[error(transparent)]
    Identity(#[from] identity::IdentityError),
    #[error(transparent)]
    Store(#[from] store::StoreError),
    #[error(transparent)]
    Mailbox(#[from] mailbox::MailboxError),
    #[error(transparent)]
    Investigation(#[from] investigation::InvestigationError),
    #[error("{0}")]
    Other(String),
    #[error(transparent)]
    Archive(#[from] zip::result::ZipError),
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Whoever fetched it is gone.
    #[error("it was fetched no further")]
    Gone,
}

/// Has `fill` make an archive while its pieces are fetched; `of` names it in the log if it breaks off.
pub(crate) fn begin<F>(of: i64, fill: impl FnOnce(Archive) -> F + Send + 'static) -> Pieces
where
    F: Future<Output = Result<(), ArchiveError>> + Send,
{
    let (pieces, fetched) = mpsc::channel(PIECES_MAX);
    tokio::spawn(async move {
        match fill(Archive::new(pieces.clone())).await {
            Ok(()) | Err(ArchiveError::Gone) => {}
            Err(error) => {
                tracing::error!(of, %error, "an archive broke off");
                // Who fetches it sees that it is not whole.
                drop(pieces.send(Err(io::Error::other("the archive could not be made whole"))).await);
            }
        }
    });
    fetched
}

/// What the archive is written into; taken from it in pieces.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An archive that is being made.
pub(crate) struct Archive {
    zip: ZipWriter<StreamWriter<Written>>,
    written: Written,
    pieces: mpsc::Sender<io::Result<Bytes>>,
    manifest: Vec<Value>,
}

impl Archive {
    fn new(pieces: mpsc::Sender<io::Result<Bytes>>) -> Self {
        let written = Written::default();
        Self { zip: ZipWriter::new_stream(written.clone()), written, pieces, manifest: Vec::new() }
    }

    /// Writes a file and notes it in the manifest, with its size, its hash, and `facts`.
    pub(crate) async fn put(&mut self, path: &str, content: &[u8], facts: Value) -> Result<(), ArchiveError> {
        let mut noted = json!({ "path": path, "size": content.len(), "sha256": sha256(content) });
        if let (Value::Object(noted), Value::Object(facts)) = (&mut noted, facts) {
            noted.extend(facts);
        }
        self.entry(path, content)?;
        self.manifest.push(noted);
        let is_full = self.written.0.lock().len() >= PIECE_BYTES;
        if is_full { send(&self.pieces, &self.written).await } else { Ok(()) }
    }

    /// Notes something in the manifest that has no file.
    pub(crate) fn note(&mut self, facts: Value) {
        self.manifest.push(facts);
    }

    /// Writes the manifest, which names all that was put before; gives it.
    pub(crate) fn put_manifest(&mut self) -> Result<Vec<u8>, ArchiveError> {
        let manifest = serde_json::to_vec_pretty(&self.manifest).map_err(io::Error::from)?;
        self.entry("manifest.json", &manifest)?;
        Ok(manifest)
    }

    /// Writes a file that the manifest does not name.
    pub(crate) fn entry(&mut self, path: &str, content: &[u8]) -> Result<(), ArchiveError> {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        self.zip.start_file(path, options)?;
        Ok(self.zip.write_all(content)?)
    }

    /// Hands on the last octets, without which the archive does not open.
    pub(crate) async fn finish(self) -> Result<(), ArchiveError> {
        let Self { zip, written, pieces, .. } = self;
        zip.finish()?;
        send(&pieces, &written).await
    }
}

/// In hexadecimal.
pub(crate) fn sha256(content: &[u8]) -> String {
    crypto::hash::sha256(content).iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Hands on what is written.
async fn send(pieces: &mpsc::Sender<io::Result<Bytes>>, written: &Written) -> Result<(), ArchiveError> {
    let piece = std::mem::take(&mut *written.0.lock());
    pieces.send(Ok(piece.into())).await.map_err(|_| ArchiveError::Gone)
}
