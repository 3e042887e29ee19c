//! The pages that people sign in with and look after their access on, and the same for programs as JSON.
//!
//! Plain pages from the server that work without script (a hardware key alone needs it). Whatever changes something is a POST that
//! our own page must have sent: the cookie is `SameSite=Strict`, the browser says where the request comes from, and forms carry a
//! token of their session.

mod account;
mod authenticator;
mod cookies;
mod enrol;
mod factor;
mod factors;
mod gate;
mod html;
mod json;
mod outside;
mod password;
mod request;
mod sign_in;
mod takeout;
mod texts;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use identity::SignIn;
use identity::factors::FactorDesk;

use crate::actions::Controls;

pub use outside::Outside;

pub(crate) use html::{Page, encode, escape, see_other};
pub use request::PeerCertificates;
pub(crate) use request::{Params, Visitor, is_from_our_page, language_of};

/// Longest form, in bytes.
const FORM_BYTES_MAX: usize = 64 << 10;

/// What the pages work with.
#[derive(Clone)]
pub struct Portal {
    /// Carries out what people do on their account page.
    pub controls: Controls,
    /// Checks passwords and tokens.
    pub sign_in: Arc<SignIn>,
    /// The address of the pages, without a slash at its end; names the OAuth server.
    pub public_url: String,
    /// Identity providers that people may sign in at.
    pub outside: Arc<Outside>,
    /// Whose archives are being made.
    pub takeouts: crate::Takeouts,
}

impl Portal {
    pub(crate) fn store(&self) -> &store::Store {
        &self.controls.store
    }

    /// Judges second factors.
    pub(crate) fn desk(&self) -> &FactorDesk {
        &self.controls.factors
    }
}

/// The routes of the pages and of the OAuth server.
pub fn routes<S: Clone + Send + Sync + 'static>(portal: Portal) -> Router<S> {
    Router::new()
        .route("/sign-in", get(sign_in::page).post(sign_in::password))
        .route("/sign-in/factor", get(factor::page).post(factor::answer))
        .route("/sign-in/enrol", get(enrol::page).post(enrol::answer))
        .merge(outside::routes())
        .route("/sign-out", post(sign_in::sign_out))
        .route("/account", get(account::page))
        .route("/account/{what}", post(account::change))
        .route("/assets/style.css", get(style))
        .route("/assets/webauthn.js", get(script))
        .route("/assets/enrol.js", get(enrol_script))
        .route(password::HERE, get(password::page).post(password::change))
        .merge(factors::routes())
        .merge(takeout::routes())
        .merge(json::routes())
        .merge(crate::oauth::routes())
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .with_state(Arc::new(portal))
}

async fn style() -> Response {
    asset("text/css; charset=utf-8", include_str!("../assets/style.css"))
}

async fn enrol_script() -> Response {
    asset("text/javascript; charset=utf-8", include_str!("../assets/enrol.js"))
}

async fn script() -> Response {
    asset("text/javascript; charset=utf-8", include_str!("../assets/webauthn.js"))
}

fn asset(kind: &'static str, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600")),
    ];
    (headers, text).into_response()
}
