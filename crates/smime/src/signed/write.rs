//! Content signed.

use env::Timestamp;

use crate::algorithm::Digest;
use crate::asn1::{self, octets, sequence, set_of};
use crate::{Fault, Identity, content, oid};

/// SignedData over `what`: with it inside, or apart from it if `is_detached`. Its content must be in canonical form already.
pub(crate) fn sign(what: &[u8], identity: &Identity, at: Timestamp, is_detached: bool) -> Result<Vec<u8>, Fault> {
    let digest = identity.key.digest();
    let attributes = attributes(what, identity, digest, at);
    // What is signed bears the tag of a set, what is sent that of a field (RFC 5652 section 5.4).
    let made = identity.key.sign(&set_of(attributes.clone(), asn1::SET))?;
    let digest_algorithm = asn1::algorithm(made.digest.oid(), &[]);
    let signer = sequence(&[
        &asn1::number(1),
        &identity.certificate.named(),
        &digest_algorithm,
        &set_of(attributes, asn1::field(0)),
        &made.algorithm,
        &octets(&made.signature),
    ]);
    let inside = if is_detached { Vec::new() } else { asn1::element(asn1::field(0), &[&octets(what)]) };
    let certificates = std::iter::once(&identity.certificate).chain(&identity.chain).map(|it| it.der.clone()).collect();
    let signed = sequence(&[
        &asn1::number(1),
        &asn1::element(asn1::SET, &[&digest_algorithm]),
        &sequence(&[&asn1::oid(oid::DATA), &inside]),
        &set_of(certificates, asn1::field(0)),
        &asn1::element(asn1::SET, &[&signer]),
    ]);
    Ok(content::write(oid::SIGNED_DATA, &signed))
}

/// Signed attributes (RFC 8551 section 2.5).
fn attributes(what: &[u8], identity: &Identity, digest: Digest, at: Timestamp) -> Vec<Vec<u8>> {
    let attribute = |kind, value: &[u8]| sequence(&[&asn1::oid(kind), &asn1::element(asn1::SET, &[value])]);
    // RFC 5035 section 4: SHA-256 is the default and not named.
    let certificate = octets(&identity.certificate.fingerprint());
    vec![
        attribute(oid::CONTENT_TYPE, &asn1::oid(oid::DATA)),
        attribute(oid::SIGNING_TIME, &asn1::time(at)),
        attribute(oid::MESSAGE_DIGEST, &octets(&digest.hash(&[what]))),
        attribute(oid::CAPABILITIES, &capabilities()),
        attribute(oid::SIGNING_CERTIFICATE_V2, &sequence(&[&sequence(&[&sequence(&[&certificate])])])),
    ]
}

/// What we read, best first (RFC 8551 section 2.5.2).
fn capabilities() -> Vec<u8> {
    let list = [oid::AES_256_GCM, oid::AES_128_GCM, oid::AES_256_CBC, oid::AES_128_CBC];
    let mut list: Vec<Vec<u8>> = list.into_iter().map(|it| asn1::algorithm(it, &[])).collect();
    list.push(crate::algorithm::oaep_sha256());
    let list: Vec<&[u8]> = list.iter().map(Vec::as_slice).collect();
    sequence(&list)
}
