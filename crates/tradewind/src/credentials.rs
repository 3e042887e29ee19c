//! What judges passwords and second factors, as the settings say, and the ways out to others that it needs.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use api::actions::Refused;
use async_trait::async_trait;
use crypto::tls::{ClientTls, Roots, load_certificates};
use env::dns::Resolver;
use env::{Secret, Watched};
use factors::ocsp::{self, Responder};
use factors::sms::{Provider, SmsError, SmsProvider, SmsRequest, SmsSettings};
use factors::webauthn::{Attestation, RelyingParty};
use identity::factors::{FactorDesk, OcspCarrier, Online, Parts, SmsCarrier, Texting};
use identity::password::{LeakedLists, RangeSource};
use identity::{FactorSettings, Hasher, PasswordGate, PasswordSettings};
use net::{Https, HttpsAnswer, HttpsError, PlainHttp};
use store::Store;

use crate::settings::Settings;
use crate::system::resolver;

/// Longest time for an answer from a provider of SMS or a server of ranges; a person waits for it.
const ANSWER_WAIT: Duration = Duration::from_secs(10);

/// Longest answer; a range with padding has some 40 kB.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// Longest time for an answer from a responder of an authority; a client in the middle of signing in waits for it.
const RESPONDER_WAIT: Duration = Duration::from_secs(3);

const HTTPS_PORT: u16 = 443;

/// Name of the site in the lists of authenticators.
const SITE_NAME: &str = "Tradewind";

/// Judges new passwords.
pub(crate) fn password_gate(
    settings: &Settings,
    watched: Watched<PasswordSettings>,
    store: &Store,
) -> Result<PasswordGate, Refused> {
    let passwords = &settings.passwords;
    let ranges: Option<Arc<dyn RangeSource>> = match passwords.breached_url.strip_prefix("https://") {
        Some(rest) => {
            let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
            let server = Outside::new(settings, host, None)?;
            Some(Arc::new(Ranges { server, path: format!("/{path}") }))
        }
        None => None,
    };
    let lists = LeakedLists::new(passwords, ranges);
    Ok(PasswordGate::new(store.clone(), Hasher::new(Arc::clone(&store.context().entropy)), watched, lists))
}

/// Enrols and judges second factors.
pub(crate) fn factor_desk(
    settings: &Settings,
    (factors, sms): (Watched<FactorSettings>, Watched<SmsSettings>),
    store: &Store,
) -> Result<FactorDesk, Refused> {
    let hostname = &settings.server.hostname;
    let issuer = if settings.factors.issuer.is_empty() { hostname } else { &settings.factors.issuer };
    let parts = Parts { settings: factors, site: Some(site(settings)?), issuer: issuer.clone(), sms, sends_sms: false };
    let responders = Responders { dns: Arc::new(resolver(&settings.dns)?) };
    let online = Online::new(settings.factors.ocsp, Arc::new(responders));
    Ok(FactorDesk::new(store.clone(), parts, texting(settings)?).with_online(Arc::new(online)))
}

/// The address of the HTTPS service, without a slash at its end.
pub(crate) fn public_url(settings: &Settings) -> String {
    let listens = settings.listen.https.first().and_then(|address| address.parse::<SocketAddr>().ok());
    settings.http.public_url(&settings.server.hostname, listens.map(|address| address.port()))
}

fn site(settings: &Settings) -> Result<RelyingParty, Refused> {
    let webauthn = &settings.webauthn;
    let host = if webauthn.rp_id.is_empty() { &settings.server.hostname } else { &webauthn.rp_id };
    let origin = match webauthn.origin.as_str() {
        "" => public_url(settings),
        given => given.to_owned(),
    };
    let mut roots = Vec::new();
    for file in &webauthn.attestation_roots {
        roots.extend(load_certificates(file.as_ref()).map_err(Refused::because)?);
    }
    let roots = roots.iter().map(|root| root.as_ref());
    let attestation = Attestation::new(webauthn.attestation, &webauthn.aaguids, roots).map_err(Refused::because)?;
    RelyingParty::new(SITE_NAME, host, &origin, attestation, webauthn.user_verification).map_err(Refused::because)
}

fn texting(settings: &Settings) -> Result<Option<Texting>, Refused> {
    let sms = &settings.sms;
    if sms.provider == SmsProvider::None {
        return Ok(None);
    }
    let key = match sms.key_file.as_str() {
        "" => String::new(),
        file => std::fs::read_to_string(file).map_err(|error| Refused(format!("sms.key_file {file}: {error}")))?,
    };
    let provider = Provider::new(sms.clone(), Secret::new(key.trim().to_owned())).map_err(Refused::because)?;
    let address = sms.address.parse().ok();
    let carrier: Arc<dyn SmsCarrier> = Arc::new(Outside::new(settings, sms.host(), address)?);
    Ok(Some((provider, carrier)))
}

