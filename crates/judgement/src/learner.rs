//! What follows from people's reports, beside the services: votes are counted, weights learned, and mail that was delivered before
//! somebody knew better is looked at again.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use env::{Timestamp, Watched};
use filter::online::Learned;
use filter::{Facts, Judge};
use intel::Feeds;
use parking_lot::Mutex;
use store::{Store, StoreError, Tx, params};

use crate::feedback::{self, Report, Said};
use crate::marks::{self, MarkKind, Numbered};
use crate::pictures::{self, Picture};
use crate::pull::{self, Candidate};
use crate::reputation::{Event, Reputation};
use crate::votes::{self, Vote};
use crate::{Judged, JudgementError, JudgingSettings, kept, person, sealed};

/// Reports taken in one round.
const ROUND: i64 = 50;

/// How long a node keeps a report to itself.
const TAKEN_MILLIS: i64 = 120_000;

/// A link or a picture that is in so many honest messages of late is everybody's; to report it says nothing.
const COMMON_MIN: usize = 10;

/// Messages whose marks are looked at.
const LOOKED_AT_MAX: i64 = 20_000;

/// Messages that are judged again in one look into the store.
const PART: usize = 20;

/// Honest messages that are learned beside each junk one, so that not everything new becomes junk.
const HONEST_BESIDE: i64 = 2;

/// Attempts to write weights that another node changes at the same time.
const ATTEMPTS_MAX: u32 = 5;

const PLACE: &str = "mail_learned.detail";

/// Weights of organisations, remembered by their version.
#[derive(Clone, Default)]
pub(crate) struct Memory(Arc<Mutex<HashMap<i64, Remembered>>>);

/// Version and weights.
type Remembered = (i64, Arc<Learned>);

/// Organisations whose weights are remembered.
const REMEMBERED_MAX: usize = 64;

impl Memory {
    /// The weights of an organisation, if there are any that this program can use.
    pub(crate) fn of(&self, tx: &mut Tx<'_>, organisation: i64) -> Result<Option<Arc<Learned>>, JudgementError> {
        let version =
            tx.row("SELECT version FROM mail_learned WHERE organisation = $1", params![organisation], |row| {
                row.int(0)
            })?;
        let Some(version) = version else { return Ok(None) };
        if let Some((known, learned)) = self.0.lock().get(&organisation)
            && *known == version
        {
            return Ok(Some(Arc::clone(learned)));
        }
        let (version, learned) = load(tx, organisation)?;
        let learned = Arc::new(learned);
        let mut kept = self.0.lock();
        if kept.len() >= REMEMBERED_MAX {
            kept.clear();
        }
        kept.insert(organisation, (version, Arc::clone(&learned)));
        Ok(Some(learned))
    }
}

/// Version and weights; 0 and none yet.
fn load(tx: &mut Tx<'_>, organisation: i64) -> Result<(i64, Learned), JudgementError> {
    let row =
        tx.row("SELECT version, detail FROM mail_learned WHERE organisation = $1", params![organisation], |row| {
            Ok((row.int(0)?, row.bytes(1)?.to_vec()))
        })?;
    let Some((version, detail)) = row else { return Ok((0, Learned::new())) };
    let key = tx.context().keys.organisation(tx, organisation)?;
    let learned: Learned = sealed::open(&key, PLACE, organisation, &detail)?;
    // Weights of other features mean nothing any more.
    Ok((version, if learned.is_usable() { learned } else { Learned::new() }))
}

/// Learns from reports.
#[derive(Clone)]
pub struct Learner {
    pub(crate) store: Store,
    pub(crate) judge: Arc<Judge>,
    pub(crate) settings: Watched<JudgingSettings>,
    pub(crate) mailer: letters::Mailer,
    reputation: Arc<Reputation>,
}

/// A report with the message that it is about.
struct Matter {
    report: Report,
    judged: Judged,
    facts: Facts,
    /// Marks that the report may vote on.
    marks: Vec<(MarkKind, i64)>,
    pictures: Vec<Picture>,
}

impl Learner {
    /// Learns with what is in force.
    #[must_use]
    pub fn new(
        store: Store,
        judge: Arc<Judge>,
        settings: impl Into<Watched<JudgingSettings>>,
        mailer: letters::Mailer,
        reputation: Arc<Reputation>,
    ) -> Self {
        Self { store, judge, settings: settings.into(), mailer, reputation }
    }

    /// Does what the waiting reports ask for; gives how many there were.
    ///
    /// # Errors
    /// [`JudgementError`] if the store fails; what was not done waits.
    pub async fn run(&self) -> Result<usize, JudgementError> {
        let mut done = 0;
        loop {
            let reports = self.store.write(|tx| feedback::take(tx, ROUND, TAKEN_MILLIS)).await?;
            if reports.is_empty() {
                return Ok(done);
            }
            for report in reports {
                self.follow(report).await?;
                done += 1;
            }
        }
    }

