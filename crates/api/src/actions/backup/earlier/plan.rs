//! What an account had then and lacks now.

use std::collections::{HashMap, HashSet};

use env::Timestamp;
use mail::message::{EnvelopeAddress, Summary, words};
use mailbox::earlier::{self, Listed, Present};
use mailbox::{Flags, Name};
use serde::Serialize;
use serde_json::{Value, json};

use super::{Detail, EarlierError, Work};

/// Messages that a preview tells singly.
const SHOWN_MAX: usize = 200;

/// Whose mail.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) account: i64,
    pub(super) address: String,
}

/// Which of it; all by default.
#[derive(Debug, Clone, Default)]
pub(super) struct Which {
    pub(super) folder: Option<Name>,
    /// Without angle brackets.
    pub(super) message: Option<String>,
    /// In lowercase.
    pub(super) subject: Option<String>,
}

impl Which {
    pub(super) fn has_folder(&self, name: &Name) -> bool {
        self.folder.as_ref().is_none_or(|folder| name == folder || name.is_below(folder))
    }

    fn has(&self, listed: &Listed, summary: &Summary) -> bool {
        let is_named = |wanted: &String| {
            summary.message_id.as_ref() == Some(wanted) || wanted.parse().is_ok_and(|id: i64| id == listed.message)
        };
        let has_part = |part: &String| subject_of(summary).to_lowercase().contains(part);
        self.message.as_ref().is_none_or(is_named) && self.subject.as_ref().is_none_or(has_part)
    }
}

/// A message that is to be put back.
#[derive(Debug, Clone)]
pub(super) struct Missing {
    /// Whose, by place in the list of people.
    pub(super) person: usize,
    pub(super) message: i64,
    pub(super) blob: i64,
    /// Messages of today that may be the same, which their content decides.
    pub(super) alike: Vec<i64>,
}

/// A folder of then, in numbers.
#[derive(Debug, Serialize)]
pub(super) struct Folder {
    address: String,
    folder: String,
    messages: u64,
    /// Of these, which would come.
    missing: u64,
    missing_bytes: u64,
    /// When the first and the last of those that would come were received.
    first: Option<String>,
    last: Option<String>,
}

#[derive(Default)]
pub(super) struct Planned {
    pub(super) missing: Vec<Missing>,
    pub(super) folders: Vec<Folder>,
    /// Messages singly, where they are to be told so.
    pub(super) messages: Vec<Value>,
}

/// Folders of then, by number and name.
type Folders = Vec<(i64, Name)>;

/// A message of then in a folder of then.
struct Found {
    folder: usize,
    listed: Listed,
    likeness: u64,
}

/// Compares what the person of that number had with what is there. A message that only lies elsewhere now is there.
pub(super) fn of(work: &Work, number: usize, detail: Detail) -> Result<Planned, EarlierError> {
    let Some(person) = work.people.get(number) else { return Ok(Planned::default()) };
    let account = person.account;
    let (folders, found) = find(work, account)?;
    let sizes: HashSet<u64> = found.iter().map(|one| one.listed.size).collect();
    let present = work.runtime.block_on(work.live.read(move |tx| Present::read(tx, account, &sizes)))?;

    let mut told: Vec<Folder> = folders.iter().map(|(_, name)| Folder::empty(&person.address, name)).collect();
    let mut spans: HashMap<usize, (Timestamp, Timestamp)> = HashMap::new();
    let (mut missing, mut seen, mut shown) = (Vec::new(), HashSet::new(), HashSet::new());
    for Found { folder, listed, likeness } in &found {
        let Some(told) = told.get_mut(*folder) else { continue };
        told.messages += 1;
        if present.has(listed.message) {
            continue;
        }
        let alike = present.alike(listed.size, *likeness);
        if alike.is_empty() {
            told.missing += 1;
            told.missing_bytes += listed.size;
            let span = spans.entry(*folder).or_insert((listed.received, listed.received));
            *span = (span.0.min(listed.received), span.1.max(listed.received));
            if shown.len() < SHOWN_MAX {
                shown.insert((*folder, listed.message));
            }
        }
        if seen.insert(listed.message) {
            let (message, blob, alike) = (listed.message, listed.blob, alike.to_vec());
            missing.push(Missing { person: number, message, blob, alike });
        }
    }
    for (folder, (first, last)) in spans {
        if let Some(told) = told.get_mut(folder) {
            (told.first, told.last) = (Some(first.to_string()), Some(last.to_string()));
        }
    }
    told.retain(|folder| folder.messages > 0);
    let messages = match detail {
        Detail::Folders => Vec::new(),
        Detail::Messages | Detail::Subjects => tell(work, account, folders, shown, detail == Detail::Subjects)?,
    };
    Ok(Planned { missing, folders: told, messages })
}

impl Folder {
    fn empty(address: &str, name: &Name) -> Self {
        let (address, folder) = (address.to_owned(), name.as_str().to_owned());
        Self { address, folder, messages: 0, missing: 0, missing_bytes: 0, first: None, last: None }
    }
}

/// The folders of then that are wanted, and what in them is.
fn find(work: &Work, account: i64) -> Result<(Folders, Vec<Found>), EarlierError> {
    let which = work.which.clone();
    let reading = work.earlier.read(move |tx| {
        let all = mailbox::mailboxes::list(tx, account)?;
        let folders: Folders =
            all.into_iter().filter(|one| which.has_folder(&one.name)).map(|one| (one.id, one.name)).collect();
        let mut found = Vec::new();
        for (folder, (mailbox, _)) in folders.iter().enumerate() {
            earlier::list(tx, account, *mailbox, |listed, summary| {
                if which.has(listed, summary) {
                    found.push(Found { folder, listed: *listed, likeness: earlier::likeness(summary) });
                }
            })?;
        }
        Ok::<_, EarlierError>((folders, found))
    });
    work.runtime.block_on(reading)
}

/// The first of the messages that would come, singly.
fn tell(
    work: &Work,
    account: i64,
    folders: Folders,
    shown: HashSet<(usize, i64)>,
    with_subjects: bool,
) -> Result<Vec<Value>, EarlierError> {
    let reading = work.earlier.read(move |tx| {
        let mut told = Vec::with_capacity(shown.len());
        for (number, (mailbox, name)) in folders.iter().enumerate() {
            earlier::list(tx, account, *mailbox, |listed, summary| {
                if shown.contains(&(number, listed.message)) {
                    let mut message = json!({
                        "id": listed.message.to_string(),
                        "folder": name.as_str(),
                        "received": listed.received.to_string(),
                        "size": listed.size,
                        "seen": listed.flags.has(Flags::SEEN),
                        "message_id": summary.message_id,
                    });
                    if with_subjects {
                        let from = summary.envelope.from.first().and_then(EnvelopeAddress::email).unwrap_or_default();
                        super::with(&mut message, json!({ "from": from, "subject": subject_of(summary) }));
                    }
                    told.push(message);
                }
            })?;
        }
        Ok::<_, EarlierError>(told)
    });
    work.runtime.block_on(reading)
}

fn subject_of(summary: &Summary) -> String {
    summary.envelope.subject.as_deref().map(|it| words::decode(it).into_owned()).unwrap_or_default()
}
