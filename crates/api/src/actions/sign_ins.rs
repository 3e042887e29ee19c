//! Sign-ins, what was thought of them and what people say of them; frozen accounts; reviews.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use env::Timestamp;
use identity::{AccountState, IdentityError, Language};
use review::{Kind, Period, ReviewError};
use serde_json::{Value, json};
use store::Tx;
use watch::{Answer, Event, Said, WatchError, Whose};

use super::people::{change_account, find_account, pick_organisation, set_password};
use super::{Bounds, Controls, Refused};

/// What review is asked for.
pub(super) struct Asked {
    pub(super) period: String,
    pub(super) organisation: Option<String>,
    pub(super) language: String,
    pub(super) format: String,
}

pub(super) async fn list(
    controls: &Controls,
    by: &Bounds,
    address: Option<String>,
    organisation: Option<String>,
    days: u32,
    odd: bool,
) -> Result<Value, Refused> {
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let until = tx.now().plus(Duration::from_secs(1));
        let since = Timestamp::from_millis(tx.now().millis() - i64::from(days) * 86_400_000);
        let mut events = match &address {
            Some(address) => {
                let account = account_of(tx, address)?;
                watch::list_events(tx, Whose::Account(account), since, until)?
            }
            None => {
                let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
                let mut events = watch::list_events(tx, Whose::Organisation(organisation), since, until)?;
                // Names that are nobody's may be anybody's mistyped ones: only where no other organisation is.
                if identity::list_organisations(tx)?.len() == 1 {
                    events.extend(watch::list_events(tx, Whose::Nobody, since, until)?);
                }
                events
            }
        };
        events.sort_by_key(|event| std::cmp::Reverse((event.at, event.id)));
        events.retain(|event| !odd || event.answer.is_some_and(|answer| answer >= Answer::Tell));
        events.iter().map(|event| row(tx, event)).collect::<Result<Vec<_>, ReviewError>>()
    };
    controls.store.read(work).await.map(Value::from).map_err(Refused::because)
}

pub(super) fn account_of(tx: &mut Tx<'_>, address: &str) -> Result<i64, IdentityError> {
    identity::find_by_address(tx, address)?.ok_or_else(|| IdentityError::NoAccount(address.to_owned()))
}

pub(super) fn row(tx: &mut Tx<'_>, event: &Event) -> Result<Value, ReviewError> {
    let addresses = match event.subject {
        Some(subject) => identity::list_addresses(tx, subject.account)?,
        None => Vec::new(),
    };
    Ok(json!({
        "id": event.id,
        "time": event.at.to_string(),
        "account": addresses.first(),
        "outcome": event.outcome.as_str(),
        "answer": event.answer.map(Answer::as_str),
        "from": event.detail.address.to_string(),
        "country": event.detail.place.country,
        "spot": event.detail.place.spot().map(|(point, _)| [point.latitude, point.longitude]),
        "by": format!("{}/{}", event.detail.protocol, event.detail.method),
        "said": event.said.as_str(),
    }))
}

pub(super) async fn show(controls: &Controls, address: String, id: i64, language: String) -> Result<Value, Refused> {
    let language: Language = language.parse().map_err(Refused::because)?;
    let work = move |tx: &mut Tx<'_>| {
        let event = event_of(tx, &address, id)?;
        let detail = &event.detail;
        let mut shown = row(tx, &event)?;
        let score = detail.score.as_ref();
        let parts: Vec<Value> = score.map_or_else(Vec::new, |score| {
            score.parts.iter().map(|(dimension, weight)| json!({ "dimension": dimension, "weight": weight })).collect()
        });
        let more = json!({
            "program": detail.agent,
            "device": detail.device,
            "tls": detail.tls,
            "operator": detail.place.operator_name,
            "strong_factor": detail.strong,
            "score": score.map(|score| score.total),
            "parts": parts,
            "findings": detail.findings.iter().map(|finding| finding.rule.clone()).collect::<Vec<_>>(),
            "why": review::explain(&event, language),
        });
        if let (Value::Object(shown), Value::Object(more)) = (&mut shown, more) {
            shown.extend(more);
        }
        Ok::<_, ReviewError>(shown)
    };
    controls.store.read(work).await.map_err(Refused::because)
}

/// The event, if it is of the account: who may see one account's may not name another's.
fn event_of(tx: &mut Tx<'_>, address: &str, id: i64) -> Result<Event, ReviewError> {
    let account = account_of(tx, address)?;
    let event = watch::load_event(tx, id)?;
    let is_theirs = event.subject.is_some_and(|subject| subject.account == account);
    if is_theirs { Ok(event) } else { Err(WatchError::NoEvent(id).into()) }
}

pub(super) async fn answer(controls: &Controls, address: String, id: i64, mine: bool) -> Result<Value, Refused> {
    let said = if mine { Said::Mine } else { Said::NotMine };
    let work = move |tx: &mut Tx<'_>| {
        event_of(tx, &address, id)?;
        review::answer(tx, review::Link { event: id, said })
    };
    let event = controls.store.write(work).await.map_err(Refused::because)?;
    Ok(json!({ "id": event.id, "said": said.as_str(), "frozen": !mine }))
}

pub(super) async fn unfreeze(controls: &Controls, address: String, keep_password: bool) -> Result<Value, Refused> {
    let found = find_account(controls, address.clone()).await?;
    let state = controls.store.read(move |tx| identity::load_account(tx, found)).await.map_err(Refused::because)?.state;
    if state != AccountState::Frozen {
        return Err(Refused(format!("{address} is not frozen but {state}; nothing was changed")));
    }
    let mut told = json!({ "address": address });
    if !keep_password {
        told = set_password(controls, address.clone(), None).await?;
    }
    let thawed =
        change_account(controls, address, move |tx, account| identity::unfreeze(tx, account, keep_password)).await?;
    if let Some(told) = told.as_object_mut() {
        told.insert("thawed".to_owned(), thawed.into());
    }
    Ok(told)
}

pub(super) async fn review(controls: &Controls, by: &Bounds, asked: Asked, kind: Kind) -> Result<Value, Refused> {
    let by = *by;
    let Asked { period, organisation, language, format } = asked;
    let period: Period = period.parse().map_err(Refused::because)?;
    let language: Language = language.parse().map_err(Refused::because)?;
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        review::make(tx, organisation, kind, period, language)
    };
    let report = controls.store.read(work).await.map_err(Refused::because)?;
    let bytes = match format.as_str() {
        "html" => report.html().into_bytes(),
        "csv" => report.csv().into_bytes(),
        "pdf" => review::write_pdf(&report),
        other => return Err(Refused(format!("{other:?} is no form of a review; use one of: html, pdf, csv"))),
    };
    Ok(json!({ "file": format!("{}-{period}.{format}", kind.as_str()), "base64": STANDARD.encode(bytes) }))
}
