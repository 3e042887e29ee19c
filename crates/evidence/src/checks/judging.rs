//! Judging of mail, malware, feeds, the trade guard.

use identity::Level;
use store::params;

use super::{DAY, text_list};
use crate::EvidenceError;
use crate::look::Look;
use crate::sight::{self, SightState};

/// Days within which a case of the trade guard must have been closed.
const CASE_DAYS_MAX: i64 = 3;

/// Cases that are counted.
const COUNTED_MAX: i64 = 1_000;

/// A feed that was not asked for in so many times its time is stale; in a day at least.
const FEED_TIMES: u32 = 3;

/// A look at the machine that is older counts no more.
const SIGHT_MILLIS_MAX: i64 = 2 * DAY;

pub(crate) fn judging(look: &mut Look<'_, '_>) -> Result<(), EvidenceError> {
    let facts = &look.around().judging;
    look.setting("judging.enabled", facts.incoming);
    look.setting("judging.outgoing", facts.outgoing);
    if !facts.incoming {
        look.wrong("judging-off", &[("setting", "judging.enabled".to_owned())]);
    }
    if !facts.outgoing {
        look.wrong("judging-off", &[("setting", "judging.outgoing".to_owned())]);
    }
    for organisation in look.organisations() {
        let departures = look.count(
            "judging-departures",
            "judging_policy",
            "SELECT COUNT(*) FROM judging_policy WHERE organisation = $1 AND ended = 0",
            params![organisation.id],
        )?;
        if departures > 0 {
            let values = [("settings", departures.to_string()), ("organisation", organisation.name.clone())];
            look.person("judging-departs", &values);
        }
    }
    Ok(())
}

pub(crate) fn malware(look: &mut Look<'_, '_>) -> Result<(), EvidenceError> {
    let scanners = &look.around().scanners;
    look.read("scanners", "threats", text_list(scanners));
    if scanners.is_empty() && look.level() > Level::Basic {
        look.wrong("no-scanner", &[("level", look.level().to_string())]);
    }
    let now = look.now().millis();
    let found = sight::of_kind(look.tx(), "attachments")?.into_iter().find(|seen| now - seen.at < SIGHT_MILLIS_MAX);
    match found {
        None => look.person("confinement-unseen", &[]),
        Some(seen) => {
            look.read("confinement", "inspect", seen.found.as_str());
            match seen.state {
                SightState::Sound => {}
                SightState::Wrong => look.wrong("confinement-broken", &[("found", seen.found)]),
                SightState::Unknown => look.person("confinement-partial", &[("found", seen.found)]),
            }
        }
    }
    Ok(())
}

pub(crate) fn feeds(look: &mut Look<'_, '_>) -> Result<(), EvidenceError> {
    let now = look.now();
    let feeds = &look.around().feeds;
    look.read("feeds", "threats.feed", feeds.len());
    if feeds.is_empty() && look.level() > Level::Basic {
        look.wrong("no-feed", &[("level", look.level().to_string())]);
    }
    for feed in feeds {
        let checked = feed.checked.map(|at| (now.millis() - at.millis()) / 60_000);
        look.read(
            "feed-minutes",
            "threats.feed",
            format!("{}: {}", feed.name, checked.map_or("-".to_owned(), |age| age.to_string())),
        );
        let most = i64::try_from((feed.every * FEED_TIMES).as_millis()).unwrap_or(i64::MAX).max(DAY);
        if feed.checked.is_none_or(|at| now.millis() - at.millis() > most) || !feed.fault.is_empty() {
            let cause = if feed.fault.is_empty() { "-".to_owned() } else { feed.fault.clone() };
            look.wrong("feed-stale", &[("feed", feed.name.clone()), ("cause", cause)]);
        } else if feed.waits {
            look.person("feed-waits", &[("feed", feed.name.clone())]);
        }
    }
    Ok(())
}

pub(crate) fn fraud_guard(look: &mut Look<'_, '_>) -> Result<(), EvidenceError> {
    let before = look.now().millis() - CASE_DAYS_MAX * DAY;
    let thresholds = look.around().judging.fraud_warn;
    for organisation in look.organisations() {
        let warns = match organisation.level {
            Level::Basic => thresholds[0],
            Level::Enhanced => thresholds[1],
            Level::Trade => thresholds[2],
        };
        look.read("fraud-threshold", "judging", warns);
        if organisation.level > Level::Basic && warns > 1.0 {
            look.wrong("fraud-off", &[("level", organisation.level.to_string())]);
        }
        look.count(
            "cases-open",
            "guard_case",
            "SELECT COUNT(*) FROM (SELECT 1 FROM guard_case WHERE organisation = $1 AND state IN ('open', 'proposed') LIMIT $2) AS c",
            params![organisation.id, COUNTED_MAX],
        )?;
        let old = look.count(
            "cases-old",
            "guard_case",
            "SELECT COUNT(*) FROM (SELECT 1 FROM guard_case WHERE organisation = $1 AND state IN ('open', 'proposed') AND at < $2
             LIMIT $3) AS c",
            params![organisation.id, before, COUNTED_MAX],
        )?;
        if old > 0 {
            look.wrong("cases-old", &[("cases", old.to_string()), ("days", CASE_DAYS_MAX.to_string())]);
        }
    }
    Ok(())
}
