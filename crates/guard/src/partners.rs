//! Partners and their payment details, as people see and change them.

use payment::Detail;
use store::Tx;

use crate::GuardError;
use crate::cases::record;
use crate::knowledge::{Address, Partner, State};
use crate::learn::root;
use crate::rows::{AccountRow, DomainRow, LedgerChange, PartnerRow, Rows};
use crate::shelf::{Shelf, partners_after, save};

/// Partners that one list shows.
pub const LISTED_MAX: i64 = 500;

/// A partner with what people did to its payment details.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Listed {
    /// Its row's number: lists go on behind it.
    pub id: i64,
    /// What is known of it.
    pub partner: Partner,
    /// What people did to its payment details.
    pub changes: Vec<LedgerChange>,
    /// The partner that it was put together with.
    pub merged_into: Option<String>,
}

/// Partners of an organisation, behind the row `after`.
///
/// # Errors
/// When the store fails.
pub fn list(tx: &mut Tx<'_>, organisation: i64, after: i64) -> Result<Vec<Listed>, GuardError> {
    let rows = partners_after(tx, organisation, after, LISTED_MAX)?;
    let listed = |(id, row): (i64, PartnerRow)| {
        let PartnerRow { partner, changes, merged_into } = row;
        Listed { id, partner, changes, merged_into }
    };
    Ok(rows.into_iter().map(listed).collect())
}

/// One partner, by its name, one of its domains or an address.
///
/// # Errors
/// [`GuardError::NoPartner`], or the store fails.
pub fn load(tx: &mut Tx<'_>, organisation: i64, name: &str) -> Result<Listed, GuardError> {
    let name = name.trim().to_lowercase();
    let mut shelf = Shelf::open(tx, organisation)?;
    let name = root(&mut shelf, &name)?;
    let row = shelf.get::<PartnerRow>(&name)?.ok_or(GuardError::NoPartner(name))?;
    Ok(Listed { id: 0, partner: row.partner, changes: row.changes, merged_into: None })
}

/// Puts a partner together with another: from then on both are one.
///
/// # Errors
/// [`GuardError::NoPartner`], [`GuardError::Loop`], or the store fails.
pub fn merge(tx: &mut Tx<'_>, organisation: i64, name: &str, into: &str) -> Result<(), GuardError> {
    let (name, into) = (name.trim().to_lowercase(), into.trim().to_lowercase());
    let context = tx.context();
    let mut shelf = Shelf::open(tx, organisation)?;
    let (from, to) = (root(&mut shelf, &name)?, root(&mut shelf, &into)?);
    if from == to {
        return Err(GuardError::Loop(name, into));
    }
    let merged = shelf.get::<PartnerRow>(&from)?.ok_or(GuardError::NoPartner(name))?;
    shelf.get::<PartnerRow>(&to)?.ok_or(GuardError::NoPartner(into))?;
    shelf.update::<PartnerRow, _>(&from, |row| row.merged_into = Some(to.clone()))?;
    shelf.update::<PartnerRow, _>(&to, |row| add(&mut row.partner, &merged.partner))?;
    let changes = shelf.changes(&*context.entropy);
    save(tx, organisation, &changes)
}

/// Takes a partner that was put together with another apart again: mail from then on is its own. What both had in common stays with the other.
///
/// # Errors
/// [`GuardError::NoPartner`], or the store fails.
pub fn split(tx: &mut Tx<'_>, organisation: i64, name: &str) -> Result<(), GuardError> {
    let name = name.trim().to_lowercase();
    let context = tx.context();
    let mut shelf = Shelf::open(tx, organisation)?;
    let row = shelf.get::<PartnerRow>(&name)?.filter(|row| row.merged_into.is_some());
    let Some(PartnerRow { partner, merged_into: Some(into), .. }) = row else {
        return Err(GuardError::NoPartner(name));
    };
    shelf.update::<PartnerRow, _>(&name, |row| row.merged_into = None)?;
    let other = root(&mut shelf, &into)?;
    shelf.update::<PartnerRow, _>(&other, |row| {
        row.partner.domains.retain(|domain| !partner.domains.contains(domain))
    })?;
    let changes = shelf.changes(&*context.entropy);
    save(tx, organisation, &changes)
}

