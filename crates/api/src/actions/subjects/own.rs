//! What people ask about their own data, by themselves.

use ::subjects::{Kind, Own, OwnRequest, Regime};
use identity::Language;
use serde_json::{Value, json};
use store::Tx;

use super::{Controls, Refused, number, refused};
use crate::actions::caller::Bounds;
use crate::actions::letters;

pub(in crate::actions) async fn make_own(
    controls: &Controls,
    by: &Bounds,
    (kind, law, language, note): (String, String, String, String),
) -> Result<Value, Refused> {
    let (account, organisation) = by.person()?;
    let kind: Kind = kind.parse().map_err(Refused::because)?;
    let regime: Regime = law.parse().map_err(Refused::because)?;
    let language: Language = language.parse().map_err(Refused::because)?;
    let new = OwnRequest { kind, regime, language, note };
    let settings = controls.elsewhere.subjects();
    let work = move |tx: &mut Tx<'_>| ::subjects::open_own(tx, (organisation, account), &new, &settings);
    let made = controls.store.write(work).await.map_err(refused)?;
    letters::tell_of_request(controls, &made.request).await;
    Ok(row(&made))
}

pub(in crate::actions) async fn list_own(controls: &Controls, by: &Bounds) -> Result<Value, Refused> {
    let (account, organisation) = by.person()?;
    let read = move |tx: &mut Tx<'_>| ::subjects::list_own(tx, organisation, account);
    let all = controls.store.read(read).await.map_err(refused)?;
    Ok(all.iter().map(row).collect())
}

pub(in crate::actions) async fn withdraw_own(controls: &Controls, by: &Bounds, id: String) -> Result<Value, Refused> {
    let (account, organisation) = by.person()?;
    let number = number(&id)?;
    let work = move |tx: &mut Tx<'_>| ::subjects::withdraw_own(tx, organisation, account, number);
    controls.store.write(work).await.map(|own| row(&own)).map_err(refused)
}

/// A request as whoever made it sees it: who works on it is not told.
fn row(own: &Own) -> Value {
    let request = &own.request;
    let letters: Vec<Value> = own
        .letters
        .iter()
        .map(|it| json!({ "sent": it.sent.map(|at| at.to_string()), "subject": it.subject, "text": it.text }))
        .collect();
    let hold = request.refusal.as_ref().and_then(|it| it.hold.as_ref());
    json!({
        "id": request.id.to_string(),
        "kind": request.kind.as_str(),
        "law": request.regime.as_str(),
        "state": request.state.as_str(),
        "received": request.received.to_string(),
        "due": request.due.to_string(),
        "extended": request.extension.as_ref().map(|it| &it.reason),
        "refused": request.refusal.as_ref().map(|it| &it.reason),
        "hold": hold.map(|(number, name, since)| json!({ "id": number.to_string(), "name": name, "since": since })),
        "held": own.held,
        "carried_out": request.carried_out,
        "closed": request.closed.map(|at| at.to_string()),
        "note": request.note,
        "letters": letters,
    })
}
