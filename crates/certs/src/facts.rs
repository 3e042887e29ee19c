//! What a certificate says.

use env::Timestamp;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::CertsError;

/// What matters of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFacts {
    /// DNS names and IP addresses that it is good for.
    pub names: Vec<String>,
    /// Who issued it.
    pub issuer: String,
    /// Whether it is signed by its own key.
    pub self_signed: bool,
    /// When it begins to be good.
    pub not_before: Timestamp,
    /// When it is good no more.
    pub not_after: Timestamp,
}

impl CertificateFacts {
    /// Reads the first certificate of a PEM file's text.
    ///
    /// # Errors
    /// [`CertsError::Malformed`] if there is none.
    pub fn read(pem: &[u8]) -> Result<Self, CertsError> {
        let malformed = |cause: String| CertsError::Malformed { what: "certificate".to_owned(), cause };
        let der = CertificateDer::from_pem_slice(pem).map_err(|error| malformed(error.to_string()))?;
        let (_, certificate) = X509Certificate::from_der(&der).map_err(|error| malformed(error.to_string()))?;
        let names = match certificate.subject_alternative_name() {
            Ok(Some(extension)) => extension.value.general_names.iter().filter_map(name_text).collect(),
            _ => Vec::new(),
        };
        Ok(Self {
            names,
            issuer: certificate.issuer().to_string(),
            self_signed: certificate.issuer() == certificate.subject(),
            not_before: Timestamp::from_seconds(certificate.validity().not_before.timestamp()),
            not_after: Timestamp::from_seconds(certificate.validity().not_after.timestamp()),
        })
    }

    /// When a new one should be had: after two thirds of its life.
    #[must_use]
    pub fn renew_at(&self) -> Timestamp {
        self.not_before.plus(self.not_after.since(self.not_before) * 2 / 3)
    }
}

fn name_text(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(octets) => match octets {
            [a, b, c, d] => Some(std::net::Ipv4Addr::new(*a, *b, *c, *d).to_string()),
            _ => <[u8; 16]>::try_from(*octets).ok().map(|octets| std::net::Ipv6Addr::from(octets).to_string()),
        },
        _ => None,
    }
}
