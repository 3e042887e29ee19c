//! DKIM signatures (RFC 6376, 8301, 8463). The library canonicalises and verifies; what it is lenient about is refused before.

use env::Timestamp;
use env::dns::Resolver;
use mail::header::{Field, fields};
use mail_auth::common::crypto::Algorithm;
use mail_auth::common::headers::Header;
use mail_auth::dkim::Signature;
use mail_auth::{AuthenticatedMessage, DkimOutput};

use crate::answers::{Answers, Library};
use crate::signature::{
    Body, check_times, covers_every_author, is_base64, key_name, name_and_value, read_key, reason, signed_fields,
    start_of_signature,
};
use crate::tags::TagList;

/// Signatures of one message that are verified; RFC 6376 section 6.1 lets a verifier stop.
const SIGNATURES_MAX: usize = 10;

/// What became of one signature (RFC 8601 section 2.7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DkimResult {
    /// The domain vouches for the message as it is.
    Pass,
    /// The signature does not fit the message.
    Fail,
    /// The signature may be good, but is not of a kind that we let count.
    Policy,
    /// The signature cannot be understood.
    Neutral,
    /// A name server did not answer.
    TempError,
    /// The signature or its key can never be verified.
    PermError,
}

impl DkimResult {
    /// The word of RFC 8601 section 2.7.1.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Policy => "policy",
            Self::Neutral => "neutral",
            Self::TempError => "temperror",
            Self::PermError => "permerror",
        }
    }
}

/// One signature and its result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DkimCheck {
    /// The result.
    pub result: DkimResult,
    /// The signing domain, `d=`, in lowercase; empty if it cannot be read.
    pub domain: String,
    /// The selector, `s=`.
    pub selector: String,
    /// The first eight characters of `b=`.
    pub signature_start: String,
    /// Why it did not pass.
    pub reason: Option<String>,
}

/// The signatures of a message, in the order of their fields, before and after verification.
pub(crate) struct Signatures {
    checks: Vec<DkimCheck>,
    /// For each signature left to the library: its place in `checks`.
    places: Vec<usize>,
}

/// A signature that does not get as far as the library.
type Refused = (DkimResult, String);

impl Signatures {
    /// Reads the signatures, refuses what may not count, and puts into `parsed` only those that the library is to verify.
    pub(crate) fn read<'m>(
        header: &'m [u8],
        parsed: &mut AuthenticatedMessage<'m>,
        body: &mut Body<'_>,
        now: Timestamp,
    ) -> Self {
        let mut signatures = Self { checks: Vec::new(), places: Vec::new() };
        for field in fields(header).filter(|field| field.is("DKIM-Signature")) {
            let is_over = signatures.checks.len() >= SIGNATURES_MAX;
            let tags = TagList::parse(field.raw_value);
            signatures.checks.push(described(tags.as_ref()));
            let outcome = match tags {
                _ if is_over => Err((DkimResult::Policy, "there are too many signatures".to_owned())),
                None => Err((DkimResult::PermError, "the tag list is malformed".to_owned())),
                Some(tags) => check_tags(&tags, now).and_then(|names| fit(header, &field, names, &tags, body)),
            };
            match outcome {
                Ok(signature) => {
                    signatures.places.push(signatures.checks.len() - 1);
                    parsed.dkim_headers.push(signature);
                }
                Err((result, why)) => {
                    if let Some(check) = signatures.checks.last_mut() {
                        (check.result, check.reason) = (result, Some(why));
                    }
                }
            }
        }
        signatures
    }

    /// Verifies what is left. The outputs, for DMARC, are those of the library.
    pub(crate) async fn verify<'m>(
        mut self,
        parsed: &'m AuthenticatedMessage<'m>,
        answers: &'m Answers,
        library: &Library,
    ) -> (Vec<DkimCheck>, Vec<DkimOutput<'m>>) {
        let outputs = library.verifier().verify_dkim(answers.parameters(parsed)).await;
        for (output, place) in outputs.iter().zip(&self.places) {
            if let Some(check) = self.checks.get_mut(*place) {
                (check.result, check.reason) = judged(output.result());
            }
        }
        (self.checks, outputs)
    }
}

