//! The new messages of a folder on their way.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use env::Timestamp;
use mailbox::{Flags, UidRange};
use store::Tx;
use wire::imap::client::{Body, Event, Fetched, Part, Response, Status};

use super::connection::{Connection, wants_waiting};
use super::folder::{CHANGES_AT_ONCE, Listing, Seen, marks_of};
use super::listing::RemoteFolder;
use super::run::Run;
use super::{RemoteError, state};
use crate::item::with_crlf;
use crate::put::{Into, copy_to};
use crate::{Destination, MESSAGE_BYTES_MAX, Origin, fitting};

/// Messages that are asked for at once. They come and are kept one by one.
const BATCH: usize = 40;

/// How often the connection may break at a message before it is left out.
pub(super) const TRIES_MAX: u32 = 3;

/// What brings them.
pub(super) struct Bringing<'b, 'r> {
    pub(super) run: &'b mut Run<'r>,
    pub(super) connection: &'b mut Connection,
    pub(super) folder: &'b RemoteFolder,
    pub(super) id: i64,
    pub(super) mailbox: i64,
    pub(super) listing: &'b Listing,
}

impl Bringing<'_, '_> {
    pub(super) async fn bring(&mut self, new: Vec<&Seen>) -> Result<(), RemoteError> {
        let numbers: HashMap<u32, &Seen> = new.iter().map(|seen| (seen.uid, *seen)).collect();
        let here = self.place_what_is_here(&new).await?;
        let mut queue: VecDeque<u32> = new.iter().map(|seen| seen.uid).filter(|uid| !here.contains(uid)).collect();
        let mut alone: HashSet<u32> = HashSet::new();
        while let Some(first) = queue.pop_front() {
            let mut batch = vec![first];
            let is_alone = |uid: &u32| alone.contains(uid) || self.tries_of(*uid) > 0;
            while !is_alone(&first) && batch.len() < BATCH && queue.front().is_some_and(|uid| !is_alone(uid)) {
                batch.extend(queue.pop_front());
            }
            let left = self.fetch(&batch, &numbers).await?;
            for uid in left.into_iter().rev() {
                // Who is asked for all of them may say less of why one does not come.
                alone.insert(uid);
                queue.push_front(uid);
            }
            if self.run.importer.tally().is_full.is_some() {
                break;
            }
        }
        Ok(())
    }

    fn tries_of(&self, uid: u32) -> u32 {
        self.run.tries.get(&(self.folder.name.clone(), uid)).copied().unwrap_or(0)
    }

    /// Fetches and brings some messages; gives those that did not come and are to be asked for alone.
    async fn fetch(&mut self, batch: &[u32], known: &HashMap<u32, &Seen>) -> Result<Vec<u32>, RemoteError> {
        let mut outstanding: BTreeSet<u32> = batch.iter().copied().collect();
        let status = match self.receive(batch, &mut outstanding, known).await {
            Ok(status) => status,
            Err(error) => {
                if matches!(error, RemoteError::Lost(_) | RemoteError::Ended | RemoteError::Words(_))
                    && let Some(first) = outstanding.first()
                {
                    self.count_try(*first, &error);
                }
                return Err(error);
            }
        };
        if !status.is_ok() && wants_waiting(&status) {
            return Err(RemoteError::Wait(status.text));
        }
        if batch.len() > 1 {
            return Ok(outstanding.into_iter().collect());
        }
        // Asked for alone and answered with an OK: it was removed there meanwhile.
        for uid in outstanding.iter().filter(|_| !status.is_ok()) {
            let why = format!("{}, UID {uid}: the server does not give it: {}", self.folder.path, status.text);
            self.run.importer.leave_out(&why);
        }
        Ok(Vec::new())
    }

    fn count_try(&mut self, uid: u32, error: &RemoteError) {
        let tries = self.run.tries.entry((self.folder.name.clone(), uid)).or_default();
        *tries += 1;
        if *tries >= TRIES_MAX {
            let why = format!(
                "{}, UID {uid}: the connection breaks each time at this message ({error}); the next run tries it again",
                self.folder.path
            );
            self.run.importer.leave_out(&why);
        }
    }

