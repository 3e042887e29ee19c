//! Devices without browser (RFC 8628): they ask here, and their person types the code that they show.

use std::sync::Arc;

use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use identity::oauth::{self, OAuthScope};
use identity::session::Resumed;
use serde_json::json;
use store::Tx;

use super::authorize::scope_list;
use super::client::Shown;
use super::{json_answer, refusal, unavailable};
use crate::web::{Page, Params, Portal, Visitor, encode, is_from_our_page, see_other};

/// RFC 8628 section 3.1.
pub(super) async fn begin(
    State(portal): State<Arc<Portal>>,
    headers: HeaderMap,
    Form(fields): Form<Vec<(String, String)>>,
) -> Response {
    let params = Params(fields);
    let read = Shown::read(&headers, &params).and_then(|shown| {
        let scope: OAuthScope = params.get("scope")?.unwrap_or_default().parse()?;
        Ok((shown, scope))
    });
    let (shown, scope) = match read {
        Ok(read) => read,
        Err(error) => return refusal(&error),
    };
    let work = move |tx: &mut Tx<'_>| match shown.authenticate(tx)? {
        Ok(client) => oauth::begin_device(tx, &client, scope),
        Err(error) => Ok(Err(error)),
    };
    let codes = match portal.store().write(work).await {
        Ok(Ok(codes)) => codes,
        Ok(Err(error)) => return refusal(&error),
        Err(error) => return unavailable(&error),
    };
    let page = format!("{}/device", portal.public_url);
    let body = json!({
        "device_code": codes.device_code.expose(),
        "user_code": codes.user_code,
        "verification_uri_complete": format!("{page}?code={}", codes.user_code),
        "verification_uri": page,
        "expires_in": codes.expires_in.as_secs(),
        "interval": codes.interval.as_secs(),
    });
    json_answer(StatusCode::OK, body)
}

pub(super) async fn page(
    State(portal): State<Arc<Portal>>,
    visitor: Visitor,
    Query(query): Query<Vec<(String, String)>>,
) -> Response {
    let code = Params(query).field("code").to_owned();
    let here = if code.is_empty() { "/device".to_owned() } else { format!("/device?code={}", encode(&code)) };
    if visitor.session.is_none() && visitor.is_from_elsewhere {
        return Page::new(visitor.language, "going-on").refresh(&here).respond();
    }
    match visitor.signed_in() {
        None => see_other(&format!("/sign-in?next={}", encode(&here))),
        Some(session) => visitor.keep(ask(&portal, &visitor, session, &code).await),
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
    let page = Page::new(visitor.language, "device");
    if !is_from_our_page(&headers) || params.field("form_token") != session.form_token {
        return page.status(StatusCode::FORBIDDEN).paragraph("error", "forged", &[]).respond();
    }
    let code = params.field("code").to_owned();
    let allow = match params.field("decision") {
        "allow" => true,
        "deny" => false,
        _ => return visitor.keep(ask(&portal, &visitor, session, &code).await),
    };
    let (principal, from) = (session.principal.clone(), visitor.client.clone());
    let work = move |tx: &mut Tx<'_>| oauth::decide_device(tx, &principal, &code, allow, &from);
    match portal.store().write(work).await {
        Ok(true) if allow => visitor.keep(page.paragraph("", "device-allowed", &[]).respond()),
        Ok(true) => visitor.keep(page.paragraph("", "device-denied", &[]).respond()),
        Ok(false) => visitor.keep(page.paragraph("error", "device-unknown", &[]).respond()),
        Err(error) => unavailable(&error),
    }
}

/// The form for the code, or what the device with this code asks for.
async fn ask(portal: &Portal, visitor: &Visitor, session: &Resumed, code: &str) -> Response {
    let page = Page::new(visitor.language, "device");
    let wanted = code.to_owned();
    let work = move |tx: &mut Tx<'_>| {
        let pending = oauth::find_device(tx, &wanted)?;
        let client = match &pending {
            Some(pending) => oauth::find_client(tx, &pending.client)?,
            None => None,
        };
        Ok::<_, identity::IdentityError>(pending.zip(client))
    };
    let found = match portal.store().read(work).await {
        Ok(found) => found,
        Err(error) => return unavailable(&error),
    };
    let token = ("form_token", session.form_token.as_str());
    let Some((pending, client)) = found else {
        let field = page.field("device-code", "code", "type=\"text\" autocomplete=\"off\" required maxlength=\"40\"");
        let form = page.form("/device", &[token], &field, ("first", "go-on"));
        let page = if code.is_empty() { page } else { page.paragraph("error", "device-unknown", &[]) };
        return page.paragraph("", "device-ask", &[]).html(&form).respond();
    };
    let list = scope_list(&page, pending.scope);
    let hidden = [token, ("code", code)];
    let allow = page.form("/device", &[&hidden[..], &[("decision", "allow")]].concat(), "", ("first", "allow"));
    let deny = page.form("/device", &[&hidden[..], &[("decision", "deny")]].concat(), "", ("", "deny"));
    page.paragraph("", "consent-ask", &[("client", &client.name), ("address", &session.principal.address)])
        .html(&list)
        .paragraph("quiet", "device-warning", &[])
        .html(&allow)
        .html(&deny)
        .respond()
}
