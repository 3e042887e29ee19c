//! The directory as a table: one line for each account and group, written and read back. `docs/directory.md` tells the columns.

use std::collections::{BTreeMap, BTreeSet};

use identity::groups::{self, Member};
use identity::{AccountKind, IdentityError, Language, PAGE_MAX, Role, Senders};
use store::Tx;

use crate::csv::{self, Record};
use crate::people::{self, Done, GroupWanted, Person};
use crate::{ProvisionError, csv::CsvError};

/// Names of the columns, as the first line has them.
pub const COLUMNS: [&str; 11] =
    ["kind", "address", "name", "role", "language", "quota_mib", "state", "aliases", "members", "owners", "senders"];

/// What a cell says that is to be emptied; an empty cell leaves things as they are.
const NONE: &str = "-none-";

const MIB: u64 = 1 << 20;

/// A fault of one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Which line, from 1.
    pub line: usize,
    /// Which column; empty for the line as a whole.
    pub column: String,
    /// What is wrong and what to do.
    pub what: String,
}

/// What a line does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Which line, from 1.
    pub line: usize,
    /// The account's or group's address.
    pub address: String,
    /// It makes it.
    pub is_new: bool,
    /// What it changes of it.
    pub changed: Vec<&'static str>,
}

/// What a table does, or what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// Lines that make or change something.
    pub changes: Vec<Change>,
    /// Lines that say what is so already.
    pub unchanged: usize,
    /// What is wrong; then nothing was changed.
    pub faults: Vec<Fault>,
}

/// The table of an organisation.
///
/// # Errors
/// [`ProvisionError`] if the store fails.
pub fn export(tx: &mut Tx<'_>, organisation: i64) -> Result<String, ProvisionError> {
    let mut text = csv::line(&COLUMNS);
    let mut after = 0;
    loop {
        let page = identity::list_accounts(tx, Some(organisation), after, PAGE_MAX)?;
        let Some(last) = page.last() else { break };
        after = last.id;
        for account in &page {
            let (main, aliases) =
                account.addresses.split_first().map_or(("", &[][..]), |(main, rest)| (main.as_str(), rest));
            text += &csv::line(&[
                account.kind.as_str(),
                main,
                &account.name,
                account.role.as_str(),
                account.language.as_str(),
                &account.quota_bytes.div_ceil(MIB).to_string(),
                account.state.as_str(),
                &list_or_none(aliases),
                "",
                "",
                "",
            ]);
        }
    }
    let mut after = 0;
    loop {
        let page = groups::list_groups(tx, organisation, after, PAGE_MAX)?;
        let Some(last) = page.last() else { return Ok(text) };
        after = last.id;
        for group in page.iter().filter(|group| group.address.is_some()) {
            let mut members = Vec::new();
            for member in groups::list_members(tx, group.id)? {
                members.push(groups::name_of_member(tx, &member)?);
            }
            members.sort();
            let mut owners = Vec::new();
            for owner in groups::list_owners(tx, group.id)? {
                owners.extend(identity::list_addresses(tx, owner)?.into_iter().next());
            }
            let (members, owners) = (list_or_none(&members), list_or_none(&owners));
            let senders = group.senders.as_str();
            text += &csv::line(&["group", group.label(), &group.name, "", "", "", "", "", &members, &owners, senders]);
        }
    }
}

fn list_or_none(addresses: &[String]) -> String {
    if addresses.is_empty() { NONE.to_owned() } else { addresses.join(" ") }
}

