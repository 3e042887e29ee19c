//! The account page: where somebody is signed in, with what, and the ways to end it. Every change is an action of the API and goes
//! through the same decision.

use std::fmt::Write;
use std::sync::Arc;

use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use identity::factors::{Factor, list_factors};
use identity::oauth::{self, OAuthGrant};
use identity::session::{self, Resumed, Session};
use identity::{AppPassword, IdentityError, list_app_passwords};
use serde_json::Value;
use store::Tx;

use super::Portal;
use super::gate::{Outcome, carry_out};
use super::html::{Page, encode, escape, see_other};
use super::request::{Params, Visitor, is_from_our_page};
use super::sign_in::forged;
use crate::actions::{Action, NewDevice};

/// All that the page shows.
struct Access {
    sessions: Vec<Session>,
    app_passwords: Vec<AppPassword>,
    programs: Vec<(OAuthGrant, String)>,
    factors: Vec<Factor>,
}

pub(super) async fn page(State(portal): State<Arc<Portal>>, visitor: Visitor) -> Response {
    let Some(session) = visitor.signed_in() else {
        // Strict cookies stay behind when another site sends the browser; one step of our own brings them.
        return if visitor.is_from_elsewhere {
            Page::new(visitor.language, "going-on").refresh("/account").respond()
        } else {
            see_other("/sign-in")
        };
    };
    visitor.keep(show(&portal, &visitor, session, None, None).await)
}