    async fn follow(&self, report: Report) -> Result<(), JudgementError> {
        if let Some(matter) = self.store.read(move |tx| look(tx, report)).await? {
            let (organisation, marks) = (report.organisation, matter.marks.clone());
            let pictures = matter.pictures.clone();
            let work = move |tx: &mut Tx<'_>| {
                if report.said == Said::Junk {
                    pictures::keep(tx, report.organisation, &pictures)?;
                }
                count(tx, report, &marks)
            };
            let effective = self.store.write(work).await?;
            if !effective.is_empty() {
                let event = if report.said == Said::Junk { Event::ToldJunk } else { Event::ToldHonest };
                self.reputation.note(organisation, &matter.facts, matter.judged.detail.client, event);
                self.learn(&matter).await?;
                if report.said == Said::Junk {
                    self.pull_alike(organisation, effective).await?;
                }
            }
        }
        Ok(self.store.write(move |tx| feedback::finish(tx, report.id)).await?)
    }

    /// Moves the weights a little. Computed outside of the transaction, and once more if another node was faster.
    async fn learn(&self, matter: &Matter) -> Result<(), JudgementError> {
        let organisation = matter.report.organisation;
        let is_junk = matter.report.said == Said::Junk;
        let judged = matter.judged.id;
        let beside = if is_junk {
            self.store.read(move |tx| honest_of_late(tx, organisation, judged)).await?
        } else {
            Vec::new()
        };
        for _ in 0..ATTEMPTS_MAX {
            let (version, mut learned) = self.store.read(move |tx| load(tx, organisation)).await?;
            let (facts, beside) = (matter.facts.clone(), beside.clone());
            let work = tokio::task::spawn_blocking(move || {
                learned.learn(&facts, is_junk);
                beside.iter().for_each(|facts| learned.learn(facts, false));
                learned
            });
            let learned = work.await.map_err(|_| StoreError::Abandoned("learning from a report panicked"))?;
            if self.store.write(move |tx| write(tx, organisation, version, &learned)).await? {
                return Ok(());
            }
        }
        tracing::warn!(organisation, "what was learned from a report is lost, as others learned at the same time");
        Ok(())
    }

    /// Looks again at what was delivered of late and is alike.
    async fn pull_alike(&self, organisation: i64, marks: BTreeSet<i64>) -> Result<(), JudgementError> {
        let Some(since) = self.pulled_since() else { return Ok(()) };
        let candidates = self.store.read(move |tx| delivered(tx, organisation, since, &marks, true)).await?;
        let mut worse = Vec::new();
        for id in candidates {
            let judge = Arc::clone(&self.judge);
            let found = self.store.read(move |tx| pull::judge_now(tx, id, &judge)).await?;
            worse.extend(found.filter(Candidate::is_worse));
        }
        pull::pull(self, organisation, worse).await
    }
}

impl Learner {
    /// From when on delivered mail is looked at again; none if it never is.
    fn pulled_since(&self) -> Option<Timestamp> {
        let hours = i64::from(self.settings.now().pull_hours);
        let now = self.store.context().clock.now().millis();
        (hours > 0).then(|| Timestamp::from_millis(now - hours * 3_600_000))
    }

    /// Looks again at what was delivered of late, as feeds have learned `news`; gives how many messages are unwanted by now.
    ///
    /// # Errors
    /// [`JudgementError`] if the store fails.
    pub async fn pull_listed(&self, news: Arc<Feeds>) -> Result<usize, JudgementError> {
        if news.is_empty() { Ok(0) } else { self.look_again(Some(news)).await }
    }

    /// Looks again at what was delivered of late, as rules have changed; gives how many messages are unwanted by now.
    ///
    /// # Errors
    /// [`JudgementError`] if the store fails.
    pub async fn pull_by_rules(&self) -> Result<usize, JudgementError> {
        self.look_again(None).await
    }

    /// Judges again what was delivered of late: what feeds list by now, or all of it.
    async fn look_again(&self, news: Option<Arc<Feeds>>) -> Result<usize, JudgementError> {
        let Some(since) = self.pulled_since() else { return Ok(0) };
        let mut unwanted = 0;
        for (organisation, ids) in self.store.read(move |tx| delivered_anywhere(tx, since)).await? {
            let mut worse = Vec::new();
            for part in ids.chunks(PART) {
                let (part, judge, news) = (part.to_vec(), Arc::clone(&self.judge), news.clone());
                let look = move |tx: &mut Tx<'_>| -> Result<Vec<Option<Candidate>>, JudgementError> {
                    part.into_iter().map(|id| pull::judge_with(tx, id, &judge, news.as_deref())).collect()
                };
                worse.extend(self.store.read(look).await?.into_iter().flatten().filter(Candidate::is_worse));
            }
            unwanted += worse.len();
            if !worse.is_empty() {
                pull::pull(self, organisation, worse).await?;
            }
        }
        Ok(unwanted)
    }
}

