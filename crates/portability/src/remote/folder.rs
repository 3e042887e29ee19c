//! One folder of another server: what is new is brought, what changed is followed.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use env::Timestamp;
use mailbox::{Flags, UidRange};
use store::Tx;
use wire::imap::client::{Body, Event, Fetched, Part, Response, Status};

use super::connection::{Connection, wants_waiting};
use super::listing::RemoteFolder;
use super::run::{FolderReport, Run};
use super::state::{self, Brought};
use super::{RemoteError, gmail};
use crate::item::with_crlf;
use crate::put::{Into, copy_to, flags_of, follow_flags};
use crate::{Destination, MESSAGE_BYTES_MAX, Marks, Origin, fitting};

/// Messages that are asked for at once. They come and are kept one by one.
const BATCH: usize = 40;

/// Different keywords of a folder that are followed.
const KEYWORDS_MAX: usize = 64;

/// Changes of one transaction.
const CHANGES_AT_ONCE: usize = 500;

/// How often the connection may break at a message before it is left out.
const TRIES_MAX: u32 = 3;

/// A message there, as compact as a folder of a million needs.
struct Seen {
    uid: u32,
    system: u8,
    /// Bits of the folder's keywords.
    keywords: u64,
    /// The number of Gmail; 0 elsewhere.
    number: i64,
    /// Labels of Gmail, by their places.
    labels: Vec<u32>,
}

/// What a folder has.
#[derive(Default)]
struct Listing {
    seen: Vec<Seen>,
    keywords: Vec<String>,
    labels: Vec<Vec<u8>>,
}

impl Listing {
    fn add(&mut self, fetched: &Fetched) {
        let (Some(uid), Some(flags)) = (fetched.uid, &fetched.flags) else { return };
        let marks = marks_of(flags);
        let mut keywords = 0_u64;
        for keyword in marks.keywords {
            let place = self.keywords.iter().position(|known| *known == keyword).or_else(|| {
                let is_room = self.keywords.len() < KEYWORDS_MAX;
                is_room.then(|| self.keywords.push(keyword)).map(|()| self.keywords.len() - 1)
            });
            keywords |= place.map_or(0, |place| 1 << place);
        }
        let mut labels = Vec::new();
        for label in &fetched.gmail_labels {
            let place = self.labels.iter().position(|known| known == label).unwrap_or_else(|| {
                self.labels.push(label.clone());
                self.labels.len() - 1
            });
            labels.extend(u32::try_from(place));
        }
        let number = fetched.gmail_message.unwrap_or(0).cast_signed();
        self.seen.push(Seen { uid, system: marks.system, keywords, number, labels });
    }

    fn labels_of(&self, seen: &Seen) -> Vec<String> {
        let labels = seen.labels.iter().filter_map(|place| self.labels.get(usize::try_from(*place).ok()?).cloned());
        gmail::own_labels(&labels.collect::<Vec<_>>())
    }
}

fn marks_of(flags: &[String]) -> Marks {
    let mut marks = Marks::default();
    flags.iter().for_each(|flag| marks.add(flag));
    marks
}

/// What SELECT says.
#[derive(Default)]
struct Opened {
    uidvalidity: u32,
    exists: u32,
}

pub(super) async fn take_over(
    run: &mut Run<'_>,
    connection: &mut Connection,
    folder: &RemoteFolder,
) -> Result<(), RemoteError> {
    run.progress.at(&folder.path);
    let Some(opened) = open(run, connection, folder).await? else { return Ok(()) };
    let mailbox = run.importer.mailbox(&folder.destination).await?;
    let report = run.reports.entry(folder.path.clone()).or_default();
    report.messages = u64::from(opened.exists);
    folder.destination.name.as_str().clone_into(&mut report.into);
    let (id, brought) = known(run, folder, &opened, mailbox).await?;
    let listing = if opened.exists == 0 { Listing::default() } else { list(connection).await? };
    follow(run, folder, id, &listing, &brought).await?;
    let is_whole = listing.seen.len() >= usize::try_from(opened.exists).unwrap_or(usize::MAX);
    forget_gone(run, folder, (id, mailbox), &listing, &brought, is_whole).await?;
    let new: Vec<&Seen> = listing
        .seen
        .iter()
        .filter(|seen| !brought.contains_key(&seen.uid))
        .filter(|seen| run.tries.get(&(folder.name.clone(), seen.uid)).is_none_or(|tries| *tries < TRIES_MAX))
        .collect();
    if run.orders.is_trial {
        report_of(run, folder).imported = new.len() as u64;
        return Ok(());
    }
    if !new.is_empty() {
        // What was brought of this folder is not what comes anew.
        run.importer.look_at(mailbox, brought.values().map(|one| one.message).collect()).await?;
    }
    let before = run.importer.tally().imported;
    let outcome = Bringing { run, connection, folder, id, mailbox, listing: &listing }.bring(new).await;
    run.importer.flush().await?;
    let imported = run.importer.tally().imported - before;
    report_of(run, folder).imported += imported;
    outcome
}

