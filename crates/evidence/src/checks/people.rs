//! People: factors, passwords, duties, second persons, grants, reviews, idle accounts, sign-ins.

use std::collections::BTreeMap;

use access::{Approval, SENSITIVE};
use identity::{Level, Role, factor_rule};
use store::params;

use super::{DAY, HOUR, RECORD_DAYS_MIN, text_list};
use crate::EvidenceError;
use crate::look::Look;

/// Kinds of second factors that there are at most; a statement has a place for each.
const KINDS: usize = 5;

/// Days within which the review of a quarter must have been made.
const REVIEW_DAYS_MAX: i64 = 100;

/// Days after which an account in which nobody signed in is idle.
const IDLE_DAYS: i64 = 90;

/// How long a letter about an odd sign-in may wait.
const LETTER_MILLIS_MAX: i64 = HOUR;

/// Days within which the owner must have been told of a grant that is over.
const TOLD_DAYS_MAX: i64 = 7;

pub(crate) fn factors(look: &mut Look<'_, '_>) -> Result<(), EvidenceError> {
    let settings = &look.around().factors;
    let (mut lacking, mut asked) = (BTreeMap::new(), 0);
    for organisation in look.organisations() {
        for &role in Role::ALL {
            let rule = factor_rule(settings, organisation.level, role);
            let mut kinds: Vec<&str> = rule.allowed.iter().map(|kind| kind.as_str()).collect();
            kinds.resize(KINDS, "");
            let [a, b, c, d, e] = [0, 1, 2, 3, 4].map(|at| kinds.get(at).copied().unwrap_or_default());
            if !rule.required {
                continue;
            }
            asked += look.number(
                "SELECT COUNT(*) FROM account WHERE organisation = $1 AND role = $2 AND kind = 'person' AND state <> 'disabled'",
                params![organisation.id, role.as_str()],
            )?;
            let without = look.number(
                "SELECT COUNT(*) FROM account a WHERE organisation = $1 AND role = $2 AND kind = 'person' AND state <> 'disabled'
                 AND NOT EXISTS (SELECT 1 FROM factor f WHERE f.account = a.id AND f.kind IN ($3, $4, $5, $6, $7))",
                params![organisation.id, role.as_str(), a, b, c, d, e],
            )?;
            if without > 0 {
                *lacking.entry(role).or_insert(0) += without;
            }
        }
    }
    look.read("people-asked", "account", asked);
    let total: i64 = lacking.values().sum();
    look.read("people-without-factor", "factor", total);
    if total > 0 {
        let roles: Vec<String> = lacking.iter().map(|(role, count)| format!("{role}: {count}")).collect();
        look.wrong("factor-lacking", &[("people", total.to_string()), ("roles", text_list(&roles))]);
    }
    Ok(())
}

pub(crate) fn passwords(look: &mut Look<'_, '_>) -> Result<(), EvidenceError> {
    let settings = &look.around().passwords;
    for organisation in look.organisations() {
        let policy = identity::password::policy::password_policy(settings, organisation.level);
        let days = policy.age_days_max;
        look.read(
            "password-policy",
            "passwords",
            format!(
                "{} characters, {} classes, score {}, history {}, {days} days",
                policy.chars_min, policy.classes_min, policy.score_min, policy.history
            ),
        );
    }
    let has_leaked = !settings.breached_file.is_empty() || !settings.breached_url.is_empty();
    look.setting("passwords.breached_file", has_leaked);
    look.setting("passwords.systems_file", !settings.systems_file.is_empty());
    if !has_leaked {
        look.wrong("leaked-list", &[]);
    }
    Ok(())
}

pub(crate) fn duties(look: &mut Look<'_, '_>) -> Result<(), EvidenceError> {
    for organisation in look.organisations() {
        for (duty, roles) in [
            ("administration", ["admin", "it"]),
            ("security", ["security", "security"]),
            ("audit", ["auditor", "auditor"]),
        ] {
            let holders = look.number(
                "SELECT COUNT(*) FROM account a WHERE organisation = $1 AND kind = 'person' AND state = 'active' AND (
                     role IN ($2, $3) OR EXISTS (SELECT 1 FROM role_given g WHERE g.account = a.id AND g.role IN ($2, $3)))",
                params![organisation.id, roles[0], roles[1]],
            )?;
            look.read("duty-holders", "account, role_given", format!("{duty}: {holders}"));
            if holders == 0 {
                look.wrong("duty-nobody", &[("duty", duty.to_owned()), ("organisation", organisation.name.clone())]);
            }
        }
        let exceptions = look.count(
            "duty-exceptions",
            "duty_exception",
            "SELECT COUNT(*) FROM duty_exception WHERE organisation = $1",
            params![organisation.id],
        )?;
        if exceptions > 0 {
            look.wrong(
                "duty-joined",
                &[("people", exceptions.to_string()), ("organisation", organisation.name.clone())],
            );
        }
    }
    Ok(())
}

