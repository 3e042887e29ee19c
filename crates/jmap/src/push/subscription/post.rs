//! Hands content to a push service (RFC 8030), encrypted for the client where it has given keys.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use crypto::tls::{ClientTls, Roots};
use crypto::web_push::{ClientKeys, WebPushError};
use net::{Https, HttpsError};
use tokio::sync::Semaphore;
use url::Url;

use super::identify::authorization;
use super::rows::Detail;
use crate::elsewhere::{Elsewhere, HostError};
use crate::error::Failure;
use crate::{JmapSettings, Server};

/// How long one delivery may take.
const WAIT: Duration = Duration::from_secs(10);

/// Octets of an answer that are read.
const ANSWER_BYTES_MAX: usize = 4096;

/// Deliveries at the same time.
const AT_ONCE_MAX: usize = 32;

/// Seconds for which a push service keeps what it cannot hand on yet: what is older tells nothing new.
const KEPT_SECONDS: &str = "86400";

/// Why nothing was handed over.
#[derive(Debug, thiserror::Error)]
pub(super) enum PostError {
    #[error("its address is none of https on the usual port")]
    Address,
    #[error(transparent)]
    Host(#[from] HostError),
    #[error(transparent)]
    Http(#[from] HttpsError),
    #[error(transparent)]
    Content(#[from] WebPushError),
    #[error("the push service answers with status {0}")]
    Status(u16),
    #[error("the request cannot be signed")]
    Signature,
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl PostError {
    /// The push service knows the subscription no more (RFC 8030 section 7.3), or it can never be served.
    pub(super) const fn is_final(&self) -> bool {
        matches!(self, Self::Status(404 | 410) | Self::Address | Self::Host(HostError::Within { .. }))
    }
}

/// Hands content over.
pub(crate) struct Poster {
    elsewhere: Elsewhere,
    tls: ClientTls,
    places: Semaphore,
}

impl Poster {
    /// One that looks hosts up with `dns`; none, with the reason in the log, if this machine trusts no authority.
    pub(crate) fn new(dns: std::sync::Arc<dyn env::dns::Resolver>, settings: &JmapSettings) -> Option<Self> {
        let tls = Roots::system(&settings.push_roots).map_err(|error| error.to_string());
        let tls = tls.and_then(|roots| ClientTls::verified(&roots).map_err(|error| error.to_string()));
        let tls = tls.inspect_err(|error| tracing::warn!(%error, "push services cannot be reached")).ok()?;
        let elsewhere = Elsewhere::new(dns, &settings.push_within, "jmap.push_within");
        Some(Self { elsewhere, tls, places: Semaphore::new(AT_ONCE_MAX) })
    }
}

/// The address of a push service, if it can be one.
pub(super) fn read_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    (url.scheme() == "https" && is_plain && url.host().is_some()).then_some(url)
}

impl Server {
    /// Hands `content` over for the client of a subscription.
    pub(super) async fn post(&self, detail: &Detail, content: &[u8]) -> Result<(), PostError> {
        let Some(poster) = &self.pushing.poster else { return Err(PostError::Address) };
        let url = read_url(&detail.url).ok_or(PostError::Address)?;
        let host = url.host().ok_or(PostError::Address)?;
        let address = poster.elsewhere.find(&host).await?;
        if url.port().is_some() && !poster.elsewhere.is_ours(address) {
            return Err(PostError::Address);
        }
        let context = self.store.context();
        let (body, mut fields) = match &detail.keys {
            Some(keys) => {
                let keys = ClientKeys::read(&keys.p256dh, &keys.auth)?;
                let fields = vec![("content-type", "application/octet-stream"), ("content-encoding", "aes128gcm")];
                (keys.encrypt(&*context.entropy, content)?, fields)
            }
            None => (content.to_vec(), vec![("content-type", "application/json")]),
        };
        let key = self.push_key().await?;
        let origin = url.origin().ascii_serialization();
        let authorization = authorization(key, &origin, &self.public_url, context.clock.now());
        let authorization = authorization.map_err(|_| PostError::Signature)?;
        fields.extend([("ttl", KEPT_SECONDS), ("authorization", authorization.as_str())]);
        let Ok(_place) = poster.places.acquire().await else { return Err(PostError::Address) };
        let https = Https {
            host: url.host_str().unwrap_or_default(),
            address: SocketAddr::new(address, url.port_or_known_default().unwrap_or(443)),
            tls: &poster.tls,
            wait: WAIT,
            body_bytes_max: ANSWER_BYTES_MAX,
        };
        let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        match https.post_with(&path, &fields, Bytes::from(body)).await?.status {
            200..=299 => Ok(()),
            status => Err(PostError::Status(status)),
        }
    }
}
