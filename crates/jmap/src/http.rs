//! The routes (RFC 8620 sections 2 and 3).

pub(crate) mod files;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{ConnectInfo, DefaultBodyLimit, FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use identity::TlsTraits;
use parking_lot::Mutex;
use wire::jmap::{Limits, Request, RequestError};

use crate::Server;
use crate::door::{Admitted, problem};
use crate::session::CAPABILITIES;

impl Server {
    /// The routes of JMAP.
    pub fn router(self: &Arc<Self>) -> Router {
        let request_max = self.settings.now().request_bytes_max.saturating_add(1);
        let upload_max = usize::try_from(self.settings.now().upload_bytes_max).unwrap_or(usize::MAX).saturating_add(1);
        Router::new()
            .route("/.well-known/jmap", get(session))
            .route("/jmap/session", get(session))
            .route("/jmap/api", post(api).layer(DefaultBodyLimit::max(request_max)))
            .route("/jmap/upload/{account}", post(files::upload).layer(DefaultBodyLimit::max(upload_max)))
            .route("/jmap/events", get(crate::push::events))
            .route("/jmap/socket", get(crate::push::connect))
            .route("/jmap/download/{account}/{blob}/{name}", get(files::download))
            .route("/jmap/picture/{account}/{token}", get(crate::pictures::show))
            .layer(map_response(harden))
            .with_state(Arc::clone(self))
    }

    pub(crate) fn request_limits(&self) -> Limits {
        Limits { size_bytes_max: self.settings.now().request_bytes_max, calls_max: self.settings.now().calls_max }
    }
}

/// Headers that every answer carries.
async fn harden(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static("default-src 'none'"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Who sends a request.
pub(crate) struct Sender {
    pub(crate) admitted: Admitted,
    /// The beginning of our addresses, as this client reaches us.
    pub(crate) base: String,
}

impl FromRequestParts<Arc<Server>> for Sender {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, server: &Arc<Server>) -> Result<Self, Response> {
        let Some(peer) = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0) else {
            return Err(StatusCode::INTERNAL_SERVER_ERROR.into_response());
        };
        let tls = parts.extensions.get::<TlsTraits>().cloned();
        let admitted = server.door.admit(&parts.headers, peer, tls).await?;
        Ok(Self { admitted, base: base(&parts.headers, &server.public_url) })
    }
}

/// Where a client that came to an address of this machine alone finds the rest; all others are told our public address.
fn base(headers: &HeaderMap, public_url: &str) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let is_local = matches!(name, "localhost" | "127.0.0.1" | "[::1]");
    if is_local && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".:[]".contains(&byte)) {
        return format!("https://{host}");
    }
    public_url.to_owned()
}

async fn session(State(server): State<Arc<Server>>, sender: Sender) -> Response {
    match server.session(&sender.admitted.asker, &sender.base).await {
        Ok(session) => {
            let fresh = HeaderValue::from_static("no-cache, no-store, must-revalidate");
            sender.admitted.keep(([(header::CACHE_CONTROL, fresh)], Json(session)).into_response())
        }
        Err(error) => {
            tracing::error!(%error, "cannot make a JMAP session object");
            problem(StatusCode::SERVICE_UNAVAILABLE, "this does not work now, try again later")
        }
    }
}

async fn api(
    State(server): State<Arc<Server>>,
    sender: Sender,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let Ok(body) = body else { return refuse(&RequestError::Limit { name: "maxSizeRequest" }) };
    let Some(_place) = server.busy.enter(sender.admitted.asker.account(), server.settings.now().requests_max) else {
        return refuse(&RequestError::Limit { name: "maxConcurrentRequests" });
    };
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json") {
        return refuse(&RequestError::NotJson { why: "the Content-Type is another".to_owned() });
    }
    let request = match Request::parse(&body, CAPABILITIES, server.request_limits()) {
        Ok(request) => request,
        Err(error) => return refuse(&error),
    };
    let asker = Arc::clone(&sender.admitted.asker);
    let outcome = match server.session_state(&asker, &sender.base).await {
        Ok(state) => server.run(&asker, request, state).await.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    match outcome {
        Ok(response) => sender.admitted.keep(Json(response).into_response()),
        Err(error) => {
            tracing::error!(%error, "a JMAP request failed");
            problem(StatusCode::SERVICE_UNAVAILABLE, "this does not work now, try again later")
        }
    }
}

/// RFC 8620 section 3.6.1.
pub(crate) fn refuse(error: &RequestError) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/problem+json")];
    (StatusCode::BAD_REQUEST, kind, error.problem().to_string()).into_response()
}

/// Who is busy with how much.
#[derive(Default)]
pub(crate) struct Busy(Mutex<HashMap<i64, usize>>);

/// A place among what an account does at the same time; free again when dropped.
pub(crate) struct BusyPlace {
    busy: Arc<Busy>,
    account: i64,
}

impl Busy {
    /// A place, if the account has fewer than `max`.
    pub(crate) fn enter(self: &Arc<Self>, account: i64, max: usize) -> Option<BusyPlace> {
        let mut all = self.0.lock();
        let count = all.entry(account).or_insert(0);
        if *count >= max {
            return None;
        }
        *count += 1;
        Some(BusyPlace { busy: Arc::clone(self), account })
    }
}

impl Drop for BusyPlace {
    fn drop(&mut self) {
        let mut all = self.busy.0.lock();
        if let Some(count) = all.get_mut(&self.account) {
            *count -= 1;
            if *count == 0 {
                all.remove(&self.account);
            }
        }
    }
}
