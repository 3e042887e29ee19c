//! Health, readiness and metrics.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::{Facts, text};

pub(crate) fn routes() -> Router<Arc<Facts>> {
    Router::new().route("/healthz", get(alive)).route("/readyz", get(ready)).route("/metrics", get(metrics))
}

/// The process runs.
async fn alive() -> &'static str {
    "ok\n"
}

/// The server can do its work; otherwise 503 with a line for each part that fails.
async fn ready(State(facts): State<Arc<Facts>>) -> Response {
    let readiness = facts.health.readiness().await;
    if readiness.failing.is_empty() {
        return "ready\n".into_response();
    }
    let lines: String = readiness.failing.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
    (StatusCode::SERVICE_UNAVAILABLE, lines).into_response()
}

/// Measurements in the `OpenMetrics` text form.
async fn metrics(State(facts): State<Arc<Facts>>, ConnectInfo(peer): ConnectInfo<SocketAddr>) -> Response {
    if !facts.may_read_metrics(peer.ip()) {
        return (StatusCode::FORBIDDEN, "metrics are told only to the addresses in http.metrics_from\n")
            .into_response();
    }
    let mut body = String::new();
    match prometheus_client::encoding::text::encode(&mut body, &facts.metrics) {
        Ok(()) => text("application/openmetrics-text; version=1.0.0; charset=utf-8", body),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
