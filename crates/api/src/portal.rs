//! The portal over HTTP: chunks of the sender's browser, and all that a partner does. What comes and goes is ciphertext.
//!
//! A partner shows no cookie: the name of the delivery, which nobody guesses, and a proof, then what opening gave him.

mod answer;
mod partner;
mod sender;
#[cfg(test)]
mod tests;
mod turnstile;

use std::net::SocketAddr;
use std::sync::Arc;

use ::portal::{CHUNK_BYTES_MAX, Place, PortalError, PortalSettings, PreparedChunk};
use axum::Router;
use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{get, post, put};
use env::{Civil, Timestamp};
use store::{StoreError, Tx};

use crate::actions::Controls;
use crate::harden;
use crate::v1::Authenticate;

use answer::Failure;
use turnstile::Turnstile;

/// What the portal needs.
#[derive(Clone)]
pub struct PortalDoor {
    /// What it works on.
    pub controls: Controls,
    /// Finds out who sends chunks.
    pub authenticate: Arc<dyn Authenticate>,
}

/// What the routes share.
struct Desk {
    controls: Controls,
    authenticate: Arc<dyn Authenticate>,
    turnstile: Turnstile,
}

/// The routes of the portal beside its page.
pub fn portal_routes(door: PortalDoor) -> Router {
    let PortalDoor { controls, authenticate } = door;
    let desk = Desk { turnstile: Turnstile::new(&controls.store), controls, authenticate };
    Router::new()
        .route("/api/portal/{name}/{reply}/{part}/{number}", put(sender::put_chunk).get(sender::get_chunk))
        .route("/p/{name}/lock", get(partner::lock))
        .route("/p/{name}/code", post(partner::code))
        .route("/p/{name}/open", post(partner::open))
        .route("/p/{name}/chunk/{part}/{number}", get(partner::chunk))
        .route("/p/{name}/reply", post(partner::begin_reply))
        .route("/p/{name}/reply/{reply}", post(partner::send_reply))
        .route("/p/{name}/reply/{reply}/{part}/{number}", put(partner::put_chunk))
        .layer(DefaultBodyLimit::max(CHUNK_BYTES_MAX))
        .layer(middleware::from_fn(harden))
        .with_state(Arc::new(desk))
}

impl Desk {
    fn settings(&self) -> PortalSettings {
        self.controls.elsewhere.portal().settings
    }

    /// Seals a chunk and keeps it at `place`.
    async fn keep(&self, place: Place, octets: Bytes) -> Result<(), Failure> {
        let store = &self.controls.store;
        let context = Arc::clone(store.context());
        let sealing = tokio::task::spawn_blocking(move || PreparedChunk::new(octets.into(), &context));
        let mut chunk = sealing.await.map_err(|_| StoreError::Abandoned("sealing a chunk panicked"))??;
        let staged = store.stage(chunk.take_record()).await?;
        let settings = self.settings();
        let work = move |tx: &mut Tx<'_>| {
            staged.attach(tx, 1)?;
            ::portal::keep_chunk(tx, place, &chunk, staged.id(), &settings)
        };
        Ok(store.write(work).await?)
    }

    /// The ciphertext of the chunk at the place that `find` gives.
    async fn fetch(
        &self,
        find: impl FnOnce(&mut Tx<'_>) -> Result<Place, PortalError> + Send + 'static,
    ) -> Result<Vec<u8>, Failure> {
        let store = self.controls.store.clone();
        let kept = store.read(move |tx| {
            let place = find(tx)?;
            ::portal::find_chunk(tx, place)
        });
        let kept = kept.await?;
        let reading = tokio::task::spawn_blocking(move || kept.read(store.blobs()));
        Ok(reading.await.map_err(|_| StoreError::Abandoned("reading a chunk panicked"))??)
    }
}

/// A moment as letters name it.
pub(crate) fn moment(at: Timestamp) -> String {
    let Civil { year, month, day, hour, minute, .. } = at.civil();
    format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02} UTC")
}

/// The address that a request counts for.
fn address_of(peer: SocketAddr) -> std::net::IpAddr {
    peer.ip().to_canonical()
}
