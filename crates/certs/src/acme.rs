//! Certificates by ACME (RFC 8555): HTTP-01, TLS-ALPN-01 (RFC 8737), DNS-01.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use env::Outlook;
use instant_acme::{
    Account, AccountCredentials, AuthorizationStatus, ChallengeHandle, ChallengeType, Identifier, NewAccount, NewOrder,
    Order, OrderStatus, RetryPolicy,
};
use rcgen::{CertificateParams, CustomExtension, KeyPair};
use rustls::sign::CertifiedKey;
use rustls_pki_types::PrivateKeyDer;

use crate::CertsError;
use crate::files::{PRIVATE, PUBLIC, write};
use crate::next::{next_key_file, read_key};

/// Longest wait for the authority to look at a challenge, and to issue.
const AUTHORITY_WAIT: Duration = Duration::from_secs(180);

/// How control over a name is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Challenge {
    /// A file on port 80 (RFC 8555 section 8.3).
    Http01,
    /// A certificate on port 443 (RFC 8737 section 3).
    TlsAlpn01,
    /// A TXT record (RFC 8555 section 8.4).
    Dns01,
}

/// Shows the authority what it wants to see.
#[async_trait]
pub trait ChallengePublisher: Send + Sync {
    /// Serves `key_authorization` under `/.well-known/acme-challenge/<token>` until it is withdrawn.
    async fn publish_http(&self, token: &str, key_authorization: &str) -> Result<(), CertsError>;
    /// No longer serves it.
    async fn withdraw_http(&self, token: &str);
    /// Shows `certificate` to clients that offer `acme-tls/1` for `domain`.
    async fn publish_alpn(&self, domain: &str, certificate: Arc<CertifiedKey>) -> Result<(), CertsError>;
    /// No longer shows it.
    async fn withdraw_alpn(&self, domain: &str);
    /// Puts the TXT record `value` at `name`, and returns when it can be seen.
    async fn publish_dns(&self, name: &str, value: &str) -> Result<(), CertsError>;
    /// Takes the record away.
    async fn withdraw_dns(&self, name: &str, value: &str);
}

/// What to order, and from whom.
#[derive(Debug, Clone)]
pub struct AcmeOrder {
    /// The authority's directory.
    pub directory_url: String,
    /// Root certificate (PEM) of an authority that the system does not know.
    pub roots: Option<PathBuf>,
    /// Address that the authority may write to; may be empty.
    pub contact: String,
    /// File of the account's credentials; made with the first order.
    pub account: PathBuf,
    /// Names of the certificate, at least one.
    pub names: Vec<String>,
    /// How control over each name is shown.
    pub challenge: Challenge,
    /// Where the chain goes.
    pub chain: PathBuf,
    /// Where the private key goes. One that is there is kept, so that TLSA records in caches still name it.
    pub key: PathBuf,
    /// Whether the key that was made ahead for the next certificate, if there is one, takes its place.
    pub takes_next_key: bool,
}

/// Orders a certificate and writes chain and key.
///
/// # Errors
/// [`CertsError`] if the authority refuses, cannot be reached, or files cannot be written; the old files stay.
pub async fn obtain(order: &AcmeOrder, publisher: &dyn ChallengePublisher) -> Result<(), CertsError> {
    let account = account(order).await?;
    let identifiers: Vec<Identifier> = order.names.iter().map(|name| Identifier::Dns(name.clone())).collect();
    let mut placed = account.new_order(&NewOrder::new(&identifiers)).await.map_err(authority)?;
    let mut shown = Vec::new();
    let outcome = validate(order, &mut placed, publisher, &mut shown).await;
    for publication in &shown {
        publication.withdraw(publisher).await;
    }
    outcome?;
    finish(order, &mut placed).await
}

async fn account(order: &AcmeOrder) -> Result<Account, CertsError> {
    let builder = match &order.roots {
        Some(roots) => Account::builder_with_root(roots),
        None => Account::builder(),
    };
    let builder = builder.map_err(authority)?;
    let failed = |cause| CertsError::Io { path: order.account.clone(), cause };
    if order.account.exists() {
        let text = std::fs::read_to_string(&order.account).map_err(failed)?;
        let credentials: AccountCredentials = serde_json::from_str(&text).map_err(|error| CertsError::Malformed {
            what: order.account.display().to_string(),
            cause: format!("{error}; remove the file to make a new account"),
        })?;
        return builder.from_credentials(credentials).await.map_err(authority);
    }
    let contact = format!("mailto:{}", order.contact);
    let contacts: &[&str] = if order.contact.is_empty() { &[] } else { &[&contact] };
    let new = NewAccount { contact: contacts, terms_of_service_agreed: true, only_return_existing: false };
    let (account, credentials) = builder.create(&new, order.directory_url.clone(), None).await.map_err(authority)?;
    let text = serde_json::to_string(&credentials)
        .map_err(|error| CertsError::Malformed { what: "account credentials".to_owned(), cause: error.to_string() })?;
    write(&order.account, &text, PRIVATE)?;
    Ok(account)
}

