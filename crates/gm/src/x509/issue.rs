//! Certificates of a small authority of one's own: for trying out, and for closed networks.

use env::{Civil, Entropy, Timestamp};

use super::{Certificate, CertificateError, Purpose, SubjectName};
use crate::GmError;
use crate::der::{self, oid, write};
use crate::sm2::{DEFAULT_ID, PrivateKey, PublicKey};
use crate::sm3;

/// Bytes of serial numbers and key identifiers (RFC 5280 sections 4.1.2.2 and 4.2.1.2 allow twenty).
const SERIAL_BYTES: usize = 16;
const KEY_ID_BYTES: usize = 20;

/// Year from which on times are written with four digits (RFC 5280 section 4.1.2.5).
const GENERALIZED_FROM: i64 = 2050;

/// What a certificate is to say.
#[derive(Debug, Clone)]
pub struct Template {
    /// Common name of the holder.
    pub common_name: String,
    /// Alternative names.
    pub names: Vec<SubjectName>,
    /// Purposes; none means any.
    pub purposes: Vec<Purpose>,
    /// For an authority: how many authorities may stand beneath it.
    pub authority: Option<u8>,
    /// Whether the holder may sign.
    pub sign: bool,
    /// Whether keys may be encrypted to the holder.
    pub encipher: bool,
    /// When it begins to be good.
    pub not_before: Timestamp,
    /// Last moment at which it is good.
    pub not_after: Timestamp,
}

/// An authority that issues.
#[derive(Debug)]
pub struct Authority {
    certificate: Certificate,
    key: PrivateKey,
}

impl Authority {
    /// The authority with this certificate and key.
    ///
    /// # Errors
    /// [`GmError::Key`] if the two do not belong together.
    pub fn new(certificate: Certificate, key: PrivateKey) -> Result<Self, GmError> {
        if *certificate.key() != key.public() {
            return Err(GmError::Key("key of this certificate"));
        }
        Ok(Self { certificate, key })
    }

    /// A new authority that vouches for itself.
    ///
    /// # Errors
    /// [`CertificateError`] if the template cannot be written as a certificate.
    pub fn create(template: &Template, key: PrivateKey, entropy: &dyn Entropy) -> Result<Self, CertificateError> {
        let issuer = Issuer { name: &name(&template.common_name), key_id: Some(&key_id(&key.public())), key: &key };
        let der = sign(template, &key.public(), &issuer, entropy)?;
        Ok(Self { certificate: Certificate::parse(&der)?, key })
    }

    /// Its own certificate.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Issues a certificate for `key`.
    ///
    /// # Errors
    /// [`CertificateError`] if the template cannot be written as a certificate.
    pub fn issue(
        &self,
        template: &Template,
        key: &PublicKey,
        entropy: &dyn Entropy,
    ) -> Result<Certificate, CertificateError> {
        let own = &self.certificate;
        let issuer = Issuer { name: own.subject(), key_id: own.subject_key_id(), key: &self.key };
        Certificate::parse(&sign(template, key, &issuer, entropy)?)
    }
}

/// What goes into a certificate of its issuer.
struct Issuer<'a> {
    name: &'a [u8],
    key_id: Option<&'a [u8]>,
    key: &'a PrivateKey,
}

fn sign(
    template: &Template,
    key: &PublicKey,
    issuer: &Issuer<'_>,
    entropy: &dyn Entropy,
) -> Result<Vec<u8>, CertificateError> {
    let impossible = |cause: GmError| CertificateError::Malformed(cause.to_string());
    let mut serial = [0; SERIAL_BYTES];
    entropy.fill(&mut serial);
    // Neither zero nor negative nor shorter than others.
    serial[0] = serial[0] & 0x3f | 0x40;
    let algorithm = write(der::SEQUENCE, &[&write(der::OBJECT_IDENTIFIER, &[oid::SM2_WITH_SM3])]);
    let signed = write(
        der::SEQUENCE,
        &[
            &write(der::context(0), &[&der::unsigned(&[2])]),
            &der::unsigned(&serial),
            &algorithm,
            issuer.name,
            &write(der::SEQUENCE, &[&time(template.not_before), &time(template.not_after)]),
            &name(&template.common_name),
            &key.to_spki().map_err(impossible)?,
            &write(der::context(3), &[&extensions(template, key, issuer.key_id)]),
        ],
    );
    let signature = issuer.key.sign(DEFAULT_ID, &signed, entropy).map_err(impossible)?;
    Ok(write(der::SEQUENCE, &[&signed, &algorithm, &write(der::BIT_STRING, &[&[0], &signature])]))
}

