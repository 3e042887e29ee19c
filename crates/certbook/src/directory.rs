//! Directories with certificates of partners: over HTTP (RFC 4387), and by LDAP through who can speak it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use crypto::tls::{ClientTls, Roots};
use mail::message::{Structure, decode_part};
use smime::Certificate;
use url::Url;

use crate::outside::{Outside, Request};
use crate::{CertbookError, PartnerDirectory};

/// Octets of one answer.
const ANSWER_OCTETS_MAX: usize = 1 << 20;

/// Certificates of one answer that are looked at.
const CERTIFICATES_MAX: usize = 64;

/// Asks directories by LDAP (RFC 4523, RFC 2798).
#[async_trait]
pub trait Ldap: Send + Sync {
    /// The values of the attributes with certificates of the person with this mail address; none if there is no such person.
    ///
    /// # Errors
    /// Why it cannot be asked, for people.
    async fn certificates(&self, directory: &PartnerDirectory, address: &str) -> Result<Vec<Vec<u8>>, String>;
}

/// A store of certificates over HTTP.
pub(crate) struct HttpStore {
    pub(crate) name: String,
    tls: ClientTls,
}

impl HttpStore {
    pub(crate) fn new(directory: &PartnerDirectory, usual: &ClientTls) -> Result<Self, CertbookError> {
        let name = directory.name.clone();
        let Some(file) = &directory.ca else { return Ok(Self { name, tls: usual.clone() }) };
        let wrong = |error: &dyn std::error::Error| CertbookError::Settings(format!("smime.directory {name}: {error}"));
        let roots = Roots::only(std::slice::from_ref(file)).map_err(|error| wrong(&error))?;
        let tls = ClientTls::verified(&roots).map_err(|error| wrong(&error))?;
        Ok(Self { name, tls })
    }

    /// The certificates that it has for `address`.
    pub(crate) async fn ask(
        &self,
        outside: &Outside,
        directory: &PartnerDirectory,
        address: &str,
        wait: Duration,
    ) -> Result<Vec<Certificate>, String> {
        let mut url = Url::parse(&directory.url).map_err(|error| format!("{}: {error}", directory.url))?;
        // RFC 4387 section 2.2: of a certificate of S/MIME the address.
        url.query_pairs_mut().append_pair("uri", address);
        let request = Request { url: url.as_str(), body: None, octets_max: ANSWER_OCTETS_MAX, wait };
        match outside.ask(&self.tls, request).await {
            Ok(answer) => Ok(read_answer(&answer.media_type, &answer.body)),
            Err(cause) if cause.ends_with("status 404") => Ok(Vec::new()),
            Err(cause) => Err(cause),
        }
    }
}

/// One certificate, or several as parts (RFC 4387 section 2.6).
fn read_answer(media_type: &str, body: &[u8]) -> Vec<Certificate> {
    if media_type != "multipart/mixed" {
        return read_value(body);
    }
    // The boundary is what the body begins with.
    let first = body.split(|octet| *octet == b'\n').map(<[u8]>::trim_ascii).find(|line| !line.is_empty());
    let boundary = first.and_then(|line| std::str::from_utf8(line.strip_prefix(b"--")?).ok());
    let Some(boundary) = boundary.filter(|it| !it.contains('"')) else { return Vec::new() };
    let head = format!("Content-Type: multipart/mixed; boundary=\"{boundary}\"\r\n\r\n");
    let message = [head.as_bytes(), body].concat();
    let structure = Structure::parse(&message);
    let parts = structure.parts.iter().skip(1).take(CERTIFICATES_MAX);
    parts.filter_map(|part| decode_part(&message, part).ok()).flat_map(|octets| read_value(&octets)).collect()
}

/// A certificate, a structure of several, or PEM; what is none of them is passed over.
pub(crate) fn read_value(value: &[u8]) -> Vec<Certificate> {
    let found = Certificate::read_file(value).or_else(|_| Certificate::read_bag(value)).unwrap_or_default();
    found.into_iter().take(CERTIFICATES_MAX).collect()
}

/// Where no directory speaks LDAP.
pub struct NoLdap;

#[async_trait]
impl Ldap for NoLdap {
    async fn certificates(&self, directory: &PartnerDirectory, _: &str) -> Result<Vec<Vec<u8>>, String> {
        Err(format!("the directory {} speaks LDAP, which is not spoken here", directory.name))
    }
}

impl NoLdap {
    /// One to share.
    #[must_use]
    pub fn shared() -> Arc<dyn Ldap> {
        Arc::new(Self)
    }
}
