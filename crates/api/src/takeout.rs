//! Everything that is kept of an account, as one archive for its owner (GDPR articles 15 and 20): his mail as it came, what he has set, what is
//! known of him. It is made while it is fetched, a message at a time, and lies nowhere.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::sync::Arc;

use axum::body::Bytes;
use env::Timestamp;
use identity::IdentityError;
use mailbox::keywords::{self, Keyword};
use mailbox::mailboxes;
use parking_lot::Mutex;
use portability::write::{EmlArchive, Outgoing};
use serde_json::{Value, json};
use store::Tx;
use tokio::sync::mpsc;

use crate::actions::{Controls, Leave, describe_factor};

/// Pieces of an archive that wait for whoever fetches it.
const PIECES_MAX: usize = 4;

/// Octets after which a piece is handed on.
const PIECE_BYTES: usize = 256 << 10;

/// Accounts whose archive is being made: one of each at a time.
#[derive(Debug, Clone, Default)]
pub struct Takeouts(Arc<Mutex<BTreeSet<i64>>>);

impl Takeouts {
    /// The place of an account, unless its archive is being made.
    fn enter(&self, account: i64) -> Option<Place> {
        self.0.lock().insert(account).then(|| Place { all: self.clone(), account })
    }
}

struct Place {
    all: Takeouts,
    account: i64,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.all.0.lock().remove(&self.account);
    }
}

