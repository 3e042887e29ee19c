//! Messages signed and encrypted.

use env::{Entropy, Timestamp};
use mail::header;

use super::entity::{self, Split, is_protected, split};
use super::seven_bit::{base64_lines, seven_bit};
use crate::content::Dialect;
use crate::enveloped::Recipe;
use crate::{Certificate, Fault, Identity, enveloped, signed};

/// How a signed message is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Its text can be read without knowing of S/MIME (RFC 8551 section 3.5.3).
    Clear,
    /// It cannot be changed on the way without being unreadable (section 3.5.2).
    Opaque,
}

/// How a signature is written, as far as its reader has a say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Beside the text or around it.
    pub form: Form,
    /// For keys of SM2.
    pub dialect: Dialect,
}

impl Style {
    /// What every program reads.
    pub const CLEAR: Self = Self { form: Form::Clear, dialect: Dialect::Cms };
}

/// What stands for a subject that is encrypted (RFC 9788 section 3.2.1).
const HIDDEN_SUBJECT: &str = "[...]";

/// The message signed by `identity`.
///
/// # Errors
/// [`Fault`] if the certificate may not sign.
pub fn sign(
    message: &[u8],
    identity: &Identity,
    style: Style,
    at: Timestamp,
    entropy: &dyn Entropy,
) -> Result<Vec<u8>, Fault> {
    let Split { outside, entity } = split(message);
    let entity = seven_bit(protect(&outside, &entity, "clear", &[]));
    Ok(join(&outside, &signed_entity(&entity, identity, style, at, entropy)?))
}

/// The message encrypted to each of `certificates`, which somebody has checked.
///
/// # Errors
/// [`Fault`] if nothing can be encrypted to one of them.
pub fn encrypt(
    message: &[u8],
    certificates: &[&Certificate],
    recipe: Recipe,
    entropy: &dyn Entropy,
) -> Result<Vec<u8>, Fault> {
    let Split { outside, entity } = split(message);
    let outer = hide_subject(&outside);
    let entity = protect(&outside, &entity, "cipher", &outer);
    Ok(join(&outer, &encrypted_entity(&entity, certificates, recipe, entropy)?))
}

/// The message signed, and then encrypted (RFC 8551 section 3.7).
///
/// # Errors
/// [`Fault`] as of [`sign`] and [`encrypt`].
pub fn sign_and_encrypt(
    message: &[u8],
    identity: &Identity,
    certificates: &[&Certificate],
    recipe: Recipe,
    at: Timestamp,
    entropy: &dyn Entropy,
) -> Result<Vec<u8>, Fault> {
    let Split { outside, entity } = split(message);
    let outer = hide_subject(&outside);
    let entity = seven_bit(protect(&outside, &entity, "cipher", &outer));
    let style = Style { form: Form::Clear, dialect: recipe.dialect };
    let entity = signed_entity(&entity, identity, style, at, entropy)?;
    Ok(join(&outer, &encrypted_entity(&entity, certificates, recipe, entropy)?))
}

fn join(outside: &[u8], entity: &[u8]) -> Vec<u8> {
    [outside, b"MIME-Version: 1.0\r\n", entity].concat()
}

/// The entity with the fields that people see, and what of them stands outside (RFC 9788 section 2).
fn protect(outside: &[u8], entity: &[u8], how: &str, outer: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(entity.len() + outside.len() + 200);
    for field in header::fields(outside).filter(is_protected) {
        out.extend_from_slice(entity::text(outside, &field));
    }
    for field in header::fields(outer).filter(is_protected) {
        out.extend_from_slice(b"HP-Outer: ");
        out.extend_from_slice(entity::text(outer, &field));
    }
    let (head, body) = header::split_header_body(entity);
    for field in header::fields(head) {
        let line = entity::text(head, &field);
        if field.is("Content-Type") {
            out.extend_from_slice(line.trim_ascii_end());
            out.extend_from_slice(format!(";\r\n hp=\"{how}\"\r\n").as_bytes());
        } else {
            out.extend_from_slice(line);
        }
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(body);
    out
}

fn hide_subject(outside: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(outside.len());
    for field in header::fields(outside) {
        if field.is("Subject") {
            out.extend_from_slice(format!("Subject: {HIDDEN_SUBJECT}\r\n").as_bytes());
        } else if !field.is("Comments") && !field.is("Keywords") {
            out.extend_from_slice(entity::text(outside, &field));
        }
    }
    out
}

fn signed_entity(
    entity: &[u8],
    identity: &Identity,
    style: Style,
    at: Timestamp,
    entropy: &dyn Entropy,
) -> Result<Vec<u8>, Fault> {
    let certificate = &identity.certificate;
    if !certificate.may_sign() {
        return Err(Fault::WrongUse { subject: certificate.subject.clone(), needed: "signing" });
    }
    certificate.check_dates(at)?;
    let signature = signed::sign(entity, identity, style, at, entropy)?;
    if style.form == Form::Opaque {
        return Ok(pkcs7("signed-data", &signature));
    }
    let boundary: String = [entropy.next_u64(), entropy.next_u64()].iter().map(|it| format!("{it:016x}")).collect();
    let micalg = identity.key.digest().name();
    let mut out = format!(
        "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\";\r\n micalg={micalg}; \
         boundary=\"=_{boundary}\"\r\n\r\n--=_{boundary}\r\n"
    )
    .into_bytes();
    out.extend_from_slice(entity);
    out.extend_from_slice(
        format!(
            "\r\n--=_{boundary}\r\nContent-Type: application/pkcs7-signature; name=\"smime.p7s\"\r\n\
             Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"smime.p7s\"\r\n\r\n"
        )
        .as_bytes(),
    );
    out.extend_from_slice(&base64_lines(&signature));
    out.extend_from_slice(format!("\r\n--=_{boundary}--\r\n").as_bytes());
    Ok(out)
}

fn encrypted_entity(
    entity: &[u8],
    certificates: &[&Certificate],
    recipe: Recipe,
    entropy: &dyn Entropy,
) -> Result<Vec<u8>, Fault> {
    let kind = if recipe.is_authenticated { "authEnveloped-data" } else { "enveloped-data" };
    Ok(pkcs7(kind, &enveloped::encrypt(entity, certificates, recipe, entropy)?))
}

/// RFC 8551 section 3.2.
fn pkcs7(kind: &str, structure: &[u8]) -> Vec<u8> {
    let mut out = format!(
        "Content-Type: application/pkcs7-mime; smime-type={kind}; name=\"smime.p7m\"\r\n\
         Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"smime.p7m\"\r\n\r\n"
    )
    .into_bytes();
    out.extend_from_slice(&base64_lines(structure));
    out.extend_from_slice(b"\r\n");
    out
}
