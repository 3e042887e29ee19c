//! What the guard knows of one person outside, by an address: to be told to him, set right, or forgotten.
//!
//! Most of it is found by its name at once. Threads, messages and cases name people inside their rows, so they are gone through a page at a time
//! ([`sweep`]).

use store::{Tx, params};

use crate::cases::{self, CaseDetail};
use crate::knowledge::{Address, Partner};
use crate::learn::{partner_name, root};
use crate::names::name_key;
use crate::rows::{AccountRow, DomainRow, Kind, MessageRow, NameRow, PartnerRow, Rows, ThreadRow};
use crate::shelf::{self, Shelf, rows_between, save};
use crate::subject::mailbox_of;
use crate::{GuardError, Taught};

/// Rows of one step of a sweep.
const STEP: i64 = 500;

/// What is known of a person by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Held {
    /// How he writes, and with whom of ours.
    pub address: Option<Address>,
    /// The partner that he is one of, or is himself where he uses a free mail service.
    pub partner: Option<Partner>,
    /// The partner is he himself, with all that is on file.
    pub is_himself: bool,
    /// Names under which he is remembered, so that others who use them are told apart.
    pub names: u64,
}

impl Held {
    /// Whether anything is known.
    #[must_use]
    pub const fn is_something(&self) -> bool {
        self.address.is_some() || self.partner.is_some() || self.names > 0
    }
}

/// What is known of the person with `address`, in lowercase.
///
/// # Errors
/// When the store fails.
pub fn held(tx: &mut Tx<'_>, organisation: i64, address: &str) -> Result<Held, GuardError> {
    let mut shelf = Shelf::open(tx, organisation)?;
    let known = shelf.get::<Address>(address)?;
    let name = root(&mut shelf, &partner_name(&mailbox_of(address)))?;
    let row = shelf.get::<PartnerRow>(&name)?;
    let is_himself = name == address && row.is_some();
    let partner = row
        .map(|row| row.partner)
        .filter(|partner| is_himself || partner.people.iter().any(|person| person.address == address));
    let mut names = 0;
    for key in name_keys(known.as_ref(), partner.as_ref(), address) {
        let row = shelf.get::<NameRow>(&key)?.unwrap_or_default();
        names += u64::from(row.people.iter().any(|one| one.address == address));
    }
    let partner = partner.map(|partner| of_person(partner, address, is_himself));
    Ok(Held { address: known, partner, is_himself, names })
}

/// Of a company only what is about its person.
fn of_person(partner: Partner, address: &str, is_himself: bool) -> Partner {
    if is_himself {
        return partner;
    }
    let people = partner.people.into_iter().filter(|person| person.address == address).collect();
    Partner { name: partner.name, people, ..Partner::default() }
}

fn name_keys(known: Option<&Address>, partner: Option<&Partner>, address: &str) -> Vec<String> {
    let used = known.into_iter().flat_map(|known| known.names.0.iter().map(|(name, _)| name.as_str()));
    let of_partner = partner.into_iter().flat_map(|partner| &partner.people);
    let named = of_partner.filter(|person| person.address == address).map(|person| person.name.as_str());
    let mut keys: Vec<String> = used.chain(named).filter_map(name_key).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Sets the name right that is on file of a person; gives whether he was there.
///
/// # Errors
/// When the store fails.
pub fn rename(tx: &mut Tx<'_>, organisation: i64, address: &str, name: &str) -> Result<bool, GuardError> {
    let context = tx.context();
    let mut shelf = Shelf::open(tx, organisation)?;
    let partner = root(&mut shelf, &partner_name(&mailbox_of(address)))?;
    if shelf.get::<PartnerRow>(&partner)?.is_none() {
        return Ok(false);
    }
    let before = shelf.update::<PartnerRow, _>(&partner, |row| {
        let person = row.partner.people.iter_mut().find(|person| person.address == address)?;
        Some(std::mem::replace(&mut person.name, name.to_owned()))
    })?;
    let Some(before) = before else { return Ok(false) };
    if shelf.get::<Address>(address)?.is_some() {
        shelf.update::<Address, _>(address, |known| {
            known.names.0.retain(|(used, _)| *used != before);
            known.names.note(name);
        })?;
    }
    if let Some(key) = name_key(&before) {
        shelf.update::<NameRow, _>(&key, |row| row.people.retain(|one| one.address != address))?;
    }
    let changes = shelf.changes(&*context.entropy);
    save(tx, organisation, &changes)?;
    Ok(true)
}

/// Forgets what is known of a person by name: how he writes, that he is one of a partner, and where he is the partner himself all of that. Gives
/// how many things went.
///
/// # Errors
/// When the store fails, or another wrote one of the rows meanwhile.
pub fn forget(tx: &mut Tx<'_>, organisation: i64, address: &str) -> Result<u64, GuardError> {
    let known = held(tx, organisation, address)?;
    if !known.is_something() {
        return Ok(0);
    }
    let context = tx.context();
    let mut shelf = Shelf::open(tx, organisation)?;
    let mut gone = 0;
    for key in name_keys(known.address.as_ref(), known.partner.as_ref(), address) {
        shelf.update::<NameRow, _>(&key, |row| row.people.retain(|one| one.address != address))?;
        gone += 1;
    }
    if known.address.is_some() {
        shelf.remove::<Address>(address)?;
        gone += 1;
    }
    if let Some(partner) = known.partner {
        gone += 1;
        if known.is_himself {
            for detail in &partner.details {
                shelf.update::<AccountRow, _>(&detail.detail.key(), |row| {
                    row.holders.retain(|holder| *holder != partner.name);
                })?;
            }
            shelf.remove::<DomainRow>(address)?;
            shelf.remove::<PartnerRow>(address)?;
        } else {
            shelf.update::<PartnerRow, _>(&partner.name, |row| {
                row.partner.people.retain(|person| person.address != address);
            })?;
        }
    }
    let changes = shelf.changes(&*context.entropy);
    save(tx, organisation, &changes)?;
    Ok(gone)
}

/// What one step of a sweep found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Rows of the ledger (threads, messages, how others write) that name the person.
    pub rows: u64,
    /// Cases of finance that do.
    pub cases: u64,
    /// Of these, those that stay as they are not closed.
    pub open_cases: u64,
    /// Messages that wait to be learned from.
    pub lessons: u64,
    /// Where the next step begins; none after the last.
    pub next: Option<i64>,
}

