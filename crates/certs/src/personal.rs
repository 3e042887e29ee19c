//! Certificates for the mail of people (S/MIME), issued by an authority of their organisation's own.

use std::time::Duration;

use env::Clock;
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_RSA_SHA256, RsaKeySize, SanType,
};
use zeroize::Zeroizing;

use crate::CertsError;
use crate::authority::{name, set_validity};

/// How long the authority's own certificate is good.
const AUTHORITY_LIFE: Duration = Duration::from_secs(10 * 365 * 86_400);

/// How long the certificate of a person is good. What was encrypted to it can be read for longer.
const PERSONAL_LIFE: Duration = Duration::from_secs(2 * 365 * 86_400);

/// A certificate with its key, both as PEM.
pub struct Issued {
    /// The certificate.
    pub certificate: String,
    /// Its key in PKCS#8.
    pub key: Zeroizing<String>,
}

/// Makes an authority that vouches for the people of `organisation`.
///
/// # Errors
/// [`CertsError::Issue`] if it cannot be made.
pub fn make_authority(organisation: &str, clock: &dyn Clock) -> Result<Issued, CertsError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = name(&format!("{organisation} mail certificates"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::EmailProtection];
    set_validity(&mut params, clock.now(), AUTHORITY_LIFE);
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    Ok(Issued { certificate: certificate.pem(), key: Zeroizing::new(key.serialize_pem()) })
}

/// Issues a certificate for `person` with `addresses` as alternative names (RFC 8550 section 3), and a key of RSA, which every program can
/// encrypt to.
///
/// # Errors
/// [`CertsError::Issue`] if an address is none that a certificate can bear, or the authority cannot be used.
pub fn issue(authority: &Issued, person: &str, addresses: &[String], clock: &dyn Clock) -> Result<Issued, CertsError> {
    let issuer = Issuer::from_ca_cert_pem(&authority.certificate, KeyPair::from_pem(&authority.key)?)?;
    let mut params = CertificateParams::default();
    params.distinguished_name = name(person);
    for address in addresses {
        params.subject_alt_names.push(SanType::Rfc822Name(address.as_str().try_into()?));
    }
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::EmailProtection];
    params.use_authority_key_identifier_extension = true;
    set_validity(&mut params, clock.now(), PERSONAL_LIFE);
    let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_3072)?;
    let certificate = params.signed_by(&key, &issuer)?;
    Ok(Issued { certificate: certificate.pem(), key: Zeroizing::new(key.serialize_pem()) })
}
