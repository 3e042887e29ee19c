//! The structure of a chain (RFC 8617 sections 4.1, 4.2 and 5.2 steps 1 to 3).

use env::Timestamp;
use mail::header::{Field, fields};
use mail_auth::AuthenticatedMessage;
use mail_auth::arc::{ChainValidation, Results, Seal, Signature};
use mail_auth::common::headers::Header;
use mail_auth::dkim::Canonicalization;

use crate::signature::{Body, check_times, covers_every_author, is_base64, name_and_value, signed_fields};
use crate::tags::TagList;

/// Sets of a chain (RFC 8617 section 4.2.1).
pub(crate) const SETS_MAX: usize = 50;

/// Fields of one set.
pub(crate) const FIELDS_OF_SET: usize = 3;

/// Field names of a set.
const RESULTS: &str = "ARC-Authentication-Results";
const MESSAGE_SIGNATURE: &str = "ARC-Message-Signature";
const SEAL: &str = "ARC-Seal";

type Why = &'static str;

/// The fields of one set.
#[derive(Debug, Clone, Copy, Default)]
struct Set<'m> {
    results: Option<Field<'m>>,
    signature: Option<Field<'m>>,
    seal: Option<Field<'m>>,
}

/// Reads the chain into `parsed`; returns the sealers and the first results. `None` if there is no chain.
pub(super) fn read<'m>(
    header: &'m [u8],
    parsed: &mut AuthenticatedMessage<'m>,
    body: &mut Body<'_>,
    now: Timestamp,
) -> Result<Option<(Vec<String>, String)>, Why> {
    let sets = sets(header)?;
    if sets.is_empty() {
        return Ok(None);
    }
    let last = sets.len() - 1;
    let (mut seals, mut signatures, mut results) = (Vec::new(), Vec::new(), Vec::new());
    for (at, set) in sets.iter().enumerate() {
        let (Some(result), Some(signature), Some(seal)) = (set.results, set.signature, set.seal) else {
            return Err("a set is not complete");
        };
        let number = at as u32 + 1;
        seals.push(with_name(header, &seal, self::seal(seal.raw_value, number)?));
        let parsed_signature = if at == last {
            newest_signature(header, signature.raw_value, number, body, now)?
        } else {
            // Of older sets only the octets count: the seals cover them.
            Signature { i: number, ..Signature::default() }
        };
        signatures.push(with_name(header, &signature, parsed_signature));
        results.push(with_name(header, &result, Results { i: number }));
    }
    let sealers = seals.iter().map(|seal| seal.header.d.clone()).collect();
    let first = sets.first().and_then(|set| set.results).map(|field| field.value().into_owned()).unwrap_or_default();
    (parsed.as_headers, parsed.ams_headers, parsed.aar_headers) = (seals, signatures, results);
    Ok(Some((sealers, String::from_utf8_lossy(&first).into_owned())))
}

/// All fields of all sets: of each set its results, its message signature and its seal (RFC 8617 section 5.1.1).
pub(super) fn in_order(header: &[u8]) -> Result<Vec<&[u8]>, Why> {
    let mut ordered = Vec::new();
    for set in sets(header)? {
        for field in [set.results, set.signature, set.seal] {
            let field = field.ok_or("a set is not complete")?;
            ordered.push(header.get(field.start..field.end).unwrap_or_default());
        }
    }
    Ok(ordered)
}

fn with_name<'m, T>(header: &'m [u8], field: &Field<'m>, inner: T) -> Header<'m, T> {
    let (name, value) = name_and_value(header, field);
    Header::new(name, value, inner)
}

/// The sets by number, each number from 1 on taken once.
fn sets<'m>(header: &'m [u8]) -> Result<Vec<Set<'m>>, Why> {
    let mut sets: Vec<Set<'m>> = Vec::new();
    for field in fields(header) {
        let number = if field.is(RESULTS) {
            results_instance(field.raw_value)
        } else if field.is(MESSAGE_SIGNATURE) || field.is(SEAL) {
            TagList::parse(field.raw_value).and_then(|tags| instance(tags.get("i")?))
        } else {
            continue;
        };
        let number = number.ok_or("a field's instance number is missing or malformed")?;
        if sets.len() < number {
            sets.resize(number, Set::default());
        }
        let set = sets.get_mut(number - 1).ok_or("a field's instance number is missing or malformed")?;
        let place = if field.is(RESULTS) {
            &mut set.results
        } else if field.is(SEAL) {
            &mut set.seal
        } else {
            &mut set.signature
        };
        if place.replace(field).is_some() {
            return Err("a set has a field twice");
        }
    }
    Ok(sets)
}