    async fn receive(
        &mut self,
        batch: &[u32],
        outstanding: &mut BTreeSet<u32>,
        known: &HashMap<u32, &Seen>,
    ) -> Result<Status, RemoteError> {
        let set = set_of(batch);
        self.connection.begin(&[Part::Text(&format!("UID FETCH {set} (UID FLAGS INTERNALDATE BODY.PEEK[])"))]);
        loop {
            match self.connection.event().await? {
                Event::Untagged(Response::Fetch(fetched)) => {
                    let Some(seen) = fetched.uid.and_then(|uid| known.get(&uid)) else { continue };
                    if fetched.body.is_some() && outstanding.remove(&seen.uid) {
                        self.put(*fetched, seen).await?;
                    }
                }
                Event::Untagged(Response::Status(status)) if !status.is_ok() && wants_waiting(&status) => {
                    return Err(RemoteError::Wait(status.text));
                }
                Event::Done(status) => return Ok(status),
                _ => {}
            }
        }
    }

    async fn put(&mut self, fetched: Fetched, seen: &Seen) -> Result<(), RemoteError> {
        let name = format!("{}, UID {}", self.folder.path, seen.uid);
        let raw = match fetched.body {
            Some(Body::Whole(raw)) if !raw.is_empty() => with_crlf(raw),
            Some(Body::TooLong(bytes)) => {
                let (has, may) = (bytes >> 20, MESSAGE_BYTES_MAX >> 20);
                self.run.importer.leave_out(&format!("{name}: it has {has} MiB, more than {may}; keep it elsewhere"));
                return Ok(());
            }
            _ => {
                self.run.importer.leave_out(&format!("{name}: the server has nothing of it"));
                return Ok(());
            }
        };
        let mut into = Into {
            mailbox: self.mailbox,
            also: Vec::new(),
            marks: marks_of(&fetched.flags.unwrap_or_default()),
            received: fetched.received.map(|at| Timestamp::from_seconds(at.unix_seconds)),
            origin: Some(Origin { folder: self.id, uid: seen.uid, number: seen.number }),
        };
        if self.folder.is_all {
            // In no folder that is listed; its labels may be hidden from programs.
            let mut mailboxes = Vec::new();
            for label in self.listing.labels_of(seen) {
                let destination = Destination { name: fitting(&label), role: None };
                mailboxes.push(self.run.importer.mailbox(&destination).await?);
            }
            if let Some((first, more)) = mailboxes.split_first() {
                (into.mailbox, into.also) = (*first, more.to_vec());
            }
        }
        self.run.importer.put(raw, into).await?;
        Ok(())
    }

    /// Messages that were brought from other folders of Gmail; they are put into this one as well, but for that of all mail.
    async fn place_what_is_here(&mut self, new: &[&Seen]) -> Result<HashSet<u32>, RemoteError> {
        let (account, folder, is_all) = (self.run.account, self.id, self.folder.is_all);
        let target = Some(self.mailbox).filter(|_| !is_all);
        let mut here = HashSet::new();
        let numbered: Vec<(Origin, u8)> = new
            .iter()
            .filter(|seen| seen.number != 0)
            .map(|seen| (Origin { folder, uid: seen.uid, number: seen.number }, seen.system))
            .collect();
        for some in numbered.chunks(CHANGES_AT_ONCE) {
            let some = some.to_vec();
            let place = move |tx: &mut Tx<'_>| {
                let mut found = Vec::new();
                for (origin, system) in &some {
                    if place_one(tx, account, origin, *system, target)? {
                        found.push(origin.uid);
                    }
                }
                Ok::<_, RemoteError>(found)
            };
            here.extend(self.run.store.write(place).await?);
        }
        self.run.importer.count_known(here.len() as u64);
        Ok(here)
    }
}

/// Notes a message that is here under its number, and puts it into `target`; false if it is not here.
fn place_one(
    tx: &mut Tx<'_>,
    account: i64,
    origin: &Origin,
    system: u8,
    target: Option<i64>,
) -> Result<bool, RemoteError> {
    let Some(message) = state::with_number(tx, account, origin.number)? else { return Ok(false) };
    if state::has_message(tx, account, origin)? {
        return Ok(true);
    }
    let places = mailbox::overview::places_of(tx, account, message)?;
    if let (Some(target), Some((from, uid, _))) = (target, places.first())
        && places.iter().all(|(place, ..)| *place != target)
    {
        copy_to(tx, account, (*from, *uid), &[target])?;
    }
    state::note_message(tx, account, origin, message, Flags::system(system))?;
    Ok(true)
}

/// UIDs as a set (RFC 9051 section 9, `sequence-set`).
fn set_of(uids: &[u32]) -> String {
    let ranges = UidRange::collect(uids.iter().copied());
    let show = |range: UidRange| match range.first == range.last {
        true => range.first.to_string(),
        false => format!("{}:{}", range.first, range.last),
    };
    ranges.into_iter().map(show).collect::<Vec<_>>().join(",")
}
