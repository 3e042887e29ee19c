//! What waits in quarantine, and what was found of judged mail. Those who look after others' mail see sender, subject and findings;
//! the content opens for its owner, or under a grant.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use filter::{Finding, Judge, Verdict};
use identity::{IdentityError, Language};
use judgement::feedback::{self, Reporter, Said};
use judgement::pull::Pulled;
use judgement::quarantine::{self, Quarantined, State, Whose};
use judgement::{Judged, JudgementError};
use serde_json::{Value, json};
use store::Tx;

use super::people::pick_organisation;
use super::threats::why;
use super::{Bounds, Controls, Refused};

/// How long a released message is tried.
const EXPIRE_AFTER: Duration = Duration::from_secs(5 * 86_400);

/// Others like a message that are named.
const ALIKE_MAX: usize = 100;

/// Bytes of a message that are shown.
const SHOWN_BYTES_MAX: u64 = 64 << 20;

pub(super) async fn list(
    controls: &Controls,
    by: &Bounds,
    address: Option<String>,
    organisation: Option<String>,
    language: Option<String>,
) -> Result<Value, Refused> {
    let by = *by;
    let language = language.map(|language| language.parse::<Language>()).transpose().map_err(Refused::because)?;
    let work = move |tx: &mut Tx<'_>| {
        let all = match address {
            Some(address) => {
                let account = account_of(tx, &address)?;
                quarantine::list_of(tx, account)?
            }
            None => {
                let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
                quarantine::list(tx, Some(organisation))?
            }
        };
        Ok::<_, JudgementError>(all)
    };
    let all = controls.store.read(work).await.map_err(Refused::because)?;
    let Some(language) = language else { return Ok(all.iter().map(row).collect()) };
    let judge = controls.elsewhere.judge()?;
    let in_words = |one: &Quarantined| {
        let mut row = row(one);
        row["why"] = why(&judge, one, language).into();
        row
    };
    Ok(all.iter().map(in_words).collect())
}

pub(super) fn account_of(tx: &mut Tx<'_>, address: &str) -> Result<i64, JudgementError> {
    Ok(identity::find_by_address(tx, address)?.ok_or_else(|| IdentityError::NoAccount(address.to_owned()))?)
}

pub(super) fn row(one: &Quarantined) -> Value {
    let places = one.places.iter().map(|place| json!({ "address": place.address, "state": place.state.as_str() }));
    json!({
        "id": format!("{:x}", one.id),
        "time": one.at.to_string(),
        "from": one.shown.from,
        "subject": one.shown.subject,
        "to": places.collect::<Vec<_>>(),
        "bytes": one.size,
        "expires": one.expires.to_string(),
        "unwanted": rounded(one.shown.unwanted),
        "findings": one.shown.findings.iter().map(|finding| &finding.id).collect::<Vec<_>>(),
    })
}

/// A number as it is shown: more digits are of no use.
fn rounded(number: f32) -> f64 {
    (f64::from(number) * 10_000.0).round() / 10_000.0
}

/// The account of an address and the number, checked: whoever may see one account's mail may not name another's.
fn named(tx: &mut Tx<'_>, id: &str, address: Option<&str>) -> Result<(i64, Option<i64>), JudgementError> {
    let id = judgement::read_number(id)?;
    let Some(address) = address else { return Ok((id, None)) };
    let account = account_of(tx, address)?;
    if judgement::is_for(tx, id, account)? { Ok((id, Some(account))) } else { Err(JudgementError::NotKept(id)) }
}

pub(super) async fn show(
    controls: &Controls,
    id: String,
    address: Option<String>,
    language: String,
) -> Result<Value, Refused> {
    let language: Language = language.parse().map_err(Refused::because)?;
    let work = move |tx: &mut Tx<'_>| {
        let (id, account) = named(tx, &id, address.as_deref())?;
        let mut found = quarantine::load(tx, id)?;
        found.places.retain(|place| account.is_none() || place.account == account);
        let judged = match judgement::load(tx, id) {
            Ok(judged) => Some(judged),
            Err(JudgementError::NotKept(_)) => None,
            Err(error) => return Err(error),
        };
        // Others' mail is not named to somebody who may see one account's.
        let alike = if account.is_some() { Vec::new() } else { others_alike(tx, id)? };
        Ok((found, judged, alike))
    };
    let (found, judged, alike) = controls.store.read(work).await.map_err(Refused::because)?;
    let mut shown = row(&found);
    shown["alike"] = alike.iter().map(row).collect();
    if let (Value::Object(shown), Some(judged)) = (&mut shown, judged)
        && let Value::Object(more) = verdict(&*controls.elsewhere.judge()?, &judged.detail.verdict, language)
    {
        shown.extend(more);
    }
    Ok(shown)
}

