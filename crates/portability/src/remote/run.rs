//! A run: everything that is new or changed, with waiting and going on.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use mailbox::Name;
use store::{Store, Tx};
use tokio::time::sleep;

use super::connection::{Connection, Remote};
use super::listing::{self, RemoteFolder};
use super::state::{self, SourceName};
use super::{RemoteError, folder};
use crate::progress::Progress;
use crate::put::{Importer, Tally};

/// What is to be done.
#[derive(Debug, Clone, Default)]
pub struct Orders {
    /// These folders and what lies below them alone; all if none is named. Names as people see them, levels divided by '/'.
    pub only: Vec<String>,
    /// Not these folders and what lies below them.
    pub except: Vec<String>,
    /// Below this mailbox instead of where they belong.
    pub into: Option<Name>,
    /// Whether all is counted and nothing changed.
    pub is_trial: bool,
    /// Whether what is gone there is removed here, from the mailbox that it was brought to.
    pub removes_gone: bool,
}

impl Orders {
    pub(super) fn wants(&self, path: &str) -> bool {
        let is_in = |all: &[String]| {
            all.iter()
                .any(|one| path.strip_prefix(one.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
        };
        (self.only.is_empty() || is_in(&self.only)) && !is_in(&self.except)
    }
}

/// What became of a folder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FolderReport {
    /// The name of the mailbox that it goes to.
    pub into: String,
    /// Messages that it has there.
    pub messages: u64,
    /// Messages that were brought; in a trial, that would be.
    pub imported: u64,
    /// Messages whose flags were changed as they had been there.
    pub flags_changed: u64,
    /// Messages that were brought before and are gone there.
    pub gone: u64,
}

/// What came of a run.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Folders by their names there.
    pub folders: BTreeMap<String, FolderReport>,
    /// All messages.
    pub tally: Tally,
    /// How often it was waited.
    pub waits: u64,
}

/// Takes over what is new or changed. What was brought before an error stays, and another run goes on there.
///
/// # Errors
/// [`RemoteError`] with what to do.
pub async fn take_over(
    store: &Store,
    account: i64,
    remote: &Remote,
    orders: &Orders,
    progress: Arc<Progress>,
) -> Result<Report, RemoteError> {
    let mut run = Run::new(store, account, remote, orders, progress).await?;
    loop {
        let outcome = run.once().await;
        // What has come is worth keeping, whatever happened since.
        run.importer.flush().await?;
        match outcome {
            Ok(()) => break,
            Err(error) if run.may_pass(&error) => run.wait(error).await?,
            Err(error) => return Err(error),
        }
    }
    let tally = run.importer.tally().clone();
    if !orders.is_trial && tally.is_full.is_none() {
        let source = run.source;
        store.write(move |tx| state::note_end(tx, account, source)).await?;
    }
    Ok(Report { folders: run.reports, tally, waits: run.waits })
}

pub(super) struct Run<'r> {
    pub(super) store: Store,
    pub(super) account: i64,
    remote: &'r Remote,
    pub(super) orders: &'r Orders,
    pub(super) progress: Arc<Progress>,
    pub(super) importer: Importer,
    pub(super) source: i64,
    pub(super) reports: BTreeMap<String, FolderReport>,
    /// Messages that the connection broke at, and how often.
    pub(super) tries: HashMap<(Vec<u8>, u32), u32>,
    folders: Option<Vec<RemoteFolder>>,
    done: HashSet<Vec<u8>>,
    was_in: bool,
    waits: u64,
    waited: Duration,
    next_wait: Duration,
    /// How much had come when it was waited last.
    had_come: u64,
}

impl<'r> Run<'r> {
    async fn new(
        store: &Store,
        account: i64,
        remote: &'r Remote,
        orders: &'r Orders,
        progress: Arc<Progress>,
    ) -> Result<Self, RemoteError> {
        let name = SourceName { host: remote.host.to_ascii_lowercase(), user: remote.user().to_owned() };
        let find = move |tx: &mut Tx<'_>| state::find_source(tx, account, &name);
        let source = match store.read(find).await? {
            Some(known) => known,
            None if orders.is_trial => 0,
            None => {
                let name = SourceName { host: remote.host.to_ascii_lowercase(), user: remote.user().to_owned() };
                store.write(move |tx| state::source(tx, account, &name)).await?
            }
        };
        let importer = Importer::new(store.clone(), account, orders.is_trial, Arc::clone(&progress));
        let (reports, tries, done, waits, waited, had_come) = Default::default();
        let (folders, was_in, next_wait) = (None, false, remote.patience.first);
        let store = store.clone();
        Ok(Self {
            store,
            account,
            remote,
            orders,
            progress,
            importer,
            source,
            reports,
            tries,
            folders,
            done,
            was_in,
            waits,
            waited,
            next_wait,
            had_come,
        })
    }

    /// All folders that are not done, over one connection.
    async fn once(&mut self) -> Result<(), RemoteError> {
        let mut connection = self.remote.open(self.was_in).await?;
        self.was_in = true;
        for folder in self.folders(&mut connection).await? {
            if self.done.contains(&folder.name) {
                continue;
            }
            folder::take_over(self, &mut connection, &folder).await?;
            if self.importer.tally().is_full.is_some() {
                break;
            }
            self.done.insert(folder.name);
        }
        connection.leave().await;
        Ok(())
    }

    async fn folders(&mut self, connection: &mut Connection) -> Result<Vec<RemoteFolder>, RemoteError> {
        if let Some(known) = &self.folders {
            return Ok(known.clone());
        }
        let (folders, left_out) = listing::list(connection, self.orders).await?;
        left_out.iter().for_each(|what| self.importer.leave_out(what));
        self.folders = Some(folders.clone());
        Ok(folders)
    }

    /// Whether the same can work in a while. A server that has let us in is there, also while it is started anew.
    fn may_pass(&self, error: &RemoteError) -> bool {
        error.passes() || self.was_in && matches!(error, RemoteError::Connect(_) | RemoteError::Name { .. })
    }

    /// Waits, longer each time, until something comes again.
    async fn wait(&mut self, why: RemoteError) -> Result<(), RemoteError> {
        let tally = self.importer.tally();
        let come = tally.imported + tally.known_before + tally.left_out_count + self.done.len() as u64;
        let patience = self.remote.patience;
        if come > self.had_come {
            (self.waited, self.next_wait) = (Duration::ZERO, patience.first);
        }
        self.had_come = come;
        if self.waited + self.next_wait > patience.all {
            return Err(RemoteError::OutOfPatience { minutes: self.waited.as_secs() / 60, last: Box::new(why) });
        }
        tracing::info!(account = self.account, error = %why, seconds = self.next_wait.as_secs(), "a server that mail is taken over from is waited for");
        self.progress.waits(&why.to_string());
        sleep(self.next_wait).await;
        self.progress.waits("");
        self.waits += 1;
        self.waited += self.next_wait;
        self.next_wait = (self.next_wait * 2).min(patience.longest);
        Ok(())
    }
}
