//! The same for scripts.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use env::Secret;
use factors::FactorKind;
use identity::factors::{Answer, DeskError, Enrolment, FactorRefusal, ShownEnrolment};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::authenticator::draw;
use super::super::json::{problem, problem_with};
use super::super::sign_in::with_session;
use super::super::{Portal, factor};
use super::changing::Changing;
use super::enrol;
use crate::actions::describe_factor;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Begin {
    kind: String,
    label: String,
    number: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Finish {
    kind: String,
    challenge: String,
    code: Option<String>,
    credential: Option<Value>,
}

pub(super) async fn list(changing: Changing) -> Response {
    let known = &changing.known;
    let kinds: Vec<&str> = known.kinds.iter().map(|kind| kind.as_str()).collect();
    let factors: Vec<Value> = known.factors.iter().map(describe_factor).collect();
    let answer = json!({ "factors": factors, "kinds": kinds, "demanded": known.is_demanded });
    changing.visitor.keep(Json(answer).into_response())
}

pub(super) async fn begin(State(portal): State<Arc<Portal>>, changing: Changing, Json(given): Json<Begin>) -> Response {
    let (visitor, session) = match changing.session() {
        Ok(session) => (&changing.visitor, session),
        Err(response) => return *response,
    };
    let Ok(kind) = given.kind.parse::<FactorKind>() else {
        return problem(StatusCode::BAD_REQUEST, visitor, "unknown-means");
    };
    let wanted = Enrolment { kind, label: given.label, number: given.number };
    let begun = match portal.desk().begin_enrolment(session.principal.account, wanted).await {
        Ok(begun) => begun,
        Err(DeskError::Identity(error)) => return factor::unavailable(&error),
        Err(refused) => return problem_with(StatusCode::BAD_REQUEST, &refused.say(visitor.language)),
    };
    let mut answer = match begun.shown {
        ShownEnrolment::Totp { secret, uri } => {
            let code = draw(uri.expose()).map(|it| json!({ "side": it.side, "path": it.path }));
            json!({ "secret": secret.expose(), "uri": uri.expose(), "qr": code })
        }
        ShownEnrolment::Webauthn(options) => json!({ "options": options }),
        ShownEnrolment::Sms { number, .. } => json!({ "number": number.masked() }),
        ShownEnrolment::Ukey => json!({}),
    };
    if let Value::Object(fields) = &mut answer {
        // A string, as scripts have no numbers of 64 bits.
        fields.insert("challenge".to_owned(), begun.challenge.to_string().into());
    }
    visitor.keep(Json(answer).into_response())
}

pub(super) async fn finish(
    State(portal): State<Arc<Portal>>,
    changing: Changing,
    headers: HeaderMap,
    Json(given): Json<Finish>,
) -> Response {
    let visitor = &changing.visitor;
    let Ok(kind) = given.kind.parse::<FactorKind>() else {
        return problem(StatusCode::BAD_REQUEST, visitor, "unknown-means");
    };
    let answer = match (given.code, given.credential) {
        (Some(code), None) => Answer::Code(Secret::new(code)),
        (None, Some(credential)) => Answer::Webauthn(credential),
        (None, None) => Answer::Certificate(visitor.certificates.to_vec()),
        (Some(_), Some(_)) => return problem(StatusCode::BAD_REQUEST, visitor, "unknown-means"),
    };
    let challenge = given.challenge.parse().unwrap_or_default();
    let session = match changing.session() {
        Ok(session) => session,
        Err(response) => return *response,
    };
    match enrol(&portal, &changing, session, (kind, challenge, answer)).await {
        Ok(done) => {
            let codes: Vec<&str> = done.codes.iter().map(|code| code.expose().as_str()).collect();
            let answer = Json(json!({ "id": done.id, "recovery_codes": codes })).into_response();
            with_session(&portal, &headers, answer, &done.begun.token)
        }
        Err(DeskError::Identity(error)) => factor::unavailable(&error),
        Err(DeskError::Refused(refusal @ FactorRefusal::Over)) => {
            problem_with(StatusCode::GONE, &refusal.say(visitor.language))
        }
        Err(refused) => problem_with(StatusCode::BAD_REQUEST, &refused.say(visitor.language)),
    }
}
