//! The step of people who must have a second factor and have none: an authenticator app is set up here.

use std::sync::Arc;

use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use factors::FactorKind;
use identity::FactorDemand;
use identity::factors::{Answer, DeskError, Enrolment, ShownEnrolment, factor_demand};
use identity::session::{self, Resumed, Stage};
use store::Tx;

use super::Portal;
use super::authenticator::key_to_scan;
use super::html::{Page, see_other};
use super::request::{Params, Visitor, is_from_our_page};
use super::sign_in::{forged, with_session};

pub(super) async fn page(State(portal): State<Arc<Portal>>, visitor: Visitor) -> Response {
    let Some(session) = enrolling(&visitor) else { return see_other("/sign-in") };
    let (settings, account) = (portal.desk().settings(), session.principal.account);
    let demand = match portal.store().read(move |tx: &mut Tx<'_>| factor_demand(tx, &settings, account)).await {
        Ok(demand) => demand,
        Err(error) => return super::factor::unavailable(&error),
    };
    let page = Page::new(visitor.language, "enrol").paragraph("", "enrol-why", &[]);
    if !matches!(&demand, FactorDemand::Enrol { kinds, .. } if kinds.contains(&FactorKind::Totp)) {
        return see_other("/account/factors");
    }
    let others = page.say("enrol-others", &[]);
    let page = page.html(&format!("<p><a href=\"/account/factors\">{others}</a></p>"));
    begin(&portal, &visitor, session, page).await
}

pub(super) async fn answer(
    State(portal): State<Arc<Portal>>,
    visitor: Visitor,
    headers: HeaderMap,
    Form(fields): Form<Vec<(String, String)>>,
) -> Response {
    let params = Params(fields);
    let Some(session) = enrolling(&visitor) else { return see_other("/sign-in") };
    if !is_from_our_page(&headers) || params.field("form_token") != session.form_token {
        return forged(&visitor);
    }
    let account = session.principal.account;
    let challenge = params.field("challenge").parse().unwrap_or_default();
    let code = Answer::Code(params.secret("code"));
    if let Err(error) = portal.desk().finish_enrolment(account, FactorKind::Totp, challenge, code).await {
        let page = Page::new(visitor.language, "enrol").status(StatusCode::UNAUTHORIZED);
        let page = page.words("error", &error.say(visitor.language));
        return begin(&portal, &visitor, session, page).await;
    }
    let (step, client) = (session.principal.session.unwrap_or(0), visitor.client.clone());
    match portal.store().write(move |tx| session::complete(tx, account, step, &client)).await {
        Ok(begun) => match portal.sign_in.completed(&session.principal, &visitor.client).await {
            Ok(()) => with_session(&portal, &headers, see_other("/account"), &begun.token),
            Err(error) => super::factor::unavailable(&error),
        },
        Err(error) => super::factor::unavailable(&error),
    }
}

fn enrolling(visitor: &Visitor) -> Option<&Resumed> {
    visitor.session.as_ref().filter(|session| session.stage == Stage::Enrol)
}

/// Begins to set an authenticator app up: shows its key and asks for a code.
async fn begin(portal: &Portal, visitor: &Visitor, session: &Resumed, page: Page) -> Response {
    let label = page.plain("authenticator");
    let wanted = Enrolment { kind: FactorKind::Totp, label, number: None };
    let begun = match portal.desk().begin_enrolment(session.principal.account, wanted).await {
        Ok(begun) => begun,
        Err(DeskError::Identity(error)) => return super::factor::unavailable(&error),
        Err(refused) => return page.words("error", &refused.say(visitor.language)).respond(),
    };
    let ShownEnrolment::Totp { secret, uri } = &begun.shown else { return page.respond() };
    let code = page.field(
        "code",
        "code",
        "type=\"text\" inputmode=\"numeric\" autocomplete=\"one-time-code\" required maxlength=\"12\"",
    );
    let challenge = begun.challenge.to_string();
    let hidden = [("form_token", session.form_token.as_str()), ("challenge", challenge.as_str())];
    let form = page.form("/sign-in/enrol", &hidden, &code, ("first", "go-on"));
    let key = key_to_scan(&page, secret, uri);
    page.paragraph("", "enrol-totp", &[]).html(&key).html(&form).respond()
}
