//! Choosing a new password.

use std::sync::Arc;

use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use identity::session::Resumed;
use identity::{IdentityError, Level, PasswordRefusal};
use store::Tx;

use super::html::{Page, see_other};
use super::request::{Params, Visitor, is_from_our_page};
use super::sign_in::{forged, told};
use super::{Portal, cookies};

pub(super) const HERE: &str = "/account/password";

pub(super) async fn page(State(portal): State<Arc<Portal>>, visitor: Visitor) -> Response {
    let Some(session) = visitor.signed_in() else { return see_other("/sign-in") };
    let answer = elsewhere(&portal, &visitor, session).await;
    visitor.keep(answer.unwrap_or_else(|| form(&visitor, session, None)))
}

/// What is said to whose password cannot be changed here, or if that is not known.
async fn elsewhere(portal: &Portal, visitor: &Visitor, session: &Resumed) -> Option<Response> {
    match portal.sign_in.is_password_elsewhere(session.principal.account).await {
        Ok(false) => None,
        Ok(true) => {
            let page = Page::new(visitor.language, "password-change").paragraph("", "password-elsewhere", &[]);
            Some(page.html("<p><a href=\"/account\">&larr;</a></p>").respond())
        }
        Err(error) => Some(super::factor::unavailable(&error)),
    }
}

pub(super) async fn change(
    State(portal): State<Arc<Portal>>,
    visitor: Visitor,
    headers: HeaderMap,
    Form(fields): Form<Vec<(String, String)>>,
) -> Response {
    let params = Params(fields);
    let Some(session) = visitor.signed_in() else { return see_other("/sign-in") };
    if !is_from_our_page(&headers) || params.field("form_token") != session.form_token {
        return forged(&visitor);
    }
    if let Some(answer) = elsewhere(&portal, &visitor, session).await {
        return answer;
    }
    let (account, address) = (session.principal.account, session.principal.address.clone());
    // A browser that was left open must not be enough.
    let shown = portal.sign_in.authenticate(&address, &params.secret("present"), &visitor.client).await;
    if let Err(failure) = shown {
        let (status, key) = told(&failure);
        let words = super::texts::of(visitor.language).say(key, &[]);
        return form(&visitor, session, Some((status, &words)));
    }
    let outcome = match portal.controls.passwords.change(account, &params.secret("new")).await {
        Ok(prepared) => {
            let work = move |tx: &mut Tx<'_>| identity::set_password(tx, account, &prepared);
            portal.store().write(work).await.map_err(PasswordRefusal::from)
        }
        Err(refusal) => Err(refusal),
    };
    match outcome {
        Ok(()) => {
            tracing::info!(account, "a person chose a new password");
            // Every session has ended with the old one.
            let mut response = see_other("/sign-in");
            response.headers_mut().append(header::SET_COOKIE, cookies::clear_session());
            response
        }
        Err(refusal) => {
            tracing::info!(account, cause = %refusal, "a new password was refused");
            form(&visitor, session, Some((StatusCode::BAD_REQUEST, &refusal.say(visitor.language))))
        }
    }
}

fn form(visitor: &Visitor, session: &Resumed, refused: Option<(StatusCode, &str)>) -> Response {
    let mut page = Page::new(visitor.language, "password-change").paragraph("quiet", "password-ends", &[]);
    if let Some((status, words)) = refused {
        page = page.status(status).words("error", words);
    }
    let fields = [
        page.field("password-present", "present", "type=\"password\" autocomplete=\"current-password\" required"),
        page.field("password-new", "new", "type=\"password\" autocomplete=\"new-password\" required"),
    ];
    let hidden = [("form_token", session.form_token.as_str())];
    let form = page.form(HERE, &hidden, &fields.concat(), ("first", "password-change"));
    page.html(&form).html("<p><a href=\"/account\">&larr;</a></p>").respond()
}

/// Whether the account's password is older than its level allows.
pub(super) async fn is_expired(portal: &Portal, account: i64) -> Result<bool, IdentityError> {
    let read = move |tx: &mut Tx<'_>| {
        let level = identity::level_of_account(tx, account)?;
        Ok::<_, IdentityError>((level, identity::password_chosen(tx, account)?))
    };
    if portal.sign_in.is_password_elsewhere(account).await? {
        return Ok(false);
    }
    let (level, chosen): (Level, _) = portal.store().read(read).await?;
    let now = portal.store().context().clock.now();
    Ok(chosen.is_some_and(|chosen| portal.controls.passwords.policy(level).is_expired(chosen, now)))
}