/// Numbers of messages that were delivered since, by organisation; of the latest.
fn delivered_anywhere(tx: &mut Tx<'_>, since: Timestamp) -> Result<BTreeMap<i64, Vec<i64>>, JudgementError> {
    let mut found: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    tx.for_each(
        "SELECT organisation, id FROM judged WHERE at >= $1 AND direction = 'in' AND action IN ('deliver', 'warn', 'junk')
         ORDER BY at DESC LIMIT $2",
        params![since.millis(), LOOKED_AT_MAX],
        |row| {
            found.entry(row.int(0)?).or_default().push(row.int(1)?);
            Ok(())
        },
    )?;
    Ok(found)
}

/// The message of a report, if it is kept and could be read, with the marks that are worth a vote.
fn look(tx: &mut Tx<'_>, report: Report) -> Result<Option<Matter>, JudgementError> {
    let judged = match kept::load(tx, report.judged) {
        Ok(judged) => judged,
        Err(JudgementError::NotKept(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let Some(facts) = judged.detail.facts.clone() else { return Ok(None) };
    if person::is_restricted(tx, report.organisation, &facts, &[report.account])? {
        return Ok(None);
    }
    let key = tx.context().keys.organisation(tx, report.organisation)?;
    let mut marks = Vec::new();
    let mut pictures = pictures::of(tx, report.organisation, &facts, &key)?;
    let all: Vec<Numbered> = marks::numbered(&facts, &key).into_iter().chain(pictures::marks(&pictures)).collect();
    for mark in all {
        let number = mark.number;
        let is_common = matches!(mark.kind, MarkKind::Link | MarkKind::Picture)
            && report.said == Said::Junk
            && delivered(tx, report.organisation, Timestamp::from_millis(0), &BTreeSet::from([number]), false)?.len()
                >= COMMON_MIN;
        if !is_common {
            marks.push((mark.kind, number));
        }
    }
    pictures.retain(|picture| marks.iter().any(|(_, number)| *number == picture.mark.number));
    Ok(Some(Matter { report, judged, facts, marks, pictures }))
}

/// Counts the votes of a report; gives the marks of which enough people say the same.
fn count(tx: &mut Tx<'_>, report: Report, marks: &[(MarkKind, i64)]) -> Result<BTreeSet<i64>, JudgementError> {
    let weight = if report.said == Said::Junk { report.weight } else { -report.weight };
    let vote = Vote { account: report.account, weight, at: tx.now() };
    let mut effective = BTreeSet::new();
    for (_, mark) in marks {
        votes::cast(tx, report.organisation, *mark, vote)?;
        let weighed = votes::weigh(&votes::of(tx, report.organisation, *mark)?, tx.now());
        if weighed.holds_for_all && (weighed.sum > 0.0) == (weight > 0) {
            effective.insert(*mark);
        }
    }
    Ok(effective)
}

/// Numbers of messages that were delivered since, to Junk too if wanted, and have one of the marks; the latest first.
fn delivered(
    tx: &mut Tx<'_>,
    organisation: i64,
    since: Timestamp,
    marks: &BTreeSet<i64>,
    in_junk: bool,
) -> Result<Vec<i64>, JudgementError> {
    let mut found = Vec::new();
    tx.for_each(
        "SELECT id, marks FROM judged WHERE organisation = $1 AND at >= $2 AND direction = 'in'
         AND (action IN ('deliver', 'warn') OR action = $4) ORDER BY at DESC LIMIT $3",
        params![organisation, since.millis(), LOOKED_AT_MAX, if in_junk { "junk" } else { "deliver" }],
        |row| {
            if marks::has_any(row.bytes(1)?, marks) {
                found.push(row.int(0)?);
            }
            Ok(())
        },
    )?;
    Ok(found)
}

/// Facts of messages that were delivered of late and that nobody has reported.
fn honest_of_late(tx: &mut Tx<'_>, organisation: i64, but: i64) -> Result<Vec<Facts>, JudgementError> {
    let ids = tx.rows(
        "SELECT id FROM judged WHERE organisation = $1 AND direction = 'in' AND action = 'deliver' AND id <> $2
         AND NOT EXISTS (SELECT 1 FROM mail_report r WHERE r.judged = judged.id) ORDER BY at DESC LIMIT $3",
        params![organisation, but, HONEST_BESIDE],
        |row| row.int(0),
    )?;
    let mut facts = Vec::new();
    for id in ids {
        let Some(of_one) = kept::load(tx, id)?.detail.facts else { continue };
        if !person::is_restricted(tx, organisation, &of_one, &[])? {
            facts.push(of_one);
        }
    }
    Ok(facts)
}

/// Writes weights, if they are still those of `version`.
fn write(tx: &mut Tx<'_>, organisation: i64, version: i64, learned: &Learned) -> Result<bool, JudgementError> {
    let context = tx.context();
    let key = context.keys.organisation(tx, organisation)?;
    let detail = sealed::seal(&key, &*context.entropy, PLACE, organisation, learned)?;
    let written = tx.execute(
        "INSERT INTO mail_learned (organisation, version, detail) VALUES ($1, $2 + 1, $3)
         ON CONFLICT (organisation) DO UPDATE SET version = $2 + 1, detail = $3 WHERE mail_learned.version = $2",
        params![organisation, version, &detail],
    )?;
    Ok(written == 1)
}
