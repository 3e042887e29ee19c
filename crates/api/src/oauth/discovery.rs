//! What the server offers (RFC 8414, OpenID Connect Discovery), and the keys of its identity tokens.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use identity::IdentityError;
use identity::oauth::{self, FreshKey, PublicKey, ScopeWord, TokenAlgorithm};
use serde_json::{Value, json};

use super::unavailable;
use crate::web::Portal;

pub(super) async fn metadata(State(portal): State<Arc<Portal>>) -> Json<Value> {
    let issuer = &portal.public_url;
    let at = |path: &str| format!("{issuer}{path}");
    let scopes: Vec<&str> = ScopeWord::ALL.into_iter().map(ScopeWord::as_str).collect();
    let algorithms: Vec<&str> = TokenAlgorithm::ALL.iter().map(|algorithm| algorithm.as_str()).collect();
    let methods = json!(["none", "client_secret_basic", "client_secret_post"]);
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": at("/oauth/authorize"),
        "token_endpoint": at("/oauth/token"),
        "userinfo_endpoint": at("/oauth/userinfo"),
        "jwks_uri": at("/oauth/jwks"),
        "revocation_endpoint": at("/oauth/revoke"),
        "introspection_endpoint": at("/oauth/introspect"),
        "device_authorization_endpoint": at("/oauth/device"),
        "scopes_supported": scopes,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": [
            "authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code",
        ],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_methods_supported": methods,
        "introspection_endpoint_auth_methods_supported": methods,
        "authorization_response_iss_parameter_supported": true,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": algorithms,
        "claims_supported": ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "name", "email", "email_verified"],
        "prompt_values_supported": ["none", "login", "consent"],
    }))
}

pub(super) async fn keys(State(portal): State<Arc<Portal>>) -> Response {
    // The first keys are made when they are first asked for, so that the set is never empty.
    if let Err(error) = make_keys(&portal).await {
        return unavailable(&error);
    }
    match portal.store().read(oauth::public_keys).await {
        Ok(keys) => {
            let keys: Vec<Value> = keys.iter().map(PublicKey::to_jwk).collect();
            Json(json!({ "keys": keys })).into_response()
        }
        Err(error) => unavailable(&error),
    }
}

/// Makes the keys that identity tokens are signed with, where there is none that signs for a while yet; off the threads that serve.
///
/// # Errors
/// [`IdentityError`] if the library or the store fails.
pub(super) async fn make_keys(portal: &Portal) -> Result<(), IdentityError> {
    for algorithm in portal.store().read(oauth::missing_keys).await? {
        let made = tokio::task::spawn_blocking(move || FreshKey::generate(algorithm)).await;
        let fresh =
            made.map_err(|_| IdentityError::Condition("making a key for identity tokens stopped; try again"))??;
        portal.store().write(move |tx| oauth::keep_key(tx, &fresh)).await?;
    }
    Ok(())
}
