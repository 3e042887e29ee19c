//! One request to an HTTPS server, with a limit on everything: policies are fetched and reports sent this way.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use crypto::tls::ClientTls;
use env::Outlook;
use futures_util::FutureExt as _;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, ETAG, HOST, LOCATION, USER_AGENT};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;

use crate::connect::{ConnectError, connect};
use crate::stream::{Stream, StreamError};

/// What we call ourselves.
const AGENT: &str = concat!("tradewind/", env!("CARGO_PKG_VERSION"));

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpsError {
    /// No connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// No TLS, or the certificate is not the host's.
    #[error(transparent)]
    Tls(#[from] StreamError),
    /// Host or path cannot be asked for.
    #[error("cannot ask {host} for {path}")]
    Request {
        /// The host.
        host: String,
        /// The path.
        path: String,
    },
    /// What came is no HTTP, or it broke off.
    #[error("no answer in HTTP: {0}")]
    Http(#[from] hyper::Error),
    /// The answer's body broke off.
    #[error("the answer broke off: {0}")]
    Body(String),
    /// The answer is larger than asked for.
    #[error("the answer is longer than {bytes_max} bytes")]
    TooLong {
        /// The limit.
        bytes_max: usize,
    },
    /// It took too long.
    #[error("no whole answer within {waited:?}")]
    Timeout {
        /// How long it was waited.
        waited: Duration,
    },
}

impl HttpsError {
    /// Whether asking again later can help.
    #[must_use]
    pub fn outlook(&self) -> Outlook {
        if matches!(self, Self::Request { .. } | Self::TooLong { .. }) {
            Outlook::Permanent
        } else {
            Outlook::Temporary
        }
    }
}

/// An answer, whatever its status. Redirects are answers like others and not followed.
#[derive(Debug)]
pub struct HttpsAnswer {
    /// Status code.
    pub status: u16,
    /// Media type without its parameters, in lower case; empty if none is given.
    pub media_type: String,
    /// What names this version of it (RFC 9110 section 8.8.3); empty if nothing does.
    pub etag: String,
    /// Where a redirection leads (RFC 9110 section 10.2.2); empty if nowhere.
    pub location: String,
    /// The body.
    pub body: Bytes,
}

/// A server to ask.
#[derive(Debug, Clone, Copy)]
pub struct Https<'a> {
    /// Name, for the request and for its certificate.
    pub host: &'a str,
    /// Where it listens.
    pub address: SocketAddr,
    /// How it is trusted.
    pub tls: &'a ClientTls,
    /// Longest time for everything.
    pub wait: Duration,
    /// Longest body of an answer.
    pub body_bytes_max: usize,
}

impl Https<'_> {
    /// Asks for `path`.
    ///
    /// # Errors
    /// [`HttpsError`] if there is no answer within the limits.
    pub async fn get(&self, path: &str) -> Result<HttpsAnswer, HttpsError> {
        self.get_with(path, &[]).await
    }

    /// As [`Self::get`], with further fields in the header.
    ///
    /// # Errors
    /// [`HttpsError`] if there is no answer within the limits.
    pub async fn get_with(&self, path: &str, fields: &[(&str, &str)]) -> Result<HttpsAnswer, HttpsError> {
        self.within(self.exchange(Method::GET, path, fields, Bytes::new())).await
    }

    /// Hands `body` of type `media_type` over at `path`.
    ///
    /// # Errors
    /// [`HttpsError`] if there is no answer within the limits.
    pub async fn post(&self, path: &str, media_type: &str, body: Bytes) -> Result<HttpsAnswer, HttpsError> {
        self.post_with(path, &[(CONTENT_TYPE.as_str(), media_type)], body).await
    }

    /// As [`Self::post`], with fields of the header that say what the body is, and others.
    ///
    /// # Errors
    /// [`HttpsError`] if there is no answer within the limits.
    pub async fn post_with(&self, path: &str, fields: &[(&str, &str)], body: Bytes) -> Result<HttpsAnswer, HttpsError> {
        self.within(self.exchange(Method::POST, path, fields, body)).await
    }

    async fn within<T>(&self, exchange: impl Future<Output = Result<T, HttpsError>>) -> Result<T, HttpsError> {
        tokio::time::timeout(self.wait, exchange).await.unwrap_or(Err(HttpsError::Timeout { waited: self.wait }))
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        fields: &[(&str, &str)],
        body: Bytes,
    ) -> Result<HttpsAnswer, HttpsError> {
        let impossible = || HttpsError::Request { host: self.host.to_owned(), path: path.to_owned() };
        let name = ServerName::try_from(self.host.to_owned()).map_err(|_| impossible())?;
        let request = write_request(method, self.host, path, fields, body).ok_or_else(impossible)?;
        let stream = connect(self.address, None, self.wait).await?;
        let stream = stream.upgrade_client(self.tls.config(), name, self.wait).await?;
        converse(stream, request, self.body_bytes_max).await
    }
}

