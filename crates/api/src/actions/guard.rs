//! The trade guard: cases for finance, partners, payment details on file.

use ::guard::cases::{self, Case, CaseState, Closed, Outcome};
use ::guard::partners::{self, Listed};
use ::guard::replay::state_word;
use ::guard::{GuardError, knowledge::OnFile};
use env::Timestamp;
use identity::{IdentityError, Language};
use judgement::JudgementError;
use letters::Texts;
use payment::Detail;
use serde_json::{Value, json};
use store::Tx;

use super::people::pick_organisation;
use super::{Bounds, Controls, Refused};

/// Cases that one list shows.
const CASES_MAX: i64 = 200;

/// Look-alikes that one list shows.
const ALIKES_MAX: i64 = 500;

fn case_number(id: &str) -> Result<i64, JudgementError> {
    i64::from_str_radix(id.trim(), 16).map_err(|_| GuardError::NoCase(id.to_owned()).into())
}

pub(super) async fn list(
    controls: &Controls,
    by: &Bounds,
    all: bool,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        let found = cases::list(tx, organisation, all, CASES_MAX)?;
        Ok::<_, JudgementError>(found.iter().map(row).collect::<Value>())
    };
    controls.store.read(work).await.map_err(Refused::because)
}

pub(super) fn row(case: &Case) -> Value {
    json!({
        "case": format!("{:x}", case.id),
        "time": case.at.to_string(),
        "direction": case.direction,
        "action": case.action,
        "state": case.state.as_str(),
        "partner": case.detail.partner,
        "from": printable(&case.detail.from),
        "subject": printable(&case.detail.subject),
        "findings": case.detail.findings.iter().map(|finding| &finding.id).collect::<Vec<_>>(),
    })
}

/// The address of an account; nothing for whoever runs the machine.
fn name_of(tx: &mut Tx<'_>, account: i64) -> Result<Option<String>, IdentityError> {
    if account == 0 {
        return Ok(None);
    }
    Ok(identity::list_addresses(tx, account)?.into_iter().next())
}

/// A sender's text without what could move a terminal's cursor.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

pub(super) async fn show(controls: &Controls, id: String, language: String) -> Result<Value, Refused> {
    let language: Language = language.parse().map_err(Refused::because)?;
    let work = move |tx: &mut Tx<'_>| {
        let case = cases::load(tx, case_number(&id)?)?;
        let who: Result<Vec<_>, _> = case.detail.events.iter().map(|event| name_of(tx, event.by)).collect();
        Ok::<_, JudgementError>((case, who?))
    };
    let (case, who) = controls.store.read(work).await.map_err(Refused::because)?;
    let judge = controls.elsewhere.judge()?;
    let detail = &case.detail;
    let findings = detail.findings.iter().map(|finding| {
        let finding = filter::Finding { evidence: printable(&finding.evidence), ..finding.clone() };
        json!({
            "id": finding.id,
            "weight": (f64::from(finding.weight()) * 100.0).round() / 100.0,
            "text": judgement::explain(&judge, &finding, language),
            "evidence": finding.evidence,
        })
    });
    let events = detail.events.iter().zip(who).map(|(event, who)| {
        let at = Timestamp::from_millis(event.at).to_string();
        json!({ "time": at, "by": event.by, "who": who, "what": event.what, "note": event.note })
    });
    let asked = detail.asked.iter().map(|asked| {
        let mut shown = account(&asked.detail);
        shown["state"] = state_word(asked.state).into();
        shown
    });
    let mut shown = row(&case);
    shown["message_id"] = detail.message_id.clone().into();
    shown["to"] = detail.to.clone().into();
    shown["references"] = detail.lesson.subject.references.clone().into();
    shown["findings"] = findings.collect();
    shown["asked"] = asked.collect();
    shown["on_file"] = detail.on_file.iter().map(on_file).collect();
    shown["phones"] = detail.phones.clone().into();
    shown["events"] = events.collect();
    if case.state == CaseState::Fraud {
        let values =
            [("partner", detail.partner.as_str()), ("date", &case.at.to_string()), ("from", &printable(&detail.from))];
        shown["partner_notice"] = Texts::of(language).say("case-partner-notice", &values).into();
    }
    Ok(shown)
}

