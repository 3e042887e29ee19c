//! Backups.

pub(super) mod earlier;
mod lacks;
pub(super) mod points;
pub(super) mod standing;
mod work;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ::backup::{Keep, Kept, Kind, Reading, StoredKeys, Target, Wanted, check, list, list_points, take, take_out};
use ::store::erasures::{self, Erasure};
use ::store::journal;
use env::Timestamp;
use identity::Level;
use serde_json::{Value, json};

use super::{Controls, Refused, regions};
pub use points::{PointsPlan, PointsWanted, Stepping, is_replaced, take_steps};
pub use work::BackupWork;

const DAY_MILLIS: i64 = 86_400_000;

/// So many times the time between two backups may pass before the clock is doubted.
const GAP_MAX: u32 = 10;

/// Days for which every backup is kept, by level.
const fn days_of(level: Level) -> u32 {
    match level {
        Level::Basic => 7,
        Level::Enhanced => 30,
        Level::Trade => 90,
    }
}

/// What a level asks of backups, by name.
pub(super) fn asked_of(level: Level) -> [(&'static str, String); 5] {
    [
        ("keep_days", days_of(level).to_string()),
        ("off_machine", (level >= Level::Enhanced).to_string()),
        ("regions", if level >= Level::Trade { lacks::REGIONS_MIN } else { 1 }.to_string()),
        ("undeletable", (level >= Level::Trade).to_string()),
        (
            "points_in_time_days",
            if PointsWanted::ByLevel.is_wanted(level) { points::days_of(level) } else { 0 }.to_string(),
        ),
    ]
}

/// What is backed up, where to, and for how long.
pub struct BackupPlan {
    /// Each gets every backup.
    pub targets: Vec<Target>,
    /// What is in one beside the store.
    pub wanted: Wanted,
    /// How long they are kept; days may be 0 for what the level asks.
    pub keep: Keep,
    /// Whether we delete those whose time is over.
    pub prune: bool,
    /// Into how many parts a repository is divided, one of which is read back with each backup; 0 for none.
    pub parts: u32,
    /// Time between two backups, if they are taken by themselves.
    pub every: Option<Duration>,
    /// Directory that mail from a backup is looked through in; it is made and removed as needed.
    pub scratch: PathBuf,
}

/// The highest level among the organisations decides, since one backup holds them all.
async fn level(controls: &Controls) -> Result<Level, Refused> {
    let organisations = controls.store.read(identity::list_organisations).await.map_err(Refused::because)?;
    Ok(organisations.iter().map(|one| one.level).max().unwrap_or(Level::Basic))
}

fn targets(controls: &Controls) -> Result<BackupPlan, Refused> {
    let plan = controls.elsewhere.backups()?;
    if plan.targets.is_empty() {
        return Err(Refused("no backups are set up; name a directory in backup.repositories".to_owned()));
    }
    Ok(plan)
}

/// Takes one into every repository, or into those of `only`. One that fails does not keep the others from theirs.
pub(super) async fn run(controls: &Controls, only: Option<&[String]>) -> Result<Value, Refused> {
    // Two at once would only take each other's time.
    let _alone = controls.backup.taking.lock().await;
    let BackupPlan { mut targets, wanted, mut keep, prune, parts, every, .. } = targets(controls)?;
    let level_days = days_of(level(controls).await?);
    if keep.days == 0 {
        keep.days = level_days;
    }
    let days = Duration::from_secs(u64::from(keep.days) * 86_400);
    keep.gap_max = every.map(|every| days.max(every.saturating_mul(GAP_MAX)));
    targets.retain(|target| only.is_none_or(|only| only.contains(&target.location)));
    let (mut taken, mut failed) = (Vec::new(), Vec::new());
    for target in targets {
        let target = target.locked_by_level(level_days);
        if let Err(Refused(why)) = copy_may_cross(controls, &target, true).await {
            tracing::error!(%why, "a backup is not taken");
            standing::note_failed(controls, &target.location, &why).await;
            failed.push(why);
            continue;
        }
        let mut wanted = wanted.clone();
        wanted.progress = Arc::default();
        let under_way = controls.backup.begin(&target.location, &wanted.progress, controls.store.context().clock.now());
        let outcome = take(&controls.store, &target, wanted, prune).await;
        drop(under_way);
        let location = target.location.clone();
        match outcome {
            Ok(backup) => {
                tracing::info!(%location, messages = backup.messages, added_bytes = backup.backup.added_bytes, "backup taken");
                let mut told = serde_json::to_value(&backup).map_err(Refused::because)?;
                let now = controls.store.context().clock.now().millis();
                if prune {
                    let (target, of_steps) = (target.clone(), target.clone());
                    let outcome = blocking(move || keep.apply(&target, now)).await;
                    if !matches!(outcome, Ok(Kept { gap_days: Some(_), .. })) {
                        points::prune(controls, &of_steps, now, &mut told).await;
                    }
                    match outcome {
                        Ok(Kept { gap_days: Some(days), .. }) => {
                            tracing::error!(%location, days, "the last backup but one is so long ago that nothing was deleted; is the clock right?");
                            let why = format!(
                                "{days} days lie between this backup and the one before; if the clock is wrong set it right, else what is over goes with the next backup"
                            );
                            merge(&mut told, json!({ "not_deleted": why }));
                        }
                        Ok(kept) => merge(&mut told, json!({ "kept": kept.kept, "deleted": kept.deleted })),
                        // The backup stands; only older ones are there for longer than they should be.
                        Err(Refused(why)) => merge(&mut told, json!({ "not_deleted": why })),
                    }
                }
                if let Err(Refused(why)) = carry_to(controls, target.clone(), prune).await {
                    merge(&mut told, json!({ "not_erased": why }));
                }
                match look_into(&target, parts, now, prune).await {
                    Ok(()) => {
                        points::note_based(controls, &location, &backup).await;
                        standing::note_good(controls, &location, backup.backup).await;
                    }
                    Err(Refused(why)) => {
                        standing::note_failed(controls, &location, &why).await;
                        merge(&mut told, json!({ "damaged": why }));
                        failed.push(why);
                    }
                }
                taken.push(told);
            }
            Err(error) => {
                tracing::error!(%location, %error, "a backup failed");
                standing::note_failed(controls, &location, &error.to_string()).await;
                failed.push(error.to_string());
            }
        }
    }
    standing::tell(controls, every).await;
    if failed.is_empty() { Ok(json!({ "backups": taken })) } else { Err(Refused(failed.join("; "))) }
}

/// Whether a copy may be in this repository, by the rules of crossings.
async fn copy_may_cross(controls: &Controls, target: &Target, enters: bool) -> Result<(), Refused> {
    let here = controls.elsewhere.region();
    let home = target.home().or_else(|| (!Kind::of(&target.location).is_elsewhere()).then(|| here.name.clone()));
    regions::check_copy(controls, &here, (&target.location, home), enters).await
}

/// What backups lack for `level`, as words.
pub(super) fn lacking(plan: &BackupPlan, points: PointsWanted, level: Level) -> Vec<&'static str> {
    lacks::lacks(plan, points, level).into_iter().map(lacks::Lack::as_str).collect()
}

