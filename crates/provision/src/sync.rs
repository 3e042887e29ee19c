//! Takes over what a source knows: who is new is made, who has changed is changed, who is disabled there or gone from there is disabled
//! here. Nobody is deleted.

use std::collections::{BTreeMap, BTreeSet};

use identity::groups::{self, Member};
use identity::{AccountKind, IdentityError};
use store::{Store, StoreError, Tx};

use crate::ProvisionError;
use crate::link::{self, Kind, Link};
use crate::people::{self, Done, GroupWanted, Person};

/// People taken over in one transaction, so that mail need not wait for a large directory.
const STEP: usize = 50;

/// Faults that are told; more say the same.
const FAULTS_MAX: usize = 100;

/// Everything that a source knows.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// People with their identifiers there.
    pub people: Vec<(String, Person)>,
    /// Groups with their identifiers there.
    pub groups: Vec<(String, OutsideGroup)>,
}

/// A group as a source knows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutsideGroup {
    /// Its name.
    pub name: String,
    /// Its address, if it has one.
    pub address: Option<String>,
    /// Identifiers of the people in it.
    pub people: BTreeSet<String>,
    /// Identifiers of the groups in it.
    pub groups: BTreeSet<String>,
}

/// Whose people they are and how carefully they are taken over.
#[derive(Debug, Clone)]
pub struct Terms {
    /// The organisation here.
    pub organisation: i64,
    /// Name of the source, as in [`Link::source`].
    pub source: String,
    /// Per cent of the people who may vanish at once; `None`: all of them, because somebody said so.
    pub vanish_percent_max: Option<u32>,
    /// Only say what would be done.
    pub is_dry_run: bool,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Accounts and groups made.
    pub made: usize,
    /// Accounts and groups changed.
    pub changed: usize,
    /// Accounts and groups that were as they should be.
    pub unchanged: usize,
    /// Accounts disabled because they have vanished there.
    pub vanished: usize,
    /// Who could not be taken over, and why; at most a hundred.
    pub faults: Vec<String>,
}

impl Report {
    fn note(&mut self, done: &Done) {
        match (done.is_new, done.changed.is_empty()) {
            (true, _) => self.made += 1,
            (false, true) => self.unchanged += 1,
            (false, false) => self.changed += 1,
        }
    }

    fn fault(&mut self, what: String) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(what);
        }
    }
}