impl Swept {
    /// Adds what another step found.
    pub const fn add(&mut self, other: Self) {
        self.rows += other.rows;
        self.cases += other.cases;
        self.open_cases += other.open_cases;
        self.lessons += other.lessons;
        self.next = other.next;
    }
}

/// Goes through a page of rows that can name a person inside, behind the row `after`, and takes him out of them if `erases`. With the last page it
/// goes through cases and lessons. Cases that finance has not closed stay whole.
///
/// # Errors
/// When the store fails, or another wrote one of the rows meanwhile.
pub fn sweep(tx: &mut Tx<'_>, organisation: i64, address: &str, after: i64, erases: bool) -> Result<Swept, GuardError> {
    let page = rows_between(tx, organisation, after, STEP)?;
    let mut swept = Swept { next: page.last().map(|row| row.id), ..Swept::default() };
    let is_last = i64::try_from(page.len()).is_ok_and(|count| count < STEP);
    for row in page {
        let changed = match row.kind {
            Kind::Thread => row.without::<ThreadRow>(|thread| take_out(&mut thread.participants.0, address))?,
            Kind::Message => row.without::<MessageRow>(|message| {
                let is_his = message.author == address;
                if is_his {
                    message.author.clear();
                    message.lines.clear();
                }
                is_his
            })?,
            Kind::Address => {
                row.without::<Address>(|other| other.address != address && take_out(&mut other.reply_to.0, address))?
            }
            Kind::Domain => row.without::<DomainRow>(|domain| {
                let before = domain.named_by.len();
                domain.named_by.retain(|by| by != address);
                domain.named_by.len() != before
            })?,
            _ => None,
        };
        let Some(plain) = changed else { continue };
        swept.rows += 1;
        if erases {
            row.replace(tx, organisation, &plain)?;
        }
    }
    if is_last {
        swept.next = None;
        sweep_cases(tx, organisation, address, erases, &mut swept)?;
        sweep_lessons(tx, organisation, address, erases, &mut swept)?;
    }
    Ok(swept)
}

/// Takes somebody out of a tally; whether he was in it.
fn take_out(tally: &mut Vec<(String, u32)>, address: &str) -> bool {
    let before = tally.len();
    tally.retain(|(what, _)| what != address);
    tally.len() != before
}

fn sweep_cases(
    tx: &mut Tx<'_>,
    organisation: i64,
    address: &str,
    erases: bool,
    swept: &mut Swept,
) -> Result<(), GuardError> {
    let ids =
        tx.rows("SELECT id FROM guard_case WHERE organisation = $1 ORDER BY id", params![organisation], |row| {
            row.int(0)
        })?;
    for id in ids {
        let case = cases::load(tx, id)?;
        if !names(&case.detail, address) {
            continue;
        }
        swept.cases += 1;
        if case.state.is_open() {
            swept.open_cases += 1;
        } else if erases {
            tx.execute("DELETE FROM guard_case WHERE id = $1", params![id])?;
        }
    }
    Ok(())
}

fn names(case: &CaseDetail, address: &str) -> bool {
    let of_lesson = taught_names(&case.lesson, address);
    of_lesson || case.partner == address || case.to.iter().any(|to| to.to_lowercase().contains(address))
}

fn taught_names(taught: &Taught, address: &str) -> bool {
    let subject = &taught.subject;
    subject.from.address == address
        || subject.recipients().any(|to| to.address == address)
        || subject.reply_to.iter().any(|to| to.address == address)
}

fn sweep_lessons(
    tx: &mut Tx<'_>,
    organisation: i64,
    address: &str,
    erases: bool,
    swept: &mut Swept,
) -> Result<(), GuardError> {
    let key = tx.context().keys.organisation(tx, organisation)?;
    let waiting =
        tx.rows("SELECT id, detail FROM guard_lesson WHERE organisation = $1", params![organisation], |row| {
            Ok((row.int(0)?, row.bytes(1)?.to_vec()))
        })?;
    for (id, sealed) in waiting {
        // One that does not read is told of where it is learned from.
        let Ok(taught) = shelf::unseal::<Taught>(&key, crate::live::LESSON, id, &sealed) else { continue };
        if taught_names(&taught, address) {
            swept.lessons += 1;
            if erases {
                tx.execute("DELETE FROM guard_lesson WHERE id = $1", params![id])?;
            }
        }
    }
    Ok(())
}
