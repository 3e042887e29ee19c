//! A server whose database is damaged comes back from its newest good backup by itself. What is damaged is put aside and never deleted.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use api::actions::{Controls, Refused, tell_of_recovery};
use backup::{Backup, Chosen, Opened, Target, list};
use env::{Clock, Entropy, SystemClock, SystemEntropy, Timestamp};
use identity::Level;
use serde_json::{Value, json};
use store::{Context, Place, Store, StoreError};
use tokio::runtime::Handle;

use crate::keys::KeyPlace;
use crate::settings::{Settings, with_noted};
use crate::system::place;

/// What is still to be told of a recovery, in the server's directory.
const NOTE: &str = "recovered.json";

/// Opens the store that `settings` name. If its database is found damaged, the newest good backup is taken up in its place, where that is set.
pub(crate) async fn open_store(settings: &Settings) -> Result<Store, Refused> {
    match open(settings, place(settings)?).await? {
        Ok(store) => Ok(store),
        Err(error) if error.is_of_damaged_database() => {
            tracing::error!(%error, "the store cannot be opened");
            recover(settings, &error).await?;
            open(settings, place(settings)?).await?.map_err(Refused::because)
        }
        Err(error) => Err(Refused::because(error)),
    }
}

async fn open(settings: &Settings, place: Place) -> Result<Result<Store, StoreError>, Refused> {
    let key = KeyPlace::of(settings).read().map_err(Refused::because)?.key();
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy::default());
    let context = Context::new(Arc::new(SystemClock), entropy, settings.server.node, key);
    Ok(Store::open(place, context).await)
}

async fn recover(settings: &Settings, cause: &StoreError) -> Result<(), Refused> {
    let told = match cause {
        StoreError::Database { .. } => cause.to_string(),
        // As the engine says it, without a remedy.
        other => StoreError::Database { what: other.to_string() }.to_string(),
    };
    let refused = |why: &str| Refused(format!("{told}. {why}"));
    let Place::Embedded(directory) = place(settings)? else { return Err(Refused(told)) };
    if settings.backup.recover != "automatic" {
        return Err(refused("It is not restored by itself, since backup.recover is \"manual\"."));
    }
    let settings = &with_noted(settings);
    if settings.backup.repositories.is_empty() || !settings.backup.password_file.exists() {
        return Err(refused("It cannot be restored by itself: no backups are set up."));
    }
    let targets = crate::backup::plan(settings, settings, &Opened::default())?.targets;
    let now = SystemClock.now();
    let fresh = directory.with_file_name(format!("store.restoring-{}", now.millis()));
    let mut failures = Vec::new();
    for (target, backup) in newest_first(targets, &mut failures, now).await {
        tracing::warn!(backup = backup.id, taken = backup.taken, "the store is brought back from this backup");
        let built = match build(settings, &fresh, target.clone(), &backup, true).await {
            Err(Refused(why)) => {
                tracing::error!(backup = backup.id, why, "it cannot be taken up with the steps after it");
                drop(fs::remove_dir_all(&fresh));
                build(settings, &fresh, target, &backup, false).await
            }
            built => built,
        };
        match built {
            Ok(moment) => {
                let aside = put_in_place(&directory, &fresh, now)?;
                let told = json!({
                    "from": moment, "until": now.to_string(), "backup": backup.id,
                    "aside": aside.display().to_string(), "cause": cause.to_string(),
                });
                fs::write(settings.server.directory.join(NOTE), told.to_string()).map_err(Refused::because)?;
                return Ok(());
            }
            Err(Refused(why)) => {
                tracing::error!(backup = backup.id, why, "this backup cannot be taken up");
                failures.push(format!("backup {} of {}: {why}", backup.id, backup.taken));
                // What was built of it here is no use; the damaged store is as it was.
                drop(fs::remove_dir_all(&fresh));
            }
        }
    }
    let tried = if failures.is_empty() { "there is none".to_owned() } else { failures.join("; ") };
    Err(refused(&format!("No backup could be taken up in its place, and nothing was changed: {tried}")))
}

