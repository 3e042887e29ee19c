//! What people do to their own account on pages of its own, in steps that are no single request: it goes through the same decision and
//! into the same record as an action.

use access::{Action as Right, Decision};
use identity::IdentityError;
use identity::rights::{self, Event, Outcome};
use store::Tx;

use super::Controls;
use super::caller::{Answer, Caller};
use super::carry::fault;
use super::ruling::words;

/// Leave to go on.
#[derive(Debug, Clone)]
pub(crate) struct Leave(Event);

impl Leave {
    /// Leave to do what `event` says.
    pub(super) const fn of(event: Event) -> Self {
        Self(event)
    }

    /// Whose leave it is.
    pub(crate) const fn account(&self) -> Option<i64> {
        self.0.account
    }

    /// Records that it was done.
    ///
    /// # Errors
    /// [`IdentityError`] if that cannot be written.
    pub(crate) fn done(&self, tx: &mut Tx<'_>) -> Result<(), IdentityError> {
        rights::record(tx, &Event { outcome: Outcome::Done, ..self.0.clone() }).map(drop)
    }
}

impl Controls {
    /// Whether the caller may now do what needs `right` to its own account; `what` names it in the record, where a refusal is written down. Gives leave, or
    /// what is to be answered instead. Nobody can be waited for here, so what needs a second person is refused.
    pub(crate) async fn leave(&self, caller: &Caller, right: Right, what: &'static str) -> Result<Leave, Answer> {
        let (decision, leave) = self.decide_own(caller, right, what).await.map_err(|error| fault(caller, &error))?;
        let (outcome, answer) = match decision {
            Decision::Allow { .. } => return Ok(leave),
            Decision::StepUp { strong: true, max_age, .. } => (Outcome::StepUp, Answer::StepUp(max_age)),
            Decision::StepUp { .. } | Decision::Refuse { .. } => (Outcome::Refused, Answer::NotAllowed),
        };
        let event = Event { outcome, ..leave.0 };
        let written = self.store.write_freeing(move |tx| rights::record(tx, &event).map(drop)).await;
        written.map_err(|error| fault(caller, &error))?;
        Err(answer)
    }

    /// As [`Self::leave`], for a page that only shows what could be done.
    pub(crate) async fn would_leave(&self, caller: &Caller, right: Right) -> Result<(), Answer> {
        match self.decide_own(caller, right, "").await {
            Ok((Decision::Allow { .. }, _)) => Ok(()),
            Ok((Decision::StepUp { strong: true, max_age, .. }, _)) => Err(Answer::StepUp(max_age)),
            Ok(_) => Err(Answer::NotAllowed),
            Err(error) => Err(fault(caller, &error)),
        }
    }

    async fn decide_own(
        &self,
        caller: &Caller,
        right: Right,
        what: &'static str,
    ) -> Result<(Decision, Leave), IdentityError> {
        let (caller, settings) = (*caller, self.access.now());
        let account = caller.account.ok_or_else(|| IdentityError::NoAccount("operator".to_owned()))?;
        let work = move |tx: &mut Tx<'_>| {
            let who = (account, caller.via, caller.strong_at);
            let decision = rights::decide_for(tx, who, right, account, &settings)?;
            let organisation = identity::load_account(tx, account)?.organisation;
            let row = words(&rights::organisation_table(tx, organisation, &settings)?, &decision);
            let event = Event {
                organisation,
                account: caller.account,
                via: caller.via,
                address: caller.address,
                action: what.to_owned(),
                object: "own".to_owned(),
                outcome: Outcome::Allowed,
                row,
            };
            Ok((decision, Leave(event)))
        };
        self.store.read(work).await
    }
}
