//! JMAP, and the browsers' sessions that it knows from the pages.

use std::net::SocketAddr;
use std::sync::Arc;

use api::v1::Unauthenticated;
use api::web::Portal;
use async_trait::async_trait;
use axum::http::{HeaderMap, HeaderValue};
use identity::Principal;
use jmap::{BrowserSessions, NoSession};

use crate::system::System;

/// The sessions of the pages.
struct Pages(Portal);

#[async_trait]
impl BrowserSessions for Pages {
    async fn find(&self, headers: &HeaderMap, peer: SocketAddr) -> Result<(Principal, Option<HeaderValue>), NoSession> {
        self.0.browser(headers, peer).await.map_err(|why| match why {
            Unauthenticated::Temporary => NoSession::Temporary,
            _ => NoSession::Missing,
        })
    }
}

/// The JMAP server, if it is wanted.
pub(super) fn jmap_server(system: &System, portal: &Portal) -> Option<Arc<jmap::Server>> {
    let settings = &system.settings.jmap;
    settings.enabled.then(|| {
        let parts = jmap::ServerParts {
            store: system.store.clone(),
            sign_in: Arc::clone(&portal.sign_in),
            browsers: Arc::new(Pages(portal.clone())),
            public_url: portal.public_url.clone(),
        };
        jmap::Server::new(parts, settings.clone())
    })
}
