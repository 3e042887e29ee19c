//! What the sign-in watch makes of an attempt: recorded, told, stopped, and at worst the account frozen.

use std::time::Duration;

use store::{Tx, params};
use watch::{Answer, Attempt, Device, Judged, Outcome, Subject, Watch};

use super::{AuthFailure, Client, Method, Principal, SignIn};
use crate::session::Stage;
use crate::{IdentityError, Level, Protocol};

impl SignIn {
    /// Ends an attempt with what came of its credentials: the watch looks at those that were right, and all are recorded. Over the
    /// web a right password is the first step alone, which goes on with [`Self::step`].
    pub(super) async fn conclude(
        &self,
        client: &Client,
        login: &str,
        outcome: Result<Principal, AuthFailure>,
    ) -> Result<Principal, AuthFailure> {
        let outcome = match (outcome, &self.watch) {
            (Ok(principal), Some(watch)) if client.protocol != Protocol::Web => {
                self.judge(watch, client, login, &principal).await.map(|()| principal)
            }
            (Err(failure), Some(watch)) => {
                self.note_failure(watch, client, login, &failure).await;
                Err(failure)
            }
            (outcome, _) => outcome,
        };
        self.record(client, login, &outcome).await;
        outcome
    }

    /// Mail programs show no second factor: where one is demanded the attempt is refused, until the person has said that it was their
    /// own.
    async fn judge(
        &self,
        watch: &Watch,
        client: &Client,
        login: &str,
        principal: &Principal,
    ) -> Result<(), AuthFailure> {
        let attempt = attempt(client, Some(principal), self.now());
        let judged = self.assess(watch, principal, &attempt).await?;
        let outcome = match judged.assessment.answer {
            Answer::Pass | Answer::Tell => Outcome::Accepted,
            Answer::Demand | Answer::Refuse => Outcome::Refused,
            Answer::Freeze => Outcome::Frozen,
        };
        note(watch, principal, login, &attempt, outcome, Some(&judged)).await.map_err(AuthFailure::Temporary)?;
        self.act(principal, outcome).await
    }

    /// A password was right over the web and leads to `stage`; `can_answer` says whether the account has a factor to show. Gives the stage
    /// that it leads to after the watch has looked: an odd attempt must show a factor, and may not enrol one.
    ///
    /// # Errors
    /// [`AuthFailure::Unusual`] if the watch refuses, or [`AuthFailure::Temporary`].
    pub async fn step(
        &self,
        principal: &Principal,
        client: &Client,
        stage: Stage,
        can_answer: bool,
    ) -> Result<Stage, AuthFailure> {
        let Some(watch) = &self.watch else { return Ok(stage) };
        let attempt = attempt(client, Some(principal), self.now());
        let judged = self.assess(watch, principal, &attempt).await?;
        let (outcome, stage) = match (judged.assessment.answer, stage) {
            (Answer::Freeze, _) => (Outcome::Frozen, stage),
            (Answer::Refuse, _) => (Outcome::Refused, stage),
            (Answer::Demand, _) if can_answer => (Outcome::FactorNeeded, Stage::Factor),
            (Answer::Demand, _) => (Outcome::Refused, stage),
            (Answer::Pass | Answer::Tell, Stage::Whole) => (Outcome::Accepted, stage),
            (Answer::Pass | Answer::Tell, _) => (Outcome::FactorNeeded, stage),
        };
        let noted = note(watch, principal, &principal.address, &attempt, outcome, Some(&judged)).await;
        noted.map_err(AuthFailure::Temporary)?;
        self.act(principal, outcome).await?;
        Ok(stage)
    }

    /// A web sign-in is whole after its second factor: recorded, and known from now on.
    ///
    /// # Errors
    /// [`IdentityError`] if it cannot be recorded; then it must not stand.
    pub async fn completed(&self, principal: &Principal, client: &Client) -> Result<(), IdentityError> {
        let Some(watch) = &self.watch else { return Ok(()) };
        let attempt = Attempt { strong: true, ..attempt(client, Some(principal), self.now()) };
        let judged = self.assess(watch, principal, &attempt).await;
        if let Err(error) = &judged {
            tracing::warn!(account = principal.account, %error, "a sign-in with a second factor was not assessed");
        }
        let judged = judged.ok();
        note(watch, principal, &principal.address, &attempt, Outcome::Accepted, judged.as_ref()).await
    }

