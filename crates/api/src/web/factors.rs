//! Second factors of whoever is signed in: enrolled, removed, recovery codes made. As pages, and as JSON for scripts.
//!
//! Whoever has none yet may enrol the first with the password alone, signed in or on the way to it; from then on each change asks for one that was
//! shown lately, as the table of rights says.

mod changing;
mod json;

use std::fmt::Write;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use env::Secret;
use factors::FactorKind;
use identity::IdentityError;
use identity::factors::{Answer, BegunEnrolment, DeskError, Enrolment, ShownEnrolment, make_recovery_codes};
use identity::session::{self, Begun, Resumed, Stage};
use serde_json::Value;
use store::Tx;

use super::Portal;
use super::authenticator::key_to_scan;
use super::gate::{Outcome, carry_out};
use super::html::{Page, encode, escape, see_other};
use super::request::{Params, Visitor, is_from_our_page};
use super::sign_in::{forged, with_session};
use crate::actions::Action;
use changing::{Changing, Known};

const HERE: &str = "/account/factors";

pub(super) fn routes() -> Router<Arc<Portal>> {
    Router::new()
        .route(HERE, get(page))
        .route("/account/factors/begin", post(begin))
        .route("/account/factors/finish", post(finish))
        .route("/account/factors/remove", post(remove))
        .route("/account/factors/recovery-codes", post(recovery_codes))
        .route("/api/account/factors", get(json::list))
        .route("/api/account/factors/begin", post(json::begin))
        .route("/api/account/factors/finish", post(json::finish))
}

async fn page(changing: Changing) -> Response {
    match changing.session() {
        Ok(session) => changing.visitor.keep(overview(&changing.visitor, session, &changing.known, None)),
        Err(response) => *response,
    }
}

fn overview(visitor: &Visitor, session: &Resumed, known: &Known, refused: Option<&str>) -> Response {
    let mut page = Page::new(visitor.language, "factors").wide();
    if let Some(words) = refused {
        page = page.status(StatusCode::BAD_REQUEST).words("error", words);
    }
    if known.is_demanded {
        page = page.paragraph("", "enrol-why", &[]);
    }
    let token = ("form_token", session.form_token.as_str());
    let mut rows = String::new();
    for factor in &known.factors {
        let id = factor.id.to_string();
        let remove = if known.last == Some(factor.id) {
            page.say("factor-last", &[])
        } else {
            page.form("/account/factors/remove", &[token, ("id", &id)], "", ("danger", "factor-remove"))
        };
        let used = factor.used.map_or_else(|| page.say("never", &[]), |at| at.to_string());
        let (label, hint) = (escape(&factor.label), escape(&factor.hint));
        let kind = page.say(&format!("factor-{}", factor.kind), &[]);
        let _ = write!(
            rows,
            "<tr><td>{label}<br><span class=\"quiet\">{kind} {hint}</span></td><td>{used}</td><td>{remove}</td></tr>"
        );
    }
    if !rows.is_empty() {
        page = page.html(&format!("<table><tbody>{rows}</tbody></table>"));
        let codes = page.form("/account/factors/recovery-codes", &[token], "", ("", "recovery-codes-make"));
        page = page.html(&codes);
    }
    for kind in &known.kinds {
        let form = enrol_form(&page, token, *kind);
        page = page.heading(heading_of(*kind)).html(&form);
    }
    page.html("<script src=\"/assets/enrol.js\" defer></script><p><a href=\"/account\">&larr;</a></p>").respond()
}

const fn heading_of(kind: FactorKind) -> &'static str {
    match kind {
        FactorKind::Sms => "factor-sms",
        FactorKind::Totp => "factor-totp",
        FactorKind::Passkey => "factor-passkey",
        FactorKind::HardwareKey => "factor-hardware-key",
        FactorKind::Ukey => "factor-ukey",
    }
}