/// Into how many repositories copies may not cross.
pub(super) async fn may_not_cross(controls: &Controls, plan: &BackupPlan) -> usize {
    let mut refused = 0;
    for target in &plan.targets {
        refused += usize::from(copy_may_cross(controls, target, false).await.is_err());
    }
    refused
}

/// What the level asks of backups, what they lack, and which copies may not cross.
pub(super) async fn needs(controls: &Controls) -> Result<Value, Refused> {
    let plan = controls.elsewhere.backups()?;
    let level = level(controls).await?;
    let missing: Vec<&str> =
        lacks::lacks(&plan, controls.elsewhere.points()?.wanted, level).into_iter().map(lacks::Lack::as_str).collect();
    let mut refused = Vec::new();
    for target in &plan.targets {
        if let Err(Refused(why)) = copy_may_cross(controls, target, false).await {
            refused.push(json!({ "repository": target.location, "why": why }));
        }
    }
    Ok(json!({
        "level": level.as_str(),
        "wants": {
            "days": days_of(level),
            "off_machine": level >= Level::Enhanced,
            "regions": if level >= Level::Trade { lacks::REGIONS_MIN } else { 1 },
            "undeletable": level >= Level::Trade,
        },
        "missing": missing,
        "refused": refused,
    }))
}

/// Says in the log which copies may not cross, as a server starts: no backup goes there until a rule lets it.
pub async fn tell_of_crossings(controls: &Controls) {
    if !controls.elsewhere.region().is_set() {
        return;
    }
    let Ok(plan) = controls.elsewhere.backups() else { return };
    for target in &plan.targets {
        if let Err(Refused(why)) = copy_may_cross(controls, target, false).await {
            tracing::error!(%why, "backups into this repository are not taken");
        }
    }
}

