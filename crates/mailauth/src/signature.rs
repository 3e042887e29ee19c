//! What signatures of DKIM and ARC have in common: their tags, the hash of the body, the clock, the keys.

use env::Timestamp;
use mail::header::{Field, fields};
use mail_auth::common::crypto::HashAlgorithm;
use mail_auth::common::headers::{Writable, Writer};
use mail_auth::common::parse::TxtRecordParser;
use mail_auth::common::verify::DomainKey;
use mail_auth::dkim::{Canonicalization, DkimError};
use mail_auth::{DnsError, Error};

use crate::tags::TagList;

/// Seconds that a signer's clock may be ahead of ours.
const CLOCK_AHEAD_SECONDS_MAX: u64 = 300;

/// Bits of an RSA key that count for nothing below (RFC 8301 section 3.2).
const RSA_BITS_MIN: usize = 1024;

/// Characters of an Ed25519 key of 32 octets in base64 without padding (RFC 8463 section 4).
const ED25519_KEY_CHARS: usize = 43;

/// Header fields that one signature may name.
const SIGNED_FIELDS_MAX: usize = 512;

/// The body of a message in the four forms in which it is hashed, each made when it is first needed.
pub(crate) struct Body<'a> {
    body: &'a [u8],
    hashes: Vec<(Canonicalization, HashAlgorithm, u64, Vec<u8>)>,
    lengths: Vec<(Canonicalization, u64)>,
}

impl<'a> Body<'a> {
    pub(crate) const fn new(body: &'a [u8]) -> Self {
        Self { body, hashes: Vec::new(), lengths: Vec::new() }
    }

    /// Makes sure that the hash of the whole body is among [`Body::hashes`].
    pub(crate) fn hash(&mut self, form: Canonicalization) {
        if self.hashes.iter().any(|(known, ..)| *known == form) {
            return;
        }
        let hash = HashAlgorithm::Sha256.hash(form.canonical_body(self.without_blank_end(form), 0));
        self.hashes.push((form, HashAlgorithm::Sha256, 0, hash.as_ref().to_vec()));
    }

    /// In the form in which the library looks them up.
    pub(crate) fn into_hashes(self) -> Vec<(Canonicalization, HashAlgorithm, u64, Vec<u8>)> {
        self.hashes
    }

    /// Octets of the whole body in a form, which is what `l=` counts (RFC 6376 section 3.5).
    pub(crate) fn length(&mut self, form: Canonicalization) -> u64 {
        if let Some((_, length)) = self.lengths.iter().find(|(known, _)| *known == form) {
            return *length;
        }
        let mut counter = Counter(0);
        form.canonical_body(self.without_blank_end(form), 0).write(&mut counter);
        self.lengths.push((form, counter.0));
        counter.0
    }

    /// Lines of white space at the end are empty lines once the white space is gone, so they go too (RFC 6376 section 3.4.4, whose
    /// steps are in that order). The library keeps them.
    fn without_blank_end(&self, form: Canonicalization) -> &'a [u8] {
        if form == Canonicalization::Simple {
            return self.body;
        }
        let mut end = self.body.len();
        loop {
            let kept = self.body.get(..end).unwrap_or_default();
            let before_break = kept.strip_suffix(b"\r\n").or_else(|| kept.strip_suffix(b"\n")).unwrap_or(kept);
            let line_start = before_break.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            let line = before_break.get(line_start..).unwrap_or_default();
            if end == 0 || !line.iter().all(|byte| matches!(byte, b' ' | b'\t')) {
                return kept;
            }
            end = line_start;
        }
    }
}

/// A field as the library keeps it: its name, and all behind the colon with the final line break.
pub(crate) fn name_and_value<'m>(header: &'m [u8], field: &Field<'m>) -> (&'m [u8], &'m [u8]) {
    let raw = header.get(field.start..field.end).unwrap_or_default();
    let colon = raw.iter().position(|byte| *byte == b':').unwrap_or(raw.len());
    (field.name, raw.get(colon + 1..).unwrap_or_default())
}

/// SHA-256 of the whole body in a form.
pub(crate) fn body_hash(body: &mut Body<'_>, form: Canonicalization) -> Vec<u8> {
    body.hash(form);
    let found = body.hashes.iter().find(|(known, ..)| *known == form);
    found.map(|(.., hash)| hash.clone()).unwrap_or_default()
}

/// Counts what is written.
struct Counter(u64);

impl Writer for Counter {
    fn write(&mut self, buffer: &[u8]) {
        self.0 = self.0.saturating_add(buffer.len() as u64);
    }
}

