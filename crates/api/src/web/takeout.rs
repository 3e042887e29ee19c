//! The archive of everything that is kept of whoever is signed in.

use std::sync::Arc;

use access::Action as Right;
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use identity::session::Stage;
use residence::Kind;

use super::Portal;
use super::gate::caller_of;
use super::json::{problem, problem_with, step_up};
use super::request::{Visitor, is_from_our_page};
use super::texts;
use crate::actions::Answer;
use crate::takeout::begin;

pub(super) fn routes() -> Router<Arc<Portal>> {
    Router::new().route("/api/account/takeout", get(may).post(fetch))
}

/// Whether it would be given now: a page asks before it has the browser fetch it.
async fn may(State(portal): State<Arc<Portal>>, visitor: Visitor) -> Response {
    let Some(session) = visitor.session.as_ref().filter(|it| it.stage == Stage::Whole) else {
        return problem(StatusCode::UNAUTHORIZED, &visitor, "signed-out");
    };
    match portal.controls.would_leave(&caller_of(&visitor, session), Right::MailExport).await {
        Ok(()) => visitor.keep(StatusCode::NO_CONTENT.into_response()),
        Err(answer) => refused(&visitor, &answer),
    }
}

/// The archive, made while it is fetched.
async fn fetch(State(portal): State<Arc<Portal>>, visitor: Visitor, headers: HeaderMap) -> Response {
    let Some(session) = visitor.session.as_ref().filter(|it| it.stage == Stage::Whole) else {
        return problem(StatusCode::UNAUTHORIZED, &visitor, "signed-out");
    };
    if !is_from_our_page(&headers) {
        return problem(StatusCode::FORBIDDEN, &visitor, "forged");
    }
    let leave = match portal.controls.leave(&caller_of(&visitor, session), Right::MailExport, "data-export").await {
        Ok(leave) => leave,
        Err(answer) => return refused(&visitor, &answer),
    };
    let principal = &session.principal;
    let crossing =
        portal.controls.cross_to(principal.account, principal.organisation, Kind::Export, "data-export").await;
    if let Err(refused) = crossing {
        let why = [("why", refused.0.as_str())];
        return problem_with(StatusCode::FORBIDDEN, &texts::of(visitor.language).say("takeout-abroad", &why));
    }
    let Some(mut pieces) = begin(&portal.controls, &portal.takeouts, session.principal.account, leave) else {
        return problem(StatusCode::TOO_MANY_REQUESTS, &visitor, "takeout-running");
    };
    let stream = futures_util::stream::poll_fn(move |context| pieces.poll_recv(context));
    let headers = [
        (header::CONTENT_TYPE, "application/zip"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"tradewind.zip\""),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    visitor.keep((headers, Body::from_stream(stream)).into_response())
}

fn refused(visitor: &Visitor, answer: &Answer) -> Response {
    match answer {
        Answer::StepUp(_) => step_up(visitor, "factor-first"),
        Answer::Temporary(_) => problem(StatusCode::SERVICE_UNAVAILABLE, visitor, "unavailable"),
        _ => problem(StatusCode::FORBIDDEN, visitor, "not-yours"),
    }
}
