//! Serves the HTTP routers over our own listeners.

mod unread;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use api::web::PeerCertificates;
use axum::Router;
use axum::extract::ConnectInfo;
use crypto::tls::{ServerTls, Service};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use identity::TlsTraits;
use net::{Connection, Handler};

/// Time for a TLS handshake.
const HANDSHAKE_WAIT: Duration = Duration::from_secs(15);

/// Time for a request's header.
const HEADER_WAIT: Duration = Duration::from_secs(15);

/// An HTTP service: plain, or over TLS.
pub(crate) struct HttpDoor {
    pub(crate) router: Router,
    pub(crate) tls: Option<ServerTls>,
}

impl Handler for HttpDoor {
    async fn serve(self: Arc<Self>, connection: Connection) {
        let Connection { mut stream, stop, .. } = connection;
        let peer: SocketAddr = stream.peer();
        if let Some(tls) = &self.tls {
            stream = match stream.upgrade_server(tls.config(Service::Http), HANDSHAKE_WAIT).await {
                Ok(stream) => stream,
                Err(error) => {
                    tracing::debug!(%peer, %error, "no TLS");
                    return;
                }
            };
        }
        let certificates: PeerCertificates = stream.peer_certificates().into();
        let traits: Option<TlsTraits> = stream.tls_info().as_ref().map(Into::into);
        let router = &self.router;
        let service = service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            request.extensions_mut().insert(PeerCertificates::clone(&certificates));
            if let Some(traits) = &traits {
                request.extensions_mut().insert(traits.clone());
            }
            unread::answer(router.clone(), request)
        });
        let serving = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_WAIT)
            .serve_connection(TokioIo::new(stream), service)
            // WebSocket.
            .with_upgrades();
        let mut serving = std::pin::pin!(serving);
        let outcome = tokio::select! {
            outcome = serving.as_mut() => outcome,
            () = stop.cancelled() => {
                serving.as_mut().graceful_shutdown();
                serving.await
            }
        };
        if let Err(error) = outcome {
            tracing::debug!(%peer, %error, "HTTP connection ended early");
        }
    }
}
