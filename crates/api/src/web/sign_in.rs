//! The first step: name and password.

use std::sync::Arc;

use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use env::Secret;
use identity::FactorDemand;
use identity::factors::factor_demand;
use identity::session::{self, Begun, Stage};
use identity::{AuthFailure, IdentityError, Principal, Protocol};
use store::Tx;

use super::html::{Page, encode, local_path, see_other};
use super::request::{Params, Visitor, is_from_our_page};
use super::{Portal, cookies};

/// What a password leads to.
pub(super) struct Entered {
    pub(super) begun: Begun,
    pub(super) stage: Stage,
}

pub(super) async fn page(
    State(portal): State<Arc<Portal>>,
    visitor: Visitor,
    Query(query): Query<Vec<(String, String)>>,
) -> Response {
    let params = Params(query);
    let next = local_path(params.field("next"));
    if visitor.signed_in().is_some() {
        return visitor.keep(see_other(next));
    }
    form(&portal, &visitor, next, "", None)
}

pub(super) async fn password(
    State(portal): State<Arc<Portal>>,
    visitor: Visitor,
    headers: HeaderMap,
    Form(fields): Form<Vec<(String, String)>>,
) -> Response {
    if !is_from_our_page(&headers) {
        return forged(&visitor);
    }
    let params = Params(fields);
    let next = local_path(params.field("next"));
    match enter(&portal, &visitor, params.field("login"), &params.secret("password")).await {
        Ok(entered) => go_on(&portal, &headers, &entered, next),
        Err(failure) => form(&portal, &visitor, next, params.field("login"), Some(&failure)),
    }
}

/// Where the browser goes after its first step, with the cookies that it is to hold.
pub(super) fn go_on(portal: &Portal, headers: &HeaderMap, entered: &Entered, next: &str) -> Response {
    let to = match entered.stage {
        Stage::Whole => next.to_owned(),
        Stage::Factor => format!("/sign-in/factor?next={}", encode(next)),
        Stage::Enrol => format!("/sign-in/enrol?next={}", encode(next)),
    };
    with_session(portal, headers, see_other(&to), &entered.begun.token)
}

/// The answer with the session's cookie, and a name for a browser that has none yet.
pub(super) fn with_session(
    portal: &Portal,
    headers: &HeaderMap,
    mut response: Response,
    token: &Secret<String>,
) -> Response {
    let device = cookies::device(headers).is_none().then(|| {
        let entropy = &portal.store().context().entropy;
        cookies::set_device(&identity::generate_device_token(&**entropy))
    });
    for cookie in [cookies::set_session(token), device.flatten()].into_iter().flatten() {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// Checks a password; begins a session as far as it goes. Whatever session the browser held before ends.
pub(super) async fn enter(
    portal: &Portal,
    visitor: &Visitor,
    login: &str,
    password: &Secret<String>,
) -> Result<Entered, AuthFailure> {
    debug_assert_eq!(visitor.client.protocol, Protocol::Web);
    let principal = portal.sign_in.authenticate(login, password, &visitor.client).await?;
    begin_session(portal, visitor, &principal).await
}

/// Begins a session for somebody whose first step was right, as far as it goes: whole where a factor that counts was shown with it.
/// Whatever session the browser held before ends.
pub(super) async fn begin_session(
    portal: &Portal,
    visitor: &Visitor,
    principal: &Principal,
) -> Result<Entered, AuthFailure> {
    let (settings, client) = (portal.desk().settings(), visitor.client.clone());
    let before = visitor.session.as_ref().map(|it| (it.principal.account, it.principal.session));
    let Principal { account, strong_at, .. } = *principal;
    let demand = portal.store().read(move |tx| factor_demand(tx, &settings, account)).await?;
    let stage = stage_after_password(&demand);
    let can_answer = stage == Stage::Factor;
    let stage = if strong_at.is_some() { Stage::Whole } else { stage };
    let stage = portal.sign_in.step(principal, &visitor.client, stage, can_answer).await?;
    let strong_at = strong_at.filter(|_| stage == Stage::Whole);
    let work = move |tx: &mut Tx<'_>| {
        if let Some((owner, Some(id))) = before {
            match session::end_session(tx, owner, id) {
                Ok(()) | Err(IdentityError::NoSession(_)) => {}
                Err(error) => return Err(error),
            }
        }
        let begun = session::begin(tx, account, stage, strong_at, &client)?;
        Ok::<_, IdentityError>(Entered { begun, stage })
    };
    let entered = portal.store().write(work).await?;
    tracing::info!(account, from = %visitor.client.address, stage = entered.stage.as_str(), "signed in to the web");
    Ok(entered)
}

fn stage_after_password(demand: &FactorDemand) -> Stage {
    match demand {
        FactorDemand::Nothing => Stage::Whole,
        FactorDemand::Enrol { weaker, .. } if weaker.is_empty() => Stage::Enrol,
        FactorDemand::Show { .. } | FactorDemand::Enrol { .. } => Stage::Factor,
    }
}

fn form(portal: &Portal, visitor: &Visitor, next: &str, login: &str, failure: Option<&AuthFailure>) -> Response {
    let mut page = Page::new(visitor.language, "sign-in");
    if let Some(failure) = failure {
        let (status, key) = told(failure);
        page = page.status(status).paragraph("error", key, &[]);
    }
    let given = super::html::escape(login);
    let fields = [
        page.field("login", "login", &format!("type=\"email\" autocomplete=\"username\" required value=\"{given}\"")),
        page.field("password", "password", "type=\"password\" autocomplete=\"current-password\" required"),
    ];
    let form = page.form("/sign-in", &[("next", next)], &fields.concat(), ("first", "sign-in"));
    let others = super::outside::buttons(portal, &page, next);
    page.html(&form).html(&others).respond()
}

/// Status and text for a failure: nothing that tells who exists.
pub(super) fn told(failure: &AuthFailure) -> (StatusCode, &'static str) {
    match failure {
        AuthFailure::Throttled { .. } => (StatusCode::TOO_MANY_REQUESTS, "throttled"),
        AuthFailure::Temporary(error) => {
            tracing::warn!(%error, "sign-in does not work");
            (StatusCode::SERVICE_UNAVAILABLE, "unavailable")
        }
        _ => (StatusCode::UNAUTHORIZED, "refused"),
    }
}

/// The answer to a form that none of our pages sent.
pub(super) fn forged(visitor: &Visitor) -> Response {
    let page = Page::new(visitor.language, "sign-in").status(StatusCode::FORBIDDEN);
    page.paragraph("error", "forged", &[]).respond()
}

pub(super) async fn sign_out(State(portal): State<Arc<Portal>>, visitor: Visitor, headers: HeaderMap) -> Response {
    if !is_from_our_page(&headers) {
        return forged(&visitor);
    }
    if let Some(status) = end(&portal, &visitor).await {
        return status.into_response();
    }
    let mut response = see_other("/sign-in");
    response.headers_mut().append(header::SET_COOKIE, cookies::clear_session());
    response
}

/// Ends the visitor's session; gives a status where that fails.
pub(super) async fn end(portal: &Portal, visitor: &Visitor) -> Option<StatusCode> {
    let session = visitor.session.as_ref()?;
    let (account, id) = (session.principal.account, session.principal.session.unwrap_or(0));
    match portal.store().write(move |tx| session::end_session(tx, account, id)).await {
        Ok(()) | Err(IdentityError::NoSession(_)) => None,
        Err(error) => {
            tracing::warn!(%error, "a session could not be ended");
            Some(StatusCode::SERVICE_UNAVAILABLE)
        }
    }
}
