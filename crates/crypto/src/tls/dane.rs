//! Certificates vouched for by DNSSEC instead of an authority (DANE for SMTP, RFC 7672).

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, SHA512, digest};
use env::dns::Tlsa;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use super::client::{ClientTls, DangerousAcceptAny};
use super::server::TlsSetupError;
use super::{TLS12_AND_LATER, provider};

/// TLSA records of one server that are looked at; one that has more is not owed the rest.
const ASSOCIATIONS_MAX: usize = 64;

impl ClientTls {
    /// Refuses every peer that none of `associations` vouches for. `names` are those that a certificate under a trust anchor of
    /// the server may bear (RFC 7672 section 3.2.2). `None` if no association can be used: TLS must be had all the same, with
    /// any certificate (section 2.2).
    ///
    /// # Errors
    /// [`TlsSetupError`] if the library refuses the settings.
    pub fn dane(associations: &[Tlsa], names: Vec<ServerName<'static>>) -> Result<Option<Self>, TlsSetupError> {
        let usable: Vec<Association> =
            associations.iter().take(ASSOCIATIONS_MAX).filter_map(Association::usable).collect();
        if usable.is_empty() {
            return Ok(None);
        }
        let verifier = DaneVerifier { associations: usable, names };
        let config = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(TLS12_AND_LATER)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        Ok(Some(Self::judged_by_handshake(config)))
    }
}

/// The `3 1 1` association of a certificate: SHA-256 of its public key, for a zone (RFC 7672 section 3.1.1).
///
/// # Errors
/// What is wrong with the certificate.
pub fn association(certificate: &CertificateDer<'_>) -> Result<Tlsa, TlsSetupError> {
    let parsed = ParsedCertificate::try_from(certificate)?;
    let data = digest(&SHA256, parsed.subject_public_key_info().as_ref()).as_ref().to_vec();
    Ok(Tlsa { usage: 3, selector: 1, matching: 1, data })
}

/// A record that can be used for SMTP.
#[derive(Debug)]
struct Association {
    is_anchor: bool,
    key_only: bool,
    matching: Matching,
    data: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Matching {
    Whole,
    Sha256,
    Sha512,
}

impl Association {
    /// RFC 7672 section 3.1.3: usages 0 and 1 are not for SMTP; what is not known is not used (RFC 6698 section 4.1).
    fn usable(record: &Tlsa) -> Option<Self> {
        let matching = match record.matching {
            0 => Matching::Whole,
            1 => Matching::Sha256,
            2 => Matching::Sha512,
            _ => return None,
        };
        let is_anchor = match record.usage {
            2 => true,
            3 => false,
            _ => return None,
        };
        let key_only = match record.selector {
            0 => false,
            1 => true,
            _ => return None,
        };
        let fits = match matching {
            Matching::Whole => !record.data.is_empty(),
            Matching::Sha256 => record.data.len() == 32,
            Matching::Sha512 => record.data.len() == 64,
        };
        fits.then(|| Self { is_anchor, key_only, matching, data: record.data.clone() })
    }

    fn matches(&self, certificate: &CertificateDer<'_>) -> bool {
        let Ok(parsed) = ParsedCertificate::try_from(certificate) else { return false };
        let key = parsed.subject_public_key_info();
        let selected = if self.key_only { key.as_ref() } else { certificate.as_ref() };
        match self.matching {
            Matching::Whole => selected == self.data,
            Matching::Sha256 => digest(&SHA256, selected).as_ref() == self.data,
            Matching::Sha512 => digest(&SHA512, selected).as_ref() == self.data,
        }
    }
}

#[derive(Debug)]
struct DaneVerifier {
    associations: Vec<Association>,
    names: Vec<ServerName<'static>>,
}

impl DaneVerifier {
    /// A certificate of the chain, or of a record itself, that the zone names as trust anchor.
    fn anchors(&self, intermediates: &[CertificateDer<'_>]) -> RootCertStore {
        let mut anchors = RootCertStore::empty();
        for association in self.associations.iter().filter(|it| it.is_anchor) {
            let shown = intermediates.iter().filter(|certificate| association.matches(certificate));
            anchors.add_parsable_certificates(shown.map(|certificate| certificate.clone().into_owned()));
            if association.matching == Matching::Whole && !association.key_only {
                anchors.add_parsable_certificates([CertificateDer::from(association.data.clone())]);
            }
        }
        anchors
    }
}

impl ServerCertVerifier for DaneVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        // RFC 7672 section 3.1.1: for the server's own key, neither name nor dates matter.
        if self.associations.iter().any(|it| !it.is_anchor && it.matches(end_entity)) {
            return Ok(ServerCertVerified::assertion());
        }
        let anchors = self.anchors(intermediates);
        if anchors.is_empty() {
            return Err(CertificateError::ApplicationVerificationFailure.into());
        }
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(anchors), provider())
            .build()
            .map_err(|cause| rustls::Error::General(cause.to_string()))?;
        let mut refusal = CertificateError::ApplicationVerificationFailure.into();
        for name in &self.names {
            match verifier.verify_server_cert(end_entity, intermediates, name, ocsp, now) {
                Ok(verified) => return Ok(verified),
                Err(error) => refusal = error,
            }
        }
        Err(refusal)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        DangerousAcceptAny.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        DangerousAcceptAny.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        DangerousAcceptAny.supported_verify_schemes()
    }
}
