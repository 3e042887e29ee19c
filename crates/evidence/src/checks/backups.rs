//! Backups, points in time, rehearsals, damage.

use std::time::Duration;

use backup::{Health, standing};
use store::{journal, params};

use super::{DAY, text_list};
use crate::EvidenceError;
use crate::look::Look;
use identity::Level;

/// So many times the time between two backups may pass before one is late.
const LATE_TIMES: u32 = 2;

/// Points in time may lack so much, in milliseconds, before a person is to look.
const POINTS_MILLIS_MAX: i64 = 600_000;

/// As may pass after a rehearsal was due.
const REHEARSAL_GRACE: Duration = Duration::from_secs(7 * 86_400);

/// As after a walk through all content was due.
const WALK_GRACE_DAYS: i64 = 7;

pub(crate) fn backups(look: &mut Look<'_, '_>) -> Result<(), EvidenceError> {
    let now = look.now();
    let facts = &look.around().backups;
    look.read("repositories", "backup.repositories", facts.repositories.len());
    if facts.repositories.is_empty() {
        look.wrong("no-backup", &[]);
    }
    let late = facts.every.map(|every| every.saturating_mul(LATE_TIMES));
    for location in &facts.repositories {
        let Some(found) = standing(look.tx(), location)? else {
            look.wrong("backup-never", &[("repository", location.clone())]);
            continue;
        };
        let hours = found.good.map(|good| (now.millis() - good.millis()) / super::HOUR);
        look.read("backup-hours", "backup_standing", hours);
        match found.health(now, late) {
            Health::Good if found.good.is_none() => look.wrong("backup-never", &[("repository", location.clone())]),
            Health::Good => {}
            Health::Failing => {
                look.wrong("backup-failing", &[("repository", location.clone()), ("cause", found.failure)]);
            }
            Health::Late => look.wrong(
                "backup-late",
                &[
                    ("repository", location.clone()),
                    ("hours", hours.map_or_else(|| "-".to_owned(), |hours| hours.to_string())),
                ],
            ),
        }
    }
    Ok(())
}

pub(crate) fn places(look: &mut Look<'_, '_>) -> Result<(), EvidenceError> {
    let facts = &look.around().backups;
    look.read("level", "organisation", look.level().as_str());
    look.read("repositories", "backup.repositories", facts.repositories.len());
    look.read("backup-lacks", "backup", text_list(&facts.lacks));
    for lack in &facts.lacks {
        let key = lack_key(lack);
        let level = [("level", look.level().to_string())];
        look.wrong(key, if key == "no-backup" { &[] } else { &level });
    }
    if facts.may_not_cross > 0 {
        look.wrong("backup-crosses", &[("repositories", facts.may_not_cross.to_string())]);
    }
    Ok(())
}

fn lack_key(lack: &str) -> &'static str {
    match lack {
        "none" => "no-backup",
        "local" => "backup-local",
        "one-region" => "backup-one-region",
        "deletable" => "backup-deletable",
        "short" => "backup-short",
        "no-points" => "backup-no-points",
        _ => "backup-by-hand",
    }
}

pub(crate) fn points(look: &mut Look<'_, '_>) -> Result<(), EvidenceError> {
    let now = look.now().millis();
    let facts = &look.around().backups;
    look.setting("backup.points_in_time", facts.points);
    if !facts.points {
        if look.level() > Level::Basic {
            look.wrong("backup-no-points", &[("level", look.level().to_string())]);
        }
        return Ok(());
    }
    let reached = journal::reached(look.tx())?;
    let most =
        POINTS_MILLIS_MAX.max(i64::try_from(facts.step_every.as_millis()).unwrap_or(i64::MAX).saturating_mul(10));
    for location in &facts.repositories {
        let Some(one) = reached.iter().find(|one| one.location == *location && one.clean != 0) else {
            look.wrong("points-never", &[("repository", location.clone())]);
            continue;
        };
        let lacks = (now - one.clean).max(0);
        look.read("points-lack-seconds", "journal_reached", lacks / 1000);
        if lacks > most || one.failing_since != 0 {
            let cause = if one.failure.is_empty() { "-".to_owned() } else { one.failure.clone() };
            let values = [("repository", location.clone()), ("seconds", (lacks / 1000).to_string()), ("cause", cause)];
            look.wrong("points-late", &values);
        }
    }
    Ok(())
}

pub(crate) fn rehearsal(look: &mut Look<'_, '_>) -> Result<(), EvidenceError> {
    let now = look.now();
    let facts = look.around().rehearsal;
    look.setting("rehearsal.every_days", facts.every.as_secs() / 86_400);
    let Some((at, is_sound)) = facts.last else {
        look.wrong("rehearsal-never", &[]);
        return Ok(());
    };
    look.read("rehearsal-days", "rehearsal.directory", now.since(at).as_secs() / 86_400);
    look.read("rehearsal-sound", "rehearsal.directory", is_sound);
    if !is_sound {
        look.wrong("rehearsal-unsound", &[("at", at.to_string())]);
    } else if facts.every.is_zero() || now.since(at) > facts.every.saturating_add(REHEARSAL_GRACE) {
        look.wrong("rehearsal-late", &[("at", at.to_string())]);
    }
    Ok(())
}

pub(crate) fn content(look: &mut Look<'_, '_>) -> Result<(), EvidenceError> {
    let now = look.now().millis();
    let days = look.around().scrub_days;
    look.setting("store.scrub_days", days);
    if days == 0 {
        look.wrong("walk-off", &[]);
    }
    let damaged = look.count("blobs-damaged", "damaged_blob", "SELECT COUNT(*) FROM damaged_blob", &[])?;
    if damaged > 0 {
        look.wrong("content-damaged", &[("blobs", damaged.to_string())]);
    }
    let walk = look
        .tx()
        .row("SELECT begun, finished FROM scrub WHERE id = 1", params![], |row| Ok((row.int(0)?, row.int(1)?)))?;
    // One that is under way began after another, or is the first.
    let latest = walk.map_or(0, |(begun, finished)| begun.max(finished));
    if latest == 0 {
        look.person("walk-never", &[]);
        return Ok(());
    }
    let age = (now - latest) / DAY;
    look.read("walk-days", "scrub", age);
    if days > 0 && age > i64::from(days) + WALK_GRACE_DAYS {
        look.wrong("walk-late", &[("days", age.to_string())]);
    }
    Ok(())
}
