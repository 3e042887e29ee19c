//! What an organisation shares with others, behind links that it has given out: documents that feeds are read from.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use env::Timestamp;
use intel::share;
use judgement::sharing;
use store::{Store, Tx};

use crate::harden;

/// Where the documents are.
pub const SHARED_PATH: &str = "/shared";

/// Media type of STIX (STIX 2.1, section 9).
const STIX: &str = "application/stix+json;version=2.1";

/// Days that are looked back.
const DAYS: i64 = 30;

#[derive(Clone)]
struct Documents {
    store: Store,
    never: Vec<String>,
}

/// The documents of all links, to be served over HTTPS. Domains of `never` are not shared.
pub fn shared(store: Store, never: Vec<String>) -> Router {
    Router::new()
        .route(&format!("{SHARED_PATH}/{{link}}/{{form}}"), get(document))
        .layer(middleware::from_fn(harden))
        .with_state(Documents { store, never })
}

async fn document(State(documents): State<Documents>, Path((text, form)): Path<(String, String)>) -> Response {
    let Some(link) = sharing::read_link(&documents.store, &text) else { return StatusCode::NOT_FOUND.into_response() };
    let is_stix = match form.as_str() {
        "stix" => true,
        "misp" => false,
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    let never = documents.never;
    let work = move |tx: &mut Tx<'_>| {
        let now = tx.now();
        let since = Timestamp::from_millis(now.millis() - DAYS * 86_400_000);
        let found = sharing::confirmed(tx, link.organisation, since, &never)?;
        Ok::<_, judgement::JudgementError>(if is_stix { share::stix(&found, now) } else { share::misp(&found, now) })
    };
    match documents.store.read(work).await {
        Ok(document) => {
            let kind = if is_stix { STIX } else { "application/json" };
            ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store")], document.to_string()).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "what is shared cannot be read");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}