/// A server to ask without TLS: for answers that prove themselves, as those of OCSP do, on this machine, or that are nobody's secret.
#[derive(Debug, Clone, Copy)]
pub struct PlainHttp<'a> {
    /// Name and port, for the field Host.
    pub authority: &'a str,
    /// Where it listens.
    pub address: SocketAddr,
    /// Longest time for everything.
    pub wait: Duration,
    /// Longest body of an answer.
    pub body_bytes_max: usize,
}

impl PlainHttp<'_> {
    /// Asks for `path`, with further fields in the header.
    ///
    /// # Errors
    /// [`HttpsError`] if there is no answer within the limits.
    pub async fn get_with(&self, path: &str, fields: &[(&str, &str)]) -> Result<HttpsAnswer, HttpsError> {
        self.exchange(Method::GET, path, fields, Bytes::new()).await
    }

    /// Hands `body` of type `media_type` over at `path`.
    ///
    /// # Errors
    /// [`HttpsError`] if there is no answer within the limits.
    pub async fn post(&self, path: &str, media_type: &str, body: Bytes) -> Result<HttpsAnswer, HttpsError> {
        self.post_with(path, &[(CONTENT_TYPE.as_str(), media_type)], body).await
    }

    /// As [`Self::post`], with fields of the header that say what the body is, and others.
    ///
    /// # Errors
    /// [`HttpsError`] if there is no answer within the limits.
    pub async fn post_with(&self, path: &str, fields: &[(&str, &str)], body: Bytes) -> Result<HttpsAnswer, HttpsError> {
        self.exchange(Method::POST, path, fields, body).await
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        fields: &[(&str, &str)],
        body: Bytes,
    ) -> Result<HttpsAnswer, HttpsError> {
        let exchange = async {
            let request = write_request(method, self.authority, path, fields, body)
                .ok_or_else(|| HttpsError::Request { host: self.authority.to_owned(), path: path.to_owned() })?;
            converse(connect(self.address, None, self.wait).await?, request, self.body_bytes_max).await
        };
        tokio::time::timeout(self.wait, exchange).await.unwrap_or(Err(HttpsError::Timeout { waited: self.wait }))
    }
}

/// None if host, path or a field cannot be written.
fn write_request(
    method: Method,
    host: &str,
    path: &str,
    fields: &[(&str, &str)],
    body: Bytes,
) -> Option<Request<Full<Bytes>>> {
    let mut request = Request::builder().method(method).uri(path).header(HOST, host).header(USER_AGENT, AGENT);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    request.body(Full::new(body)).ok()
}

async fn converse(
    stream: Stream,
    request: Request<Full<Bytes>>,
    body_bytes_max: usize,
) -> Result<HttpsAnswer, HttpsError> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let answer = async {
        let answer = sender.send_request(request).await?;
        let media_type = answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = media_type.and_then(|value| value.split(';').next()).unwrap_or_default();
        let (status, media_type) = (answer.status(), media_type.trim().to_ascii_lowercase());
        let field =
            |name| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let (etag, location) = (field(ETAG), field(LOCATION));
        let body = read_body(answer.into_body(), body_bytes_max).await?;
        Ok(HttpsAnswer { status: status.as_u16(), media_type, etag, location, body })
    };
    let mut answer = std::pin::pin!(answer);
    tokio::select! {
        biased;
        answer = &mut answer => answer,
        // A server that ends the connection without a word, as many do, may have answered before: what is there already counts.
        Err(error) = connection => answer.now_or_never().unwrap_or(Err(error.into())),
    }
}

async fn read_body(body: hyper::body::Incoming, body_bytes_max: usize) -> Result<Bytes, HttpsError> {
    match Limited::new(body, body_bytes_max).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(HttpsError::TooLong { bytes_max: body_bytes_max }),
        Err(error) => Err(HttpsError::Body(error.to_string())),
    }
}

#[cfg(test)]
#[path = "https_tests.rs"]
mod tests;