/// Reads a part of the repository back, another one each day. What does not fit is taken out, so that the next backup stores it anew.
async fn look_into(target: &Target, parts: u32, now: i64, may_remove: bool) -> Result<(), Refused> {
    if parts == 0 {
        return Ok(());
    }
    let number = u32::try_from((now / DAY_MILLIS).rem_euclid(i64::from(parts))).unwrap_or(0) + 1;
    let looking = target.clone();
    let checked = blocking(move || check(&looking, Reading::Part { number, of: parts })).await?;
    if checked.sound {
        return Ok(());
    }
    let what = checked.findings.join("; ");
    if !may_remove {
        return Err(Refused(format!("{} is damaged: {what}", target.location)));
    }
    let looking = target.clone();
    let count = blocking(move || take_out(&looking, &checked.damaged)).await?;
    let location = &target.location;
    Err(Refused(format!(
        "{location} is damaged: {what}. {count} files of it were taken out; the next backup stores anew what they held"
    )))
}

/// Takes one into each repository whose newest is older than `every`, or was taken after now, as by a clock that went wrong, or that failed, or
/// from which steps cannot lead on.
/// Says whether there was such a repository.
///
/// # Errors
/// [`Refused`] if one is due and cannot be taken.
pub async fn back_up_when_due(controls: &Controls, every: Duration) -> Result<bool, Refused> {
    let plan = controls.elsewhere.backups()?;
    let unbased = points::unbased(controls).await?;
    let now = controls.store.context().clock.now().millis();
    let every = i64::try_from(every.as_millis()).unwrap_or(i64::MAX);
    let mut due = Vec::new();
    for target in plan.targets {
        let location = target.location.clone();
        let newest = match standing::of(controls, &location).await? {
            Some(standing) if standing.failing_since.is_some() => None,
            Some(standing) => standing.good.map(env::Timestamp::millis),
            // One that cannot be read is tried, and says why.
            None => blocking(move || list(&target)).await.ok().and_then(|all| all.last().map(|one| one.taken_millis)),
        };
        if unbased.contains(&location) || newest.is_none_or(|taken| !(0..every).contains(&(now - taken))) {
            due.push(location);
        }
    }
    if !due.is_empty() {
        run(controls, Some(&due)).await?;
    }
    Ok(!due.is_empty())
}

/// Has what was erased go from wherever keys are left: the store's own log, and what is kept beside the backups. Gives how many erasures reached a place.
///
/// # Errors
/// [`Refused`] with all places that cannot be reached now, which are tried again.
pub async fn carry_erasures_on(controls: &Controls) -> Result<usize, Refused> {
    let store = &controls.store;
    let erased = store.read(erasures::extent).await.map_err(Refused::because)?;
    if controls.backup.has_carried(erased) {
        return Ok(0);
    }
    let mut failed = Vec::new();
    let mut reached = match erasures::reach_store(store).await {
        Ok(reached) => reached,
        Err(error) => {
            failed.push(format!("the store: {error}"));
            0
        }
    };
    let PointsPlan { targets, prune, .. } = controls.elsewhere.points()?;
    for target in targets {
        match carry_to(controls, target.clone(), prune).await {
            Ok(more) => reached += more,
            Err(Refused(why)) => failed.push(why),
        }
    }
    if failed.is_empty() {
        controls.backup.note_carried(erased);
        Ok(reached)
    } else {
        Err(Refused(failed.join("; ")))
    }
}

