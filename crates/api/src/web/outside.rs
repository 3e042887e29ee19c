//! Signing in at an identity provider (OpenID Connect): our page sends the browser there, and it comes back with a code.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Form, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use env::Timestamp;
use identity::{AuthFailure, Vouched, network_of};
use parking_lot::Mutex;
use provision::oidc::{self, Fetch, SignedIn, Wanted};
use provision::{OidcProvider, ProvisionError};
use store::Tx;

use super::html::{Page, encode, escape, local_path};
use super::request::{Params, Visitor, is_from_our_page};
use super::sign_in::{begin_session, forged, go_on};
use super::{Portal, cookies};

/// Span over which beginnings are counted.
const SPAN: Duration = Duration::from_secs(60);

/// Beginnings from one network in [`SPAN`]: each asks the provider and writes a row.
const BEGUN_PER_NETWORK: u32 = 120;

/// Beginnings altogether in [`SPAN`].
const BEGUN_MAX: u32 = 3_000;

/// Identity providers that people may sign in at.
pub struct Outside {
    providers: Vec<OidcProvider>,
    fetch: Arc<dyn Fetch>,
    begun: Mutex<Counted>,
}

impl Outside {
    /// These providers, asked by `fetch`.
    #[must_use]
    pub fn new(providers: Vec<OidcProvider>, fetch: Arc<dyn Fetch>) -> Self {
        Self { providers, fetch, begun: Mutex::default() }
    }

    fn find(&self, name: &str) -> Option<&OidcProvider> {
        self.providers.iter().find(|provider| provider.name == name)
    }
}

/// How often attempts were begun lately.
#[derive(Default)]
struct Counted {
    since: Timestamp,
    total: u32,
    by_network: HashMap<IpAddr, u32>,
}

impl Counted {
    /// Counts one more, if it is not too many.
    fn admit(&mut self, now: Timestamp, from: IpAddr) -> bool {
        if now.since(self.since) >= SPAN {
            *self = Self { since: now, ..Self::default() };
        }
        if self.total >= BEGUN_MAX {
            return false;
        }
        let count = self.by_network.entry(network_of(from)).or_default();
        if *count >= BEGUN_PER_NETWORK {
            return false;
        }
        *count += 1;
        self.total += 1;
        true
    }
}

pub(super) fn routes() -> Router<Arc<Portal>> {
    Router::new().route("/sign-in/outside/{provider}", post(begin)).route("/sign-in/outside/{provider}/back", get(back))
}

/// A button for each provider.
pub(super) fn buttons(portal: &Portal, page: &Page, next: &str) -> String {
    portal.outside.providers.iter().map(|provider| button(page, provider, "outside", next, "")).collect()
}

/// Buttons for the providers that vouch for the account, at which the person can prove anew who they are.
pub(super) async fn buttons_anew(
    portal: &Portal,
    page: &Page,
    account: i64,
    next: &str,
) -> Result<String, ProvisionError> {
    let outside = Arc::clone(&portal.outside);
    let work = move |tx: &mut Tx<'_>| oidc::vouching_for(tx, &outside.providers, account);
    let names = portal.store().read(work).await?;
    let found = names.iter().filter_map(|name| portal.outside.find(name));
    Ok(found.map(|provider| button(page, provider, "outside-again", next, "1")).collect())
}

fn button(page: &Page, provider: &OidcProvider, key: &str, next: &str, fresh: &str) -> String {
    let text = page.say(key, &[("provider", provider.shown())]);
    let (action, next) = (escape(&here(provider)), escape(next));
    format!(
        "<form method=\"post\" action=\"{action}\"><input type=\"hidden\" name=\"next\" value=\"{next}\">\
         <input type=\"hidden\" name=\"fresh\" value=\"{fresh}\"><button>{text}</button></form>"
    )
}

/// The page that an attempt begins at; it comes back to one below.
fn here(provider: &OidcProvider) -> String {
    format!("/sign-in/outside/{}", encode(&provider.name))
}

