//! A request on its way: decided, recorded, carried out or put before a second person.

use access::Decision;
use env::Outlook;
use identity::IdentityError;
use identity::rights::{self, Event, NewApproval, Outcome};
use serde_json::Value;
use store::Tx;

use super::caller::{Answer, Caller};
use super::list::Action;
use super::ruling::{Ruling, rule};
use super::{Controls, Refused, letters};

/// Fields of requests that hold secrets. They are neither shown nor recorded.
const SECRETS: &[&str] = &["password", "secret", "token", "code", "file", "proof", "passphrase", "key"];

impl Controls {
    /// Decides about `action`, records the decision where it matters, and carries it out, or puts it before a second person, or
    /// refuses. Nothing else happens before the decision.
    pub async fn carry_out(&self, caller: &Caller, action: Action) -> Answer {
        match self.decided(caller, action).await {
            Ok(answer) => answer,
            Err(error) => fault(caller, &error),
        }
    }

    /// As [`Self::carry_out`], for whoever has the machine.
    ///
    /// # Errors
    /// [`Refused`] with the reason.
    pub async fn carry_out_as_operator(&self, action: Action) -> Result<Value, Refused> {
        self.carry_out(&Caller::operator(), action).await.into_result()
    }

    async fn decided(&self, caller: &Caller, action: Action) -> Result<Answer, IdentityError> {
        let (by, wanted, settings) = (*caller, action.clone(), self.access.now());
        let ruling = self.store.read(move |tx| rule(tx, &by, &wanted, &settings)).await?;
        match ruling.decision {
            Decision::Refuse { .. } => {
                self.note(caller, &action, &ruling, Outcome::Refused).await?;
                Ok(Answer::NotAllowed)
            }
            Decision::StepUp { strong: true, max_age, .. } => {
                self.note(caller, &action, &ruling, Outcome::StepUp).await?;
                Ok(Answer::StepUp(max_age))
            }
            Decision::StepUp { approval: true, .. } => self.put_before_second(caller, &action, &ruling).await,
            Decision::Allow { .. } | Decision::StepUp { .. } => {
                if ruling.is_notable {
                    self.note(caller, &action, &ruling, Outcome::Allowed).await?;
                }
                let answer = self.run_and_note(caller, action, &ruling).await?;
                Ok(answer)
            }
        }
    }

    async fn run_and_note(&self, caller: &Caller, action: Action, ruling: &Ruling) -> Result<Answer, IdentityError> {
        let told = action.clone();
        let outcome = self.run(action, ruling).await;
        if ruling.is_notable {
            let word = if outcome.is_ok() { Outcome::Done } else { Outcome::Failed };
            self.note(caller, &told, ruling, word).await?;
        }
        let owner = ruling.owner.filter(|owner| Some(*owner) != caller.account);
        if let Some(owner) = owner.filter(|_| outcome.is_ok() && told.right().tells_owner()) {
            letters::tell_of_change(self, owner, caller.account, &told).await;
        }
        Ok(outcome.map_or_else(Answer::Failed, Answer::Done))
    }

    /// Does it, without asking.
    pub(super) async fn run(&self, action: Action, ruling: &Ruling) -> Result<Value, Refused> {
        self.check_crossing(&action, ruling).await?;
        let name = action.name();
        // What is approved is run by the action that approves it, so the future would contain itself.
        let outcome = Box::pin(action.run(self, &ruling.bounds)).await;
        if cfg!(debug_assertions)
            && let Ok(answer) = &outcome
        {
            let described = super::answers::check(name, answer);
            assert!(described.is_ok(), "{name} answers what is not described: {described:?}");
        }
        // Whatever was changed holds from now on, not only when a remembered answer has grown old.
        self.directory.forget();
        self.signer.forget();
        outcome
    }

    async fn put_before_second(
        &self,
        caller: &Caller,
        action: &Action,
        ruling: &Ruling,
    ) -> Result<Answer, IdentityError> {
        let (Some(asker), organisation) = (ruling.bounds.account, ruling.organisation) else {
            return Ok(Answer::NotAllowed);
        };
        let request = serde_json::to_value(action).unwrap_or_default();
        let (name, settings) = (action.name(), self.access.now());
        let event = event(caller, action, ruling, Outcome::Waiting);
        let work = move |tx: &mut Tx<'_>| {
            let new = NewApproval { organisation, asker, action: name, request: &request };
            let id = rights::request_approval(tx, &new, &settings)?;
            rights::record(tx, &event)?;
            Ok::<_, IdentityError>(id)
        };
        let id = self.store.write(work).await?;
        letters::tell_approvers(self, organisation, asker, id, action).await;
        Ok(Answer::Waiting(id))
    }

    /// Records; an action that is to be recorded and cannot be does not happen.
    pub(super) async fn note(
        &self,
        caller: &Caller,
        action: &Action,
        ruling: &Ruling,
        outcome: Outcome,
    ) -> Result<(), IdentityError> {
        let event = event(caller, action, ruling, outcome);
        self.store.write_freeing(move |tx| rights::record(tx, &event).map(drop)).await
    }
}

fn event(caller: &Caller, action: &Action, ruling: &Ruling, outcome: Outcome) -> Event {
    Event {
        organisation: ruling.organisation,
        account: caller.account,
        via: caller.via,
        address: caller.address,
        action: action.name().to_owned(),
        object: recorded(action).to_string(),
        outcome,
        row: ruling.row.clone(),
    }
}

/// Fields of subject requests that name nobody: all that the record has of them, which outlives what is erased.
const NAMELESS: &[&str] =
    &["id", "kind", "law", "lift", "remove_mail", "letter", "format", "language", "state", "part", "hold"];

/// The request for the record: without secrets, and of what concerns people's own requests without whatever names them.
fn recorded(action: &Action) -> Value {
    let mut request = shown(action);
    if let Some(fields) = request.as_object_mut().filter(|_| is_of_subject(action)) {
        for (name, value) in fields.iter_mut() {
            if !NAMELESS.contains(&name.as_str()) {
                *value = Value::from("…");
            }
        }
    }
    request
}

fn is_of_subject(action: &Action) -> bool {
    action.name().starts_with("subject-") || action.name().starts_with("consent-")
}

/// The request without secrets, for people and for the record.
pub(super) fn shown(action: &Action) -> Value {
    let mut request = serde_json::to_value(action).unwrap_or_default();
    if let Some(fields) = request.as_object_mut() {
        fields.retain(|name, value| name != "action" && !value.is_null());
        for (name, value) in fields.iter_mut() {
            if SECRETS.contains(&name.as_str()) {
                *value = Value::from("…");
            }
        }
    }
    request
}

/// What a caller is told of a failure before the decision. An account that is gone is no reason to say more than usual.
pub(super) fn fault(caller: &Caller, error: &IdentityError) -> Answer {
    tracing::warn!(account = caller.account, via = %caller.via, %error, "a request could not be decided");
    match (caller.account, error.outlook()) {
        (Some(_), Outlook::Permanent) => Answer::NotAllowed,
        (Some(_), Outlook::Temporary) => {
            Answer::Temporary("this does not work at the moment; try again later".to_owned())
        }
        (None, _) => Answer::Temporary(error.to_string()),
    }
}