fn account(detail: &Detail) -> Value {
    json!({
        "kind": serde_json::to_value(detail.kind).unwrap_or_default(),
        "value": detail.value,
        "holder": detail.holder.as_deref().map(printable),
        "bank": detail.bank.as_deref().map(printable),
        "country": detail.bank_country,
        "currency": detail.currency,
    })
}

fn on_file(known: &OnFile) -> Value {
    let mut shown = account(&known.detail);
    shown["state"] = state_word(known.state).into();
    shown["first"] = Timestamp::from_millis(known.first).to_string().into();
    shown["last"] = Timestamp::from_millis(known.last).to_string().into();
    shown["messages"] = known.messages.into();
    shown["source"] = known.source.clone().into();
    shown
}

pub(super) async fn note(
    controls: &Controls,
    by: &Bounds,
    id: String,
    what: String,
    note: String,
) -> Result<Value, Refused> {
    let by = by.account.unwrap_or(0);
    let work = move |tx: &mut Tx<'_>| Ok::<_, JudgementError>(cases::note(tx, case_number(&id)?, by, &what, &note)?);
    controls.store.write(work).await.map_err(Refused::because)?;
    Ok(json!({ "noted": true }))
}

pub(super) async fn close(
    controls: &Controls,
    by: &Bounds,
    id: String,
    honest: bool,
    note: String,
) -> Result<Value, Refused> {
    let by = by.account.unwrap_or(0);
    let outcome = if honest { Outcome::Honest } else { Outcome::Fraud };
    let work = move |tx: &mut Tx<'_>| judgement::cases::close(tx, case_number(&id)?, by, outcome, &note);
    let closed = controls.store.write(work).await.map_err(Refused::because)?;
    Ok(json!({ "state": match closed {
        Closed::Proposed => "proposed",
        Closed::Done(Outcome::Honest) => "honest",
        Closed::Done(Outcome::Fraud) => "fraud",
    } }))
}

pub(super) async fn partner_list(
    controls: &Controls,
    by: &Bounds,
    after: i64,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        Ok::<_, JudgementError>(partners::list(tx, organisation, after)?)
    };
    let found = controls.store.read(work).await.map_err(Refused::because)?;
    Ok(found.iter().map(partner_row).collect())
}

fn partner_row(listed: &Listed) -> Value {
    let partner = &listed.partner;
    json!({
        "partner": partner.name,
        "domains": partner.domains,
        "first": Timestamp::from_millis(partner.contact.first).to_string(),
        "last": Timestamp::from_millis(partner.contact.last).to_string(),
        "received": partner.contact.received,
        "sent": partner.contact.sent,
        "people": partner.people.len(),
        "details": partner.details.len(),
        "merged_into": listed.merged_into,
        "row": listed.id,
    })
}

pub(super) async fn partner_show(
    controls: &Controls,
    by: &Bounds,
    name: String,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        let found = partners::load(tx, organisation, &name)?;
        let who: Result<Vec<_>, _> = found.changes.iter().map(|change| name_of(tx, change.by)).collect();
        Ok::<_, JudgementError>((found, who?))
    };
    let (found, who) = controls.store.read(work).await.map_err(Refused::because)?;
    let partner = &found.partner;
    let mut shown = partner_row(&found);
    let people = partner.people.iter().map(
        |person| json!({ "address": person.address, "name": printable(&person.name), "messages": person.messages }),
    );
    let changes = found.changes.iter().zip(who).map(|(change, who)| {
        json!({
            "time": Timestamp::from_millis(change.at).to_string(),
            "by": change.by,
            "who": who,
            "value": change.value,
            "state": state_word(change.state),
            "note": change.note,
        })
    });
    shown["people"] = people.collect();
    shown["phones"] = partner.phones.clone().into();
    shown["countries"] = partner.countries.0.iter().map(|(country, _)| country.clone()).collect();
    shown["details"] = partner.details.iter().map(on_file).collect();
    shown["changes"] = changes.collect();
    Ok(shown)
}