/// Does what the table says, all of it or, if anything is wrong with it, nothing: then the caller lets the transaction fail.
///
/// # Errors
/// [`ProvisionError`] if the store fails. What is wrong with the table is no error but in the outcome.
pub fn import(tx: &mut Tx<'_>, organisation: i64, bytes: &[u8]) -> Result<Outcome, ProvisionError> {
    let mut outcome = Outcome::default();
    let records = match csv::read(bytes) {
        Ok(records) => records,
        Err(error) => {
            outcome.faults.push(fault_of(&error));
            return Ok(outcome);
        }
    };
    let Some((head, records)) = records.split_first() else { return Ok(outcome) };
    let columns = match columns(head) {
        Ok(columns) => columns,
        Err(faults) => {
            outcome.faults = faults;
            return Ok(outcome);
        }
    };
    let lines: Vec<Line<'_>> = records.iter().map(|record| Line { record, columns: &columns }).collect();
    let mut seen = BTreeMap::new();
    for line in &lines {
        let address = line.get("address").to_lowercase();
        if let Some(first) = seen.insert(address.clone(), line.record.line).filter(|_| !address.is_empty()) {
            outcome
                .faults
                .push(line.fault("address", format!("{address} stands in line {first} already; keep one of them")));
        }
    }
    // People before groups, and groups before who is in them, so that the order of lines does not matter.
    let mut waiting = Vec::new();
    for line in &lines {
        match place(tx, organisation, line) {
            Ok(Placed { done, group: None }) => outcome.note(line, &done),
            Ok(Placed { done, group: Some(_) }) => waiting.push((line, done)),
            Err(Wrong::Fault(fault)) => outcome.faults.push(fault),
            Err(Wrong::Error(error)) => return Err(error),
        }
    }
    for (line, mut done) in waiting {
        match fill(tx, organisation, line, done.id) {
            Ok(filled) => {
                done.changed.extend(filled.changed);
                outcome.note(line, &done);
            }
            Err(Wrong::Fault(fault)) => outcome.faults.push(fault),
            Err(Wrong::Error(error)) => return Err(error),
        }
    }
    outcome.faults.sort_by_key(|fault| fault.line);
    outcome.changes.sort_by_key(|change| change.line);
    Ok(outcome)
}

impl Outcome {
    fn note(&mut self, line: &Line<'_>, done: &Done) {
        if !done.is_new && done.changed.is_empty() {
            self.unchanged += 1;
            return;
        }
        let (address, changed) = (line.get("address").to_owned(), done.changed.clone());
        self.changes.push(Change { line: line.record.line, address, is_new: done.is_new, changed });
    }
}

fn fault_of(error: &CsvError) -> Fault {
    let (line, column) = match error {
        CsvError::NotUtf8 { line } => (*line, String::new()),
        CsvError::StrayQuote { line, column }
        | CsvError::AfterQuote { line, column }
        | CsvError::Unclosed { line, column } => (*line, column.to_string()),
        CsvError::TooLong => (1, String::new()),
    };
    Fault { line, column, what: error.to_string() }
}

/// Where each column stands.
fn columns(head: &Record) -> Result<BTreeMap<&'static str, usize>, Vec<Fault>> {
    let mut found = BTreeMap::new();
    let mut faults = Vec::new();
    for (at, name) in head.fields.iter().enumerate() {
        let name = name.trim().to_lowercase();
        match COLUMNS.iter().find(|known| **known == name) {
            Some(known) if found.insert(*known, at).is_none() => {}
            Some(_) => {
                faults.push(Fault { line: head.line, column: name, what: "the column is there twice".to_owned() })
            }
            None => {
                let what = format!("unknown column; the first line names columns out of: {}", COLUMNS.join(", "));
                faults.push(Fault { line: head.line, column: name, what });
            }
        }
    }
    for needed in ["kind", "address"] {
        if !found.contains_key(needed) {
            let what = "the column is missing; every line needs it".to_owned();
            faults.push(Fault { line: head.line, column: needed.to_owned(), what });
        }
    }
    if faults.is_empty() { Ok(found) } else { Err(faults) }
}

struct Line<'r> {
    record: &'r Record,
    columns: &'r BTreeMap<&'static str, usize>,
}

/// What a line did, and the group whose members are to be put in later.
struct Placed {
    done: Done,
    group: Option<i64>,
}

enum Wrong {
    Fault(Fault),
    Error(ProvisionError),
}

impl Line<'_> {
    fn get(&self, column: &str) -> &str {
        let field = self.columns.get(column).and_then(|at| self.record.fields.get(*at));
        csv::unguarded(field.map_or("", |field| field.trim()))
    }

    fn fault(&self, column: &str, what: impl Into<String>) -> Fault {
        Fault { line: self.record.line, column: column.to_owned(), what: what.into() }
    }

    fn parse<T: std::str::FromStr<Err: std::fmt::Display>>(&self, column: &str) -> Result<Option<T>, Wrong> {
        match self.get(column) {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|error: T::Err| Wrong::Fault(self.fault(column, error.to_string()))),
        }
    }

    fn list(&self, column: &str) -> Option<Vec<String>> {
        match self.get(column) {
            "" => None,
            NONE => Some(Vec::new()),
            text => {
                let parts = text.split([' ', ';', '\n']).map(str::trim).filter(|part| !part.is_empty());
                Some(parts.map(str::to_owned).collect())
            }
        }
    }

    /// What the directory refuses is the line's fault; what the store fails at is not.
    fn wrong(&self, column: &str, error: impl Into<ProvisionError>) -> Wrong {
        match error.into() {
            error @ ProvisionError::Store(_) => Wrong::Error(error),
            ProvisionError::Identity(IdentityError::Store(error)) => Wrong::Error(error.into()),
            error => Wrong::Fault(self.fault(column, error.to_string())),
        }
    }
}

