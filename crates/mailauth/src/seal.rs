//! A set of ours for a message that goes on (RFC 8617 section 5.1): what we found, and that the chain until here was whole.

use env::Timestamp;
use mail::header::{fields, split_header_body};
use mail_auth::dkim::Canonicalization;

use crate::arc::{self, ArcResult, SETS_MAX};
use crate::sign::{Folded, SignError, SignedFields, SigningKey, encode, relax};
use crate::signature::{Body, body_hash};

/// `DKIM-Signature` fields that the set covers; more are left out.
const SIGNATURES_MAX: usize = 10;

/// The three fields of our set, to be put before the message, each with its line break. `results` is the content of our
/// Authentication-Results field, `found` what was found of the chain in this very message.
///
/// `None` where there is no whole chain to go on with: one that is broken, could not be checked, or is as long as a chain may be. A
/// seal could only say what every receiver finds for itself.
///
/// # Errors
/// [`SignError`] if the message has no single author or the key fails.
pub fn seal(
    key: &SigningKey,
    message: &[u8],
    results: &str,
    found: ArcResult,
    now: Timestamp,
) -> Result<Option<String>, SignError> {
    let (header, body) = split_header_body(message);
    let state = match found {
        ArcResult::None => "none",
        ArcResult::Pass => "pass",
        ArcResult::Fail | ArcResult::TempError => return Ok(None),
    };
    let Ok(before) = arc::sets(header) else { return Ok(None) };
    let number = before.len() / arc::FIELDS_OF_SET + 1;
    let is_first = before.is_empty();
    if number > SETS_MAX || is_first != (found == ArcResult::None) {
        return Ok(None);
    }
    let results = results_field(number, results);
    let signature = message_signature(key, header, body, number, now)?;
    let mut field = Folded::new("ARC-Seal:");
    for tag in [
        format!("i={number};"),
        format!("a={};", key.algorithm()),
        format!("t={};", now.seconds()),
        format!("cv={state};"),
        format!("d={};", key.domain()),
        format!("s={};", key.selector()),
        "b=".to_owned(),
    ] {
        field.word(&tag);
    }
    // RFC 8617 section 5.1.1: all sets in order, within each the results, the signature and the seal, ours without its value.
    let mut data = Vec::new();
    for raw in before.into_iter().chain([results.as_bytes(), signature.as_bytes()]) {
        relax(raw, &mut data);
        data.extend_from_slice(b"\r\n");
    }
    relax(field.text.as_bytes(), &mut data);
    field.chopped(&encode(&key.sign_bytes(&data)?));
    Ok(Some(format!("{}\r\n{signature}{results}", field.text)))
}

/// RFC 8617 section 4.1.1. The content stays folded as it is.
fn results_field(number: usize, results: &str) -> String {
    format!("ARC-Authentication-Results: i={number}; {}\r\n", results.trim_end())
}

/// RFC 8617 section 4.1.2: as a DKIM signature, with the signatures that the message brought among what is covered.
fn message_signature(
    key: &SigningKey,
    header: &[u8],
    body: &[u8],
    number: usize,
    now: Timestamp,
) -> Result<String, SignError> {
    let mut signed = SignedFields::choose(header)?;
    let brought: Vec<_> = fields(header).filter(|field| field.is("DKIM-Signature")).collect();
    for found in brought.iter().rev().take(SIGNATURES_MAX) {
        signed.names.push("DKIM-Signature");
        relax(header.get(found.start..found.end).unwrap_or_default(), &mut signed.canonical);
        signed.canonical.extend_from_slice(b"\r\n");
    }
    let hash = encode(&body_hash(&mut Body::new(body), Canonicalization::Relaxed));
    let mut field = Folded::new("ARC-Message-Signature:");
    for tag in [
        format!("i={number};"),
        format!("a={};", key.algorithm()),
        "c=relaxed/relaxed;".to_owned(),
        format!("d={};", key.domain()),
        format!("s={};", key.selector()),
        format!("t={};", now.seconds()),
    ] {
        field.word(&tag);
    }
    field.list("h=", &signed.names);
    field.word(&format!("bh={hash};"));
    field.word("b=");
    let mut data = signed.canonical;
    relax(field.text.as_bytes(), &mut data);
    field.chopped(&encode(&key.sign_bytes(&data)?));
    Ok(field.text + "\r\n")
}
