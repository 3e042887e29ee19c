//! Who asks the API, and what people do on their pages, which is carried out as actions of the API.

use std::net::SocketAddr;

use access::Via;
use async_trait::async_trait;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use identity::oauth;
use identity::session::{self, Resumed, Stage};
use identity::{AuthFailure, Principal};
use serde_json::Value;

use super::Portal;
use super::cookies;
use super::html::Page;
use super::request::{Visitor, client_of, is_from_our_page};
use crate::actions::{Action, Answer, Caller};
use crate::oauth::token::bearer_token;
use crate::v1::{Authenticate, Authenticated, Unauthenticated};

/// What became of a change.
pub(super) enum Outcome {
    Done(Value),
    /// A strong factor is to be shown first.
    StepUp,
    /// A second person has to approve it.
    Waiting,
    Failed(StatusCode, String),
}

/// Who does something in this session.
pub(super) fn caller_of(visitor: &Visitor, session: &Resumed) -> Caller {
    Caller {
        account: Some(session.principal.account),
        strong_at: session.principal.strong_at,
        via: Via::Http,
        address: Some(visitor.client.address),
    }
}

/// Carries out what somebody asks for on a page.
pub(super) async fn carry_out(portal: &Portal, visitor: &Visitor, session: &Resumed, action: Action) -> Outcome {
    let caller = caller_of(visitor, session);
    match portal.controls.carry_out(&caller, action).await {
        Answer::Done(value) => Outcome::Done(value),
        Answer::Waiting(_) => Outcome::Waiting,
        Answer::StepUp(_) => Outcome::StepUp,
        Answer::NotAllowed => Outcome::Failed(StatusCode::FORBIDDEN, "403".to_owned()),
        Answer::Failed(refused) => Outcome::Failed(StatusCode::BAD_REQUEST, refused.0),
        Answer::Temporary(words) => Outcome::Failed(StatusCode::SERVICE_UNAVAILABLE, words),
    }
}

impl Portal {
    /// Who has signed in wholly in the browser that sends a request from our own page, and a cookie for it.
    ///
    /// # Errors
    /// [`Unauthenticated`] with the reason.
    pub async fn browser(
        &self,
        headers: &HeaderMap,
        peer: SocketAddr,
    ) -> Result<(Principal, Option<HeaderValue>), Unauthenticated> {
        let Some(token) = cookies::session(headers) else { return Err(Unauthenticated::Missing) };
        if !is_from_our_page(headers) {
            return Err(Unauthenticated::Forged);
        }
        let client = client_of(self, headers, peer);
        let found = match session::resume(self.store(), &token, &client).await {
            Ok(found) => found,
            Err(AuthFailure::Temporary(error)) => return Err(temporary(&error)),
            Err(AuthFailure::Throttled { retry_after }) => return Err(Unauthenticated::Throttled(retry_after)),
            Err(_) => None,
        };
        let Some(session) = found.filter(|session| session.stage == Stage::Whole) else {
            return Err(Unauthenticated::Missing);
        };
        match super::password::is_expired(self, session.principal.account).await {
            Ok(false) => {}
            Ok(true) => return Err(Unauthenticated::PasswordTooOld),
            Err(error) => return Err(temporary(&error)),
        }
        let cookie = session.new_token.as_ref().and_then(cookies::set_session);
        Ok((session.principal, cookie))
    }
}

#[async_trait]
impl Authenticate for Portal {
    async fn caller(&self, headers: &HeaderMap, peer: SocketAddr) -> Result<Authenticated, Unauthenticated> {
        if let Some(token) = bearer_token(headers) {
            // Tokens are for mail and for who somebody is; none opens the API.
            let known = self.store().read(move |tx| oauth::bearer(tx, &token)).await;
            return Err(match known {
                Ok(Ok(_)) => Unauthenticated::Scope,
                Ok(Err(_)) => Unauthenticated::Missing,
                Err(error) => temporary(&error),
            });
        }
        let (principal, cookie) = self.browser(headers, peer).await?;
        let caller = Caller {
            account: Some(principal.account),
            strong_at: principal.strong_at,
            via: Via::Http,
            address: Some(peer.ip().to_canonical()),
        };
        Ok(Authenticated { caller, cookie })
    }
}

/// Says that something is not for the visitor, or not without a second person.
pub(super) fn not_yours(visitor: &Visitor, title: &'static str) -> Response {
    let page = Page::new(visitor.language, title).status(StatusCode::FORBIDDEN);
    page.paragraph("error", "not-yours", &[]).html("<p><a href=\"/account\">&larr;</a></p>").respond()
}

fn temporary(error: &identity::IdentityError) -> Unauthenticated {
    tracing::warn!(%error, "cannot find out who asks");
    Unauthenticated::Temporary
}
