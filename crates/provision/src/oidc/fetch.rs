//! What is asked of a provider, over HTTPS alone.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use crypto::tls::{ClientTls, Roots};
use env::dns::Resolver;
use net::{Https, HttpsAnswer};

use super::unexpected;
use crate::{OidcProvider, ProvisionError};

/// Longest wait for an answer.
const WAIT: Duration = Duration::from_secs(10);

/// Bytes of an answer.
const BODY_BYTES_MAX: usize = 1 << 20;

/// Asks a provider.
#[async_trait]
pub trait Fetch: Send + Sync {
    /// What stands at `address`, for the bearer of this access token if one is given (RFC 6750 section 2.1).
    ///
    /// # Errors
    /// [`ProvisionError::Source`] if there is no answer, or not one of success.
    async fn get(
        &self,
        provider: &OidcProvider,
        address: &str,
        bearer: Option<&str>,
    ) -> Result<Vec<u8>, ProvisionError>;

    /// What it answers to a form.
    ///
    /// # Errors
    /// As [`Fetch::get`].
    async fn post(&self, provider: &OidcProvider, address: &str, form: String) -> Result<Vec<u8>, ProvisionError>;
}

/// Asks over HTTPS, the provider's host looked up by our own resolver.
pub struct HttpsFetch {
    dns: Arc<dyn Resolver>,
}

impl HttpsFetch {
    /// One that looks hosts up with `dns`.
    #[must_use]
    pub fn new(dns: Arc<dyn Resolver>) -> Self {
        Self { dns }
    }

    async fn ask(
        &self,
        provider: &OidcProvider,
        address: &str,
        bearer: Option<&str>,
        form: Option<String>,
    ) -> Result<Vec<u8>, ProvisionError> {
        let failed = |cause: String| unexpected(provider, format!("{address}: {cause}"));
        let (host, port, path) = parts(address).ok_or_else(|| failed("is no https address".to_owned()))?;
        let place = self.find(host, port).await.map_err(failed)?;
        let roots = match &provider.ca {
            Some(file) => Roots::only(std::slice::from_ref(file)),
            None => Roots::system(&[]),
        };
        let roots = roots.map_err(|error| failed(error.to_string()))?;
        let tls = ClientTls::verified(&roots).map_err(|error| failed(error.to_string()))?;
        let server = Https { host, address: place, tls: &tls, wait: WAIT, body_bytes_max: BODY_BYTES_MAX };
        let answer = match form {
            None => {
                let bearer = bearer.map(|token| format!("Bearer {token}"));
                let fields: Vec<(&str, &str)> =
                    bearer.as_deref().map(|value| ("authorization", value)).into_iter().collect();
                server.get_with(path, &fields).await
            }
            Some(form) => server.post(path, "application/x-www-form-urlencoded", form.into()).await,
        };
        let HttpsAnswer { status, body, .. } = answer.map_err(|error| failed(error.to_string()))?;
        if status == 200 { Ok(body.to_vec()) } else { Err(failed(format!("it answers with status {status}"))) }
    }

    async fn find(&self, host: &str, port: u16) -> Result<SocketAddr, String> {
        if let Ok(address) = host.parse() {
            return Ok(SocketAddr::new(address, port));
        }
        let old = self.dns.ipv4(host).await;
        if let Some(address) = old.as_ref().ok().and_then(|all| all.first()) {
            return Ok(SocketAddr::from((*address, port)));
        }
        match self.dns.ipv6(host).await {
            Ok(all) if !all.is_empty() => Ok(SocketAddr::from((all[0], port))),
            Ok(_) => Err("its host has no address".to_owned()),
            Err(error) => Err(format!("its host cannot be looked up: {error}")),
        }
    }
}

#[async_trait]
impl Fetch for HttpsFetch {
    async fn get(
        &self,
        provider: &OidcProvider,
        address: &str,
        bearer: Option<&str>,
    ) -> Result<Vec<u8>, ProvisionError> {
        self.ask(provider, address, bearer, None).await
    }

    async fn post(&self, provider: &OidcProvider, address: &str, form: String) -> Result<Vec<u8>, ProvisionError> {
        self.ask(provider, address, None, Some(form)).await
    }
}

/// Host, port and path of an https address.
fn parts(address: &str) -> Option<(&str, u16, &str)> {
    let rest = address.strip_prefix("https://")?;
    let end = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok()?),
        None => (authority, 443),
    };
    let is_plain = !host.is_empty() && !host.contains(['@', '?', '#', '[', ']', ':']);
    is_plain.then_some((host, port, if path.is_empty() { "/" } else { path }))
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn addresses_are_divided() {
        assert_eq!(parts("https://idp.example/a?b"), Some(("idp.example", 443, "/a?b")));
        assert_eq!(parts("https://idp.example:8443"), Some(("idp.example", 8443, "/")));
        for wrong in ["http://idp.example/", "https://", "https://a@b/", "https://idp.example:x/"] {
            assert_eq!(parts(wrong), None, "{wrong}");
        }
    }
}
