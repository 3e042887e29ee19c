//! What a request says of its sender.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use env::Secret;
use identity::oauth::OAuthError;
use identity::session::{self, Resumed, Stage};
use identity::{Client, Language, Principal, Protocol, TlsTraits, describe_agent};
use rustls_pki_types::CertificateDer;

use super::{Portal, cookies, password};

/// The chain of a connection's client certificate, its own first; its key was proved in the handshake.
pub type PeerCertificates = Arc<[CertificateDer<'static>]>;

/// Who visits a page: the browser, and the session that it holds, if it is good.
pub(crate) struct Visitor {
    pub(crate) client: Client,
    pub(crate) language: Language,
    /// The session, at whatever stage.
    pub(crate) session: Option<Resumed>,
    /// The chain of the client certificate that the connection showed; empty if none.
    pub(crate) certificates: PeerCertificates,
    /// Whether the browser was sent here by another site, in which case it keeps our cookies back.
    pub(crate) is_from_elsewhere: bool,
}

impl Visitor {
    /// The session of somebody who has signed in wholly.
    pub(crate) fn signed_in(&self) -> Option<&Resumed> {
        self.session.as_ref().filter(|session| session.stage == Stage::Whole)
    }

    /// Adds the cookie of a token that was exchanged meanwhile.
    pub(crate) fn keep(&self, mut response: Response) -> Response {
        if let Some(cookie) = self.session.as_ref().and_then(|it| it.new_token.as_ref()).and_then(cookies::set_session)
        {
            // A cookie that the answer sets itself is the newer one.
            if !response.headers().contains_key(header::SET_COOKIE) {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
        }
        response
    }
}

impl FromRequestParts<Arc<Portal>> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, portal: &Arc<Portal>) -> Result<Self, Response> {
        let Some(peer) = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0) else {
            return Err(StatusCode::INTERNAL_SERVER_ERROR.into_response());
        };
        let tls = parts.extensions.get::<TlsTraits>().cloned();
        let client = Client { tls, ..client_of(portal, &parts.headers, peer) };
        let session = match cookies::session(&parts.headers) {
            None => None,
            Some(token) => match session::resume(portal.store(), &token, &client).await {
                Ok(session) => session,
                Err(identity::AuthFailure::Temporary(error)) => {
                    tracing::warn!(%error, "cannot look for a web session");
                    return Err((StatusCode::SERVICE_UNAVAILABLE, "try again later\n").into_response());
                }
                Err(_) => None,
            },
        };
        if let Some(session) = session.as_ref().filter(|session| session.stage == Stage::Whole) {
            let Principal { account, language, .. } = session.principal;
            match password::shut_to_old(portal, account, parts.uri.path(), language).await {
                Ok(None) => {}
                Ok(Some(response)) => return Err(response),
                Err(error) => {
                    tracing::warn!(%error, "cannot tell how old a password is");
                    return Err((StatusCode::SERVICE_UNAVAILABLE, "try again later\n").into_response());
                }
            }
        }
        let certificates = parts.extensions.get::<PeerCertificates>().cloned().unwrap_or_default();
        let language = match &session {
            Some(session) => session.principal.language,
            None => language_of(&parts.headers),
        };
        let site = parts.headers.get("sec-fetch-site").and_then(|site| site.to_str().ok());
        Ok(Self { client, language, session, certificates, is_from_elsewhere: site == Some("cross-site") })
    }
}

/// The sender of a request as sign-ins know it.
pub(crate) fn client_of(portal: &Portal, headers: &HeaderMap, peer: SocketAddr) -> Client {
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).and_then(describe_agent);
    let device = cookies::device(headers).map(|name| identity::device_of(&portal.store().context().keys, &name));
    Client { agent, device, ..Client::new(peer.ip().to_canonical(), Protocol::Web) }
}

/// Chinese where the browser prefers it to English.
pub(crate) fn language_of(headers: &HeaderMap) -> Language {
    let wanted = headers.get(header::ACCEPT_LANGUAGE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let mut tags = wanted.split(',').map(|tag| tag.trim().to_ascii_lowercase());
    let first = tags.find(|tag| tag.starts_with("zh") || tag.starts_with("en"));
    if first.is_some_and(|tag| tag.starts_with("zh")) { Language::Chinese } else { Language::English }
}

/// Whether one of our own pages sent the request: browsers say so in a header that scripts cannot set, or name the origin.
pub(crate) fn is_from_our_page(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin";
    }
    match (text("origin"), text("host")) {
        (Some(origin), Some(host)) => {
            origin.strip_prefix("https://").is_some_and(|from| from.eq_ignore_ascii_case(host))
        }
        _ => false,
    }
}

/// Parameters of a query or form. None may come twice (RFC 6749 section 3.1).
pub(crate) struct Params(pub(crate) Vec<(String, String)>);

impl Params {
    /// The value called `name`, if it is there and not empty.
    ///
    /// # Errors
    /// [`OAuthError::InvalidRequest`] if it came twice.
    pub(crate) fn get(&self, name: &str) -> Result<Option<&str>, OAuthError> {
        let mut found = self.0.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let value = found.next().filter(|value| !value.is_empty());
        match found.next() {
            Some(_) => Err(OAuthError::InvalidRequest("a parameter came twice")),
            None => Ok(value),
        }
    }

    /// As [`Self::get`], and it must be there.
    ///
    /// # Errors
    /// [`OAuthError::InvalidRequest`] with `missing` if it is not.
    pub(crate) fn need(&self, name: &str, missing: &'static str) -> Result<&str, OAuthError> {
        self.get(name)?.ok_or(OAuthError::InvalidRequest(missing))
    }

    /// A value of a form of ours, empty if it is not there.
    pub(crate) fn field(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// A secret of a form of ours.
    pub(crate) fn secret(&self, name: &str) -> Secret<String> {
        Secret::new(self.field(name).to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn only_our_own_pages_send_forms() {
        for good in [
            &[("sec-fetch-site", "same-origin"), ("origin", "https://mail.trade.test"), ("host", "mail.trade.test")][..],
            &[("origin", "https://mail.trade.test:8443"), ("host", "mail.trade.test:8443")],
        ] {
            assert!(is_from_our_page(&headers(good)), "{good:?}");
        }
        for bad in [
            &[][..],
            &[("host", "mail.trade.test")],
            &[("sec-fetch-site", "cross-site"), ("origin", "https://mail.trade.test"), ("host", "mail.trade.test")],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "none")],
            &[("origin", "null"), ("host", "mail.trade.test")],
            &[("origin", "https://evil.test"), ("host", "mail.trade.test")],
            &[("origin", "http://mail.trade.test"), ("host", "mail.trade.test")],
        ] {
            assert!(!is_from_our_page(&headers(bad)), "{bad:?}");
        }
    }

    #[test]
    fn the_language_is_the_browsers() {
        for (wanted, language) in [
            ("zh-CN,zh;q=0.9,en;q=0.8", Language::Chinese),
            ("de,en;q=0.8,zh;q=0.5", Language::English),
            ("", Language::English),
            ("fr", Language::English),
        ] {
            assert_eq!(language_of(&headers(&[("accept-language", wanted)])), language, "{wanted}");
        }
    }
}
