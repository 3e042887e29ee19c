//! The OAuth 2.1 and OpenID Connect server over HTTP. What it gives and takes back is kept by [`identity::oauth`].

mod authorize;
mod client;
mod device;
mod discovery;
pub(crate) mod token;

use std::sync::Arc;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use identity::IdentityError;
use identity::oauth::OAuthError;
use serde_json::{Value, json};

use crate::web::Portal;

pub(crate) fn routes() -> Router<Arc<Portal>> {
    Router::new()
        .route("/.well-known/openid-configuration", get(discovery::metadata))
        .route("/.well-known/oauth-authorization-server", get(discovery::metadata))
        .route("/oauth/jwks", get(discovery::keys))
        .route("/oauth/authorize", get(authorize::page).post(authorize::decide))
        .route("/oauth/token", post(token::token))
        .route("/oauth/revoke", post(token::revoke))
        .route("/oauth/introspect", post(token::introspect))
        .route("/oauth/userinfo", get(token::userinfo).post(token::userinfo))
        .route("/oauth/device", post(device::begin))
        .route("/device", get(device::page).post(device::decide))
}

/// JSON that nobody keeps (RFC 6749 section 5.1).
fn json_answer(status: StatusCode, body: Value) -> Response {
    let mut response = (status, Json(body)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

/// What a client is told that did not get what it asked for (RFC 6749 section 5.2).
fn refusal(error: &OAuthError) -> Response {
    let status = match error {
        OAuthError::InvalidClient | OAuthError::InvalidToken => StatusCode::UNAUTHORIZED,
        _ => StatusCode::BAD_REQUEST,
    };
    let body = json!({ "error": error.code(), "error_description": error.to_string() });
    let mut response = json_answer(status, body);
    if status == StatusCode::UNAUTHORIZED {
        let scheme = if *error == OAuthError::InvalidToken { "Bearer error=\"invalid_token\"" } else { "Basic" };
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(scheme));
    }
    response
}

/// The answer to a client when we ourselves failed.
fn unavailable(error: &IdentityError) -> Response {
    tracing::warn!(%error, "the OAuth server does not work");
    json_answer(StatusCode::SERVICE_UNAVAILABLE, json!({ "error": "temporarily_unavailable" }))
}