fn enrol_form(page: &Page, token: (&str, &str), kind: FactorKind) -> String {
    let label = page.field("factor-label", "label", "type=\"text\" required maxlength=\"60\"");
    if kind.is_webauthn() {
        // A script asks the browser for it.
        return format!(
            "<form method=\"post\" action=\"/account/factors/begin\" data-enrol=\"{kind}\">{label}\
             <button class=\"first\">{}</button></form>",
            page.say("factor-add", &[])
        );
    }
    let number = match kind {
        FactorKind::Sms => {
            page.field("factor-number", "number", "type=\"tel\" autocomplete=\"tel\" required maxlength=\"30\"")
        }
        _ => String::new(),
    };
    let hidden = [token, ("kind", kind.as_str())];
    page.form("/account/factors/begin", &hidden, &format!("{label}{number}"), ("first", "factor-add"))
}

async fn begin(
    State(portal): State<Arc<Portal>>,
    changing: Changing,
    Form(fields): Form<Vec<(String, String)>>,
) -> Response {
    let (params, visitor) = (Params(fields), &changing.visitor);
    let session = match changing.session_of(&params) {
        Ok(session) => session,
        Err(response) => return *response,
    };
    let Ok(kind) = params.field("kind").parse::<FactorKind>() else { return StatusCode::BAD_REQUEST.into_response() };
    let number = Some(params.field("number").to_owned());
    let wanted = Enrolment { kind, label: params.field("label").to_owned(), number };
    let begun = match portal.desk().begin_enrolment(session.principal.account, wanted).await {
        Ok(begun) => begun,
        Err(error) => return overview(visitor, session, &changing.known, Some(&error.say(visitor.language))),
    };
    visitor.keep(confirm(visitor, session, kind, &begun))
}

/// Asks for the first showing of a factor that is being enrolled.
fn confirm(visitor: &Visitor, session: &Resumed, kind: FactorKind, begun: &BegunEnrolment) -> Response {
    let mut page = Page::new(visitor.language, heading_of(kind));
    let mut inside = String::new();
    match &begun.shown {
        ShownEnrolment::Totp { secret, uri } => {
            let key = key_to_scan(&page, secret, uri);
            page = page.paragraph("", "enrol-totp", &[]).html(&key);
            inside = code_field(&page);
        }
        ShownEnrolment::Sms { number, .. } => {
            page = page.paragraph("", "sms-sent", &[("number", &number.masked())]);
            inside = code_field(&page);
        }
        ShownEnrolment::Ukey => page = page.paragraph("", "enrol-ukey", &[]),
        ShownEnrolment::Webauthn(_) => return StatusCode::BAD_REQUEST.into_response(),
    }
    let challenge = begun.challenge.to_string();
    let hidden =
        [("form_token", session.form_token.as_str()), ("kind", kind.as_str()), ("challenge", challenge.as_str())];
    let form = page.form("/account/factors/finish", &hidden, &inside, ("first", "go-on"));
    page.html(&form).respond()
}

fn code_field(page: &Page) -> String {
    page.field(
        "code",
        "code",
        "type=\"text\" inputmode=\"numeric\" autocomplete=\"one-time-code\" required maxlength=\"12\"",
    )
}

async fn finish(
    State(portal): State<Arc<Portal>>,
    changing: Changing,
    headers: HeaderMap,
    Form(fields): Form<Vec<(String, String)>>,
) -> Response {
    let (params, visitor) = (Params(fields), &changing.visitor);
    let session = match changing.session_of(&params) {
        Ok(session) => session,
        Err(response) => return *response,
    };
    let Ok(kind) = params.field("kind").parse::<FactorKind>() else { return StatusCode::BAD_REQUEST.into_response() };
    let challenge = params.field("challenge").parse().unwrap_or_default();
    let answer = match kind {
        FactorKind::Ukey => Answer::Certificate(visitor.certificates.to_vec()),
        _ => Answer::Code(params.secret("code")),
    };
    match enrol(&portal, &changing, session, (kind, challenge, answer)).await {
        Ok(done) => {
            let response = codes_page(visitor, &done.codes);
            with_session(&portal, &headers, response, &done.begun.token)
        }
        Err(DeskError::Identity(error)) => super::factor::unavailable(&error),
        Err(refused) => overview(visitor, session, &changing.known, Some(&refused.say(visitor.language))),
    }
}

/// An enrolment that was confirmed.
struct Enrolled {
    id: i64,
    /// The session goes on under another token: more is open to it now.
    begun: Begun,
    /// With the first factor, the sheet of recovery codes.
    codes: Vec<Secret<String>>,
}