fn report_of<'r>(run: &'r mut Run<'_>, folder: &RemoteFolder) -> &'r mut FolderReport {
    run.reports.entry(folder.path.clone()).or_default()
}

/// Opens the folder, without changing what is recent there; none if the server does not open it.
async fn open(
    run: &mut Run<'_>,
    connection: &mut Connection,
    folder: &RemoteFolder,
) -> Result<Option<Opened>, RemoteError> {
    connection.begin(&[Part::Text("EXAMINE "), Part::Bytes(&folder.name)]);
    let mut opened = Opened::default();
    loop {
        match connection.event().await? {
            Event::Untagged(Response::Exists(count)) => opened.exists = count,
            Event::Untagged(Response::Status(status)) => {
                opened.uidvalidity = status.number("UIDVALIDITY").unwrap_or(opened.uidvalidity);
            }
            Event::Done(status) if status.is_ok() => return Ok(Some(opened)),
            Event::Done(status) if wants_waiting(&status) => return Err(RemoteError::Wait(status.text)),
            Event::Done(status) => {
                let why = format!("{}: the server does not open it: {}", folder.path, status.text);
                run.importer.leave_out(&why);
                return Ok(None);
            }
            _ => {}
        }
    }
}

/// What was brought of the folder, which is looked at from now on.
async fn known(
    run: &Run<'_>,
    folder: &RemoteFolder,
    opened: &Opened,
    mailbox: i64,
) -> Result<(i64, HashMap<u32, Brought>), RemoteError> {
    let (account, source, name) = (run.account, run.source, folder.name.clone());
    let (uidvalidity, messages) = (opened.uidvalidity, opened.exists);
    if run.orders.is_trial {
        let look = move |tx: &mut Tx<'_>| match state::folder(tx, account, source, &name)? {
            Some(known) if known.uidvalidity == uidvalidity => {
                Ok::<_, RemoteError>((known.id, state::brought(tx, account, known.id)?))
            }
            _ => Ok((0, HashMap::new())),
        };
        return run.store.read(look).await;
    }
    let note = move |tx: &mut Tx<'_>| {
        let id = state::look_at(tx, account, source, &name, (uidvalidity, messages, mailbox))?;
        Ok::<_, RemoteError>((id, state::brought(tx, account, id)?))
    };
    run.store.write(note).await
}

/// Numbers and flags of all messages.
async fn list(connection: &mut Connection) -> Result<Listing, RemoteError> {
    let what = if connection.can("X-GM-EXT-1") { "UID FLAGS X-GM-MSGID X-GM-LABELS" } else { "UID FLAGS" };
    connection.begin(&[Part::Text(&format!("UID FETCH 1:* ({what})"))]);
    let mut listing = Listing::default();
    loop {
        match connection.event().await? {
            Event::Untagged(Response::Fetch(fetched)) => listing.add(&fetched),
            Event::Untagged(Response::Status(status)) if !status.is_ok() && wants_waiting(&status) => {
                return Err(RemoteError::Wait(status.text));
            }
            Event::Done(status) if status.is_ok() => break,
            // As all servers say that have a reason not to go on.
            Event::Done(status) => return Err(RemoteError::Wait(status.text)),
            _ => {}
        }
    }
    listing.seen.sort_unstable_by_key(|seen| seen.uid);
    listing.seen.dedup_by_key(|seen| seen.uid);
    Ok(listing)
}