async fn begin(
    State(portal): State<Arc<Portal>>,
    Path(name): Path<String>,
    visitor: Visitor,
    headers: HeaderMap,
    Form(fields): Form<Vec<(String, String)>>,
) -> Response {
    if !is_from_our_page(&headers) {
        return forged(&visitor);
    }
    let Some(provider) = portal.outside.find(&name) else { return StatusCode::NOT_FOUND.into_response() };
    let now = portal.store().context().clock.now();
    if !portal.outside.begun.lock().admit(now, visitor.client.address) {
        return told(&visitor, provider, StatusCode::TOO_MANY_REQUESTS, "throttled");
    }
    let params = Params(fields);
    let wanted = Wanted {
        redirect_uri: format!("{}{}/back", portal.public_url, here(provider)),
        go_on: local_path(params.field("next")).to_owned(),
        is_fresh: params.field("fresh") == "1",
    };
    match oidc::begin(portal.store(), &*portal.outside.fetch, provider, &wanted).await {
        Ok(begun) => {
            // A page and no redirect: what browsers hold against redirects of forms (`form-action`) would need the provider's hosts.
            let mut response = Page::new(visitor.language, "going-on").refresh(&begun.location).respond();
            if let Some(cookie) = cookies::set_outside(&begun.state) {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
            response
        }
        Err(error) => failed(&visitor, provider, &error),
    }
}

async fn back(
    State(portal): State<Arc<Portal>>,
    Path(name): Path<String>,
    visitor: Visitor,
    headers: HeaderMap,
    Query(query): Query<Vec<(String, String)>>,
) -> Response {
    let Some(provider) = portal.outside.find(&name) else { return StatusCode::NOT_FOUND.into_response() };
    let params = Params(query);
    let held = cookies::outside(&headers);
    if held.is_none() && params.field("again").is_empty() {
        // Strict cookies stay behind when another site sends the browser; one step of our own brings them.
        return Page::new(visitor.language, "going-on").refresh(&once_more(provider, &params)).respond();
    }
    let mut response = match (held, params.get("state"), params.get("code"), params.get("iss")) {
        // The browser that comes back is the one that began (RFC 6749 section 10.12).
        (Some(held), Ok(Some(state)), Ok(code), Ok(issuer)) if held.expose() == state => match code {
            Some(code) => end(&portal, &visitor, &headers, provider, (state, code, issuer)).await,
            None => {
                let said = params.field("error");
                tracing::info!(provider = name, said, from = %visitor.client.address, "a provider let nobody through");
                told(&visitor, provider, StatusCode::UNAUTHORIZED, "outside-denied")
            }
        },
        _ => {
            tracing::info!(provider = name, from = %visitor.client.address, "a browser came back that had not begun");
            told(&visitor, provider, StatusCode::UNAUTHORIZED, "outside-over")
        }
    };
    response.headers_mut().append(header::SET_COOKIE, cookies::clear_outside());
    response
}

/// The same way back, marked as tried.
fn once_more(provider: &OidcProvider, params: &Params) -> String {
    let known = ["state", "code", "iss", "error"];
    let carried = params.0.iter().filter(|(name, _)| known.contains(&name.as_str()));
    let query: String = carried.map(|(name, value)| format!("{name}={}&", encode(value))).collect();
    format!("{}/back?{query}again=1", here(provider))
}

/// Exchanges the code and signs in whom it stands for.
async fn end(
    portal: &Portal,
    visitor: &Visitor,
    headers: &HeaderMap,
    provider: &OidcProvider,
    (state, code, issuer): (&str, &str, Option<&str>),
) -> Response {
    let finished = oidc::finish(portal.store(), &*portal.outside.fetch, provider, state, code, issuer).await;
    let (found, next) = match finished {
        Ok(SignedIn { account, vouched: factors, proved_at, go_on }) => {
            (Some(Vouched { account, factors, proved_at }), go_on)
        }
        Err(ProvisionError::Refused(cause)) => {
            tracing::warn!(provider = provider.name, cause, from = %visitor.client.address, "a provider's word was refused");
            (None, String::new())
        }
        Err(error) => return failed(visitor, provider, &error),
    };
    let principal = match portal.sign_in.vouched(&provider.name, found, &visitor.client).await {
        Ok(principal) => principal,
        Err(failure) => return refused(visitor, provider, &failure),
    };
    match begin_session(portal, visitor, &principal).await {
        Ok(entered) => go_on(portal, headers, &entered, &next),
        Err(failure) => refused(visitor, provider, &failure),
    }
}

fn refused(visitor: &Visitor, provider: &OidcProvider, failure: &AuthFailure) -> Response {
    tracing::info!(provider = provider.name, %failure, from = %visitor.client.address, "nobody is signed in on a provider's word");
    match failure {
        AuthFailure::Temporary(_) => told(visitor, provider, StatusCode::SERVICE_UNAVAILABLE, "outside-unavailable"),
        _ => told(visitor, provider, StatusCode::UNAUTHORIZED, "outside-refused"),
    }
}

/// The page says that it does not work; the log says why.
fn failed(visitor: &Visitor, provider: &OidcProvider, error: &ProvisionError) -> Response {
    let from = visitor.client.address;
    if matches!(error, ProvisionError::Over) {
        tracing::info!(provider = provider.name, %error, %from, "a sign-in at a provider came too late or twice");
        return told(visitor, provider, StatusCode::UNAUTHORIZED, "outside-over");
    }
    tracing::warn!(provider = provider.name, %error, %from, "signing in at a provider does not work");
    told(visitor, provider, StatusCode::SERVICE_UNAVAILABLE, "outside-unavailable")
}

fn told(visitor: &Visitor, provider: &OidcProvider, status: StatusCode, key: &str) -> Response {
    let page = Page::new(visitor.language, "sign-in").status(status);
    let page = page.paragraph("error", key, &[("provider", provider.shown())]);
    page.html("<p><a href=\"/sign-in\">&larr;</a></p>").respond()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginnings_are_counted_by_network_and_altogether() {
        let mut counted = Counted::default();
        let now = Timestamp::from_seconds(1_800_000_000);
        let one = IpAddr::from([192, 0, 2, 1]);
        for _ in 0..BEGUN_PER_NETWORK {
            assert!(counted.admit(now, one));
        }
        assert!(!counted.admit(now, IpAddr::from([192, 0, 2, 99])), "the same network");
        for number in BEGUN_PER_NETWORK..BEGUN_MAX {
            assert!(counted.admit(now, IpAddr::from((number << 8).to_be_bytes())));
        }
        assert!(!counted.admit(now, IpAddr::from([203, 0, 113, 1])), "enough altogether");
        assert!(counted.admit(now.plus(SPAN), one), "it passes");
    }
}
