//! Content encrypted.

use aws_lc_rs::rsa::{OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, Pkcs1PublicEncryptingKey, PublicEncryptingKey};
use env::Entropy;
use zeroize::Zeroizing;

use super::Recipe;
use super::agree::Scheme;
use crate::algorithm::{Digest, oaep_sha256};
use crate::asn1::{self, octets, sequence, set_of};
use crate::certificate::KeyKind;
use crate::cipher::Cipher;
use crate::content::{self, Dialect};
use crate::{Certificate, Fault, oid};

/// Encrypts `what` to each of `certificates`, whose owners nobody has checked here.
pub(crate) fn encrypt(
    what: &[u8],
    certificates: &[&Certificate],
    recipe: Recipe,
    entropy: &dyn Entropy,
) -> Result<Vec<u8>, Fault> {
    if certificates.is_empty() {
        return Err(Fault::NobodyToEncryptTo);
    }
    // SM4 where all readers have keys of SM2, else what all know.
    let is_gm = certificates.iter().all(|it| it.key_kind == KeyKind::Sm2);
    let dialect = if is_gm { recipe.dialect } else { Dialect::Cms };
    // GM/T 0010 has no authenticated envelope.
    let is_authenticated = recipe.is_authenticated && dialect == Dialect::Cms;
    let cipher = match (is_gm, is_authenticated) {
        (true, true) => Cipher::Sm4Gcm,
        (true, false) => Cipher::Sm4Cbc,
        (false, true) => Cipher::AesGcm(32),
        (false, false) => Cipher::AesCbc(32),
    };
    let mut key = Zeroizing::new(vec![0; cipher.key_bytes()]);
    entropy.fill(&mut key);
    let mut initial = vec![0; cipher.initial_bytes()];
    entropy.fill(&mut initial);
    let recipients: Result<Vec<Vec<u8>>, Fault> =
        certificates.iter().map(|it| recipient(it, recipe.is_oaep, &key, entropy)).collect();
    let recipients = set_of(recipients?, asn1::SET);
    let mut encrypted = what.to_vec();
    cipher.encrypt(&key, &initial, &mut encrypted)?;
    let tag = if is_authenticated { encrypted.split_off(what.len()) } else { Vec::new() };
    let inside = sequence(&[
        &asn1::oid(dialect.data()),
        &cipher.algorithm(&initial),
        &asn1::element(asn1::plain_field(0), &[&encrypted]),
    ]);
    if is_authenticated {
        let enveloped = sequence(&[&asn1::number(0), &recipients, &inside, &octets(&tag)]);
        return Ok(content::write(oid::AUTH_ENVELOPED_DATA, &enveloped));
    }
    // RFC 5652 section 6.1: 2 where somebody agrees on a key.
    let agrees = certificates.iter().any(|it| !matches!(it.key_kind, KeyKind::Rsa(_) | KeyKind::Sm2));
    let enveloped = sequence(&[&asn1::number(if agrees { 2 } else { 0 }), &recipients, &inside]);
    Ok(content::write(dialect.enveloped(), &enveloped))
}

/// RecipientInfo (RFC 5652 section 6.2).
fn recipient(certificate: &Certificate, is_oaep: bool, key: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>, Fault> {
    certificate.check_strength()?;
    if !certificate.may_encrypt() {
        return Err(Fault::WrongUse { subject: certificate.subject.clone(), needed: "encryption" });
    }
    match certificate.key_kind {
        KeyKind::Rsa(_) => transport(certificate, is_oaep, key),
        KeyKind::Sm2 => {
            const FAILED: Fault = Fault::Malformed("the key of a certificate");
            let public = gm::sm2::PublicKey::from_sec1(&certificate.key).map_err(|_| FAILED)?;
            let encrypted = public.encrypt_der(key, entropy).map_err(|_| FAILED)?;
            Ok(key_transport(certificate, &asn1::algorithm(oid::SM2_ENCRYPT, &[]), &encrypted))
        }
        KeyKind::P256 | KeyKind::P384 | KeyKind::P521 | KeyKind::Ed25519 => agreement(certificate, key),
    }
}

fn transport(certificate: &Certificate, is_oaep: bool, key: &[u8]) -> Result<Vec<u8>, Fault> {
    const FAILED: Fault = Fault::Malformed("the key of a certificate");
    let public = PublicEncryptingKey::from_der(&public_key_info(certificate)).map_err(|_| FAILED)?;
    let mut room = vec![0; public.key_size_bytes()];
    let (algorithm, encrypted) = if is_oaep {
        let public = OaepPublicEncryptingKey::new(public).map_err(|_| FAILED)?;
        let encrypted = public.encrypt(&OAEP_SHA256_MGF1SHA256, key, &mut room, None).map_err(|_| FAILED)?;
        (oaep_sha256(), encrypted.to_vec())
    } else {
        let public = Pkcs1PublicEncryptingKey::new(public).map_err(|_| FAILED)?;
        let encrypted = public.encrypt(key, &mut room).map_err(|_| FAILED)?;
        (asn1::algorithm(oid::RSA, &asn1::element(asn1::NULL, &[])), encrypted.to_vec())
    };
    Ok(key_transport(certificate, &algorithm, &encrypted))
}

/// KeyTransRecipientInfo (RFC 5652 section 6.2.1).
fn key_transport(certificate: &Certificate, algorithm: &[u8], encrypted: &[u8]) -> Vec<u8> {
    sequence(&[&asn1::number(0), &certificate.named(), algorithm, &octets(encrypted)])
}

/// SubjectPublicKeyInfo of an RSA key.
fn public_key_info(certificate: &Certificate) -> Vec<u8> {
    let algorithm = asn1::algorithm(oid::RSA, &asn1::element(asn1::NULL, &[]));
    sequence(&[&algorithm, &asn1::bits(&certificate.key)])
}

/// KeyAgreeRecipientInfo with a key made for this message (RFC 5753 section 3.1.1).
fn agreement(certificate: &Certificate, key: &[u8]) -> Result<Vec<u8>, Fault> {
    let wrapping = asn1::algorithm(oid::WRAP_AES_256, &[]);
    let (digest, scheme) = if certificate.key_kind == KeyKind::P256 {
        (Digest::Sha256, oid::STD_DH_SHA256)
    } else {
        (Digest::Sha384, oid::STD_DH_SHA384)
    };
    let agreed = Scheme { digest, wrapping: &wrapping, key_bytes: 32, material: None };
    let (point, wrapped) = agreed.wrap(certificate, key)?;
    let origin = asn1::element(asn1::field(1), &[&asn1::algorithm(oid::EC, &[]), &asn1::bits(&point)]);
    let keys = sequence(&[&sequence(&[&certificate.named(), &octets(&wrapped)])]);
    Ok(asn1::element(
        asn1::field(1),
        &[&asn1::number(3), &asn1::element(asn1::field(0), &[&origin]), &asn1::algorithm(scheme, &wrapping), &keys],
    ))
}
