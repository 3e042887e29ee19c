//! Second factors of whoever is signed in: enrolled, removed, recovery codes made. As pages, and as JSON for scripts.
//!
//! Whoever has none yet may enrol the first with the password alone, signed in or on the way to it; from then on each change asks for one that was
//! shown lately.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use env::Secret;
use factors::FactorKind;
use identity::factors::{
    Answer, BegunEnrolment, DeskError, Enrolment, Factor, FactorRefusal, ShownEnrolment, factor_demand, list_factors,
    make_recovery_codes, remove_factor,
};
use identity::session::{self, Begun, Resumed, Stage};
use identity::{FactorDemand, IdentityError};
use serde::Deserialize;
use serde_json::{Value, json};
use store::Tx;

use super::Portal;
use super::html::{Page, encode, escape, see_other};
use super::json::{problem, problem_with};
use super::request::{Params, Visitor, is_from_our_page};
use super::sign_in::{forged, with_session};
use crate::actions::describe_factor;

/// How long ago a factor may have been shown for a change of factors.
const FRESH_FOR: Duration = Duration::from_secs(600);

const HERE: &str = "/account/factors";

pub(super) fn routes() -> Router<Arc<Portal>> {
    Router::new()
        .route(HERE, get(page))
        .route("/account/factors/begin", post(begin))
        .route("/account/factors/finish", post(finish))
        .route("/account/factors/remove", post(remove))
        .route("/account/factors/recovery-codes", post(recovery_codes))
        .route("/api/account/factors", get(list_as_json))
        .route("/api/account/factors/begin", post(begin_as_json))
        .route("/api/account/factors/finish", post(finish_as_json))
}

/// What the account has, and what it may have.
struct Known {
    factors: Vec<Factor>,
    /// Kinds that count and that this server offers.
    kinds: Vec<FactorKind>,
    /// Whether one must be enrolled before anything else.
    is_demanded: bool,
}

async fn load(portal: &Portal, account: i64) -> Result<Known, IdentityError> {
    let settings = portal.desk().settings().clone();
    let work = move |tx: &mut Tx<'_>| {
        let rule = identity::factors::rule_of(tx, &settings, account)?;
        Ok::<_, IdentityError>((list_factors(tx, account)?, rule, factor_demand(tx, &settings, account)?))
    };
    let (factors, rule, demand) = portal.store().read(work).await?;
    let kinds = rule.allowed.into_iter().filter(|kind| portal.desk().offers(*kind)).collect();
    Ok(Known { factors, kinds, is_demanded: matches!(demand, FactorDemand::Enrol { .. }) })
}

/// Whether the visitor may change factors now.
enum May<'a> {
    Yes(&'a Resumed, Known),
    /// A factor must be shown first.
    ShowFirst,
    SignIn,
    Unavailable(IdentityError),
}

async fn may_change<'a>(portal: &Portal, visitor: &'a Visitor) -> May<'a> {
    let Some(session) = visitor.session.as_ref().filter(|session| session.stage != Stage::Factor) else {
        return May::SignIn;
    };
    let known = match load(portal, session.principal.account).await {
        Ok(known) => known,
        Err(error) => return May::Unavailable(error),
    };
    let now = portal.store().context().clock.now();
    let is_fresh = session.principal.strong_at.is_some_and(|shown| now.since(shown) <= FRESH_FOR);
    match session.stage {
        // Meanwhile one was enrolled: who knows the password alone must not add another.
        Stage::Enrol if !known.is_demanded => May::SignIn,
        Stage::Whole if !known.factors.is_empty() && !is_fresh => May::ShowFirst,
        _ => May::Yes(session, known),
    }
}

/// The page that says what must happen first, if something must.
fn first(may: May<'_>) -> Result<(&Resumed, Known), Box<Response>> {
    match may {
        May::Yes(session, known) => Ok((session, known)),
        May::ShowFirst => Err(Box::new(see_other(&format!("/sign-in/factor?next={}", encode(HERE))))),
        May::SignIn => Err(Box::new(see_other(&format!("/sign-in?next={}", encode(HERE))))),
        May::Unavailable(error) => Err(Box::new(super::factor::unavailable(&error))),
    }
}

