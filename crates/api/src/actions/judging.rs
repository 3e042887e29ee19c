//! What an organisation sets for the judging of its mail, and what is known of those who write to it.

use env::Timestamp;
use judgement::complaints::{self, Onward};
use judgement::policy::{self, Departure, NewDeparture, SetTo, Setting};
use judgement::reputation::{self, Known};
use judgement::{Direction, JudgementError, JudgingSettings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::Tx;

use super::caller::Bounds;
use super::people::pick_organisation;
use super::{Controls, Refused};

/// What is to be set.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewThreshold {
    /// warn, junk, quarantine, refuse or unjudged.
    pub setting: String,
    /// A probability from 0 to 1 or "never"; of unjudged: warn or junk.
    pub value: String,
    /// Why. Needed to protect less than the level does, which is a right of its own.
    pub reason: Option<String>,
    /// Organisation, by name; may be left out where there is only one.
    pub organisation: Option<String>,
}

/// Judged messages that are listed.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JudgedWanted {
    /// Only those that went "in" or "out".
    #[serde(default)]
    pub direction: Option<String>,
    /// Only those with which this was done: deliver, warn, junk, quarantine, hold, refuse.
    #[serde(default)]
    pub done: Option<String>,
    /// Where a page goes on, as the one before says.
    #[serde(default)]
    pub cursor: Option<String>,
    /// Rows of a page, 200 at most; 50 if it is left out.
    #[serde(default)]
    pub limit: Option<u32>,
    /// Organisation, by name; may be left out where there is only one.
    #[serde(default)]
    pub organisation: Option<String>,
}

/// Rows of a page of judged messages: usually, and at most.
const JUDGED_PAGE: u32 = 50;
const JUDGED_PAGE_MAX: u32 = 200;

/// Judged messages, the latest first, without what they say.
pub(super) async fn list(controls: &Controls, by: &Bounds, wanted: JudgedWanted) -> Result<Value, Refused> {
    let direction = match wanted.direction.as_deref() {
        None => None,
        Some("in") => Some(Direction::In),
        Some("out") => Some(Direction::Out),
        Some(other) => return Err(Refused(format!("{other:?} is no direction; use one of: in, out"))),
    };
    let done = wanted.done.as_deref().map(|word| {
        let known = "use one of: deliver, warn, junk, quarantine, hold, refuse";
        filter::Action::of_word(word)
            .ok_or_else(|| Refused(format!("{word:?} is nothing that is done with mail; {known}")))
    });
    let done = done.transpose()?;
    let limit = match wanted.limit.unwrap_or(JUDGED_PAGE) {
        limit @ 1..=JUDGED_PAGE_MAX => limit,
        other => return Err(Refused(format!("limit {other} is not possible; ask for 1 to {JUDGED_PAGE_MAX}"))),
    };
    let place = |text: &str| {
        let (at, id) = text.split_once('-')?;
        Some((at.parse().ok()?, i64::from_str_radix(id, 16).ok()?))
    };
    let before = wanted.cursor.as_deref().map(|text| {
        place(text)
            .ok_or_else(|| Refused(format!("{text:?} is no cursor of this list; leave it out to begin at the front")))
    });
    let (before, by, organisation) = (before.transpose()?, *by, wanted.organisation);
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        judgement::list(tx, organisation, (direction, done), before, limit)
    };
    let page = controls.store.read(work).await.map_err(Refused::because)?;
    let next = page.last().filter(|_| page.len() == limit as usize);
    let next = next.map(|last| format!("{}-{:x}", last.at.millis(), last.id));
    let rows = page.iter().map(|one| {
        json!({
            "id": format!("{:x}", one.id), "at": one.at.to_string(), "direction": one.direction.as_str(),
            "done": one.action.word(),
        })
    });
    Ok(json!({ "rows": rows.collect::<Vec<_>>(), "cursor": next }))
}

/// Each setting with what holds, what the level says, and how it came to that; with `history` what is over, too.
pub(super) async fn show(
    controls: &Controls,
    by: &Bounds,
    organisation: Option<String>,
    history: bool,
) -> Result<Value, Refused> {
    let (by, settings) = (*by, controls.elsewhere.judging());
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        if history { told_history(tx, organisation) } else { told(tx, organisation, &settings) }
    };
    controls.store.read(work).await.map_err(Refused::because)
}

fn told(tx: &mut Tx<'_>, organisation: i64, settings: &JudgingSettings) -> Result<Value, JudgementError> {
    let level = policy::level_of(tx, organisation)?;
    let in_force: Vec<Departure> =
        policy::list(tx, organisation)?.into_iter().filter(|departure| departure.ended.is_none()).collect();
    let effective = policy::effective(tx, organisation, level, settings)?;
    let mut rows = Vec::new();
    for setting in Setting::ALL {
        let departure = in_force.iter().find(|departure| departure.setting == *setting);
        rows.push(json!({
            "setting": setting.as_str(),
            "value": policy::value_of(&effective, *setting).to_string(),
            "level": level.as_str(),
            "of_level": policy::value_of(&settings.at(level), *setting).to_string(),
            "set": departure.map(|departure| departure.value.to_string()),
            "reason": departure.map(|departure| departure.reason.clone()).filter(|reason| !reason.is_empty()),
            "by": match departure {
                Some(departure) => Some(name_of(tx, departure.by)?),
                None => None,
            },
            "since": departure.map(|departure| departure.at.to_string()),
        }));
    }
    Ok(rows.into())
}

