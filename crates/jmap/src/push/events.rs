//! The event source (RFC 8620 section 7.3).

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::future::select_all;
use futures_util::stream;
use identity::SignInWatch;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::Instant;

use super::{States, Wanted, accounts, state_change, state_word, states};
use crate::door::problem;
use crate::error::Failure;
use crate::http::{BusyPlace, Sender};
use crate::{Asker, Server};

/// Fewest and most seconds between two pings.
const PING_SECONDS: std::ops::RangeInclusive<u64> = 5..=900;

/// Changes that follow one another this soon are told at once.
const GATHERED_FOR: Duration = Duration::from_millis(100);

#[derive(Deserialize)]
pub(crate) struct Asked {
    types: Option<String>,
    closeafter: Option<String>,
    ping: Option<String>,
}

/// A client that listens.
struct Listener {
    server: Arc<Server>,
    asker: Arc<Asker>,
    accounts: Vec<i64>,
    changes: Vec<watch::Receiver<u64>>,
    over: SignInWatch,
    known: States,
    wanted: Wanted,
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
    let Some(place) = server.listening.enter(asker.account(), server.settings.push_connections_max) else {
        return problem(StatusCode::TOO_MANY_REQUESTS, "too many connections wait for changes; close one");
    };
    let before = headers.get("last-event-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
    match Listener::new(server, asker, &asked, before, place).await {
        Ok(listener) => {
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
    async fn new(
        server: Arc<Server>,
        asker: Arc<Asker>,
        asked: &Asked,
        before: Option<String>,
        place: BusyPlace,
    ) -> Result<Self, Failure> {
        let actor = asker.account();
        let accounts = server.store.read(move |tx| accounts(tx, actor)).await?;
        let notices = &server.store.context().notices;
        // Watched before the states are read, so that nothing between is missed.
        let changes = accounts.iter().map(|account| notices.watch_account(*account)).collect();
        let known = read_states(&server, &asker, &accounts).await?;
        let wanted = match asked.types.as_deref() {
            None | Some("*" | "") => Wanted::All,
            Some(types) => Wanted::Some(types.split(',').map(|it| it.trim().to_owned()).collect()),
        };
        let ping = asked.ping.as_deref().and_then(|ping| ping.parse().ok()).unwrap_or(0);
        let ping = if ping == 0 { 0 } else { u64::clamp(ping, *PING_SECONDS.start(), *PING_SECONDS.end()) };
        let over = server.sign_in_watch(&asker);
        Ok(Self {
            is_behind: before.is_some_and(|before| before != state_word(&known)),
            next_ping: Instant::now() + Duration::from_secs(ping),
            closes_after: asked.closeafter.as_deref() == Some("state"),
            server,
            asker,
            accounts,
            changes,
            over,
            known,
            wanted,
            ping,
            is_done: false,
            _place: place,
        })
    }

    /// What is told next; none at the end.
    async fn next(&mut self) -> Option<Event> {
        if self.is_done {
            return None;
        }
        if std::mem::take(&mut self.is_behind)
            && let Some(change) = state_change(&States::new(), &self.known, &self.wanted)
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
                _ = select_all(self.changes.iter_mut().map(|it| Box::pin(it.changed()))) => {}
            }
            tokio::time::sleep(GATHERED_FOR).await;
            for changes in &mut self.changes {
                changes.mark_unchanged();
            }
            let now = match read_states(&self.server, &self.asker, &self.accounts).await {
                Ok(now) => now,
                Err(failure) => {
                    tracing::warn!(%failure, "cannot tell a client of changes");
                    return None;
                }
            };
            let change = state_change(&self.known, &now, &self.wanted);
            self.known = now;
            if let Some(change) = change {
                return Some(self.tell(&change));
            }
        }
    }

    fn tell(&mut self, change: &Value) -> Event {
        self.is_done = self.closes_after;
        Event::default().event("state").id(state_word(&self.known)).data(change.to_string())
    }
}

async fn read_states(server: &Arc<Server>, asker: &Arc<Asker>, wanted: &[i64]) -> Result<States, Failure> {
    let (asker, wanted) = (Arc::clone(asker), wanted.to_vec());
    server.store.read(move |tx| states(tx, &asker, &wanted)).await
}
