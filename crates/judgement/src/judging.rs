//! Judging a message while its sender waits: facts, layers, verdict, within one limit of time.
//!
//! Whatever fails or takes too long leaves a finding behind and an action that the level names; nothing passes in silence.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crypto::keys::{Key, Organisation};
use env::{Timestamp, Watched};
use filter::{Action, Asked, Facts, Finding, Judge, Layer, Received, Signal, Thresholds, Verdict};
use futures_util::future::join_all;
use identity::Level;
use intel::SecondOpinion;
use intel::feeds::{FileDigest, digests};
use store::{Store, StoreError, Tx};
use tokio::sync::Semaphore;

use crate::kept::{DETAIL, Detail, Direction, Kept};
use crate::learner::Memory;
use crate::reputation::{self, Reputation};
use crate::votes::{self, Standing};
use crate::{JudgementError, JudgingSettings, LevelSettings, fields, marks, person, policy, sealed};

/// What an allow entry of the organisation adds to the log odds: much, and still outweighed by what is certain.
const ALLOWED_WEIGHT: f32 = -6.0;

/// Sum of what was learned from which it is a finding.
const LEARNED_MIN: f32 = 0.3;

/// Judges messages that come in. Cheap to share.
pub struct Judging {
    pub(crate) store: Store,
    pub(crate) judge: Arc<Judge>,
    pub(crate) settings: Watched<JudgingSettings>,
    layers: Vec<Arc<dyn Layer>>,
    /// Looks into attached files.
    pub(crate) pool: Option<Arc<inspect::Pool>>,
    /// Knows whom the organisation trades with.
    pub(crate) guard: guard::Guard,
    /// Messages at the same time. Work that was given up keeps its turn until it ends.
    turns: Arc<Semaphore>,
    /// What organisations have learned.
    memory: Memory,
    /// How senders have behaved.
    pub(crate) reputation: Option<Arc<Reputation>>,
    /// Asked about what is in doubt.
    pub(crate) opinion: Option<Arc<SecondOpinion>>,
}

/// A message that has come, with what is known of it.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// Our number of it.
    pub id: i64,
    /// The message.
    pub raw: Arc<Vec<u8>>,
    /// Address in MAIL FROM; empty for the null sender.
    pub envelope_from: String,
    /// Address of the client.
    pub client: IpAddr,
    /// What was found of who sent it.
    pub authentication: Arc<mailauth::Facts>,
    /// Whose people it is for.
    pub organisation: i64,
    /// Accounts here that get it.
    pub recipients: Vec<i64>,
    /// The highest level among those that it is for.
    pub level: Level,
    /// An allow entry of the organisation names its sender.
    pub is_allowed: bool,
    /// The least that is done with it, whatever is found: what its author's policy asks for.
    pub least: Action,
    /// It may not be refused, as it is for a postmaster (RFC 5321 section 4.5.1).
    pub must_take: bool,
}

/// What was decided of a message.
#[derive(Debug, Clone)]
pub struct Opinion {
    /// What is to be done.
    pub action: Action,
    /// What was found.
    pub verdict: Verdict,
    /// Accounts whose own reports decide for their own copies: into Junk, or not.
    pub personal: BTreeMap<i64, bool>,
    /// Header fields of ours.
    pub fields: String,
    /// It could not be judged.
    pub is_unjudged: bool,
    /// To be kept in the message's transaction.
    pub kept: Kept,
}

/// What is found before anything is decided.
struct Found {
    facts: Option<Facts>,
    guarded: Option<(guard::Read, guard::Looked)>,
    /// Attached files as feeds know them.
    files: Vec<FileDigest>,
    outside: Vec<Finding>,
    personal: BTreeMap<i64, bool>,
    /// By what messages like it are found, packed.
    marks: Vec<u8>,
    /// It is of or for somebody whose data is used for nothing else: nothing is learned from it.
    is_restricted: bool,
}

impl Judging {
    /// Judges with `judge` and `layers`.
    #[must_use]
    pub fn new(
        store: Store,
        judge: Arc<Judge>,
        layers: Vec<Arc<dyn Layer>>,
        settings: impl Into<Watched<JudgingSettings>>,
    ) -> Self {
        let settings = settings.into();
        let turns = Arc::new(Semaphore::new(settings.now().at_once_max.max(1)));
        let guard = guard::Guard::new(store.clone());
        Self {
            store,
            judge,
            settings,
            layers,
            pool: None,
            guard,
            turns,
            memory: Memory::default(),
            reputation: None,
            opinion: None,
        }
    }