async fn addresses(dns: &dyn Resolver, host: &str, port: u16) -> Vec<SocketAddr> {
    let (four, six) = (dns.ipv4(host).await, dns.ipv6(host).await);
    let four = four.unwrap_or_default().into_iter().map(IpAddr::V4);
    let six = six.unwrap_or_default().into_iter().map(IpAddr::V6);
    four.chain(six).map(|address| SocketAddr::new(address, port)).collect()
}

/// A server outside that is asked over HTTPS.
struct Outside {
    host: String,
    /// Where it listens, if not where DNS says.
    address: Option<SocketAddr>,
    dns: Arc<dyn Resolver>,
    tls: ClientTls,
}

impl Outside {
    fn new(settings: &Settings, host: &str, address: Option<SocketAddr>) -> Result<Self, Refused> {
        let roots = Roots::system(&settings.delivery.roots).map_err(Refused::because)?;
        let tls = ClientTls::verified(&roots).map_err(Refused::because)?;
        Ok(Self { host: host.to_owned(), address, dns: Arc::new(resolver(&settings.dns)?), tls })
    }

    async fn addresses(&self) -> Vec<SocketAddr> {
        match self.address {
            Some(address) => vec![address],
            None => addresses(&*self.dns, &self.host, HTTPS_PORT).await,
        }
    }

    /// Asks each address until one has been reached: a request that may have arrived is not sent twice.
    async fn ask<F>(&self, request: impl Fn(SocketAddr) -> F) -> Result<HttpsAnswer, String>
    where
        F: Future<Output = Result<HttpsAnswer, HttpsError>>,
    {
        let mut cause = format!("{} has no address", self.host);
        for address in self.addresses().await {
            match request(address).await {
                Ok(answer) => return Ok(answer),
                Err(error @ HttpsError::Connect(_)) => cause = error.to_string(),
                Err(error) => return Err(error.to_string()),
            }
        }
        Err(cause)
    }

    fn at(&self, address: SocketAddr) -> Https<'_> {
        Https { host: &self.host, address, tls: &self.tls, wait: ANSWER_WAIT, body_bytes_max: ANSWER_BYTES_MAX }
    }
}

#[async_trait]
impl SmsCarrier for Outside {
    async fn carry(&self, request: SmsRequest) -> Result<(u16, Vec<u8>), SmsError> {
        let request = &request;
        let fields: Vec<(&str, &str)> = request.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let fields = &fields;
        let answer = self
            .ask(|address| async move {
                self.at(address).post_with(&request.path, fields, request.body.clone().into()).await
            })
            .await
            .map_err(SmsError::Unreachable)?;
        Ok((answer.status, answer.body.to_vec()))
    }
}

/// A server of ranges of leaked passwords.
struct Ranges {
    server: Outside,
    path: String,
}

#[async_trait]
impl RangeSource for Ranges {
    async fn range(&self, prefix: &str) -> Result<String, String> {
        let path = &format!("{}{prefix}", self.path);
        let ask = |address| async move { self.server.at(address).get_with(path, &[("add-padding", "true")]).await };
        let answer = self.server.ask(ask).await?;
        if answer.status != 200 {
            return Err(format!("{} answered {}", self.server.host, answer.status));
        }
        String::from_utf8(answer.body.to_vec()).map_err(|_| format!("{} answered with no text", self.server.host))
    }
}

/// Responders of authorities (RFC 6960 appendix A.1).
struct Responders {
    dns: Arc<dyn Resolver>,
}

impl Responders {
    async fn ask_in_time(&self, responder: &Responder, request: Vec<u8>) -> Result<Vec<u8>, String> {
        let Responder { host, port, path } = responder;
        let (addresses, authority) = match host.parse::<IpAddr>() {
            Ok(address) => (vec![SocketAddr::new(address, *port)], SocketAddr::new(address, *port).to_string()),
            Err(_) => (addresses(&*self.dns, host, *port).await, format!("{host}:{port}")),
        };
        let mut cause = format!("{host} has no address");
        for address in addresses {
            let (wait, body_bytes_max) = (RESPONDER_WAIT, ocsp::ANSWER_BYTES_MAX);
            let server = PlainHttp { authority: &authority, address, wait, body_bytes_max };
            match server.post(path, ocsp::REQUEST_TYPE, request.clone().into()).await {
                Ok(answer) if answer.status != 200 => return Err(format!("{host} answered {}", answer.status)),
                Ok(answer) if answer.media_type != ocsp::ANSWER_TYPE => {
                    return Err(format!("{host} answered with {:?}, not {}", answer.media_type, ocsp::ANSWER_TYPE));
                }
                Ok(answer) => return Ok(answer.body.to_vec()),
                Err(error) => cause = error.to_string(),
            }
        }
        Err(cause)
    }
}

#[async_trait]
impl OcspCarrier for Responders {
    async fn ask(&self, responder: &Responder, request: Vec<u8>) -> Result<Vec<u8>, String> {
        tokio::time::timeout(RESPONDER_WAIT, self.ask_in_time(responder, request))
            .await
            .unwrap_or_else(|_| Err(format!("{} gave no answer within {RESPONDER_WAIT:?}", responder.host)))
    }
}
