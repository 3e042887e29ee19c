//! The second step, and the same again before something sensitive: a second factor.

use std::sync::Arc;

use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use identity::FactorDemand;
use identity::factors::{Answer, BegunAnswer, DeskError, Means, factor_demand};
use identity::session::{self, Begun, Resumed, Stage};
use identity::{ClientMark, IdentityError};
use store::Tx;

use super::html::{Page, escape, local_path, see_other};
use super::request::{Params, Visitor, is_from_our_page};
use super::sign_in::{forged, with_session};
use super::{Portal, cookies};

/// What came of showing a factor.
pub(super) enum Shown {
    /// The session goes on under another token, as far as this stage.
    Goes(Begun, Stage),
    /// It was refused; the session goes on as it was.
    Refused(DeskError),
    /// It was refused once too often: signing in begins anew.
    Over,
}

pub(super) async fn page(
    State(portal): State<Arc<Portal>>,
    visitor: Visitor,
    Query(query): Query<Vec<(String, String)>>,
) -> Response {
    let params = Params(query);
    let next = local_path(params.field("next"));
    let Some(session) = visitor.session.as_ref().filter(|session| session.stage != Stage::Enrol) else {
        return see_other("/sign-in");
    };
    match means_of(&portal, session.principal.account).await {
        Ok(means) if means.is_empty() => visitor.keep(without_means(&portal, &visitor, session, next).await),
        Ok(means) => visitor.keep(forms(&visitor, session, &means, next, None, None)),
        Err(error) => unavailable(&error),
    }
}

/// For who has enrolled none: a provider that vouches for them is asked anew, else one is enrolled.
async fn without_means(portal: &Portal, visitor: &Visitor, session: &Resumed, next: &str) -> Response {
    let page = Page::new(visitor.language, "second-factor");
    match super::outside::buttons_anew(portal, &page, session.principal.account, next).await {
        Ok(buttons) if buttons.is_empty() => see_other("/sign-in/enrol"),
        Ok(buttons) => page.html(&buttons).respond(),
        Err(error) => {
            tracing::warn!(%error, "cannot look which provider vouches for an account");
            (StatusCode::SERVICE_UNAVAILABLE, "try again later\n").into_response()
        }
    }
}

pub(super) async fn answer(
    State(portal): State<Arc<Portal>>,
    visitor: Visitor,
    headers: HeaderMap,
    Form(fields): Form<Vec<(String, String)>>,
) -> Response {
    let params = Params(fields);
    let Some(session) = visitor.session.as_ref().filter(|session| session.stage != Stage::Enrol) else {
        return see_other("/sign-in");
    };
    if !is_from_our_page(&headers) || params.field("form_token") != session.form_token {
        return forged(&visitor);
    }
    let next = local_path(params.field("next")).to_owned();
    let Some(means) = Means::parse(params.field("means")) else { return StatusCode::BAD_REQUEST.into_response() };
    let account = session.principal.account;
    let offered = match means_of(&portal, account).await {
        Ok(offered) => offered,
        Err(error) => return unavailable(&error),
    };
    if params.field("code").is_empty() && means != Means::Ukey {
        return match portal.desk().begin_answer(account, means).await {
            Ok(BegunAnswer::Sms { challenge, number, .. }) => {
                let sent = Some((challenge, number.masked()));
                forms(&visitor, session, &offered, &next, None, sent)
            }
            Ok(_) => forms(&visitor, session, &offered, &next, None, None),
            Err(error) => forms(&visitor, session, &offered, &next, Some(&error), None),
        };
    }
    let code = match means {
        Means::Ukey => Answer::Certificate(visitor.certificates.to_vec()),
        _ => Answer::Code(params.secret("code")),
    };
    let challenge = params.field("challenge").parse().ok();
    match show(&portal, &visitor, session, means, challenge, code).await {
        Ok(Shown::Goes(begun, stage)) => {
            let to = if stage == Stage::Enrol { "/sign-in/enrol".to_owned() } else { next };
            with_session(&portal, &headers, see_other(&to), &begun.token)
        }
        Ok(Shown::Refused(error)) => forms(&visitor, session, &offered, &next, Some(&error), None),
        Ok(Shown::Over) => {
            let mut response = see_other("/sign-in");
            response.headers_mut().append(header::SET_COOKIE, cookies::clear_session());
            response
        }
        Err(error) => unavailable(&error),
    }
}

