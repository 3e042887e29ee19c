//! The watch at work: assesses, records, forgets.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use env::{Timestamp, Watched};
use parking_lot::Mutex;
use store::{Store, Tx, params};
use tokio::sync::Notify;

use crate::assess::{Answer, Assessment, LastSeen, assess};
use crate::attempt::{Attempt, Outcome};
use crate::error::WatchError;
use crate::event::{Detail, NewEvent, Said, Subject, load_event, note_said};
use crate::features::{Feature, Kind, features, network};
use crate::geo::{Look, Places};
use crate::keys::{EVERYBODY, Keeper, group};
use crate::levels::{Levels, LevelsError};
use crate::place::Place;
use crate::profile::{Profile, count, load_history};
use crate::rules::HISTORY_MIN;
use crate::settings::WatchSettings;

/// Time that attempts wait to be written together.
const WRITE_EVERY: Duration = Duration::from_millis(200);

/// Attempts that wait to be written; failures beyond it are dropped, so that a flood of them does not take all memory.
const WAITING_MAX: usize = 20_000;

/// Attempts written in one transaction.
const WRITTEN_MAX: usize = 500;

/// Clients sign in again every few minutes; what is alike counts once in this time.
const ALIKE_FOR: Duration = Duration::from_secs(3_600);

/// Alike attempts are told of once in this time.
const TOLD_FOR: Duration = Duration::from_secs(6 * 3_600);

/// Attempts that were not looked at are recorded once in this time for each name and network: they may be many.
const THROTTLED_FOR: Duration = Duration::from_secs(60);

/// For so long one attempt of an account that failed in one way stands for the others in the audit log.
const AUDITED_FOR: Duration = Duration::from_secs(60);

/// Marks of what was counted and told; beyond it all are forgotten, and something counts twice.
const MARKS_MAX: usize = 100_000;

/// Rows that one transaction forgets.
const FORGOTTEN_MAX: i64 = 2_000;

/// Watches sign-ins.
pub struct Watch {
    store: Store,
    places: Places,
    levels: Levels,
    settings: Watched<WatchSettings>,
    waiting: Mutex<Vec<Waiting>>,
    wake: Notify,
    /// Wakes whoever posts letters.
    told: Notify,
    marks: Mutex<HashMap<[u8; 32], Timestamp>>,
}

/// An attempt with what came of it.
#[derive(Debug, Clone)]
pub struct Judged {
    /// What is done.
    pub assessment: Assessment,
    /// Where it came from.
    pub place: Place,
    /// Whether the network is new to the account, which is known from elsewhere.
    pub is_fresh: bool,
}

#[derive(Clone)]
struct Waiting {
    event: NewEvent,
    /// What is added to the history.
    counted: Option<Vec<Feature>>,
}

impl Watch {
    /// A watch over the accounts of `store`. Databases of places are looked at first by [`Self::look`].
    ///
    /// # Errors
    /// [`LevelsError`] if the settings name levels that cannot be used.
    pub fn new(store: Store, settings: impl Into<Watched<WatchSettings>>) -> Result<Self, LevelsError> {
        let watched = settings.into();
        let settings = watched.now();
        let levels = settings.levels.as_deref().map_or_else(Levels::shipped, Levels::read)?;
        Ok(Self {
            store,
            places: Places::new([settings.country_database.clone(), settings.network_database.clone()]),
            levels,
            settings: watched,
            waiting: Mutex::default(),
            wake: Notify::new(),
            told: Notify::new(),
            marks: Mutex::default(),
        })
    }

    /// Takes up databases of places that have changed, and says so in the log. Reads files.
    pub fn look(&self) {
        for (path, look) in self.places.look() {
            let path = path.display();
            match look {
                Look::Unchanged => {}
                Look::TakenUp => tracing::info!(%path, "database of places taken up"),
                Look::Unusable(reason) => tracing::warn!(
                    %path, reason,
                    "no database of places: sign-ins from there are of an unknown country; make one with tools/geo or set watch.country_database"
                ),
            }
        }
    }

