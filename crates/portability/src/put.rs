//! Messages on their way into an account, some at a time, so that the disk is waited for once for all of them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crypto::record::Record;
use env::Timestamp;
use futures_util::future::try_join_all;
use mail::message::Summary;
use mailbox::{
    Delivered, Delivery, FlagChange, Flags, MailboxError, Name, Prepared, Target, UidRange, keywords, mailboxes,
};
use parking_lot::Mutex;
use store::{StagedBlob, Store, StoreError, Tx};
use tokio::task::JoinHandle;

use crate::present::{Present, key_of, same};
use crate::progress::Progress;
use crate::remote::state;
use crate::{Destination, Marks};

/// Messages of one transaction.
const AT_ONCE: usize = 64;

/// Octets of messages that wait for one.
const BYTES_AT_ONCE: usize = 8 << 20;

/// Names of what was left out that are kept; more are counted.
const NAMED_MAX: usize = 200;

/// Why bringing mail ends early.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// The account's mail cannot be read or changed.
    #[error(transparent)]
    Mailbox(#[from] MailboxError),
    /// The store fails.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something went wrong with a thread.
    #[error("a message could not be made ready: {0}")]
    Thread(#[from] tokio::task::JoinError),
}

/// Where a message comes from on another server, so that it is known again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// Its folder, by our number.
    pub folder: i64,
    /// Its UID there.
    pub uid: u32,
    /// The number that Gmail has for it in all its folders; 0 elsewhere.
    pub number: i64,
}

/// Where a message goes, and as what.
#[derive(Debug, Clone, Default)]
pub struct Into {
    /// Its mailbox, as [`Importer::mailbox`] gave it.
    pub mailbox: i64,
    /// Further mailboxes.
    pub also: Vec<i64>,
    /// Its flags.
    pub marks: Marks,
    /// When it was received; now, if nobody knows.
    pub received: Option<Timestamp>,
    /// Where it comes from.
    pub origin: Option<Origin>,
}

/// What came of it all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    /// Messages that are here now and were not.
    pub imported: u64,
    /// Messages that were here.
    pub known_before: u64,
    /// Messages by the names of their mailboxes, those of before too.
    pub folders: BTreeMap<String, u64>,
    /// What was left out, and why; so many of them as are kept.
    pub left_out: Vec<String>,
    /// How many were left out.
    pub left_out_count: u64,
    /// Keywords that messages lost, as they can be none here or are too many.
    pub keywords_lost: u64,
    /// Octets that the account holds and may hold, if it holds no more.
    pub is_full: Option<(u64, u64)>,
}

/// A message that waits.
struct Waiting {
    readying: JoinHandle<Readied>,
    into: Into,
}

struct Readied {
    prepared: Prepared,
    record: Option<Record>,
    key: u64,
    sha256: [u8; 32],
}

/// A message that is ready.
struct Ready {
    prepared: Prepared,
    /// Its content, or the message here that is the same.
    content: Content,
    into: Into,
}

enum Content {
    New(StagedBlob),
    Here(i64),
}

enum Outcome {
    Stored,
    Known,
    Full(u64, u64),
}

/// Brings messages into one account.
pub struct Importer {
    store: Store,
    account: i64,
    /// Nothing is changed, all is counted.
    is_trial: bool,
    progress: Arc<Progress>,
    names: HashMap<i64, String>,
    present: HashMap<i64, Present>,
    waiting: Vec<Waiting>,
    waiting_bytes: usize,
    tally: Tally,
}

impl Importer {
    /// For `account`; as a trial nothing is changed.
    #[must_use]
    pub fn new(store: Store, account: i64, is_trial: bool, progress: Arc<Progress>) -> Self {
        let (names, present, waiting, tally) = Default::default();
        Self { store, account, is_trial, progress, names, present, waiting, waiting_bytes: 0, tally }
    }

    /// What came of it so far.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// The name of a mailbox that [`Self::mailbox`] gave.
    pub(crate) fn name_of(&self, mailbox: i64) -> String {
        self.names.get(&mailbox).cloned().unwrap_or_default()
    }

    /// Tells of something that is left out.
    pub fn leave_out(&mut self, what: &impl std::fmt::Display) {
        self.progress.count_left_out();
        self.tally.left_out_count += 1;
        if self.tally.left_out.len() < NAMED_MAX {
            self.tally.left_out.push(what.to_string());
        }
    }

    /// Counts messages that were here.
    pub(crate) fn count_known(&mut self, more: u64) {
        self.tally.known_before += more;
        self.progress.count_known(more);
    }