pub(super) async fn change(
    State(portal): State<Arc<Portal>>,
    Path(what): Path<String>,
    visitor: Visitor,
    headers: HeaderMap,
    Form(fields): Form<Vec<(String, String)>>,
) -> Response {
    let Some(session) = visitor.signed_in() else { return see_other("/sign-in") };
    let params = Params(fields);
    if !is_from_our_page(&headers) || params.field("form_token") != session.form_token {
        return forged(&visitor);
    }
    if what == "sessions-end-others" {
        return visitor.keep(end_others(&portal, session).await);
    }
    let Some(action) = action_of(&what, &params, session.principal.address.clone()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let response = match carry_out(&portal, &visitor, session, action).await {
        Outcome::Done(value) => match value.get("app_password").and_then(Value::as_str) {
            Some(made) => show(&portal, &visitor, session, None, Some(made)).await,
            None => see_other("/account"),
        },
        Outcome::StepUp => see_other(&format!("/sign-in/factor?next={}", encode("/account"))),
        Outcome::Waiting => show(&portal, &visitor, session, Some("waiting"), None).await,
        Outcome::Failed(status, words) => {
            let page = Page::new(visitor.language, "account").status(status);
            page.words("error", &words).html("<p><a href=\"/account\">&larr;</a></p>").respond()
        }
    };
    visitor.keep(response)
}

/// The action that a form of the page stands for: always on the own account.
fn action_of(what: &str, params: &Params, address: String) -> Option<Action> {
    let id = params.field("id").parse().ok();
    match what {
        "session-end" => Some(Action::SessionEnd { address, id: Some(id?) }),
        "app-password-add" => {
            let protocols =
                ["imap", "smtp"].into_iter().filter(|word| !params.field(word).is_empty()).map(str::to_owned).collect();
            let label = params.field("label").to_owned();
            Some(Action::AppPasswordAdd(NewDevice { address, label, protocols, days: None }))
        }
        "app-password-revoke" => Some(Action::AppPasswordRevoke { address, id: id? }),
        "program-revoke" => Some(Action::ProgramRevoke { address, id: id? }),
        _ => None,
    }
}

/// Ends the other sessions of the person, which needs no more than to be the person.
async fn end_others(portal: &Portal, session: &Resumed) -> Response {
    let (account, kept) = (session.principal.account, session.principal.session);
    match portal.store().write(move |tx| session::end_other_sessions(tx, account, kept)).await {
        Ok(_) => see_other("/account"),
        Err(error) => super::factor::unavailable(&error),
    }
}

async fn show(
    portal: &Portal,
    visitor: &Visitor,
    session: &Resumed,
    notice: Option<&str>,
    made: Option<&str>,
) -> Response {
    let account = session.principal.account;
    let access = match portal.store().read(move |tx| load(tx, account)).await {
        Ok(access) => access,
        Err(error) => return super::factor::unavailable(&error),
    };
    let is_expired = match super::password::is_expired(portal, account).await {
        Ok(is_expired) => is_expired,
        Err(error) => return super::factor::unavailable(&error),
    };
    let mut page = Page::new(visitor.language, "account").wide();
    if is_expired {
        page = page.paragraph("error", "password-old", &[]);
    }
    let page = page.paragraph("", "account-of", &[("address", &session.principal.address)]);
    let out = page.form("/sign-out", &[], "", ("", "sign-out"));
    let password = format!("<p><a href=\"{}\">{}</a></p>", super::password::HERE, page.say("password-change", &[]));
    let mut page = page.html(&out).html(&password);
    if let Some(key) = notice {
        page = page.paragraph("quiet", key, &[]);
    }
    if let Some(made) = made {
        let told = page.say("app-password-made", &[]);
        page = page.html(&format!("<div class=\"secret\"><p>{told}</p><code>{}</code></div>", escape(made)));
    }
    let sessions = sessions(&page, session, &access.sessions);
    let page = page.heading("sessions").html(&sessions);
    let app_passwords = app_passwords(&page, session, &access.app_passwords);
    let page = page.heading("app-passwords").paragraph("quiet", "app-passwords-why", &[]).html(&app_passwords);
    let programs = programs(&page, session, &access.programs);
    let page = page.heading("programs").html(&programs);
    let factors = factors(&page, &access.factors);
    let change = page.say("factors-change", &[]);
    page.heading("factors").html(&factors).html(&format!("<p><a href=\"/account/factors\">{change}</a></p>")).respond()
}

fn load(tx: &mut Tx<'_>, account: i64) -> Result<Access, IdentityError> {
    let mut programs = Vec::new();
    for grant in oauth::list_grants(tx, account)? {
        let name = oauth::find_client(tx, &grant.client)?.map_or_else(|| grant.client.clone(), |client| client.name);
        programs.push((grant, name));
    }
    Ok(Access {
        sessions: session::list_sessions(tx, account)?,
        app_passwords: list_app_passwords(tx, account)?,
        programs,
        factors: list_factors(tx, account)?,
    })
}

fn sessions(page: &Page, own: &Resumed, sessions: &[Session]) -> String {
    let token = own.form_token.as_str();
    let mut rows = String::new();
    for session in sessions {
        let id = session.id.to_string();
        let end = if own.principal.session == Some(session.id) {
            page.say("session-current", &[])
        } else {
            page.form("/account/session-end", &[("form_token", token), ("id", &id)], "", ("", "session-end"))
        };
        let from = session.address.map_or_else(String::new, |address| address.to_string());
        let agent = escape(session.agent.as_deref().unwrap_or("?"));
        let _ = write!(
            rows,
            "<tr><td>{agent}<br>{from}</td><td>{}</td><td>{}</td><td>{end}</td></tr>",
            session.created, session.seen
        );
    }
    let others = page.form("/account/sessions-end-others", &[("form_token", token)], "", ("", "sessions-end-others"));
    table(page, &["what", "since", "last-used"], &rows) + &others
}

fn app_passwords(page: &Page, own: &Resumed, app_passwords: &[AppPassword]) -> String {
    let token = own.form_token.as_str();
    let mut rows = String::new();
    for app in app_passwords {
        let id = app.id.to_string();
        let revoke =
            page.form("/account/app-password-revoke", &[("form_token", token), ("id", &id)], "", ("danger", "revoke"));
        let used = app.used.map_or_else(|| page.say("never", &[]), |at| at.to_string());
        let from = app.used_from.map_or_else(String::new, |address| address.to_string());
        let (label, scope) = (escape(&app.what.label), app.what.scope.to_string());
        let _ = write!(
            rows,
            "<tr><td>{label}<br><span class=\"quiet\">{scope}</span></td><td>{}</td><td>{used}<br>{from}</td><td>{revoke}</td></tr>",
            app.created
        );
    }
    let choice = |name: &str| {
        let label = page.say(&format!("protocol-{name}"), &[]);
        format!("<label class=\"choice\"><input type=\"checkbox\" name=\"{name}\" value=\"1\" checked> {label}</label>")
    };
    let hint = page.say("label-hint", &[]);
    let label =
        page.field("label", "label", &format!("type=\"text\" required maxlength=\"60\" placeholder=\"{hint}\""));
    let inside = format!("{label}<p>{}{}</p>", choice("imap"), choice("smtp"));
    let add = page.form("/account/app-password-add", &[("form_token", token)], &inside, ("first", "app-password-add"));
    table(page, &["label", "since", "last-used"], &rows) + &add
}

fn programs(page: &Page, own: &Resumed, programs: &[(OAuthGrant, String)]) -> String {
    let mut rows = String::new();
    for (grant, name) in programs {
        let hidden = [("form_token", own.form_token.as_str()), ("id", &grant.id.to_string())];
        let revoke = page.form("/account/program-revoke", &hidden, "", ("danger", "revoke"));
        let _ = write!(
            rows,
            "<tr><td>{}<br><span class=\"quiet\">{}</span></td><td>{}</td><td>{}</td><td>{revoke}</td></tr>",
            escape(name),
            grant.scope,
            grant.created,
            grant.used
        );
    }
    table(page, &["what", "since", "last-used"], &rows)
}

fn factors(page: &Page, factors: &[Factor]) -> String {
    if factors.is_empty() {
        return format!("<p>{}</p>", page.say("factors-none", &[]));
    }
    let mut rows = String::new();
    for factor in factors {
        let used = factor.used.map_or_else(|| page.say("never", &[]), |at| at.to_string());
        let (label, hint) = (escape(&factor.label), escape(&factor.hint));
        let _ = write!(
            rows,
            "<tr><td>{label}<br><span class=\"quiet\">{} {hint}</span></td><td>{}</td><td>{used}</td><td></td></tr>",
            factor.kind.as_str(),
            factor.created
        );
    }
    table(page, &["what", "since", "last-used"], &rows)
}

fn table(page: &Page, headings: &[&str], rows: &str) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let headings: String =
        headings.iter().map(|key| format!("<th scope=\"col\">{}</th>", page.say(key, &[]))).collect();
    format!("<table><thead><tr>{headings}<th></th></tr></thead><tbody>{rows}</tbody></table>")
}
