//! Mail in which something was found, as those see it who defend an organisation; feeds of bad addresses.

use std::sync::Arc;

use env::Timestamp;
use filter::{Action as Done, Finding, Judge};
use identity::Language;
use judgement::JudgementError;
use judgement::quarantine::{Quarantined, ShownFinding};
use judgement::threats::{self, Campaign, Place, QualityDay, Reported, Threat, Wanted};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::Tx;

use super::caller::Bounds;
use super::people::pick_organisation;
use super::{Controls, Refused};

/// Messages of one page.
const PAGE_MAX: u32 = 200;

/// Findings that stand in a list in words.
const WHY_MAX: usize = 3;

const DAY_MILLIS: i64 = 86_400_000;

/// Which messages are wanted.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ThreatsWanted {
    /// Days that are looked back.
    pub days: u32,
    /// What was done: deliver, warn, junk, quarantine, hold or refuse; all but deliver if nothing is named.
    #[serde(default)]
    pub done: Option<String>,
    /// Number of a message: only those that share its sender, template or picture, delivered ones included.
    #[serde(default)]
    pub alike: Option<String>,
    /// The `next` of the page before.
    #[serde(default)]
    pub cursor: Option<String>,
    /// Messages of the page.
    #[serde(default)]
    pub limit: Option<u32>,
    /// Language of what was found: zh or en.
    pub language: String,
    /// Organisation, by name; may be left out where there is only one.
    #[serde(default)]
    pub organisation: Option<String>,
}

fn read_place(cursor: Option<&str>) -> Result<Option<Place>, Refused> {
    let Some(text) = cursor else { return Ok(None) };
    let parts = text.split_once('-').map(|(at, id)| (i64::from_str_radix(at, 16), i64::from_str_radix(id, 16)));
    match parts {
        Some((Ok(at), Ok(id))) => Ok(Some((at, id))),
        _ => Err(Refused(format!("{text:?} is no cursor; give the `next` of the page before, or leave it out"))),
    }
}

fn written((at, id): Place) -> String {
    format!("{at:x}-{id:x}")
}

fn count(limit: Option<u32>) -> usize {
    limit.unwrap_or(PAGE_MAX).clamp(1, PAGE_MAX) as usize
}

fn days_before(now: Timestamp, days: u32) -> Timestamp {
    Timestamp::from_millis(now.millis().saturating_sub(i64::from(days) * DAY_MILLIS))
}

/// A page of `items` of which one more was asked for than it holds.
fn page<T>(mut items: Vec<T>, most: usize, place: impl Fn(&T) -> Place, row: impl Fn(&T) -> Value) -> Value {
    let is_last = items.len() <= most;
    items.truncate(most);
    let next = items.last().filter(|_| !is_last).map(|last| written(place(last)));
    json!({ "items": items.iter().map(row).collect::<Vec<_>>(), "next": next })
}

pub(super) async fn list(controls: &Controls, by: &Bounds, asked: ThreatsWanted) -> Result<Value, Refused> {
    let language: Language = asked.language.parse().map_err(Refused::because)?;
    let action = asked.done.clone().unwrap_or_default();
    if !action.is_empty() && Done::of_word(&action).is_none() {
        return Err(Refused(format!(
            "{action:?} is nothing that is done with mail; it is one of: deliver, warn, junk, quarantine, hold, refuse"
        )));
    }
    let alike = asked.alike.as_deref().map(judgement::read_number).transpose().map_err(Refused::because)?;
    let after = read_place(asked.cursor.as_deref())?;
    let most = count(asked.limit);
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, asked.organisation.as_deref())?;
        let since = days_before(tx.now(), asked.days).millis();
        let wanted = Wanted { action: action.clone(), since, after, alike, count: most + 1 };
        threats::list(tx, organisation, &wanted)
    };
    let found = controls.store.read(work).await.map_err(Refused::because)?;
    let judge = controls.elsewhere.judge()?;
    Ok(page(found, most, Threat::place, |one| threat(&judge, one, language)))
}

fn threat(judge: &Judge, one: &Threat, language: Language) -> Value {
    let against = one.verdict.findings.iter().filter(|finding| finding.weight() > 0.0).take(WHY_MAX);
    json!({
        "id": format!("{:x}", one.id),
        "time": one.at.to_string(),
        "direction": if one.is_in { "in" } else { "out" },
        "from": one.from,
        "subject": one.subject,
        "done": one.action,
        "unwanted": (f64::from(one.verdict.probability_unwanted) * 10_000.0).round() / 10_000.0,
        "why": against.map(|finding| judgement::explain(judge, &plain(finding), language)).collect::<Vec<_>>(),
        "waiting": one.waiting,
        "copies": one.copies,
    })
}