/// What is done to a partner as a whole.
#[derive(Debug, Clone)]
pub(super) enum Correction {
    Merge(String),
    Split,
    Forget,
}

pub(super) async fn correct(
    controls: &Controls,
    by: &Bounds,
    name: String,
    correction: Correction,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        match &correction {
            Correction::Merge(into) => partners::merge(tx, organisation, &name, into)?,
            Correction::Split => partners::split(tx, organisation, &name)?,
            Correction::Forget => partners::forget(tx, organisation, &name)?,
        }
        Ok::<_, JudgementError>(name.clone())
    };
    let name = controls.store.write(work).await.map_err(Refused::because)?;
    Ok(json!({ "partner": name }))
}

pub(super) async fn set_state(
    controls: &Controls,
    by: &Bounds,
    (partner, value): (String, String),
    (state, note): (String, String),
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let by = *by;
    let word = state.clone();
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        let state = partners::state_of_word(&state)?;
        let who = (by.account.unwrap_or(0), note.as_str());
        Ok::<_, JudgementError>(partners::set_state(tx, organisation, (&partner, &value), state, who)?)
    };
    controls.store.write(work).await.map_err(Refused::because)?;
    Ok(json!({ "state": word }))
}

/// Has mail of mailboxes learned from.
pub(super) async fn learn(
    controls: &Controls,
    by: &Bounds,
    address: Option<String>,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let Some(address) = &address else {
            let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
            return judgement::history::begin(tx, organisation, None);
        };
        let account = identity::find_by_address(tx, address)?.ok_or(IdentityError::NoAccount(address.clone()))?;
        let organisation = identity::load_account(tx, account)?.organisation;
        judgement::history::begin(tx, organisation, Some(account))
    };
    let mailboxes = controls.store.write(work).await.map_err(Refused::because)?;
    Ok(json!({ "accounts": mailboxes }))
}

/// How far that is.
pub(super) async fn learning(controls: &Controls, by: &Bounds, organisation: Option<String>) -> Result<Value, Refused> {
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        let mut shown = Vec::new();
        for one in ::guard::history::list(tx, organisation)? {
            let address = identity::list_addresses(tx, one.account)?.into_iter().next();
            shown
                .push(json!({ "address": address, "learned": one.learned, "passed": one.passed, "done": one.is_done }));
        }
        Ok::<_, JudgementError>(Value::Array(shown))
    };
    controls.store.read(work).await.map_err(Refused::because)
}

/// Domains that look like ours.
pub(super) async fn alike(controls: &Controls, by: &Bounds, organisation: Option<String>) -> Result<Value, Refused> {
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        Ok::<_, JudgementError>(::guard::alikes::list(tx, organisation, ALIKES_MAX)?)
    };
    let found = controls.store.read(work).await.map_err(Refused::because)?;
    Ok(found.iter().map(alike_row).collect())
}

pub(super) fn alike_row(seen: &::guard::alikes::Seen) -> Value {
    json!({
        "domain": printable(&seen.alike.domain),
        "own": seen.alike.own,
        "trick": seen.alike.trick.word(),
        "first": seen.first.to_string(),
        "last": seen.last.to_string(),
        "messages": seen.messages,
    })
}

/// Lets a held message of the queue go, unless it waits for finance.
pub(super) fn release_queued(tx: &mut Tx<'_>, id: i64) -> Result<(), JudgementError> {
    if cases::is_waiting(tx, id)? {
        return Err(GuardError::Held(id).into());
    }
    Ok(::queue::release(tx, id)?)
}
