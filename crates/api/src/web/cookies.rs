//! The two cookies: of the session, and of the device.

use axum::http::{HeaderMap, HeaderValue, header};
use env::Secret;

/// Holds the session's token. The prefix binds it to this host over TLS (RFC 6265bis section 4.1.3.2).
const SESSION: &str = "__Host-session";

/// Binds a sign-in at an identity provider to the browser that began it.
const OUTSIDE: &str = "__Host-outside";

/// How long it is kept: as long as somebody may take there.
const OUTSIDE_SECONDS: u64 = 600;

/// Holds a random name by which the browser is known again.
const DEVICE: &str = "__Host-device";

/// How long a browser keeps its name.
const DEVICE_SECONDS: u64 = 400 * 86_400;

/// The token of the session.
pub(super) fn session(headers: &HeaderMap) -> Option<Secret<String>> {
    find(headers, SESSION)
}

/// The name of the device.
pub(super) fn device(headers: &HeaderMap) -> Option<Secret<String>> {
    find(headers, DEVICE)
}

/// The state of the sign-in at a provider that the browser has begun.
pub(super) fn outside(headers: &HeaderMap) -> Option<Secret<String>> {
    find(headers, OUTSIDE)
}

/// The cookie of a sign-in at a provider.
pub(super) fn set_outside(state: &str) -> Option<HeaderValue> {
    let text = format!("{OUTSIDE}={state}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={OUTSIDE_SECONDS}");
    HeaderValue::from_str(&text).ok()
}

/// Has the browser forget it.
pub(super) fn clear_outside() -> HeaderValue {
    HeaderValue::from_static("__Host-outside=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0")
}

fn find(headers: &HeaderMap, name: &str) -> Option<Secret<String>> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let value = pairs.find(|(found, _)| *found == name)?.1;
    (!value.is_empty()).then(|| Secret::new(value.to_owned()))
}

/// The session's cookie. It ends with the browser; how long the session lasts is the server's to say.
pub(super) fn set_session(token: &Secret<String>) -> Option<HeaderValue> {
    HeaderValue::from_str(&format!("{SESSION}={}; Path=/; Secure; HttpOnly; SameSite=Strict", token.expose())).ok()
}

/// Has the browser forget the session's cookie.
pub(super) fn clear_session() -> HeaderValue {
    HeaderValue::from_static("__Host-session=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0")
}

/// The device's cookie.
pub(super) fn set_device(name: &Secret<String>) -> Option<HeaderValue> {
    let name = name.expose();
    let text = format!("{DEVICE}={name}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={DEVICE_SECONDS}");
    HeaderValue::from_str(&text).ok()
}
