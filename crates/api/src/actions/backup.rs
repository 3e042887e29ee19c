//! Backups.

use std::time::Duration;

use ::backup::{Keep, StoredKeys, Target, Wanted, check, list, take};
use ::store::erasures::{self, Erasure};
use env::Timestamp;
use identity::Level;
use serde_json::{Value, json};

use super::{Controls, Refused};

/// Days for which every backup is kept, by level.
const fn days_of(level: Level) -> u32 {
    match level {
        Level::Basic => 7,
        Level::Enhanced => 30,
        Level::Trade => 90,
    }
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
}

/// The highest level among the organisations decides, since one backup holds them all.
async fn days_by_level(controls: &Controls) -> Result<u32, Refused> {
    let organisations = controls.store.read(identity::list_organisations).await.map_err(Refused::because)?;
    Ok(organisations.iter().map(|one| days_of(one.level)).max().unwrap_or(days_of(Level::Basic)))
}

fn targets(controls: &Controls) -> Result<BackupPlan, Refused> {
    let plan = controls.elsewhere.backups()?;
    if plan.targets.is_empty() {
        return Err(Refused("no backups are set up; name a directory in backup.repositories".to_owned()));
    }
    Ok(plan)
}

/// Takes one into every repository. One that fails does not keep the others from theirs.
pub(super) async fn run(controls: &Controls) -> Result<Value, Refused> {
    let BackupPlan { targets, wanted, mut keep, prune } = targets(controls)?;
    if keep.days == 0 {
        keep.days = days_by_level(controls).await?;
    }
    let (mut taken, mut failed) = (Vec::new(), Vec::new());
    for target in targets {
        match take(&controls.store, &target, wanted.clone(), prune).await {
            Ok(backup) => {
                tracing::info!(location = %target.location, messages = backup.messages, added_bytes = backup.backup.added_bytes, "backup taken");
                let mut told = serde_json::to_value(&backup).map_err(Refused::because)?;
                if prune {
                    let (pruned, now) = (target.clone(), controls.store.context().clock.now().millis());
                    match blocking(move || keep.apply(&pruned, now)).await {
                        Ok(kept) => merge(&mut told, json!({ "kept": kept.kept, "deleted": kept.deleted })),
                        // The backup stands; only older ones are there for longer than they should be.
                        Err(Refused(why)) => merge(&mut told, json!({ "not_deleted": why })),
                    }
                }
                if let Err(Refused(why)) = carry_to(controls, target, prune).await {
                    merge(&mut told, json!({ "not_erased": why }));
                }
                taken.push(told);
            }
            Err(error) => failed.push(error.to_string()),
        }
    }
    if failed.is_empty() { Ok(json!({ "backups": taken })) } else { Err(Refused(failed.join("; "))) }
}

/// Takes one if the newest in any repository is older than `every`, or was taken after now, as by a clock that went wrong. Says whether it did.
///
/// # Errors
/// [`Refused`] if one is due and cannot be taken.
pub async fn back_up_when_due(controls: &Controls, every: Duration) -> Result<bool, Refused> {
    let plan = controls.elsewhere.backups()?;
    let now = controls.store.context().clock.now().millis();
    let every = i64::try_from(every.as_millis()).unwrap_or(i64::MAX);
    let mut is_due = false;
    for target in plan.targets {
        // One that cannot be read is tried, and says why.
        let newest =
            blocking(move || list(&target)).await.ok().and_then(|backups| backups.last().map(|one| one.taken_millis));
        is_due |= newest.is_none_or(|taken| !(0..every).contains(&(now - taken)));
    }
    if is_due {
        run(controls).await?;
    }
    Ok(is_due)
}

/// Has what was erased go from wherever keys are left: the store's own log, and what is kept beside the backups. Gives how many erasures reached a place.
///
/// # Errors
/// [`Refused`] with all places that cannot be reached now, which are tried again.
pub async fn carry_erasures_on(controls: &Controls) -> Result<usize, Refused> {
    let store = &controls.store;
    let mut failed = Vec::new();
    let mut reached = match erasures::reach_store(store).await {
        Ok(reached) => reached,
        Err(error) => {
            failed.push(format!("the store: {error}"));
            0
        }
    };
    let BackupPlan { targets, prune, .. } = controls.elsewhere.backups()?;
    for target in targets {
        match carry_to(controls, target.clone(), prune).await {
            Ok(more) => reached += more,
            Err(Refused(why)) => failed.push(why),
        }
    }
    if failed.is_empty() { Ok(reached) } else { Err(Refused(failed.join("; "))) }
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
    let written = blocking(move || keys.write(&target, now, prune)).await?;
    if !written {
        return Err(Refused(format!(
            "{place}/account-keys: older keys are there, which are not ours to delete (backup.prune); delete them with: restic -r {place}/account-keys forget --keep-last 1 --prune --group-by ''"
        )));
    }
    let reached = pending.len();
    store.write(move |tx| erasures::note_reached(tx, &place, &pending)).await.map_err(Refused::because)?;
    Ok(reached)
}

/// The accounts that were erased, and from where their keys are gone.
pub(super) async fn list_erasures(controls: &Controls) -> Result<Value, Refused> {
    let plan = controls.elsewhere.backups()?;
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
        repositories.push(match blocking(move || list(&target)).await {
            Ok(backups) => json!({ "repository": location, "backups": backups }),
            Err(Refused(why)) => json!({ "repository": location, "failure": why }),
        });
    }
    Ok(json!({ "repositories": repositories }))
}

/// Whether they are whole.
pub(super) async fn check_all(controls: &Controls, read_data: bool) -> Result<Value, Refused> {
    let plan = targets(controls)?;
    let (mut repositories, mut sound) = (Vec::new(), true);
    for target in plan.targets {
        let location = target.location.clone();
        let told = match blocking(move || check(&target, read_data)).await {
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

fn merge(told: &mut Value, more: Value) {
    if let (Value::Object(told), Value::Object(more)) = (told, more) {
        told.extend(more);
    }
}
