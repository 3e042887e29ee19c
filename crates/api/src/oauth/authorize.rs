//! The authorization endpoint: a client sends a person here, who allows what it asks for, or not.

use std::sync::Arc;

use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use identity::Principal;
use identity::oauth::{self, Authorization, OAuthClient, OAuthError, OAuthScope, ScopeWord};
use identity::session::Resumed;
use store::Tx;

use super::unavailable;
use crate::web::{Page, Params, Portal, Visitor, encode, escape, is_from_our_page, see_other};

/// Parameters that the consent page carries along.
const CARRIED: &[&str] = &[
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
    "nonce",
];

/// A request of a client that may be answered to its redirect URI.
struct Request {
    client: OAuthClient,
    redirect_uri: String,
    state: Option<String>,
    /// What is asked, or what is wrong with it.
    wanted: Result<Authorization, OAuthError>,
}

pub(super) async fn page(
    State(portal): State<Arc<Portal>>,
    visitor: Visitor,
    Query(query): Query<Vec<(String, String)>>,
) -> Response {
    let params = Params(query);
    let request = match read(&portal, &params).await {
        Ok(request) => request,
        Err(answer) => return explain(&visitor, &answer),
    };
    if let Err(error) = &request.wanted {
        return send_back(&portal, &request, &Err(error.clone()));
    }
    let here = format!("/oauth/authorize?{}", carry(&params));
    if visitor.session.is_none() && visitor.is_from_elsewhere {
        // Another site sent the browser, which then keeps our strict cookies back: one step of our own, and they come.
        return Page::new(visitor.language, "going-on").refresh(&here).respond();
    }
    let prompt = params.field("prompt");
    match visitor.signed_in() {
        None if prompt == "none" => send_back_words(&portal, &request, "login_required"),
        None => see_other(&format!("/sign-in?next={}", encode(&here))),
        Some(_) if prompt == "none" => send_back_words(&portal, &request, "consent_required"),
        Some(session) => visitor.keep(consent(&visitor, session, &request, &params)),
    }
}

pub(super) async fn decide(
    State(portal): State<Arc<Portal>>,
    visitor: Visitor,
    headers: HeaderMap,
    Form(fields): Form<Vec<(String, String)>>,
) -> Response {
    let params = Params(fields);
    let Some(session) = visitor.signed_in() else { return see_other("/sign-in") };
    if !is_from_our_page(&headers) || params.field("form_token") != session.form_token {
        return Page::new(visitor.language, "consent")
            .status(StatusCode::FORBIDDEN)
            .paragraph("error", "forged", &[])
            .respond();
    }
    let request = match read(&portal, &params).await {
        Ok(request) => request,
        Err(answer) => return explain(&visitor, &answer),
    };
    let code = if params.field("decision") == "allow" {
        match give_code(&portal, &session.principal, &request, &visitor).await {
            Ok(code) => code,
            Err(answer) => return *answer,
        }
    } else {
        Err(OAuthError::AccessDenied)
    };
    visitor.keep(send_back(&portal, &request, &code))
}

async fn give_code(
    portal: &Portal,
    principal: &Principal,
    request: &Request,
    visitor: &Visitor,
) -> Result<Result<String, OAuthError>, Box<Response>> {
    let wanted = match &request.wanted {
        Ok(wanted) => wanted.clone(),
        Err(error) => return Ok(Err(error.clone())),
    };
    let (principal, client, from) = (principal.clone(), request.client.clone(), visitor.client.clone());
    let work = move |tx: &mut Tx<'_>| oauth::issue_code(tx, &principal, &client, &wanted, &from);
    match portal.store().write(work).await {
        Ok(Ok(code)) => Ok(Ok(code.expose().clone())),
        Ok(Err(error)) => Ok(Err(error)),
        Err(error) => Err(Box::new(unavailable(&error))),
    }
}

/// Reads the request. What is wrong with client or redirect URI is told to the person, never to the URI (RFC 6749 section 4.1.2.1).
async fn read(portal: &Portal, params: &Params) -> Result<Request, OAuthError> {
    let id = params.need("client_id", "client_id is missing")?.to_owned();
    let redirect_uri = params.need("redirect_uri", "redirect_uri is missing")?.to_owned();
    let found = portal.store().read(move |tx| oauth::find_client(tx, &id)).await;
    let found = found.map_err(|error| {
        tracing::warn!(%error, "the OAuth server does not work");
        OAuthError::InvalidRequest("the server cannot look the client up now, try again later")
    })?;
    let client = found.ok_or(OAuthError::InvalidClient)?;
    if !client.may_redirect_to(&redirect_uri) {
        return Err(OAuthError::InvalidRequest("the redirect_uri is not registered for this client"));
    }
    let state = params.get("state")?.map(str::to_owned);
    let wanted = read_wanted(params, &client, &redirect_uri);
    Ok(Request { client, redirect_uri, state, wanted })
}

