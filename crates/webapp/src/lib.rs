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

/// The routes of the pages: `/` leads to the application, `/mail` and below are it, `/console` and below the console, `/p/NAME` is the page of
/// partners, `/app` and below are the files of all.
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
        .route("/console", get(console))
        .route("/console/", get(console))
        .route("/console/{*place}", get(console))
        .route("/p/{name}", get(partners))
        .route("/sw.js", get(worker))
        .route("/app/message", get(async || message_frame()))
        .route("/app/{*name}", get(asset))
        .with_state(Arc::new(Page { files, entropy }))
}

async fn application(State(shown): State<Arc<Page>>) -> Response {
    built(&shown, "index.html").await
}

/// Where a company's mail is administered.
async fn console(State(shown): State<Arc<Page>>) -> Response {
    built(&shown, "console.html").await
}

/// The page on which partners open what was encrypted for them: the same for every name.
async fn partners(State(shown): State<Arc<Page>>) -> Response {
    built(&shown, "portal.html").await
}

/// One of the pages that were built.
async fn built(shown: &Page, name: &str) -> Response {
    match shown.files.read(name).await {
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
    if !files::is_plain(&name) || name.ends_with(".html") {
        return missing();
    }
    let found = file(&shown.files, &name, &headers).await.unwrap_or_else(missing);
    if answer::is_worker(&name) { answer::for_silent_worker(found) } else { found }
}
