//! Choosing a new password.

use std::sync::Arc;

use access::Action as Right;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use identity::session::Resumed;
use identity::{IdentityError, Language, Level, PasswordRefusal};
use store::Tx;

use super::gate::caller_of;
use super::html::{Page, encode, see_other};
use super::json::problem_with;
use super::request::{Params, Visitor, is_from_our_page};
use super::sign_in::{forged, told};
use super::{Portal, cookies};
use crate::actions::Answer;

pub(super) const HERE: &str = "/account/password";

/// What somebody with a password that is too old may still visit: what leads to a new one, and out.
const OPEN_TO_OLD: &[&str] = &[
    HERE,
    "/sign-in",
    "/sign-in/factor",
    "/sign-out",
    "/api/sign-in",
    "/api/sign-in/factor",
    "/api/sign-in/factor/begin",
    "/api/sign-out",
    "/api/session",
];

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

pub(super) async fn page(State(portal): State<Arc<Portal>>, visitor: Visitor) -> Response {
    let Some(session) = visitor.signed_in() else { return see_other("/sign-in") };
    if let Some(answer) = elsewhere(&portal, &visitor, session).await {
        return visitor.keep(answer);
    }
    if let Err(answer) = portal.controls.would_leave(&caller_of(&visitor, session), Right::PasswordChange).await {
        return first(&visitor, &answer);
    }
    let is_too_old = match is_expired(&portal, session.principal.account).await {
        Ok(is_expired) => is_expired,
        Err(error) => return super::factor::unavailable(&error),
    };
    let old = is_too_old.then(|| super::texts::of(visitor.language).say("password-old", &[]));
    visitor.keep(form(&visitor, session, old.as_deref().map(|words| (StatusCode::OK, words))))
}

/// What must happen before somebody may change the password.
fn first(visitor: &Visitor, answer: &Answer) -> Response {
    match answer {
        Answer::StepUp(_) => see_other(&format!("/sign-in/factor?next={}", encode(HERE))),
        Answer::Temporary(_) => super::factor::later(),
        _ => super::gate::not_yours(visitor, "password-change"),
    }
}

/// Shuts `path` to somebody whose password is too old, whatever else was shown; none where it is open.
///
/// # Errors
/// [`IdentityError`] if that cannot be found out; then it is shut, too.
pub(super) async fn shut_to_old(
    portal: &Portal,
    account: i64,
    path: &str,
    language: Language,
) -> Result<Option<Response>, IdentityError> {
    if OPEN_TO_OLD.contains(&path) || !is_expired(portal, account).await? {
        return Ok(None);
    }
    Ok(Some(if path.starts_with("/api/") {
        problem_with(StatusCode::FORBIDDEN, &super::texts::of(language).say("password-old", &[]))
    } else {
        see_other(HERE)
    }))
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
    let leave =
        match portal.controls.leave(&caller_of(&visitor, session), Right::PasswordChange, "password-change").await {
            Ok(leave) => leave,
            Err(answer) => return first(&visitor, &answer),
        };
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
            let work = move |tx: &mut Tx<'_>| {
                identity::set_password(tx, account, &prepared)?;
                leave.done(tx)
            };
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

/// Whether the account's password is here and older than its level allows.
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
    let is_old = chosen.is_some_and(|chosen| portal.controls.passwords.policy(level).is_expired(chosen, now));
    Ok(is_old && !portal.sign_in.is_password_elsewhere(account).await?)
}
