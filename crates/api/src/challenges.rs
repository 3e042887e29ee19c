//! ACME HTTP-01 challenges (RFC 8555 section 8.3).

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use parking_lot::RwLock;

use crate::{Facts, text};

/// Key authorizations by token. Cheap to clone; all clones share.
#[derive(Clone, Default)]
pub struct Challenges(Arc<RwLock<HashMap<String, String>>>);

impl Challenges {
    /// Answers `token` with `key_authorization` from now on.
    pub fn publish(&self, token: String, key_authorization: String) {
        self.0.write().insert(token, key_authorization);
    }

    /// No longer answers `token`.
    pub fn withdraw(&self, token: &str) {
        self.0.write().remove(token);
    }
}

pub(crate) async fn answer(State(facts): State<Arc<Facts>>, Path(token): Path<String>) -> Response {
    match facts.challenges.0.read().get(&token) {
        Some(authorization) => text("application/octet-stream", authorization.clone()),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
