//! The review of a month's sign-ins.

use std::collections::{BTreeMap, BTreeSet};

use identity::Language;
use letters::Texts;
use store::{Tx, params};
use watch::{Answer, EVENTS_MAX, Event, Outcome, Whose, list_events};

use crate::ReviewError;
use crate::period::Period;
use crate::report::{ROWS_MAX, Report, Table};
use crate::words::explain;

/// Events that one review looks at.
const LOOKED_AT_MAX: usize = 50_000;

/// What was seen of one account.
#[derive(Default)]
struct OfAccount {
    accepted: u64,
    failed: u64,
    odd: u64,
    countries: BTreeSet<String>,
}

/// The review of an organisation's sign-ins in `period`.
///
/// # Errors
/// [`ReviewError`] if the store fails.
pub fn review_sign_ins(
    tx: &mut Tx<'_>,
    organisation: i64,
    period: Period,
    language: Language,
) -> Result<Report, ReviewError> {
    let texts = Texts::of(language);
    let name = name_of(tx, organisation)?;
    let events = load(tx, organisation, period)?;
    let names = addresses(tx, &events)?;
    let mut outcomes: BTreeMap<&'static str, u64> = BTreeMap::new();
    let mut accounts: BTreeMap<i64, OfAccount> = BTreeMap::new();
    let mut odd = Vec::new();
    for event in &events {
        *outcomes.entry(event.outcome.as_str()).or_default() += 1;
        let account = accounts.entry(event.subject.map_or(0, |it| it.account)).or_default();
        if event.outcome == Outcome::Accepted {
            account.accepted += 1;
            account.countries.extend(event.detail.place.country.clone());
        } else {
            account.failed += 1;
        }
        if event.answer.is_some_and(|answer| answer >= Answer::Tell) {
            account.odd += 1;
            odd.push(event);
        }
    }
    let now = tx.now().to_string();
    let mut paragraphs = vec![texts.say("review-made", &[("time", &now)])];
    if events.len() >= LOOKED_AT_MAX {
        paragraphs.push(texts.say("review-truncated", &[("count", &LOOKED_AT_MAX.to_string())]));
    }
    let values = [("period", period.to_string()), ("organisation", name)];
    let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Ok(Report {
        language: language.as_str(),
        title: texts.say("review-sign-ins", &values),
        paragraphs,
        charts: Vec::new(),
        tables: vec![
            outcome_table(&texts, &outcomes),
            odd_table(&texts, &odd, &names, language),
            account_table(&texts, &accounts, &names),
        ],
    })
}

fn head(texts: &Texts, keys: &[&str]) -> Vec<String> {
    keys.iter().map(|key| texts.say(key, &[])).collect()
}

fn outcome_table(texts: &Texts, outcomes: &BTreeMap<&'static str, u64>) -> Table {
    let row =
        |(outcome, count): (&&str, &u64)| vec![texts.say(&format!("watch-outcome-{outcome}"), &[]), count.to_string()];
    Table {
        title: texts.say("review-summary", &[]),
        head: head(texts, &["review-outcome", "review-count"]),
        rows: outcomes.iter().map(row).collect(),
    }
}

fn odd_table(texts: &Texts, odd: &[&Event], names: &BTreeMap<i64, String>, language: Language) -> Table {
    let row = |event: &&Event| {
        let subject = event.subject.map_or(0, |it| it.account);
        let said = event.said.as_str();
        vec![
            event.at.to_string(),
            names.get(&subject).cloned().unwrap_or_default(),
            event.detail.address.to_string(),
            event.detail.place.country.clone().unwrap_or_default(),
            texts.say(&format!("watch-outcome-{}", event.outcome.as_str()), &[]),
            said.to_owned(),
            explain(event, language).join(" "),
        ]
    };
    let keys = ["time", "account", "from", "country", "outcome", "said", "why"].map(|key| format!("review-{key}"));
    Table {
        title: texts.say("review-odd", &[]),
        head: keys.iter().map(|key| texts.say(key, &[])).collect(),
        rows: odd.iter().take(ROWS_MAX).map(row).collect(),
    }
}

fn account_table(texts: &Texts, accounts: &BTreeMap<i64, OfAccount>, names: &BTreeMap<i64, String>) -> Table {
    let row = |(account, seen): (&i64, &OfAccount)| {
        vec![
            names.get(account).cloned().unwrap_or_default(),
            seen.accepted.to_string(),
            seen.failed.to_string(),
            seen.odd.to_string(),
            seen.countries.iter().cloned().collect::<Vec<_>>().join(" "),
        ]
    };
    let keys = ["review-account", "review-accepted", "review-failed", "review-odd", "review-countries"];
    Table {
        title: texts.say("review-accounts", &[]),
        head: head(texts, &keys),
        rows: accounts.iter().take(ROWS_MAX).map(row).collect(),
    }
}

/// The latest first, page by page.
fn load(tx: &mut Tx<'_>, organisation: i64, period: Period) -> Result<Vec<Event>, ReviewError> {
    let mut events = Vec::new();
    let mut until = period.end();
    while events.len() < LOOKED_AT_MAX {
        let page = list_events(tx, Whose::Organisation(organisation), period.begin(), until)?;
        let is_last = page.len() < usize::try_from(EVENTS_MAX).unwrap_or(usize::MAX);
        // Events of one millisecond may be divided between pages; the rest of them is left out rather than told twice.
        until = page.last().map_or(until, |event| event.at);
        events.extend(page);
        if is_last {
            break;
        }
    }
    Ok(events)
}

fn addresses(tx: &mut Tx<'_>, events: &[Event]) -> Result<BTreeMap<i64, String>, ReviewError> {
    let accounts: BTreeSet<i64> = events.iter().filter_map(|event| event.subject).map(|it| it.account).collect();
    let mut names = BTreeMap::new();
    for account in accounts {
        let main = identity::list_addresses(tx, account)?.into_iter().next();
        names.insert(account, main.unwrap_or_default());
    }
    Ok(names)
}

pub(crate) fn name_of(tx: &mut Tx<'_>, organisation: i64) -> Result<String, ReviewError> {
    let name = tx
        .row("SELECT name FROM organisation WHERE id = $1", params![organisation], |row| Ok(row.text(0)?.to_owned()))?;
    Ok(name.ok_or(identity::IdentityError::NoOrganisation(organisation))?)
}
