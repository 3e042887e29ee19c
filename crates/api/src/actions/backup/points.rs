//! Points in time between backups: the journal is kept where they are wanted, and what it has goes into every repository as a step.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use ::backup::{BackupError, Doors, Keep, Span, StepWanted, Stepped, Taken, Target, generation, moment_text, step};
use ::store::copy::Pace;
use ::store::journal::{self, Mark, Reached, State};
use ::store::{StoreError, Tx};
use env::Timestamp;
use identity::{Language, Level};
use serde_json::{Value, json};

use super::super::letters;
use super::super::{Controls, Refused};
use super::{blocking, copy_may_cross, level, merge};

/// How long steps may fail before it is told.
const FAILING_MILLIS: i64 = 300_000;

/// So many times the time between two steps the taking of them stays with the node that has it.
const HELD_TIMES: u32 = 4;

/// Whether points in time are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PointsWanted {
    /// Where an organisation has level enhanced or above.
    ByLevel,
    /// Always.
    On,
    /// Never.
    Off,
}

impl PointsWanted {
    pub(in super::super) fn is_wanted(self, level: Level) -> bool {
        match self {
            Self::ByLevel => level >= Level::Enhanced,
            Self::On => true,
            Self::Off => false,
        }
    }
}

/// Where steps go, and how often.
#[derive(Debug, Clone)]
pub struct PointsPlan {
    /// Each gets every step.
    pub targets: Vec<Target>,
    /// Host name of the server.
    pub host: String,
    /// How much of the machine may be taken.
    pub pace: Pace,
    /// Whether we delete what is too old.
    pub prune: bool,
    /// Whether points in time are kept.
    pub wanted: PointsWanted,
    /// Time between two steps.
    pub every: Duration,
    /// Days for which each point can be reached; 0 for what the level asks.
    pub days: u32,
    /// Changes that are noted at most, for a repository that cannot be reached.
    pub changes_max: u64,
    /// Number of this node.
    pub node: u16,
}

/// Days for which each point can be reached, by level.
pub(super) const fn days_of(level: Level) -> u32 {
    match level {
        Level::Basic | Level::Enhanced => 7,
        Level::Trade => 14,
    }
}

/// What became of one round of steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stepping {
    /// None are wanted here, or another node takes them.
    Off,
    /// So many repositories got one.
    Taken(usize),
    /// Another machine has taken the place of this one, which must stop; why, in words.
    Replaced(String),
}

/// Takes a step into each repository that lacks something of the journal, and keeps the journal as it is wanted.
///
/// # Errors
/// [`Refused`] if the store fails. What fails of a repository is noted and told.
pub async fn take_steps(controls: &Controls) -> Result<Stepping, Refused> {
    let mut plan = controls.elsewhere.points()?;
    plan.targets = permitted(controls, plan.targets).await;
    let store = &controls.store;
    let state = store.read(journal::state).await.map_err(Refused::because)?;
    if plan.targets.is_empty() || !plan.wanted.is_wanted(level(controls).await?) {
        if state.is_noting {
            store.end_journal().await.map_err(Refused::because)?;
            tracing::info!("points in time between backups are kept no more");
        }
        return Ok(Stepping::Off);
    }
    let (node, until) = (i64::from(plan.node), store.context().clock.now().plus(plan.every * HELD_TIMES));
    if !store.write_freeing(move |tx| journal::hold(tx, node, until)).await.map_err(Refused::because)? {
        return Ok(Stepping::Off);
    }
    let state = keep_journal(controls, &plan, state).await?;
    let reached = ready(controls, &plan, state).await?;
    let mut tasks = Vec::new();
    for target in plan.targets.clone() {
        // Before there is a backup no step leads anywhere.
        let reached = reached.iter().find(|one| one.location == target.location && one.based != 0);
        if let Some(reached) = reached {
            tasks.push(tokio::spawn(step_into(controls.clone(), plan.clone(), target, reached.clone(), state)));
        }
    }
    // One that cannot be reached does not keep the others waiting; it goes on, and is left alone meanwhile.
    let mut taken = 0;
    let deadline = tokio::time::Instant::now() + plan.every;
    for task in tasks {
        match tokio::time::timeout_at(deadline, task).await {
            Ok(Ok(Some(Stepped::Taken(_)))) => taken += 1,
            Ok(Ok(Some(Stepped::Replaced(theirs)))) => return Ok(replaced(&plan, theirs, state.generation)),
            _ => {}
        }
    }
    let reached = store.read(journal::reached).await.map_err(Refused::because)?;
    let marks: Vec<Mark> = reached.iter().map(|one| one.mark.clone()).collect();
    store.prune_journal(&marks).await.map_err(Refused::because)?;
    tell(controls, &reached).await;
    Ok(Stepping::Taken(taken))
}