/// Others that wait in quarantine and are made from the same template or come from the same sender.
fn others_alike(tx: &mut Tx<'_>, id: i64) -> Result<Vec<Quarantined>, JudgementError> {
    let mut found = Vec::new();
    for other in quarantine::alike(tx, id)?.into_iter().filter(|other| *other != id).take(ALIKE_MAX) {
        let other = quarantine::load(tx, other)?;
        if other.places.iter().any(|place| place.state == State::Held) {
            found.push(other);
        }
    }
    Ok(found)
}

/// A verdict with each finding in words.
fn verdict(judge: &Judge, verdict: &Verdict, language: Language) -> Value {
    let finding = |finding: &Finding| {
        let evidence: String = finding.evidence.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
        let finding = Finding { evidence, ..finding.clone() };
        json!({
            "id": finding.id,
            "weight": rounded(finding.weight()),
            "text": judgement::explain(judge, &finding, language),
            "evidence": finding.evidence,
        })
    };
    json!({
        "action": verdict.action.word(),
        "probability_spam": rounded(verdict.probability_spam),
        "probability_phish": rounded(verdict.probability_phish),
        "probability_unwanted": rounded(verdict.probability_unwanted),
        "probability_fraud": rounded(verdict.probability_fraud),
        "findings": verdict.findings.iter().map(finding).collect::<Vec<_>>(),
    })
}

pub(super) async fn release(
    controls: &Controls,
    by: &Bounds,
    (id, address): (String, Option<String>),
    // Why is for the record alone, which keeps the request as it was made.
    (_reason, teach): (Option<String>, Option<bool>),
) -> Result<Value, Refused> {
    let (by, people_release) = (*by, controls.elsewhere.people_release());
    let work = move |tx: &mut Tx<'_>| {
        let (id, account) = named(tx, &id, address.as_deref())?;
        if account.is_some() && account == by.account && !people_release {
            return Err(JudgementError::OfficersOnly);
        }
        let expires = tx.now().plus(EXPIRE_AFTER);
        // What one person says is no word for everybody.
        if teach == Some(true) && account.is_none() {
            let reporter = Reporter { account: by.account.unwrap_or(0), is_officer: true };
            feedback::note(tx, id, reporter, Said::Honest)?;
        }
        quarantine::release(tx, id, account.map_or(Whose::All, Whose::Account), expires)
    };
    let released = controls.store.write(work).await.map_err(Refused::because)?;
    Ok(json!({ "released": released }))
}

pub(super) async fn delete(controls: &Controls, id: String, address: Option<String>) -> Result<Value, Refused> {
    let work = move |tx: &mut Tx<'_>| {
        let (id, account) = named(tx, &id, address.as_deref())?;
        quarantine::delete(tx, id, account.map_or(Whose::All, Whose::Account))
    };
    let deleted = controls.store.write(work).await.map_err(Refused::because)?;
    Ok(json!({ "deleted": deleted }))
}

pub(super) async fn release_train(controls: &Controls, id: String) -> Result<Value, Refused> {
    let work = move |tx: &mut Tx<'_>| {
        let expires = tx.now().plus(EXPIRE_AFTER);
        let id = judgement::read_number(&id)?;
        let mut released = 0;
        for one in quarantine::alike(tx, id)? {
            released += quarantine::release(tx, one, Whose::All, expires)?;
        }
        Ok::<_, JudgementError>(released)
    };
    let released = controls.store.write(work).await.map_err(Refused::because)?;
    Ok(json!({ "released": released }))
}

const fn said(junk: bool) -> Said {
    if junk { Said::Junk } else { Said::Honest }
}

pub(super) async fn report(controls: &Controls, id: String, address: String, junk: bool) -> Result<Value, Refused> {
    let work = move |tx: &mut Tx<'_>| {
        let (id, account) = named(tx, &id, Some(&address))?;
        let reporter = Reporter { account: account.unwrap_or(0), is_officer: false };
        Ok::<_, JudgementError>(feedback::note(tx, id, reporter, said(junk))?)
    };
    let noted = controls.store.write(work).await.map_err(Refused::because)?;
    Ok(json!({ "noted": noted }))
}

