//! How the backups stand: shown, and told to those who look after the machine, once for each change.

use std::time::Duration;

use ::backup::{Backup, Health, Standing, mark_told, size, standing};
use identity::Language;
use serde_json::{Value, json};

use super::super::letters;
use super::super::{Controls, Refused};
use super::lacks::{Lack, lacks};
use super::{blocking, days_of, level, merge};

/// So many times the time between two backups may pass before one is late.
const LATE_AFTER: u32 = 2;

pub(super) async fn of(controls: &Controls, location: &str) -> Result<Option<Standing>, Refused> {
    let location = location.to_owned();
    controls.store.read(move |tx| standing(tx, &location)).await.map_err(Refused::because)
}

/// Notes a backup that is there. What cannot be noted is logged: the backup itself stands.
pub(super) async fn note_good(controls: &Controls, location: &str, backup: Backup) {
    let location = location.to_owned();
    let noting = controls.store.write_freeing(move |tx| ::backup::note_good(tx, &location, &backup)).await;
    if let Err(error) = noting {
        tracing::error!(%error, "cannot note that a backup was taken");
    }
}

/// Notes one that failed.
pub(super) async fn note_failed(controls: &Controls, location: &str, why: &str) {
    let (location, why) = (location.to_owned(), why.to_owned());
    let noting = controls.store.write_freeing(move |tx| ::backup::note_failed(tx, &location, &why)).await;
    if let Err(error) = noting {
        tracing::error!(%error, "cannot note that a backup failed");
    }
}

fn late_after(every: Option<Duration>) -> Option<Duration> {
    every.map(|every| every.saturating_mul(LATE_AFTER))
}

/// How the backups stand, by repository.
pub(in super::super) async fn status(controls: &Controls) -> Result<Value, Refused> {
    let plan = controls.elsewhere.backups()?;
    let level = level(controls).await?;
    let missing: Vec<&str> =
        lacks(&plan, controls.elsewhere.points()?.wanted, level).into_iter().map(Lack::as_str).collect();
    let days = if plan.keep.days == 0 { days_of(level) } else { plan.keep.days };
    let now = controls.store.context().clock.now();
    let points = super::points::status(controls).await?;
    let mut repositories = Vec::new();
    for target in plan.targets {
        let crossing = super::copy_may_cross(controls, &target, false).await.err().map(|refused| refused.0);
        let found = of(controls, &target.location).await?;
        let next = found.as_ref().and_then(|found| found.good).zip(plan.every);
        let under_way = controls.backup.under_way().filter(|it| it.location == target.location).map(|it| {
            let (total, read) = it.progress.bytes();
            json!({ "since": it.since.to_string(), "total_bytes": total, "read_bytes": read })
        });
        let mut told = json!({
            "repository": target.location,
            "state": found.as_ref().map_or("none", |found| found.health(now, late_after(plan.every)).as_str()),
            "last_good": found.as_ref().and_then(|found| found.good).map(|good| good.to_string()),
            "age_seconds": found.as_ref().and_then(|found| found.good).map(|good| (now.millis() - good.millis()) / 1000),
            "next": next.map(|(good, every)| good.plus(every).to_string()),
            "bytes": found.as_ref().map(|found| found.bytes),
            "added_bytes": found.as_ref().map(|found| found.added_bytes),
            "under_way": under_way,
            "failing_since": found.as_ref().and_then(|found| found.failing_since).map(|since| since.to_string()),
            "failure": found.map(|found| found.failure).filter(|failure| !failure.is_empty()),
        });
        merge(&mut told, json!({ "points": points.get(&target.location) }));
        let (bytes, unreachable) = match blocking(move || size(&target)).await {
            Ok(bytes) => (Some(bytes), None),
            Err(Refused(why)) => (None, Some(why)),
        };
        merge(&mut told, json!({ "repository_bytes": bytes, "unreachable": unreachable, "may_not_cross": crossing }));
        repositories.push(told);
    }
    Ok(json!({ "level": level.as_str(), "keep_days": days, "missing": missing, "repositories": repositories }))
}

/// Tells those who look after the machine of each repository whose state has changed since they were told last, and records it. What
/// cannot be told now is told at the next call.
pub(super) async fn tell(controls: &Controls, every: Option<Duration>) {
    let Ok(plan) = controls.elsewhere.backups() else { return };
    for target in plan.targets {
        let Ok(Some(found)) = of(controls, &target.location).await else { continue };
        let health = found.health(controls.store.context().clock.now(), late_after(every));
        if health != found.told {
            tell_one(controls, found, health).await;
        }
    }
}

async fn tell_one(controls: &Controls, found: Standing, health: Health) {
    let values = |language: Language| {
        let good = match found.good {
            Some(good) => good.to_string(),
            None => ::letters::Texts::of(language).say("backup-never", &[]),
        };
        let why = if found.failure.is_empty() { "-".to_owned() } else { found.failure.clone() };
        vec![("where", found.location.clone()), ("good", good), ("why", why)]
    };
    let (key, action) = match health {
        Health::Good => ("letter-backup-good", "backup-good"),
        Health::Failing => ("letter-backup-failing", "backup-failing"),
        Health::Late => ("letter-backup-late", "backup-late"),
    };
    let object = json!({ "repository": found.location, "failure": found.failure }).to_string();
    let location = found.location.clone();
    let mark = move |tx: &mut ::store::Tx<'_>| mark_told(tx, &location, health);
    letters::tell_keepers(controls, key, values, (action, object, health == Health::Good), mark).await;
}

/// Tells of what has become late since the last look.
pub async fn tell_of_backups(controls: &Controls, every: Duration) {
    tell(controls, Some(every)).await;
}