async fn carry_to(controls: &Controls, target: Target, prune: bool) -> Result<usize, Refused> {
    let (store, place) = (&controls.store, target.location.clone());
    let asked = place.clone();
    let pending = store.read(move |tx| erasures::pending(tx, &asked)).await.map_err(Refused::because)?;
    if pending.is_empty() {
        return Ok(0);
    }
    // Read after the erasures that are waiting, so that none of them is in it.
    let keys = StoredKeys::read(store).await.map_err(Refused::because)?;
    let now = store.context().clock.now().millis();
    let generation = store.read(journal::state).await.map_err(Refused::because)?.generation;
    let written = blocking(move || keys.write(&target, now, prune, generation)).await?;
    if !written {
        return Err(Refused(format!(
            "{place}/account-keys: older keys are there, which we do not delete (backup.prune) or could not; delete them with: restic -r {place}/account-keys forget --keep-last 1 --prune --group-by ''"
        )));
    }
    let reached = pending.len();
    store.write(move |tx| erasures::note_reached(tx, &place, &pending)).await.map_err(Refused::because)?;
    Ok(reached)
}

/// The accounts that were erased, and from where their keys are gone.
pub(super) async fn list_erasures(controls: &Controls) -> Result<Value, Refused> {
    let plan = controls.elsewhere.points()?;
    let mut places: Vec<String> = plan.targets.into_iter().map(|target| target.location).collect();
    places.push(erasures::STORE.to_owned());
    let all = controls.store.read(erasures::list).await.map_err(Refused::because)?;
    let moment = |millis: i64| Timestamp::from_millis(millis).to_string();
    let one = |erasure: &Erasure| {
        let reached: serde_json::Map<_, _> =
            erasure.reached.iter().map(|(place, at)| (place.clone(), json!(moment(*at)))).collect();
        let waiting: Vec<_> = places.iter().filter(|place| !reached.contains_key(place.as_str())).collect();
        json!({
            "account": erasure.account.to_string(),
            "organisation": erasure.organisation.to_string(),
            "erased": moment(erasure.erased),
            "reached": reached,
            "waiting": waiting,
        })
    };
    Ok(json!({ "erasures": all.iter().map(one).collect::<Vec<_>>() }))
}

/// The backups that there are.
pub(super) async fn list_all(controls: &Controls) -> Result<Value, Refused> {
    let plan = targets(controls)?;
    let mut repositories = Vec::new();
    for target in plan.targets {
        let location = target.location.clone();
        repositories.push(match blocking(move || list_points(&target)).await {
            Ok(listed) => {
                let spans: Vec<Value> = listed.spans.iter().map(points::told).collect();
                json!({ "repository": location, "backups": listed.backups, "reachable": spans })
            }
            Err(Refused(why)) => json!({ "repository": location, "failure": why }),
        });
    }
    Ok(json!({ "repositories": repositories }))
}

/// Whether they are whole.
pub(super) async fn check_all(controls: &Controls, read_data: bool) -> Result<Value, Refused> {
    let reading = if read_data { Reading::All } else { Reading::Lists };
    let plan = targets(controls)?;
    let (mut repositories, mut sound) = (Vec::new(), true);
    for target in plan.targets {
        let location = target.location.clone();
        let told = match blocking(move || check(&target, reading)).await {
            Ok(checked) => {
                sound &= checked.sound;
                json!({ "repository": location, "sound": checked.sound, "findings": checked.findings })
            }
            Err(Refused(why)) => {
                sound = false;
                json!({ "repository": location, "sound": false, "failure": why })
            }
        };
        repositories.push(told);
    }
    Ok(json!({ "sound": sound, "repositories": repositories }))
}

async fn blocking<T, E>(work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, Refused>
where
    T: Send + 'static,
    E: std::fmt::Display + Send + 'static,
{
    let outcome = tokio::task::spawn_blocking(work).await;
    outcome.map_err(|_| Refused("the work on a backup panicked".to_owned()))?.map_err(Refused::because)
}

pub(super) fn merge(told: &mut Value, more: Value) {
    if let (Value::Object(told), Value::Object(more)) = (told, more) {
        told.extend(more);
    }
}
