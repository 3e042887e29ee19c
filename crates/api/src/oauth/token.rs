//! The endpoints that programs talk to: tokens, their revocation and introspection, and who somebody is.

use std::sync::Arc;

use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use env::{Secret, Timestamp};
use identity::IdentityError;
use identity::oauth::{self, ACCESS_LIFE, Answer, Bearer, Issued, OAuthError, OAuthScope, ScopeWord, TokenAlgorithm};
use serde_json::{Map, Value, json};
use store::Tx;

use super::authorize::asks_identity;
use super::client::Shown;
use super::discovery::make_keys;
use super::{json_answer, refusal, unavailable};
use crate::web::{Params, Portal};

/// How long an identity token is good, in seconds.
const IDENTITY_LIFE_SECONDS: i64 = 600;

/// What a client asks the token endpoint for.
enum Grant {
    Code { code: Secret<String>, redirect_uri: Option<String>, verifier: Secret<String> },
    Refresh { token: Secret<String>, scope: Option<OAuthScope> },
    Device { code: Secret<String> },
}

pub(super) async fn token(
    State(portal): State<Arc<Portal>>,
    headers: HeaderMap,
    Form(fields): Form<Vec<(String, String)>>,
) -> Response {
    let params = Params(fields);
    let (shown, grant) = match Shown::read(&headers, &params).and_then(|shown| Ok((shown, read_grant(&params)?))) {
        Ok(read) => read,
        Err(error) => return refusal(&error),
    };
    if let Err(error) = make_keys(&portal).await {
        return unavailable(&error);
    }
    let issuer = portal.public_url.clone();
    let work = move |tx: &mut Tx<'_>| {
        let client = match shown.authenticate(tx)? {
            Ok(client) => client,
            Err(error) => return Ok(Err(error)),
        };
        let issued = match &grant {
            Grant::Code { code, redirect_uri, verifier } => {
                oauth::exchange_code(tx, &client, code, redirect_uri.as_deref(), verifier)?
            }
            Grant::Refresh { token, scope } => oauth::refresh(tx, &client, token, *scope)?,
            Grant::Device { code } => oauth::poll_device(tx, &client, code)?,
        };
        match issued {
            Ok(issued) => write_tokens(tx, &issuer, &issued, client.algorithm).map(Ok),
            Err(error) => Ok(Err(error)),
        }
    };
    answer(portal.store().write(work).await)
}

fn answer(outcome: Answer<Value>) -> Response {
    match outcome {
        Ok(Ok(body)) => json_answer(StatusCode::OK, body),
        Ok(Err(error)) => refusal(&error),
        Err(error) => unavailable(&error),
    }
}

fn read_grant(params: &Params) -> Result<Grant, OAuthError> {
    let secret = |name, missing| params.need(name, missing).map(|value| Secret::new(value.to_owned()));
    match params.need("grant_type", "grant_type is missing")? {
        "authorization_code" => Ok(Grant::Code {
            code: secret("code", "code is missing")?,
            redirect_uri: params.get("redirect_uri")?.map(str::to_owned),
            verifier: secret("code_verifier", "PKCE is needed: code_verifier is missing")?,
        }),
        "refresh_token" => Ok(Grant::Refresh {
            token: secret("refresh_token", "refresh_token is missing")?,
            scope: params.get("scope")?.map(str::parse).transpose()?,
        }),
        "urn:ietf:params:oauth:grant-type:device_code" => {
            Ok(Grant::Device { code: secret("device_code", "device_code is missing")? })
        }
        _ => Err(OAuthError::UnsupportedGrantType),
    }
}

fn write_tokens(
    tx: &mut Tx<'_>,
    issuer: &str,
    issued: &Issued,
    algorithm: TokenAlgorithm,
) -> Result<Value, IdentityError> {
    let mut body = Map::new();
    body.insert("access_token".to_owned(), issued.access.expose().clone().into());
    body.insert("token_type".to_owned(), "Bearer".into());
    body.insert("expires_in".to_owned(), ACCESS_LIFE.as_secs().into());
    body.insert("scope".to_owned(), issued.scope.to_string().into());
    if let Some(refresh) = &issued.refresh {
        body.insert("refresh_token".to_owned(), refresh.expose().clone().into());
    }
    if asks_identity(issued.scope) {
        let key = oauth::signing_key(tx, algorithm)?;
        let claims = identity_claims(issuer, issued, tx.now());
        body.insert("id_token".to_owned(), oauth::sign_identity_token(&key, &claims)?.into());
    }
    Ok(Value::Object(body))
}