async fn page(State(portal): State<Arc<Portal>>, visitor: Visitor) -> Response {
    match first(may_change(&portal, &visitor).await) {
        Ok((session, known)) => visitor.keep(overview(&visitor, session, &known, None)),
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
        let remove = page.form("/account/factors/remove", &[token, ("id", &id)], "", ("danger", "factor-remove"));
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
    visitor: Visitor,
    headers: HeaderMap,
    Form(fields): Form<Vec<(String, String)>>,
) -> Response {
    let (params, may) = (Params(fields), may_change(&portal, &visitor).await);
    let (session, known) = match first(may) {
        Ok(may) => may,
        Err(response) => return *response,
    };
    if !is_from_our_page(&headers) || params.field("form_token") != session.form_token {
        return forged(&visitor);
    }
    let Ok(kind) = params.field("kind").parse::<FactorKind>() else { return StatusCode::BAD_REQUEST.into_response() };
    let number = Some(params.field("number").to_owned());
    let wanted = Enrolment { kind, label: params.field("label").to_owned(), number };
    let begun = match portal.desk().begin_enrolment(session.principal.account, wanted).await {
        Ok(begun) => begun,
        Err(error) => return overview(&visitor, session, &known, Some(&error.say(visitor.language))),
    };
    visitor.keep(confirm(&visitor, session, kind, &begun))
}

/// Asks for the first showing of a factor that is being enrolled.
fn confirm(visitor: &Visitor, session: &Resumed, kind: FactorKind, begun: &BegunEnrolment) -> Response {
    let mut page = Page::new(visitor.language, heading_of(kind));
    let mut inside = String::new();
    match &begun.shown {
        ShownEnrolment::Totp { secret, uri } => {
            let key = format!(
                "<div class=\"secret\"><code>{}</code><p><a href=\"{}\">otpauth://</a></p></div>",
                escape(secret.expose()),
                escape(uri.expose())
            );
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
    visitor: Visitor,
    headers: HeaderMap,
    Form(fields): Form<Vec<(String, String)>>,
) -> Response {
    let (params, may) = (Params(fields), may_change(&portal, &visitor).await);
    let (session, known) = match first(may) {
        Ok(may) => may,
        Err(response) => return *response,
    };
    if !is_from_our_page(&headers) || params.field("form_token") != session.form_token {
        return forged(&visitor);
    }
    let Ok(kind) = params.field("kind").parse::<FactorKind>() else { return StatusCode::BAD_REQUEST.into_response() };
    let challenge = params.field("challenge").parse().unwrap_or_default();
    let answer = match kind {
        FactorKind::Ukey => Answer::Certificate(visitor.certificates.to_vec()),
        _ => Answer::Code(params.secret("code")),
    };
    match enrol(&portal, &visitor, session, &known, (kind, challenge, answer)).await {
        Ok(done) => {
            let response = codes_page(&visitor, &done.codes);
            with_session(&portal, &headers, response, &done.begun.token)
        }
        Err(DeskError::Identity(error)) => super::factor::unavailable(&error),
        Err(refused) => overview(&visitor, session, &known, Some(&refused.say(visitor.language))),
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
    visitor: &Visitor,
    session: &Resumed,
    known: &Known,
    (kind, challenge, answer): (FactorKind, i64, Answer),
) -> Result<Enrolled, DeskError> {
    let account = session.principal.account;
    let id = portal.desk().finish_enrolment(account, kind, challenge, answer).await?;
    let (step, client, stage) = (session.principal.session.unwrap_or(0), visitor.client.clone(), session.stage);
    let is_first = known.factors.is_empty();
    let work = move |tx: &mut Tx<'_>| {
        let codes = if is_first { make_recovery_codes(tx, account)? } else { Vec::new() };
        let begun = match stage {
            Stage::Whole => session::strengthen(tx, account, step)?,
            Stage::Factor | Stage::Enrol => session::complete(tx, account, step, &client)?,
        };
        Ok::<_, IdentityError>((begun, codes))
    };
    let (begun, codes) = portal.store().write(work).await?;
    if stage != Stage::Whole {
        portal.sign_in.completed(&session.principal, &visitor.client).await;
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
    let work = move |tx: &mut Tx<'_>, account| remove_factor(tx, account, id).map(|()| Vec::new());
    change(&portal, &visitor, &headers, &params, work).await
}

async fn recovery_codes(
    State(portal): State<Arc<Portal>>,
    visitor: Visitor,
    headers: HeaderMap,
    Form(fields): Form<Vec<(String, String)>>,
) -> Response {
    change(&portal, &visitor, &headers, &Params(fields), make_recovery_codes).await
}

/// Does `work` for somebody who is wholly signed in; shows the codes that it makes.
async fn change(
    portal: &Portal,
    visitor: &Visitor,
    headers: &HeaderMap,
    params: &Params,
    mut work: impl FnMut(&mut Tx<'_>, i64) -> Result<Vec<Secret<String>>, IdentityError> + Send + 'static,
) -> Response {
    let (session, _) = match first(may_change(portal, visitor).await) {
        Ok(may) => may,
        Err(response) => return *response,
    };
    if !is_from_our_page(headers) || params.field("form_token") != session.form_token {
        return forged(visitor);
    }
    if session.stage != Stage::Whole {
        return see_other(HERE);
    }
    let account = session.principal.account;
    match portal.store().write(move |tx| work(tx, account)).await {
        Ok(codes) => visitor.keep(codes_page(visitor, &codes)),
        Err(IdentityError::NoFactor(_) | IdentityError::NoFactorToRecover) => visitor.keep(see_other(HERE)),
        Err(error) => super::factor::unavailable(&error),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Begin {
    kind: String,
    label: String,
    number: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Finish {
    kind: String,
    challenge: String,
    code: Option<String>,
    credential: Option<Value>,
}

/// As [`first`], for scripts.
fn first_as_json<'a>(may: May<'a>, visitor: &Visitor) -> Result<(&'a Resumed, Known), Box<Response>> {
    match may {
        May::Yes(session, known) => Ok((session, known)),
        May::ShowFirst => Err(Box::new(problem(StatusCode::FORBIDDEN, visitor, "factor-first"))),
        May::SignIn => Err(Box::new(problem(StatusCode::UNAUTHORIZED, visitor, "signed-out"))),
        May::Unavailable(error) => Err(Box::new(super::factor::unavailable(&error))),
    }
}

async fn list_as_json(State(portal): State<Arc<Portal>>, visitor: Visitor) -> Response {
    match first_as_json(may_change(&portal, &visitor).await, &visitor) {
        Ok((_, known)) => {
            let kinds: Vec<&str> = known.kinds.iter().map(|kind| kind.as_str()).collect();
            let factors: Vec<Value> = known.factors.iter().map(describe_factor).collect();
            visitor.keep(
                Json(json!({ "factors": factors, "kinds": kinds, "demanded": known.is_demanded })).into_response(),
            )
        }
        Err(response) => *response,
    }
}

async fn begin_as_json(
    State(portal): State<Arc<Portal>>,
    visitor: Visitor,
    headers: HeaderMap,
    Json(given): Json<Begin>,
) -> Response {
    if !is_from_our_page(&headers) {
        return problem(StatusCode::FORBIDDEN, &visitor, "forged");
    }
    let (session, _) = match first_as_json(may_change(&portal, &visitor).await, &visitor) {
        Ok(may) => may,
        Err(response) => return *response,
    };
    let Ok(kind) = given.kind.parse::<FactorKind>() else {
        return problem(StatusCode::BAD_REQUEST, &visitor, "unknown-means");
    };
    let wanted = Enrolment { kind, label: given.label, number: given.number };
    let begun = match portal.desk().begin_enrolment(session.principal.account, wanted).await {
        Ok(begun) => begun,
        Err(DeskError::Identity(error)) => return super::factor::unavailable(&error),
        Err(refused) => return problem_with(StatusCode::BAD_REQUEST, &refused.say(visitor.language)),
    };
    let mut answer = match begun.shown {
        ShownEnrolment::Totp { secret, uri } => json!({ "secret": secret.expose(), "uri": uri.expose() }),
        ShownEnrolment::Webauthn(options) => json!({ "options": options }),
        ShownEnrolment::Sms { number, .. } => json!({ "number": number.masked() }),
        ShownEnrolment::Ukey => json!({}),
    };
    if let Value::Object(fields) = &mut answer {
        // A string, as scripts have no numbers of 64 bits.
        fields.insert("challenge".to_owned(), begun.challenge.to_string().into());
    }
    visitor.keep(Json(answer).into_response())
}

async fn finish_as_json(
    State(portal): State<Arc<Portal>>,
    visitor: Visitor,
    headers: HeaderMap,
    Json(given): Json<Finish>,
) -> Response {
    if !is_from_our_page(&headers) {
        return problem(StatusCode::FORBIDDEN, &visitor, "forged");
    }
    let (session, known) = match first_as_json(may_change(&portal, &visitor).await, &visitor) {
        Ok(may) => may,
        Err(response) => return *response,
    };
    let Ok(kind) = given.kind.parse::<FactorKind>() else {
        return problem(StatusCode::BAD_REQUEST, &visitor, "unknown-means");
    };
    let answer = match (given.code, given.credential) {
        (Some(code), None) => Answer::Code(Secret::new(code)),
        (None, Some(credential)) => Answer::Webauthn(credential),
        (None, None) => Answer::Certificate(visitor.certificates.to_vec()),
        (Some(_), Some(_)) => return problem(StatusCode::BAD_REQUEST, &visitor, "unknown-means"),
    };
    let challenge = given.challenge.parse().unwrap_or_default();
    match enrol(&portal, &visitor, session, &known, (kind, challenge, answer)).await {
        Ok(done) => {
            let codes: Vec<&str> = done.codes.iter().map(|code| code.expose().as_str()).collect();
            let answer = Json(json!({ "id": done.id, "recovery_codes": codes })).into_response();
            with_session(&portal, &headers, answer, &done.begun.token)
        }
        Err(DeskError::Identity(error)) => super::factor::unavailable(&error),
        Err(DeskError::Refused(refusal @ FactorRefusal::Over)) => {
            problem_with(StatusCode::GONE, &refusal.say(visitor.language))
        }
        Err(refused) => problem_with(StatusCode::BAD_REQUEST, &refused.say(visitor.language)),
    }
}
