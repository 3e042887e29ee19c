//! Putting back what is missing.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use ::store::{StagedBlob, Tx};
use crypto::record;
use mailbox::earlier::Earlier;
use mailbox::{Flags, MailboxError, Name, mailboxes};

use super::plan::Missing;
use super::{EarlierError, Work};

/// Blobs whose messages are put back in one transaction.
const AT_ONCE: usize = 64;

/// Sealed bytes that wait for one.
const BYTES_AT_ONCE: usize = 8 << 20;

/// Keywords have so many bits.
const KEYWORD_BITS: usize = 64;

/// What became of a person's mail.
#[derive(Debug, Clone, Default)]
pub(super) struct Done {
    pub(super) restored: u64,
    /// Messages that are there, with the same content under another number.
    pub(super) same: u64,
    /// Messages that did not fit.
    pub(super) over_quota: u64,
}

pub(super) struct Merger<'w> {
    work: &'w Work,
    /// Name of the folder below which everything goes, instead of where it was.
    apart: Option<String>,
    done: Vec<Done>,
    /// Mailboxes of then that are wanted, by person.
    wanted: HashMap<usize, HashMap<i64, Name>>,
    /// Mailboxes of today, by person and mailbox of then.
    folders: HashMap<(usize, i64), i64>,
    /// Keywords of today for each bit of then, by person.
    keywords: HashMap<usize, Vec<u64>>,
    waiting: Vec<Waiting>,
    waiting_bytes: usize,
}

/// A blob of the backup and the messages that are to have it.
struct Waiting {
    sealed: Vec<u8>,
    messages: Vec<Message>,
}

struct Message {
    person: usize,
    account: i64,
    earlier: Earlier,
    places: Vec<(i64, Flags)>,
}

impl<'w> Merger<'w> {
    pub(super) fn new(work: &'w Work, apart: Option<String>) -> Self {
        let done = vec![Done::default(); work.people.len()];
        let (wanted, folders, keywords, waiting, waiting_bytes) = Default::default();
        Self { work, apart, done, wanted, folders, keywords, waiting, waiting_bytes }
    }

    pub(super) fn run(mut self, mut missing: Vec<Missing>) -> Result<Vec<Done>, EarlierError> {
        missing.sort_by_key(|one| (one.blob, one.person));
        let mut blobs: Vec<i64> = missing.iter().map(|one| one.blob).collect();
        blobs.dedup();
        let work = self.work;
        work.chosen.blobs(&blobs, |blob, sealed| {
            let from = missing.partition_point(|one| one.blob < blob);
            let to = missing.partition_point(|one| one.blob <= blob);
            self.take(missing.get(from..to).unwrap_or_default(), sealed)
        })?;
        self.put()?;
        Ok(self.done)
    }

    /// Readies the messages of one blob.
    fn take(&mut self, missing: &[Missing], sealed: Vec<u8>) -> Result<(), EarlierError> {
        let mut messages = Vec::new();
        for one in missing {
            let account = self.work.people.get(one.person).map_or(0, |person| person.account);
            let message = one.message;
            let reading = self.work.earlier.read(move |tx| Earlier::read(tx, account, message));
            let earlier = self.work.runtime.block_on(reading)?;
            // It is opened also where nothing is alike: nothing is put back that cannot be read.
            let plain = record::open(earlier.key(), &mut sealed.clone());
            let plain = plain.map_err(|cause| EarlierError::Content { message, cause: cause.to_string() })?;
            if self.is_there(account, &one.alike, &[earlier.trace(), &plain])? {
                self.count(one.person, |done| done.same += 1);
                continue;
            }
            drop(plain);
            let places = self.places(one.person, account, &earlier)?;
            messages.push(Message { person: one.person, account, earlier, places });
        }
        if !messages.is_empty() {
            self.waiting_bytes += sealed.len();
            self.waiting.push(Waiting { sealed, messages });
        }
        if self.waiting.len() >= AT_ONCE || self.waiting_bytes >= BYTES_AT_ONCE { self.put() } else { Ok(()) }
    }