    /// Assesses an attempt whose credentials were right, at the protection level of that name.
    ///
    /// # Errors
    /// [`WatchError`] if the store fails. Then nobody may be let in.
    pub async fn assess(&self, subject: Subject, level: &str, attempt: &Attempt) -> Result<Judged, WatchError> {
        let place = self.places.locate(attempt.address);
        let features = features(attempt, &place);
        let from = network(attempt.address);
        let work = move |tx: &mut Tx<'_>| {
            let from = group(tx, "network", &from);
            load_history(tx, subject.account, &features, &from)
        };
        let history = self.store.read(work).await?;
        let assessment = assess(attempt, &place, &history, self.levels.policy(level));
        let is_fresh = history.sign_ins >= HISTORY_MIN && !history.surroundings.network_is_known;
        Ok(Judged { assessment, place, is_fresh })
    }

    /// Records an attempt. It is written within [`Self::run`]'s next round; gives its number.
    pub fn record(
        &self,
        subject: Option<Subject>,
        login: &str,
        attempt: &Attempt,
        outcome: Outcome,
        judged: Option<&Judged>,
    ) -> i64 {
        let waiting = self.noted(subject, login, attempt, outcome, judged);
        self.queue(waiting)
    }

    /// Records a sign-in that stands. One that the audit log names is written before this ends; gives its number.
    ///
    /// # Errors
    /// [`WatchError`] if the store fails. Then nobody may be let in: what cannot be recorded does not happen.
    pub async fn record_standing(
        &self,
        subject: Subject,
        login: &str,
        attempt: &Attempt,
        judged: Option<&Judged>,
    ) -> Result<i64, WatchError> {
        let waiting = self.noted(Some(subject), login, attempt, Outcome::Accepted, judged);
        if !waiting.event.is_audited {
            return Ok(self.queue(waiting));
        }
        let (id, is_told) = (waiting.event.id, waiting.event.is_told);
        let written = self.store.write(move |tx| write(tx, std::slice::from_ref(&waiting))).await;
        if let Err(error) = written {
            // Nobody was let in, so nothing is known of it: the next one that is like it must not be left out.
            self.marks.lock().clear();
            return Err(error);
        }
        if is_told {
            self.told.notify_one();
        }
        Ok(id)
    }

    /// An attempt as it will be written.
    fn noted(
        &self,
        subject: Option<Subject>,
        login: &str,
        attempt: &Attempt,
        outcome: Outcome,
        judged: Option<&Judged>,
    ) -> Waiting {
        let place = judged.map_or_else(|| self.places.locate(attempt.address), |judged| judged.place.clone());
        let answer = judged.map(|judged| judged.assessment.answer);
        let counted = (outcome == Outcome::Accepted && subject.is_some()).then(|| features(attempt, &place));
        let counted = counted.filter(|features| self.is_new(subject, "counted", features, ALIKE_FOR));
        let is_told = answer.is_some_and(|answer| {
            let from = network(attempt.address);
            let alike = [Feature { kind: Kind::Network, value: format!("{from} {}", answer.as_str()) }];
            answer >= Answer::Tell && self.is_new(subject, "told", &alike, TOLD_FOR)
        });
        let is_audited = subject.is_some() && self.is_audited(subject, outcome, counted.is_some());
        let event = NewEvent {
            id: self.store.context().ids.next(),
            subject,
            login: login.to_owned(),
            at: attempt.at,
            outcome,
            answer,
            is_fresh: outcome == Outcome::Accepted && judged.is_some_and(|judged| judged.is_fresh),
            is_told,
            is_audited,
            detail: Detail::new(attempt, place, judged.map(|judged| &judged.assessment)),
        };
        Waiting { event, counted }
    }

    /// Whether the audit log names it: of sign-ins the first of its kind in an hour, as a mail program makes hundreds that are alike, of
    /// what failed one an outcome and minute, as anybody can bring that about.
    fn is_audited(&self, subject: Option<Subject>, outcome: Outcome, is_first: bool) -> bool {
        let alike = [Feature { kind: Kind::Way, value: outcome.as_str().to_owned() }];
        if outcome == Outcome::Accepted { is_first } else { self.is_new(subject, "audited", &alike, AUDITED_FOR) }
    }

    fn queue(&self, waiting: Waiting) -> i64 {
        let event = &waiting.event;
        let id = event.id;
        let is_odd = event.answer.is_some_and(|answer| answer >= Answer::Tell);
        let is_kept = event.outcome == Outcome::Accepted || event.is_audited;
        let alike =
            [Feature { kind: Kind::Network, value: format!("{} {}", network(event.detail.address), event.login) }];
        if event.outcome == Outcome::Throttled && !self.is_new(None, "throttled", &alike, THROTTLED_FOR) {
            return id;
        }
        let mut all = self.waiting.lock();
        if all.len() < WAITING_MAX || is_kept {
            all.push(waiting);
        }
        drop(all);
        if is_odd {
            self.wake.notify_one();
        }
        id
    }

    /// Whether nothing alike was seen for `span`; it is from now on.
    fn is_new(&self, subject: Option<Subject>, what: &str, features: &[Feature], span: Duration) -> bool {
        let now = self.store.context().clock.now();
        let mut parts = vec![what.to_owned(), subject.map_or(0, |it| it.account).to_string()];
        parts.extend(
            features
                .iter()
                .filter(|it| matches!(it.kind, Kind::Agent | Kind::Device | Kind::Network | Kind::Way))
                .map(|it| it.value.clone()),
        );
        let parts: Vec<&[u8]> = parts.iter().map(String::as_bytes).collect();
        let mark = crypto::hash::digest(&parts);
        let mut marks = self.marks.lock();
        if marks.get(&mark).is_some_and(|before| *before <= now && now.since(*before) < span) {
            return false;
        }
        if marks.len() >= MARKS_MAX {
            marks.clear();
        }
        marks.insert(mark, now);
        true
    }

    /// Writes what waits.
    ///
    /// # Errors
    /// [`WatchError`] if the store fails; what could not be written waits on.
    pub async fn flush(&self) -> Result<usize, WatchError> {
        let mut written = 0;
        loop {
            let batch: Vec<Waiting> = {
                let mut waiting = self.waiting.lock();
                let count = waiting.len().min(WRITTEN_MAX);
                waiting.drain(..count).collect()
            };
            if batch.is_empty() {
                return Ok(written);
            }
            written += batch.len();
            let has_news = batch.iter().any(|waiting| waiting.event.is_told);
            let batch = Arc::new(batch);
            let work = Arc::clone(&batch);
            if let Err(error) = self.store.write(move |tx| write(tx, &work)).await {
                let mut waiting = self.waiting.lock();
                let room = WAITING_MAX.saturating_sub(waiting.len());
                let back: Vec<Waiting> = batch.iter().take(room).cloned().collect();
                waiting.splice(0..0, back);
                return Err(error);
            }
            if has_news {
                self.told.notify_one();
            }
        }
    }

    /// Writes attempts as they come until `stop` is done, then what is left.
    pub async fn run(&self, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        loop {
            let is_last = tokio::select! {
                () = stop.as_mut() => true,
                () = self.wake.notified() => false,
                () = tokio::time::sleep(WRITE_EVERY) => false,
            };
            if let Err(error) = self.flush().await {
                tracing::error!(%error, "cannot write down sign-ins; they wait");
                tokio::time::sleep(WRITE_EVERY).await;
            }
            if is_last {
                return;
            }
        }
    }

    /// Waits until there may be letters to post (see [`crate::list_untold`]).
    pub async fn wait_for_news(&self) {
        self.told.notified().await;
    }

    /// Forgets events and features that are too old; gives how many rows.
    ///
    /// # Errors
    /// [`WatchError`] if the store fails.
    pub async fn forget(&self) -> Result<u64, WatchError> {
        let keep = i64::from(self.settings.now().keep_days.max(1)) * 86_400_000;
        let mut forgotten = 0;
        loop {
            let round = self.store.write(move |tx| forget(tx, tx.now().millis() - keep)).await?;
            forgotten += round;
            if round < FORGOTTEN_MAX.unsigned_abs() {
                return Ok(forgotten);
            }
        }
    }
}