    /// The mailbox for `destination`: the one for its use, or of its name, or a new one, which a trial does not make.
    ///
    /// # Errors
    /// [`PutError`] if it cannot be made.
    pub async fn mailbox(&mut self, destination: &Destination) -> Result<i64, PutError> {
        let (account, is_trial, wanted) = (self.account, self.is_trial, destination.clone());
        let find = move |tx: &mut Tx<'_>| {
            let for_use = match wanted.role {
                Some(role) => mailboxes::with_use(tx, account, role)?,
                None => None,
            };
            let found = match for_use {
                Some(id) => Some(mailboxes::get(tx, account, id)?),
                None => mailboxes::find(tx, account, &wanted.name)?,
            };
            Ok::<_, PutError>(found.map(|found| (found.id, found.name)))
        };
        let found = self.store.read(find).await?;
        let (id, name) = match found {
            Some(found) => found,
            // Each has a number of its own, and none that a mailbox has.
            None if is_trial => (-1 - i64::try_from(self.names.len()).unwrap_or(0), destination.name.clone()),
            None => {
                let wanted = destination.clone();
                let make = move |tx: &mut Tx<'_>| match mailboxes::create(tx, account, &wanted.name, wanted.role) {
                    Ok(made) => Ok::<_, PutError>((made.id, made.name)),
                    Err(MailboxError::AlreadyExists) => match mailboxes::find(tx, account, &wanted.name)? {
                        Some(found) => Ok((found.id, found.name)),
                        None => Err(MailboxError::AlreadyExists.into()),
                    },
                    Err(error) => Err(error.into()),
                };
                self.store.write(make).await?
            }
        };
        self.note_name(id, &name);
        Ok(id)
    }

    fn note_name(&mut self, id: i64, name: &Name) {
        self.names.insert(id, name.as_str().to_owned());
        self.tally.folders.entry(name.as_str().to_owned()).or_default();
    }

    /// Looks which messages `mailbox` has, but for those of `except`, which are known to be others. Done by itself where it is not done before.
    ///
    /// # Errors
    /// [`PutError`] if the store fails.
    pub async fn look_at(&mut self, mailbox: i64, except: HashSet<i64>) -> Result<(), PutError> {
        let account = self.account;
        let present = self.store.read(move |tx| Present::read(tx, account, mailbox, &except)).await?;
        self.present.insert(mailbox, present);
        Ok(())
    }

    /// Brings a message, now or with the next ones.
    ///
    /// # Errors
    /// [`PutError`] if the store fails; what was brought before stays.
    pub async fn put(&mut self, raw: Vec<u8>, into: Into) -> Result<(), PutError> {
        if self.tally.is_full.is_some() {
            return Ok(());
        }
        if into.mailbox > 0 && !self.present.contains_key(&into.mailbox) {
            self.look_at(into.mailbox, HashSet::new()).await?;
        }
        self.waiting_bytes += raw.len();
        let context = Arc::clone(self.store.context());
        let readying = tokio::task::spawn_blocking(move || {
            let sha256 = crypto::hash::sha256(&raw);
            let mut prepared = Prepared::consuming(raw, &context);
            let key = Summary::decode(prepared.summary()).map_or(0, |summary| key_of(prepared.size(), &summary));
            let record = Some(prepared.take_record());
            Readied { prepared, record, key, sha256 }
        });
        self.waiting.push(Waiting { readying, into });
        if self.waiting.len() >= AT_ONCE || self.waiting_bytes >= BYTES_AT_ONCE {
            self.flush().await?;
        }
        Ok(())
    }

    /// Brings what waits.
    ///
    /// # Errors
    /// [`PutError`] if the store fails; what was brought before stays.
    pub async fn flush(&mut self) -> Result<(), PutError> {
        self.waiting_bytes = 0;
        let mut ready = Vec::with_capacity(self.waiting.len());
        for waiting in std::mem::take(&mut self.waiting) {
            let mut readied = waiting.readying.await?;
            let here = self.same_here(&readied, waiting.into.mailbox).await?;
            let record = readied.record.take().unwrap_or_default();
            ready.push((readied.prepared, record, here, waiting.into));
        }
        if ready.is_empty() {
            return Ok(());
        }
        if self.is_trial {
            for (_, _, here, into) in &ready {
                self.count(into.mailbox, if here.is_some() { &Outcome::Known } else { &Outcome::Stored });
            }
            return Ok(());
        }
        let store = self.store.clone();
        let staging = ready.into_iter().map(|(prepared, record, here, into)| {
            let store = &store;
            async move {
                let content = match here {
                    Some(message) => Content::Here(message),
                    None => Content::New(store.stage(record).await?),
                };
                Ok::<_, StoreError>(Ready { prepared, content, into })
            }
        });
        let ready = try_join_all(staging).await?;
        self.write(ready).await
    }

    async fn write(&mut self, ready: Vec<Ready>) -> Result<(), PutError> {
        let account = self.account;
        let lost = Arc::new(Mutex::new(0_u64));
        let mailboxes: Vec<i64> = ready.iter().map(|one| one.into.mailbox).collect();
        let noting = Arc::clone(&lost);
        let work = move |tx: &mut Tx<'_>| {
            let mut outcomes = Vec::with_capacity(ready.len());
            let mut lost = 0;
            for one in &ready {
                let outcome = put_one(tx, account, one, &mut lost)?;
                let is_full = matches!(outcome, Outcome::Full(..));
                outcomes.push(outcome);
                if is_full {
                    break;
                }
            }
            *noting.lock() = lost;
            Ok::<_, PutError>(outcomes)
        };
        let outcomes = self.store.write(work).await?;
        for (mailbox, outcome) in mailboxes.into_iter().zip(outcomes) {
            self.count(mailbox, &outcome);
        }
        self.tally.keywords_lost += *lost.lock();
        Ok(())
    }

    fn count(&mut self, mailbox: i64, outcome: &Outcome) {
        match outcome {
            Outcome::Stored => {
                self.tally.imported += 1;
                self.progress.count_done(1);
            }
            Outcome::Known => {
                self.tally.known_before += 1;
                self.progress.count_known(1);
            }
            Outcome::Full(used, limit) => {
                self.tally.is_full = Some((*used, *limit));
                return;
            }
        }
        if let Some(name) = self.names.get(&mailbox)
            && let Some(count) = self.tally.folders.get_mut(name)
        {
            *count += 1;
        }
    }

    /// The message of the mailbox that is the same as one that comes.
    async fn same_here(&mut self, readied: &Readied, mailbox: i64) -> Result<Option<i64>, PutError> {
        let Some(present) = self.present.get_mut(&mailbox) else { return Ok(None) };
        let alike = present.alike(readied.key).to_vec();
        if alike.is_empty() {
            return Ok(None);
        }
        let (account, handle, sha256) = (self.account, self.store.clone(), readied.sha256);
        let found = self.store.read(move |tx| same(tx, handle.blobs(), account, &alike, &sha256)).await?;
        if let Some(message) = found {
            present.use_up(readied.key, message);
        }
        Ok(found)
    }
}