    /// Has attached files looked into by confined processes.
    #[must_use]
    pub fn with_inspection(mut self, pool: Arc<inspect::Pool>) -> Self {
        self.pool = Some(pool);
        self
    }

    /// Asks this guard, which others ask too, so that what it holds in memory is held once.
    #[must_use]
    pub fn with_guard(mut self, guard: guard::Guard) -> Self {
        self.guard = guard;
        self
    }

    /// Asks for the reputation of senders and links, and counts how they behave.
    #[must_use]
    pub fn with_reputation(mut self, reputation: Arc<Reputation>) -> Self {
        self.layers.push(Arc::clone(&reputation) as Arc<dyn Layer>);
        self.reputation = Some(reputation);
        self
    }

    /// Whether mail is judged at all.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.settings.now().enabled
    }

    /// Whether what people here send is judged.
    #[must_use]
    pub fn judges_outgoing(&self) -> bool {
        self.settings.now().outgoing
    }

    /// Whether complaints are read at an address here, given in canonical form: abuse and postmaster (RFC 2142 sections 2 and 4) of each
    /// domain, and those that are set.
    #[must_use]
    pub fn reads_complaints_at(&self, address: &mail::Address) -> bool {
        let is_role = ["abuse", "postmaster"].iter().any(|role| address.local.eq_ignore_ascii_case(role));
        let canonical = address.canonical();
        is_role || self.settings.now().complaints_to.iter().any(|other| other.eq_ignore_ascii_case(&canonical))
    }

    /// How long a message waits in quarantine.
    #[must_use]
    pub fn quarantine_time(&self) -> Duration {
        Duration::from_secs(u64::from(self.settings.now().quarantine_days) * 86_400)
    }

    /// Judges a message that has come in.
    ///
    /// # Errors
    /// [`JudgementError`] if the store fails: without it no message can be taken anyway.
    pub async fn incoming(&self, arrival: Arrival) -> Result<Opinion, JudgementError> {
        let organisation = arrival.organisation;
        let (level, settings) = (arrival.level, self.settings.now());
        let look = move |tx: &mut Tx<'_>| {
            let key = tx.context().keys.organisation(tx, organisation)?;
            Ok::<_, JudgementError>((key, policy::effective(tx, organisation, level, &settings)?))
        };
        let (key, at) = self.store.read(look).await?;
        let limit = Duration::from_millis(self.settings.now().milliseconds_max);
        let arrival = Arc::new(arrival);
        let found = match tokio::time::timeout(limit, self.find(&arrival, &key)).await {
            Ok(found) => found?,
            Err(_) => unjudged("time"),
        };
        self.decide(arrival, found, at, key).await
    }

    /// Facts and what layers find. What panics or takes too long is a finding.
    async fn find(&self, arrival: &Arc<Arrival>, key: &Arc<Key<Organisation>>) -> Result<Found, JudgementError> {
        let Ok(turn) = Arc::clone(&self.turns).acquire_owned().await else { return Ok(unjudged("turns")) };
        let (reading, pool) = (Arc::clone(arrival), self.pool.clone());
        let came = self.store.context().clock.now();
        let work = tokio::task::spawn_blocking(move || {
            // Kept until the work ends, be it given up by then.
            let _turn = turn;
            let (facts, read) = read(&reading, pool.as_deref(), came);
            let files = if facts.attachments.is_empty() { Vec::new() } else { digests(&reading.raw) };
            (facts, files, read)
        });
        let mut outside = Vec::new();
        let half = Duration::from_millis(self.settings.now().milliseconds_max / 2);
        let (facts, files, read) = match tokio::time::timeout(half, work).await {
            Ok(Ok(read)) => read,
            // What its files are stays open; what it says itself is judged.
            given_up => {
                let why = if given_up.is_err() { "time" } else { "panic" };
                tracing::error!(id = arrival.id, why, "the files of a message could not be looked into");
                outside.push(finding("uninspected", why, 0.0));
                let reading = Arc::clone(arrival);
                let Ok(found) = tokio::task::spawn_blocking(move || read(&reading, None, came)).await else {
                    return Ok(unjudged("panic"));
                };
                let (facts, read) = found;
                (facts, Vec::new(), read)
            }
        };
        let asked = Asked {
            facts: &facts,
            raw: &arrival.raw,
            organisation: arrival.organisation,
            envelope_from: &arrival.envelope_from,
            client: Some(arrival.client),
        };
        outside.extend(join_all(self.layers.iter().map(|layer| ask(&**layer, asked))).await.concat());
        if arrival.is_allowed {
            outside.push(allowed(&facts));
        }
        let said = self.said(arrival, &facts, key, &mut outside).await?;
        let (Standing { findings, personal }, marks, is_restricted) = said;
        outside.extend(findings);
        let guarded = match self.guard.look(arrival.organisation, read, came).await {
            Ok(guarded) => Some(guarded),
            Err(guard::GuardError::Store(error)) => return Err(error.into()),
            // A row that does not read is told, and does not keep all mail out.
            Err(error) => {
                tracing::error!(id = arrival.id, %error, "the trade guard cannot look at a message");
                outside.push(finding("layer-silent", "guard", 0.0));
                None
            }
        };
        outside.extend(guarded.iter().flat_map(|(_, looked)| looked.findings.iter().cloned()));
        let opinion = self.second_opinion(arrival.organisation, &facts, &outside).await?;
        outside.extend(opinion);
        Ok(Found { facts: Some(facts), guarded, files, outside, personal, marks, is_restricted })
    }

    /// What people of the organisation have reported, and what was learned from that; with the marks of the message, packed, and whether nothing may be
    /// learned from it.
    async fn said(
        &self,
        arrival: &Arrival,
        facts: &Facts,
        key: &Arc<Key<Organisation>>,
        outside: &mut Vec<Finding>,
    ) -> Result<(Standing, Vec<u8>, bool), JudgementError> {
        let (organisation, recipients) = (arrival.organisation, arrival.recipients.clone());
        let memory = self.memory.clone();
        let (looked_at, key) = (facts.clone(), Arc::clone(key));
        let look = move |tx: &mut Tx<'_>| {
            let marks = marks::all(tx, organisation, &looked_at, &key)?;
            let standing = votes::standing(tx, organisation, &marks, votes::is_proven(&looked_at), &recipients)?;
            let is_restricted = person::is_restricted(tx, organisation, &looked_at, &recipients)?;
            Ok::<_, JudgementError>((standing, marks::packed(&marks), memory.of(tx, organisation)?, is_restricted))
        };
        let (standing, marks, learned, is_restricted) = self.store.read(look).await?;
        if let Some(learned) = learned {
            let sum = learned.sum(facts);
            if sum.abs() >= LEARNED_MIN {
                let evidence = learned.reports().to_string();
                outside.push(Finding { signal: Signal::Text, ..finding("learned-here", &evidence, sum) });
            }
        }
        Ok((standing, marks, is_restricted))
    }

    /// The verdict, and what is kept of it. Takes processor time, so it leaves the thread of the connection, too.
    async fn decide(
        &self,
        arrival: Arc<Arrival>,
        found: Found,
        at: LevelSettings,
        key: Arc<Key<Organisation>>,
    ) -> Result<Opinion, JudgementError> {
        let (judge, guard) = (Arc::clone(&self.judge), self.guard.clone());
        let reputation = self.reputation.clone();
        let context = Arc::clone(self.store.context());
        let now = context.clock.now();
        let work = move || {
            // Rules may change at any time: those that are named are those that judge, or the next.
            let version = judge.version();
            let verdict = match &found.facts {
                Some(facts) => judge.judge_by(facts, found.outside.clone(), at.thresholds()),
                None => of_unjudged(found.outside.clone(), at),
            };
            if let (Some(reputation), Some(facts), false) = (reputation, &found.facts, found.is_restricted) {
                let event = reputation::event_of(&judge, facts, &verdict, &found.outside, at.thresholds());
                reputation.note(arrival.organisation, facts, Some(arrival.client), event);
            }
            let action = acted(&arrival, &verdict);
            let ids = (arrival.id, arrival.organisation);
            let guarded = keep_guarded(&guard, &key, ids, found.guarded.as_ref(), (&verdict, action, at.thresholds()))?;
            let opinion =
                Judgement { arrival: &arrival, found, verdict, action, thresholds: at.thresholds(), version, guarded };
            opinion.sealed(&key, &*context.entropy, now)
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| StoreError::Abandoned("judging a message panicked"))?
    }
}

