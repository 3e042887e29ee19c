//! What a partner does: looks what a delivery asks for, has a code sent, opens it, fetches chunks, and replies.

use std::net::SocketAddr;
use std::sync::Arc;

use ::portal::{Answer, Code, Delivery, Opened, Part, Place, PortalError, Visit};
use axum::Json;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use identity::Language;
use letters::{Texts, Words};
use serde::Deserialize;
use serde_json::{Value, json};
use store::Tx;

use super::answer::Failure;
use super::sender::octets;
use super::{Desk, address_of};

/// Carries what opening gave.
const VISIT: &str = "x-visit";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Shown {
    proof: String,
    code: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Answered {
    public_key: String,
    key: String,
    chunks: Vec<u32>,
}

fn answer(value: &Value) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (headers, value.to_string()).into_response()
}

/// What the delivery asks for.
pub(super) async fn lock(
    State(desk): State<Arc<Desk>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(name): Path<String>,
) -> Result<Response, Failure> {
    let settings = desk.settings();
    let attempt = desk.turnstile.admit(address_of(peer), &name, settings.wrong_minute_max)?;
    let seen = desk.controls.store.read(move |tx| ::portal::look(tx, &name, &settings)).await.map_err(Failure::from);
    attempt.looked(&seen);
    let seen = seen?;
    Ok(answer(&json!({
        "lock": seen.lock, "language": seen.language, "telephone": seen.telephone,
        "expires": seen.expires.to_string(), "openings_left": seen.openings_left,
    })))
}

/// Has a code sent to the telephone that the sender named.
pub(super) async fn code(
    State(desk): State<Arc<Desk>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(name): Path<String>,
    Json(shown): Json<Shown>,
) -> Result<Response, Failure> {
    let settings = desk.settings();
    let attempt = desk.turnstile.admit(address_of(peer), &name, settings.wrong_minute_max)?;
    let factors = desk.controls.factors.clone();
    let work = move |tx: &mut Tx<'_>| {
        let begun = ::portal::begin_code(tx, &name, &shown.proof, &settings)?;
        if let Ok(code) = &begun
            && !factors.may_text(tx, &code.number)?
        {
            return Err(Failure::Wait(std::time::Duration::from_secs(30)));
        }
        Ok(begun)
    };
    let begun = desk.controls.store.write(work).await.and_then(|begun| begun.map_err(Failure::from));
    attempt.done(&begun);
    let Code { number, digits, language } = begun?;
    let language = if language == "zh" { Language::Chinese } else { Language::English };
    desk.controls.factors.text_partner(&number, language, &digits).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Opens the delivery, which counts.
pub(super) async fn open(
    State(desk): State<Arc<Desk>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(name): Path<String>,
    Json(shown): Json<Shown>,
) -> Result<Response, Failure> {
    let settings = desk.settings();
    let attempt = desk.turnstile.admit(address_of(peer), &name, settings.wrong_minute_max)?;
    let bytes_max = settings.delivery_bytes_max;
    let work = move |tx: &mut Tx<'_>| ::portal::open(tx, &name, &shown.proof, shown.code.as_deref(), &settings);
    let opened = desk.controls.store.write(work).await.and_then(|outcome| outcome).map_err(Failure::from);
    attempt.done(&opened);
    let Opened { delivery, visit } = opened?;
    tracing::info!(account = delivery.account, delivery = delivery.id, from = %address_of(peer), "a delivery was opened");
    Ok(answer(&json!({
        "visit": visit, "key": delivery.key(), "reply_key": delivery.reply_key(),
        "chunks": delivery.parts().iter().map(|part| part.chunks).collect::<Vec<_>>(),
        "expires": delivery.expires.to_string(),
        "openings_left": delivery.openings_max.saturating_sub(delivery.openings), "bytes_max": bytes_max,
    })))
}

/// The visit that a request's header names.
fn visit(headers: &HeaderMap) -> Result<String, PortalError> {
    let token = headers.get(VISIT).and_then(|token| token.to_str().ok());
    token.map(str::to_owned).ok_or(PortalError::VisitOver)
}

/// A chunk of the delivery.
pub(super) async fn chunk(
    State(desk): State<Arc<Desk>>,
    Path((name, part, number)): Path<(String, u32, u32)>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let (token, settings) = (visit(&headers)?, desk.settings());
    let find = move |tx: &mut Tx<'_>| {
        let Delivery { account, id, .. } = Visit::find(tx, &name, &token, &settings)?.delivery;
        Ok(Place { account, delivery: id, reply: 0, part, number })
    };
    Ok(octets(desk.fetch(find).await?))
}

/// Makes room for a reply.
pub(super) async fn begin_reply(
    State(desk): State<Arc<Desk>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let (token, settings) = (visit(&headers)?, desk.settings());
    let work = move |tx: &mut Tx<'_>| {
        let visit = Visit::find(tx, &name, &token, &settings)?;
        ::portal::begin_reply(tx, &visit.delivery, &settings)
    };
    let id = desk.controls.store.write(work).await?;
    // A string, as scripts have no numbers of 64 bits.
    Ok(answer(&json!({ "reply": id.to_string() })))
}

/// A chunk of a reply.
pub(super) async fn put_chunk(
    State(desk): State<Arc<Desk>>,
    Path((name, reply, part, number)): Path<(String, i64, u32, u32)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Failure> {
    if reply == 0 {
        return Err(Failure::NotAllowed);
    }
    let (token, settings) = (visit(&headers)?, desk.settings());
    let found = desk.controls.store.read(move |tx| Visit::find(tx, &name, &token, &settings)).await?;
    let Delivery { account, id, .. } = found.delivery;
    desk.keep(Place { account, delivery: id, reply, part, number }, body).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Hands a reply to the sender, who gets a letter that tells of it.
pub(super) async fn send_reply(
    State(desk): State<Arc<Desk>>,
    Path((name, reply)): Path<(String, i64)>,
    headers: HeaderMap,
    Json(answered): Json<Answered>,
) -> Result<Response, Failure> {
    let (token, settings) = (visit(&headers)?, desk.settings());
    let found = desk.controls.store.read(move |tx| Visit::find(tx, &name, &token, &settings)).await?;
    let delivery = found.delivery;
    let base = desk.controls.elsewhere.portal().account_url;
    let words = |language: Language| told(&delivery, language, &base);
    let ready = desk.controls.mailer.notice(delivery.account, words).await;
    let ready = ready.map_err(|error| Failure::Letter(error.to_string()))?;
    let parts = answered.chunks.iter().map(|chunks| Part { chunks: *chunks }).collect();
    let given = Answer { public_key: answered.public_key, key: answered.key, parts };
    let work = move |tx: &mut Tx<'_>| {
        ::portal::send_reply(tx, &delivery, reply, &given)?;
        ready.post(tx).map_err(|error| Failure::Letter(error.to_string()))?;
        Ok::<_, Failure>(())
    };
    desk.controls.store.write(work).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// What the sender is told of a reply.
fn told(delivery: &Delivery, language: Language, base: &str) -> Words {
    let (link, sent) = (format!("{base}/mail/secure"), super::moment(delivery.created));
    let values = [("to", delivery.to()), ("sent", sent.as_str()), ("link", link.as_str())];
    let texts = Texts::of(language);
    Words {
        from_name: texts.say("notice-from", &[]),
        subject: texts.say("letter-portal-reply-subject", &values),
        text: texts.say("letter-portal-reply", &values),
    }
}
