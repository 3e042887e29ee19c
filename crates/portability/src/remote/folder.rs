//! One folder of another server: what is new is brought, what changed is followed.

use std::collections::{HashMap, HashSet};

use mailbox::{Flags, UidRange};
use store::Tx;
use wire::imap::client::{Event, Fetched, Part, Response, Status};

use super::bringing::{Bringing, TRIES_MAX};
use super::connection::{Connection, wants_waiting};
use super::listing::RemoteFolder;
use super::run::{FolderReport, Run};
use super::state::{self, Brought};
use super::{RemoteError, gmail};
use crate::Marks;
use crate::put::{flags_of, follow_flags};

/// Different keywords of a folder that are followed.
const KEYWORDS_MAX: usize = 64;

/// Changes of one transaction.
pub(super) const CHANGES_AT_ONCE: usize = 500;

/// A message there, as compact as a folder of a million needs.
pub(super) struct Seen {
    pub(super) uid: u32,
    pub(super) system: u8,
    /// Bits of the folder's keywords.
    keywords: u64,
    /// The number of Gmail; 0 elsewhere.
    pub(super) number: i64,
    /// Labels of Gmail, by their places.
    labels: Vec<u32>,
}

/// What a folder has.
#[derive(Default)]
pub(super) struct Listing {
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

    pub(super) fn labels_of(&self, seen: &Seen) -> Vec<String> {
        let labels = seen.labels.iter().filter_map(|place| self.labels.get(usize::try_from(*place).ok()?).cloned());
        gmail::own_labels(&labels.collect::<Vec<_>>())
    }
}

pub(super) fn marks_of(flags: &[String]) -> Marks {
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
    let into = run.importer.name_of(mailbox);
    let report = report_of(run, folder);
    (report.messages, report.into) = (u64::from(opened.exists), into);
    let (id, brought) = known(run, folder, &opened, mailbox).await?;
    let listing = match opened.exists {
        0 => Ok(Listing::default()),
        _ => list(connection).await?,
    };
    let listing = match listing {
        Ok(listing) => listing,
        Err(status) => {
            let why = format!("{}: the server does not list its messages: {}", folder.path, status.text);
            run.importer.leave_out(&why);
            return Ok(());
        }
    };
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

/// Numbers and flags of all messages, or why the server does not tell them.
async fn list(connection: &mut Connection) -> Result<Result<Listing, Status>, RemoteError> {
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
            Event::Done(status) if wants_waiting(&status) => return Err(RemoteError::Wait(status.text)),
            Event::Done(status) => return Ok(Err(status)),
            _ => {}
        }
    }
    listing.seen.sort_unstable_by_key(|seen| seen.uid);
    listing.seen.dedup_by_key(|seen| seen.uid);
    Ok(Ok(listing))
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