/// Those of the repositories into which copies may go by the rules of crossings; of the others every backup tells.
async fn permitted(controls: &Controls, targets: Vec<Target>) -> Vec<Target> {
    let mut permitted = Vec::with_capacity(targets.len());
    for target in targets {
        if copy_may_cross(controls, &target, false).await.is_ok() {
            permitted.push(target);
        }
    }
    permitted
}

fn replaced(plan: &PointsPlan, theirs: i64, ours: i64) -> Stepping {
    let location = plan.targets.first().map(|target| target.location.clone()).unwrap_or_default();
    Stepping::Replaced(BackupError::Replaced { location, theirs, ours }.to_string())
}

/// Whether a repository says that another machine has taken the place of this one; why, in words. One that does not answer within `patience`
/// says nothing.
///
/// # Errors
/// [`Refused`] if the store fails.
pub async fn is_replaced(controls: &Controls, patience: Duration) -> Result<Option<String>, Refused> {
    let state = controls.store.read(journal::state).await.map_err(Refused::because)?;
    if state.chain == 0 {
        return Ok(None);
    }
    for target in controls.elsewhere.points()?.targets {
        let location = target.location.clone();
        match tokio::time::timeout(patience, blocking(move || generation(&target))).await {
            Ok(Ok(Some(theirs))) if theirs > state.generation => {
                let ours = state.generation;
                return Ok(Some(BackupError::Replaced { location, theirs, ours }.to_string()));
            }
            Ok(Ok(_)) => {}
            Ok(Err(Refused(why))) => {
                tracing::warn!(%location, why, "it cannot be seen whether this server was replaced")
            }
            Err(_) => tracing::warn!(%location, "it cannot be seen in time whether this server was replaced"),
        }
    }
    Ok(None)
}

/// Begins the journal where there is none, and anew where it has grown too long.
async fn keep_journal(controls: &Controls, plan: &PointsPlan, state: State) -> Result<State, Refused> {
    let store = &controls.store;
    if state.chain == 0 {
        let begun = store.begin_journal().await.map_err(Refused::because)?;
        tracing::info!("points in time between backups are kept from the next backup on");
        return Ok(begun);
    }
    let length = store.journal_length().await.map_err(Refused::because)?;
    if length <= plan.changes_max {
        return Ok(state);
    }
    let reached = store.read(journal::reached).await.map_err(Refused::because)?;
    let lacking: Vec<String> = reached
        .iter()
        .filter(|one| one.failing_since != 0)
        .map(|one| format!("{}: {}", one.location, one.failure))
        .collect();
    let since = reached.iter().map(|one| one.taken).min().map(Timestamp::from_millis);
    let begun = store.begin_journal().await.map_err(Refused::because)?;
    let since = since.map_or_else(|| "-".to_owned(), |since| since.to_string());
    let why = lacking.join("; ");
    tracing::error!(length, since, why, "the journal of changes grew too long and was begun anew; a backup follows");
    let values = |_: Language| vec![("since", since.clone()), ("why", why.clone())];
    let object = json!({ "since": since, "changes": length, "failure": why }).to_string();
    letters::tell_keepers(controls, "letter-points-lost", values, ("points-lost", object, false), |_| Ok(true)).await;
    Ok(begun)
}

/// How far each repository of the plan has the journal; those that have nothing of it begin where it is now.
async fn ready(controls: &Controls, plan: &PointsPlan, state: State) -> Result<Vec<Reached>, Refused> {
    let store = &controls.store;
    let known = store.read(journal::reached).await.map_err(Refused::because)?;
    let mut beginning = Vec::new();
    for target in &plan.targets {
        let fits = match known.iter().find(|one| one.location == target.location) {
            Some(one) => one.chain == state.chain && store.knows_mark(&one.mark).await.map_err(Refused::because)?,
            None => false,
        };
        if !fits {
            beginning.push(target.location.clone());
        }
    }
    let wanted: HashSet<&str> = plan.targets.iter().map(|target| target.location.as_str()).collect();
    let others: Vec<String> =
        known.iter().map(|one| one.location.clone()).filter(|one| !wanted.contains(one.as_str())).collect();
    let is_embedded = store.is_embedded();
    let work = move |tx: &mut Tx<'_>| {
        others.iter().try_for_each(|location| journal::forget_reached(tx, location))?;
        beginning.iter().try_for_each(|location| journal::begin_reached(tx, is_embedded, location, state.chain))?;
        journal::reached(tx)
    };
    store.write_freeing::<_, StoreError, _>(work).await.map_err(Refused::because)
}

