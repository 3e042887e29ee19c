//! Pages behind the links of letters about quarantined mail. Opening one does nothing, as mail filters open links; its buttons do.

use std::time::Duration;

use ::access::Via;
use axum::Router;
use axum::extract::{Form, Path, State};
use axum::http::StatusCode;
use axum::middleware;
use axum::response::Response;
use axum::routing::get;
use env::Watched;
use identity::Language;
use identity::rights::{self, Event, Outcome};
use judgement::digest::{self, Link};
use judgement::quarantine::{self, Quarantined, Whose};
use judgement::{JudgementError, JudgingSettings};
use letters::Texts;
use serde::Deserialize;
use store::{Store, Tx};

use crate::harden;
use crate::link_page::link_page;
use crate::web::escape;

/// Where the pages are.
pub const QUARANTINE_LINKS_PATH: &str = "/quarantine";

/// How long a released message is tried.
const EXPIRE_AFTER: Duration = Duration::from_secs(5 * 86_400);

#[derive(Clone)]
struct Pages {
    store: Store,
    judging: Watched<JudgingSettings>,
}

/// The pages of all links, to be served over HTTPS.
pub fn quarantine_links(store: Store, judging: Watched<JudgingSettings>) -> Router {
    Router::new()
        .route(&format!("{QUARANTINE_LINKS_PATH}/{{link}}"), get(ask).post(act))
        .layer(middleware::from_fn(harden))
        .with_state(Pages { store, judging })
}

/// What the button says.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Pressed {
    what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum What {
    Release,
    Delete,
}

async fn ask(State(pages): State<Pages>, Path(text): Path<String>) -> Response {
    let Some(link) = digest::read_link(&pages.store, &text) else { return gone(Language::English) };
    let found =
        pages.store.read(move |tx| Ok::<_, JudgementError>((language_of(tx, link)?, digest::follow(tx, link)?)));
    match found.await {
        Ok((language, message)) => {
            let texts = Texts::of(language);
            let button = |what: &str| {
                let label = escape(&texts.say(&format!("quarantine-page-{what}"), &[]));
                format!("<button name=\"what\" value=\"{what}\">{label}</button>\n")
            };
            let release = match pages.judging.now().people_release {
                true => button("release"),
                false => format!("<p>{}</p>\n", escape(&texts.say("quarantine-page-officer", &[]))),
            };
            let what = escape(&described(&message, language));
            let form = format!("<pre>{what}</pre>\n<form method=\"post\">{release}{}</form>\n", button("delete"));
            page(language, StatusCode::OK, "quarantine-page-ask", &form)
        }
        Err(error) => failed(&error),
    }
}

fn described(message: &Quarantined, language: Language) -> String {
    let to = message.places.first().map(|place| place.address.as_str()).unwrap_or_default();
    let values = [
        ("from", message.shown.from.as_str()),
        ("to", to),
        ("subject", message.shown.subject.as_str()),
        ("time", &message.at.to_string()),
        ("id", &format!("{:x}", message.id)),
    ];
    Texts::of(language).say("quarantine-page-what", &values)
}

fn language_of(tx: &mut Tx<'_>, link: Link) -> Result<Language, JudgementError> {
    Ok(identity::load_account(tx, link.reader)?.language)
}

async fn act(State(pages): State<Pages>, Path(text): Path<String>, Form(pressed): Form<Pressed>) -> Response {
    let Some(link) = digest::read_link(&pages.store, &text) else { return gone(Language::English) };
    let is_release = pressed.what == What::Release;
    if is_release && !pages.judging.now().people_release {
        return page(Language::English, StatusCode::FORBIDDEN, "quarantine-page-officer", "");
    }
    let work = move |tx: &mut Tx<'_>| {
        let language = language_of(tx, link)?;
        let message = digest::follow(tx, link)?;
        let whose = Whose::Place(link.place);
        match pressed.what {
            What::Release => quarantine::release(tx, link.quarantined, whose, tx.now().plus(EXPIRE_AFTER))?,
            What::Delete => quarantine::delete(tx, link.quarantined, whose)?,
        };
        rights::record(tx, &event(&message, link, pressed.what))?;
        Ok::<_, JudgementError>(language)
    };
    match pages.store.write(work).await {
        Ok(language) => {
            let key = if is_release { "quarantine-page-released" } else { "quarantine-page-deleted" };
            page(language, StatusCode::OK, key, "")
        }
        Err(error) => failed(&error),
    }
}

/// As it is recorded.
fn event(message: &Quarantined, link: Link, what: What) -> Event {
    let action = match what {
        What::Release => "quarantine-release",
        What::Delete => "quarantine-delete",
    };
    Event {
        organisation: message.organisation,
        account: Some(link.reader),
        via: Via::Http,
        address: None,
        action: action.to_owned(),
        object: format!("{{\"id\":\"{:x}\"}}", message.id),
        outcome: Outcome::Done,
        row: "link of a letter".to_owned(),
    }
}

/// Says no more than what the link's owner needs.
fn failed(error: &JudgementError) -> Response {
    match error {
        error @ (JudgementError::NotQuarantined(_) | JudgementError::Identity(_))
            if error.outlook() == env::Outlook::Permanent =>
        {
            gone(Language::English)
        }
        other => {
            tracing::warn!(error = %other, "a link of a letter about the quarantine does not work");
            page(Language::English, StatusCode::SERVICE_UNAVAILABLE, "quarantine-page-failed", "")
        }
    }
}

fn gone(language: Language) -> Response {
    page(language, StatusCode::GONE, "quarantine-page-gone", "")
}

fn page(language: Language, status: StatusCode, key: &str, rest: &str) -> Response {
    link_page(language, status, ("quarantine-page-title", key), rest)
}