/// A verdict with what it stands on.
struct Judgement<'a> {
    arrival: &'a Arrival,
    found: Found,
    verdict: Verdict,
    action: Action,
    thresholds: Thresholds,
    version: String,
    guarded: Option<guard::Kept>,
}

impl Judgement<'_> {
    fn sealed(
        self,
        key: &Key<Organisation>,
        entropy: &dyn env::Entropy,
        at: Timestamp,
    ) -> Result<Opinion, JudgementError> {
        let Self { arrival, found, verdict, action, thresholds, version, guarded } = self;
        let id = arrival.id;
        let is_unjudged = found.facts.is_none();
        let detail = Detail {
            facts: found.facts,
            verdict,
            action,
            outside: found.outside,
            thresholds,
            version,
            envelope_from: arrival.envelope_from.clone(),
            client: Some(arrival.client),
            files: found.files,
        };
        let sealed = sealed::seal(key, entropy, DETAIL, id, &detail)?;
        let fields = fields::fields(id, action, &detail.verdict);
        let (organisation, marks) = (arrival.organisation, found.marks);
        let kept = Kept { id, organisation, at, direction: Direction::In, action, marks, detail: sealed, guarded };
        Ok(Opinion { action, verdict: detail.verdict, personal: found.personal, fields, is_unjudged, kept })
    }
}

