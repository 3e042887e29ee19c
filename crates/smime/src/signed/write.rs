//! Content signed.

use env::{Entropy, Timestamp};

use crate::algorithm::Digest;
use crate::asn1::{self, octets, sequence, set_of};
use crate::content::{self, Dialect};
use crate::mime::{Form, Style};
use crate::{Fault, Identity, KeyKind, oid};

/// SignedData over `what`: with it inside, or apart from it if it is clear. Its content must be in canonical form already.
pub(crate) fn sign(
    what: &[u8],
    identity: &Identity,
    style: Style,
    at: Timestamp,
    entropy: &dyn Entropy,
) -> Result<Vec<u8>, Fault> {
    let dialect = if identity.certificate.key_kind() == KeyKind::Sm2 { style.dialect } else { Dialect::Cms };
    let digest = identity.key.digest();
    let attributes = attributes(what, identity, digest, dialect, at);
    // What is signed bears the tag of a set, what is sent that of a field (RFC 5652 section 5.4).
    let made = identity.key.sign(&set_of(attributes.clone(), asn1::SET), dialect, entropy)?;
    let digest_algorithm = asn1::algorithm(made.digest.oid(), &[]);
    let signer = sequence(&[
        &asn1::number(1),
        &identity.certificate.named(),
        &digest_algorithm,
        &set_of(attributes, asn1::field(0)),
        &made.algorithm,
        &octets(&made.signature),
    ]);
    let inside = if style.form == Form::Clear { Vec::new() } else { asn1::element(asn1::field(0), &[&octets(what)]) };
    let certificates = std::iter::once(&identity.certificate).chain(&identity.chain).map(|it| it.der.clone()).collect();
    let signed = sequence(&[
        &asn1::number(1),
        &asn1::element(asn1::SET, &[&digest_algorithm]),
        &sequence(&[&asn1::oid(dialect.data()), &inside]),
        &set_of(certificates, asn1::field(0)),
        &asn1::element(asn1::SET, &[&signer]),
    ]);
    Ok(content::write(dialect.signed(), &signed))
}

/// Signed attributes (RFC 8551 section 2.5).
fn attributes(what: &[u8], identity: &Identity, digest: Digest, dialect: Dialect, at: Timestamp) -> Vec<Vec<u8>> {
    let attribute = |kind, value: &[u8]| sequence(&[&asn1::oid(kind), &asn1::element(asn1::SET, &[value])]);
    // RFC 5035 section 4: SHA-256 is the default and not named.
    let certificate = octets(&identity.certificate.fingerprint());
    vec![
        attribute(oid::CONTENT_TYPE, &asn1::oid(dialect.data())),
        attribute(oid::SIGNING_TIME, &asn1::time(at)),
        attribute(oid::MESSAGE_DIGEST, &octets(&digest.hash(&[what]))),
        attribute(oid::CAPABILITIES, &capabilities()),
        attribute(oid::SIGNING_CERTIFICATE_V2, &sequence(&[&sequence(&[&sequence(&[&certificate])])])),
    ]
}

/// What we read, best first (RFC 8551 section 2.5.2).
fn capabilities() -> Vec<u8> {
    let list = [oid::AES_256_GCM, oid::AES_128_GCM, oid::AES_256_CBC, oid::AES_128_CBC, oid::SM4_GCM, oid::SM4_CBC];
    let mut list: Vec<Vec<u8>> = list.into_iter().map(|it| asn1::algorithm(it, &[])).collect();
    list.push(crate::algorithm::oaep_sha256());
    let list: Vec<&[u8]> = list.iter().map(Vec::as_slice).collect();
    sequence(&list)
}
