//! What the pages are told that something did not work: a problem (RFC 9457) whose type they have words for.

use std::time::Duration;

use ::portal::PortalError;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use env::Outlook;
use identity::IdentityError;
use identity::factors::DeskError;
use serde_json::json;
use store::StoreError;

/// Why a request is not answered as wished.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error(transparent)]
    Portal(#[from] PortalError),
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error("{0}")]
    Letter(String),
    #[error("a code cannot be sent: {0}")]
    Code(#[from] DeskError),
    #[error("too many attempts; wait {} s", .0.as_secs())]
    Wait(Duration),
    #[error("not signed in, or not allowed")]
    NotAllowed,
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Portal(error.into())
    }
}

impl Failure {
    /// Status, word, and whether the cause may be told.
    fn kind(&self) -> (StatusCode, &'static str, bool) {
        match self {
            Self::Portal(error) => of_portal(error),
            Self::Identity(_) | Self::Letter(_) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable", false),
            Self::Code(_) => (StatusCode::SERVICE_UNAVAILABLE, "code-not-sent", false),
            Self::Wait(_) => (StatusCode::TOO_MANY_REQUESTS, "wait", true),
            Self::NotAllowed => (StatusCode::FORBIDDEN, "not-allowed", true),
        }
    }
}

fn of_portal(error: &PortalError) -> (StatusCode, &'static str, bool) {
    match error {
        PortalError::Off | PortalError::NoDelivery => (StatusCode::NOT_FOUND, "unknown", true),
        PortalError::Invalid { .. } | PortalError::Incomplete { .. } => (StatusCode::BAD_REQUEST, "invalid", true),
        PortalError::Expired => (StatusCode::GONE, "expired", true),
        PortalError::Revoked => (StatusCode::GONE, "revoked", true),
        PortalError::UsedUp => (StatusCode::GONE, "used-up", true),
        PortalError::Shut => (StatusCode::GONE, "shut", true),
        PortalError::WrongProof => (StatusCode::FORBIDDEN, "wrong-proof", true),
        PortalError::WrongCode => (StatusCode::FORBIDDEN, "wrong-code", true),
        PortalError::NeedsCode => (StatusCode::FORBIDDEN, "needs-code", true),
        PortalError::VisitOver => (StatusCode::UNAUTHORIZED, "visit-over", true),
        PortalError::TooMuch(_) => (StatusCode::PAYLOAD_TOO_LARGE, "too-much", true),
        PortalError::State => (StatusCode::CONFLICT, "state", true),
        PortalError::Store(_) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable", false),
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, word, is_told) = self.kind();
        let is_ours = match &self {
            Self::Portal(error) => error.outlook() == Outlook::Temporary,
            Self::Identity(_) | Self::Letter(_) | Self::Code(_) => true,
            Self::Wait(_) | Self::NotAllowed => false,
        };
        if is_ours || !is_told {
            tracing::warn!(error = %self, "the portal could not answer");
        }
        let detail = if is_told { self.to_string() } else { "this does not work now; try again later".to_owned() };
        let wait = if let Self::Wait(wait) = &self { Some(wait.as_secs().max(1)) } else { None };
        let body = json!({
            "type": format!("urn:tradewind:portal:{word}"), "status": status.as_u16(), "detail": detail, "wait": wait,
        });
        let headers = [(header::CONTENT_TYPE, "application/problem+json"), (header::CACHE_CONTROL, "no-store")];
        let mut response = (status, headers, body.to_string()).into_response();
        if let Some(wait) = wait {
            response.headers_mut().insert(header::RETRY_AFTER, wait.into());
        }
        response
    }
}
