//! The event source (RFC 8620 section 7.3).

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use identity::SignInWatch;
use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;

use super::Wanted;
use super::watching::Watching;
use crate::Server;
use crate::door::problem;
use crate::http::{BusyPlace, Sender};

/// Fewest and most seconds between two pings.
const PING_SECONDS: std::ops::RangeInclusive<u64> = 5..=900;

#[derive(Deserialize)]
pub(crate) struct Asked {
    types: Option<String>,
    closeafter: Option<String>,
    ping: Option<String>,
}

/// A client that listens.
struct Listener {
    server: Arc<Server>,
    watching: Watching,
    over: SignInWatch,
    closes_after: bool,
    /// Seconds between pings; 0: none.
    ping: u64,
    next_ping: Instant,
    is_done: bool,
    /// States are told before anything changes: the client was told others before.
    is_behind: bool,
    _place: BusyPlace,
}

pub(crate) async fn events(
    State(server): State<Arc<Server>>,
    sender: Sender,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    let asker = Arc::clone(&sender.admitted.asker);
    let Some(place) = server.listening.enter(asker.account(), server.settings.now().push_connections_max) else {
        return problem(StatusCode::TOO_MANY_REQUESTS, "too many connections wait for changes; close one");
    };
    let wanted = match asked.types.as_deref() {
        None | Some("*" | "") => Wanted::All,
        Some(types) => Wanted::Some(types.split(',').map(|it| it.trim().to_owned()).collect()),
    };
    let before = headers.get("last-event-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
    match Watching::new(&server, &asker, wanted).await {
        Ok(watching) => {
            let over = server.sign_in_watch(&asker);
            let listener = Listener::new(server, watching, over, &asked, before, place);
            let told = stream::unfold(listener, |mut listener| async {
                let event = listener.next().await?;
                Some((Ok::<_, Infallible>(event), listener))
            });
            let fresh = [(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-store"))];
            sender.admitted.keep((fresh, Sse::new(told)).into_response())
        }
        Err(failure) => {
            tracing::error!(%failure, "cannot tell a client of changes");
            problem(StatusCode::SERVICE_UNAVAILABLE, "this does not work now, try again later")
        }
    }
}

impl Listener {
    fn new(
        server: Arc<Server>,
        watching: Watching,
        over: SignInWatch,
        asked: &Asked,
        before: Option<String>,
        place: BusyPlace,
    ) -> Self {
        let ping = asked.ping.as_deref().and_then(|ping| ping.parse().ok()).unwrap_or(0);
        let ping = if ping == 0 { 0 } else { u64::clamp(ping, *PING_SECONDS.start(), *PING_SECONDS.end()) };
        Self {
            is_behind: before.is_some_and(|before| before != watching.word()),
            next_ping: Instant::now() + Duration::from_secs(ping),
            closes_after: asked.closeafter.as_deref() == Some("state"),
            server,
            watching,
            over,
            ping,
            is_done: false,
            _place: place,
        }
    }

    /// What is told next; none at the end.
    async fn next(&mut self) -> Option<Event> {
        if self.is_done {
            return None;
        }
        if std::mem::take(&mut self.is_behind)
            && let Some(change) = self.watching.everything()
        {
            return Some(self.tell(&change));
        }
        loop {
            let pings = self.ping > 0;
            tokio::select! {
                () = self.server.stopping.cancelled() => return None,
                () = self.over.ended() => return None,
                () = tokio::time::sleep_until(self.next_ping), if pings => {
                    self.next_ping = Instant::now() + Duration::from_secs(self.ping);
                    let told = serde_json::json!({ "interval": self.ping }).to_string();
                    return Some(Event::default().event("ping").data(told));
                }
                () = self.watching.noticed() => {}
            }
            match self.watching.change().await {
                Ok(Some(change)) => return Some(self.tell(&change)),
                Ok(None) => {}
                Err(failure) => {
                    tracing::warn!(%failure, "cannot tell a client of changes");
                    return None;
                }
            }
        }
    }

    fn tell(&mut self, change: &Value) -> Event {
        self.is_done = self.closes_after;
        Event::default().event("state").id(self.watching.word()).data(change.to_string())
    }
}