/// The backups, the newest first; those of times to come, which a clock that was wrong has taken, last.
async fn newest_first(targets: Vec<Target>, failures: &mut Vec<String>, now: Timestamp) -> Vec<(Target, Backup)> {
    let mut all = Vec::new();
    for target in targets {
        let listing = target.clone();
        match tokio::task::spawn_blocking(move || list(&listing)).await {
            Ok(Ok(backups)) => all.extend(backups.into_iter().map(|backup| (target.clone(), backup))),
            Ok(Err(error)) => failures.push(error.to_string()),
            Err(error) => failures.push(error.to_string()),
        }
    }
    let soon = now.plus(crate::backup::CLOCK_GRACE).millis();
    all.sort_by_key(|(_, backup)| (backup.taken_millis > soon, std::cmp::Reverse(backup.taken_millis)));
    all
}

/// Builds a store from a backup in the directory `fresh`, and with the steps after it where that is asked for, and checks it. Gives the moment
/// that it shows.
async fn build(
    settings: &Settings,
    fresh: &Path,
    target: Target,
    backup: &Backup,
    with_steps: bool,
) -> Result<String, Refused> {
    let id = backup.id.clone();
    let opening =
        move || if with_steps { Chosen::open_on(&target, &id) } else { Chosen::open(&target, Some(&id), None) };
    let opening = tokio::task::spawn_blocking(opening).await;
    let chosen = opening.map_err(Refused::because)?.map_err(Refused::because)?;
    let store = open(settings, Place::Embedded(fresh.to_owned())).await?.map_err(Refused::because)?;
    let moment = Timestamp::from_millis(chosen.moment()).to_string();
    let outcome = fill(&store, chosen).await;
    store.close().await;
    outcome.map(|()| moment)
}

async fn fill(store: &Store, chosen: Chosen) -> Result<(), Refused> {
    chosen.manifest().opens_with(&store.context().keys.region(), SystemClock.now()).map_err(Refused::because)?;
    let (filling, runtime) = (store.clone(), Handle::current());
    let filled = tokio::task::spawn_blocking(move || chosen.fill(&filling, chosen.account_keys()?, &runtime)).await;
    let restored = filled.map_err(Refused::because)?.map_err(Refused::because)?;
    let erased = identity::erase_restored(store).await.map_err(Refused::because)?;
    let report = store::check::run(store, false).await.map_err(Refused::because)?;
    let is_complete =
        report.accounts + erased == restored.accounts && (report.messages == restored.messages || erased > 0);
    if !report.findings.is_empty() || !is_complete {
        let findings: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
        return Err(Refused(format!("what it restores is not whole: {}", findings.join("; "))));
    }
    let organisations = store.read(identity::list_organisations).await.map_err(Refused::because)?;
    if organisations.iter().any(|one| matches!(one.level, Level::Enhanced | Level::Trade)) {
        Ok(())
    } else {
        Err(Refused(
            "stores are restored by themselves at level enhanced and above; here every organisation is basic"
                .to_owned(),
        ))
    }
}

/// Puts the damaged store aside and the fresh one in its place; gives where the damaged one is.
fn put_in_place(directory: &Path, fresh: &Path, now: Timestamp) -> Result<PathBuf, Refused> {
    let aside = directory.with_file_name(format!("store.damaged-{}", now.to_string().replace(':', "")));
    let failed = |error: std::io::Error| Refused(format!("{}: {error}", directory.display()));
    fs::rename(directory, &aside).map_err(failed)?;
    if let Err(error) = fs::rename(fresh, directory) {
        fs::rename(&aside, directory).map_err(failed)?;
        return Err(failed(error));
    }
    if let Some(parent) = directory.parent() {
        File::open(parent).and_then(|parent| parent.sync_all()).map_err(failed)?;
    }
    Ok(aside)
}

/// Tells of a recovery that nobody was told of yet.
pub(crate) async fn tell(settings: &Settings, controls: &Controls) {
    let path = settings.server.directory.join(NOTE);
    let Ok(text) = fs::read_to_string(&path) else { return };
    let told: Value = serde_json::from_str(&text).unwrap_or_default();
    tell_of_recovery(controls, &told).await;
    if let Err(error) = fs::remove_file(&path) {
        tracing::warn!(%error, "administrators are told of the recovery again at the next start");
    }
}