/// OpenID Connect Core section 2.
fn identity_claims(issuer: &str, issued: &Issued, now: Timestamp) -> Value {
    let bearer = &issued.bearer;
    let mut claims = person_claims(bearer);
    let now = seconds(now);
    claims.insert("iss".to_owned(), issuer.into());
    claims.insert("aud".to_owned(), bearer.client.clone().into());
    claims.insert("iat".to_owned(), now.into());
    claims.insert("exp".to_owned(), (now + IDENTITY_LIFE_SECONDS).into());
    claims.insert("auth_time".to_owned(), seconds(bearer.signed_in).into());
    if bearer.strong_at.is_some() {
        claims.insert("amr".to_owned(), json!(["mfa"]));
    }
    if let Some(nonce) = &issued.nonce {
        claims.insert("nonce".to_owned(), nonce.clone().into());
    }
    Value::Object(claims)
}

/// What the scope lets a client learn of the person.
fn person_claims(bearer: &Bearer) -> Map<String, Value> {
    let mut claims = Map::new();
    claims.insert("sub".to_owned(), bearer.account.to_string().into());
    if bearer.scope.has(ScopeWord::Profile) {
        claims.insert("name".to_owned(), bearer.name.clone().into());
    }
    if bearer.scope.has(ScopeWord::Email) {
        claims.insert("email".to_owned(), bearer.address.clone().into());
        claims.insert("email_verified".to_owned(), true.into());
    }
    claims
}

fn seconds(at: Timestamp) -> i64 {
    at.millis().div_euclid(1_000)
}

/// RFC 7009: the answer is the same whether there was such a token.
pub(super) async fn revoke(
    State(portal): State<Arc<Portal>>,
    headers: HeaderMap,
    Form(fields): Form<Vec<(String, String)>>,
) -> Response {
    let params = Params(fields);
    let (shown, token) = match shown_token(&headers, &params) {
        Ok(read) => read,
        Err(error) => return refusal(&error),
    };
    let work = move |tx: &mut Tx<'_>| match shown.authenticate(tx)? {
        Ok(client) => oauth::revoke_token(tx, &client, &token).map(|()| Ok(json!({}))),
        Err(error) => Ok(Err(error)),
    };
    answer(portal.store().write(work).await)
}

/// RFC 7662.
pub(super) async fn introspect(
    State(portal): State<Arc<Portal>>,
    headers: HeaderMap,
    Form(fields): Form<Vec<(String, String)>>,
) -> Response {
    let params = Params(fields);
    let (shown, token) = match shown_token(&headers, &params) {
        Ok(read) => read,
        Err(error) => return refusal(&error),
    };
    let issuer = portal.public_url.clone();
    let work = move |tx: &mut Tx<'_>| match shown.authenticate(tx)? {
        Ok(client) => {
            let found = oauth::introspect(tx, &client, &token)?;
            let told = |bearer: Bearer| {
                json!({
                    "active": true, "scope": bearer.scope.to_string(), "client_id": bearer.client,
                    "username": bearer.address, "sub": bearer.account.to_string(), "token_type": "Bearer",
                    "exp": seconds(bearer.expires), "iss": issuer,
                })
            };
            Ok(Ok(found.map_or_else(|| json!({ "active": false }), told)))
        }
        Err(error) => Ok(Err(error)),
    };
    answer(portal.store().read(work).await)
}

fn shown_token(headers: &HeaderMap, params: &Params) -> Result<(Shown, Secret<String>), OAuthError> {
    let token = params.need("token", "token is missing")?.to_owned();
    Ok((Shown::read(headers, params)?, Secret::new(token)))
}

/// OpenID Connect Core section 5.3.
pub(super) async fn userinfo(State(portal): State<Arc<Portal>>, headers: HeaderMap) -> Response {
    let Some(token) = bearer_token(&headers) else { return refusal(&OAuthError::InvalidToken) };
    let outcome = portal.store().read(move |tx| oauth::bearer(tx, &token)).await;
    answer(outcome.map(|found| {
        let bearer = found?;
        if asks_identity(bearer.scope) {
            Ok(Value::Object(person_claims(&bearer)))
        } else {
            Err(OAuthError::InvalidToken)
        }
    }))
}

/// The token in the Authorization header (RFC 6750 section 2.1).
pub(crate) fn bearer_token(headers: &HeaderMap) -> Option<Secret<String>> {
    let line = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = line.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| Secret::new(token.trim().to_owned()))
}