/// Shows control over every name that the authority has not seen it for, and waits until it has.
async fn validate(
    order: &AcmeOrder,
    placed: &mut Order,
    publisher: &dyn ChallengePublisher,
    shown: &mut Vec<Publication>,
) -> Result<(), CertsError> {
    let mut authorizations = placed.authorizations();
    while let Some(found) = authorizations.next().await {
        let mut authorization = found.map_err(authority)?;
        if authorization.status == AuthorizationStatus::Valid {
            continue;
        }
        let kind = match order.challenge {
            Challenge::Http01 => ChallengeType::Http01,
            Challenge::TlsAlpn01 => ChallengeType::TlsAlpn01,
            Challenge::Dns01 => ChallengeType::Dns01,
        };
        let mut challenge = authorization.challenge(kind).ok_or_else(|| CertsError::Authority {
            cause: format!("it does not offer the challenge {:?}; choose another", order.challenge),
            outlook: Outlook::Permanent,
        })?;
        let publication = Publication::of(order.challenge, &challenge)?;
        publication.publish(publisher).await?;
        shown.push(publication);
        challenge.set_ready().await.map_err(authority)?;
    }
    let status = placed.poll_ready(&patience()).await.map_err(authority)?;
    if status == OrderStatus::Ready || status == OrderStatus::Valid {
        return Ok(());
    }
    Err(CertsError::Authority {
        cause: format!("it could not verify {}: the order is {status:?}", order.names.join(", ")),
        outlook: Outlook::Temporary,
    })
}

async fn finish(order: &AcmeOrder, placed: &mut Order) -> Result<(), CertsError> {
    let next = read_key(&next_key_file(&order.key)).filter(|_| order.takes_next_key);
    let (key, is_new) = match (next, read_key(&order.key)) {
        (Some(next), _) => (next, true),
        (None, Some(known)) => (known, false),
        (None, None) => (KeyPair::generate()?, true),
    };
    let request = CertificateParams::new(order.names.clone())?.serialize_request(&key)?;
    placed.finalize_csr(request.der()).await.map_err(authority)?;
    let chain = placed.poll_certificate(&patience()).await.map_err(authority)?;
    // The key first: a chain without its key would not load, a key without its chain is not looked at.
    if is_new {
        write(&order.key, &key.serialize_pem(), PRIVATE)?;
    }
    write(&order.chain, &chain, PUBLIC)?;
    if order.takes_next_key {
        // It is in use now; what is left of it after a crash is the same key once more.
        drop(std::fs::remove_file(next_key_file(&order.key)));
    }
    Ok(())
}

fn patience() -> RetryPolicy {
    RetryPolicy::default().timeout(AUTHORITY_WAIT)
}

fn authority(error: instant_acme::Error) -> CertsError {
    let outlook = match &error {
        instant_acme::Error::Api(problem) if problem.status.is_some_and(|status| (400..429).contains(&status)) => {
            Outlook::Permanent
        }
        _ => Outlook::Temporary,
    };
    CertsError::Authority { cause: error.to_string(), outlook }
}

/// What is shown for one name.
enum Publication {
    Http { token: String, key_authorization: String },
    Alpn { domain: String, certificate: Arc<CertifiedKey> },
    Dns { name: String, value: String },
}

impl Publication {
    fn of(kind: Challenge, challenge: &ChallengeHandle<'_>) -> Result<Self, CertsError> {
        let domain = challenge.identifier().to_string();
        let authorization = challenge.key_authorization();
        Ok(match kind {
            Challenge::Http01 => {
                Self::Http { token: challenge.token.clone(), key_authorization: authorization.as_str().to_owned() }
            }
            Challenge::TlsAlpn01 => {
                let certificate = alpn_certificate(&domain, authorization.digest().as_ref())?;
                Self::Alpn { domain, certificate }
            }
            Challenge::Dns01 => {
                let name = format!("_acme-challenge.{}", domain.trim_start_matches("*."));
                Self::Dns { name, value: authorization.dns_value() }
            }
        })
    }

    async fn publish(&self, publisher: &dyn ChallengePublisher) -> Result<(), CertsError> {
        match self {
            Self::Http { token, key_authorization } => publisher.publish_http(token, key_authorization).await,
            Self::Alpn { domain, certificate } => publisher.publish_alpn(domain, Arc::clone(certificate)).await,
            Self::Dns { name, value } => publisher.publish_dns(name, value).await,
        }
    }

    async fn withdraw(&self, publisher: &dyn ChallengePublisher) {
        match self {
            Self::Http { token, .. } => publisher.withdraw_http(token).await,
            Self::Alpn { domain, .. } => publisher.withdraw_alpn(domain).await,
            Self::Dns { name, value } => publisher.withdraw_dns(name, value).await,
        }
    }
}

/// The self-signed certificate with the proof in an extension (RFC 8737 section 3).
fn alpn_certificate(domain: &str, digest: &[u8]) -> Result<Arc<CertifiedKey>, CertsError> {
    let mut params = CertificateParams::new(vec![domain.to_owned()])?;
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    // Not read back as other chains are: the library that compares key and certificate refuses the extension, which is critical.
    let malformed = |cause: rustls::Error| CertsError::Malformed {
        what: "challenge certificate".to_owned(),
        cause: cause.to_string(),
    };
    let private = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let signing = rustls::crypto::aws_lc_rs::sign::any_supported_type(&private).map_err(malformed)?;
    Ok(Arc::new(CertifiedKey::new(vec![certificate.der().clone()], signing)))
}
