//! The guard of a server: looks at messages while they wait, and learns from them afterwards.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crypto::keys::{Key, Organisation};
use env::Timestamp;
use filter::{Finding, Verdict};
use parking_lot::Mutex;
use payment::Detail;
use serde::{Deserialize, Serialize};
use store::{Store, StoreError, Tx, params};

use crate::cases::{self, CaseDetail};
use crate::knowledge::{Job, Own, OwnPerson};
use crate::learn::{Lesson, learn};
use crate::look::{Looked, Read, look, teaches};
use crate::mistaken::NearDomain;
use crate::rows::Rows;
use crate::shelf::{self, Change, Shelf, domains_after, save};
use crate::signals::lookalike::DomainIndex;
use crate::{Direction, Directory, GuardError, Subject, alikes, searches};

pub(crate) const LESSON: &str = "guard_lesson.detail";

/// How long it is believed who is of ours before it is read again.
const OWN_MILLIS: i64 = 60_000;

/// Domains that are read at once.
const DOMAINS_PAGE: i64 = 5_000;

/// People of ours that are read.
const PEOPLE_MAX: i64 = 20_000;

/// Lessons of one transaction.
const LESSONS_MAX: i64 = 100;

/// Threads and messages that nobody touched for that many days are forgotten.
const THREAD_DAYS: i64 = 730;

/// Rows forgotten in one transaction.
const FORGOTTEN_MAX: i64 = 1000;

/// Looks at messages of all organisations. Cheap to clone.
#[derive(Clone)]
pub struct Guard {
    store: Store,
    known: Arc<Mutex<HashMap<i64, Arc<Mutex<Known>>>>>,
}

/// What is kept in memory of an organisation.
#[derive(Default)]
struct Known {
    directory: Directory,
    index: DomainIndex,
    last_domain: i64,
    read_at: i64,
}

/// What a message teaches.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Taught {
    /// The message, without what is only needed to judge it.
    pub subject: Subject,
    /// Payment details in it.
    pub details: Vec<Detail>,
    /// Its payment details are put on file, too.
    pub takes_details: bool,
}

impl PartialEq for Taught {
    fn eq(&self, other: &Self) -> bool {
        self.subject.message_id == other.subject.message_id && self.details == other.details
    }
}

/// What is kept of a message, in its own transaction.
#[derive(Debug, Clone)]
pub struct Kept {
    id: i64,
    organisation: i64,
    direction: &'static str,
    action: &'static str,
    lesson: Option<Vec<u8>>,
    case: Option<Vec<u8>>,
    /// Domains that look like ours.
    alikes: Vec<alikes::Noted>,
}

impl Kept {
    /// Whether finance gets a case.
    #[must_use]
    pub const fn is_case(&self) -> bool {
        self.case.is_some()
    }
}

impl Taught {
    pub(crate) fn new(read: &Read, takes_details: bool) -> Self {
        Self { subject: read.subject.slim(), details: read.details.clone(), takes_details }
    }

    /// Whether it is of or to somebody whose data rests and is used for nothing else.
    pub(crate) fn is_restricted(&self, tx: &mut Tx<'_>, organisation: i64) -> Result<bool, StoreError> {
        let people = std::iter::once(&self.subject.from).chain(self.subject.recipients());
        store::restrictions::is_any_address(tx, organisation, people.map(|one| one.address.as_str()))
    }

    pub(crate) fn teach<R: Rows>(&self, rows: &mut R) -> Result<(), R::Error> {
        let Self { subject, details, takes_details } = self;
        learn(rows, Lesson { subject, details, takes_details: *takes_details })
    }
}