fn add(partner: &mut Partner, other: &Partner) {
    for domain in &other.domains {
        if !partner.domains.contains(domain) {
            partner.domains.push(domain.clone());
        }
    }
    for person in &other.people {
        if partner.people.iter().all(|known| known.address != person.address) {
            partner.people.push(person.clone());
        }
    }
    for detail in &other.details {
        if partner.details.iter().all(|known| !payment::same_account(&known.detail, &detail.detail)) {
            partner.details.push(detail.clone());
        }
    }
    partner.countries.add(&other.countries);
    partner.languages.add(&other.languages);
    for phone in &other.phones {
        if !partner.phones.contains(phone) {
            partner.phones.push(phone.clone());
        }
    }
    let (mine, theirs) = (&mut partner.contact, &other.contact);
    mine.first = if mine.first == 0 { theirs.first } else { mine.first.min(theirs.first) };
    mine.last = mine.last.max(theirs.last);
    mine.received = mine.received.saturating_add(theirs.received);
    mine.sent = mine.sent.saturating_add(theirs.sent);
}

/// Says what is thought of payment details on file. Who says so stands in the ledger for good.
///
/// # Errors
/// [`GuardError::NoPartner`], [`GuardError::NoDetail`], or the store fails.
pub fn set_state(
    tx: &mut Tx<'_>,
    organisation: i64,
    (name, value): (&str, &str),
    state: State,
    (by, note): (i64, &str),
) -> Result<(), GuardError> {
    let wanted: String = value.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_uppercase();
    let now = tx.now().millis();
    let context = tx.context();
    let name = if name == "@own" { name.to_owned() } else { name.trim().to_lowercase() };
    let mut shelf = Shelf::open(tx, organisation)?;
    let name = root(&mut shelf, &name)?;
    shelf.get::<PartnerRow>(&name)?.ok_or_else(|| GuardError::NoPartner(name.clone()))?;
    let is_wanted = |detail: &Detail| {
        detail.value.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_uppercase() == wanted
    };
    let changed = shelf.update::<PartnerRow, _>(&name, |row| {
        let known = row.partner.details.iter_mut().find(|known| is_wanted(&known.detail))?;
        known.state = state;
        let value = known.detail.value.clone();
        let note = note.chars().take(1000).collect();
        let key = known.detail.key();
        record(&mut row.changes, LedgerChange { at: now, by, value, state, note });
        Some(key)
    })?;
    let Some(key) = changed else { return Err(GuardError::NoDetail { partner: name, value: value.to_owned() }) };
    shelf.update::<AccountRow, _>(&key, |row| row.is_disputed = state == State::Disputed)?;
    let changes = shelf.changes(&*context.entropy);
    save(tx, organisation, &changes)
}

/// Forgets all that is known of a partner: its people, domains and payment details. What comes from there next comes from a stranger.
/// With the address of one of our own people, who belong to no partner: how they write.
///
/// # Errors
/// [`GuardError::NoPartner`], or the store fails.
pub fn forget(tx: &mut Tx<'_>, organisation: i64, name: &str) -> Result<(), GuardError> {
    let name = name.trim().to_lowercase();
    let context = tx.context();
    let mut shelf = Shelf::open(tx, organisation)?;
    let address = name;
    let name = root(&mut shelf, &address)?;
    let Some(row) = shelf.get::<PartnerRow>(&name)? else {
        if shelf.get::<Address>(&address)?.is_none() {
            return Err(GuardError::NoPartner(name));
        }
        shelf.remove::<Address>(&address)?;
        let changes = shelf.changes(&*context.entropy);
        return save(tx, organisation, &changes);
    };
    for person in &row.partner.people {
        shelf.remove::<Address>(&person.address)?;
    }
    for domain in &row.partner.domains {
        shelf.remove::<DomainRow>(domain)?;
        shelf.remove::<PartnerRow>(domain)?;
    }
    for detail in &row.partner.details {
        shelf.update::<AccountRow, _>(&detail.detail.key(), |row| row.holders.retain(|holder| *holder != name))?;
    }
    shelf.remove::<PartnerRow>(&name)?;
    let changes = shelf.changes(&*context.entropy);
    save(tx, organisation, &changes)
}

/// The state that a word names.
///
/// # Errors
/// [`GuardError::Word`] for another.
pub fn state_of_word(word: &str) -> Result<State, GuardError> {
    Ok(match word {
        "learned" => State::Learned,
        "confirmed" => State::Confirmed,
        "disputed" => State::Disputed,
        "retired" => State::Retired,
        other => {
            let known = "learned, confirmed, disputed, retired";
            return Err(GuardError::Word { given: other.to_owned(), what: "state of payment details", known });
        }
    })
}