/// Changes flags as they were changed there since the last look.
async fn follow(
    run: &mut Run<'_>,
    folder: &RemoteFolder,
    id: i64,
    listing: &Listing,
    brought: &HashMap<u32, Brought>,
) -> Result<(), RemoteError> {
    if brought.is_empty() || run.orders.is_trial {
        return Ok(());
    }
    let account = run.account;
    let names = listing.keywords.clone();
    let learn = move |tx: &mut Tx<'_>| {
        let one = |tx: &mut Tx<'_>, name: &String| {
            let marks = Marks { system: 0, keywords: vec![name.clone()] };
            Ok::<_, RemoteError>(flags_of(tx, account, &marks, &mut 0)?.keywords)
        };
        names.iter().map(|name| one(tx, name)).collect::<Result<Vec<u64>, _>>()
    };
    let bits: Vec<u64> = if listing.keywords.is_empty() { Vec::new() } else { run.store.write(learn).await? };
    let mut changes = Vec::new();
    for seen in &listing.seen {
        let Some(known) = brought.get(&seen.uid) else { continue };
        let here = bits.iter().enumerate().filter(|(place, _)| seen.keywords >> place & 1 == 1);
        let keywords = here.fold(0, |all, (_, bit)| all | bit);
        let flags = Flags { system: seen.system, keywords };
        if flags != known.flags {
            changes.push((seen.uid, known.message, known.flags, flags));
        }
    }
    for some in changes.chunks(CHANGES_AT_ONCE) {
        let some = some.to_vec();
        let change = move |tx: &mut Tx<'_>| {
            for (uid, message, before, after) in &some {
                follow_flags(tx, account, *message, *before, *after)?;
                state::note_flags(tx, account, id, *uid, *after)?;
            }
            Ok::<_, RemoteError>(())
        };
        run.store.write(change).await?;
    }
    report_of(run, folder).flags_changed += changes.len() as u64;
    Ok(())
}

/// Counts what is gone there, and removes it here if that is wanted. A list that is not whole tells nothing of what is gone.
async fn forget_gone(
    run: &mut Run<'_>,
    folder: &RemoteFolder,
    (id, mailbox): (i64, i64),
    listing: &Listing,
    brought: &HashMap<u32, Brought>,
    is_whole: bool,
) -> Result<(), RemoteError> {
    if !is_whole {
        return Ok(());
    }
    let there: HashSet<u32> = listing.seen.iter().map(|seen| seen.uid).collect();
    let gone: Vec<(u32, i64)> =
        brought.iter().filter(|(uid, _)| !there.contains(uid)).map(|(uid, one)| (*uid, one.message)).collect();
    report_of(run, folder).gone = gone.len() as u64;
    if !run.orders.removes_gone || run.orders.is_trial {
        return Ok(());
    }
    let account = run.account;
    for some in gone.chunks(CHANGES_AT_ONCE) {
        let some = some.to_vec();
        let remove = move |tx: &mut Tx<'_>| {
            for (uid, message) in &some {
                let places = mailbox::overview::places_of(tx, account, *message)?;
                let here = places.iter().filter(|(place, ..)| *place == mailbox);
                let uids: Vec<UidRange> = here.map(|(_, uid, _)| UidRange::one(*uid)).collect();
                if !uids.is_empty() {
                    mailbox::discard(tx, account, mailbox, &uids)?;
                }
                state::forget_message(tx, account, id, *uid)?;
            }
            Ok::<_, RemoteError>(())
        };
        run.store.write(remove).await?;
    }
    Ok(())
}

/// The new messages of a folder on their way.
struct Bringing<'b, 'r> {
    run: &'b mut Run<'r>,
    connection: &'b mut Connection,
    folder: &'b RemoteFolder,
    id: i64,
    mailbox: i64,
    listing: &'b Listing,
}

impl Bringing<'_, '_> {
    async fn bring(&mut self, new: Vec<&Seen>) -> Result<(), RemoteError> {
        let numbers: HashMap<u32, &Seen> = new.iter().map(|seen| (seen.uid, *seen)).collect();
        let mut queue: VecDeque<u32> = VecDeque::with_capacity(new.len());
        for seen in new {
            if seen.number == 0 || !self.is_here_elsewhere(seen).await? {
                queue.push_back(seen.uid);
            }
        }
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

    /// Whether the message was brought from another folder of Gmail; then it is put into this one as well, but for that of all mail.
    async fn is_here_elsewhere(&mut self, seen: &Seen) -> Result<bool, RemoteError> {
        let (account, mailbox, is_all) = (self.run.account, self.mailbox, self.folder.is_all);
        let origin = Origin { folder: self.id, uid: seen.uid, number: seen.number };
        let (system, number) = (seen.system, seen.number);
        if self.run.store.read(move |tx| state::with_number(tx, account, number)).await?.is_none() {
            return Ok(false);
        }
        let place = move |tx: &mut Tx<'_>| {
            let Some(message) = state::with_number(tx, account, number)? else { return Ok(false) };
            if state::has_message(tx, account, &origin)? {
                return Ok(true);
            }
            let places = mailbox::overview::places_of(tx, account, message)?;
            let is_there = places.iter().any(|(place, ..)| *place == mailbox);
            if let Some((from, uid, _)) = places.first()
                && !is_all
                && !is_there
            {
                copy_to(tx, account, (*from, *uid), &[mailbox])?;
            }
            state::note_message(tx, account, &origin, message, Flags::system(system))?;
            Ok::<_, RemoteError>(true)
        };
        self.run.store.write(place).await
    }
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
