//! The list of [`actions`](crate::actions) over HTTPS: `POST /api/v1/<action>` with what it must be told as JSON.
//!
//! Who asks is found out first, then the table of rights decides, then all else. Failures are problems (RFC 9457) that say nothing of
//! what the asker may not see.

mod fetched;
mod openapi;
mod problem;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{ConnectInfo, DefaultBodyLimit, FromRequest, Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::Value;

use crate::actions::{Action, Answer, Caller, Controls};
use crate::schema;

pub use openapi::document;
use problem::{Kind, Problem};

/// Longest request, in bytes.
const REQUEST_BYTES_MAX: usize = 64 << 10;

/// Longest request of an action that is handed a file, in bytes: a table of fifty thousand people.
const FILE_BYTES_MAX: usize = 8 << 20;

/// Why it is not known who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unauthenticated {
    /// No or no valid proof was shown.
    Missing,
    /// The proof is one that browsers add by themselves, and nothing shows that our own page sent the request.
    Forged,
    /// What was shown is not good for the API.
    Scope,
    /// Who asks is known, and must choose a new password before anything else.
    PasswordTooOld,
    /// It cannot be found out now.
    Temporary,
    /// Too many attempts.
    Throttled(Duration),
}

/// Who sends a request.
#[derive(Debug)]
pub struct Authenticated {
    /// As the actions know him.
    pub caller: Caller,
    /// A cookie that the answer is to set, as when a session's token was exchanged.
    pub cookie: Option<HeaderValue>,
}

/// Finds out who sends a request.
#[async_trait]
pub trait Authenticate: Send + Sync {
    /// Who sends a request with these header fields from `peer`. A request whose proof a browser adds by itself (a cookie) must show
    /// that our own page sent it.
    ///
    /// # Errors
    /// [`Unauthenticated`] with the reason.
    async fn caller(&self, headers: &HeaderMap, peer: SocketAddr) -> Result<Authenticated, Unauthenticated>;
}

/// What the API needs.
#[derive(Clone)]
pub struct Door {
    /// Carries actions out.
    pub controls: Controls,
    /// Finds out who asks.
    pub authenticate: Arc<dyn Authenticate>,
}

/// The one action whose request is a file.
const WITH_FILE: &str = "directory-import";

/// Octets that a request of an action may have.
fn bytes_max(name: &str) -> usize {
    if name == WITH_FILE { FILE_BYTES_MAX } else { REQUEST_BYTES_MAX }
}

/// The routes of the API.
pub fn routes<S: Clone + Send + Sync + 'static>(door: Door) -> Router<S> {
    Router::new()
        .route("/api/v1/openapi.json", get(|| async { Json(document()) }))
        .route("/api/v1/investigations/{id}/archive", get(fetched::fetch))
        .route(&format!("/api/v1/{WITH_FILE}"), post(act_on_file).layer(DefaultBodyLimit::max(FILE_BYTES_MAX)))
        .route("/api/v1/{action}", post(act).layer(DefaultBodyLimit::max(REQUEST_BYTES_MAX)))
        .method_not_allowed_fallback(|| async { Problem::new(Kind::WrongMethod) })
        .with_state(door)
}

/// As [`act`], for the one action whose request is long.
async fn act_on_file(door: State<Door>, peer: ConnectInfo<SocketAddr>, request: Request) -> Response {
    act(door, Ok(Path(WITH_FILE.to_owned())), peer, request).await
}

async fn act(
    State(door): State<Door>,
    name: Result<Path<String>, PathRejection>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let headers = request.headers().clone();
    // Taken in before anything is answered: who still sends does not read.
    let body = Bytes::from_request(request, &()).await;
    let sender = match door.authenticate.caller(&headers, peer).await {
        Ok(sender) => sender,
        Err(why) => return Problem::unauthenticated(why).into_response(),
    };
    // A name that is no UTF-8 is none of ours.
    let name = name.map_or_else(|_| "this".to_owned(), |Path(name)| name);
    let action = match body {
        Ok(body) => read(&name, &headers, &body),
        Err(rejection) => Err(Problem::unread(rejection.status(), bytes_max(&name))),
    };
    let mut response = match action {
        Ok(action) => answer(door.controls.carry_out(&sender.caller, action).await),
        Err(problem) => problem.into_response(),
    };
    if let Some(cookie) = sender.cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

fn answer(answer: Answer) -> Response {
    match answer {
        Answer::Done(value) => Json(value).into_response(),
        Answer::Waiting(request) => {
            let waiting = serde_json::json!({ "state": "waiting", "request": request });
            (StatusCode::ACCEPTED, Json(waiting)).into_response()
        }
        Answer::NotAllowed => Problem::not_allowed().into_response(),
        Answer::StepUp(max_age) => Problem::step_up(max_age).into_response(),
        Answer::Failed(refused) => Problem::failed(refused.0).into_response(),
        Answer::Temporary(why) => Problem::temporary(why).into_response(),
    }
}

/// The action that the request names, if the request is as the action's description says.
fn read(name: &str, headers: &HeaderMap, body: &[u8]) -> Result<Action, Problem> {
    let Some(wanted) = openapi::body_of(name) else { return Err(Problem::no_such_action(name)) };
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    // A form of another site cannot send this without asking first.
    if !kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json") {
        return Err(Problem::new(Kind::NotJson));
    }
    let request: Value = serde_json::from_slice(body).map_err(|error| Problem::malformed(&error.to_string()))?;
    if let Some(field) = schema::nul_in(&request) {
        let why = "holds U+0000, which no text here may".to_owned();
        return Err(Problem::misfit(schema::Misfit { field, why }));
    }
    schema::check(openapi::kept(), wanted, &request).map_err(Problem::misfit)?;
    let Value::Object(mut fields) = request else { return Err(Problem::malformed("the body must be a JSON object")) };
    fields.insert("action".to_owned(), name.into());
    serde_json::from_value(Value::Object(fields)).map_err(|error| Problem::malformed(&error.to_string()))
}