/// The names in `h=`, as the library takes them. `Err` if From is not among them (RFC 6376 section 5.4) or the list is malformed.
pub(crate) fn signed_fields(tags: &TagList<'_>) -> Result<Vec<String>, &'static str> {
    let names = tags.items("h").ok_or("h= is missing or empty")?;
    if names.len() > SIGNED_FIELDS_MAX {
        return Err("h= names too many fields");
    }
    let names: Vec<String> = names.into_iter().filter(|name| !name.is_empty()).collect();
    if names.iter().any(|name| name.eq_ignore_ascii_case("from")) { Ok(names) } else { Err("h= lacks From") }
}

/// Whether each From field is signed, not only the lowest (RFC 6376 section 8.15): one put in front is what readers would show.
pub(crate) fn covers_every_author(header: &[u8], names: &[String]) -> bool {
    let signed = names.iter().filter(|name| name.eq_ignore_ascii_case("from")).count();
    fields(header).filter(|field| field.is("From")).count() <= signed
}

/// Whether the times of a signature fit the present (RFC 6376 section 3.5, `t=` and `x=`).
pub(crate) fn check_times(tags: &TagList<'_>, now: Timestamp) -> Result<(), &'static str> {
    let now = u64::try_from(now.seconds()).unwrap_or(0);
    let signed = match tags.number("t") {
        Some(None) => return Err("t= is no number"),
        Some(Some(signed)) => Some(signed),
        None => None,
    };
    let expires = match tags.number("x") {
        Some(None) => return Err("x= is no number"),
        Some(Some(expires)) => Some(expires),
        None => None,
    };
    match (signed, expires) {
        (Some(signed), _) if signed > now.saturating_add(CLOCK_AHEAD_SECONDS_MAX) => Err("signed in the future"),
        (Some(signed), Some(expires)) if expires < signed => Err("expires before it was signed"),
        (_, Some(expires)) if expires <= now => Err("expired"),
        _ => Ok(()),
    }
}

/// The first eight characters of `b=`, by which results name a signature (RFC 6008 section 4).
pub(crate) fn start_of_signature(tags: &TagList<'_>) -> String {
    tags.packed("b").unwrap_or_default().chars().filter(char::is_ascii).take(8).collect()
}

/// Whether a tag holds base64 (RFC 6376 section 2.10): the library passes over signs that do not belong there.
pub(crate) fn is_base64(tags: &TagList<'_>, name: &str) -> bool {
    let packed = tags.packed(name).unwrap_or_default();
    let digits = packed.strip_suffix("==").or_else(|| packed.strip_suffix('=')).unwrap_or(&packed);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
}

/// Where the key of a selector and domain is published (RFC 6376 section 3.6.2.1).
pub(crate) fn key_name(selector: &str, domain: &str) -> String {
    format!("{selector}._domainkey.{domain}.")
}

/// Reads the key among the texts at a name (RFC 6376 section 3.6.1); the first usable one counts.
pub(crate) fn read_key(texts: &[String]) -> Result<DomainKey, Error> {
    let mut outcome = Err(Error::Dns(DnsError::InvalidRecordType));
    for text in texts {
        outcome = read_one_key(text);
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

fn read_one_key(text: &str) -> Result<DomainKey, Error> {
    let tags = TagList::parse(text.as_bytes()).ok_or(Error::ParseError)?;
    // The version comes first if it is there at all.
    if tags.get("v").is_some() && tags.first_name() != Some("v") {
        return Err(Error::Dns(DnsError::InvalidRecordType));
    }
    let key = DomainKey::parse(text.as_bytes())?;
    let lists = |name: &str, wanted: &[&str]| {
        tags.items(name)
            .is_none_or(|items| items.iter().any(|item| wanted.iter().any(|one| one.eq_ignore_ascii_case(item))))
    };
    if !lists("h", &["sha256"]) {
        return Err(Error::Dkim(DkimError::UnsupportedAlgorithm));
    }
    if !lists("s", &["*", "email"]) {
        return Err(Error::Dkim(DkimError::UnsupportedKeyType));
    }
    let is_edwards = tags.packed("k").is_some_and(|kind| kind.eq_ignore_ascii_case("ed25519"));
    let encoded_octets = tags.packed("p").unwrap_or_default().trim_end_matches('=').len();
    if !is_base64(&tags, "p") || (is_edwards && encoded_octets != ED25519_KEY_CHARS) {
        return Err(Error::ParseError);
    }
    if key.p.public_key_bits() < RSA_BITS_MIN {
        return Err(Error::Io("the key has less than 1024 bits (RFC 8301 section 3.2)".to_owned()));
    }
    Ok(key)
}

/// The library's error in our words.
pub(crate) fn reason(error: &Error) -> String {
    match error {
        Error::Dns(DnsError::Resolver(_)) => "no answer from the name server".to_owned(),
        Error::Dns(DnsError::RecordNotFound(_)) => "no key at that name".to_owned(),
        Error::Dns(DnsError::InvalidRecordType) => "no usable key at that name".to_owned(),
        Error::Dkim(DkimError::RevokedPublicKey) => "the key is revoked".to_owned(),
        Error::Dkim(DkimError::UnsupportedAlgorithm) => "the key does not allow sha256".to_owned(),
        Error::Dkim(DkimError::UnsupportedKeyType) => "the key is not for mail or of an unknown kind".to_owned(),
        Error::Dkim(DkimError::FailedBodyHashMatch) => "the body was changed".to_owned(),
        Error::Dkim(DkimError::FailedAuidMatch) => "i= is not within d=".to_owned(),
        Error::Crypto(_) => "the signature does not fit header and key".to_owned(),
        Error::ParseError | Error::Base64 => "the key is malformed".to_owned(),
        Error::Io(text) => text.clone(),
        other => other.to_string().to_lowercase(),
    }
}
