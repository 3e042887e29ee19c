//! Whoever may change the factors of an account now.

use std::sync::Arc;

use access::Action as Right;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use env::Timestamp;
use factors::FactorKind;
use identity::factors::{Factor, factor_demand, list_factors, rule_of};
use identity::session::{Resumed, Stage};
use identity::{FactorDemand, IdentityError};
use store::Tx;

use super::super::gate::{caller_of, not_yours};
use super::super::html::{encode, see_other};
use super::super::json::{problem, step_up};
use super::super::request::{Params, Visitor, is_from_our_page};
use super::super::sign_in::forged;
use super::super::{Portal, factor};
use super::HERE;
use crate::actions::{Answer, Caller, Leave};

/// What the account has, and what it may have.
pub(super) struct Known {
    pub(super) factors: Vec<Factor>,
    /// Kinds that count and that this server offers.
    pub(super) kinds: Vec<FactorKind>,
    /// Whether one must be enrolled before anything else.
    pub(super) is_demanded: bool,
    /// The one that stays, as it is the last that counts and one is required.
    pub(super) last: Option<i64>,
}

/// A visitor who may change the factors of the account now: it is extracted from a request, or the request is answered with what must
/// happen first. A request that changes something has come from our own page.
pub(super) struct Changing {
    pub(super) visitor: Visitor,
    pub(super) known: Known,
    /// Leave to do it; none for a page that only shows.
    pub(super) leave: Option<Leave>,
}

impl Changing {
    /// The session, which is at the stage of enrolling or whole.
    ///
    /// # Errors
    /// The answer to whoever has none.
    pub(super) fn session(&self) -> Result<&Resumed, Box<Response>> {
        self.visitor.session.as_ref().ok_or_else(|| Box::new(see_other("/sign-in")))
    }

    /// The session, if the form came from a page of it.
    ///
    /// # Errors
    /// The answer to a form that did not.
    pub(super) fn session_of(&self, params: &Params) -> Result<&Resumed, Box<Response>> {
        let session = self.session()?;
        if params.field("form_token") == session.form_token {
            Ok(session)
        } else {
            Err(Box::new(forged(&self.visitor)))
        }
    }
}

/// What must happen first.
enum First {
    Forged,
    SignIn,
    /// A factor must be shown.
    Show,
    /// It is not for this person, or not without a second one.
    Refused,
    Unavailable(Option<IdentityError>),
}

impl FromRequestParts<Arc<Portal>> for Changing {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, portal: &Arc<Portal>) -> Result<Self, Response> {
        let visitor = Visitor::from_request_parts(parts, portal).await?;
        let (is_change, as_json) = (parts.method == Method::POST, parts.uri.path().starts_with("/api/"));
        let first = if is_change && !is_from_our_page(&parts.headers) {
            First::Forged
        } else {
            match decide(portal, &visitor, is_change).await {
                Ok((known, leave)) => return Ok(Self { visitor, known, leave }),
                Err(first) => first,
            }
        };
        Err(if as_json { first.into_json(&visitor) } else { first.into_page(&visitor) })
    }
}

async fn decide(portal: &Portal, visitor: &Visitor, is_change: bool) -> Result<(Known, Option<Leave>), First> {
    let session = visitor.session.as_ref().filter(|session| session.stage != Stage::Factor).ok_or(First::SignIn)?;
    let account = session.principal.account;
    let known = load(portal, account).await.map_err(|error| First::Unavailable(Some(error)))?;
    let mut caller = caller_of(visitor, session);
    if session.stage == Stage::Enrol {
        // Meanwhile one was enrolled: who knows the password alone must not add another.
        if !known.is_demanded {
            return Err(First::SignIn);
        }
        caller = at_the_step_of_enrolling(caller, portal.store().context().clock.now());
    }
    let answer = if is_change {
        match portal.controls.leave(&caller, Right::FactorChange, "factor-add").await {
            Ok(leave) => return Ok((known, Some(leave))),
            Err(answer) => answer,
        }
    } else {
        match portal.controls.would_leave(&caller, Right::FactorChange).await {
            Ok(()) => return Ok((known, None)),
            Err(answer) => answer,
        }
    };
    Err(match answer {
        Answer::StepUp(_) => First::Show,
        Answer::Temporary(_) => First::Unavailable(None),
        _ => First::Refused,
    })
}

/// Nobody comes to this step who has not shown what he has.
fn at_the_step_of_enrolling(caller: Caller, now: Timestamp) -> Caller {
    Caller { strong_at: Some(now), ..caller }
}

async fn load(portal: &Portal, account: i64) -> Result<Known, IdentityError> {
    let settings = portal.desk().settings();
    let work = move |tx: &mut Tx<'_>| {
        let rule = rule_of(tx, &settings, account)?;
        Ok::<_, IdentityError>((list_factors(tx, account)?, rule, factor_demand(tx, &settings, account)?))
    };
    let (factors, rule, demand) = portal.store().read(work).await?;
    let mut counting = factors.iter().filter(|factor| rule.allowed.contains(&factor.kind));
    let last = match (counting.next(), counting.next()) {
        (Some(only), None) if rule.required => Some(only.id),
        _ => None,
    };
    let kinds = rule.allowed.into_iter().filter(|kind| portal.desk().offers(*kind)).collect();
    Ok(Known { factors, kinds, is_demanded: matches!(demand, FactorDemand::Enrol { .. }), last })
}

impl First {
    fn into_page(self, visitor: &Visitor) -> Response {
        match self {
            Self::Forged => forged(visitor),
            Self::SignIn => see_other(&format!("/sign-in?next={}", encode(HERE))),
            Self::Show => see_other(&format!("/sign-in/factor?next={}", encode(HERE))),
            Self::Refused => not_yours(visitor, "factors"),
            Self::Unavailable(error) => unavailable(error.as_ref()),
        }
    }

    fn into_json(self, visitor: &Visitor) -> Response {
        match self {
            Self::Forged => problem(StatusCode::FORBIDDEN, visitor, "forged"),
            Self::SignIn => problem(StatusCode::UNAUTHORIZED, visitor, "signed-out"),
            Self::Show => step_up(visitor, "factor-first"),
            Self::Refused => problem(StatusCode::FORBIDDEN, visitor, "not-yours"),
            Self::Unavailable(error) => unavailable(error.as_ref()),
        }
    }
}

/// The cause is in the log already where there is none here.
fn unavailable(error: Option<&IdentityError>) -> Response {
    match error {
        Some(error) => factor::unavailable(error),
        None => factor::later(),
    }
}
