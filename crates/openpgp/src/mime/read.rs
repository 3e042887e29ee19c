//! Messages that are signed or encrypted, read.

use env::Timestamp;
use mail::message::{Part, Structure, decode_part, sole_author};
use pgp::composed::CleartextSignedMessage;

use super::fields::{is_authors, is_structural, protected, said_outside, value};
use super::with_crlf;
use crate::certificate::KeyRef;
use crate::limits::SIGNATURES_MAX;
use crate::message::{Opened, check, open, unarmored};
use crate::report::{Report, SignatureReport, SignatureState};
use crate::{Certificate, PgpError, PrivateKey, decrypt, verify_detached};

/// Octets of text that is looked at for a message within it.
const INLINE_OCTETS_MAX: usize = 2 << 20;

/// A message that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// What is known of it.
    pub report: Report,
    /// The message as its author wrote it, if it was encrypted: fields from outside, those that were protected, and the content.
    pub content: Option<Vec<u8>>,
}

/// Opens and verifies a message; `None` if it is neither encrypted nor signed with OpenPGP.
///
/// Content is opened only if all of the message is encrypted, as text around it could carry it away.
///
/// # Errors
/// If it cannot be opened, with the reason.
pub fn read(
    raw: &[u8],
    keys: &[&PrivateKey],
    certificates: &[Certificate],
    now: Timestamp,
) -> Result<Option<Read>, PgpError> {
    let structure = Structure::parse(raw);
    let mut read = match structure.parts.as_slice() {
        [around, control, data] if is_encrypted(around) => {
            if !control.is("application", "pgp-encrypted") {
                return Err(PgpError::malformed("message", &"its first part does not say that OpenPGP follows"));
            }
            let data = decode_part(raw, data).map_err(|error| PgpError::malformed("message", &error))?;
            encrypted(raw, &data, keys, certificates, now)?
        }
        parts if parts.iter().any(is_encrypted) => return Err(PgpError::PartlyEncrypted),
        [only] if only.is("text", "plain") => match inline(raw, only, keys, certificates, now)? {
            Some(read) => read,
            None => return Ok(None),
        },
        parts => match parts.iter().position(is_signed) {
            Some(index) => signed(raw, &structure, index, certificates, now)?,
            None => return Ok(None),
        },
    };
    settle(raw, &mut read, certificates, now);
    Ok(Some(read))
}

fn is_encrypted(part: &Part) -> bool {
    part.is("multipart", "encrypted") && says(part, "application/pgp-encrypted")
}

fn is_signed(part: &Part) -> bool {
    part.is("multipart", "signed") && says(part, "application/pgp-signature")
}

fn says(part: &Part, protocol: &str) -> bool {
    part.param("protocol").is_some_and(|it| it.eq_ignore_ascii_case(protocol))
}

/// RFC 3156 sections 4 and 6.
fn encrypted(
    raw: &[u8],
    data: &[u8],
    keys: &[&PrivateKey],
    certificates: &[Certificate],
    now: Timestamp,
) -> Result<Read, PgpError> {
    let Opened { encryption, key, signatures: found, plain } = decrypt(data, keys, certificates, now)?;
    let inner = Structure::parse(&plain);
    let mut report = Report { encryption, key, covers_all: true, signatures: found, ..Report::default() };
    // Signed first and encrypted then (section 6.1).
    if inner.parts.first().is_some_and(is_signed) {
        report.signatures.extend(signatures(&plain, &inner, 0, certificates, now)?);
    }
    let is_marked = inner.parts.first().is_some_and(is_marked);
    let within = protected(&plain, is_marked);
    report.differing = differing(raw, &within, &said_outside(&plain));
    Ok(Read { report, content: Some(joined(raw, &plain, is_marked)) })
}

/// The message as it was before it was encrypted.
fn joined(raw: &[u8], payload: &[u8], is_marked: bool) -> Vec<u8> {
    let is_within = |name: &[u8]| {
        is_marked && mail::header::fields(payload).any(|it| it.name.eq_ignore_ascii_case(name) && is_authors(&it))
    };
    let mut out = Vec::with_capacity(raw.len());
    for field in mail::header::fields(raw).filter(|field| !is_structural(field) && !is_within(field.name)) {
        out.extend_from_slice(raw.get(field.start..field.end).unwrap_or_default());
    }
    for field in mail::header::fields(payload) {
        if (is_marked && is_authors(&field)) || (is_structural(&field) && !field.is("MIME-Version")) {
            out.extend_from_slice(payload.get(field.start..field.end).unwrap_or_default());
        }
    }
    out.extend_from_slice(b"MIME-Version: 1.0\r\n\r\n");
    out.extend_from_slice(mail::header::split_header_body(payload).1);
    out
}

/// RFC 3156 section 5; not around all of the message if it is not its first part.
fn signed(
    raw: &[u8],
    structure: &Structure,
    index: usize,
    certificates: &[Certificate],
    now: Timestamp,
) -> Result<Read, PgpError> {
    let found = signatures(raw, structure, index, certificates, now)?;
    let mut report = Report { signatures: found, covers_all: index == 0, ..Report::default() };
    if let Some(part) = structure.parts.get(index + 1).filter(|part| is_marked(part)) {
        let payload = raw.get(part.header_start as usize..part.body_end as usize).unwrap_or_default();
        report.differing = differing(raw, &protected(payload, true), &[]);
    }
    Ok(Read { report, content: None })
}