fn put_one(tx: &mut Tx<'_>, account: i64, one: &Ready, lost: &mut u64) -> Result<Outcome, PutError> {
    let into = &one.into;
    if let Some(origin) = &into.origin
        && state::has_message(tx, account, origin)?
    {
        return Ok(Outcome::Known);
    }
    let flags = flags_of(tx, account, &into.marks, lost)?;
    let (message, outcome) = match &one.content {
        Content::Here(message) => (*message, Outcome::Known),
        Content::New(blob) => {
            blob.attach(tx, 1)?;
            let delivery = Delivery {
                target: Target::Mailbox(into.mailbox),
                prepared: &one.prepared,
                blob: blob.id(),
                trace: &[],
                flags,
                received: into.received.unwrap_or_else(|| tx.now()),
                dedupe: None,
            };
            match mailbox::deliver(tx, account, &delivery) {
                Ok(Delivered::Stored(appended)) => {
                    copy_to(tx, account, (appended.mailbox, appended.uid), &into.also)?;
                    (appended.message, Outcome::Stored)
                }
                // Only a named delivery can be one.
                Ok(Delivered::Duplicate) => return Ok(Outcome::Known),
                Err(MailboxError::OverQuota { used, limit }) => {
                    store::blobs::add_refs(tx, blob.id(), -1)?;
                    return Ok(Outcome::Full(used, limit));
                }
                Err(error) => return Err(error.into()),
            }
        }
    };
    if let Some(origin) = &into.origin {
        state::note_message(tx, account, origin, message, flags)?;
    }
    Ok(outcome)
}

/// Puts a message that lies at `from` into further mailboxes where it is not yet.
pub(crate) fn copy_to(tx: &mut Tx<'_>, account: i64, from: (i64, u32), to: &[i64]) -> Result<(), MailboxError> {
    for mailbox in to.iter().filter(|mailbox| **mailbox != from.0) {
        mailbox::copy(tx, account, from.0, &[UidRange::one(from.1)], *mailbox)?;
    }
    Ok(())
}

/// The flags here; keywords that cannot be are counted as `lost`.
pub(crate) fn flags_of(tx: &mut Tx<'_>, account: i64, marks: &Marks, lost: &mut u64) -> Result<Flags, MailboxError> {
    let mut flags = Flags::system(marks.system);
    for keyword in &marks.keywords {
        match keywords::intern(tx, account, &[keyword]) {
            Ok(bits) => flags.keywords |= bits,
            Err(MailboxError::KeywordsExhausted | MailboxError::InvalidKeyword { .. }) => *lost += 1,
            Err(error) => return Err(error),
        }
    }
    Ok(flags)
}

/// Makes the difference between two states of flags elsewhere to all places of a message here; what was changed here besides stays.
pub(crate) fn follow_flags(
    tx: &mut Tx<'_>,
    account: i64,
    message: i64,
    before: Flags,
    after: Flags,
) -> Result<(), MailboxError> {
    let only = |one: Flags, other: Flags| Flags {
        system: one.system & !other.system,
        keywords: one.keywords & !other.keywords,
    };
    for (mailbox, uid, _) in mailbox::overview::places_of(tx, account, message)? {
        for change in [FlagChange::Add(only(after, before)), FlagChange::Remove(only(before, after))] {
            mailbox::store_flags(tx, account, mailbox, &[UidRange::one(uid)], change, None)?;
        }
    }
    Ok(())
}