impl Guard {
    /// Looks by what is in `store`.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store, known: Arc::default() }
    }

    /// Where it is kept what it knows.
    pub(crate) const fn store(&self) -> &Store {
        &self.store
    }

    /// Looks at a message of an organisation. Its direction must be told apart already but for mail among our own people.
    ///
    /// # Errors
    /// [`GuardError`] if the store fails.
    pub async fn look(&self, organisation: i64, mut read: Read, now: Timestamp) -> Result<(Read, Looked), GuardError> {
        let known = Arc::clone(self.known.lock().entry(organisation).or_default());
        let work = move |tx: &mut Tx<'_>| {
            let mut known = known.lock();
            refresh(tx, organisation, &mut known)?;
            let own = known.directory.own();
            if read.subject.direction == Direction::Out && read.subject.recipients().all(|to| own.has_host(&to.host)) {
                read.subject.direction = Direction::Within;
            }
            let Known { directory, index, .. } = &*known;
            let near = |host: &str| index.near(host).into_iter().map(|(domain, _)| domain.to_owned()).collect();
            let mut shelf = Shelf::open(tx, organisation)?;
            let looked = look(&mut shelf, &read, directory, &near, now)?;
            Ok((read, looked))
        };
        self.store.read(work).await
    }

    /// Domains of partners and ours that a host is like, and whether they are ours; none if it is ours.
    pub(crate) fn near(
        &self,
        tx: &mut Tx<'_>,
        organisation: i64,
        host: &str,
    ) -> Result<Option<Vec<NearDomain>>, GuardError> {
        let known = Arc::clone(self.known.lock().entry(organisation).or_default());
        let mut known = known.lock();
        refresh(tx, organisation, &mut known)?;
        let own = known.directory.own();
        if own.has_host(host) {
            return Ok(None);
        }
        let with_ours = |(domain, _): (&str, _)| (domain.to_owned(), own.domains.iter().any(|it| it == domain));
        Ok(Some(known.index.near(host).into_iter().map(with_ours).collect()))
    }

    /// What is to be kept of a message that was looked at.
    ///
    /// # Errors
    /// [`GuardError`] if it cannot be sealed.
    pub fn keep_of(
        &self,
        key: &Key<Organisation>,
        (id, organisation): (i64, i64),
        (read, looked): (&Read, &Looked),
        decided: Decided<'_>,
    ) -> Result<Kept, GuardError> {
        let entropy = &*self.store.context().entropy;
        let Decided { verdict, action, opens_case } = decided;
        let trade: Vec<Finding> =
            verdict.findings.iter().filter(|it| it.signal == filter::Signal::Trade).cloned().collect();
        let case = opens_case.then(|| {
            let lesson = Taught::new(read, true);
            let mut detail = CaseDetail::new(&looked.knowledge, &trade, lesson);
            detail.subject.clone_from(&read.subject.facts.subject);
            cases::sealed(key, entropy, id, &detail)
        });
        // What was done counts, not what the text alone would have come to.
        let verdict = Verdict { action, findings: Vec::new(), ..verdict.clone() };
        let lesson = teaches(&verdict)
            .filter(|_| !opens_case)
            .map(|takes_details| shelf::seal(key, entropy, LESSON, id, &Taught::new(read, takes_details)));
        let direction = if read.subject.direction == Direction::In { "in" } else { "out" };
        let action = action.word();
        let alikes = alikes::noted(key, entropy, &read.subject, &looked.knowledge)?;
        let (lesson, case) = (lesson.transpose()?, case.transpose()?);
        Ok(Kept { id, organisation, direction, action, lesson, case, alikes })
    }

    /// Learns from what waits; gives from how many messages.
    ///
    /// # Errors
    /// [`GuardError`] if the store fails; what was not learned waits.
    pub async fn study(&self) -> Result<usize, GuardError> {
        let mut learned = 0;
        loop {
            let Some(prepared) = self.store.read(prepare).await? else { return Ok(learned) };
            let Prepared { organisation, lessons, changes } = prepared;
            let count = lessons.len();
            let work = move |tx: &mut Tx<'_>| {
                for id in &lessons {
                    if tx.execute("DELETE FROM guard_lesson WHERE id = $1", params![*id])? != 1 {
                        return Err(GuardError::Conflict);
                    }
                }
                save(tx, organisation, &changes)
            };
            self.store.write(work).await?;
            learned += count;
        }
    }
}

/// What was decided of a message.
#[derive(Debug, Clone, Copy)]
pub struct Decided<'a> {
    /// What was found.
    pub verdict: &'a Verdict,
    /// What is done in the end.
    pub action: filter::Action,
    /// Finance gets a case.
    pub opens_case: bool,
}

/// Keeps what the guard wants of a message, in the message's transaction.
///
/// # Errors
/// When the store fails.
pub fn keep(tx: &mut Tx<'_>, kept: &Kept) -> Result<(), GuardError> {
    let Kept { id, organisation, direction, action, lesson, case, alikes } = kept;
    for alike in alikes {
        alikes::note(tx, *organisation, alike)?;
    }
    if let Some(case) = case {
        cases::open(tx, (*id, *organisation), (direction, action), case)?;
    }
    if let Some(lesson) = lesson {
        tx.execute(
            "INSERT INTO guard_lesson (id, organisation, detail) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING",
            params![*id, *organisation, lesson],
        )?;
    }
    Ok(())
}

struct Prepared {
    organisation: i64,
    lessons: Vec<i64>,
    changes: Vec<Change>,
}

