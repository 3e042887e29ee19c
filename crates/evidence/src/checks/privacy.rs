//! How long mail stays, what people ask about their data, where it is at home.

use store::holds::{DAY_MILLIS, window_days};
use store::params;

use super::DAY;
use crate::EvidenceError;
use crate::look::Look;

/// A rule that was not through all mailboxes for so long is not carried out.
const RULE_MILLIS_MAX: i64 = DAY;

/// As is removed mail that is still there so long after its window.
const REMOVED_MILLIS_MAX: i64 = 2 * DAY;

/// Days after which somebody is to look whether a hold is still needed.
const HOLD_DAYS_MAX: i64 = 365;

/// Days within which an erased account must be gone everywhere.
const ERASURE_DAYS_MAX: i64 = 7;

/// Rows that are counted.
const COUNTED_MAX: i64 = 1_000;

pub(crate) fn retention(look: &mut Look<'_, '_>) -> Result<(), EvidenceError> {
    let now = look.now();
    for organisation in look.organisations() {
        let days = window_days(look.tx(), organisation.id)?;
        look.read("window-days", "retention_window", days);
        let rules = retention::list(look.tx(), organisation.id)?;
        look.read("retention-rules", "retention_rule", rules.len());
        let since = |kept: &retention::Kept| kept.last_run.unwrap_or(organisation.created);
        let late = rules.iter().filter(|kept| kept.rule.enabled);
        for kept in late.filter(|kept| now.millis() - since(kept).millis() > RULE_MILLIS_MAX) {
            look.wrong("rule-late", &[("rule", kept.rule.name.clone()), ("since", since(kept).to_string())]);
        }
        if rules.is_empty() {
            look.person("no-rule", &[("organisation", organisation.name.clone())]);
        }
        let before = now.millis() - days.max(0).saturating_mul(DAY_MILLIS) - REMOVED_MILLIS_MAX;
        let left = look.count(
            "removed-left",
            "removed_message",
            "SELECT COUNT(*) FROM (SELECT 1 FROM removed_message WHERE organisation = $1 AND look < $2 LIMIT $3) AS r",
            params![organisation.id, before, COUNTED_MAX],
        )?;
        if left > 0 {
            look.wrong("removed-left", &[("messages", left.to_string()), ("days", days.to_string())]);
        }
    }
    Ok(())
}

pub(crate) fn holds(look: &mut Look<'_, '_>) -> Result<(), EvidenceError> {
    let before = look.now().millis() - HOLD_DAYS_MAX * DAY;
    for organisation in look.organisations() {
        look.count(
            "holds",
            "hold",
            "SELECT COUNT(*) FROM hold WHERE organisation = $1 AND ended = 0",
            params![organisation.id],
        )?;
        let old = look.count(
            "holds-old",
            "hold",
            "SELECT COUNT(*) FROM hold WHERE organisation = $1 AND ended = 0 AND begun < $2",
            params![organisation.id, before],
        )?;
        if old > 0 {
            look.person("hold-old", &[("holds", old.to_string()), ("days", HOLD_DAYS_MAX.to_string())]);
        }
    }
    Ok(())
}

pub(crate) fn erasure(look: &mut Look<'_, '_>) -> Result<(), EvidenceError> {
    let before = look.now().millis() - ERASURE_DAYS_MAX * DAY;
    let places: Vec<String> = look.around().backups.repositories.clone();
    for organisation in look.organisations() {
        look.count(
            "erasures",
            "erasure",
            "SELECT COUNT(*) FROM erasure WHERE organisation = $1",
            params![organisation.id],
        )?;
        for place in places.iter().map(String::as_str).chain([store::erasures::STORE]) {
            let left = look.number(
                "SELECT COUNT(*) FROM erasure e WHERE organisation = $1 AND erased < $2 AND NOT EXISTS (
                     SELECT 1 FROM erasure_reached r WHERE r.account = e.account AND r.place = $3)",
                params![organisation.id, before, place],
            )?;
            look.read("erasures-left", "erasure_reached", left);
            if left > 0 {
                look.wrong("erasure-left", &[("accounts", left.to_string()), ("place", place.to_owned())]);
            }
        }
    }
    Ok(())
}

pub(crate) fn subject_requests(look: &mut Look<'_, '_>) -> Result<(), EvidenceError> {
    let Some(all) = &look.around().subjects else {
        look.person("no-register", &[]);
        return Ok(());
    };
    for organisation in look.organisations() {
        let Some(figures) = all.iter().find(|figures| figures.organisation == organisation.id) else {
            look.person("no-register", &[]);
            continue;
        };
        look.read("requests-open", "subject_request", figures.open);
        look.read("requests-overdue", "subject_request", figures.overdue);
        look.read("requests-answered", "subject_request", figures.answered);
        if figures.overdue > 0 {
            look.wrong("requests-overdue", &[("requests", figures.overdue.to_string())]);
        }
    }
    Ok(())
}

pub(crate) fn residency(look: &mut Look<'_, '_>) -> Result<(), EvidenceError> {
    let now = look.now();
    let region = &look.around().region;
    look.setting("region.name", region.name.as_str());
    if !region.is_set() {
        look.person("no-region", &[]);
        return Ok(());
    }
    look.setting("region.country", region.country.as_str());
    for organisation in look.organisations() {
        let rules = residence::list_rules(look.tx(), organisation.id)?;
        look.read("crossing-rules", "crossing_rule", rules.len());
        let over: Vec<&str> =
            rules.iter().filter(|kept| kept.rule.ends <= now).map(|kept| kept.rule.name.as_str()).collect();
        if !over.is_empty() {
            look.wrong("crossing-over", &[("rules", super::text_list(&over))]);
        }
        look.count(
            "transfers",
            "transfer",
            "SELECT COUNT(*) FROM (SELECT 1 FROM transfer WHERE organisation = $1 AND at >= $2 LIMIT $3) AS t",
            params![organisation.id, now.millis() - 30 * DAY, COUNTED_MAX],
        )?;
    }
    Ok(())
}