pub(crate) fn second_person(look: &mut Look<'_, '_>) -> Result<(), EvidenceError> {
    for organisation in look.organisations() {
        let rules = look.tx().rows(
            "SELECT action FROM approval_rule WHERE organisation = $1 AND wanted = 0 LIMIT 1000",
            params![organisation.id],
            |row| Ok(row.text(0)?.to_owned()),
        )?;
        let asked = |sensitive: &&access::Sensitive| match sensitive.approval {
            Approval::Never => false,
            Approval::From(level) => organisation.level >= level,
        };
        let by_level: Vec<&str> = SENSITIVE.iter().filter(asked).map(|sensitive| sensitive.action.as_str()).collect();
        look.read("second-person-actions", "approval_rule", by_level.len());
        let lowered: Vec<&String> = rules.iter().filter(|action| by_level.contains(&action.as_str())).collect();
        if !lowered.is_empty() {
            look.wrong(
                "second-person-off",
                &[("actions", text_list(&lowered)), ("level", organisation.level.to_string())],
            );
        }
    }
    Ok(())
}

pub(crate) fn grants(look: &mut Look<'_, '_>) -> Result<(), EvidenceError> {
    let now = look.now().millis();
    for organisation in look.organisations() {
        look.count(
            "grants-in-force",
            "access_grant",
            "SELECT COUNT(*) FROM access_grant WHERE organisation = $1 AND state = 'approved' AND starts <= $2 AND ends > $2",
            params![organisation.id, now],
        )?;
        let untold = look.count(
            "grants-untold",
            "access_grant",
            "SELECT COUNT(*) FROM access_grant WHERE organisation = $1 AND state IN ('approved', 'revoked') AND starts > 0
             AND told = 0 AND held = 0 AND ends < $2",
            params![organisation.id, now - TOLD_DAYS_MAX * DAY],
        )?;
        if untold > 0 {
            look.wrong("grant-untold", &[("grants", untold.to_string())]);
        }
    }
    Ok(())
}

pub(crate) fn access_review(look: &mut Look<'_, '_>) -> Result<(), EvidenceError> {
    let now = look.now().millis();
    for organisation in look.organisations() {
        let made = look.number(
            "SELECT MAX(made) FROM sign_in_review WHERE organisation = $1 AND kind = 'access'",
            params![organisation.id],
        )?;
        let since = made.max(organisation.created.millis());
        let days = (now - since) / DAY;
        look.read("review-days", "sign_in_review", days);
        if days > REVIEW_DAYS_MAX {
            look.wrong("review-late", &[("days", days.to_string()), ("organisation", organisation.name.clone())]);
        }
    }
    Ok(())
}

pub(crate) fn idle(look: &mut Look<'_, '_>) -> Result<(), EvidenceError> {
    let before = look.now().millis() - IDLE_DAYS * DAY;
    let mut all = 0;
    for organisation in look.organisations() {
        all += look.count(
            "accounts-idle",
            "sign_in_event",
            "SELECT COUNT(*) FROM account a WHERE organisation = $1 AND kind = 'person' AND state = 'active' AND created < $2
             AND NOT EXISTS (SELECT 1 FROM sign_in_event e WHERE e.account = a.id AND e.at >= $2 AND e.outcome = 'accepted')
             AND NOT EXISTS (SELECT 1 FROM session s WHERE s.account = a.id AND s.seen >= $2)
             AND NOT EXISTS (SELECT 1 FROM app_password p WHERE p.account = a.id AND p.used >= $2)",
            params![organisation.id, before],
        )?;
    }
    if all > 0 {
        look.person("accounts-idle", &[("accounts", all.to_string()), ("days", IDLE_DAYS.to_string())]);
    }
    Ok(())
}

pub(crate) fn sign_in_watch(look: &mut Look<'_, '_>) -> Result<(), EvidenceError> {
    let (settings, knows) = (&look.around().watch, look.around().knows_countries);
    look.setting("watch.keep_days", settings.keep_days);
    look.setting("watch.country_database", knows);
    if !knows && look.level() > Level::Basic {
        look.wrong("countries-unknown", &[("file", settings.country_database.display().to_string())]);
    }
    if settings.keep_days < RECORD_DAYS_MIN {
        look.wrong("sign-ins-short", &[("days", settings.keep_days.to_string()), ("min", RECORD_DAYS_MIN.to_string())]);
    }
    let before = look.now().millis() - LETTER_MILLIS_MAX;
    let waiting = look.count(
        "letters-waiting",
        "sign_in_event",
        "SELECT COUNT(*) FROM (SELECT 1 FROM sign_in_event WHERE told = 1 AND at < $1 LIMIT 1000) AS w",
        params![before],
    )?;
    if waiting > 0 {
        look.wrong("letters-waiting", &[("letters", waiting.to_string())]);
    }
    Ok(())
}
