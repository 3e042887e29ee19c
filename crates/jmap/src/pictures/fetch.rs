//! Fetches what strangers name, without being led into networks of our own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crypto::tls::{ClientTls, Roots};
use env::dns::Resolver;
use net::{Https, HttpsAnswer, HttpsError, PlainHttp};
use url::Url;

use super::{Picture, kind};
use crate::JmapSettings;
use crate::elsewhere::{Elsewhere, HostError};

/// How long everything may take, redirections included.
const WAIT: Duration = Duration::from_secs(10);

/// Redirections that are followed.
const REDIRECTIONS_MAX: usize = 3;

/// What is wanted, and all that is told of us beside the name of the program.
const FIELDS: &[(&str, &str)] = &[("accept", "image/webp,image/png,image/jpeg,image/gif")];

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("its address is none of http or https on the usual port")]
    Address,
    #[error("this machine trusts no authority for certificates")]
    NoAuthority,
    #[error(transparent)]
    Host(#[from] HostError),
    #[error(transparent)]
    Http(#[from] HttpsError),
    #[error("it is not there: status {status}")]
    Status { status: u16 },
    #[error("it leads elsewhere more than {REDIRECTIONS_MAX} times")]
    Redirected,
    #[error("it is no picture of a kind that is shown, or one too large")]
    Kind,
    #[error("it took longer than {WAIT:?}")]
    Late,
}

/// Fetches pictures.
pub(crate) struct Fetcher {
    elsewhere: Elsewhere,
    /// None where this machine trusts no authority: then pictures over HTTPS are not asked for.
    tls: Option<ClientTls>,
    bytes_max: usize,
}

impl Fetcher {
    /// One that looks hosts up with `dns`; none if pictures are not wanted.
    pub(crate) fn new(dns: Arc<dyn Resolver>, settings: &JmapSettings) -> Option<Self> {
        if !settings.pictures {
            return None;
        }
        let tls = Roots::system(&[]).map_err(|error| error.to_string());
        let tls = tls.and_then(|roots| ClientTls::verified(&roots).map_err(|error| error.to_string()));
        let tls = tls.inspect_err(|error| tracing::warn!(%error, "pictures in mail cannot be fetched over HTTPS")).ok();
        let elsewhere = Elsewhere::new(dns, &settings.pictures_within, "jmap.pictures_within");
        Some(Self { elsewhere, tls, bytes_max: settings.picture_bytes_max })
    }

    /// The picture at an address.
    ///
    /// # Errors
    /// [`FetchError`], which is for the log alone.
    pub(crate) async fn fetch(&self, address: &str) -> Result<Picture, FetchError> {
        tokio::time::timeout(WAIT, self.follow(address)).await.unwrap_or(Err(FetchError::Late))
    }

    async fn follow(&self, address: &str) -> Result<Picture, FetchError> {
        let mut url = Url::parse(address).map_err(|_| FetchError::Address)?;
        for _ in 0..=REDIRECTIONS_MAX {
            let answer = self.ask(&url).await?;
            match answer.status {
                200 => {
                    let media_type = kind::media_type(&answer.body).ok_or(FetchError::Kind)?;
                    return Ok(Picture { media_type, octets: answer.body });
                }
                301 | 302 | 303 | 307 | 308 => {
                    url = url.join(&answer.location).map_err(|_| FetchError::Address)?;
                }
                status => return Err(FetchError::Status { status }),
            }
        }
        Err(FetchError::Redirected)
    }

    async fn ask(&self, url: &Url) -> Result<HttpsAnswer, FetchError> {
        let is_secure = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(FetchError::Address),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(FetchError::Address);
        }
        let host = url.host().ok_or(FetchError::Address)?;
        let name = url.host_str().unwrap_or_default();
        let port = url.port_or_known_default().ok_or(FetchError::Address)?;
        let address = self.elsewhere.find(&host).await?;
        if url.port().is_some() && !self.elsewhere.is_ours(address) {
            return Err(FetchError::Address);
        }
        let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        let address = SocketAddr::new(address, port);
        let body_bytes_max = self.bytes_max;
        let answer = if is_secure {
            let tls = self.tls.as_ref().ok_or(FetchError::NoAuthority)?;
            let https = Https { host: name, address, tls, wait: WAIT, body_bytes_max };
            https.get_with(&path, FIELDS).await
        } else {
            let authority = url.port().map_or_else(|| name.to_owned(), |port| format!("{name}:{port}"));
            PlainHttp { authority: &authority, address, wait: WAIT, body_bytes_max }.get_with(&path, FIELDS).await
        };
        Ok(answer?)
    }
}

#[cfg(test)]
#[path = "fetch_tests.rs"]
mod tests;
