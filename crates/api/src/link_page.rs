//! The bare page behind a link of a letter: a title, a sentence, and what is to be done.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use identity::Language;
use letters::Texts;

use crate::web::escape;

/// A page whose title and sentence are texts of the catalogue; `rest` is HTML below them.
pub(crate) fn link_page(
    language: Language,
    status: StatusCode,
    (title, sentence): (&str, &str),
    rest: &str,
) -> Response {
    let texts = Texts::of(language);
    let title = escape(&texts.say(title, &[]));
    let body = format!(
        "<!doctype html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width\"></head>\n<body><h1>{title}</h1>\n<p>{}</p>\n{rest}</body></html>\n",
        language.as_str(),
        escape(&texts.say(sentence, &[])),
    );
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    (status, headers, body).into_response()
}
