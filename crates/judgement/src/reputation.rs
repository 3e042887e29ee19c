//! How senders, their domains and networks, and the domains of links have behaved before, as a layer of judging.
//!
//! What is bad is counted from verdicts and from people's reports that hold for all; what is good from mail that people answered, kept or
//! said to be honest, and from nothing else: whoever sends much harmless mail earns nothing by it. Counts fade by half in
//! [`HALF_LIFE_DAYS`] days. Everything is kept by keyed hashes, each organisation's apart; what several others have seen counts for half.
//!
//! Weights are bounded ([`weights`]), so that a reputation turns what is in doubt and no more. A forged sender has a reputation of its own,
//! apart from that of the proven one, and never earns trust.

mod counts;
mod marks;
mod rows;
mod weights;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use filter::{Action, Asked, Facts, Finding, Judge, Layer, Thresholds, Verdict};
use intel::Never;
use parking_lot::Mutex;
use store::{Store, StoreError, Tx};

use crate::JudgementError;
use crate::judging::finding;
use marks::Mark;

pub use counts::{Counts, HALF_LIFE_DAYS};
pub use rows::{Known, forget, forget_thing, look_up};

pub(crate) use rows::tidy;

/// Longest time for one message; it is a look into one table.
const TIME_MAX: Duration = Duration::from_secs(1);

/// Things whose changes wait to be written; what comes beyond is not counted.
const WAITING_MAX: usize = 50_000;

/// Things that one transaction writes, so that others wait only briefly.
const WRITTEN_MAX: usize = 200;

/// Recipients of a message that can be an answer to each of them.
const ANSWERED_MAX: usize = 10;

/// What a message adds to the counts of what it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Nothing was wrong with it.
    Seen,
    /// It was found unwanted.
    Unwanted,
    /// It was found dangerous.
    Dangerous,
    /// Enough people say that it is junk.
    ToldJunk,
    /// Enough people say that it is honest.
    ToldHonest,
    /// It lies read in a mailbox at the end of its time.
    Kept,
    /// Somebody writes back.
    Answered,
}

/// Counts by whom and what.
type Waiting = BTreeMap<(i64, i64), Counts>;

/// Counts what things have done, and says what that is worth. Changes wait in memory for [`Self::flush`], so that no message waits for them;
/// those of the last seconds are lost if the machine stops.
pub struct Reputation {
    store: Store,
    /// What everybody uses has no reputation.
    never: ArcSwap<Never>,
    waiting: Mutex<Waiting>,
}

impl Reputation {
    /// Of a store; `never` names domains that everybody uses, and our own.
    #[must_use]
    pub fn new(store: Store, never: Arc<Never>) -> Self {
        Self { store, never: ArcSwap::new(never), waiting: Mutex::default() }
    }

    /// From now on these have no reputation.
    pub fn set_never(&self, never: Arc<Never>) {
        self.never.store(never);
    }

    fn marks(&self, facts: &Facts, client: Option<IpAddr>) -> Vec<Mark> {
        marks::of(facts, client, &self.never.load(), &self.store.context().keys.region())
    }

    /// Counts a message of an organisation.
    pub fn note(&self, organisation: i64, facts: &Facts, client: Option<IpAddr>, event: Event) {
        let marks = self.marks(facts, client);
        let counts = |mark: &&Mark| event != Event::Seen || mark.kind.counts_seen();
        self.add(organisation, marks.iter().filter(counts).map(|mark| mark.number), event);
    }

    /// Counts an answer of somebody here, unless it goes to many: then it is a mailing.
    pub(crate) fn note_answer(&self, organisation: i64, addresses: &[String]) {
        if addresses.len() > ANSWERED_MAX {
            return;
        }
        let region = self.store.context().keys.region();
        let never = self.never.load();
        let marks = addresses.iter().flat_map(|address| marks::of_correspondent(address, &never, &region));
        self.add(organisation, marks.map(|mark| mark.number), Event::Answered);
    }

    fn add(&self, organisation: i64, marks: impl Iterator<Item = i64>, event: Event) {
        let at = self.store.context().clock.now();
        let mut waiting = self.waiting.lock();
        for mark in marks {
            let key = (organisation, mark);
            if waiting.len() < WAITING_MAX || waiting.contains_key(&key) {
                waiting.entry(key).or_insert_with(|| Counts::none(at)).add(&Counts::of(event, at));
            }
        }
    }

    /// Writes what has been counted; gives of how many things.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails; what is not written waits.
    pub async fn flush(&self) -> Result<usize, StoreError> {
        let mut written = 0;
        loop {
            let batch: Waiting = {
                let mut waiting = self.waiting.lock();
                std::iter::from_fn(|| waiting.pop_first()).take(WRITTEN_MAX).collect()
            };
            if batch.is_empty() {
                return Ok(written);
            }
            let adding = batch.clone();
            let work = move |tx: &mut Tx<'_>| {
                for ((organisation, mark), counts) in &adding {
                    rows::add(tx, *organisation, *mark, counts)?;
                }
                Ok::<_, StoreError>(())
            };
            if let Err(error) = self.store.write(work).await {
                self.put_back(batch);
                return Err(error);
            }
            written += batch.len();
        }
    }

    fn put_back(&self, batch: Waiting) {
        let mut waiting = self.waiting.lock();
        for (key, counts) in batch {
            waiting.entry(key).or_insert_with(|| Counts::none(counts.at)).add(&counts);
        }
    }

    /// What the reputation of a message's senders and links is worth.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub async fn find(
        &self,
        organisation: i64,
        facts: &Facts,
        client: Option<IpAddr>,
    ) -> Result<Vec<Finding>, StoreError> {
        let marks = self.marks(facts, client);
        if marks.is_empty() {
            return Ok(Vec::new());
        }
        let numbers = rows::numbers(&marks);
        let rows = self.store.read(move |tx| rows::read(tx, organisation, &numbers)).await?;
        Ok(weights::findings(&marks, &rows, self.store.context().clock.now()))
    }
}

#[async_trait]
impl Layer for Reputation {
    fn name(&self) -> &'static str {
        "reputation"
    }

    fn time_max(&self) -> Duration {
        TIME_MAX
    }

    async fn look(&self, asked: Asked<'_>) -> Vec<Finding> {
        match self.find(asked.organisation, asked.facts, asked.client).await {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(%error, "the reputation of a sender cannot be looked up");
                vec![finding("layer-silent", self.name(), 0.0)]
            }
        }
    }
}

/// What a verdict adds. It is reached without what reputation itself says, else a bad one would feed itself.
pub(crate) fn event_of(judge: &Judge, facts: &Facts, verdict: &Verdict, outside: &[Finding], at: Thresholds) -> Event {
    let fed = |finding: &Finding| weights::is_ours(finding) && finding.weight() > 0.0;
    let action = if verdict.action >= Action::Junk && outside.iter().any(fed) {
        let others: Vec<Finding> = outside.iter().filter(|finding| !weights::is_ours(finding)).cloned().collect();
        judge.judge_by(facts, others, at).action
    } else {
        verdict.action
    };
    match action {
        Action::Deliver | Action::Warn | Action::Hold => Event::Seen,
        Action::Junk => Event::Unwanted,
        Action::Quarantine | Action::Refuse => Event::Dangerous,
    }
}

/// Why a thing cannot be looked up.
pub(crate) fn not_a_thing(what: &str) -> JudgementError {
    JudgementError::Thing(what.to_owned())
}
