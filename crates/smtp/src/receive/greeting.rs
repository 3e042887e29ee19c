//! Before the greeting: who speaks first is no mail server, and suspicious clients are given time to show it.

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use net::{Stream, StreamError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use wire::smtp::server::Kind;

use super::suspicion::{LOOK_WAIT, SUSPICIOUS_POINTS};
use super::{Door, REFUSAL_WAIT};

/// Clients that are made to wait at the same time; further ones are not, so that waiting ones do not take the places of others.
const WAITING_MAX: usize = 200;

/// What a client is told that speaks before the greeting (RFC 5321 section 3.1 allows 554 in its place).
const SPOKE_FIRST: &[u8] = b"554 5.5.1 You spoke before the greeting\r\n";

/// Places for clients that wait.
pub(crate) struct WaitingRoom(Arc<Semaphore>);

impl Default for WaitingRoom {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(WAITING_MAX)))
    }
}

/// What was found of a client before it was greeted.
#[derive(Debug, Default)]
pub(super) struct Client {
    /// Its points; `None` if it was not looked at.
    pub(super) points: Option<u32>,
    /// Its place among those who wait: it gets its errors slowly too.
    pub(super) waits: Option<OwnedSemaphorePermit>,
}

impl Door {
    /// Looks at a client of the service for other servers, and lets a suspicious one wait for its greeting. `None` if it spoke first,
    /// has gone, or the server stops: then the connection is over.
    pub(super) async fn look_at(&self, mut stream: Stream, stop: &CancellationToken) -> Option<(Stream, Client)> {
        let (receiver, address) = (&self.receiver, stream.peer().ip());
        let pause = Duration::from_secs(receiver.settings.now().greeting_pause_seconds);
        if self.config.kind != Kind::Mx || pause.is_zero() || receiver.rates.is_exempt(address) {
            return Some((stream, Client::default()));
        }
        let mut early = BytesMut::new();
        let looked = tokio::select! {
            points = receiver.client_points(address) => Ok(points),
            received = stream.receive(&mut early, LOOK_WAIT * 2) => Err(received),
        };
        let points = match looked {
            Ok(points) => points,
            Err(received) => {
                self.turn_away(stream, &received).await;
                return None;
            }
        };
        let mut client = Client { points: Some(points), waits: None };
        if points < SUSPICIOUS_POINTS || receiver.is_allowed(address).await {
            return Some((stream, client));
        }
        client.waits = Arc::clone(&receiver.waiting_room.0).try_acquire_owned().ok();
        if client.waits.is_none() {
            return Some((stream, client));
        }
        let received = tokio::select! {
            () = stop.cancelled() => return None,
            received = stream.receive(&mut early, pause) => received,
        };
        if let Err(StreamError::ReadTimeout { .. }) = received {
            return Some((stream, client));
        }
        self.turn_away(stream, &received).await;
        None
    }

    async fn turn_away(&self, mut stream: Stream, received: &Result<usize, StreamError>) {
        if !matches!(received, Ok(1..)) {
            return;
        }
        self.receiver.figures.spoke_first.add(1);
        tracing::debug!(peer = %stream.peer(), "spoke before the greeting");
        self.tell_turned_away(stream.peer().ip(), SPOKE_FIRST);
        if stream.send(SPOKE_FIRST, REFUSAL_WAIT).await.is_ok() {
            stream.close().await;
        }
    }
}

/// Whether one of the replies says that something is wrong.
pub(super) fn has_error(replies: &[u8]) -> bool {
    replies.split(|octet| *octet == b'\n').any(|line| matches!(line.first(), Some(b'4' | b'5')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_among_replies() {
        assert!(has_error(b"550 5.1.1 no\r\n"));
        assert!(has_error(b"250 2.1.0 ok\r\n451 4.7.1 later\r\n"));
        assert!(!has_error(b"250 2.1.0 550 things\r\n354 go on\r\n"));
    }
}