pub(super) async fn report_for_all(controls: &Controls, by: &Bounds, id: String, junk: bool) -> Result<Value, Refused> {
    let reporter = Reporter { account: by.account.unwrap_or(0), is_officer: true };
    let work = move |tx: &mut Tx<'_>| {
        let id = judgement::read_number(&id)?;
        Ok::<_, JudgementError>(feedback::note(tx, id, reporter, said(junk))?)
    };
    let noted = controls.store.write(work).await.map_err(Refused::because)?;
    Ok(json!({ "noted": noted }))
}

pub(super) async fn pulled(controls: &Controls, by: &Bounds, organisation: Option<String>) -> Result<Value, Refused> {
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        let all = judgement::pull::list(tx, organisation)?;
        // Many copies are of one message.
        let mut heads = BTreeMap::new();
        for one in &all {
            if let Entry::Vacant(place) = heads.entry(one.judged) {
                place.insert(judgement::threats::head(tx, one.judged)?);
            }
        }
        let row = |one: &Pulled| {
            let head = heads.get(&one.judged).cloned().flatten();
            pulled_row(tx, one, head)
        };
        all.iter().map(row).collect::<Result<Vec<Value>, JudgementError>>()
    };
    controls.store.read(work).await.map(Value::from).map_err(Refused::because)
}

/// A copy that was pulled, with the sender and the subject of its message.
pub(super) fn pulled_row(
    tx: &mut Tx<'_>,
    one: &Pulled,
    head: Option<(String, String)>,
) -> Result<Value, JudgementError> {
    let address = identity::list_addresses(tx, one.account)?.into_iter().next();
    let (from, subject) = head.unzip();
    Ok(json!({
        "id": format!("{:x}", one.judged),
        "address": address,
        "time": one.at.to_string(),
        "from": from,
        "subject": subject,
        "quarantine": one.is_held,
        "returned": one.is_returned,
    }))
}

pub(super) async fn return_pulled(controls: &Controls, id: String) -> Result<Value, Refused> {
    let work = move |tx: &mut Tx<'_>| judgement::pull::undo(tx, judgement::read_number(&id)?, None);
    let returned = controls.store.write(work).await.map_err(Refused::because)?;
    Ok(json!({ "returned": returned }))
}

pub(super) async fn message(controls: &Controls, id: String, address: String) -> Result<Value, Refused> {
    let work = move |tx: &mut Tx<'_>| {
        let (id, account) = (judgement::read_number(&id)?, account_of(tx, &address)?);
        let found = quarantine::load(tx, id)?;
        Ok::<_, JudgementError>((found.size, quarantine::source(tx, id, account)?))
    };
    let (size, source) = controls.store.read(work).await.map_err(Refused::because)?;
    if size > SHOWN_BYTES_MAX {
        return Err(Refused(format!("the message has {size} bytes; more than {SHOWN_BYTES_MAX} are not shown")));
    }
    let store = controls.store.clone();
    let reading = tokio::task::spawn_blocking(move || source.read(store.blobs()));
    let raw = reading.await.map_err(Refused::because)?.map_err(Refused::because)?;
    Ok(json!({ "base64": STANDARD.encode(raw) }))
}

pub(super) async fn judged(
    controls: &Controls,
    id: String,
    address: Option<String>,
    again: bool,
    language: String,
) -> Result<Value, Refused> {
    let language: Language = language.parse().map_err(Refused::because)?;
    let work = move |tx: &mut Tx<'_>| {
        let (id, _) = named(tx, &id, address.as_deref())?;
        judgement::load(tx, id)
    };
    let judged: Judged = controls.store.read(work).await.map_err(Refused::because)?;
    let judge = controls.elsewhere.judge()?;
    let is_same_judge = judge.version() == judged.detail.version;
    let fresh = if again { judged.again(&judge) } else { None };
    let is_same = fresh.as_ref().map(|fresh| *fresh == judged.detail.verdict);
    let mut told = json!({
        "id": format!("{:x}", judged.id),
        "time": judged.at.to_string(),
        "from": judged.detail.envelope_from,
        "author": judged.detail.facts.as_ref().and_then(|facts| facts.from.as_ref()).map(|from| from.address.clone()),
        "subject": judged.detail.facts.as_ref().map(|facts| facts.subject.clone()),
        "client": judged.detail.client.map(|client| client.to_string()),
        "done": judged.detail.action.word(),
        "judged_by": judged.detail.version,
        "same_judge": is_same_judge,
        "same_verdict": is_same,
        "thresholds": judged.detail.thresholds,
    });
    let shown = fresh.as_ref().unwrap_or(&judged.detail.verdict);
    if let (Value::Object(told), Value::Object(more)) = (&mut told, verdict(&judge, shown, language)) {
        told.extend(more);
    }
    Ok(told)
}