/// Signatures of the multipart at `index`.
fn signatures(
    raw: &[u8],
    structure: &Structure,
    index: usize,
    certificates: &[Certificate],
    now: Timestamp,
) -> Result<Vec<SignatureReport>, PgpError> {
    let Some((content, signature)) = signed_pair(structure, index) else { return Ok(vec![missing()]) };
    let octets = raw.get(content.header_start as usize..content.body_end as usize).unwrap_or_default();
    let Ok(signature) = decode_part(raw, signature) else { return Ok(vec![missing()]) };
    match verify_detached(&with_crlf(octets), &signature, certificates, now) {
        Ok(found) if found.is_empty() => Ok(vec![missing()]),
        Err(PgpError::Malformed { .. }) => Ok(vec![missing()]),
        found => found,
    }
}

/// What is signed and its signature, the two parts of the multipart at `index`.
fn signed_pair(structure: &Structure, index: usize) -> Option<(&Part, &Part)> {
    let around = structure.parts.get(index).filter(|around| around.children == 2)?;
    let content = structure.parts.get(index + 1)?;
    let behind = |part: &&Part| part.header_start >= content.body_end && part.body_end <= around.body_end;
    let signature = structure.parts.get(index + 2..).unwrap_or_default().iter().find(behind)?;
    signature.is("application", "pgp-signature").then_some((content, signature))
}

/// A message that says it is signed, and is not, does not count as one that never said so.
fn missing() -> SignatureReport {
    SignatureReport {
        state: SignatureState::Missing,
        issuer: None,
        certificate: None,
        user_ids: Vec::new(),
        made: None,
        algorithms: String::new(),
    }
}

/// Messages in the text, which programs of old wrote.
fn inline(
    raw: &[u8],
    part: &Part,
    keys: &[&PrivateKey],
    certificates: &[Certificate],
    now: Timestamp,
) -> Result<Option<Read>, PgpError> {
    let Ok(body) = decode_part(raw, part) else { return Ok(None) };
    let Ok(text) = std::str::from_utf8(body.get(..body.len().min(INLINE_OCTETS_MAX)).unwrap_or_default()) else {
        return Ok(None);
    };
    let text = text.trim();
    let is_whole = |begin: &str, end: &str| text.starts_with(begin) && text.ends_with(end);
    if is_whole("-----BEGIN PGP MESSAGE-----", "-----END PGP MESSAGE-----") {
        let opened = open(unarmored(text.as_bytes())?, keys, certificates, now)?;
        let report = Report {
            encryption: opened.encryption,
            key: opened.key,
            signatures: opened.signatures,
            covers_all: true,
            is_inline: true,
            ..Report::default()
        };
        let mut payload =
            b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n".to_vec();
        payload.extend_from_slice(&opened.plain);
        return Ok(Some(Read { report, content: Some(joined(raw, &payload, false)) }));
    }
    let Some(begin) = text.find("-----BEGIN PGP SIGNED MESSAGE-----") else { return Ok(None) };
    let Some(found) = text.get(begin..) else { return Ok(None) };
    // Text around what is signed is not part of it.
    let end = "-----END PGP SIGNATURE-----";
    let Some(length) = found.find(end).map(|at| at + end.len()) else { return Ok(None) };
    let covers_all = begin == 0 && length == found.len();
    let signatures = cleartext(found.get(..length).unwrap_or_default(), certificates, now)?;
    Ok(Some(Read { report: Report { signatures, covers_all, is_inline: true, ..Report::default() }, content: None }))
}

/// The cleartext signature framework (RFC 9580 section 7).
fn cleartext(text: &str, certificates: &[Certificate], now: Timestamp) -> Result<Vec<SignatureReport>, PgpError> {
    let (message, _) =
        CleartextSignedMessage::from_string(text).map_err(|error| PgpError::malformed("signed text", &error))?;
    let content = message.signed_text();
    let reports = message.signatures().iter().take(SIGNATURES_MAX).map(|signature| {
        let verifies = |key: &KeyRef<'_>| match key {
            KeyRef::Primary(key, _) => signature.verify(*key, content.as_bytes()).is_ok(),
            KeyRef::Part(key, _) => signature.verify(*key, content.as_bytes()).is_ok(),
        };
        check(signature, verifies, certificates, now)
    });
    Ok(reports.collect())
}

/// Whether a part says that fields in its header are protected (RFC 9788 section 2.1.1, and what was done before it).
fn is_marked(part: &Part) -> bool {
    part.param("hp").is_some() || part.param("protected-headers").is_some()
}

/// Protected fields that stand outside otherwise than their writer put them there.
fn differing(raw: &[u8], within: &[(String, String)], said: &[(String, String)]) -> Vec<(String, String, String)> {
    let mut differing = Vec::new();
    for (name, inner) in within {
        let outside = mail::header::find(raw, name).map(|field| value(&field));
        let expected = said.iter().find(|(it, _)| it.eq_ignore_ascii_case(name)).map_or(inner, |(_, value)| value);
        // What was hidden by leaving it out, and what is `...` for a program of before.
        let is_hidden =
            outside.is_none() || (name.eq_ignore_ascii_case("Subject") && outside.as_deref() == Some("..."));
        if let Some(outside) = outside.filter(|it| !is_hidden && it != expected) {
            differing.push((name.clone(), inner.clone(), outside));
        }
    }
    differing
}

/// A good signature is one of the author: its key names every address that the message shows as the author's.
fn settle(raw: &[u8], read: &mut Read, certificates: &[Certificate], now: Timestamp) {
    let authors: Option<Vec<String>> = std::iter::once(raw).chain(read.content.as_deref()).map(sole_author).collect();
    for report in read.report.signatures.iter_mut().filter(|it| it.state == SignatureState::Good) {
        let certificate = certificates.iter().find(|it| Some(it.fingerprint()) == report.certificate);
        let names_all = certificate.is_some_and(|certificate| {
            authors.as_ref().is_some_and(|authors| authors.iter().all(|author| certificate.names(author, now)))
        });
        if !names_all {
            report.state = SignatureState::OtherAddress;
        }
    }
}
