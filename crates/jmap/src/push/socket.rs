//! JMAP over WebSocket (RFC 8887): requests, and changes as they happen, on one connection.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};
use wire::jmap::{Object, Request, RequestError, parse_ijson};

use super::Wanted;
use super::watching::Watching;
use crate::door::problem;
use crate::http::{BusyPlace, Sender};
use crate::session::CAPABILITIES;
use crate::{Asker, Server};

/// The subprotocol (RFC 8887 section 4.1).
const PROTOCOL: &str = "jmap";

/// A ping goes out after this long, and a client that has said nothing since the last one is gone.
const PING_EVERY: Duration = Duration::from_secs(120);

/// A client.
struct Client {
    server: Arc<Server>,
    asker: Arc<Asker>,
    /// The beginning of our addresses, as this client reaches us.
    base: String,
    /// What it is told of, once it wants that.
    watching: Option<Watching>,
    _place: BusyPlace,
}

/// Why a connection ends: code and word (RFC 6455 section 7.4.1).
type End = (u16, &'static str);

pub(crate) async fn connect(
    State(server): State<Arc<Server>>,
    sender: Sender,
    upgrade: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
) -> Response {
    let Ok(upgrade) = upgrade else {
        return problem(StatusCode::UPGRADE_REQUIRED, "this is an address for WebSocket (RFC 8887)");
    };
    let upgrade =
        upgrade.protocols([PROTOCOL]).max_message_size(server.settings.now().request_bytes_max.saturating_add(1));
    if upgrade.selected_protocol().is_none() {
        return problem(StatusCode::BAD_REQUEST, "the subprotocol must be jmap");
    }
    let asker = Arc::clone(&sender.admitted.asker);
    let Some(place) = server.listening.enter(asker.account(), server.settings.now().push_connections_max) else {
        return problem(StatusCode::TOO_MANY_REQUESTS, "too many connections; close one");
    };
    let client = Client { server, asker, base: sender.base.clone(), watching: None, _place: place };
    sender.admitted.keep(upgrade.on_upgrade(move |socket| client.serve(socket)))
}

impl Client {
    async fn serve(mut self, mut socket: WebSocket) {
        let (code, reason) = self.converse(&mut socket).await;
        // Whoever is gone hears it no more.
        let _ = socket.send(Message::Close(Some(CloseFrame { code, reason: reason.into() }))).await;
    }

    async fn converse(&mut self, socket: &mut WebSocket) -> End {
        let mut over = self.server.sign_in_watch(&self.asker);
        let stopping = self.server.stopping.clone();
        let mut pings = tokio::time::interval(PING_EVERY);
        let mut is_heard = true;
        loop {
            let told = tokio::select! {
                () = stopping.cancelled() => return (close_code::AWAY, "the server stops"),
                () = over.ended() => return (close_code::POLICY, "the sign-in is over"),
                _ = pings.tick() => {
                    if !std::mem::replace(&mut is_heard, false) {
                        return (close_code::AWAY, "nothing was heard");
                    }
                    if socket.send(Message::Ping(axum::body::Bytes::new())).await.is_err() {
                        return (close_code::NORMAL, "");
                    }
                    None
                }
                received = socket.recv() => {
                    is_heard = true;
                    match received {
                        Some(Ok(Message::Text(text))) => self.answer(text.as_bytes()).await,
                        Some(Ok(Message::Ping(_) | Message::Pong(_))) => None,
                        Some(Ok(Message::Binary(_))) => return (close_code::UNSUPPORTED, "messages are JSON in text"),
                        Some(Err(_)) => return (close_code::SIZE, "the message is too large, or broken"),
                        Some(Ok(Message::Close(_))) | None => return (close_code::NORMAL, ""),
                    }
                }
                () = noticed(&mut self.watching) => self.change().await,
            };
            if let Some(told) = told
                && socket.send(Message::Text(told.to_string().into())).await.is_err()
            {
                return (close_code::NORMAL, "");
            }
        }
    }

    /// What a message is answered with, if with anything.
    async fn answer(&mut self, text: &[u8]) -> Option<Value> {
        let message = match parse_ijson(text) {
            Ok(message) => message,
            Err(why) => return Some(refusal(&RequestError::NotJson { why }, None)),
        };
        let id = message.get("id").and_then(Value::as_str).map(str::to_owned);
        let unlike = |why: &str| Some(refusal(&RequestError::NotRequest { why: why.to_owned() }, id.as_deref()));
        if message.get("id").is_some_and(|id| !id.is_string() && !id.is_null()) {
            return unlike("id is no string");
        }
        match message.get("@type").and_then(Value::as_str) {
            Some("Request") => Some(self.run(text.len(), message, id.as_deref()).await),
            Some("WebSocketPushEnable") => match read_enable(&message) {
                Some((wanted, before)) => self.enable(wanted, before).await,
                None => unlike("dataTypes must be null or a list of types, pushState a string"),
            },
            Some("WebSocketPushDisable") => {
                self.watching = None;
                None
            }
            _ => unlike("@type must be Request, WebSocketPushEnable or WebSocketPushDisable"),
        }
    }

    async fn run(&self, size: usize, message: Value, id: Option<&str>) -> Value {
        let (server, limits) = (&self.server, self.server.request_limits());
        let Some(_place) = server.busy.enter(self.asker.account(), server.settings.now().requests_max) else {
            return refusal(&RequestError::Limit { name: "maxConcurrentRequests" }, id);
        };
        let request = match size > limits.size_bytes_max {
            true => Err(RequestError::Limit { name: "maxSizeRequest" }),
            false => Request::read(message, CAPABILITIES, limits),
        };
        let request = match request {
            Ok(request) => request,
            Err(error) => return refusal(&error, id),
        };
        let outcome = match server.session_state(&self.asker, &self.base).await {
            Ok(state) => server.run(&self.asker, request, state).await.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        match outcome {
            Ok(response) => Value::Object(response.into_websocket(id)),
            Err(error) => {
                tracing::error!(%error, "a JMAP request failed");
                failed(id)
            }
        }
    }

    /// RFC 8887 section 4.3.5.2.
    async fn enable(&mut self, wanted: Wanted, before: Option<String>) -> Option<Value> {
        match Watching::new(&self.server, &self.asker, wanted).await {
            Ok(watching) => {
                let is_behind = before.is_some_and(|before| before != watching.word());
                let told = watching.everything().filter(|_| is_behind).map(|change| with_state(change, &watching));
                self.watching = Some(watching);
                told
            }
            Err(failure) => {
                tracing::error!(%failure, "cannot tell a client of changes");
                Some(failed(None))
            }
        }
    }

    async fn change(&mut self) -> Option<Value> {
        let watching = self.watching.as_mut()?;
        match watching.change().await {
            Ok(change) => change.map(|change| with_state(change, watching)),
            Err(failure) => {
                tracing::warn!(%failure, "cannot tell a client of changes");
                None
            }
        }
    }
}

/// Until something may have changed; never if nothing is to be told.
async fn noticed(watching: &mut Option<Watching>) {
    match watching {
        Some(watching) => watching.noticed().await,
        None => std::future::pending().await,
    }
}

/// RFC 8887 section 4.3.5.1, `pushState`.
fn with_state(mut change: Value, watching: &Watching) -> Value {
    if let Value::Object(members) = &mut change {
        members.insert("pushState".to_owned(), watching.word().into());
    }
    change
}

/// The types that are wanted, and the state that the client knows.
fn read_enable(message: &Value) -> Option<(Wanted, Option<String>)> {
    let wanted = match message.get("dataTypes") {
        None | Some(Value::Null) => Wanted::All,
        Some(Value::Array(types)) => {
            let types: Option<Vec<String>> = types.iter().map(|it| it.as_str().map(str::to_owned)).collect();
            Wanted::Some(types?)
        }
        Some(_) => return None,
    };
    match message.get("pushState") {
        None | Some(Value::Null) => Some((wanted, None)),
        Some(Value::String(state)) => Some((wanted, Some(state.clone()))),
        Some(_) => None,
    }
}

/// RFC 8887 section 4.3.4.
fn refusal(error: &RequestError, id: Option<&str>) -> Value {
    let mut members = match error.problem() {
        Value::Object(members) => members,
        _ => Object::new(),
    };
    members.insert("@type".to_owned(), "RequestError".into());
    members.insert("requestId".to_owned(), id.into());
    Value::Object(members)
}

fn failed(id: Option<&str>) -> Value {
    let detail = "this does not work now, try again later";
    json!({ "@type": "RequestError", "requestId": id, "type": "about:blank", "status": 503, "detail": detail })
}
