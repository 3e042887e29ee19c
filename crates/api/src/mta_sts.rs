//! The policy that tells senders to insist on TLS (RFC 8461 section 3.2).

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::{Facts, text};

pub(crate) async fn policy(State(facts): State<Arc<Facts>>, headers: HeaderMap) -> Response {
    // RFC 8461 section 3.3: asked for at the host mta-sts.<domain>.
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default().to_ascii_lowercase();
    let Some(domain) = host.strip_prefix("mta-sts.") else {
        return (StatusCode::NOT_FOUND, "ask for the policy at mta-sts.<domain>\n").into_response();
    };
    if !facts.health.is_ours(domain).await {
        return (StatusCode::NOT_FOUND, "this is not a mail domain of this server\n").into_response();
    }
    text("text/plain; charset=utf-8", facts.settings.now().mta_sts_policy(&facts.hostname).text())
}