/// Reads lessons of one organisation and works out what they change.
fn prepare(tx: &mut Tx<'_>) -> Result<Option<Prepared>, GuardError> {
    let waiting = tx.rows(
        "SELECT id, organisation, detail FROM guard_lesson ORDER BY id LIMIT $1",
        params![LESSONS_MAX],
        |row| Ok((row.int(0)?, row.int(1)?, row.bytes(2)?.to_vec())),
    )?;
    let Some(organisation) = waiting.first().map(|(_, organisation, _)| *organisation) else { return Ok(None) };
    let context = tx.context();
    let key = context.keys.organisation(tx, organisation)?;
    let restricted = restricted(tx, organisation, &key, &waiting)?;
    let mut shelf = Shelf::open(tx, organisation)?;
    let mut lessons = Vec::new();
    for (id, _, sealed) in waiting.iter().filter(|(_, of, _)| *of == organisation) {
        // One that does not read must not stop those behind it.
        match shelf::unseal::<Taught>(&key, LESSON, *id, sealed) {
            Ok(taught) if restricted.contains(id) => {
                tracing::debug!(
                    id,
                    author = taught.subject.from.domain,
                    "not learned from: somebody's data is restricted"
                );
            }
            Ok(taught) => taught.teach(&mut shelf)?,
            Err(error) => tracing::error!(id, %error, "a message cannot be learned from"),
        }
        lessons.push(*id);
    }
    Ok(Some(Prepared { organisation, lessons, changes: shelf.changes(&*context.entropy) }))
}

/// Those lessons that are of or to somebody whose data is restricted.
fn restricted(
    tx: &mut Tx<'_>,
    organisation: i64,
    key: &Key<Organisation>,
    waiting: &[(i64, i64, Vec<u8>)],
) -> Result<HashSet<i64>, GuardError> {
    let mut found = HashSet::new();
    if store::restrictions::count(tx, organisation)? == 0 {
        return Ok(found);
    }
    for (id, _, sealed) in waiting.iter().filter(|(_, of, _)| *of == organisation) {
        if let Ok(taught) = shelf::unseal::<Taught>(key, LESSON, *id, sealed)
            && taught.is_restricted(tx, organisation)?
        {
            found.insert(*id);
        }
    }
    Ok(found)
}

/// Brings what is kept in memory up to date.
fn refresh(tx: &mut Tx<'_>, organisation: i64, known: &mut Known) -> Result<(), GuardError> {
    let now = tx.now().millis();
    if known.read_at == 0 || now - known.read_at > OWN_MILLIS {
        known.directory = directory(tx, organisation)?;
        known.directory.own().domains.iter().for_each(|domain| known.index.insert(domain));
        known.read_at = now.max(1);
    }
    loop {
        let page = domains_after(tx, organisation, known.last_domain, DOMAINS_PAGE)?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        known.last_domain = *last;
        page.iter().filter(|(_, row)| !row.domain.is_empty()).for_each(|(_, row)| known.index.insert(&row.domain));
    }
}

fn directory(tx: &mut Tx<'_>, organisation: i64) -> Result<Directory, StoreError> {
    let domains =
        tx.rows("SELECT name FROM domain WHERE organisation = $1 LIMIT 10000", params![organisation], |row| {
            Ok(row.text(0)?.to_owned())
        })?;
    let people = tx.rows(
        "SELECT a.name, a.role, d.address FROM account a JOIN address d ON d.account = a.id
         WHERE a.organisation = $1 AND a.kind = 'person' ORDER BY a.id LIMIT $2",
        params![organisation, PEOPLE_MAX],
        |row| {
            let job = match row.text(1)? {
                "finance" => Job::Finance,
                "management" => Job::Management,
                "sales" => Job::Sales,
                _ => Job::Other,
            };
            Ok(OwnPerson { name: row.text(0)?.to_owned(), address: row.text(2)?.to_owned(), job })
        },
    )?;
    Ok(Directory::new(Own { domains, people }))
}

/// Forgets threads and messages that nobody touched for two years, and cases closed before `before`; gives how many rows.
///
/// # Errors
/// When the store fails.
pub fn forget(tx: &mut Tx<'_>, before: Timestamp) -> Result<u64, GuardError> {
    let day = shelf::day(tx.now()) - THREAD_DAYS;
    let rows = tx.execute(
        "DELETE FROM guard_row WHERE id IN (
            SELECT id FROM guard_row WHERE touched < $1 AND kind IN (3, 4) ORDER BY touched LIMIT $2)",
        params![day, FORGOTTEN_MAX],
    )?;
    Ok(rows + cases::forget(tx, before)? + alikes::forget(tx)? + searches::forget(tx)?)
}
