//! Pages behind the links of letters about odd sign-ins. Opening one does nothing, as mail filters open links; its button does.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::middleware;
use axum::response::Response;
use axum::routing::get;
use identity::Language;
use letters::Texts;
use review::{Link, ReviewError};
use store::{Store, Tx};
use watch::{Said, WatchError};

use crate::harden;
use crate::link_page::link_page;
use crate::web::escape;

/// Where the pages are.
pub const SIGN_IN_LINKS_PATH: &str = "/sign-in-event";

/// The pages of all links, to be served over HTTPS.
pub fn sign_in_links(store: Store) -> Router {
    Router::new()
        .route(&format!("{SIGN_IN_LINKS_PATH}/{{link}}"), get(ask).post(act))
        .layer(middleware::from_fn(harden))
        .with_state(store)
}

async fn ask(State(store): State<Store>, Path(text): Path<String>) -> Response {
    let link = match review::read_link(&store, &text) {
        Ok(link) => link,
        Err(error) => return failed(Language::English, &error),
    };
    match store.read(move |tx| asked(tx, link)).await {
        Ok((language, description)) => {
            let key = if link.said == Said::Mine { "watch-page-mine" } else { "watch-page-not-mine" };
            let texts = Texts::of(language);
            let form = format!(
                "<pre>{}</pre>\n<form method=\"post\"><button>{}</button></form>\n",
                escape(&description),
                escape(&texts.say("watch-page-yes", &[]))
            );
            page(language, StatusCode::OK, key, &form)
        }
        Err(error) => failed(Language::English, &error),
    }
}

fn asked(tx: &mut Tx<'_>, link: Link) -> Result<(Language, String), ReviewError> {
    let event = watch::load_event(tx, link.event)?;
    let language = language_of(tx, &event)?;
    if event.said != Said::Nothing {
        return Err(WatchError::Answered(event.id).into());
    }
    Ok((language, review::describe(&event, language)))
}

fn language_of(tx: &mut Tx<'_>, event: &watch::Event) -> Result<Language, ReviewError> {
    match event.subject {
        Some(subject) => Ok(identity::load_account(tx, subject.account)?.language),
        None => Ok(Language::English),
    }
}

async fn act(State(store): State<Store>, Path(text): Path<String>) -> Response {
    let link = match review::read_link(&store, &text) {
        Ok(link) => link,
        Err(error) => return failed(Language::English, &error),
    };
    let work = move |tx: &mut Tx<'_>| {
        let event = review::answer(tx, link)?;
        language_of(tx, &event)
    };
    match store.write(work).await {
        Ok(language) => {
            let key = if link.said == Said::Mine { "watch-page-done-mine" } else { "watch-page-done-not-mine" };
            page(language, StatusCode::OK, key, "")
        }
        Err(error) => failed(Language::English, &error),
    }
}

/// Says no more than what the link's owner needs.
fn failed(language: Language, error: &ReviewError) -> Response {
    let (status, key) = match error {
        ReviewError::Forged => (StatusCode::NOT_FOUND, "watch-page-forged"),
        ReviewError::Late => (StatusCode::GONE, "watch-page-late"),
        ReviewError::Watch(WatchError::Answered(_)) => (StatusCode::GONE, "watch-page-answered"),
        ReviewError::Watch(WatchError::NoEvent(_)) => (StatusCode::GONE, "watch-page-late"),
        other => {
            tracing::warn!(error = %other, "a link of a letter about a sign-in does not work");
            (StatusCode::SERVICE_UNAVAILABLE, "watch-page-failed")
        }
    };
    page(language, status, key, "")
}

fn page(language: Language, status: StatusCode, key: &str, rest: &str) -> Response {
    link_page(language, status, ("watch-page-title", key), rest)
}