fn place(tx: &mut Tx<'_>, organisation: i64, line: &Line<'_>) -> Result<Placed, Wrong> {
    let address = line.get("address");
    if address.is_empty() {
        return Err(Wrong::Fault(line.fault("address", "every line needs an address")));
    }
    if line.get("kind") == "group" {
        return place_group(tx, organisation, line);
    }
    let kind: Option<AccountKind> = line.parse("kind")?;
    let Some(kind) = kind else {
        return Err(Wrong::Fault(line.fault("kind", "every line needs a kind: person, shared, service or group")));
    };
    let state = line.get("state");
    let is_active = match state {
        "" => None,
        "active" => Some(true),
        "disabled" => Some(false),
        _ => return Err(Wrong::Fault(line.fault("state", format!("{state:?} is no state; use active or disabled")))),
    };
    let quota: Option<u64> = line.parse("quota_mib")?;
    let role: Option<Role> = line.parse("role")?;
    let language: Option<Language> = line.parse("language")?;
    let name = Some(line.get("name")).filter(|name| !name.is_empty()).map(str::to_owned);
    let aliases = line.list("aliases");
    let quota_bytes = quota.map(|mib| mib.saturating_mul(MIB));
    let person = Person { address: address.to_owned(), aliases, name, language, role, is_active, quota_bytes };
    let found = identity::find_by_address(tx, address).map_err(|error| line.wrong("address", error))?;
    let done = match found {
        Some(id) => {
            let account = identity::load_account(tx, id).map_err(|error| line.wrong("address", error))?;
            if account.organisation != organisation {
                return Err(Wrong::Fault(line.fault("address", "this address belongs to another organisation")));
            }
            if account.kind != kind {
                let what = format!("this account is of kind {}, which does not change", account.kind);
                return Err(Wrong::Fault(line.fault("kind", what)));
            }
            // The exported quota is rounded up.
            let is_same = quota == Some(account.quota_bytes.div_ceil(MIB));
            let quota_bytes = person.quota_bytes.filter(|_| !is_same);
            people::update(tx, id, &Person { quota_bytes, ..person })
        }
        None => people::create(tx, organisation, kind, &person),
    };
    Ok(Placed { done: done.map_err(|error| line.wrong("", error))?, group: None })
}

fn place_group(tx: &mut Tx<'_>, organisation: i64, line: &Line<'_>) -> Result<Placed, Wrong> {
    let address = line.get("address");
    let senders: Option<Senders> = line.parse("senders")?;
    let name = Some(line.get("name")).filter(|name| !name.is_empty()).map(str::to_owned);
    let wanted = GroupWanted { name, address: Some(address.to_owned()), senders, ..GroupWanted::default() };
    let found = groups::find_group(tx, address).map_err(|error| line.wrong("address", error))?;
    let done = match found {
        Some(id) => {
            let group = groups::load_group(tx, id).map_err(|error| line.wrong("address", error))?;
            if group.organisation != organisation {
                return Err(Wrong::Fault(line.fault("address", "this address belongs to another organisation")));
            }
            people::update_group(tx, id, &wanted)
        }
        None => people::create_group(tx, organisation, &wanted),
    };
    let done = done.map_err(|error| line.wrong("", error))?;
    let group = Some(done.id);
    Ok(Placed { done, group })
}

/// Puts in who is in the group and answers for it.
fn fill(tx: &mut Tx<'_>, organisation: i64, line: &Line<'_>, group: i64) -> Result<Done, Wrong> {
    let mut wanted = GroupWanted::default();
    if let Some(addresses) = line.list("members") {
        let mut members = BTreeSet::new();
        for address in addresses {
            let member = groups::find_member(tx, organisation, &address);
            members.insert(member.map_err(|error| line.wrong("members", error))?);
        }
        wanted.members = Some(members);
    }
    if let Some(addresses) = line.list("owners") {
        let mut owners = BTreeSet::new();
        for address in addresses {
            match groups::find_member(tx, organisation, &address).map_err(|error| line.wrong("owners", error))? {
                Member::Account(account) => drop(owners.insert(account)),
                _ => {
                    return Err(Wrong::Fault(
                        line.fault("owners", format!("{address} is no account of the organisation")),
                    ));
                }
            }
        }
        wanted.owners = Some(owners);
    }
    people::update_group(tx, group, &wanted).map_err(|error| line.wrong("members", error))
}
