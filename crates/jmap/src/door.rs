//! Who sends a request: a password for mail clients (Basic), a token of our OAuth server (Bearer), or the session of a browser.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto::hash::HashKey;
use env::{Clock, Secret, Timestamp};
use identity::{AuthFailure, Client, Principal, Protocol, SignIn, SignInWatch, TlsTraits, describe_agent};
use parking_lot::Mutex;
use store::Store;
use wire::sasl::TokenCredentials;

use crate::Asker;

/// Wait before the answer to a failed sign-in, so that guessing is slow.
const FAILURE_PAUSE: Duration = Duration::from_millis(500);

/// How long who asked is known again by what he showed.
const KNOWN_FOR: Duration = Duration::from_secs(60);

/// Askers that are known at the same time.
const KNOWN_MAX: usize = 16_384;

/// Why a browser's session does not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoSession {
    /// There is none, it is over, or another page sent the request.
    Missing,
    /// It cannot be found out now.
    Temporary,
}

/// Knows the sessions of browsers.
#[async_trait]
pub trait BrowserSessions: Send + Sync {
    /// Who has signed in wholly in the browser that sends these header fields, and a cookie to set. A request that another page made
    /// the browser send has no session.
    ///
    /// # Errors
    /// [`NoSession`] with the reason.
    async fn find(&self, headers: &HeaderMap, peer: SocketAddr) -> Result<(Principal, Option<HeaderValue>), NoSession>;
}

/// Finds out who asks.
pub(crate) struct Door {
    clock: Arc<dyn Clock>,
    sign_in: Arc<SignIn>,
    browsers: Arc<dyn BrowserSessions>,
    /// Lives and dies with the process.
    key: HashKey,
    /// By keyed hash of what was shown and from where.
    known: Mutex<HashMap<[u8; 32], Known>>,
}

struct Known {
    asker: Arc<Asker>,
    watch: SignInWatch,
    until: Timestamp,
}

/// Somebody who was let in.
pub(crate) struct Admitted {
    pub(crate) asker: Arc<Asker>,
    cookie: Option<HeaderValue>,
}

impl Admitted {
    /// Adds what the answer must tell the browser.
    pub(crate) fn keep(self, mut response: Response) -> Response {
        if let Some(cookie) = self.cookie {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        response
    }
}

impl Door {
    pub(crate) fn new(store: &Store, sign_in: Arc<SignIn>, browsers: Arc<dyn BrowserSessions>) -> Self {
        let context = store.context();
        let mut key = [0; 32];
        context.entropy.fill(&mut key);
        let clock = Arc::clone(&context.clock);
        Self { clock, sign_in, browsers, key: HashKey::new(&key), known: Mutex::default() }
    }

    /// Who sends a request.
    ///
    /// # Errors
    /// The answer that says no.
    pub(crate) async fn admit(
        &self,
        headers: &HeaderMap,
        peer: SocketAddr,
        tls: Option<TlsTraits>,
    ) -> Result<Admitted, Response> {
        let Some(line) = headers.get(header::AUTHORIZATION) else { return self.browser(headers, peer).await };
        let agent = headers.get(header::USER_AGENT).map(HeaderValue::as_bytes).unwrap_or_default();
        let address = peer.ip().to_canonical();
        let shown = [line.as_bytes(), b"\0", address.to_string().as_bytes(), b"\0", agent].concat();
        let hash = self.key.hash(&shown);
        if let Some(asker) = self.recall(&hash) {
            return Ok(Admitted { asker, cookie: None });
        }
        let agent = std::str::from_utf8(agent).ok().and_then(describe_agent);
        let client = Client { tls, agent, ..Client::new(address, Protocol::Imap) };
        let outcome = self.authenticate(line, &client).await;
        match outcome {
            Ok(principal) => {
                tracing::info!(account = principal.account, from = %address, method = principal.method.as_str(), "signed in for JMAP");
                let mut watch = self.sign_in.watch(&principal);
                if watch.is_over().await {
                    return Err(unauthorized(headers));
                }
                let asker = Arc::new(Asker { principal, peer: address });
                let mut known = self.known.lock();
                if known.len() >= KNOWN_MAX {
                    known.clear();
                }
                let until = self.clock.now().plus(KNOWN_FOR);
                known.insert(hash, Known { asker: Arc::clone(&asker), watch, until });
                Ok(Admitted { asker, cookie: None })
            }
            Err(failure) => Err(refuse(headers, &failure, &client).await),
        }
    }