/// A finding without what could move a terminal's cursor.
fn plain(finding: &Finding) -> Finding {
    let evidence = finding.evidence.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
    Finding { evidence, ..finding.clone() }
}

/// What a list says of a quarantined message in words.
pub(super) fn why(judge: &Judge, one: &Quarantined, language: Language) -> Vec<String> {
    let said = |shown: &ShownFinding| {
        let ShownFinding { id, key, evidence } = shown.clone();
        let finding = Finding { id, signal: filter::Signal::Text, spam: 0.0, phish: 0.0, evidence, key };
        judgement::explain(judge, &finding, language)
    };
    one.shown.findings.iter().take(WHY_MAX).map(said).collect()
}

pub(super) async fn campaigns(
    controls: &Controls,
    by: &Bounds,
    days: u32,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        let since = days_before(tx.now(), days);
        threats::campaigns(tx, organisation, since)
    };
    let found = controls.store.read(work).await.map_err(Refused::because)?;
    Ok(found.iter().map(campaign_row).collect())
}

pub(super) fn campaign_row(one: &Campaign) -> Value {
    json!({
        "id": format!("{:x}", one.newest),
        "first": one.first.to_string(),
        "last": one.last.to_string(),
        "from": one.from,
        "subject": one.subject,
        "common": one.common,
        "evidence": one.evidence,
        "messages": one.done.values().sum::<u64>(),
        "done": one.done,
        "waiting": one.waiting,
        "pulled": one.pulled,
    })
}

pub(super) async fn reported(
    controls: &Controls,
    by: &Bounds,
    days: u32,
    (cursor, limit): (Option<String>, Option<u32>),
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let (by, after, most) = (*by, read_place(cursor.as_deref())?, count(limit));
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        let since = days_before(tx.now(), days);
        let found = threats::reported(tx, organisation, since, after, most + 1)?;
        let named = found.into_iter().map(|one| {
            let address = identity::list_addresses(tx, one.account)?.into_iter().next();
            Ok::<_, JudgementError>((one, address))
        });
        named.collect::<Result<Vec<_>, _>>()
    };
    let found = controls.store.read(work).await.map_err(Refused::because)?;
    let row = |(one, address): &(Reported, Option<String>)| {
        json!({
            "id": format!("{:x}", one.judged),
            "time": one.at.to_string(),
            "by": address,
            "officer": one.is_officer,
            "said": if one.is_junk { "junk" } else { "honest" },
            "from": one.from,
            "subject": one.subject,
            "done": one.action,
            "decided": one.is_decided,
        })
    };
    Ok(page(found, most, |(one, _)| one.place, row))
}

pub(super) async fn quality(
    controls: &Controls,
    by: &Bounds,
    days: u32,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        let since = days_before(tx.now(), days);
        threats::quality(tx, organisation, since)
    };
    let found = controls.store.read(work).await.map_err(Refused::because)?;
    let counts = |day: &QualityDay| {
        json!({
            "judged": day.judged,
            "stopped": day.stopped,
            "rightly_stopped": day.rightly_stopped,
            "wrongly_stopped": day.wrongly_stopped,
            "missed": day.missed,
            "rightly_let": day.rightly_let,
        })
    };
    let share = |part: u64, other: u64| {
        let whole = part + other;
        (whole > 0).then(|| (part as f64 / whole as f64 * 10_000.0).round() / 10_000.0)
    };
    let sum = found.sum();
    let mut told = counts(&sum);
    told["undecided"] = found.undecided.into();
    told["precision"] = share(sum.rightly_stopped, sum.wrongly_stopped).into();
    told["recall"] = share(sum.rightly_stopped, sum.missed).into();
    told["kept_days"] = controls.elsewhere.judging().keep_days.into();
    told["days"] = found
        .days
        .iter()
        .map(|(day, of_day)| {
            let mut row = counts(of_day);
            row["day"] = Timestamp::from_millis(day.saturating_mul(DAY_MILLIS)).to_string().into();
            row
        })
        .collect();
    Ok(told)
}

pub(super) async fn feeds(controls: &Controls) -> Result<Value, Refused> {
    let elsewhere = Arc::clone(&controls.elsewhere);
    tokio::task::spawn_blocking(move || elsewhere.feeds()).await.map_err(Refused::because)?
}

pub(super) async fn accept_feed(controls: &Controls, name: String) -> Result<Value, Refused> {
    let elsewhere = Arc::clone(&controls.elsewhere);
    tokio::task::spawn_blocking(move || elsewhere.accept_feed(&name)).await.map_err(Refused::because)?
}

pub(super) async fn refresh_feeds(controls: &Controls, name: Option<String>) -> Result<Value, Refused> {
    controls.elsewhere.refresh_feeds(name.as_deref()).await
}