/// An instance number, 1 to [`SETS_MAX`] (RFC 8617 section 4.2.1).
fn instance(text: &str) -> Option<usize> {
    let is_number = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| is_number && (1..=SETS_MAX).contains(number))
}

/// `i=` must be the first thing in ARC-Authentication-Results, and something must follow it (RFC 8617 section 4.1.1).
fn results_instance(value: &[u8]) -> Option<usize> {
    let text = String::from_utf8_lossy(value);
    let (first, rest) = text.split_once(';')?;
    let (name, number) = first.split_once('=')?;
    (name.trim() == "i" && !rest.trim().is_empty()).then(|| instance(number.trim())).flatten()
}

fn required(tags: &TagList<'_>, name: &str, why: Why) -> Result<String, Why> {
    tags.packed(name).ok_or(why)
}

fn is_accepted_algorithm(tags: &TagList<'_>) -> bool {
    let name = tags.packed("a").unwrap_or_default();
    ["rsa-sha256", "ed25519-sha256"].iter().any(|known| known.eq_ignore_ascii_case(&name))
}

/// RFC 8617 section 4.1.3.
fn seal(value: &[u8], number: u32) -> Result<Seal, Why> {
    let tags = TagList::parse(value).ok_or("a seal's tag list is malformed")?;
    required(&tags, "b", "a seal lacks b=")?;
    required(&tags, "d", "a seal lacks d=")?;
    required(&tags, "s", "a seal lacks s=")?;
    if !is_base64(&tags, "b") {
        return Err("a seal's b= is no base64");
    }
    if !is_accepted_algorithm(&tags) {
        return Err("a seal's algorithm is missing or not accepted");
    }
    // The seal covers a fixed list of fields; one that names its own is no seal.
    if tags.get("h").is_some() {
        return Err("a seal names fields");
    }
    if tags.number("t") == Some(None) {
        return Err("a seal's time is no number");
    }
    let state = required(&tags, "cv", "a seal lacks cv=")?.to_ascii_lowercase();
    let seal = Seal::parse(value).map_err(|_| "a seal is malformed")?;
    let fits = match seal.cv {
        ChainValidation::None => number == 1 && state == "none",
        ChainValidation::Pass => number > 1 && state == "pass",
        ChainValidation::Fail => false,
    };
    if fits { Ok(seal) } else { Err("a seal's cv= does not fit its place, or says that the chain was broken") }
}

/// RFC 8617 section 4.1.2, and RFC 6376 for all that it takes over.
fn newest_signature(
    header: &[u8],
    value: &[u8],
    number: u32,
    body: &mut Body<'_>,
    now: Timestamp,
) -> Result<Signature, Why> {
    let tags = TagList::parse(value).ok_or("the newest message signature's tag list is malformed")?;
    for (name, why) in [
        ("b", "the newest message signature lacks b="),
        ("bh", "the newest message signature lacks bh="),
        ("d", "the newest message signature lacks d="),
        ("s", "the newest message signature lacks s="),
    ] {
        required(&tags, name, why)?;
    }
    if !is_base64(&tags, "b") || !is_base64(&tags, "bh") {
        return Err("the newest message signature's b= or bh= is no base64");
    }
    if !is_accepted_algorithm(&tags) {
        return Err("the newest message signature's algorithm is missing or not accepted");
    }
    check_times(&tags, now)?;
    let names = signed_fields(&tags)?;
    if names.iter().any(|name| name.eq_ignore_ascii_case(SEAL)) {
        return Err("the newest message signature covers a seal");
    }
    if !covers_every_author(header, &names) {
        return Err("the newest message signature leaves a From field out");
    }
    let mut signature = Signature::parse(value).map_err(|_| "the newest message signature is malformed")?;
    match tags.number("l") {
        None => {}
        Some(Some(length)) if length == body.length(signature.cb) => {}
        Some(_) => return Err("the newest message signature does not cover the body"),
    }
    body.hash(signature.cb);
    if tags.get("c").is_none() {
        body.hash(Canonicalization::Relaxed);
    }
    (signature.i, signature.h, signature.l, signature.x) = (number, names, 0, 0);
    Ok(signature)
}