fn read(arrival: &Arrival, pool: Option<&inspect::Pool>, came: Timestamp) -> (Facts, guard::Read) {
    let inspected = pool.map(|pool| filter::inspect_files(&arrival.raw, pool));
    let facts = Facts::read(Received {
        inspected: inspected.as_deref(),
        raw: &arrival.raw,
        envelope_from: Some(&arrival.envelope_from),
        client: Some(arrival.client),
        authentication: Some(&arrival.authentication),
    });
    let reports = inspected.unwrap_or_default();
    let mut read = guard::Read::new(&arrival.raw, facts.clone(), &reports, guard::Direction::In, came);
    read.subject.authenticated = arrival.authentication.authenticated_domain().map(ToString::to_string);
    (facts, read)
}

/// What the trade guard keeps of a message by what was decided; a case where fraud is likely enough for a warning.
pub(crate) fn keep_guarded(
    guard: &guard::Guard,
    key: &Key<Organisation>,
    ids: (i64, i64),
    guarded: Option<&(guard::Read, guard::Looked)>,
    (verdict, action, thresholds): (&Verdict, Action, Thresholds),
) -> Result<Option<guard::Kept>, JudgementError> {
    let Some((read, looked)) = guarded else { return Ok(None) };
    let opens_case = verdict.probability_fraud >= thresholds.fraud_warn && action != Action::Refuse;
    let decided = guard::Decided { verdict, action, opens_case };
    Ok(Some(guard.keep_of(key, ids, (read, looked), decided)?))
}

/// What one layer finds within its time.
async fn ask(layer: &dyn Layer, asked: Asked<'_>) -> Vec<Finding> {
    match tokio::time::timeout(layer.time_max(), layer.look(asked)).await {
        Ok(found) => found,
        Err(_) => {
            tracing::warn!(layer = layer.name(), "a layer of judging does not answer in time");
            vec![finding("layer-silent", layer.name(), 0.0)]
        }
    }
}

/// What is done: no less than asked for, and a refusal only where it may be.
fn acted(arrival: &Arrival, verdict: &Verdict) -> Action {
    match verdict.action.max(arrival.least) {
        Action::Refuse if arrival.must_take => Action::Quarantine,
        action => action,
    }
}

fn unjudged(why: &str) -> Found {
    tracing::error!(why, "a message could not be judged");
    Found {
        facts: None,
        guarded: None,
        files: Vec::new(),
        outside: vec![finding("unjudged", why, 0.0)],
        personal: BTreeMap::new(),
        marks: Vec::new(),
        is_restricted: false,
    }
}

fn of_unjudged(findings: Vec<Finding>, at: LevelSettings) -> Verdict {
    Verdict {
        action: at.unjudged.action(),
        probability_spam: 0.0,
        probability_phish: 0.0,
        probability_unwanted: 0.0,
        probability_fraud: 0.0,
        findings,
    }
}

fn allowed(facts: &Facts) -> Finding {
    let sender = facts.from.as_ref().map(|from| from.address.as_str()).unwrap_or_default();
    finding("allowed-by-list", sender, ALLOWED_WEIGHT)
}

/// A finding of this crate, about the sender.
pub(crate) fn finding(id: &str, evidence: &str, weight: f32) -> Finding {
    Finding {
        id: id.to_owned(),
        signal: Signal::Sender,
        spam: weight,
        phish: weight,
        evidence: evidence.to_owned(),
        key: format!("finding-{id}"),
    }
}