fn told_history(tx: &mut Tx<'_>, organisation: i64) -> Result<Value, JudgementError> {
    let mut rows = Vec::new();
    for departure in policy::list(tx, organisation)? {
        rows.push(json!({
            "setting": departure.setting.as_str(),
            "value": departure.value.to_string(),
            "below_level": departure.lowered_at.map(|level| level.as_str()),
            "reason": departure.reason,
            "by": name_of(tx, departure.by)?,
            "since": departure.at.to_string(),
            "until": departure.ended.map(|at| at.to_string()),
        }));
    }
    Ok(rows.into())
}

fn name_of(tx: &mut Tx<'_>, account: Option<i64>) -> Result<String, JudgementError> {
    let Some(account) = account else { return Ok("operator".to_owned()) };
    let main = identity::list_addresses(tx, account)?.into_iter().next();
    Ok(main.unwrap_or_else(|| format!("account {account}, deleted")))
}

pub(super) async fn set(controls: &Controls, by: &Bounds, new: NewThreshold) -> Result<Value, Refused> {
    let setting: Setting = new.setting.parse().map_err(Refused::because)?;
    let value = SetTo::read(setting, &new.value).map_err(Refused::because)?;
    let reason = new.reason.unwrap_or_default();
    let departure = NewDeparture { setting, value, reason, by: by.account };
    let (by, settings, organisation) = (*by, controls.elsewhere.judging(), new.organisation);
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        policy::set(tx, organisation, &settings, &departure)
    };
    controls.store.write(work).await.map_err(Refused::because)?;
    Ok(json!({ "setting": setting.as_str(), "value": value.to_string() }))
}

pub(super) async fn clear(
    controls: &Controls,
    by: &Bounds,
    setting: String,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let setting: Setting = setting.parse().map_err(Refused::because)?;
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        Ok::<_, JudgementError>(policy::clear(tx, organisation, setting)?)
    };
    let cleared = controls.store.write(work).await.map_err(Refused::because)?;
    Ok(json!({ "setting": setting.as_str(), "cleared": cleared }))
}

/// What is known of an address, a domain or a network.
pub(super) async fn known(
    controls: &Controls,
    by: &Bounds,
    what: String,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        reputation::look_up(tx, organisation, &what)
    };
    let known = controls.store.read(work).await.map_err(Refused::because)?;
    let messages = |thousandths: i64| thousandths as f64 / 1_000.0;
    let row = |known: &Known| {
        json!({
            "kind": known.kind,
            "what": known.what,
            "weight": (f64::from(known.weight) * 1_000.0).round() / 1_000.0,
            "bad": messages(known.counts.bad),
            "told": messages(known.counts.told),
            "good": messages(known.counts.good),
            "seen": messages(known.counts.seen),
            "last": known.counts.at.to_string(),
        })
    };
    Ok(known.iter().map(row).collect())
}

/// Forgets everything that an organisation knows of those who write to it.
pub(super) async fn forget(controls: &Controls, by: &Bounds, organisation: Option<String>) -> Result<Value, Refused> {
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        Ok::<_, JudgementError>(reputation::forget(tx, organisation)?)
    };
    let forgotten = controls.store.write_freeing(work).await.map_err(Refused::because)?;
    Ok(json!({ "forgotten": forgotten }))
}

/// Complaints to us and of ours in the last days.
pub(super) async fn complaints(
    controls: &Controls,
    by: &Bounds,
    days: u32,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        let since = tx.now().millis().saturating_sub(i64::from(days) * 86_400_000);
        let mut rows = Vec::new();
        for one in complaints::list(tx, organisation, Timestamp::from_millis(since))? {
            rows.push(complaint_row(tx, &one)?);
        }
        Ok::<_, JudgementError>(rows.into())
    };
    controls.store.read(work).await.map_err(Refused::because)
}

pub(super) fn complaint_row(tx: &mut Tx<'_>, one: &complaints::Listed) -> Result<Value, JudgementError> {
    Ok(json!({
        "time": one.at.to_string(),
        "direction": if one.is_ours { "sent" } else { "received" },
        "kind": one.kind,
        "about_or_by": match one.account {
            Some(account) => Some(name_of(tx, Some(account))?),
            None => None,
        },
        "reporter": one.reporter,
        "to": one.to,
        "mail_from": one.mail_from,
        "source": one.source.map(|source| source.to_string()),
        "subject": one.subject,
        "messages": one.incidents,
    }))
}

/// Sends a complaint of ours.
pub(super) async fn complain(controls: &Controls, by: &Bounds, id: String, to: String) -> Result<Value, Refused> {
    let judged = judgement::read_number(&id).map_err(Refused::because)?;
    let onward = Onward { judged, to: to.clone(), by: by.account };
    onward.send(&controls.store, &controls.mailer).await.map_err(Refused::because)?;
    Ok(json!({ "sent_to": to }))
}
