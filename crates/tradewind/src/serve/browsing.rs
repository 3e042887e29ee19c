//! JMAP, and the browsers' sessions that it knows from the pages.

use std::net::SocketAddr;
use std::sync::Arc;

use api::actions::Refused;
use api::v1::Unauthenticated;
use api::web::Portal;
use async_trait::async_trait;
use axum::http::{HeaderMap, HeaderValue};
use env::dns::Resolver;
use identity::Principal;
use jmap::{BrowserSessions, NoSession};
use letters::{NotSent, Noting, Outbox, Outgoing};

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

/// Sends what people write by the rules for submission.
struct Sending(Arc<smtp::receive::Receiver>);

#[async_trait]
impl Outbox for Sending {
    async fn send(&self, outgoing: Outgoing, noting: Noting) -> Result<Vec<i64>, NotSent> {
        self.0.submit(outgoing, noting).await
    }
}

/// The JMAP server, if it is wanted.
pub(super) fn jmap_server(
    system: &System,
    portal: &Portal,
    (receiver, deliverer): (&Arc<smtp::receive::Receiver>, &Arc<smtp::deliver::Deliverer>),
    dns: &Arc<dyn Resolver>,
) -> Result<Option<Arc<jmap::Server>>, Refused> {
    let settings = &system.settings.jmap;
    if !settings.enabled {
        return Ok(None);
    }
    let parts = jmap::ServerParts {
        store: system.store.clone(),
        sign_in: Arc::clone(&portal.sign_in),
        browsers: Arc::new(Pages(portal.clone())),
        public_url: portal.public_url.clone(),
        outbox: Arc::new(Sending(Arc::clone(receiver))),
        foresight: Arc::<smtp::deliver::Deliverer>::clone(deliverer),
        judge: portal.controls.elsewhere.judge()?,
        hold_seconds_max: system.live.hold_seconds_max(),
        outside: scripts::Outside::of(&system.settings.rules),
        access: system.live.sections().access(),
        dns: Arc::clone(dns),
        outbound: Arc::clone(&system.outbound),
    };
    Ok(Some(jmap::Server::new(parts, system.live.sections().jmap())))
}