/// Asks for the keys of the signatures in `parsed`.
pub(crate) async fn ask_keys(parsed: &AuthenticatedMessage<'_>, answers: &mut Answers, resolver: &dyn Resolver) {
    let names = parsed.dkim_headers.iter().map(|signature| key_name(&signature.header.s, &signature.header.d));
    answers.ask(names, resolver, read_key).await;
}

fn described(tags: Option<&TagList<'_>>) -> DkimCheck {
    let value = |name| tags.and_then(|tags| tags.packed(name)).unwrap_or_default();
    DkimCheck {
        result: DkimResult::PermError,
        domain: value("d").to_lowercase(),
        selector: value("s"),
        signature_start: tags.map(start_of_signature).unwrap_or_default(),
        reason: None,
    }
}

/// RFC 6376 section 6.1.1. Returns the names of the signed fields.
fn check_tags(tags: &TagList<'_>, now: Timestamp) -> Result<Vec<String>, Refused> {
    let permanent = |why: &str| (DkimResult::PermError, why.to_owned());
    for name in ["a", "b", "bh", "d", "h", "s", "v"] {
        if tags.packed(name).is_none() {
            return Err(permanent(&format!("{name}= is missing or empty")));
        }
    }
    if !is_base64(tags, "b") || !is_base64(tags, "bh") {
        return Err(permanent("b= or bh= is no base64"));
    }
    if tags.get("v") != Some("1") {
        return Err(permanent("the version is not 1"));
    }
    match tags.packed("a").unwrap_or_default().to_ascii_lowercase().as_str() {
        "rsa-sha256" | "ed25519-sha256" => {}
        // RFC 8301 section 3.1.
        "rsa-sha1" => return Err(permanent("rsa-sha1 proves nothing any more")),
        _ => return Err((DkimResult::Neutral, "the algorithm is unknown".to_owned())),
    }
    let has_dns = |queries: Vec<String>| queries.iter().any(|query| query.eq_ignore_ascii_case("dns/txt"));
    if !tags.items("q").is_none_or(has_dns) {
        return Err(permanent("the key is not in the DNS"));
    }
    if tags.number("l") == Some(None) {
        return Err(permanent("l= is no number"));
    }
    check_times(tags, now).map_err(|why| (DkimResult::Fail, why.to_owned()))?;
    signed_fields(tags).map_err(permanent)
}

/// Prepares a signature for the library, which is not to look at clocks and lengths itself.
fn fit<'m>(
    header: &'m [u8],
    field: &Field<'m>,
    names: Vec<String>,
    tags: &TagList<'_>,
    body: &mut Body<'_>,
) -> Result<Header<'m, Signature>, Refused> {
    let malformed = || (DkimResult::PermError, "the signature is malformed".to_owned());
    let (name, value) = name_and_value(header, field);
    let mut inner = Signature::parse(value).map_err(|_| malformed())?;
    if !covers_every_author(header, &names) {
        return Err((DkimResult::Policy, "a From field is not signed".to_owned()));
    }
    if inner.a == Algorithm::RsaSha1 {
        return Err(malformed());
    }
    if let Some(Some(length)) = tags.number("l") {
        // What stands behind a signed length is the forger's to write (RFC 6376 section 8.2).
        match length.cmp(&body.length(inner.cb)) {
            std::cmp::Ordering::Less => {
                return Err((DkimResult::Policy, "l= leaves a part of the body unsigned".to_owned()));
            }
            std::cmp::Ordering::Greater => {
                return Err((DkimResult::PermError, "l= is longer than the body".to_owned()));
            }
            std::cmp::Ordering::Equal => {}
        }
    }
    body.hash(inner.cb);
    (inner.h, inner.l, inner.x, inner.r, inner.atps) = (names, 0, 0, false, None);
    Ok(Header::new(name, value, inner))
}

fn judged(result: &mail_auth::DkimResult) -> (DkimResult, Option<String>) {
    use mail_auth::DkimResult as Theirs;
    match result {
        Theirs::Pass => (DkimResult::Pass, None),
        // A body hash that does not match is neutral to the library, a failure to RFC 6376 section 6.1.3.
        Theirs::Neutral(error) | Theirs::Fail(error) => (DkimResult::Fail, Some(reason(error))),
        Theirs::PermError(error) => (DkimResult::PermError, Some(reason(error))),
        Theirs::TempError(error) => (DkimResult::TempError, Some(reason(error))),
        Theirs::None => (DkimResult::Neutral, None),
    }
}