/// Notes, once, what the person said of an event. What was the person's own counts from now on as if it had been accepted.
///
/// # Errors
/// [`WatchError::NoEvent`], [`WatchError::Answered`], or the store's.
pub fn say(tx: &mut Tx<'_>, id: i64, said: Said) -> Result<crate::Event, WatchError> {
    let event = load_event(tx, id)?;
    note_said(tx, id, said)?;
    if let (Said::Mine, Some(subject)) = (said, event.subject) {
        let features = features(&event.detail.attempt(event.at), &event.detail.place);
        add(tx, subject.account, &[SignedIn { place: &event.detail.place, at: event.at, features: &features }])?;
        let keeper = Keeper::of(tx, subject.account)?;
        let mut profile = Profile::load(tx, &keeper, subject.account)?;
        profile.confirm(&features, tx.now());
        profile.save(tx, &keeper, subject.account)?;
    }
    Ok(event)
}

/// A sign-in that counts.
#[derive(Clone, Copy)]
struct SignedIn<'s> {
    place: &'s Place,
    at: Timestamp,
    features: &'s [Feature],
}

fn write(tx: &mut Tx<'_>, batch: &[Waiting]) -> Result<(), WatchError> {
    let mut by_account: BTreeMap<i64, Vec<SignedIn<'_>>> = BTreeMap::new();
    for Waiting { event, counted } in batch {
        let account = event.subject.map_or(EVERYBODY, |subject| subject.account);
        if account != EVERYBODY && !exists(tx, account)? {
            continue;
        }
        event.insert(tx)?;
        if let Some(features) = counted {
            by_account.entry(account).or_default().push(SignedIn {
                place: &event.detail.place,
                at: event.at,
                features,
            });
        }
    }
    for (account, sign_ins) in &by_account {
        add(tx, *account, sign_ins)?;
    }
    let everything: Vec<_> = by_account.into_values().flatten().collect();
    if everything.is_empty() { Ok(()) } else { add(tx, EVERYBODY, &everything) }
}

