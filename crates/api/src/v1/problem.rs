//! What went wrong, as `application/problem+json` (RFC 9457).

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::Unauthenticated;

/// A failure as the client is told of it.
pub(super) struct Problem {
    status: StatusCode,
    kind: &'static str,
    title: &'static str,
    detail: Option<String>,
    challenge: Option<String>,
    retry_after: Option<Duration>,
}

impl Problem {
    const fn new(status: StatusCode, kind: &'static str, title: &'static str) -> Self {
        Self { status, kind, title, detail: None, challenge: None, retry_after: None }
    }

    pub(super) fn unauthenticated(why: Unauthenticated) -> Self {
        match why {
            Unauthenticated::Missing => Self {
                challenge: Some("Bearer".to_owned()),
                ..Self::new(StatusCode::UNAUTHORIZED, "not-signed-in", "Sign in first")
            },
            Unauthenticated::Forged => {
                Self::new(StatusCode::FORBIDDEN, "not-from-our-page", "The request does not come from our own page")
            }
            Unauthenticated::Scope => Self {
                challenge: Some("Bearer error=\"insufficient_scope\"".to_owned()),
                ..Self::new(StatusCode::FORBIDDEN, "wrong-scope", "What was shown is not good for the API")
            },
            Unauthenticated::PasswordTooOld => {
                Self::new(StatusCode::FORBIDDEN, "password-too-old", "Choose a new password on the account page first")
            }
            Unauthenticated::Temporary => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "temporary", "This does not work at the moment")
            }
            Unauthenticated::Throttled(wait) => Self {
                retry_after: Some(wait),
                ..Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many-attempts", "Too many attempts")
            },
        }
    }

    /// The same whether a thing is not there or is another's.
    pub(super) const fn not_allowed() -> Self {
        Self::new(StatusCode::FORBIDDEN, "not-allowed", "This is not there, or you may not do it")
    }

    /// Asks for a fresh strong factor (RFC 9470 section 3).
    pub(super) fn step_up(max_age: Duration) -> Self {
        let seconds = max_age.as_secs();
        Self {
            challenge: Some(format!(
                "Bearer error=\"insufficient_user_authentication\", error_description=\"a strong factor is needed\", max_age=\"{seconds}\""
            )),
            detail: Some(format!("show a strong factor first; it counts for {seconds} seconds")),
            ..Self::new(StatusCode::UNAUTHORIZED, "step-up", "A strong factor is needed")
        }
    }

    pub(super) fn failed(why: String) -> Self {
        Self { detail: Some(why), ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "refused", "This cannot be done") }
    }

    pub(super) fn temporary(why: String) -> Self {
        Self {
            detail: Some(why),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "temporary", "This does not work at the moment")
        }
    }

    pub(super) fn no_such_action(name: &str) -> Self {
        Self {
            detail: Some(format!("{name} is no action; see /api/v1/openapi.json")),
            ..Self::new(StatusCode::NOT_FOUND, "no-such-action", "There is no such action")
        }
    }

    pub(super) const fn not_json() -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-json", "Send application/json")
    }

    pub(super) fn malformed(why: &str) -> Self {
        Self {
            detail: Some(why.to_owned()),
            ..Self::new(StatusCode::BAD_REQUEST, "malformed", "The request cannot be read")
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = json!({
            "type": format!("urn:tradewind:problem:{}", self.kind),
            "title": self.title,
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        let mut response = (self.status, kind, body.to_string()).into_response();
        let headers = response.headers_mut();
        if let Some(challenge) = self.challenge.and_then(|text| HeaderValue::try_from(text).ok()) {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Some(wait) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
        }
        response
    }
}
