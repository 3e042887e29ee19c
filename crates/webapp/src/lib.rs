//! The files of the web application and the policies that they are served under.
//!
//! `make web` builds them into `web/dist`, and they are part of the program; a program that was built without them says so where the
//! page would be. Knows nothing of mail: the page speaks JMAP with the server, as any other client does.

mod answer;
mod files;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use env::Entropy;

use answer::{file, for_worker, message_frame, not_built, page};
use files::Files;

env::settings! {
    /// The web application.
    pub struct WebSettings in "web" {
        /// Directory with the built page, instead of the one in the program: for work on the page. Empty for the one in the program.
        directory: String = String::new(),
    }
}

/// What the routes work with.
struct Page {
    files: Files,
    entropy: Arc<dyn Entropy>,
}

/// The routes of the page: `/` leads to it, `/mail` and below are the page, `/app` and below its files.
pub fn routes(settings: &WebSettings, entropy: Arc<dyn Entropy>) -> Router {
    let files = match settings.directory.as_str() {
        "" => Files::Embedded,
        directory => Files::Directory(PathBuf::from(directory)),
    };
    Router::new()
        .route("/", get(async || Redirect::to("/mail")))
        .route("/mail", get(application))
        .route("/mail/", get(application))
        .route("/mail/{*place}", get(application))
        .route("/sw.js", get(worker))
        .route("/app/message", get(async || message_frame()))
        .route("/app/{*name}", get(asset))
        .with_state(Arc::new(Page { files, entropy }))
}

async fn application(State(shown): State<Arc<Page>>) -> Response {
    match shown.files.read("index.html").await {
        Some(text) => page(&text, &*shown.entropy),
        None => not_built(),
    }
}

/// The script that gives the page without a connection: at the root, as it may only give what lies below its own place.
async fn worker(State(shown): State<Arc<Page>>, headers: HeaderMap) -> Response {
    match file(&shown.files, "sw.js", &headers).await {
        Some(response) => for_worker(response),
        None => not_built(),
    }
}

async fn asset(State(shown): State<Arc<Page>>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    let missing = || (StatusCode::NOT_FOUND, "nothing is here\n").into_response();
    if !files::is_plain(&name) || name == "index.html" {
        return missing();
    }
    file(&shown.files, &name, &headers).await.unwrap_or_else(missing)
}