/// Takes a step into one repository; nothing if one is still under way there, or it failed, which is noted.
async fn step_into(
    controls: Controls,
    plan: PointsPlan,
    target: Target,
    reached: Reached,
    state: State,
) -> Option<Stepped> {
    let doors = controls.backup.doors(&target.location);
    let Ok(mut doors) = doors.try_lock() else { return None };
    let wanted = StepWanted { host: plan.host, pace: plan.pace, replaces: plan.prune, generation: state.generation };
    match step(&controls.store, &target, &wanted, &reached, &mut doors).await {
        Ok(stepped) => Some(stepped),
        Err(BackupError::Replaced { theirs, .. }) => Some(Stepped::Replaced(theirs)),
        Err(error) => {
            let location = target.location;
            tracing::warn!(%location, %error, "a point in time was not kept; it is tried again");
            let why = error.to_string();
            let noting = controls.store.write_freeing(move |tx| journal::note_failed(tx, &location, &why)).await;
            if let Err(error) = noting {
                tracing::error!(%error, "cannot note that a step failed");
            }
            None
        }
    }
}

/// Tells those who look after the machine where steps have failed for some time, and where they succeed again.
async fn tell(controls: &Controls, reached: &[Reached]) {
    let now = controls.store.context().clock.now().millis();
    for one in reached {
        let is_failing = one.failing_since != 0 && now - one.failing_since > FAILING_MILLIS;
        let what = if is_failing { "failing" } else { "" };
        if what == one.told || (one.failing_since != 0 && !is_failing) {
            continue;
        }
        let since = Timestamp::from_millis(one.clean).to_string();
        let values =
            |_: Language| vec![("where", one.location.clone()), ("since", since.clone()), ("why", one.failure.clone())];
        let (key, action) = if is_failing {
            ("letter-points-failing", "points-failing")
        } else {
            ("letter-points-good", "points-good")
        };
        let object = json!({ "repository": one.location, "failure": one.failure }).to_string();
        let location = one.location.clone();
        let mark = move |tx: &mut Tx<'_>| journal::mark_told(tx, &location, what);
        letters::tell_keepers(controls, key, values, (action, object, !is_failing), mark).await;
    }
}

/// Repositories to which steps go, and that have no backup from which they lead on.
pub(super) async fn unbased(controls: &Controls) -> Result<HashSet<String>, Refused> {
    let reached = controls.store.read(journal::reached).await.map_err(Refused::because)?;
    Ok(reached.into_iter().filter(|one| one.based == 0).map(|one| one.location).collect())
}

/// Notes a backup from which steps lead on.
pub(super) async fn note_based(controls: &Controls, location: &str, taken: &Taken) {
    let Some(point) = taken.point else { return };
    let (location, moment) = (location.to_owned(), taken.backup.taken_millis);
    let noting = controls.store.write_freeing(move |tx| journal::note_based(tx, &location, point.chain, moment)).await;
    if let Err(error) = noting {
        tracing::error!(%error, "cannot note that steps lead on from a backup");
    }
}

/// Deletes steps whose time is over.
pub(super) async fn prune(controls: &Controls, target: &Target, now: i64, told: &mut Value) {
    let pruning = async {
        let days = match controls.elsewhere.points()?.days {
            0 => days_of(level(controls).await?),
            days => days,
        };
        let doors = controls.backup.doors(&target.location);
        let mut doors = doors.lock().await;
        // What is deleted now must not be taken for there.
        *doors = Doors::default();
        let target = target.clone();
        blocking(move || Keep::apply_to_steps(&target, days, now)).await
    };
    match pruning.await {
        Ok(deleted) => merge(told, json!({ "deleted_steps": deleted })),
        Err(Refused(why)) => merge(told, json!({ "steps_not_deleted": why })),
    }
}

/// A span of moments that can be reached, as it is told.
pub(super) fn told(span: &Span) -> Value {
    json!({
        "from": moment_text(span.from),
        "to": moment_text(span.to),
        "to_millis": span.to,
        "steps": span.steps,
    })
}

/// How points in time stand, by repository.
pub(super) async fn status(controls: &Controls) -> Result<BTreeMap<String, Value>, Refused> {
    let now = controls.store.context().clock.now().millis();
    let reached = controls.store.read(journal::reached).await.map_err(Refused::because)?;
    let one = |one: Reached| {
        let moment = |millis: i64| (millis != 0).then(|| moment_text(millis));
        let told = json!({
            "from": moment(one.based),
            "last": moment(one.taken),
            "lacks_seconds": (now - one.clean) / 1000,
            "failing_since": moment(one.failing_since),
            "failure": Some(one.failure).filter(|failure| !failure.is_empty()),
        });
        (one.location, told)
    };
    Ok(reached.into_iter().map(one).collect())
}