async fn enrol(
    portal: &Portal,
    changing: &Changing,
    session: &Resumed,
    (kind, challenge, answer): (FactorKind, i64, Answer),
) -> Result<Enrolled, DeskError> {
    let account = session.principal.account;
    let id = portal.desk().finish_enrolment(account, kind, challenge, answer).await?;
    let (step, client, stage) =
        (session.principal.session.unwrap_or(0), changing.visitor.client.clone(), session.stage);
    let (is_first, leave) = (changing.known.factors.is_empty(), changing.leave.clone());
    let work = move |tx: &mut Tx<'_>| {
        let codes = if is_first { make_recovery_codes(tx, account)? } else { Vec::new() };
        let begun = match stage {
            Stage::Whole => session::strengthen(tx, account, step)?,
            Stage::Factor | Stage::Enrol => session::complete(tx, account, step, &client)?,
        };
        if let Some(leave) = &leave {
            leave.done(tx)?;
        }
        Ok::<_, IdentityError>((begun, codes))
    };
    let (begun, codes) = portal.store().write(work).await?;
    if stage != Stage::Whole {
        portal.sign_in.completed(&session.principal, &changing.visitor.client).await?;
    }
    tracing::info!(account, factor = id, kind = kind.as_str(), "a second factor was enrolled");
    Ok(Enrolled { id, begun, codes })
}

fn codes_page(visitor: &Visitor, codes: &[Secret<String>]) -> Response {
    if codes.is_empty() {
        return see_other(HERE);
    }
    let page = Page::new(visitor.language, "recovery-codes").paragraph("", "recovery-codes-why", &[]);
    let rows: String = codes.iter().map(|code| format!("<li><code>{}</code></li>", escape(code.expose()))).collect();
    let on = page.say("go-on", &[]);
    page.html(&format!("<ul class=\"secret\">{rows}</ul><p><a href=\"{HERE}\">{on}</a></p>")).respond()
}

async fn remove(
    State(portal): State<Arc<Portal>>,
    visitor: Visitor,
    headers: HeaderMap,
    Form(fields): Form<Vec<(String, String)>>,
) -> Response {
    let params = Params(fields);
    let id = params.field("id").parse().unwrap_or_default();
    change(&portal, &visitor, &headers, &params, |address| Action::FactorRemove { address, id }).await
}

async fn recovery_codes(
    State(portal): State<Arc<Portal>>,
    visitor: Visitor,
    headers: HeaderMap,
    Form(fields): Form<Vec<(String, String)>>,
) -> Response {
    let make = |address| Action::FactorRecoveryCodes { address };
    change(&portal, &visitor, &headers, &Params(fields), make).await
}

/// Carries out an action of the API on the own account; shows the codes that it makes.
async fn change(
    portal: &Portal,
    visitor: &Visitor,
    headers: &HeaderMap,
    params: &Params,
    action: impl FnOnce(String) -> Action,
) -> Response {
    let Some(session) = visitor.signed_in() else { return see_other(&format!("/sign-in?next={}", encode(HERE))) };
    if !is_from_our_page(headers) || params.field("form_token") != session.form_token {
        return forged(visitor);
    }
    let response = match carry_out(portal, visitor, session, action(session.principal.address.clone())).await {
        Outcome::Done(told) => {
            let codes = told.get("recovery_codes").and_then(Value::as_array).cloned().unwrap_or_default();
            let codes = codes.iter().filter_map(Value::as_str).map(|code| Secret::new(code.to_owned()));
            codes_page(visitor, &codes.collect::<Vec<_>>())
        }
        Outcome::StepUp => see_other(&format!("/sign-in/factor?next={}", encode(HERE))),
        Outcome::Waiting => {
            words(visitor, StatusCode::ACCEPTED, &Page::new(visitor.language, "factors").plain("waiting"))
        }
        Outcome::Failed(status, why) => words(visitor, status, &why),
    };
    visitor.keep(response)
}

fn words(visitor: &Visitor, status: StatusCode, words: &str) -> Response {
    let page = Page::new(visitor.language, "factors").status(status).words("error", words);
    page.html(&format!("<p><a href=\"{HERE}\">&larr;</a></p>")).respond()
}