/// Why an archive broke off.
#[derive(Debug, thiserror::Error)]
enum TakeoutError {
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error(transparent)]
    Store(#[from] store::StoreError),
    #[error(transparent)]
    Mailbox(#[from] mailbox::MailboxError),
    #[error("{0}")]
    Other(String),
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Whoever fetched it is gone.
    #[error("it was fetched no further")]
    Gone,
}

/// Begins to make the archive; its pieces come in order, and an error in place of one that cannot be made. None if one is being made.
pub(crate) fn begin(
    controls: &Controls,
    takeouts: &Takeouts,
    account: i64,
    leave: Leave,
) -> Option<mpsc::Receiver<io::Result<Bytes>>> {
    let place = takeouts.enter(account)?;
    let (pieces, fetched) = mpsc::channel(PIECES_MAX);
    let controls = controls.clone();
    tokio::spawn(async move {
        let made = Archive::new(pieces.clone()).fill(&controls, account, leave).await;
        drop(place);
        match made {
            Ok(()) | Err(TakeoutError::Gone) => {}
            Err(error) => {
                tracing::error!(account, %error, "an archive of an account broke off");
                // Who fetches it sees that it is not whole.
                drop(pieces.send(Err(io::Error::other("the archive could not be made whole"))).await);
            }
        }
    });
    Some(fetched)
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

struct Archive {
    archive: EmlArchive<Written>,
    written: Written,
    pieces: mpsc::Sender<io::Result<Bytes>>,
}

impl Archive {
    fn new(pieces: mpsc::Sender<io::Result<Bytes>>) -> Self {
        let written = Written::default();
        Self { archive: EmlArchive::new(written.clone()), written, pieces }
    }

    async fn fill(mut self, controls: &Controls, account: i64, leave: Leave) -> Result<(), TakeoutError> {
        let told = controls.store.read(move |tx| facts(tx, account)).await?;
        for (path, content) in told {
            self.archive.put(&path, &content)?;
        }
        let elsewhere = Arc::clone(&controls.elsewhere);
        let read =
            move |tx: &mut Tx<'_>| elsewhere.belongings(tx, account).map_err(|refused| TakeoutError::Other(refused.0));
        for (path, content) in controls.store.read(read).await? {
            self.archive.put(&path, &content)?;
        }
        self.hand_on().await?;
        let list = move |tx: &mut Tx<'_>| {
            Ok::<_, mailbox::MailboxError>((mailboxes::list(tx, account)?, keywords::list(tx, account)?))
        };
        let (folders, keywords) = controls.store.read(list).await?;
        for folder in folders {
            self.folder(controls, account, &folder, &keywords).await?;
        }
        // Recorded before the last octets go: without them the archive does not open.
        controls.store.write(move |tx| leave.done(tx)).await?;
        let Self { archive, written, pieces } = self;
        archive.finish()?;
        send(&pieces, &written).await
    }

    async fn folder(
        &mut self,
        controls: &Controls,
        account: i64,
        folder: &mailboxes::Mailbox,
        keywords: &[Keyword],
    ) -> Result<(), TakeoutError> {
        let (id, name) = (folder.id, folder.name.as_str());
        self.archive.put_folder(name, folder.special_use)?;
        let entries = controls.store.read(move |tx| mailbox::snapshot(tx, account, id)).await?;
        for entry in &entries {
            let (message, handle) = (entry.message, controls.store.clone());
            let read = controls.store.read(move |tx| {
                let found = mailbox::source(tx, account, message);
                match found.and_then(|source| source.reader(handle.blobs()).read_all()) {
                    Ok(octets) => Ok(Some(octets)),
                    // It was removed meanwhile.
                    Err(mailbox::MailboxError::NoSuchMessage) => Ok(None),
                    Err(error) => Err(error),
                }
            });
            let Some(octets) = read.await? else { continue };
            let flags = keywords::names(entry.flags(), keywords);
            let (uid, received) = (entry.uid, entry.received());
            let message = Outgoing { folder: name, uid, raw: &octets, received, flags: &flags };
            self.archive.put_message(&message)?;
            self.hand_on().await?;
        }
        Ok(())
    }

    async fn hand_on(&mut self) -> Result<(), TakeoutError> {
        let is_full = self.written.0.lock().len() >= PIECE_BYTES;
        if is_full { send(&self.pieces, &self.written).await } else { Ok(()) }
    }
}

/// Hands on what is written.
async fn send(pieces: &mpsc::Sender<io::Result<Bytes>>, written: &Written) -> Result<(), TakeoutError> {
    let piece = std::mem::take(&mut *written.0.lock());
    pieces.send(Ok(piece.into())).await.map_err(|_| TakeoutError::Gone)
}

/// What is known of the account and what it signs in with, as files.
fn facts(tx: &mut Tx<'_>, account: i64) -> Result<Vec<(String, Vec<u8>)>, IdentityError> {
    let found = identity::load_account(tx, account)?;
    let about = json!({
        "addresses": found.addresses, "name": found.name, "kind": found.kind.as_str(), "role": found.role.as_str(),
        "language": found.language.as_str(), "created": found.created.to_string(), "bytes": found.bytes,
        "messages": found.messages, "quota_bytes": found.quota_bytes,
    });
    let factors: Vec<Value> = identity::factors::list_factors(tx, account)?.iter().map(describe_factor).collect();
    let app_passwords: Vec<Value> = identity::list_app_passwords(tx, account)?
        .iter()
        .map(|it| json!({ "label": it.what.label, "scope": it.what.scope.to_string(), "created": it.created.to_string() }))
        .collect();
    let sessions: Vec<Value> = identity::session::list_sessions(tx, account)?
        .iter()
        .map(|it| json!({ "since": it.created.to_string(), "from": it.address.map(|at| at.to_string()), "agent": it.agent }))
        .collect();
    let (from, until) = (Timestamp::from_millis(0), tx.now().plus(std::time::Duration::from_secs(1)));
    let sign_ins = watch::list_events(tx, watch::Whose::Account(account), from, until)?;
    let sign_ins: Vec<Value> = sign_ins
        .iter()
        .map(|it| {
            json!({
                "at": it.at.to_string(), "outcome": it.outcome.as_str(), "from": it.detail.address.to_string(),
                "country": it.detail.place.country, "protocol": it.detail.protocol, "method": it.detail.method,
                "agent": it.detail.agent, "device": it.detail.device,
            })
        })
        .collect();
    let forwards: Vec<Value> = identity::forward::list(tx, account)?.iter().map(|it| json!(it.target)).collect();
    let mut files = Vec::new();
    let lists = [
        ("account.json", about),
        ("sign-in/factors.json", factors.into()),
        ("sign-in/app-passwords.json", app_passwords.into()),
        ("sign-in/sessions.json", sessions.into()),
        ("sign-in/sign-ins.json", sign_ins.into()),
        ("forwarding.json", forwards.into()),
    ];
    for (path, content) in lists {
        files.push((path.to_owned(), format!("{content:#}\n").into_bytes()));
    }
    Ok(files)
}
