//! Archives that are made while they are fetched, and lie nowhere.

use std::io::{self, Write};
use std::sync::Arc;

use axum::body::Bytes;
use parking_lot::Mutex;
use tokio::sync::mpsc;

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
    #[error(transparent)]
    Subject(#[from] subjects::SubjectError),
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
pub(crate) fn begin<F>(of: i64, fill: impl FnOnce(Outlet) -> F + Send + 'static) -> Pieces
where
    F: Future<Output = Result<(), ArchiveError>> + Send,
{
    let (pieces, fetched) = mpsc::channel(PIECES_MAX);
    tokio::spawn(async move {
        let outlet = Outlet { written: Written::default(), pieces: pieces.clone() };
        match fill(outlet).await {
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

/// What an archive is written into; taken from it in pieces.
#[derive(Clone, Default)]
pub(crate) struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Where an archive goes.
pub(crate) struct Outlet {
    written: Written,
    pieces: mpsc::Sender<io::Result<Bytes>>,
}

impl Outlet {
    /// What to write it into.
    pub(crate) fn writer(&self) -> Written {
        self.written.clone()
    }

    /// Hands on what is written, once it is enough for a piece.
    pub(crate) async fn hand_on(&self) -> Result<(), ArchiveError> {
        let is_full = self.written.0.lock().len() >= PIECE_BYTES;
        if is_full { self.hand_on_all().await } else { Ok(()) }
    }

    /// Hands on what is written, as at the end.
    pub(crate) async fn hand_on_all(&self) -> Result<(), ArchiveError> {
        let piece = std::mem::take(&mut *self.written.0.lock());
        self.pieces.send(Ok(piece.into())).await.map_err(|_| ArchiveError::Gone)
    }
}