    /// Whether one of the messages `alike` has that content.
    fn is_there(&self, account: i64, alike: &[i64], content: &[&[u8]]) -> Result<bool, EarlierError> {
        let wanted = (!alike.is_empty()).then(|| crypto::hash::digest(&[&content.concat()]));
        for &message in alike {
            let live = &self.work.live;
            let reading = live.read(move |tx| mailbox::source(tx, account, message));
            match self.work.runtime.block_on(reading) {
                Ok(source) => {
                    let content = source.reader(live.blobs()).read_all()?;
                    if Some(crypto::hash::digest(&[&content])) == wanted {
                        return Ok(true);
                    }
                }
                // It went away since it was looked for.
                Err(MailboxError::NoSuchMessage) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(false)
    }

    /// Puts what waits into the live store.
    fn put(&mut self) -> Result<(), EarlierError> {
        let waiting = std::mem::take(&mut self.waiting);
        self.waiting_bytes = 0;
        let mut ready: Vec<(Message, Arc<StagedBlob>)> = Vec::new();
        for Waiting { sealed, messages } in waiting {
            let staged = Arc::new(self.work.runtime.block_on(self.work.live.stage(sealed))?);
            ready.extend(messages.into_iter().map(|message| (message, Arc::clone(&staged))));
        }
        // Accounts are taken in the order of their numbers, as by a delivery, so that none waits for the other.
        ready.sort_by_key(|(message, _)| message.account);
        let writing = self.work.live.write(move |tx| put_all(tx, &ready));
        let (restored, full) = self.work.runtime.block_on(writing)?;
        for person in restored {
            self.count(person, |done| done.restored += 1);
        }
        for person in full {
            self.count(person, |done| done.over_quota += 1);
        }
        Ok(())
    }

    fn count(&mut self, person: usize, change: impl FnOnce(&mut Done)) {
        if let Some(done) = self.done.get_mut(person) {
            change(done);
        }
    }

    /// Where a message goes today, and with which flags. What was marked for deletion then is so no longer, else it would go at once.
    fn places(&mut self, person: usize, account: i64, earlier: &Earlier) -> Result<Vec<(i64, Flags)>, EarlierError> {
        let mut places: Vec<(i64, Flags)> = Vec::new();
        for (mailbox, flags) in earlier.places() {
            let Some(name) = self.wanted(person, account)?.get(mailbox).cloned() else { continue };
            let keywords = self.keywords(person, account, flags.keywords)?;
            let target = match self.folders.get(&(person, *mailbox)) {
                Some(target) => *target,
                None => self.folder(person, account, *mailbox, &name)?,
            };
            let flags = Flags { keywords, ..Flags::system(flags.system & !Flags::DELETED) };
            if places.iter().all(|(other, _)| *other != target) {
                places.push((target, flags));
            }
        }
        Ok(places)
    }

    /// The folders of then that are wanted of this person.
    fn wanted(&mut self, person: usize, account: i64) -> Result<&HashMap<i64, Name>, EarlierError> {
        if !self.wanted.contains_key(&person) {
            let reading = self.work.earlier.read(move |tx| mailboxes::list(tx, account));
            let all = self.work.runtime.block_on(reading)?;
            let wanted = all.into_iter().filter(|one| self.work.which.has_folder(&one.name));
            self.wanted.insert(person, wanted.map(|one| (one.id, one.name)).collect());
        }
        Ok(self.wanted.entry(person).or_default())
    }

    /// The folder of today: the same one, whatever its name is now, or one of its name, which is made where it is not there.
    fn folder(&mut self, person: usize, account: i64, mailbox: i64, name: &Name) -> Result<i64, EarlierError> {
        let (name, is_apart) = match &self.apart {
            None => (name.clone(), false),
            // A path that gets too long or too deep this way ends at its top.
            Some(apart) => (Name::parse(&format!("{apart}/{}", name.as_str())).or_else(|_| Name::parse(apart))?, true),
        };
        let making = self.work.live.write(move |tx| {
            if !is_apart {
                match mailboxes::get(tx, account, mailbox) {
                    Err(MailboxError::NoSuchMailbox) => {}
                    found => return found.map(|found| found.id),
                }
            }
            match mailboxes::find(tx, account, &name)? {
                Some(found) => Ok(found.id),
                None => mailboxes::create(tx, account, &name, None).map(|made| made.id),
            }
        });
        let target = self.work.runtime.block_on(making)?;
        self.folders.insert((person, mailbox), target);
        Ok(target)
    }

    /// Bits of today of the keywords that had the bits `then`. Where no bit is left, the message comes without.
    fn keywords(&mut self, person: usize, account: i64, then: u64) -> Result<u64, EarlierError> {
        if then == 0 {
            return Ok(0);
        }
        if !self.keywords.contains_key(&person) {
            let reading = self.work.earlier.read(move |tx| mailbox::keywords::list(tx, account));
            let known = self.work.runtime.block_on(reading)?;
            let writing = self.work.live.write(move |tx| {
                let mut bits = vec![0; KEYWORD_BITS];
                for keyword in &known {
                    let now = match mailbox::keywords::intern(tx, account, &[&keyword.name]) {
                        Err(MailboxError::KeywordsExhausted) => 0,
                        bit => bit?,
                    };
                    if let Some(bit) = bits.get_mut(usize::from(keyword.bit)) {
                        *bit = now;
                    }
                }
                Ok::<_, MailboxError>(bits)
            });
            let bits = self.work.runtime.block_on(writing)?;
            self.keywords.insert(person, bits);
        }
        let bits = self.keywords.get(&person).map_or(&[][..], Vec::as_slice);
        let now = bits.iter().enumerate().filter(|(bit, _)| then >> bit & 1 == 1);
        Ok(now.fold(0, |all, (_, bit)| all | bit))
    }
}

/// Puts messages back; gives whose were and whose did not fit.
fn put_all(tx: &mut Tx<'_>, ready: &[(Message, Arc<StagedBlob>)]) -> Result<(Vec<usize>, Vec<usize>), MailboxError> {
    let (mut attached, mut restored, mut full) = (HashSet::new(), Vec::new(), Vec::new());
    for (message, staged) in ready {
        if attached.insert(staged.id()) {
            staged.attach(tx, 1)?;
        } else {
            ::store::blobs::add_refs(tx, staged.id(), 1)?;
        }
        match message.earlier.put_back(tx, message.account, staged.id(), &message.places) {
            Ok(_) => restored.push(message.person),
            Err(MailboxError::OverQuota { .. }) => {
                ::store::blobs::add_refs(tx, staged.id(), -1)?;
                full.push(message.person);
            }
            Err(error) => return Err(error),
        }
    }
    Ok((restored, full))
}