/// What undoes a transaction that was only tried.
#[derive(Debug, thiserror::Error)]
enum Undone {
    #[error(transparent)]
    Failed(#[from] ProvisionError),
    #[error("not kept")]
    Tried(Report),
}

impl From<StoreError> for Undone {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

/// Takes `snapshot` over. What is wrong with one person is told and hinders no other.
///
/// # Errors
/// [`ProvisionError::TooManyVanish`] before anything is changed, or if the store fails.
pub async fn take_over(store: &Store, terms: &Terms, snapshot: Snapshot) -> Result<Report, ProvisionError> {
    let (reading, known) = (terms.clone(), snapshot.people.iter().map(|(id, _)| id.clone()).collect::<BTreeSet<_>>());
    let vanished = store.read(move |tx| vanished(tx, &reading, &known)).await?;
    let mut report = Report::default();
    for step in snapshot.people.chunks(STEP) {
        let (terms, step, before) = (terms.clone(), step.to_vec(), report.clone());
        report = within(store, terms.is_dry_run, before, move |tx, report| {
            for (external, person) in &step {
                put_person(tx, &terms, external, person, report)?;
            }
            Ok(())
        })
        .await?;
    }
    for step in vanished.chunks(STEP) {
        let (step, before, dry) = (step.to_vec(), report.clone(), terms.is_dry_run);
        report = within(store, dry, before, move |tx, report| {
            for link in &step {
                disable(tx, link, report)?;
            }
            Ok(())
        })
        .await?;
    }
    // Groups last, all at once, for they name people and one another. A dry run has not made the people that they name.
    if !terms.is_dry_run {
        let (terms, groups, before) = (terms.clone(), snapshot.groups, report);
        report = within(store, false, before, move |tx, report| put_groups(tx, &terms, &groups, report)).await?;
    }
    Ok(report)
}

/// Runs a step; undoes it again if it is only tried.
async fn within(
    store: &Store,
    is_dry_run: bool,
    before: Report,
    mut work: impl FnMut(&mut Tx<'_>, &mut Report) -> Result<(), ProvisionError> + Send + 'static,
) -> Result<Report, ProvisionError> {
    let outcome = store
        .write(move |tx| {
            let mut report = before.clone();
            work(tx, &mut report)?;
            if is_dry_run { Err(Undone::Tried(report)) } else { Ok(report) }
        })
        .await;
    match outcome {
        Ok(report) | Err(Undone::Tried(report)) => Ok(report),
        Err(Undone::Failed(error)) => Err(error),
    }
}

/// Those whom the source had and has no longer.
fn vanished(tx: &mut Tx<'_>, terms: &Terms, known: &BTreeSet<String>) -> Result<Vec<Link>, ProvisionError> {
    let linked: Vec<Link> =
        link::list(tx, &terms.source, Kind::Person)?.into_iter().filter(|link| link.is_present).collect();
    let total = linked.len();
    let gone: Vec<Link> = linked.into_iter().filter(|link| !known.contains(&link.external)).collect();
    if let Some(percent_max) = terms.vanish_percent_max {
        // One may always go, or a company of five could lose nobody.
        let allowed = (total * percent_max as usize / 100).max(1);
        if gone.len() > allowed || (known.is_empty() && !gone.is_empty()) {
            let source_name = terms.source.rsplit(':').next().unwrap_or_default().to_owned();
            return Err(ProvisionError::TooManyVanish { source_name, vanished: gone.len(), known: total, percent_max });
        }
    }
    Ok(gone)
}

fn put_person(
    tx: &mut Tx<'_>,
    terms: &Terms,
    external: &str,
    person: &Person,
    report: &mut Report,
) -> Result<(), ProvisionError> {
    let fingerprint = crypto::hash::digest(&[format!("{person:?}").as_bytes()]).to_vec();
    let known = link::find(tx, &terms.source, Kind::Person, external)?;
    if known.as_ref().is_some_and(|link| link.is_present && link.fingerprint == fingerprint) {
        report.unchanged += 1;
        return Ok(());
    }
    let placed = place_person(tx, terms, known.as_ref(), person);
    match placed {
        Ok(done) => {
            report.note(&done);
            let link = Link {
                source: terms.source.clone(),
                kind: Kind::Person,
                external: external.to_owned(),
                object: done.id,
                is_present: true,
                fingerprint,
            };
            Ok(link::put(tx, &link)?)
        }
        Err(error) if is_fatal(&error) => Err(error),
        Err(error) => {
            report.fault(format!("{}: {error}", person.address));
            Ok(())
        }
    }
}

fn place_person(tx: &mut Tx<'_>, terms: &Terms, known: Option<&Link>, person: &Person) -> Result<Done, ProvisionError> {
    if let Some(link) = known {
        return people::update_from_outside(tx, link.object, person);
    }
    let Some(account) = identity::find_by_address(tx, &person.address)? else {
        return people::create(tx, terms.organisation, AccountKind::Person, person);
    };
    let found = identity::load_account(tx, account)?;
    if found.organisation != terms.organisation || found.kind != AccountKind::Person {
        return Err(IdentityError::AddressTaken(person.address.clone()).into());
    }
    people::update_from_outside(tx, account, person)
}

fn disable(tx: &mut Tx<'_>, link: &Link, report: &mut Report) -> Result<(), ProvisionError> {
    match identity::set_state(tx, link.object, identity::AccountState::Disabled) {
        Ok(()) => report.vanished += 1,
        Err(IdentityError::Store(error)) => return Err(error.into()),
        Err(error) => report.fault(format!("{} has vanished: {error}", link.external)),
    }
    Ok(link::put(tx, &Link { is_present: false, fingerprint: Vec::new(), ..link.clone() })?)
}

fn put_groups(
    tx: &mut Tx<'_>,
    terms: &Terms,
    wanted: &[(String, OutsideGroup)],
    report: &mut Report,
) -> Result<(), ProvisionError> {
    let mut here: BTreeMap<&str, Done> = BTreeMap::new();
    for (external, group) in wanted {
        let known = link::find(tx, &terms.source, Kind::Group, external)?.filter(|link| link.is_present);
        let named =
            GroupWanted { name: Some(group.name.clone()), address: group.address.clone(), ..GroupWanted::default() };
        let done = match known {
            Some(link) => people::update_group(tx, link.object, &named),
            None => people::create_group(tx, terms.organisation, &named),
        };
        match done {
            Ok(done) => {
                put_group_link(tx, terms, external, done.id)?;
                here.insert(external, done);
            }
            Err(error) if is_fatal(&error) => return Err(error),
            Err(error) => report.fault(format!("group {}: {error}", group.name)),
        }
    }
    let ids: BTreeMap<&str, i64> = here.iter().map(|(external, done)| (*external, done.id)).collect();
    for (external, group) in wanted {
        let Some(done) = here.get_mut(external.as_str()) else { continue };
        let mut members = BTreeSet::new();
        for person in &group.people {
            let found = link::find(tx, &terms.source, Kind::Person, person)?;
            members.extend(found.map(|link| Member::Account(link.object)));
        }
        members.extend(group.groups.iter().filter_map(|inner| ids.get(inner.as_str())).map(|id| Member::Group(*id)));
        match people::update_group(tx, done.id, &GroupWanted { members: Some(members), ..GroupWanted::default() }) {
            Ok(filled) => done.changed.extend(filled.changed),
            Err(error) if is_fatal(&error) => return Err(error),
            Err(error) => report.fault(format!("group {}: {error}", group.name)),
        }
        report.note(done);
    }
    for link in link::list(tx, &terms.source, Kind::Group)? {
        if link.is_present && !wanted.iter().any(|(external, _)| *external == link.external) {
            // A group that is gone there reaches nobody here; whoever wants its address back deletes it.
            let nobody = GroupWanted { members: Some(BTreeSet::new()), ..GroupWanted::default() };
            if groups::load_group(tx, link.object).is_ok() {
                people::update_group(tx, link.object, &nobody)?;
            }
            link::put(tx, &Link { is_present: false, ..link })?;
            report.vanished += 1;
        }
    }
    Ok(())
}

fn put_group_link(tx: &mut Tx<'_>, terms: &Terms, external: &str, object: i64) -> Result<(), ProvisionError> {
    let link = Link {
        source: terms.source.clone(),
        kind: Kind::Group,
        external: external.to_owned(),
        object,
        is_present: true,
        fingerprint: Vec::new(),
    };
    Ok(link::put(tx, &link)?)
}

/// Whether the error is the store's and no fault of one person.
fn is_fatal(error: &ProvisionError) -> bool {
    matches!(
        error,
        ProvisionError::Store(_) | ProvisionError::Identity(IdentityError::Store(_)) | ProvisionError::Mailbox(_)
    )
}