fn exists(tx: &mut Tx<'_>, account: i64) -> Result<bool, WatchError> {
    Ok(tx.row("SELECT id FROM account WHERE id = $1", params![account], |row| row.int(0))?.is_some())
}

fn add(tx: &mut Tx<'_>, account: i64, sign_ins: &[SignedIn<'_>]) -> Result<(), WatchError> {
    let keeper = Keeper::of(tx, account)?;
    let mut profile = Profile::load(tx, &keeper, account)?;
    for SignedIn { place, at, features } in sign_ins {
        count(tx, &keeper, account, &mut profile, features)?;
        if account == EVERYBODY {
            continue;
        }
        if let Some(code) = &place.country {
            profile.note_country(code);
        }
        if profile.last.as_ref().is_none_or(|last| last.at <= *at) {
            profile.last = Some(LastSeen { at: *at, place: (*place).clone() });
        }
    }
    profile.save(tx, &keeper, account)
}

fn forget(tx: &mut Tx<'_>, before: i64) -> Result<u64, WatchError> {
    let events = tx.execute(
        "DELETE FROM sign_in_event WHERE id IN
         (SELECT id FROM sign_in_event WHERE told IN (0, 1, 2) AND at < $1 LIMIT $2)",
        params![before, FORGOTTEN_MAX],
    )?;
    let old = tx.rows(
        "SELECT account, feature, kind, seen FROM sign_in_feature WHERE last < $1 ORDER BY last LIMIT $2",
        params![before, FORGOTTEN_MAX],
        |row| Ok((row.int(0)?, row.bytes(1)?.to_vec(), row.int(2)?, row.int(3)?.unsigned_abs())),
    )?;
    let mut by_account: BTreeMap<i64, Vec<(Vec<u8>, i64, u64)>> = BTreeMap::new();
    for (account, feature, kind, seen) in old {
        by_account.entry(account).or_default().push((feature, kind, seen));
    }
    let mut features = 0;
    for (account, gone) in by_account {
        let keeper = Keeper::of(tx, account)?;
        let mut profile = Profile::load(tx, &keeper, account)?;
        for (feature, kind, seen) in gone {
            features += tx.execute(
                "DELETE FROM sign_in_feature WHERE account = $1 AND feature = $2",
                params![account, &feature],
            )?;
            let (total, distinct) = profile.totals.entry(usize::try_from(kind).unwrap_or(usize::MAX)).or_default();
            *total = total.saturating_sub(seen);
            *distinct = distinct.saturating_sub(1);
        }
        profile.save(tx, &keeper, account)?;
    }
    Ok(events.max(features))
}