    async fn assess(&self, watch: &Watch, principal: &Principal, attempt: &Attempt) -> Result<Judged, AuthFailure> {
        let organisation = principal.organisation;
        let level = self.store.read(move |tx| level_of_organisation(tx, organisation)).await?;
        let judged = watch.assess(subject(principal), level.as_str(), attempt).await;
        judged.map_err(|error| AuthFailure::Temporary(error.into()))
    }

    /// Does what the watch has decided.
    async fn act(&self, principal: &Principal, outcome: Outcome) -> Result<(), AuthFailure> {
        let account = principal.account;
        match outcome {
            Outcome::Refused => Err(AuthFailure::Unusual),
            Outcome::Frozen => {
                self.store.write(move |tx| crate::freeze(tx, account)).await?;
                tracing::warn!(account, "an account is frozen: somebody else seems to know its password");
                Err(AuthFailure::Unusual)
            }
            _ => Ok(()),
        }
    }

    /// Too many attempts: the credentials are not looked at.
    pub(super) async fn refuse_early(
        &self,
        client: &Client,
        login: &str,
        retry_after: Duration,
    ) -> Result<(), AuthFailure> {
        let failure = AuthFailure::Throttled { retry_after };
        if let Some(watch) = &self.watch {
            self.note_failure(watch, client, login, &failure).await;
        }
        Err(failure)
    }

    async fn note_failure(&self, watch: &Watch, client: &Client, login: &str, failure: &AuthFailure) {
        let outcome = match failure {
            AuthFailure::Temporary(_) | AuthFailure::Unasked(_) => return,
            AuthFailure::Throttled { .. } => Outcome::Throttled,
            AuthFailure::Disabled => Outcome::Disabled,
            _ => Outcome::Wrong,
        };
        let wanted = login.to_owned();
        match self.store.read(move |tx| subject_of(tx, &wanted)).await {
            Ok(subject) => {
                watch.record(subject, login, &attempt(client, None, self.now()), outcome, None);
            }
            Err(error) => tracing::warn!(%error, "a failed sign-in is not recorded"),
        }
    }
}

/// Records what came of right credentials: a sign-in that stands before it does.
async fn note(
    watch: &Watch,
    principal: &Principal,
    login: &str,
    attempt: &Attempt,
    outcome: Outcome,
    judged: Option<&Judged>,
) -> Result<(), IdentityError> {
    let subject = subject(principal);
    if outcome == Outcome::Accepted {
        watch.record_standing(subject, login, attempt, judged).await?;
        return Ok(());
    }
    watch.record(Some(subject), login, attempt, outcome, judged);
    Ok(())
}

fn subject(principal: &Principal) -> Subject {
    Subject { account: principal.account, organisation: principal.organisation }
}

fn subject_of(tx: &mut Tx<'_>, login: &str) -> Result<Option<Subject>, IdentityError> {
    Ok(tx.row(
        "SELECT a.id, a.organisation FROM address d JOIN account a ON a.id = d.account WHERE d.address = $1",
        params![login],
        |row| Ok(Subject { account: row.int(0)?, organisation: row.int(1)? }),
    )?)
}

fn level_of_organisation(tx: &mut Tx<'_>, organisation: i64) -> Result<Level, IdentityError> {
    let level = tx.row("SELECT level FROM organisation WHERE id = $1", params![organisation], |row| {
        Ok(row.text(0)?.to_owned())
    })?;
    Ok(level.ok_or(IdentityError::NoOrganisation(organisation))?.parse()?)
}

/// The attempt as the watch sees it. What a mail program holds, an app password or a grant, stands for its device.
fn attempt(client: &Client, principal: Option<&Principal>, at: env::Timestamp) -> Attempt {
    let method = principal.map_or(Method::Password, |principal| principal.method);
    let device = match (method, client.device) {
        (Method::AppPassword(id), _) => Device::Token(format!("app-password {id}")),
        (Method::Token(grant), _) => Device::Token(format!("grant {grant}")),
        (Method::Certificate, _) => {
            let credential = principal.map_or(0, |principal| principal.standing.credential);
            Device::Credential(format!("certificate {credential}"))
        }
        (_, Some(device)) => Device::Token(device.0.iter().map(|byte| format!("{byte:02x}")).collect()),
        (_, None) => Device::Unknown,
    };
    let is_vouched = principal.is_some_and(|it| it.method == Method::Provider && it.strong_at.is_some());
    Attempt {
        at,
        address: client.address,
        protocol: client.protocol.as_str().to_owned(),
        method: method.as_str().to_owned(),
        agent: client.agent.clone(),
        tls: client.tls.as_ref().map(|tls| format!("{} {}", tls.version, tls.cipher)),
        device,
        strong: method == Method::Certificate || is_vouched,
    }
}
