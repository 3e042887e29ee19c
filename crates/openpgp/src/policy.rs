//! Which algorithms count (RFC 9580 sections 9.1, 9.5 and 13).

use pgp::crypto::hash::HashAlgorithm;
use pgp::crypto::public_key::PublicKeyAlgorithm;
use pgp::types::{EcdhPublicParams, EcdsaPublicParams, KeyDetails, KeyVersion, PublicParams};

/// The fewest bits of an RSA modulus.
const RSA_BITS_MIN: usize = 2048;

/// The most: what a stranger sends must not take minutes.
const RSA_BITS_MAX: usize = 8192;

/// Whether signatures over this digest count.
pub(crate) const fn is_strong(hash: HashAlgorithm) -> bool {
    matches!(
        hash,
        HashAlgorithm::Sha256
            | HashAlgorithm::Sha384
            | HashAlgorithm::Sha512
            | HashAlgorithm::Sha224
            | HashAlgorithm::Sha3_256
            | HashAlgorithm::Sha3_512
    )
}

/// What is weak about a key; `None` if nothing is.
pub(crate) fn weakness(key: &impl KeyDetails) -> Option<String> {
    if !matches!(key.version(), KeyVersion::V4 | KeyVersion::V6) {
        return Some(format!("the form of version {}", u8::from(key.version())));
    }
    match key.public_params() {
        PublicParams::RSA(rsa) => {
            let bits = rsa_bits(rsa);
            (!(RSA_BITS_MIN..=RSA_BITS_MAX).contains(&bits)).then(|| format!("RSA of {bits} bits"))
        }
        PublicParams::DSA(_) => Some("DSA".to_owned()),
        PublicParams::Elgamal(_) => Some("ElGamal".to_owned()),
        PublicParams::ECDSA(
            EcdsaPublicParams::P256 { .. } | EcdsaPublicParams::P384 { .. } | EcdsaPublicParams::P521 { .. },
        )
        | PublicParams::ECDH(
            EcdhPublicParams::Curve25519Legacy { .. }
            | EcdhPublicParams::P256 { .. }
            | EcdhPublicParams::P384 { .. }
            | EcdhPublicParams::P521 { .. },
        )
        | PublicParams::EdDSALegacy(_)
        | PublicParams::Ed25519(_)
        | PublicParams::Ed448(_)
        | PublicParams::X25519(_)
        | PublicParams::X448(_) => None,
        _ => Some(format!("{} with parameters that are not known here", name(key))),
    }
}

fn rsa_bits(rsa: &pgp::types::RsaPublicParams) -> usize {
    // As written: two octets with the number of bits, then the modulus.
    let mut written = Vec::new();
    let _ = pgp::ser::Serialize::to_writer(rsa, &mut written);
    match written.as_slice() {
        [high, low, ..] => usize::from(u16::from_be_bytes([*high, *low])),
        _ => 0,
    }
}

/// The name of a key's algorithm for people.
pub(crate) fn name(key: &impl KeyDetails) -> String {
    match key.public_params() {
        PublicParams::RSA(rsa) => format!("RSA {}", rsa_bits(rsa)),
        PublicParams::ECDSA(params) => format!("ECDSA {}", params.curve().name()),
        PublicParams::ECDH(params) => format!("ECDH {}", params.curve().name()),
        PublicParams::EdDSALegacy(_) | PublicParams::Ed25519(_) => "Ed25519".to_owned(),
        PublicParams::X25519(_) => "X25519".to_owned(),
        PublicParams::Ed448(_) => "Ed448".to_owned(),
        PublicParams::X448(_) => "X448".to_owned(),
        PublicParams::DSA(_) => "DSA".to_owned(),
        PublicParams::Elgamal(_) => "ElGamal".to_owned(),
        _ => match key.algorithm() {
            PublicKeyAlgorithm::Unknown(number) => format!("algorithm {number}"),
            known => format!("{known:?}"),
        },
    }
}
