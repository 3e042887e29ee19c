//! Certificates of peers. Two signatures are checked with two identifiers: those on certificates with the default one, the one on the
//! handshake with TLS's own (RFC 8998 section 3.2.1). A chain of one kind never serves a handshake of the other.

use std::sync::Arc;

use env::Timestamp;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError, PeerMisbehaved, SignatureScheme,
};
use rustls_pki_types::{
    AlgorithmIdentifier, CertificateDer, InvalidSignature, ServerName, SignatureVerificationAlgorithm, UnixTime,
};

use super::{HANDSHAKE_ID, SCHEME};
use crate::sm2::{DEFAULT_ID, PublicKey};
use crate::x509::{Certificate, ChainError, Purpose, Roots, SubjectName};

/// What every verifier says of signatures: those of a handshake by SM2, and none of TLS 1.2.
macro_rules! sm2_signatures {
    () => {
        fn verify_tls12_signature(
            &self,
            _: &[u8],
            _: &CertificateDer<'_>,
            _: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            Err(no_tls12())
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            verify_handshake(message, certificate, signed)
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            vec![SCHEME]
        }
    };
}

/// Most certificates that are read of a peer's chain.
const CHAIN_MAX: usize = 10;

/// Signatures on certificates, for readers of certificates that take algorithms from outside.
pub static SM2_SM3: &dyn SignatureVerificationAlgorithm = &Sm2OnCertificates { has_null: false };

/// The same where the algorithm is named with NULL for its parameters, as some authorities write it.
pub static SM2_SM3_NULL: &dyn SignatureVerificationAlgorithm = &Sm2OnCertificates { has_null: true };

pub(super) static ON_CERTIFICATES: &[&dyn SignatureVerificationAlgorithm] = &[SM2_SM3];

#[derive(Debug)]
struct Sm2OnCertificates {
    has_null: bool,
}

impl SignatureVerificationAlgorithm for Sm2OnCertificates {
    fn verify_signature(&self, key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        let key = PublicKey::from_sec1(key).map_err(|_| InvalidSignature)?;
        key.verify(DEFAULT_ID, message, signature).map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        // id-ecPublicKey on the curve SM2.
        AlgorithmIdentifier::from_slice(&[
            0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x82,
            0x2d,
        ])
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        if self.has_null {
            return AlgorithmIdentifier::from_slice(&[
                0x06, 0x08, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x83, 0x75, 0x05, 0x00,
            ]);
        }
        AlgorithmIdentifier::from_slice(&[0x06, 0x08, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x83, 0x75])
    }
}

/// The certificates of a peer, its own first.
///
/// # Errors
/// [`Error`] if one of them is none of SM2.
pub fn parse_chain(
    own: &CertificateDer<'_>,
    intermediates: &[CertificateDer<'_>],
) -> Result<(Certificate, Vec<Certificate>), Error> {
    let own = Certificate::parse(own).map_err(|cause| reason(cause.into()))?;
    // What a peer sends beside its own may be of any kind; what cannot be read vouches for nobody.
    let others = intermediates.iter().take(CHAIN_MAX).filter_map(|der| Certificate::parse(der).ok()).collect();
    Ok((own, others))
}

/// A refusal in the words of the library, which makes the alert of it.
#[must_use]
pub fn reason(cause: ChainError) -> Error {
    Error::InvalidCertificate(match cause {
        ChainError::Expired(_) => CertificateError::Expired,
        ChainError::NotValidYet(_) => CertificateError::NotValidYet,
        ChainError::OtherName => CertificateError::NotValidForName,
        ChainError::UnknownIssuer => CertificateError::UnknownIssuer,
        ChainError::Signature(_) => CertificateError::BadSignature,
        ChainError::Purpose => CertificateError::InvalidPurpose,
        ChainError::Certificate(_) | ChainError::NotAnAuthority(_) => {
            CertificateError::Other(OtherError(Arc::new(cause)))
        }
    })
}

/// Whether the holder of `certificate` signed the handshake.
fn verify_handshake(
    message: &[u8],
    certificate: &CertificateDer<'_>,
    signed: &DigitallySignedStruct,
) -> Result<HandshakeSignatureValid, Error> {
    if signed.scheme != SCHEME {
        return Err(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into());
    }
    let certificate = Certificate::parse(certificate).map_err(|cause| reason(cause.into()))?;
    certificate
        .key()
        .verify(HANDSHAKE_ID, message, signed.signature())
        .map_err(|_| Error::InvalidCertificate(CertificateError::BadSignature))?;
    Ok(HandshakeSignatureValid::assertion())
}

fn no_tls12() -> Error {
    Error::General("SM2 is not spoken with TLS 1.2".to_owned())
}

fn moment(now: UnixTime) -> Timestamp {
    Timestamp::from_seconds(i64::try_from(now.as_secs()).unwrap_or(i64::MAX))
}

/// For clients: takes servers for which one of these authorities vouches.
#[derive(Debug)]
pub struct ServerVerifier(pub Roots);

impl ServerCertVerifier for ServerVerifier {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let (own, intermediates) = parse_chain(own, intermediates)?;
        let name = SubjectName::host(&name.to_str());
        self.0.verify_server(&own, &intermediates, &name, moment(now)).map_err(reason)?;
        Ok(ServerCertVerified::assertion())
    }

    sm2_signatures!();
}

/// For clients that offer both kinds: certificates of SM2 are judged here, others by the other verifier.
#[derive(Debug)]
pub struct EitherServerVerifier {
    /// Judges certificates of SM2.
    pub gm: ServerVerifier,
    /// Judges all others.
    pub international: Arc<dyn ServerCertVerifier>,
}

impl ServerCertVerifier for EitherServerVerifier {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if Certificate::parse(own).is_ok() {
            return self.gm.verify_server_cert(own, intermediates, name, ocsp, now);
        }
        self.international.verify_server_cert(own, intermediates, name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.international.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if signed.scheme == SCHEME {
            return verify_handshake(message, certificate, signed);
        }
        self.international.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let mut schemes = vec![SCHEME];
        schemes.extend(self.international.supported_verify_schemes());
        schemes
    }
}

/// For servers: takes clients for which one of these authorities vouches, and nobody without a certificate.
#[derive(Debug)]
pub struct ClientVerifier {
    roots: Roots,
    hints: Vec<DistinguishedName>,
}

impl ClientVerifier {
    /// Takes clients of these authorities.
    #[must_use]
    pub fn new(roots: Roots) -> Self {
        let hints = roots.iter().map(|root| DistinguishedName::from(root.subject().to_vec())).collect();
        Self { roots, hints }
    }
}

impl ClientCertVerifier for ClientVerifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn verify_client_cert(
        &self,
        own: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let (own, intermediates) = parse_chain(own, intermediates)?;
        self.roots.verify(&own, &intermediates, Purpose::Client, moment(now)).map_err(reason)?;
        Ok(ClientCertVerified::assertion())
    }

    sm2_signatures!();
}

/// For servers: asks for a certificate and takes any of SM2, or none. The client proves that it has the key of what it shows; who vouches
/// for it must be asked afterwards.
#[derive(Debug)]
pub struct AnyClient;

impl ClientCertVerifier for AnyClient {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        own: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Certificate::parse(own).map_err(|cause| reason(cause.into()))?;
        Ok(ClientCertVerified::assertion())
    }

    sm2_signatures!();
}
