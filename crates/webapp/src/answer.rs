//! Answers: the page with its policy, its files as they were compressed, and the frame in which messages are shown.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use env::Entropy;

use crate::files::Files;

/// Stands in the built page where the nonce of an answer goes.
const NONCE_MARK: &str = "__NONCE__";

/// Octets of a nonce; Content Security Policy Level 3 asks for at least 128 bits.
const NONCE_OCTETS: usize = 18;

/// The document that a message's sanitised body is put into. It runs no script and loads nothing but pictures that the page hands to it.
const FRAME: &str = "<!doctype html><html><head><meta charset=\"utf-8\"><meta name=\"color-scheme\" content=\"light\">\
    <title>Message</title></head><body></body></html>";

/// The policy of that document. `allow-same-origin` lets the page measure and fill it; without `allow-scripts` nothing in it runs.
const FRAME_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'self'; sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox";

/// Names with a hash of their content never change.
const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// The page, with a nonce of its own.
pub(crate) fn page(text: &[u8], entropy: &dyn Entropy) -> Response {
    let mut random = [0; NONCE_OCTETS];
    entropy.fill(&mut random);
    let nonce = STANDARD.encode(random);
    let body = String::from_utf8_lossy(text).replace(NONCE_MARK, &nonce);
    let policy = format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data: blob:; \
         font-src 'self'; connect-src 'self'; frame-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; \
         frame-ancestors 'none'"
    );
    let mut response = html(body);
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    // The camera reads codes by which people compare keys.
    let features = "camera=(self), geolocation=(), microphone=(), payment=()";
    headers.insert("permissions-policy", HeaderValue::from_static(features));
    response
}

/// Lets a worker ask this server, and nobody else.
pub(crate) fn for_worker(mut response: Response) -> Response {
    let policy = HeaderValue::from_static("default-src 'none'; connect-src 'self'");
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

/// Whether a file is the script of a worker, by the name that its source has.
pub(crate) fn is_worker(name: &str) -> bool {
    name.strip_prefix("assets/").is_some_and(|name| name.contains("worker-") && name.ends_with(".js"))
}

/// Lets a worker compute, by WebAssembly too, and ask nobody.
pub(crate) fn for_silent_worker(mut response: Response) -> Response {
    response.headers_mut().insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; script-src 'wasm-unsafe-eval'"),
    );
    response
}

/// The empty document for the body of a message.
pub(crate) fn message_frame() -> Response {
    let mut response = html(FRAME.to_owned());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(FRAME_POLICY));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=3600"));
    response
}

/// What a program says that was built without the page.
pub(crate) fn not_built() -> Response {
    let words = "this program was built without its web page; run: make web\n";
    ([(header::CACHE_CONTROL, NO_STORE)], (StatusCode::SERVICE_UNAVAILABLE, words)).into_response()
}

fn html(body: String) -> Response {
    let mut response =
        ([(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))], body).into_response();
    harden(response.headers_mut());
    response
}

/// A file of the page in the best coding that the browser takes: they were compressed when they were built. Nothing if there is none.
pub(crate) async fn file(files: &Files, name: &str, asked: &HeaderMap) -> Option<Response> {
    let kind = kind_of(name)?;
    let (data, coding) = match coded(files, name, asked).await {
        Some(found) => found,
        None => (files.read(name).await?, None),
    };
    let mut response = Body::from(data.into_owned()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    let kept = if name.starts_with("assets/") { FOREVER } else { HeaderValue::from_static("no-cache") };
    headers.insert(header::CACHE_CONTROL, kept);
    if let Some(coding) = coding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
    harden(headers);
    Some(response)
}

type Coded = (std::borrow::Cow<'static, [u8]>, Option<&'static str>);

/// RFC 9110 section 12.5.3, as far as two codings need it.
async fn coded(files: &Files, name: &str, asked: &HeaderMap) -> Option<Coded> {
    let accepted = asked.get(header::ACCEPT_ENCODING).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let takes = |coding: &str| {
        accepted.split(',').any(|offer| {
            let (word, weight) = offer.split_once(';').unwrap_or((offer, ""));
            let weight = weight.trim().strip_prefix("q=").map_or(Some(1.0), |weight| weight.trim().parse::<f32>().ok());
            word.trim().eq_ignore_ascii_case(coding) && weight.is_some_and(|weight| weight > 0.0)
        })
    };
    for (coding, ending) in [("br", "br"), ("gzip", "gz")] {
        if takes(coding)
            && let Some(data) = files.read(&format!("{name}.{ending}")).await
        {
            return Some((data, Some(coding)));
        }
    }
    None
}

/// The media type of a file by its name's ending; nothing for what a page has none of.
fn kind_of(name: &str) -> Option<&'static str> {
    Some(match name.rsplit_once('.')?.1 {
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => return None,
    })
}

/// Fields that every answer carries.
fn harden(headers: &mut HeaderMap) {
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static("default-src 'none'; sandbox"));
}
