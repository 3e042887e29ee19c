//! The list of [`actions`], and HTTP: health, readiness, metrics, client configuration, the MTA-STS policy and ACME challenges.
//!
//! Builds routers; the driver that owns the listeners serves them. Knows nothing of SMTP and IMAP beyond their ports.

pub mod actions;
mod archive;
mod autoconfig;
mod challenges;
mod facts;
mod health;
mod key_directory;
mod link_page;
mod mta_sts;
mod oauth;
mod portal;
mod quarantine_links;
mod schema;
mod scim;
mod settings;
mod shared;
mod sign_in_links;
mod subject_page;
mod takeout;
#[cfg(test)]
mod tests;
pub mod v1;
pub mod web;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

pub use challenges::Challenges;
pub use facts::{ClientService, Facts, Health, Readiness};
pub use key_directory::key_directory;
pub use portal::{PortalDoor, portal_routes};
pub use quarantine_links::{QUARANTINE_LINKS_PATH, quarantine_links};
pub use scim::{ScimParts, scim_router};
pub use settings::{HttpSettings, MtaStsMode};
pub use shared::{SHARED_PATH, shared};
pub use sign_in_links::{SIGN_IN_LINKS_PATH, sign_in_links};
pub use subject_page::subject_page;
pub use takeout::Takeouts;

/// Everything that is served over HTTPS; `pages` are those of [`web::routes`].
pub fn secure_router(facts: Arc<Facts>, pages: Router<Arc<Facts>>) -> Router {
    Router::new()
        .merge(health::routes())
        .merge(client_routes())
        .route("/.well-known/mta-sts.txt", get(mta_sts::policy))
        .merge(pages)
        .fallback(not_found)
        .layer(middleware::from_fn(harden))
        .with_state(facts)
}

/// What is served without TLS: health, metrics, ACME challenges and client configuration, which some clients ask for in clear first.
/// It holds no secrets.
pub fn plain_router(facts: Arc<Facts>) -> Router {
    Router::new()
        .merge(health::routes())
        .merge(client_routes())
        .route("/.well-known/acme-challenge/{token}", get(challenges::answer))
        .fallback(not_found)
        .layer(middleware::from_fn(harden))
        .with_state(facts)
}

fn client_routes() -> Router<Arc<Facts>> {
    Router::new()
        .route("/mail/config-v1.1.xml", get(autoconfig::thunderbird))
        .route("/.well-known/autoconfig/mail/config-v1.1.xml", get(autoconfig::thunderbird))
        .route("/autodiscover/autodiscover.xml", post(autoconfig::outlook))
        .route("/Autodiscover/Autodiscover.xml", post(autoconfig::outlook))
}

async fn not_found() -> Response {
    (StatusCode::NOT_FOUND, "nothing is here\n").into_response()
}

/// Headers that every answer carries.
async fn harden(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // A page says itself what it needs.
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static("default-src 'none'"));
    headers.entry(header::REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
    response
}

/// Media type and body of a text answer.
fn text(kind: &'static str, body: String) -> Response {
    ([(header::CONTENT_TYPE, kind)], body).into_response()
}
