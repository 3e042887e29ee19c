//! The web key directory: keys of OpenPGP that people of ours have published (draft-koch-openpgp-webkey-service sections 3.1 and 4.5).

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use openpgp::wkd::PREFIX;
use store::{Store, Tx};

use crate::harden;

/// How long programs may keep a key, in seconds.
const KEPT: &str = "public, max-age=3600";

/// Octets of a name: 20 of a digest in z-base-32.
const NAME_OCTETS: usize = 32;

/// The directory, to be served over HTTPS: at `openpgpkey.<domain>` by the advanced method, at the domain itself by the direct one.
pub fn key_directory(store: Store) -> Router {
    Router::new()
        .route(&format!("{PREFIX}/{{domain}}/hu/{{name}}"), get(advanced))
        .route(&format!("{PREFIX}/{{domain}}/policy"), get(policy))
        .route(&format!("{PREFIX}/hu/{{name}}"), get(direct))
        .route(&format!("{PREFIX}/policy"), get(policy))
        .layer(middleware::from_fn(harden))
        .with_state(store)
}

/// There is a directory; it asks nothing special of programs (section 4.5).
async fn policy() -> Response {
    ([(header::CONTENT_TYPE, "text/plain"), (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")], "").into_response()
}

async fn advanced(
    State(store): State<Store>,
    headers: HeaderMap,
    Path((domain, name)): Path<(String, String)>,
) -> Response {
    match host(&headers).strip_prefix("openpgpkey.") {
        Some(of) if of.eq_ignore_ascii_case(&domain) => find(&store, &domain, name).await,
        _ => lost("ask for keys of a domain at openpgpkey.<domain>\n"),
    }
}

async fn direct(State(store): State<Store>, headers: HeaderMap, Path(name): Path<String>) -> Response {
    find(&store, host(&headers), name).await
}

fn host(headers: &HeaderMap) -> &str {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    host.split(':').next().unwrap_or_default()
}

async fn find(store: &Store, domain: &str, name: String) -> Response {
    let Ok(domain) = mail::domain::canonical(domain) else { return lost("this is no domain\n") };
    if name.len() != NAME_OCTETS {
        return lost("this is no name of a key\n");
    }
    match store.read(move |tx: &mut Tx<'_>| keybook::published(tx, &domain, &name)).await {
        Ok(Some(key)) => {
            let fields = [
                (header::CONTENT_TYPE, "application/octet-stream"),
                (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
                (header::CACHE_CONTROL, KEPT),
            ];
            (fields, key).into_response()
        }
        Ok(None) => lost("there is no such key\n"),
        Err(error) => {
            tracing::error!(%error, "the key directory cannot be read");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

fn lost(why: &'static str) -> Response {
    (StatusCode::NOT_FOUND, [(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")], why).into_response()
}
