//! Signing in for programs: the same steps as the pages, as JSON. The session is in the cookie, so a browser's script never holds it.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use env::Secret;
use identity::factors::{Answer, BegunAnswer, Means};
use identity::session::Stage;
use serde::Deserialize;
use serde_json::{Value, json};

use super::factor::{Shown, means_of, show};
use super::request::{Visitor, is_from_our_page};
use super::sign_in::{enter, told, with_session};
use super::{Portal, cookies, texts};

pub(super) fn routes() -> Router<Arc<Portal>> {
    Router::new()
        .route("/api/sign-in", post(password))
        .route("/api/sign-in/factor/begin", post(begin))
        .route("/api/sign-in/factor", post(answer))
        .route("/api/sign-out", post(sign_out))
        .route("/api/session", get(session))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Password {
    login: String,
    password: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Begin {
    means: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    means: String,
    /// A string, as scripts have no numbers of 64 bits.
    challenge: Option<String>,
    code: Option<String>,
    credential: Option<Value>,
}

async fn password(
    State(portal): State<Arc<Portal>>,
    visitor: Visitor,
    headers: HeaderMap,
    Json(given): Json<Password>,
) -> Response {
    if !is_from_our_page(&headers) {
        return problem(StatusCode::FORBIDDEN, &visitor, "forged");
    }
    let entered = match enter(&portal, &visitor, &given.login, &Secret::new(given.password)).await {
        Ok(entered) => entered,
        Err(failure) => {
            let (status, key) = told(&failure);
            return problem(status, &visitor, key);
        }
    };
    with_session(&portal, &headers, stage(entered.stage), &entered.begun.token)
}

async fn begin(
    State(portal): State<Arc<Portal>>,
    visitor: Visitor,
    headers: HeaderMap,
    Json(given): Json<Begin>,
) -> Response {
    if !is_from_our_page(&headers) {
        return problem(StatusCode::FORBIDDEN, &visitor, "forged");
    }
    let Some(session) = visitor.session.as_ref().filter(|session| session.stage != Stage::Enrol) else {
        return problem(StatusCode::UNAUTHORIZED, &visitor, "signed-out");
    };
    let Some(means) = Means::parse(&given.means) else {
        return problem(StatusCode::BAD_REQUEST, &visitor, "unknown-means");
    };
    let begun = match portal.desk().begin_answer(session.principal.account, means).await {
        Ok(BegunAnswer::Plain) => json!({}),
        Ok(BegunAnswer::Webauthn { challenge, options }) => {
            json!({ "challenge": challenge.to_string(), "options": options })
        }
        Ok(BegunAnswer::Sms { challenge, number, .. }) => {
            json!({ "challenge": challenge.to_string(), "number": number.masked() })
        }
        Err(error) => return problem_with(StatusCode::UNAUTHORIZED, &error.say(visitor.language)),
    };
    visitor.keep(Json(begun).into_response())
}

async fn answer(
    State(portal): State<Arc<Portal>>,
    visitor: Visitor,
    headers: HeaderMap,
    Json(given): Json<Given>,
) -> Response {
    if !is_from_our_page(&headers) {
        return problem(StatusCode::FORBIDDEN, &visitor, "forged");
    }
    let Some(session) = visitor.session.as_ref().filter(|session| session.stage != Stage::Enrol) else {
        return problem(StatusCode::UNAUTHORIZED, &visitor, "signed-out");
    };
    let shown = match (given.code, given.credential) {
        (Some(code), None) => Answer::Code(Secret::new(code)),
        (None, Some(credential)) => Answer::Webauthn(credential),
        (None, None) => Answer::Certificate(visitor.certificates.to_vec()),
        (Some(_), Some(_)) => return problem(StatusCode::BAD_REQUEST, &visitor, "unknown-means"),
    };
    let Some(means) = Means::parse(&given.means) else {
        return problem(StatusCode::BAD_REQUEST, &visitor, "unknown-means");
    };
    let challenge = given.challenge.and_then(|challenge| challenge.parse().ok());
    match show(&portal, &visitor, session, means, challenge, shown).await {
        Ok(Shown::Goes(begun, reached)) => with_session(&portal, &headers, stage(reached), &begun.token),
        Ok(Shown::Refused(error)) => problem_with(StatusCode::UNAUTHORIZED, &error.say(visitor.language)),
        Ok(Shown::Over) => {
            let mut response = problem(StatusCode::UNAUTHORIZED, &visitor, "signed-out");
            response.headers_mut().append(header::SET_COOKIE, cookies::clear_session());
            response
        }
        Err(error) => super::factor::unavailable(&error),
    }
}

async fn sign_out(State(portal): State<Arc<Portal>>, visitor: Visitor, headers: HeaderMap) -> Response {
    if !is_from_our_page(&headers) {
        return problem(StatusCode::FORBIDDEN, &visitor, "forged");
    }
    if let Some(status) = super::sign_in::end(&portal, &visitor).await {
        return problem(status, &visitor, "unavailable");
    }
    let mut response = Json(json!({ "state": "signed-out" })).into_response();
    response.headers_mut().append(header::SET_COOKIE, cookies::clear_session());
    response
}

/// Who is signed in, and by what more can be shown.
async fn session(State(portal): State<Arc<Portal>>, visitor: Visitor) -> Response {
    let Some(session) = &visitor.session else { return Json(json!({ "state": "signed-out" })).into_response() };
    let means = match means_of(&portal, session.principal.account).await {
        Ok(means) => means,
        Err(error) => return super::factor::unavailable(&error),
    };
    let means: Vec<&str> = means.iter().map(|means| means.as_str()).collect();
    let mut answer = json!({ "state": word(session.stage), "means": means });
    if session.stage == Stage::Whole
        && let Value::Object(fields) = &mut answer
    {
        fields.insert("address".to_owned(), session.principal.address.clone().into());
        // A string, as scripts have no numbers of 64 bits.
        fields.insert("session".to_owned(), session.principal.session.map(|id| id.to_string()).into());
        fields.insert("language".to_owned(), session.principal.language.as_str().into());
        fields.insert("strong_at".to_owned(), session.principal.strong_at.map(|at| at.to_string()).into());
    }
    visitor.keep(Json(answer).into_response())
}

fn stage(stage: Stage) -> Response {
    Json(json!({ "state": word(stage) })).into_response()
}

const fn word(stage: Stage) -> &'static str {
    match stage {
        Stage::Factor => "factor",
        Stage::Enrol => "enrol",
        Stage::Whole => "signed-in",
    }
}

pub(super) fn problem(status: StatusCode, visitor: &Visitor, key: &str) -> Response {
    problem_with(status, &texts::of(visitor.language).say(key, &[]))
}

/// A problem of the kind that scripts know: a factor must be shown first.
pub(super) fn step_up(visitor: &Visitor, key: &str) -> Response {
    respond(StatusCode::FORBIDDEN, "urn:tradewind:problem:step-up", &texts::of(visitor.language).say(key, &[]))
}

/// A problem (RFC 9457).
pub(super) fn problem_with(status: StatusCode, detail: &str) -> Response {
    respond(status, "about:blank", detail)
}

fn respond(status: StatusCode, kind: &str, detail: &str) -> Response {
    let body = json!({ "type": kind, "status": status.as_u16(), "title": status.canonical_reason(), "detail": detail });
    let kind = [(header::CONTENT_TYPE, "application/problem+json")];
    (status, kind, body.to_string()).into_response()
}
