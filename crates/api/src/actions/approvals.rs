//! The inbox of requests that wait for a second person.

use ::investigation::{self, InvestigationError};
use ::subjects::SubjectError;
use access::Decision;
use identity::rights::{self, Approval, ApprovalState, Outcome};
use identity::{IdentityError, Language};
use serde_json::{Value, json};
use store::{StoreError, Tx};

use super::caller::{Bounds, Caller};
use super::carry::shown;
use super::list::Action;
use super::ruling::{organisations_of, rule};
use super::{Controls, Refused, letters, sentences};

/// Requests: all of an organisation, or, with `own`, those of the asker alone.
pub(super) async fn list(controls: &Controls, by: &Bounds, own: bool) -> Result<Value, Refused> {
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let mut rows = Vec::new();
        for organisation in organisations_of(tx, by.organisation)? {
            for request in rights::list_approvals(tx, organisation, by.account.filter(|_| own))? {
                let asker = identity::load_account(tx, request.asker)?.addresses.into_iter().next();
                rows.push(row(&request, asker.as_deref(), tx.now()));
            }
        }
        Ok::<_, IdentityError>(rows.into())
    };
    controls.store.read(work).await.map_err(Refused::because)
}

fn row(request: &Approval, asker: Option<&str>, now: env::Timestamp) -> Value {
    let has_lapsed = request.state == ApprovalState::Waiting && request.expires <= now;
    let action = serde_json::from_value::<Action>(request.request.clone()).ok();
    let what = |language| action.as_ref().map(|action| sentences::of(action, language));
    json!({
        "request": request.id,
        "by": asker,
        "action": request.action,
        "en": what(Language::English),
        "zh": what(Language::Chinese),
        "details": action.as_ref().map(shown),
        "state": if has_lapsed { "lapsed" } else { request.state.as_str() },
        "since": request.created.to_string(),
        "expires": request.expires.to_string(),
        "outcome": request.outcome,
    })
}

/// Why the second person's word does not count.
#[derive(Debug, thiserror::Error)]
enum DecideError {
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Investigation(#[from] InvestigationError),
    #[error(transparent)]
    Subject(#[from] SubjectError),
    #[error("it concerns your own mail or data, so somebody else has to agree")]
    Custodian,
}

/// Whether what is asked for is a look into the mail of `second`, or erases his own data.
fn looks_into(tx: &mut Tx<'_>, request: &Approval, second: i64) -> Result<bool, DecideError> {
    let organisation = request.organisation;
    match serde_json::from_value::<Action>(request.request.clone()) {
        Ok(Action::InvestigationOpen(new)) => Ok(investigation::is_custodian(tx, &new.custodians, second)?),
        Ok(Action::InvestigationCustodians { custodians, .. }) => {
            Ok(investigation::is_custodian(tx, &custodians, second)?)
        }
        Ok(Action::SubjectInvestigate(asked)) => {
            let Ok(id) = asked.id.trim().parse() else { return Ok(false) };
            Ok(::subjects::accounts_of(tx, organisation, id)?.contains(&second))
        }
        Ok(Action::SubjectErase(asked)) => {
            let Ok(id) = asked.id.trim().parse() else { return Ok(false) };
            Ok(::subjects::load(tx, organisation, id)?.account == Some(second))
        }
        _ => Ok(false),
    }
}

/// The second person's word. What is approved is carried out at once, in the asker's name and with the asker's rights of this moment.
pub(super) async fn decide(controls: &Controls, by: &Bounds, id: i64, approve: bool) -> Result<Value, Refused> {
    let (second, organisation) = by.person()?;
    let work = move |tx: &mut Tx<'_>| {
        if !approve {
            return Ok(rights::refuse_approval(tx, organisation, id, second)?);
        }
        let request = rights::approve(tx, organisation, id, second)?;
        // The request waits on, as nothing of this transaction stays.
        if looks_into(tx, &request, second)? { Err(DecideError::Custodian) } else { Ok(request) }
    };
    let request = controls.store.write(work).await.map_err(Refused::because)?;
    let outcome = match serde_json::from_value::<Action>(request.request.clone()) {
        Ok(action) if approve => carry_out(controls, &request, action, second).await,
        Ok(_) => Ok(Value::Null),
        Err(error) => Err(Refused(format!("this program does not know the request any more: {error}"))),
    };
    let failure = outcome.as_ref().err().map(ToString::to_string);
    let action = serde_json::from_value::<Action>(request.request.clone()).ok();
    let mut kept = action.as_ref().map(shown).unwrap_or_default();
    if let Some(fields) = kept.as_object_mut() {
        fields.insert("action".to_owned(), request.action.clone().into());
    }
    let told = failure.clone();
    let finish = move |tx: &mut Tx<'_>| rights::finish_approval(tx, organisation, id, &kept, told.as_deref());
    controls.store.write(finish).await.map_err(Refused::because)?;
    letters::tell_asker(controls, &request, action.as_ref(), approve, failure.as_deref()).await;
    let state = match (approve, &failure) {
        (false, _) => "refused",
        (true, None) => "done",
        (true, Some(_)) => "failed",
    };
    Ok(json!({ "request": id, "state": state, "answer": outcome.unwrap_or(Value::Null), "outcome": failure }))
}

async fn carry_out(controls: &Controls, request: &Approval, action: Action, second: i64) -> Result<Value, Refused> {
    let now = controls.store.context().clock.now();
    // The strong factor was shown when this was asked for.
    let caller = Caller { account: Some(request.asker), strong_at: Some(now), via: access::Via::Http, address: None };
    let (wanted, settings) = (action.clone(), controls.access.now());
    let ruled = controls.store.read(move |tx| rule(tx, &caller, &wanted, &settings)).await;
    let mut ruling = ruled.map_err(Refused::because)?;
    ruling.row = format!("{}; second person: {second}", ruling.row);
    if matches!(ruling.decision, Decision::Refuse { .. } | Decision::StepUp { strong: true, .. }) {
        controls.note(&caller, &action, &ruling, Outcome::Refused).await.map_err(Refused::because)?;
        return Err(Refused("the one who asked may not do this any more".to_owned()));
    }
    controls.note(&caller, &action, &ruling, Outcome::Approved).await.map_err(Refused::because)?;
    let told = action.clone();
    let outcome = controls.run(action, &ruling).await;
    let word = if outcome.is_ok() { Outcome::Done } else { Outcome::Failed };
    controls.note(&caller, &told, &ruling, word).await.map_err(Refused::because)?;
    outcome
}