fn read_wanted(params: &Params, client: &OAuthClient, redirect_uri: &str) -> Result<Authorization, OAuthError> {
    if params.need("response_type", "response_type is missing")? != "code" {
        return Err(OAuthError::InvalidRequest("response_type must be code"));
    }
    let challenge = params.need("code_challenge", "PKCE is needed: code_challenge is missing")?.to_owned();
    if params.get("code_challenge_method")? != Some("S256") {
        return Err(OAuthError::InvalidRequest("code_challenge_method must be S256"));
    }
    let scope: OAuthScope = params.get("scope")?.unwrap_or_default().parse()?;
    if scope.is_empty() || !scope.is_within(client.scope) {
        return Err(OAuthError::InvalidScope);
    }
    let nonce = params.get("nonce")?.map(str::to_owned);
    Ok(Authorization { redirect_uri: redirect_uri.to_owned(), scope, challenge, nonce })
}

fn consent(visitor: &Visitor, session: &Resumed, request: &Request, params: &Params) -> Response {
    let scope = request.wanted.as_ref().map(|wanted| wanted.scope).unwrap_or_default();
    let page = Page::new(visitor.language, "consent").form_target(&request.redirect_uri);
    let page =
        page.paragraph("", "consent-ask", &[("client", &request.client.name), ("address", &session.principal.address)]);
    let list = scope_list(&page, scope);
    let mut hidden: Vec<(&str, &str)> = CARRIED.iter().map(|name| (*name, params.field(name))).collect();
    hidden.retain(|(_, value)| !value.is_empty());
    hidden.push(("form_token", &session.form_token));
    let allow =
        page.form("/oauth/authorize", &[&hidden[..], &[("decision", "allow")]].concat(), "", ("first", "allow"));
    let deny = page.form("/oauth/authorize", &[&hidden[..], &[("decision", "deny")]].concat(), "", ("", "deny"));
    let back = page.say("consent-back", &[("uri", &request.redirect_uri)]);
    page.html(&list).html(&allow).html(&deny).html(&format!("<p class=\"quiet\">{back}</p>")).respond()
}

/// What a scope allows, in words.
pub(super) fn scope_list(page: &Page, scope: OAuthScope) -> String {
    let items: String =
        scope.words().map(|word| format!("<li>{}</li>", page.say(&format!("scope-{}", word.as_str()), &[]))).collect();
    format!("<ul>{items}</ul>")
}

/// Sends the browser back to the client with a code or an error, and who we are (RFC 9207).
fn send_back(portal: &Portal, request: &Request, outcome: &Result<String, OAuthError>) -> Response {
    match outcome {
        Ok(code) => redirect(portal, request, &[("code", code)]),
        Err(error) => redirect(portal, request, &[("error", error.code()), ("error_description", &error.to_string())]),
    }
}

fn send_back_words(portal: &Portal, request: &Request, error: &str) -> Response {
    redirect(portal, request, &[("error", error)])
}

fn redirect(portal: &Portal, request: &Request, fields: &[(&str, &str)]) -> Response {
    let mut to = request.redirect_uri.clone();
    let mut divider = if to.contains('?') { '&' } else { '?' };
    let state = request.state.as_deref().map(|state| ("state", state));
    for (name, value) in fields.iter().copied().chain(state).chain([("iss", portal.public_url.as_str())]) {
        to.push(divider);
        to.push_str(name);
        to.push('=');
        to.push_str(&encode(value));
        divider = '&';
    }
    see_other(&to)
}

/// Tells the person what is wrong with the client's request.
fn explain(visitor: &Visitor, error: &OAuthError) -> Response {
    let words = escape(&error.to_string());
    Page::new(visitor.language, "consent")
        .status(StatusCode::BAD_REQUEST)
        .paragraph("error", "client-broken", &[])
        .html(&format!("<p class=\"quiet\" lang=\"en\">{words}</p>"))
        .respond()
}

fn carry(params: &Params) -> String {
    let fields = CARRIED.iter().map(|name| (*name, params.field(name))).filter(|(_, value)| !value.is_empty());
    let fields: Vec<String> = fields.map(|(name, value)| format!("{name}={}", encode(value))).collect();
    fields.join("&")
}

/// Whether identity is asked for.
pub(super) fn asks_identity(scope: OAuthScope) -> bool {
    scope.has(ScopeWord::OpenId)
}