/// Judges what was shown, and has the session go on.
pub(super) async fn show(
    portal: &Portal,
    visitor: &Visitor,
    session: &Resumed,
    means: Means,
    challenge: Option<i64>,
    answer: Answer,
) -> Result<Shown, IdentityError> {
    let (account, id) = (session.principal.account, session.principal.session.unwrap_or(0));
    let mark = ClientMark::of(&portal.store().context().keys, &visitor.client).bytes().to_vec();
    let answered = match portal.desk().finish_answer(account, means, challenge, answer, mark).await {
        Ok(answered) => answered,
        Err(DeskError::Identity(error)) => return Err(error),
        Err(refused) => {
            let goes_on = portal.store().write(move |tx| session::count_failure(tx, account, id)).await?;
            return Ok(if goes_on { Shown::Refused(refused) } else { Shown::Over });
        }
    };
    let (stage, client) = (session.stage, visitor.client.clone());
    let begun = portal
        .store()
        .write(move |tx| match (stage, answered.counts) {
            (Stage::Whole, true) => Ok(Some((session::strengthen(tx, account, id)?, Stage::Whole))),
            // What does not count as strong proves nothing new in a session that goes on.
            (Stage::Whole, false) => Ok(None),
            (_, true) => Ok(Some((session::complete(tx, account, id, &client)?, Stage::Whole))),
            (_, false) => {
                session::end_session(tx, account, id)?;
                Ok(Some((session::begin(tx, account, Stage::Enrol, None, &client)?, Stage::Enrol)))
            }
        })
        .await;
    match begun {
        Ok(Some((begun, stage))) => {
            tracing::info!(account, means = means.as_str(), stage = stage.as_str(), "a second factor was shown");
            if stage == Stage::Whole && session.stage != Stage::Whole {
                portal.sign_in.completed(&session.principal, &visitor.client).await?;
            }
            Ok(Shown::Goes(begun, stage))
        }
        Ok(None) => Ok(Shown::Refused(identity::factors::FactorRefusal::NotEnrolled.into())),
        // The step was over while the factor was judged.
        Err(IdentityError::NoSession(_)) => Ok(Shown::Over),
        Err(error) => Err(error),
    }
}

/// By what the account may prove who it is.
pub(super) async fn means_of(portal: &Portal, account: i64) -> Result<Vec<Means>, IdentityError> {
    let settings = portal.desk().settings();
    let read = move |tx: &mut Tx<'_>| {
        let demand = factor_demand(tx, &settings, account)?;
        let codes = identity::factors::count_recovery_codes(tx, account)?;
        Ok::<_, IdentityError>((demand, codes))
    };
    let (demand, codes) = portal.store().read(read).await?;
    let kinds = match demand {
        FactorDemand::Nothing => return Ok(Vec::new()),
        FactorDemand::Show { kinds } => kinds,
        FactorDemand::Enrol { weaker, .. } => weaker,
    };
    let is_usable = |means: &Means| match means {
        Means::Recovery => codes > 0 && !kinds.is_empty(),
        other => other.kinds().iter().any(|kind| kinds.contains(kind)),
    };
    Ok(Means::ALL.iter().copied().filter(is_usable).collect())
}

fn forms(
    visitor: &Visitor,
    session: &Resumed,
    means: &[Means],
    next: &str,
    refused: Option<&DeskError>,
    sent: Option<(i64, String)>,
) -> Response {
    let mut page = Page::new(visitor.language, "second-factor");
    if let Some(refused) = refused {
        page = page.status(StatusCode::UNAUTHORIZED).words("error", &refused.say(visitor.language));
    }
    let code = page.field(
        "code",
        "code",
        "type=\"text\" inputmode=\"numeric\" autocomplete=\"one-time-code\" required maxlength=\"40\"",
    );
    for means in means {
        let hidden = [("means", means.as_str()), ("next", next), ("form_token", session.form_token.as_str())];
        let form = match (means, &sent) {
            (Means::Sms, Some((challenge, number))) => {
                let challenge = challenge.to_string();
                let hidden = [&hidden[..], &[("challenge", challenge.as_str())]].concat();
                let told = page.say("sms-sent", &[("number", number)]);
                page.form("/sign-in/factor", &hidden, &format!("<p>{told}</p>{code}"), ("first", "go-on"))
            }
            (Means::Sms, None) => page.form("/sign-in/factor", &hidden, "", ("", "sms-send")),
            (Means::Totp, _) => {
                let told = page.say("totp-ask", &[]);
                page.form("/sign-in/factor", &hidden, &format!("<p>{told}</p>{code}"), ("first", "go-on"))
            }
            (Means::Recovery, _) => {
                let told = page.say("recovery-ask", &[]);
                let code =
                    page.field("recovery-code", "code", "type=\"text\" autocomplete=\"off\" required maxlength=\"40\"");
                let form = page.form("/sign-in/factor", &hidden, &code, ("", "go-on"));
                format!("<details><summary>{told}</summary>{form}</details>")
            }
            (Means::Webauthn, _) => format!(
                "<p><button class=\"first\" data-webauthn data-next=\"{}\">{}</button></p>\
                 <script src=\"/assets/webauthn.js\" defer></script>",
                escape(next),
                page.say("webauthn-ask", &[])
            ),
            (Means::Ukey, _) => page.form("/sign-in/factor", &hidden, "", ("first", "ukey-ask")),
        };
        page = page.html(&form);
    }
    page.respond()
}

pub(super) fn unavailable(error: &IdentityError) -> Response {
    tracing::warn!(%error, "a second factor cannot be looked at");
    later()
}

/// As [`unavailable`], where the cause is in the log already.
pub(super) fn later() -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, "try again later\n").into_response()
}