fn extensions(template: &Template, key: &PublicKey, issuer_key_id: Option<&[u8]>) -> Vec<u8> {
    let mut list = Vec::new();
    let constraints = template
        .authority
        .map_or_else(Vec::new, |length| [&write(0x01, &[&[0xff]])[..], &der::unsigned(&[length])].concat());
    list.extend(extension(oid::BASIC_CONSTRAINTS, true, &write(der::SEQUENCE, &[&constraints])));
    list.extend(extension(oid::KEY_USAGE, true, &usage(template)));
    if !template.purposes.is_empty() {
        let purposes = template.purposes.iter().flat_map(|purpose| purpose_id(*purpose)).collect::<Vec<_>>();
        list.extend(extension(oid::EXTENDED_KEY_USAGE, false, &write(der::SEQUENCE, &[&purposes])));
    }
    if !template.names.is_empty() {
        let names = template.names.iter().flat_map(general_name).collect::<Vec<_>>();
        list.extend(extension(oid::SUBJECT_ALTERNATIVE_NAME, false, &write(der::SEQUENCE, &[&names])));
    }
    let own = write(der::OCTET_STRING, &[&key_id(key)]);
    list.extend(extension(oid::SUBJECT_KEY_IDENTIFIER, false, &own));
    if let Some(id) = issuer_key_id {
        let of_issuer = write(der::SEQUENCE, &[&write(0x80, &[id])]);
        list.extend(extension(oid::AUTHORITY_KEY_IDENTIFIER, false, &of_issuer));
    }
    write(der::SEQUENCE, &[&list])
}

fn extension(id: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    let critical = if critical { write(0x01, &[&[0xff]]) } else { Vec::new() };
    write(der::SEQUENCE, &[&write(der::OBJECT_IDENTIFIER, &[id]), &critical, &write(der::OCTET_STRING, &[value])])
}

/// Bit 0 is the most significant (RFC 5280 section 4.2.1.3): digitalSignature 0, keyEncipherment 2, dataEncipherment 3, keyAgreement 4,
/// keyCertSign 5, cRLSign 6.
fn usage(template: &Template) -> Vec<u8> {
    let mut bits = 0_u8;
    if template.authority.is_some() {
        bits |= 0x80 >> 5 | 0x80 >> 6;
    }
    if template.sign {
        bits |= 0x80;
    }
    if template.encipher {
        bits |= 0x80 >> 2 | 0x80 >> 3 | 0x80 >> 4;
    }
    write(der::BIT_STRING, &[&[bits.trailing_zeros().min(7) as u8, bits]])
}

fn purpose_id(purpose: Purpose) -> Vec<u8> {
    let last: u8 = match purpose {
        Purpose::Server => 1,
        Purpose::Client => 2,
        Purpose::Email => 4,
    };
    write(der::OBJECT_IDENTIFIER, &[oid::PURPOSE, &[last]])
}

fn general_name(name: &SubjectName) -> Vec<u8> {
    match name {
        SubjectName::Email(address) => write(0x81, &[address.as_bytes()]),
        SubjectName::Dns(name) => write(0x82, &[name.as_bytes()]),
        SubjectName::Ip(std::net::IpAddr::V4(address)) => write(0x87, &[&address.octets()]),
        SubjectName::Ip(std::net::IpAddr::V6(address)) => write(0x87, &[&address.octets()]),
    }
}

/// RFC 5280 section 4.2.1.2 asks for SHA-1 of the key, or any other way of making it unique.
fn key_id(key: &PublicKey) -> [u8; KEY_ID_BYTES] {
    let mut id = [0; KEY_ID_BYTES];
    id.copy_from_slice(&sm3::digest(&key.to_sec1())[..KEY_ID_BYTES]);
    id
}

fn name(common_name: &str) -> Vec<u8> {
    let value = write(der::UTF8_STRING, &[common_name.as_bytes()]);
    let pair = write(der::SEQUENCE, &[&write(der::OBJECT_IDENTIFIER, &[oid::COMMON_NAME]), &value]);
    write(der::SEQUENCE, &[&write(der::SET, &[&pair])])
}

fn time(moment: Timestamp) -> Vec<u8> {
    let Civil { year, month, day, hour, minute, second, .. } = moment.civil();
    let rest = format!("{month:02}{day:02}{hour:02}{minute:02}{second:02}Z");
    if year < GENERALIZED_FROM {
        write(der::UTC_TIME, &[format!("{:02}{rest}", year.rem_euclid(100)).as_bytes()])
    } else {
        write(der::GENERALIZED_TIME, &[format!("{year:04}{rest}").as_bytes()])
    }
}