    /// Tells when a sign-in is over.
    pub(crate) fn watch(&self, principal: &Principal) -> SignInWatch {
        self.sign_in.watch(principal)
    }

    /// Who showed the same not long ago, unless that has ended.
    fn recall(&self, hash: &[u8; 32]) -> Option<Arc<Asker>> {
        let mut known = self.known.lock();
        let found = known.get(hash)?;
        if found.until > self.clock.now() && !found.watch.may_be_over() {
            return Some(Arc::clone(&found.asker));
        }
        known.remove(hash);
        None
    }

    async fn authenticate(&self, line: &HeaderValue, client: &Client) -> Result<Principal, AuthFailure> {
        let Some((scheme, shown)) = line.to_str().ok().and_then(|line| line.split_once(' ')) else {
            return Err(AuthFailure::Refused);
        };
        let shown = shown.trim();
        if scheme.eq_ignore_ascii_case("bearer") {
            let token = TokenCredentials { user: None, token: Secret::new(shown.to_owned()) };
            return self.sign_in.token(&token, client).await;
        }
        if !scheme.eq_ignore_ascii_case("basic") {
            return Err(AuthFailure::Refused);
        }
        let decoded = STANDARD.decode(shown).ok().and_then(|octets| String::from_utf8(octets).ok());
        // RFC 7617 section 2: the first colon ends the user's name.
        match decoded.as_deref().and_then(|text| text.split_once(':')) {
            Some((user, password)) => self.sign_in.authenticate(user, &Secret::new(password.to_owned()), client).await,
            None => Err(AuthFailure::Refused),
        }
    }

    async fn browser(&self, headers: &HeaderMap, peer: SocketAddr) -> Result<Admitted, Response> {
        match self.browsers.find(headers, peer).await {
            Ok((principal, cookie)) => {
                let asker = Arc::new(Asker { principal, peer: peer.ip().to_canonical() });
                Ok(Admitted { asker, cookie })
            }
            Err(NoSession::Missing) => Err(unauthorized(headers)),
            Err(NoSession::Temporary) => {
                Err(problem(StatusCode::SERVICE_UNAVAILABLE, "sign-in does not work now, try again later"))
            }
        }
    }
}

async fn refuse(headers: &HeaderMap, failure: &AuthFailure, client: &Client) -> Response {
    tracing::info!(from = %client.address, %failure, "sign-in for JMAP failed");
    tokio::time::sleep(FAILURE_PAUSE).await;
    match failure {
        AuthFailure::Throttled { retry_after } => {
            let mut response =
                problem(StatusCode::TOO_MANY_REQUESTS, "too many failed sign-ins, wait before the next one");
            response.headers_mut().insert(header::RETRY_AFTER, retry_after.as_secs().max(1).into());
            response
        }
        AuthFailure::Temporary(_) => {
            problem(StatusCode::SERVICE_UNAVAILABLE, "sign-in does not work now, try again later")
        }
        _ => unauthorized(headers),
    }
}

/// Says no, and how to get in (RFC 9110 section 11.6.1). A page's script asks by itself, so that its browser must not ask for a password.
fn unauthorized(headers: &HeaderMap) -> Response {
    let mut response = problem(
        StatusCode::UNAUTHORIZED,
        "unknown user or wrong password; with a second factor, use an app password or OAuth in place of the account password",
    );
    response.headers_mut().append(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    if !headers.contains_key("sec-fetch-mode") {
        let basic = HeaderValue::from_static("Basic realm=\"mail\", charset=\"UTF-8\"");
        response.headers_mut().append(header::WWW_AUTHENTICATE, basic);
    }
    response
}

/// A problem (RFC 9457).
pub(crate) fn problem(status: StatusCode, detail: &str) -> Response {
    let body = serde_json::json!({ "type": "about:blank", "status": status.as_u16(), "detail": detail });
    let kind = [(header::CONTENT_TYPE, "application/problem+json")];
    (status, kind, body.to_string()).into_response()
}
